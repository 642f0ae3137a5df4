"""Which names a centre's files give, and whether what they say together makes sense.

Everything here is read from the files as they stand, not from sound entries alone, so that one fault hides no other.
What has no meaning because of a fault of form is passed over: that fault is listed already.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from router.centre.clear import is_misspelt
from router.centre.document import SMALLEST, Document, Path
from router.centre.entries import Language
from router.centre.names import Known
from router.centre.sections import COUNT_MAX, AgentSpec, HorizonSpec, QueueSpec, Sections
from router.errors import Fault
from router.nearest import did_you_mean

NEEDED: Final = ("centre", "entry_points", "flows", "queues", "agents")

_ONCE_IN_QUEUES: Final = (
    ("reasons",),
    ("compat", "join_empty"),
    ("compat", "leave_when_empty"),
    ("voicemail", "instead_of"),
)
_LANGUAGES: Final = TypeAdapter(list[Language])


def known_names(document: Document) -> Known:
    """The names of all entries, and of what stands in them: languages and service lines."""
    absent = {*_missing(document), *_misspelt(document)}
    names: dict[str, Collection[str]] = {
        name: document.section(name)
        for name in Sections.model_fields
        if name not in absent and isinstance(document.tree.get(name, {}), dict)
    }
    if languages := _texts(document.section("centre").get("languages")):
        names["languages"] = languages
    lines = [team.get("service_line") for _, team in document.entries("teams")]
    if "teams" in names and len(lines) == len(names["teams"]) and all(isinstance(line, str) for line in lines):
        names["service_lines"] = [str(line) for line in lines]
    return Known(document, names)


def contradictions(document: Document) -> Iterator[Fault]:
    """What is missing as a whole, is there twice, or speaks of a date or a language outside the centre's."""
    for name in _missing(document):
        yield document.fault((name,), f"no file has anything in a section `{name}`", SMALLEST)
    yield from _twice(document)
    yield from _addresses(document)
    yield from _escalations(document)
    yield from _agents(document)
    yield from _prompts(document)
    if (span := horizon(document)) is not None:
        yield from _outside(document, *span)


def horizon(document: Document) -> tuple[date, date] | None:
    """The first date and the one after the last, whatever else is wrong with the section `centre`."""
    try:
        return HorizonSpec.model_validate_json(json.dumps(document.value(("centre", "horizon")))).dates
    except ValidationError:
        return None


def languages_of(document: Document) -> list[str]:
    """The centre's languages, each once, if they are well written."""
    try:
        return list(dict.fromkeys(_LANGUAGES.validate_python(document.value(("centre", "languages")))))
    except ValidationError:
        return []


def members(agent_id: str, count: int | None) -> list[str]:
    """The ids of the agents that an entry stands for: itself, or `id-01` to `id-12`, padded to one length."""
    if count is None:
        return [agent_id]
    width = max(2, len(str(count)))
    return [f"{agent_id}-{number:0{width}}" for number in range(1, count + 1)]


def all_members(document: Document) -> dict[str, list[str]]:
    """The agents of each entry of `agents` whose number can be read."""
    counts = {
        path[-1]: agent.get("count")
        for path, agent in document.entries("agents")
        if not is_misspelt("count", agent, AgentSpec)
    }
    return {str(name): members(str(name), count) for name, count in counts.items() if _is_count(count)}


def _is_count(count: Any) -> bool:
    return count is None or (type(count) is int and 1 <= count <= COUNT_MAX)


def texts_of(value: Any) -> dict[int, str]:
    """The items of a list that are texts, by their index; none of any other value."""
    return {index: item for index, item in enumerate(value if isinstance(value, list) else ()) if isinstance(item, str)}


def _texts(value: Any) -> list[str]:
    """The items of a list of texts; none of any other value."""
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []


def _missing(document: Document) -> Iterator[str]:
    """The sections without which there is nothing to run, and which no file has, not even under a misspelt name."""
    if document.broken and not document.tree:
        return  # nothing at all could be read, and that is said
    for name in NEEDED:
        there = name in document.tree and (name == "centre" or document.tree[name] != {})
        if not there and not document.may_hold(name) and name not in _misspelt(document):
            yield name


def _misspelt(document: Document) -> list[str]:
    """The sections that no file has, but for one which has nearly that name."""
    hints = [did_you_mean(name, Sections.model_fields) for name in document.tree if name not in Sections.model_fields]
    return [
        name for name in Sections.model_fields if name not in document.tree and any(f"`{name}`" in one for one in hints)
    ]


def _twice(document: Document) -> Iterator[Fault]:
    """What a list names twice in which each may stand once."""
    lists: list[Path] = [("centre", "languages")]
    lists += [(*path, "languages") for path, _ in document.entries("agents")]
    lists += [(*path, *setting) for path, _ in document.entries("queues") for setting in _ONCE_IN_QUEUES]
    for path in lists:
        seen: set[str] = set()
        for item in texts_of(document.value(path)).values():
            if item in seen:
                yield document.fault(path, f"`{item}` is listed twice", "take one of them out")
            seen.add(item)
    for path, queue in document.entries("queues"):
        yield from _in_two_places(document, (*path, "tiers"), queue.get("tiers"))


def _in_two_places(document: Document, path: Path, tiers: Any) -> Iterator[Fault]:
    """Agents, and groups of them, that are in two tiers of a queue, or in one tier twice."""
    first: dict[str, int] = {}
    for number, tier in enumerate(tiers if isinstance(tiers, list) else ()):
        names = texts_of(tier.get("agents") if isinstance(tier, dict) else None)
        for place, name in names.items():
            if name in first:
                where = "is listed already" if first[name] == number else f"is in tier {first[name] + 1} already"
                yield document.fault((*path, number, "agents", place), f"`{name}` {where}", "take it out")
            first.setdefault(name, number)


def _addresses(document: Document) -> Iterator[Fault]:
    places: dict[str, Path] = {}
    for path, entry_point in document.entries("entry_points"):
        for index, address in texts_of(entry_point.get("addresses")).items():
            here = (*path, "addresses", index)
            if (first := places.setdefault(address, here)) is not here:
                place = document.place(first)
                message = f"`{address}` is the address of `{first[1]}` already, at {place.file}:{place.line}"
                yield document.fault(here, message, "a contact arrives on one entry point")


def _escalations(document: Document) -> Iterator[Fault]:
    for path, queue in document.entries("queues"):
        escalates = queue.get("wrap_up_outcome") == "escalated" and queue.get("case_type") is None
        if escalates and not is_misspelt("case_type", queue, QueueSpec):
            hint = "name the `case_type` an escalation opens"
            yield document.fault((*path, "wrap_up_outcome"), "an escalation needs a type of case", hint)


def _agents(document: Document) -> Iterator[Fault]:
    for agent_id, agents in all_members(document).items():
        for member in agents:
            if member != agent_id and member in document.section("agents"):
                message = f"`{member}` is also the name of an agent in the group `{agent_id}`"
                yield document.fault(("agents", member), message, "rename one of the two")
    for language in languages_of(document):
        if language in document.section("skills"):
            message = f"`{language}` is a language of this centre, and so a skill already"
            yield document.fault(("skills", language), message, "list it under `languages` of the agents")


def _prompts(document: Document) -> Iterator[Fault]:
    languages = languages_of(document)
    for path, texts in document.entries("prompts"):
        for language in languages:
            if language not in texts:
                message = f"the prompt `{path[-1]}` is missing in the language `{language}`"
                yield document.fault(path, message, f"add a line `{language}: ...`")


def _outside(document: Document, first: date, end: date) -> Iterator[Fault]:
    for path, text in _dates(document.section("calendars"), ("calendars",)):
        days = re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
        if not all(first.isoformat() <= day < end.isoformat() for day in days):
            message = f"{text} is outside the centre's horizon, {first} to {end}"
            yield document.fault(path, message, "widen `centre.horizon`, or take the date out")


def _dates(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every date, and every span of dates, that stands anywhere in `value`, as a key or as an item."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        here = (*path, key)
        for text in (key, item):
            if isinstance(text, str) and re.fullmatch(r"[0-9-]{10}(\.\.[0-9-]{10})?", text):
                yield here, text
        yield from _dates(item, here)
