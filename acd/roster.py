"""Ready agents of a queue whose selection goes round, or draws: in order, with everybody in it to be had.

A sorted list, where `acd.line` has a heap: who goes first is not who ranks first. To keep it costs a move of memory for
each agent who comes and goes, which with 10,000 in the list is some microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from itertools import chain

from acd.model import Agent
from acd.selection import Rank, drawn


class Roster:
    """Agents in the order of their ranks, (tier, preference, ...), no two of which are the same."""

    __slots__ = ("_agents", "_ranks")

    def __init__(self) -> None:
        self._ranks: list[Rank] = []
        self._agents: dict[Rank, Agent] = {}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._ranks)

    def add(self, rank: Rank, agent: Agent) -> None:
        """The agent is in the list from now on."""
        insort(self._ranks, rank)
        self._agents[rank] = agent

    def drop(self, rank: Rank) -> None:
        """The agent with this rank is no longer in it."""
        del self._ranks[bisect_left(self._ranks, rank)]
        del self._agents[rank]

    def following(self, place: int, passed_over: Callable[[Agent], bool] | None) -> Agent | None:
        """Who comes next behind this place of the list, or from its front again; tier by tier."""
        ranks, start = self._ranks, 0
        while start < len(ranks):
            tier = ranks[start][0]
            end = bisect_left(ranks, (tier + 1,), start)
            turn = bisect_left(ranks, (*ranks[start][:-1], place + 1), start, end)
            for index in chain(range(turn, end), range(start, turn)):
                agent = self._agents[ranks[index]]
                if not (passed_over and passed_over(agent)):
                    return agent
            start = end
        return None

    def draw(self, number: int, passed_over: Callable[[Agent], bool] | None) -> Agent | None:
        """Whom this number draws of those who are not to be passed over."""
        ranks = self._ranks
        if passed_over:
            ranks = [rank for rank in ranks if not passed_over(self._agents[rank])]
        return self._agents[drawn(ranks, number)] if ranks else None
