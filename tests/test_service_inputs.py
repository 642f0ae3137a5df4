"""What becomes of each input: duplicates, order, refusals, and what nobody may know. Under virtual time."""

from __future__ import annotations

import pickle

import pytest
from structlog.testing import capture_logs

from acd.events import AgentAlive, AgentStateSet
from ivr.events import ContactKeyed
from router import service as service_module
from router.events import ContactArrived, ContactLeft, Event
from simulator.loop import settle
from tests.stage import QUESTION, Stage, arrived, body_of, everything_kept, keyed, opened, ready, virtual
from tests.worlds import S, busy_plan

HOLD_MS = 5_000


# --- duplicates ---------------------------------------------------------------------------------------------------


@virtual
async def test_an_accepted_input_is_announced_with_its_cause() -> None:
    """Every row is said once, in order, with its seq, and names the input it follows from."""
    stage = await opened()
    await stage.say(arrived(), id="a")
    said = [body_of(each) for each in stage.bus.published if "/out/" in each.topic]
    assert list(range(1, 6)) == [body["sequence"] for body in said]
    assert ["centre.started", "hours.changed", "contact.arrived", "flow.moved", "contact.queued"] == stage.kinds()
    assert [None, None, "pbx a", "pbx a", "pbx a"] == [body.get("cause") for body in said]
    assert [] == stage.replies()


@virtual
async def test_a_duplicate_gets_its_first_outcome_again() -> None:
    """What was taken is taken no second time, though it might be: the answer names the first row."""
    stage = await opened()
    await stage.say(ready())
    for _ in range(3):
        await stage.say(AgentAlive("ann", 60 * S), id="a")
    assert 1 == stage.kinds().count("agent.alive")
    assert [("input.accepted", "a")] * 2 == stage.replies()
    seq = 1 + stage.kinds().index("agent.alive")
    assert {seq} == {body_of(each)["data"]["seq"] for each in stage.bus.published if "/reply/" in each.topic}
    assert [] == stage.bus.unacknowledged


@virtual
async def test_a_refused_duplicate_is_refused_again() -> None:
    """The reason is the first one, even where the input would be taken by now."""
    stage = await opened()
    await stage.say(ContactLeft("c1"), id="a")
    await stage.say(arrived())
    await stage.say(ContactLeft("c1"), id="a")
    assert [("illegal", "a")] * 2 == stage.replies()
    assert "contact.left" not in stage.kinds()


@pytest.mark.parametrize(("fact", "answer"), [(ready(), "input.accepted"), (ContactLeft("c9"), "illegal")])
@virtual
async def test_copies_in_one_batch_are_answered_as_over_several(fact: Event, answer: str) -> None:
    """Where batches end is nothing that a sender could notice."""
    stage = await opened()
    for _ in range(3):
        stage.deliver(fact, id="a")
    await settle()
    first = [] if answer == "input.accepted" else [(answer, "a")]
    assert [*first, (answer, "a"), (answer, "a")] == stage.replies()
    assert [] == stage.bus.unacknowledged


@virtual
async def test_duplicates_are_known_after_a_restart() -> None:
    """The journal remembers outcomes, accepted and refused."""
    stage = await opened()
    await stage.say(ready(), id="a")
    await stage.say(ContactLeft("c1"), id="b")
    rows = len(stage.kinds())
    await stage.kill()
    await stage.open()
    await stage.say(ready(), id="a")
    await stage.say(ContactLeft("c1"), id="b")
    assert rows == len(stage.kinds())
    assert [("illegal", "b"), ("input.accepted", "a"), ("illegal", "b")] == stage.replies()


@virtual
async def test_two_senders_may_use_the_same_id() -> None:
    """An id is unique for its source only."""
    stage = await opened()
    await stage.say(ready("ann"), source="ann", id="a")
    await stage.say(ready("bob"), source="bob", id="a")
    assert 2 == stage.kinds().count("agent.state")


# --- order --------------------------------------------------------------------------------------------------------


@virtual
async def test_inputs_are_taken_in_their_senders_order() -> None:
    """One that comes early waits for the gap to close, without an answer until then."""
    stage = await opened()
    await stage.say(ContactLeft("c1"), sequence=2)
    assert ([], []) == (stage.kinds(2), stage.replies())
    await stage.say(arrived(), sequence=1)
    assert ["contact.arrived", "flow.moved", "contact.queued", "contact.left", "contact.ended"] == stage.kinds(2)
    assert [] == stage.bus.unacknowledged


@virtual
async def test_an_older_number_is_stale() -> None:
    """A number that was taken is not taken by another input."""
    stage = await opened()
    await stage.say(arrived(), sequence=1)
    await stage.say(ContactLeft("c1"), sequence=1, id="a")
    assert [("stale", "a")] == stage.replies()
    assert "contact.left" not in stage.kinds()


@virtual
async def test_nobody_waits_for_ever_for_a_gap_to_close() -> None:
    """After a while an early input is refused, to the millisecond; sent again in order, it is taken."""
    stage = await opened()
    await stage.say(ContactLeft("c1"), sequence=2, id="a")
    await stage.wait(HOLD_MS - 1)
    assert [] == stage.replies()
    await stage.wait(1)
    assert [("early", "a")] == stage.replies()
    assert [] == stage.bus.unacknowledged
    await stage.say(arrived(), sequence=1)
    await stage.say(ContactLeft("c1"), sequence=2, id="a")
    assert "contact.left" in stage.kinds()


@virtual
async def test_messages_are_acknowledged_in_the_order_they_came_in() -> None:
    """Whatever becomes of each: MQTT asks for it, and to hold one back would hold back all behind it."""
    stage = await opened()
    await stage.say(ready(), id="known")
    stage.deliver(arrived())
    stage.deliver(ContactLeft("c1"), sequence=2)
    stage.deliver(ready(), id="known")
    stage.deliver(b"malformed")
    stage.deliver(QUESTION, source="desk")
    stage.deliver(ContactLeft("c9"))
    stage.deliver(ready("bob"))
    delivered = stage.bus.unacknowledged
    await settle()
    assert delivered == stage.bus.acknowledged[1:]


@virtual
async def test_a_held_input_that_a_crash_has_lost_is_taken_when_it_is_repeated() -> None:
    """Its sender has seen no outcome, and so says it again."""
    stage = await opened()
    await stage.say(ContactLeft("c1"), sequence=2, id="b")
    await stage.kill()
    await stage.open()
    await stage.say(arrived(), sequence=1)
    await stage.say(ContactLeft("c1"), sequence=2, id="b")
    assert 1 == stage.kinds().count("contact.left")


@virtual
async def test_a_copy_of_what_waits_changes_nothing() -> None:
    """Neither while it waits nor when its turn comes."""
    stage = await opened()
    for _ in range(3):
        await stage.say(ContactLeft("c1"), sequence=2, id="b")
    await stage.say(arrived(), sequence=1)
    assert (1, []) == (stage.kinds().count("contact.left"), stage.replies())


@virtual
async def test_a_copy_that_comes_with_what_it_waits_for_is_no_new_input() -> None:
    """The held one is taken in this batch, and its copy behind it in the same batch gets its outcome."""
    stage = await opened()
    await stage.say(ContactLeft("c1"), sequence=2, id="b")
    stage.deliver(arrived(), sequence=1)
    stage.deliver(ContactLeft("c1"), sequence=2, id="b")
    await settle()
    assert [("input.accepted", "b")] == stage.replies()
    assert 1 == stage.kinds().count("contact.left")


@pytest.mark.parametrize("again", [None, 1])
@virtual
async def test_an_id_that_waits_is_not_taken_under_another_number(again: int | None) -> None:
    """A sender that uses an id twice hurts nobody but himself."""
    stage = await opened()
    await stage.say(arrived("c1"), sequence=2, id="a")
    await stage.say(arrived("c2" if again is None else "c1"), sequence=again, id="a")
    await stage.say(ready(), sequence=1)
    await stage.wait(HOLD_MS)
    assert not stage.running.done()
    assert [("early", "a")] == stage.replies()


@virtual
async def test_a_number_that_waits_is_not_given_to_another_input() -> None:
    """The second input under it is refused as stale, however often it is said; the first one keeps its place."""
    stage = await opened()
    await stage.say(ContactLeft("c1"), sequence=2, id="first")
    for _ in range(2):
        await stage.say(ContactKeyed("c1", "1"), sequence=2, id="second")
    assert [("stale", "second")] * 2 == stage.replies()
    await stage.say(arrived(), sequence=1)
    assert (1, 0) == (stage.kinds().count("contact.left"), stage.kinds().count("contact.keyed"))


@virtual
async def test_a_refused_second_input_does_not_count_its_number() -> None:
    """What the line still waits for is taken after a restart, in order."""
    stage = await opened()
    await stage.say(arrived(), sequence=1)
    for id_ in ("first", "second"):
        await stage.say(ContactKeyed("c1", "1"), sequence=3, id=id_)
    await stage.kill()
    await stage.open()
    await stage.say(ContactKeyed("c1", "1"), sequence=3, id="second")
    await stage.say(ContactLeft("c1"), sequence=2)
    assert ([("stale", "second")] * 2, 1) == (stage.replies(), stage.kinds().count("contact.left"))


@virtual
async def test_what_waits_for_a_forgotten_contact_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once nobody remembers the contact, its held inputs are refused."""
    monkeypatch.setattr(service_module, "OVER_REMEMBERED", 0)
    stage = await opened()
    await stage.say(arrived(), sequence=1)
    await stage.say(ContactLeft("c1"), sequence=4, id="late")
    await stage.say(ContactLeft("c1"), sequence=2)
    await stage.say(arrived("c2"))
    assert [("early", "late")] == stage.replies()


@virtual
async def test_numbers_about_what_never_was_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever invents contacts makes the service remember no more than so many of them; a restart neither."""
    monkeypatch.setattr(service_module, "OVER_REMEMBERED", 3)
    stage = await opened()
    for number in range(20):
        await stage.say(ContactLeft(f"invented-{number}"), sequence=1)
    await stage.say(ContactLeft("invented-19"), sequence=1, id="kept")
    await stage.say(ContactLeft("invented-0"), sequence=1, id="forgotten")
    await stage.kill()
    await stage.open()
    await stage.say(ready())
    await stage.say(ContactLeft("invented-1"), sequence=1, id="forgotten-too")
    assert [("stale", "kept"), ("illegal", "forgotten"), ("illegal", "forgotten-too")] == stage.replies()[20:]


@virtual
async def test_what_is_said_before_its_contact_came_keeps_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A contact that was spoken of too early is no invention once it is there."""
    monkeypatch.setattr(service_module, "OVER_REMEMBERED", 1)
    stage = await opened()
    await stage.say(ContactLeft("c1"), sequence=1)
    await stage.say(arrived(), sequence=2)
    for number in range(5):
        await stage.say(ContactLeft(f"invented-{number}"), sequence=1)
    await stage.say(ContactLeft("c1"), sequence=1, id="again")
    assert ("stale", "again") == stage.replies()[-1]


@virtual
async def test_answers_have_ids_of_their_own() -> None:
    """Of inputs that cannot be read, and of one mended badly twice, no receiver takes two answers for one."""
    stage = await opened()
    for body in (b"{", b"[]", *[b'{"specversion":"1.0","id":"x","source":"pbx","type":"no.such"}'] * 2):
        await stage.say(body)
    ids = [body_of(said)["id"] for said in stage.bus.published if "/reply/" in said.topic]
    assert (4, 4) == (len(ids), len(set(ids)))


@virtual
async def test_a_repeat_after_a_restart_frees_what_waits_behind_it() -> None:
    """The numbers of an agent or a contact go on where they were."""
    stage = await opened()
    await stage.say(ready(), sequence=1, source="ann")
    await stage.kill()
    await stage.open()
    await stage.say(AgentStateSet("ann", "paused"), sequence=2, source="ann")
    assert ["agent.state", "agent.state"] == stage.kinds(2)


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b'{"specversion":"1.0","id":"x","source":"pbx","type":"no.such"}',
        b'{"specversion":"1.0","id":"x","source":"pbx","type":"agent.alive","data":{"agent":"ann","lease_ms":"7"}}',
    ],
)
@virtual
async def test_the_malformed_is_refused_and_changes_nothing(body: bytes) -> None:
    """It is answered, kept as a dead letter, and acknowledged, so that it does not come again."""
    stage = await opened()
    rows = stage.log()
    await stage.say(body)
    assert ["malformed"] == [fault for fault, _ in stage.replies()]
    assert 1 == len(await stage.journal.dead_letters())
    assert (rows, []) == (stage.log(), stage.bus.unacknowledged)
    assert {"malformed": 1} == stage.service.refusals


@virtual
async def test_the_impossible_is_refused_and_changes_nothing() -> None:
    """As the malformed; and what only came too late is no dead letter."""
    stage = await opened()
    rows = stage.log()
    await stage.say(ContactArrived("c1", "999", "+8655501"), id="a")
    assert ([("illegal", "a")], rows, []) == (stage.replies(), stage.log(), stage.bus.unacknowledged)
    (letter,) = await stage.journal.dead_letters()
    assert ("pbx", "a", "contact.arrived") == (letter.source, letter.id, letter.kind)
    assert b"55501" not in letter.body
    await stage.say(ready())
    await stage.say(ready(), id="b")
    assert ("stale", "b") == stage.replies()[-1]
    assert 1 == len(await stage.journal.dead_letters())


# --- what nobody may know -----------------------------------------------------------------------------------------


@virtual
async def test_secret_digits_are_stored_nowhere() -> None:
    """Neither taken nor refused, neither whole nor in part, neither in the snapshot nor in what is logged."""
    stage = Stage(busy_plan())
    with capture_logs() as logs:
        await stage.open()
        await keyed(stage, "4711#", "867")
        await stage.close()
        await stage.open()
        await stage.say(ContactKeyed("c1", "8675"))
        await stage.say(ContactKeyed("c9", "8675"))
        await stage.say(b'{"type": "contact.keyed", "data": {"digits": "8675"}}')
        await stage.close()
    kept = everything_kept(stage) + pickle.dumps((stage.journal.kept_personal, logs))
    assert "digits.collected" in stage.kinds()
    assert stage.journal.kept_snapshot is not None
    assert b"4711" in kept, "what is not secret is kept, apart"
    assert b"867" not in kept


@virtual
async def test_personal_values_stand_in_their_own_table_only() -> None:
    """Log, snapshot, dead letters and announcements hold tokens."""
    stage = Stage(busy_plan())
    await stage.open()
    await keyed(stage, "4711#")
    kept = {value.value: value.subject for value in stage.journal.kept_personal.values()}
    assert {"c1"} == {kept["+8655501"], kept["4711"], kept["4711#"]}, "each with the contact it came with"
    await stage.close()
    assert not any(value.encode() in everything_kept(stage) for value in ("55501", "4711"))
