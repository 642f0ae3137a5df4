"""How contacts and agents rank, and what changes by time alone: by the book, from looking at one pair at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

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
from acd.floor import Floor
from acd.match import meets
from acd.model import Agent, Contact, ContactState
from acd.plan import FloorPlan, QueuePlan
from acd.selection import lot
from acd.stand_in_events import (
    CallbackAsked,
    CallbackFailed,
    ContactWithdrawn,
    DialTimedOut,
    VoicemailAsked,
    VoicemailLeft,
)
from escalation.events import CaseResolved
from router import codec
from router.engine import Engine, Refused
from router.events import ContactArrived, ContactLeft, Event
from tests.worlds import as_it_is

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


def choice(
    pairs: list[Pair], rank: Callable[[Pair, list[Pair]], tuple[int, ...]], floor: Floor, now: int
) -> tuple[Any, ...]:
    """What an offer should say, where these pairs are to choose from; nothing where none of them is eligible."""
    eligible, excluded = candidates(pairs, floor.plan, now)
    best = min(eligible, key=lambda pair: rank(pair, eligible), default=None)
    return (best[0].id, best[1].id, len(eligible), excluded) if best else ()


def standing(pair: Pair, eligible: Sequence[Pair], floor: Floor, now: int) -> tuple[int, ...]:
    """How an agent ranks for a contact, by the book; `eligible` are all who might have it."""
    queues = floor.plan.queues
    queue, agent = queues[pair[0].queue], pair[1]
    listed = [name for tier in queue.tiers for name in tier.agents] or sorted(floor.plan.agents)
    place = listed.index(agent.id)
    pointer = listed.index(floor.pointers[queue.id]) if queue.id in floor.pointers else -1
    by = {
        "longest_idle": (len(agent.works), agent.idle_since, place),
        "least_occupied": (
            1000 * sum(work.cost for work in agent.works.values()) // agent.capacity,
            agent.idle_since,
            place,
        ),
        "fewest_contacts": (agent.served, agent.idle_since, place),
        "in_order": (place,),
        "round_robin": (place <= pointer, place),
        "weighted_random": (agent is not _drawn(eligible, queues, now), place),
    }
    return (tier_of(pair, queues), *by[queue.selection])


def _drawn(eligible: Sequence[Pair], queues: Mapping[str, QueuePlan], now: int) -> Agent | None:
    """Who is drawn, where everybody's lots lie in a row."""
    first = min((tier_of(each, queues) for each in eligible), default=0)
    agents = [each[1] for each in eligible if tier_of(each, queues) == first]
    if not agents:
        return None
    contact = eligible[0][0]
    listed = [name for tier in queues[contact.queue].tiers for name in tier.agents]
    in_order = sorted(agents, key=lambda each: (each.weight, listed.index(each.id) if listed else each.place))
    row = [agent for agent in in_order for _ in range(agent.weight)]
    return row[lot(contact.id, now) % len(row)]


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
    together = [pair for pair in roomy if not is_apart(pair, now)]
    eligible = [pair for pair in together if not pair[0].reserved_for or pair[1].id in pair[0].reserved_for]
    steps = (pairs, meant, able, inside, roomy, together, eligible)
    lost = [len(before) - len(after) for before, after in pairwise(steps)]
    names = ("skill", "tier", "capacity", "kept_apart", "reserved", "directed")
    reasons = zip(names, (*lost[1:], lost[0]), strict=True)
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
    speaks = contact.channel == "voice" and not (contact.stand_in or contact.consults)
    if queue.voicemail and queue.voicemail.after_ms is not None and speaks:
        yield contact.queued_at + queue.voicemail.after_ms
    if contact.reserved_for:
        yield contact.reserved_until
    meant = queue.overflow and (not queue.overflow.when or queue.overflow.when in contact.holds)
    if queue.overflow and meant and not contact.stand_in:
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
