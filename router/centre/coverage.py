"""Whether somebody could ever serve the contacts that the menus send to a queue, in the language they come with.

Judged from the files as they stand, as far as nothing that matters here has a fault already: one mistake is one fault.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from router.centre.document import Document, Path, dotted
from router.centre.menus import is_whole, ways
from router.centre.references import languages_of
from router.centre.sections import AgentSpec, EntryPointSpec, QueueSpec
from router.errors import Fault

Entry = Mapping[str, Any]

# The settings that decide who is served.
_OF_AGENTS: Final = frozenset({"skills", "languages"})
OF_QUEUES: Final = frozenset({"requirements", "match_language", "relaxations", "tiers", "compat"})
_OF_ENTRY_POINTS: Final = frozenset({"flow", "language"})


def unserved(document: Document, told: Collection[str]) -> Iterator[Fault]:
    """One fault for each queue, and language that contacts come with, for which there is no agent.

    `told` are the fields that have a fault already. Nothing is said unless `is_staffed`.
    """
    if not is_staffed(document, told):
        return
    arriving = arrivals(document, told)
    for path, queue in document.entries("queues"):
        if is_clear(path, QueueSpec, OF_QUEUES, told):
            languages = {language for language, _ in arriving.get(str(path[-1]), ())}
            for language in _lacking(document, queue, languages):
                what = f" in the language `{language}`" if language else ""
                hint = "lower a level, or give an agent the skill" + (" and the language" if language else "")
                yield document.fault(path, f"no agent could ever serve `{path[-1]}`{what}", hint)


def is_judged(document: Document, told: Collection[str]) -> bool:
    """Whether no fault hides that some queue lacks an agent."""
    queues = document.section("queues")
    if not is_staffed(document, told) or not all(
        is_clear(("queues", name), QueueSpec, OF_QUEUES, told) for name in queues
    ):
        return False
    spoken = languages_of(document)
    return _ways_are_known(document, told) or (
        bool(spoken) and not any(_lacking(document, queue, spoken) for queue in queues.values())
    )


def _ways_are_known(document: Document, told: Collection[str]) -> bool:
    """Whether nothing is wrong with what leads contacts to a queue, and with the language they come with."""
    entry_points = (("entry_points", name) for name in document.section("entry_points"))
    return (
        bool(languages_of(document))
        and all(is_clear(path, EntryPointSpec, _OF_ENTRY_POINTS, told) for path in entry_points)
        and all(is_whole(flow) for flow in document.section("flows").values())
        and not any(re.fullmatch(r"flows\..*\.(queue|language)", field) for field in told)
    )


def is_staffed(document: Document, told: Collection[str]) -> bool:
    """Whether it is known of all agents what they can do: none has a fault in that or may stand in an unread file."""
    agents = document.section("agents")
    return (
        bool(agents)
        and not document.broken
        and all(is_clear(("agents", name), AgentSpec, _OF_AGENTS, told) for name in agents)
    )


def is_clear(path: Path, model: type[BaseModel], matter: Collection[str], told: Collection[str]) -> bool:
    """Whether an entry has no fault in the settings that matter, nor in one that could be any of them, misspelt."""
    entry = dotted(path)
    wrong = {re.split(r"[.[]", field.removeprefix(f"{entry}."))[0] for field in told if field.startswith(f"{entry}.")}
    return entry not in told and wrong <= model.model_fields.keys() - set(matter)


def _lacking(document: Document, queue: Entry, languages: Collection[str]) -> list[str]:
    """The languages in which no agent could serve a queue; an empty one stands for all, where they do not matter."""
    if queue.get("compat"):
        return []  # whoever it lists may serve it
    _, matters = _at_last(queue)
    asked = sorted(languages) if matters else [""] if languages else []
    return [language for language in asked if not able(document, queue, language)]


def able(document: Document, queue: Entry, language: str) -> list[Entry]:
    """The agents who could serve a queue in a language in the end, as far as skills and tiers go."""
    levels, matters = _at_last(queue)
    listed = {name for tier in queue.get("tiers", ()) for name in tier["agents"]}
    agents = [agent for path, agent in document.entries("agents") if path[-1] in listed or not listed]
    return [agent for agent in agents if _serves(agent, levels, language if matters else "")]


def _at_last(queue: Entry) -> tuple[dict[str, int], bool]:
    """What a queue asks of agents in the end, by level and whether in the contact's language."""
    levels, matters = dict(queue.get("requirements", {})), bool(queue.get("match_language"))
    for relaxation in queue.get("relaxations", ()):
        lower = relaxation.get("requirements", {})
        levels = {skill: min(level, lower.get(skill, level)) for skill, level in levels.items()}
        matters = matters and relaxation.get("match_language") is not False
    return levels, matters


def _serves(agent: Entry, levels: Mapping[str, int], language: str) -> bool:
    speaks = not language or language in agent.get("languages", ())
    skills = agent.get("skills", {})
    return speaks and all(skills.get(skill, 0) >= level for skill, level in levels.items())


def arrivals(document: Document, told: Collection[str]) -> dict[str, set[tuple[str, str]]]:
    """The languages with which, and the channels by which, contacts come to each queue, by every way through the menus.

    While the centre's languages are not known, that is one without a name, which everybody speaks.
    """
    arriving: dict[str, set[tuple[str, str]]] = {}
    spoken = languages_of(document)
    for path, entry_point in document.entries("entry_points"):
        if not is_clear(path, EntryPointSpec, _OF_ENTRY_POINTS, told):
            continue
        flow = document.section("flows").get(entry_point["flow"])
        for queue_id, language in _hand_overs(flow, entry_point.get("language") or "".join(spoken[:1])):
            if not spoken or language in spoken:
                channel = str(entry_point.get("channel", "voice"))
                arriving.setdefault(queue_id, set()).add((language if spoken else "", channel))
    for queue_id in list(arriving):
        _go_on(document, queue_id, arriving)
    return arriving


def _go_on(document: Document, queue_id: str, arriving: dict[str, set[tuple[str, str]]]) -> None:
    """Who comes to a queue comes to those that it overflows to."""
    seen = {queue_id}
    following = document.value(("queues", queue_id, "overflow", "queue"))
    while isinstance(following, str) and following not in seen:
        seen.add(following)
        arriving.setdefault(following, set()).update(arriving[queue_id])
        following = document.value(("queues", following, "overflow", "queue"))


def _hand_overs(flow: Any, language: str) -> Iterator[tuple[str, str]]:
    """The queues a flow hands over to, each with a language spoken by then."""
    nodes = flow.get("nodes") if isinstance(flow, dict) else None
    if not isinstance(nodes, dict):
        return
    seen: set[tuple[str, str]] = set()
    ahead = [(str(flow.get("start")), language)]
    while ahead:
        step = node_id, spoken = ahead.pop()
        node = nodes.get(node_id)
        if step in seen or not isinstance(node, dict):
            continue
        seen.add(step)
        if node.get("node") == "hand_over":
            yield str(node.get("queue")), spoken
        after = str(node.get("language")) if node.get("node") == "set_language" else spoken
        ahead += [(target, after) for _, target in ways(node)]
