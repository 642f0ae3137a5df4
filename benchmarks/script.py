"""A day of a centre written down as a script: every outside fact with its instant, to be played to an engine again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from router.centre import load
from router.engine import Engine
from router.events import FACTS, Event
from router.plan import Plan
from simulator.agents import shifts
from simulator.arrivals import midnight_ms
from simulator.experiment import run
from simulator.population import draw, load_population
from simulator.world import World

CENTRE = Path(__file__).with_name("centre")
DAY = date(2026, 3, 2)
SEED = 1


@dataclass(frozen=True, slots=True)
class Script:
    """The facts of a day in order, each with its instant (ms), and how many rows they came to when first told."""

    plan: Plan
    facts: tuple[tuple[Event, int], ...]
    rows: int


def record(folder: Path, contacts: int) -> Script:
    """The first so many contacts of a simulated day, to the end of the last."""
    centre = load(folder)
    spec = load_population(centre.document, centre.plan)
    customers = islice(draw(spec, centre.plan, SEED, DAY, days=1), contacts)
    world = World(spec.agents, SEED, customers, shifts(spec, centre.plan, DAY, days=1))
    events: list[tuple[Event, int]] = []
    run(centre.plan, world, midnight_ms(DAY, centre.plan.zone), (lambda event, at: events.append((event, at)),))
    facts = tuple((event, at) for event, at in events if isinstance(event, FACTS))
    return Script(centre.plan, facts, len(events))


def play(script: Script) -> Iterator[tuple[list[Event], int]]:
    """Tell the facts to a fresh engine as the service does, letting happen in between what is due; yields each step."""
    engine = Engine(script.plan)
    for fact, at in script.facts:
        while (deadline := engine.deadline()) is not None and deadline <= at:
            yield engine.tick(deadline), deadline
        yield engine.handle(fact, at), at
