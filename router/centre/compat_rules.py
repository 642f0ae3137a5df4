"""What queues that follow an old system say together with the rest of a centre: what is without effect beside it.

What stands beside `compat`, and what menus say of such a queue, is judged from the files as they are; what is said
within it where that has no fault of form. What must wait is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from router.centre.clear import Finding, is_clear, is_misspelt, waiting
from router.centre.compat import STRATEGIES, AsteriskSpec, FreeswitchAgentSpec, FreeswitchSpec
from router.centre.document import Document, Path, dotted
from router.centre.durations import lasts
from router.centre.menus import hand_overs, hand_overs_are_known
from router.centre.sections import AgentSpec, QueueSpec, Sections
from router.errors import Fault

Compat = AsteriskSpec | FreeswitchSpec

_OUT: Final = "take it out"
_BY_STRATEGY: Final = "`compat.strategy` decides"
_ROUTING: Final = {
    "requirements": "whoever is listed in `compat` may serve the queue",
    "match_language": "whoever is listed in `compat` may serve the queue",
    "relaxations": "whoever is listed in `compat` may serve the queue",
    "ageing": _OUT,
    "order": _OUT,
    "head_start": _OUT,
    "preferred": _OUT,
    "expected_wait_max": _OUT,
    "agents_min": _OUT,
    "priorities": "say `priority` where a menu hands over",
    "selection": _BY_STRATEGY,
    "ring": _BY_STRATEGY,
    "exclusion": _OUT,
    "callback": _OUT,
    "voicemail": _OUT,
    "direct": _OUT,
    "consult": _OUT,
}
# What of a queue is without effect beside `compat`, and what to do instead, by the system that the queue follows.
_IDLE: Final[Mapping[str, Mapping[str, str]]] = {
    "asterisk": {
        **_ROUTING,
        "tiers": "say `penalty` of `compat.members`",
        "ring_step": _OUT,
        "retry": "say `compat.retry`",
        "wrap_up": "say `compat.wrap_up`",
        "waiting_max": "say `compat.length_max`",
        "leave_when_empty": "say `compat.leave_when_empty`",
        "missed_offers_max": "say `compat.autopause`",
    },
    "freeswitch": {
        **_ROUTING,
        "weight": "all queues of FreeSWITCH share one order",
        "tiers": "say `level` of `compat.agents`",
        "ring_step": "say `compat.ring_step`",
        "retry": "say the rests of `compat.agents`",
        "wrap_up": "say `wrap_up` of `compat.agents`",
        "leave_when_empty": _OUT,
        "missed_offers_max": "say `missed_offers_max` of `compat.agents`",
    },
}
_TERMS: Final = frozenset({"position", "head_start", "tiers_max"})
_SYSTEMS: Final = {"asterisk": "Asterisk", "freeswitch": "FreeSWITCH"}

# The settings of FreeSWITCH's agents that are not those of a tier.
_OWN: Final = ("wrap_up", "missed_offers_max", "missed_rest", "declined_rest", "busy_rest")


def compat_notices(sections: Sections) -> Iterator[str]:
    """A sentence for each queue that follows an old system."""
    for queue_id, spec in sorted(sections.queues.items()):
        if spec.compat:
            about = "its quirks are for replay and comparison; see docs/compat.md"
            yield f"the queue `{queue_id}` follows {_SYSTEMS[_system(spec.compat.strategy)]}: {about}"


def compat_faults(document: Document, sections: Sections, told: Collection[str]) -> Iterator[Finding]:
    """One fault for each setting without an effect, and for each agent that cannot be in his place.

    And a sentence for whatever must wait. `sections` have of each queue the settings whose form is sound.
    """
    for path, queue in document.entries("queues"):
        if isinstance(compat := queue.get("compat"), dict):
            yield from _beside(document, path, queue, compat)
            yield from _listed(document, path, compat)
    followers = {queue_id: spec.compat for queue_id, spec in sorted(sections.queues.items()) if spec.compat}
    for queue_id, compat in followers.items():
        yield from _Check(document, sections, told, queue_id).faults(compat)
    yield from _whole_systems(document, followers)
    yield from _agents_apart(document, followers)
    yield from _hand_overs(document)
    yield from _waiting(document, followers)


def _system(strategy: object) -> str:
    """`asterisk` of `compat.asterisk.linear`."""
    return str(strategy).removeprefix("compat.").partition(".")[0]


def _waiting(document: Document, followers: Mapping[str, Compat]) -> Iterator[str]:
    """What is not said of queues that cannot be read, or whose system is not known."""
    queues = document.section("queues")
    systemless = [queue_id for queue_id, queue in queues.items() if _system_of(queue) is None]
    for queue_id in systemless:
        yield f"what has an effect in the queue `{queue_id}`, as it is not known which system it follows"
    unread = [queue_id for queue_id, queue in queues.items() if _system_of(queue) and queue_id not in followers]
    for queue_id in unread:
        yield from waiting(f"whether queues.{queue_id}.compat takes effect", [f"queues.{queue_id}.compat"])
    if (unread or systemless) and len(followers) + len(unread) + len(systemless) > 1:
        yield "whether queues that follow an old system agree in what is the same for all of them"


def _follows(queue: object) -> bool:
    """Whether a queue follows an old system, or may do so."""
    if not isinstance(queue, dict):
        return True
    return queue.get("compat") is not None or is_misspelt("compat", queue, QueueSpec)


def _system_of(queue: object) -> str | None:
    """The system that a queue follows, empty for none of them; None when that is not known."""
    if not _follows(queue):
        return ""
    compat = queue.get("compat") if isinstance(queue, dict) else None
    strategy = compat.get("strategy") if isinstance(compat, dict) else None
    return _system(strategy) if strategy in STRATEGIES else None


def _beside(document: Document, path: Path, queue: Mapping[str, Any], compat: Mapping[str, Any]) -> Iterator[Fault]:
    """What the queue's other settings say that the old system decides itself."""
    for name, hint in _IDLE.get(_system_of(queue) or "", {}).items():
        if name in queue:
            yield document.fault((*path, name), "this has no effect beside `compat`", hint)
    announce = queue.get("announce")
    if isinstance(announce, dict) and announce.get("position") is True:
        message = "an old system has its own order, in which no position is known"
        yield document.fault((*path, "announce", "position"), message, "say `expected_wait`, or take it out")


def _listed(document: Document, path: Path, compat: Mapping[str, Any]) -> Iterator[Fault]:
    """Each agent is listed once, and has no wrap-up that the old system would know nothing of."""
    seen: set[str] = set()
    system = _system_of({"compat": compat})
    for name in ("members", "agents"):
        entries = compat.get(name)
        for place, entry in enumerate(entries if isinstance(entries, list) else ()):
            agent = entry.get("agent") if isinstance(entry, dict) else None
            if not isinstance(agent, str):
                continue
            if agent in seen:
                yield document.fault((*path, "compat", name, place, "agent"), f"`{agent}` is listed already", _OUT)
                continue
            seen.add(agent)
            own = document.value(("agents", agent, "wrap_up"))
            if system and own is not None and lasts(own):
                message = f"`{agent}` serves `{path[-1]}`, whose wrap-up is that of an old system"
                hint = f"take it out: {_IDLE[system]['wrap_up']} of the queue"
                yield document.fault(("agents", agent, "wrap_up"), message, hint)


@dataclass(frozen=True, slots=True)
class _Check:
    """The settings of one queue, and what they say of its agents."""

    document: Document
    sections: Sections
    told: Collection[str]
    queue_id: str

    def faults(self, compat: Compat) -> Iterator[Finding]:
        if isinstance(compat, AsteriskSpec):
            yield from self._rules(compat)
            yield from self._penalties(compat)
        else:
            yield from self._tiers(compat)
            yield from self._strategy(compat)

    def _fault(self, path: Path, message: str, hint: str) -> Fault:
        return self.document.fault(("queues", self.queue_id, "compat", *path), message, hint)

    # --- Asterisk -----------------------------------------------------------------------------------------------------

    def _rules(self, compat: AsteriskSpec) -> Iterator[Finding]:
        """Each changes the bound of somebody: Asterisk gives none to whoever came without one."""
        nodes = [node for _, node in hand_overs(self.document) if node.get("queue") == self.queue_id]
        if not compat.rules or any(node.get("tiers_max") is not None for node in nodes):
            pass
        elif not hand_overs_are_known(self.document, "tiers_max", self.told):
            yield from self._waits("rules", ["what menus say of `tiers_max`"])
        elif nodes:
            hint = "say `tiers_max` where a menu hands over, or take them out"
            yield self._fault(("rules",), "these rules change nobody's bound: nobody comes with one", hint)
        for place, (earlier, rule) in enumerate(zip(compat.rules, compat.rules[1:], strict=False), 1):
            if rule.after <= earlier.after:
                message = "this rule does not come after the one above it"
                yield self._fault(("rules", place, "after"), message, "put them in order of time")

    def _penalties(self, compat: AsteriskSpec) -> Iterator[Finding]:
        """They count for a queue of so many members."""
        agents = self.sections.agents
        names = dict.fromkeys(compat.listed)
        unclear = [name for name in names if not is_clear(("agents", name), AgentSpec, {"count"}, self.told)]
        unclear += [name for name in names if name not in agents and name not in unclear]
        if unclear and compat.penalty_members_limit:
            yield from self._waits("penalty_members_limit", [f"agents.{name}" for name in unclear])
        count = sum(agents[name].count or 1 for name in names if name in agents)
        if not unclear and count <= compat.penalty_members_limit:
            message = f"no penalty ever counts: there must be more members than that, and there are {count}"
            yield self._fault(("penalty_members_limit",), message, "set it lower")

    def _waits(self, setting: str, reasons: Iterable[str]) -> Iterator[str]:
        return waiting(f"whether queues.{self.queue_id}.compat.{setting} takes effect", reasons)

    # --- FreeSWITCH ---------------------------------------------------------------------------------------------------

    def _tiers(self, compat: FreeswitchSpec) -> Iterator[Fault]:
        """What is said of the wait for further tiers matters."""
        if compat.tier_rules and all(agent.level == 0 for agent in compat.agents):
            hint = "give somebody a `level`, or take it out"
            yield self._fault(("tier_rules",), "nobody has to wait for an agent: all are of level 0", hint)
        waits = {name: getattr(compat, name) for name in ("tier_wait", "tier_wait_by_level", "skip_empty_tiers")}
        for name, value in waits.items():
            if value and not compat.tier_rules:
                yield self._fault((name,), "this has no effect without `tier_rules`", "say `tier_rules: true`")

    def _strategy(self, compat: FreeswitchSpec) -> Iterator[Fault]:
        """What is said of agents and steps suits the strategy."""
        if "ring_step" in compat.model_fields_set and not compat.strategy.endswith(".ring-progressively"):
            yield self._fault(("ring_step",), "this has no effect unless phones are rung progressively", _OUT)
        for place, agent in enumerate(compat.agents):
            if compat.strategy.endswith(".top-down") and agent.level == agent.position == 0:
                message = f"`{agent.agent}` would never ring: top-down begins after position 0 of level 0"
                yield self._fault(("agents", place, "position"), message, "write 1 or more")


def _whole_systems(document: Document, followers: Mapping[str, Compat]) -> Iterator[Fault]:
    """In Asterisk some options are the whole system's."""
    first: dict[str, tuple[str, object]] = {}
    for queue_id, compat in followers.items():
        for name in ("shared_last_call", "longest_waiting"):
            if isinstance(compat, AsteriskSpec):
                value = getattr(compat, name)
                other, elsewhere = first.setdefault(name, (queue_id, value))
                if value != elsewhere:
                    message = f"this is not as in `{other}`: in Asterisk it is the whole system's"
                    yield document.fault(("queues", queue_id, "compat", name), message, "say the same in all queues")


def _agents_apart(document: Document, followers: Mapping[str, Compat]) -> Iterator[Fault]:
    """In FreeSWITCH some settings are the agent's, whatever the queue."""
    first: dict[str, tuple[str, FreeswitchAgentSpec]] = {}
    for queue_id, compat in followers.items():
        for place, agent in enumerate(compat.agents if isinstance(compat, FreeswitchSpec) else ()):
            other, elsewhere = first.setdefault(agent.agent, (queue_id, agent))
            for name in _OWN:
                if queue_id != other and getattr(agent, name) != getattr(elsewhere, name):
                    message = f"this is not as in `{other}`: in FreeSWITCH it is the agent's, whatever the queue"
                    way: Path = ("queues", queue_id, "compat", "agents", place, name)
                    yield document.fault(way, message, "say the same in all queues")


def _hand_overs(document: Document) -> Iterator[Finding]:
    """What a menu says of a contact's place is for the kind of queue that it hands over to."""
    queues = document.section("queues")
    for path, node in hand_overs(document):
        name = node.get("queue")
        if isinstance(name, str) and name in queues:
            for setting in _idle_terms(node, _system_of(queues[name])):
                yield document.fault((*path, setting), f"this has no effect in the queue `{name}`", _OUT)
        else:
            for setting in sorted(_TERMS & node.keys()):
                what = f"whether {dotted((*path, setting))} takes effect"
                yield from waiting(what, [dotted((*path, "queue")) if queues else "queues"])


def _idle_terms(node: Mapping[str, Any], system: str | None) -> Iterator[str]:
    if node.get("position") is not None and system in {"", "freeswitch"}:
        yield "position"
    if node.get("head_start") is not None and lasts(node["head_start"]) and system:
        yield "head_start"
    if node.get("tiers_max") is not None and system == "freeswitch":
        yield "tiers_max"
    if node.get("prefers") and system:
        yield "prefers"
