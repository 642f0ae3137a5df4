"""The whole service: a real `firstline serve`, a real broker, durable commits, and a sender in a process of its own.

Processes: this one sends and listens; its children are the broker, the service and two echoes. The loads (echoes,
service, journal) take turns, so that each ratio is of figures measured one right after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from unittest import mock

from benchmarks import echo, talks
from benchmarks.figures import Figure, Report, percentile
from benchmarks.load import Load, Talk, Timing
from benchmarks.processes import child, firstline
from benchmarks.script import CENTRE
from router import contract
from router.adapters.broker import Address, broker
from router.adapters.mqtt import MqttBus
from router.adapters.sqlite import SqliteJournal
from router.centre import load
from router.errors import BrokerFault, FirstlineError
from router.plan import Plan
from router.ports import Batch, Row

BROKERS = ("mosquitto", "iotcore")

SHARE_MIN = 0.4
ADDED_MS_MAX = 10.0
AT_ONCE = 128
"""How many inputs are under way when the service, or the echo, is saturated."""
ECHO_BYTES = 256
GROUP_ROWS = 200
SINGLES = 200
UNCONFIRMED_MAX = 10_000
START_S_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of everything. Rates are per second."""

    echo: Timing
    own_echo: Timing
    service: Timing
    paced_echo: Timing
    paced_service: Timing
    rows_per_event: float
    journal_rows_per_s: float
    commits_ms: list[float]

    @property
    def floor_per_s(self) -> float:
        """What the slower of the bare echo and the journal reaches, in events."""
        return min(self.echo.per_s, self.journal_rows_per_s / self.rows_per_event)

    def added_ms(self, percent: int) -> float:
        """What the service adds to the echo's percentile."""
        return percentile(self.paced_service.each_ms, percent) - percentile(self.paced_echo.each_ms, percent)


def measure(events: int, per_s: int, seconds: int, program: str, repeat: int) -> Report:
    """So many events as fast as they are taken, then so many a second for so long; and all that again."""
    rounds = asyncio.run(_rounds(events, per_s, seconds, program, repeat))
    return Report("live", tuple(_figures(rounds, per_s)), _notes(program, per_s))


def _figures(rounds: list[Round], per_s: int) -> Iterable[Figure]:
    def figure(name: str, title: str, unit: str, samples: Iterable[float], **target: float) -> Figure:
        return Figure(name, title, unit, tuple(samples), **target)

    yield figure("service_events_per_s", "service, saturated", "events/s", (each.service.per_s for each in rounds))
    rows = (each.service.per_s * each.rows_per_event for each in rounds)
    yield figure("service_rows_per_s", "  rows committed and announced", "rows/s", rows)
    yield figure("echo_per_s", "floor: bare broker echo", "round trips/s", (each.echo.per_s for each in rounds))
    own = (each.own_echo.per_s for each in rounds)
    yield figure("own_echo_per_s", "  echo by the service's client", "round trips/s", own)
    yield figure("journal_rows_per_s", "floor: journal", "rows/s", (each.journal_rows_per_s for each in rounds))
    yield figure("rows_per_event", "  rows for each event", "rows/event", (each.rows_per_event for each in rounds))
    shares = (each.service.per_s / each.floor_per_s for each in rounds)
    yield figure("service_share_of_slower_floor", "service / slower floor", "ratio", shares, at_least=SHARE_MIN)
    shares = (each.service.per_s / each.own_echo.per_s for each in rounds)
    yield figure("service_share_of_own_echo", "service / echo by its client", "ratio", shares)
    for percent in (50, 99):
        for name, title, timings in (
            ("service", f"service at {per_s:,}/s", [each.paced_service.each_ms for each in rounds]),
            ("echo", f"floor: echo at {per_s:,}/s", [each.paced_echo.each_ms for each in rounds]),
            ("commit", "floor: commit of one row", [each.commits_ms for each in rounds]),
        ):
            samples = (percentile(each_ms, percent) for each_ms in timings)
            yield figure(f"{name}_p{percent}_ms", f"{title}, p{percent}", "ms", samples)
        title, target = f"added by the service, p{percent}", {"below": ADDED_MS_MAX} if percent > 50 else {}  # noqa: PLR2004
        yield figure(f"added_p{percent}_ms", title, "ms", (each.added_ms(percent) for each in rounds), **target)
    late = (percentile(each.paced_service.late_ms, 99) for each in rounds)
    yield figure("sender_late_p99_ms", "the sender behind its clock, p99", "ms", late)


def _notes(program: str, per_s: int) -> str:
    return f"""
An event is an input taken, decided, committed (synchronous = FULL), acknowledged, and announced together with all the
decisions that follow from it. The inputs are those of whole contacts: arrival, key, acceptance, join, end, wrap-up.
Broker: {program}; everything goes with quality of service 1. Saturated means {AT_ONCE} inputs under way at any time.
An echo is a process that says back what it hears, in a message of an announcement's shape: the bare one by paho as it
comes, the other by the service's own client, with which latencies are compared. The journal's floor appends the
service's own rows in groups of {GROUP_ROWS}, and nothing else; for events a second it is divided by the rows of each.
Latency is the sender's: from just before an input is published until the last command that it causes is there (or its
own announcement, if there is none), while {per_s:,} a second are sent by the clock, whatever becomes of the others.
"""


async def _rounds(events: int, per_s: int, seconds: int, program: str, repeat: int) -> list[Round]:
    with TemporaryDirectory() as name:
        async with _rig(program, Path(name)) as rig:
            return [await rig.round(number, events, per_s, seconds) for number in range(repeat)]


@dataclass(slots=True)
class _Rig:
    """Everything that runs, once it runs."""

    plan: Plan
    journal: Path
    to_echo: dict[str, Load]
    to_service: Load
    seq: int = 0

    async def round(self, number: int, events: int, per_s: int, seconds: int) -> Round:
        bare, own = [await self._echo(client, events) for client in echo.CLIENTS]
        served = await self._serve(f"fast{number}", events)
        rows = await self._new_rows()
        paced_echo = await self.to_echo["own"].pace(self._echoes("own", per_s * seconds), per_s)
        contacts = self._contacts(f"paced{number}", per_s * seconds // talks.STEPS)
        paced = await self.to_service.pace(contacts, per_s / talks.STEPS)
        await self._new_rows()
        journal = await _append(rows, self.journal.with_name(f"floor{number}.db"))
        return Round(bare, own, served, paced_echo, paced, len(rows) / len(served.each_ms), *journal)

    async def log_in(self) -> None:
        """All agents become ready, which warms everything up as well."""
        centre = self.plan.centre
        await self.to_service.saturate((talks.log_in(centre, agent) for agent in self.plan.floor.agents), AT_ONCE)
        await self._new_rows()

    async def _echo(self, client: str, events: int) -> Timing:
        return await self.to_echo[client].saturate(iter(self._echoes(client, events)), AT_ONCE)

    async def _serve(self, name: str, events: int) -> Timing:
        contacts = self._contacts(name, max(1, events // talks.STEPS))
        return await self.to_service.saturate(iter(contacts), AT_ONCE)

    def _echoes(self, client: str, number: int) -> list[Talk]:
        return [talks.echoed(client, n, ECHO_BYTES) for n in range(number)]

    def _contacts(self, name: str, number: int) -> list[Talk]:
        return [talks.contact(self.plan.centre, name, n) for n in range(number)]

    async def _new_rows(self) -> list[Row]:
        """What the service has written since we last looked."""
        journal = await SqliteJournal.open(self.journal, read_only=True)
        rows = [row async for row in journal.rows(self.seq)]
        await journal.close()
        self.seq += len(rows)
        return rows


async def _append(rows: list[Row], path: Path) -> tuple[float, list[float]]:
    """The same rows into a journal of their own, group by group: rows a second. Then some one by one: ms for each."""
    again = [replace(row, seq=seq) for seq, row in enumerate(rows, 1)]
    singles = [replace(row, seq=seq) for seq, row in enumerate(again[:SINGLES], len(again) + 1)]
    groups = [again[first : first + GROUP_ROWS] for first in range(0, len(again), GROUP_ROWS)]
    journal = await SqliteJournal.open(path)
    took_s = sum([await _commit(journal, group) for group in groups])
    each_ms = [1_000 * await _commit(journal, [row]) for row in singles]
    await journal.close()
    return len(rows) / took_s, each_ms


async def _commit(journal: SqliteJournal, rows: list[Row]) -> float:
    start = perf_counter()
    await journal.append(Batch(rows))
    return perf_counter() - start


@contextlib.asynccontextmanager
async def _rig(program: str, folder: Path) -> AsyncIterator[_Rig]:
    """Start everything, wait until it is there, and log the agents in."""
    plan, journal = load(CENTRE).plan, folder / "journal.db"
    serving = contract.available_topic(plan.centre, contract.ENGINE)
    async with contextlib.AsyncExitStack() as stack:
        address = await stack.enter_async_context(_broker(program, folder / "broker"))
        answers = await stack.enter_async_context(_bus(address, talks.SENDER, [*talks.answers(plan.centre), serving]))
        process = await stack.enter_async_context(child(_serve_command(address, journal), folder / "service.log"))
        await _there(answers, serving, process, folder / "service.log")
        echoes = {client: await stack.enter_async_context(_echo(client, address, folder)) for client in echo.CLIENTS}
        rig = _Rig(plan, journal, echoes, Load(answers, talks.read_answer))
        await rig.log_in()
        yield rig


@contextlib.asynccontextmanager
async def _echo(client: str, address: Address, folder: Path) -> AsyncIterator[Load]:
    """An echo with this client, and what sends to it."""
    command = [sys.executable, "-m", "benchmarks.echo", client, address.host, str(address.port)]
    words, topics = folder / f"echo_{client}.log", [echo.said(client), echo.there(client)]
    async with _bus(address, f"{client}-load", topics) as bus, child(command, words) as process:
        await _there(bus, echo.there(client), process, words)
        yield Load(bus, talks.read_echo)


@contextlib.asynccontextmanager
async def _broker(program: str, folder: Path) -> AsyncIterator[Address]:
    """The broker of this name. Left to itself `broker` takes the better one, so for the other that one is hidden."""
    hide = mock.patch("router.adapters.broker.shutil.which", return_value=None)
    with hide if program == "iotcore" else contextlib.nullcontext():
        async with broker(None, folder) as address:
            if address.broker != program:
                raise BrokerFault(f"{program} is not installed: install it, or measure with --broker {address.broker}")
            yield address


def _bus(address: Address, name: str, topics: list[str]) -> MqttBus:
    return MqttBus(
        address.host, address.port, client_id=name, subscriptions=topics, session_s=0, unconfirmed_max=UNCONFIRMED_MAX
    )


def _serve_command(address: Address, journal: Path) -> list[str]:
    options = {"--journal": str(journal), "--broker": str(address), "--http": "127.0.0.1:0", "--log-level": "warning"}
    return firstline("serve", str(CENTRE), *(word for option in options.items() for word in option))


async def _there(bus: MqttBus, topic: str, process: Process, words: Path) -> None:
    """Wait until a child has said that it is there."""
    saying, ending = asyncio.create_task(_hear(bus, topic)), asyncio.create_task(process.wait())
    done, _ = await asyncio.wait({saying, ending}, timeout=START_S_MAX, return_when=asyncio.FIRST_COMPLETED)
    for task in (saying, ending):
        task.cancel()
    if saying not in done:
        said = await asyncio.to_thread(words.read_text, errors="replace")
        raise FirstlineError(f"{words.stem} did not start; its last words: {said.strip().rpartition(chr(10))[2]}")


async def _hear(bus: MqttBus, topic: str) -> None:
    while True:
        messages = await bus.receive(1)
        bus.acknowledge(messages)
        if messages[0].topic == topic:
            return
