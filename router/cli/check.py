"""`firstline check`: every fault in a centre's files."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from router.centre import Centre
from router.cli.centres import inspect
from router.cli.printing import counted
from router.errors import CentreFault, Fault


def run(folder: Path, *, as_json: bool) -> int:
    """Print the faults, or that there are none. 0, or 2 with faults."""
    inspection = inspect(folder)
    if inspection.centre is None:
        _report(inspection.faults, inspection.deferred, as_json=as_json)
        return CentreFault.exit_code
    _approve(inspection.centre, as_json=as_json)
    return 0


def _report(faults: Sequence[Fault], deferred: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        told = {"faults": [asdict(fault) for fault in faults], "not_judged": deferred}
        print(json.dumps(told, ensure_ascii=False))
    else:
        for fault in faults:
            print(fault)
        print(counted(len(faults), "fault"), file=sys.stderr)
    for sentence in deferred:
        print(f"not judged yet: {sentence}", file=sys.stderr)


def _approve(centre: Centre, *, as_json: bool) -> None:
    plan = centre.plan
    if as_json:
        told = {"faults": [], "not_judged": [], "centre": plan.centre, "plan": plan.hash, "notices": centre.notices}
        print(json.dumps(told, ensure_ascii=False))
        return
    for notice in centre.notices:
        print(f"note: {notice}")
    parts = (
        counted(len(plan.entry_points), "entry point"),
        counted(len(plan.floor.queues), "queue"),
        counted(len(plan.floor.agents), "agent"),
        counted(len(plan.desk.teams), "process team"),
    )
    print(f"{plan.centre}: no faults. {', '.join(parts)}; rules {plan.hash}")
