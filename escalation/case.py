"""The life of a case, as one table. `docs/reference/states.md` is drawn from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class CaseState(StrEnum):
    """`open`: waits for its team. `accepted`: somebody works on it. `resolved`: settled."""

    OPEN = "open"
    ACCEPTED = "accepted"
    RESOLVED = "resolved"


TRANSITIONS: Final[dict[CaseState, dict[str, CaseState]]] = {
    CaseState.OPEN: {"case.accepted": CaseState.ACCEPTED, "case.resolved": CaseState.RESOLVED},
    CaseState.ACCEPTED: {"case.resolved": CaseState.RESOLVED},
    CaseState.RESOLVED: {},
}


@dataclass(frozen=True, slots=True)
class Matter:
    """What a contact left to do, before it is a case. `reason` is the agent's wrap-up code."""

    contact: str
    case_type: str
    service_line: str
    reason: str
    customer: str = field(default="", repr=False, metadata={"personal": "person"})


@dataclass(slots=True)
class Case:
    """The matter behind a contact. The desk owns it always; `team` works on it, or the first line where it is empty."""

    id: str
    contact: str
    case_type: str
    team: str
    opened_at: int
    due_at: int | None
    breach_at: int | None
    customer: str = field(default="", repr=False, metadata={"personal": "person"})
    state: CaseState = CaseState.OPEN
    worker: str = ""
    breached: bool = False
    resolved_at: int | None = None
