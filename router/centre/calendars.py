"""Calendars as a centre's files write them, and their compilation to open intervals.

    shanghai:
      zone: Asia/Shanghai
      week:
        mon-fri: [09:00-12:00, 13:00-18:00]
        sat: [10:00-14:00]                         # days not named are closed
      holidays: {country: CN}
      closed: [2026-12-31, 2027-02-03..2027-02-12]
      partial: {2026-12-24: [09:00-12:00]}
      extra: {2026-10-10: [09:00-18:00]}

The hours of a civil date are the first of these that speaks of it: `extra`, `partial`, `closed`, a make-up working
day of the country, a holiday of the country, the week. Each replaces the others whole; nothing is added up.

An interval belongs to the date it starts on, also when it closes on the next one (`22:00-06:00`): a holiday takes
away the night that begins on it, not the one that ends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from escalation.hours import Calendar
from router.nearest import did_you_mean

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_WEEKDAYS: tuple[str, ...] = get_args(Weekday)
_DAY = timedelta(days=1)
_DAY_MINUTES = 24 * 60
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)
# A night belongs to the date before, and that date may be followed by one that never happened (Apia, 30 December 2011).
_LOOK_BACK = 2 * _DAY

_WALL_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_INTERVAL = rf"({_WALL_TIME})-({_WALL_TIME}|24:00)"
_COUNTRY = "^[A-Z]{2}$"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATES = rf"({_DATE})(?:\.\.({_DATE}))?"
_DAYS = rf"({'|'.join(_WEEKDAYS)})(?:-({'|'.join(_WEEKDAYS)}))?"


@dataclass(frozen=True, slots=True)
class Interval:
    """Wall time from one minute to another, both counted from the midnight that begins the date. Half-open."""

    opens_minute: int
    closes_minute: int

    def __str__(self) -> str:
        """As it is written: 22:00-06:00."""
        closes = self.closes_minute if self.closes_minute <= _DAY_MINUTES else self.closes_minute - _DAY_MINUTES
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.opens_minute, closes))

    def overlaps(self, other: Interval, days_later: int = 0) -> bool:
        """Whether another interval, of the same date or a later one, has an instant in common with this one."""
        shift = days_later * _DAY_MINUTES
        return self.opens_minute < other.closes_minute + shift and other.opens_minute + shift < self.closes_minute


@dataclass(frozen=True, slots=True)
class Dates:
    """Civil dates from `first` to `last`, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        """Whether `day` is one of them."""
        return self.first <= day <= self.last


def _read_interval(text: object) -> Interval:
    """`09:00-18:00`; a closing not after the opening is on the next date, so `22:00-06:00` holds eight hours."""
    match = re.fullmatch(_INTERVAL, text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"`{text}` is not an interval: write 09:00-18:00, or 22:00-06:00 for a night")
    opens, closes = (int(wall[:2]) * 60 + int(wall[3:]) for wall in match.groups())
    return Interval(opens, closes if closes > opens else closes + _DAY_MINUTES)


def _read_date(text: object) -> date:
    """`2026-10-01`."""
    if not isinstance(text, str) or not re.fullmatch(_DATE, text):
        raise ValueError(f"`{text}` is not a date: write it like 2026-10-01")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"`{text}` is in no calendar: {error}") from None


def _read_dates(text: object) -> Dates:
    """`2026-10-01`, or `2026-10-01..2026-10-07` with both ends included."""
    match = re.fullmatch(_DATES, text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"`{text}` is neither a date nor a span: write 2026-10-01 or 2026-10-01..2026-10-07")
    first, last = _read_date(match[1]), _read_date(match[2] or match[1])
    if last < first:
        raise ValueError(f"`{text}` ends before it begins")
    return Dates(first, last)


def _read_weekdays(text: object) -> tuple[int, ...]:
    """`sat`, or `mon-fri`; a span may run over Sunday, so `sun-thu` is five days. Monday is 0."""
    match = re.fullmatch(_DAYS, text) if isinstance(text, str) else None
    if match is None or match[1] == match[2]:
        raise ValueError(f"`{text}` names no days: write one of {', '.join(_WEEKDAYS)}, or a span such as mon-fri")
    first, last = (_WEEKDAYS.index(name) for name in (match[1], match[2] or match[1]))
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1))


@cache
def _zones() -> frozenset[str]:
    """The names of all time zones, of which there are hundreds of files to look for."""
    return frozenset(available_timezones())


def _read_zone(name: str) -> str:
    if name not in _zones():
        hint = did_you_mean(name, _zones()) or "write a name such as Asia/Shanghai"
        raise ValueError(f"`{name}` is no time zone of the IANA database; {hint}")
    return name


def _text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


Zone = Annotated[str, AfterValidator(_read_zone)]
"""The name of a time zone in the IANA database."""

_Hours = list[Annotated[Interval, BeforeValidator(_read_interval), _text(_INTERVAL)]]
_SomeHours = Annotated[_Hours, Field(min_length=1)]
_Date = Annotated[date, BeforeValidator(_read_date)]
_Closed = Annotated[Dates, BeforeValidator(_read_dates), _text(_DATES)]
_Weekdays = Annotated[tuple[int, ...], BeforeValidator(_read_weekdays), _text(_DAYS)]


class _Spec(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class HolidaySpec(_Spec):
    """Public holidays of a country or one of its subdivisions (ISO 3166), as the `holidays` package knows them.

    Where a government moves days off and lets a weekend be worked in return, as the State Council of China does each
    autumn for the year after, the make-up day has the week's hours of `make_up_as`. None leaves it a weekend.
    """

    country: str = Field(json_schema_extra={"pattern": _COUNTRY})
    subdivision: str | None = None
    make_up_as: Weekday | None = "mon"

    @model_validator(mode="after")
    def _known(self) -> Self:
        if not re.fullmatch(_COUNTRY, self.country):
            raise ValueError(f"`{self.country}` is not a country: write its two letters of ISO 3166, such as CN")
        try:
            self.in_years(())
        except NotImplementedError as error:
            raise ValueError(f"no public holidays are known for this place: {error}") from None
        return self

    def in_years(self, years: Iterable[int]) -> holidays.HolidayBase:
        """The country's holidays and make-up working days in these years, and no others."""
        return holidays.country_holidays(self.country, self.subdivision, years, expand=False)


class CalendarSpec(_Spec):
    """One calendar as written in a centre's files; the module's docstring shows one and says what wins over what.

    `week` names each day at most once. `closed`, `partial` and `extra` replace the hours of single civil dates:
    `partial` is a holiday on which some hours are worked, `extra` a date that is worked whatever holiday it is.
    """

    zone: Zone
    week: dict[_Weekdays, _Hours]
    holidays: HolidaySpec | None = None
    closed: list[_Closed] = []
    partial: dict[_Date, _SomeHours] = {}
    extra: dict[_Date, _SomeHours] = {}

    @field_validator("week")
    @classmethod
    def _days_once(cls, week: dict[tuple[int, ...], _Hours]) -> dict[tuple[int, ...], _Hours]:
        named = [day for days in week for day in days]
        twice = sorted({day for day in named if named.count(day) > 1})
        if twice:
            raise ValueError(f"{', '.join(_WEEKDAYS[day] for day in twice)} stands in more than one line of the week")
        return week

    @field_validator("partial")
    @classmethod
    def _closed_or_partial(cls, partial: dict[date, Any], info: ValidationInfo) -> dict[date, Any]:
        both = [day for day in partial if any(day in dates for dates in info.data.get("closed", ()))]
        if both:
            raise ValueError(f"{both[0]} is both closed and partial: strike one of them")
        return partial


def compile_calendar(calendar_id: str, spec: CalendarSpec, horizon: tuple[date, date]) -> Calendar:
    """The instants at which `spec` opens and closes, on the civil dates from `horizon[0]` until before `horizon[1]`.

    Laws: overlapping and touching intervals are one; what crosses an edge of the horizon is cut there; lengths are
    real elapsed time, whatever the clocks on the wall did meanwhile. Equal arguments give an equal calendar as long
    as the zone files and the `holidays` package stay the same, so the result is what belongs into a plan's hash.

    Raises ValueError, in a sentence for the centre's author, if the calendar would never open.
    """
    first, end = horizon
    if first >= end:
        raise ValueError(f"the horizon from {first} to {end} holds no date")
    zone = ZoneInfo(spec.zone)
    edges = (_instant(first, 0, zone), _instant(end, 0, zone))
    opened = list(_clipped(_union(_intervals(spec, first - _LOOK_BACK, end, zone)), edges))
    if not opened:
        raise ValueError(f"calendar {calendar_id} is never open from {first} to {end}: give its week some hours")
    return Calendar(calendar_id, tuple(start for start, _ in opened), tuple(stop for _, stop in opened), edges)


def slips(spec: CalendarSpec) -> Iterator[str]:
    """A sentence for each slip of the pen: hours that overlap, or that open and close at once.

    To compile, both have a meaning (a union; a whole day). Who writes them down means something else.
    """
    lists = [(_named(days), hours) for days, hours in spec.week.items()]
    lists += [(str(day), hours) for dates in (spec.partial, spec.extra) for day, hours in dates.items()]
    for name, hours in lists:
        for place, one in enumerate(hours):
            if one.closes_minute - one.opens_minute == _DAY_MINUTES and one.opens_minute:
                yield f"{one} of {name} opens and closes at once: write 00:00-24:00 for a whole day"
            yield from (f"{other} and {one} of {name} overlap" for other in hours[:place] if one.overlaps(other))
    yield from _overlapping_nights({day: hours for days, hours in spec.week.items() for day in days})


def _named(days: tuple[int, ...]) -> str:
    return _WEEKDAYS[days[0]] if len(days) == 1 else f"{_WEEKDAYS[days[0]]}-{_WEEKDAYS[days[-1]]}"


def _overlapping_nights(week: Mapping[int, Sequence[Interval]]) -> Iterator[str]:
    """Where the last hours of a day reach into the first ones of the next; one sentence for all such days."""
    pairs: dict[str, list[str]] = {}
    for day, hours in sorted(week.items()):
        for night in hours:
            for morning in week.get((day + 1) % len(_WEEKDAYS), ()):
                if night.overlaps(morning, days_later=1):
                    pairs.setdefault(f"{night} reaches into {morning} of the next day", []).append(_WEEKDAYS[day])
    return (f"{what} ({', '.join(days)})" for what, days in pairs.items())


def calendar_notices(calendar_id: str, spec: CalendarSpec, horizon: tuple[date, date]) -> tuple[str, ...]:
    """What the author should know although nothing is wrong: years whose make-up working days are not in yet.

    A country that moves working days decrees them year by year, so those of the last years of a horizon are often
    unknown: days off are then estimates, and every weekend counts as one. One sentence per calendar, or none.
    """
    if spec.holidays is None:
        return ()
    years = range(horizon[0].year, (horizon[1] - _DAY).year + 1)
    country = spec.holidays.in_years(years)
    if not country.has_substituted_holidays:
        return ()
    decreed = max((day.year for day in country.weekend_workdays), default=0)
    missing = [str(year) for year in years if year > decreed]
    if not missing:
        return ()
    unknown = f"no make-up working days of {spec.holidays.country} are known for {', '.join(missing)}"
    remedy = "once they are decreed, update the holidays package, or list them under extra and closed"
    return (f"calendar {calendar_id}: {unknown}; {remedy}",)


def _intervals(spec: CalendarSpec, first: date, end: date, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """All intervals of the dates from `first` up to `end`, as instants; they may overlap."""
    week = {day: hours for days, hours in spec.week.items() for day in days}
    moved = _moved_dates(spec, week, first, end)
    day = first
    while day < end:
        if _instant(day, 0, zone) < _instant(day + _DAY, 0, zone):  # else it never happened
            for interval in _hours(spec, week, moved, day):
                yield _instant(day, interval.opens_minute, zone), _instant(day, interval.closes_minute, zone)
        day += _DAY


def _hours(spec: CalendarSpec, week: dict[int, _Hours], moved: dict[date, _Hours], day: date) -> _Hours:
    """The hours of one civil date: the first that speaks of it."""
    if day in spec.extra:
        return spec.extra[day]
    if day in spec.partial:
        return spec.partial[day]
    if any(day in dates for dates in spec.closed):
        return []
    return moved[day] if day in moved else week.get(day.weekday(), [])


def _moved_dates(spec: CalendarSpec, week: dict[int, _Hours], first: date, end: date) -> dict[date, _Hours]:
    """What the country's calendar changes: no hours on its holidays, a weekday's hours on its make-up days."""
    if spec.holidays is None:
        return {}
    country = spec.holidays.in_years(range(first.year, end.year + 1))
    moved: dict[date, _Hours] = {day: [] for day in country}
    if (worked_as := spec.holidays.make_up_as) is not None:
        hours = week.get(_WEEKDAYS.index(worked_as), [])
        moved |= dict.fromkeys(country.weekend_workdays, hours)
    return moved


def _instant(day: date, minutes: int, zone: ZoneInfo) -> int:
    """The instant of a wall time, in milliseconds since the epoch, as RFC 5545 section 3.3.5 has it.

    A time that comes twice is the first of the two; one that is skipped is read with the offset before the gap. That
    is what Python calls `fold=0`, which adding to a datetime keeps. `minutes` may go past 24:00.
    """
    return (datetime.combine(day, time(), zone) + timedelta(minutes=minutes) - _EPOCH) // _MILLISECOND


def _union(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same instants as sorted intervals that neither overlap nor touch."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
        else:
            merged.append((start, stop))
    return merged


def _clipped(intervals: Iterable[tuple[int, int]], edges: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """What of the intervals lies within the edges; one that a gap in the wall time has turned round is empty."""
    for start, stop in intervals:
        clipped = max(start, edges[0]), min(stop, edges[1])
        if clipped[0] < clipped[1]:
            yield clipped
