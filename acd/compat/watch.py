"""What the queues of the compat modes remember, by the system whose settings a queue has.

The floor asks every watch alike. `cuts_offers`: an offer ends when its agent stops, and the floor ends a wait at its
longest; `rings_out`: but not while phones ring. `limits_missed`: the system has its own limit to missed offers.
`holds_back`: the queue has paused an agent for itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import acd.compat.asterisk.watch
from acd.compat.asterisk.plan import AsteriskQueue
from acd.compat.asterisk.watch import AsteriskWatch
from acd.compat.freeswitch.watch import FreeswitchWatch
from acd.compat.plan import CompatQueue
from acd.model import Contact

Watch = AsteriskWatch | FreeswitchWatch


def watch(queue: str, compat: CompatQueue, before: Watch | None, contacts: Iterable[Contact]) -> Watch:
    """The watch over a queue under these settings: the one `before`, if that was of the same system.

    A new one finds those of the `contacts` in the queue who are not answered yet.
    """
    if isinstance(compat, AsteriskQueue):
        if not isinstance(before, AsteriskWatch):
            return acd.compat.asterisk.watch.watch(queue, compat)
        before.adopt(compat)
        return before
    kept = before if isinstance(before, FreeswitchWatch) else FreeswitchWatch(queue)
    if kept is not before:
        for contact in contacts:
            kept.find(contact)
    kept.adopt(compat)
    return kept
