"""Whether a contact is let into a queue: there must be room, somebody there, and an end of the wait in sight.

Only whoever comes to the floor with a queue is judged. One that was moved by hand, or has overflowed, is let in: it was
told once already that it is served.
"""

from __future__ import annotations

from typing import Final

from acd.estimate import PERCENTS
from acd.floor import Floor
from acd.model import Contact

FULL: Final = "the queue is full"


def refusal(floor: Floor, contact: Contact, now: int) -> str | None:
    """Why a contact that has just come to its queue is sent away, or None."""
    queue = floor.plan.queues[contact.queue]
    if queue.waiting_max is not None and floor.matching.length(queue.id) > queue.waiting_max:
        return FULL
    if queue.agents_min and (there := floor.matching.attending(contact)) < queue.agents_min:
        return f"{there} of at least {queue.agents_min} agents are there"
    return _too_long(floor, contact, now)


def _too_long(floor: Floor, contact: Contact, now: int) -> str | None:
    """Judged by what it would be told; whoever can be offered to somebody at once has nothing to wait for."""
    limit = floor.plan.queues[contact.queue].expected_wait_max
    if limit is None or floor.matching.best_agent(contact, now):
        return None
    waits = floor.waits
    foretold = waits.estimators[contact.queue].wait_ms(waits.place(contact, now), 0)
    wait_ms = foretold[PERCENTS.index(limit.percent)]
    if wait_ms is None or wait_ms <= limit.wait_ms:
        return None
    return f"the expected wait is {wait_ms // 1_000} s ({limit.percent} %), more than {limit.wait_ms // 1_000} s"
