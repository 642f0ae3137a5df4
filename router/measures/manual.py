"""The reference of all measures, written from their definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.measures.definitions import (
    ABANDONMENT,
    FLOW_COUNTS,
    HANDLING,
    OCCUPANCY,
    RESOLUTION,
    SERVICE_LEVELS,
    WAITS,
    About,
    Measure,
)
from router.measures.tally import EXITS, FLOW

INTRODUCTION: Final = """\
# Measures

Every measure is a quotient of sums under a name, with a version that rises when what it counts changes. Totals divide
sums: no percentage is ever averaged. [Measures by intervals](../measures.md) says how to ask for them.

*AWT* is the acceptable wait of each queue (`acceptable_wait`), a *short abandon* one within its `short_abandon`.
Waits are those of this visit in this queue. *Sent away* and *sent on* are sums of the ways out below.

| counts | basis |
|---|---|
| contacts | by *completion*: when a contact is answered, gone or wrapped up; by *arrival*: when it was offered |
| work | agents' time with contacts and offers of a queue, as it passes, split at the borders of intervals |
| floor | all time of all agents, likewise; of no single queue, as agents serve several |
"""
GROUPS: Final = (
    ("Flow", FLOW_COUNTS),
    ("Service level", SERVICE_LEVELS),
    ("Abandonment", ABANDONMENT),
    ("Waits", WAITS),
    ("Handle time", HANDLING),
    ("Agents' time", OCCUPANCY),
    ("Resolution", RESOLUTION),
)
LAW: Final = "## The conservation law"


def manual() -> str:
    """The page in Markdown: every measure with its version, unit, formula and basis, and the conservation law."""
    return "\n".join([INTRODUCTION, *(_table(title, measures) for title, measures in GROUPS), _law()])


def _table(title: str, measures: tuple[Measure, ...]) -> str:
    head = f"## {title}\n\n| measure | version | what | unit | formula | counts |\n|---|---|---|---|---|---|"
    return "\n".join([head, *map(_row, measures), ""])


def _row(measure: Measure) -> str:
    about: About = measure.about
    return f"| `{measure.name}` | {measure.version} | {measure.title} | {measure.unit} | {measure.formula} | {about} |"


def _law() -> str:
    return "\n".join(_law_lines())


def _law_lines() -> Iterator[str]:
    yield LAW
    yield ""
    yield "Of every queue, at every instant and over every interval:"
    yield ""
    ways = " + ".join(name for name in FLOW if name in EXITS)
    yield f"    carried_in + offered = {ways} + carried_out"
    yield ""
    yield "| way out | how |"
    yield "|---|---|"
    yield from (f"| `{name}` | {way} |" for name, way in EXITS.items())
    yield ""
