"""A whole live centre in one process, for `serve` and `demo`: journal, broker, bus, HTTP and the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from router import contract
from router.adapters.broker import Address, broker, ensure_broker, parse_address
from router.adapters.clock import WallClock
from router.adapters.http import http, listen
from router.adapters.looking_back import beside
from router.adapters.mqtt import MqttBus
from router.adapters.sqlite import SqliteJournal
from router.adapters.sqlite_file import claimed
from router.cli.release import release
from router.errors import JournalFault
from router.events import Event
from router.plan import Plan
from router.recovery import Recovered, UnusableJournalFault, recover
from router.service import Service


@dataclass(frozen=True, slots=True)
class Live:
    """A running service, the task that runs it, and where it is to be reached."""

    service: Service
    running: asyncio.Task[None]
    broker: Address
    http: str


@asynccontextmanager
async def live(
    plan: Plan,
    clock: WallClock,
    *,
    journal: Path,
    broker_address: str | None,
    broker_port: int | None,
    http_address: tuple[str, int],
    observers: tuple[Callable[[Event, int], None], ...] = (),
) -> AsyncIterator[Live]:
    """Run a centre while the block runs; leaving stops it in order: last commit, announcements, snapshot, good-byes.

    Ports and broker are tried before the journal is made or opened for writing, so that what cannot be had touches no
    data; a broker of our own is started in between, as its state lies beside the journal, and behind the same lock. A
    journal that is not this centre's, or not for this release, is refused before anything is started or left. A
    clock with a time of its own goes on from where the journal ends. Without a `broker_address` our own broker listens
    on `broker_port`, or on any free one.
    """
    async with AsyncExitStack() as stack:
        listener = listen(*http_address)
        stack.callback(listener.close)
        await ensure_broker(broker_address, port=broker_port)
        if broker_address is not None:
            await _try(parse_address(broker_address), plan)
        judge = partial(_judge, plan, journal)
        place = await stack.enter_async_context(claimed(journal, create=True, judge=judge))
        address = await stack.enter_async_context(
            broker(broker_address, journal.with_suffix(".broker"), port=broker_port)
        )
        store = await SqliteJournal.open_claimed(place)
        stack.push_async_callback(store.close)
        recovered = await _recovered(plan, store, journal)
        clock.resume(recovered.engine.now)
        bus = await stack.enter_async_context(
            MqttBus(
                address.host,
                address.port,
                client_id=f"firstline-{plan.centre}-engine",
                subscriptions=[contract.every_input(plan.centre)],
                availability=contract.available_topic(plan.centre, contract.ENGINE),
            )
        )
        service = Service(recovered, store, bus, clock, observers, release=release())
        running = asyncio.create_task(service.run(), name="service")
        stack.push_async_callback(_stop, service, running)
        await _in_force(service, running)
        url = await stack.enter_async_context(http(service, listener, beside(journal)))
        yield Live(service, running, address, url)


async def _try(address: Address, plan: Plan) -> None:
    """Raise the `BrokerFault` that a connection would, under another name: ours may be a running service's."""
    client_id = f"firstline-{plan.centre}-trial"
    inputs = [contract.every_input(plan.centre)]
    async with MqttBus(address.host, address.port, client_id=client_id, subscriptions=inputs, session_s=0):
        pass


async def _judge(plan: Plan, journal: Path, path: Path) -> None:
    async with SqliteJournal.at_rest(path) as store:
        await _recovered(plan, store, journal)


async def _recovered(plan: Plan, store: SqliteJournal, journal: Path) -> Recovered:
    try:
        return await recover(plan, store)
    except UnusableJournalFault as fault:
        raise JournalFault(f"{journal}: {fault}; nothing in it was changed") from fault


async def _in_force(service: Service, running: asyncio.Task[None]) -> None:
    """Wait until the rules are in force; raise why they cannot be."""
    waiting = asyncio.create_task(service.in_force.wait())
    await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()


async def _stop(service: Service, running: asyncio.Task[None]) -> None:
    service.stop()
    await running
