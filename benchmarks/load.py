"""The other side of the bus: sends inputs, and times each until what it has caused comes back.

`Load` runs many talks at once, either as fast as they are answered (`saturate`) or by the clock (`pace`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import islice
from time import perf_counter_ns
from typing import Any, NamedTuple

from router.errors import FirstlineError
from router.ports import Bus, Message, Publication

BATCH_MAX = 256
SILENCE_S_MAX = 10.0
STEP_NS = 100_000_000
"""How long after one step of a paced talk the next one is due."""


class Step(NamedTuple):
    """Something to send, and the key that its answer will have."""

    key: str
    publication: Publication


Talk = Generator[Step, Any, None]
"""What one customer, or one message, goes through: yields each step to send, and is sent what came back for it."""

Read = Callable[[Message], tuple[str, Any]]
"""What a message answers: the key of a step, and what a talk wants to know of it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long each step took from just before it was sent to its answer, in ms, and all of them together, in seconds.

    `late_ms`: how long after it was due each was sent, which is the sender's own fault.
    """

    each_ms: tuple[float, ...]
    late_ms: tuple[float, ...]
    all_s: float

    @property
    def per_s(self) -> float:
        """Steps answered a second."""
        return len(self.each_ms) / self.all_s


class Load:
    """One sender, with a bus of its own. Runs one batch of talks after another."""

    def __init__(self, bus: Bus, read: Read) -> None:
        self._bus = bus
        self._read = read
        self._due: list[tuple[int, int, Talk, Any]] = []
        self._order = 0
        self._unanswered: dict[str, tuple[Talk, int, int]] = {}
        self._each_ms: list[float] = []
        self._late_ms: list[float] = []
        self._answered_ns = 0

    async def saturate(self, talks: Iterator[Talk], at_once: int) -> Timing:
        """So many talks at once: each step when the one before is answered, each talk when another has ended."""
        for talk in islice(talks, at_once):
            self._plan(perf_counter_ns(), talk)
        return await self._run(talks, 0)

    async def pace(self, talks: Sequence[Talk], per_s: float) -> Timing:
        """So many talks begin a second, and their steps follow by the clock: however slow the answers to others are."""
        begin_ns = perf_counter_ns()
        for number, talk in enumerate(talks):
            self._plan(begin_ns + round(number * 1e9 / per_s), talk)
        return await self._run(iter(()), STEP_NS)

    async def _run(self, more: Iterator[Talk], step_ns: int) -> Timing:
        begin_ns = perf_counter_ns()
        self._each_ms, self._late_ms = [], []
        await self._send(more)
        while self._due or self._unanswered:
            for message in await self._hear():
                self._take(message, step_ns)
            await self._send(more)
        return Timing(tuple(self._each_ms), tuple(self._late_ms), (self._answered_ns - begin_ns) / 1e9)

    def _plan(self, due_ns: int, talk: Talk, content: Any = None) -> None:
        self._order += 1
        heappush(self._due, (due_ns, self._order, talk, content))

    async def _send(self, more: Iterator[Talk]) -> None:
        """Everything that is due."""
        while self._due and self._due[0][0] <= perf_counter_ns():
            due_ns, _, talk, content = heappop(self._due)
            try:
                step = talk.send(content)
            except StopIteration:
                for another in islice(more, 1):
                    self._plan(perf_counter_ns(), another)
                continue
            sent_ns = perf_counter_ns()
            self._late_ms.append((sent_ns - due_ns) / 1e6)
            self._unanswered[step.key] = (talk, due_ns, sent_ns)
            await self._bus.publish((step.publication,))

    async def _hear(self) -> list[Message]:
        """What has come, or nothing when something else is due before."""
        wait_s = (self._due[0][0] - perf_counter_ns()) / 1e9 if self._due else SILENCE_S_MAX
        try:
            async with asyncio.timeout(max(0.0, wait_s)):
                messages = await self._bus.receive(BATCH_MAX)
        except TimeoutError:
            if self._unanswered and not self._due:
                raise FirstlineError(
                    f"{len(self._unanswered)} inputs were not answered in {SILENCE_S_MAX:.0f} s"
                ) from None
            return []
        self._bus.acknowledge(messages)
        return messages

    def _take(self, message: Message, step_ns: int) -> None:
        """Nobody may have waited for it: an offer that somebody else's wrap-up made possible."""
        now_ns = perf_counter_ns()
        key, content = self._read(message)
        if key in self._unanswered:
            talk, due_ns, sent_ns = self._unanswered.pop(key)
            self._each_ms.append((now_ns - sent_ns) / 1e6)
            self._answered_ns = now_ns
            self._plan(due_ns + step_ns if step_ns else now_ns, talk, content)
