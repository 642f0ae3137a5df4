"""How contacts come to a queue, go on to another, and come to be open to more agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from acd import widening
from acd.admission import refusal
from acd.callbacks import closes_at, expected, rules, settle, withdraw
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
from acd.preferring import is_meant, reconsider, reserved_for

NOBODY_THERE: Final = "nobody is there"
CLOSED: Final = "the queue is closed"

Outcome = Literal["moved", "overflowed", "closed"]
"""Why a contact goes on to another queue."""
_Match = Callable[[Floor, str, int], Decisions]


def queue_up(floor: Floor, contact_id: str, queue_id: str, language: str, terms: Terms, now: int) -> ContactQueued:
    """Let a contact wait in a queue, on these terms, at the place of its need."""
    contact, queue = floor.contacts[contact_id], floor.plan.queues[queue_id]
    resumes, need_since = resumed(floor, contact, queue_id, now)
    if callback := expected(floor, contact, queue_id):
        resumes, need_since = callback.id, min(need_since, callback.need_since)
    wait_ms_max = queue.wait_ms_max if terms.wait_ms_max is None else terms.wait_ms_max
    asked = widening.asked(queue, language, relaxed := widening.relaxed_by(queue, 0, floor.hours))
    tiers = widening.open_tiers(queue, 0, terms.tiers_max)
    kept_for = reserved_for(floor, contact, queue, terms, asked, tiers, now) if queue.preferred else ()
    return ContactQueued(
        contact_id,
        queue_id,
        language,
        base_priority(queue, terms.holds) + terms.priority,
        asked,
        need_since,
        _until(floor, contact, queue_id, wait_ms_max, now),
        relaxed,
        tiers,
        terms.tiers_max,
        terms.head_start_ms,
        terms.position,
        contact.customer,
        resumes,
        contact.stand_in,
        kept_for,
        now + queue.preferred.for_ms if queue.preferred and kept_for else 0,
        terms.holds,
        contact.consults,
    )


def _until(floor: Floor, contact: Contact, queue: str, wait_ms_max: int | None, now: int) -> int | None:
    """How long a contact waits there: a callback until its window closes, a message for ever.

    A consult has one limit over all queues.
    """
    if contact.consults and contact.wait_until:
        return contact.wait_until
    if contact.stand_in == "callback":
        return closes_at(rules(floor, queue).window, now)
    return None if contact.stand_in or wait_ms_max is None else now + wait_ms_max


def base_priority(queue: QueuePlan, holds: tuple[str, ...]) -> int:
    """The priority that a queue gives to a contact of whom these conditions hold."""
    if not holds:
        return queue.priority
    return queue.priority + sum(rule.add for rule in queue.priorities if rule.when in holds)


def after_queued(floor: Floor, event: ContactQueued, now: int) -> Decisions:
    """A newcomer who calls again is called back no more. He is blocked if there is no room; else he is matched."""
    callback = floor.contacts.get(event.resumes) if event.resumes else None
    if callback and callback.stand_in:  # else it is one that left a queue of FreeSWITCH, and waits elsewhere by now
        return _take_over(floor, event, callback, now)
    return _admit(floor, event, now, match_contact)


def _take_over(floor: Floor, event: ContactQueued, callback: Contact, now: int) -> Decisions:
    """The customer of a callback calls himself. At whom that rang is free for whoever is the first by now."""
    rung = yield from withdraw(floor, callback, "the customer called again", now)
    yield from _admit(floor, event, now, match_in_turn)
    yield from set_free(floor, rung, now)


def _admit(floor: Floor, event: ContactQueued, now: int, match: _Match) -> Decisions:
    """A newcomer to a closed queue goes on; to another, he is let in and matched, or sent away."""
    contact = floor.contacts[event.contact]
    if contact.queues > 1:
        return iter(())  # it was moved: it is not sent away for want of room, and `move` goes on
    if floor.is_closed(event.queue):
        return turn_away(floor, contact, now)
    if reason := refusal(floor, contact, now):
        return send_away(floor, contact, "blocked", reason, now)
    return seek(floor, contact, now, match)


def turn_away(floor: Floor, contact: Contact, now: int) -> Decisions:
    """A contact has come to a closed queue: on to the next, if there is one."""
    hours = floor.plan.queues[contact.queue].hours
    return close_on(floor, contact, now, hours.to if hours else None)


def close_on(floor: Floor, contact: Contact, now: int, to: str | None) -> Decisions:
    """A closed queue gives a contact up: to another queue, or for good."""
    if to:
        yield from move(floor, contact, to, "closed", now)
        return
    hours = floor.plan.queues[contact.queue].hours
    rung = yield from stop_ringing(floor, contact.offers, CLOSED)
    yield from send_away(floor, contact, "closed", CLOSED, now, hours.prompts if hours else ())
    yield from set_free(floor, rung, now)


def after_widened(floor: Floor, event: ContactWidened, now: int) -> Decisions:
    """More agents may serve the contact: it is matched anew."""
    return seek(floor, floor.contacts[event.contact], now, match_in_turn)


def seek(floor: Floor, contact: Contact, now: int, match: _Match) -> Decisions:
    """Look for an agent for a contact whose chances have changed; send it away where there is nobody to hope for."""
    queue = floor.plan.queues[contact.queue]
    if contact.relaxed < len(queue.relaxations):
        yield from relax_by_need(floor, contact)
    yield from match(floor, contact.id, now)
    if contact.state is not ContactState.WAITING or contact.stand_in:
        return
    if queue.leave_when_empty and floor.matching.is_unattended(contact):
        yield from send_away(floor, contact, "nobody_there", NOBODY_THERE, now)
    elif floor.announces:
        yield from floor.waits.greeting(contact, now)


def after_moved(floor: Floor, event: ContactMoved, now: int) -> Decisions:
    """A supervisor's word is done at once."""
    return move(floor, floor.contacts[event.contact], event.queue, "moved", now)


def move(floor: Floor, contact: Contact, queue: str, outcome: Outcome, now: int) -> Decisions:
    """Let a contact wait in another queue. What was added to its priority there goes with it, as does its place.

    A closed one passes it on, unless it was moved by hand.
    """
    left = floor.plan.queues[contact.queue]
    added = contact.priority - base_priority(left, contact.holds)
    rung = yield from stop_ringing(floor, contact.offers, f"the contact goes to {queue}")
    yield QueueLeft(contact.id, left.id, outcome, now - contact.queued_at)
    terms = Terms(added, head_start_ms=contact.head_start_ms, holds=contact.holds)
    yield queue_up(floor, contact.id, queue, contact.language, terms, now)
    if contact.stand_in == "callback":
        yield from settle(floor, contact, contact.rests_until, now)
    yield from set_free(floor, rung, now)  # only now, as this contact may not be the first of those they could serve
    if contact.state is ContactState.ENDED:
        return
    if outcome != "moved" and floor.is_closed(queue):
        yield from turn_away(floor, contact, now)
    else:
        yield from seek(floor, contact, now, match_in_turn)


def overflow(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Nobody has answered for too long: on to the next queue; unless the contact is being answered right now."""
    rule = floor.plan.queues[contact.queue].overflow
    if rule and is_meant(rule.when, contact.holds) and not contact.joining:
        yield from move(floor, contact, rule.queue, "overflowed", now)


def overflow_due(floor: Floor, contact: Contact) -> int | None:
    """When a contact whose customer waits goes on to another queue, or None."""
    waits = contact.state in UNANSWERED and not contact.stand_in
    rule = floor.plan.queues[contact.queue].overflow if waits else None
    return contact.queued_at + rule.after_ms if rule and is_meant(rule.when, contact.holds) else None


def widen(floor: Floor, contact: Contact, now: int) -> ContactWidened:
    """Let those serve a contact who may by now."""
    queue, waited_ms = floor.plan.queues[contact.queue], now - contact.queued_at
    relaxed = max(contact.relaxed, widening.relaxed_by(queue, waited_ms, floor.hours))
    tiers = max(contact.tiers, widening.open_tiers(queue, waited_ms, contact.tiers_max))
    return _widened(contact, queue, relaxed, tiers)


def relax_by_need(floor: Floor, contact: Contact) -> Decisions:
    """Ask less of agents where nobody who is logged in has what is asked."""
    queue = floor.plan.queues[contact.queue]
    following = queue.relaxations[contact.relaxed : contact.relaxed + 1]
    by_need = following and following[0].after_ms is None and not following[0].during
    if by_need and not floor.matching.is_met(contact):
        yield _widened(contact, queue, contact.relaxed + 1, contact.tiers)


def catch_up(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Rules or hours are others than they were: what they open by now is open."""
    widened = widen(floor, contact, now)
    if (widened.relaxed, widened.tiers) != (contact.relaxed, contact.tiers):
        yield widened
    yield from relax_by_need(floor, contact)
    if floor.keeps(contact):
        yield from reconsider(floor, contact, now)
    ring_at = widening.next_ring(contact, floor.plan.queues[contact.queue])
    if ring_at is not None and ring_at <= now:
        yield RingWidened(contact.id)


def _widened(contact: Contact, queue: QueuePlan, relaxed: int, tiers: int) -> ContactWidened:
    asked = contact.requirements  # new rules may ask for more: not of those who wait already
    if relaxed > contact.relaxed:
        asked = widening.asked(queue, contact.language, relaxed)
    return ContactWidened(contact.id, asked, relaxed, tiers)
