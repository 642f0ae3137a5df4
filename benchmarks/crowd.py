"""`python -m benchmarks.crowd WAITING AGENTS`: how long matching takes on a crowded floor, and its memory.

A process of its own, so that what it weighs is the floor and nothing else. Prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict, dataclass, replace
from time import perf_counter_ns

from acd.events import AgentStateSet, ContactJoined, OfferAccepted, OfferContact, WrappedUp
from acd.plan import AgentPlan
from benchmarks.script import CENTRE
from ivr.events import ContactKeyed
from router.centre import load
from router.engine import Engine
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.plan import Plan

FREED_MAX = 2_000
"""How many agents are set free: enough for a percentile, and the crowd stays one."""


@dataclass(slots=True)
class Crowd:
    """From the fact to its offer, in microseconds; the most memory the process ever had, in megabytes (1e6 bytes)."""

    arrival_us: list[float]
    freed_us: list[float]
    megabytes: float


class _Floor:
    """An engine, and a clock that goes on by a millisecond with each fact."""

    def __init__(self, plan: Plan) -> None:
        self.engine = Engine(plan)
        self.now = 1_772_409_600_000
        self.took_us = 0.0
        self.tell(CentreStarted(plan.hash))

    def tell(self, fact: Event) -> OfferContact | None:
        """What the fact leads to, if that is an offer."""
        self.now += 1
        self.engine.tick(self.now)
        start = perf_counter_ns()
        events = self.engine.handle(fact, self.now)
        self.took_us = (perf_counter_ns() - start) / 1_000
        return next((event for event in events if isinstance(event, OfferContact)), None)

    def arrive(self, number: int) -> OfferContact | None:
        """A contact for one of the nine lines and languages; `took_us` is of the key that takes it out of the menu."""
        contact, language, line = f"contact-{number:06}", number % 3, number // 3 % 3
        self.tell(ContactArrived(contact, f"{100 * (language + 1)}", f"+8621{number:08}", personal=True))
        return self.tell(ContactKeyed(contact, str(line + 1)))


def measure(waiting: int, agents: int) -> Crowd:
    """Fill a floor of so many agents, let so many contacts wait, then free some of the agents."""
    floor = _Floor(_staffed(load(CENTRE).plan, agents))
    for agent in floor.engine.board.plan.floor.agents:
        floor.tell(AgentStateSet(agent, "ready"))
    arrival_us, offers = [], []
    for number in range(agents):
        if offer := floor.arrive(number):
            arrival_us.append(floor.took_us)
            floor.tell(OfferAccepted(offer.contact, offer.agent, offer.offer))
            floor.tell(ContactJoined(offer.contact, offer.agent, offer.offer))
            offers.append(offer)
    for number in range(agents, agents + waiting):
        assert not floor.arrive(number), "everybody is busy"
    freed_us = []
    for offer in offers[:: len(offers) // FREED_MAX + 1]:
        floor.tell(ContactLeft(offer.contact))
        if floor.tell(WrappedUp(offer.agent, offer.contact, "resolved")):
            freed_us.append(floor.took_us)
    return Crowd(arrival_us, freed_us, _peak_bytes() / 1e6)


def _staffed(plan: Plan, count: int) -> Plan:
    """The plan with so many agents, of the skill sets it has, in the same shares."""
    skills = [agent.skills for agent in plan.floor.agents.values()]
    agents = [AgentPlan(f"agent-{n:05}", skills[n * len(skills) // count]) for n in range(count)]
    return replace(plan, floor=replace(plan.floor, agents={agent.id: agent for agent in agents}))


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    print(json.dumps(asdict(measure(*map(int, sys.argv[1:])))))
