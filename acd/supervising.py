"""Supervisors who take part in a conversation: what may happen, and what follows.

The telephony side does it, on command. It ends with the conversation: a contact that waits again has nobody to listen
to. Over a warm transfer the supervisor stays with the customer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from acd.contact import ANSWERED
from acd.floor import Floor
from acd.hands import StopSupervising, Supervise, SupervisionAsked, SupervisionEnded
from acd.offering import Decisions
from acd.refusal import Check, Refusal

# --- what may happen ----------------------------------------------------------------------------------------------


def _check_asked(floor: Floor, event: SupervisionAsked) -> Refusal | None:
    contact = floor.contacts[event.contact]
    if contact.state not in ANSWERED:
        return ("stale", f"contact {contact.id!r} talks with nobody: it is {contact.state}")
    consultant = floor.contacts[contact.consult].agent if contact.consult else ""
    if event.supervisor in (contact.agent, consultant):
        return ("illegal", f"{event.supervisor!r} takes part in it already, as its agent")
    if contact.supervisors.get(event.supervisor) == event.mode:
        return ("stale", f"{event.supervisor!r} takes part in it already: {event.mode}")
    return None


def _check_ended(floor: Floor, event: SupervisionEnded) -> Refusal | None:
    if event.supervisor in floor.contacts[event.contact].supervisors:
        return None
    return ("stale", f"{event.supervisor!r} takes no part in contact {event.contact!r}")


# --- what follows -------------------------------------------------------------------------------------------------


def _after_asked(floor: Floor, event: SupervisionAsked, now: int) -> Decisions:
    yield Supervise(event.contact, floor.contacts[event.contact].agent, event.supervisor, event.mode)


def _after_ended(floor: Floor, event: SupervisionEnded, now: int) -> Decisions:
    yield StopSupervising(event.contact, event.supervisor, "the supervisor left")


CHECKS: Final[dict[type, Check]] = {SupervisionAsked: _check_asked, SupervisionEnded: _check_ended}
FOLLOW: Final[dict[type, Callable[[Floor, Any, int], Decisions]]] = {
    SupervisionAsked: _after_asked,
    SupervisionEnded: _after_ended,
}
