"""What a queue remembers: its callers and how far each is, where its pointer stands, and its members' last calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from acd.compat.asterisk.plan import AsteriskQueue
from acd.compat.events import AttemptEnded, AttemptStarted, CompatLooked
from acd.events import (
    AgentAlive,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    ContactReprioritised,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
    LegRinging,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    QueueLeft,
    WithdrawOffer,
    is_missed,
)

PLACES: Final = 1_000
"""A pointer is a metric modulo this, so a list's places from here on cannot be pointed at."""

_TELL_NOTHING = (CompatLooked, LegRinging, AgentAlive)
"""After these the queue is as it was."""


@dataclass(slots=True)
class Calls:
    """How many calls a member had, when the last one ended (ms; None: never), and of which queue (empty: unknown)."""

    count: int = 0
    last: int | None = None
    queue: str = ""


@dataclass(slots=True)
class Member:
    """What is known of a member: his calls of this queue, and of all; and that he has missed one of this queue."""

    own: Calls = field(default_factory=Calls)
    all: Calls = field(default_factory=Calls)
    missed: bool = False

    def calls(self, *, shared: bool) -> Calls:
        """His calls, as far as the queue knows them: with `shared_lastcall`, those of all queues."""
        return self.all if shared else self.own


NEW: Final = Member()
"""A member of whom nothing is known yet."""


@dataclass(slots=True)
class Attempt:
    """A try at the members. `left` are those not tried yet, the best first; `ringing` the offers that are open.

    All its offers end at `until`. `ring_ms` is how long it may take in all, or with `timeoutrestart` each phone.
    """

    strategy: str
    left: tuple[tuple[str, int], ...]
    wraps: bool
    ring_ms: int
    until: int
    ringing: tuple[int, ...] = ()
    answered: bool = False


@dataclass(slots=True)
class Caller:
    """A contact in the queue. `until` is its own time-out, `penalty_max` its own bound. `pointer` is that of `linear`.

    It is `attempt`-ing, or at rest until `rests_until`, or waits for its turn.
    """

    contact: str
    priority: int
    since: int
    until: int | None
    penalty_max: int | None
    admitted: bool = False
    pointer: int = 0
    attempts: int = 0
    rests_until: int = 0
    attempt: Attempt | None = None


@dataclass(slots=True)
class AsteriskWatch:
    """What a queue remembers, a fold over the floor's events. `look_at`: when it is looked at next (ms), or None.

    `callers`: in the order of the queue. `pointer` and `wrapped` are those of `rrmemory` and `rrordered`: whether any
    attempt since the pointer was set last saw somebody behind it. `autopause`: as the settings have it.
    """

    cuts_offers: ClassVar[bool] = False
    rings_out: ClassVar[bool] = False
    limits_missed: ClassVar[bool] = False

    queue: str
    look_at: int | None = None
    callers: list[Caller] = field(default_factory=list)
    members: dict[str, Member] = field(default_factory=dict)
    pointer: int = 0
    wrapped: bool = False
    autopause: bool = False
    system: Literal["asterisk"] = "asterisk"

    def adopt(self, settings: AsteriskQueue) -> None:
        """Follow these settings from now on."""
        self.autopause = settings.autopause

    def apply(self, event: Any, now: int) -> None:
        """Hear of an event that was just booked."""
        if book := _BOOK.get(type(event)):
            book(self, event, now)
        if not isinstance(event, _TELL_NOTHING) and any(_may_act(caller, now) for caller in self.callers):
            self.look_at = now

    def caller(self, contact: str) -> Caller | None:
        """The contact's place in this queue, if it is in it."""
        return next((caller for caller in self.callers if caller.contact == contact), None)

    def holds_back(self, agent: str) -> bool:
        """Whether the agent is paused here, as he missed a call of this queue after he last said that he is ready."""
        return self.autopause and agent in self.members and self.members[agent].missed

    # --- booking --------------------------------------------------------------------------------------------------

    def _queued(self, event: ContactQueued, now: int) -> None:
        if event.queue == self.queue:
            bound = None if event.tiers_max is None else event.tiers_max - 1
            self._insert(Caller(event.contact, event.priority, now, event.until, bound), event.position)

    def _insert(self, caller: Caller, position: int | None) -> None:
        """Before the first of lower priority; or at `position` (1 is the front), but behind all of higher priority."""

        def gives_way(place: int, other: Caller) -> bool:
            asked = position is not None and position <= place + 1 and caller.priority >= other.priority
            return asked or caller.priority > other.priority

        places = (place for place, other in enumerate(self.callers) if gives_way(place, other))
        self.callers.insert(next(places, len(self.callers)), caller)

    def _reprioritised(self, event: ContactReprioritised, _now: int) -> None:
        if caller := self.caller(event.contact):
            caller.priority = event.priority
            if event.immediate:
                self.callers.remove(caller)
                self._insert(caller, None)

    def _looked(self, event: CompatLooked, _now: int) -> None:
        if event.queue == self.queue:
            self.look_at = event.next_at
            for caller in self.callers:
                caller.admitted = True

    def _started(self, event: AttemptStarted, now: int) -> None:
        if caller := self.caller(event.contact):
            caller.attempts += 1
            caller.attempt = Attempt(event.strategy, event.ranks, event.wraps, event.until - now, event.until)
            self.wrapped = self.wrapped or (event.wraps and event.strategy != "linear")

    def _offered(self, event: OfferContact, _now: int) -> None:
        caller = self.caller(event.contact)
        if caller and (attempt := caller.attempt):
            attempt.ringing = (*attempt.ringing, event.offer)
            attempt.until = event.until
            attempt.left = _not_tried(attempt, event.agent)

    def _answered(self, event: OfferAccepted | LegAnswered, _now: int) -> None:
        caller = self.caller(event.contact)
        if caller and caller.attempt:
            self._point(caller, caller.attempt)
            caller.attempt.answered, caller.attempt.left = True, ()

    def _lost(self, event: OfferDeclined | OfferExpired | LegFailed | WithdrawOffer | JoinTimedOut, _now: int) -> None:
        caller = self.caller(event.contact)
        if caller is None or caller.attempt is None:
            return
        caller.attempt.ringing = tuple(offer for offer in caller.attempt.ringing if offer != event.offer)
        if is_missed(event):
            self._member(event.agent).missed = True

    def _attempt_ended(self, event: AttemptEnded, _now: int) -> None:
        caller = self.caller(event.contact)
        if caller and caller.attempt:
            caller.attempt.left = () if event.tried_all else caller.attempt.left
            self._end(caller)
            caller.rests_until = event.next_at

    def _joined(self, event: ContactJoined, _now: int) -> None:
        if caller := self.caller(event.contact):
            self.callers.remove(caller)

    def _queue_left(self, event: QueueLeft, _now: int) -> None:
        if event.queue == self.queue:
            self._gone(event.contact)

    def _gone(self, contact: str) -> None:
        """Out of the queue unanswered, if it is in it."""
        if caller := self.caller(contact):
            self._end(caller)
            self.callers.remove(caller)

    def _ended(self, event: ContactEnded, now: int) -> None:
        self._gone(event.contact)
        if event.outcome == "handled":
            member = self._member(event.agent)
            for calls in (member.all, *([member.own] if event.queue == self.queue else [])):
                calls.count, calls.last, calls.queue = calls.count + 1, now, event.queue

    def _state_set(self, event: AgentStateSet, _now: int) -> None:
        if event.state == "ready" and event.agent in self.members:
            self.members[event.agent].missed = False

    def _member(self, agent: str) -> Member:
        return self.members.setdefault(agent, Member())

    # --- the pointers ---------------------------------------------------------------------------------------------

    def _end(self, caller: Caller) -> None:
        """An attempt that nobody answered moves the pointer too."""
        if caller.attempt and not caller.attempt.answered:
            self._point(caller, caller.attempt)
        caller.attempt = None

    def _point(self, caller: Caller, attempt: Attempt) -> None:
        """To the best of those not tried; by the metrics of when the attempt began, so a slow one points back."""
        if attempt.strategy == "linear":
            caller.pointer = _next_pointer(attempt, caller.pointer, wrapped=attempt.wraps)
        elif attempt.strategy in ("rrmemory", "rrordered"):
            self.pointer = _next_pointer(attempt, self.pointer, wrapped=self.wrapped)
            self.wrapped = False


def watch(queue: str, settings: AsteriskQueue) -> AsteriskWatch:
    """A watch over a queue that nobody has joined yet, with the members' calls that were taken over."""
    known = {
        member.agent: Member(Calls(member.calls, member.last_call), Calls(member.calls, member.last_call))
        for member in settings.members
        if member.calls or member.last_call is not None
    }
    return AsteriskWatch(queue, members=known, autopause=settings.autopause)


def _may_act(caller: Caller, now: int) -> bool:
    """Whether what happens can matter to a caller: not to one who rests, nor while phones ring for him."""
    return caller.rests_until <= now if caller.attempt is None else not caller.attempt.ringing


def pointer_to(metric: int) -> int:
    """The place in the list that a metric stands for, as far as a pointer can say it."""
    return metric % PLACES


def _next_pointer(attempt: Attempt, pointer: int, *, wrapped: bool) -> int:
    if attempt.left:
        return pointer_to(attempt.left[0][1])
    return 0 if wrapped else pointer + 1


def _not_tried(attempt: Attempt, agent: str) -> tuple[tuple[str, int], ...]:
    """Who is left when this agent rings: those behind him; of `ringall`, those of a higher metric."""
    tried = next((place for place, (other, _) in enumerate(attempt.left) if other == agent), None)
    if tried is None:  # of `ringall`: the first of its metric took him out
        return attempt.left
    behind = attempt.left[tried + 1 :]
    if attempt.strategy != "ringall":
        return behind
    return tuple(rank for rank in behind if rank[1] > attempt.left[tried][1])


_BOOK: dict[type, Callable[[AsteriskWatch, Any, int], None]] = {
    ContactQueued: AsteriskWatch._queued,
    ContactReprioritised: AsteriskWatch._reprioritised,
    CompatLooked: AsteriskWatch._looked,
    AttemptStarted: AsteriskWatch._started,
    OfferContact: AsteriskWatch._offered,
    OfferAccepted: AsteriskWatch._answered,
    LegAnswered: AsteriskWatch._answered,
    OfferDeclined: AsteriskWatch._lost,
    OfferExpired: AsteriskWatch._lost,
    LegFailed: AsteriskWatch._lost,
    WithdrawOffer: AsteriskWatch._lost,
    JoinTimedOut: AsteriskWatch._lost,
    AttemptEnded: AsteriskWatch._attempt_ended,
    ContactJoined: AsteriskWatch._joined,
    QueueLeft: AsteriskWatch._queue_left,
    ContactEnded: AsteriskWatch._ended,
    AgentStateSet: AsteriskWatch._state_set,
}
