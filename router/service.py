"""The live engine: take, decide, commit, acknowledge, announce.

One task runs it. Whatever inputs are waiting are decided together and committed in one transaction, so batches grow
with the load while every row is durable before anybody hears of it. The engine's one next deadline is the only timer.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from traceback import extract_tb
from typing import Final

import structlog

from acd.events import ContactEnded
from escalation.desk import RESOLVED_REMEMBERED
from escalation.events import CaseResolved
from router import codec, contract
from router.announcer import Announcer
from router.board import ENDED_REMEMBERED, Board
from router.contract import Command, Malformed, Question
from router.engine import Refused
from router.errors import UsageFault
from router.events import CentreStarted, Event
from router.intake import Intake, Verdict
from router.ports import Batch, Bus, Clock, DeadLetter, Journal, Message, Outcome, Publication, Row, Snapshot
from router.recovery import Recovered

BATCH_MAX: Final = 256
SNAPSHOT_ROWS: Final = 50_000
"""After how many rows a snapshot is due. It is written when nothing is waiting, or else at twice as many rows."""
IDLE_MS: Final = 200
"""How long nothing must happen before house-keeping (checkpoint, snapshot) is done."""
OVER_REMEMBERED: Final = ENDED_REMEMBERED + RESOLVED_REMEMBERED
"""For how many subjects that are over their senders' numbers are kept: for all that the board remembers."""
DRAIN_S_MAX: Final = 5.0
"""How long a stop waits for the broker to confirm what was said."""

log = structlog.get_logger("firstline.service")


Key = tuple[str, str]
"""What tells a command from all others: its source and its id."""


@dataclass(slots=True)
class _Work:
    """What one turn of the loop gathers before it is committed. `copies` and `asked` are answered at its end.

    `met` are the commands that came in it, and those whose turn came.
    """

    events: list[tuple[Row, Event]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    answers: list[Publication] = field(default_factory=list)
    copies: list[Command] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    met: set[Key] = field(default_factory=set)


class Service:
    """A centre, live. Build it with what `router.recovery.recover` gave; `run` until `stop`.

    `observers` see every committed event with its instant, in order: measures, boards, metrics. `release` is what the
    centre says it runs.
    """

    def __init__(
        self,
        recovered: Recovered,
        journal: Journal,
        bus: Bus,
        clock: Clock,
        observers: Sequence[Callable[[Event, int], None]] = (),
        release: str = "",
    ) -> None:
        self.engine = recovered.engine
        self.measures = recovered.measures
        self.centre = recovered.plan.centre
        self._plan = recovered.plan
        self.clock = clock
        self._release = release
        self._vault = recovered.vault
        self._intake: Intake[Command] = Intake(recovered.expected)
        self._held: set[Key] = set()
        self._journal = journal
        self._bus = bus
        self._announcer = Announcer(self.centre, journal, bus, recovered.announced)
        self._announcer.resume(self.engine.board.seq)
        self._observers = (self.measures.apply, *observers)
        self._over = deque(_subjects_over(self.engine.board, [subject for _, subject, _ in recovered.expected]))
        self.in_force = asyncio.Event()
        self._stopping = asyncio.Event()
        self._snapshot_seq = recovered.snapshot_seq
        self._began_at, self._unremembered = clock.wall(), count(1)
        self.inputs = 0
        self.refusals: Counter[str] = Counter()
        self.last_turn = clock.now()
        self._clock_held = False

    async def run(self) -> None:
        """Serve until `stop`; then announce what is committed, write a snapshot and return."""
        announcing = asyncio.create_task(self._announcer.run(), name="announce")
        try:
            await self._adopt()
            self.in_force.set()
            self._bus.on_connect = self._introduce
            self._introduce()
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
        """Take, decide, commit, acknowledge, announce. Nothing that is due is left when it ends.

        All messages of a turn are acknowledged together, in the order they came in, as MQTT asks (5.0, section 4.6;
        iotcore ends a connection over it). So one that waits for an earlier one is acknowledged before its turn comes:
        to keep it back would hold up everybody's. If a crash loses it, its sender has seen no outcome and repeats it,
        as all senders must. The messages of a turn that breaks an invariant come again after the restart.
        """
        now = self._now()
        work = _Work()
        try:
            self._tick(work, now)
            for command in await self._in_order(messages, work, now):
                self._decide(command, work, now)
                self._ring(work, now)
            self._answer(work, now)
        except _BrokenInvariantError:
            await self._commit(work)
            raise
        await self._commit(work)
        self._bus.acknowledge(messages)
        self._tell(work)

    def _tick(self, work: _Work, now: int) -> None:
        self._ring(work, now)
        given_up = self._intake.tick(now)
        while len(self._over) > OVER_REMEMBERED:
            if not _matters(self.engine.board, subject := self._over.popleft()):
                given_up += self._intake.forget(subject)
        for command in given_up:
            self._held.remove(_key(command))
            self._answer_early(command, work)

    def _ring(self, work: _Work, now: int) -> None:
        """Let happen what is due. Between inputs too: one may have set an alarm for this very instant."""
        deadline = self.engine.deadline()
        if deadline is None or deadline > now:
            return
        try:
            events = self.engine.tick(now)
        except Exception as error:  # noqa: BLE001 - whatever it was, the process ends
            place = _place(error)
            log.critical("invariant.broken", cause="time", deadline=deadline, place=place)
            raise _BrokenInvariantError(f"what was due at {deadline} broke an invariant: {place}") from None
        self._book(work, events, now)

    # --- take -----------------------------------------------------------------------------------------------------

    async def _in_order(self, messages: Sequence[Message], work: _Work, now: int) -> list[Command]:
        """The inputs whose turn it is. Questions, duplicates and the malformed are set apart on the way."""
        commands = [command for message in messages if (command := self._read(message, work, now))]
        known = await self._journal.outcomes([_key(command) for command in commands])
        ready: list[Command] = []
        for command in commands:
            key = _key(command)
            if outcome := known.get(key):
                ready += self._repeat(outcome, work)
            elif key in work.met:
                work.copies.append(command)
            elif key not in self._held:  # Else the first copy waits, and is answered when its turn has come.
                work.met.add(key)
                ready += self._line_up(command, work, now)
        return ready

    def _read(self, message: Message, work: _Work, now: int) -> Command | None:
        self.inputs += 1
        participant = message.topic.rpartition("/")[2]
        try:
            asked = contract.read(participant, message.payload)
        except Malformed as error:
            self._reject(participant, error, work, now)
            return None
        if isinstance(asked, Question):
            work.asked.append(asked)
            return None
        return asked

    def _line_up(self, command: Command, work: _Work, now: int) -> Sequence[Command]:
        arrival = self._intake.take(command.source, command.subject, command.sequence, command, now)
        match arrival.verdict:
            case Verdict.HELD:
                self._held.add(_key(command))
            case Verdict.STALE:
                reason = f"number {command.sequence} of {command.subject!r} was taken before"
                self._refuse(command, "stale", reason, work)
            case Verdict.REPEATED:  # Another input, as a copy is known by its id. The number counts for the first.
                reason = (
                    f"number {command.sequence} of {command.subject!r} is another input's, which waits for its turn"
                )
                self._refuse(replace(command, sequence=None), "stale", reason, work)
            case Verdict.EARLY:
                self._answer_early(command, work)
        return self._released(arrival.ready, work)

    def _released(self, ready: Sequence[Command], work: _Work) -> Sequence[Command]:
        """Those whose turn has come, which are no longer held if they were."""
        keys = [_key(command) for command in ready]
        self._held.difference_update(keys)
        work.met.update(keys)
        return ready

    # --- decide ---------------------------------------------------------------------------------------------------

    def _decide(self, command: Command, work: _Work, now: int) -> None:
        secret = self.engine.takes_secret(command.fact)
        try:
            events = self.engine.handle(command.fact, now)
        except Refused as refused:
            self._refuse(command, refused.fault, refused.reason, work)
            if not _matters(self.engine.board, command.subject):
                self._over.append(command.subject)
            if refused.fault == "illegal":
                work.dead_letters.append(_dead_letter(command, refused.reason, now))
            return
        except Exception as error:  # noqa: BLE001 - whatever it was, the input is set aside and the process ends
            # What an exception says, and what it refers to, may quote personal values: only its place is told.
            place = _place(error)
            self._set_aside(command, place, work, now)
            raise _BrokenInvariantError(
                f"{command.fact.kind} from {command.source} broke an invariant: {place}"
            ) from None
        seq = self._book(work, events, now, f"{command.source} {command.id}", secret=secret)
        work.outcomes.append(_outcome(command, seq))

    def _book(self, work: _Work, events: Sequence[Event], now: int, cause: str = "", *, secret: bool = False) -> int:
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

    def _refuse(self, command: Command, fault: str, reason: str, work: _Work) -> None:
        self.refusals[fault] += 1
        about = {"source": command.source, "id": command.id, "subject": command.subject}
        log.info("input.refused", **about, fault=fault, why=reason)
        work.outcomes.append(_outcome(command, None, fault, reason))
        work.answers.append(contract.refusal(self.centre, command.source, command.id, fault, reason))

    def _answer_early(self, command: Command, work: _Work) -> None:
        """An input whose predecessors never came. The refusal is not remembered: sent again in order, it is taken."""
        reason = f"number {command.sequence} of {command.subject!r} came before its turn: send what is missing first"
        self.refusals["early"] += 1
        self._answer_once(command.source, command.id, "early", reason, work)

    def _repeat(self, outcome: Outcome, work: _Work) -> Sequence[Command]:
        """A duplicate gets its first outcome again. Returns what waited behind it, if it was taken before a restart."""
        work.answers.append(contract.outcome(self.centre, outcome))
        if outcome.sequence is None:
            return ()
        return self._released(self._intake.advance(outcome.source, outcome.subject, outcome.sequence), work)

    def _answer(self, work: _Work, now: int) -> None:
        """What came twice in one turn gets its outcome twice; questions are answered as of the turn's end."""
        outcomes = {(outcome.source, outcome.id): outcome for outcome in work.outcomes}
        for command in work.copies:
            if outcome := outcomes.get(_key(command)):
                work.answers.append(contract.outcome(self.centre, outcome))
        work.answers += [contract.answer(self.centre, question, self.engine.board, now) for question in work.asked]

    def _reject(self, participant: str, error: Malformed, work: _Work, now: int) -> None:
        self.refusals["malformed"] += 1
        log.warning("input.malformed", source=participant, id=error.id, why=error.reason)
        work.dead_letters.append(DeadLetter(now, participant, error.id, error.kind, error.reason, error.masked))
        self._answer_once(participant, error.id, "malformed", error.reason, work)

    def _answer_once(self, source: str, event_id: str, fault: str, reason: str, work: _Work) -> None:
        """A refusal that is not remembered, by a number that no other has: not in this run, nor in the next."""
        nth = f"{self._began_at}.{next(self._unremembered)}"
        work.answers.append(contract.refusal(self.centre, source, event_id, fault, reason, nth=nth))

    def _set_aside(self, command: Command, place: str, work: _Work, now: int) -> None:
        """An input that breaks an invariant must not be met again after the restart that follows."""
        reason = f"broke an invariant: {place}"
        log.critical("invariant.broken", source=command.source, id=command.id, subject=command.subject, place=place)
        work.dead_letters.append(_dead_letter(command, reason, now))
        work.outcomes.append(_outcome(command, None, "illegal", "broke an invariant of the engine"))

    # --- commit, acknowledge, announce ----------------------------------------------------------------------------

    async def _commit(self, work: _Work) -> None:
        rows = [row for row, _ in work.events]
        personal = self._vault.take_new()
        if rows or work.outcomes or work.dead_letters or personal:
            await self._journal.append(Batch(rows, work.outcomes, personal, work.dead_letters))

    def _tell(self, work: _Work) -> None:
        """Let everybody know what is committed."""
        for row, event in work.events:
            if isinstance(event, CentreStarted):
                self.measures.adopt(self._plan)
            for observe in self._observers:
                observe(event, row.at)
            if isinstance(event, ContactEnded):
                self._over.append(f"contact/{event.contact}")
            elif isinstance(event, CaseResolved):
                self._over.append(f"case/{event.case}")
        self._announcer.add(work.events)
        self._announcer.answer(work.answers)

    async def _adopt(self) -> None:
        """Put the rules in force, if the journal does not say already that they are; what is due comes before."""
        board = self.engine.board
        if board.started and board.plan.hash == self._plan.hash:
            return
        work, now = _Work(), self._now()
        self._ring(work, now)
        try:
            events = self.engine.handle(CentreStarted(self._plan.hash), now)
        except Refused as refused:
            raise UsageFault(f"{refused.reason}: start with the old rules until those contacts have ended") from refused
        await self._journal.save_plan(self._plan.hash, codec.dump_plan(self._plan))
        self._book(work, events, now)
        await self._commit(work)
        self._tell(work)

    def _introduce(self) -> None:
        """Nothing relies on the broker's memory: what it retains is published again on every connect."""
        self._announcer.answer(contract.introduction(self._plan, self.clock, self._release))

    async def _say_the_rest(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_S_MAX):
                await self._announcer.drain()
        except TimeoutError:
            why = "the broker is away; they are said at the next start"
            log.warning("announcements.left", rows=self.unannounced, why=why)

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


def _key(command: Command) -> Key:
    return (command.source, command.id)


def _place(error: Exception) -> str:
    """What kind of exception it was, and where it was raised; nothing of what it says."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.name}, line {last.lineno} of {Path(last.filename).name}"


def _leave_out(kind: str, value: str) -> str:
    return ""


def _matters(board: Board, subject: str) -> bool:
    """Whether the subject is one of the centre's now: not one that is over, nor one that never was."""
    what, _, own_id = subject.partition("/")
    if what == "case":
        return (case := board.desk.cases.get(own_id)) is not None and case.resolved_at is None
    return own_id in (board.floor.contacts if what == "contact" else board.floor.agents)


def _subjects_over(board: Board, numbered: Iterable[str]) -> Iterator[str]:
    """Contacts that ended and cases that were resolved: late news of them has a number while we remember them.

    Before these, what senders numbered and nobody here knows.
    """
    known = {f"contact/{contact}" for contact in board.ended}
    yield from (subject for subject in numbered if subject not in known and not _matters(board, subject))
    yield from (f"contact/{contact}" for contact in board.ended)
    yield from (f"case/{case.id}" for case in board.desk.cases.values() if case.resolved_at is not None)


def _outcome(command: Command, seq: int | None, fault: str = "", refusal: str = "") -> Outcome:
    return Outcome(command.source, command.id, seq, fault, refusal, command.subject, command.sequence, command.sent_at)


def _dead_letter(command: Command, reason: str, now: int) -> DeadLetter:
    body = codec.encode(command.fact, contract.mask)
    return DeadLetter(now, command.source, command.id, command.fact.kind, reason, body)
