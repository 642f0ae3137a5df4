"""What a queue does when it is looked at."""

from __future__ import annotations

from acd.compat.freeswitch.watch import FreeswitchWatch
from acd.decide import Decisions
from acd.events import CompatLooked
from acd.floor import Floor


def look(floor: Floor, watch: FreeswitchWatch, now: int) -> Decisions:
    """Decide all that is to be decided at this instant, and when to look again."""
    yield CompatLooked(watch.queue, None)
