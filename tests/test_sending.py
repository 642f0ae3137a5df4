"""The parts of `firstline play`: commands on their way, and what was drawn held against what came of it."""

from __future__ import annotations

from typing import Any

import pytest

from acd.events import AgentStateSet, ContactEnded, OfferAccepted
from router.cli.drawn import Drawn
from router.cli.performance import PARTICIPANT
from router.cli.sending import Commands
from router.events import ContactArrived
from tests.stage import body_of
from tests.test_world import CUSTOMER


def test_commands_about_one_subject_wait_for_one_another() -> None:
    """The second command about an agent is sent when the first has its outcome; repetitions come ever later."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)
    first = commands.give(AgentStateSet("ann", "ready"), 0, 0)
    assert ["run.1"] == [body_of(each)["id"] for each in first]
    assert [] == commands.give(AgentStateSet("ann", "offline"), 0, 0)
    assert [0, 1, 0, 1, 0] == [len(commands.again(now)) for now in (999, 1_000, 2_999, 3_000, 5_999)]
    sent, freed = commands.settle("run.1", 7_000)
    assert sent
    assert ["run.2"] == [body_of(each)["id"] for each in freed]
    assert (None, []) == commands.settle("run.1", 7_000)
    assert commands.settle("run.2", 7_000)[0]
    assert 0 == len(commands)


def test_an_outage_holds_up_what_is_under_way_until_the_last_of_it_is_through() -> None:
    """Those given before it, in it, and after it while others wait still; not those given when all are through."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)

    def given(*agents: str) -> None:
        for agent in agents:
            commands.give(AgentStateSet(agent, "ready"), 0, 0)

    def held_up(*numbers: int) -> list[bool]:
        settled = [commands.settle(f"run.{number}", 7_000)[0] for number in numbers]
        return [sent.held_up for sent in settled if sent]

    given("ann", "bob")
    assert [False] == held_up(1)
    commands.cut_off()
    given("cid")
    commands.resume(0)
    given("dee")
    assert [True, True, True] == held_up(4, 3, 2)
    given("eve")
    assert [False] == held_up(5)


def test_what_was_due_before_an_outage_was_over_is_held_up_too() -> None:
    """It was not given sooner as nothing could get through; whatever is given while it is on its way, waits for it."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)
    commands.cut_off()
    commands.resume(5_000)
    for due in (4_999, 5_000):
        commands.give(AgentStateSet(f"agent-{due}", "ready"), due, 5_000)
    assert [True, True] == [sent.held_up for sent, _ in (commands.settle(f"run.{n}", 5_000) for n in (1, 2)) if sent]
    commands.give(AgentStateSet("eve", "ready"), 5_000, 5_000)
    assert [False] == [sent.held_up for sent, _ in [commands.settle("run.3", 5_000)] if sent]


def test_repetitions_go_on_when_the_clock_was_set_back() -> None:
    """They are no further ahead than a first one would be."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)
    commands.give(AgentStateSet("ann", "ready"), 0, 100_000)
    commands.cut_off()
    commands.resume(5_000)
    assert 6_000 == commands.repeat_at()


def test_a_giver_is_late_by_no_more_than_it_was_held_up_itself() -> None:
    """What was planned from news that came late is late already; what the giver itself missed is its own fault."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)
    for number, (due, late_ms) in enumerate([(1_000, 0), (1_000, 300), (4_900, 300), (6_000, 300)]):
        commands.give(AgentStateSet(f"agent-{number}", "ready"), due, 5_000, late_ms)
    settled = [commands.settle(f"run.{number}", 5_000)[0] for number in (1, 2, 3, 4)]
    assert [0, 300, 100, 0] == [sent.own_late_ms for sent in settled if sent]


def test_only_the_runs_own_contacts_are_numbered() -> None:
    """What is said of a contact of this run counts from 1; of an agent there may have been an earlier run."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)
    (of_agent,) = commands.give(AgentStateSet("ann", "ready"), 0, 0)
    (of_contact,) = commands.give(OfferAccepted("run.c-1", "ann", 1), 0, 0)
    assert "sequence" not in body_of(of_agent)
    assert ("run.c-1", 1) == (body_of(of_contact)["subject"], body_of(of_contact)["sequence"])


@pytest.mark.parametrize(
    ("wait_ms", "talk_ms", "outcome", "found"),
    [
        (10_000, 90_000, "handled", []),
        (10_000, 91_000, "handled", []),
        (10_000, 95_000, "handled", ["c-1 talked 95.0 s; drawn was 90.0 s"]),
        (10_000, 60_000, "handled", ["c-1 talked 60.0 s; drawn was 90.0 s"]),
        (29_500, 600, "handled", []),
        (45_000, 90_000, "handled", ["c-1 was answered after 45.0 s; drawn was 30.0 s"]),
        (30_000, 0, "abandoned", []),
        (20_000, 0, "abandoned", ["c-1 waited 20.0 s; drawn was 30.0 s"]),
        (40_000, 0, "abandoned", ["c-1 waited 40.0 s; drawn was 30.0 s"]),
    ],
)
def test_a_story_is_as_it_was_drawn(wait_ms: int, talk_ms: int, outcome: Any, found: list[str]) -> None:
    """Patience and talk are as drawn, but for what the customer's commands were late; giving up may end a talk."""
    drawn = Drawn([CUSTOMER], slack_ms=100)
    drawn.hear(ContactArrived("c-1", "100"), 0)
    drawn.hear(ContactEnded("c-1", outcome, "help", "ann", wait_ms, talk_ms), 2_000)
    assert found == drawn.problems()


def test_a_story_may_be_shorter_by_as_much_as_its_commands_were_early() -> None:
    """The service's clock went back while they were on their way; more than that is not as drawn."""
    drawn = Drawn([CUSTOMER], slack_ms=100)
    drawn.hear(ContactArrived("c-1", "100"), 0)
    for talk_ms in (60_000, 59_000):
        drawn.hear(ContactEnded("c-1", "handled", "help", "ann", 10_000, talk_ms), 0, 29_900)
    assert ["c-1 talked 59.0 s; drawn was 90.0 s"] == drawn.problems()
