"""INV-14: one made-up day through the simulator and through the live service gives byte-equal logs.

The simulator hands a world's facts to the engine from a heap. Here the same world stands at the other end of a bus, and
plays over the event contract against the whole service: parsed, ordered, committed, announced. What is compared of each
row is all but its cause, which names the input it follows from: the simulator's facts have no senders.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile

import pytest
from structlog.testing import capture_logs

from router import codec
from router.centre import load
from router.events import Event
from router.plan import Plan
from router.vault import Vault
from simulator import experiment
from simulator.agents import shifts
from simulator.arrivals import midnight_ms
from simulator.loop import run, settle
from simulator.population import Customer, draw, load_population
from simulator.streams import key
from simulator.world import World
from tests.conftest import ROOT
from tests.stage import Stage, first_difference

MONDAY = date(2026, 3, 2)
HOUR_MS = 3_600_000
SPEED = 60.0

Line = tuple[int, int, str, int, bytes]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of an example centre: its rules, when it begins, and how to make its world once more."""

    plan: Plan
    start: int
    folder: str
    until: int

    def world(self) -> World:
        """The same customers and agents, every time."""
        centre = load(ROOT / "examples" / self.folder)
        spec = load_population(centre.document, centre.plan)
        seed = key(7, "replication 1")
        customers = takewhile(self._comes_in_time, draw(spec, centre.plan, seed, MONDAY, 1))
        return World(spec.agents, seed, customers, shifts(spec, centre.plan, MONDAY, 1))

    def _comes_in_time(self, customer: Customer) -> bool:
        return customer.arrival_ms < self.until


def day(folder: str, hours: int) -> Day:
    """The day's customers up to so many hours after midnight."""
    plan = load(ROOT / "examples" / folder).plan
    start = midnight_ms(MONDAY, plan.zone)
    return Day(plan, start, folder, start + hours * HOUR_MS)


def simulated(day: Day) -> list[Line]:
    """The day's log as the simulator's engine makes it, with personal values sealed as the service does."""
    vault, log = Vault(), list[Line]()

    def book(event: Event, at: int) -> None:
        subject = getattr(event, "contact", "")
        body = codec.encode(event, lambda kind, value: vault.token(kind, value, subject))
        log.append((len(log) + 1, at, event.kind, codec.version_of(event.kind), body))

    experiment.run(day.plan, day.world(), day.start, (book,))
    return log


async def live(day: Day) -> list[Line]:
    """The day's log as the service keeps it, the world playing over the bus until it has nothing more to do."""
    stage = Stage(day.plan, start=day.start, speed=SPEED)
    await stage.open()
    world, heard = day.world(), 0
    while True:
        await settle()
        news, heard = stage.bus.published[heard:], len(stage.bus.published)
        for publication in news:
            if "/out/" in publication.topic:
                listen(world, publication.payload)
        upcoming = world.upcoming()
        if upcoming is None:
            break
        if upcoming <= stage.clock.now():
            stage.deliver(world.act(), source="world")
        else:
            await news_or(stage, upcoming)
    await stage.close()
    return [(row.seq, row.at, row.kind, row.version, row.body) for row in stage.journal.kept_rows]


def listen(world: World, payload: bytes) -> None:
    """Tell the world what was announced, which is all that a participant ever learns."""
    body = json.loads(payload)
    version = codec.version_of(body["type"])
    event = codec.decode(body["type"], version, json.dumps(body["data"]).encode(), str)
    world.hear(event, instant(body["time"]))


def instant(time: str) -> int:
    """An announcement's time (RFC 3339) as ms since the epoch."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


async def news_or(stage: Stage, at: int) -> None:
    """Wait until something is announced, at most until this instant."""
    stage.bus.news.clear()
    with suppress(TimeoutError):
        async with asyncio.timeout((at - stage.clock.now()) / 1000 / stage.clock.speed):
            await stage.bus.news.wait()


@pytest.mark.parametrize(("folder", "hours"), [("hello", 24), ("shared-service-centre", 10)])
def test_live_and_simulated_logs_are_byte_equal(folder: str, hours: int) -> None:
    """Every row of the two logs has the same seq, instant, kind, version and body."""
    played = day(folder, hours)
    expected = simulated(played)
    with capture_logs():
        actual = run(live(played))
    assert None is first_difference(expected, actual)
    assert len(expected) > 500
    assert "contact.joined" in {kind for _, _, kind, _, _ in expected}
