"""The bus from both sides: one under test, and what a test does on the other side of it, whatever is in between."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Sequence
from pathlib import Path
from typing import TypeVar

from router.adapters.broker import Address, broker
from router.adapters.memory_bus import MemoryBus
from router.adapters.mqtt import MqttBus
from router.ports import Bus, Message, Publication

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    """Wait for it, but fail rather than hang."""
    return await asyncio.wait_for(awaitable, timeout=15)


async def take(bus: Bus, count: int) -> list[bytes]:
    """Receive and acknowledge that many messages; give their payloads."""
    payloads: list[bytes] = []
    while len(payloads) < count:
        messages = await soon(bus.receive(count - len(payloads)))
        bus.acknowledge(messages)
        payloads += [message.payload for message in messages]
    return payloads


def numbered(count: int, topic: str = "out/x") -> list[Publication]:
    """So many publications, told apart by their payloads."""
    return [Publication(topic, str(number).encode()) for number in range(count)]


def payloads(publications: Sequence[Publication] | Sequence[Message]) -> list[bytes]:
    """Only what they say."""
    return [publication.payload for publication in publications]


class Wire:
    """A TCP connection to a broker that a test can cut or freeze."""

    def __init__(self, target: Address) -> None:
        self._target = target
        self._writers: list[asyncio.StreamWriter] = []
        self._pumps: list[asyncio.Task[None]] = []
        self.port = 0

    @contextlib.asynccontextmanager
    async def laid(self) -> AsyncIterator[Wire]:
        """Lead from a port of its own to the broker."""
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.freeze()
            self.cut()

    def cut(self) -> None:
        """End all connections without a word."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def freeze(self) -> None:
        """Let nothing more through on the present connections, but keep them."""
        for pump in self._pumps:
            pump.cancel()
        self._pumps.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._target.host, self._target.port)
        self._writers += [writer, there_writer]
        for source, target in ((reader, there_writer), (there_reader, writer)):
            self._pumps.append(asyncio.create_task(self._pump(source, target)))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                target.write(data)
        target.transport.abort()


class World(ABC):
    """A bus, and what a test does on the other side of it."""

    bus: Bus

    @abstractmethod
    async def say(self, topic: str, *payloads: bytes) -> None:
        """Send messages to the bus."""

    @abstractmethod
    async def reconnect(self) -> None:
        """Lose the connection, and wait until it is there again."""

    @abstractmethod
    async def heard(self, count: int) -> list[bytes]:
        """Wait for so much of what the bus says."""


class MemoryWorld(World):
    """The other side of a `MemoryBus` is the test itself."""

    def __init__(self) -> None:
        self.bus = self._memory = MemoryBus()

    async def say(self, topic: str, *payloads: bytes) -> None:
        """Deliver at once."""
        for payload in payloads:
            self._memory.deliver(topic, payload)

    async def reconnect(self) -> None:
        """Pretend."""
        self._memory.reconnect()

    async def heard(self, count: int) -> list[bytes]:
        """Read what is there."""
        return payloads(self._memory.published[:count])


class BrokerWorld(World):
    """The other side of an `MqttBus` is another one, the bus under test behind a wire."""

    def __init__(self, wire: Wire, peer: MqttBus, bus: MqttBus) -> None:
        self.bus, self._peer, self._wire = bus, peer, wire

    async def say(self, topic: str, *payloads: bytes) -> None:
        """Publish, and wait until the broker has it."""
        await soon(self._peer.publish([Publication(topic, payload) for payload in payloads]))
        await soon(self._peer.flush())

    async def reconnect(self) -> None:
        """Cut the wire; the bus makes a new connection by itself."""
        self._wire.cut()
        await soon(connected_again(self.bus))

    async def heard(self, count: int) -> list[bytes]:
        """Receive as a subscriber."""
        return await take(self._peer, count)


async def let_pass(bus: Bus) -> None:
    """Wait until the broker has read all that was sent before, acknowledgements too."""
    await soon(bus.publish([Publication("elsewhere", b"")]))
    await soon(bus.flush())


async def connected_again(bus: Bus) -> None:
    """Wait for the next `on_connect`."""
    again = asyncio.Event()
    before, bus.on_connect = bus.on_connect, again.set
    await again.wait()
    bus.on_connect = before
    if before is not None:
        before()


@contextlib.asynccontextmanager
async def broker_world(folder: Path) -> AsyncIterator[BrokerWorld]:
    """Start everything that a `BrokerWorld` is made of."""
    async with (
        broker(None, folder) as address,
        Wire(address).laid() as wire,
        MqttBus(address.host, address.port, client_id="peer", subscriptions=["out/#"]) as peer,
        MqttBus("127.0.0.1", wire.port, client_id="engine", subscriptions=["in/#"]) as bus,
    ):
        yield BrokerWorld(wire, peer, bus)
