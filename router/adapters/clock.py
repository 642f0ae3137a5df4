"""The service's clock: the wall's time, or one that starts where it is told and runs at a speed of its own."""

from __future__ import annotations

import time


class WallClock:
    """Milliseconds since the epoch. Reads the monotonic clock, so that corrections of the wall's do not move it.

    `start` (ms) is what it shows when made, the wall's time if None; `speed` how many of its seconds pass in one.
    """

    def __init__(self, start: int | None = None, speed: float = 1.0) -> None:
        self.speed = speed
        self.own = start is not None or speed != 1
        self._start = self.wall() if start is None else start
        self._since = time.monotonic_ns()

    def now(self) -> int:
        """The instant, ms since the epoch."""
        return self._start + int((time.monotonic_ns() - self._since) * self.speed / 1_000_000)

    def wall(self) -> int:
        """The machine's time, ms since the epoch."""
        return time.time_ns() // 1_000_000

    def resume(self, at: int) -> None:
        """Go on from `at` (ms) if a time of its own has not come that far: nothing else says what time it is there."""
        if self.own and at > self.now():
            self._start, self._since = at, time.monotonic_ns()
