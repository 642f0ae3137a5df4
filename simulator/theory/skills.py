"""The N-model: the smallest centre with skills, and the one to check a simulated one against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from simulator.theory.chains import queue_bound, stationary
from simulator.theory.checks import check_count, check_positive

FlexiblePrefers = Literal["type1", "type2"]
_TAIL: Final = 1e-11


@dataclass(frozen=True, slots=True)
class Demand:
    """What one type brings: its arrival rate, and the rate at which each who waits leaves."""

    arrival_rate: float
    abandonment_rate: float


@dataclass(frozen=True, slots=True)
class NModel:
    """Measures of the two types, as pairs, and of the two groups of agents.

    `p_wait`: not served at once, whether answered later or not. `p_abandon`: of the type's own arrivals.
    """

    p_wait: tuple[float, float]
    p_abandon: tuple[float, float]
    mean_queue: tuple[float, float]
    utilisation_dedicated: float
    utilisation_flexible: float


@dataclass(frozen=True, slots=True)
class _Floor:
    """The rates of the chain, whose state is a pair.

    `first` counts busy dedicated agents plus waiting contacts of type 1, `second` busy flexible agents plus waiting
    contacts of type 2. Work conservation makes the pair enough: type 1 waits only while all agents are busy. Whose
    contact a flexible agent has does not matter, as service times are alike.
    """

    dedicated: int
    flexible: int
    demands: tuple[Demand, Demand]
    service_rate: float
    prefers: FlexiblePrefers

    def moves(self, first: int, second: int) -> Iterator[tuple[int, int, float]]:
        """The states one event away, with their rates."""
        one, two = self.demands
        waiting = self.waiting(first, second)
        on_flexible = first >= self.dedicated and second < self.flexible
        yield (first, second + 1, one.arrival_rate) if on_flexible else (first + 1, second, one.arrival_rate)
        yield first, second + 1, two.arrival_rate
        yield first - 1, second, min(first, self.dedicated) * self.service_rate + waiting[0] * one.abandonment_rate
        yield first, second - 1, waiting[1] * two.abandonment_rate
        freed = min(second, self.flexible) * self.service_rate
        takes_first = waiting[0] > 0 and (waiting[1] == 0 or self.prefers == "type1")
        yield (first - 1, second, freed) if takes_first else (first, second - 1, freed)

    def waiting(self, first: int, second: int) -> tuple[int, int]:
        """Waiting contacts of each type."""
        return max(0, first - self.dedicated), max(0, second - self.flexible)

    def states(self) -> list[tuple[int, int]]:
        """All states that carry weight, ordered so that the chain's band is narrow.

        Each queue is bounded by one that gets the least help: from the dedicated agents alone, or from the flexible
        ones when they prefer it.
        """
        one, two = self.demands
        helped = self.flexible * self.service_rate if self.prefers == "type2" else 0.0
        first_max = self.dedicated + queue_bound(
            one.arrival_rate, self.dedicated * self.service_rate, one.abandonment_rate, _TAIL
        )
        second_max = self.flexible + queue_bound(two.arrival_rate, helped, two.abandonment_rate, _TAIL)
        pairs = [
            (first, second)
            for first in range(first_max + 1)
            for second in range(second_max + 1)
            if first <= self.dedicated or second >= self.flexible
        ]
        return pairs if second_max <= first_max else sorted(pairs, key=lambda pair: pair[::-1])


def n_model(
    dedicated: int,
    flexible: int,
    demands: tuple[Demand, Demand],
    service_rate: float,
    prefers: FlexiblePrefers,
) -> NModel:
    """`dedicated` agents serve type 1 only, `flexible` ones both types; all rates are above 0.

    An arrival of type 1 goes to a dedicated agent before a flexible one. A freed flexible agent takes the type it
    prefers if one waits. Source of the model: O. Garnett and A. Mandelbaum, "An introduction to skills-based routing
    and its operational complexities" (2000). The chain's queues are cut where about 1e-11 is lost; a hundred agents
    take some seconds.
    """
    check_count(dedicated=dedicated, flexible=flexible)
    check_positive(service_rate=service_rate)
    for place, demand in enumerate(demands, 1):
        check_positive(**{f"arrival rate of type {place}": demand.arrival_rate})
        check_positive(**{f"abandonment rate of type {place}": demand.abandonment_rate})
    if prefers not in {"type1", "type2"}:
        raise ValueError(f"flexible agents prefer type1 or type2, not {prefers!r}")
    floor = _Floor(dedicated, flexible, demands, service_rate, prefers)
    return _measures(floor, _solved(floor))


def _solved(floor: _Floor) -> dict[tuple[int, int], float]:
    """The share of time in each state. What would leave the cut chain is turned away."""
    states = floor.states()
    numbers = {state: number for number, state in enumerate(states)}

    def transitions(state: tuple[int, int]) -> list[tuple[int, float]]:
        moves = ((numbers.get((first, second)), rate) for first, second, rate in floor.moves(*state))
        return [(end, rate) for end, rate in moves if end is not None and rate > 0]

    return dict(zip(states, stationary([transitions(state) for state in states]), strict=True))


def _measures(floor: _Floor, shares: dict[tuple[int, int], float]) -> NModel:
    def mean(value: Callable[[int, int], float]) -> float:
        return sum(share * value(*state) for state, share in shares.items())

    queues = mean(lambda *state: floor.waiting(*state)[0]), mean(lambda *state: floor.waiting(*state)[1])
    one, two = floor.demands
    return NModel(
        p_wait=(
            mean(lambda first, second: first >= floor.dedicated and second >= floor.flexible),
            mean(lambda _, second: second >= floor.flexible),
        ),
        p_abandon=(
            queues[0] * one.abandonment_rate / one.arrival_rate,
            queues[1] * two.abandonment_rate / two.arrival_rate,
        ),
        mean_queue=queues,
        utilisation_dedicated=mean(lambda first, _: min(first, floor.dedicated)) / floor.dedicated,
        utilisation_flexible=mean(lambda _, second: min(second, floor.flexible)) / floor.flexible,
    )
