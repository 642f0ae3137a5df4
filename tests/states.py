"""The page of states, drawn from the tables that the core moves along."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import acd.agent
import acd.contact
import escalation.case
from acd.model import ContactState, Stance, WorkState
from escalation.case import CaseState

PAGE = Path(__file__).resolve().parent.parent / "docs/reference/states.md"
HEAD = """\
# States

Drawn from the tables that the engine moves along (`./dev docs` writes this page; a test compares it).
An arrow is named by the kind of the event that moves something along it, and "to" the state that the event names.
"""

Table = Mapping[Any, Mapping[str, Any]]


def page() -> str:
    """The whole page."""
    drawn = (
        drawing("A contact", ContactState, acd.contact.TRANSITIONS),
        drawing("An agent", Stance, acd.agent.STANCES),
        drawing("An agent with one contact", WorkState, acd.agent.WORKS),
        drawing("A case", CaseState, escalation.case.TRANSITIONS),
    )
    return "\n".join((HEAD, *drawn))


def drawing(title: str, states: type[StrEnum], table: Table) -> str:
    """One table as a diagram, with what the states mean."""
    lines = [f"    {before} --> {after}: {', '.join(events)}" for before, after, events in arrows(table)]
    first = next(iter(states))
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *lines, "```"])
    return f"## {title}\n\n{states.__doc__}\n\n{diagram}\n"


def arrows(table: Table) -> list[tuple[str, str, list[str]]]:
    """(from, to, events): one arrow for all events that lead the same way. Mermaid has its own use for colons."""
    ways: dict[tuple[str, str], list[str]] = {}
    for before, moves in table.items():
        for event, after in moves.items():
            ways.setdefault((str(before), str(after)), []).append(event.replace(":", " to "))
    return [(before, after, events) for (before, after), events in ways.items()]
