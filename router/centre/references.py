"""Whether every name in a centre's files names something, and whether what they say together makes sense.

A name is known when any file has an entry of that id, even one with faults of its own: one mistake is one fault.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from router.centre.document import SMALLEST, Document, Path
from router.centre.sections import (
    AgentSpec,
    CaseStatusSpec,
    EntryPointSpec,
    FlowSpec,
    HandOverSpec,
    HoursSpec,
    NodeSpec,
    Sections,
    SetLanguageSpec,
)
from router.errors import Fault
from router.nearest import what_there_is

NEEDED: Final = ("centre", "entry_points", "flows", "queues", "agents")


def missing_sections(document: Document) -> Iterator[Fault]:
    """The sections without which there is nothing to run."""
    for name in NEEDED:
        if name not in document.tree or (name != "centre" and document.tree[name] == {}):
            yield document.fault((name,), f"no file has anything in a section `{name}`", SMALLEST)


def dangling_names(document: Document, sections: Sections) -> list[Fault]:
    """Every name that names nothing, and everything that speaks of a language or a date outside the centre's."""
    check = _Check(document, sections)
    found = [check.entry_points(), check.flows(), check.queues(), check.agents(), check.case_types()]
    if sections.centre is not None:
        found += [check.prompts(), check.dates(*sections.centre.horizon.dates)]
    return [fault for faults in found for fault in faults]


@dataclass(frozen=True, slots=True)
class _Check:
    document: Document
    sections: Sections

    def known(self, section: str, name: str, path: Path, what: str) -> Iterator[Fault]:
        """A fault at `path` unless `section` has an entry of this name."""
        if isinstance(self.document.tree.get(section, {}), dict):
            yield from self._one_of(name, self.document.section(section), path, f"{what} of this centre")

    def _one_of(self, name: str, known: Any, path: Path, what: str) -> Iterator[Fault]:
        if name not in known:
            yield self.document.fault(path, f"`{name}` is no {what}", what_there_is(name, known))

    def language(self, name: str, path: Path) -> Iterator[Fault]:
        if self.sections.centre is not None:
            yield from self._one_of(name, self.sections.centre.languages, path, "language of this centre")

    def each_prompt(self, names: list[str], path: Path) -> Iterator[Fault]:
        for index, name in enumerate(names):
            yield from self.known("prompts", name, (*path, index), "prompt")

    def entry_points(self) -> Iterator[Fault]:
        places: dict[str, Path] = {}
        for entry_point_id, spec in self.sections.entry_points.items():
            path: Path = ("entry_points", entry_point_id)
            yield from self.known("flows", spec.flow, (*path, "flow"), "flow")
            yield from self._service_line(spec.service_line, (*path, "service_line"))
            if spec.language is not None:
                yield from self.language(spec.language, (*path, "language"))
            yield from self._addresses(spec, path, places)

    def _addresses(self, spec: EntryPointSpec, path: Path, places: dict[str, Path]) -> Iterator[Fault]:
        for index, address in enumerate(spec.addresses):
            here = (*path, "addresses", index)
            if (first := places.setdefault(address, here)) is not here:
                place = self.document.place(first)
                message = f"`{address}` is the address of `{first[1]}` already, at {place.file}:{place.line}"
                yield self.document.fault(here, message, "a contact arrives on one entry point")

    def _service_line(self, name: str, path: Path) -> Iterator[Fault]:
        teams = self.document.tree.get("teams", {})
        if isinstance(teams, dict) and len(teams) == len(self.sections.teams):  # else a fault may hide the line
            lines = {team.service_line for team in self.sections.teams.values()}
            yield from self._one_of(name, lines, path, "service line of any team")

    def flows(self) -> Iterator[Fault]:
        for flow_id, flow in self.sections.flows.items():
            path: Path = ("flows", flow_id)
            yield from self._one_of(flow.start, flow.nodes, (*path, "start"), "node of this flow")
            for node_id, node in flow.nodes.items():
                yield from self.node(flow, node, (*path, "nodes", node_id))

    def node(self, flow: FlowSpec, node: NodeSpec, path: Path) -> Iterator[Fault]:
        for field, target in node.targets():
            yield from self._one_of(target, flow.nodes, (*path, *field), "node of this flow")
        match node:
            case HoursSpec():
                yield from self.known("calendars", node.calendar, (*path, "calendar"), "calendar")
            case SetLanguageSpec():
                yield from self.language(node.language, (*path, "language"))
            case CaseStatusSpec():
                for state, prompt in node.prompts.items():
                    yield from self.known("prompts", prompt, (*path, "prompts", state), "prompt")
            case _:
                yield from self.each_prompt(node.prompts, (*path, "prompts"))
        if isinstance(node, HandOverSpec):
            yield from self.known("queues", node.queue, (*path, "queue"), "queue")

    def queues(self) -> Iterator[Fault]:
        for queue_id, spec in self.sections.queues.items():
            path: Path = ("queues", queue_id)
            for skill in spec.requirements:
                yield from self.known("skills", skill, (*path, "requirements", skill), "skill")
            if spec.case_type is not None:
                yield from self.known("case_types", spec.case_type, (*path, "case_type"), "case type")
            elif spec.wrap_up_outcome == "escalated":
                hint = "name the `case_type` an escalation opens"
                yield self.document.fault((*path, "wrap_up_outcome"), "an escalation needs a type of case", hint)

    def agents(self) -> Iterator[Fault]:
        for agent_id, spec in self.sections.agents.items():
            path: Path = ("agents", agent_id)
            for skill in spec.skills:
                yield from self.known("skills", skill, (*path, "skills", skill), "skill")
            for index, language in enumerate(spec.languages):
                yield from self.language(language, (*path, "languages", index))
            yield from self._shadowed(agent_id, spec)
        for language in self.sections.centre.languages if self.sections.centre else ():
            if language in self.document.section("skills"):
                message = f"`{language}` is a language of this centre, and so a skill already"
                yield self.document.fault(("skills", language), message, "list it under `languages` of the agents")

    def _shadowed(self, agent_id: str, spec: AgentSpec) -> Iterator[Fault]:
        for member in members(agent_id, spec):
            if member != agent_id and member in self.document.section("agents"):
                message = f"`{member}` is also the name of an agent in the group `{agent_id}`"
                yield self.document.fault(("agents", member), message, "rename one of the two")

    def case_types(self) -> Iterator[Fault]:
        for case_type_id, spec in self.sections.case_types.items():
            path: Path = ("case_types", case_type_id)
            yield from self.known("teams", spec.team, (*path, "team"), "team")
            yield from self.known("calendars", spec.calendar, (*path, "calendar"), "calendar")

    def prompts(self) -> Iterator[Fault]:
        assert self.sections.centre is not None
        for prompt_id, texts in self.sections.prompts.items():
            for language in texts:
                yield from self.language(language, ("prompts", prompt_id, language))
            for language in self.sections.centre.languages:
                if language not in texts:
                    message = f"the prompt `{prompt_id}` is missing in the language `{language}`"
                    yield self.document.fault(("prompts", prompt_id), message, f"add a line `{language}: ...`")

    def dates(self, first: dt.date, end: dt.date) -> Iterator[Fault]:
        for path, text in _dates(self.document.section("calendars"), ("calendars",)):
            days = re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
            if not all(first.isoformat() <= day < end.isoformat() for day in days):
                message = f"{text} is outside the centre's horizon, {first} to {end}"
                yield self.document.fault(path, message, "widen `centre.horizon`, or take the date out")


def members(agent_id: str, spec: AgentSpec) -> list[str]:
    """The ids of the agents that an entry stands for: itself, or `id-01` to `id-12`, padded to one length."""
    if spec.count is None:
        return [agent_id]
    width = max(2, len(str(spec.count)))
    return [f"{agent_id}-{number:0{width}}" for number in range(1, spec.count + 1)]


def _dates(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every date, and every span of dates, that stands anywhere in `value`, as a key or as an item."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        here = (*path, key)
        for text in (key, item):
            if isinstance(text, str) and re.fullmatch(r"[0-9-]{10}(\.\.[0-9-]{10})?", text):
                yield here, text
        yield from _dates(item, here)
