"""What a queue remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(slots=True)
class AsteriskWatch:
    """What a queue remembers, a fold over the floor's events. `look_at`: when it is looked at next (ms), or None."""

    queue: str
    look_at: int | None = None
    system: Literal["asterisk"] = "asterisk"

    def apply(self, event: Any, now: int) -> None:
        """Hear of an event that was just booked."""
