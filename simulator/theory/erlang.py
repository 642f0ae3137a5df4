"""Erlang's two formulas, their inverses, and priorities without preemption.

Sources: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone
exchanges" (1917); the recursion and its numerical stability: D. L. Jagerman, Bell System Technical Journal 53 (1974).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, islice, pairwise
from math import exp, floor

from simulator.theory.checks import check_count, check_not_negative, check_positive, check_share, check_stable


@dataclass(frozen=True, slots=True)
class Patient:
    """M/M/n: customers who wait as long as it takes. `mean_wait` is over all of them, the ASA."""

    p_wait: float
    mean_wait: float
    mean_wait_of_delayed: float
    service_level: float
    occupancy: float
    mean_queue: float


def erlang_b(servers: int, erlangs: float) -> float:
    """The share of calls lost in M/M/n/n, in O(n).

    B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1)): all terms positive, so every digit holds for any number of servers.
    """
    check_count(servers=servers, least=0)
    check_not_negative(erlangs=erlangs)
    return next(islice(_blocking(erlangs), servers, None))


def erlang_b_load(servers: int, blocking: float) -> float:
    """The load in erlangs at which `servers` lose the share `blocking`, strictly between 0 and 1.

    By bisection: blocking grows with the load, and what is carried, a (1 - B), is below n.
    """
    check_count(servers=servers)
    if not 0 < blocking < 1:
        raise ValueError(f"blocking must lie strictly between 0 and 1, not {blocking!r}")
    low, high = 0.0, servers / (1 - blocking)
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if erlang_b(servers, middle) < blocking else (low, middle)
    return high


def erlang_c(servers: int, erlangs: float, mean_service: float, threshold: float) -> Patient:
    """M/M/n with unlimited patience: C = n B / (n - a (1 - B)), and exponential waits of the delayed.

    Raises ValueError unless `erlangs < servers`.
    """
    check_count(servers=servers)
    check_not_negative(erlangs=erlangs, threshold=threshold)
    check_positive(mean_service=mean_service)
    check_stable(servers, erlangs)
    p_wait = _delayed(servers, erlangs, erlang_b(servers, erlangs))
    mean_wait_of_delayed = mean_service / (servers - erlangs)
    return Patient(
        p_wait=p_wait,
        mean_wait=p_wait * mean_wait_of_delayed,
        mean_wait_of_delayed=mean_wait_of_delayed,
        service_level=1 - p_wait * exp(-threshold / mean_wait_of_delayed),
        occupancy=erlangs / servers,
        mean_queue=p_wait * erlangs / (servers - erlangs),
    )


def erlang_c_agents(erlangs: float, mean_service: float, threshold: float, target: float) -> int:
    """The least number of agents, above the load, who answer the share `target` within `threshold`.

    One pass of the recursion, O(n). Raises ValueError for a target of 1: no finite number of agents promises it.
    """
    check_not_negative(erlangs=erlangs, threshold=threshold)
    check_positive(mean_service=mean_service)
    check_share(target=target)
    if target == 1:
        raise ValueError("a target of 1 asks that nobody ever waits longer: no number of agents can promise that")
    for servers, blocking in zip(count(), _blocking(erlangs), strict=False):
        if servers <= floor(erlangs):
            continue
        late = _delayed(servers, erlangs, blocking) * exp(-threshold * (servers - erlangs) / mean_service)
        if 1 - late >= target:
            return servers
    raise AssertionError("the recursion has no end")


def priority_waits(servers: int, service_rate: float, arrival_rates: Sequence[float]) -> tuple[float, ...]:
    """The mean wait of each class in M/M/n with priorities, highest first, none of which interrupts a service.

    W(k) = (C / n mu) / ((1 - s(k-1)) (1 - s(k))), s(k) the utilisation by classes 1 to k. Waits are over all of a
    class, zeros included. Sources: A. Cobham, Operations Research 2 (1954); O. Kella and U. Yechiali, Naval Research
    Logistics 32 (1985).
    """
    check_count(servers=servers)
    check_positive(service_rate=service_rate)
    check_not_negative(**{f"arrival rate {place}": rate for place, rate in enumerate(arrival_rates, 1)})
    erlangs = sum(arrival_rates) / service_rate
    check_stable(servers, erlangs)
    until_one_is_free = _delayed(servers, erlangs, erlang_b(servers, erlangs)) / (servers * service_rate)
    utilisations = accumulate((rate / (servers * service_rate) for rate in arrival_rates), initial=0.0)
    return tuple(until_one_is_free / ((1 - above) * (1 - here)) for above, here in pairwise(utilisations))


def _blocking(erlangs: float) -> Iterator[float]:
    """B(0), B(1), B(2), ..., without end."""
    blocking = 1.0
    for servers in count(1):
        yield blocking
        blocking = erlangs * blocking / (servers + erlangs * blocking)


def _delayed(servers: int, erlangs: float, blocking: float) -> float:
    """Erlang C from Erlang B."""
    return servers * blocking / (servers - erlangs * (1 - blocking))
