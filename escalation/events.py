"""What happens to cases, and when calendars open and close. Kinds as in the journal and on the wire; instants in ms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True)
class CaseAccepted:
    """Somebody of the process team has taken the case: the hand-over is done."""

    kind: ClassVar[str] = "case.accepted"
    case: str
    worker: str = ""


@dataclass(frozen=True, slots=True)
class CaseResolved:
    """The matter is settled."""

    kind: ClassVar[str] = "case.resolved"
    case: str
    worker: str = ""


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """A contact left something to do. `team` owes it by `due_at` (None: the calendar holds no such instant).

    Without a team the first line keeps the case. `breach_at` is the first instant at which the promise is broken.
    """

    kind: ClassVar[str] = "case.opened"
    case: str
    contact: str
    case_type: str
    team: str
    service_line: str
    reason: str
    due_at: int | None
    breach_at: int | None
    customer: str = field(default="", repr=False, metadata={"personal": "person"})


@dataclass(frozen=True, slots=True)
class CaseBreached:
    """The case is open past its due time."""

    kind: ClassVar[str] = "case.breached"
    case: str
    team: str


@dataclass(frozen=True, slots=True)
class HoursChanged:
    """A calendar opened or closed; it changes next at `until` (None: not within its horizon)."""

    kind: ClassVar[str] = "hours.changed"
    calendar: str
    open: bool
    until: int | None


FACTS: Final = (CaseAccepted, CaseResolved)
DECISIONS: Final = (CaseOpened, CaseBreached, HoursChanged)
