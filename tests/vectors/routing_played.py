"""Rules about contacts that the product offers, and its measures: each builds its situation and asks the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import lcm
from typing import Any, Final

from acd.plan import Ageing, QueuePlan, Requirement, Tier
from router.measures import MEASURES, Tally
from simulator.theory import SERVICE_LEVELS, Counts
from tests.vectors import ShapeFault, field, number, whole
from tests.vectors.routing_cases import AgentPart, Call, Expected, Member, Played, QueuePart
from tests.vectors.routing_floor import Idle, Waiting, offers, served
from tests.vectors.routing_native import play
from tests.vectors.routing_rule import Given, exact, named, names, part, parts

_MINUTE_MS: Final = 60_000
_IN_HAND: Final = "work in hand"


# --- the order of contacts ----------------------------------------------------------------------------------------


def _order(queues: Iterable[QueuePlan], waiting: list[Waiting]) -> dict[str, Any]:
    return {"order": [offer.contact for offer in served(queues, waiting)]}


def _since(parts_of: list[dict[str, Any]], place: str) -> float:
    """When all of these are there."""
    return max((number(each, "at", place) for each in parts_of), default=0)


def fifo(given: Given) -> dict[str, Any]:
    """0 is the highest of its priorities, as our greatest number is."""
    calls = parts(given, "calls", "id at priority")
    now = _since(calls, "calls")
    waiting = [
        Waiting(
            field(call, "id", "calls"),
            wait_s=now - number(call, "at", "calls"),
            priority=-whole(call, "priority", "calls"),
        )
        for call in calls
    ]
    return _order([QueuePlan("q")], waiting)


def priority_then_age(given: Given) -> dict[str, Any]:
    """Our order where nothing else is set."""
    waiting = [
        Waiting(
            field(task, "id", "tasks"),
            wait_s=number(task, "age", "tasks"),
            priority=whole(task, "priority", "tasks"),
        )
        for task in parts(given, "tasks", "id priority age")
    ]
    return _order([QueuePlan("q")], waiting)


def weight_then_priority(given: Given) -> dict[str, Any]:
    """A queue for each weight; the lower of its priorities is the higher of ours."""
    calls = parts(given, "calls", "id queue_weight priority age")
    weights = dict.fromkeys(whole(call, "queue_weight", "calls") for call in calls)
    waiting = [
        Waiting(
            field(call, "id", "calls"),
            str(call["queue_weight"]),
            number(call, "age", "calls"),
            -whole(call, "priority", "calls"),
        )
        for call in calls
    ]
    return _order([QueuePlan(str(weight), weight=weight) for weight in weights], waiting)


def points_as_head_start(given: Given) -> dict[str, Any]:
    """A point of its priority is a head start of a minute."""
    calls = parts(given, "calls", "id at priority")
    now = _since(calls, "calls")
    waiting = [
        Waiting(
            field(call, "id", "calls"),
            wait_s=now - number(call, "at", "calls"),
            head_start_s=60 * number(call, "priority", "calls"),
        )
        for call in calls
    ]
    return _order([QueuePlan("q")], waiting)


def adjusted(given: Given) -> dict[str, Any]:
    """An adjustment is a head start, which no measure counts as waiting."""
    waiting = [
        Waiting(
            field(each, "id", "contacts"),
            wait_s=number(each, "wait", "contacts"),
            head_start_s=number(each, "adjust", "contacts"),
        )
        for each in parts(given, "contacts", "id wait adjust")
    ]
    found = served([QueuePlan("q")], waiting)
    return {
        "order": [offer.contact for offer in found],
        "reported_wait": {offer.contact: offer.waited_ms / 1000 for offer in found},
    }


def accelerated(given: Given) -> dict[str, Any]:
    """A skill is a queue with ageing, in a unit so small that every priority is a whole number of it."""
    skills = named(given, "skills", "initial accel max")
    numbers = {name: [exact(skill, key, name) for key in ("initial", "accel", "max")] for name, skill in skills.items()}
    scale = _MINUTE_MS * lcm(*(value.denominator for three in numbers.values() for value in three))
    queues = []
    for name, (initial, accel, highest) in numbers.items():
        if accel < 0:
            raise ShapeFault(f"{name}: a priority that falls with waiting is none of the product's")
        ageing = Ageing(1, int(accel * scale / _MINUTE_MS), int(highest * scale))
        queues.append(QueuePlan(name, int(min(initial, highest) * scale), ageing=ageing))
    waiting = [
        Waiting(field(call, "id", "calls"), _known(call, "skill", skills), 60 * number(call, "wait_min", "calls"))
        for call in parts(given, "calls", "id skill wait_min")
    ]
    found = served(queues, waiting)
    return {
        "values": {offer.contact: offer.priority / scale for offer in found},
        "order": [offer.contact for offer in found],
    }


def _known(case: dict[str, Any], key: str, among: Mapping[str, Any]) -> str:
    name = str(field(case, key, key))
    if name not in among:
        raise ShapeFault(f"`{name}` is not described")
    return name


def queues_by_delay(given: Given) -> dict[str, Any]:
    """The agent is in a tier of each queue that opens after its delay; the lower priority is the higher of ours."""
    queues = named(given, "queues", "prio delay")
    agent = "agent"
    plans = [
        QueuePlan(
            name, -whole(queue, "prio", name), tiers=(Tier((agent,), round(number(queue, "delay", name) * 1000)),)
        )
        for name, queue in queues.items()
    ]
    waiting = [
        Waiting(field(each, "id", "contacts"), _known(each, "queue", queues), number(each, "wait", "contacts"))
        for each in parts(given, "contacts", "id queue wait")
    ]
    return {"first": next((offer.contact for _, offer in offers(plans, waiting, [Idle(agent, 0.0)])), None)}


def any_of_his_skills(given: Given) -> dict[str, Any]:
    """A queue per skill; the lower of its priorities is the higher of ours."""
    queue = parts(given, "queue", "id skill prio at")
    now = _since(queue, "queue")
    skills = names(field(given, "agent_skills", "given"), "agent_skills")
    plans = [
        QueuePlan(skill, requirements=(Requirement(skill),))
        for skill in dict.fromkeys(str(field(call, "skill", "queue")) for call in queue)
    ]
    waiting = [
        Waiting(
            field(call, "id", "queue"),
            str(call["skill"]),
            now - number(call, "at", "queue"),
            -whole(call, "prio", "queue"),
        )
        for call in queue
    ]
    agent = Idle("agent", 0.0, dict.fromkeys(skills, 1))
    return {"first": next((offer.contact for _, offer in offers(plans, waiting, [agent])), None)}


# --- the backlog --------------------------------------------------------------------------------------------------


def backlog(given: Given) -> dict[str, Any]:
    """An agent is so many of ours as he may have conversations. One ends, and who has waited longest goes first."""
    free_at = number(given, "agent_free_at", "given")
    waiting = parts(given, "conversations", "id at agent_full")
    later = part(field(given, "next_conversation", "given"), "next_conversation", "id at")
    limit = whole(part(field(given, "agent", "given"), "agent", "limit"), "limit", "agent")
    calls = [Call(id=str(each["id"]), queue="q", at=number(each, "at", "conversations")) for each in (*waiting, later)]
    full = any(each.get("agent_full") for each in waiting)
    in_hand = [
        Call(id=f"{_IN_HAND} {slot}", queue="q", at=-1, talk=None if slot else free_at + 1)
        for slot in range(limit if full else 0)
    ]
    case = Played(
        id="case",
        system="",
        queues={"q": QueuePart(strategy="linear")},
        agents={f"slot {slot}": AgentPart(queues={"q": Member()}) for slot in range(limit)},
        calls=[*in_hand, *calls],
        expect=Expected(order=[]),
    )
    connects = play(case, max(call.at for call in calls))["connects"]
    assigned = [[at, call] for at, call, _ in connects if not call.startswith(_IN_HAND)]
    served_by_then = [call for _, call in assigned]
    return {"assigned": assigned, "still_waiting": [call.id for call in calls if call.id not in served_by_then]}


# --- the measures -------------------------------------------------------------------------------------------------


def asterisk_sl(given: Given) -> dict[str, Any]:
    """Per cent with one decimal, as it prints them."""
    counts = Counts(
        answered=whole(given, "completed", "given"),
        abandoned=whole(given, "abandoned", "given"),
        answered_within=whole(given, "completed_in_sl", "given"),
        abandoned_within=whole(given, "abandoned_in_sl", "given"),
    )
    return {"SL": _per_cent(SERVICE_LEVELS[2].of(counts)), "SL2": _per_cent(SERVICE_LEVELS[1].of(counts))}


def genesys_sl(given: Given) -> dict[str, Any]:
    """Our service level; short abandons are due as well, unless a switch takes them out; a flow-out is an exit."""
    short, flow_out = whole(given, "short_abandoned", "given"), whole(given, "flow_out", "given")
    return {
        "default": _service_level(given),
        "exclude_short_abandons": _service_level(given, abandoned_short=short),
        "include_flow_outs": _service_level(given, timed_out=flow_out),
    }


def _service_level(given: Given, *, abandoned_short: int = 0, timed_out: int = 0) -> float | None:
    tally = Tally(
        answered_in=whole(given, "answered_in", "given"),
        answered=whole(given, "answered", "given"),
        abandoned=whole(given, "abandoned", "given"),
        abandoned_short=abandoned_short,
        timed_out=timed_out,
    )
    return _per_cent(MEASURES["sl"].of(tally))


def _per_cent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)
