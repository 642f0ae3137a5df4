"""`firstline measures`: the measures by intervals, counted again from a journal, which may be in use."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from router.adapters.sqlite import SqliteJournal
from router.cli.printing import print_table, results
from router.cli.reading import reading
from router.cli.summary import acceptable_waits
from router.errors import UsageFault
from router.intervals import Asked, as_data, fold
from router.times import DAY_MS
from simulator.report import shown

SHOWN: Final = ("offered", "answered", "abandoned", "sl", "asa", "aht", "occupancy")
"""What is printed for people who name no measures."""


def run(journal: Path, asked: Asked, *, as_json: bool, as_csv: bool) -> None:
    """Print the measures: a table, one JSON object, or CSV."""
    if as_json and as_csv:
        raise UsageFault("--json and --csv: choose one of the two")
    answer = asyncio.run(_read(journal, asked))
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
    elif as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(_records(answer))
    else:
        _print(answer, asked.measures or SHOWN)


async def _read(path: Path, asked: Asked) -> dict[str, Any]:
    interval_ms, _, _ = asked.check()  # before a journal is read, which may take a while
    store = await SqliteJournal.open(path, create=False, read_only=True)
    try:
        with reading() as pause:
            measures, zone = await fold(store, interval_ms, pause)
    except UsageFault as fault:
        raise UsageFault(f"{path}: {fault}") from fault
    finally:
        await store.close()
    return as_data(measures, asked.of(measures, zone), zone)


def _records(answer: dict[str, Any]) -> Iterator[list[Any]]:
    """A line for each interval, after one with the names: the flow, then the figures. What has no data is empty."""
    figures = {name: each["unit"] for name, each in answer["measures"].items() if each["unit"] != "count"}
    yield ["start", "end", *answer["total"]["flow"], *(f"{name}_{unit}" for name, unit in figures.items())]
    for each in answer["intervals"]:
        values = [each["figures"][name]["value"] for name in figures]
        yield [each["start"], each["end"], *each["flow"].values(), *values]


def _print(answer: dict[str, Any], names: Sequence[str]) -> None:
    console = results()
    measures = {name: answer["measures"][name] for name in names if name in answer["measures"]}
    of = answer["queue"] or "all queues"
    console.print(f"{of}, by {answer['basis']}, as of {answer['as_of']} ({answer['zone']})")
    called = _called([each["start"] for each in answer["intervals"]], whole_days=answer["interval_ms"] == DAY_MS)
    told = zip([*called, "total"], [*answer["intervals"], answer["total"]], strict=True)
    rows = [(name, *_values(each, measures)) for name, each in told]
    print_table(console, ["from", *measures], rows, right=tuple(measures))
    for name, measure in measures.items():
        console.print(f"[dim]{name} ({measure['title']}, version {measure['version']}): {measure['formula']}[/]")
    console.print(f"[dim]AWT: {acceptable_waits(answer['acceptable_wait_ms'])}[/]")


def _values(told: dict[str, Any], measures: dict[str, Any]) -> list[str]:
    values = {name: told["figures"][name]["value"] for name in measures}
    return ["-" if value is None else shown(value, measures[name]["unit"]) for name, value in values.items()]


def _called(starts: Sequence[str], *, whole_days: bool) -> list[str]:
    """By the clocks of the zone; where they say the same twice, with how far they are from UTC."""
    places = 10 if whole_days else 16
    short = Counter(start[:places] for start in starts)
    return [(start[:places] + (start[19:] if short[start[:places]] > 1 else "")).replace("T", " ") for start in starts]
