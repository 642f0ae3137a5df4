"""A centre as a folder of reviewed files: checked as a whole, with every fault in its place, and compiled to a plan.

    centre = load(Path("examples/hello"))      # raises router.errors.CentreFault with all faults, or gives all of it
    centre.plan                                # what the engine and the simulator run
    centre.document.section("population")      # what the files say, each value with its place, for the simulator

Nothing below reads a zone file or a text: calendars are intervals, durations milliseconds, names known to exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from escalation.hours import Calendar
from router.centre.calendars import calendar_notices, compile_calendar
from router.centre.compile import compile_plan, plan_hash
from router.centre.coverage import unserved
from router.centre.document import Document, Place, read
from router.centre.durations import Duration, SomeTime
from router.centre.faults import explain
from router.centre.menus import dead_ends
from router.centre.references import dangling_names, missing_sections
from router.centre.sections import CentreSpec, Sections
from router.errors import CentreFault, Fault
from router.plan import Plan

__all__ = ["Centre", "Document", "Duration", "Place", "SomeTime", "explain", "load", "plan_hash", "schema"]


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre without a fault. `notices` are sentences about what its author should know although nothing is wrong.

    Calendars are known from the first date of the `horizon` to the one before the second.
    """

    plan: Plan
    document: Document
    folder: Path
    horizon: tuple[date, date]
    notices: tuple[str, ...] = ()


def load(folder: Path) -> Centre:
    """Read, check and compile the centre in `folder`.

    Raises `CentreFault` that lists every fault with file, line, field and hint, in the order of files and lines.
    A file that cannot be read at all hides names, so unknown names are looked for only once every file can be read.
    """
    document, faults = read(folder)
    sections, misshapen = _sections(document)
    faults += misshapen
    calendars, impossible = _calendars(document, sections)
    faults += impossible
    faults += dead_ends(document, sections)
    if not document.broken:
        faults += [*missing_sections(document), *dangling_names(document, sections), *unserved(document, sections)]
    if faults or sections.centre is None:
        raise CentreFault(sorted(faults, key=lambda fault: (fault.file, fault.line)))
    plan = compile_plan(sections.centre, sections, calendars)
    horizon = sections.centre.horizon.dates
    return Centre(plan, document, folder, horizon, tuple(_notices(sections.centre, sections)))


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one file of a centre, for editors."""
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A file of a Firstline centre"}
    return {**Sections.model_json_schema(), **about}


def _sections(document: Document) -> tuple[Sections, list[Fault]]:
    """What the files say without the entries that have a fault, and these faults."""
    try:
        return _validated(document.tree), []
    except ValidationError as error:
        faults = explain(document, (), Sections, error)
        faulty = {tuple(details["loc"][:2]) for details in error.errors()}
    sound = {
        name: {key: entry for key, entry in section.items() if (name, key) not in faulty}
        for name, section in document.tree.items()
        if isinstance(section, dict) and (name,) not in faulty and name in Sections.model_fields
    }
    if any(loc[0] == "centre" for loc in faulty):
        sound.pop("centre", None)
    return _validated(sound), faults


def _validated(tree: dict[str, Any]) -> Sections:
    """Validation as of JSON, whose strict mode takes a date's text for a date, but no text for a number."""
    return Sections.model_validate_json(json.dumps(tree, allow_nan=False))


def _calendars(document: Document, sections: Sections) -> tuple[dict[str, Calendar], list[Fault]]:
    """The compiled calendars, and a fault for each that cannot be. Without a horizon there is nothing to compile."""
    calendars: dict[str, Calendar] = {}
    faults: list[Fault] = []
    if sections.centre is None:
        return calendars, faults
    for calendar_id, spec in sections.calendars.items():
        try:
            calendars[calendar_id] = compile_calendar(calendar_id, spec, sections.centre.horizon.dates)
        except ValueError as error:
            faults.append(document.fault(("calendars", calendar_id), str(error)))
    return calendars, faults


def _notices(centre: CentreSpec, sections: Sections) -> Iterator[str]:
    for calendar_id, spec in sorted(sections.calendars.items()):
        yield from calendar_notices(calendar_id, spec, centre.horizon.dates)
