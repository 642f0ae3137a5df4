"""Calendars from a centre's files: zones, nights, switching clocks, holidays and make-up working days."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from escalation.hours import Calendar
from router.centre import calendars
from router.centre.calendars import CalendarSpec, calendar_notices, compile_calendar
from router.centre.document import read

Horizon = tuple[date, date]

HOUR_MS = 3_600_000
YEARS_2025_2026 = (date(2025, 1, 1), date(2027, 1, 1))
OFFICE = {"mon-fri": ["09:00-18:00"]}
SHANGHAI = {"zone": "Asia/Shanghai", "week": OFFICE, "holidays": {"country": "CN"}}


def compiled(horizon: Horizon = YEARS_2025_2026, /, **fields: Any) -> Calendar:
    """The calendar of these fields, as a file would give them."""
    return compile_calendar("tested", CalendarSpec.model_validate(fields), horizon)


def ms(instant: str) -> int:
    """Milliseconds since the epoch of an instant in ISO 8601 with its offset."""
    return (datetime.fromisoformat(instant) - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def opened_hours(calendar: Calendar, day: str, offset: str = "+08:00") -> float:
    """How many hours the desk is open within 24 hours from the midnight that begins `day`."""
    midnight = ms(f"{day}T00:00{offset}")
    return calendar.elapsed(midnight, midnight + 24 * HOUR_MS) / HOUR_MS


def refusals(**fields: Any) -> list[str]:
    """What is wrong with these fields: the place and the sentence of each fault."""
    with pytest.raises(ValidationError) as caught:
        CalendarSpec.model_validate(fields)
    return [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in caught.value.errors()]


# The week


@st.composite
def shifts(draw: st.DrawFn) -> str:
    """An interval as written, at a grain of a quarter of an hour; nights and `24:00` included."""
    opens, closes = draw(st.integers(0, 95)), draw(st.integers(0, 96))
    return "-".join(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (opens, closes))


weeks = st.dictionaries(
    st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), st.lists(shifts(), max_size=3), min_size=1
)


def minutes(wall: str) -> int:
    """Minutes from midnight of a wall time."""
    return int(wall[:2]) * 60 + int(wall[3:])


def covered(week: dict[str, list[str]], day: date, minute: int) -> bool:
    """Whether a minute of a date lies in a shift of that date, or in the night of the date before."""

    def spans(of: date) -> list[tuple[int, int]]:
        texts = week.get(of.strftime("%a").lower(), [])
        return [(minutes(text[:5]), minutes(text[6:])) for text in texts]

    today = any(opens <= minute < (closes if closes > opens else 1440) for opens, closes in spans(day))
    return today or any(closes <= opens and minute < closes for opens, closes in spans(day - timedelta(days=1)))


@given(weeks)
def test_a_week_opens_in_the_minutes_it_names(week: dict[str, list[str]]) -> None:
    """In a zone that keeps its offset, a desk is open in exactly the quarters that some shift covers."""
    monday = date(2025, 6, 2)
    horizon = (monday, monday + timedelta(days=8))
    expected = [covered(week, monday + timedelta(days=day), quarter * 15) for day in range(8) for quarter in range(96)]
    if not any(expected):
        with pytest.raises(ValueError, match="never open"):
            compiled(horizon, zone="Asia/Shanghai", week=week)
        return
    calendar = compiled(horizon, zone="Asia/Shanghai", week=week)
    assert expected == [calendar.is_open(calendar.horizon[0] + at * HOUR_MS // 4) for at in range(8 * 96)]


def test_a_span_of_days_may_run_over_sunday() -> None:
    """`sun-thu` is the working week of half the world."""
    calendar = compiled(zone="Asia/Kathmandu", week={"sun-thu": ["10:00-17:00"]})
    days = [f"2025-06-{day:02}" for day in range(1, 8)]
    assert [7, 7, 7, 7, 7, 0, 0] == [opened_hours(calendar, day, "+05:45") for day in days]


def test_overlapping_intervals_are_a_union() -> None:
    """Two shifts that overlap for an hour open the desk once."""
    calendar = compiled(zone="UTC", week={"mon": ["09:00-13:00", "12:00-18:00"]})
    assert 9 == opened_hours(calendar, "2025-06-02", "+00:00")


def test_days_without_a_break_are_one_interval() -> None:
    """From 00:00 to 24:00 every day there is no opening and no closing, only the horizon."""
    calendar = compiled(zone="Europe/Berlin", week={"mon-sun": ["00:00-24:00"]})
    assert (calendar.horizon[:1], calendar.horizon[1:]) == (calendar.starts, calendar.ends)


def test_the_horizon_ends_before_its_second_date() -> None:
    """A horizon is half-open like everything else, and a night over its edges is cut there."""
    horizon = (date(2025, 6, 2), date(2025, 6, 3))
    calendar = compiled(horizon, zone="UTC", week={"mon-sun": ["22:00-06:00"]})
    assert (ms("2025-06-02T00:00Z"), ms("2025-06-03T00:00Z")) == calendar.horizon
    assert (ms("2025-06-02T00:00Z"), ms("2025-06-02T22:00Z")) == calendar.starts
    assert (ms("2025-06-02T06:00Z"), ms("2025-06-03T00:00Z")) == calendar.ends


# Switching clocks


@pytest.mark.parametrize(
    ("zone", "shift", "opening", "hours"),
    [
        ("Europe/Berlin", "00:00-06:00", "2025-03-30T00:00+01:00", 5),
        ("Europe/Berlin", "00:00-06:00", "2025-10-26T00:00+02:00", 7),
        ("Europe/Berlin", "22:00-06:00", "2025-03-29T22:00+01:00", 7),
        ("Europe/Berlin", "22:00-06:00", "2025-10-25T22:00+02:00", 9),
        ("Australia/Lord_Howe", "00:00-06:00", "2025-10-05T00:00+10:30", 5.5),
        # Closing at the first of two 02:30; opening at a missing 02:30 is 02:30 by the offset before the gap.
        ("Europe/Berlin", "01:00-02:30", "2025-10-26T01:00+02:00", 1.5),
        ("Europe/Berlin", "02:30-04:00", "2025-03-30T02:30+01:00", 0.5),
    ],
)
def test_a_shift_lasts_as_long_as_it_lasts(zone: str, shift: str, opening: str, hours: float) -> None:
    """Business time is real time: a night on which the clocks change is shorter or longer than the wall says."""
    calendar = compiled(zone=zone, week={"mon-sun": [shift]})
    start = ms(opening)
    assert start in calendar.starts
    assert start + hours * HOUR_MS == calendar.ends[calendar.starts.index(start)]


def test_a_shift_turned_round_by_a_gap_is_empty() -> None:
    """From a missing 02:30 to 03:15 no time passes: 02:30 by the old offset is 03:30 by the new one."""
    calendar = compiled(zone="Europe/Berlin", week={"sun": ["02:30-03:15"]})
    assert 0 == opened_hours(calendar, "2025-03-30", "+01:00")
    assert 0.75 == opened_hours(calendar, "2025-04-06", "+02:00")


def test_a_date_that_never_happened_is_empty() -> None:
    """Samoa skipped 30 December 2011: Thursday's closing is followed by Monday's opening."""
    horizon = (date(2011, 12, 1), date(2012, 2, 1))
    calendar = compiled(horizon, zone="Pacific/Apia", week={"mon-fri": ["09:00-17:00"]})
    thursdays_closing = ms("2011-12-29T17:00-10:00")
    assert ms("2012-01-02T09:00+14:00") == calendar.next_change(thursdays_closing)


def test_a_night_reaches_over_a_date_that_never_happened() -> None:
    """A horizon that begins on the day after a skipped date still has the end of the night that led there."""
    horizon = (date(2011, 12, 31), date(2012, 1, 2))
    calendar = compiled(horizon, zone="Pacific/Apia", week={"thu": ["22:00-06:00"]})
    assert 6 == opened_hours(calendar, "2011-12-31", "+14:00")


# Holidays


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2025-01-26", 9),  # a Sunday, worked for 3 February
        ("2025-02-08", 9),
        ("2025-04-27", 9),
        ("2025-09-28", 9),
        ("2025-10-11", 9),
        ("2025-01-28", 0),  # New Year's Eve, a holiday since 2025
        ("2025-02-04", 0),
        ("2025-05-05", 0),
        ("2025-10-01", 0),
        ("2025-10-08", 0),
        ("2025-10-09", 9),
        ("2025-10-12", 0),  # an ordinary Sunday
        ("2026-01-02", 0),
        ("2026-01-04", 9),
        ("2026-02-14", 9),
        ("2026-02-23", 0),
        ("2026-02-28", 9),
        ("2026-05-09", 9),
        ("2026-09-20", 9),
        ("2026-10-07", 0),
        ("2026-10-10", 9),
    ],
)
def test_china_works_what_the_state_council_decreed(day: str, hours: float) -> None:
    """Days off of 2025 and 2026 are closed, and the weekends that pay for them are worked."""
    assert hours == opened_hours(compiled(**SHANGHAI), day)


def test_a_make_up_day_has_the_hours_of_a_named_weekday() -> None:
    """A weekend worked in return has Monday's hours unless another day is named, or none at all."""
    week = {"mon": ["09:00-18:00"], "fri": ["09:00-12:00"]}
    found = [
        opened_hours(compiled(zone="Asia/Shanghai", week=week, holidays={"country": "CN"} | more), "2025-01-26")
        for more in ({}, {"make_up_as": "fri"}, {"make_up_as": None})
    ]
    assert [9, 3, 0] == found


def test_explicit_dates_win_over_the_country() -> None:
    """An extra date is worked whatever it is; partial and closed ones replace what the country says."""
    calendar = compiled(
        **SHANGHAI,
        extra={"2025-10-01": ["10:00-12:00"], "2025-10-05": ["10:00-11:00"]},
        partial={"2025-10-02": ["10:00-13:00"]},
        closed=["2025-10-05", "2025-10-09..2025-10-11"],
    )
    expected = {"10-01": 2, "10-02": 3, "10-03": 0, "10-05": 1, "10-09": 0, "10-10": 0, "10-11": 0, "10-13": 9}
    assert expected == {day: opened_hours(calendar, f"2025-{day}") for day in expected}


def test_a_holiday_takes_the_night_that_begins_on_it() -> None:
    """The night before a holiday runs to its end on the holiday; the night of the holiday is not worked."""
    calendar = compiled(zone="Europe/Berlin", week={"mon-sun": ["22:00-06:00"]}, closed=["2025-05-01"])
    eve = ms("2025-04-30T22:00+02:00")
    assert ms("2025-05-01T06:00+02:00") == calendar.next_change(eve)
    assert ms("2025-05-02T22:00+02:00") == calendar.next_change(ms("2025-05-01T06:00+02:00"))


def test_a_holiday_before_the_horizon_takes_its_night_too() -> None:
    """On a horizon from New Year on, the night of New Year's Eve counts by the holidays of the year before."""
    horizon = (date(2026, 1, 1), date(2026, 1, 5))
    week = {"mon-sun": ["22:00-06:00"]}
    calendar = compiled(horizon, zone="Europe/Riga", week=week, holidays={"country": "LV"})
    assert 0 == opened_hours(calendar, "2026-01-01", "+02:00")


def test_a_subdivision_has_holidays_of_its_own() -> None:
    """Corpus Christi is a holiday in Bavaria and a working day in Berlin."""
    found = [
        opened_hours(
            compiled(zone="Europe/Berlin", week=OFFICE, holidays={"country": "DE", "subdivision": land}),
            "2025-06-19",
            "+02:00",
        )
        for land in ("BY", "BE")
    ]
    assert [0, 9] == found


def test_a_year_without_a_decree_is_said_so() -> None:
    """A horizon beyond the last decree gives a notice that names the years; one within it gives none."""
    spec = CalendarSpec.model_validate(SHANGHAI)
    assert () == calendar_notices("shanghai", spec, YEARS_2025_2026)
    (notice,) = calendar_notices("shanghai", spec, (date(2026, 1, 1), date(2090, 1, 1)))
    assert notice.startswith("calendar shanghai: no make-up working days of CN are known for ")
    assert "2089; once they are decreed, update the holidays package" in notice


@pytest.mark.parametrize("where", [{}, {"holidays": {"country": "JP"}}])
def test_where_no_days_are_moved_there_is_no_notice(where: dict[str, Any]) -> None:
    """Calendars without holidays, or of countries that move no working days, give no notice for any year."""
    spec = CalendarSpec.model_validate({"zone": "Asia/Tokyo", "week": OFFICE} | where)
    assert () == calendar_notices("tokyo", spec, (date(2025, 1, 1), date(2040, 1, 1)))


# Bad input


@pytest.mark.parametrize("week", [{}, {"mon-fri": []}])
def test_a_calendar_that_never_opens_is_refused(week: dict[str, list[str]]) -> None:
    """An empty calendar would give no due date ever, so it is an error of the centre's files."""
    with pytest.raises(ValueError, match="calendar tested is never open from 2025-01-01 to 2027-01-01"):
        compiled(zone="UTC", week=week)


def test_an_empty_horizon_is_refused() -> None:
    """A horizon must hold at least one date."""
    with pytest.raises(ValueError, match="holds no date"):
        compiled((date(2025, 1, 1), date(2025, 1, 1)), zone="UTC", week=OFFICE)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"zone": "ASIA/SHANGHAI"}, "zone: Value error, `ASIA/SHANGHAI` is no time zone of the IANA database; did you"),
        ({"zone": "nowhere at all"}, "zone: Value error, `nowhere at all` is no time zone of the IANA database; write"),
        ({"zone": "Asia/Shangai"}, "zone: Value error, `Asia/Shangai` is no time zone of the IANA database; did you"),
        ({"zone": "Asia"}, "zone: Value error, `Asia` is no time zone"),
        ({"zone": "../etc"}, "zone: Value error, `../etc` is no time zone"),
        ({"week": {"monday": []}}, "week.monday.[key]: Value error, `monday` names no days: write one of mon, tue"),
        ({"week": {"mon-mon": []}}, "week.mon-mon.[key]: Value error, `mon-mon` names no days"),
        ({"week": {"mon-fri": [], "fri": []}}, "week: Value error, fri stands in more than one line of the week"),
        ({"week": {"mon": ["9-18"]}}, "week.mon.0: Value error, `9-18` is not an interval: write 09:00-18:00"),
        ({"week": {"mon": ["24:00-06:00"]}}, "week.mon.0: Value error, `24:00-06:00` is not an interval"),
        ({"week": {"mon": ["09:00-24:30"]}}, "week.mon.0: Value error, `09:00-24:30` is not an interval"),
        ({"week": {"mon": [900]}}, "week.mon.0: Value error, `900` is not an interval"),
        ({"closed": ["1.10.2026"]}, "closed.0: Value error, `1.10.2026` is neither a date nor a span"),
        ({"closed": ["2026-02-30"]}, "closed.0: Value error, `2026-02-30` is in no calendar: day is out of range"),
        ({"closed": ["2026-10-07..2026-10-01"]}, "closed.0: Value error, `2026-10-07..2026-10-01` ends before it be"),
        ({"extra": {"soon": ["09:00-18:00"]}}, "extra.soon.[key]: Value error, `soon` is not a date"),
        ({"extra": {"2026-10-10": []}}, "extra.2026-10-10: List should have at least 1 item"),
        ({"holidays": {"country": "XX"}}, "holidays: Value error, no public holidays are known for this place"),
        ({"holidays": {"country": "China"}}, "holidays: Value error, `China` is not a country: write its two letters"),
        ({"holidays": {"country": "CN", "subdivision": "ZZ"}}, "holidays: Value error, no public holidays are known"),
        ({"opening": "09:00"}, "opening: Extra inputs are not permitted"),
        (
            {"closed": ["2026-12-01..2026-12-31"], "partial": {"2026-12-24": ["09:00-12:00"]}},
            "partial: Value error, 2026-12-24 is both closed and partial: strike one of them",
        ),
    ],
)
def test_what_is_written_wrong_is_named(fields: dict[str, Any], refusal: str) -> None:
    """Every fault names its field and says what to write instead."""
    (found,) = refusals(**{"zone": "UTC", "week": OFFICE} | fields)
    assert found.removeprefix(": ").startswith(refusal)


def test_the_example_in_the_documentation_is_a_calendar(tmp_path: Path) -> None:
    """The calendar shown at the head of the module compiles, and means what its comments say."""
    assert calendars.__doc__
    shown = [line for line in calendars.__doc__.splitlines() if line.startswith("    ")]
    (tmp_path / "calendars.yaml").write_text("\n".join(["calendars:", *shown]), encoding="utf-8")
    document, faults = read(tmp_path)
    assert [] == faults
    calendar = compiled((date(2026, 1, 1), date(2028, 1, 1)), **document.section("calendars")["shanghai"])
    expected = {"2026-10-10": 9, "2026-10-16": 8, "2026-10-17": 4, "2026-12-24": 3, "2026-12-31": 0, "2027-02-12": 0}
    assert expected == {day: opened_hours(calendar, day) for day in expected}


# The test vectors: clocks that only run


def vectors() -> dict[str, Any]:
    """The vector file for clocks; empty where the folder of test vectors does not lie beside the checkout."""
    file = Path(__file__).resolve().parents[2] / "shared" / "vectors" / "sla_cases.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {"calendars": {}, "cases": []}


VECTORS = vectors()
RUNNING = [
    pytest.param(case, id=case["id"])
    for case in VECTORS["cases"]
    if case["kind"] == "clock"
    and [event["type"] for event in case["events"]] == ["created"]
    and VECTORS["calendars"][case["clock"]["calendar"]]["week"]
] or [pytest.param(None, marks=pytest.mark.skip(reason="no folder `shared` with test vectors beside the checkout"))]


def as_written(calendar: dict[str, Any]) -> dict[str, Any]:
    """A calendar of the vectors in the words of a centre's files."""

    def hours(dates: dict[str, list[list[str]]]) -> dict[str, list[str]]:
        return {key: [f"{opens}-{closes}" for opens, closes in intervals] for key, intervals in dates.items()}

    days_off = hours(calendar.get("holidays", {}))
    return {
        "zone": calendar["tz"],
        "week": hours(calendar["week"]),
        "closed": [day for day, intervals in days_off.items() if not intervals],
        "partial": {day: intervals for day, intervals in days_off.items() if intervals},
        "extra": hours(calendar.get("extra", {})),
    }


def iso(at: int | None) -> str | None:
    """An instant as the vectors write it."""
    return at if at is None else datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("case", RUNNING)
def test_running_clocks_agree_with_the_vectors(case: dict[str, Any]) -> None:
    """Due, breach, elapsed, warning and ladder instants of clocks without pauses are those of the vector file."""
    start, as_of = ms(case["events"][0]["at"]), ms(case["as_of"])
    year = datetime.fromtimestamp(start / 1000, UTC).year
    fields = as_written(VECTORS["calendars"][case["clock"]["calendar"]])
    calendar = compiled((date(year - 1, 1, 1), date(year + 2, 1, 1)), **fields)
    target_ms = case["clock"]["target_s"] * 1000
    (expected,) = case["expected"]
    actual = {
        "due_at": iso(calendar.due_at(start, target_ms)),
        "breach_at": iso(calendar.breach_at(start, target_ms)),
        "elapsed_s": calendar.elapsed(start, as_of) // 1000,
        "breached": calendar.elapsed(start, as_of) > target_ms,
        "warn_at": {
            str(percent): iso(calendar.due_at(start, target_ms * percent // 100))
            for percent in case["clock"].get("warn_pct", [])
        },
        "ladder_at": {
            step: iso((calendar.due_at if after_s < 0 else calendar.breach_at)(start, target_ms + after_s * 1000))
            for step, after_s in case["clock"].get("ladder_s", {}).items()
        },
    }
    assert {key: expected.get(key, {}) for key in actual} == actual
