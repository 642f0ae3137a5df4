"""The fold itself: every event of the log is counted once, in the stretch of time in which it happened.

Stretches begin at multiples of a fixed length since the epoch, half-open. People's intervals, which begin at the hours
of a zone, are made of them outside (`router.intervals`): here no zone is known.

What happens costs a few integer sums. The time of agents in a state is kept as how many are in it and since when, so
that a border between two stretches costs the same for ten agents and for ten thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from acd.events import (
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    JoinTimedOut,
    LegFailed,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    QueueLeft,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
)
from acd.hands import ConsultCompleted, ContactTransferred, TalkEnded
from acd.stand_in_events import CallbackFailed, DialTimedOut
from escalation.events import CaseOpened, CaseResolved
from router.events import Event
from router.measures.definitions import MEASURES
from router.measures.spans import Span, pending, settle, shift, with_times_of
from router.measures.state import Consult, Doing, State, Visit, dump, load
from router.measures.tally import Tally
from router.plan import Plan

QUARTER_MS: Final = 15 * 60 * 1000
"""How long a stretch is unless asked otherwise. Today's zones are all at whole quarters of an hour from UTC."""
KEPT_MAX: Final = 200
"""How many stretches a live service keeps: two days of quarter hours, even where the clocks go back. The journal has
all."""


_BEFORE_ALL: Final = -(2**63)
"""No instant is earlier: the first event begins the first stretch."""


class Measures:
    """The fold. `apply` every event of the log in order; ask `tally`, `by_queue`, `value` or `spans` at any time.

    `thresholds_ms`: acceptable waits to count by beside each queue's own. `span_ms`: how long a stretch is.
    `kept_max`: how many stretches are kept; None: all.
    """

    def __init__(
        self,
        plan: Plan,
        thresholds_ms: tuple[int, ...] = (),
        *,
        span_ms: int = QUARTER_MS,
        kept_max: int | None = KEPT_MAX,
    ) -> None:
        self._plan = plan
        self._thresholds_ms = thresholds_ms
        self.span_ms = span_ms
        self._kept_max = kept_max
        self._resume(State())

    def _resume(self, state: State) -> None:
        self._state = state
        self._as_of = state.as_of
        self._span = next(reversed(state.spans.values()), Span(0))
        self._border = self._span.start + self.span_ms if state.spans else _BEFORE_ALL

    def adopt(self, plan: Plan) -> None:
        """Read the queues' thresholds from these rules from now on."""
        self._plan = plan

    def apply(self, event: Event, at: int) -> None:
        """Fold one event that happened at `at` (ms)."""
        self._as_of = at  # as `reach` has it, in line: there are many events
        if at >= self._border:
            self._cross(at)
        if fold := _FOLD.get(type(event)):
            fold(self, event, at)

    def reach(self, at: int) -> None:
        """Time has come to `at` (ms), with an event that counts nowhere."""
        self._as_of = at
        if at >= self._border:
            self._cross(at)

    @property
    def as_of(self) -> int:
        """The instant of the last event, in ms."""
        return self._as_of

    @property
    def kept_since(self) -> int:
        """From when on (ms) the stretches are whole: what was before is in the totals alone."""
        return self._state.forgotten_until

    def by_queue(self) -> dict[str, Tally]:
        """The tallies of all queues of the plan, up to the last event."""
        return {queue: self._of_queue(queue) for queue in self._plan.floor.queues}

    def tally(self, now: int | None = None) -> Tally:
        """The sums over all queues, with agents' time up to `now`; up to the last event if it is not given."""
        total, agents = Tally(), Tally()
        for queue in self._state.before.completed | self._span.completed:
            total.add(self._of_queue(queue))
        agents.add(self._state.before.agents)
        agents.add(self._span.agents)
        pending(self._state.agents_now, agents, self.as_of if now is None else now)
        return with_times_of(total, agents)

    def value(self, name: str, now: int | None = None) -> float | None:
        """A measure over all queues."""
        return MEASURES[name].of(self.tally(now))

    def queues(self) -> list[str]:
        """Every queue that the plan or the sums know."""
        state = self._state
        return sorted({*self._plan.floor.queues, *state.before.completed, *self._span.completed})

    def acceptable_waits_ms(self) -> dict[str, int]:
        """The acceptable wait (AWT) of each queue of the plan."""
        return {queue: plan.acceptable_wait_ms for queue, plan in self._plan.floor.queues.items()}

    def spans(self) -> Iterator[Span]:
        """The stretches that are kept, to be read only, in their order; the one that goes on, up to the last event."""
        for span in self._state.spans.values():
            yield self._told(span) if span is self._span else span

    def dump(self) -> bytes:
        """The fold's state as JSON, for a snapshot. It holds ids only."""
        self._state.as_of = self._as_of
        return dump(self._state)

    def load(self, body: bytes) -> None:
        """Go on from what `dump` gave. Raises `JournalFault` for what cannot be read."""
        self._resume(load(body))

    # --- totals and stretches -------------------------------------------------------------------------------------

    def _of_queue(self, queue: str) -> Tally:
        total = Tally()
        for span in (self._state.before, self._span):
            if tally := span.completed.get(queue):
                total.add(tally)
        total.carried_in, total.carried_out = 0, self._state.lengths.get(queue, 0)
        pending(self._state.queues_now.get(queue, {}), total, self.as_of)
        return total

    def _told(self, span: Span) -> Span:
        """A copy of the stretch that goes on, as it would be if it ended with the last event."""
        told = Span(span.start, _copies(span.completed), span.arrived)
        told.agents.add(span.agents)
        self._carry_out(told.completed)
        pending(self._state.agents_now, told.agents, self.as_of)
        for queue, levels in self._state.queues_now.items():
            pending(levels, _of(told.completed, queue), self.as_of)
        return told

    def _carry_out(self, tallies: dict[str, Tally]) -> None:
        for queue, length in self._state.lengths.items():
            if length:
                _of(tallies, queue).carried_out = length

    def _cross(self, at: int) -> None:
        """Begin the stretch of `at`, and end those before it. What is empty, and in which nobody is, is left out."""
        while self._state.spans and self._border <= at and self._is_busy():
            self._close()
            self._open(self._border)
        if self._border <= at:
            if self._state.spans:
                self._close()
            self._open(at - at % self.span_ms)

    def _is_busy(self) -> bool:
        state = self._state
        levels = (state.agents_now, *state.queues_now.values())
        return any(state.lengths.values()) or any(level.count for each in levels for level in each.values())

    def _close(self) -> None:
        state, span = self._state, self._span
        self._carry_out(span.completed)
        settle(state.agents_now, span.agents, self._border)
        for queue, levels in state.queues_now.items():
            settle(levels, _of(span.completed, queue), self._border)
        for queue, tally in span.completed.items():
            _of(state.before.completed, queue).add(tally)
        state.before.agents.add(span.agents)

    def _open(self, start: int) -> None:
        state = self._state
        self._span = state.spans[start] = Span(start)
        self._border = start + self.span_ms
        for queue, length in state.lengths.items():
            if length:
                self._span.completed[queue] = Tally(carried_in=length)
        if self._kept_max is not None and len(state.spans) > self._kept_max:
            del state.spans[next(iter(state.spans))]
            state.forgotten_until = next(iter(state.spans))

    # --- contacts -------------------------------------------------------------------------------------------------

    def _both(self, visit: Visit) -> tuple[Tally, ...]:
        """Where a contact is counted: in the stretch that goes on, and in that in which it came, if that is kept."""
        tally = _of(self._span.completed, visit.queue)
        span = self._state.spans.get(visit.since - visit.since % self.span_ms)
        return (tally, _of(span.arrived, visit.queue)) if span else (tally,)

    def _queued(self, event: ContactQueued, at: int) -> None:
        if event.consults:
            self._state.consults[event.contact] = Consult(event.consults, event.queue)
            return
        visit = self._state.waiting[event.contact] = Visit(event.queue, at, bool(event.stand_in))
        self._state.lengths[event.queue] = self._state.lengths.get(event.queue, 0) + 1
        tally, cohort = self._both(visit)
        for each in (tally, cohort):
            each.stand_ins += visit.is_stand_in
            each.offered += not visit.is_stand_in
        cohort.carried_out += 1

    def _leave(self, contact: str, outcome: str, at: int) -> tuple[Visit, tuple[Tally, ...]]:
        """A contact leaves its queue, one way or another, and is counted there, once."""
        visit = self._state.waiting.pop(contact)
        self._state.lengths[visit.queue] -= 1
        tallies = self._both(visit)
        for tally in tallies:
            setattr(tally, outcome, getattr(tally, outcome) + 1)
            if not visit.is_stand_in:
                tally.wait_ms_max = max(tally.wait_ms_max, at - visit.since)
        for cohort in tallies[1:]:
            cohort.carried_out -= 1
        return visit, tallies

    def _left(self, event: QueueLeft, at: int) -> None:
        if event.contact not in self._state.consults:
            self._leave(event.contact, "closed_on" if event.outcome == "closed" else event.outcome, at)

    def _joined(self, event: ContactJoined, at: int) -> None:
        """Time for a consult is work for its queue, but who is consulted has answered no customer."""
        consult = self._state.consults.get(event.contact)
        queue = consult.queue if consult else self._answered(event, at)
        self._offer_over(event.offer, at)
        self._shift(queue, "handling_ms", 1, at)
        self._change(event.agent, at, offers=-1, contacts=1)

    def _answered(self, event: ContactJoined, at: int) -> str:
        """Count an answer, in the queue that is given back."""
        outcome = "stand_ins_answered" if self._state.waiting[event.contact].is_stand_in else "answered"
        visit, tallies = self._leave(event.contact, outcome, at)
        wait_ms = at - visit.since
        in_time = wait_ms <= self._plan.floor.queues[visit.queue].acceptable_wait_ms
        for tally in tallies:
            if visit.is_stand_in:
                tally.stand_in_wait_ms += wait_ms
                continue
            tally.wait_ms += wait_ms
            tally.answered_in += in_time
            for threshold in self._thresholds_ms:
                tally.within[threshold] = tally.within.get(threshold, 0) + (wait_ms <= threshold)
        self._state.talking[event.contact] = visit
        self._state.handed_on.pop(event.contact, None)
        return visit.queue

    def _transferred(self, event: ContactTransferred, _at: int) -> None:
        self._hand_on(event)
        self._state.handed_on[event.contact] = None

    def _completed(self, event: ConsultCompleted, at: int) -> None:
        """The consultant has the contact, which he did not answer: it is of his queue without having waited there."""
        self._hand_on(event)
        consults = self._state.consults
        leg = next(leg for leg, consult in consults.items() if consult.contact == event.contact)
        self._state.talking[event.contact] = Visit(consults.pop(leg).queue, at)

    def _hand_on(self, event: ContactTransferred | ConsultCompleted) -> None:
        """A part counts in the handle time; what becomes of the contact is the last agent's to say."""
        visit = self._state.wrapping[_part(event)] = self._state.talking.pop(event.contact)
        visit.decides = False

    def _talk_ended(self, event: TalkEnded, at: int) -> None:
        visit = self._state.wrapping[_part(event)]
        visit.talk_ms, visit.ended = event.talk_ms, at

    def _ended(self, event: ContactEnded, at: int) -> None:
        if consult := self._state.consults.pop(event.contact, None):
            if event.agent:
                self._state.consulted[event.contact] = consult.queue
            return
        if not event.queue or event.outcome == "consulted":
            self._state.handed_on.pop(event.contact, None)
            return
        if event.outcome == "handled":
            visit = self._state.wrapping[_part(event)] = self._state.talking.pop(event.contact)
            visit.talk_ms, visit.ended = event.talk_ms, at
            return
        visit, tallies = self._leave(event.contact, event.outcome, at)
        if event.contact in self._state.handed_on:
            del self._state.handed_on[event.contact]
            for tally in tallies:
                tally.lost += 1
        if event.outcome == "abandoned":
            wait_ms, queue = at - visit.since, self._plan.floor.queues[visit.queue]
            for tally in tallies:
                tally.abandoned_wait_ms += wait_ms
                tally.abandoned_in += wait_ms <= queue.acceptable_wait_ms
                tally.abandoned_short += wait_ms <= queue.short_abandon_ms

    def _wrapped_up(self, event: WrappedUp | WrapUpExpired, at: int) -> None:
        visit = self._state.wrapping.pop(_part(event), None)
        if visit:
            self._book_handling(visit, event, at)
        queue = visit.queue if visit else self._state.consulted.pop(event.contact)
        self._shift(queue, "handling_ms", -1, at)
        self._change(event.agent, at, contacts=-1)

    def _book_handling(self, visit: Visit, event: WrappedUp | WrapUpExpired, at: int) -> None:
        columns = ("wrapped_up", event.outcome) if visit.decides else ("handed_on",)
        for tally in self._both(visit):
            tally.talk_ms += visit.talk_ms
            tally.wrap_up_ms += at - visit.ended
            for column in columns:
                setattr(tally, column, getattr(tally, column) + 1)
        if visit.decides and event.outcome == "follow_up":
            self._state.kept[event.contact] = visit

    def _case_opened(self, event: CaseOpened, _at: int) -> None:
        if visit := self._state.kept.pop(event.contact, None):
            self._state.cases[event.case] = visit

    def _case_resolved(self, event: CaseResolved, _at: int) -> None:
        if visit := self._state.cases.pop(event.case, None):
            for tally in self._both(visit):
                tally.followed_up += 1

    # --- agents ---------------------------------------------------------------------------------------------------

    def _shift(self, queue: str, column: str, by: int, at: int) -> None:
        """More or less work for a queue."""
        levels = self._state.queues_now.get(queue)
        if levels is None:
            levels = self._state.queues_now[queue] = {}
        shift(levels, column, by, at)

    def _change(
        self, agent_id: str, at: int, *, presence: str | None = None, offers: int = 0, contacts: int = 0
    ) -> None:
        """An agent does something else, or more or less of it."""
        agent = self._state.agents.get(agent_id)
        if agent is None:
            agent = self._state.agents[agent_id] = Doing()
        agent.offers += offers
        agent.contacts += contacts
        if presence is not None:
            agent.presence = presence
        was, column = agent.column, agent.choose()
        if column != was:
            agent.column = column
            if was:
                shift(self._state.agents_now, was, -1, at)
            if column:
                shift(self._state.agents_now, column, 1, at)

    def _offered(self, event: OfferContact, at: int) -> None:
        self._state.offers[event.offer] = event.queue
        self._shift(event.queue, "ringing_ms", 1, at)
        self._change(event.agent, at, offers=1)

    def _offer_over(self, offer: int, at: int) -> None:
        self._shift(self._state.offers.pop(offer), "ringing_ms", -1, at)

    def _offer_lost(self, event: Any, at: int) -> None:
        self._offer_over(event.offer, at)
        self._change(event.agent, at, offers=-1)

    def _asked(self, event: AgentStateSet, at: int) -> None:
        """At once if he is with nobody; else `agent.moved` says when."""
        if not self._is_engaged(event.agent):
            self._change(event.agent, at, presence=_PRESENCE[event.state])

    def _moved(self, event: AgentMoved, at: int) -> None:
        self._change(event.agent, at, presence=_PRESENCE[event.state])

    def _lapsed(self, event: AgentLapsed, at: int) -> None:
        if not self._is_engaged(event.agent):
            self._change(event.agent, at, presence="")

    def _is_engaged(self, agent_id: str) -> bool:
        agent = self._state.agents.get(agent_id)
        return agent is not None and bool(agent.offers or agent.contacts)


def _part(event: Any) -> str:
    """What an agent has, or had, of a contact. There may be several of one that is handed on."""
    return f"{event.contact} {event.agent}"


def _of(tallies: dict[str, Tally], queue: str) -> Tally:
    tally = tallies.get(queue)
    if tally is None:
        tally = tallies[queue] = Tally()
    return tally


def _copies(tallies: dict[str, Tally]) -> dict[str, Tally]:
    copies = {queue: Tally() for queue in tallies}
    for queue, tally in tallies.items():
        copies[queue].add(tally)
    return copies


_PRESENCE: Final = {
    "ready": "ready_ms",
    "paused": "paused_ms",
    "not_responding": "not_responding_ms",
    "offline": "",
}

_FOLD: Final[dict[type, Callable[[Measures, Any, int], None]]] = {
    ContactQueued: Measures._queued,
    QueueLeft: Measures._left,
    ContactJoined: Measures._joined,
    ContactEnded: Measures._ended,
    ContactTransferred: Measures._transferred,
    ConsultCompleted: Measures._completed,
    TalkEnded: Measures._talk_ended,
    WrappedUp: Measures._wrapped_up,
    WrapUpExpired: Measures._wrapped_up,
    CaseOpened: Measures._case_opened,
    CaseResolved: Measures._case_resolved,
    OfferContact: Measures._offered,
    OfferDeclined: Measures._offer_lost,
    OfferExpired: Measures._offer_lost,
    LegFailed: Measures._offer_lost,
    WithdrawOffer: Measures._offer_lost,
    JoinTimedOut: Measures._offer_lost,
    CallbackFailed: Measures._offer_lost,
    DialTimedOut: Measures._offer_lost,
    AgentStateSet: Measures._asked,
    AgentMoved: Measures._moved,
    AgentLapsed: Measures._lapsed,
}
FOLDED: Final = frozenset(kind.kind for kind in _FOLD)  # type: ignore[attr-defined]
"""The kinds of events that count somewhere: whoever reads a log may pass over the others, if he tells of their time."""
