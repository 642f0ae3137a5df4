"""`firstline check`: every fault in a centre's files."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from router.centre import load
from router.centre.document import Document, read
from router.cli.printing import counted
from router.errors import CentreFault, Fault
from simulator.population import load_population, shape
from simulator.targets import targets_of


def run(folder: Path, *, as_json: bool) -> int:
    """Print the faults, or that there are none. 0, or 2 with faults."""
    try:
        centre = load(folder)
        targets_of(centre.document)
        if centre.document.section("population"):
            load_population(centre.document, centre.plan)
    except CentreFault as error:
        document, _ = read(folder)
        faults = {*error.faults, *_of_population(document)}
        _report(sorted(faults, key=lambda fault: (fault.file, fault.line)), as_json=as_json)
        if document.broken:
            print("names may stand in what cannot be read, so unknown names are not looked for yet", file=sys.stderr)
        return error.exit_code
    plan = centre.plan
    if as_json:
        print(json.dumps({"faults": [], "centre": plan.centre, "plan": plan.hash, "notices": centre.notices}))
    else:
        for notice in centre.notices:
            print(f"note: {notice}")
        parts = (
            counted(len(plan.entry_points), "entry point"),
            counted(len(plan.floor.queues), "queue"),
            counted(len(plan.floor.agents), "agent"),
            counted(len(plan.desk.teams), "process team"),
        )
        print(f"{plan.centre}: no faults. {', '.join(parts)}; rules {plan.hash}")
    return 0


def _of_population(document: Document) -> list[Fault]:
    """What is wrong with the population by itself, where the rest of the centre has faults too."""
    try:
        shape(document)
    except CentreFault as error:
        return list(error.faults) if document.section("population") else []
    return []


def _report(faults: Sequence[Fault], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"faults": [asdict(fault) for fault in faults]}, ensure_ascii=False))
        return
    for fault in faults:
        print(fault)
    print(counted(len(faults), "fault"), file=sys.stderr)
