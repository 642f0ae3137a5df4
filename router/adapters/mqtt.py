"""A bus over MQTT 5: acknowledged by us after the commit, pipelined, and connected again by itself.

MQTT 5 (OASIS, 2019): sections 3.1.2.11.2 (session expiry), 3.1.2.11.3 (receive maximum), 4.4 (delivery retry),
4.6 (order).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, NoReturn, Self

import structlog
from aiomqtt import Client, MqttError, ProtocolVersion, Will
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from router.adapters.mqtt_link import AT_LEAST_ONCE, Link, Receipt, Refused
from router.errors import BrokerFault
from router.ports import Message, Publication

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
TAKEN_OVER: Final = "Session taken over"  # MQTT 5, 3.14.2.1

CONNECT_S_MAX: Final = 10.0
CLOSE_S_MAX: Final = 5.0
BACKOFF_S_FIRST: Final = 0.05

log = structlog.get_logger(__name__)


class MqttBus:
    """A `router.ports.Bus` over one MQTT broker, for the service and for participants alike.

    Use as `async with MqttBus(...) as bus`. Entering connects and subscribes, or raises `BrokerFault` with what the
    broker or the network said; leaving says `offline`, waits a little for what is unconfirmed, and disconnects. In
    between, a lost broker is looked for again without end, with a pause that doubles up to `backoff_s_max`; what was
    published meanwhile waits, and what was not confirmed is said again, in order. `on_lost` is called at each loss, as
    `on_connect` is at each return. Only a broker that gives our name to another client ends it: then `receive`,
    `publish` and `flush` raise `BrokerFault`.

    `availability` is the topic that holds, retained, `online` while we are connected and `offline` otherwise: said by
    us on the way out, by the broker as our last will when we are cut off.
    `session_s`: how long the broker keeps our inputs when we are away, in seconds; 0 not at all.
    `keepalive_s`: a broker that says nothing is given up after about twice as long.
    `receive_max`: how many messages the broker may send ahead of our acknowledgements; it bounds our memory.
    `unconfirmed_max`: how many publications may be unconfirmed before `publish` waits.
    """

    def __init__(  # noqa: PLR0913 - each has a default worth having, but for who and where
        self,
        host: str,
        port: int,
        *,
        client_id: str,
        subscriptions: Sequence[str] = (),
        availability: str | None = None,
        session_s: int = 3_600,
        keepalive_s: int = 10,
        receive_max: int = 1_000,
        unconfirmed_max: int = 500,
        backoff_s_max: float = 5.0,
    ) -> None:
        self.on_connect: Callable[[], None] | None = None
        self.on_lost: Callable[[], None] | None = None
        self._host, self._port, self._client_id = host, port, client_id
        self._subscriptions = tuple(subscriptions)
        self._availability = availability
        self._session_s, self._keepalive_s, self._receive_max = session_s, keepalive_s, receive_max
        self._unconfirmed_max, self._backoff_s_max = unconfirmed_max, backoff_s_max
        self._pause_s = BACKOFF_S_FIRST
        self._link: Link | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._inbox: deque[Message] = deque()
        self._heard = asyncio.Event()
        self._backlog: deque[Publication] = deque()
        self._unconfirmed: dict[int, Publication] = {}
        self._confirmed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._start(await self._first_connection())
        self._keeper = asyncio.create_task(self._keep_connected(), name=f"keep {self._client_id} connected")
        self._keeper.add_done_callback(self._wake_all)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._keeper is not None
        if self._link is not None:
            await self._say_goodbye()
        self._keeper.cancel()
        await asyncio.wait([self._keeper])
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def receive(self, limit: int) -> list[Message]:
        """See `Bus.receive`. A message heard twice over a reconnect comes twice."""
        await self._until(self._heard, lambda: bool(self._inbox))
        return [self._inbox.popleft() for _ in range(min(limit, len(self._inbox)))]

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """See `Bus.acknowledge`. On a connection since lost it goes nowhere: the broker sends the message again."""
        for message in messages:
            assert isinstance(message.handle, Receipt)
            message.handle.link.acknowledge(message.handle.packet)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """See `Bus.publish`. While the broker is away, waits once `unconfirmed_max` are unconfirmed.

        Who waits here must not be who receives and acknowledges: iotcore sends nothing, confirmations included, to a
        client with 100 messages unacknowledged.
        """
        for publication in publications:
            if self._unconfirmed_count() >= self._unconfirmed_max:
                await self._until(self._confirmed, lambda: self._unconfirmed_count() < self._unconfirmed_max)
            self._backlog.append(publication)
            self._send_backlog()

    async def flush(self) -> None:
        """See `Bus.flush`. While the broker is away, waits for it."""
        await self._until(self._confirmed, lambda: not self._unconfirmed_count())

    async def _until(self, event: asyncio.Event, done: Callable[[], bool]) -> None:
        while not done():
            if self._keeper is None or self._keeper.done():
                self._raise_closed()
            event.clear()
            await event.wait()

    def _raise_closed(self) -> NoReturn:
        if self._keeper is not None and not self._keeper.cancelled():
            self._keeper.result()  # Raises what ended it.
        raise BrokerFault(f"the connection to {self._place()} is closed")

    def _wake_all(self, _: object) -> None:
        self._heard.set()
        self._confirmed.set()

    def _place(self) -> str:
        return f"the MQTT broker at {self._host}:{self._port}"

    # Connecting

    async def _first_connection(self) -> Link:
        try:
            return await self._connect()
        except MqttError as error:
            raise BrokerFault(
                f"cannot connect to {self._place()}: {error}; start it there, or give another address"
            ) from error

    async def _connect(self) -> Link:
        """Raises `MqttError` where no broker answers, and `BrokerFault` where one refuses us."""
        link = Link(self._client(), self._keep_message, self._keep_confirmation)
        try:
            await link.open(self._subscriptions)
        except Refused as refused:
            raise BrokerFault(
                f"{self._place()} refuses {self._client_id!r} to {refused}; change its access list"
            ) from refused
        return link

    def _client(self) -> Client:
        will = Will(self._availability, OFFLINE, AT_LEAST_ONCE, retain=True) if self._availability else None
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._session_s
        properties.ReceiveMaximum = self._receive_max
        return Client(
            self._host,
            self._port,
            identifier=self._client_id,
            protocol=ProtocolVersion.V5,
            will=will,
            timeout=CONNECT_S_MAX,
            keepalive=self._keepalive_s,
            clean_start=self._session_s == 0,  # Not all brokers forget a session that should last no time.
            properties=properties,
        )

    def _start(self, link: Link) -> None:
        """Take the new connection into use: what was unconfirmed first, in order, then what waited."""
        if link.session_kept:
            self._inbox = deque(message for message in self._inbox if _heard_on(message, link))
        self._backlog.extendleft(reversed(self._unconfirmed.values()))
        self._unconfirmed.clear()
        if self._availability is not None:
            self._backlog.appendleft(Publication(self._availability, ONLINE, retain=True))
        self._link = link
        self._send_backlog()
        if self.on_connect is not None:
            self.on_connect()

    async def _keep_connected(self) -> None:
        while True:
            assert self._link is not None
            since_s = self._link.loop.time()
            why = await self._link.lost()
            if self._link.loop.time() - since_s > self._backoff_s_max:  # Else it is no use to hurry.
                self._pause_s = BACKOFF_S_FIRST
            self._link = None
            if why == TAKEN_OVER:  # Each of us would throw the other out, for ever.
                raise BrokerFault(
                    f"another client has connected to {self._place()} as {self._client_id!r}; stop one of the two"
                )
            log.warning("broker.lost", broker=f"{self._host}:{self._port}", why=why)
            if self.on_lost is not None:
                self.on_lost()
            self._start(await self._reconnect())
            log.info("broker.back", broker=f"{self._host}:{self._port}")

    async def _reconnect(self) -> Link:
        while True:
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, self._backoff_s_max)
            try:
                return await self._connect()
            except (MqttError, BrokerFault) as error:  # No remedy for an absence: whoever runs it may be at it.
                place = f"{self._host}:{self._port}"
                log.warning("broker.still_away", broker=place, why=str(error), again_in_s=self._pause_s)

    async def _say_goodbye(self) -> None:
        if self._availability is not None:
            self._backlog.append(Publication(self._availability, OFFLINE, retain=True))
            self._send_backlog()
        try:
            async with asyncio.timeout(CLOSE_S_MAX):
                await self.flush()
        except (TimeoutError, BrokerFault):
            log.warning("publications.left", count=self._unconfirmed_count())

    # Messages

    def _keep_message(self, message: Message) -> None:
        self._inbox.append(message)
        self._heard.set()

    def _keep_confirmation(self, link: Link, packet: int, refusal: str) -> None:
        if link is not self._link:
            return
        publication = self._unconfirmed.pop(packet)
        if refusal:  # Saying it again would be refused again.
            log.error("publication.refused", topic=publication.topic, why=refusal)
        self._send_backlog()
        self._confirmed.set()

    def _unconfirmed_count(self) -> int:
        return len(self._backlog) + len(self._unconfirmed)

    def _send_backlog(self) -> None:
        """Send what waits, within what the broker is ready to take (its receive maximum)."""
        link = self._link
        while link is not None and self._backlog and len(self._unconfirmed) < link.send_max:
            publication = self._backlog.popleft()
            self._unconfirmed[link.send(publication)] = publication


def _heard_on(message: Message, link: Link) -> bool:
    return isinstance(message.handle, Receipt) and message.handle.link is link
