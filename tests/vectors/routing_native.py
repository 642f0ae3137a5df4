"""Plays a case on the native engine, set up as the vectors' README says the native mode is set.

`lacks` names what the product would need for a case and does not have. A setting that can change no decision of the
case asks for nothing: preference levels where all are on one, an order of agents where a queue has only one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from acd import discipline
from acd.model import AgentState, ContactState
from acd.plan import AgentPlan, FloorPlan, QueuePlan, Requirement
from escalation.plan import DeskPlan
from ivr.flow import Flow, HandOver, MenuPlan
from router.measures import Measures
from router.plan import EntryPoint, Plan
from tests.vectors.routing_cases import (
    AgentPart,
    Call,
    Pause,
    Played,
    QueuePart,
    SetPriority,
    SetState,
    SetStatus,
    Unsupported,
)
from tests.vectors.routing_stage import Moment, Stage

NATIVE_ORDERS = {
    "linear": "agents in a fixed order",
    "rrmemory": "agents least recently offered",
    "rrordered": "agents least recently offered",
    "round-robin": "agents least recently offered",
    "leastrecent": "agents longest idle",
    "longest-idle-agent": "agents longest idle",
}
"""The order of agents that stands in for a strategy; for the others, the vectors name none."""

ORDERS_OFFERED: dict[str, Mapping[str, Any]] = {
    "agents longest idle": {},
}
"""The orders of agents that the product offers, each with the settings of a queue that ask for it."""

LEAVES = {"abandoned": "ABANDON", "timed_out": "TIMEOUT"}
"""The product's outcomes of contacts that were not answered, in the vectors' words."""

_Asked = Literal["ready", "paused", "offline"]

_NEVER_S = -1_000_000.0
_ORDER_AT_S = 120.0
_BEFORE_S = -0.001


def lacks(case: Played) -> list[str]:
    """What the product would need for this case, each once."""
    found = [*_lacks_of_calls(case), *_lacks_of_agents(case)]
    for name in case.queues:
        found += [*_lacks_of_members(case, name), *_lacks_of_queue(case, name)]
    return list(dict.fromkeys(found))


def play(case: Played, until_s: float) -> dict[str, Any]:
    """Everything that a case may expect, for 0 <= t <= until. Raises Unsupported with all that is lacking."""
    if lacking := lacks(case):
        raise Unsupported("; ".join(lacking))
    stage = _run(case, until_s)
    connects = stage.connects()
    return {
        "offers": [(at, contact, _name(agent)) for at, contact, agent in stage.offers()],
        "connects": [(at, contact, _name(agent)) for at, contact, agent in connects],
        "leaves": [(at, end.contact, LEAVES[end.outcome]) for at, end in stage.ends() if end.outcome in LEAVES],
        "order": [contact for _, contact, _ in connects],
        "order_at_120": _waiting(_run(case, _ORDER_AT_S)),
        "stats": stats(stage),
    }


# --- what is missing ----------------------------------------------------------------------------------------------


def _lacks_of_calls(case: Played) -> Iterator[str]:
    if any(isinstance(event, SetPriority) for event in case.events):
        yield "changing the priority of a waiting contact"
    for call in case.calls:
        if call.position is not None:
            yield "joining a queue at a given place"
        if call.base_score:
            yield "a head start in waiting time"
        if call.system_age:
            yield "a need older than the contact"
        if call.max_penalty is not None and _bound_bites(case, call, call.max_penalty):
            yield "a bound on preference levels"


def _bound_bites(case: Played, call: Call, max_penalty: int) -> bool:
    bounds = [max_penalty, *(rule.max_penalty for rule in case.queues[call.queue].rules)]
    return any(member.penalty > min(bounds) for member in case.members(call.queue).values())


def _lacks_of_agents(case: Played) -> Iterator[str]:
    statuses = [agent.status for agent in case.agents.values()]
    statuses += [event.to for event in case.events if isinstance(event, SetStatus)]
    if "Available (On Demand)" in statuses:
        yield "an agent who takes one contact and then says when he is ready again"
    for agent in case.agents.values():
        if agent.no_answer_delay_time:
            yield "a rest for an agent after an unanswered offer"
        if agent.reject_delay_time:
            yield "a rest for an agent after declining"
    if len({queue.weight for queue in case.queues.values()}) > 1:
        yield "weights between queues"
    if any(_names_in_list_order(case, queue) != _by_place(case, queue) for queue in case.queues):
        yield "a place in the list for each queue of an agent"


def _lacks_of_queue(case: Played, name: str) -> Iterator[str]:
    queue = case.queues[name]
    calls = [call for call in case.calls if call.queue == name]
    if queue.maxlen is not None and queue.maxlen < len(calls):
        yield "a limit to the length of a queue"
    if queue.leavewhenempty not in ("no", False):
        yield "leaving a queue that no agent serves"
    if queue.timeoutpriority == "conf" and any(call.timeout is not None for call in calls):
        yield "a longest wait that lets an offer ring out"
    if queue.abandoned_resume_allowed:
        yield "a place kept over a redial"
    if len({call.timeout for call in calls}) > 1:
        yield "a longest wait of each contact's own"


def _lacks_of_members(case: Played, name: str) -> Iterator[str]:
    members = case.members(name)
    if len(members) > 1:
        yield from _lacks_of_order(case, name)
    if len({(member.penalty, member.level) for member in members.values()}) > 1:
        yield "preference levels"
    if len({agent.wrap_up_time for agent in _agents(case, name)}) > 1:
        yield "a wrap-up time of each agent's own"
    if len(_missed_limits(case, name)) > 1:
        yield "a limit to missed offers of each agent's own"


def _lacks_of_order(case: Played, name: str) -> Iterator[str]:
    strategy = case.queues[name].strategy
    order = NATIVE_ORDERS.get(strategy)
    if order is None:
        yield f"a native order of agents that stands for {strategy}"
    elif order not in ORDERS_OFFERED:
        yield order
    elif order == "agents longest idle" and any(_comes_back(case, agent) for agent in _agents(case, name)):
        yield "an outside call that leaves an agent's idle time as it was"


def _comes_back(case: Played, agent: AgentPart) -> bool:
    return agent.busy_until is not None and agent.busy_until <= case.until


def _missed_limits(case: Played, name: str) -> set[int | None]:
    """After how many missed offers the agents are to be paused, for those who may miss any."""
    return {_missed_limit(case.queues[name], agent) for agent in _agents(case, name) if _may_miss(case, name, agent)}


def _missed_limit(queue: QueuePart, agent: AgentPart) -> int | None:
    return 1 if queue.autopause in ("yes", True) else agent.max_no_answer or None


def _may_miss(case: Played, name: str, agent: AgentPart) -> bool:
    after = [second for second in (agent.ring.answer, agent.ring.reject, agent.ring.busy) if second is not None]
    return not after or after[0] > case.offer_s(name)


def _agents(case: Played, queue: str) -> list[AgentPart]:
    return [case.agents[name] for name in case.members(queue)]


def _by_place(case: Played, queue: str) -> list[str]:
    """The members of a queue by the place that its list gives them; those without one stay as in the file."""
    members = case.members(queue)
    return sorted(members, key=lambda name: members[name].place)


def _names_in_list_order(case: Played, queue: str | None = None) -> list[str]:
    """All agents, or those of a queue, by their place in the first of their queues."""

    def place(name: str) -> int:
        return next((member.place for member in case.agents[name].queues.values()), 0)

    return sorted(case.agents if queue is None else case.members(queue), key=place)


# --- the plan -----------------------------------------------------------------------------------------------------


def _name(agent_id: str) -> str:
    return agent_id.partition(" ")[2]


def _plan(case: Played, ids: Mapping[str, str]) -> Plan:
    agents = {ids[name]: AgentPlan(ids[name], _skills(agent)) for name, agent in case.agents.items()}
    nodes = {(call.queue, call.priority): HandOver("wait", call.queue, priority=call.priority) for call in case.calls}
    flows = {_address(*way): Flow(_address(*way), "wait", {"wait": node}) for way, node in nodes.items()}
    return Plan(
        centre="case",
        zone="UTC",
        languages=("en",),
        floor=FloorPlan({name: _queue_plan(case, name) for name in case.queues}, agents),
        menus=MenuPlan(flows),
        desk=DeskPlan(),
        entry_points={flow: EntryPoint(flow, "voice", (flow,), "line", "en", flow) for flow in flows},
        hash="case",
    )


def _queue_plan(case: Played, name: str) -> QueuePlan:
    queue, members = case.queues[name], _agents(case, name)
    order = NATIVE_ORDERS.get(queue.strategy, "")
    wait_s = next((call.timeout for call in case.calls if call.queue == name), None)
    return QueuePlan(
        name,
        requirements=(Requirement(name),),
        offer_ms=_ms(case.offer_s(name)),
        wrap_up_ms=_ms(queue.wrapuptime or max((agent.wrap_up_time for agent in members), default=0)),
        wait_ms_max=None if wait_s is None else _ms(wait_s),
        missed_offers_max=next(iter(_missed_limits(case, name)), None),
        short_abandon_ms=_ms(queue.servicelevel),
        **(ORDERS_OFFERED[order] if len(members) > 1 else {}),
    )


def _skills(agent: AgentPart) -> tuple[tuple[str, int], ...]:
    """Being in a queue is a skill."""
    return tuple((queue, 1) for queue in sorted(agent.queues))


def _address(queue: str, priority: int) -> str:
    return f"{queue} {priority}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


# --- the run ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Presence:
    """What one agent is, from which follows what he asks to be; `asked` is what he asked for last."""

    id: str
    status: str
    state: str
    outside: bool
    paused: bool = False
    asked: _Asked = "offline"

    @property
    def wanted(self) -> _Asked:
        if self.status == "Logged Out":
            return "offline"
        available = self.status == "Available" and self.state == "Waiting" and not self.outside and not self.paused
        return "ready" if available else "paused"


def _run(case: Played, until_s: float) -> Stage:
    ids = {name: f"{place:04d} {name}" for place, name in enumerate(_names_in_list_order(case))}  # places go by id
    rings = {ids[name]: agent.ring for name, agent in case.agents.items()}
    talks = {call.id: call.talk for call in case.calls if call.talk is not None}
    stage = Stage(_plan(case, ids), rings, talks)
    present = {name: _log_in(stage, ids[name], agent) for name, agent in case.agents.items()}
    for event in case.events:
        assert not isinstance(event, SetPriority), "a case that needs it is not played"
        stage.at(event.at, Moment.EVENT, partial(_change, stage, present[event.agent], **_changed(event)))
    for call in case.calls:
        stage.at(call.at, Moment.ARRIVAL, partial(stage.arrive, call.id, _address(call.queue, call.priority)))
        if call.hangup_at is not None:
            stage.at(call.hangup_at, Moment.HANG_UP, partial(stage.hang_up, call.id))
    stage.run(until_s)
    return stage


def _log_in(stage: Stage, agent_id: str, agent: AgentPart) -> _Presence:
    """An agent is ready since his last call, or longer than anybody; and then, before t = 0, what the case says."""
    busy = agent.busy_until is not None
    presence = _Presence(agent_id, agent.status, agent.state, outside=busy or agent.external_calls > 0)
    if presence.wanted != "offline":
        stage.at(_idle_since_s(agent), Moment.EVENT, partial(_ask, stage, presence, "ready"))
        stage.at(_BEFORE_S, Moment.EVENT, partial(_change, stage, presence))
    if busy:
        changes = {"outside": agent.external_calls > 0, **({} if agent.state == "Idle" else {"state": "Waiting"})}
        stage.at(agent.busy_until or 0, Moment.TALK_ENDS, partial(_change, stage, presence, **changes))
    return presence


def _idle_since_s(agent: AgentPart) -> float:
    ends = [agent.lastcall, agent.last_bridge_end, *(member.lastcall for member in agent.queues.values())]
    return max((end for end in ends if end is not None), default=_NEVER_S)


def _changed(event: Pause | SetStatus | SetState) -> dict[str, Any]:
    match event:
        case SetStatus():
            return {"status": event.to}
        case SetState():
            return {"state": event.to}
        case _:
            return {"paused": True}


def _change(stage: Stage, presence: _Presence, **changes: Any) -> None:
    """The agent asks for what follows from the change; who did not respond says by any of them that he is back."""
    for name, value in changes.items():
        setattr(presence, name, value)
    silent = stage.engine.board.floor.agents[presence.id].state is AgentState.NOT_RESPONDING
    if silent or presence.asked != presence.wanted:
        _ask(stage, presence, presence.wanted)


def _ask(stage: Stage, presence: _Presence, state: _Asked) -> None:
    presence.asked = state
    stage.ask(presence.id, state)


# --- the results --------------------------------------------------------------------------------------------------


def _waiting(stage: Stage) -> list[str]:
    """Who waits, those that ring included, in the product's order of contacts."""
    board = stage.engine.board
    contacts, queues = board.floor.contacts.values(), board.plan.floor.queues
    waiting = [each for each in contacts if each.state in (ContactState.WAITING, ContactState.OFFERED)]
    ranked = sorted(waiting, key=lambda contact: discipline.rank(contact, queues[contact.queue], board.now))
    return [contact.id for contact in ranked]


def stats(stage: Stage) -> dict[str, dict[str, int]]:
    """By queue. The abandons are the product's measures; a call is completed when its talk has ended."""
    measures = Measures(stage.engine.board.plan)
    for at, event in stage.log:
        measures.apply(event, _ms(at))
    handled = Counter(end.queue for _, end in stage.ends() if end.outcome == "handled")
    return {
        queue: {
            "abandoned": tally.abandoned,
            "abandoned_sl": tally.abandoned_short,
            "completed": handled[queue],
        }
        for queue, tally in measures.by_queue().items()
    }
