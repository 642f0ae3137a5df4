"""A centre as the commands take it: its rules, its targets and its made-up customers, checked together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from router.centre import Centre, Findings, examine, in_order
from router.errors import CentreFault, Fault
from simulator.references import population_faults
from simulator.targets import targets_of


@dataclass(frozen=True, slots=True)
class Inspection:
    """Every fault of a folder, by file and line, and what could not be judged because of them; or else the centre."""

    faults: tuple[Fault, ...]
    deferred: tuple[str, ...]
    centre: Centre | None


def inspect(folder: Path) -> Inspection:
    """Look for all that is wrong. Raises `CentreFault` only when there is nothing to read at all."""
    findings = examine(folder)
    faults, deferred = [*findings.faults, *_of_targets(findings)], [*findings.deferred]
    if findings.document.section("population"):
        of_population, not_judged = population_faults(findings.document, findings.flows)
        faults += of_population
        deferred += not_judged
    return Inspection(in_order(faults), tuple(deferred), None if faults else findings.centre)


def checked(folder: Path) -> Centre:
    """The centre of a folder without a fault. Raises `CentreFault` that says all that `firstline check` would."""
    inspection = inspect(folder)
    if inspection.centre is None:
        raise CentreFault(inspection.faults, inspection.deferred)
    return inspection.centre


def _of_targets(findings: Findings) -> Iterator[Fault]:
    """The targets that cannot be read; one that is no text has a fault already."""
    try:
        targets_of(findings.document)
    except CentreFault as error:
        yield from error.faults
