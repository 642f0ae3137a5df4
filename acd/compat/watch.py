"""What the queues of the compat modes remember, by the system whose settings a queue has."""

from __future__ import annotations

import acd.compat.asterisk.watch
from acd.compat.asterisk.watch import AsteriskWatch
from acd.compat.freeswitch.plan import FreeswitchQueue
from acd.compat.freeswitch.watch import FreeswitchWatch
from acd.compat.plan import CompatQueue

Watch = AsteriskWatch | FreeswitchWatch


def watch(queue: str, compat: CompatQueue) -> Watch:
    """A watch over a queue that nobody has joined yet."""
    if isinstance(compat, FreeswitchQueue):
        return FreeswitchWatch(queue)
    return acd.compat.asterisk.watch.watch(queue, compat)
