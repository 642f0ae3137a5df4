"""The order of agents for a contact: by tier, then as the queue's `selection` says, then by the agent's place.

An agent's place is that of his id among all ids; in a queue with tiers and `in_order`, that of its list. *Idle since*
is the end of the last wrap-up, or the log-in or the end of a pause where that is later. An offer that came to nothing
does not move it, but counts as an offer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from acd.model import Agent
from acd.plan import Requirement, Selection

Rank = tuple[int, ...]
Skills = tuple[tuple[str, int], ...]

RANKS: Final[dict[Selection, Callable[[Agent], Rank]]] = {
    "longest_idle": lambda agent: (agent.idle_since, agent.place),
    "least_recently_offered": lambda agent: (agent.offered_at, agent.place),
    "fewest_contacts": lambda agent: (agent.served, agent.idle_since, agent.place),
    "in_order": lambda agent: (agent.place,),
    "best_skilled": lambda agent: (agent.idle_since, agent.place),
    "specialists_first": lambda agent: (agent.idle_since, agent.place),
}
"""Lower is offered first. No two agents have the same place, so none the same rank, which holds while he is ready."""


def preference(selection: Selection, skills: Skills, requirements: tuple[Requirement, ...]) -> int:
    """What ranks agents by their skills alone, before anything else within a tier. Lower is offered first."""
    if selection == "best_skilled":
        levels = dict(skills)
        return -sum(levels[needed.skill] for needed in requirements)
    return len(skills) if selection == "specialists_first" else 0
