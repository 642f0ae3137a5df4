"""What cannot be judged while a centre's files have the faults they have, said so that silence is no praise."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from router.centre.capacity import is_measured
from router.centre.coverage import is_judged
from router.centre.document import Document, dotted
from router.centre.menus import unknown_kinds, unreached
from router.centre.references import horizon, known_names, languages_of
from router.centre.sections import Sections


def not_judged(document: Document, told: Collection[str]) -> Iterator[str]:
    """A sentence for each question that must wait, after "not judged yet:". `told` are the fields that have a fault."""
    yield from _of_names(document)
    if not languages_of(document):
        yield "whether everything is there in every language of the centre"
    if horizon(document) is None:
        yield "whether dates lie within the centre's horizon, and calendars ever open in it"
    yield from _of_menus(document)
    if not is_judged(document, told):
        yield "whether there is an agent for every queue and language in which contacts come"
    if not is_measured(document, told):
        yield "whether agents can bear what comes"


def _of_names(document: Document) -> Iterator[str]:
    for file in document.broken:
        yield f"whether names exist that may stand in {file}"
    for section in sorted(document.tree.keys() - Sections.model_fields.keys()):
        yield f"what stands in the unknown section `{section}`"
    names = known_names(document).names
    for kind in (*Sections.model_fields, "service_lines"):
        if kind not in names and kind not in {"centre", "population"}:
            yield f"whether names of {kind.replace('_', ' ')} exist"


def _of_menus(document: Document) -> Iterator[str]:
    for path in unknown_kinds(document):
        yield f"the settings of {dotted(path)}, whose kind is not known"
    for flow_id, flow in document.section("flows").items():
        nodes, is_sure = unreached(flow)
        if nodes and not is_sure:
            yield f"which nodes callers reach in the flow `{flow_id}`"
