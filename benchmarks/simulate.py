"""The simulator: contacts a second, on an example and on a textbook's station, beside a loop for nothing but that."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from pathlib import Path
from random import Random
from time import perf_counter

from benchmarks.figures import Figure, Report
from benchmarks.script import DAY, SEED
from router.centre import load
from simulator.experiment import Experiment, replicate
from simulator.population import load_population
from simulator.theory import erlang_c

STATION = Path(__file__).with_name("station")
EXAMPLE = Path(__file__).parents[1] / "examples" / "shared-service-centre"

# The station's, as its files have them.
CONTACTS_A_DAY = 7_200
TALK_S = 180.0
AGENTS = 18


def measure(days: int, repeat: int) -> Report:
    """The simulator on both centres, and the loop on the station, in turn."""
    contacts = CONTACTS_A_DAY * days
    runs = [(station_loop(contacts), _simulated(STATION, days), _simulated(EXAMPLE, days)) for _ in range(repeat)]
    loop, station, example = zip(*runs, strict=True)
    rates = [tuple(rate for rate, _ in runs) for runs in (loop, station, example)]
    ratios = tuple(ours / theirs for ours, theirs in zip(rates[1], rates[0], strict=True))
    expected_s = erlang_c(AGENTS, CONTACTS_A_DAY / 86_400 * TALK_S, TALK_S, threshold=20.0).mean_wait
    return Report(
        "simulate",
        (
            Figure("example_contacts_per_s", "shared service centre", "contacts/s", rates[2]),
            Figure("station_contacts_per_s", "M/M/18", "contacts/s", rates[1]),
            Figure("loop_contacts_per_s", "peer: M/M/18 as a loop over a heap", "contacts/s", rates[0]),
            Figure("station_share_of_loop", "M/M/18 / peer", "ratio", ratios),
            Figure("station_wait_s", "mean wait, M/M/18", "s", tuple({wait for _, wait in station})),
            Figure("loop_wait_s", "mean wait, peer", "s", tuple({wait for _, wait in loop})),
            Figure("closed_form_wait_s", "mean wait, Erlang C", "s", (expected_s,)),
        ),
        f"""
One process, {days} simulated days, from drawing the first customer to the last measure.
The peer knows arrivals and talks and nothing else: no menu, offer, skill, wrap-up, case or measure. It is what the same
station costs by hand; the ratio is the price of simulating the very engine that runs live.
""",
    )


def _simulated(folder: Path, days: int) -> tuple[float, float]:
    """Contacts a second, and their mean wait in seconds."""
    centre = load(folder)
    spec = load_population(centre.document, centre.plan)
    start = perf_counter()
    tally = replicate(centre.plan, spec, Experiment(folder, DAY, days, SEED, replications=1), 1)
    return tally.offered / (perf_counter() - start), tally.wait_ms / 1_000 / tally.answered


def station_loop(contacts: int) -> tuple[float, float]:
    """M/M/n by hand: contacts a second, and their mean wait in seconds."""
    start = perf_counter()
    dice = Random(SEED)  # noqa: S311 - draws customers, not keys
    arrival_s, talk_s = 86_400 / CONTACTS_A_DAY, TALK_S
    ends: list[float] = []
    waiting: deque[float] = deque()
    waited_s = now_s = 0.0
    for _ in range(contacts):
        now_s += dice.expovariate(1 / arrival_s)
        while ends and ends[0] <= now_s:
            end_s = heappop(ends)
            if waiting:
                waited_s += end_s - waiting.popleft()
                heappush(ends, end_s + dice.expovariate(1 / talk_s))
        if len(ends) < AGENTS:
            heappush(ends, now_s + dice.expovariate(1 / talk_s))
        else:
            waiting.append(now_s)
    waited_s += sum(now_s - since_s for since_s in waiting)
    return contacts / (perf_counter() - start), waited_s / contacts
