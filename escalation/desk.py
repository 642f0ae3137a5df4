"""All cases and calendars. `Desk.apply` writes, the rest reads and says what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from escalation.case import TRANSITIONS, Case, CaseState
from escalation.events import CaseAccepted, CaseBreached, CaseOpened, CaseResolved, HoursChanged
from escalation.plan import DeskPlan

Refusal = tuple[Literal["illegal", "stale"], str]
Decisions = Iterator[Any]


class Desk:
    """Cases by id, each customer's newest case, and which calendars are open."""

    def __init__(self, plan: DeskPlan) -> None:
        self.plan = plan
        self.cases: dict[str, Case] = {}
        self.newest: dict[str, str] = {}
        self.open: dict[str, bool] = {}
        self.turns: dict[str, int | None] = {}
        self.last_case = 0

    def apply(self, event: Any, now: int) -> None:
        """Book one event. Kinds that change nothing here are let through."""
        if book := _BOOK.get(type(event)):
            book(self, event, now)

    def _opened(self, event: CaseOpened, now: int) -> None:
        self.last_case += 1
        case = Case(
            event.case, event.contact, event.case_type, event.team, now, event.due_at, event.breach_at, event.customer
        )
        self.cases[case.id] = case
        if case.customer:
            self.newest[case.customer] = case.id

    def _worked(self, event: CaseAccepted | CaseResolved, now: int) -> None:
        case = self.cases[event.case]
        case.state = TRANSITIONS[case.state][event.kind]
        case.worker = event.worker or case.worker
        if case.state is CaseState.RESOLVED:
            case.resolved_at = now

    def _breached(self, event: CaseBreached, now: int) -> None:
        self.cases[event.case].breached = True

    def _hours(self, event: HoursChanged, now: int) -> None:
        self.open[event.calendar], self.turns[event.calendar] = event.open, event.until


_BOOK: dict[type, Callable[[Desk, Any, int], None]] = {
    CaseOpened: Desk._opened,
    CaseAccepted: Desk._worked,
    CaseResolved: Desk._worked,
    CaseBreached: Desk._breached,
    HoursChanged: Desk._hours,
}


def _check_work(desk: Desk, event: CaseAccepted | CaseResolved) -> Refusal | None:
    case = desk.cases.get(event.case)
    if case is None:
        return ("illegal", f"case {event.case!r} is not known")
    if event.kind not in TRANSITIONS[case.state]:
        return ("illegal", f"case {case.id!r} is {case.state} already")
    return None


CHECKS: dict[type, Callable[[Desk, Any], Refusal | None]] = {CaseAccepted: _check_work, CaseResolved: _check_work}


def open_case(
    desk: Desk,
    *,
    contact: str,
    customer: str,
    case_type: str,
    service_line: str,
    reason: str,
    to_team: bool,
    now: int,
) -> CaseOpened:
    """A contact's matter goes on as a case: to the process team of its type, or kept by the first line."""
    kind = desk.plan.case_types[case_type]
    calendar = desk.plan.calendars[kind.calendar]
    return CaseOpened(
        f"case-{desk.last_case + 1}",
        contact,
        case_type,
        kind.team if to_team else "",
        service_line,
        reason,
        calendar.due_at(now, kind.target_ms),
        calendar.breach_at(now, kind.target_ms),
        customer,
    )


def hours_now(desk: Desk, calendar: str, now: int) -> HoursChanged:
    """The fact of a calendar being open or closed from this instant on."""
    hours = desk.plan.calendars[calendar]
    return HoursChanged(calendar, hours.is_open(now), hours.next_change(now))


def _breach_due(desk: Desk, event: CaseOpened, now: int) -> int | None:
    return event.breach_at


def _breach_pending(desk: Desk, event: CaseOpened, at: int) -> bool:
    case = desk.cases.get(event.case)
    return case is not None and case.state is not CaseState.RESOLVED and not case.breached


def _breach(desk: Desk, event: CaseOpened, now: int) -> Decisions:
    yield CaseBreached(event.case, event.team)


def _hours_due(desk: Desk, event: HoursChanged, now: int) -> int | None:
    return event.until


def _hours_pending(desk: Desk, event: HoursChanged, at: int) -> bool:
    return event.calendar in desk.plan.calendars and desk.turns[event.calendar] == at


def _turn_hours(desk: Desk, event: HoursChanged, now: int) -> Decisions:
    yield hours_now(desk, event.calendar, now)


ALARMS: dict[
    type,
    tuple[
        Callable[[Desk, Any, int], int | None],
        Callable[[Desk, Any, int], bool],
        Callable[[Desk, Any, int], Decisions],
    ],
] = {
    CaseOpened: (_breach_due, _breach_pending, _breach),
    HoursChanged: (_hours_due, _hours_pending, _turn_hours),
}
