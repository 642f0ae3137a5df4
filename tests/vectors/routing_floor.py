"""Small floors, put to the engine: contacts that have waited for so long, agents who are ready, and who gets whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from acd.events import OfferContact
from acd.plan import AgentPlan, FloorPlan, QueuePlan, Requirement, Tier
from ivr.flow import HandOver
from tests.vectors.routing_cases import Ring
from tests.vectors.routing_plan import centre
from tests.vectors.routing_stage import Moment, Stage

Skills = Mapping[str, int]

LONG_AGO_S = -1_000_000.0
"""When agents came in of whom nothing else is said."""

_AT_ONCE = Ring(answer=0)
_ONLY = "q"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A contact that has been in a queue for `wait_s` by t = 0, on terms of its own."""

    id: str
    queue: str = _ONLY
    wait_s: float = 0.0
    priority: int = 0
    head_start_s: float = 0.0

    def way_in(self) -> HandOver:
        """Its hand-over to the queue."""
        return HandOver("wait", self.queue, priority=self.priority, head_start_ms=round(self.head_start_s * 1000))


@dataclass(frozen=True, slots=True)
class Idle:
    """An agent who is ready since `since_s`; `restarts` are ends of pauses after that."""

    id: str
    since_s: float = LONG_AGO_S
    skills: Skills = field(default_factory=dict)
    restarts: tuple[float, ...] = ()


def offers(
    queues: Iterable[QueuePlan],
    waiting: Sequence[Waiting],
    agents: Sequence[Idle],
    *,
    until_s: float = 0.0,
    pause_restarts_idle: bool = True,
) -> list[tuple[float, OfferContact]]:
    """All offers, as (t, offer). Who comes at the same instant comes in the order given; everybody answers at once."""
    plans = {agent.id: AgentPlan(agent.id, tuple(sorted(agent.skills.items()))) for agent in agents}
    floor = FloorPlan({queue.id: queue for queue in queues}, plans, pause_restarts_idle=pause_restarts_idle)
    stage = Stage(centre(floor, {each.id: [each.way_in()] for each in waiting}), dict.fromkeys(plans, _AT_ONCE), {})
    for each in waiting:
        stage.at(-each.wait_s, Moment.EVENT, partial(stage.arrive, each.id, each.id))
    for agent in agents:
        stage.at(agent.since_s, Moment.FREED, partial(stage.ask, agent.id, "ready"))
        for restart_s in agent.restarts:
            stage.at(restart_s, Moment.FREED, partial(stage.ask, agent.id, "paused"))
            stage.at(restart_s, Moment.FREED, partial(stage.ask, agent.id, "ready"))
    stage.run(until_s)
    return [(at, event) for at, event in stage.log if isinstance(event, OfferContact)]


def served(queues: Iterable[QueuePlan], waiting: Sequence[Waiting]) -> list[OfferContact]:
    """What is offered at t = 0, one after the other, to as many agents as there are contacts, who all can have any."""
    agents = [Idle(f"agent {number:06d}", 0.0) for number, _ in enumerate(waiting)]
    return [offer for _, offer in offers(queues, waiting, agents)]


def chosen(queue: QueuePlan, agents: Sequence[Idle], contacts: int = 1) -> list[str]:
    """To whom contacts are offered, one after the other, that come in when all agents are there."""
    waiting = [Waiting(f"contact {number:06d}", queue.id, wait_s=-1.0) for number in range(contacts)]
    return [offer.agent for _, offer in offers([queue], waiting, agents, until_s=1.0)]


def one_tier(agents: Iterable[str]) -> tuple[Tier, ...]:
    """One tier of all agents, so that their place in this list breaks ties."""
    return (Tier(tuple(agents)),)


def earliest(queue: QueuePlan, agent: Idle) -> float | None:
    """When a contact of t = 0 is offered to this agent, if there is nobody else; None for never."""
    after = [tier.after_ms for tier in queue.tiers]
    after += [each.after_ms for each in queue.relaxations if each.after_ms is not None]
    found = offers([queue], [Waiting("contact", queue.id)], [agent], until_s=max(after, default=0) / 1000)
    return next((at for at, _ in found), None)


def needs(levels: Skills) -> tuple[Requirement, ...]:
    """These skills, each at this level or above."""
    return tuple(Requirement(skill, level) for skill, level in sorted(levels.items()) if level > 0)
