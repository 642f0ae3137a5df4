"""How long one decision takes, from a floor of a hundred agents to one of a hundred thousand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Report, percentile
from benchmarks.floor import SKILLS, SKILLS_OF_AN_AGENT

SIZES = (100, 1_000, 10_000, 100_000)
WAITING_FOR_EACH_AGENT = 2
DECISIONS = 2_000
TARGET_AGENTS = 10_000
P99_US_MAX = 1_000
EXPONENT_MAX = 1

KINDS = {"offered_us": "a contact arrives and is offered", "queued_us": "a contact arrives and waits"} | {
    "freed_us": "an agent is ready and gets a contact"
}


@dataclass(frozen=True, slots=True)
class Size:
    """One floor: how long its decisions of each kind took, and those of a peer that looks at every contact."""

    agents: int
    waiting: int
    samples: dict[str, list[float]]

    @property
    def decisions(self) -> list[float]:
        """All decisions, of whatever kind."""
        return [sample for kind in KINDS for sample in self.samples[kind]]

    def row(self) -> dict[str, float]:
        """What is told of it."""
        row: dict[str, float] = {"agents": self.agents, "waiting": self.waiting}
        for name, samples in {"": self.decisions, **{kind.removesuffix("us"): self.samples[kind] for kind in KINDS}}.items():
            row |= {f"{name}p{percent}_us": round(percentile(samples, percent), 1) for percent in (50, 99)}
        scan_us = percentile(self.samples["scan_us"], 50)
        freed_us = percentile(self.samples["freed_us"], 50)
        return row | {"scan_p50_us": round(scan_us, 1), "scan_to_freed": round(scan_us / freed_us, 1)}


def measure(sizes: Sequence[int], plot: Path | None) -> Report:
    """Every size in a process of its own; the plot is written where one is asked for."""
    floors = [_floor(agents) for agents in sorted(sizes)]
    if plot:
        _draw(floors, plot)
    return Report("matching", tuple(_figures(floors)), _notes(), tuple(floor.row() for floor in floors))


def _floor(agents: int) -> Size:
    waiting = agents * WAITING_FOR_EACH_AGENT
    command = [sys.executable, "-m", "benchmarks.floor", str(agents), str(waiting), str(DECISIONS)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603
    return Size(agents, waiting, {name: told[name] for name in (*KINDS, "scan_us")})


def _figures(floors: Sequence[Size]) -> list[Figure]:
    figures = []
    for floor in floors:
        limit = P99_US_MAX if floor.agents == TARGET_AGENTS else None
        title = f"{floor.agents:,} agents, {floor.waiting:,} waiting: p99"
        name = f"p99_us_of_{floor.agents}_agents"
        figures.append(Figure(name, title, "us", (percentile(floor.decisions, 99),), below=limit))
    if len(floors) > 1:
        exponent = _exponent(floors[0], floors[-1])
        figures.append(Figure("growth_exponent", "growth of p99: power of the size", "", (exponent,), below=EXPONENT_MAX))
    return figures


def _exponent(small: Size, large: Size) -> float:
    """The k with which p99 grows as size ** k: below 1 is sub-linear."""
    grown = percentile(large.decisions, 99) / percentile(small.decisions, 99)
    return log(grown) / log(large.agents / small.agents)


def _draw(floors: Sequence[Size], path: Path) -> None:
    from matplotlib.figure import Figure as Canvas  # noqa: PLC0415  # heavy, and only for those who ask for a picture

    axes = (canvas := Canvas(figsize=(7, 4.5), layout="constrained")).subplots()
    agents = [floor.agents for floor in floors]
    for kind, title in KINDS.items():
        p99 = [percentile(floor.samples[kind], 99) for floor in floors]
        axes.plot(agents, p99, marker="o", label=f"{title}, p99")
    scans = [percentile(floor.samples["scan_us"], 50) for floor in floors]
    axes.plot(agents, scans, marker="x", linestyle="--", color="grey", label="peer: a look at every waiting contact, p50")
    axes.axhline(P99_US_MAX, color="red", linewidth=0.8)
    axes.annotate("target at 10,000 agents: 1 ms", (agents[0], P99_US_MAX), va="bottom", color="red", fontsize=8)
    axes.set(xscale="log", yscale="log", xlabel="agents logged in (twice as many contacts wait)", ylabel="microseconds")
    axes.set_title("Time for one decision")
    axes.legend(fontsize=8)
    axes.grid(visible=True, which="major", alpha=0.3)
    canvas.savefig(path)


def _notes() -> str:
    return f"""
A decision is all that follows from one fact, in the core: {"; ".join(KINDS.values())}. Processor time of its thread.
{SKILLS} skills and as many queues, at three priorities that grow with waiting; each agent has {SKILLS_OF_AN_AGENT} skills drawn for him, at
levels of which two in three suffice. So nearly every agent has a skill set of his own. The peer looks at every waiting
contact for the best one for an agent: the rule by which the tests judge the indexes.
"""
