"""Rules of a queue that could never do anything: tiers that do not open, relaxations that add nobody, and the like.

Each is judged as soon as what it needs has no fault, whatever else is wrong; where it must wait, that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from acd import widening
from acd.match import meets
from acd.plan import AgentPlan, QueuePlan
from router.centre.clear import Finding, is_clear, waiting, wrong_settings
from router.centre.compile import compile_agents, compile_queue
from router.centre.coverage import is_staffed
from router.centre.document import Document, Path, dotted
from router.centre.menus import hand_overs, hand_overs_are_known
from router.centre.references import languages_of
from router.centre.sections import QueueSpec, Sections
from router.errors import Fault


def futile(document: Document, sections: Sections, told: Collection[str]) -> Iterator[Finding]:
    """One fault for each rule without an effect, and a sentence for each setting whose rules must wait.

    `sections` have of each queue and agent the settings whose form is sound.
    """
    yield from _unused_skills(document, told)
    yield from _unused_weights(document)
    yield from _named_in_vain(document)
    yield from _rounds(document)
    outside = {
        "the skills and languages of agents": is_staffed(document, told),
        "the languages of the centre": bool(languages_of(document)),
        "what menus add to priorities": hand_overs_are_known(document, "priority", told),
        "whom menus prefer": hand_overs_are_known(document, "prefers", told),
        "what menus say of the longest wait": hand_overs_are_known(document, "wait_max", told),
    }
    lacking = {what for what, is_known in outside.items() if not is_known}
    floor = _Floor(document, sections, {agent.id: agent for agent in compile_agents(sections)})
    for path, entry in document.entries("queues"):
        rules = [rule for rule in _RULES if entry.get(rule.about) not in (None, [])]
        if entry.get("compat") is not None:
            rules = [rule for rule in rules if not rule.is_routing]
        spec = sections.queues.get(str(path[-1]), QueueSpec.model_validate({}))
        yield from _judged(_Queue(floor, path, spec), rules, told, lacking)


def _judged(
    queue: _Queue, rules: Iterable[_Rule], told: Collection[str], lacking: Collection[str]
) -> Iterator[Finding]:
    """What the rules find; of each setting one sentence, with all that keeps any of its rules from being judged."""
    reasons: dict[str, list[str]] = {}
    for rule in rules:
        if reasons_of_rule := _reasons(queue, rule, told, lacking):
            reasons.setdefault(rule.about, []).extend(reasons_of_rule)
        else:
            yield from rule.faults(queue)
    for setting, causes in reasons.items():
        yield from waiting(f"whether {dotted((*queue.path, setting))} takes effect", causes)


def _reasons(queue: _Queue, rule: _Rule, told: Collection[str], lacking: Collection[str]) -> list[str]:
    """What keeps a rule from being judged."""
    entry = queue.floor.document.value(queue.path)
    if queue.path[-1] not in queue.floor.sections.queues:
        return [dotted(queue.path)]
    settings = {rule.about, *rule.settings}
    unsound = settings & (entry.keys() - queue.spec.model_fields_set)
    if rule.is_of_defaults and not is_clear(queue.path, QueueSpec, settings, told):
        # A name may be unknown, and what seems not to be there may be there, misspelt.
        unsound |= wrong_settings(queue.path, told) - (QueueSpec.model_fields.keys() - settings)
    return [*(dotted((*queue.path, setting)) for setting in sorted(unsound)), *sorted({*rule.outside} & {*lacking})]


def _unused_skills(document: Document, told: Collection[str]) -> Iterator[Finding]:
    lists = [agent.get(name) for _, agent in document.entries("agents") for name in ("skills", "languages")]
    had = {skill for some in lists if isinstance(some, dict | list) for skill in some if isinstance(skill, str)}
    unused = [skill for skill in document.section("skills") if skill not in had]
    if unused and not is_staffed(document, told):
        yield f"whether some agent has the {'skill' if len(unused) == 1 else 'skills'} {', '.join(unused)}"
        return
    for skill in unused:
        yield document.fault(("skills", skill), f"no agent has the skill `{skill}`", "give it to one, or take it out")


def _unused_weights(document: Document) -> Iterator[Fault]:
    draws = any(queue.get("selection") == "weighted_random" for _, queue in document.entries("queues"))
    for path, agent in document.entries("agents"):
        if "weight" in agent and not draws:
            hint = "say `selection: weighted_random` of a queue, or take it out"
            yield document.fault((*path, "weight"), "no queue draws among its agents", hint)


def _named_in_vain(document: Document) -> Iterator[Fault]:
    for path, node in hand_overs(document):
        queue = document.section("queues").get(str(node.get("queue")))
        if node.get("prefers") and isinstance(queue, dict) and not {"preferred", "compat"} & queue.keys():
            hint = "say for how long under `preferred` there, or take it out"
            message = f"the queue `{node['queue']}` keeps nothing for anybody"
            yield document.fault((*path, "prefers"), message, hint)


def _rounds(document: Document) -> Iterator[Finding]:
    """Queues that overflow into each other, as far as it is known where each leads."""
    onwards = {
        str(path[-1]): document.value((*path, "overflow", "queue"))
        for path, queue in document.entries("queues")
        if queue.get("overflow") is not None
    }
    for queue_id in onwards:
        way = [queue_id]
        while isinstance(following := onwards.get(way[-1]), str) and following not in way:
            way.append(following)
        if following == queue_id:
            message = f"contacts would go round for ever: {' -> '.join([*way, queue_id])}"
            hint = "let the last of them keep its contacts"
            yield document.fault(("queues", queue_id, "overflow", "queue"), message, hint)
    queues = list(document.section("queues"))
    unsure = [name for name, following in onwards.items() if following not in queues]
    yield from waiting("whether contacts go round for ever", (f"queues.{name}.overflow" for name in unsure))


@dataclass(frozen=True, slots=True)
class _Floor:
    document: Document
    sections: Sections
    agents: Mapping[str, AgentPlan]


@dataclass(frozen=True, slots=True)
class _Queue:
    """A queue with the settings whose form is sound; all others are as if they were not there."""

    floor: _Floor
    path: Path
    spec: QueueSpec

    def fault(self, path: Path, message: str, hint: str) -> Fault:
        return self.floor.document.fault((*self.path, *path), message, hint)

    def plan(self) -> QueuePlan:
        return compile_queue(str(self.path[-1]), self.spec, self.floor.sections.agents, {})

    def able(self, queue: QueuePlan, relaxed: int) -> set[tuple[str, str]]:
        """Who could serve a contact of which language, with so many relaxations in force and all tiers open."""
        listed = {agent for tier in queue.tiers for agent in tier.agents}
        return {
            (agent.id, language)
            for language in languages_of(self.floor.document)
            for asked in (widening.asked(queue, language, relaxed),)
            for agent in self.floor.agents.values()
            if (agent.id in listed or not listed) and meets(agent.skills, asked)
        }

    def never_comes(self, after_ms: int, path: Path, what: str) -> Iterator[Fault]:
        if self.spec.wait_max is not None and after_ms >= self.spec.wait_max:
            yield self.fault((*path, "after"), f"this {what} never comes: nobody waits that long", "see `wait_max`")

    def unheard(self, end_ms: int | None, name: str, why: str) -> Iterator[Fault]:
        """Prompts of announcements that come when nobody is left to hear them."""
        announce = self.spec.announce
        if announce and announce.prompts and end_ms is not None and announce.every >= end_ms:
            message = f"these prompts are never played: {why}"
            yield self.fault(("announce", "prompts"), message, f"`every` must be shorter than `{name}`")

    def outlasted(self, after_ms: int | None, path: Path, message: str) -> Iterator[Fault]:
        """What is due when nobody waits here any more."""
        ends = {"wait_max": self.spec.wait_max}
        if self.spec.overflow:
            ends["overflow.after"] = self.spec.overflow.after
        for name, end_ms in ends.items():
            if after_ms is not None and end_ms is not None and after_ms >= end_ms:
                yield self.fault(path, message, f"it must be shorter than `{name}`")

    def order(self, setting: str, afters_ms: Iterable[int | None], what: str) -> Iterator[Fault]:
        latest_ms = 0
        for number, after_ms in enumerate(afters_ms):
            if after_ms is not None and after_ms < latest_ms:
                message = f"this {what} comes before the one above it"
                yield self.fault((setting, number, "after"), message, "put them in order of time")
            latest_ms = max(latest_ms, after_ms or 0)


def _order_of_tiers(queue: _Queue) -> Iterator[Fault]:
    yield from queue.order("tiers", [tier.after for tier in queue.spec.tiers], "tier")


def _late_tiers(queue: _Queue) -> Iterator[Fault]:
    for number, tier in enumerate(queue.spec.tiers):
        yield from queue.never_comes(tier.after, ("tiers", number), "tier")


def _unable_tiers(queue: _Queue) -> Iterator[Fault]:
    """Each adds an agent who could serve."""
    plan = queue.plan()
    able = {agent for agent, _ in queue.able(plan, len(plan.relaxations))}
    for number, tier in enumerate(plan.tiers):
        if not able & set(tier.agents):
            message = "nobody in this tier could ever serve"
            yield queue.fault(("tiers", number, "agents"), message, "see the requirements")


def _order_of_relaxations(queue: _Queue) -> Iterator[Fault]:
    yield from queue.order("relaxations", [relaxation.after for relaxation in queue.spec.relaxations], "relaxation")


def _late_relaxations(queue: _Queue) -> Iterator[Fault]:
    for number, relaxation in enumerate(queue.spec.relaxations):
        yield from queue.never_comes(relaxation.after or 0, ("relaxations", number), "relaxation")


def _relaxations_for_nobody(queue: _Queue) -> Iterator[Fault]:
    """Each asks for less, and adds an agent."""
    plan = queue.plan()
    for number in range(len(plan.relaxations)):
        path: Path = ("relaxations", number)
        before, after = queue.able(plan, number), queue.able(plan, number + 1)
        if before - after:
            yield queue.fault(path, "this asks for more than before", "a relaxation asks for less, or for nothing")
        elif before == after:
            yield queue.fault(path, "this adds nobody", "lower a level below what somebody has, or take it out")


def _late_overflow(queue: _Queue) -> Iterator[Fault]:
    """It comes while there is somebody to go on."""
    if overflow := queue.spec.overflow:
        yield from queue.never_comes(overflow.after, ("overflow",), "overflow")


def _silent_announcements(queue: _Queue) -> Iterator[Fault]:
    announce, callback = queue.spec.announce, queue.spec.callback
    offers_callback = callback is not None and callback.offer_after is not None
    if announce and not (announce.position or announce.expected_wait or announce.prompts or offers_callback):
        hint = "say `position` or `expected_wait`, name `prompts`, or take it out"
        yield queue.fault(("announce",), "this says nothing", hint)


def _prompts_after_wait_max(queue: _Queue) -> Iterator[Fault]:
    yield from queue.unheard(queue.spec.wait_max, "wait_max", "nobody waits that long")


def _prompts_after_overflow(queue: _Queue) -> Iterator[Fault]:
    if overflow := queue.spec.overflow:
        yield from queue.unheard(overflow.after, "overflow.after", "everybody has gone on by then")


def _unoffered_callbacks(queue: _Queue) -> Iterator[Fault]:
    """Where they are to be offered, somebody says so."""
    callback = queue.spec.callback
    if callback and callback.offer_after is not None and queue.spec.announce is None:
        message = "nobody is told that he may be called back"
        yield queue.fault(("callback", "offer_after"), message, "set `announce`, or take it out")


def _late_callbacks(queue: _Queue) -> Iterator[Fault]:
    """They are offered while there is somebody to hear it."""
    if queue.spec.callback:
        path, message = ("callback", "offer_after"), "nobody is ever offered a callback: nobody waits that long"
        yield from queue.outlasted(queue.spec.callback.offer_after, path, message)


def _late_voicemail(queue: _Queue) -> Iterator[Fault]:
    if queue.spec.voicemail:
        path, message = ("voicemail", "after"), "nobody is ever sent to voicemail by this: nobody waits that long"
        yield from queue.outlasted(queue.spec.voicemail.after, path, message)


def _needless_voicemail(queue: _Queue) -> Iterator[Fault]:
    """Each way that leads there is one that some contact can go."""
    by_menus = any(
        node.get("queue") == queue.path[-1] and node.get("wait_max") is not None
        for _, node in hand_overs(queue.floor.document)
    )
    needs = {
        "timed_out": ("wait_max", queue.spec.wait_max is not None or by_menus),
        "blocked": ("waiting_max", queue.spec.waiting_max is not None),
        "nobody_there": ("leave_when_empty", queue.spec.leave_when_empty),
    }
    for number, outcome in enumerate(queue.spec.voicemail.instead_of if queue.spec.voicemail else ()):
        setting, is_set = needs[outcome]
        if not is_set:
            message = f"no contact is ever `{outcome}` here"
            yield queue.fault(("voicemail", "instead_of", number), message, f"set `{setting}`, or take it out")


def _naming(queue: _Queue) -> list[tuple[Path, list[Any]]]:
    """The ways to this queue that name agents for whom contacts are to be kept."""
    found = [(path, node) for path, node in hand_overs(queue.floor.document) if node.get("queue") == queue.path[-1]]
    return [((*path, "prefers"), node["prefers"]) for path, node in found if node.get("prefers")]


def _kept_for_nobody(queue: _Queue) -> Iterator[Fault]:
    spec = queue.spec.preferred
    if spec is None or spec.last_agent:
        return
    if not _naming(queue):
        hint = "say `last_agent: true`, or `prefers` where a menu hands over"
        yield queue.fault(("preferred",), "this keeps contacts for nobody", hint)
    if "within" in spec.model_fields_set:
        yield queue.fault(("preferred", "within"), "this has no effect without `last_agent`", "take it out")


def _kept_for_ever(queue: _Queue) -> Iterator[Fault]:
    spec = queue.spec.preferred
    if spec and queue.spec.wait_max is not None and spec.lasts >= queue.spec.wait_max:
        message = "contacts are kept for as long as anybody waits: nobody else is ever offered them"
        yield queue.fault(("preferred", "for"), message, "it must be shorter than `wait_max`")


def _kept_for_the_unable(queue: _Queue) -> Iterator[Fault]:
    """Whoever is named for a contact could serve it."""
    plan = queue.plan()
    able = {agent for agent, _ in queue.able(plan, len(plan.relaxations))}
    for path, names in _naming(queue):
        for place, name in enumerate(names):
            if not any(agent == name or agent.rpartition("-")[0] == name for agent in able):
                message = f"`{name}` could never serve `{queue.path[-1]}`"
                yield queue.floor.document.fault((*path, place), message, "see the queue's requirements and tiers")


def _idle_ageing(queue: _Queue) -> Iterator[Fault]:
    """It lets at least somebody's priority grow, with what the menus add to it."""
    nodes = [node for _, node in hand_overs(queue.floor.document) if node.get("queue") == queue.path[-1]]
    added = [node.get("priority", 0) for node in nodes]
    taken = sum(min(rule.add, 0) for rule in queue.spec.priorities)
    ageing, lowest = queue.spec.ageing, queue.spec.priority + min(added, default=0) + taken
    if ageing and ageing.priority_max <= lowest:
        message = f"no priority ever grows: all are {lowest} or more from the start"
        yield queue.fault(("ageing", "priority_max"), message, "set it higher, or take `ageing` out")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule about a setting, and what must be sound for it to be judged: other settings, and things `outside`.

    `is_routing`: it has no meaning beside `compat`, as `router.centre.compat_rules` says. `is_of_defaults`: it asks
    what holds where a setting is not there, and whom its names mean.
    """

    about: str
    faults: Callable[[_Queue], Iterator[Fault]]
    settings: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    is_routing: bool = False
    is_of_defaults: bool = False


_WHO: Final = ("tiers", "requirements", "match_language", "relaxations", "compat")
_WHERE: Final = ("the skills and languages of agents", "the languages of the centre")
_BY_MENUS: Final = ("what menus add to priorities",)
_RANK: Final = ("priority", "priorities", "compat")
_PREFERS: Final = ("whom menus prefer",)
_RULES: Final = (
    _Rule("tiers", _order_of_tiers, is_routing=True),
    _Rule("tiers", _late_tiers, ("wait_max",), is_routing=True),
    _Rule("tiers", _unable_tiers, _WHO, _WHERE, is_routing=True, is_of_defaults=True),
    _Rule("relaxations", _order_of_relaxations, is_routing=True),
    _Rule("relaxations", _late_relaxations, ("wait_max",), is_routing=True),
    _Rule("relaxations", _relaxations_for_nobody, _WHO, _WHERE, is_routing=True, is_of_defaults=True),
    _Rule("overflow", _late_overflow, ("wait_max",)),
    _Rule("announce", _silent_announcements, ("callback",)),
    _Rule("announce", _prompts_after_wait_max, ("wait_max",)),
    _Rule("announce", _prompts_after_overflow, ("overflow",)),
    _Rule("callback", _unoffered_callbacks, ("announce",), is_routing=True, is_of_defaults=True),
    _Rule("callback", _late_callbacks, ("wait_max", "overflow"), is_routing=True),
    _Rule("voicemail", _late_voicemail, ("wait_max", "overflow"), is_routing=True),
    _Rule(
        "voicemail",
        _needless_voicemail,
        ("wait_max", "waiting_max", "leave_when_empty"),
        ("what menus say of the longest wait",),
        is_routing=True,
        is_of_defaults=True,
    ),
    _Rule("preferred", _kept_for_nobody, (), _PREFERS, is_routing=True, is_of_defaults=True),
    _Rule("preferred", _kept_for_ever, ("wait_max",), is_routing=True),
    _Rule("preferred", _kept_for_the_unable, _WHO, (*_WHERE, *_PREFERS), is_routing=True, is_of_defaults=True),
    _Rule(
        "ageing", _idle_ageing, ("priority", "priorities", "compat"), _BY_MENUS, is_routing=True, is_of_defaults=True
    ),
)
