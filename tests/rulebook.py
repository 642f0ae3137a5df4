"""How contacts and agents rank, and what changes by time alone: by the book, from looking at one pair at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from acd.contact import UNANSWERED
from acd.match import meets
from acd.model import Agent, Contact, ContactState
from acd.plan import FloorPlan, QueuePlan
from router import codec
from router.engine import Engine, Refused
from router.events import Event
from tests.worlds import as_it_is

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


def candidates(pairs: list[Pair], plan: FloorPlan, now: int) -> tuple[list[Pair], tuple[tuple[str, int], ...]]:
    """Which of these pairs may become one; and by reason, how many may not."""
    meant = [pair for pair in pairs if pair[0].directed_to in ("", pair[1].id)]
    able = [pair for pair in meant if pair[0].directed_to or meets(pair[1].skills, pair[0].requirements)]
    inside = [pair for pair in able if pair[0].directed_to or tier_of(pair, plan.queues) < pair[0].tiers]
    roomy = [pair for pair in inside if has_room(pair[1], pair[0].channel, plan)]
    eligible = [pair for pair in roomy if not is_apart(pair, now)]
    steps = (pairs, meant, able, inside, roomy, eligible)
    lost = [len(before) - len(after) for before, after in pairwise(steps)]
    reasons = zip(("skill", "tier", "capacity", "kept_apart", "directed"), (*lost[1:], lost[0]), strict=True)
    return eligible, tuple(reason for reason in reasons if reason[1])


def is_apart(pair: Pair, now: int) -> bool:
    """Whether the agent did not take the contact lately, or has it, or what it is about, in hand still."""
    contact, agent = pair
    in_hand = contact.id in agent.works or contact.consults in agent.works
    return in_hand or contact.exclusions.get(agent.id, 0) > now


def changes_to_come(contact: Contact, queues: Mapping[str, QueuePlan]) -> Iterator[int]:
    """When time alone will change for whom a contact may ring."""
    if contact.state not in UNANSWERED:
        return
    queue = queues[contact.queue]
    opens = [max(tier.after_ms for tier in queue.tiers[: number + 1]) for number in range(len(queue.tiers))]
    after_ms = opens[contact.tiers :]
    after_ms += [each.after_ms for each in queue.relaxations[contact.relaxed :] if each.after_ms is not None]
    yield from sorted(contact.queued_at + each for each in after_ms)[:1]
    if queue.overflow:
        yield contact.queued_at + queue.overflow.after_ms
    if queue.ring == "progressive" and contact.state is ContactState.OFFERED and not contact.rings_on:
        yield contact.rung_at + queue.ring_step_ms


def encoded(events: list[Event]) -> list[tuple[str, bytes]]:
    """Events as the journal would hold them."""
    return [(event.kind, codec.encode(event, as_it_is)) for event in events]


def decide(engine: Engine, at: int, fact: Event | None) -> list[Event]:
    """What one input brings: what is due by then, and what follows from the fact. Nothing from one that is refused."""
    events = engine.tick(at)
    if fact is not None:
        try:
            events += engine.handle(fact, at)
        except Refused:
            return events
    return events
