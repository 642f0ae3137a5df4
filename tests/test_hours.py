"""Business time: the laws of `escalation.hours`, against a desk watched minute by minute."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from escalation.hours import Calendar

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
HORIZON_MINUTES = 240

# Friday 09:00 to 17:00 and Monday 09:00 to 17:00, in hours from Friday's midnight.
WEEKEND = Calendar("weekend", (9 * HOUR_MS, 81 * HOUR_MS), (17 * HOUR_MS, 89 * HOUR_MS), (0, 120 * HOUR_MS))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any calendar whose edges are whole minutes, the empty one and those that touch the horizon included."""
    edges = sorted(draw(st.sets(st.integers(0, HORIZON_MINUTES), max_size=12)))
    edges = [edge * MINUTE_MS for edge in edges[: len(edges) // 2 * 2]]
    return Calendar("drawn", tuple(edges[::2]), tuple(edges[1::2]), (0, HORIZON_MINUTES * MINUTE_MS))


minutes = st.integers(-10, HORIZON_MINUTES + 10)
instants = st.integers(-10 * MINUTE_MS, (HORIZON_MINUTES + 10) * MINUTE_MS)
targets_ms = st.integers(0, HORIZON_MINUTES * MINUTE_MS)


def watched(calendar: Calendar) -> list[int]:
    """The open minutes of the horizon, found without arithmetic: by looking at every interval for every minute."""
    return [
        minute
        for minute in range(HORIZON_MINUTES)
        if any(start <= minute * MINUTE_MS < end for start, end in zip(calendar.starts, calendar.ends, strict=True))
    ]


@given(calendars(), minutes)
def test_open_is_what_a_watcher_sees(calendar: Calendar, minute: int) -> None:
    """A desk is open in exactly the minutes that lie in one of its intervals."""
    assert (minute in watched(calendar)) == calendar.is_open(minute * MINUTE_MS)


@given(calendars(), minutes, minutes)
def test_elapsed_is_what_a_watcher_counts(calendar: Calendar, start: int, end: int) -> None:
    """Elapsed time is the number of open minutes between two instants, negative when they are turned round."""
    first, last = sorted((start, end))
    counted = sum(first <= minute < last for minute in watched(calendar))
    expected = (counted if start <= end else -counted) * MINUTE_MS
    assert expected == calendar.elapsed(start * MINUTE_MS, end * MINUTE_MS)


@given(calendars(), minutes, st.integers(1, HORIZON_MINUTES))
def test_due_is_when_a_watcher_has_counted_enough(calendar: Calendar, start: int, target: int) -> None:
    """A clock is due at the end of the minute that completes its target."""
    counted = [minute for minute in watched(calendar) if minute >= start]
    expected = (counted[target - 1] + 1) * MINUTE_MS if target <= len(counted) else None
    assert expected == calendar.due_at(start * MINUTE_MS, target * MINUTE_MS)


@given(calendars(), minutes, st.integers(0, HORIZON_MINUTES))
def test_breach_is_when_a_watcher_begins_to_count_too_much(calendar: Calendar, start: int, target: int) -> None:
    """A clock is breached from the beginning of the first open minute after its target."""
    counted = [minute for minute in watched(calendar) if minute >= start]
    expected = counted[target] * MINUTE_MS if target < len(counted) else None
    assert expected == calendar.breach_at(start * MINUTE_MS, target * MINUTE_MS)


@given(calendars(), instants)
def test_next_change_is_the_first_flip(calendar: Calendar, at: int) -> None:
    """Up to the next change nothing changes, and there it does; the horizon's end is no change."""
    end_of_horizon = calendar.horizon[1]
    edges = sorted({*calendar.starts, *calendar.ends} - {end_of_horizon})
    expected = next((edge for edge in edges if edge > at), None)
    actual = calendar.next_change(at)
    assert expected == actual
    if actual is not None:
        assert calendar.is_open(at) == calendar.is_open(actual - 1) != calendar.is_open(actual)


@given(calendars(), instants, instants, instants)
def test_elapsed_is_additive(calendar: Calendar, a: int, b: int, c: int) -> None:
    """Time from a to b and from b to c is the time from a to c, in whatever order they lie."""
    assert calendar.elapsed(a, c) == calendar.elapsed(a, b) + calendar.elapsed(b, c)


@given(calendars(), instants, instants, instants)
def test_elapsed_is_monotone_and_never_faster_than_the_clock(calendar: Calendar, start: int, a: int, b: int) -> None:
    """A clock never runs backwards, and never faster than real time."""
    earlier, later = sorted((a, b))
    assert 0 <= calendar.elapsed(start, later) - calendar.elapsed(start, earlier) <= later - earlier


@given(calendars(), instants, targets_ms)
def test_exactly_the_target_has_elapsed_when_due(calendar: Calendar, start: int, target_ms: int) -> None:
    """At the due instant exactly the target has elapsed, and a millisecond before it had not."""
    due = calendar.due_at(start, target_ms)
    if due is None:
        assert target_ms > calendar.elapsed(start, calendar.horizon[1])
        return
    assert start <= due
    assert target_ms == calendar.elapsed(start, due)
    assert target_ms == 0 or calendar.elapsed(start, due - 1) < target_ms


@given(calendars(), instants, targets_ms)
def test_breach_is_strict_and_in_open_time(calendar: Calendar, start: int, target_ms: int) -> None:
    """At the breach the desk is open with exactly the target elapsed, and a millisecond later it is exceeded."""
    breach = calendar.breach_at(start, target_ms)
    if breach is None:
        assert target_ms >= calendar.elapsed(start, calendar.horizon[1])
        return
    due = calendar.due_at(start, target_ms)
    assert due is not None
    assert start <= due <= breach
    assert calendar.is_open(breach)
    assert target_ms == calendar.elapsed(start, breach)
    assert target_ms < calendar.elapsed(start, breach + 1)


@given(calendars(), instants, st.lists(targets_ms, min_size=2))
def test_a_larger_target_is_never_due_earlier(calendar: Calendar, start: int, several_ms: list[int]) -> None:
    """Due and breach instants come in the order of their targets, those beyond the horizon last."""
    for instant in (calendar.due_at, calendar.breach_at):
        found = [instant(start, target_ms) for target_ms in sorted(several_ms)]
        known = [at for at in found if at is not None]
        assert found == known + [None] * (len(found) - len(known))
        assert all(earlier <= later for earlier, later in pairwise(known))


@given(calendars())
def test_a_calendar_survives_the_plan(calendar: Calendar) -> None:
    """Written to JSON a calendar is its id, intervals and horizon; read back, it is equal and answers the same."""
    adapter = TypeAdapter(Calendar)
    assert {"id", "starts", "ends", "horizon"} == set(adapter.dump_python(calendar))
    for twin in (adapter.validate_json(adapter.dump_json(calendar)), deepcopy(calendar)):
        assert calendar == twin
        assert hash(calendar) == hash(twin)
        assert calendar.elapsed(*calendar.horizon) == twin.elapsed(*twin.horizon)


def test_due_at_closing_is_breached_at_the_next_opening() -> None:
    """An hour from Friday 16:00 is due at Friday's closing and breached only from Monday's opening on."""
    start = 16 * HOUR_MS
    assert 17 * HOUR_MS == WEEKEND.due_at(start, HOUR_MS)
    assert 81 * HOUR_MS == WEEKEND.breach_at(start, HOUR_MS)


def test_a_clock_started_in_closed_time_waits_for_the_opening() -> None:
    """A case of Saturday begins to use its time on Monday morning."""
    assert 82 * HOUR_MS == WEEKEND.due_at(30 * HOUR_MS, HOUR_MS)


def test_a_target_of_nothing_is_due_at_once() -> None:
    """With no time allowed a clock is due where it starts, and breached as soon as the desk is open."""
    saturday = 30 * HOUR_MS
    assert saturday == WEEKEND.due_at(saturday, 0)
    assert 81 * HOUR_MS == WEEKEND.breach_at(saturday, 0)


def test_the_last_closing_can_be_due_but_not_breached() -> None:
    """A target that uses up the horizon has a due instant, but no breach that anybody could know of."""
    assert 89 * HOUR_MS == WEEKEND.due_at(0, 16 * HOUR_MS)
    assert WEEKEND.breach_at(0, 16 * HOUR_MS) is None
    assert WEEKEND.due_at(0, 16 * HOUR_MS + 1) is None


def test_a_calendar_that_never_opens_gives_no_due_date() -> None:
    """Without open time nothing falls due, nothing elapses, and no question runs on for ever."""
    never = Calendar("never", (), (), (0, HOUR_MS))
    assert (None, None, None, 0, False) == (
        never.due_at(0, 1),
        never.breach_at(0, 0),
        never.next_change(0),
        never.elapsed(0, HOUR_MS),
        never.is_open(0),
    )


def test_the_end_of_the_horizon_is_no_closing() -> None:
    """A desk that never closes has no next change, even where its compiled hours run out."""
    always = Calendar("always", (0,), (HOUR_MS,), (0, HOUR_MS))
    assert always.next_change(0) is None


@pytest.mark.parametrize("question", [WEEKEND.due_at, WEEKEND.breach_at])
def test_a_negative_target_is_a_broken_invariant(question: object) -> None:
    """Nobody may promise less than nothing: it is our own fault, and an assertion."""
    assert callable(question)
    with pytest.raises(AssertionError, match="never negative"):
        question(0, -1)


@pytest.mark.parametrize(
    ("starts", "ends", "reason"),
    [
        ((0,), (), "1 openings but 0 closings"),
        ((5,), (5,), "sorted, not empty, and apart"),
        ((0, 5), (5, 9), "sorted, not empty, and apart"),
        ((5, 0), (9, 3), "sorted, not empty, and apart"),
        ((0,), (11,), "outside the horizon"),
        ((-1,), (5,), "outside the horizon"),
    ],
)
def test_a_damaged_calendar_is_refused(starts: tuple[int, ...], ends: tuple[int, ...], reason: str) -> None:
    """Intervals that are unsorted, empty, touching or outside the horizon are refused, built by us or read."""
    with pytest.raises(ValueError, match=reason):
        Calendar("damaged", starts, ends, (0, 10))
    with pytest.raises(ValidationError, match=reason):
        TypeAdapter(Calendar).validate_python({"id": "damaged", "starts": starts, "ends": ends, "horizon": (0, 10)})
