"""Plays a case on the native engine: what agents and callers do, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from acd import discipline
from acd.contact import UNANSWERED
from acd.model import AgentState
from router.measures import Measures
from tests.vectors.routing_cases import AgentPart, Call, Pause, Played, SetPriority, SetState, SetStatus, Unsupported
from tests.vectors.routing_plan import HISTORY, KEY, agent_ids, agent_name, lacks, last_call, ms, plan_of
from tests.vectors.routing_stage import Moment, Stage

LEAVES = {"abandoned": "ABANDON", "timed_out": "TIMEOUT", "blocked": "FULL", "nobody_there": "LEAVEEMPTY"}
"""The product's outcomes of contacts that were not answered, in the vectors' words."""

_Asked = Literal["ready", "paused", "offline"]

_NEVER_S = -1_000_000.0
_ORDER_AT_S = 120.0
_BEFORE_S = -0.001


def play(case: Played, until_s: float) -> dict[str, Any]:
    """Everything that a case may expect, for 0 <= t <= until. Raises Unsupported with all that is lacking."""
    if lacking := lacks(case):
        raise Unsupported("; ".join(lacking))
    stage = _run(case, until_s)
    connects = stage.connects()
    return {
        "offers": [(at, contact, agent_name(agent)) for at, contact, agent in stage.offers()],
        "connects": [(at, contact, agent_name(agent)) for at, contact, agent in connects],
        "leaves": [(at, end.contact, LEAVES[end.outcome]) for at, end in stage.ends() if end.outcome in LEAVES],
        "order": [contact for _, contact, _ in connects],
        "order_at_120": _waiting(_run(case, _ORDER_AT_S)),
        "stats": stats(stage, case),
    }


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
        available = self.status.startswith("Available") and self.state == "Waiting"
        return "ready" if available and not self.outside and not self.paused else "paused"


def _run(case: Played, until_s: float) -> Stage:
    ids = agent_ids(case)
    rings = {ids[name]: agent.ring for name, agent in case.agents.items()}
    talks = {call.id: call.talk for call in case.calls if call.talk is not None}
    stage = Stage(plan_of(case), rings, talks)
    present = {name: _come_in(stage, ids[name], case, case.agents[name]) for name in ids}
    for event in case.events:
        if isinstance(event, SetPriority):
            act = partial(stage.reprioritise, event.call, event.priority)
        else:
            act = partial(_change, stage, present[event.agent], **_changed(event))
        stage.at(event.at, Moment.FREED if _brings_back(event) else Moment.EVENT, act)
    for call in case.calls:
        _call_in(stage, call)
    stage.run(until_s)
    return stage


def _call_in(stage: Stage, call: Call) -> None:
    """A customer comes in, is perhaps in a menu first, and leaves unless he is answered."""
    stage.at(call.at - call.system_age, Moment.ARRIVAL, partial(stage.arrive, call.id, call.id))
    if call.system_age:
        stage.at(call.at, Moment.ARRIVAL, partial(stage.key, call.id, KEY))
    if call.hangup_at is not None:
        stage.at(call.hangup_at, Moment.HANG_UP, partial(stage.hang_up, call.id))


def _come_in(stage: Stage, agent_id: str, case: Played, agent: AgentPart) -> _Presence:
    """An agent comes in long ago, does what he did before t = 0, and then is what the case says he is."""
    busy_until = _busy_until_s(case, agent)
    away = busy_until is not None
    presence = _Presence(agent_id, agent.status, agent.state, outside=away or agent.external_calls > 0)
    if presence.wanted != "offline":
        stage.at(_NEVER_S, Moment.EVENT, partial(_ask, stage, presence, "ready"))
        _remember(stage, presence, case, agent)
        stage.at(_BEFORE_S, Moment.EVENT, partial(_change, stage, presence))
    if agent.status == "Available (On Demand)":
        stage.after_connect[agent_id] = partial(_take_one, stage, presence)
    if away:
        changes = {"outside": agent.external_calls > 0, **({} if agent.state == "Idle" else {"state": "Waiting"})}
        stage.at(busy_until or 0, Moment.FREED, partial(_change, stage, presence, **changes))
    return presence


def _remember(stage: Stage, presence: _Presence, case: Played, agent: AgentPart) -> None:
    """Let an agent have had his last offer, his last call and so many calls as the case says."""
    about = (HISTORY + presence.id, presence.id)
    ended_s, _ = last_call(case, agent)
    if agent.last_offered_call is not None:
        _before(stage, agent.last_offered_call, partial(stage.was_offered, *about))
    if ended_s is not None:
        _before(stage, ended_s, partial(_come_back, stage, presence))
    for _ in range(agent.calls_answered + sum(member.calls for member in agent.queues.values())):
        _before(stage, _NEVER_S if ended_s is None else ended_s, partial(stage.has_served, *about))


def _before(stage: Stage, at_s: float, act: Callable[[], None]) -> None:
    stage.at(min(at_s, 2 * _BEFORE_S), Moment.EVENT, act)


def _come_back(stage: Stage, presence: _Presence) -> None:
    """Log out and in again: idle from now on."""
    _ask(stage, presence, "offline")
    _ask(stage, presence, "ready")


def _busy_until_s(case: Played, agent: AgentPart) -> float | None:
    """Until when an agent is away on an outside call, or by the wrap-up after the last of his own."""
    ended, wrap_up_s = last_call(case, agent)
    wrapped_up = None if ended is None or ended + wrap_up_s <= 0 else ended + wrap_up_s
    return max((at for at in (agent.busy_until, wrapped_up) if at is not None), default=None)


def _changed(event: Pause | SetStatus | SetState) -> dict[str, Any]:
    match event:
        case SetStatus():
            return {"status": event.to}
        case SetState():
            return {"state": event.to}
        case _:
            return {"paused": True}


def _brings_back(event: SetPriority | Pause | SetStatus | SetState) -> bool:
    return isinstance(event, SetStatus | SetState) and (event.to.startswith("Available") or event.to == "Waiting")


def _take_one(stage: Stage, presence: _Presence) -> None:
    """Who is there on demand has had his call: he says himself when he is ready for another."""
    if presence.status == "Available (On Demand)":
        _change(stage, presence, state="Idle")


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
    waiting = [each for each in contacts if each.state in UNANSWERED]
    ranked = sorted(waiting, key=lambda contact: discipline.rank(contact, queues[contact.queue], board.now))
    return [contact.id for contact in ranked]


def stats(stage: Stage, case: Played) -> dict[str, dict[str, int]]:
    """By queue. The abandons are the product's measures; a call is completed when its talk has ended."""
    measures = Measures(stage.engine.board.plan)
    for at, event in stage.log:
        measures.apply(event, ms(at))
    handled = Counter(end.queue for _, end in stage.ends() if end.outcome == "handled")
    return {
        queue: {
            "abandoned": tally.abandoned,
            "abandoned_sl": tally.abandoned_short,
            "completed": handled[queue],
        }
        for queue, tally in measures.by_queue().items()
        if queue in case.queues
    }
