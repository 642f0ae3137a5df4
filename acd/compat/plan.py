"""Which old system's strategy a queue follows."""

from __future__ import annotations

from acd.compat.asterisk.plan import AsteriskQueue
from acd.compat.freeswitch.plan import FreeswitchQueue

CompatQueue = AsteriskQueue | FreeswitchQueue
