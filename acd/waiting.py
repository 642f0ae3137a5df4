"""Who waits in the queues that announce, at which place, what each was told, and what that taught.

A fold over the floor's events, so it is the same live, simulated and recomputed from the log. The lines follow from the
contacts' records; `waiters` and `estimators` are state, and in snapshots.

*A position* is the place in the order of `acd.discipline` among the contacts of one queue that are not answered yet,
those at whom it rings included: so an offer that fails moves nobody back. What stands in for a customer who is not on
the line has its place like any other, and is told nothing. *It never rises* for a contact in one queue
(INV-07). The true place may: a priority changes, one with an older need comes from another queue, or ageing lets one
catch up, of which no event tells. Then the number last told is told again, and `place` beside it says what is true; the
expected wait goes by the true one. Whoever goes on to another queue (`queue.left`) is told its place there anew.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from acd import discipline
from acd.contact import UNANSWERED
from acd.estimate import Estimator, Prediction
from acd.events import (
    AnnounceWait,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    ContactReprioritised,
    QueueLeft,
)
from acd.model import Contact, ContactState
from acd.plan import Announce, FloorPlan, QueuePlan

PREDICTIONS_MAX: Final = 60
"""How many predictions of one contact are scored: its first ones. With one a minute, that is an hour's."""


@dataclass(slots=True)
class Waiter:
    """A contact that is told where it stands: next at `announce_at` (ms). `told` is the last position, 0 for none."""

    contact: str
    queue: str
    announce_at: int
    told: int = 0
    predictions: list[Prediction] = field(default_factory=list)


class Waits:
    """The waiting contacts of the queues that announce. `apply` follows the floor; everything else only asks."""

    def __init__(self) -> None:
        self.waiters: dict[str, Waiter] = {}
        self.estimators: dict[str, Estimator] = {}
        self.queues: dict[str, QueuePlan] = {}
        self._lines: dict[str, dict[int, list[Contact]]] = {}
        self._standing: dict[str, tuple[Contact, int]] = {}

    def index(self, plan: FloorPlan, contacts: Iterable[Contact]) -> None:
        """Follow these rules, and build the lines from the records. What queues taught is kept while they exist."""
        self.queues = {queue.id: queue for queue in plan.queues.values() if queue.announce}
        self.waiters = {each.contact: each for each in self.waiters.values() if each.queue in self.queues}
        known = self.estimators
        self.estimators = {queue: known[queue] for queue in known if queue in plan.queues}
        for queue in self.queues:
            self.estimators.setdefault(queue, Estimator())
        self._lines = {queue: {} for queue in self.queues}
        self._standing = {}
        for contact in contacts:
            if contact.state in UNANSWERED and contact.queue in self.queues:
                self._stand(contact)

    def apply(self, event: Any, contacts: Mapping[str, Contact], now: int) -> None:
        """Follow one event, after the floor has booked it."""
        if follow := _FOLLOW.get(type(event)):
            follow(self, event, contacts, now)

    # --- asking ---------------------------------------------------------------------------------------------------

    def place(self, contact: Contact, now: int) -> int:
        """Where a waiting contact stands in its queue, counted from 1."""
        queue = self.queues[contact.queue]
        return 1 + self._ahead(queue, discipline.rank(contact, queue, now), now)

    def new_place(self, queue_id: str, now: int) -> int:
        """Where a contact would stand whose need arose now, at the queue's own priority."""
        queue = self.queues[queue_id]
        newest = Contact("", "", "", "", "", now, priority=queue.priority, order=1 << 62)
        return 1 + self._ahead(queue, discipline.rank(newest, queue, now), now)

    def greeting(self, contact: Contact, now: int) -> Iterable[AnnounceWait]:
        """What a contact that came to its queue and waits is told at once; nothing if it was told already."""
        waiter = self.waiters.get(contact.id)
        if waiter is None or waiter.told:
            return ()
        return (self.announcement(contact, now, ()),)

    def announcement(self, contact: Contact, now: int, prompts: tuple[str, ...] | None = None) -> AnnounceWait:
        """What a contact is told: while it is being joined, nothing. `prompts`: instead of its queue's.

        While it rings at an agent nothing is foretold: by then it is soon decided.
        """
        waiter, announce = self.waiters[contact.id], self._announce(contact.queue)
        place, waited_ms = self.place(contact, now), now - contact.queued_at
        waits = contact.state is ContactState.WAITING
        wait_ms = self.estimators[contact.queue].wait_ms(place, waited_ms) if waits else (None, None)
        speaks = contact.state is not ContactState.JOINING
        return AnnounceWait(
            contact.id,
            contact.queue,
            contact.language,
            min(place, waiter.told or place),
            place,
            waited_ms,
            *wait_ms,
            tuple(self._tells(contact, waited_ms, known=wait_ms[0] is not None)) if speaks else (),
            (announce.prompts if prompts is None else prompts) if speaks else (),
        )

    def _tells(
        self, contact: Contact, waited_ms: int, *, known: bool
    ) -> Iterator[Literal["position", "expected_wait", "callback"]]:
        announce, callbacks = self._announce(contact.queue), self.queues[contact.queue].callbacks
        if announce.position:
            yield "position"
        if announce.expected_wait and known:
            yield "expected_wait"
        is_call = contact.channel == "voice" and not contact.consults
        offer_after_ms = callbacks.offer_after_ms if callbacks and is_call else None
        if offer_after_ms is not None and offer_after_ms <= waited_ms:
            yield "callback"

    # --- inside ---------------------------------------------------------------------------------------------------

    def _announce(self, queue: str) -> Announce:
        announce = self.queues[queue].announce
        assert announce is not None, "only queues that announce are followed"
        return announce

    def _ahead(self, queue: QueuePlan, rank: discipline.Rank, now: int) -> int:
        """How many are served before this rank. In each line, of one priority of their own, those are the first."""
        lines = self._lines[queue.id].values()
        return sum(bisect_left(line, rank, key=lambda each: discipline.rank(each, queue, now)) for line in lines)

    def _stand(self, contact: Contact) -> None:
        line = self._lines[contact.queue].setdefault(contact.priority, [])
        insort(line, contact, key=discipline.place)
        self._standing[contact.id] = (contact, contact.priority)

    def _step_out(self, contact_id: str, queue: str) -> None:
        contact, priority = self._standing.pop(contact_id)
        line = self._lines[queue][priority]
        del line[bisect_left(line, discipline.place(contact), key=discipline.place)]
        if not line:
            del self._lines[queue][priority]

    # --- following the floor --------------------------------------------------------------------------------------

    def _queued(self, event: ContactQueued, contacts: Mapping[str, Contact], now: int) -> None:
        if event.queue in self.queues:
            self._stand(contacts[event.contact])
        if event.queue in self.queues and not event.stand_in:
            self.waiters[event.contact] = Waiter(event.contact, event.queue, now + self._announce(event.queue).every_ms)

    def _reprioritised(self, event: ContactReprioritised, contacts: Mapping[str, Contact], now: int) -> None:
        if event.contact in self._standing:
            contact = contacts[event.contact]
            self._step_out(contact.id, contact.queue)
            self._stand(contact)

    def _announced(self, event: AnnounceWait, contacts: Mapping[str, Contact], now: int) -> None:
        waiter = self.waiters[event.contact]
        waiter.announce_at = now + self._announce(event.queue).every_ms
        waiter.told = event.position
        if contacts[event.contact].state is ContactState.WAITING and len(waiter.predictions) < PREDICTIONS_MAX:
            wait_ms = (event.wait_p50_ms, event.wait_p90_ms)
            waiter.predictions.append(Prediction(now, event.place, event.waited_ms, wait_ms))

    def _answered(self, event: ContactJoined, contacts: Mapping[str, Contact], now: int) -> None:
        self._over(event.contact, now, answered=True)

    def _left(self, event: QueueLeft | ContactEnded, contacts: Mapping[str, Contact], now: int) -> None:
        self._over(event.contact, now, answered=False)

    def _over(self, contact: str, now: int, *, answered: bool) -> None:
        """The wait is over. One who was in the queue before it announced has a place in it, but was told nothing."""
        if contact in self._standing:
            queue = self._standing[contact][0].queue
            self._step_out(contact, queue)
            if waiter := self.waiters.pop(contact, None):
                self.estimators[queue].learn(waiter.predictions, now, answered=answered)


_FOLLOW: Final[dict[type, Callable[[Waits, Any, Mapping[str, Contact], int], None]]] = {
    ContactQueued: Waits._queued,
    ContactReprioritised: Waits._reprioritised,
    AnnounceWait: Waits._announced,
    ContactJoined: Waits._answered,
    QueueLeft: Waits._left,
    ContactEnded: Waits._left,
}
