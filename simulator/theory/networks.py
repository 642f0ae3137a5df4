"""Open networks of stations: what each is offered once contacts go on, come back, or escalate."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.theory.checks import check_not_negative, check_share

Routing = Mapping[str, Mapping[str, float]]


def throughputs(arrival_rates: Mapping[str, float], routing: Routing) -> dict[str, float]:
    """The rate at which contacts reach each station: lambda(j) = fresh(j) + sum over i of lambda(i) P(i, j).

    `arrival_rates` are the fresh ones, by station; `routing[i][j]` is the probability of going from `i` to `j`, what is
    missing to 1 leaves. With exponential service, patient customers and Poisson arrivals, each station then behaves
    as an M/M/n of its own (P. Burke 1956; J. Jackson 1957): an L2 team behind L1, or customers who call again, for
    whom the pause between is a station of unlimited servers, holding throughput x mean pause on average.
    Raises ValueError if some contacts could never leave.
    """
    stations = list(dict.fromkeys([*arrival_rates, *routing, *(end for ends in routing.values() for end in ends)]))
    check_not_negative(**{f"arrival rate of {station}": rate for station, rate in arrival_rates.items()})
    for start, ends in routing.items():
        check_share(**{f"probability from {start} to {end}": share for end, share in ends.items()})
        check_share(**{f"sum of the probabilities from {start}": sum(ends.values())})
    rates = {station: arrival_rates.get(station, 0.0) for station in stations}
    shares = {start: {end: routing.get(start, {}).get(end, 0.0) for end in stations} for start in stations}
    return _solved(stations, rates, shares)


def _solved(stations: list[str], rates: dict[str, float], shares: dict[str, dict[str, float]]) -> dict[str, float]:
    """Take stations out one by one, each passing on what it gets, and put them back in the reverse order."""
    for place in range(len(stations) - 1, -1, -1):
        station, before = stations[place], stations[:place]
        if (leaving := 1 - shares[station][station]) <= 0:
            raise ValueError(f"contacts that reach {station} could never leave: rates have no bound")
        for other in before:
            through = shares[other][station] / leaving
            for end in before:
                shares[other][end] += through * shares[station][end]
        for end in before:
            rates[end] += rates[station] / leaving * shares[station][end]
    totals: dict[str, float] = {}
    for station in stations:
        inflow = rates[station] + sum(totals[start] * shares[start][station] for start in totals)
        totals[station] = inflow / (1 - shares[station][station])
    return totals
