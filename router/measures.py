"""Named measures, each with its formula, folded from the log: the same code live, in the simulator and offline.

A `Tally` holds sums only; a measure is a quotient of sums, so totals over queues or days divide sums and never average
percentages. Counts are by completion: a contact counts when it is answered or gone, an outcome when it is wrapped up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

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
from acd.hands import TalkEnded
from escalation.events import CaseOpened, CaseResolved
from router.errors import JournalFault
from router.events import Event
from router.plan import Plan


@dataclass(slots=True)
class Tally:
    """Sums over the contacts of one queue, durations in ms. `within`: how many were answered by each threshold (ms)."""

    offered: int = 0
    answered: int = 0
    answered_in: int = 0
    abandoned: int = 0
    abandoned_short: int = 0
    timed_out: int = 0
    moved: int = 0
    overflowed: int = 0
    blocked: int = 0
    nobody_there: int = 0
    wait_ms: int = 0
    talk_ms: int = 0
    wrap_up_ms: int = 0
    wrapped_up: int = 0
    resolved: int = 0
    follow_up: int = 0
    followed_up: int = 0
    escalated: int = 0
    ready_ms: int = 0
    handling_ms: int = 0
    handed_on: int = 0
    lost: int = 0
    ringing_ms: int = 0
    within: dict[int, int] = field(default_factory=dict)

    @property
    def sent_away(self) -> int:
        """Contacts that we ended, and not the customer, before they were answered."""
        return self.timed_out + self.blocked + self.nobody_there

    def add(self, other: Tally) -> None:
        """Sum another tally into this one."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for threshold, count in other.within.items():
            self.within[threshold] = self.within.get(threshold, 0) + count


_SUMS: Final = tuple(each.name for each in fields(Tally) if each.name != "within")


@dataclass(frozen=True, slots=True)
class Measure:
    """A quotient of sums with a name. `unit` is "share", "ms" or "count" (whose denominator is 1)."""

    name: str
    title: str
    unit: str
    formula: str
    parts: Callable[[Tally], tuple[int, int]]

    def of(self, tally: Tally) -> float | None:
        """The value, or None where there is nothing to divide by."""
        over, under = self.parts(tally)
        return over / under if under else None


def _due(tally: Tally) -> int:
    """Contacts that the service level is about: completed, less those who left within the short-abandon threshold."""
    return tally.answered + tally.abandoned - tally.abandoned_short + tally.sent_away


def _decided(tally: Tally) -> int:
    """Answered contacts that are over; however many agents had one, it is one."""
    return tally.wrapped_up + tally.lost


MEASURES: Final[dict[str, Measure]] = {
    measure.name: measure
    for measure in (
        Measure("offered", "offered", "count", "entered a queue", lambda t: (t.offered, 1)),
        Measure("answered", "answered", "count", "parties joined", lambda t: (t.answered, 1)),
        Measure("abandoned", "abandoned", "share", "abandoned / (answered + abandoned + sent away)",
                lambda t: (t.abandoned, t.answered + t.abandoned + t.sent_away)),
        Measure("sl", "service level", "share",
                "answered within AWT / (answered + abandoned - short abandons + sent away)",
                lambda t: (t.answered_in, _due(t))),
        Measure("asa", "ASA", "ms", "queue wait of answered / answered", lambda t: (t.wait_ms, t.answered)),
        Measure("aht", "AHT", "ms", "(talk + wrap-up) / (wrapped up + handed on)",
                lambda t: (t.talk_ms + t.wrap_up_ms, t.wrapped_up + t.handed_on)),
        Measure("occupancy", "occupancy", "share", "handling / (handling + ready), ringing apart",
                lambda t: (t.handling_ms, t.handling_ms + t.ready_ms)),
        Measure("fcr", "FCR (strict, in contact)", "share",
                "resolved in the contact by the first line / answered and wrapped up, or lost in a transfer",
                lambda t: (t.resolved, _decided(t))),
        Measure("flr", "FLR (gross)", "share",
                "(resolved in the contact + later by the first line) / answered and wrapped up, or lost in a transfer",
                lambda t: (t.resolved + t.followed_up, _decided(t))),
        Measure("escalated", "escalated", "share",
                "handed to a process team / answered and wrapped up, or lost in a transfer",
                lambda t: (t.escalated, _decided(t))),
    )
}  # fmt: skip


def service_level(threshold_ms: int) -> Measure:
    """The service level at a threshold of one's own instead of each queue's; fold with that threshold to have it."""
    seconds = f"{threshold_ms / 1000:g}"
    return Measure(
        f"sl({seconds}s)",
        f"service level ({seconds} s)",
        "share",
        f"answered within {seconds} s / (answered + abandoned - short abandons + sent away)",
        lambda tally: (tally.within.get(threshold_ms, 0), _due(tally)),
    )


def figures(tally: Tally) -> dict[str, dict[str, Any]]:
    """Every measure of a tally: value (None without data), numerator, denominator, unit and formula."""
    return {
        measure.name: {
            "value": measure.of(tally),
            "numerator": measure.parts(tally)[0],
            "n": measure.parts(tally)[1],
            "unit": measure.unit,
            "formula": measure.formula,
        }
        for measure in MEASURES.values()
    }


@dataclass(slots=True)
class _State:
    """What the fold carries along: tallies by queue, and what it needs of contacts, agents and cases under way.

    `kept` are contacts that the first line follows up, `cases` the cases they became; each with its queue.
    `wrapping` is what agents wrap up: by contact and agent its queue, since when (ms), and whether it decides.
    `handed_on` are contacts that were answered and wait again, `consults` the legs of consults, which no queue counts.
    """

    tallies: dict[str, Tally] = field(default_factory=dict)
    agents: Tally = field(default_factory=Tally)
    queued: dict[str, tuple[str, int]] = field(default_factory=dict)
    wrapping: dict[str, tuple[str, int, bool]] = field(default_factory=dict)
    doing: dict[str, tuple[str, int]] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    handed_on: dict[str, None] = field(default_factory=dict)
    consults: dict[str, None] = field(default_factory=dict)


class Measures:
    """The fold. `apply` every event of the log in order; ask `tally`, `by_queue` or `value` at any time."""

    def __init__(self, plan: Plan, thresholds_ms: tuple[int, ...] = ()) -> None:
        self._plan = plan
        self._thresholds_ms = thresholds_ms
        self._state = _State()

    def adopt(self, plan: Plan) -> None:
        """Read the queues' thresholds from these rules from now on."""
        self._plan = plan

    def apply(self, event: Event, at: int) -> None:
        """Fold one event that happened at `at` (ms)."""
        if fold := _FOLD.get(type(event)):
            fold(self, event, at)

    def by_queue(self) -> dict[str, Tally]:
        """The tallies of all queues of the plan; agents' time is not split by queue."""
        return {queue: self._state.tallies.get(queue) or Tally() for queue in self._plan.floor.queues}

    def tally(self, now: int | None = None) -> Tally:
        """The sums over all queues, with agents' time up to `now` if given."""
        total = Tally()
        for tally in self._state.tallies.values():
            total.add(tally)
        total.add(self._state.agents)
        if now is not None:
            for doing, since in self._state.doing.values():
                _book_time(total, doing, now - since)
        return total

    def value(self, name: str, now: int | None = None) -> float | None:
        """A measure over all queues."""
        return MEASURES[name].of(self.tally(now))

    def dump(self) -> bytes:
        """The fold's state as JSON, for a snapshot. It holds ids only."""
        return _STATE.dump_json(self._state)

    def load(self, body: bytes) -> None:
        """Go on from what `dump` gave."""
        try:
            self._state = _STATE.validate_json(body)
        except ValidationError as error:
            raise JournalFault(f"the measures in the snapshot cannot be read: {error.errors()[0]['msg']}") from error

    # --- contacts -------------------------------------------------------------------------------------------------

    def _queue(self, queue: str) -> Tally:
        tally = self._state.tallies.get(queue)
        if tally is None:
            tally = self._state.tallies[queue] = Tally()
        return tally

    def _queued(self, event: ContactQueued, at: int) -> None:
        if event.consults:
            self._state.consults[event.contact] = None
            return
        self._state.queued[event.contact] = (event.queue, at)
        self._queue(event.queue).offered += 1

    def _left(self, event: QueueLeft, _at: int) -> None:
        if event.contact in self._state.consults:
            return
        tally = self._queue(event.queue)
        setattr(tally, event.outcome, getattr(tally, event.outcome) + 1)

    def _joined(self, event: ContactJoined, at: int) -> None:
        self._do(event.agent, "handling", at)
        if event.contact in self._state.consults:
            return
        self._state.handed_on.pop(event.contact, None)
        queue, since = self._state.queued[event.contact]
        tally = self._queue(queue)
        wait_ms = at - since
        tally.answered += 1
        tally.wait_ms += wait_ms
        tally.answered_in += wait_ms <= self._plan.floor.queues[queue].acceptable_wait_ms
        for threshold in self._thresholds_ms:
            tally.within[threshold] = tally.within.get(threshold, 0) + (wait_ms <= threshold)

    def _ended(self, event: ContactEnded, at: int) -> None:
        if not event.queue or event.contact in self._state.consults:
            self._state.consults.pop(event.contact, None)
            return
        tally = self._queue(event.queue)
        del self._state.queued[event.contact]
        was_handed_on = event.contact in self._state.handed_on
        self._state.handed_on.pop(event.contact, None)
        tally.lost += was_handed_on and event.outcome != "handled"
        if event.outcome == "abandoned":
            tally.abandoned += 1
            tally.abandoned_short += event.wait_ms <= self._plan.floor.queues[event.queue].short_abandon_ms
        elif event.outcome != "handled":
            setattr(tally, event.outcome, getattr(tally, event.outcome) + 1)
        else:
            tally.talk_ms += event.talk_ms
            self._state.wrapping[_wrap_up(event)] = (event.queue, at, True)

    def _handed_on(self, event: TalkEnded, at: int) -> None:
        """A part counts in the handle time; what became of the contact is the last agent's to say."""
        tally = self._queue(event.queue)
        tally.talk_ms += event.talk_ms
        tally.handed_on += 1
        self._state.handed_on[event.contact] = None
        self._state.wrapping[_wrap_up(event)] = (event.queue, at, False)

    def _wrapped_up(self, event: WrappedUp | WrapUpExpired, at: int) -> None:
        self._do(event.agent, "ready", at)
        if _wrap_up(event) not in self._state.wrapping:
            return  # of a consult
        queue, since, decides = self._state.wrapping.pop(_wrap_up(event))
        tally = self._queue(queue)
        tally.wrap_up_ms += at - since
        if not decides:
            return
        tally.wrapped_up += 1
        setattr(tally, event.outcome, getattr(tally, event.outcome) + 1)
        if event.outcome == "follow_up":
            self._state.kept[event.contact] = queue

    def _case_opened(self, event: CaseOpened, _at: int) -> None:
        if queue := self._state.kept.pop(event.contact, None):
            self._state.cases[event.case] = queue

    def _case_resolved(self, event: CaseResolved, _at: int) -> None:
        if queue := self._state.cases.pop(event.case, None):
            self._queue(queue).followed_up += 1

    # --- agents ---------------------------------------------------------------------------------------------------

    def _do(self, agent: str, doing: str, at: int) -> None:
        was, since = self._state.doing.get(agent, ("", at))
        _book_time(self._state.agents, was, at - since)
        self._state.doing[agent] = (doing, at)

    def _offered(self, event: OfferContact, at: int) -> None:
        self._do(event.agent, "ringing", at)

    def _offer_lost(self, event: Any, at: int) -> None:
        self._do(event.agent, "ready", at)

    def _asked(self, event: AgentStateSet, at: int) -> None:
        if self._state.doing.get(event.agent, ("", at))[0] in ("", "ready"):
            self._do(event.agent, "ready" if event.state == "ready" else "", at)

    def _stopped(self, event: AgentMoved | AgentLapsed, at: int) -> None:
        if self._state.doing.get(event.agent, ("", at))[0] == "ready":
            self._do(event.agent, "", at)


def _wrap_up(event: TalkEnded | ContactEnded | WrappedUp | WrapUpExpired) -> str:
    """What an agent wraps up; a contact that was handed on may be several agents'."""
    return f"{event.contact} {event.agent}"


def _book_time(tally: Tally, doing: str, spent_ms: int) -> None:
    if doing == "ready":
        tally.ready_ms += spent_ms
    elif doing == "handling":
        tally.handling_ms += spent_ms
    elif doing == "ringing":
        tally.ringing_ms += spent_ms


_STATE: Final = TypeAdapter(_State)

_FOLD: Final[dict[type, Callable[[Measures, Any, int], None]]] = {
    ContactQueued: Measures._queued,
    QueueLeft: Measures._left,
    ContactJoined: Measures._joined,
    ContactEnded: Measures._ended,
    TalkEnded: Measures._handed_on,
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
    AgentStateSet: Measures._asked,
    AgentMoved: Measures._stopped,
    AgentLapsed: Measures._stopped,
}
