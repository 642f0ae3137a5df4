"""An asyncio event loop whose time is not the wall's: when nothing is left to do, it jumps to the next timer.

What runs on it takes no time, so a day passes in seconds and every run is the same. It knows timers and tasks only:
threads, sockets and child processes have a time of their own, in which it does not believe.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingWillHappen(Exception):
    """Everything waits for something, and no timer is set: without outside events that is for ever."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock starts at 0 seconds and stands still while anything is ready to run."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._settling: list[asyncio.Future[None]] = []
        super().__init__(_Idle(self._idle))

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._now_s

    def settled(self) -> asyncio.Future[None]:
        """Done when nothing is left to do at this instant, before time goes on."""
        future = self.create_future()
        self._settling.append(future)
        return future

    def _idle(self, wait_s: float | None) -> None:
        """Nothing is ready; the next timer is due in `wait_s` seconds, if there is one."""
        if self._settling:
            settling, self._settling = self._settling, []
            for future in settling:
                if not future.done():
                    future.set_result(None)
        elif wait_s is None:
            raise NothingWillHappen("everything waits, and no timer is set")
        else:
            self._now_s += wait_s


class _Idle(selectors.SelectSelector):
    """Never waits: tells how long it would have."""

    def __init__(self, idle: Callable[[float | None], None]) -> None:
        super().__init__()
        self._idle = idle

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            self._idle(timeout)
        return ready


class VirtualClock:
    """A `router.ports.Clock` over the running loop's time: `start` (ms since the epoch) at 0, then `speed` as fast."""

    def __init__(self, start: int = 0, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = start
        self._loop = asyncio.get_running_loop()

    def now(self) -> int:
        """The instant, ms since the epoch. Rounded, as seconds in binary are a little off."""
        return self._start + round(self._loop.time() * 1000 * self.speed)

    def wall(self) -> int:
        """The loop's own time, in ms."""
        return round(self._loop.time() * 1000)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end under virtual time. Raises `NothingWillHappen` rather than wait for ever."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


async def settle() -> None:
    """Let everything run that is ready, and whatever that makes ready, without time going on."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop), "only a virtual loop knows when nothing is left to do"
    await loop.settled()
