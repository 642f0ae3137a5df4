"""A service and a player under virtual time, with a network between them that may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from router import contract
from router.adapters.memory_bus import MemoryBus
from router.adapters.memory_journal import MemoryJournal
from router.centre import Centre, load
from router.cli.play import Script, perform
from router.cli.player import Outcome
from router.contract.answering import About
from router.ports import Publication
from simulator.loop import run
from simulator.population import load_population
from tests.conftest import ROOT
from tests.stage import Stage

SPEED = 60.0
Loss = Callable[[Publication, int], bool]


@cache
def hello() -> Centre:
    """The smallest centre."""
    return load(ROOT / "examples" / "hello")


def script(minutes: int = 30, *, per_hour: int = 30, **agents: object) -> Script:
    """What to play in it: a busy time, and agents of this kind."""
    spec = load_population(hello().document, hello().plan)
    arrivals = {name: each.model_copy(update={"per_hour": per_hour}) for name, each in spec.arrivals.items()}
    spec = spec.model_copy(update={"arrivals": arrivals, "agents": spec.agents.model_copy(update=agents)})
    return Script(hello(), spec, minutes, 1)


def instant(text: str) -> int:
    """A time of the centre's zone, in ms."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(hello().plan.zone)).timestamp() * 1000)


class Wire(MemoryBus):
    """One end of a network of two. `loses` says of each message, with its number, whether it gets lost on its way."""

    def __init__(self, loses: Loss = lambda publication, number: False, copies: int = 1) -> None:
        super().__init__()
        self.other: MemoryBus
        self.loses = loses
        self.copies = copies
        self.on_lost: Callable[[], None] | None = None
        self._held: list[Publication] | None = None

    def disconnect(self) -> None:
        """Forget what was not heard."""
        self._inbox.clear()

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Carry messages over, as often as there are to be copies."""
        if self._held is not None:
            self._held += publications
            return
        for publication in publications:
            if not self.loses(publication, len(self.published)):
                for _ in range(self.copies):
                    self.other.deliver(publication.topic, publication.payload)
            self.published.append(publication)

    def hold(self) -> None:
        """Keep what is said from now on."""
        self._held = []

    async def carry(self) -> None:
        """Carry over what was kept."""
        held, self._held = self._held or [], None
        await self.publish(held)

    def cut(self) -> None:
        """Lose the connection, and tell so."""
        self.hold()
        if self.on_lost is not None:
            self.on_lost()

    async def mend(self) -> None:
        """Have a connection again, hear what the broker keeps, and tell so."""
        if self.on_connect is not None:
            self.on_connect()
        for topic, payload in self.other.retained.items():
            self.deliver(topic, payload)
        await self.carry()


@dataclass(slots=True)
class Scene:
    """A service, a player, and the network between them; made within a running virtual loop."""

    start: str = "2026-01-05T10:00"
    service: Wire = field(default_factory=Wire)
    player: Wire = field(default_factory=Wire)
    said: list[str] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    release: str = ""
    """What the player is of; the service of a stage does not say its own."""
    stage: Stage = field(init=False)

    async def open(self) -> None:
        """Start the service, and let the player hear what the broker keeps."""
        self.service.other, self.player.other = self.player, self.service
        self.stage = Stage(hello().plan, journal=self.journal, start=instant(self.start), speed=SPEED)
        await self.stage.open(bus=self.service)

    async def kill_service(self, *, told: bool = True) -> None:
        """Kill it; the broker may tell so, and keeps for the next what it has not acknowledged."""
        await self.stage.kill()
        self.service.on_connect = None
        self.service.reconnect()
        if told:
            self.available("offline")

    async def start_service(self, speed: float = SPEED) -> None:
        """Start it again, with a clock of its own that goes on where the journal ends."""
        elapsed_ms = round(asyncio.get_running_loop().time() * 1000 * speed)
        start = self.journal.kept_rows[-1].at - elapsed_ms
        self.stage = Stage(hello().plan, journal=self.journal, start=start, speed=speed)
        self.available("online")
        await self.stage.open(bus=self.service)

    def service_back(self) -> None:
        """It has the broker again, and says so, and what it runs."""
        self.available("online")
        for topic, payload in self.service.retained.items():
            self.player.deliver(topic, payload)

    def available(self, state: Literal["online", "offline"]) -> None:
        """What the broker says of the service."""
        said = contract.availability("hello", contract.ENGINE, state)
        self.player.deliver(said.topic, said.payload)

    async def play(self, played: Script, state: Literal["online", "offline"] = "online") -> tuple[About, Outcome]:
        """Connect, hear what the broker keeps, and play to the end."""
        self.player.disconnect()
        for topic, payload in self.service.retained.items():
            self.player.deliver(topic, payload)
        self.available(state)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("router.cli.performance.release", lambda: self.release)
            return await perform(played, self.player, lambda about: self.stage.clock, self.stop, self.said.append)


def outcome_of(played: Script, **scene: Any) -> tuple[Scene, Outcome]:
    """Play a script on a scene of this kind, and close it."""

    async def main() -> tuple[Scene, Outcome]:
        made = Scene(**{name: value() if callable(value) else value for name, value in scene.items()})
        await made.open()
        _, outcome = await made.play(played)
        await made.stage.close()
        return made, outcome

    return run(main())


def outcome_with(*happenings: tuple[float, Callable[[Scene], Awaitable[None] | None]]) -> Outcome:
    """Play half an hour in which these things happen, each after so many seconds."""

    async def happen(scene: Scene) -> None:
        for at_s, happening in happenings:
            await asyncio.sleep(at_s - asyncio.get_running_loop().time())
            if awaitable := happening(scene):
                await awaitable

    async def main() -> Outcome:
        scene = Scene()
        await scene.open()
        happening = asyncio.create_task(happen(scene))
        _, outcome = await scene.play(script())
        await happening
        await scene.stage.close()
        return outcome

    return run(main())
