"""The order of contacts: one total order over every queue.

Served first is, in this order: the contact whose queue has the larger weight; of these the one with the higher
priority, which may grow with its age; of these the one whose turn came first; of these the one that was queued first.
A contact's *turn* is the instant its need arose, less its own head start and that of its queue, plus the acceptable
wait where the queue goes by slack. So a weight, a priority, a head start and a target are four terms of one order, and
nothing else ever moves a contact past another.

*Bounded overtaking.* Where all queues have the same weight, order, head start and ageing, no contact has a head start
of its own, and no priority is above `priority_max`, a contact of priority p whose need arose at t is overtaken only by
contacts whose need arose before t + W, with W = every x ceil((priority_max - p) / by): from then on its own priority is
the highest there is, and age decides. `docs/fairness.md` has the theorem, its proof and a bound on waiting;
`tests/test_fairness.py` tries both.
"""

from __future__ import annotations

from acd.model import Contact
from acd.plan import QueuePlan

Rank = tuple[int, int, int, int]


def rank(contact: Contact, queue: QueuePlan, now: int) -> Rank:
    """Lower is served first. The last term is a counter, so no two contacts rank the same."""
    return (-queue.weight, -priority(contact, queue, now), turn(contact, queue), contact.order)


def priority(contact: Contact, queue: QueuePlan, now: int) -> int:
    """A contact's priority at this instant: its own, and what it has gained by waiting."""
    ageing = queue.ageing
    if ageing is None or contact.priority >= ageing.priority_max:
        return contact.priority
    gained = (now - contact.need_since) // ageing.every_ms * ageing.by
    return min(contact.priority + gained, ageing.priority_max)


def turn(contact: Contact, queue: QueuePlan) -> int:
    """The instant (ms) by which contacts of equal priority are compared."""
    target = queue.acceptable_wait_ms if queue.order == "slack" else 0
    return contact.need_since - contact.head_start_ms - queue.head_start_ms + target


def place(contact: Contact) -> tuple[int, int]:
    """The order among contacts of one queue and one priority: time does not change it, so that they can be indexed."""
    return (contact.need_since - contact.head_start_ms, contact.order)
