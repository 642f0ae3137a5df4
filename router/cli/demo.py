"""`firstline demo`: the busiest hour of a centre, with everything that runs live, and a board to watch it on."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.live import Live as Screen

from acd.model import AgentState
from router.adapters.clock import WallClock
from router.centre import Centre
from router.cli.centres import checked
from router.cli.ending import ending, exit_code
from router.cli.live import live
from router.cli.logs import log_to
from router.cli.news import News
from router.cli.picture import picture as board
from router.cli.printing import counted, figure, results
from router.cli.summary import print_figures, verdict
from router.cli.view import View, Viewer
from router.errors import BrokerFault, FirstlineError, UsageFault
from router.examples import example
from router.measures import Tally, figures
from router.times import MINUTE_MS, clock, first_monday, minutes, moment
from simulator.arrivals import midnight_ms
from simulator.population import load_population
from simulator.settings import PopulationSpec

HOUR_MS: Final = 60 * MINUTE_MS
FRAMES_PER_S: Final = 4
LINES: Final = 30
"""About how many lines `--plain` prints."""
PICTURE_COLUMNS: Final = 112
PICTURE_LINES: Final = 38
FETCHED_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""A picture is complete in itself: it asks no other machine for a font."""
FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono"
PRELUDE_S: Final = 1.5
"""How long before the hour the clock starts: so long the player needs to start."""
FAREWELL_S_MAX: Final = 10.0
"""How long the player may take to come to its end once it is asked to."""


@dataclass(frozen=True, slots=True)
class Show:
    """What is to be shown: which centre, from which instant (ms), for how long, how fast."""

    centre: Centre
    start: int
    minutes: int
    speed: float
    seed: int


def run(
    folder: Path | None, minutes: int, speed: float, seed: int, *, plain: bool, picture: Path | None, as_json: bool
) -> int:
    """Run the demo: 0 if every contact's story holds, 1 if not, 130 if it was ended before the hour was over."""
    if picture and not picture.parent.is_dir():
        raise UsageFault(f"--picture {picture}: there is no folder {picture.parent}")
    centre = checked(folder or example("shared-service-centre"))
    start = busiest(centre, load_population(centre.document, centre.plan), minutes)
    show = Show(centre, start, minutes, speed, seed)
    stage = _Stage() if as_json else _Lines(minutes) if plain or not sys.stdout.isatty() else _Screen()
    tally, played = asyncio.run(_run(show, stage, picture))
    if as_json:
        print(json.dumps(_as_json(show, tally, played), ensure_ascii=False))
    else:
        _print(show, tally, played)
    return exit_code(problems=bool(played["problems"]), interrupted=played["interrupted"])


def busiest(centre: Centre, population: PopulationSpec, minutes: int) -> int:
    """The full hour (ms) from which on most contacts are expected within `minutes`, on the first Monday with any.

    Raises `UsageFault` where none are expected on any Monday of the centre's horizon.
    """
    first, end = centre.horizon
    monday = first_monday(first)
    while monday < end:
        midnight = midnight_ms(monday, centre.plan.zone)
        levels = list(_levels(population, centre.plan.zone, monday))
        begins = [midnight + hour * HOUR_MS for hour in range(24)]
        loads = {begin: _expected(levels, begin, begin + minutes * MINUTE_MS) for begin in begins}
        if any(loads.values()):
            return max(begins, key=lambda begin: (loads[begin], -begin))
        monday += timedelta(days=7)
    raise UsageFault("the population expects nobody on any Monday: give its arrivals a profile and `per_hour`")


def _levels(population: PopulationSpec, zone: str, day: date) -> Iterator[tuple[int, int, float]]:
    """(start, end, contacts per ms): what each part of each profile adds to the rate of arrivals on a day."""
    for name, arrivals in population.arrivals.items():
        for part in population.profiles[arrivals.profile] if arrivals.profile else ():
            for start, end in part.intervals(name, zone, day, day + timedelta(days=1)):
                yield start, end, part.level * arrivals.per_hour / HOUR_MS


def _expected(levels: list[tuple[int, int, float]], begin: int, end: int) -> float:
    return sum(rate * max(0, min(stop, end) - max(start, begin)) for start, stop, rate in levels)


# --- running ------------------------------------------------------------------------------------------------------


async def _run(show: Show, stage: _Stage, picture: Path | None) -> tuple[Tally, dict[str, Any]]:
    """Everything, in a folder that is gone afterwards: the sums of the hour, and what the player has to say of it."""
    plan = show.centre.plan
    news = News(plan.zone)
    log_to(news.note)
    stop = ending()
    with tempfile.TemporaryDirectory(prefix="firstline-") as folder:
        journal = Path(folder) / "demo.db"
        wall = WallClock(show.start - round(PRELUDE_S * 1000 * show.speed), show.speed)
        starting = live(
            plan,
            wall,
            journal=journal,
            broker_address=None,
            broker_port=None,
            http_address=("127.0.0.1", 0),
            observers=(news.hear,),
        )
        async with starting as centre, _player(show, str(centre.broker)) as player:
            end = show.start + show.minutes * MINUTE_MS
            where = f"{centre.http}/v1/state   MQTT {centre.broker} ({centre.broker.broker})"
            viewer = Viewer(centre.service, plan.zone, news, show.start, end, where)
            up = asyncio.Event()
            said = asyncio.create_task(_listen(player, news, up))
            last = await _watch(viewer, stage, said, centre.running, stop)
            if centre.running.done():
                centre.running.result()
            if picture:
                _keep(last, picture)
            played = await _farewell(player, said, up)
            return centre.service.measures.tally(wall.now()), played


@asynccontextmanager
async def _player(show: Show, broker: str) -> AsyncIterator[Process]:
    """The player is a process of its own, as any participant: nothing but the broker is between it and the service."""
    words = ["--broker", broker, "--minutes", str(show.minutes), "--seed", str(show.seed), "--json"]
    player = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router.cli", "play", str(show.centre.folder), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # An interrupt from the keyboard is for us, who then ask it to end.
    )
    try:
        yield player
    finally:
        with suppress(ProcessLookupError):
            player.kill()
        await player.wait()


async def _listen(player: Process, news: News, up: asyncio.Event) -> tuple[str, str]:
    """Everything the player says: its result, and the last of its remarks, which make the news too.

    It is `up` with its first remark, or when it has nothing more to say.
    """
    assert player.stdout
    assert player.stderr
    result = asyncio.create_task(player.stdout.read())
    last = ""
    async for line in player.stderr:
        last = line.decode(errors="replace").strip()
        news.note(last)
        up.set()
    up.set()
    return (await result).decode(), last


async def _watch(
    viewer: Viewer, stage: _Stage, said: asyncio.Task[Any], running: asyncio.Task[None], stop: asyncio.Event
) -> View:
    """Show the board until the player is done, the service ends, or somebody has seen enough: the last of the hour.

    Drawing takes longer than a contact should wait for its agent, so it is done on a thread beside the service.
    """
    stopping = asyncio.create_task(stop.wait())
    ends = {said, running, stopping}
    last = view = viewer.view(viewer.service.clock.now())
    with stage:
        while not any(end.done() for end in ends):
            await asyncio.to_thread(stage.show, view)
            await asyncio.wait(ends, timeout=1 / FRAMES_PER_S, return_when=asyncio.FIRST_COMPLETED)
            view = viewer.view(viewer.service.clock.now())
            last = view if view.now <= viewer.end else last
    stopping.cancel()
    return last


async def _farewell(player: Process, said: asyncio.Task[tuple[str, str]], up: asyncio.Event) -> dict[str, Any]:
    """The player's result; it is asked to end where it has not. One that is not up yet would end without a word."""
    try:
        async with asyncio.timeout(FAREWELL_S_MAX):
            await up.wait()
            if not said.done():
                with suppress(ProcessLookupError):
                    player.send_signal(signal.SIGTERM)
            result, last = await said
    except TimeoutError:
        raise BrokerFault("the player did not come to its end: the service or the broker has gone") from None
    code = await player.wait()
    if not result:
        fault = FirstlineError(f"the player ended early: {last}")
        fault.exit_code = code
        raise fault
    played: dict[str, Any] = json.loads(result)
    return played


def _keep(view: View, picture: Path) -> None:
    console = Console(record=True, width=PICTURE_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(board(view, PICTURE_COLUMNS, PICTURE_LINES))
    drawn = console.export_svg(title="firstline demo")
    try:
        picture.write_text(FETCHED_FONTS.sub("", drawn).replace("Fira Code", FONT), "utf-8")
    except OSError as error:
        raise UsageFault(f"--picture {picture}: the file cannot be written: {error.strerror}") from None


# --- showing ------------------------------------------------------------------------------------------------------


class _Stage:
    """Where the board is shown while the block runs: nowhere."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass

    def show(self, view: View) -> None:
        """Show nothing."""


class _Screen(_Stage):
    """The whole terminal."""

    def __init__(self) -> None:
        self._screen = Screen(auto_refresh=False, screen=True, vertical_overflow="crop")

    def __enter__(self) -> None:
        self._screen.start()

    def __exit__(self, *error: object) -> None:
        self._screen.stop()

    def show(self, view: View) -> None:
        """Draw it anew."""
        width, height = self._screen.console.size
        self._screen.update(board(view, width, height), refresh=True)


class _Lines(_Stage):
    """A line now and then, for logs and pipes."""

    def __init__(self, minutes: int) -> None:
        self._every_ms = max(1, minutes // LINES) * MINUTE_MS
        self._next = 0

    def show(self, view: View) -> None:
        """Print how things stand, if it is time to."""
        if view.now >= self._next:
            self._next = view.now - view.now % self._every_ms + self._every_ms
            print(line(view), flush=True)


def line(view: View) -> str:
    """How things stand, in one line."""
    total = view.total
    states = Counter(state for _, state in view.agents)
    longest_ms = max((queue.longest_ms for queue in view.queues), default=0)
    longest = f" (longest {minutes(longest_ms)})" if view.waiting else ""
    return (
        f"{clock(view.now, view.zone)}  offered {total.offered}  answered {total.answered}  "
        f"abandoned {total.abandoned}  waiting {view.waiting}{longest}  SL {figure('sl', total)}  "
        f"ASA {figure('asa', total)}  FCR {figure('fcr', total)}  agents: {states[AgentState.TALKING]} talking, "
        f"{states[AgentState.READY]} ready  open cases {sum(team.new + team.at_work for team in view.cases)}"
    )


# --- telling what came of it ----------------------------------------------------------------------------------------


def _print(show: Show, tally: Tally, played: dict[str, Any]) -> None:
    console = results()
    plan = show.centre.plan
    start = moment(show.start, plan.zone)
    console.print(
        f"[bold]{plan.centre}[/], rules {plan.hash}: {counted(show.minutes, 'minute')} from {start:%a %Y-%m-%d %H:%M}, "
        f"{show.speed:g} times as fast, seed {show.seed}"
    )
    print_figures(console, tally, plan)
    for each in verdict(played, show.speed):
        console.print(each, soft_wrap=True)


def _as_json(show: Show, tally: Tally, played: dict[str, Any]) -> dict[str, Any]:
    return {**played, "start": show.start, "measures": figures(tally)}
