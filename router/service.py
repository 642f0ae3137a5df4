"""The live engine: take, decide, commit, acknowledge, announce.

One task runs it. Whatever inputs are waiting are decided together and committed in one transaction, so batches grow
with the load while every row is durable before anybody hears of it. The engine's one next deadline is the only timer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from acd.events import ContactEnded
from router import codec, contract
from router.announcer import Announcer
from router.board import ENDED_REMEMBERED
from router.contract import Command, Malformed, Question
from router.engine import Refused
from router.errors import UsageFault
from router.events import CentreStarted
from router.intake import Intake, Verdict
from router.ports import Batch, DeadLetter, Outcome, Row, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from router.events import Event
    from router.ports import Bus, Clock, Journal, Message, Publication
    from router.recovery import Recovered

BATCH_MAX = 256
SNAPSHOT_ROWS = 50_000
"""After how many rows a snapshot is due; it is written when nothing is waiting, or at twice as many rows in any case."""
IDLE_MS = 200
"""How long nothing must happen before house-keeping (checkpoint, snapshot) is done."""
DRAIN_S_MAX = 5.0
"""How long a stop waits for the broker to confirm what was said."""

log = structlog.get_logger("firstline.service")


@dataclass(frozen=True, slots=True)
class _Input:
    """A command, and the message it came in, which is acknowledged once the command has its outcome on disk."""

    message: Message
    command: Command


@dataclass(slots=True)
class _Work:
    """What one turn of the loop gathers before it is committed."""

    events: list[tuple[Row, Event]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    answers: list[Publication] = field(default_factory=list)
    done: list[Message] = field(default_factory=list)


class Service:
    """A centre, live. Build it with what `router.recovery.recover` gave; `run` until `stop`.

    `observers` see every committed event with its instant, in order: measures, boards, metrics.
    """

    def __init__(
        self,
        recovered: Recovered,
        journal: Journal,
        bus: Bus,
        clock: Clock,
        observers: Sequence[Callable[[Event, int], None]] = (),
    ) -> None:
        self.engine = recovered.engine
        self.measures = recovered.measures
        self.centre = recovered.plan.centre
        self._plan = recovered.plan
        self.clock = clock
        self._vault = recovered.vault
        self._intake: Intake[_Input] = Intake(recovered.expected)
        self._journal = journal
        self._bus = bus
        self._announcer = Announcer(self.centre, journal, bus, recovered.announced)
        self._announcer.resume(self.engine.board.seq)
        self._observers = (self.measures.apply, *observers)
        self._ended = deque(self.engine.board.ended)
        self._stopping = asyncio.Event()
        self._snapshot_seq = recovered.snapshot_seq
        self.inputs = 0
        self.refusals: dict[str, int] = {}
        self.last_turn = clock.now()
        self._clock_held = False
        bus.on_connect = self._introduce

    async def run(self) -> None:
        """Serve until `stop`; then announce what is committed, write a snapshot and return."""
        announcing = asyncio.create_task(self._announcer.run(), name="announce")
        try:
            self._introduce()
            await self._adopt()
            await self._serve(announcing)
            await self._snapshot()
            await self._say_the_rest()
        finally:
            announcing.cancel()
            await asyncio.gather(announcing, return_exceptions=True)

    def stop(self) -> None:
        """Finish the turn in hand, then end `run`."""
        self._stopping.set()

    @property
    def unannounced(self) -> int:
        """How many committed rows the bus has not been given yet."""
        return self.engine.board.seq - self._announcer.sent

    # --- the loop -------------------------------------------------------------------------------------------------

    async def _serve(self, announcing: asyncio.Task[None]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        receiving = asyncio.create_task(self._bus.receive(BATCH_MAX))
        try:
            while not stopping.done():
                watched = {receiving, stopping, announcing}
                done, _ = await asyncio.wait(watched, timeout=self._pause(), return_when=asyncio.FIRST_COMPLETED)
                if announcing in done:
                    announcing.result()
                messages: list[Message] = []
                if receiving in done:
                    messages = receiving.result()
                    receiving = asyncio.create_task(self._bus.receive(BATCH_MAX))
                await self._turn(messages)
                await self._keep_house(idle=not done)
        finally:
            for task in (stopping, receiving):
                task.cancel()
            await asyncio.gather(stopping, receiving, return_exceptions=True)

    def _pause(self) -> float:
        """Seconds to the next deadline, the engine's or the intake's, but no longer than until house-keeping."""
        deadlines = [at for at in (self.engine.deadline(), self._intake.deadline()) if at is not None]
        wait_ms = max(0, min(deadlines) - self.clock.now()) / self.clock.speed if deadlines else IDLE_MS
        return float(min(wait_ms, IDLE_MS)) / 1000

    def _now(self) -> int:
        """The clock, read once a turn. One that runs backwards is held, and said."""
        now = self.clock.now()
        held = now < self.engine.now
        if held and not self._clock_held:
            log.warning("clock.regressed", clock=now, held_at=self.engine.now)
        self._clock_held = held
        self.last_turn = now
        return max(now, self.engine.now)

    async def _turn(self, messages: Sequence[Message]) -> None:
        """Take, decide, commit, acknowledge, announce."""
        now = self._now()
        work = _Work()
        broken: Exception | None = None
        try:
            self._tick(work, now)
            for entry in await self._in_order(messages, work, now):
                self._decide(entry, work, now)
        except _BrokenInvariantError as error:
            broken = error
        await self._commit(work)
        if broken:
            raise broken

    def _tick(self, work: _Work, now: int) -> None:
        deadline = self.engine.deadline()
        if deadline is not None and deadline <= now:
            self._book(work, self.engine.tick(now), now)
        for entry in self._intake.tick(now):
            self._answer_early(entry, work)

    # --- take -----------------------------------------------------------------------------------------------------

    async def _in_order(self, messages: Sequence[Message], work: _Work, now: int) -> list[_Input]:
        """The inputs whose turn it is. Questions, duplicates and the malformed are answered on the way."""
        inputs = [entry for message in messages if (entry := self._read(message, work, now))]
        known = await self._journal.outcomes([(entry.command.source, entry.command.id) for entry in inputs])
        seen: set[tuple[str, str]] = set()
        ready: list[_Input] = []
        for entry in inputs:
            key = (entry.command.source, entry.command.id)
            if outcome := known.get(key):
                ready += self._repeat(entry, outcome, work)
            elif key in seen:
                work.done.append(entry.message)
            else:
                seen.add(key)
                ready += self._line_up(entry, work, now)
        return ready

    def _read(self, message: Message, work: _Work, now: int) -> _Input | None:
        self.inputs += 1
        participant = message.topic.rpartition("/")[2]
        try:
            asked = contract.read(participant, message.payload)
        except Malformed as error:
            self._reject(participant, error, message, work, now)
            return None
        if isinstance(asked, Question):
            work.answers.append(contract.answer(self.centre, asked, self.engine.board))
            work.done.append(message)
            return None
        return _Input(message, asked)

    def _line_up(self, entry: _Input, work: _Work, now: int) -> list[_Input]:
        command = entry.command
        arrival = self._intake.take(command.source, command.subject, command.sequence, entry, now)
        match arrival.verdict:
            case Verdict.STALE:
                reason = f"number {command.sequence} of {command.subject!r} was taken before"
                self._refuse(entry, "stale", reason, work)
            case Verdict.EARLY:
                self._answer_early(entry, work)
            case Verdict.REPEATED:
                work.done.append(entry.message)
        return list(arrival.ready)

    # --- decide ---------------------------------------------------------------------------------------------------

    def _decide(self, entry: _Input, work: _Work, now: int) -> None:
        command = entry.command
        secret = self.engine.takes_secret(command.fact)
        try:
            events = self.engine.handle(command.fact, now)
        except Refused as refused:
            self._refuse(entry, refused.fault, refused.reason, work)
            if refused.fault == "illegal":
                body = codec.encode(command.fact, contract.mask)
                work.dead_letters.append(
                    DeadLetter(now, command.source, command.id, command.fact.kind, refused.reason, body)
                )
            return
        except Exception as error:
            self._set_aside(entry, error, work, now)
            raise _BrokenInvariantError(f"{command.fact.kind} from {command.source} broke an invariant") from error
        seq = self._book(work, events, now, f"{command.source} {command.id}", secret=secret)
        work.outcomes.append(_outcome(command, seq))
        work.done.append(entry.message)

    def _book(
        self, work: _Work, events: Sequence[Event], now: int, cause: str = "", *, secret: bool = False
    ) -> int:
        """Events as rows of the log; returns the first one's number. Digits that came in as secret are left out."""
        first = self.engine.board.seq - len(events) + 1
        for seq, event in enumerate(events, first):
            seal = self._seal(event) if seq > first or not secret else _leave_out
            body = codec.encode(event, seal)
            work.events.append((Row(seq, now, cause, event.kind, codec.version_of(event.kind), body), event))
        return first

    def _seal(self, event: Event) -> codec.Seal:
        subject = getattr(event, "contact", "")
        return lambda kind, value: self._vault.token(kind, value, subject)

    # --- refuse ---------------------------------------------------------------------------------------------------

    def _refuse(self, entry: _Input, fault: str, reason: str, work: _Work) -> None:
        command = entry.command
        self.refusals[fault] = self.refusals.get(fault, 0) + 1
        log.info("input.refused", source=command.source, id=command.id, subject=command.subject, fault=fault, why=reason)
        work.outcomes.append(_outcome(command, None, fault, reason))
        work.answers.append(contract.refusal(self.centre, command.source, command.id, fault, reason))
        work.done.append(entry.message)

    def _answer_early(self, entry: _Input, work: _Work) -> None:
        """An input whose predecessors never came. The refusal is not remembered: sent again in order, it is taken."""
        command = entry.command
        reason = f"number {command.sequence} of {command.subject!r} came before its turn: send what is missing first"
        self.refusals["early"] = self.refusals.get("early", 0) + 1
        work.answers.append(contract.refusal(self.centre, command.source, command.id, "early", reason))
        work.done.append(entry.message)

    def _repeat(self, entry: _Input, outcome: Outcome, work: _Work) -> list[_Input]:
        """A duplicate gets its first outcome again. Returns what waited behind it, if its first copy came before a restart."""
        command = entry.command
        work.answers.append(contract.outcome(self.centre, outcome))
        work.done.append(entry.message)
        if command.sequence is None:
            return []
        return self._intake.advance(command.source, command.subject, command.sequence)

    def _reject(self, participant: str, error: Malformed, message: Message, work: _Work, now: int) -> None:
        self.refusals["malformed"] = self.refusals.get("malformed", 0) + 1
        log.warning("input.malformed", source=participant, id=error.id, why=error.reason)
        work.dead_letters.append(DeadLetter(now, participant, error.id, error.kind, error.reason, error.masked))
        work.answers.append(contract.refusal(self.centre, participant, error.id, "malformed", error.reason))
        work.done.append(message)

    def _set_aside(self, entry: _Input, error: Exception, work: _Work, now: int) -> None:
        """An input that breaks an invariant must not be met again after the restart that follows."""
        command = entry.command
        reason = f"broke an invariant: {error!r}"
        log.critical("invariant.broken", source=command.source, id=command.id, subject=command.subject, exc_info=error)
        body = codec.encode(command.fact, contract.mask)
        work.dead_letters.append(DeadLetter(now, command.source, command.id, command.fact.kind, reason, body))
        work.outcomes.append(_outcome(command, None, "illegal", "broke an invariant of the engine"))
        work.done.append(entry.message)

    # --- commit, acknowledge, announce ----------------------------------------------------------------------------

    async def _commit(self, work: _Work) -> None:
        rows = [row for row, _ in work.events]
        personal = self._vault.take_new()
        if rows or work.outcomes or work.dead_letters or personal:
            await self._journal.append(Batch(rows, work.outcomes, personal, work.dead_letters))
        self._bus.acknowledge(work.done)
        for row, event in work.events:
            for observe in self._observers:
                observe(event, row.at)
            if isinstance(event, ContactEnded):
                self._forget_later(event.contact)
        self._announcer.add(work.events)
        self._announcer.answer(work.answers)

    def _forget_later(self, contact: str) -> None:
        """Keep the numbering of an ended contact as long as the board remembers that it ended."""
        self._ended.append(contact)
        if len(self._ended) > ENDED_REMEMBERED:
            self._intake.forget(self._ended.popleft())

    async def _adopt(self) -> None:
        """Put the rules in force, if the journal does not say already that they are."""
        board = self.engine.board
        if board.started and board.plan.hash == self._plan.hash:
            return
        work, now = _Work(), self._now()
        try:
            events = self.engine.handle(CentreStarted(self._plan.hash), now)
        except Refused as refused:
            raise UsageFault(f"{refused.reason}: start with the old rules until those contacts have ended") from refused
        await self._journal.save_plan(self._plan.hash, codec.dump_plan(self._plan))
        self.measures.adopt(self._plan)
        self._book(work, events, now)
        await self._commit(work)

    def _introduce(self) -> None:
        """Nothing relies on the broker's memory: what it retains is published again on every connect."""
        self._announcer.answer(contract.introduction(self._plan, self.clock))

    async def _say_the_rest(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_S_MAX):
                await self._announcer.drain()
        except TimeoutError:
            log.warning("announcements.left", rows=self.unannounced, why="the broker is away; they are said at the next start")

    # --- house-keeping --------------------------------------------------------------------------------------------

    async def _keep_house(self, *, idle: bool) -> None:
        rows = self.engine.board.seq - self._snapshot_seq
        if rows >= (SNAPSHOT_ROWS if idle else 2 * SNAPSHOT_ROWS):
            await self._snapshot()
            await self._journal.checkpoint()

    async def _snapshot(self) -> None:
        board = self.engine.board
        if board.seq == self._snapshot_seq:
            return
        body = codec.dump_board(board, lambda kind, value: self._vault.token(kind, value, ""))
        await self._journal.append(Batch(personal=self._vault.take_new()))
        await self._journal.save_snapshot(
            Snapshot(board.seq, board.now, board.plan.hash, codec.SNAPSHOT_VERSION, body, self.measures.dump())
        )
        self._snapshot_seq = board.seq


class _BrokenInvariantError(Exception):
    """The engine met a state that must not be; the process ends and recovers from its log."""


def _leave_out(kind: str, value: str) -> str:
    return ""


def _outcome(command: Command, seq: int | None, fault: str = "", refusal: str = "") -> Outcome:
    return Outcome(
        command.source, command.id, seq, fault, refusal, command.subject, command.sequence, command.sent_at
    )
