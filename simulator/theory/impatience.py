"""Customers who abandon: Erlang A and M/M/n+G.

Source: S. Zeltyn and A. Mandelbaum, "Call centers with impatient customers: many-server asymptotics of the M/M/n+G
queue", Queueing Systems 51 (2005), after F. Baccelli and G. Hebuterne, "On queues with impatient customers" (1981).
The wait V that would be offered to a customer of endless patience has, above 0, the density

    v(x) = lambda p(n-1) exp(lambda H(x) - n mu x),   H(x) = E[min(R, x)],

and all measures are integrals of it against functions of patience R. We divide by the integral of the exponential and
by its largest value, so that neither thousands of agents nor a heavy overload leaves the range of a float, and we
integrate only positive functions, so that an abandoned share of one in a billion keeps its digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, isfinite
from typing import Final

from simulator.theory.checks import check_count, check_not_negative, check_positive
from simulator.theory.erlang import erlang_b
from simulator.theory.patience import Exponential, Patience
from simulator.theory.quadrature import Values, integral

_TAIL_EXPONENT: Final = 46.0  # exp(-46) is 1e-20 of the density's peak: what lies beyond cannot be seen
_EXPONENT_MAX: Final = 700.0
_ENDLESS: Final = "more customers would wait for ever than the servers can serve: the queue would grow without end"


@dataclass(frozen=True, slots=True)
class Impatient:
    """M/M/n+G. All shares are of the offered; what is "within" counts from entering the queue to the threshold.

    `p_wait`: not served at once, whether answered later or not. `mean_wait`: over all, abandoned ones included.
    `mean_wait_of_answered`: the ASA. `utilisation`: served load / servers.
    """

    p_wait: float
    p_abandon: float
    mean_wait: float
    mean_wait_of_answered: float
    mean_queue: float
    utilisation: float
    service_level: float
    p_abandon_within: float


@dataclass(frozen=True, slots=True)
class _Density:
    """exp(lambda H(x) - n mu x) / exp(`highest`); smooth between `edges`, negligible beyond the last of them."""

    exponent: Callable[[float], float]
    highest: float
    edges: tuple[float, ...]

    def __call__(self, wait: float) -> float:
        """At most 1."""
        return exp(self.exponent(wait) - self.highest)


def erlang_a(
    servers: int, arrival_rate: float, service_rate: float, abandonment_rate: float, threshold: float
) -> Impatient:
    """M/M/n+M, Erlang A: exponential patience with mean 1 / `abandonment_rate`.

    Source: C. Palm (1946). At rate 0 it is Erlang C, and the load must be below the number of servers.
    """
    return general_patience(servers, arrival_rate, service_rate, Exponential(abandonment_rate), threshold)


def general_patience(
    servers: int, arrival_rate: float, service_rate: float, patience: Patience, threshold: float
) -> Impatient:
    """M/M/n+G: any distribution of patience.

    Raises ValueError if more customers would wait for ever than `servers` can serve.
    """
    check_count(servers=servers)
    check_positive(arrival_rate=arrival_rate, service_rate=service_rate)
    check_not_negative(threshold=threshold)
    density = _density(arrival_rate, servers * service_rate, patience)
    before = _integrals(density, patience, 0.0, threshold)
    after = _integrals(density, patience, threshold, inf)
    mass, gone, staying, waited, answered_late = (sum(both) for both in zip(before, after, strict=True))
    # Odds, because where nearly all wait the complement of the one is not exact enough for the other.
    odds = arrival_rate * mass * erlang_b(servers - 1, arrival_rate / service_rate) * _power(density.highest)
    p_no_wait = 1 / (1 + odds)
    p_wait = 1 / (1 + 1 / odds) if odds > 0 else 0.0
    scale = p_wait / mass
    p_answered = p_no_wait + scale * staying
    return Impatient(
        p_wait=p_wait,
        p_abandon=scale * gone,
        mean_wait=scale * waited,
        mean_wait_of_answered=scale * answered_late / p_answered,
        mean_queue=arrival_rate * scale * waited,
        utilisation=arrival_rate * p_answered / (servers * service_rate),
        service_level=p_no_wait + scale * before[2],
        p_abandon_within=scale * (before[1] + after[0] * patience.gone(threshold)),
    )


def _density(arrival_rate: float, capacity: float, patience: Patience) -> _Density:
    """The exponent is concave: it rises while more enter service in time than can be served, and falls from there."""

    def exponent(wait: float) -> float:
        return arrival_rate * patience.waited(wait) - capacity * wait

    peak = _peak(capacity / arrival_rate, capacity, patience)
    last = max(peak, *patience.breaks) if patience.breaks else peak
    edges = {0.0, peak, *patience.breaks, _tail(exponent, last, 1 / capacity)}
    return _Density(exponent, exponent(peak), tuple(sorted(edges)))


def _peak(served: float, capacity: float, patience: Patience) -> float:
    """Where the share still staying falls to `served`, the share that can be served."""
    if patience.staying(0.0) <= served:
        return 0.0
    low, high = 0.0, 1 / capacity
    while patience.staying(high) >= served:
        low, high = high, 2 * high
        if not isfinite(high):
            raise ValueError(_ENDLESS)
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if patience.staying(middle) > served else (low, middle)
    return high


def _tail(exponent: Callable[[float], float], start: float, step: float) -> float:
    """Somewhere beyond `start` the density is so far below what it is there that the rest does not count."""
    while not exponent(start + step) <= exponent(start) - _TAIL_EXPONENT:  # so that "inf - inf" goes on, to its end
        step *= 2
        if not isfinite(step):
            raise ValueError(_ENDLESS)
    return start + step


def _integrals(density: _Density, patience: Patience, low: float, high: float) -> Values:
    """From `low` to `high`: the density alone, and times P(R <= x), P(R > x), H(x), and x P(R > x)."""

    def values(wait: float) -> Values:
        weight = density(wait)
        staying = weight * patience.staying(wait)
        return weight, weight * patience.gone(wait), staying, weight * patience.waited(wait), wait * staying

    cuts = sorted({min(max(edge, low), high, density.edges[-1]) for edge in (*density.edges, low, high)})
    pieces = [integral(values, start, end) for start, end in pairwise(cuts)]
    return tuple(sum(piece[place] for piece in pieces) for place in range(5))


def _power(exponent: float) -> float:
    return exp(exponent) if exponent < _EXPONENT_MAX else inf
