"""How results are printed: on stdout, wide where it is no terminal, without blanks at the ends of lines."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from router.measures import MEASURES, Tally
from simulator.report import shown

WIDE: Final = 120


def results() -> Console:
    """Where results go."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)


def print_table(
    console: Console, headings: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ("value", "n")
) -> None:
    """A table without lines. The columns `right` (else values and counts) stand to the right, others to the left."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    for row in rows:
        table.add_row(*row)
    if console.is_terminal:
        console.print(table, soft_wrap=False)
        return
    with console.capture() as printed:
        console.print(table, soft_wrap=False)
    for line in printed.get().splitlines():
        print(line.rstrip())


def figure(name: str, tally: Tally, none: str = "-") -> str:
    """A measure of a tally for people; `none` where it has no data."""
    measure = MEASURES[name]
    value = measure.of(tally)
    return none if value is None else shown(value, measure.unit)


def counted(number: int, noun: str) -> str:
    """A number and its noun: 1 day, 5 days, 1,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """What a stranger sent must not move the cursor of whoever reads it."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
