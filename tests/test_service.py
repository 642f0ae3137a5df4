"""The service and the world around it: the broker, the clock, and what must not be. Under virtual time."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from acd.events import OfferAccepted, OfferDeclined
from ivr.events import ContactKeyed
from router.contract.topics import about_topic
from router.engine import Engine
from router.events import ContactArrived, Event
from router.ports import Publication
from simulator.loop import VirtualClock, settle
from tests.stage import QUESTION, Stage, WitnessBus, arrived, body_of, everything_kept, keyed, opened, ready, virtual
from tests.worlds import S, busy_plan, plan, with_queue

# --- questions and the broker -------------------------------------------------------------------------------------


@virtual
async def test_a_question_is_answered_with_the_state_after_all_that_came_with_it() -> None:
    """The answer holds what the sender said just before; it changes nothing, and is given each time."""
    stage = await opened()
    stage.deliver(QUESTION, source="desk")
    stage.deliver(arrived())
    await settle()
    await stage.say(QUESTION, source="desk")
    shown = [body_of(each)["data"] for each in stage.bus.published if each.topic.endswith("/reply/desk")]
    assert [["c1"]] * 2 == [[contact["contact"] for contact in each["contacts"]] for each in shown]
    assert [len(stage.kinds())] * 2 == [each["seq"] for each in shown]
    assert [] == stage.bus.unacknowledged


@virtual
async def test_an_answer_does_not_wait_for_all_that_is_to_be_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given between two chunks of the log."""
    monkeypatch.setattr("router.announcer.CHUNK", 1)
    stage = await opened()
    said = len(stage.bus.published)
    stage.deliver(arrived())
    stage.deliver(QUESTION, source="desk")
    await settle()
    kinds = [body_of(each)["type"] for each in stage.bus.published[said:]]
    assert ["contact.arrived", "snapshot", "flow.moved", "contact.queued"] == kinds


@virtual
async def test_the_centre_introduces_itself_again_on_every_connection() -> None:
    """What the broker retains is said anew, as a broker may have forgotten it."""
    stage = await opened(start=5_000)
    await stage.wait(1_000)
    stage.bus.reconnect()
    await settle()
    about = [body_of(each)["data"] for each in stage.bus.published if each.topic == about_topic("test")]
    assert [(5_000, "v1"), (6_000, "v1")] == [(each["now"], each["plan"]) for each in about]
    assert about_topic("test") in stage.bus.retained


class AwayBus(WitnessBus):
    """A bus whose broker can be away: nothing that is said is confirmed."""

    there = True

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Wait for the broker."""
        await self.flush()
        await super().publish(publications)

    async def flush(self) -> None:
        """Wait for the broker."""
        while not self.there:  # noqa: ASYNC110 - under virtual time it costs nothing
            await asyncio.sleep(0.1)


@virtual
async def test_time_goes_on_while_the_broker_is_away() -> None:
    """Offers expire all the same; once the broker is back, everything is said in order."""
    stage = Stage(plan())
    bus = AwayBus(stage.journal, "test")
    stage.bus = bus
    await stage.open()
    await stage.say(ready())
    await stage.say(arrived())
    said = len(bus.announced)
    bus.there = False
    await stage.wait(20 * S)
    assert "offer.expired" in stage.kinds()
    assert (said, len(stage.kinds()) - said) == (len(bus.announced), stage.service.unannounced)
    bus.there = True
    await stage.wait(1 * S)
    assert (list(range(1, len(stage.kinds()) + 1)), 0) == (bus.announced, stage.service.unannounced)


@virtual
async def test_a_stop_does_not_wait_for_ever_for_the_broker() -> None:
    """What could not be said is said at the next start."""
    stage = Stage(plan())
    bus = AwayBus(stage.journal, "test")
    stage.bus = bus
    await stage.open()
    bus.there = False
    await stage.say(arrived())
    before = stage.clock.now()
    with capture_logs() as logs:
        await stage.close()
    assert 5_000 == stage.clock.now() - before
    assert ["announcements.left"] == [line["event"] for line in logs]
    bus.there = True
    await stage.open()
    assert sorted(set(bus.announced)) == list(range(1, len(stage.kinds()) + 1))


@virtual
async def test_a_stop_says_everything_and_keeps_a_snapshot() -> None:
    """The turn in hand is finished, all of it is announced, and the next start has nothing to fold."""
    stage = await opened()
    stage.deliver(arrived())
    stage.deliver(ready())
    await asyncio.sleep(0)
    await stage.close()
    rows = len(stage.kinds())
    assert (rows, rows) == (max(stage.bus.announced), await stage.journal.announced())
    snapshot = await stage.journal.last_snapshot()
    assert snapshot is not None
    assert rows == snapshot.seq
    said = len(stage.bus.announced)
    await stage.open()
    await stage.wait(1 * S)
    assert (rows, said) == (len(stage.kinds()), len(stage.bus.announced)), "a quiet restart says nothing twice"


# --- time ---------------------------------------------------------------------------------------------------------


@virtual
async def test_timers_are_exact() -> None:
    """What is due happens at its instant: not before, and under virtual time not after."""
    stage = await opened(start=1_767_575_700_000)
    await stage.say(ready())
    await stage.wait(333)
    await stage.say(arrived())
    await stage.wait(20 * S - 1)
    assert "offer.expired" not in stage.kinds()
    await stage.wait(1)
    ats = {row.kind: row.at for row in stage.journal.kept_rows}
    assert 20 * S == ats["offer.expired"] - ats["offer"]


@virtual
async def test_timers_are_never_early_on_a_fast_clock() -> None:
    """At six hundred times the wall's speed it is the centre's milliseconds that count."""
    stage = await opened(speed=600)
    await stage.say(ready())
    await stage.say(arrived())
    await stage.wait(25 * S)
    ats = {row.kind: row.at for row in stage.journal.kept_rows}
    assert 20 * S == ats["offer.expired"] - ats["offer"]


class UnevenClock(VirtualClock):
    """A clock that somebody sets."""

    ahead = 0

    def now(self) -> int:
        """The instant, ms."""
        return super().now() + self.ahead


@virtual
async def test_a_clock_that_runs_backwards_is_held_and_said() -> None:
    """No row is ever before the one before it, and nothing is early; it is logged once."""
    stage = Stage(plan())
    clock = UnevenClock(100_000)
    stage.clock = clock
    await stage.open()
    await stage.say(ready())
    await stage.say(arrived("c1"))
    clock.ahead = -30_000
    with capture_logs() as logs:
        await stage.say(arrived("c2"))
        await stage.say(arrived("c3"))
        await stage.wait(49 * S)
        assert "offer.expired" not in stage.kinds()
        await stage.wait(1 * S)
    ats = [row.at for row in stage.journal.kept_rows]
    assert sorted(ats) == ats
    assert [120_000] == [row.at for row in stage.journal.kept_rows if row.kind == "offer.expired"]
    assert ["clock.regressed"] == [line["event"] for line in logs]


@virtual
async def test_what_an_input_makes_due_at_once_comes_before_the_next() -> None:
    """Inputs of one batch are decided as they would be one by one."""
    stage = Stage(with_queue(plan(), "help", wait_ms_max=0))
    await stage.open()
    stage.deliver(arrived("c1"))
    stage.deliver(ready())
    await settle()
    assert ["contact.queued", "hang_up", "contact.ended", "agent.state"] == stage.kinds(4)


@virtual
async def test_what_is_due_comes_before_what_comes_in() -> None:
    """A batch that is late finds the floor as time has left it."""
    stage = await opened()
    clock = UnevenClock(0)
    stage.service.clock = clock
    await stage.say(ready())
    await stage.say(arrived())
    clock.ahead = 20 * S
    await stage.say(OfferAccepted("c1", "ann", 1), id="a")
    assert [("stale", "a")] == stage.replies()
    assert "offer.expired" in stage.kinds()


# --- what must not be ---------------------------------------------------------------------------------------------


def break_at(monkeypatch: pytest.MonkeyPatch, kind: type, secret: str = "") -> None:
    """Let the engine break down in the middle of whatever follows from a fact of this kind."""
    settle_down = Engine._settle

    def broken(engine: Engine, event: Event, now: int) -> list[Event]:
        events = settle_down(engine, event, now)
        if isinstance(event, kind):
            raise KeyError(secret)
        return events

    monkeypatch.setattr(Engine, "_settle", broken)


@virtual
async def test_an_input_that_breaks_an_invariant_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends; what came before it is kept, what came with it is taken after a restart, itself never again."""
    stage = await opened()
    stage.deliver(ready("ann"), source="desk")
    stage.deliver(arrived("c1"), id="poison")
    stage.deliver(arrived("c2"))
    stage.deliver(QUESTION, source="desk")
    with monkeypatch.context() as broken, capture_logs() as logs:
        break_at(broken, ContactArrived)
        with pytest.raises(Exception, match=r"^contact.arrived from pbx broke an invariant: KeyError in broken, line"):
            await stage.running
    assert ["invariant.broken"] == [line["event"] for line in logs]
    assert ["agent.state"] == stage.kinds(2)
    await stage.kill()
    await stage.open()
    assert ["c2"] == list(stage.service.engine.board.floor.contacts)
    assert ["input.accepted", "snapshot"] == [kind for kind, _ in stage.replies("desk")]
    assert [("illegal", "poison")] == stage.replies()
    (letter,) = await stage.journal.dead_letters()
    assert ("poison", True) == (letter.id, letter.reason.startswith("broke an invariant: KeyError"))
    assert [] == stage.bus.unacknowledged


@virtual
async def test_a_broken_invariant_quotes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an exception says may hold anything: neither log nor dead letter nor the process's last words repeat it."""
    stage = Stage(busy_plan())
    await stage.open()
    await keyed(stage, "4711#")
    break_at(monkeypatch, ContactKeyed, "8675")
    stage.deliver(ContactKeyed("c1", "8675"))
    with capture_logs() as logs, pytest.raises(Exception, match="broke an invariant") as caught:
        await stage.running
    assert (None, True) == (caught.value.__cause__, caught.value.__suppress_context__)
    said = pickle.dumps((logs, str(caught.value), stage.journal.kept_personal)) + everything_kept(stage)
    assert b"8675" not in said


@virtual
async def test_time_that_breaks_an_invariant_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no input to set aside: nothing of it is kept, and the log says when."""
    stage = await opened()
    await stage.say(ready())
    await stage.say(arrived())
    rows = stage.log()

    def ring(board: object, now: int) -> list[Event]:
        raise AssertionError("8675")

    monkeypatch.setattr("router.board.Board.ring", ring)
    with capture_logs() as logs, pytest.raises(Exception, match="what was due at 20000 broke an invariant"):
        await asyncio.wait_for(stage.running, 60)
    assert (rows, ["time"]) == (stage.log(), [line["cause"] for line in logs])


@virtual
async def test_observers_see_what_is_committed() -> None:
    """Each event once, in order, with its instant."""
    seen: list[tuple[int, Event]] = []
    stage = Stage(plan())
    stage.observers = (lambda event, at: seen.append((at, event)),)
    await stage.open()
    await stage.say(ready())
    await stage.say(arrived())
    await stage.say(OfferDeclined("c1", "ann", 1))
    await stage.wait(30 * S)
    assert seen == [(at, event) for _, at, _, event in stage.log()]
