"""INV-10 and INV-09: a service that dies at any step, of inputs that come twice and out of order, decides the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, repeat
from operator import attrgetter
from random import Random

import pytest
from structlog.testing import capture_logs

from acd.events import AgentAlive, AgentStateSet, ContactJoined, OfferAccepted, WrappedUp
from acd.model import AgentState
from escalation.case import CaseState
from escalation.events import CaseAccepted, CaseResolved
from ivr.events import ContactKeyed, PromptFinished
from router import announcer as announcer_module
from router import service as service_module
from router.codec import dump_board
from router.events import ContactArrived, ContactLeft, Event
from router.recovery import recover
from simulator.faults import Died, Fate, MortalBus, MortalJournal
from simulator.loop import run, settle
from tests.scripts import Burst, Sent, script
from tests.stage import Stage, first_difference, payload, state_of
from tests.worlds import S, as_it_is, busy_plan

SEEDS = range(16)
BURSTS = 120
SPEED = 100
"""So that there is less idle house-keeping in an hour of the centre's time."""

Log = list[tuple[int, int, str, Event]]
Deliver = Callable[[list[Sent]], list[Sent]]


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let happen every few rows what otherwise takes an hour, and keep hundreds of refusals out of the log."""
    monkeypatch.setattr(service_module, "SNAPSHOT_ROWS", 25)
    monkeypatch.setattr(announcer_module, "SAVE_ROWS", 2)
    monkeypatch.setattr(announcer_module, "CHUNK", 3)
    with capture_logs():
        yield


class Supervised(Stage):
    """A stage whose service is started again whenever it has died, at the same instant, as often as `lives` says."""

    def __init__(self, lives: Iterator[int | None]) -> None:
        super().__init__(busy_plan(), speed=SPEED)
        self.lives = lives
        self.deaths = 0
        self.fate = Fate()
        self.supervising = asyncio.create_task(self._supervise())

    async def _supervise(self) -> None:
        while True:
            self.fate = Fate(next(self.lives))
            await self.open(None, MortalJournal(self.journal, self.fate), MortalBus(self.bus, self.fate))
            with suppress(Died):
                await self.running
                return
            self.deaths += 1
            await self.kill()

    async def play(self, bursts: list[Burst], deliver: Deliver) -> None:
        """Send everything at its instant, and again at once what a crash has lost: what waited for an earlier one."""
        await settle()
        for burst in bursts:
            await self.until(burst.at)
            await self._send(deliver(burst.sent))
            while missing := [sent for sent in burst.sent if sent.key not in self.journal.kept_outcomes]:
                await self._send(missing)

    async def _send(self, messages: list[Sent]) -> None:
        for sent in messages:
            self.deliver(sent.body, source=sent.source)
        await settle()

    async def go_home(self) -> None:
        """Liveness: no more faults, and everybody leaves. Nobody may be left behind."""
        self.lives = repeat(None)
        await self.wait(200 * S)
        board = self.service.engine.board
        for contact in sorted(board.floor.contacts):
            await self.say(ContactLeft(contact), id=f"home-{contact}", source="sweeper")
        for agent in board.floor.agents:
            await self.say(AgentStateSet(agent, "offline"), id=f"home-{agent}", source="sweeper")
        await self.wait(400 * S)


async def played(bursts: list[Burst], lives: Iterator[int | None], deliver: Deliver = list) -> Supervised:
    """A whole run, to its end in good order."""
    stage = Supervised(lives)
    await stage.play(bursts, deliver)
    await stage.go_home()
    while not stage.supervising.done():  # it may die of the stop itself
        stage.service.stop()
        await stage.wait(1 * S)
    await stage.supervising
    return stage


def everybody_is_home(stage: Stage) -> None:
    """Nothing is open any more, everything was acknowledged, and the whole log was announced, without a gap."""
    board = stage.service.engine.board
    board.check()
    assert {} == board.floor.contacts
    assert {} == board.floor.offers
    assert {} == board.menus.sessions
    assert {AgentState.OFFLINE} == {agent.state for agent in board.floor.agents.values()}
    assert all(case.breached or case.state is CaseState.RESOLVED for case in board.desk.cases.values())
    assert [] == stage.bus.unacknowledged
    assert list(range(len(stage.journal.kept_rows) + 1)) == sorted(set(stage.bus.announced))


async def recovered_state(stage: Stage) -> object:
    """What a start from the journal's first row gives: board, measures and numbering."""
    stage.journal.kept_snapshot = None
    recovered = await recover(stage.plan, stage.journal)
    return dump_board(recovered.engine.board, as_it_is), recovered.measures.dump(), recovered.expected


def same(clean: Supervised, other: Supervised) -> None:
    """The same decisions, at the same instants, for the same causes; the same outcomes, measures and state."""
    assert None is first_difference(clean.log(), other.log())
    assert None is first_difference(clean.journal.kept_outcomes.values(), other.journal.kept_outcomes.values())
    assert clean.service.measures.dump() == other.service.measures.dump()
    assert state_of(clean.service.engine.board) == state_of(other.service.engine.board)
    everybody_is_home(other)


def disturbed(random: Random) -> Deliver:
    """Send some inputs twice, some again much later, and those of one numbered line in any order."""
    sent_before: list[Sent] = []

    def deliver(burst: list[Sent]) -> list[Sent]:
        messages = [*burst, *random.choices(burst, k=random.randrange(2))]
        if all("sequence" in json.loads(sent.body) for sent in burst):
            random.shuffle(messages)
        late = random.choices(sent_before, k=random.randrange(2)) if sent_before else []
        sent_before.extend(burst)
        return messages + late

    return deliver


def lives(random: Random, mean: float = 25) -> Iterator[int | None]:
    """Lives of so many steps on average, short ones the most frequent."""
    while True:
        yield 1 + int(random.expovariate(1 / mean))


def a_contact_all_the_way() -> list[Burst]:
    """Through the menus, to an agent, and on to a process team; and one that gives up."""
    pbx: list[tuple[int, list[Event]]] = [
        (1, [ContactArrived("c1", "100", "+8655501", personal=True), PromptFinished("c1", 1)]),
        (2, [ContactKeyed("c1", keys) for keys in ("1", "4711#", "9876", "7", "7", "7")]),
        (9, [ContactLeft("c1")]),
    ]
    desk: list[tuple[int, Event]] = [
        (0, AgentStateSet("ann", "ready", "", 40 * S)),
        (3, OfferAccepted("c1", "ann", 1)),
        (4, ContactJoined("c1", "ann", 1)),
        (5, AgentAlive("ann", 60 * S)),
        (10, WrappedUp("ann", "c1", "escalated", "hard")),
        (11, CaseAccepted("case-1", "sora")),
        (12, CaseResolved("case-1", "sora")),
        (13, ContactArrived("c2", "100")),
        (14, ContactLeft("c2")),
    ]
    numbers = count(1)
    bursts = [Burst(at * S, [Sent("desk", f"d{at}", payload(fact, source="desk", id=f"d{at}"))]) for at, fact in desk]
    for at, facts in pbx:
        numbered = [(fact, next(numbers)) for fact in facts]
        sent = [Sent("pbx", f"p{number}", payload(fact, id=f"p{number}", sequence=number)) for fact, number in numbered]
        bursts.append(Burst(at * S, sent))
    return sorted(bursts, key=attrgetter("at"))


def test_scripts_are_worth_playing() -> None:
    """Between them they make nearly everything happen that can."""

    async def kinds(seed: int) -> set[str]:
        stage = await played(script(busy_plan(), seed, BURSTS), repeat(None))
        everybody_is_home(stage)
        assert {"illegal", "stale"} <= {outcome.fault for outcome in stage.journal.kept_outcomes.values()}
        return set(stage.kinds())

    happened = set().union(*(run(kinds(seed)) for seed in SEEDS))
    assert {"offer", "offer.expired", "offer.declined", "leg.failed", "join.timed_out", "withdraw"} <= happened
    assert {"contact.wrapped_up", "wrap_up.expired", "case.opened", "case.breached", "case.resolved"} <= happened
    assert {"digits.collected", "input.missed", "prompt.overran", "agent.lapsed", "agent.moved"} <= happened


@pytest.mark.parametrize("seed", SEEDS)
def test_crashes_and_disturbed_inputs_change_no_decision(seed: int) -> None:
    """Killed at dozens of random steps, with inputs doubled, late and out of order, the log is the clean run's."""
    bursts = script(busy_plan(), seed, BURSTS)
    random = Random(seed)
    clean = run(played(bursts, repeat(None)))
    other = run(played(bursts, lives(random), disturbed(random)))
    assert other.deaths > 10
    same(clean, other)
    assert run(recovered_state(clean)) == run(recovered_state(other))


def test_a_crash_at_every_step_changes_no_decision() -> None:
    """One run for each commit, acknowledgement and announcement there is, killed there."""
    bursts = a_contact_all_the_way()
    clean = run(played(bursts, repeat(None)))
    assert "case.resolved" in clean.kinds()
    steps = clean.fate.taken
    assert steps > 100
    for step in range(steps):
        other = run(played(bursts, iter([step, *repeat(None, 5)])))
        assert 1 == other.deaths
        same(clean, other)
