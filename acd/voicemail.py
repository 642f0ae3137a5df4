"""How a waiting customer comes to leave a message. What becomes of it then is in `acd.stand_ins`."""

from __future__ import annotations

from typing import Final

from acd.contact import UNANSWERED
from acd.events import (
    ContactEnded,
    ContactOutcome,
    HangUp,
    QueueLeft,
)
from acd.floor import Floor
from acd.model import Contact, ContactState
from acd.offering import Decisions, set_free, stop_ringing
from acd.stand_in_events import (
    RecordMessage,
)

PROMPTS_MS_MAX: Final = 120_000
"""How long the prompts before a recording may take: from then on its end is overdue, and no more waited for."""


def to_voicemail(floor: Floor, contact: Contact, reason: str, now: int) -> Decisions:
    """Let a customer record a message instead of waiting on: at whom it rings is free again."""
    rung = yield from stop_ringing(floor, contact.offers, reason)
    yield from record(floor, contact, now)
    yield from set_free(floor, rung, now)


def record(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Take a contact that rings nowhere out of its queue, and record."""
    voicemail = floor.plan.queues[contact.queue].voicemail
    assert voicemail is not None, "only queues that have voicemail come here"
    yield QueueLeft(contact.id, contact.queue, "voicemail", now - contact.queued_at)
    until = now + PROMPTS_MS_MAX + voicemail.record_ms_max
    yield RecordMessage(contact.id, contact.queue, contact.language, voicemail.prompts, voicemail.record_ms_max, until)


def stands_in(floor: Floor, contact: Contact, outcome: ContactOutcome) -> bool:
    """Whether a contact that would be sent away with this outcome records a message instead."""
    voicemail = floor.plan.queues[contact.queue].voicemail
    return voicemail is not None and _speaks(contact) and outcome in voicemail.instead_of


def voicemail_due(floor: Floor, contact: Contact) -> int | None:
    """When a contact has waited so long (ms) that it goes on to voicemail, or None."""
    if contact.state not in UNANSWERED or not _speaks(contact):
        return None
    voicemail = floor.plan.queues[contact.queue].voicemail
    return contact.queued_at + voicemail.after_ms if voicemail and voicemail.after_ms is not None else None


def _speaks(contact: Contact) -> bool:
    """Whether there is a customer on the line who could be recorded."""
    return contact.channel == "voice" and not (contact.stand_in or contact.consults)


def waited_for_it(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Nobody has answered for too long; but one that is being joined has its answer."""
    if not contact.joining:
        yield from to_voicemail(floor, contact, "the customer leaves a message", now)


def recording_due(contact: Contact) -> int | None:
    """By when the end of a recording must have been reported (ms), or None where there is none."""
    return contact.records_until if contact.state is ContactState.RECORDING else None


def end_without_message(contact: Contact, reason: str) -> Decisions:
    """Nothing was recorded: the contact is over, in no queue by now."""
    yield HangUp(contact.id, reason)
    yield ContactEnded(contact.id, "no_message", "", "", 0, 0)
