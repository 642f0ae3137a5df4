"""The order of agents: longest idle first, then the agent's place, which is that of his id among all ids.

*Idle since* is the end of the last wrap-up, or the log-in or the end of a pause where that is later. An offer that came
to nothing does not move it.
"""

from __future__ import annotations

from acd.model import Agent

Rank = tuple[int, int]


def rank(agent: Agent) -> Rank:
    """Lower is offered first. Places are unique, so no two agents rank the same."""
    return (agent.idle_since, agent.place)
