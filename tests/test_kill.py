"""The real service, with a real broker and a journal on disk, killed again and again while contacts come and go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from acd.events import AgentStateSet, ContactJoined, OfferAccepted, WrappedUp
from router import codec, contract
from router.adapters import broker as broker_module
from router.adapters.broker import Address
from router.adapters.mqtt import MqttBus
from router.adapters.sqlite import SqliteJournal
from router.centre import load
from router.engine import Engine
from router.events import ContactArrived, ContactLeft, Event
from router.measures import Measures
from router.ports import Publication, Row
from router.recovery import recover
from router.vault import Vault
from tests.conftest import ROOT
from tests.stage import payload, state_of

pytestmark = pytest.mark.server

HELLO = ROOT / "examples/hello"
INPUTS = contract.input_topic("hello", "player")
AVAILABLE = contract.available_topic("hello", contract.ENGINE)
CONTACTS = 30
REPEAT_S = 0.3
"""After how long the player says again what it has no answer to."""
QUESTION = {"specversion": "1.0", "source": "player", "type": "snapshot.requested"}


class Child:
    """A child process that a test kills and starts again; what it says goes to a file."""

    def __init__(self, words: Path, *command: str) -> None:
        self._words = words
        self._command = command
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, once more if need be."""
        with self._words.open("ab") as words:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=ROOT, stdin=DEVNULL, stdout=words, stderr=words
            )

    async def end(self, number: signal.Signals) -> int:
        """Send it a signal, and wait for its end; returns the exit code."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        return await self._process.wait()


def a_broker(folder: Path, port: int) -> Child:
    """The best broker there is, as the service would start it, but on a port that outlives it."""
    program = broker_module._choose()
    file = broker_module._write_configuration(program, port, folder)
    return Child(folder / "broker.log", *program.command, str(file))


def a_service(folder: Path, port: int, *more: str) -> Child:
    """`firstline serve`, always on the same journal and broker."""
    options = ["--journal", str(folder / "hello.db"), "--broker", f"127.0.0.1:{port}", "--http", "127.0.0.1:0", *more]
    return Child(folder / "service.log", sys.executable, "-m", "router.cli", "serve", str(HELLO), *options)


@contextlib.asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    """See to it that nothing outlives the test."""
    await child.start()
    try:
        yield child
    finally:
        await child.end(signal.SIGKILL)


class Player:
    """Customers and agents at the other end of a broker. Says everything until it knows what became of it.

    What it does follows from what it hears, and so do the ids it uses: to hear the same twice does no harm.
    """

    def __init__(self, bus: MqttBus) -> None:
        self._bus = bus
        self._open: dict[str, bytes] = {}
        self._said: set[str] = set()
        self.announced: dict[int, dict[str, Any]] = {}
        self.repeats_differ: list[int] = []
        self.gaps = 0
        self.done: set[str] = set()
        self.engine_online = asyncio.Event()
        self._news = asyncio.Event()

    async def say(self, own_id: str, fact: Event) -> None:
        """Say it, unless it was said before."""
        if own_id not in self._said:
            self._said.add(own_id)
            self._open[own_id] = payload(fact, source="player", id=own_id)
            await self._bus.publish([Publication(INPUTS, self._open[own_id])])

    async def ask(self) -> None:
        """Ask for a snapshot."""
        question = json.dumps(QUESTION | {"id": f"q{len(self.announced)}"}).encode()
        await self._bus.publish([Publication(INPUTS, question)])

    async def call(self, contacts: int) -> None:
        """Bring in so many contacts, each once two others are over, so that there are always some under way."""
        for agent in ("ann", "bob"):
            await self.say(f"ready-{agent}", AgentStateSet(agent, "ready"))
        for number in range(contacts):
            await self.until(partial(self._has_done, number - 5))
            await self.say(f"arrived-{number}", ContactArrived(f"c{number}", "100"))
        await self.until(lambda: len(self.done) == contacts)

    def _has_done(self, count: int) -> bool:
        return len(self.done) >= count

    def has_heard(self, count: int) -> bool:
        """Whether so many rows were announced to it."""
        return len(self.announced) >= count

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that only news can bring about."""
        while not condition():
            self._news.clear()
            await self._news.wait()

    async def repeat(self) -> None:
        """Say again what nobody has answered, and ask what was missed."""
        while True:
            await asyncio.sleep(REPEAT_S)
            if self._open:
                await self._bus.publish([Publication(INPUTS, body) for body in self._open.values()])
                await self.ask()

    async def listen(self) -> None:
        """Hear everything, and act on it."""
        while True:
            messages = await self._bus.receive(100)
            for message in messages:
                if message.topic == AVAILABLE:
                    (self.engine_online.set if message.payload == b"online" else self.engine_online.clear)()
                else:
                    await self._hear(message.topic, json.loads(message.payload))
            self._bus.acknowledge(messages)
            self._news.set()

    async def _hear(self, topic: str, body: dict[str, Any]) -> None:
        self._open.pop(body.get("cause", "").removeprefix("player "), None)
        if body["type"] == "snapshot":
            await self._catch_up(body["data"])
        elif "/out/" in topic:
            seq = body["sequence"]
            if seq in self.announced:
                self.repeats_differ += [seq] * (body != self.announced[seq])
                return
            self.gaps += seq != 1 + max(self.announced, default=0)
            self.announced[seq] = body
            await self._act(body["type"], body["data"])

    async def _act(self, kind: str, data: dict[str, Any]) -> None:
        names: Any = tuple(data.get(name) for name in ("contact", "agent", "offer"))
        match kind:
            case "offer":
                await self.say(f"accepted-{names[2]}", OfferAccepted(*names))
            case "join":
                await self.say(f"joined-{names[2]}", ContactJoined(*names))
            case "contact.joined":
                await self.say(f"left-{names[0]}", ContactLeft(names[0]))
            case "wrap_up.started":
                await self.say(f"wrapped-{names[0]}", WrappedUp(names[1], names[0], "resolved"))
            case "contact.wrapped_up":
                self.done.add(names[0])

    async def _catch_up(self, shown: dict[str, Any]) -> None:
        """Do what announcements would have told that a broker has lost."""
        for offer in shown["offers"]:
            await self._act("join" if offer["accepted"] else "offer", offer)
        for contact in shown["contacts"]:
            if contact["state"] == "talking":
                await self._act("contact.joined", contact)
        for agent in shown["agents"]:
            for work in agent["works"]:
                if work["state"] == "wrap_up":
                    await self._act("wrap_up.started", agent | work)
        alive = {contact["contact"] for contact in shown["contacts"]}
        self.done |= {own_id.removeprefix("wrapped-") for own_id in self._said if own_id.startswith("wrapped-")} - alive


@contextlib.asynccontextmanager
async def playing(port: int) -> AsyncIterator[Player]:
    """A player that hears and repeats as long as the block runs."""
    topics = [contract.every_output("hello"), contract.reply_topic("hello", "player"), AVAILABLE]
    async with MqttBus("127.0.0.1", port, client_id="player", subscriptions=topics, backoff_s_max=0.2) as bus:
        player = Player(bus)
        tasks = [asyncio.create_task(player.listen()), asyncio.create_task(player.repeat())]
        try:
            yield player
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def answering(port: int) -> None:
    """Wait until a broker listens."""
    while not await broker_module._accepts(Address("127.0.0.1", port)):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)


async def kept(folder: Path) -> list[Row]:
    """The log, after what holds for every log: a start from it is the fold of it, and no law is broken."""
    journal = await SqliteJournal.open(folder / "hello.db", read_only=True)
    try:
        plan = load(HELLO).plan
        rows = [row async for row in journal.rows()]
        vault = Vault(await journal.personal())
        recovered = await recover(plan, journal)
    finally:
        await journal.close()
    engine, measures = Engine(plan), Measures(plan)
    for row in rows:
        event = codec.decode(row.kind, row.version, row.body, vault.value)
        engine.apply(event, row.at)
        measures.apply(event, row.at)
    engine.board.check()
    assert state_of(engine.board) == state_of(recovered.engine.board)
    assert measures.dump() == recovered.measures.dump()
    return rows


def each_contact_went_all_the_way(rows: list[Row]) -> None:
    """Arrived, offered, joined, ended and wrapped up, each of it once."""
    happened = Counter((row.kind, json.loads(row.body).get("contact")) for row in rows)
    expected = {
        (kind, f"c{number}")
        for number in range(CONTACTS)
        for kind in ("contact.arrived", "offer", "contact.joined", "contact.ended", "contact.wrapped_up")
    }
    assert set() == expected - happened.keys(), "nobody who was up is lost"
    assert {1} == {happened[key] for key in expected}, "nothing is offered twice"


def announced_as_kept(player: Player, rows: list[Row]) -> None:
    """Whoever listens has heard the journal's rows, and nothing else."""
    assert [] == player.repeats_differ
    kept_rows = {row.seq: (row.kind, json.loads(row.body)) for row in rows}
    heard = {seq: (body["type"], body["data"]) for seq, body in player.announced.items()}
    assert heard.items() <= kept_rows.items()


async def play_and_kill(folder: Path, *, kills: int, kill_broker: bool) -> None:
    """The whole story; `kills` of the service, and one of the broker if asked for."""
    random = Random(kills)
    port = broker_module._free_port(None)
    points = sorted(random.sample(range(20, 7 * CONTACTS), kills))
    async with running(a_broker(folder, port)) as broker, asyncio.timeout(60):
        await answering(port)
        async with running(a_service(folder, port)) as service, playing(port) as player:
            calling = asyncio.create_task(player.call(CONTACTS))
            for number, point in enumerate(points):
                await player.until(partial(player.has_heard, point))
                await service.end(signal.SIGKILL)
                await service.start()
                if kill_broker and number == 0:
                    await player.until(player.engine_online.is_set)
                    await broker.end(signal.SIGKILL)
                    await broker.start()
            await calling
            assert 0 == await service.end(signal.SIGTERM)
            rows = await kept(folder)
            each_contact_went_all_the_way(rows)
            if not kill_broker:
                await player.until(partial(player.has_heard, len(rows)))
                assert 0 == player.gaps, "announcements have no gap"
            announced_as_kept(player, rows)


async def test_a_service_that_is_killed_loses_nobody(tmp_path: Path, mosquitto: Path) -> None:
    """Killed three times in the middle, it goes on where it was: nobody is lost, offered twice, or announced amiss."""
    await play_and_kill(tmp_path, kills=3, kill_broker=False)


async def test_a_broker_that_is_killed_loses_nobody(tmp_path: Path, mosquitto: Path) -> None:
    """Whatever the broker forgets is said again by those who have no answer, and asked for by those who missed it."""
    await play_and_kill(tmp_path, kills=2, kill_broker=True)


async def test_the_broker_that_comes_with_us_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with iotcore, where mosquitto is not installed."""
    monkeypatch.setattr("shutil.which", lambda *_args, **_path: None)
    await play_and_kill(tmp_path, kills=2, kill_broker=False)


async def test_a_service_with_a_clock_of_its_own_spoils_no_story_when_it_is_killed(
    tmp_path: Path, mosquitto: Path
) -> None:
    """`firstline play` goes on by the clock that it comes back with, and finds every story as it was drawn."""
    port = broker_module._free_port(None)
    clock = ("--start", "2026-01-05T10:00", "--speed", "120")
    playing = ("play", str(HELLO), "--broker", f"127.0.0.1:{port}", "--minutes", "20", "--seed", "3", "--json")
    player = Child(tmp_path / "play.log", sys.executable, "-m", "router.cli", *playing)
    async with running(a_broker(tmp_path, port)), asyncio.timeout(60):
        await answering(port)
        async with running(a_service(tmp_path, port, *clock)) as service, watching(port) as bus:
            await until_heard(bus, AVAILABLE)
            await player.start()
            for _ in range(40):
                await until_heard(bus, "/out/")
            await service.end(signal.SIGKILL)
            await service.start()
            assert player._process is not None
            code = await player._process.wait()
    said = (tmp_path / "play.log").read_text("utf-8").splitlines()
    told = json.loads(said[-1])
    assert (0, [], 1) == (code, told["problems"], told["outages"]["count"]), said
    assert told["outages"]["stood_ms"] > 0


def watching(port: int) -> MqttBus:
    """Somebody who only listens."""
    topics = [contract.every_output("hello"), AVAILABLE]
    return MqttBus("127.0.0.1", port, client_id="watcher", subscriptions=topics)


async def until_heard(bus: MqttBus, part: str) -> None:
    """Wait for the next message on a topic with this part; what came before it is passed over."""
    topic = ""
    while part not in topic:
        (message,) = await bus.receive(1)
        bus.acknowledge([message])
        topic = message.topic


async def test_a_second_service_is_refused_the_journal(tmp_path: Path, mosquitto: Path) -> None:
    """Two writers never share a log: the second says so and ends with its own exit code."""
    port = broker_module._free_port(None)
    async with running(a_broker(tmp_path, port)), asyncio.timeout(30):
        await answering(port)
        async with running(a_service(tmp_path, port)), playing(port) as player:
            await player.until(player.engine_online.is_set)
            second = a_service(tmp_path, port)
            await second.start()
            assert second._process is not None
            assert 4 == await second._process.wait()
