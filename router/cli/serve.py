"""`firstline serve`: a centre, until somebody ends it."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from router.adapters.broker import PORT_MAX
from router.adapters.clock import WallClock
from router.centre import Centre
from router.cli.centres import checked
from router.cli.ending import ending
from router.cli.live import Live, live
from router.cli.logs import event_logger, log_to_stderr
from router.errors import UsageFault
from router.plan import Plan
from router.times import instant


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
    centre = checked(folder)
    plan = centre.plan
    address = loopback(http)
    clock = WallClock(instant(start, plan.zone, "--start") if start else None, speed)
    _check_horizon(clock, centre, told=start is not None)
    starting = live(
        plan,
        clock,
        journal=journal,
        broker_address=broker,
        broker_port=broker_port or None,
        http_address=address,
        observers=event_logger(log_level),
    )
    asyncio.run(_serve(plan, clock, journal, starting))


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
        stopping = asyncio.create_task(ending().wait())
        await asyncio.wait({stopping, centre.running}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if centre.running.done():
            centre.running.result()
        log.info("stopping", seq=centre.service.engine.board.seq)


def _check_horizon(clock: WallClock, centre: Centre, *, told: bool) -> None:
    """Outside the horizon no calendar is known: the centre looks closed, and no case falls due.

    Whoever told the clock to be there is refused. A centre whose horizon has run out goes on as it can, and says so.
    """
    today = datetime.fromtimestamp(clock.now() / 1000, ZoneInfo(centre.plan.zone)).date()
    begin, end = centre.horizon
    if begin <= today < end:
        return
    what = f"the clock shows {today}, which is not within the centre's horizon, {begin} to {end}"
    if told:
        raise UsageFault(f"{what}: change --start, or `horizon` in {centre.folder}")
    structlog.get_logger("firstline").warning("horizon.over", why=f"{what}: change `horizon` in {centre.folder}")


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
