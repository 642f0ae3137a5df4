"""How long customers are willing to wait: distributions a queue can be solved for, not drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, expm1, fsum, inf, isclose
from typing import Protocol

from simulator.theory.checks import check_count, check_not_negative, check_positive, check_share


class Patience(Protocol):
    """A distribution of patience R. Each answer keeps its relative precision down to the smallest probabilities."""

    @property
    def breaks(self) -> tuple[float, ...]:
        """Where the distribution is not smooth."""

    def gone(self, wait: float) -> float:
        """P(R <= wait)."""

    def staying(self, wait: float) -> float:
        """P(R > wait)."""

    def waited(self, wait: float) -> float:
        """E[min(R, wait)], the integral of `staying` from 0 to `wait`."""


@dataclass(frozen=True, slots=True)
class Exponential:
    """Leaves at a constant rate, the inverse of mean patience; at rate 0, never."""

    rate: float

    def __post_init__(self) -> None:
        """Raise ValueError for a rate below 0."""
        check_not_negative(rate=self.rate)

    @property
    def breaks(self) -> tuple[float, ...]:
        """None."""
        return ()

    def gone(self, wait: float) -> float:
        """1 - exp(-rate wait)."""
        return -expm1(-self.rate * wait)

    def staying(self, wait: float) -> float:
        """exp(-rate wait)."""
        return exp(-self.rate * wait)

    def waited(self, wait: float) -> float:
        """(1 - exp(-rate wait)) / rate, and its limit at rate 0."""
        return self.gone(wait) / self.rate if self.rate > 0 else wait


@dataclass(frozen=True, slots=True)
class Deterministic:
    """Everybody leaves after exactly `duration`; with 0, at once unless served at once (balking)."""

    duration: float

    def __post_init__(self) -> None:
        """Raise ValueError for a duration below 0."""
        check_not_negative(duration=self.duration)

    @property
    def breaks(self) -> tuple[float, ...]:
        """The duration."""
        return (self.duration,)

    def gone(self, wait: float) -> float:
        """0, then 1 from the duration on."""
        return 1.0 if wait >= self.duration else 0.0

    def staying(self, wait: float) -> float:
        """1, then 0 from the duration on."""
        return 0.0 if wait >= self.duration else 1.0

    def waited(self, wait: float) -> float:
        """The shorter of both."""
        return min(wait, self.duration)


@dataclass(frozen=True, slots=True)
class Stages:
    """Erlang's distribution: a sum of `stages` exponential times, `mean` in all."""

    stages: int
    mean: float

    def __post_init__(self) -> None:
        """Raise ValueError for no stages or a mean that is not above 0."""
        check_count(stages=self.stages)
        check_positive(mean=self.mean)

    @property
    def breaks(self) -> tuple[float, ...]:
        """None."""
        return ()

    def gone(self, wait: float) -> float:
        """P(Poisson(x) >= stages), x the stages that pass in `wait` on average."""
        return _poisson_tails(self.stages * wait / self.mean, self.stages)[-1]

    def staying(self, wait: float) -> float:
        """P(Poisson(x) < stages)."""
        return _poisson_head(self.stages * wait / self.mean, self.stages)

    def waited(self, wait: float) -> float:
        """Stage by stage: the k-th lasts on average (mean / stages) P(the first k are over)."""
        return self.mean / self.stages * fsum(_poisson_tails(self.stages * wait / self.mean, self.stages))


@dataclass(frozen=True, slots=True)
class Mixture:
    """Each customer has the patience of one of `parts`, (share, patience) pairs whose shares sum to 1.

    Of exponentials it is the hyperexponential distribution; with a part `Deterministic(0)`, some balk.
    """

    parts: Sequence[tuple[float, Patience]]

    def __post_init__(self) -> None:
        """Raise ValueError unless the shares sum to 1."""
        check_share(**{f"share {place}": share for place, (share, _) in enumerate(self.parts, 1)})
        total = fsum(share for share, _ in self.parts)
        if not isclose(total, 1, rel_tol=1e-9):
            raise ValueError(f"the shares of a mixture must sum to 1, not {total:g}")

    @property
    def breaks(self) -> tuple[float, ...]:
        """Those of all parts."""
        return tuple(edge for _, part in self.parts for edge in part.breaks)

    def gone(self, wait: float) -> float:
        """The parts' mean."""
        return fsum(share * part.gone(wait) for share, part in self.parts)

    def staying(self, wait: float) -> float:
        """The parts' mean."""
        return fsum(share * part.staying(wait) for share, part in self.parts)

    def waited(self, wait: float) -> float:
        """The parts' mean."""
        return fsum(share * part.waited(wait) for share, part in self.parts)


def _poisson_head(mean: float, count: int) -> float:
    """P(Poisson(mean) < count), from positive terms only."""
    terms = accumulate(range(1, count), lambda term, place: term * mean / place, initial=1.0)
    return min(1.0, exp(-mean) * fsum(terms)) if mean < inf else 0.0


def _poisson_tails(mean: float, count: int) -> list[float]:
    """P(Poisson(mean) >= k) for k from 1 to `count`.

    Far below the mean the complement is exact; elsewhere the tail is summed, for 1 - head would lose its digits.
    """
    if mean > count + 1:
        return [1 - _poisson_head(mean, place) for place in range(1, count + 1)]
    terms = [exp(-mean)]
    while len(terms) <= count or terms[-1] > 1e-18 * terms[count]:
        terms.append(terms[-1] * mean / len(terms))
    return list(accumulate(reversed(terms)))[-2 : -count - 2 : -1]
