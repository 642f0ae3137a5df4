"""A day of M(t)/M/n+M: expected counts per interval while the arrival rate changes, and what is left at the end.

By uniformisation (A. Jensen 1953; D. Gross and D. Miller, Operations Research 32 (1984)): between two changes of the
rate the chain is watched at the ticks of a Poisson process faster than any of its states, and the distribution after
an interval, and its integral over it, are means over the number of ticks. Only positive terms are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, lgamma, log, sqrt
from operator import mul
from typing import Final

from simulator.theory.chains import queue_bound
from simulator.theory.checks import check_count, check_not_negative, check_positive

_TAIL: Final = 1e-18


@dataclass(frozen=True, slots=True)
class Interval:
    """Expected numbers of one interval. `delayed` found all agents busy; `mean_busy` is a mean over its time."""

    offered: float
    abandoned: float
    delayed: float
    mean_busy: float


@dataclass(frozen=True, slots=True)
class Transient:
    """All intervals, and how many are expected to abandon after the last while those still waiting are served."""

    intervals: tuple[Interval, ...]
    abandoned_after: float


@dataclass(frozen=True, slots=True)
class _Chain:
    """Contacts present, from none to `present_max`; service and abandonment take one away."""

    servers: int
    service_rate: float
    abandonment_rate: float
    present_max: int

    def leaving_rates(self) -> list[float]:
        """By contacts present."""
        return [
            min(present, self.servers) * self.service_rate + max(0, present - self.servers) * self.abandonment_rate
            for present in range(self.present_max + 1)
        ]

    def integrals(self, shares: list[float], arrival_rate: float, duration: float) -> tuple[list[float], list[float]]:
        """From a distribution: the one after `duration`, and the time spent in each state until then."""
        leaving = self.leaving_rates()
        ticks = arrival_rate + max(leaving)
        up = arrival_rate / ticks
        down = [rate / ticks for rate in leaving[1:]]
        stay = [1 - rate / ticks - up for rate in leaving]
        stay[-1] += up  # an arrival at the top is turned away; the top is set where that does not matter
        chances = _poisson(ticks * duration)
        more = list(accumulate(reversed(chances)))[::-1]  # more[k]: P(at least k ticks)
        after, spent = [0.0] * len(shares), [0.0] * len(shares)
        for chance, beyond in zip(chances, [*more[1:], 0.0], strict=True):
            spent = [so_far + beyond * share for so_far, share in zip(spent, shares, strict=True)]
            if chance > _TAIL:
                after = [so_far + chance * share for so_far, share in zip(after, shares, strict=True)]
            shares = _tick(shares, up, down, stay)
        return after, [so_far / ticks for so_far in spent]

    def interval(self, arrival_rate: float, duration: float, spent: list[float]) -> Interval:
        """What is expected of an interval, from the time spent in each state."""
        waiting = sum(time * (present - self.servers) for present, time in enumerate(spent) if present > self.servers)
        busy = sum(time * min(present, self.servers) for present, time in enumerate(spent))
        return Interval(
            offered=arrival_rate * duration,
            abandoned=self.abandonment_rate * waiting,
            delayed=arrival_rate * sum(spent[self.servers :]),
            mean_busy=busy / duration,
        )

    def abandoned_while_draining(self, shares: list[float]) -> float:
        """From each queue length down, one of those who wait abandons before an agent frees, or none."""
        capacity = self.servers * self.service_rate
        lengths = range(1, self.present_max - self.servers + 1)
        steps = (length * self.abandonment_rate / (capacity + length * self.abandonment_rate) for length in lengths)
        expected = accumulate(steps, initial=0.0)
        return sum(share * number for share, number in zip(shares[self.servers :], expected, strict=True))


def transient(
    servers: int, service_rate: float, abandonment_rate: float, arrivals: Sequence[tuple[float, float]]
) -> Transient:
    """From an empty centre through `arrivals`, the (rate, duration) of each interval in turn.

    Raises ValueError if nobody abandons and some interval's load is above what the servers can do.
    """
    check_count(servers=servers)
    check_positive(service_rate=service_rate)
    check_not_negative(abandonment_rate=abandonment_rate)
    for place, (rate, duration) in enumerate(arrivals, 1):
        check_not_negative(**{f"arrival rate of interval {place}": rate})
        check_positive(**{f"duration of interval {place}": duration})
    busiest = max((rate for rate, _ in arrivals), default=0.0)
    waiting_max = queue_bound(busiest, servers * service_rate, abandonment_rate, _TAIL)
    return _played(_Chain(servers, service_rate, abandonment_rate, servers + waiting_max), arrivals)


def _played(chain: _Chain, arrivals: Sequence[tuple[float, float]]) -> Transient:
    shares = [1.0, *[0.0] * chain.present_max]
    intervals = []
    for rate, duration in arrivals:
        shares, spent = chain.integrals(shares, rate, duration)
        intervals.append(chain.interval(rate, duration, spent))
    return Transient(tuple(intervals), chain.abandoned_while_draining(shares))


def _tick(shares: list[float], up: float, down: list[float], stay: list[float]) -> list[float]:
    """The distribution one tick later. `down[k]` is the chance of leaving state k + 1."""
    below, above = [0.0, *shares[:-1]], [*map(mul, down, shares[1:]), 0.0]
    return [
        kept * share + up * fewer + left for kept, share, fewer, left in zip(stay, shares, below, above, strict=True)
    ]


def _poisson(mean: float) -> list[float]:
    """P(k) of a Poisson number for k from 0 to where no more is seen, summing to 1."""
    last = int(mean + 10 * sqrt(mean) + 30)
    chances = [exp(number * log(mean) - mean - lgamma(number + 1)) for number in range(last + 1)]
    total = sum(chances)
    return [chance / total for chance in chances]
