"""What replications say: every measure with its interval of confidence, and the verdict on each target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from router.measures import HEADLINES, MEASURES, Measure, Tally, service_level
from simulator.statistics import CONFIDENCE, Interval, mean_interval, ratio_interval, share_interval
from simulator.targets import Target, Verdict


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure over all replications. `n` is what it is a share or a mean of: contacts, or agents' milliseconds."""

    measure: Measure
    interval: Interval | None
    n: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A target, the figure it was held against, and what came of it."""

    target: Target
    figure: Figure
    verdict: Verdict


def figure(measure: Measure, tallies: Sequence[Tally]) -> Figure:
    """A measure with its two-sided 95 % interval over independent replications."""
    parts = [measure.parts(tally) for tally in tallies]
    numerators, denominators = [part[0] for part in parts], [part[1] for part in parts]
    if measure.unit == "count":
        return Figure(measure, _not_below_zero(mean_interval(numerators)), len(tallies))
    over = share_interval if measure.unit == "share" else ratio_interval
    return Figure(measure, _not_below_zero(over(numerators, denominators)), sum(denominators))


def _not_below_zero(interval: Interval | None) -> Interval | None:
    """Counts, durations and shares are never negative, whatever Student says of few observations."""
    return replace(interval, low=max(0.0, interval.low)) if interval and interval.n > 1 else interval


def figures(tallies: Sequence[Tally]) -> list[Figure]:
    """The measures that everybody asks for."""
    return [figure(MEASURES[name], tallies) for name in HEADLINES]


def judge(targets: Sequence[Target], tallies: Sequence[Tally]) -> list[Judgement]:
    """Hold each target against its measure."""
    judged = [(target, figure(measure_of(target), tallies)) for target in targets]
    return [Judgement(target, held, target.decide(held.interval)) for target, held in judged]


def measure_of(target: Target) -> Measure:
    """The measure that a target speaks of."""
    if target.acceptable_wait_ms is not None:
        return service_level(target.acceptable_wait_ms)
    return MEASURES[target.measure]


def shown(value: float, unit: str) -> str:
    """A value for people: a share in per cent, a duration in seconds, a count with separators."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "ms":
        return f"{value / 1000:.1f} s"
    return f"{value:,.0f}"


def shown_interval(interval: Interval | None, unit: str) -> tuple[str, str]:
    """The estimate and the bounds for people; a dash where there are no data or only one replication."""
    if interval is None:
        return "no data", "-"
    if interval.n == 1:
        return shown(interval.estimate, unit), "one replication: no interval"
    return shown(interval.estimate, unit), f"{shown(interval.low, unit)} to {shown(interval.high, unit)}"


def as_json(figures: Sequence[Figure], judgements: Sequence[Judgement]) -> dict[str, object]:
    """The same as plain data: shares from 0 to 1, durations in ms, infinite bounds as None."""
    return {
        "confidence": CONFIDENCE,
        "measures": {each.measure.name: _plain(each) for each in figures},
        "targets": [
            {"target": each.target.text, "verdict": each.verdict.value, **_plain(each.figure)} for each in judgements
        ],
    }


def _plain(of: Figure) -> dict[str, object]:
    bounds = of.interval
    return {
        "value": bounds.estimate if bounds else None,
        "low": _finite(bounds.low) if bounds else None,
        "high": _finite(bounds.high) if bounds else None,
        "n": of.n,
        "replications": bounds.n if bounds else 0,
        "unit": of.measure.unit,
        "formula": of.measure.formula,
    }


def _finite(bound: float) -> float | None:
    return bound if abs(bound) != float("inf") else None
