"""When the queues of the compat modes are looked at, and what they do then."""

from __future__ import annotations

import acd.compat.asterisk.look
import acd.compat.freeswitch.look
from acd.floor import Floor
from acd.offering import Decisions


def next_look(floor: Floor) -> int | None:
    """The instant (ms) of the next look at any compat queue, or None."""
    return min((watch.look_at for watch in floor.watches.values() if watch.look_at is not None), default=None)


def look(floor: Floor, now: int) -> Decisions:
    """Look at every compat queue whose time has come, the earliest first, then the one with the oldest contact."""
    due = [watch for watch in floor.watches.values() if watch.look_at is not None and watch.look_at <= now]
    for watch in sorted(due, key=lambda watch: (watch.look_at, _oldest(floor, watch.queue), watch.queue)):
        if watch.look_at is None or watch.look_at > now:
            continue  # the look at another queue was a look at this one too
        if watch.system == "freeswitch":
            yield from acd.compat.freeswitch.look.look(floor, now)
        else:
            yield from acd.compat.asterisk.look.look(floor, watch, now)


def _oldest(floor: Floor, queue: str) -> int:
    """The place, among all contacts, of the first that came to a queue and waits for its answer."""
    contacts = floor.contacts.values()
    return min((each.order for each in contacts if each.queue == queue and not each.agent), default=0)
