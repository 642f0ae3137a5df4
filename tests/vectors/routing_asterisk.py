"""Plays a case on `compat.asterisk`, set up as the case's words say it in Asterisk's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast, get_args

from acd.compat.asterisk.plan import AsteriskMember, AsteriskQueue, PenaltyRule, Strategy, absences
from acd.compat.asterisk.presence import IN_USE, PAUSED_IN_USE
from acd.compat.asterisk.statistics import Statistics
from acd.compat.asterisk.watch import AsteriskWatch
from acd.plan import AgentPlan, FloorPlan, QueuePlan
from escalation.plan import DeskPlan
from ivr.flow import Flow, HandOver, MenuPlan
from router.plan import EntryPoint, Plan
from tests.vectors.routing_cases import AgentPart, Call, Config, Pause, Played, QueuePart, SetPriority, Unsupported
from tests.vectors.routing_stage import START_MS, Moment, Stage

STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)

LEAVES = {"abandoned": "ABANDON", "timed_out": "TIMEOUT", "blocked": "FULL", "nobody_there": "LEAVEEMPTY"}
"""The outcomes of contacts that were not answered, in Asterisk's words."""

_RETRY_S = 5.0
_FOR_EVER_S = 1_000_000.0
_BEFORE_S = -0.001
_ORDER_AT_S = 120.0


def play(case: Played, until_s: float) -> dict[str, Any]:
    """Everything that a case may expect, for 0 <= t <= until. Raises Unsupported for what is not of Asterisk."""
    if any(not isinstance(event, Pause | SetPriority) for event in case.events):
        raise Unsupported("agents of Asterisk are paused; they have no status")
    stage = _run(case, until_s)
    connects = stage.connects()
    return {
        "offers": stage.offers(),
        "connects": connects,
        "leaves": [(at, end.contact, LEAVES[end.outcome]) for at, end in stage.ends() if end.outcome in LEAVES],
        "order": [contact for _, contact, _ in connects],
        "order_at_120": _waiting(_run(case, _ORDER_AT_S)),
        "stats": {name: _stats(stage, name, queue) for name, queue in case.queues.items()},
    }


# --- the plan -----------------------------------------------------------------------------------------------------


def _plan(case: Played) -> Plan:
    flows = {call.id: Flow(call.id, "wait", {"wait": _hand_over(call)}) for call in case.calls}
    agents = {name: AgentPlan(name) for name in case.agents}
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


def _hand_over(call: Call) -> HandOver:
    """An entry point of its own for each call says all that a dialplan would."""
    return HandOver(
        "wait",
        call.queue,
        priority=call.priority,
        tiers_max=None if call.max_penalty is None else call.max_penalty + 1,
        wait_ms_max=None if call.timeout is None else _ms(call.timeout),
        position=call.position,
    )


def _queue_plan(case: Played, name: str) -> QueuePlan:
    queue = case.queues[name]
    return QueuePlan(
        name,
        weight=queue.weight,
        offer_ms=_ms(case.offer_s(name) or _FOR_EVER_S),
        wrap_up_ms=0,
        missed_offers_max=None,
        compat=_settings(queue, _members(case, name), case.config),
    )


def _settings(queue: QueuePart, members: tuple[AsteriskMember, ...], config: Config) -> AsteriskQueue:
    return AsteriskQueue(
        strategy=cast("Strategy", queue.strategy),
        members=members,
        retry_ms=_ms(queue.retry if queue.retry > 0 else _RETRY_S),
        autofill=queue.autofill,
        timeout_restart=queue.timeoutrestart,
        timeout_priority=queue.timeoutpriority,
        autopause=_word(queue.autopause) == "yes",
        wrap_up_ms=_ms(queue.wrapuptime),
        length_max=queue.maxlen or None,
        penalty_members_limit=queue.penaltymemberslimit,
        rules=tuple(PenaltyRule(_ms(rule.after), rule.max_penalty) for rule in queue.rules),
        leave_when_empty=absences(_word(queue.leavewhenempty), joining=False),
        shared_last_call=config.shared_lastcall,
        longest_waiting=_longest_waiting(config),
    )


def _longest_waiting(config: Config) -> Literal["no", "yes", "prio"]:
    match _word(config.force_longest_waiting_caller):
        case "no" | "yes" | "prio" as word:
            return word
        case word:
            raise ValueError(f"config.force_longest_waiting_caller: `{word}` is none of no, yes and prio")


def _members(case: Played, queue: str) -> tuple[AsteriskMember, ...]:
    """In the order of the list; who has no place in it keeps to the order of the file."""
    members = sorted(case.members(queue).items(), key=lambda entry: entry[1].place)
    return tuple(
        AsteriskMember(name, member.penalty, member.calls, _last_call(case.agents[name], queue))
        for name, member in members
    )


def _last_call(agent: AgentPart, queue: str) -> int | None:
    ends = (agent.queues[queue].lastcall, agent.lastcall, agent.last_bridge_end)
    last = next((end for end in ends if end is not None), None)
    return None if last is None else START_MS + _ms(last)


def _word(setting: object) -> str:
    """YAML takes a bare `yes` for a truth value."""
    return setting if isinstance(setting, str) else ("no", "yes")[setting is True]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


# --- the run ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Phone:
    """What one agent is, from which follows what he tells the centre; `told` is what he told it last."""

    agent: str
    in_use: bool = False
    paused: bool = False
    told: tuple[str, str] = ("offline", "")

    @property
    def says(self) -> tuple[Literal["ready", "paused"], str]:
        if self.in_use:
            return ("paused", PAUSED_IN_USE if self.paused else IN_USE)
        return ("paused", "") if self.paused else ("ready", "")


def _run(case: Played, until_s: float) -> Stage:
    rings = {name: agent.ring for name, agent in case.agents.items()}
    talks = {call.id: call.talk for call in case.calls if call.talk is not None}
    stage = Stage(_plan(case), rings, talks, alarms=Moment.LOOK)
    phones = {name: _log_in(stage, name, agent) for name, agent in case.agents.items()}
    for event in case.events:
        stage.at(event.at, Moment.EVENT, _acted(stage, phones, event))
    for call in case.calls:
        stage.at(call.at, Moment.ARRIVAL, partial(stage.arrive, call.id, call.id))
        if call.hangup_at is not None:
            stage.at(call.hangup_at, Moment.HANG_UP, partial(stage.hang_up, call.id))
    stage.run(until_s)
    return stage


def _log_in(stage: Stage, name: str, agent: AgentPart) -> _Phone:
    phone = _Phone(name)
    stage.at(_BEFORE_S, Moment.EVENT, partial(_change, stage, phone, in_use=agent.busy_until is not None))
    if agent.busy_until is not None:
        stage.at(agent.busy_until, Moment.FREED, partial(_change, stage, phone, in_use=False))
    return phone


def _acted(stage: Stage, phones: Mapping[str, _Phone], event: Any) -> Any:
    if isinstance(event, SetPriority):
        return partial(stage.reprioritise, event.call, event.priority, immediate=event.immediate)
    return partial(_change, stage, phones[event.agent], paused=True)


def _change(stage: Stage, phone: _Phone, **changes: bool) -> None:
    for name, value in changes.items():
        setattr(phone, name, value)
    if phone.told != phone.says:
        phone.told = phone.says
        stage.ask(phone.agent, *phone.says)


# --- the results --------------------------------------------------------------------------------------------------


def _waiting(stage: Stage) -> list[str]:
    """Who is in a queue, those that ring included, each queue in its order."""
    watches = stage.engine.board.floor.watches.values()
    return [caller.contact for watch in watches if isinstance(watch, AsteriskWatch) for caller in watch.callers]


def _stats(stage: Stage, name: str, queue: QueuePart) -> dict[str, int]:
    statistics = Statistics(name, _ms(queue.servicelevel))
    for at, event in stage.log:
        statistics.apply(event, START_MS + _ms(at))
    return {
        "abandoned": statistics.abandoned,
        "abandoned_sl": statistics.abandoned_in_time,
        "completed": statistics.completed,
    }
