"""Who is offered to whom: contacts and agents matched over the whole floor, and offers taken back.

Reads the floor, writes nothing; so do the modules beside it that yield decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Final, Literal

from acd import capacity, discipline
from acd.events import (
    AgentMoved,
    ContactInterrupted,
    ContactResumed,
    OfferContact,
    WithdrawOffer,
)
from acd.floor import Floor
from acd.match import Choice
from acd.model import Agent, Contact, Stance

Decisions = Iterator[Any]

TAKEN: Final = "another agent took the contact"


def match_contact(floor: Floor, contact_id: str, now: int) -> Decisions:
    """Offer this contact to the best agents with room, if it seeks any and there are some: to as many as shall ring."""
    contact = floor.contacts.get(contact_id)
    while contact and floor.seeks(contact) and (choice := floor.matching.best_agent(contact, now)):
        yield _offer(floor, choice, now)


def match_in_turn(floor: Floor, contact_id: str, now: int) -> Decisions:
    """The same where more than this contact's chances may have changed: nobody who goes before it is passed over.

    A clock that is late lets several things be due at once, and only the first of them has been heard of.
    """
    contact = floor.contacts[contact_id]
    while floor.seeks(contact) and (choice := floor.matching.best_agent(contact, now)):
        first = floor.matching.best_contact(choice.agent, now)
        assert first, "there is at least this contact"
        yield from match_contact(floor, first.contact.id, now)


def match_agent(floor: Floor, agent_id: str, now: int) -> Decisions:
    """Offer the best waiting contact to this agent, if he has room and there is one; the next once he has answered.

    What was interrupted goes on only where there is room beside that: who waits to be answered comes first.
    """
    agent = floor.agents[agent_id]
    if choice := floor.matching.best_contact(agent, now):
        yield _offer(floor, choice, now)
    if agent.works:
        yield from balance(agent)


def balance(agent: Agent) -> Decisions:
    """Interrupt what an agent has no room for by now, and let him go on with what he has."""
    while work := capacity.to_interrupt(agent):
        yield ContactInterrupted(work.contact, agent.id)
    while work := capacity.to_resume(agent):
        yield ContactResumed(work.contact, agent.id)


def match_agents(floor: Floor, agents: Iterable[Agent], now: int) -> Decisions:
    """Match where several pairs may have become possible at once: contacts in their order, each to its best agent."""
    agents = list(agents)
    while first := min(_best_contacts(floor, agents, now), key=by_order(floor, now), default=None):
        yield from match_contact(floor, first.id, now)


def _best_contacts(floor: Floor, agents: Iterable[Agent], now: int) -> Iterator[Contact]:
    for agent in agents:
        if choice := floor.matching.best_contact(agent, now):
            yield choice.contact


def by_order(floor: Floor, now: int) -> Callable[[Contact], discipline.Rank]:
    """How contacts of all queues rank: lower is served first."""
    return lambda contact: discipline.rank(contact, floor.plan.queues[contact.queue], now)


def offer(floor: Floor, choice: Choice, until: int, priority: int, now: int) -> OfferContact:
    """Propose a contact to an agent until `until` (ms). `priority` is the one it has by now, as its queue counts it."""
    contact, agent = choice.contact, choice.agent
    return OfferContact(
        offer=floor.last_offer + 1,
        contact=contact.id,
        agent=agent.id,
        queue=contact.queue,
        language=contact.language,
        until=until,
        priority=priority,
        waited_ms=now - contact.need_since,
        idle_ms=now - agent.idle_since,
        candidates=choice.candidates,
        excluded=choice.excluded,
        customer=contact.customer,
        stand_in=contact.stand_in,
        attempt=contact.attempts + 1 if contact.stand_in == "callback" else 0,
        consults=contact.consults,
    )


def _offer(floor: Floor, choice: Choice, now: int) -> OfferContact:
    queue = floor.plan.queues[choice.contact.queue]
    return offer(floor, choice, now + queue.offer_ms, discipline.priority(choice.contact, queue, now), now)


def stop_ringing(floor: Floor, offers: Iterable[int], reason: str) -> Generator[Any, None, list[Agent]]:
    """Take these offers of a contact back, and return the agents at whom it rang."""
    rung = []
    for offer in [floor.offers[each] for each in offers]:
        rung.append(floor.agents[offer.agent])
        yield WithdrawOffer(offer.id, offer.contact, offer.agent, reason)
    return rung


def set_free(floor: Floor, agents: list[Agent], now: int) -> Decisions:
    """Whose offer was taken back goes on to what he asked for meanwhile, or is matched anew."""
    for agent in agents:
        yield from move_on(agent)
    yield from match_agents(floor, agents, now)
    for agent in agents:
        if agent.works:
            yield from balance(agent)


def move_on(agent: Agent) -> Decisions:
    """What an agent asked for while busy happens when he has nothing left in hand."""
    if agent.pending and not agent.works:
        yield AgentMoved(agent.id, _movable(agent.pending), agent.pending_reason)


def _movable(stance: Stance) -> Literal["paused", "offline"]:
    return "paused" if stance is Stance.PAUSED else "offline"
