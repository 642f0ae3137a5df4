"""The settings of a queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FreeswitchQueue:
    """A queue's settings."""

    system: Literal["freeswitch"] = "freeswitch"
