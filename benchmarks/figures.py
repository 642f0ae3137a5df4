"""What a benchmark found: figures with names, units, spreads and targets, as a table or as one JSON object."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter

from rich.console import Console
from rich.table import Table

_DECIMALS_BELOW = 100
"""Figures from here on are shown without decimals, those below with three digits."""
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, measured once or several times. `at_least` and `below` say what it is to reach, if anything.

    `name` ends in the unit, as it does not stand beside it in JSON.
    """

    name: str
    title: str
    unit: str
    samples: tuple[float, ...]
    at_least: float | None = None
    below: float | None = None

    @property
    def value(self) -> float:
        """The median of the samples."""
        return median(self.samples)

    @property
    def spread(self) -> tuple[float, float] | None:
        """The lowest and the highest sample; None where there is only one."""
        return (min(self.samples), max(self.samples)) if len(self.samples) > 1 else None

    @property
    def target(self) -> dict[str, float | bool]:
        """What is to be reached, and whether it is `met`; nothing where there is no target."""
        if self.at_least is not None:
            return {"at_least": self.at_least, "met": self.value >= self.at_least}
        if self.below is not None:
            return {"below": self.below, "met": self.value < self.below}
        return {}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one benchmark found. `notes` say in words what was counted; `sizes` is told in JSON only."""

    benchmark: str
    figures: tuple[Figure, ...]
    notes: str
    sizes: tuple[dict[str, float], ...] = ()

    def as_json(self) -> str:
        """One object: the benchmark and the machine, then each figure's median, and its extremes and target if any."""
        values: dict[str, object] = {"benchmark": self.benchmark, **machine()}
        for figure in self.figures:
            values[figure.name] = _rounded(figure.value)
            if figure.spread:
                low, high = figure.spread
                values |= {f"{figure.name}_min": _rounded(low), f"{figure.name}_max": _rounded(high)}
            values |= {f"{figure.name}_{name}": value for name, value in figure.target.items()}
        if self.sizes:
            values["sizes"] = self.sizes
        return json.dumps(values)

    def print_table(self) -> None:
        """The same for people."""
        table = Table(box=None, pad_edge=False)
        for heading in ("figure", "median", "unit", "from - to", "target"):
            table.add_column(heading, justify="right" if heading in ("median", "from - to") else "left", no_wrap=True)
        for figure in self.figures:
            spread = " - ".join(map(_shown, figure.spread)) if figure.spread else ""
            table.add_row(figure.title, _shown(figure.value), figure.unit, spread, _verdict(figure.target))
        console = Console(highlight=False, soft_wrap=True, width=160)
        console.print(f"{self.benchmark} on {', '.join(f'{value} {name}' for name, value in machine().items())}")
        console.print(table)
        console.print(self.notes.rstrip())


def machine() -> dict[str, str | int]:
    """What the figures belong to."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "cores": cores,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def percentile(samples: Sequence[float], percent: int) -> float:
    """The sample below which so many percent lie; of a single one, itself."""
    return quantiles(samples, n=100, method="inclusive")[percent - 1] if len(samples) > 1 else samples[0]


def _verdict(target: dict[str, float | bool]) -> str:
    """A target in words: "at least 80,000: met"."""
    if not target:
        return ""
    (name, value), (_, met) = target.items()
    return f"{name.replace('_', ' ')} {_shown(value)}: {'met' if met else 'missed'}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _DECIMALS_BELOW else f"{value:.3g}"


def _rounded(value: float) -> float:
    """So many significant digits, or all before the point: what is behind them is noise."""
    return float(f"{value:.4g}") if abs(value) < 10**_DIGITS else round(value)
