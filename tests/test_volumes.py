"""Recorded call volumes: what is read, what is refused, and what is drawn from them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router.centre import load
from router.errors import UsageFault
from simulator import volumes
from simulator.population import Customer, draw, load_population
from tests.conftest import ROOT

NEW_YORK = ZoneInfo("America/New_York")
HOUR_MS = 3_600_000


def written(folder: Path, text: str | bytes) -> Path:
    """A file of volumes."""
    file = folder / "calls.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def counts(read: volumes.Volumes) -> list[tuple[str, int]]:
    """The intervals as people read them."""
    return [(interval.start.isoformat(" ", "minutes"), interval.count) for interval in read.intervals]


TWO = [("2026-03-02 07:00", 3), ("2026-03-02 07:15", 0)]


@pytest.mark.parametrize(
    "text",
    [
        "time,calls\n2026-03-02 07:00,3\n2026-03-02 07:15,0\n",
        "\ufefftime,calls\r\n2026-03-02T07:00:00,3.0\r\n2026-03-02T07:15:00,0.0\r\n",
        "time;calls\n02.03.2026 07:00;3\n02.03.2026 07:15;0",
        "time\tanything\n2026/03/02 07:00\t3\n\n2026/03/02 07:15\t0\n\n",
        'site,"when, exactly",agents,Calls\nnorth,2026-03-02 07:00,5,3\nnorth,2026-03-02 07:15,5,0\n',
        "time,calls\n2026-03-02 07:00:00,3e0\n2026-03-02 07:15:00,.0\n",
    ],
)
def test_plain_files_need_no_options(tmp_path: Path, text: str) -> None:
    """Columns, separator, form of times and length of intervals are told from the file where they are plain."""
    read = volumes.read(written(tmp_path, text))

    assert (900_000, TWO) == (read.interval_ms, counts(read))


def test_options_name_what_is_not_plain(tmp_path: Path) -> None:
    """Columns and length are taken from the options where the file leaves a choice."""
    file = written(tmp_path, "from,to,in,out\n2026-03-02 07:00,2026-03-02 07:15,3,9\n")
    read = volumes.read(file, time_column="from", count_column="in", interval="15m")

    assert (900_000, TWO[:1]) == (read.interval_ms, counts(read))


def test_dates_with_an_index(tmp_path: Path) -> None:
    """A date and the index of the interval in its day are a time; the highest index tells the length."""
    rows = "".join(f"2026-03-02,{index},{index % 7}\n" for index in range(96))
    file = written(tmp_path, f"Date,interval,calls\n{rows}")
    sniffed = volumes.read(file)
    named = volumes.read(file, "Date", "calls", "15m", "interval")

    assert sniffed == named
    assert ("2026-03-02 23:45", 95 % 7) == counts(sniffed)[-1]


def test_bare_dates_are_whole_days(tmp_path: Path) -> None:
    """A count for each date is a day's volume."""
    read = volumes.read(written(tmp_path, "day,calls\n2026-03-02,300\n2026-03-03,280\n2026-03-06,250\n"))

    assert (24 * HOUR_MS, [300, 280, 250]) == (read.interval_ms, [interval.count for interval in read.intervals])


def test_day_or_month_first_is_told_by_any_row(tmp_path: Path) -> None:
    """One day above 12 anywhere in the file settles which of two numbers is the day."""
    read = volumes.read(written(tmp_path, "time,calls\n12/03/2026 07:00,1\n13/03/2026 07:00,1\n"))

    assert [date(2026, 3, 12), date(2026, 3, 13)] == [interval.start.date() for interval in read.intervals]


def test_times_with_an_offset_are_instants(tmp_path: Path) -> None:
    """In the hour that a clock repeats, offsets tell the two halves apart."""
    file = written(tmp_path, "time,calls\n2026-11-01T01:30-04:00,3\n2026-11-01T01:00-05:00,4\n2026-11-01T06:30Z,5\n")
    read = volumes.read(file)
    expected = [datetime(2026, 11, 1, hour, minute, tzinfo=UTC) for hour, minute in ((5, 30), (6, 0), (6, 30))]

    assert expected == [interval.start for interval in read.intervals]
    assert {date(2026, 11, 1): list(read.intervals)} == read.by_day(NEW_YORK)
    assert 3 == len({interval.minute() for interval in read.intervals})


def test_wall_time_is_that_of_the_centre() -> None:
    """Seven in the morning is an hour earlier by UTC once the clocks have been put forward."""
    before = volumes.Interval(datetime(2026, 3, 6, 7), 1)  # noqa: DTZ001 (wall time)
    after = volumes.Interval(datetime(2026, 3, 9, 7), 1)  # noqa: DTZ001 (wall time)

    assert 3 * 24 * HOUR_MS - HOUR_MS == after.start_ms(NEW_YORK) - before.start_ms(NEW_YORK)


HEAD = "time,calls\n2026-03-02 07:00,3\n2026-03-02 07:05,4\n"


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("", "calls.csv", "the file is empty"),
        ("\n\n", "calls.csv", "the file is empty"),
        ("time,calls\n", "calls.csv:1", "there is nothing below the header"),
        ("time\n2026-03-02 07:00\n", "calls.csv:1", "there is only one column"),
        ("2026-03-02 07:00,3\n2026-03-02 07:05,4\n", "calls.csv:1", "the first line holds values"),
        ("time,time\n2026-03-02 07:00,3\n", "calls.csv:1", "two columns have this name"),
        ("time,calls\n2026-03-02 07:00,3,4\n", "calls.csv:2", "this row has 3 cells, the header 2"),
        (b"time,calls\n2026-03-02 07:00,\xff\n", "calls.csv:2", "byte 0xFF is not UTF-8"),
        ('time,calls\n"2026-03-02 07:00,3\n', "calls.csv:2", "this is not CSV"),
        ("time,calls\nmonday,3\n", "calls.csv:2", "no column fits"),
        ("time,calls\n2026-03-02 07:00,many\n", "calls.csv:2", "no column fits"),
        ("time,a,b\n2026-03-02 07:00,3,4\n", "calls.csv:2", "more than one column fits: a, b"),
        (HEAD + "2026-03-02 07:10,nan\n", "calls.csv:4", "`nan` is no number"),
        (HEAD + "2026-03-02 07:10,inf\n", "calls.csv:4", "`inf` is no number"),
        (HEAD + "2026-03-02 07:10,\n", "calls.csv:4", "the count is missing"),
        (HEAD + "2026-03-02 07:10,\uff13\n", "calls.csv:4", "`\uff13` is no number"),
        (HEAD + "2026-03-02 07:10,1_000\n", "calls.csv:4", "`1_000` is no number"),
        (HEAD + "2026-03-02 07:10,-1\n", "calls.csv:4", "a count of -1 is below nothing"),
        (HEAD + "2026-03-02 07:10,2.5\n", "calls.csv:4", "a count of 2.5 is not whole"),
        (HEAD + "2026-03-02 07:10,1e12\n", "calls.csv:4", "a count of 1e12 in one interval is beyond belief"),
        (HEAD + "2026-03-02 07:05,5\n", "calls.csv:4", "the interval 2026-03-02 07:05:00 stands here a second time"),
        (HEAD + "2026-03-01 07:10,5\n", "calls.csv:4", "2026-03-01 07:10:00 comes after 2026-03-02 07:05:00"),
        (HEAD + "2026-03-02 07:15,5\n", "calls.csv:4", "intervals are missing between 2026-03-02 07:05:00 and"),
        (HEAD + "2026-03-02 07:09,5\n", "calls.csv:3", "intervals are missing between 2026-03-02 07:00:00 and"),
        (HEAD + "2026-02-30 07:10,5\n", "calls.csv:4", "`2026-02-30 07:10` is no time of the same form"),
        (HEAD + "2026-03-02 07:10Z,5\n", "calls.csv:4", "some times have an offset, and some have none"),
        (HEAD + "2026-03-02 07:10:30,5\n", "calls.csv:4", "`2026-03-02 07:10:30` is within a minute"),
        (
            "time,calls\n02/03/2026 07:00,3\n02/03/2026 07:05,4\n",
            "calls.csv:2",
            "`02/03/2026 07:00` may be day or month",
        ),
        ("time,calls\n2026-03-02 07:00,3\n", "calls.csv", "one row does not tell how long an interval is"),
        ("date,slot,calls\n2026-03-02,-1,3\n", "calls.csv:2", "`-1` is no index"),
        ("date,slot,calls\n2026-03-02,6,3\n", "calls.csv", "7 intervals do not part a day into whole minutes"),
    ],
)
def test_bad_files(tmp_path: Path, text: str | bytes, place: str, sentence: str) -> None:
    """What cannot be taken as it is, is refused with file, line and reason; nothing is repaired in silence."""
    with pytest.raises(UsageFault) as caught:
        volumes.read(written(tmp_path, text))

    assert str(caught.value).startswith(f"{tmp_path / place}: ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"time_column": "when"}, "there is no column `when` (its columns are time, calls)"),
        ({"count_column": "call"}, "there is no column `call` (did you mean `calls`?)"),
        ({"count_column": "time"}, "`2026-03-02 07:00` is no number"),
        ({"time_column": "calls", "count_column": "calls"}, "`3` is no time"),
        ({"interval": "15"}, "`15` is not a duration"),
        ({"interval": "90s"}, "an interval is a number of whole minutes"),
        ({"interval": "48h"}, "an interval is a number of whole minutes, a day at most"),
        ({"interval": "15m"}, "2026-03-02 07:05:00 comes within the interval before, 0:15:00 long"),
        ({"interval": "1m"}, "intervals are missing between"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict[str, str], sentence: str) -> None:
    """An option that does not fit the file is said to, and what would."""
    with pytest.raises(UsageFault) as caught:
        volumes.read(written(tmp_path, HEAD), **options)

    assert sentence in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A path that cannot be read is said in a sentence."""
    with pytest.raises(UsageFault, match=r"nowhere\.csv: the file cannot be read: No such file"):
        volumes.read(tmp_path / "nowhere.csv")


def bank_customers(read: volumes.Volumes, first_day: date, days: int, seed: int = 7) -> list[Customer]:
    """Customers of the example bank."""
    centre = load(ROOT / "examples" / "bank")
    return list(draw(load_population(centre.document, centre.plan), centre.plan, seed, first_day, days, read))


def test_counts_are_kept_and_instants_random(tmp_path: Path) -> None:
    """Every interval has exactly its count, spread over all of it."""
    read = volumes.read(
        written(tmp_path, "time,calls\n2026-03-02 07:00,6000\n2026-03-02 07:05,0\n2026-03-02 07:10,2\n")
    )
    customers = bank_customers(read, date(2026, 3, 2), 1)
    start = read.intervals[0].start_ms(NEW_YORK)
    seconds = Counter((customer.arrival_ms - start) // 1_000 for customer in customers)
    chi_square = sum((seconds[second] - 20) ** 2 / 20 for second in range(300))

    assert 6002 == len(customers)
    assert [customer.arrival_ms for customer in customers] == sorted(customer.arrival_ms for customer in customers)
    assert 6000 == sum(seconds[second] for second in range(300))
    assert 2 == sum(seconds[second] for second in range(600, 900))
    assert 225 < chi_square < 382  # 299 degrees of freedom: 0.1 % on either side


def test_an_interval_does_not_depend_on_the_others(tmp_path: Path) -> None:
    """A changed count adds or takes away customers of its interval, and leaves everybody else who they are."""
    few = volumes.read(written(tmp_path, "time,calls\n2026-03-02 07:00,3\n2026-03-02 07:05,4\n"))
    more = volumes.read(written(tmp_path, "time,calls\n2026-03-02 07:00,5\n2026-03-02 07:05,4\n"))

    def people(read: volumes.Volumes) -> set[tuple[int, str, int]]:
        drawn = bank_customers(read, date(2026, 3, 2), 1)
        return {(customer.arrival_ms, customer.number, customer.talk_ms) for customer in drawn}

    assert people(few) < people(more)


def test_days_without_any_interval(tmp_path: Path) -> None:
    """A run on days that the file does not have is refused, and told which it has."""
    read = volumes.read(written(tmp_path, HEAD))

    with pytest.raises(UsageFault) as caught:
        bank_customers(read, date(2026, 3, 3), 2)

    assert "no interval lies on 2026-03-03 to 2026-03-04" in str(caught.value)
    assert "(it covers 2026-03-02 to 2026-03-02: begin with --from 2026-03-02)" in str(caught.value)


def test_the_north_american_bank(shared: Path) -> None:
    """A week of the bank's five-minute counts is drawn as it is, in the centre's zone."""
    read = volumes.read(shared / "data" / "bank_calls.csv")
    customers = bank_customers(read, date(2003, 3, 10), 7)
    starts = Counter(customer.arrival_ms // 300_000 * 300_000 for customer in customers)
    recorded = {
        interval.start_ms(NEW_YORK): interval.count
        for day, intervals in read.by_day(NEW_YORK).items()
        if date(2003, 3, 10) <= day <= date(2003, 3, 16)
        for interval in intervals
    }

    assert (27_716, 300_000) == (len(read.intervals), read.interval_ms)
    assert (date(2003, 3, 3), date(2003, 10, 24)) == (read.first_day, read.last_day)
    assert recorded == starts
    assert (169_585, "c-169585") == (len(customers), customers[-1].id)


def test_the_israeli_bank(shared: Path) -> None:
    """A year of six-minute counts by date and index is read with the columns named, and without."""
    file = shared / "data" / "anonymous_bank_1999_6min.csv"
    read = volumes.read(file, "Date", "calls", index_column="interval")

    assert (87_600, 360_000) == (len(read.intervals), read.interval_ms)
    assert 445_369 == sum(interval.count for interval in read.intervals)
    assert read == volumes.read(file)
