"""One connection to an MQTT broker, with our own acknowledgements and without waiting for each confirmation.

aiomqtt acknowledges what it hears at once, which loses inputs at a crash, and waits for every confirmation, which is
slow. So it keeps the connection (connect, keep-alive, subscribe, disconnect), and messages go by the public callbacks
of paho beneath it. `paho_of` holds the one private attribute that this needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aiomqtt import Client, MqttCodeError, MqttError
from paho.mqtt import client as paho
from paho.mqtt.properties import Properties, VariableByteIntegers
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from router.ports import Message, Publication

AT_LEAST_ONCE = 1
USER_PROPERTY = b"\x26"
PACKETS_MAX = 65_535


class Refused(Exception):
    """The broker connected us but does not let us do what we need; says what ("subscribe to ...")."""


class Receipt(NamedTuple):
    """What `acknowledge` needs: on which connection a message came, in which packet (0: in none that wants it)."""

    link: Link
    packet: int


class Link:
    """One connection from its beginning to its end. Tells `heard` each message and `confirmed` each confirmation."""

    def __init__(
        self, client: Client, heard: Callable[[Message], None], confirmed: Callable[[Link, int, ReasonCode], None]
    ) -> None:
        self.session_kept = False
        self.send_max = PACKETS_MAX
        self.loop = asyncio.get_running_loop()
        self._client = client
        self._heard, self._confirmed = heard, confirmed
        self._paho = paho_of(client)
        self._paho.disable_logger()  # It formats a line per packet.
        self._paho.manual_ack_set(on=True)
        self._paho.on_message = self._on_message
        self._paho.on_publish = self._on_publish
        self._then_connected = self._paho.on_connect
        self._paho.on_connect = self._on_connect

    async def open(self, subscriptions: Sequence[str]) -> None:
        """Connect and subscribe. Raises `MqttError`, or `Refused` when a subscription is."""
        try:
            await self._client.__aenter__()
        except BaseException:
            self._paho.disconnect()  # Given up on, it would linger until its keep-alive and answer under our name.
            raise
        self._paho.on_socket_register_write = self._write_soon
        self._paho.on_socket_unregister_write = self._write_no_more
        try:
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
        with contextlib.suppress(MqttError):  # Gone already, or too slow to matter.
            await self._client.__aexit__(None, None, None)

    def send(self, publication: Publication) -> int:
        """Queue a PUBLISH and give its packet id."""
        properties = _UserProperties(publication.properties) if publication.properties else None
        return self._paho.publish(
            publication.topic, publication.payload, AT_LEAST_ONCE, publication.retain, properties
        ).mid

    def acknowledge(self, packet: int) -> None:
        """Queue a PUBACK. Somebody may have sent with quality of service 0: then there is no packet to acknowledge."""
        if packet:
            self._paho.ack(packet, AT_LEAST_ONCE)

    async def _subscribe(self, subscriptions: Sequence[str]) -> None:
        if not subscriptions:
            return
        options = SubscribeOptions(qos=AT_LEAST_ONCE)
        granted = await self._client.subscribe([(topic, options) for topic in subscriptions])
        for topic, reason in zip(subscriptions, granted, strict=True):
            if isinstance(reason, ReasonCode) and reason.is_failure:
                message = f"subscribe to {topic!r} ({reason})"
                raise Refused(message)

    # What paho calls

    def _on_connect(
        self,
        client: paho.Client,
        data: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self.session_kept = flags.session_present
        self.send_max = getattr(properties, "ReceiveMaximum", PACKETS_MAX)
        assert self._then_connected is not None
        self._then_connected(client, data, flags, reason, properties)  # type: ignore[arg-type,call-arg]

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._heard(Message(message.topic, bytes(message.payload), Receipt(self, message.mid)))

    def _on_publish(
        self, _client: paho.Client, _data: object, packet: int, reason: ReasonCode, _properties: Properties
    ) -> None:
        self._confirmed(self, packet, reason)

    def _write_soon(self, _client: paho.Client, _data: object, _socket: object) -> None:
        self.loop.call_soon(self._write)

    def _write_no_more(self, _client: paho.Client, _data: object, connection: paho.SocketLike) -> None:
        self.loop.remove_writer(connection)

    def _write(self) -> None:
        """Write all that is queued in few segments: one for each packet, as paho does, costs a tenth of the rate."""
        connection = self._paho.socket()
        if not isinstance(connection, socket.socket):
            return
        _cork(connection, 1)
        self._paho.loop_write()
        if self._paho.socket() is None:  # Lost, or closed after a DISCONNECT.
            return
        _cork(connection, 0)
        if self._paho.want_write():
            self.loop.add_writer(connection, self._write)


class _UserProperties(Properties):
    """User properties of a PUBLISH (MQTT 5, 3.3.2.3.7), encoded at once: paho's way asks each about all there are."""

    __slots__ = ("_packed",)
    _packed: bytes

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        body = b"".join(USER_PROPERTY + _text(name) + _text(value) for name, value in pairs)
        length = VariableByteIntegers.encode(len(body))  # type: ignore[no-untyped-call]
        object.__setattr__(self, "_packed", length + body)  # Setting is what the base class takes over.

    def pack(self) -> bytes:
        return self._packed


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def paho_of(client: Client) -> paho.Client:
    """Give the paho client beneath: private to aiomqtt, and needed for acknowledgements of our own."""
    beneath = client._client  # noqa: SLF001
    assert isinstance(beneath, paho.Client)
    return beneath


def _cork(connection: socket.socket, on: int) -> None:
    if hasattr(socket, "TCP_CORK"):  # Linux only; elsewhere just slower.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, on)
