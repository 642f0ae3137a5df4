"""`firstline measures`: a table, CSV and JSON from a journal, and what it refuses."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acd.events import AgentStateSet
from router import codec
from router.adapters.sqlite import SqliteJournal
from router.cli import measures as command
from router.errors import JournalFault, UsageFault
from router.events import ContactArrived, ContactLeft
from router.intervals import Asked
from router.ports import Batch, Row
from tests.processes import firstline
from tests.worlds import S, Story, as_it_is, plan

HOUR_MS = 3_600_000
AUTUMN_MS = 1_792_886_400_000
"""2026-10-25 00:00 in UTC: in Berlin it is two in the morning, and will be once more."""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Two hours in the night in which the clocks go back, with a contact in each; the second one still waits."""
    rules = replace(plan(), zone="Europe/Berlin")
    story = Story(rules)
    story.take(AUTUMN_MS, AgentStateSet("ann", "paused"), ContactArrived("c1", "100"))
    story.take(AUTUMN_MS + 30 * S, ContactLeft("c1"))
    story.take(AUTUMN_MS + HOUR_MS, ContactArrived("c2", "100"))
    events = [(at, event) for at, event in story.log if at]
    rows = [
        Row(seq, at, "", event.kind, codec.version_of(event.kind), codec.encode(event, as_it_is))
        for seq, (at, event) in enumerate(events, start=1)
    ]

    async def write() -> None:
        kept = await SqliteJournal.open(tmp_path / "night.db")
        await kept.save_plan(rules.hash, codec.dump_plan(rules))
        await kept.append(Batch(rows))
        await kept.close()

    asyncio.run(write())
    return tmp_path / "night.db"


def printed(journal: Path, capsys: pytest.CaptureFixture[str], *, as_: str = "", **asked: Any) -> str:
    """What the command prints."""
    command.run(journal, Asked(before="--", **asked), as_json=as_ == "json", as_csv=as_ == "csv")
    return capsys.readouterr().out


def test_a_table(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each interval and one for all, then each formula; an hour that comes twice says which one it is."""
    assert [
        "all queues, by completion, as of 2026-10-25T02:00:00+01:00 (Europe/Berlin)",
        "from                    offered  abandoned  asa",
        "2026-10-25 02:00+02:00        1    100.0 %    -",
        "2026-10-25 02:00+01:00        1          -    -",
        "total                         2    100.0 %    -",
        "offered (offered, version 1): entered a queue",
        "abandoned (abandoned, version 1): abandoned / (answered + abandoned + sent away)",
        "asa (ASA, version 1): queue wait of answered / answered",
        "AWT: 20 s",
    ] == printed(journal, capsys, interval="1h", measures=("offered", "abandoned", "asa")).splitlines()


def test_what_is_shown_to_who_names_nothing(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The usual measures, as far as the question has them; a whole day is called by its date."""
    lines = printed(journal, capsys, interval="24h").splitlines()
    assert ["from", *command.SHOWN] == lines[1].split()
    assert lines[2].startswith("2026-10-25  ")
    of_queue = printed(journal, capsys, interval="24h", queue="help").splitlines()
    assert ["from", *(name for name in command.SHOWN if name != "occupancy")] == of_queue[1].split()
    assert of_queue[0].startswith("help, by completion")


def test_csv(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each interval with the terms of the flow and the measures, units last in their names."""
    text = printed(journal, capsys, as_="csv", measures=("offered", "abandoned", "abandon_wait"))
    first, *_, last = csv.DictReader(io.StringIO(text))
    assert (5, "2026-10-25T02:00:00+02:00", "2026-10-25T02:15:00+02:00") == (
        text.count("\n") - 1,
        first["start"],
        first["end"],
    )
    assert ("1", "1", "1.0", "30000.0") == tuple(
        first[name] for name in ("offered", "abandoned", "abandoned_share", "abandon_wait_ms")
    )
    assert ("1", "1", "") == tuple(last[name] for name in ("offered", "carried_out", "abandoned_share"))


def test_json(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with every measure there is."""
    answer = json.loads(printed(journal, capsys, as_="json", since="2026-10-25T02:00+01:00"))
    assert (1, "2026-10-25T02:00:00+01:00") == (len(answer["intervals"]), answer["intervals"][0]["start"])
    assert {"occupancy", "sl_lenient", "handling_time"} <= answer["total"]["figures"].keys()


def test_the_command_line(journal: Path) -> None:
    """Every option reaches the question; a fault is one sentence and exit code 2."""
    words = ("measures", "--journal", str(journal), "--interval", "30m", "--queue", "help", "--measure", "asa",
             "--basis", "arrival", "--from", "2026-10-25", "--to", "2026-10-26", "--json")  # fmt: skip
    done = firstline(*words)
    answer = json.loads(done.stdout)
    assert (0, 1_800_000, "help", "arrival", ["asa"]) == (
        done.returncode, answer["interval_ms"], answer["queue"], answer["basis"], [*answer["measures"]]
    )  # fmt: skip
    done = firstline("measures", "--journal", str(journal), "--interval", "7m")
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("firstline: --interval 7m: a day is not made of such intervals: write 5m,")


def test_what_the_command_refuses(journal: Path, tmp_path: Path) -> None:
    """Two forms at once, a journal that is not there, and one in which nothing has happened, each with what to do."""
    with pytest.raises(UsageFault, match="--json and --csv: choose one of the two"):
        command.run(journal, Asked(), as_json=True, as_csv=True)
    with pytest.raises(JournalFault, match=r"there is no journal at .*nowhere.db: check the name"):
        command.run(tmp_path / "nowhere.db", Asked(), as_json=False, as_csv=False)

    async def write() -> None:
        await (await SqliteJournal.open(tmp_path / "new.db")).close()

    asyncio.run(write())
    with pytest.raises(UsageFault, match=r"new.db: the journal is empty: nothing has happened yet"):
        command.run(tmp_path / "new.db", Asked(), as_json=False, as_csv=False)


def test_a_wrong_name_is_told_before_the_journal_is_read(tmp_path: Path) -> None:
    """It may take a while to read one."""
    with pytest.raises(UsageFault, match=r"--measure ocupancy: there is no such measure \(did you mean `occupancy`\?"):
        command.run(tmp_path / "nowhere.db", Asked(measures=("ocupancy",), before="--"), as_json=False, as_csv=False)
