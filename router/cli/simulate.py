"""`firstline simulate`: replications of made-up or recorded days, their figures, and the verdicts on targets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from router.centre import Centre
from router.cli.centres import checked
from router.cli.printing import counted, print_table, results
from router.errors import UsageFault
from router.measures import Tally
from router.times import first_monday
from simulator import report, volumes
from simulator.experiment import Experiment, replicate_all
from simulator.population import load_population
from simulator.targets import exit_code, parse_target, targets_of
from simulator.volumes import Volumes

MARKS: Final = {"met": "green", "missed": "red", "undecided": "yellow"}


@dataclass(frozen=True, slots=True)
class Columns:
    """What the command line says of a file of volumes; what it does not say is sniffed where it is plain."""

    time: str | None = None
    count: str | None = None
    index: str | None = None
    interval: str | None = None


def run(
    folder: Path,
    *,
    days: int,
    first_day: str | None,
    seed: int,
    replications: int,
    targets: Sequence[str],
    volumes: Path | None,
    columns: Columns,
    workers: int,
    as_json: bool,
) -> int:
    """Everything is checked before the first replication. 0 all met, 1 any missed, else 3 any not decidable."""
    wanted = [parse_target(text) for text in targets]
    centre = checked(folder)
    load_population(centre.document, centre.plan)
    wanted = wanted or targets_of(centre.document)
    counts = _volumes(volumes, columns)
    experiment = Experiment(
        folder,
        _first_day(first_day, days, centre, counts),
        days,
        seed,
        replications,
        tuple({target.acceptable_wait_ms for target in wanted if target.acceptable_wait_ms is not None}),
        counts,
    )
    tallies = _replicate(experiment, min(workers or os.cpu_count() or 1, replications), quiet=as_json)
    figures, judgements = report.figures(tallies), report.judge(wanted, tallies)
    if as_json:
        asked = {
            "centre": centre.plan.centre,
            "plan": centre.plan.hash,
            "first_day": str(experiment.first_day),
            "days": days,
            "seed": seed,
            "replications": replications,
        }
        print(json.dumps({**asked, **report.as_json(figures, judgements)}, ensure_ascii=False))
    else:
        _print(centre, experiment, figures, judgements)
    return exit_code(judgement.verdict for judgement in judgements) if judgements else 0


def _volumes(path: Path | None, columns: Columns) -> Volumes | None:
    if path is not None:
        return volumes.read(path, columns.time, columns.count, columns.interval, columns.index)
    if columns != Columns():
        raise UsageFault(
            "--time-column, --count-column, --index-column and --interval speak of a file: name it with --volumes"
        )
    return None


def _first_day(text: str | None, days: int, centre: Centre, counts: Volumes | None) -> date:
    """The day asked for, else the first of the volumes, else the first Monday of the centre's horizon.

    Outside the horizon no calendar is known, and outside the volumes nobody comes: both would look like a quiet day.
    """
    begin, end = centre.horizon
    first = _date(text) if text is not None else counts.first_day if counts else first_monday(begin)
    if first < begin or days > (end - first).days:  # Not by the last day, which no calendar may know.
        what = f"a run of {counted(days, 'day')} from {first}"
        hint = f"choose others with --from and --days, or change `horizon` in {centre.folder}"
        raise UsageFault(f"{what} is not within the centre's horizon, {begin} to {end}: {hint}")
    last = first + timedelta(days - 1)
    if counts and (last < counts.first_day or first > counts.last_day):
        spans = f"it spans {counts.first_day} to {counts.last_day}"
        raise UsageFault(f"{counts.file} has no day from {first} to {last}: {spans}")
    return first


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageFault(f"--from {text}: write a date such as 2026-03-02") from None


def _replicate(experiment: Experiment, workers: int, *, quiet: bool) -> list[Tally]:
    """The sums of all replications, in their order, with a bar on stderr while they run."""
    done: dict[int, Tally] = {}
    columns = (TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=experiment.replications)
        for number, tally in replicate_all(experiment, workers):
            done[number] = tally
            progress.advance(task)
    return [done[number] for number in sorted(done)]


def _print(
    centre: Centre, experiment: Experiment, figures: Sequence[report.Figure], judgements: Sequence[report.Judgement]
) -> None:
    console = results()
    days = f"{counted(experiment.days, 'day')} from {experiment.first_day:%a %Y-%m-%d}"
    runs = counted(experiment.replications, "replication")
    console.print(f"{centre.plan.centre}, rules {centre.plan.hash}: {days}, {runs}, seed {experiment.seed}")
    rows = [
        (each.measure.title, *report.shown_interval(each.interval, each.measure.unit), each.measure.formula)
        for each in figures
    ]
    print_table(console, ("measure", "value", "95 % interval", "formula"), rows)
    for judgement in judgements:
        value, bounds = report.shown_interval(judgement.figure.interval, judgement.figure.measure.unit)
        word = judgement.verdict.value
        console.print(
            f"target {judgement.target.text}: [{MARKS[word]}]{word}[/] ({value}, {bounds}, n = {judgement.figure.n:,})"
        )
