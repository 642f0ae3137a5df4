"""Integrals of several positive functions at once, each to its own relative precision."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import cos, pi
from typing import Final

Values = tuple[float, ...]
Function = Callable[[float], Values]

_ORDER: Final = 16
_PRECISION: Final = 1e-12
_NOTHING: Final = 1e-290
_HALVINGS_MAX: Final = 14


def integral(function: Function, low: float, high: float) -> Values:
    """The integral of each value of `function`, none of which may be negative, from `low` to `high`.

    Gauss-Legendre panels, halved until a panel agrees with its halves in every value to 12 digits of that panel:
    relative, and local, so that a tail of 1e-50 comes out as exact as the bulk.
    """
    return _refined(function, low, high, _panel(function, low, high), _HALVINGS_MAX)


def _refined(function: Function, low: float, high: float, whole: Values, halvings: int) -> Values:
    middle = (low + high) / 2
    left, right = _panel(function, low, middle), _panel(function, middle, high)
    halves = tuple(map(sum, zip(left, right, strict=True)))
    if halvings == 0 or _agree(whole, halves):
        return halves
    finer = (_refined(function, *half, halvings - 1) for half in ((low, middle, left), (middle, high, right)))
    return tuple(map(sum, zip(*finer, strict=True)))


def _agree(whole: Values, halves: Values) -> bool:
    return all(abs(one - two) <= _PRECISION * two + _NOTHING for one, two in zip(whole, halves, strict=True))


def _panel(function: Function, low: float, high: float) -> Values:
    centre, half = (low + high) / 2, (high - low) / 2
    values = [(weight * half, function(centre + half * node)) for node, weight in _gauss_legendre()]
    return tuple(sum(weight * value[place] for weight, value in values) for place in range(len(values[0][1])))


@cache
def _gauss_legendre() -> tuple[tuple[float, float], ...]:
    """Nodes and weights on [-1, 1]: the roots of the Legendre polynomial, by Newton's method."""
    return tuple(_node(cos(pi * (place - 0.25) / (_ORDER + 0.5))) for place in range(1, _ORDER + 1))


def _node(guess: float) -> tuple[float, float]:
    for _ in range(100):
        value, slope = _legendre(guess)
        if guess == (better := guess - value / slope):
            break
        guess = better
    return guess, 2 / ((1 - guess * guess) * _legendre(guess)[1] ** 2)


def _legendre(at: float) -> tuple[float, float]:
    """The Legendre polynomial of the rule's order and its derivative, by the three-term recurrence."""
    before, here = 1.0, at
    for degree in range(2, _ORDER + 1):
        before, here = here, ((2 * degree - 1) * at * here - (degree - 1) * before) / degree
    return here, _ORDER * (at * here - before) / (at * at - 1)
