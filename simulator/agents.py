"""The made-up agents: when they are there, and how they take an offer.

Their draws never touch the customers' streams: each agent has a stream of its own, counted by the offers he was made.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from router.plan import Plan
from simulator.arrivals import midnight_ms
from simulator.settings import AgentsSpec, PopulationSpec
from simulator.streams import key, uniform


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """An agent is there from `start` until before `end`, both in milliseconds since the epoch."""

    start: int
    end: int
    agent: str


@dataclass(frozen=True, slots=True)
class Response:
    """What an agent does with an offer, `after_ms` later; who misses it does nothing at all."""

    kind: Literal["accept", "decline", "miss"]
    after_ms: int


def shifts(spec: PopulationSpec, plan: Plan, first_day: date, days: int) -> list[Shift]:
    """The shifts of these days, by start, end and agent.

    One that began before the first midnight begins there; one that goes on past the last ends when it ends.
    """
    end_day = first_day + timedelta(days=days)
    begin, end = midnight_ms(first_day, plan.zone), midnight_ms(end_day, plan.zone)
    return sorted(
        Shift(max(start, begin), stop, agent)
        for shift in spec.agents.shifts
        for start, stop in shift.intervals("shift", plan.zone, first_day, end_day)
        if start < end and stop > begin
        for name in shift.agents
        for agent in members(name, plan.floor.agents)
    )


def response(spec: AgentsSpec, seed: int, agent: str, offer: int) -> Response:
    """What an agent does with the offer that is his `offer`-th of the run, counted from 1."""
    u = uniform(key(seed, f"response/{agent}"), offer)
    after_ms = spec.answering.distribution().quantile(uniform(key(seed, f"answering/{agent}"), offer))
    if u < spec.miss:
        return Response("miss", after_ms)
    return Response("decline" if u < spec.miss + spec.decline else "accept", after_ms)


def members(name: str, agents: Collection[str]) -> list[str]:
    """The agents meant by an agent's id, by a group's (`clerk` has `clerk-01`, ...), or by `clerk-01..clerk-12`.

    None are meant when there are no such agents, or when one of the two ends of a span is none.
    """
    first, span, last = name.partition("..")
    if span:
        between = [agent for agent in agents if first <= agent <= last and len(agent) == len(first)]
        return between if first in between and last in between else []
    if name in agents:
        return [name]
    return [agent for agent in agents if re.fullmatch(re.escape(name) + r"-[0-9]+", agent)]
