"""All cases and calendars. `Desk.apply` writes, the rest reads and says what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any, Final, Literal

from escalation.case import TRANSITIONS, Case, CaseState, Matter
from escalation.events import CaseAccepted, CaseBreached, CaseOpened, CaseResolved, HoursChanged
from escalation.plan import DeskPlan

RESOLVED_REMEMBERED: Final = 10_000
"""How many resolved cases are remembered, those resolved last: their customers may still ask what became of them."""

Refusal = tuple[Literal["illegal", "stale"], str]
Decisions = Iterator[Any]

_PREFIX: Final = "case-"


def _case_id(number: int) -> str:
    return f"{_PREFIX}{number}"


def _place(case_id: str) -> tuple[int, str]:
    """Puts ids in the order of their numbers, however long."""
    return len(case_id), case_id


class Desk:
    """Cases by id, and which calendars are open.

    Resolved cases beyond `RESOLVED_REMEMBERED` are forgotten: first those resolved first, and of one instant those
    opened first. So the records alone say what is forgotten next.
    """

    def __init__(self, plan: DeskPlan) -> None:
        self.plan = plan
        self.cases: dict[str, Case] = {}
        self.open: dict[str, bool] = {}
        self.turns: dict[str, int | None] = {}
        self.last_case = 0
        self._of_customer: dict[str, dict[str, None]] = {}
        self._resolved: list[tuple[int, tuple[int, str]]] = []

    def newest(self, customer: str) -> Case | None:
        """The newest case of a customer that is remembered, or None."""
        cases = self._of_customer.get(customer)
        return self.cases[next(reversed(cases))] if cases else None

    def keep(self, case: Case) -> None:
        """Remember a case that is newer than all others here."""
        self.cases[case.id] = case
        if case.customer:
            self._of_customer.setdefault(case.customer, {})[case.id] = None
        if case.resolved_at is not None:
            heappush(self._resolved, (case.resolved_at, _place(case.id)))

    def was_opened(self, case: str) -> bool:
        """Whether a case of this id, remembered or not, was ever opened."""
        number = case.removeprefix(_PREFIX)
        counted = case.startswith(_PREFIX) and number.isascii() and number.isdecimal() and number[0] != "0"
        return counted and _place(case) <= _place(_case_id(self.last_case))

    def apply(self, event: Any, now: int) -> None:
        """Book one event. Kinds that change nothing here are let through."""
        if book := _BOOK.get(type(event)):
            book(self, event, now)

    def _opened(self, event: CaseOpened, now: int) -> None:
        self.last_case += 1
        case = Case(
            event.case, event.contact, event.case_type, event.team, now, event.due_at, event.breach_at, event.customer
        )
        self.keep(case)

    def _worked(self, event: CaseAccepted | CaseResolved, now: int) -> None:
        case = self.cases[event.case]
        case.state = TRANSITIONS[case.state][event.kind]
        case.worker = event.worker or case.worker
        if case.state is CaseState.RESOLVED:
            case.resolved_at = now
            heappush(self._resolved, (now, _place(case.id)))
            if len(self._resolved) > RESOLVED_REMEMBERED:
                self._forget_one()

    def _forget_one(self) -> None:
        _, (_, case_id) = heappop(self._resolved)
        case = self.cases.pop(case_id)
        theirs = self._of_customer.get(case.customer, {})
        theirs.pop(case_id, None)
        if not theirs:
            self._of_customer.pop(case.customer, None)

    def _breached(self, event: CaseBreached, now: int) -> None:
        self.cases[event.case].breached = True

    def _hours(self, event: HoursChanged, now: int) -> None:
        self.open[event.calendar], self.turns[event.calendar] = event.open, event.until


_BOOK: Final[dict[type, Callable[[Desk, Any, int], None]]] = {
    CaseOpened: Desk._opened,
    CaseAccepted: Desk._worked,
    CaseResolved: Desk._worked,
    CaseBreached: Desk._breached,
    HoursChanged: Desk._hours,
}


def _check_work(desk: Desk, event: CaseAccepted | CaseResolved) -> Refusal | None:
    case = desk.cases.get(event.case)
    if case is None and not desk.was_opened(event.case):
        return ("illegal", f"case {event.case!r} is not known")
    # Only what is resolved is ever forgotten.
    state = case.state if case else CaseState.RESOLVED
    return None if event.kind in TRANSITIONS[state] else ("stale", f"case {event.case!r} is {state} already")


CHECKS: Final[dict[type, Callable[[Desk, Any], Refusal | None]]] = {
    CaseAccepted: _check_work,
    CaseResolved: _check_work,
}


def open_case(desk: Desk, matter: Matter, now: int, *, to_team: bool) -> CaseOpened:
    """A contact's matter goes on as a case: to the process team of its type, or kept by the first line."""
    case_type = desk.plan.case_types[matter.case_type]
    calendar = desk.plan.calendars[case_type.calendar]
    return CaseOpened(
        _case_id(desk.last_case + 1),
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

ALARMS: Final[dict[str, tuple[Keys, Due, Ring]]] = {
    "hours": (lambda desk: desk.turns, _hours_due, _turn),
    "breach": (lambda desk: desk.cases, _breach_due, _breach),
}
"""What may ring: every key there is one for, when it is due (None: not at all), and what happens then."""
ARMED_BY: Final[tuple[tuple[type, str, Callable[[Any], str]], ...]] = (
    (HoursChanged, "hours", attrgetter("calendar")),
    (CaseOpened, "breach", attrgetter("case")),
)
