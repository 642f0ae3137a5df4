"""Plays `sla_cases.json`: clocks over calendars.

The product measures one kind of clock so far: the resolution of a case, from `created` to the status that settles it,
over one calendar and one target. All of the file is read and checked; what needs more is `unsupported`, with its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from escalation.hours import Calendar
from router.centre.calendars import CalendarSpec, compile_calendar
from tests.vectors import Comparison, ShapeFault, Verdict, field, judged, listed, mapping, whole

Case = Mapping[str, Any]

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SETTLED = ("resolved", "closed")
_WITHOUT_EFFECT = ("auto_reply", "agent_reply", "customer_message")  # on the clock of a resolution
_YEARS_AHEAD = 6
_KINDS = {
    "clock": "",
    "recovery": "recording the steps of a ladder, live or after an outage",
    "business_days": "targets in business days",
}
"""Of each kind of case, what the product would need."""


class _UnsupportedCase(Exception):
    """What the product would need for a case."""


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that happened to the case. `at` is milliseconds since the epoch."""

    at: int
    type: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class _Clock:
    """A resolution clock that nothing pauses. Instants and durations are milliseconds."""

    calendar: Calendar
    target_ms: int
    start: int
    stopped_at: int | None

    def results(self, as_of: int) -> dict[str, Any]:
        """What a case may state of a cycle, but for its warnings and steps."""
        elapsed_ms = self.calendar.elapsed(self.start, as_of if self.stopped_at is None else self.stopped_at)
        breached = elapsed_ms > self.target_ms
        to_come = self.stopped_at is None
        return {
            "start": _text(self.start),
            "due_at": _text(self.calendar.due_at(self.start, self.target_ms)),
            "breach_at": _text(self.calendar.breach_at(self.start, self.target_ms)) if breached or to_come else None,
            "elapsed_s": _seconds(elapsed_ms),
            "remaining_s": _seconds(self.target_ms - elapsed_ms),
            "paused_business_s": 0,
            "state": "running" if to_come else "stopped",
            "breached": breached,
            "stopped_at": _text(self.stopped_at),
            "target_s": _seconds(self.target_ms),
        }

    def warned_at(self, per_cent: int) -> str | None:
        """The earliest instant at which so much of the target is spent."""
        return _text(self.calendar.due_at(self.start, self.target_ms * per_cent // 100))

    def stepped_at(self, from_due_ms: int) -> str | None:
        """A step before due is met like a due date, one from due on is passed like a breach."""
        spent_ms = max(0, self.target_ms + from_due_ms)
        find = self.calendar.due_at if from_due_ms < 0 else self.calendar.breach_at
        return _text(find(self.start, spent_ms))


def play(document: object) -> Iterator[Verdict]:
    """A verdict per case. Raises ShapeFault for a document of another shape."""
    content = mapping(document, "the document")
    calendars = mapping(field(content, "calendars", "the document"), "calendars")
    for place, entry in enumerate(listed(field(content, "cases", "the document"), "cases"), 1):
        case = mapping(entry, f"cases.{place}")
        yield _played(case, str(field(case, "id", f"cases.{place}")), calendars)


def _played(case: Case, case_id: str, calendars: Mapping[str, Any]) -> Verdict:
    kind = case.get("kind", "clock")
    if kind not in _KINDS:
        return Verdict(case_id, "fail", f"it cannot be read: the kind `{kind}` is none of {', '.join(_KINDS)}")
    if kind != "clock":
        return Verdict(case_id, "unsupported", _KINDS[kind])
    try:
        expected = [mapping(cycle, case_id) for cycle in listed(field(case, "expected", case_id), case_id)]
        actual = _cycles(case, case_id, calendars)
    except _UnsupportedCase as reason:
        return Verdict(case_id, "unsupported", str(reason))
    except ShapeFault as fault:
        return Verdict(case_id, "fail", f"it cannot be read: {fault}")
    return judged(case_id, Comparison().differences({"cycles": expected}, {"cycles": actual}))


def _cycles(case: Case, case_id: str, calendars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One per cycle of the clock, of which a clock that is never reopened has at most one."""
    rule = mapping(field(case, "clock", case_id), f"{case_id}: clock")
    if (metric := field(rule, "metric", case_id)) != "resolution":
        raise _UnsupportedCase(f"the metric {metric}")
    as_of = _instant(field(case, "as_of", case_id), case_id)
    events = _known_events(case, case_id, as_of)
    clock = _clock(rule, events, case_id, _calendar(str(field(rule, "calendar", case_id)), calendars, as_of, events))
    if clock is None:
        return []
    results = clock.results(as_of)
    if "warn_pct" in rule:
        results["warn_at"] = {str(share): clock.warned_at(share) for share in listed(rule["warn_pct"], case_id)}
    if "ladder_s" in rule:
        steps = mapping(rule["ladder_s"], f"{case_id}: ladder_s")
        results["ladder_at"] = {step: clock.stepped_at(whole(steps, step, case_id) * 1000) for step in steps}
    return [results]


def _clock(rule: Case, events: list[_Event], case_id: str, calendar: Calendar) -> _Clock | None:
    """The clock these events leave, None before `created`. Raises _UnsupportedCase for what it cannot follow."""
    pausing = listed(rule.get("pause_on", []), f"{case_id}: pause_on")
    start = stopped_at = None
    for event in events:
        if event.type == "created":
            start = event.at
        elif event.type == "status" and event.to in pausing:
            raise _UnsupportedCase("pausing a clock")
        elif event.type == "status" and event.to in _SETTLED:
            stopped_at = event.at if stopped_at is None else stopped_at
        elif event.type == "status" and stopped_at is not None:
            raise _UnsupportedCase("reopening a case")
        elif event.type in {"target", "calendar"}:
            raise _UnsupportedCase(f"changing the {event.type} of a running clock")
        elif event.type != "status" and event.type not in _WITHOUT_EFFECT:
            raise ShapeFault(f"{case_id}: the event type `{event.type}` is unknown")
    return None if start is None else _Clock(calendar, whole(rule, "target_s", case_id) * 1000, start, stopped_at)


def _known_events(case: Case, case_id: str, as_of: int) -> list[_Event]:
    """What was known at `as_of`, in order of time and then of the list, each id once."""
    written = [mapping(event, f"{case_id}: events") for event in listed(field(case, "events", case_id), case_id)]
    events: dict[object, _Event] = {}
    for place, event in enumerate(written):
        read = _Event(
            _instant(field(event, "at", case_id), case_id),
            str(field(event, "type", case_id)),
            str(event.get("to", "")),
        )
        earlier = events.setdefault(event.get("id", place), read)
        events[event.get("id", place)] = min(earlier, read, key=lambda one: one.at)
    return sorted((event for event in events.values() if event.at <= as_of), key=lambda event: event.at)


def _calendar(name: str, calendars: Mapping[str, Any], as_of: int, events: list[_Event]) -> Calendar:
    """Compiled by the product, from the year before the first event to some years after the last."""
    written = mapping(field(calendars, name, "calendars"), f"calendars.{name}")
    years = [_date(at).year for at in (as_of, *(event.at for event in events))]
    horizon = date(min(years) - 1, 1, 1), date(max(years) + _YEARS_AHEAD, 1, 1)
    if not any(written.get("week", {}).values()) and not written.get("extra"):
        edges = [_instant(f"{day}T00:00:00Z", name) for day in horizon]
        return Calendar(name, (), (), (edges[0], edges[1]))  # the product refuses to compile one that never opens
    try:
        return compile_calendar(name, _spec(written, name), horizon)
    except ValueError as fault:  # pydantic's are, too
        raise ShapeFault(f"calendars.{name}: {' '.join(str(fault).split())}") from fault


def _spec(written: Case, name: str) -> CalendarSpec:
    """The same calendar in the words of a centre's files."""
    extra = mapping(written.get("extra", {}), f"calendars.{name}.extra")
    special = {**mapping(written.get("holidays", {}), f"calendars.{name}.holidays"), **extra}
    return CalendarSpec.model_validate(
        {
            "zone": field(written, "tz", f"calendars.{name}"),
            "week": {
                day: _hours(hours) for day, hours in mapping(written.get("week", {}), f"calendars.{name}").items()
            },
            "closed": [day for day, hours in special.items() if not hours],
            "partial": {day: _hours(hours) for day, hours in special.items() if hours and day not in extra},
            "extra": {day: _hours(hours) for day, hours in extra.items() if hours},
        }
    )


def _hours(intervals: list[list[str]]) -> list[str]:
    return [f"{opening}-{closing}" for opening, closing in intervals]


def _instant(text: object, place: str) -> int:
    try:
        at = datetime.fromisoformat(str(text))
        return (at - _EPOCH) // _MILLISECOND
    except (ValueError, TypeError) as error:  # no date, or one without an offset
        raise ShapeFault(f"{place}: `{text}` is not an instant such as 2026-01-30T16:30:00Z") from error


def _date(at: int) -> date:
    return (_EPOCH + at * _MILLISECOND).date()


def _text(at: int | None) -> str | None:
    return None if at is None else f"{_EPOCH + at * _MILLISECOND:%Y-%m-%dT%H:%M:%SZ}"


def _seconds(duration_ms: int) -> float:
    return duration_ms / 1000
