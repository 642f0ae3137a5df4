"""Time that passes only when nothing is left to do."""

from __future__ import annotations

import asyncio
import time

import pytest

from simulator.loop import NothingWillHappen, VirtualClock, VirtualLoop, run, settle


def test_time_jumps_to_the_next_timer() -> None:
    """A day of sleep takes no time of ours."""
    began = time.monotonic()

    async def main() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert 86_400 == run(main())
    assert time.monotonic() - began < 5


def test_time_stands_still_while_something_is_ready() -> None:
    """However many steps a task takes, they are all at the same instant."""

    async def main() -> float:
        for _ in range(1_000):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert 0 == run(main())


def test_timers_ring_in_order_and_exactly() -> None:
    """Tasks wake at their own instants, the earlier first, whoever was started first."""

    async def main() -> list[tuple[float, str]]:
        loop = asyncio.get_running_loop()
        woken: list[tuple[float, str]] = []

        async def sleeper(name: str, delay_s: float) -> None:
            await asyncio.sleep(delay_s)
            woken.append((loop.time(), name))

        await asyncio.gather(sleeper("late", 3), sleeper("early", 1), sleeper("middle", 2.5))
        return woken

    assert [(1, "early"), (2.5, "middle"), (3, "late")] == run(main())


def test_time_outs_are_of_virtual_time() -> None:
    """What asyncio builds on timers works as ever."""

    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert 60 == run(main())


def test_waiting_for_ever_is_a_fault() -> None:
    """A test in which nothing can happen any more fails at once instead of hanging."""
    with pytest.raises(NothingWillHappen):
        run(asyncio.Event().wait())


def test_settling_takes_no_time() -> None:
    """`settle` returns when all that is ready has run, and what that made ready, before the next timer."""

    async def main() -> tuple[list[int], float]:
        done: list[int] = []

        async def chain(number: int) -> None:
            if number:
                await asyncio.create_task(chain(number - 1))
            done.append(number)

        sleeping = asyncio.create_task(asyncio.sleep(1))
        chained = asyncio.create_task(chain(5))
        await settle()
        now_s = asyncio.get_running_loop().time()
        await asyncio.gather(sleeping, chained)
        return done, now_s

    assert ([0, 1, 2, 3, 4, 5], 0.0) == run(main())


def test_settling_alone_waits_for_nobody() -> None:
    """Where nothing else is going on it is done at once, as often as one asks."""

    async def main() -> None:
        for _ in range(3):
            await settle()

    run(main())


def test_only_a_virtual_loop_settles() -> None:
    """Elsewhere nobody can know that nothing is left to do."""
    with pytest.raises(AssertionError, match="virtual loop"):
        asyncio.run(settle())


def test_who_stopped_waiting_is_not_woken() -> None:
    """A cancelled wait for the instant's end does no harm."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.settled().cancel()
        await settle()

    run(main())


def test_a_clock_counts_whole_milliseconds_at_its_own_speed() -> None:
    """Instants are exact even after a million uneven steps, and at any speed."""

    async def main() -> tuple[int, int, int]:
        clock, fast = VirtualClock(1_000), VirtualClock(0, speed=600)
        for _ in range(10_000):
            await asyncio.sleep(0.0001)
        return clock.now(), fast.now(), fast.wall()

    assert (2_000, 600_000, 1_000) == run(main())


def test_runs_are_the_same() -> None:
    """Tasks that contend at one instant do so in the same order every time."""

    async def main() -> list[int]:
        order: list[int] = []

        async def contend(number: int) -> None:
            await asyncio.sleep(number % 3)
            order.append(number)

        await asyncio.gather(*map(contend, range(100)))
        return order

    assert run(main()) == run(main())
