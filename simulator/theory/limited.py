"""A queue with a limited number of places: M/M/n/K+M."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.theory.chains import stationary
from simulator.theory.checks import check_count, check_not_negative, check_positive


@dataclass(frozen=True, slots=True)
class FiniteQueue:
    """M/M/n/K+M. All shares are of the offered, blocked ones included.

    `p_wait`: entered the queue and was not served at once. `utilisation`: served load / servers.
    """

    p_block: float
    p_wait: float
    p_abandon: float
    mean_queue: float
    utilisation: float


def finite_queue(
    servers: int, capacity: int, arrival_rate: float, service_rate: float, abandonment_rate: float
) -> FiniteQueue:
    """Exponential patience, and `capacity` places in all, servers and waiting; who finds all taken is lost.

    A birth-death chain, solved exactly. Raises ValueError if there are fewer places than servers.
    """
    check_count(servers=servers)
    check_count(capacity=capacity, least=servers)
    check_positive(arrival_rate=arrival_rate, service_rate=service_rate)
    check_not_negative(abandonment_rate=abandonment_rate)

    def transitions(present: int) -> list[tuple[int, float]]:
        leaving = min(present, servers) * service_rate + max(0, present - servers) * abandonment_rate
        down = [(present - 1, leaving)] if present else []
        return [(present + 1, arrival_rate), *down] if present < capacity else down

    shares = stationary([transitions(present) for present in range(capacity + 1)])
    mean_queue = sum(share * (present - servers) for present, share in enumerate(shares) if present > servers)
    busy = sum(share * min(present, servers) for present, share in enumerate(shares))
    return FiniteQueue(
        p_block=shares[capacity],
        p_wait=sum(shares[servers:capacity]),
        p_abandon=abandonment_rate * mean_queue / arrival_rate,
        mean_queue=mean_queue,
        utilisation=busy / servers,
    )
