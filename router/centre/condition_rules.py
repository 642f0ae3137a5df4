"""Whether the conditions of a centre's files make sense: every name is known, every comparison is between likes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from router.centre.document import Document, Path
from router.conditions import Kind, Problem, declared, open_name, problems
from router.errors import Fault
from router.nearest import what_there_is

_ABOUT: Final = "a condition in CEL is true or false, and asks about `contact.*`, `keyed.NAME` or `open.CALENDAR`"


def condition_faults(document: Document) -> Iterator[Fault]:
    """One fault for each thing wrong with a condition. Nothing is said of names while a file cannot be read."""
    names: dict[str, Kind] | None = None
    for path, text in _conditions(document):
        if names is None:
            names = declared(_keyed(document), document.section("calendars"))
        for problem in problems(text, names):
            if not (problem.name and document.broken):
                yield document.fault(path, str(problem), _hint(problem, names))
    yield from _alike(document)


def _hint(problem: Problem, names: dict[str, Kind]) -> str:
    return what_there_is(problem.name, names) if problem.name else _ABOUT


def _conditions(document: Document) -> Iterator[tuple[Path, str]]:
    """Every condition that is a text, with its place."""
    for path, queue in document.entries("queues"):
        places: list[Path] = [(*path, "overflow", "when"), (*path, "preferred", "when")]
        rules = queue.get("priorities")
        count = len(rules) if isinstance(rules, list) else 0
        places += [(*path, "priorities", place, "when") for place in range(count)]
        for place in places:
            if isinstance(text := document.value(place), str) and text:
                yield place, text


def _keyed(document: Document) -> set[str]:
    """The names under which menus keep what is no secret."""
    flows = (flow.get("nodes") for _, flow in document.entries("flows"))
    nodes = (node for nodes in flows if isinstance(nodes, dict) for node in nodes.values() if isinstance(node, dict))
    return {into for node in nodes if not _is_secret(node) and isinstance(into := node.get("into"), str)}


def _is_secret(node: dict[str, Any]) -> bool:
    return bool(node.get("secret"))


def _alike(document: Document) -> Iterator[Fault]:
    """Two calendars that a condition could not tell apart, where there are conditions."""
    if not any(True for _ in _conditions(document)):
        return
    first: dict[str, str] = {}
    for calendar in document.section("calendars"):
        if (other := first.setdefault(open_name(calendar), calendar)) != calendar:
            message = f"a condition could not tell it from `{other}`: both are `{open_name(calendar)}`"
            yield document.fault(("calendars", calendar), message, "rename one of the two")
