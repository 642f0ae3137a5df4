"""Whether somebody could ever serve the contacts that the menus send to a queue, in the language they come with."""

from __future__ import annotations

from collections.abc import Iterator

from router.centre.document import Document
from router.centre.sections import AgentSpec, FlowSpec, HandOverSpec, QueueSpec, Sections, SetLanguageSpec
from router.errors import Fault


def unserved(document: Document, sections: Sections) -> Iterator[Fault]:
    """One fault for each queue, and language that contacts come with, for which there is no agent.

    Judges only by agents without a fault, and nothing that asks for skills or languages which do not exist.
    """
    if not sections.agents or len(sections.agents) < len(document.section("agents")):
        return
    for queue_id, languages in sorted(_arriving(sections).items()):
        queue = sections.queues[queue_id]
        if not queue.requirements.keys() <= sections.skills.keys():
            continue
        for language in sorted(languages) if queue.match_language else ("",):
            if not any(_serves(agent, queue, language) for agent in sections.agents.values()):
                what = f" in the language `{language}`" if language else ""
                hint = "lower a level, or give an agent the skill" + (" and the language" if language else "")
                yield document.fault(("queues", queue_id), f"no agent could ever serve `{queue_id}`{what}", hint)


def _serves(agent: AgentSpec, queue: QueueSpec, language: str) -> bool:
    speaks = not language or language in agent.languages
    return speaks and all(agent.skills.get(skill, 0) >= level for skill, level in queue.requirements.items())


def _arriving(sections: Sections) -> dict[str, set[str]]:
    """The languages with which contacts come to each queue, by every way through the menus."""
    arriving: dict[str, set[str]] = {}
    spoken = sections.centre.languages if sections.centre else [""]
    for entry_point in sections.entry_points.values():
        flow = sections.flows.get(entry_point.flow)
        for queue_id, language in _hand_overs(flow, entry_point.language or spoken[0]) if flow else ():
            if queue_id in sections.queues and language in spoken:
                arriving.setdefault(queue_id, set()).add(language)
    return arriving


def _hand_overs(flow: FlowSpec, language: str) -> Iterator[tuple[str, str]]:
    """The queues a flow hands over to, each with a language spoken by then."""
    seen: set[tuple[str, str]] = set()
    ahead = [(flow.start, language)]
    while ahead:
        step = node_id, spoken = ahead.pop()
        if step in seen or node_id not in flow.nodes:
            continue
        seen.add(step)
        node = flow.nodes[node_id]
        if isinstance(node, HandOverSpec):
            yield node.queue, spoken
        after = node.language if isinstance(node, SetLanguageSpec) else spoken
        ahead += [(target, after) for _, target in node.targets()]
