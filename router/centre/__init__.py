"""A centre as a folder of reviewed files: checked as a whole, with every fault in its place, and compiled to a plan.

    centre = load(Path("examples/hello"))      # raises router.errors.CentreFault with all faults, or gives all of it
    centre.plan                                # what the engine and the simulator run
    centre.document.section("population")      # what the files say, each value with its place, for the simulator

Nothing below reads a zone file or a text: calendars are intervals, durations milliseconds, names known to exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from escalation.hours import Calendar
from ivr.flow import Flow
from router.centre.calendars import calendar_notices, compile_calendar, slips
from router.centre.capacity import unbearable
from router.centre.compat_rules import compat_faults, compat_notices
from router.centre.compile import compile_flow, compile_plan, plan_hash
from router.centre.condition_rules import condition_faults
from router.centre.coverage import unserved
from router.centre.deferred import not_judged
from router.centre.document import Document, Place, read
from router.centre.durations import Duration, SomeTime
from router.centre.faults import errors_of, explain, not_read, sound_part, told_once, validated
from router.centre.futile import futile
from router.centre.menus import is_whole, menu_faults
from router.centre.queue_rules import queue_faults
from router.centre.references import contradictions, horizon, known_names
from router.centre.sections import CentreSpec, Sections
from router.errors import CentreFault, Fault
from router.plan import Plan

__all__ = [
    "Centre",
    "Document",
    "Duration",
    "Findings",
    "Place",
    "SomeTime",
    "examine",
    "explain",
    "in_order",
    "load",
    "plan_hash",
    "schema",
]


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


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a centre's folder: every fault, in the order of files and lines, or else the centre.

    `flows` are the menu trees that can be walked, for whoever has faults of his own to look for beside those.
    `deferred` are sentences about what could not be judged yet.
    """

    document: Document
    faults: tuple[Fault, ...]
    flows: Mapping[str, Flow]
    deferred: tuple[str, ...]
    centre: Centre | None


def load(folder: Path) -> Centre:
    """Read, check and compile the centre in `folder`.

    Raises `CentreFault` that lists every fault with file, line, field and hint, in the order of files and lines.
    """
    findings = examine(folder)
    if findings.centre is None:
        raise CentreFault(findings.faults)
    return findings.centre


def examine(folder: Path) -> Findings:
    """The same, but faults are handed back. Raises `CentreFault` only when there is nothing to read at all."""
    document, faults = read(folder)
    sections, misshapen, unread = _sections(document)
    calendars, impossible = _calendars(document, sections)
    # What is wrong with a value in itself is said first, and only that.
    told = {fault.field for fault in misshapen}
    senseless = [*impossible, *menu_faults(document), *contradictions(document), *unserved(document, told)]
    senseless += unbearable(document, told)
    senseless += [*queue_faults(document, sections, calendars), *condition_faults(document)]
    faults += [*told_once(misshapen), *(fault for fault in senseless if fault.field not in told)]
    rules = [*futile(document, sections, told), *compat_faults(document, sections, told)]
    faults += [finding for finding in rules if isinstance(finding, Fault)]
    flows = _flows(document, sections)
    open_rules = [finding for finding in rules if isinstance(finding, str)]
    deferred = tuple(dict.fromkeys([*unread, *not_judged(document, told), *open_rules]))
    if faults or sections.centre is None:
        return Findings(document, in_order(faults), flows, deferred, None)
    plan = compile_plan(sections.centre, sections, calendars)
    notices = tuple(_notices(sections.centre, sections))
    centre = Centre(plan, document, folder, sections.centre.horizon.dates, notices)
    return Findings(document, (), flows, (), centre)


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Each fault once, by file and line."""
    return tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line)))


def _flows(document: Document, sections: Sections) -> dict[str, Flow]:
    return {
        name: compile_flow(name, flow, sections.agents)
        for name, flow in sections.flows.items()
        if is_whole(document.value(("flows", name)))
    }


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one file of a centre, for editors."""
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A file of a Firstline centre"}
    return {**Sections.model_json_schema(), **about}


def _sections(document: Document) -> tuple[Sections, list[Fault], list[str]]:
    """What the files say without what has a fault of form, all faults of form and of names, and what is not read.

    Of queues and agents, all of whose settings are optional, only settings are left out; of others, entries.
    """
    form, names = errors_of(Sections, document.tree, known_names(document))
    sound = sound_part(Sections, document.tree, form, {"centre"}, {"queues", "agents"}) if form else document.tree
    faults = explain(document, (), Sections, [*form, *names])
    return validated(Sections, sound), faults, list(not_read(document, (), form))


def _calendars(document: Document, sections: Sections) -> tuple[dict[str, Calendar], list[Fault]]:
    """The compiled calendars, and a fault for each that cannot be. Without a horizon there is nothing to compile."""
    calendars: dict[str, Calendar] = {}
    faults: list[Fault] = []
    dates = horizon(document)
    if dates is None:
        return calendars, faults
    for calendar_id, spec in sections.calendars.items():
        path = ("calendars", calendar_id)
        faults += [document.fault(path, slip, "write each hour once") for slip in slips(spec)]
        try:
            calendars[calendar_id] = compile_calendar(calendar_id, spec, dates)
        except ValueError as error:
            faults.append(document.fault(path, str(error), "see `centre.horizon` too"))
    return calendars, faults


def _notices(centre: CentreSpec, sections: Sections) -> Iterator[str]:
    for calendar_id, spec in sorted(sections.calendars.items()):
        yield from calendar_notices(calendar_id, spec, centre.horizon.dates)
    yield from compat_notices(sections)
