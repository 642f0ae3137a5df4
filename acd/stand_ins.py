"""Customers who go while their places stay: a callback or a message waits in their stead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from acd.callbacks import after_unreached, closes_at, opens_at, rules, settle, withdraw
from acd.contact import ANSWERED, UNANSWERED
from acd.events import (
    ContactQueued,
    HangUp,
    QueueLeft,
)
from acd.floor import Floor
from acd.model import Contact, ContactState, StandIn
from acd.offering import Decisions, match_in_turn, set_free, stop_ringing
from acd.queueing import seek
from acd.refusal import Refusal
from acd.stand_in_events import (
    CallbackAsked,
    CallbackDue,
    CallbackFailed,
    ContactWithdrawn,
    DialTimedOut,
    VoicemailAsked,
    VoicemailLeft,
)
from acd.voicemail import end_without_message, to_voicemail

# --- what may happen ----------------------------------------------------------------------------------------------


def check_callback_asked(floor: Floor, event: CallbackAsked) -> Refusal | None:
    """Whether a customer may be called back: he waits, his queue calls back, and its window opens again."""
    contact = floor.contacts[event.contact]
    if refusal := _check_on_the_line(contact):
        return refusal
    callbacks = floor.plan.queues[contact.queue].callbacks
    if callbacks is None:
        return ("illegal", f"queue {contact.queue!r} calls nobody back")
    if event.not_before < 0:
        return ("illegal", "not_before is negative: leave it out for as soon as it is his turn")
    if opens_at(callbacks.window, max(event.not_before, contact.queued_at)) is None:
        return ("illegal", f"queue {contact.queue!r} calls nobody back that late: its window does not open again")
    return None


def check_voicemail_asked(floor: Floor, event: VoicemailAsked) -> Refusal | None:
    """Whether a customer may leave a message: he waits, and his queue takes some."""
    contact = floor.contacts[event.contact]
    if refusal := _check_on_the_line(contact):
        return refusal
    if floor.plan.queues[contact.queue].voicemail is None:
        return ("illegal", f"queue {contact.queue!r} has no voicemail")
    return None


def _check_on_the_line(contact: Contact) -> Refusal | None:
    """Whether a customer waits, and is not being joined just now."""
    if contact.consults:
        return ("illegal", f"contact {contact.id!r} is a consult about {contact.consults!r}: an agent is on the line")
    if contact.channel != "voice":
        return ("illegal", f"contact {contact.id!r} is no call: it is a {contact.channel}")
    if contact.stand_in:
        return ("stale", f"the customer of contact {contact.id!r} has gone: a {contact.stand_in} waits in his place")
    if contact.state not in UNANSWERED or contact.joining:
        state = "being joined with an agent" if contact.joining else contact.state.value
        return ("stale", f"contact {contact.id!r} waits in no queue: it is {state}")
    return None


def check_voicemail_left(floor: Floor, event: VoicemailLeft) -> Refusal | None:
    """Whether a message is being recorded."""
    contact = floor.contacts[event.contact]
    if event.duration_ms < 0:
        return ("illegal", "duration_ms is negative: 0 says that there is no message")
    if contact.state is not ContactState.RECORDING:
        return ("stale", f"contact {contact.id!r} records no message: it is {contact.state}")
    return None


def check_withdrawn(floor: Floor, event: ContactWithdrawn) -> Refusal | None:
    """Whether a callback or a message waits."""
    contact = floor.contacts[event.contact]
    if contact.state not in UNANSWERED:
        return ("stale", f"contact {contact.id!r} waits in no queue: it is {contact.state}")
    if not contact.stand_in:
        return ("illegal", f"contact {contact.id!r} is no callback and no message: its customer is on the line")
    return None


def check_moved(floor: Floor, contact: Contact, queue: str) -> Refusal | None:
    """Whether a contact can go on to this queue as what it is."""
    if contact.stand_in == "callback" and floor.plan.queues[queue].callbacks is None:
        return ("illegal", f"queue {queue!r} calls nobody back")
    return None


def check_left(floor: Floor, contact: Contact) -> Refusal | None:
    """Whether a customer was there to leave. That the line of one who is called back ends is no news."""
    if contact.state is ContactState.RECORDING:
        return ("stale", f"contact {contact.id!r} records a message: `voicemail.left` ends it")
    called_back = contact.stand_in == "callback" and contact.state in ANSWERED
    if contact.stand_in and not called_back:
        return ("stale", f"the customer of contact {contact.id!r} has gone: a {contact.stand_in} waits in his place")
    return None


# --- what follows -------------------------------------------------------------------------------------------------


def after_callback_asked(floor: Floor, event: CallbackAsked, now: int) -> Decisions:
    """The customer hangs up; his callback waits at his place, and rests until it may be made."""
    contact = floor.contacts[event.contact]
    rung = yield from stop_ringing(floor, contact.offers, "the customer asked to be called back")
    yield HangUp(contact.id, "to be called back")
    yield QueueLeft(contact.id, contact.queue, "callback", now - contact.queued_at)
    until = closes_at(rules(floor, contact.queue).window, now)
    yield _stand_in(contact, "callback", until)
    yield from settle(floor, contact, event.not_before, now)
    yield from set_free(floor, rung, now)
    if contact.state is not ContactState.ENDED:
        yield from seek(floor, contact, now, match_in_turn)


def _stand_in(contact: Contact, kind: StandIn, until: int | None) -> ContactQueued:
    """Let something wait in its queue for the customer of a contact, at the same place and for the same agents."""
    return ContactQueued(
        contact.id,
        contact.queue,
        contact.language,
        contact.priority,
        contact.requirements,
        contact.need_since,
        until,
        contact.relaxed,
        contact.tiers,
        contact.tiers_max,
        contact.head_start_ms,
        customer=contact.customer,
        stand_in=kind,
    )


def after_due(floor: Floor, event: CallbackDue, now: int) -> Decisions:
    """A callback may be made: it is matched anew."""
    return match_in_turn(floor, event.contact, now)


def after_voicemail_asked(floor: Floor, event: VoicemailAsked, now: int) -> Decisions:
    """He may speak at once."""
    return to_voicemail(floor, floor.contacts[event.contact], "the customer leaves a message", now)


def after_voicemail_left(floor: Floor, event: VoicemailLeft, now: int) -> Decisions:
    """The message waits at the customer's place; where there is none, all is over."""
    contact = floor.contacts[event.contact]
    if not event.duration_ms:
        yield from end_without_message(contact, "no message was left")
        return
    yield HangUp(contact.id, "the message is recorded")
    yield _stand_in(contact, "voicemail", None)
    yield from seek(floor, contact, now, match_in_turn)


def after_withdrawn(floor: Floor, event: ContactWithdrawn, now: int) -> Decisions:
    """It is over, wherever it rings."""
    rung = yield from withdraw(floor, floor.contacts[event.contact], "it is no longer wanted", now)
    yield from set_free(floor, rung, now)


OF_CONTACTS: Final[dict[type, Callable[[Floor, Any], Refusal | None]]] = {
    CallbackAsked: check_callback_asked,
    VoicemailAsked: check_voicemail_asked,
    VoicemailLeft: check_voicemail_left,
    ContactWithdrawn: check_withdrawn,
}
FOLLOW: Final[dict[type, Callable[[Floor, Any, int], Decisions]]] = {
    CallbackAsked: after_callback_asked,
    CallbackDue: after_due,
    CallbackFailed: after_unreached,
    DialTimedOut: after_unreached,
    VoicemailAsked: after_voicemail_asked,
    VoicemailLeft: after_voicemail_left,
    ContactWithdrawn: after_withdrawn,
}
