"""The order of agents for a contact: by tier, then as the queue's `selection` says, then by the agent's place.

An agent's place is that of his id among all ids; in a queue with tiers, that in its list. *Idle since* is the end of
the last wrap-up, or the log-in or, if the floor says so, the end of a pause where that is later. An offer that came to
nothing does not move it, but counts as an offer.

Nobody who has contacts in hand is idle: where idle time counts, those with fewer in hand go first. In the order of a
list, the first is given as many as he can bear before the second has one; `least_occupied` spreads by the share of
each agent's capacity that is taken.
"""

from __future__ import annotations

from collections.abc import Callable
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
    "least_occupied": lambda agent, place: (occupied(agent), agent.idle_since, place),
}
"""By an agent and his place: lower is offered first.

No two agents have the same place in a queue, so none the same rank, which holds while he can be offered a contact.
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
