"""How contacts come to a queue, go on to another, and come to be open to more agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from acd import widening
from acd.compat.freeswitch.resume import resumed
from acd.contact import UNANSWERED
from acd.ending import send_away
from acd.events import (
    ContactMoved,
    ContactQueued,
    ContactWidened,
    QueueLeft,
    RingWidened,
)
from acd.floor import Floor
from acd.model import Contact, ContactState
from acd.offering import Decisions, match_contact, match_in_turn, set_free, stop_ringing
from acd.plan import QueuePlan, Terms

NOBODY_THERE: Final = "nobody is there"

_Match = Callable[[Floor, str, int], Decisions]


def queue_up(floor: Floor, contact_id: str, queue_id: str, language: str, terms: Terms, now: int) -> ContactQueued:
    """Let a contact wait in a queue, on these terms, at the place of its need."""
    contact, queue = floor.contacts[contact_id], floor.plan.queues[queue_id]
    resumes, need_since = resumed(floor, contact, queue_id, now)
    wait_ms_max = queue.wait_ms_max if terms.wait_ms_max is None else terms.wait_ms_max
    until = None if wait_ms_max is None else now + wait_ms_max
    return ContactQueued(
        contact_id,
        queue_id,
        language,
        queue.priority + terms.priority,
        widening.asked(queue, language, relaxed := widening.relaxed_by(queue, 0)),
        need_since,
        (contact.wait_until if contact.consults else None) or until,  # a consult has one limit over all queues
        relaxed,
        widening.open_tiers(queue, 0, terms.tiers_max),
        terms.tiers_max,
        terms.head_start_ms,
        terms.position,
        contact.customer,
        resumes,
        contact.consults,
    )


def after_queued(floor: Floor, event: ContactQueued, now: int) -> Decisions:
    """A newcomer is blocked if there is no room; else he is matched."""
    contact, waiting_max = floor.contacts[event.contact], floor.plan.queues[event.queue].waiting_max
    if contact.queues > 1:
        return iter(())  # it was moved: it is not sent away for want of room, and `move` goes on
    if waiting_max is not None and floor.matching.length(event.queue) > waiting_max:
        return send_away(floor, contact, "blocked", "the queue is full", now)
    return seek(floor, contact, now, match_contact)


def after_widened(floor: Floor, event: ContactWidened, now: int) -> Decisions:
    """More agents may serve the contact: it is matched anew."""
    return seek(floor, floor.contacts[event.contact], now, match_in_turn)


def seek(floor: Floor, contact: Contact, now: int, match: _Match) -> Decisions:
    """Look for an agent for a contact whose chances have changed; send it away where there is nobody to hope for."""
    queue = floor.plan.queues[contact.queue]
    if contact.relaxed < len(queue.relaxations):
        yield from relax_by_need(floor, contact)
    yield from match(floor, contact.id, now)
    if contact.state is not ContactState.WAITING:
        return
    if queue.leave_when_empty and floor.matching.is_unattended(contact):
        yield from send_away(floor, contact, "nobody_there", NOBODY_THERE, now)
    elif floor.announces:
        yield from floor.waits.greeting(contact, now)


def after_moved(floor: Floor, event: ContactMoved, now: int) -> Decisions:
    """A supervisor's word is done at once."""
    return move(floor, floor.contacts[event.contact], event.queue, "moved", now)


def move(floor: Floor, contact: Contact, queue: str, outcome: Literal["moved", "overflowed"], now: int) -> Decisions:
    """Let a contact wait in another queue. What was added to its priority there goes with it, as does its place."""
    left = floor.plan.queues[contact.queue]
    added = contact.priority - left.priority
    rung = yield from stop_ringing(floor, contact.offers, f"the contact goes to {queue}")
    yield QueueLeft(contact.id, left.id, outcome, now - contact.queued_at)
    terms = Terms(added, head_start_ms=contact.head_start_ms)
    yield queue_up(floor, contact.id, queue, contact.language, terms, now)
    yield from set_free(floor, rung, now)  # only now, as this contact may not be the first of those they could serve
    yield from seek(floor, contact, now, match_in_turn)


def overflow(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Nobody has answered for too long: on to the next queue; unless the contact is being answered right now."""
    rule = floor.plan.queues[contact.queue].overflow
    if rule and not contact.joining:
        yield from move(floor, contact, rule.queue, "overflowed", now)


def overflow_due(floor: Floor, contact: Contact) -> int | None:
    """When a contact goes on to another queue, or None."""
    rule = floor.plan.queues[contact.queue].overflow if contact.state in UNANSWERED else None
    return contact.queued_at + rule.after_ms if rule else None


def widen(floor: Floor, contact: Contact, now: int) -> ContactWidened:
    """Let those serve a contact who may by now."""
    queue, waited_ms = floor.plan.queues[contact.queue], now - contact.queued_at
    relaxed = max(contact.relaxed, widening.relaxed_by(queue, waited_ms))
    tiers = max(contact.tiers, widening.open_tiers(queue, waited_ms, contact.tiers_max))
    return _widened(contact, queue, relaxed, tiers)


def relax_by_need(floor: Floor, contact: Contact) -> Decisions:
    """Ask less of agents where nobody who is logged in has what is asked."""
    queue = floor.plan.queues[contact.queue]
    following = queue.relaxations[contact.relaxed : contact.relaxed + 1]
    if following and following[0].after_ms is None and not floor.matching.is_met(contact):
        yield _widened(contact, queue, contact.relaxed + 1, contact.tiers)


def catch_up(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Time has passed that the new rules may count otherwise than the old ones did."""
    widened = widen(floor, contact, now)
    if (widened.relaxed, widened.tiers) != (contact.relaxed, contact.tiers):
        yield widened
    yield from relax_by_need(floor, contact)
    ring_at = widening.next_ring(contact, floor.plan.queues[contact.queue])
    if ring_at is not None and ring_at <= now:
        yield RingWidened(contact.id)


def _widened(contact: Contact, queue: QueuePlan, relaxed: int, tiers: int) -> ContactWidened:
    asked = contact.requirements  # new rules may ask for more: not of those who wait already
    if relaxed > contact.relaxed:
        asked = widening.asked(queue, contact.language, relaxed)
    return ContactWidened(contact.id, asked, relaxed, tiers)
