"""Replications: the same engine that runs live, driven from a heap instead of a clock.

A replication is a number of consecutive days with a seed of its own. It runs until everybody is home and every case
is closed, so that what the days have begun is counted to its end.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from router.centre import load
from router.engine import Engine
from router.events import CentreStarted, Event
from router.measures import Measures, Tally
from router.plan import Plan
from simulator.agents import shifts
from simulator.arrivals import midnight_ms
from simulator.population import draw, load_population
from simulator.settings import PopulationSpec
from simulator.streams import key
from simulator.volumes import Volumes
from simulator.world import World

Observer = Callable[[Event, int], None]


@dataclass(frozen=True, slots=True)
class Experiment:
    """What to run: a centre's folder, the days, the seed, how often, and what to count."""

    folder: Path
    first_day: date
    days: int
    seed: int
    replications: int
    thresholds_ms: tuple[int, ...] = ()
    volumes: Volumes | None = None


def replicate(
    plan: Plan, spec: PopulationSpec, experiment: Experiment, number: int, observers: tuple[Observer, ...] = ()
) -> Tally:
    """The sums of replication `number` (from 1). Observers see every event with its instant (ms), in order."""
    seed = key(experiment.seed, f"replication {number}")
    customers = draw(spec, plan, seed, experiment.first_day, experiment.days, experiment.volumes)
    world = World(spec.agents, seed, customers, shifts(spec, plan, experiment.first_day, experiment.days))
    measures = Measures(plan, experiment.thresholds_ms)
    run(plan, world, midnight_ms(experiment.first_day, plan.zone), (measures.apply, *observers))
    return measures.tally()


def run(plan: Plan, world: World, start: int, observers: tuple[Observer, ...]) -> Engine:
    """Drive a fresh engine by a world from `start` (ms) until the world has nothing more to do."""
    engine = Engine(plan)
    hear = (*observers, world.hear)
    _tell(engine.handle(CentreStarted(plan.hash), start), start, hear)
    while (upcoming := world.upcoming()) is not None:
        deadline = engine.deadline()
        if deadline is not None and deadline <= upcoming:
            _tell(engine.tick(deadline), deadline, hear)
        else:
            _tell(engine.handle(world.act(), upcoming), upcoming, hear)
    return engine


def _tell(events: list[Event], now: int, observers: tuple[Observer, ...]) -> None:
    for event in events:
        for observe in observers:
            observe(event, now)


def replicate_all(experiment: Experiment, workers: int) -> Generator[tuple[int, Tally], None, None]:
    """(number, sums) of each replication as it is done, on `workers` processes; in this one where that is 1.

    However it ends, by a fault or because nobody listens on, what has not begun is not run.
    """
    if workers == 1:
        for number in range(1, experiment.replications + 1):
            yield _replication(experiment, number)
        return
    with ProcessPoolExecutor(workers, initializer=_end_at_once) as pool:
        jobs = [pool.submit(_replication, experiment, n) for n in range(1, experiment.replications + 1)]
        try:
            for job in as_completed(jobs):
                yield job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _end_at_once() -> None:
    """A terminal's Ctrl-C reaches every process: let a worker end by it in silence, and its parent say so."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _replication(experiment: Experiment, number: int) -> tuple[int, Tally]:
    centre = load(experiment.folder)
    spec = load_population(centre.document, centre.plan)
    return number, replicate(centre.plan, spec, experiment, number)
