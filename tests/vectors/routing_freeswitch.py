"""Plays a case on `compat.freeswitch.*`: its tiers, agents and callers as a site would set them up and tell of them.

What an agent has behind him at t = 0 comes with the plan. His status, his state and his outside calls are told as what
he is, with the reasons that docs/compat.md names. Time spent in the system before the queue is spent in a menu.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from acd.compat.freeswitch.look import in_order
from acd.compat.freeswitch.plan import FreeswitchAgent, FreeswitchQueue, Past, Status, Strategy
from acd.compat.freeswitch.watch import IDLE, OUTSIDE_CALL
from acd.events import AgentStateSet
from acd.model import HAD_ONE, AgentState
from acd.plan import AgentPlan, FloorPlan, QueuePlan
from escalation.plan import DeskPlan
from ivr.flow import Flow, HandOver, MenuPlan, Node, Say
from router.plan import EntryPoint, Plan
from tests.vectors.routing_cases import (
    AgentPart,
    Call,
    Member,
    Pause,
    Played,
    SetPriority,
    SetState,
    SetStatus,
    Unsupported,
)
from tests.vectors.routing_native import LEAVES, stats
from tests.vectors.routing_stage import START_MS, Moment, Stage

MODES = tuple(f"compat.freeswitch.{strategy}" for strategy in get_args(Strategy))

_STATUSES: dict[str, Status] = {
    "Available": "available",
    "Available (On Demand)": "on_demand",
    "On Break": "on_break",
    "Logged Out": "logged_out",
}
_ORDER_AT_S = 120.0
_LOG_IN_S = -1.0
_RING_STEP_S = 10.0  # where a case says 0, as the module has it
_PROMPT_MS_MAX = 10**9


def play(case: Played, until_s: float) -> dict[str, Any]:
    """Everything that a case may expect, for 0 <= t <= until. Raises Unsupported for what the module does not have."""
    stage, _ = _run(case, until_s)
    connects = stage.connects()
    return {
        "offers": stage.offers(),
        "connects": connects,
        "leaves": [(at, end.contact, LEAVES[end.outcome]) for at, end in stage.ends() if end.outcome in LEAVES],
        "order": [contact for _, contact, _ in connects],
        "order_at_120": _run(case, _ORDER_AT_S)[1],
        "stats": stats(stage, case),
    }


# --- the plan -----------------------------------------------------------------------------------------------------


def _plan(case: Played) -> Plan:
    flows = {call.id: Flow(call.id, "wait" if call.system_age == 0 else "menu", _nodes(call)) for call in case.calls}
    return Plan(
        centre="case",
        zone="UTC",
        languages=("en",),
        floor=FloorPlan(
            {name: _queue_plan(case, name) for name in case.queues},
            {name: AgentPlan(name) for name in case.agents},
        ),
        menus=MenuPlan(flows, prompt_ms_max=_PROMPT_MS_MAX),
        desk=DeskPlan(),
        entry_points={flow: EntryPoint(flow, "voice", (flow,), "line", "en", flow) for flow in flows},
        hash="case",
    )


def _nodes(call: Call) -> dict[str, Node]:
    """A base score is the priority of a caller: each point is a second of waiting."""
    wait_ms_max = None if call.timeout is None else _ms(call.timeout)
    wait = HandOver("wait", call.queue, priority=int(call.base_score), wait_ms_max=wait_ms_max)
    return {"menu": Say("menu", ("menu",), "wait"), "wait": wait}


def _queue_plan(case: Played, name: str) -> QueuePlan:
    queue, calls = case.queues[name], [call for call in case.calls if call.queue == name]
    compat = FreeswitchQueue(
        strategy=_strategy(queue.strategy),
        agents=tuple(_agent_plan(case.agents[agent], member, agent) for agent, member in case.members(name).items()),
        tier_rules=queue.tier_rules_apply,
        tier_wait_ms=_ms(queue.tier_rule_wait_second),
        tier_wait_by_level=queue.tier_rule_wait_multiply_level,
        skip_empty_tiers=queue.tier_rule_no_agent_no_wait,
        ring_step_ms=_ms(queue.ring_progressively_delay or _RING_STEP_S),
        counts_from="arrival" if any(call.system_age for call in calls) else "queueing",
        resume_ms=_ms(queue.discard_abandoned_after) if queue.abandoned_resume_allowed else None,
    )
    return QueuePlan(
        name,
        compat=compat,
        offer_ms=_ms(case.offer_s(name)),
        wrap_up_ms=0,
        short_abandon_ms=_ms(queue.servicelevel),
    )


def _strategy(name: str) -> Strategy:
    return next(strategy for strategy in get_args(Strategy) if strategy == name)


def _agent_plan(agent: AgentPart, member: Member, name: str) -> FreeswitchAgent:
    return FreeswitchAgent(
        name,
        member.level,
        member.place,
        wrap_up_ms=_ms(agent.wrap_up_time),
        missed_offers_max=agent.max_no_answer,
        missed_rest_ms=_ms(agent.no_answer_delay_time),
        declined_rest_ms=_ms(agent.reject_delay_time),
        past=Past(
            _STATUSES[agent.status],
            _at(agent.last_bridge_end),
            _at(agent.last_offered_call),
            _ms(agent.talk_time),
            agent.calls_answered,
        ),
    )


def _at(second: float | None) -> int:
    return 0 if second is None else START_MS + _ms(second)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


# --- the run ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Presence:
    """What one agent is, in the module's words, from which follows what he says."""

    id: str
    status: str
    state: str
    outside: bool

    def says(self) -> AgentStateSet:
        """A state, and the reason that tells it from others like it."""
        if self.status == "Logged Out":
            return AgentStateSet(self.id, "offline")
        if self.status == "On Break":
            return AgentStateSet(self.id, "paused", "break")
        if self.state != "Waiting":
            return AgentStateSet(self.id, "paused", IDLE)
        if self.outside:
            return AgentStateSet(self.id, "paused", OUTSIDE_CALL)
        return AgentStateSet(self.id, "ready", once=self.status == "Available (On Demand)")


def _run(case: Played, until_s: float) -> tuple[Stage, list[str]]:
    """The case until then, and who waited at 120, the best first."""
    rings = {name: agent.ring for name, agent in case.agents.items()}
    talks = {call.id: call.talk for call in case.calls if call.talk is not None}
    stage = Stage(_plan(case), rings, talks, alarms=Moment.LOOK)
    present = {name: _log_in(stage, name, agent) for name, agent in case.agents.items()}
    for event in case.events:
        if isinstance(event, SetPriority):
            raise Unsupported("a change of priority, which the module does not know")
        stage.at(event.at, Moment.EVENT, partial(_change, stage, present[event.agent], **_changed(event)))
    for call in case.calls:
        _arrive(stage, call)
    waiting: list[str] = []
    stage.at(_ORDER_AT_S, Moment.ARRIVAL, lambda: waiting.extend(each.id for each in in_order(stage.floor)))
    stage.run(until_s)
    return stage, waiting


def _arrive(stage: Stage, call: Call) -> None:
    """The number is one of the caller's own. A menu on the way is over when the case says that he comes."""
    stage.at(call.at - call.system_age, Moment.ARRIVAL, partial(stage.arrive, call.id, call.id, call.cid or ""))
    if call.system_age:
        stage.at(call.at, Moment.ARRIVAL, partial(stage.end_prompt, call.id))
    if call.hangup_at is not None:
        stage.at(call.hangup_at, Moment.HANG_UP, partial(stage.hang_up, call.id))


def _log_in(stage: Stage, agent_id: str, agent: AgentPart) -> _Presence:
    busy = agent.busy_until is not None
    presence = _Presence(agent_id, agent.status, agent.state, outside=busy or agent.external_calls > 0)
    stage.at(_LOG_IN_S, Moment.EVENT, partial(_change, stage, presence))
    if busy:
        changes = {"outside": agent.external_calls > 0, **({} if agent.state == "Idle" else {"state": "Waiting"})}
        stage.at(agent.busy_until or 0, Moment.FREED, partial(_change, stage, presence, **changes))
    return presence


def _changed(event: Pause | SetStatus | SetState) -> dict[str, Any]:
    match event:
        case SetStatus():
            return {"status": event.to}
        case SetState():
            return {"state": event.to}
        case _:
            return {"status": "On Break"}


def _change(stage: Stage, presence: _Presence, **changes: Any) -> None:
    """The agent says what follows from the change and from what the system has made of him in between."""
    agent = stage.floor.agents[presence.id]
    if agent.state is AgentState.PAUSED and agent.reason == HAD_ONE:
        presence.state = "Idle"
    if agent.state is AgentState.NOT_RESPONDING:
        presence.status = "On Break"
    before = presence.says()
    for name, value in changes.items():
        setattr(presence, name, value)
    if presence.says() != before or not changes:
        stage.say(presence.says())
