"""One connection to an MQTT broker, with our own acknowledgements and without waiting for each confirmation.

aiomqtt acknowledges what it hears at once, which loses inputs at a crash, and waits for every confirmation, which is
slow; and paho beneath it makes three system calls and dozens of objects of each confirmation, which was half the
service's time. So they keep the connection (connect, keep-alive, subscribe, disconnect), and messages with their
confirmations pass by them: the socket that paho reads and writes is a `_Stream`, which keeps those to itself. `paho_of`
and `_put_between` hold the two private attributes that this needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Final, NamedTuple

from aiomqtt import Client, MqttCodeError, MqttError
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from router.adapters import mqtt_packets
from router.ports import Message, Publication

AT_LEAST_ONCE: Final = 1
READ_BYTES: Final = 65_536
FAILURE: Final = 0x80  # From here on reason codes say no (MQTT 5, 2.4).


class Refused(Exception):
    """The broker connected us but does not let us do what we need; says what ("subscribe to ...")."""


class Receipt(NamedTuple):
    """What `acknowledge` needs: on which connection a message came, in which packet (0: in none that wants it)."""

    link: Link
    packet: int


class Link:
    """One connection from its beginning to its end. Tells `heard` each message and `confirmed` each confirmation."""

    def __init__(
        self, client: Client, heard: Callable[[Message], None], confirmed: Callable[[Link, int, str], None]
    ) -> None:
        self.session_kept = False
        self.send_max = mqtt_packets.PACKET_IDS
        self.loop = asyncio.get_running_loop()
        self._client = client
        self._heard, self._confirmed = heard, confirmed
        self._packets = cycle(range(1, mqtt_packets.PACKET_IDS + 1))
        self._unconfirmed: set[int] = set()
        self._stream: _Stream | None = None
        self._paho = paho_of(client)
        self._paho.disable_logger()  # It formats a line per packet.
        self._then_connected = self._paho.on_connect
        self._paho.on_connect = self._on_connect
        self._then_opened = self._paho.on_socket_open
        self._paho.on_socket_open = self._on_socket_open
        self._paho.on_socket_register_write = self._write_soon
        self._paho.on_socket_unregister_write = None

    async def open(self, subscriptions: Sequence[str]) -> None:
        """Connect and subscribe. Raises `MqttError`, or `Refused` when a subscription is."""
        try:
            with _cancellable():
                await self._client.__aenter__()
        except BaseException:
            self._paho.disconnect()  # Given up on, it would linger until its keep-alive and answer under our name.
            raise
        try:
            with _cancellable():
                await self._subscribe(subscriptions)
        except BaseException:
            await self.close()
            raise

    async def lost(self) -> str:
        """Wait until the connection is gone, and say why."""
        try:
            await anext(self._client.messages)  # Ours go by `_on_message`, so it ends by an error only.
        except MqttError as error:
            cause = error.__cause__ or error
            return str(cause.rc if isinstance(cause, MqttCodeError) else cause)
        raise AssertionError

    async def close(self) -> None:
        """Disconnect, so that no last will is said."""
        with _cancellable(), contextlib.suppress(MqttError):  # Gone already, or too slow to matter.
            await self._client.__aexit__(None, None, None)

    def send(self, publication: Publication) -> int:
        """Queue a PUBLISH; returns its packet id."""
        packet = next(each for each in self._packets if each not in self._unconfirmed)
        self._unconfirmed.add(packet)
        self._write(mqtt_packets.publish(packet, publication))
        return packet

    def acknowledge(self, packet: int) -> None:
        """Queue a PUBACK. Somebody may have sent with quality of service 0: then there is no packet to acknowledge."""
        if packet:
            self._write(mqtt_packets.puback(packet))

    def _write(self, packet: bytes) -> None:
        assert self._stream is not None
        self._stream.write(packet)

    async def _subscribe(self, subscriptions: Sequence[str]) -> None:
        if not subscriptions:
            return
        options = SubscribeOptions(qos=AT_LEAST_ONCE)
        granted = await self._client.subscribe([(topic, options) for topic in subscriptions])
        for topic, reason in zip(subscriptions, granted, strict=True):
            if isinstance(reason, ReasonCode) and reason.is_failure:
                raise Refused(f"subscribe to {topic!r} ({reason})")

    def _take(self, packet: bytes, start: int) -> bool:
        """Keep a packet if it is one of ours."""
        match packet[0] >> 4:
            case mqtt_packets.PUBLISH:
                heard = mqtt_packets.read_publish(packet, start)
                self._heard(Message(heard.topic, heard.payload, Receipt(self, heard.packet)))
            case mqtt_packets.PUBACK:
                confirmed, reason = mqtt_packets.read_puback(packet)
                if confirmed in self._unconfirmed:
                    self._unconfirmed.remove(confirmed)
                    self._confirmed(self, confirmed, _refusal(reason))
            case _:
                return False
        return True

    # What paho calls

    def _on_socket_open(self, client: paho.Client, data: object, connection: paho.SocketLike) -> None:
        """Put our stream between; in aiomqtt's thread, which waits for the address to answer."""
        assert isinstance(connection, socket.socket)
        assert self._then_opened is not None
        self._stream = _Stream(connection, self.loop, self._take)
        _put_between(client, self._stream)
        self._then_opened(client, data, connection)

    def _on_connect(
        self,
        client: paho.Client,
        data: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self.session_kept = flags.session_present
        self.send_max = getattr(properties, "ReceiveMaximum", mqtt_packets.PACKET_IDS)
        assert self._then_connected is not None
        self._then_connected(client, data, flags, reason, properties)  # type: ignore[arg-type,call-arg]

    def _write_soon(self, _client: paho.Client, _data: object, _socket: object) -> None:
        self.loop.call_soon_threadsafe(self._paho.loop_write)


class _Stream:
    """The socket as paho sees it: over it come, and go, only the packets that are not ours.

    Reads as much as there is at once, and writes all that was queued in a turn of the loop at once.
    """

    def __init__(
        self, connection: socket.socket, loop: asyncio.AbstractEventLoop, take: Callable[[bytes, int], bool]
    ) -> None:
        # Without it every small packet waits for the other side's delayed acknowledgement, 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection, self._loop, self._take = connection, loop, take
        self._read = bytearray()
        self._for_paho = bytearray()
        self._unwritten = bytearray()
        self._flush_planned = self._blocked = False

    def write(self, packet: bytes) -> None:
        """Queue a packet. On a connection that is closed it goes nowhere."""
        self._unwritten += packet
        if not self._flush_planned:
            self._flush_planned = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        if self.fileno() < 0:
            return
        try:
            del self._unwritten[: self._connection.send(self._unwritten)]
        except BlockingIOError:
            pass
        except OSError:  # Lost; whoever reads hears why.
            self._unwritten.clear()
        self._await_room()

    def _await_room(self) -> None:
        """Be called again when the other side has taken some, as long as there is more to write."""
        if self._unwritten and not self._blocked:
            self._loop.add_writer(self._connection, self._flush)
        elif self._blocked and not self._unwritten:
            self._loop.remove_writer(self._connection)
        self._blocked = bool(self._unwritten)

    # What paho calls

    def recv(self, buffer_size: int) -> bytes:
        """So much of what is for paho, after taking in what there is."""
        if not self._for_paho:
            received = self._connection.recv(READ_BYTES)
            if not received:
                return b""
            self._take_in(received)
        if not self._for_paho:
            raise BlockingIOError
        given = bytes(self._for_paho[:buffer_size])
        del self._for_paho[:buffer_size]
        return given

    def _take_in(self, received: bytes) -> None:
        self._read += received
        try:
            for packet, start in mqtt_packets.split(self._read):
                if not self._take(packet, start):
                    self._for_paho += packet
        except (ValueError, IndexError) as error:
            raise ConnectionAbortedError(f"not MQTT: {error}") from error

    def send(self, buffer: bytes | bytearray) -> int:
        """Write it after what is queued; all is taken."""
        self._unwritten += buffer
        self._flush()
        return len(buffer)

    def pending(self) -> int:
        """How many bytes `recv` has without asking the socket; aiomqtt reads on until there are none."""
        return len(self._for_paho)

    def fileno(self) -> int:
        """-1 when closed."""
        return self._connection.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - as a socket has it
        """As a socket does."""
        self._connection.setblocking(flag)

    def close(self) -> None:
        """Drop what is not written yet."""
        if self._blocked:
            self._loop.remove_writer(self._connection)
        self._connection.close()


def paho_of(client: Client) -> paho.Client:
    """The paho client beneath: private to aiomqtt, and needed for acknowledgements of our own."""
    beneath = client._client  # noqa: SLF001
    assert isinstance(beneath, paho.Client)
    return beneath


def _put_between(client: paho.Client, stream: _Stream) -> None:
    """Have paho read and write a stream instead of its socket: private to it, and what it does for WebSockets."""
    client._sock = stream  # noqa: SLF001


def _refusal(reason: int) -> str:
    """What a broker has against a publication, or nothing."""
    return str(ReasonCode(PacketTypes.PUBACK, identifier=reason)) if reason >= FAILURE else ""


@contextlib.contextmanager
def _cancellable() -> Iterator[None]:
    """Let no cancellation get lost in the block, or whoever cancels and waits would wait for ever.

    aiomqtt waits with `asyncio.wait_for`, which until Python 3.12 returns as if nothing had been asked when the
    cancellation comes in the same turn of the loop as what it waits for (python/cpython issue 86296).
    """
    task = asyncio.current_task()
    assert task is not None
    asked_before = task.cancelling()
    try:
        yield
    finally:
        if task.cancelling() > asked_before:
            raise asyncio.CancelledError
