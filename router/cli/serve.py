"""`firstline serve`: a centre, until somebody ends it."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from router.adapters.broker import PORT_MAX
from router.adapters.clock import WallClock
from router.centre import load
from router.cli.live import Live, live
from router.cli.logs import event_logger, log_to_stderr
from router.errors import UsageFault
from router.plan import Plan


def run(
    folder: Path,
    *,
    journal: Path,
    broker: str | None,
    broker_port: int,
    http: str,
    start: str | None,
    speed: float,
    log_level: str,
) -> None:
    """Check everything that can be checked before anything is started; then serve until SIGINT or SIGTERM."""
    log_to_stderr(log_level)
    plan = load(folder).plan
    address = loopback(http)
    clock = WallClock(instant(start, plan) if start else None, speed)
    centre = live(
        plan,
        clock,
        journal=journal,
        broker_address=broker,
        broker_port=broker_port or None,
        http_address=address,
        observers=event_logger(log_level),
    )
    asyncio.run(_serve(plan, clock, journal, centre))


async def _serve(plan: Plan, clock: WallClock, journal: Path, starting: AbstractAsyncContextManager[Live]) -> None:
    log = structlog.get_logger("firstline")
    async with starting as centre:
        log.info(
            "serving",
            centre=plan.centre,
            rules=plan.hash,
            journal=str(journal),
            broker=str(centre.broker),
            broker_kind=centre.broker.broker,
            http=centre.http,
            speed=clock.speed,
            login="none: only this machine can reach the service",
        )
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        ending = asyncio.create_task(ended.wait())
        await asyncio.wait({ending, centre.running}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if centre.running.done():
            centre.running.result()
        log.info("stopping", seq=centre.service.engine.board.seq)


def loopback(address: str) -> tuple[str, int]:
    """HOST:PORT on this machine. Until roles exist nobody else may ask, as nobody is asked who he is."""
    host, colon, port = address.rpartition(":")
    host = host.strip("[]")
    if not colon or not port.isdecimal() or int(port) > PORT_MAX:
        raise UsageFault(f"--http {address}: write HOST:PORT, for instance 127.0.0.1:8080")
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if not here:
        raise UsageFault(
            f"--http {address}: there are no roles yet, so the service answers on this machine only: "
            "use 127.0.0.1, and a proxy that asks who is there"
        )
    return host, int(port)


def instant(text: str, plan: Plan) -> int:
    """An ISO 8601 instant as ms since the epoch; one without an offset is in the centre's zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageFault(f"--start {text}: write an instant such as 2026-03-02T09:00") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(plan.zone))
    return round(moment.timestamp() * 1000)
