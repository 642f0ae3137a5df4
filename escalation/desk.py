"""All cases and calendars. `Desk.apply` writes, the rest reads and says what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Literal

from escalation.case import TRANSITIONS, Case, CaseState, Matter
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
        return ("stale", f"case {case.id!r} is {case.state} already")
    return None


CHECKS: dict[type, Callable[[Desk, Any], Refusal | None]] = {CaseAccepted: _check_work, CaseResolved: _check_work}


def open_case(desk: Desk, matter: Matter, now: int, *, to_team: bool) -> CaseOpened:
    """A contact's matter goes on as a case: to the process team of its type, or kept by the first line."""
    case_type = desk.plan.case_types[matter.case_type]
    calendar = desk.plan.calendars[case_type.calendar]
    return CaseOpened(
        f"case-{desk.last_case + 1}",
        matter.contact,
        case_type.id,
        case_type.team if to_team else "",
        matter.service_line,
        matter.reason,
        calendar.due_at(now, case_type.target_ms),
        calendar.breach_at(now, case_type.target_ms),
        matter.customer,
    )


def hours_now(desk: Desk, calendar: str, now: int) -> HoursChanged:
    """The fact of a calendar being open or closed from this instant on."""
    hours = desk.plan.calendars[calendar]
    return HoursChanged(calendar, hours.is_open(now), hours.next_change(now))


def _breach_due(desk: Desk, case_id: str) -> int | None:
    case = desk.cases.get(case_id)
    running = case is not None and case.state is not CaseState.RESOLVED and not case.breached
    return case.breach_at if case and running else None


def _breach(desk: Desk, case_id: str, now: int) -> Decisions:
    yield CaseBreached(case_id, desk.cases[case_id].team)


def _hours_due(desk: Desk, calendar: str) -> int | None:
    return desk.turns.get(calendar) if calendar in desk.plan.calendars else None


def _turn(desk: Desk, calendar: str, now: int) -> Decisions:
    yield hours_now(desk, calendar, now)


Keys = Callable[[Desk], Iterable[str]]
Due = Callable[[Desk, str], int | None]
Ring = Callable[[Desk, str, int], Decisions]

ALARMS: dict[str, tuple[Keys, Due, Ring]] = {
    "hours": (lambda desk: desk.turns, _hours_due, _turn),
    "breach": (lambda desk: desk.cases, _breach_due, _breach),
}
"""What may ring: every key there is one for, when it is due (None: not at all), and what happens then."""
ARMED_BY: dict[type, tuple[str, Callable[[Any], str]]] = {
    HoursChanged: ("hours", attrgetter("calendar")),
    CaseOpened: ("breach", attrgetter("case")),
}
