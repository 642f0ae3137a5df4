"""How a contact ends on the floor: the customer leaves, waits too long or is sent away; its agent wraps up."""

from __future__ import annotations

from acd.callbacks import next_step
from acd.events import (
    ContactEnded,
    ContactOutcome,
    HangUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.floor import Floor
from acd.model import Contact, ContactState
from acd.offering import Decisions, set_free, stop_ringing
from acd.plan import WrapUpOutcome
from acd.voicemail import record, stands_in


def leave(floor: Floor, contact_id: str, now: int) -> Decisions:
    """The customer has gone: an offer is withdrawn, the contact ends, the agent who talked wraps up."""
    contact = floor.contacts[contact_id]
    unanswered: ContactOutcome = "abandoned" if contact.queue else "left_menu"
    if not contact.offers:
        yield from end(floor, contact, unanswered, now)
        return
    rung = yield from stop_ringing(floor, contact.offers, "the customer left")
    yield from end(floor, contact, unanswered, now)
    yield from set_free(floor, rung, now)


def end(floor: Floor, contact: Contact, unanswered: ContactOutcome, now: int, reason: str = "") -> Decisions:
    """The contact is over: as *handled* if it was being talked to, whose agent then wraps up; else as `unanswered`."""
    if contact.state is not ContactState.TALKING:
        waited = now - contact.queued_at if contact.queue else 0
        yield ContactEnded(contact.id, unanswered, contact.queue, "", waited, 0, reason)
        return
    wait, talk = contact.answered_at - contact.queued_at, now - contact.answered_at
    yield ContactEnded(contact.id, "handled", contact.queue, contact.agent, wait, talk)
    own_ms = floor.plan.agents[contact.agent].wrap_up_ms
    wrap_up_ms = floor.plan.queues[contact.queue].wrap_up_ms if own_ms is None else own_ms
    if wrap_up_ms:
        yield WrapUpStarted(contact.agent, contact.id, contact.queue, now + wrap_up_ms)
    else:
        yield WrapUpExpired(contact.agent, contact.id, default_outcome(floor, contact.id))


def default_outcome(floor: Floor, contact: str) -> WrapUpOutcome:
    """What is booked for this contact if its agent gives no outcome."""
    return floor.plan.queues[floor.contacts[contact].queue].wrap_up_outcome


def time_out(floor: Floor, contact: Contact, now: int) -> Decisions:
    """The longest wait is over: an offer that still rings is withdrawn, the customer is sent away.

    That of a callback is over when its window closes: it rests until that opens.
    """
    if contact.stand_in:
        rung = yield from stop_ringing(floor, contact.offers, "nobody is called back at this time")
        yield next_step(floor, contact, now, now)
    else:
        rung = yield from stop_ringing(floor, contact.offers, "the contact waited too long")
        yield from send_away(floor, contact, "timed_out", "waited too long", now)
    yield from set_free(floor, rung, now)


def send_away(
    floor: Floor, contact: Contact, outcome: ContactOutcome, reason: str, now: int, prompts: tuple[str, ...] = ()
) -> Decisions:
    """Let a customer go who was not answered, for this reason, with these last words.

    Or record his message, where that is the rule.
    """
    if stands_in(floor, contact, outcome):
        yield from record(floor, contact, now)
        return
    yield HangUp(contact.id, reason, prompts, contact.language if prompts else "")
    yield from end(floor, contact, outcome, now, reason)


def has_waited_too_long(floor: Floor, contact: Contact, now: int) -> bool:
    """Whether the longest wait is over, and the contact neither being joined nor in an old system's hands."""
    if contact.wait_until is None or contact.joining or not floor.cuts_offers_of(contact) or floor.rings_out(contact):
        return False
    return contact.wait_until <= now
