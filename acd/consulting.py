"""An agent consults another one while the customer is on hold: what may happen, and what follows.

The *leg* between the two is a contact of its own, which the engine names. It stands in a queue at the place of the
customer's need, is offered, declined, missed and joined like any contact, and is the consultant's to wrap up; but it is
no contact of a customer, so no measure of a queue counts it. It waits for `consult_ms` in all, whatever becomes of it.

Whatever ends the leg gives the customer back to his agent (`unhold`): nobody was there or answered, the consultant
went, the agent had enough. *Merged*, all three talk, until one goes. *Completed*, it is a warm transfer: the consultant
has the contact. When the customer goes both agents are released, each to a wrap-up of his own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from acd.ending import call_off, wrap_up
from acd.events import ContactEnded
from acd.floor import Floor
from acd.hands import (
    BridgeParties,
    ConsultAsked,
    ConsultCompleted,
    ConsultEnded,
    ConsultMerged,
    HoldContact,
    Supervise,
)
from acd.model import Contact, ContactState
from acd.offering import Decisions
from acd.plan import Terms
from acd.queueing import base_priority, queue_up
from acd.refusal import Check, Refusal, of_a_known_agent
from acd.transfers import has_in_hand, no_such_place, talk_ended

# --- what may happen ----------------------------------------------------------------------------------------------


def _check_asked(floor: Floor, event: ConsultAsked) -> Refusal | None:
    if refusal := has_in_hand(floor, event) or no_such_place(floor, event):
        return refusal
    if consult := floor.contacts[event.contact].consult:
        return ("stale", f"a consult is under way already: {consult!r}")
    if event.queue and event.to_agent:
        return ("illegal", "name a `queue`, or an agent in `to_agent`, not both")
    if event.queue in floor.watches:
        return ("illegal", f"queue {event.queue!r} follows an old system, which knows no consults: transfer instead")
    return None


def _check_under_way(floor: Floor, event: Any) -> Refusal | None:
    if refusal := has_in_hand(floor, event):
        return refusal
    if not floor.contacts[event.contact].consult:
        return ("stale", f"agent {event.agent!r} consults nobody about contact {event.contact!r}")
    return None


def _check_answered(floor: Floor, event: ConsultMerged | ConsultCompleted) -> Refusal | None:
    if refusal := _check_under_way(floor, event):
        return refusal
    contact = floor.contacts[event.contact]
    leg = floor.contacts[contact.consult]
    if leg.state is not ContactState.TALKING:
        return ("stale", f"nobody has answered the consult yet: {leg.id!r} is {leg.state}")
    if isinstance(event, ConsultMerged) and contact.state is not ContactState.HELD:
        return ("stale", "all three talk already")
    return None


# --- what follows -------------------------------------------------------------------------------------------------


def _after_asked(floor: Floor, event: ConsultAsked, now: int) -> Decisions:
    contact = floor.contacts[event.contact]
    yield HoldContact(contact.id, event.agent)
    queues = floor.plan.queues
    queue = queues[event.queue or contact.queue]
    added = contact.priority - base_priority(queues[contact.queue], contact.holds)
    terms = Terms(added, contact.head_start_ms, wait_ms_max=queue.consult_ms, holds=contact.holds)
    yield queue_up(floor, contact.consult, queue.id, contact.language, terms, now)


def _after_ended(floor: Floor, event: ConsultEnded, now: int) -> Decisions:
    leg = floor.contacts[floor.contacts[event.contact].consult]
    return call_off(floor, leg, "the agent went back to the customer", now)


def _after_merged(floor: Floor, event: ConsultMerged, now: int) -> Decisions:
    contact = floor.contacts[event.contact]
    consultant = floor.contacts[contact.consult].agent
    yield BridgeParties(contact.id, contact.consult, (contact.agent, consultant))


def _after_completed(floor: Floor, event: ConsultCompleted, now: int) -> Decisions:
    contact = floor.contacts[event.contact]
    leg = floor.contacts[contact.consult]
    yield talk_ended(contact, event.agent, now)
    yield _consulted(leg, contact.agent, now)
    yield BridgeParties(contact.id, leg.id, (contact.agent,))
    for supervisor, mode in contact.supervisors.items():
        yield Supervise(contact.id, contact.agent, supervisor, mode)
    yield wrap_up(floor, contact, event.agent, now)


def _consulted(leg: Contact, consultant: str, now: int) -> ContactEnded:
    wait_ms, talk_ms = leg.answered_at - leg.queued_at, now - leg.answered_at
    return ContactEnded(leg.id, "consulted", leg.queue, consultant, wait_ms, talk_ms)


CHECKS: Final[dict[type, Check]] = {
    ConsultAsked: of_a_known_agent(_check_asked),
    ConsultEnded: of_a_known_agent(_check_under_way),
    ConsultMerged: of_a_known_agent(_check_answered),
    ConsultCompleted: of_a_known_agent(_check_answered),
}
FOLLOW: Final[dict[type, Callable[[Floor, Any, int], Decisions]]] = {
    ConsultAsked: _after_asked,
    ConsultEnded: _after_ended,
    ConsultMerged: _after_merged,
    ConsultCompleted: _after_completed,
}
