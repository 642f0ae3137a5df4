"""Everything that can happen: outside facts of the whole centre, and the union of what acd, ivr and escalation know.

An accepted fact is itself the first event; the decisions that follow from it come after it in the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import acd.events
import escalation.events
import ivr.events


@dataclass(frozen=True, slots=True)
class CentreStarted:
    """The rules with this hash are in force from here on."""

    kind: ClassVar[str] = "centre.started"
    plan: str


@dataclass(frozen=True, slots=True)
class ContactArrived:
    """A customer comes in on a dialled number or an address.

    `number` identifies the customer only where `personal` says that it is his own (an office trunk shows one number
    for all). `diversion` and `user_to_user` are what the telephone network passed on.
    """

    kind: ClassVar[str] = "contact.arrived"
    contact: str
    dialled: str
    number: str = field(default="", repr=False, metadata={"personal": "person"})
    personal: bool = False
    diversion: str = field(default="", repr=False, metadata={"personal": "person"})
    user_to_user: str = field(default="", repr=False, metadata={"personal": "digits"})


@dataclass(frozen=True, slots=True)
class ContactLeft:
    """The customer is gone."""

    kind: ClassVar[str] = "contact.left"
    contact: str


Event = Any
"""One of `EVENTS`."""

FACTS: Final[tuple[type, ...]] = (
    CentreStarted,
    ContactArrived,
    ContactLeft,
    *acd.events.FACTS,
    *ivr.events.FACTS,
    *escalation.events.FACTS,
)
DECISIONS: Final[tuple[type, ...]] = (*acd.events.DECISIONS, *ivr.events.DECISIONS, *escalation.events.DECISIONS)
EVENTS: Final[dict[str, type]] = {event.kind: event for event in (*FACTS, *DECISIONS)}  # type: ignore[attr-defined]
