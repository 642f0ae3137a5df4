"""What the engine says: announcements, answers, and what the broker keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acd.plan import AgentPlan, FloorPlan
from escalation.plan import DeskPlan
from ivr.events import ContactKeyed, PromptFinished
from ivr.flow import Collect, HandOver, Menu, MenuPlan
from router import codec, contract
from router.board import Board
from router.contract import Question
from router.contract.announcing import SUBJECTS, rfc3339
from router.contract.messages import Message, messages
from router.contract.topics import about_topic
from router.errors import UsageFault
from router.events import CentreStarted
from router.plan import Plan
from router.ports import Outcome, Publication, Row
from tests.stage import Stage, arrived, virtual
from tests.worlds import plan as plain_plan

NOW = 1_767_575_700_000
MESSAGES = messages()
ANNOUNCED = [message for message in MESSAGES if message.key.startswith("out.")]


def kind_of(message: Message) -> str:
    """Name a test case after its message."""
    return message.kind


def announced(message: Message, cause: str = "pbx 7c1e", seq: int = 512) -> Publication:
    """The announcement of a message's example, through the journal's own codec."""
    data = message.example["data"]
    event = codec.decode(message.kind, 1, json.dumps(data).encode(), lambda token: token)
    row = Row(seq, NOW, cause, message.kind, 1, codec.encode(event, lambda _, token: token))
    return contract.announce("hello", row, event)


def body_of(publication: Publication) -> dict[str, Any]:
    """The CloudEvent in a publication."""
    body: dict[str, Any] = json.loads(publication.payload)
    return body


# --- announcing ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", ANNOUNCED, ids=kind_of)
def test_every_event_is_announced_as_its_example_says(message: Message) -> None:
    """The body of an announcement is what the reference shows, with the journal's own bytes as its data."""
    assert message.example == body_of(announced(message))


@pytest.mark.parametrize("message", ANNOUNCED, ids=kind_of)
def test_every_topic_is_plain_and_of_the_events_own_kind(message: Message) -> None:
    """No topic holds a wildcard, and its levels are the subject, the id and the kind."""
    topic = announced(message).topic
    assert not set("+#") & set(topic)
    assert ["firstline", "v1", "hello", "out", SUBJECTS[message.kind], message.example["subject"], message.kind] == (
        topic.split("/")
    )


@pytest.mark.parametrize("message", ANNOUNCED, ids=kind_of)
def test_user_properties_repeat_the_attributes(message: Message) -> None:
    """An MQTT 5 listener need not open the body to know what it is about."""
    publication = announced(message)
    attributes = {name: str(value) for name, value in body_of(publication).items() if name != "data"}
    assert attributes == dict(publication.properties)


@pytest.mark.parametrize(
    ("subject", "kinds"),
    [
        ("agent", {"offer", "withdraw", "offer.accepted", "offer.declined", "offer.expired"}),
        ("agent", {"agent.state", "agent.alive", "agent.moved", "agent.lapsed"}),
        ("agent", {"wrap_up.started", "wrap_up.expired", "contact.wrapped_up"}),
        ("contact", {"contact.arrived", "contact.joined", "leg.ringing", "join", "pair.excluded", "say", "hang_up"}),
        ("case", {"case.opened", "case.accepted", "case.resolved", "case.breached"}),
        ("centre", {"centre.started", "hours.changed"}),
    ],
)  # fmt: skip
def test_who_has_to_act_hears_of_it(subject: str, kinds: set[str]) -> None:
    """Offers, their ends and wrap-up go to the agent's topic, cases to the case's, the rest as it names."""
    assert {subject} == {SUBJECTS[kind] for kind in kinds}


def test_what_time_caused_has_no_cause() -> None:
    """An event that no input caused says so by having no `cause`."""
    expired = next(message for message in ANNOUNCED if message.kind == "offer.expired")
    publication = announced(expired, cause="")
    assert "cause" not in body_of(publication)
    assert "cause" not in dict(publication.properties)


@pytest.mark.parametrize(
    ("at", "time"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (NOW + 7, "2026-01-05T01:15:00.007Z"),
        (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
    ],
)
def test_instants_are_told_to_the_millisecond(at: int, time: str) -> None:
    """Milliseconds since the epoch become RFC 3339 in UTC."""
    assert time == rfc3339(at)


# --- answering ----------------------------------------------------------------------------------------------------


def test_a_refusal_tells_its_sender_whose_fault_and_why() -> None:
    """A refusal goes to the sender's reply topic and names the input."""
    refusal = contract.refusal("hello", "pbx", "7c1e", "stale", "contact 'call-17' has ended")
    assert "firstline/v1/hello/reply/pbx" == refusal.topic
    expected = next(message.example for message in MESSAGES if message.key == "input.refused")
    assert {name: value for name, value in expected.items() if name != "time"} == body_of(refusal)


def test_a_refusal_of_what_has_no_id_names_no_input() -> None:
    """Where the id could not be read, the refusal has no cause."""
    body = body_of(contract.refusal("hello", "pbx", "", "malformed", "the body is not JSON"))
    assert "" == body["data"]["input"]
    assert "cause" not in body


@pytest.mark.parametrize("participant", ["", "+", "#", "a/b", "a b", "x" * 65])
def test_a_sender_without_a_name_is_answered_as_unnamed(participant: str) -> None:
    """No name from outside gets a separator or a wildcard into a topic."""
    assert "firstline/v1/hello/reply/unnamed" == contract.refusal("hello", participant, "", "malformed", "no").topic


def test_a_duplicate_is_told_its_first_outcome() -> None:
    """What was accepted is accepted again with the same row, what was refused refused for the same reason."""
    accepted = contract.outcome("hello", Outcome("pbx", "7c1e", 498))
    assert {"input": "7c1e", "seq": 498} == body_of(accepted)["data"]
    refused = Outcome("pbx", "7c1e", None, "stale", "contact 'call-17' has ended")
    assert contract.refusal("hello", "pbx", "7c1e", "stale", "contact 'call-17' has ended") == (
        contract.outcome("hello", refused)
    )


def plan() -> Plan:
    """A centre of one agent."""
    floor = FloorPlan(agents={"mei": AgentPlan("mei")})
    return Plan("hello", "UTC", ("en",), floor, MenuPlan(), DeskPlan(), hash="3f2a9c")


def test_a_snapshot_shows_the_board_as_it_stands() -> None:
    """The answer to a question holds the state after the last row, and names the question."""
    of = plan()
    board = Board({of.hash: of}, of.hash)
    board.apply(CentreStarted(of.hash), NOW)
    body = body_of(contract.answer("hello", Question("pbx", "7c1e"), board, NOW + 5))
    assert ("snapshot", "pbx 7c1e", rfc3339(NOW + 5)) == (body["type"], body["cause"], body["time"])
    assert contract.snapshot(board, NOW + 5) == body["data"]
    nothing = {"offer": 0, "pending": "", "load": 0, "capacity": 100, "works": []}
    mei = {"agent": "mei", "state": "offline", "reason": "", **nothing}
    assert {
        "seq": 1, "now": NOW + 5, "plan": "3f2a9c", "agents": [mei], "contacts": [], "says": [], "collects": [],
        "offers": [], "cases": [], "queues": [],
    } == body["data"]  # fmt: skip


@virtual
async def test_a_snapshot_repeats_the_commands_in_force_as_they_were_announced() -> None:
    """Telephony that missed a `say` or a `collect` finds it in the snapshot, until it is played or keyed."""
    stage = Stage(
        plain_plan(
            {
                "menu": Menu("menu", ("hello", "menu"), (("1", "who"),), "queue"),
                "who": Collect("who", ("who",), "employee", 2, 4, "queue", "queue", secret=True),
                "queue": HandOver("queue", "help", ("hold",)),
            }
        )
    )
    await stage.open()
    await stage.say(arrived())
    assert ("front", "menu", ["say", "collect"]) == in_force(stage)
    await stage.say(PromptFinished("c1", 1))
    assert ("front", "menu", ["collect"]) == in_force(stage)
    await stage.wait(5_000)  # Silence: it is asked again.
    assert ("front", "menu", ["say", "collect"]) == in_force(stage)
    await stage.say(ContactKeyed("c1", "1"))
    assert ("front", "who", ["say", "collect"]) == in_force(stage)
    await stage.say(ContactKeyed("c1", "4"))
    assert ("front", "who", ["collect"]) == in_force(stage)
    await stage.say(ContactKeyed("c1", "2#"))
    assert ("", "", []) == in_force(stage)
    await stage.close()


def in_force(stage: Stage) -> tuple[str, str, list[str]]:
    """Where the one contact is by a snapshot, and what is asked for: each the last announcement of its kind."""
    shown = contract.snapshot(stage.service.engine.board, stage.clock.now())
    (contact,) = shown["contacts"]
    asked = [(kind, data) for kind in ("say", "collect") for data in shown[f"{kind}s"]]
    announced = {body["type"]: body["data"] for body in map(body_of, stage.bus.published) if "sequence" in body}
    assert [(kind, announced[kind]) for kind, _ in asked] == asked
    return contact["flow"], contact["node"], [kind for kind, _ in asked]


class FixedClock:
    """A clock that stands still."""

    speed = 60.0

    def now(self) -> int:
        """Always the same instant."""
        return NOW

    def wall(self) -> int:
        """A little later."""
        return NOW + 5


def test_the_centre_introduces_itself_on_a_retained_topic() -> None:
    """A newcomer learns the rules in force, the clock and its speed, and the release."""
    (about,) = contract.introduction(plan(), FixedClock(), "0.1.0")
    assert (about_topic("hello"), True) == (about.topic, about.retain)
    expected = {
        "centre": "hello", "plan": "3f2a9c", "now": NOW, "wall": NOW + 5, "speed": 60.0, "release": "0.1.0",
    }  # fmt: skip
    assert expected == body_of(about)["data"]


def test_availability_is_retained_and_plain() -> None:
    """Who is there is one word that the broker keeps."""
    expected = Publication("firstline/v1/hello/available/pbx", b"offline", retain=True)
    assert expected == contract.availability("hello", "pbx", "offline")


@pytest.mark.parametrize("name", ["", "+", "#", "a/b", "a b", "x" * 65, "caf\u00e9", "a\n"])
def test_a_name_that_cannot_stand_in_a_topic_is_refused(name: str) -> None:
    """A centre or participant with such a name is refused in one sentence before anything is published."""
    with pytest.raises(UsageFault, match="cannot stand in a topic"):
        contract.input_topic("hello", name)
    with pytest.raises(UsageFault, match="cannot stand in a topic"):
        contract.every_output(name)
