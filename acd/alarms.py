"""What happens by itself on the floor, and when: leases, wrap-up, offers, pairs kept apart and the longest wait.

`ALARMS` are the kinds, `ARMED_BY` says which events set one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final

from acd import widening
from acd.callbacks import next_step
from acd.compat.look import look, next_look
from acd.contact import UNANSWERED
from acd.decide import Follow
from acd.ending import time_out, wrap_up_expired
from acd.events import (
    DECISIONS,
    FACTS,
    AgentAlive,
    AgentLapsed,
    AgentStateSet,
    AnnounceWait,
    ContactQueued,
    ContactWidened,
    JoinParties,
    JoinTimedOut,
    OfferContact,
    OfferExpired,
    PairExcluded,
    RingWidened,
    WrapUpStarted,
)
from acd.floor import Floor
from acd.hands import ContactDirected, DirectionEnded
from acd.model import ContactState
from acd.offering import TAKEN, Decisions, match_agents, set_free, stop_ringing
from acd.preferring import end_reservation, reservation_due
from acd.queueing import overflow, overflow_due, widen
from acd.stand_in_events import (
    CallbackDue,
    CallbackPostponed,
    DialCustomer,
    DialTimedOut,
    RecordMessage,
)
from acd.voicemail import end_without_message, recording_due, voicemail_due, waited_for_it


def _lease_due(floor: Floor, agent_id: str) -> int | None:
    agent = floor.agents.get(agent_id)
    return agent.lease_until or None if agent else None


def _lapse(floor: Floor, agent_id: str, now: int) -> Decisions:
    yield AgentLapsed(agent_id)


def _in_hand(floor: Floor) -> Iterator[tuple[str, str]]:
    return ((agent.id, contact) for agent in floor.agents.values() for contact in agent.works)


def _wrap_up_due(floor: Floor, in_hand: tuple[str, str]) -> int | None:
    agent = floor.agents.get(in_hand[0])
    work = agent.works.get(in_hand[1]) if agent else None
    return work.wrap_up_until or None if work else None


def _end_wrap_up(floor: Floor, in_hand: tuple[str, str], now: int) -> Decisions:
    agent_id, contact = in_hand
    yield wrap_up_expired(floor, contact, agent_id)


def _offer_due(floor: Floor, offer_id: int) -> int | None:
    offer = floor.offers.get(offer_id)
    return offer.until if offer else None


def _end_offer(floor: Floor, offer_id: int, now: int) -> Decisions:
    """Whom it rings at while another is being joined could not have answered any more: he has missed nothing."""
    offer = floor.offers[offer_id]
    contact = floor.contacts[offer.contact]
    if offer.accepted:
        timed_out = DialTimedOut if contact.stand_in == "callback" else JoinTimedOut
        yield timed_out(offer.id, offer.contact, offer.agent)
    elif not contact.joining:
        yield OfferExpired(offer.id, offer.contact, offer.agent)
    else:
        yield from set_free(floor, (yield from stop_ringing(floor, [offer_id], TAKEN)), now)


def _pairs(floor: Floor) -> Iterator[tuple[str, str]]:
    return ((contact.id, agent) for contact in floor.contacts.values() for agent in contact.exclusions)


def _pair_due(floor: Floor, pair: tuple[str, str]) -> int | None:
    contact = floor.contacts.get(pair[0])
    return contact.exclusions.get(pair[1]) if contact else None


def _end_pair(floor: Floor, pair: tuple[str, str], now: int) -> Decisions:
    agent = floor.agents.get(pair[1])
    return match_agents(floor, [agent] if agent else [], now)


def _wait_due(floor: Floor, contact_id: str) -> int | None:
    contact = floor.contacts.get(contact_id)
    if contact is None or contact.state not in UNANSWERED or not floor.cuts_offers_of(contact):
        return None
    return contact.wait_until


def _end_wait(floor: Floor, contact_id: str, now: int) -> Decisions:
    """Send the contact away; but one that is being joined has its answer, and only if that fails is its wait over.

    So it is with one that rings, where that is the old system's way.
    """
    contact = floor.contacts[contact_id]
    if contact.state is not ContactState.JOINING and not floor.rings_out(contact):
        yield from time_out(floor, contact, now)


def _widening_due(floor: Floor, contact_id: str) -> int | None:
    contact = floor.contacts.get(contact_id)
    if contact is None or contact.state not in UNANSWERED:
        return None
    return widening.next_widening(contact, floor.plan.queues[contact.queue])


def _widen(floor: Floor, contact_id: str, now: int) -> Decisions:
    yield widen(floor, floor.contacts[contact_id], now)


def _ring_due(floor: Floor, contact_id: str) -> int | None:
    contact = floor.contacts.get(contact_id)
    if contact is None or contact.state is not ContactState.OFFERED:
        return None
    return widening.next_ring(contact, floor.plan.queues[contact.queue])


def _ring_on(floor: Floor, contact_id: str, now: int) -> Decisions:
    yield RingWidened(contact_id)


def _overflow_due(floor: Floor, contact_id: str) -> int | None:
    contact = floor.contacts.get(contact_id)
    return overflow_due(floor, contact) if contact else None


def _overflow(floor: Floor, contact_id: str, now: int) -> Decisions:
    return overflow(floor, floor.contacts[contact_id], now)


def _announcement_due(floor: Floor, contact_id: str) -> int | None:
    waiter = floor.waits.waiters.get(contact_id)
    return waiter.announce_at if waiter else None


def _announce(floor: Floor, contact_id: str, now: int) -> Decisions:
    yield floor.waits.announcement(floor.contacts[contact_id], now)


def _rest_due(floor: Floor, contact_id: str) -> int | None:
    contact = floor.contacts.get(contact_id)
    return contact.rests_until if contact and contact.state is ContactState.RESTING else None


def _end_rest(floor: Floor, contact_id: str, now: int) -> Decisions:
    yield next_step(floor, floor.contacts[contact_id], now, now)


def _voicemail_due(floor: Floor, contact_id: str) -> int | None:
    contact = floor.contacts.get(contact_id)
    return voicemail_due(floor, contact) if contact else None


def _voicemail(floor: Floor, contact_id: str, now: int) -> Decisions:
    return waited_for_it(floor, floor.contacts[contact_id], now)


def _recording_due(floor: Floor, contact_id: str) -> int | None:
    contact = floor.contacts.get(contact_id)
    return recording_due(contact) if contact else None


def _end_recording(floor: Floor, contact_id: str, now: int) -> Decisions:
    return end_without_message(floor.contacts[contact_id], "nothing was heard of the recording")


def _direction_due(floor: Floor, contact_id: str) -> int | None:
    """While it rings at its agent, that decides."""
    contact = floor.contacts.get(contact_id)
    if contact is None or contact.state is not ContactState.WAITING:
        return None
    return contact.directed_until or None


def _end_direction(floor: Floor, contact_id: str, now: int) -> Decisions:
    yield DirectionEnded(contact_id, floor.contacts[contact_id].directed_to, "time")


COMPAT: Final = "compat"
"""The alarm of the queues of old systems, which is its own only key: it rings until they have been looked at."""


def _look_due(floor: Floor, _key: str) -> int | None:
    return next_look(floor) if floor.watches else None


def _look(floor: Floor, _key: str, now: int) -> Decisions:
    return look(floor, now)


Keys = Callable[[Floor], Iterable[Any]]
Due = Callable[[Floor, Any], int | None]

ALARMS: Final[dict[str, tuple[Keys, Due, Follow]]] = {
    "lease": (lambda floor: floor.agents, _lease_due, _lapse),
    "wrap_up": (_in_hand, _wrap_up_due, _end_wrap_up),
    "offer": (lambda floor: floor.offers, _offer_due, _end_offer),
    "pair": (_pairs, _pair_due, _end_pair),
    "wait": (lambda floor: floor.contacts, _wait_due, _end_wait),
    "overflow": (lambda floor: floor.contacts, _overflow_due, _overflow),
    "widening": (lambda floor: floor.contacts, _widening_due, _widen),
    "ring": (lambda floor: floor.contacts, _ring_due, _ring_on),
    "announce": (lambda floor: floor.waits.waiters, _announcement_due, _announce),
    "reservation": (lambda floor: floor.contacts, reservation_due, end_reservation),
    "direction": (lambda floor: floor.contacts, _direction_due, _end_direction),
    COMPAT: (lambda _floor: (COMPAT,), _look_due, _look),
    "rest": (lambda floor: floor.contacts, _rest_due, _end_rest),
    "voicemail": (lambda floor: floor.contacts, _voicemail_due, _voicemail),
    "recording": (lambda floor: floor.contacts, _recording_due, _end_recording),
}
"""What may ring: every key there is one for, when it is due (None: not at all), and what happens then.

Where several ring at one instant, they do in this order, and each in the order of its keys.
"""
ARMED_BY: Final[tuple[tuple[type, str, Callable[[Any], Any]], ...]] = (
    (AgentStateSet, "lease", attrgetter("agent")),
    (AgentAlive, "lease", attrgetter("agent")),
    (WrapUpStarted, "wrap_up", attrgetter("agent", "contact")),
    (OfferContact, "offer", attrgetter("offer")),
    (OfferContact, "ring", attrgetter("contact")),
    (JoinParties, "offer", attrgetter("offer")),
    (PairExcluded, "pair", attrgetter("contact", "agent")),
    (ContactQueued, "wait", attrgetter("contact")),
    (ContactQueued, "overflow", attrgetter("contact")),
    (ContactQueued, "widening", attrgetter("contact")),
    (ContactWidened, "widening", attrgetter("contact")),
    (ContactQueued, "announce", attrgetter("contact")),
    (AnnounceWait, "announce", attrgetter("contact")),
    (ContactQueued, "reservation", attrgetter("contact")),
    (ContactDirected, "direction", attrgetter("contact")),
    *((event, COMPAT, lambda _event: COMPAT) for event in (*FACTS, *DECISIONS)),
    (DialCustomer, "offer", attrgetter("offer")),
    (CallbackPostponed, "rest", attrgetter("contact")),
    (CallbackDue, "wait", attrgetter("contact")),
    (ContactQueued, "voicemail", attrgetter("contact")),
    (RecordMessage, "recording", attrgetter("contact")),
)


def silent(floor: Floor) -> frozenset[str]:
    """The kinds that nothing in the rules in force could ever set: no event need be asked about them."""
    queues = floor.plan.queues.values()
    used = {
        "overflow": any(queue.overflow for queue in queues),
        "widening": any(queue.tiers or queue.relaxations for queue in queues),
        "ring": any(queue.ring == "progressive" for queue in queues),
        "announce": floor.announces,
        "reservation": any(queue.preferred for queue in queues),
        COMPAT: bool(floor.watches),
        "voicemail": any(queue.voicemail and queue.voicemail.after_ms is not None for queue in queues),
    }
    return frozenset(name for name, is_used in used.items() if not is_used)
