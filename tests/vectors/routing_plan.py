"""What a case compiles to on the native engine, set up as the vectors' README says the native mode is set.

`lacks` names what the product would need for a case and does not have. A setting that can change no decision of the
case asks for nothing, as an order of agents does where a queue has only one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any, Final

from acd.plan import AgentPlan, FloorPlan, QueuePlan, Requirement, Tier
from escalation.plan import DeskPlan
from ivr.flow import Flow, HandOver, Menu, MenuPlan, Node
from router.plan import EntryPoint, Plan
from tests.vectors.routing_cases import AgentPart, Call, Member, Played, QueuePart

NATIVE_ORDERS: dict[str, Mapping[str, Any]] = {
    "linear": {"selection": "in_order"},
    "top-down": {"selection": "in_order"},
    "rrmemory": {"selection": "least_recently_offered"},
    "rrordered": {"selection": "least_recently_offered"},
    "round-robin": {"selection": "least_recently_offered"},
    "leastrecent": {"selection": "longest_idle"},
    "longest-idle-agent": {"selection": "longest_idle"},
    "fewestcalls": {"selection": "fewest_contacts"},
    "agent-with-fewest-calls": {"selection": "fewest_contacts"},
    "ringall": {"selection": "in_order", "ring": "all"},
    "ring-all": {"selection": "in_order", "ring": "all"},
    "ring-progressively": {"selection": "in_order", "ring": "progressive"},
}
"""The settings of a queue that stand in for a strategy."""

KEY: Final = "1"
"""What a caller keys who was in a menu before he was queued."""

HISTORY: Final = "history of "
"""Before an agent's id: a queue, and an address, of his own, for what he did before the case begins."""

_LEAVE_STATES = frozenset({"paused", "unavailable", "invalid", "unknown", "penalty", "wrapup"})
_LEAVE_WORDS: dict[str | bool, bool] = {"no": False, False: False, "yes": True, True: True, "strict": True}
_LONG_MS = 10_000_000_000


def lacks(case: Played) -> list[str]:
    """What the product would need for this case, each once."""
    found = [*_lacks_of_calls(case), *_lacks_of_agents(case)]
    for name in case.queues:
        found += _lacks_of_queue(case, name)
    return list(dict.fromkeys(found))


def _lacks_of_calls(case: Played) -> Iterator[str]:
    if any(call.position is not None for call in case.calls):
        yield "joining a queue at a given place"


def _lacks_of_agents(case: Played) -> Iterator[str]:
    for agent in case.agents.values():
        if agent.no_answer_delay_time:
            yield "a rest for an agent after an unanswered offer"
        if agent.reject_delay_time:
            yield "a rest for an agent after declining"


def _lacks_of_queue(case: Played, name: str) -> Iterator[str]:
    queue = case.queues[name]
    calls = _calls(case, name)
    if len(case.members(name)) > 1 and queue.strategy not in NATIVE_ORDERS:
        yield f"a native order of agents that stands for {queue.strategy}"
    if queue.strategy == "ringall" and len({*_levels(case, name).values()}) > 1:
        yield "ringing everybody of one preference level, and nobody of the next"
    if _leaves(queue) is None:
        yield "leaving a queue whose agents are all busy"
    elif _leaves(queue) and any(_is_elsewhere(case.agents[agent]) for agent in case.members(name)):
        yield "a call of an agent's own, during which he is there all the same"
    if queue.timeoutpriority == "conf" and any(call.timeout is not None for call in calls):
        yield "a longest wait that lets an offer ring out"
    if queue.abandoned_resume_allowed:
        yield "a place kept over a redial"
    if _bounds_change(case, name) and _widening_bound(case, name) is None:
        yield "a bound on preference levels that narrows, or widens for some contacts of a queue only"


# --- the plan -----------------------------------------------------------------------------------------------------


def agent_ids(case: Played) -> dict[str, str]:
    """The id of each agent, by name. Who comes first in his first queue has the first id, so that he is freed first."""

    def place(name: str) -> tuple[float, ...]:
        queue, member = next(iter(case.agents[name].queues.items()), ("", Member()))
        return (member.penalty, member.level, _since(case, queue, case.agents[name]), member.place)

    return {name: f"{number:04d} {name}" for number, name in enumerate(sorted(case.agents, key=place))}


def _since(case: Played, queue: str, agent: AgentPart) -> float:
    """The instant by which an order of agents goes, if it goes by one."""
    settings = NATIVE_ORDERS.get(case.queues[queue].strategy, {}) if queue else {}
    by = {"longest_idle": last_call(case, agent)[0], "least_recently_offered": agent.last_offered_call}
    since = by.get(settings.get("selection", ""), 0)
    return -inf if since is None else since


def last_call(case: Played, agent: AgentPart) -> tuple[float | None, float]:
    """When the last call of an agent ended, if he had any, and how long the wrap-up after it is."""
    wrap_up_s = agent.wrap_up_time or max((case.queues[name].wrapuptime for name in agent.queues), default=0)
    calls = [(agent.lastcall, wrap_up_s), (agent.last_bridge_end, wrap_up_s)]
    calls += [(member.lastcall, case.queues[name].wrapuptime) for name, member in agent.queues.items()]
    return max(((end, wrap_up) for end, wrap_up in calls if end is not None), default=(None, 0))


def agent_name(agent_id: str) -> str:
    """The name in the case of an agent of the engine."""
    return agent_id.partition(" ")[2]


def plan_of(case: Played) -> Plan:
    """The centre of a case: every call has a number, and a way to its queue, of its own."""
    ids = agent_ids(case)
    queues = [_queue_plan(case, name, ids) for name in case.queues]
    queues += [_history_queue(agent_id) for agent_id in ids.values()]
    nodes = {call.id: _way_in(case, call) for call in case.calls}
    nodes |= {queue.id: [HandOver("wait", queue.id)] for queue in queues if queue.id.startswith(HISTORY)}
    agents = {ids[name]: _agent_plan(ids[name], agent) for name, agent in case.agents.items()}
    return centre(FloorPlan({queue.id: queue for queue in queues}, agents, pause_restarts_idle=False), nodes)


def centre(floor: FloorPlan, ways_in: Mapping[str, Sequence[Node]]) -> Plan:
    """A centre with this floor, and a number for each of these ways in, which starts at its first node."""
    flows = {name: Flow(name, way[0].id, {node.id: node for node in way}) for name, way in ways_in.items()}
    return Plan(
        centre="case",
        zone="UTC",
        languages=("en",),
        floor=floor,
        menus=MenuPlan(flows, prompt_ms_max=_LONG_MS),
        desk=DeskPlan(),
        entry_points={flow: EntryPoint(flow, "voice", (flow,), "line", "en", flow) for flow in flows},
        hash="case",
    )


def _way_in(case: Played, call: Call) -> list[Node]:
    """Straight to the queue, or first into a menu, where its need may be older than its wait."""
    wait = HandOver(
        "wait",
        call.queue,
        priority=call.priority,
        head_start_ms=ms(call.base_score),
        tiers_max=_tiers_max(case, call),
        wait_ms_max=None if call.timeout is None else ms(call.timeout),
    )
    return [Menu("menu", ("ask",), ((KEY, "wait"),), "wait", _LONG_MS), wait] if call.system_age else [wait]


def _agent_plan(agent_id: str, agent: AgentPart) -> AgentPlan:
    """Being in a queue is a skill."""
    skills = tuple((queue, 1) for queue in sorted([*agent.queues, HISTORY + agent_id]))
    return AgentPlan(agent_id, skills, ms(agent.wrap_up_time) or None, agent.max_no_answer or None)


def _queue_plan(case: Played, name: str, ids: Mapping[str, str]) -> QueuePlan:
    queue = case.queues[name]
    return QueuePlan(
        name,
        requirements=(Requirement(name),),
        weight=queue.weight,
        tiers=_tiers(case, name, ids),
        ring_step_ms=ms(queue.ring_progressively_delay),
        offer_ms=ms(case.offer_s(name)),
        wrap_up_ms=ms(queue.wrapuptime),
        waiting_max=queue.maxlen,
        leave_when_empty=bool(_leaves(queue)),
        missed_offers_max=1 if queue.autopause in ("yes", True) else None,
        short_abandon_ms=ms(queue.servicelevel),
        **NATIVE_ORDERS.get(queue.strategy, {}),
    )


def _history_queue(agent_id: str) -> QueuePlan:
    name = HISTORY + agent_id
    return QueuePlan(name, requirements=(Requirement(name),), missed_offers_max=None)


def _leaves(queue: QueuePart) -> bool | None:
    """Whether callers leave the queue while all its agents are away; None for agents in other states than that."""
    setting = queue.leavewhenempty
    if setting in _LEAVE_WORDS:
        return _LEAVE_WORDS[setting]
    states = {state.strip() for state in str(setting).split(",")}
    return True if "paused" in states <= _LEAVE_STATES else None


# --- preference levels --------------------------------------------------------------------------------------------


def _tiers(case: Played, name: str, ids: Mapping[str, str]) -> tuple[Tier, ...]:
    """A tier for each level, lower first, in the order of the list within it."""
    members = case.members(name)
    listed = sorted(members, key=lambda agent: members[agent].place)
    levels = _levels(case, name)
    after_ms = {level: ms(_opens_s(case, name, level)) for level in {*levels.values()}}
    return tuple(
        Tier(tuple(ids[agent] for agent in listed if levels[agent] == level), after_ms[level])
        for level in sorted(after_ms)
    )


def _levels(case: Played, name: str) -> dict[str, int]:
    """Each member's level; all are on one while no more of them are there than the limit says."""
    members = case.members(name)
    flat = len(members) <= case.queues[name].penaltymemberslimit
    return {agent: 0 if flat else member.penalty + member.level for agent, member in members.items()}


def _opens_s(case: Played, name: str, level: int) -> float:
    """When a level opens to a caller: at once, but where a bound widens, or a level has to wait for its turn."""
    bound = _widening_bound(case, name)
    if _bounds_change(case, name) and bound is not None:
        return next((after for after, highest in bound if level <= highest), 0)
    queue = case.queues[name]
    present = [case.members(name)[agent].level for agent in case.members(name) if _is_present(case.agents[agent])]
    if not queue.tier_rules_apply or level <= min(present, default=level):
        return 0
    return queue.tier_rule_wait_second * (level if queue.tier_rule_wait_multiply_level else 1)


def _is_present(agent: AgentPart) -> bool:
    return agent.status in ("Available", "Available (On Demand)")


def _is_elsewhere(agent: AgentPart) -> bool:
    return agent.busy_until is not None or agent.external_calls > 0 or agent.state == "In a queue call"


def _tiers_max(case: Played, call: Call) -> int | None:
    """How many levels a caller's bound leaves him, in the end."""
    if call.max_penalty is None:
        return None
    bound = _widening_bound(case, call.queue) or [(0, call.max_penalty)]
    return sum(level <= bound[-1][1] for level in {*_levels(case, call.queue).values()})


def _bounds_change(case: Played, name: str) -> bool:
    """Whether rules change the bound of any caller: of one who has none they do not."""
    return bool(case.queues[name].rules) and any(call.max_penalty is not None for call in _calls(case, name))


def _widening_bound(case: Played, name: str) -> list[tuple[float, int]] | None:
    """The bound that a queue's callers have, as (from second, highest penalty); None if they differ, or it narrows."""
    bounds = {call.max_penalty for call in _calls(case, name)}
    first = next(iter(bounds), None)
    if len(bounds) != 1 or first is None:
        return None
    changes = sorted((rule.after, rule.max_penalty) for rule in case.queues[name].rules)
    bound: list[tuple[float, int]] = [(0, first), *changes]
    return bound if [highest for _, highest in bound] == sorted(highest for _, highest in bound) else None


def _calls(case: Played, name: str) -> list[Call]:
    return [call for call in case.calls if call.queue == name]


def ms(seconds: float) -> int:
    """Seconds as whole milliseconds."""
    return round(seconds * 1000)
