"""How contacts and agents rank, and what changes by time alone: by the book, from looking at one pair at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from acd.contact import UNANSWERED
from acd.events import (
    ContactJoined,
    ContactReleased,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    WithdrawOffer,
    WrappedUp,
)
from acd.model import Agent, Contact, ContactState
from acd.plan import FloorPlan, QueuePlan
from acd.stand_in_events import (
    CallbackAsked,
    CallbackFailed,
    ContactWithdrawn,
    DialTimedOut,
    VoicemailAsked,
    VoicemailLeft,
)
from escalation.events import CaseResolved
from router.engine import Engine, Refused
from router.events import ContactArrived, ContactLeft, Event

ENDS: Final = (
    ContactJoined,
    OfferDeclined,
    OfferExpired,
    LegFailed,
    WithdrawOffer,
    JoinTimedOut,
    CallbackFailed,
    DialTimedOut,
)
"""How an offer ends."""
ONCE: Final = (
    CallbackAsked,
    VoicemailAsked,
    VoicemailLeft,
    ContactWithdrawn,
    ContactArrived,
    ContactLeft,
    ContactReleased,
    OfferAccepted,
    LegAnswered,
    WrappedUp,
    CaseResolved,
    *ENDS,
)
"""What happens once: taken twice, it would be booked twice."""

Pair = tuple[Contact, Agent]


def tier_of(pair: Pair, queues: Mapping[str, QueuePlan]) -> int:
    """The agent's tier in the contact's queue; in none is far away."""
    tiers = queues[pair[0].queue].tiers
    return next((place for place, tier in enumerate(tiers) if pair[1].id in tier.agents), 99 if tiers else 0)


def standing(pair: Pair, queues: Mapping[str, QueuePlan]) -> tuple[int, ...]:
    """How an agent ranks for a contact, by the book."""
    queue, agent = queues[pair[0].queue], pair[1]
    listed = [name for tier in queue.tiers for name in tier.agents]
    place = listed.index(agent.id) if agent.id in listed else agent.place
    by = {
        "longest_idle": (len(agent.works), agent.idle_since, place),
        "least_occupied": (
            1000 * sum(work.cost for work in agent.works.values()) // agent.capacity,
            agent.idle_since,
            place,
        ),
        "fewest_contacts": (agent.served, agent.idle_since, place),
        "in_order": (place,),
    }
    return (tier_of(pair, queues), *by[queue.selection])


def has_room(agent: Agent, channel: str, plan: FloorPlan) -> bool:
    """Whether an agent has room for one more contact of a channel beside what he has in hand."""
    asked, own = plan.channels[channel], plan.agents[agent.id]
    takes = dict.fromkeys(plan.channels) if own.channels is None else dict(own.channels)
    if channel not in takes:
        return False
    same = [work for work in agent.works.values() if work.channel == channel]
    most = takes[channel]
    in_the_way = [work for work in agent.works.values() if not work.interruptible or asked.interruptible]
    fits = sum(work.cost for work in in_the_way) + asked.cost <= own.capacity
    return fits and (most is None or len(same) < most)


def may_be_offered(agent: Agent, plan: FloorPlan) -> bool:
    """Whether an agent could be offered anything that may come."""
    listens = agent.stance == "ready" and agent.pending is None and not agent.offer
    return listens and any(has_room(agent, channel, plan) for channel in plan.channels)


def changes_to_come(contact: Contact, queues: Mapping[str, QueuePlan]) -> Iterator[int]:
    """When time alone will change for whom a contact may ring."""
    if contact.state not in UNANSWERED:
        return
    queue = queues[contact.queue]
    opens = [max(tier.after_ms for tier in queue.tiers[: number + 1]) for number in range(len(queue.tiers))]
    after_ms = opens[contact.tiers :]
    after_ms += [each.after_ms for each in queue.relaxations[contact.relaxed :] if each.after_ms is not None]
    yield from sorted(contact.queued_at + each for each in after_ms)[:1]
    speaks = contact.channel == "voice" and not contact.stand_in
    if queue.voicemail and queue.voicemail.after_ms is not None and speaks:
        yield contact.queued_at + queue.voicemail.after_ms
    if queue.overflow and not contact.stand_in:
        yield contact.queued_at + queue.overflow.after_ms
    if queue.ring == "progressive" and contact.state is ContactState.OFFERED and not contact.rings_on:
        yield contact.rung_at + queue.ring_step_ms


def decide(engine: Engine, at: int, fact: Event | None) -> list[Event]:
    """What one input brings: what is due by then, and what follows from the fact. Nothing from one that is refused."""
    events = engine.tick(at)
    if fact is not None:
        try:
            events += engine.handle(fact, at)
        except Refused:
            return events
    return events
