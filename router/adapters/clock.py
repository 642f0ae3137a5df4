"""The service's clock: the wall's time, or one that starts where it is told and runs at a speed of its own."""

from __future__ import annotations

import time


class WallClock:
    """Milliseconds since the epoch. Reads the monotonic clock, so a correction of the wall's time does not move it back.

    `start` (ms) is what it shows when made, the wall's time if None; `speed` how many of its seconds pass in a real one.
    """

    def __init__(self, start: int | None = None, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.time_ns() // 1_000_000 if start is None else start
        self._since = time.monotonic_ns()

    def now(self) -> int:
        """The instant, ms since the epoch."""
        return self._start + int((time.monotonic_ns() - self._since) * self.speed / 1_000_000)
