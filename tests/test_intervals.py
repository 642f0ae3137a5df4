"""Where the intervals of a centre's day begin and end, which are told, and what is refused."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from acd.events import (
    AgentStateSet,
)
from router.adapters.memory_journal import MemoryJournal
from router.errors import UsageFault
from router.events import ContactArrived, ContactLeft
from router.intervals import SPANS_MAX, Asked, fold
from router.measures import KEPT_MAX, QUARTER_MS, Measures
from router.plan import Plan
from tests.test_measures_intervals import HOUR_MS, Log, answer, folded, offline
from tests.why_stories import no_pause
from tests.worlds import Story, plan, ready

# --- intervals of the day -----------------------------------------------------------------------------------------


def ms(text: str) -> int:
    """An instant in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def present(zone: str, start: str, end: str, **asked: Any) -> list[dict[str, Any]]:
    """The intervals of a time in which Ann is ready, from `start` to `end` (UTC)."""
    rules = Plan(**{**{each: getattr(plan(), each) for each in Plan.__slots__}, "zone": zone})
    log: Log = [(ms(start), AgentStateSet("ann", "ready")), (ms(end), AgentStateSet("ann", "paused"))]
    intervals: list[dict[str, Any]] = answer(log, rules, **asked)["intervals"]
    assert ms(end) - ms(start) == sum(each["figures"]["ready_time"]["numerator"] for each in intervals)
    return intervals


@pytest.mark.parametrize(
    ("start", "end", "quarters"),
    [
        ("2026-03-28T23:00", "2026-03-29T21:59", 92),  # an hour is left out
        ("2026-03-29T22:00", "2026-03-30T21:59", 96),
        ("2026-10-24T22:00", "2026-10-25T22:59", 100),  # an hour comes twice
    ],
)
def test_a_day_has_92_or_100_quarter_hours(start: str, end: str, quarters: int) -> None:
    """Where the clocks change, a day has fewer or more intervals, none of another length, and is itself one of 24 h."""
    intervals = present("Europe/Berlin", start, end)
    assert quarters == len({each["start"] for each in intervals}) == len(intervals)
    for before, after in pairwise(intervals):
        assert before["end"] == after["start"]
        assert 900 == (datetime.fromisoformat(before["end"]) - datetime.fromisoformat(before["start"])).total_seconds()
    assert 1 == len(present("Europe/Berlin", start, end, interval="24h"))


@pytest.mark.parametrize(
    ("zone", "start", "end", "interval", "expected"),
    [
        ("Europe/Berlin", "2026-10-25T00:00", "2026-10-25T01:30", "1h", ["02:00:00+02:00", "02:00:00+01:00"]),
        ("Europe/Berlin", "2026-10-25T00:00", "2026-10-25T03:30", "4h",
         ["00:00:00+02:00", "02:00:00+01:00", "04:00:00+01:00"]),
        ("Europe/Berlin", "2026-03-29T00:00", "2026-03-29T02:30", "2h",
         ["00:00:00+01:00", "03:00:00+02:00", "04:00:00+02:00"]),
        ("Asia/Kathmandu", "2026-03-02T03:10", "2026-03-02T04:20", "1h",
         ["08:00:00+05:45", "09:00:00+05:45", "10:00:00+05:45"]),
        ("Australia/Lord_Howe", "2026-04-04T14:10", "2026-04-04T15:20", "1h",
         ["01:00:00+11:00", "01:30:00+10:30"]),
    ],
)  # fmt: skip
def test_an_interval_is_called_by_its_start(
    zone: str, start: str, end: str, interval: str, expected: list[str]
) -> None:
    """It begins at a multiple of its length since midnight in the centre's zone, or where the clocks change."""
    assert expected == [each["start"][11:] for each in present(zone, start, end, interval=interval)]


def test_intervals_are_half_open() -> None:
    """What happens at a border belongs to the interval that begins there."""
    story = Story(plan())
    story.take(QUARTER_MS - 1, ContactArrived("c1", "100"))
    story.take(QUARTER_MS, ContactArrived("c2", "100"))
    story.take(QUARTER_MS, ContactLeft("c1"))
    flows = [each["flow"] for each in answer(story.log, plan())["intervals"]]
    assert [(0, 1, 0, 1), (1, 1, 1, 1)] == [
        (flow["carried_in"], flow["offered"], flow["abandoned"], flow["carried_out"]) for flow in flows
    ]
    assert [True, False] == [each["over"] for each in answer(story.log, plan())["intervals"]]


def test_an_empty_time_has_its_intervals_too() -> None:
    """Hours in which nobody was there are listed with nothing in them, and cost nothing to keep."""
    story = Story(plan())
    story.take(0, ContactArrived("c1", "100"), ContactLeft("c1"))
    story.take(10 * HOUR_MS, ContactArrived("c2", "100"), ContactLeft("c2"))
    intervals = answer(story.log, plan(), interval="1h")["intervals"]
    assert [1, *[0] * 9, 1] == [each["flow"]["offered"] for each in intervals]
    assert 2 == len(list(folded(story.log, plan()).spans()))


def test_old_intervals_are_forgotten_whole() -> None:
    """A service keeps the last two days; an interval of which a part is forgotten is not told at all."""
    log: Log = [(0, AgentStateSet("ann", "ready")), ((KEPT_MAX + 2) * QUARTER_MS, AgentStateSet("ann", "paused"))]
    quarters, hours = (answer(log, plan(), interval=each)["intervals"] for each in ("15m", "1h"))
    assert (KEPT_MAX, "1970-01-01T00:45:00+00:00") == (len(quarters), quarters[0]["start"])
    assert "1970-01-01T01:00:00+00:00" == hours[0]["start"]
    assert (KEPT_MAX + 2) * QUARTER_MS == folded(log, plan()).tally().ready_ms
    assert KEPT_MAX + 3 == len(json.loads(offline(log, plan()))["intervals"])


def test_from_and_to_are_of_the_starts() -> None:
    """Told are the intervals that begin in [from, to)."""
    told = present("UTC", "2026-03-02T09:00", "2026-03-02T10:00")
    story: Log = [(ms("2026-03-02T09:00"), AgentStateSet("ann", "ready")), (ms("2026-03-02T10:00"), ready("bob")[0])]
    part = answer(story, plan(), since="2026-03-02T09:05", until="2026-03-02T09:45")["intervals"]
    assert [each["start"] for each in told[1:3]] == [each["start"] for each in part]


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"interval": "7m"}, "--interval 7m: a day is not made of such intervals: write 5m, 15m, 30m, 1h or 24h"),
        ({"interval": "30s"}, "--interval 30s: a day is not made of such intervals"),
        ({"interval": "0m"}, "--interval 0m: a day is not made of such intervals"),
        ({"interval": "48h"}, "--interval 48h: a day is not made of such intervals"),
        ({"interval": "15"}, "--interval 15: `15` is not a duration: write it like 20s, 3m, 2h or 1h30m"),
        ({"interval": "1d"}, "--interval 1d: a day has no fixed length"),
        ({"interval": "5m"}, "--interval 5m: kept are intervals of 15m and its multiples"),
        ({"queue": "hepl"}, "--queue hepl: there is no such queue (did you mean `help`?)"),
        ({"queue": "x"}, "--queue x: there is no such queue (known: help)"),
        ({"measures": ["sl", "asaa"]}, "--measure asaa: there is no such measure (did you mean `asa`?; known:"),
        ({"measures": ["occupancy"], "queue": "help"}, "--measure occupancy: agents serve several queues"),
        ({"measures": ["handling_time"], "basis": "arrival"}, "--measure handling_time: agents' time passes whoever"),
        ({"basis": "departure"}, "--basis departure: write completion or arrival"),
        ({"since": "noon"}, "--from noon: write an instant such as 2026-03-02T09:00"),
        ({"until": "2026-13-01"}, "--to 2026-13-01: write an instant such as 2026-03-02T09:00"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(asked: dict[str, Any], said: str) -> None:
    """Each with the option, what is wrong and what to write instead."""
    with pytest.raises(UsageFault) as fault:
        Asked(**asked, before="--").of(Measures(plan()), "UTC")
    assert str(fault.value).startswith(said)


def test_more_than_can_be_told_is_refused() -> None:
    """A journal of many years is not cut into quarter hours, unless a part of it is asked for."""
    log: Log = [
        (0, ready("ann")[0]),
        (0, AgentStateSet("ann", "offline")),
        ((SPANS_MAX + 2) * QUARTER_MS, ready("ann")[0]),
    ]
    with pytest.raises(UsageFault, match="that is too long a time for such short intervals"):
        answer(log, plan())
    assert 1 == len(answer(log, plan(), since="1970-01-02", until="1970-01-02T00:15")["intervals"])


def test_an_empty_journal_has_no_measures() -> None:
    """A journal without rows is told from one in which nothing was measured."""
    with pytest.raises(UsageFault, match="the journal is empty: nothing has happened yet"):
        asyncio.run(fold(MemoryJournal(), QUARTER_MS, no_pause))
