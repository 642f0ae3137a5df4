"""Rules about agents that the product offers: which is first, and who may serve a contact as time goes by."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any, Final

from acd.plan import QueuePlan, Relaxation, Requirement, Tier
from tests.vectors import field, listed, mapping, number, whole
from tests.vectors.routing_floor import LONG_AGO_S, Idle, Waiting, chosen, earliest, needs, offers, one_tier
from tests.vectors.routing_rule import ASKED, Given, levels, named, names, one_of, parts

_NOBODY: Final = (Requirement("what nobody has"),)


# --- the order of agents ------------------------------------------------------------------------------------------


def longest_idle(given: Given) -> dict[str, Any]:
    """A call that an agent makes is a pause, after which his idle time begins anew if the floor says so."""
    agents = [
        Idle(
            name,
            agent.get("last_inbound_end", LONG_AGO_S),
            restarts=(agent["last_outbound_end"],) if "last_outbound_end" in agent else (),
        )
        for name, agent in named(given, "agents", "last_inbound_end last_outbound_end").items()
    ]
    queue = QueuePlan("q", tiers=one_tier(agent.id for agent in agents))
    counts = bool(given.get("outbound_counts", True))
    found = offers([queue], [Waiting("contact", wait_s=-1.0)], agents, until_s=1.0, pause_restarts_idle=counts)
    return {"first": next((offer.agent for _, offer in found), None)}


def specialists_first(given: Given) -> dict[str, Any]:
    """As many contacts as there are agents; none is for who lacks a skill."""
    agents = [
        Idle(name, -number(agent, "idle", name), dict.fromkeys(names(field(agent, "skills", name), name), 1))
        for name, agent in named(given, "agents", "skills idle").items()
    ]
    wanted = dict.fromkeys(names(field(given, "needs", "given"), "needs"), 1)
    tiers = one_tier(agent.id for agent in agents)
    queue = QueuePlan("q", requirements=needs(wanted), tiers=tiers, selection="specialists_first")
    return {"order": chosen(queue, agents, len(agents))}


def most_idle(given: Given, *, by_level: bool) -> dict[str, Any]:
    """Expert agent distribution has a tier for each level, uniform call distribution one for all."""
    agents = named(given, "agents", "level idle occ")
    idle = [Idle(name, -number(agent, "idle", name)) for name, agent in agents.items()]
    ranks = {name: whole(agent, "level", name) if by_level else 0 for name, agent in agents.items()}
    tiers = (Tier(tuple(name for name in ranks if ranks[name] == rank)) for rank in sorted({*ranks.values()}))
    return {"first": next(iter(chosen(QueuePlan("q", tiers=tuple(tiers)), idle)), None)}


# --- who may serve a contact, as time goes by ---------------------------------------------------------------------


def steps(given: Given) -> dict[str, Any]:
    """Each step is a relaxation of the one before, after the last of which anybody will do."""
    opened: list[tuple[float, tuple[Requirement, ...]]] = []
    at: float | None = 0
    for step in listed(field(given, "steps", "given"), "steps"):
        wanted = {skill: level for skill, level in mapping(step, "steps").items() if skill != "expiry"}
        if at is not None:
            opened.append((at, needs(levels(wanted, "steps"))))
            at = at + number(step, "expiry", "steps") if "expiry" in step else None
    if at is not None:
        opened.append((at, ()))
    return {"earliest": _earliest(_relaxing(opened), _skilled(given))}


def rings(given: Given) -> dict[str, Any]:
    """Each ring is a relaxation."""
    opened = sorted(
        (number(ring, "after", "rings"), needs(dict.fromkeys(names(field(ring, "needs", "rings"), "needs"), 1)))
        for ring in parts(given, "rings", "after needs")
    )
    agents = {
        name: dict.fromkeys(names(skills, name), 1)
        for name, skills in mapping(field(given, "agents", "given"), "agents").items()
    }
    return {"earliest": _earliest(_relaxing(opened), agents)}


def selectors(given: Given) -> dict[str, Any]:
    """A selector is a skill that an agent has or has not; what expires is a relaxation."""
    wanted = parts(given, "selectors", "key op value expires_after")
    agents = {
        name: {str(place): 1 for place, each in enumerate(wanted) if _meets(each, mapping(labels, name))}
        for name, labels in mapping(field(given, "agents", "given"), "agents").items()
    }
    expiries = {number(each, "expires_after", "selectors") for each in wanted if "expires_after" in each}
    opened = [
        (at, needs({str(place): 1 for place, each in enumerate(wanted) if each.get("expires_after", at + 1) > at}))
        for at in sorted({0.0, *expiries})
    ]
    return {"earliest": _earliest(_relaxing(opened), agents)}


_OPERATORS = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def _meets(selector: dict[str, Any], labels: Mapping[str, Any]) -> bool:
    compare = _OPERATORS[one_of(selector, "op", " ".join(_OPERATORS))]
    label = labels.get(str(field(selector, "key", "selectors")))
    return label is not None and bool(compare(label, field(selector, "value", "selectors")))


def _relaxing(opened: list[tuple[float, tuple[Requirement, ...]]]) -> QueuePlan:
    """A queue that asks for this from these seconds on."""
    relaxations = [Relaxation(round(at * 1000), wanted) for at, wanted in opened if at > 0]
    first = next((wanted for at, wanted in opened if at <= 0), _NOBODY)
    return QueuePlan("q", requirements=first, relaxations=tuple(relaxations))


def _skilled(given: Given) -> dict[str, dict[str, int]]:
    agents = mapping(field(given, "agents", "given"), "agents")
    return {name: levels(skills, name) for name, skills in agents.items()}


def _earliest(queue: QueuePlan, agents: Mapping[str, Mapping[str, int]]) -> dict[str, float | None]:
    return {name: earliest(queue, Idle(name, skills=skills)) for name, skills in agents.items()}


def bullseye(given: Given) -> dict[str, Any]:
    """A level is a tier. Who is eligible when, and who is first where all could be."""
    opened = sorted(parts(given, "levels", "after members"), key=lambda level: number(level, "after", "levels"))
    tiers = [Tier(tuple(members), round(number(level, "after", "levels") * 1000)) for level, members in _new(opened)]
    queue = QueuePlan("q", tiers=tuple(tiers))
    since = {name: earliest(queue, Idle(name)) for tier in tiers for name in tier.agents}
    results: dict[str, Any] = {}
    for key, value in field(given, ASKED, "given").items():
        if key == "eligible_at":
            results[key] = [[at, _by(at, since)] for at, _ in (listed(row, key) for row in listed(value, key))]
        else:
            at = int(key.removeprefix("tie_at_").removesuffix("_all_idle"))
            open_by_then = tuple(Tier(tier.agents) for tier in tiers if tier.after_ms <= at * 1000)
            results[key] = next(iter(chosen(QueuePlan("q", tiers=open_by_then), [Idle(name) for name in since])), None)
    return results


def _new(opened: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """The levels, each with those of its members who were in none before."""
    seen: set[str] = set()
    for level in opened:
        yield level, [name for name in names(field(level, "members", "levels"), "members") if name not in seen]
        seen |= {*level["members"]}


def _by(at: float, since: Mapping[str, float | None]) -> list[str]:
    return [name for name, first in since.items() if first is not None and first <= at]


def nobody_meets_the_first_rule(given: Given) -> dict[str, Any]:
    """The first rule asks for more than anybody has who is logged in, the second for nothing."""
    agents = _skilled(given)
    best = max((level for skills in agents.values() for level in skills.values()), default=0)
    first = needs({skill: best + 1 for skills in agents.values() for skill in skills}) or _NOBODY
    queue = QueuePlan("q", requirements=first, relaxations=(Relaxation(None),), tiers=one_tier(agents))
    calls = parts(given, "calls", "id at")
    waiting = [Waiting(field(call, "id", "calls"), wait_s=-number(call, "at", "calls")) for call in calls]
    found = offers(
        [queue], waiting, [Idle(name) for name in agents], until_s=max((-each.wait_s for each in waiting), default=0.0)
    )
    return {"connects": [[at, offer.contact, offer.agent] for at, offer in found]}
