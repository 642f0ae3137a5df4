"""How a contact ends on the floor: the customer leaves, waits too long or is sent away; its agent wraps up.

With it end what hangs on it: the leg on which its agent consults another one, and the supervisors' part in it.
"""

from __future__ import annotations

from acd.callbacks import next_step
from acd.contact import ANSWERED
from acd.events import (
    ContactEnded,
    ContactOutcome,
    HangUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.floor import Floor
from acd.hands import StopSupervising, UnholdContact
from acd.model import Contact, ContactState
from acd.offering import Decisions, set_free, stop_ringing
from acd.voicemail import record, stands_in


def leave(floor: Floor, contact_id: str, now: int) -> Decisions:
    """The customer has gone: an offer is withdrawn, the contact ends, the agent who talked wraps up."""
    contact = floor.contacts[contact_id]
    unanswered: ContactOutcome = "abandoned" if contact.queue else "left_menu"
    if contact.consults:
        unanswered = "called_off"
    if not contact.offers:
        yield from end(floor, contact, unanswered, now)
        return
    rung = yield from stop_ringing(floor, contact.offers, "the customer left")
    yield from end(floor, contact, unanswered, now)
    yield from set_free(floor, rung, now)


def end(floor: Floor, contact: Contact, unanswered: ContactOutcome, now: int, reason: str = "") -> Decisions:
    """The contact is over: as *handled* if it was being talked to, whose agent then wraps up; else as `unanswered`."""
    if contact.state not in ANSWERED:
        waited = now - contact.queued_at if contact.queue else 0
        yield ContactEnded(contact.id, unanswered, contact.queue, "", waited, 0, reason)
        if contact.consults:
            yield from _give_back(floor, contact)
        return
    if contact.supervisors:
        yield from stop_supervising(contact, "the contact ended")
    wait, talk = contact.answered_at - contact.queued_at, now - contact.answered_at
    outcome: ContactOutcome = "consulted" if contact.consults else "handled"
    yield ContactEnded(contact.id, outcome, contact.queue, contact.agent, wait, talk)
    if contact.consults:
        yield from _give_back(floor, contact)
    if contact.consult:
        yield from call_off(floor, floor.contacts[contact.consult], "the contact ended", now)
    yield wrap_up(floor, contact, contact.agent, now)


def wrap_up(floor: Floor, contact: Contact, agent_id: str, now: int) -> WrapUpStarted | WrapUpExpired:
    """Let an agent wrap up what he had of a contact; without time for it, that is done at once."""
    queue = contact.queue_of(agent_id)
    own_ms = floor.plan.agents[agent_id].wrap_up_ms
    wrap_up_ms = floor.plan.queues[queue].wrap_up_ms if own_ms is None else own_ms
    if not wrap_up_ms:
        return wrap_up_expired(floor, contact.id, agent_id)
    return WrapUpStarted(agent_id, contact.id, queue, now + wrap_up_ms)


def wrap_up_expired(floor: Floor, contact: str, agent: str) -> WrapUpExpired:
    """What is booked for this contact if its agent says nothing."""
    queue = floor.plan.queues[floor.contacts[contact].queue_of(agent)]
    return WrapUpExpired(agent, contact, queue.wrap_up_outcome, queue.wrap_up_reason)


def call_off(floor: Floor, leg: Contact, reason: str, now: int) -> Decisions:
    """End a consult, however far it has come."""
    rung = yield from stop_ringing(floor, leg.offers, reason)
    yield from send_away(floor, leg, "called_off", reason, now)
    yield from set_free(floor, rung, now)


def _give_back(floor: Floor, leg: Contact) -> Decisions:
    """Where a consult has ended, the customer who is on hold has his agent again."""
    held = floor.contacts.get(leg.consults)
    if held and held.state is ContactState.HELD:
        yield UnholdContact(held.id, held.agent)


def stop_supervising(contact: Contact, reason: str) -> Decisions:
    """Nobody takes part in the conversation any longer beside its parties."""
    for supervisor in [*contact.supervisors]:
        yield StopSupervising(contact.id, supervisor, reason)


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
    if contact.state is ContactState.ENDED or contact.wait_until is None or contact.wait_until > now:
        return False
    return not contact.joining and floor.cuts_offers_of(contact) and not floor.rings_out(contact)
