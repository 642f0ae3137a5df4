"""The cases that are no play: formulas by name, features by the fields of their `given`.

A rule that the product offers has an `ask`, which puts the case to the product; one that it does not says what it
`lacks`. Offering one more is a matter of its line in `FORMULAS` or `FEATURES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.vectors import ShapeFault, field, listed, mapping, number, whole
from tests.vectors import routing_asterisk_rules as asterisk
from tests.vectors.routing_cases import AgentPart, Call, Expected, Member, Played, QueuePart, Unsupported
from tests.vectors.routing_menus import freepbx_loops, menu_exit
from tests.vectors.routing_native import play

_IN_HAND = "work in hand"

Given = dict[str, Any]
Ask = Callable[[Given], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`given` and `expect` are the fields that such a case may have: patterns, apart by spaces."""

    given: str
    expect: str
    does: Ask | str

    def takes(self, keys: Collection[str]) -> bool:
        """Whether these are fields of the `given` of this rule."""
        return all(_matches(key, self.given) for key in keys)

    def fits(self, keys: Collection[str]) -> bool:
        """Whether these are all the fields of the `given` of this rule."""
        return self.takes(keys) and all(_matches_any(pattern, keys) for pattern in self.given.split())

    def unknown(self, keys: Iterable[str]) -> list[str]:
        """The fields among these that no such case expects."""
        return [key for key in keys if not _matches(key, self.expect)]

    def ask(self, given: Given) -> dict[str, Any]:
        """What the product says. Raises Unsupported if it does not offer this."""
        if isinstance(self.does, str):
            raise Unsupported(self.does)
        return self.does(given)


def _matches(key: str, patterns: str) -> bool:
    return any(re.fullmatch(pattern, key) for pattern in patterns.split())


def _matches_any(pattern: str, keys: Iterable[str]) -> bool:
    return any(re.fullmatch(pattern, key) for key in keys)


# --- put to the engine --------------------------------------------------------------------------------------------


def _served(calls: list[Call], agent_queues: Iterable[str]) -> list[str]:
    """In which order an agent serves these calls, who becomes free when all of them wait."""
    free_at = 1 + max((call.at for call in calls), default=0)
    queues = dict.fromkeys([*agent_queues, *(call.queue for call in calls)], QueuePart(strategy="linear"))
    agent = AgentPart(queues=dict.fromkeys(agent_queues, Member()), busy_until=free_at)
    timed = [call.model_copy(update={"talk": 1.0}) for call in calls]
    order: list[str] = play(_case(queues, {"agent": agent}, timed), free_at + len(calls))["order"]
    return order


def _case(queues: Mapping[str, QueuePart], agents: Mapping[str, AgentPart], calls: list[Call]) -> Played:
    return Played(
        id="case",
        system="",
        queues={**queues},
        agents={**agents},
        calls=calls,
        expect=Expected(order=[]),
        until=1_000_000,
    )


def _call(part: dict[str, Any], queue: str, at: float, priority: int = 0) -> Call:
    return Call(id=field(part, "id", queue), queue=queue, at=at, priority=priority)


def _parts(given: Given, key: str, known: str) -> list[dict[str, Any]]:
    return [_part(part, key, known) for part in listed(field(given, key, "given"), key)]


def _part(content: object, place: str, known: str) -> dict[str, Any]:
    part = mapping(content, place)
    if unknown := [key for key in part if key not in known.split()]:
        raise ShapeFault(f"{place}: the runner does not know the field {', '.join(unknown)}")
    return part


def _fifo(given: Given) -> dict[str, Any]:
    """0 is the highest of its priorities, as our greatest number is."""
    calls = [
        _call(part, "q", number(part, "at", "calls"), -whole(part, "priority", "calls"))
        for part in _parts(given, "calls", "id at priority")
    ]
    return {"order": _served(calls, ["q"])}


def _prio_age(given: Given) -> dict[str, Any]:
    ages = [(number(task, "age", "tasks"), task) for task in _parts(given, "tasks", "id priority age")]
    oldest = max((age for age, _ in ages), default=0)
    calls = [_call(task, "q", oldest - age, whole(task, "priority", "tasks")) for age, task in ages]
    return {"order": _served(calls, ["q"])}


def _opensips_pick(given: Given) -> dict[str, Any]:
    """A queue per skill; the lower of its priorities is the higher of ours."""
    calls = [
        _call(part, str(field(part, "skill", "queue")), number(part, "at", "queue"), -whole(part, "prio", "queue"))
        for part in _parts(given, "queue", "id skill prio at")
    ]
    order = _served(calls, listed(field(given, "agent_skills", "given"), "agent_skills"))
    return {"first": next(iter(order), None)}


def _avaya_pick(given: Given) -> dict[str, Any]:
    """UCD-MIA, the most idle agent whatever his level, is our only order of agents."""
    match field(given, "mode", "given"):
        case "UCD-MIA":
            pass
        case "EAD-MIA" | "EAD-LOA":
            raise Unsupported("preference levels")
        case "UCD-LOA":
            raise Unsupported("agents least occupied")
        case mode:
            raise ShapeFault(f"given.mode: `{mode}` is none of EAD-MIA, EAD-LOA, UCD-MIA, UCD-LOA")
    agents = {
        name: AgentPart(
            queues={"q": Member()}, last_bridge_end=-number(_part(agent, name, "level idle occ"), "idle", name)
        )
        for name, agent in mapping(field(given, "agents", "given"), "agents").items()
    }
    case = _case({"q": QueuePart(strategy="longest-idle-agent")}, agents, [Call(id="c", queue="q", at=0)])
    return {"first": next((agent for _, _, agent in play(case, 0)["connects"]), None)}


def _backlog(given: Given) -> dict[str, Any]:
    """An agent with work in hand becomes free; one conversation waits for him since before, another comes later."""
    if whole(_part(field(given, "agent", "given"), "agent", "limit"), "limit", "agent") != 1:
        raise Unsupported("several contacts at once")
    free_at = number(given, "agent_free_at", "given")
    waiting = _parts(given, "conversations", "id at agent_full")
    later = _part(field(given, "next_conversation", "given"), "next_conversation", "id at")
    calls = [_call(part, "q", number(part, "at", "conversations")) for part in (*waiting, later)]
    full = any(part.get("agent_full") for part in waiting)
    in_hand = [Call(id=_IN_HAND, queue="q", at=0, talk=free_at)] if full else []
    case = _case({"q": QueuePart(strategy="linear")}, {"a": AgentPart(queues={"q": Member()})}, [*in_hand, *calls])
    connects = [(at, call) for at, call, _ in play(case, max(call.at for call in calls))["connects"]]
    assigned = [[at, call] for at, call in connects if call != _IN_HAND]
    served = [call for _, call in assigned]
    return {"assigned": assigned, "still_waiting": [call.id for call in calls if call.id not in served]}


# --- the registers ------------------------------------------------------------------------------------------------

FORMULAS: dict[str, Rule] = {
    "ast_empty": Rule("table", "table", asterisk.empty_table),
    "ast_ema": Rule("answered_waits completed_before", "holdtime", asterisk.hold_times),
    "ast_ewt": Rule("holdtime waited", "minutes", asterisk.expected_waits),
    "ast_sl": Rule("completed completed_in_sl abandoned abandoned_in_sl", "SL SL2", asterisk.service_levels),
    "wrandom": Rule("penalties", "p_first_strictly_less", asterisk.first_wins),
    "prio_age": Rule("tasks", "order", _prio_age),
    "openacd_pick": Rule("calls", "order", "weights between queues"),
    "connect_steps": Rule("steps agents", "earliest", "requirements that relax with time"),
    "genesys_score": Rule("calls", "order", "a head start in waiting time"),
    "wazo_ratio": Rule("cases", "divert", "admission by contacts waiting for each agent"),
    "freepbx_loops": Rule("invalid_loops inputs", "final_on_input", freepbx_loops),
    "rr_mod": Rule("next_position", "rrpos", asterisk.pointer),
    "lifo": Rule("tasks", "order", "a queue that is served newest first"),
    "order_by": Rule("keys workers", "first", "agents by the levels of their skills"),
    "connect_pick": Rule("queues contacts", "first", "a queue that opens to an agent after a delay"),
    "connect_adjust": Rule("contacts", "order reported_wait", "a head start in waiting time"),
    "longest_idle": Rule("agents outbound_counts", "first", "calls that agents make"),
    "genesys_sl": Rule(
        "answered_in answered abandoned short_abandoned abandoned_in flow_out",
        "default exclude_short_abandons include_flow_outs",
        "a service level that counts overflow",
    ),
    "nice_priority": Rule("skills calls", "values order", "a priority that grows with waiting"),
    "avaya_pick": Rule("mode agents", "first", _avaya_pick),
    "avaya_pad": Rule("agents", "first", "agents furthest below their share of the work"),
    "azure_idle": Rule("workers", "order", "agents least loaded"),
    "azure_capacity": Rule("capacity cost sequences", "accepted", "several contacts at once"),
    "wazo_unknown": Rule("agent rules", "results", "conditions on skills other than a least level"),
    "openacd_agent": Rule("agents needs", "order", "specialists before generalists"),
    "opensips_pick": Rule("agent_skills queue", "first", _opensips_pick),
    "opensips_etw": Rule("avg_duration queued agents", "etw", "an expected wait"),
    "freepbx_mix": Rule(
        "invalid_loops timeout_loops inputs",
        "final next_bad next_none",
        "a way out for silence, another for wrong keys",
    ),
    "vxml_count": Rule("handlers events", "chosen", "handlers by the count of misses"),
    "vxml_prompts": Rule("prompts visits", "played", "prompts that taper"),
}

FEATURES: tuple[Rule, ...] = (
    Rule("calls", "order", _fifo),
    Rule("agent conversations agent_free_at next_conversation", "assigned still_waiting", _backlog),
    Rule("max_failures max_timeouts inputs", "exit_after_input cause", menu_exit),
    Rule("script input", "next_verb_at_5s", "a menu that goes on to the next step after silence, as in TwiML"),
    Rule("block input", "branch stored", "a way out for silence, another for wrong keys"),
    Rule("branches inputs", "taken", "a way out for silence, another for wrong keys"),
    Rule("handlers sequence", "chosen", "handlers by the count of misses"),
    Rule("prompt_seconds digit_at digit", "connect jambonz", "type-ahead that a node may turn off"),
    Rule(
        r"targets reservation_timeout worker_of_\w+_free_at worker", "offers queue_at", "overflow from queue to queue"
    ),
    Rule("filters default task", "queue never", "rules that choose a queue by a contact's facts"),
    Rule("filters default tasks workers", r"\w+", "rules that choose a queue by a contact's facts"),
    Rule(r"workers max_reserved w\d+", "offers connects rescinded not_offered", "offers to several agents at once"),
    Rule("worker busy_with waiting", "offers waiting_after", "several contacts at once"),
    Rule("ttl task_state caller", "at task call", "a life time of a contact"),
    Rule(r"queue c\d+", "order", "callbacks"),
    Rule("rings agents", "earliest", "requirements that relax with time"),
    Rule("selectors agents", "earliest", "requirements that relax with time"),
    Rule("job queue_length", r"actions with_queue_length_\d+", "overflow from queue to queue"),
    Rule("levels", r"eligible_at tie_at_\d+_all_idle", "preference levels"),
    Rule(r"waited_before_transfer level_\d+_after", r"level_\d+_opens_after_transfer", "transfer"),
    Rule(r"agents_dedicated agents_shared_by_\d+", "effective_agents", "an expected wait"),
    Rule("agents calls", "connects", "requirements that relax when nobody meets them"),
)

BETTER: dict[str, dict[str, Any]] = {
    "IVR-03-fs-menu-failures-and-timeouts": {"exit_after_input": None, "cause": None},
}
"""What the prose of `better` says of a case that shows a harmful feature and has no `expect_native`."""
