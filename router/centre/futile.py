"""Rules of a queue that could never do anything: tiers that do not open, relaxations that add nobody, and the like.

Judged where the queue itself and what the agents can do have no fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from acd import widening
from acd.match import meets
from acd.plan import AgentPlan, QueuePlan
from router.centre.compile import compile_agents, compile_queue
from router.centre.coverage import is_staffed
from router.centre.document import Document, Path
from router.centre.references import languages_of
from router.centre.routing import PreferredSpec
from router.centre.sections import HandOverSpec, Sections
from router.errors import Fault


def futile(document: Document, sections: Sections, told: Collection[str]) -> Iterator[Fault]:
    """One fault for each rule without an effect. `told` are the fields that have a fault already."""
    if not is_staffed(document, told):
        return
    agents = {agent.id: agent for agent in compile_agents(sections)}
    yield from _unused_skills(document, agents)
    yield from _unused_weights(document, sections)
    onwards = {name: spec.overflow.queue for name, spec in sections.queues.items() if spec.overflow}
    for queue_id, spec in sections.queues.items():
        if any(field.startswith(f"queues.{queue_id}.") for field in told):
            continue
        if not sections.agents.keys() >= set(spec.listed):
            continue  # somebody who may serve it has a fault himself
        queue = compile_queue(queue_id, spec, sections.agents)
        check = _Check(document, queue, agents, tuple(languages_of(document)))
        yield from check.overflow(onwards)
        yield from check.announce()
        if spec.compat is None:  # else these are without effect, and `router.centre.compat_rules` says so
            yield from check.tiers()
            yield from check.relaxations()
            yield from check.ageing(_priorities(document, queue_id))
            yield from check.preferred(list(_preferring(sections, queue_id)), spec.preferred)
    yield from _named_in_vain(document, sections)


def _unused_skills(document: Document, agents: Mapping[str, AgentPlan]) -> Iterator[Fault]:
    had = {skill for agent in agents.values() for skill, _ in agent.skills}
    for skill in document.section("skills"):
        if skill not in had:
            yield document.fault(
                ("skills", skill), f"no agent has the skill `{skill}`", "give it to one, or take it out"
            )


def _unused_weights(document: Document, sections: Sections) -> Iterator[Fault]:
    draws = any(queue.get("selection") == "weighted_random" for _, queue in document.entries("queues"))
    for agent_id, spec in sections.agents.items():
        if "weight" in spec.model_fields_set and not draws:
            hint = "say `selection: weighted_random` of a queue, or take it out"
            yield document.fault(("agents", agent_id, "weight"), "no queue draws among its agents", hint)


def _priorities(document: Document, queue_id: str) -> list[int]:
    """What the menus add to the queue's priority."""
    nodes = [
        node
        for _, flow in document.entries("flows")
        if isinstance(flow.get("nodes"), dict)
        for node in flow["nodes"].values()
        if isinstance(node, dict) and node.get("queue") == queue_id
    ]
    return [priority for node in nodes if type(priority := node.get("priority", 0)) is int]


def _preferring(sections: Sections, queue_id: str) -> Iterator[tuple[Path, HandOverSpec]]:
    """The menus' nodes that hand over to a queue and name agents."""
    for flow_id, flow in sections.flows.items():
        for node_id, node in flow.nodes.items():
            if isinstance(node, HandOverSpec) and node.queue == queue_id and node.prefers:
                yield ("flows", flow_id, "nodes", node_id, "prefers"), node


def _named_in_vain(document: Document, sections: Sections) -> Iterator[Fault]:
    for queue_id, spec in sections.queues.items():
        if spec.preferred is None and spec.compat is None:
            for path, _ in _preferring(sections, queue_id):
                hint = "say for how long under `preferred` there, or take it out"
                yield document.fault(path, f"the queue `{queue_id}` keeps nothing for anybody", hint)


@dataclass(frozen=True, slots=True)
class _Check:
    document: Document
    queue: QueuePlan
    agents: Mapping[str, AgentPlan]
    languages: tuple[str, ...]

    def fault(self, path: Path, message: str, hint: str = "") -> Fault:
        return self.document.fault(("queues", self.queue.id, *path), message, hint)

    def able(self, relaxed: int) -> set[tuple[str, str]]:
        """Who could serve a contact of which language, with so many relaxations in force and all tiers open."""
        listed = {agent for tier in self.queue.tiers for agent in tier.agents}
        return {
            (agent.id, language)
            for language in self.languages
            for asked in (widening.asked(self.queue, language, relaxed),)
            for agent in self.agents.values()
            if (agent.id in listed or not listed) and meets(agent.skills, asked)
        }

    def tiers(self) -> Iterator[Fault]:
        """Each opens while there is somebody to wait for it, and adds an agent who could serve."""
        seen: dict[str, int] = {}
        able = {agent for agent, _ in self.able(len(self.queue.relaxations))}
        for number, tier in enumerate(self.queue.tiers):
            path: Path = ("tiers", number)
            yield from self._after(tier.after_ms, [each.after_ms for each in self.queue.tiers[:number]], path, "tier")
            for agent in tier.agents:
                if seen.setdefault(agent, number) != number:
                    yield self.fault((*path, "agents"), f"`{agent}` is in tier {seen[agent] + 1} already")
            if not able & set(tier.agents):
                yield self.fault((*path, "agents"), "nobody in this tier could ever serve", "see the requirements")

    def relaxations(self) -> Iterator[Fault]:
        """Each asks for less, comes while there is somebody to wait for it, and adds an agent."""
        for number, relaxation in enumerate(self.queue.relaxations):
            path: Path = ("relaxations", number)
            if relaxation.after_ms is not None:
                earlier = [each.after_ms for each in self.queue.relaxations[:number] if each.after_ms is not None]
                yield from self._after(relaxation.after_ms, earlier, path, "relaxation")
            before, after = self.able(number), self.able(number + 1)
            if before - after:
                yield self.fault(path, "this asks for more than before", "a relaxation asks for less, or for nothing")
            elif before == after:
                yield self.fault(path, "this adds nobody", "lower a level below what somebody has, or take it out")

    def overflow(self, onwards: Mapping[str, str]) -> Iterator[Fault]:
        """It comes while there is somebody to go on, and does not lead back."""
        if self.queue.overflow is None:
            return
        yield from self._after(self.queue.overflow.after_ms, (), ("overflow",), "overflow")
        way = [self.queue.id]
        while (following := onwards.get(way[-1])) is not None and following not in way:
            way.append(following)
        if following == self.queue.id:
            message = f"contacts would go round for ever: {' -> '.join([*way, following])}"
            yield self.fault(("overflow", "queue"), message, "let the last of them keep its contacts")

    def announce(self) -> Iterator[Fault]:
        """It says something, and its prompts come while there is somebody to hear them."""
        announce = self.queue.announce
        if announce is None:
            return
        if not (announce.position or announce.expected_wait or announce.prompts):
            hint = "say `position` or `expected_wait`, name `prompts`, or take it out"
            yield self.fault(("announce",), "this says nothing", hint)
        ends = {"wait_max": self.queue.wait_ms_max}
        if self.queue.overflow:
            ends["overflow.after"] = self.queue.overflow.after_ms
        for name, end_ms in ends.items():
            if announce.prompts and end_ms is not None and announce.every_ms >= end_ms:
                message = "these prompts are never played: nobody waits that long"
                yield self.fault(("announce", "prompts"), message, f"`every` must be shorter than `{name}`")

    def preferred(self, naming: Collection[tuple[Path, HandOverSpec]], spec: PreferredSpec | None) -> Iterator[Fault]:
        """It keeps contacts for somebody who could serve them, and some wait longer than that."""
        if spec is None:
            return
        if not spec.last_agent and not naming:
            hint = "say `last_agent: true`, or `prefers` where a menu hands over"
            yield self.fault(("preferred",), "this keeps contacts for nobody", hint)
        if not spec.last_agent and "within" in spec.model_fields_set:
            yield self.fault(("preferred", "within"), "this has no effect without `last_agent`", "take it out")
        if self.queue.wait_ms_max is not None and spec.lasts >= self.queue.wait_ms_max:
            message = "contacts are kept for as long as anybody waits: nobody else is ever offered them"
            yield self.fault(("preferred", "for"), message, "it must be shorter than `wait_max`")
        able = {agent for agent, _ in self.able(len(self.queue.relaxations))}
        for path, node in naming:
            for place, name in enumerate(node.prefers):
                if not any(agent == name or agent.rpartition("-")[0] == name for agent in able):
                    message = f"`{name}` could never serve `{self.queue.id}`"
                    yield self.document.fault((*path, place), message, "see the queue's requirements and tiers")

    def ageing(self, priorities: Collection[int]) -> Iterator[Fault]:
        """It lets at least somebody's priority grow."""
        taken = sum(min(rule.add, 0) for rule in self.queue.priorities)
        ageing, lowest = self.queue.ageing, self.queue.priority + min(priorities, default=0) + taken
        if ageing and ageing.priority_max <= lowest:
            message = f"no priority ever grows: all are {lowest} or more from the start"
            yield self.fault(("ageing", "priority_max"), message, "set it higher, or take `ageing` out")

    def _after(self, after_ms: int, earlier: Collection[int], path: Path, what: str) -> Iterator[Fault]:
        wait_ms_max = self.queue.wait_ms_max
        if wait_ms_max is not None and after_ms >= wait_ms_max:
            yield self.fault((*path, "after"), f"this {what} never comes: nobody waits that long", "see `wait_max`")
        if after_ms < max(earlier, default=0):
            yield self.fault(
                (*path, "after"), f"this {what} comes before the one above it", "put them in order of time"
            )
