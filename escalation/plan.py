"""What a centre's files compile to, as far as cases and process teams are concerned."""

from __future__ import annotations

from dataclasses import dataclass, field

from escalation.hours import Calendar


@dataclass(frozen=True, slots=True)
class Team:
    """An L2 process team, the second line of one service line."""

    id: str
    service_line: str


@dataclass(frozen=True, slots=True)
class CaseType:
    """A kind of case: the team that owes the answer, and within how many open milliseconds of which calendar."""

    id: str
    team: str
    target_ms: int
    calendar: str


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """Teams, case types and calendars by id."""

    teams: dict[str, Team] = field(default_factory=dict)
    case_types: dict[str, CaseType] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
