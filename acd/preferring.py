"""Contacts kept for some agents at first: those their menu names, or the one who served this customer last.

A contact is kept for those of them who attend and could serve it, for as long as its queue says; nobody else is offered
it meanwhile. If there is none, or once none is left, or all of them passed it up, it is open to everybody at once. From
then on the agents it was kept for go by the queue's own order, like any other.
"""

from __future__ import annotations

from acd.agent import attends
from acd.capacity import reach
from acd.events import (
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    JoinTimedOut,
    LegFailed,
    OfferDeclined,
    OfferExpired,
    ReservationEnded,
)
from acd.floor import Floor
from acd.match import meets
from acd.model import Contact
from acd.offering import Decisions, by_order, match_in_turn
from acd.plan import QueuePlan, Requirement, Terms


def reserved_for(
    floor: Floor,
    contact: Contact,
    queue: QueuePlan,
    terms: Terms,
    asked: tuple[Requirement, ...],
    tiers: int,
    now: int,
) -> tuple[str, ...]:
    """For whom a contact that comes to a queue on these terms is kept: who is named, else the last agent.

    He must attend, have what is `asked`, be in one of the `tiers` that are open, and may not be kept from it just now:
    nobody is who has handed it on.
    """
    if queue.preferred is None or not is_meant(queue.preferred.when, terms.holds):
        return ()
    agents = terms.prefers or _last_agent(floor, contact, queue, now)
    listed = [agent for tier in queue.tiers[:tiers] for agent in tier.agents] if queue.tiers else agents
    open_to = {*listed} - floor.matching.kept_from(contact, now)
    return tuple(agent for agent in agents if agent in open_to and _has(floor, agent, contact, asked))


def is_meant(when: str, holds: tuple[str, ...]) -> bool:
    """Whether a rule with this condition (none: for all) is meant for a contact of whom these hold."""
    return not when or when in holds


def _last_agent(floor: Floor, contact: Contact, queue: QueuePlan, now: int) -> tuple[str, ...]:
    preferred, last = queue.preferred, floor.last_agents.get(contact.customer)
    if preferred is None or last is None or not preferred.last_agent:
        return ()
    return (last.agent,) if now - last.at <= preferred.within_ms else ()


def _has(floor: Floor, agent_id: str, contact: Contact, asked: tuple[Requirement, ...]) -> bool:
    """Whether the agent is there, has what is asked, and takes contacts of this channel, with room now or later."""
    agent = floor.agents.get(agent_id)
    if agent is None or not attends(agent) or not meets(agent.skills, asked):
        return False
    return any(channel.id == contact.channel for channel, _ in reach(floor.plan.agents[agent_id], floor.plan))


def reservation_due(floor: Floor, contact_id: str) -> int | None:
    """When a contact is kept no longer, or None."""
    contact = floor.contacts.get(contact_id)
    return contact.reserved_until if contact and floor.keeps(contact) else None


def end_reservation(floor: Floor, contact_id: str, now: int) -> Decisions:
    """Its time is over."""
    yield ReservationEnded(contact_id, "time")


def after_reservation(floor: Floor, event: ReservationEnded, now: int) -> Decisions:
    """The contact is open to everybody who may serve it."""
    return match_in_turn(floor, event.contact, now)


def after_agent(floor: Floor, event: AgentStateSet | AgentLapsed | AgentMoved, now: int) -> Decisions:
    """An agent may have gone away, or be about to: what was kept for him alone is kept no longer."""
    if floor.matching.keeps and not attends(floor.agents[event.agent]):
        for contact in sorted(floor.matching.reserved(event.agent), key=by_order(floor, now)):
            yield from reconsider(floor, contact, now)


def after_lost(floor: Floor, event: OfferDeclined | OfferExpired | LegFailed | JoinTimedOut, now: int) -> Decisions:
    """An agent passed the contact up; if no other is left it was kept for, it is open to all."""
    contact = floor.contacts.get(event.contact)
    if contact and floor.keeps(contact):
        yield from reconsider(floor, contact, now)


def reconsider(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Keep a contact no longer for agents none of whom will take it."""
    there = [agent for name in contact.reserved_for if (agent := floor.agents.get(name)) and attends(agent)]
    kept_from = floor.matching.kept_from(contact, now)
    if all(agent.id in kept_from for agent in there):
        yield ReservationEnded(contact.id, "passed_up" if there else "away")
