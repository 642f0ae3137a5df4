"""The contract of `Bus` holds in memory and over real brokers, also when the connection does not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiomqtt
import pytest
import pytest_asyncio
from paho.mqtt import client as paho
from structlog.testing import capture_logs

from router.adapters.broker import Address, broker
from router.adapters.memory_bus import MemoryBus
from router.adapters.mqtt import MqttBus
from router.adapters.mqtt_link import Link, paho_of
from router.errors import BrokerFault
from router.ports import Message, Publication
from tests.bus_worlds import (
    MemoryWorld,
    Wire,
    World,
    broker_world,
    connected_again,
    let_pass,
    numbered,
    payloads,
    soon,
    take,
)

pytestmark = pytest.mark.asyncio

BROKERS = [pytest.param(name, marks=pytest.mark.server) for name in ("mosquitto", "iotcore")]

AVAILABILITY = "status/engine"


def choose(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `broker` start the one that is the fixture's parameter."""
    if request.param == "mosquitto":
        request.getfixturevalue("mosquitto")
    else:
        monkeypatch.setattr("router.adapters.broker.shutil.which", lambda *_, **__: None)


@pytest_asyncio.fixture(params=["memory", *BROKERS])
async def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """Every kind of bus, with its other side."""
    if request.param == "memory":
        yield MemoryWorld()
        return
    choose(request, monkeypatch)
    async with broker_world(tmp_path) as made:
        yield made


@pytest_asyncio.fixture(params=BROKERS)
async def address(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Address]:
    """A real broker."""
    choose(request, monkeypatch)
    async with broker(None, tmp_path) as chosen:
        yield chosen


# The contract


async def test_receives_in_order_and_within_the_limit(world: World) -> None:
    """Messages come in the order they were sent, no more at once than asked for."""
    await world.say("in/a", *(str(number).encode() for number in range(7)))
    received: list[list[Message]] = []
    while sum(map(len, received)) < 7:
        received.append(await soon(world.bus.receive(3)))
    assert [b"0", b"1", b"2", b"3", b"4", b"5", b"6"] == [payload for batch in received for payload in payloads(batch)]
    assert 3 == max(map(len, received))
    assert {"in/a"} == {message.topic for batch in received for message in batch}


async def test_only_the_unacknowledged_comes_again(world: World) -> None:
    """After a reconnect the broker sends again what was never acknowledged, before anything new, and nothing else."""
    await world.say("in/a", b"done")
    await world.say("in/a", b"open")
    await take(world.bus, 1)
    await let_pass(world.bus)
    assert [b"open"] == payloads(await soon(world.bus.receive(10)))
    await world.reconnect()
    await world.say("in/a", b"new")
    assert [b"open", b"new"] == await take(world.bus, 2)


async def test_what_waited_unread_comes_once(world: World) -> None:
    """What had arrived but was not taken before the connection was lost is not heard twice."""
    await world.say("in/a", b"0", b"1")
    await soon(world.bus.receive(1))
    await world.reconnect()
    await world.say("in/a", b"2")
    assert [b"0", b"1", b"2"] == await take(world.bus, 3)


async def test_a_late_acknowledgement_is_left_alone(world: World) -> None:
    """An acknowledgement for a connection since lost must not be taken for one of a message of the new connection."""
    await world.say("in/a", b"0")
    late = await soon(world.bus.receive(1))
    await world.reconnect()
    world.bus.acknowledge(late)
    await let_pass(world.bus)
    await world.reconnect()
    assert [b"0"] == await take(world.bus, 1)


async def test_tells_of_every_reconnect(world: World) -> None:
    """Whoever depends on the broker's memory is told each time it may have been lost."""
    told: list[str] = []
    world.bus.on_connect = lambda: told.append("connected")
    await world.reconnect()
    await world.reconnect()
    assert ["connected", "connected"] == told


async def test_publishes_in_order(world: World) -> None:
    """What is said is heard in that order, also far beyond what may be unconfirmed at once."""
    publications = numbered(2_000)
    await soon(world.bus.publish(publications[:1_500]))
    await soon(world.bus.publish(publications[1_500:]))
    await soon(world.bus.flush())
    assert payloads(publications) == await soon(world.heard(2_000))


async def test_memory_bus_keeps_the_last_retained() -> None:
    """The double answers what a newcomer would hear: the last of each topic, and nothing of an erased one."""
    bus = MemoryBus()
    said = [("a", b"1", True), ("a", b"2", True), ("b", b"1", True), ("b", b"", True), ("c", b"1", False)]
    await bus.publish([Publication(*one) for one in said])
    assert {"a": b"2"} == bus.retained


# Over real brokers only


@pytest.mark.server
@pytest.mark.usefixtures("mosquitto")
async def test_publications_survive_a_restart_of_the_broker(tmp_path: Path) -> None:
    """What is said while the broker is away is heard when it is back, once it listens again, in order."""
    async with contextlib.AsyncExitStack() as clients:
        async with broker(None, tmp_path) as address:
            bus = MqttBus(address.host, address.port, client_id="engine", backoff_s_max=0.1)
            peer = MqttBus(address.host, address.port, client_id="peer", subscriptions=["out/#"], backoff_s_max=0.1)
            await clients.enter_async_context(bus)
            await clients.enter_async_context(peer)
        await soon(bus.publish(numbered(100)))
        async with broker(None, tmp_path, port=address.port):
            await soon(bus.flush())
            assert payloads(numbered(100)) == await take(peer, 100)
            await clients.aclose()


async def test_what_was_not_confirmed_is_said_again(address: Address) -> None:
    """Publications that were lost on the way are repeated in order, before what came later."""
    async with (
        Wire(address).laid() as wire,
        MqttBus(address.host, address.port, client_id="peer", subscriptions=["out/#"]) as peer,
        MqttBus("127.0.0.1", wire.port, client_id="engine") as bus,
    ):
        wire.freeze()
        await soon(bus.publish(numbered(50)))
        wire.cut()
        await soon(bus.publish([Publication("out/x", b"later")]))
        await soon(bus.flush())
        assert [*payloads(numbered(50)), b"later"] == await take(peer, 51)


async def test_publish_waits_for_confirmations(address: Address) -> None:
    """While nothing is confirmed, no more than the bound is taken; then the rest goes."""
    async with (
        Wire(address).laid() as wire,
        MqttBus("127.0.0.1", wire.port, client_id="engine", unconfirmed_max=10) as bus,
    ):
        wire.freeze()
        await soon(bus.publish(numbered(10)))
        eleventh = asyncio.create_task(bus.publish(numbered(1)))
        _, waiting = await asyncio.wait([eleventh], timeout=0.05)
        assert {eleventh} == waiting
        wire.cut()
        await soon(eleventh)


async def test_availability_is_retained(address: Address) -> None:
    """Whoever looks finds `online` while we are there and `offline` when we left, by our own word."""
    async with MqttBus(address.host, address.port, client_id="engine", availability=AVAILABILITY) as bus:
        await soon(bus.flush())
        assert [b"online"] == await look(address)
    assert [b"offline"] == await look(address)


async def test_leaving_by_an_error_says_offline_too(address: Address) -> None:
    """An orderly end for a bad reason is no reason to seem present."""
    with pytest.raises(LookupError):
        async with MqttBus(address.host, address.port, client_id="engine", availability=AVAILABILITY):
            raise LookupError
    assert [b"offline"] == await look(address)


async def test_last_will_speaks_when_we_cannot(address: Address) -> None:
    """The broker says `offline` for a client that was cut off, and `online` follows when it is back."""
    async with (
        Wire(address).laid() as wire,
        MqttBus(address.host, address.port, client_id="peer", subscriptions=[AVAILABILITY]) as peer,
        MqttBus("127.0.0.1", wire.port, client_id="engine", availability=AVAILABILITY),
    ):
        assert [b"online"] == await take(peer, 1)
        wire.cut()
        assert [b"offline", b"online"] == await take(peer, 2)


async def look(address: Address) -> list[bytes]:
    """What a newcomer hears about the availability."""
    async with MqttBus(
        address.host, address.port, client_id="newcomer", subscriptions=[AVAILABILITY], session_s=0
    ) as newcomer:
        return await take(newcomer, 1)


async def test_a_frozen_broker_is_noticed(address: Address) -> None:
    """A broker that says nothing on a connection that stands is given up, and another connection made."""
    async with (
        Wire(address).laid() as wire,
        MqttBus("127.0.0.1", wire.port, client_id="engine", keepalive_s=1) as bus,
    ):
        wire.freeze()
        await soon(connected_again(bus))
        await soon(bus.publish(numbered(1)))
        await soon(bus.flush())


async def test_large_messages_pass_both_ways(world: World) -> None:
    """What does not fit into the network's buffers is written on, and read on, until it is whole."""
    large = [bytes([number]) * 3_000_000 for number in range(3)]
    await world.say("in/a", *large)
    assert large == await take(world.bus, 3)
    await soon(world.bus.publish([Publication("out/x", payload) for payload in large]))
    await soon(world.bus.flush())
    assert large == await soon(world.heard(3))


async def test_what_is_no_mqtt_is_a_lost_broker() -> None:
    """Whoever answers on the port and speaks something else is given up, like a broker that went away."""
    answer = {CONNECT: CONNACK, PUBLISH_AT_LEAST_ONCE: b"\x40" + b"\xff" * 5}
    async with (
        scripted(lambda packet: answer.get(packet[0], b"")) as port,
        MqttBus("127.0.0.1", port, client_id="engine") as bus,
    ):
        again = asyncio.create_task(connected_again(bus))
        await soon(bus.publish(numbered(1)))
        await soon(again)
        answer[PUBLISH_AT_LEAST_ONCE] = bytes([0x40, 3, 0, 1, 0])
        await soon(bus.flush())


async def test_properties_can_be_read_by_others(address: Address) -> None:
    """The properties arrive as MQTT 5 user properties, in order, whatever their text."""
    properties = (("source", "/desk/7"), ("name", "山田 太郎"), ("empty", ""), ("long", "x" * 300))
    other = aiomqtt.Client(address.host, address.port, protocol=aiomqtt.ProtocolVersion.V5)
    async with other, MqttBus(address.host, address.port, client_id="engine") as bus:
        await other.subscribe("out/#", qos=1)
        await soon(bus.publish([Publication("out/x", b"body", properties=properties)]))
        message = await soon(anext(other.messages))
    assert message.properties is not None
    assert list(properties) == message.properties.UserProperty  # type: ignore[attr-defined]


# Brokers that say no


async def test_first_connect_refused() -> None:
    """Without anybody there, the fault says where, why and what to do."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(BrokerFault, match=f"MQTT broker at 127.0.0.1:{port}: .*refused; start it there, or give"):
        async with MqttBus("127.0.0.1", port, client_id="engine"):
            pass


Answer = Callable[[bytes], bytes]


@contextlib.asynccontextmanager
async def scripted(answer: Answer) -> AsyncIterator[int]:
    """A broker that answers each packet as the script says; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(2)  # All our packets are shorter than 128 bytes.
                writer.write(answer(head[:1] + await reader.readexactly(head[1])))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


CONNECT, PUBLISH_AT_LEAST_ONCE, SUBSCRIBE = 0x10, 0x32, 0x82
CONNACK = bytes([0x20, 3, 0, 0, 0])
NO_MATCHING_SUBSCRIBERS, NOT_AUTHORIZED = 0x10, 0x87


async def test_connection_not_allowed() -> None:
    """What the broker has against us is passed on."""
    async with scripted(lambda _: bytes([0x20, 3, 0, NOT_AUTHORIZED, 0])) as port:
        with pytest.raises(BrokerFault, match="Not authorized"):
            async with MqttBus("127.0.0.1", port, client_id="engine"):
                pass


async def test_subscription_refused() -> None:
    """A refused subscription is a fault that names the topic: deaf is no way to run."""

    def answer(packet: bytes) -> bytes:
        return {CONNECT: CONNACK, SUBSCRIBE: bytes([0x90, 4, *packet[1:3], 0, NOT_AUTHORIZED])}.get(packet[0], b"")

    async with scripted(answer) as port:
        with pytest.raises(BrokerFault, match=r"refuses 'engine' to subscribe to 'in/#' \(Not authorized\)"):
            async with MqttBus("127.0.0.1", port, client_id="engine", subscriptions=["in/#"]):
                pass


def connected(packet: bytes) -> bytes:
    """The answer of a broker that lets everybody in, and says nothing more."""
    return {CONNECT: CONNACK}.get(packet[0], b"")


async def test_a_loss_is_told_before_the_next_connection() -> None:
    """Whoever wants to know for how long the broker was away hears of its loss as of its return."""
    told: list[str] = []
    async with (
        scripted(connected) as port,
        Wire(Address("127.0.0.1", port)).laid() as wire,
        MqttBus("127.0.0.1", wire.port, client_id="engine") as bus,
    ):
        bus.on_lost, bus.on_connect = lambda: told.append("lost"), lambda: told.append("connected")
        wire.cut()
        await soon(connected_again(bus))
    assert ["lost", "connected"] == told


async def test_a_broker_that_was_there_is_looked_for_without_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs it may be bringing it back, we ourselves even: the log says where, why, and when to try again."""
    said: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
    logger = SimpleNamespace(warning=lambda event, **words: said.put_nowait((event, words)))
    monkeypatch.setattr("router.adapters.mqtt.log", logger)
    async with contextlib.AsyncExitStack() as stack, scripted(connected) as port:
        async with Wire(Address("127.0.0.1", port)).laid() as wire:
            await stack.enter_async_context(MqttBus("127.0.0.1", wire.port, client_id="engine"))
        lost, away = await soon(said.get()), await soon(said.get())
    place = f"127.0.0.1:{wire.port}"
    assert ("broker.lost", place) == (lost[0], lost[1]["broker"])
    why = away[1]["why"]
    assert ("broker.still_away", {"broker": place, "why": why, "again_in_s": 0.1}) == away
    assert why.endswith("Connection refused")


async def test_one_name_is_for_one_client() -> None:
    """A second client of our name ends us with a sentence: else the two would throw each other out for ever."""
    taken_over = bytes([0xE0, 1, 0x8E])

    def answer(packet: bytes) -> bytes:
        return {CONNECT: CONNACK, SUBSCRIBE: bytes([0x90, 4, *packet[1:3], 0, 1]) + taken_over}.get(packet[0], b"")

    async with scripted(answer) as port, MqttBus("127.0.0.1", port, client_id="engine", subscriptions=["in/#"]) as bus:
        with pytest.raises(BrokerFault, match=r"another client has connected to .* as 'engine'; stop one of the two"):
            await soon(bus.receive(1))


async def test_no_more_is_sent_than_the_broker_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker's receive maximum is kept (MQTT 5, 3.2.2.3.3), or it would throw us out; the rest waits."""
    monkeypatch.setattr("router.adapters.mqtt.CLOSE_S_MAX", 0.01)
    at_most_two = bytes([0x20, 6, 0, 0, 3, 0x21, 0, 2])
    answer = {CONNECT: at_most_two}
    async with (
        scripted(lambda packet: answer.get(packet[0], b"")) as port,
        MqttBus("127.0.0.1", port, client_id="engine") as bus,
    ):
        await soon(bus.publish(numbered(5)))
        assert (2, 3) == (len(bus._unconfirmed), len(bus._backlog))


async def confirmed_with(*reason: int) -> list[str]:
    """What is logged when the broker confirms three publications with this reason."""

    def answer(packet: bytes) -> bytes:
        number = packet[8:10]  # After the type, a topic of five letters and its length.
        confirmation = bytes([0x40, 2 + len(reason), *number, *reason])
        return {CONNECT: CONNACK, PUBLISH_AT_LEAST_ONCE: confirmation}.get(packet[0], b"")

    with capture_logs() as logs:
        async with scripted(answer) as port, MqttBus("127.0.0.1", port, client_id="engine") as bus:
            await soon(bus.publish(numbered(3)))
            await soon(bus.flush())
    return [line["event"] for line in logs]


async def test_refused_publication_is_not_repeated() -> None:
    """A publication that the broker will not have counts as settled, so as to hold up nothing, and is logged."""
    assert ["publication.refused"] * 3 == await confirmed_with(NOT_AUTHORIZED)


@pytest.mark.parametrize("reason", [(), (0,), (NO_MATCHING_SUBSCRIBERS,)])
async def test_nothing_is_said_of_what_is_confirmed(reason: tuple[int, ...]) -> None:
    """That nobody listens is no refusal either (MQTT 5, 3.4.2.1)."""
    assert [] == await confirmed_with(*reason)


async def test_cancelled_as_the_answer_comes() -> None:
    """A cancellation in the very turn in which the broker answers is obeyed: whoever leaves then waits for it."""

    def answer(packet: bytes) -> bytes:
        return {CONNECT: CONNACK, SUBSCRIBE: bytes([0x90, 4, *packet[1:3], 0, 1])}.get(packet[0], b"")

    async with scripted(answer) as port:
        client = aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5)
        opening = asyncio.create_task(Link(client, lambda _: None, lambda *_: None).open(["in/#"]))
        beneath = paho_of(client)
        take_answer = beneath.on_subscribe
        assert take_answer is not None

        def take_answer_and_cancel(*answer: Any) -> None:
            take_answer(*answer)
            opening.cancel()

        beneath.on_subscribe = take_answer_and_cancel
        await asyncio.wait([opening], timeout=15)
        assert opening.cancelled()


async def test_aiomqtt_is_as_we_know_it() -> None:
    """The two private attributes we use are there, with what we need of paho. If this fails, see `mqtt_link`."""
    client = aiomqtt.Client("localhost", protocol=aiomqtt.ProtocolVersion.V5)
    beneath = paho_of(client)
    assert isinstance(beneath, paho.Client)
    used = ("on_connect", "on_socket_open", "on_socket_register_write", "on_socket_unregister_write", "loop_write")
    assert [] == [name for name in (*used, "_sock") if not hasattr(beneath, name)]
