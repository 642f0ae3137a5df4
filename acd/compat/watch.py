"""What the queues of the compat modes remember, by the system whose settings a queue has."""

from __future__ import annotations

from collections.abc import Iterable

import acd.compat.asterisk.watch
from acd.compat.asterisk.watch import AsteriskWatch
from acd.compat.freeswitch.plan import FreeswitchQueue
from acd.compat.freeswitch.watch import FreeswitchWatch
from acd.compat.plan import CompatQueue
from acd.model import Contact

Watch = AsteriskWatch | FreeswitchWatch


def watch(queue: str, compat: CompatQueue, before: Watch | None, contacts: Iterable[Contact]) -> Watch:
    """The watch over a queue under these settings: the one `before`, if that was of the same system.

    A new one finds those of the `contacts` in the queue who are not answered yet.
    """
    if not isinstance(compat, FreeswitchQueue):
        return before if isinstance(before, AsteriskWatch) else acd.compat.asterisk.watch.watch(queue, compat)
    kept = before if isinstance(before, FreeswitchWatch) else FreeswitchWatch(queue)
    if kept is not before:
        for contact in contacts:
            kept.find(contact)
    kept.adopt(compat)
    return kept
