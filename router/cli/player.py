"""One run of made-up customers and agents against a live service: a world on one side, the event contract on the other.

No input or output here: heard words and the time go in, publications come out, so that a test needs no broker.

A run plays for a while, lets everybody come home, and closes: agents log out, and the last answers are awaited.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import Final

from acd.capacity import in_hand_max
from acd.events import AgentStateSet
from router.cli.drawn import Drawn
from router.cli.listening import Announced, Heard, Shown
from router.cli.sending import Commands, Sent
from router.contract.answering import InputAccepted, InputRefused
from router.contract.inputs import SnapshotRequested
from router.events import ContactArrived, Event
from router.measures import Measures, Tally
from router.plan import Plan
from router.ports import Publication
from simulator.audit import Audit
from simulator.world import World

HOME_MS_MAX: Final = 7_200_000
"""How long after the last arrival everybody must be home."""
ARRIVALS_REMEMBERED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Outages:
    """How often the broker or the service was away, for how long in all, and how late that made commands at most.

    `away_s` is of the wall clock, all else of the engine's: `stood_ms` for how long that stood still, as a service with
    a clock of its own goes on where its journal ends, and `early_ms_max` how early that made commands at most.
    """

    count: int = 0
    away_s: float = 0.0
    late_ms_max: int = 0
    stood_ms: int = 0
    early_ms_max: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. `tally` is None where rows were not heard.

    `late_ms` is how late commands were, sorted, but for those that an outage held up; `own_late_ms`, sorted too, how
    late the player itself was with them.
    """

    contacts: int
    rows: int
    tally: Tally | None
    refusals: dict[str, int]
    late_ms: list[int]
    own_late_ms: list[int]
    outages: Outages
    problems: list[str]
    interrupted: bool


class Player:
    """Plays a world until `until`. Instants are ms of the engine's clock."""

    def __init__(
        self, plan: Plan, world: World, drawn: Drawn, commands: Commands, run: str, after: int, until: int
    ) -> None:
        """`run` begins the ids of the run's contacts; `after` is the last row that it knows of."""
        self._world = world
        self._drawn = drawn
        self._commands = commands
        self._run = run
        self._seq = after
        self._until = until
        self._audit = Audit(after, in_hand_max=in_hand_max(plan.floor))
        self._measures = Measures(plan)
        self._complete = True
        self._cases: set[str] = set()
        self._arrivals: deque[tuple[int, str]] = deque(maxlen=ARRIVALS_REMEMBERED)
        self._late: dict[str, int] = {}
        self._early: dict[str, int] = {}
        self._late_ms: list[int] = []
        self._own_late_ms: list[int] = []
        self._outages = Outages()
        self._refusals: Counter[str] = Counter()
        self._refused: list[str] = []
        self.closing = False
        self._interrupted = False
        self.now = 0

    @property
    def done(self) -> bool:
        """Whether everybody is home, and every command has its outcome."""
        return self.closing and not self._commands and not self._is_due()

    @property
    def arrivals_over(self) -> bool:
        """Whether nobody new calls any more."""
        return self.now >= self._until

    def hear(self, heard: Heard, now: int) -> list[Publication]:
        """Take what was heard; what is to be published for it."""
        self.now = now
        match heard:
            case Announced(seq=seq) if seq > self._seq:
                return self._announced(heard)
            case InputAccepted():
                return self._commands.settle(heard.input, self.now)[1]
            case InputRefused():
                return self._refused_input(heard)
            case Shown():
                return self._shown(heard)
            case _:
                return []

    def act(self, now: int, late_ms: int = 0) -> list[Publication]:
        """What is to be published now: what the world does, and what had no answer yet.

        `late_ms`: how much later than at `deadline` this is called, by the caller's own fault.
        """
        self.now = now
        publications = self._commands.again(self.now)
        if not self.closing and self.now >= self._until and self._is_home():
            self.close()
        while self._is_due():
            due = self._world.upcoming() or now
            publications += self._commands.give(self._world.act(), due, self.now, late_ms)
        return publications

    def _is_due(self) -> bool:
        upcoming = self._world.upcoming()
        return upcoming is not None and upcoming <= self.now

    def deadline(self) -> int | None:
        """When to call `act` next, if nothing is heard before."""
        instants = (self._world.upcoming(), self._commands.repeat_at(), None if self.arrivals_over else self._until)
        return min((at for at in instants if at is not None), default=None)

    @property
    def answered(self) -> int:
        """How many commands have had their outcome."""
        return self._commands.answered

    @property
    def waiting(self) -> bool:
        """Whether a command has none yet."""
        return bool(self._commands)

    def cut_off(self) -> None:
        """The broker or the service has gone."""
        self._commands.cut_off()

    def resume(self, now: int, away_s: float, stood_ms: int = 0) -> None:
        """It is there again, after so many seconds of the wall clock.

        `now` may be before the instant of the last call, if the engine's clock stood still (for `stood_ms`) meanwhile.
        What is planned stays where it is on that clock.
        """
        self.now = now
        self._commands.resume(now)
        outages = self._outages
        self._outages = replace(
            outages, count=outages.count + 1, away_s=outages.away_s + away_s, stood_ms=outages.stood_ms + stood_ms
        )

    def close(self, *, interrupted: bool = False) -> None:
        """Send everybody home at once."""
        if interrupted or self._world.under_way:
            self._drawn.lose_track()
        self._interrupted = interrupted
        self.closing = True
        self._world.close(self.now)

    def outcome(self) -> Outcome:
        """What came of it so far."""
        problems = [*self._refused, *self._audit.problems(finished=not self._interrupted), *self._drawn.problems()]
        return Outcome(
            self._audit.contacts,
            self._audit.rows,
            self._measures.tally(self.now) if self._complete else None,
            dict(self._refusals),
            sorted(self._late_ms),
            sorted(self._own_late_ms),
            self._outages,
            problems,
            self._interrupted,
        )

    # --- what is heard --------------------------------------------------------------------------------------------

    def _announced(self, row: Announced) -> list[Publication]:
        publications = self._lose_track() if row.seq > self._seq + 1 else []
        self._seq, self.now = row.seq, max(row.at, self.now)
        sent, freed = self._commands.settle(row.cause, self.now)
        if sent:
            self._note_lateness(sent, row.at)
        self._audit.hear(row.seq, row.event, row.at)
        if self._is_ours(row.event):
            self._book(row)
        self._world.hear(row.event, row.at)
        return publications + freed

    def _book(self, row: Announced) -> None:
        if isinstance(row.event, ContactArrived):
            self._arrivals.append((row.seq, row.event.contact))
        if hasattr(row.event, "contact"):
            contact = row.event.contact
            self._drawn.hear(row.event, self._late.get(contact, 0), self._early.get(contact, 0))
        if self._complete:
            self._measures.apply(row.event, row.at)

    def _is_ours(self, event: Event) -> bool:
        """Whether an event is about a contact or a case of this run, or about an agent alone."""
        contact = getattr(event, "contact", "")
        case = getattr(event, "case", "")
        if contact.startswith(f"{self._run}.") and case:
            self._cases.add(case)
        if case:
            return case in self._cases
        return not contact or contact.startswith(f"{self._run}.")

    def _note_lateness(self, sent: Sent, at: int) -> None:
        late_ms, early_ms = max(0, at - sent.due), 0
        if sent.held_up:
            early_ms = max(0, sent.due - at)
            most = max(late_ms, self._outages.late_ms_max), max(early_ms, self._outages.early_ms_max)
            self._outages = replace(self._outages, late_ms_max=most[0], early_ms_max=most[1])
        else:
            self._late_ms.append(late_ms)
            self._own_late_ms.append(sent.own_late_ms)
        if contact := getattr(sent.fact, "contact", ""):
            self._late[contact] = max(late_ms, self._late.get(contact, 0))
            self._early[contact] = max(early_ms, self._early.get(contact, 0))

    def _refused_input(self, refused: InputRefused) -> list[Publication]:
        if refused.fault == "early":
            return []
        sent, freed = self._commands.settle(refused.input, self.now)
        if sent:
            fault = "stale" if self._is_so(sent.fact) else refused.fault
            self._refusals[fault] += 1
            if fault != "stale":
                self._refused.append(f"{sent.fact.kind} ({sent.id}) was refused as {fault}: {refused.reason}")
        return freed

    def _is_so(self, fact: Event) -> bool:
        """Whether an agent is what he asked to be: his lease lapsed, say, while he logged out."""
        return isinstance(fact, AgentStateSet) and self._audit.state_of(fact.agent) == fact.state

    # --- after a gap ----------------------------------------------------------------------------------------------

    def _lose_track(self) -> list[Publication]:
        """Some rows were never heard. The audit says so; a snapshot will tell who is left."""
        self._complete = False
        self._drawn.lose_track()
        return self._commands.give(SnapshotRequested(), self.now, self.now)

    def _shown(self, shown: Shown) -> list[Publication]:
        _, freed = self._commands.settle(shown.input, self.now)
        seq, agents = shown.centre["seq"], shown.centre["agents"]
        contacts = {contact["contact"] for contact in shown.centre["contacts"]}
        contacts |= {contact for at, contact in self._arrivals if at > seq}
        offline = {agent["agent"] for agent in agents if agent["state"] == "offline"}
        self._world.resume({*contacts, *self._commands.subjects()}, offline, self.now)
        return freed

    def _is_home(self) -> bool:
        return not self._world.under_way or self.now >= self._until + HOME_MS_MAX
