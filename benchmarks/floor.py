"""`python -m benchmarks.floor AGENTS WAITING DECISIONS`: how long one decision takes on a floor of that size.

A process of its own for each size, so that none pays for another's memory. Prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from time import thread_time_ns

from acd import discipline
from acd.events import AgentStateSet, ContactJoined, OfferAccepted, OfferContact
from acd.match import meets
from acd.model import AgentState, Contact, ContactState
from acd.plan import Ageing, AgentPlan, FloorPlan, QueuePlan, Requirement
from escalation.plan import DeskPlan
from ivr.flow import Flow, HandOver, MenuPlan
from router.engine import Engine
from router.events import CentreStarted, ContactArrived, Event
from router.plan import EntryPoint, Plan
from simulator.streams import bits, key

SKILLS = 200
SKILLS_OF_AN_AGENT = 5
LEVELS = 3
PRIORITIES = 3
START_MS = 1_772_409_600_000
SCANS = 20
"""How many decisions the full scan is timed for: one of them takes long."""

_SKILLS_KEY = key(1, "skills")
_CONTACTS_KEY = key(1, "contacts")


@dataclass(slots=True)
class Decisions:
    """From a fact to all that follows from it, in microseconds; and what a look at every waiting contact takes."""

    agents: int
    waiting: int
    offered_us: list[float] = field(default_factory=list)
    queued_us: list[float] = field(default_factory=list)
    freed_us: list[float] = field(default_factory=list)
    scan_us: list[float] = field(default_factory=list)


class _Floor:
    """An engine, and a clock that goes on by a millisecond with each fact."""

    def __init__(self, agents: int) -> None:
        self.engine = Engine(_plan(agents))
        self.now = START_MS
        self.took_us = 0.0
        self._contacts = 0
        self.tell(CentreStarted("floor"))

    def tell(self, fact: Event) -> OfferContact | None:
        """What the fact leads to, if that is an offer."""
        self.now += 1
        self.engine.tick(self.now)
        start = thread_time_ns()
        events = self.engine.handle(fact, self.now)
        self.took_us = (thread_time_ns() - start) / 1_000
        return next((event for event in events if isinstance(event, OfferContact)), None)

    def arrive(self) -> OfferContact | None:
        """A contact that asks for one of the skills, at one of the priorities."""
        self._contacts += 1
        drawn = bits(_CONTACTS_KEY, self._contacts)
        address = f"{drawn % SKILLS} {drawn // SKILLS % PRIORITIES}"
        return self.tell(ContactArrived(f"contact-{self._contacts:07}", address))

    def answer(self, offer: OfferContact) -> None:
        """The agent takes it."""
        self.tell(OfferAccepted(offer.contact, offer.agent, offer.offer))
        self.tell(ContactJoined(offer.contact, offer.agent, offer.offer))

    def scan_us(self, agent_id: str) -> float:
        """How long it takes to look at every waiting contact for the one that this agent would get."""
        board = self.engine.board
        agent, queues = board.floor.agents[agent_id], board.plan.floor.queues
        start = thread_time_ns()
        eligible = (each for each in self._waiting() if meets(agent.skills, each.requirements))
        min(eligible, key=lambda each: discipline.rank(each, queues[each.queue], self.now), default=None)
        return (thread_time_ns() - start) / 1_000

    def _waiting(self) -> Iterator[Contact]:
        contacts = self.engine.board.floor.contacts.values()
        return (contact for contact in contacts if contact.state is ContactState.WAITING)


def measure(agents: int, waiting: int, decisions: int) -> Decisions:
    """All are ready and contacts arrive; then nobody is ready and contacts wait; then agents are ready again."""
    found, floor = Decisions(agents, waiting), _Floor(agents)
    everybody = list(floor.engine.board.floor.agents.values())
    for agent in everybody:
        floor.tell(AgentStateSet(agent.id, "ready"))
    for _ in range(min(decisions, agents // 2)):
        if offer := floor.arrive():
            found.offered_us.append(floor.took_us)
            floor.answer(offer)
    for agent in everybody:
        if agent.state is AgentState.READY:
            floor.tell(AgentStateSet(agent.id, "paused"))
    for _ in range(waiting):
        floor.arrive()
        found.queued_us.append(floor.took_us)
    del found.queued_us[:-decisions]
    paused = [agent for agent in everybody if agent.state is AgentState.PAUSED]
    for agent in paused[:: max(1, len(paused) // decisions)]:
        if len(found.scan_us) < SCANS:
            found.scan_us.append(floor.scan_us(agent.id))
        if floor.tell(AgentStateSet(agent.id, "ready")):
            found.freed_us.append(floor.took_us)
    return found


def _plan(agents: int) -> Plan:
    """A queue for each skill; agents with skills drawn for them; priorities that grow with waiting."""
    ways = [(skill, priority) for skill in range(SKILLS) for priority in range(PRIORITIES)]
    return Plan(
        centre="floor",
        zone="UTC",
        languages=("en",),
        floor=FloorPlan(
            {name: _queue(name) for name in map(_skill, range(SKILLS))},
            {name: AgentPlan(name, _skills(number)) for number in range(agents) for name in (f"agent-{number:06}",)},
        ),
        menus=MenuPlan({f"{skill} {priority}": _flow(skill, priority) for skill, priority in ways}),
        desk=DeskPlan(),
        entry_points={
            way: EntryPoint(way, "voice", (way,), "line", "en", way)
            for way in (f"{skill} {priority}" for skill, priority in ways)
        },
        hash="floor",
    )


def _skill(number: int) -> str:
    return f"skill-{number:03}"


def _queue(skill: str) -> QueuePlan:
    return QueuePlan(skill, requirements=(Requirement(skill, 2),), ageing=Ageing(60_000, 1, PRIORITIES))


def _flow(skill: int, priority: int) -> Flow:
    return Flow(f"{skill} {priority}", "wait", {"wait": HandOver("wait", _skill(skill), priority=priority)})


def _skills(agent: int) -> tuple[tuple[str, int], ...]:
    drawn = [bits(_SKILLS_KEY, agent * SKILLS_OF_AN_AGENT + place) for place in range(SKILLS_OF_AN_AGENT)]
    return tuple(sorted({_skill(each % SKILLS): each // SKILLS % LEVELS + 1 for each in drawn}.items()))


if __name__ == "__main__":
    print(json.dumps(asdict(measure(*map(int, sys.argv[1:])))))
