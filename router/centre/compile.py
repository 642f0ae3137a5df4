"""From what the files say to what the engine runs. Only sections without a fault come here."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar, cast

from acd.compat.asterisk.plan import AsteriskMember, AsteriskQueue, PenaltyRule
from acd.compat.asterisk.plan import Strategy as AsteriskStrategy
from acd.compat.freeswitch.plan import FreeswitchAgent, FreeswitchQueue
from acd.compat.freeswitch.plan import Strategy as FreeswitchStrategy
from acd.compat.plan import CompatQueue
from acd.plan import (
    Ageing,
    AgentPlan,
    Announce,
    Callbacks,
    ChannelPlan,
    ExpectedWaitMax,
    FloorPlan,
    Overflow,
    Preferred,
    PriorityRule,
    QueuePlan,
    Relaxation,
    Requirement,
    Tier,
    Voicemail,
    Window,
)
from acd.plan import Hours as QueueHours
from escalation.hours import Calendar
from escalation.plan import CaseType, DeskPlan, Team
from ivr.flow import CaseStatus, Collect, Flow, HandOver, HangUp, Hours, Menu, MenuPlan, Node, Say, SetLanguage
from router.centre.compat import AsteriskSpec, FreeswitchSpec
from router.centre.references import members
from router.centre.routing import AnnounceSpec, OverflowSpec, PreferredSpec, QueueHoursSpec
from router.centre.sections import (
    AgentSpec,
    CaseStatusSpec,
    CentreSpec,
    ChannelSpec,
    CollectSpec,
    EntryPointSpec,
    FlowSpec,
    HandOverSpec,
    HangUpSpec,
    HoursSpec,
    MenuSpec,
    NodeSpec,
    QueueSpec,
    SaySpec,
    Sections,
    SetLanguageSpec,
)
from router.centre.stand_ins import CallbackSpec, VoicemailSpec
from router.plan import EntryPoint, Plan


def compile_plan(centre: CentreSpec, sections: Sections, calendars: Mapping[str, Calendar]) -> Plan:
    """The plan that the sections say, with its hash. Everything by id is in the order of the ids."""
    plan = Plan(
        centre=centre.id,
        zone=centre.zone,
        languages=tuple(centre.languages),
        floor=FloorPlan(
            _by_id(_queues(sections, calendars)),
            _by_id(compile_agents(sections)),
            tuple(centre.languages),
            centre.pause_restarts_idle,
            {channel.id: channel for channel in compile_channels(sections)},
        ),
        menus=MenuPlan(
            _by_id(compile_flow(flow_id, spec, sections.agents) for flow_id, spec in sections.flows.items())
        ),
        desk=DeskPlan(_by_id(_teams(sections)), _by_id(_case_types(sections)), dict(sorted(calendars.items()))),
        entry_points=_by_id(_entry_points(sections, centre.languages[0])),
        prompts={prompt_id: dict(sorted(texts.items())) for prompt_id, texts in sorted(sections.prompts.items())},
        reasons=tuple(sorted(sections.reasons)),
    )
    return dataclasses.replace(plan, hash=plan_hash(plan))


def plan_hash(plan: Plan) -> str:
    """The first 16 hex digits of the SHA-256 of the plan's canonical JSON: sorted keys, UTF-8, no blanks, no hash.

    Equal plans have equal hashes, in every process and however their files are laid out.
    """
    content = _plain(dataclasses.replace(plan, hash=""))
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """A dataclass as JSON has it, without the fields that it derives from others."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_Named)


def _by_id(things: Iterable[_T]) -> dict[str, _T]:
    return {thing.id: thing for thing in sorted(things, key=lambda thing: thing.id)}


def _queues(sections: Sections, calendars: Mapping[str, Calendar]) -> Iterator[QueuePlan]:
    for queue_id, spec in sections.queues.items():
        yield compile_queue(queue_id, spec, sections.agents, calendars)


def compile_queue(
    queue_id: str, spec: QueueSpec, agents: Mapping[str, AgentSpec], calendars: Mapping[str, Calendar]
) -> QueuePlan:
    """One queue. `agents` has all that its tiers name, or its `compat`. A calendar that is not there is always open.

    What an old system decides itself has no second say: nothing keeps an agent busy after a call, or from the next one.
    """
    queue = QueuePlan(
        id=queue_id,
        priority=spec.priority,
        requirements=_requirements(spec.requirements),
        match_language=spec.match_language,
        weight=spec.weight,
        ageing=Ageing(spec.ageing.every, spec.ageing.by, spec.ageing.priority_max) if spec.ageing else None,
        order=spec.order,
        head_start_ms=spec.head_start,
        relaxations=tuple(_relaxations(spec)),
        tiers=tuple(Tier(_all_members(tier.agents, agents), tier.after) for tier in spec.tiers),
        waiting_max=spec.waiting_max,
        leave_when_empty=spec.leave_when_empty,
        overflow=_overflow(spec.overflow) if spec.overflow else None,
        announce=_announce(spec.announce) if spec.announce else None,
        selection=spec.selection,
        ring=spec.ring,
        ring_step_ms=spec.ring_step,
        offer_ms=spec.offer,
        join_ms=spec.join,
        wrap_up_ms=spec.wrap_up,
        wait_ms_max=spec.wait_max,
        missed_offers_max=spec.missed_offers_max,
        exclusion_ms=spec.exclusion,
        retry_ms=spec.retry,
        acceptable_wait_ms=spec.acceptable_wait,
        short_abandon_ms=spec.acceptable_wait if spec.short_abandon is None else spec.short_abandon,
        wrap_up_outcome=spec.wrap_up_outcome,
        case_type=spec.case_type,
        callbacks=_callbacks(spec.callback, calendars) if spec.callback else None,
        voicemail=_voicemail(spec.voicemail) if spec.voicemail else None,
        preferred=_preferred(spec.preferred) if spec.preferred else None,
        hours=_hours(spec.hours) if spec.hours else None,
        expected_wait_max=ExpectedWaitMax(limit.wait, limit.percent) if (limit := spec.expected_wait_max) else None,
        agents_min=spec.agents_min,
        priorities=tuple(PriorityRule(rule.when, rule.add) for rule in spec.priorities),
        reasons=tuple(sorted(spec.reasons)),
        wrap_up_reason=spec.wrap_up_reason or "",
        direct_ms=spec.direct,
        consult_ms=spec.consult,
    )
    if spec.compat is None:
        return queue
    return dataclasses.replace(queue, compat=_compat(spec.compat, agents), wrap_up_ms=0, missed_offers_max=None)


def _compat(spec: AsteriskSpec | FreeswitchSpec, agents: Mapping[str, AgentSpec]) -> CompatQueue:
    return _asterisk(spec, agents) if isinstance(spec, AsteriskSpec) else _freeswitch(spec, agents)


def _asterisk(spec: AsteriskSpec, agents: Mapping[str, AgentSpec]) -> AsteriskQueue:
    return AsteriskQueue(
        strategy=cast("AsteriskStrategy", _strategy(spec)),
        members=tuple(
            AsteriskMember(agent, member.penalty)
            for member in spec.members
            for agent in _all_members([member.agent], agents)
        ),
        retry_ms=spec.retry,
        autofill=spec.autofill,
        timeout_restart=spec.timeout_restart,
        timeout_priority=spec.timeout_priority,
        autopause=spec.autopause,
        wrap_up_ms=spec.wrap_up,
        length_max=spec.length_max,
        penalty_members_limit=spec.penalty_members_limit,
        rules=tuple(PenaltyRule(rule.after, rule.penalty_max) for rule in spec.rules),
        join_empty=tuple(spec.join_empty),
        leave_when_empty=tuple(spec.leave_when_empty),
        shared_last_call=spec.shared_last_call,
        longest_waiting=spec.longest_waiting,
    )


def _freeswitch(spec: FreeswitchSpec, agents: Mapping[str, AgentSpec]) -> FreeswitchQueue:
    return FreeswitchQueue(
        strategy=cast("FreeswitchStrategy", _strategy(spec)),
        agents=tuple(_freeswitch_agents(spec, agents)),
        tier_rules=spec.tier_rules,
        tier_wait_ms=spec.tier_wait,
        tier_wait_by_level=spec.tier_wait_by_level,
        skip_empty_tiers=spec.skip_empty_tiers,
        ring_step_ms=spec.ring_step,
        counts_from=spec.counts_from,
        resume_ms=spec.resume,
    )


def _freeswitch_agents(spec: FreeswitchSpec, agents: Mapping[str, AgentSpec]) -> Iterator[FreeswitchAgent]:
    for entry in spec.agents:
        for agent in _all_members([entry.agent], agents):
            yield FreeswitchAgent(
                agent,
                entry.level,
                entry.position,
                wrap_up_ms=entry.wrap_up,
                missed_offers_max=entry.missed_offers_max,
                missed_rest_ms=entry.missed_rest,
                declined_rest_ms=entry.declined_rest,
                busy_rest_ms=entry.busy_rest,
            )


def _strategy(spec: AsteriskSpec | FreeswitchSpec) -> str:
    """What follows the system in a strategy's name."""
    return spec.strategy.rpartition(".")[2]


def _overflow(spec: OverflowSpec) -> Overflow:
    return Overflow(spec.after, spec.queue, spec.when or "")


def _preferred(spec: PreferredSpec) -> Preferred:
    return Preferred(spec.lasts, spec.last_agent, spec.within, spec.when or "")


def _hours(spec: QueueHoursSpec) -> QueueHours:
    return QueueHours(spec.calendar, spec.to, spec.waiting, tuple(spec.prompts))


def _announce(spec: AnnounceSpec) -> Announce:
    return Announce(spec.every, spec.position, spec.expected_wait, tuple(spec.prompts))


def _callbacks(spec: CallbackSpec, calendars: Mapping[str, Calendar]) -> Callbacks:
    hours = calendars.get(spec.window) if spec.window else None
    window = Window(hours.starts, hours.ends) if hours else None
    return Callbacks(spec.attempts, spec.retry, spec.dial, window, spec.offer_after)


def _voicemail(spec: VoicemailSpec) -> Voicemail:
    return Voicemail(spec.after, tuple(spec.instead_of), spec.record_max, tuple(spec.prompts))


def _requirements(levels: Mapping[str, int]) -> tuple[Requirement, ...]:
    return tuple(Requirement(skill, level) for skill, level in sorted(levels.items()) if level)


def _relaxations(spec: QueueSpec) -> Iterator[Relaxation]:
    """Each with all that it asks, where the file says only what it changes."""
    levels, match_language = dict(spec.requirements), spec.match_language
    for relaxation in spec.relaxations:
        levels |= relaxation.requirements
        if relaxation.match_language is not None:
            match_language = relaxation.match_language
        yield Relaxation(relaxation.after, _requirements(levels), match_language, relaxation.during or "")


def _all_members(names: Iterable[str], agents: Mapping[str, AgentSpec]) -> tuple[str, ...]:
    return tuple(member for name in names for member in members(name, agents[name].count))


def compile_agents(sections: Sections) -> Iterator[AgentPlan]:
    """The first line, each agent of each group."""
    for agent_id, spec in sections.agents.items():
        for member in members(agent_id, spec.count):
            yield AgentPlan(
                id=member,
                skills=_skills(spec),
                wrap_up_ms=spec.wrap_up,
                missed_offers_max=spec.missed_offers_max,
                capacity=spec.capacity,
                channels=_own_channels(spec),
                weight=spec.weight,
            )


def _own_channels(spec: AgentSpec) -> tuple[tuple[str, int | None], ...] | None:
    return None if spec.channels is None else tuple(sorted(spec.channels.items()))


def compile_channels(sections: Sections) -> Iterator[ChannelPlan]:
    """The channels by which contacts come."""
    usual = ChannelSpec.model_validate({})
    for channel in sorted({entry_point.channel for entry_point in sections.entry_points.values()}):
        yield sections.channels.get(channel, usual).plan(channel)


def _skills(spec: AgentSpec) -> tuple[tuple[str, int], ...]:
    """The row of the skill matrix. A language is a skill of level 1, which is what `match_language` asks for."""
    return tuple(sorted({**spec.skills, **dict.fromkeys(spec.languages, 1)}.items()))


def _teams(sections: Sections) -> Iterator[Team]:
    for team_id, spec in sections.teams.items():
        yield Team(team_id, spec.service_line)


def _case_types(sections: Sections) -> Iterator[CaseType]:
    for case_type_id, spec in sections.case_types.items():
        yield CaseType(case_type_id, spec.team, spec.target, spec.calendar)


def _entry_points(sections: Sections, language: str) -> Iterator[EntryPoint]:
    for entry_point_id, spec in sections.entry_points.items():
        yield _entry_point(entry_point_id, spec, language)


def _entry_point(entry_point_id: str, spec: EntryPointSpec, language: str) -> EntryPoint:
    addresses = tuple(sorted(spec.addresses))
    return EntryPoint(entry_point_id, spec.channel, addresses, spec.service_line, spec.language or language, spec.flow)


def compile_flow(flow_id: str, spec: FlowSpec, agents: Mapping[str, AgentSpec]) -> Flow:
    """The menu tree that a flow says. Its nodes must exist; what they name outside the flow need not."""
    nodes = {node_id: _node(node_id, node, agents) for node_id, node in sorted(spec.nodes.items())}
    return Flow(flow_id, spec.start, nodes)


def _node(node_id: str, spec: NodeSpec, agents: Mapping[str, AgentSpec]) -> Node:
    node: Node
    match spec:
        case SaySpec():
            node = Say(node_id, tuple(spec.prompts), spec.next)
        case MenuSpec():
            node = _menu(node_id, spec)
        case CollectSpec():
            node = _collect(node_id, spec)
        case HoursSpec():
            node = Hours(node_id, spec.calendar, spec.open, spec.closed)
        case SetLanguageSpec():
            node = SetLanguage(node_id, spec.language, spec.next)
        case CaseStatusSpec():
            node = CaseStatus(node_id, _read_back(spec), spec.next, spec.none)
        case HandOverSpec():
            node = HandOver(
                id=node_id,
                queue=spec.queue,
                prompts=tuple(spec.prompts),
                priority=spec.priority,
                head_start_ms=spec.head_start,
                tiers_max=spec.tiers_max,
                wait_ms_max=spec.wait_max,
                position=spec.position,
                prefers=_all_members([name for name in spec.prefers if name in agents], agents),
            )
        case HangUpSpec():
            node = HangUp(node_id, tuple(spec.prompts))
    return node


def _read_back(spec: CaseStatusSpec) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((state.value, prompt) for state, prompt in spec.prompts.items()))


def _menu(node_id: str, spec: MenuSpec) -> Menu:
    options = tuple(sorted(spec.options.items()))
    return Menu(node_id, tuple(spec.prompts), options, spec.failure, spec.silence, spec.attempts_max)


def _collect(node_id: str, spec: CollectSpec) -> Collect:
    return Collect(
        id=node_id,
        prompts=tuple(spec.prompts),
        into=spec.into,
        digits_min=spec.digits_min,
        digits_max=spec.digits_max,
        next=spec.next,
        failure=spec.failure,
        terminator=spec.terminator,
        identify=spec.identify,
        secret=spec.secret,
        silence_ms=spec.silence,
        attempts_max=spec.attempts_max,
    )
