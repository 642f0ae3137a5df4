"""Recorded call volumes: a CSV file of counts per interval, read as it is or refused with the line that is wrong.

    DateTime,Calls                     Date,interval,calls
    2003-03-03 07:00:00,111.0          1999-01-01,0,2

The time of an interval is when it starts: wall time of the centre's zone, or an instant where it carries an offset.
Or it is a date, and the interval's index in that day, from 0, has a column of its own. Nights and whole days may be
left out, but within a day intervals follow one another without a gap: a missing row is not the same as a count of 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from router.centre.durations import milliseconds
from router.errors import UsageFault
from simulator.table import Row, Table, read_table

COUNT_MAX: Final = 1_000_000
"""More contacts than this in one interval are taken for a mistake."""

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_INDEX_NAMES: Final = frozenset({"interval", "index", "slot", "period"})
_COUNT_NAMES: Final = frozenset({"calls", "contacts", "count", "volume", "offered", "arrivals"})
_NUMBER: Final = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_DATES: Final = ("%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y")
_PATTERNS: Final = tuple(day + clock for day in _DATES for clock in (" %H:%M", " %H:%M:%S", ""))


@dataclass(frozen=True, slots=True)
class Interval:
    """`count` contacts in the interval that starts at `start`: wall time, or an instant where it has an offset."""

    start: datetime
    count: int

    def start_ms(self, zone: ZoneInfo) -> int:
        """Milliseconds since the epoch; wall time that comes twice, or never, is read as in RFC 5545 3.3.5."""
        return int((self.start if self.start.tzinfo else self.start.replace(tzinfo=zone)).timestamp() * 1000)

    def day(self, zone: ZoneInfo) -> date:
        """The civil date in `zone`."""
        return (self.start.astimezone(zone) if self.start.tzinfo else self.start).date()

    def minute(self) -> int:
        """Minutes since the year 1, of the wall or of UTC as `start` is given: no two intervals of a file share one."""
        stamp = self.start.astimezone(UTC) if self.start.tzinfo else self.start
        return stamp.toordinal() * 1_440 + stamp.hour * 60 + stamp.minute


@dataclass(frozen=True, slots=True)
class Volumes:
    """A file of volumes: its intervals in order of time, all `interval_ms` long; at least one."""

    file: str
    interval_ms: int
    intervals: tuple[Interval, ...]

    @property
    def first_day(self) -> date:
        """The date of the first row."""
        return self.intervals[0].start.date()

    @property
    def last_day(self) -> date:
        """The date of the last row."""
        return self.intervals[-1].start.date()

    def by_day(self, zone: ZoneInfo) -> dict[date, list[Interval]]:
        """The intervals of each civil date in `zone`; dates without any are absent."""
        days: dict[date, list[Interval]] = {}
        for interval in self.intervals:
            days.setdefault(interval.day(zone), []).append(interval)
        return days


def read(
    path: str | Path,
    time_column: str | None = None,
    count_column: str | None = None,
    interval: str | None = None,
    index_column: str | None = None,
) -> Volumes:
    """The volumes in the CSV file `path`; raises `UsageFault` with file and line for what cannot be taken as it is.

    `time_column`, `count_column` and `index_column` name columns of the header; `interval` is the length of an
    interval, such as `15m`. What is not named is taken from where it is plain: the one column that holds times; the
    one that holds numbers, or of several the one called calls, contacts, count, volume, offered or arrivals; where
    times are bare dates, the column called interval, index, slot or period; for the length, the step between rows.
    """
    asked = None if interval is None else _length(interval)
    table = read_table(Path(path))
    columns = _columns(table, time_column, count_column, index_column)
    starts = _times(table, columns.time)
    counts = [_count(table, row, columns.count) for row in table.rows]
    if columns.index is None:
        length = asked or _step(table, starts)
    else:
        indexes = [_index(table, row, columns.index) for row in table.rows]
        length = asked or _part_of_day(table, max(indexes) + 1)
        starts = [start + index * length for start, index in zip(starts, indexes, strict=True)]
    _check_order(table, starts, length)
    return Volumes(table.file, length // timedelta(milliseconds=1), tuple(map(Interval, starts, counts)))


def _length(text: str) -> timedelta:
    try:
        length = timedelta(milliseconds=milliseconds(text))
    except (ValueError, OverflowError) as error:
        raise UsageFault(f"--interval {text}: {error}") from None
    if not length or length % _MINUTE or length > _DAY:
        raise UsageFault(f"--interval {text}: an interval is a number of whole minutes, a day at most, such as 15m")
    return length


# --- which column is which --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns by number, from 0. `index` is None where times have their time of day."""

    time: int
    count: int
    index: int | None


def _columns(table: Table, time: str | None, count: str | None, index: str | None) -> _Columns:
    names, cells = table.header.cells, table.rows[0].cells
    if time is None and any(_readers(name) or _NUMBER.fullmatch(name) for name in names):
        hint = "put a line such as time,calls on top"
        raise table.fault(table.header.line, "", "the first line holds values, where it must name the columns", hint)
    at_time = _chosen(table, time, "--time-column", [n for n, cell in enumerate(cells) if _readers(cell)])
    numbers = [n for n, cell in enumerate(cells) if _NUMBER.fullmatch(cell) and n != at_time]
    at_index = None
    if index is not None or _is_date(cells[at_time]):
        called = [n for n in numbers if names[n].casefold() in _INDEX_NAMES and names[n] != count]
        # A bare date alone is a whole day's volume.
        at_index = _chosen(table, index, "--index-column", called) if called or index is not None else None
    numbers = [n for n in numbers if n != at_index]
    called = [n for n in numbers if names[n].casefold() in _COUNT_NAMES]
    return _Columns(at_time, _chosen(table, count, "--count-column", called if len(called) == 1 else numbers), at_index)


def _chosen(table: Table, name: str | None, option: str, plain: Sequence[int]) -> int:
    """The column that an option names, or else the only one that fits."""
    if name is not None:
        return table.column(name, option)
    if len(plain) == 1:
        return plain[0]
    if plain:
        which = "more than one column fits: " + ", ".join(table.header.cells[n] for n in plain)
    else:
        which = f"no column fits; this row reads {', '.join(table.rows[0].cells)}"
    raise table.fault(table.rows[0].line, option, which, f"name a column: {option} NAME")


# --- times ------------------------------------------------------------------------------------------------------------


def _iso(text: str) -> datetime | None:
    """ISO 8601 with the full date in front, with or without time of day and offset."""
    if len(text) < 10 or text[4] != "-":  # noqa: PLR2004 (without it Python reads 20030303 and 2003-W10 too)
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _by_pattern(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 (the zone is the centre's, and comes later)
    except ValueError:
        return None


def _readers(text: str) -> tuple[str, ...]:
    """The ways to read a time that this text allows: "" for ISO 8601, else patterns of `strptime`."""
    if _iso(text) is not None:
        return ("",)
    return tuple(pattern for pattern in _PATTERNS if _by_pattern(text, pattern) is not None)


def _read_time(text: str, reader: str) -> datetime | None:
    return _by_pattern(text, reader) if reader else _iso(text)


def _is_date(text: str) -> bool:
    return ":" not in text


def _times(table: Table, column: int) -> list[datetime]:
    """The times of all rows, read the one way that fits them all."""
    texts = [row.cells[column] for row in table.rows]
    ways = _readers(texts[0])
    if not ways:
        raise _no_time(table, 0, column)
    readings = [_reading(texts, way) for way in ways]
    complete = [times for times in readings if len(times) == len(texts)]
    if not complete:
        raise _no_time(table, max(map(len, readings)), column)
    if len(complete) > 1 and complete[0] != complete[1]:
        field = table.header.cells[column]
        hint = "write the year first, as in 2003-03-31"
        raise table.fault(table.rows[0].line, field, f"`{texts[0]}` may be day or month first", hint)
    _check_offsets(table, column, complete[0])
    return complete[0]


def _reading(texts: Sequence[str], way: str) -> list[datetime]:
    """The times as this way reads them, up to the first that it cannot read."""
    times = []
    for text in texts:
        if (stamp := _read_time(text, way)) is None:
            break
        times.append(stamp)
    return times


def _no_time(table: Table, index: int, column: int) -> UsageFault:
    row = table.rows[index]
    message = f"`{row.cells[column]}` is no time" + (" of the same form as those above" if index else "")
    return table.fault(row.line, table.header.cells[column], message, "write it like 2003-03-31 07:05")


def _check_offsets(table: Table, column: int, times: Sequence[datetime]) -> None:
    """All times have an offset or none has; all start on a whole minute."""
    for row, stamp in zip(table.rows, times, strict=True):
        if (stamp.tzinfo is None) != (times[0].tzinfo is None):
            hint = "write all times with an offset, or none"
            raise table.fault(
                row.line, table.header.cells[column], "some times have an offset, and some have none", hint
            )
        if stamp.second or stamp.microsecond:
            hint = "intervals start on whole minutes"
            raise table.fault(row.line, table.header.cells[column], f"`{row.cells[column]}` is within a minute", hint)


# --- counts, indexes, order -------------------------------------------------------------------------------------------


def _count(table: Table, row: Row, column: int) -> int:
    text, field = row.cells[column], table.header.cells[column]
    hint = "give the number of contacts that came in the interval, 0 if none"
    if not _NUMBER.fullmatch(text):
        raise table.fault(row.line, field, f"`{text}` is no number" if text else "the count is missing", hint)
    value = float(text)
    if value < 0:
        raise table.fault(row.line, field, f"a count of {text} is below nothing", hint)
    if value > COUNT_MAX:
        raise table.fault(row.line, field, f"a count of {text} in one interval is beyond belief", hint)
    if not value.is_integer():
        raise table.fault(row.line, field, f"a count of {text} is not whole", "give counts, not means or forecasts")
    return int(value)


def _index(table: Table, row: Row, column: int) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", row.cells[column]):
        message = f"`{row.cells[column]}` is no index of an interval"
        raise table.fault(row.line, table.header.cells[column], message, "count the intervals of a day from 0")
    return int(row.cells[column])


def _part_of_day(table: Table, intervals: int) -> timedelta:
    """The length of an interval when a day has so many."""
    if _DAY // _MINUTE % intervals:
        hint = "say how long one is: --interval 15m"
        raise table.fault(0, "", f"{intervals} intervals do not part a day into whole minutes", hint)
    return _DAY // intervals


def _step(table: Table, starts: Sequence[datetime]) -> timedelta:
    """The shortest step between two rows, which every other must repeat."""
    steps = [later - earlier for earlier, later in pairwise(starts) if later > earlier]
    if not steps:
        raise table.fault(0, "", "one row does not tell how long an interval is", "say it: --interval 15m")
    return min(*steps, _DAY)


def _check_order(table: Table, starts: Sequence[datetime], length: timedelta) -> None:
    """Every interval follows the one before: at once on the same day, not overlapping from one day to another."""
    for row, (earlier, later) in zip(table.rows[1:], pairwise(starts), strict=True):
        if later == earlier:
            hint = "one row for each interval; in the hour that a clock repeats, write times with their offset"
            raise table.fault(row.line, "", f"the interval {later} stands here a second time", hint)
        if later < earlier:
            raise table.fault(row.line, "", f"{later} comes after {earlier}", "sort the rows by time")
        if later - earlier < length:
            hint = f"say how long an interval is: --interval {(later - earlier) // _MINUTE}m"
            raise table.fault(row.line, "", f"{later} comes within the interval before, {length} long", hint)
        if later - earlier > length and later.date() == earlier.date():
            hint = "add a row for each, with 0 if nobody called"
            raise table.fault(row.line, "", f"intervals are missing between {earlier} and {later}", hint)
