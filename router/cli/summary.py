"""What a run came to, for people and as JSON: the figures, each with its formula, and whether the stories hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console

from router.cli.player import Outcome
from router.cli.printing import counted, figure, print_table, results
from router.measures import MEASURES, Tally, figures
from router.plan import Plan

ASKED: Final = ("offered", "answered", "abandoned", "sl", "asa", "fcr", "flr", "escalated")
PROBLEMS_SHOWN_MAX: Final = 20
LATE_MS_NOTED: Final = 100
"""Commands later than this (real milliseconds) make figures of another world than the one that was drawn."""
OWN_LATE_MS_NOTED: Final = 25
"""A machine that has time for us rings our timers within a few real milliseconds; this late, it is short of it."""


def print_figures(console: Console, tally: Tally, plan: Plan) -> None:
    """The measures that everybody asks for, with what they are shares or means of, and their formulas."""
    rows = [(MEASURES[name].title, *_value(name, tally), MEASURES[name].formula) for name in ASKED]
    print_table(console, ("measure", "value", "n", "formula"), rows)
    waits_ms = {queue.id: queue.acceptable_wait_ms for queue in plan.floor.queues.values()}
    console.print(f"[dim]AWT: {acceptable_waits(waits_ms)}[/]")


def _value(name: str, tally: Tally) -> tuple[str, str]:
    """The value, and what it is a share or a mean of."""
    measure = MEASURES[name]
    return figure(name, tally, "no data"), "" if measure.unit == "count" else f"{measure.parts(tally)[1]:,}"


def acceptable_waits(waits_ms: Mapping[str, int]) -> str:
    """The acceptable wait of each queue: "20 s (payroll), 30 s (finance, hr)"."""
    queues: dict[int, list[str]] = {}
    for name, wait_ms in waits_ms.items():
        queues.setdefault(wait_ms, []).append(name)
    if len(queues) == 1:
        return f"{min(queues) / 1000:g} s"
    return ", ".join(f"{wait_ms / 1000:g} s ({', '.join(names)})" for wait_ms, names in sorted(queues.items()))


def print_play(plan: Plan, outcome: Outcome, speed: float) -> None:
    """The figures of a run, and its stories."""
    console = results()
    if outcome.tally:
        print_figures(console, outcome.tally, plan)
    else:
        console.print("no figures: some of what happened was never heard")
    for line in verdict(play_as_json(outcome), speed):
        console.print(line, soft_wrap=True)


def play_as_json(outcome: Outcome) -> dict[str, Any]:
    """The same as plain data. Durations are ms of the centre's clock."""
    return {
        "interrupted": outcome.interrupted,
        "contacts": outcome.contacts,
        "rows": outcome.rows,
        "refusals": outcome.refusals,
        "late_ms": _quantiles(outcome.late_ms),
        "own_late_ms": _quantiles(outcome.own_late_ms),
        "outages": asdict(outcome.outages),
        "measures": figures(outcome.tally) if outcome.tally else None,
        "problems": outcome.problems,
    }


def verdict(played: dict[str, Any], speed: float) -> list[str]:
    """What is to be said of a run's stories, its refusals and its punctuality, a line each."""
    return [
        _stories(played),
        *_problems(played["problems"]),
        _refusals(played["refusals"]),
        *_outages(played["outages"]),
        _lateness(played, speed),
    ]


def _stories(played: dict[str, Any]) -> str:
    checked = f"{counted(played['contacts'], 'contact')}, {counted(played['rows'], 'row')}"
    if played["problems"]:
        return f"[red]stories   {checked}: {len(played['problems'])} do not hold[/]"
    so_far = " so far (interrupted)" if played["interrupted"] else ""
    return f"[green]stories   {checked}: every story holds{so_far}[/]"


def _problems(problems: Sequence[str]) -> list[str]:
    more = len(problems) - PROBLEMS_SHOWN_MAX
    lines = [f"          {problem}" for problem in problems[:PROBLEMS_SHOWN_MAX]]
    return [*lines, f"          and {more} more; --json lists all"] if more > 0 else lines


def _refusals(refusals: dict[str, int]) -> str:
    said = ", ".join(f"{count} {fault}" for fault, count in sorted(refusals.items())) or "none"
    return f"refused   {said}{' (a race lost, which is normal)' if set(refusals) == {'stale'} else ''}"


def _outages(outages: dict[str, Any]) -> list[str]:
    """What was late over an outage says nothing about the machine."""
    count, late_s, away = outages["count"], outages["late_ms_max"] / 1000, f"for {outages['away_s']:.1f} s"
    if not count:
        return []
    often = f"once, {away}" if count == 1 else f"{count} times, {away} in all"
    line = f"outages   the broker or the service was away or silent {often}"
    if not late_s:
        return [f"{line}: no command was late over it", *_clock(outages)]
    late = f"commands were up to {late_s:.1f} s late by the centre's clock, and waits above hold that delay"
    return [f"[yellow]{line}: {late}[/]", *_clock(outages)]


def _clock(outages: dict[str, Any]) -> list[str]:
    """What a service that went on where its journal ended means for the stories."""
    stood_s, early_s = outages["stood_ms"] / 1000, outages["early_ms_max"] / 1000
    if not stood_s:
        return []
    line = f"clock     the centre's clock stood still for {stood_s:.1f} s of its own time meanwhile"
    if not early_s:
        return [f"{line}, and the stories with it"]
    return [f"{line}: commands on their way came up to {early_s:.1f} s early by it, which their stories may be too"]


def _lateness(played: dict[str, Any], speed: float) -> str:
    p50, p99, most = (played["late_ms"][name] / 1000 for name in ("p50", "p99", "max"))
    head = "punctual  otherwise" if played["outages"]["count"] else "punctual "
    line = f"{head} {p50:.1f} s late in the middle, 99 % by {p99:.1f} s, {most:.1f} s at most, by the centre's clock"
    if p99 * 1000 <= LATE_MS_NOTED * speed:
        return line
    ours = played["own_late_ms"]["p99"] > OWN_LATE_MS_NOTED * speed
    who = "this machine" if ours else "the broker, the service or this machine"
    return f"[yellow]{line}: {who} cannot keep up with --speed {speed:g}, and waits above hold that delay[/]"


def _quantiles(ordered: Sequence[int]) -> dict[str, int]:
    return {"p50": _quantile(ordered, 0.5), "p99": _quantile(ordered, 0.99), "max": _quantile(ordered, 1)}


def _quantile(ordered: Sequence[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0
