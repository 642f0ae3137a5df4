"""The stationary distribution of a finite Markov chain in continuous time."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Final

Transitions = Sequence[Sequence[tuple[int, float]]]
"""For each state, the (state, rate) pairs of where it goes. Rates are above 0; no state goes to itself."""

_LARGE: Final = 1e200


def stationary(transitions: Transitions) -> list[float]:
    """The share of time in each state of an irreducible chain.

    Elimination without subtraction, so every share keeps its relative precision, however small: W. Grassmann, M. Taksar
    and D. Heyman, Operations Research 33 (1985). It works inside the band of the chain: with b the largest distance
    between a state and one it goes to, time is states x b^2 and memory states x b, so number the states accordingly.
    Raises ValueError if some state above the first cannot reach those below it.
    """
    band = max((abs(start - end) for start, row in enumerate(transitions) for end, _ in row), default=0)
    rows = [_banded(start, row, band) for start, row in enumerate(transitions)]
    outflows = [_eliminate(rows, state, band) for state in range(len(rows) - 1, 0, -1)]
    return _substituted(rows, [1.0, *reversed(outflows)], band)


def queue_bound(arrival_rate: float, served_rate: float, abandonment_rate: float, tail: float) -> int:
    """A queue length that is exceeded with less than about `tail` of the probability of the likeliest length.

    For a queue in which all servers are busy, served at `served_rate` in all, and each who waits leaves at
    `abandonment_rate`. Raises ValueError if it would grow without end.
    """
    if abandonment_rate == 0 and arrival_rate >= served_rate:
        raise ValueError("nobody abandons and more arrive than can be served: the queue would grow without end")
    length, weight, heaviest = 0, 0.0, 0.0
    while arrival_rate > 0 and weight > heaviest + log(tail):
        length += 1
        weight += log(arrival_rate / (served_rate + length * abandonment_rate))
        heaviest = max(heaviest, weight)
    return length


def _banded(start: int, row: Sequence[tuple[int, float]], band: int) -> list[float]:
    """A row of rates, in which column `end` stands at `end - start + band`."""
    rates = [0.0] * (2 * band + 1)
    for end, rate in row:
        rates[end - start + band] += rate
    return rates


def _eliminate(rows: list[list[float]], state: int, band: int) -> float:
    """Watch the chain only while it is below `state`: what went through it now goes directly. Returns its outflow."""
    reach = min(band, state)
    below = rows[state][band - reach : band]
    outflow = sum(below)
    if outflow == 0:
        raise ValueError(f"state {state} of the chain cannot reach the states before it")
    for distance in range(1, reach + 1):
        row = rows[state - distance]
        if inflow := row[band + distance]:
            share, first = inflow / outflow, band - reach + distance
            row[first : first + reach] = [
                rate + share * through for rate, through in zip(row[first : first + reach], below, strict=True)
            ]
    return outflow


def _substituted(rows: list[list[float]], outflows: list[float], band: int) -> list[float]:
    """Balance each state against those below it, and scale the sum to 1."""
    weights = [1.0]
    for state in range(1, len(rows)):
        nearest = range(1, min(band, state) + 1)
        inflow = sum(weights[state - distance] * rows[state - distance][band + distance] for distance in nearest)
        weights.append(inflow / outflows[state])
        if weights[-1] > _LARGE:
            weights = [weight / _LARGE for weight in weights]
    total = sum(weights)
    return [weight / total for weight in weights]
