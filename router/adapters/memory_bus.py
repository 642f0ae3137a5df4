"""A bus without a broker, for tests: what a test delivers is heard, and what is said stays to be read."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from router.ports import Message, Publication


class MemoryBus:
    """A `router.ports.Bus` that behaves as over a broker, at once, and without a fault that no test asked for.

    A test calls `deliver` and `reconnect`, and reads what the service did: `published` (in order, each confirmed at
    once), `acknowledged` (in order), and `unacknowledged` (delivered, in order of delivery).
    """

    def __init__(self) -> None:
        self.on_connect: Callable[[], None] | None = None
        self.published: list[Publication] = []
        self.acknowledged: list[Message] = []
        self._unacknowledged: dict[tuple[int, int], Message] = {}
        self._inbox: deque[Message] = deque()
        self._heard = asyncio.Event()
        self._connection = 0
        self._delivered = 0

    @property
    def unacknowledged(self) -> list[Message]:
        """What a broker would still hold: taken or not, it comes again after a `reconnect`."""
        return list(self._unacknowledged.values())

    @property
    def retained(self) -> dict[str, bytes]:
        """What a newcomer would hear: the last retained payload of each topic; an empty one erases it."""
        last = {publication.topic: publication.payload for publication in self.published if publication.retain}
        return {topic: payload for topic, payload in last.items() if payload}

    def deliver(self, topic: str, payload: bytes) -> None:
        """Send one message to whoever receives."""
        handle = (self._connection, self._delivered)
        self._delivered += 1
        self._unacknowledged[handle] = Message(topic, payload, handle)
        self._inbox.append(self._unacknowledged[handle])
        self._heard.set()

    def reconnect(self) -> None:
        """Lose the connection and have it again: everything unacknowledged comes again, and before anything new."""
        again = self.unacknowledged
        self._connection += 1
        self._unacknowledged.clear()
        self._inbox.clear()
        for message in again:
            self.deliver(message.topic, message.payload)
        if self.on_connect is not None:
            self.on_connect()

    async def receive(self, limit: int) -> list[Message]:
        """See `Bus.receive`."""
        while not self._inbox:
            self._heard.clear()
            await self._heard.wait()
        return [self._inbox.popleft() for _ in range(min(limit, len(self._inbox)))]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """See `Bus.acknowledge`. What was taken before the last `reconnect` is left alone: it has come again."""
        for message in messages:
            assert isinstance(message.handle, tuple)
            if self._unacknowledged.pop(message.handle, None) is not None:
                self.acknowledged.append(message)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """See `Bus.publish`."""
        self.published.extend(publications)

    async def flush(self) -> None:
        """See `Bus.flush`. There is nothing to wait for."""
