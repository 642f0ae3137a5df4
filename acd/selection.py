"""The order of agents for a contact: by tier, then as the queue's `selection` says, then by the agent's place.

An agent's place is that of his id among all ids; in a queue with tiers, that in its list. *Idle since* is the end of
the last wrap-up, or the log-in or, if the floor says so, the end of a pause where that is later. An offer that came to
nothing does not move it, but counts as an offer.

Nobody who has contacts in hand is idle: where idle time counts, those with fewer in hand go first. In the order of a
list, the first is given as many as he can bear before the second has one; `least_occupied` spreads by the share of
each agent's capacity that is taken.

*Round robin* goes on in the list behind the agent whom the queue offered a contact last, and from its end to its front.
*Weighted random* draws: each agent has as many lots as his weight, and the number drawn follows from the contact's id
and the instant, so that whoever repeats the decision draws the same. Both look at the earliest tier that has anybody.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

from acd.model import Agent
from acd.plan import Requirement, Selection

Rank = tuple[int, ...]
Skills = tuple[tuple[str, int], ...]

RANKS: Final[dict[Selection, Callable[[Agent, int], Rank]]] = {
    "longest_idle": lambda agent, place: (len(agent.works), agent.idle_since, place),
    "least_recently_offered": lambda agent, place: (agent.offered_at, place),
    "fewest_contacts": lambda agent, place: (agent.served, agent.idle_since, place),
    "in_order": lambda agent, place: (place,),
    "best_skilled": lambda agent, place: (len(agent.works), agent.idle_since, place),
    "specialists_first": lambda agent, place: (len(agent.works), agent.idle_since, place),
    "round_robin": lambda agent, place: (place,),
    "weighted_random": lambda agent, place: (agent.weight, place),
    "least_occupied": lambda agent, place: (occupied(agent), agent.idle_since, place),
}
"""By an agent and his place: lower is offered first.

No two agents have the same place in a queue, so none the same rank, which holds while he can be offered a contact. Two
selections do not go by it alone: `acd.roster` says who comes next in round robin, `drawn` who is drawn.
"""


def occupied(agent: Agent) -> int:
    """How much of his capacity an agent has in hand, in thousandths, rounded down."""
    return 1000 * agent.load // agent.capacity


def preference(selection: Selection, skills: Skills, requirements: tuple[Requirement, ...]) -> int:
    """What ranks agents by their skills alone, before anything else within a tier. Lower is offered first."""
    if selection == "best_skilled":
        levels = dict(skills)
        return -sum(levels[needed.skill] for needed in requirements)
    return len(skills) if selection == "specialists_first" else 0


def lot(contact: str, now: int) -> int:
    """The number that is drawn for a contact at this instant (ms): 64 bits, even and without memory."""
    return int.from_bytes(blake2b(f"{contact} {now}".encode(), digest_size=8).digest())


def drawn(ranks: Sequence[Rank], number: int) -> Rank:
    """Which of these ranks, that are in order and end in (weight, place), a number draws in their first tier.

    Those of one weight stand together, so this looks at each weight once, and at no agent.
    """
    groups = list(_groups(ranks))
    number %= sum(weight * count for weight, _, count in groups)
    for weight, first, count in groups:
        if number < weight * count:
            return ranks[first + number // weight]
        number -= weight * count
    raise AssertionError("a number below the sum of all lots is one of them")


def _groups(ranks: Sequence[Rank]) -> Iterator[tuple[int, int, int]]:
    """The weights of the first tier, each with the index of its first rank and how many have it."""
    first, behind = 0, bisect_left(ranks, (ranks[0][0] + 1,))
    while first < behind:
        *standing, weight, _ = ranks[first]
        following = bisect_left(ranks, (*standing, weight + 1), first, behind)
        yield weight, first, following - first
        first = following
