"""What cannot be judged while a centre's files have the faults they have, said so that silence is no praise."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from router.centre.capacity import is_measured
from router.centre.clear import wrong_settings
from router.centre.coverage import is_judged
from router.centre.document import Document, dotted
from router.centre.menus import is_whole, nodes_of
from router.centre.references import all_members, horizon, known_names, languages_of
from router.centre.sections import Sections


def not_judged(document: Document, told: Collection[str]) -> Iterator[str]:
    """A sentence for each question that must wait, after "not judged yet:". `told` are the fields that have a fault."""
    yield from document.unread
    yield from _of_names(document)
    if not languages_of(document):
        yield "whether everything is there in every language of the centre"
    yield from _of_dates(document, told)
    yield from _of_menus(document, told)
    for agent_id in document.section("agents").keys() - all_members(document).keys():
        yield f"whether the agents of `{agent_id}` have names of their own"
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
    for kind in (*Sections.model_fields, "languages", "service_lines"):
        if kind not in names and kind not in {"centre", "population"}:
            yield f"whether names of {kind.replace('_', ' ')} exist"


def _of_dates(document: Document, told: Collection[str]) -> Iterator[str]:
    if wrong_settings(("centre", "horizon"), told):
        yield "whether the centre's horizon ends after it begins"
    if horizon(document) is None:
        yield "whether dates lie within the centre's horizon, and calendars ever open in it"
    for path, _ in document.entries("calendars"):
        if dotted(path) in told or wrong_settings(path, told):
            yield f"whether the calendar `{path[-1]}` is sound as a whole, and ever opens"


def _of_menus(document: Document, told: Collection[str]) -> Iterator[str]:
    for path, node in nodes_of(document):
        wrong = wrong_settings(path, told)
        if node.get("node") == "collect" and "digits_min" in wrong and "digits_max" not in wrong:
            yield f"whether {dotted((*path, 'digits_max'))} is below its `digits_min`"
        if node.get("node") == "case_status" and "prompts" in wrong:
            yield f"whether {dotted((*path, 'prompts'))} says something for every state of a case"
    for flow_id, flow in document.section("flows").items():
        if not is_whole(flow):
            yield f"which nodes callers reach in the flow `{flow_id}`, and whether they get out of it"
