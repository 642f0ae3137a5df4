"""A customer who left a queue and calls again soon finds his place, where the queue's settings allow it."""

from __future__ import annotations

from acd.compat.freeswitch.watch import FreeswitchWatch
from acd.floor import Floor
from acd.model import Contact


def resumed(floor: Floor, contact: Contact, queue: str, now: int) -> tuple[str, int]:
    """The contact whose place this one takes (empty: nobody's), and since when its need is there (ms)."""
    watch = floor.watches.get(queue)
    if not isinstance(watch, FreeswitchWatch):
        return "", contact.need_since
    resumes = watch.resumable(contact.customer, now)
    return resumes, min(contact.need_since, watch.left[resumes].need_since) if resumes else contact.need_since
