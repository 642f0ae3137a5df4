"""What contacts ask for, and agents who are alike: the records between which `acd.match` keeps its indexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from acd import capacity, discipline, selection
from acd.line import Line
from acd.model import Agent, Contact
from acd.plan import FloorPlan, QueuePlan, Requirement
from acd.roster import Roster

Skills = tuple[tuple[str, int], ...]
Tiers = tuple[tuple[str, int], ...]

NO_TIER: Final = 1_000_000
"""The tier of whoever is in none, which never opens."""


@dataclass(slots=True, eq=False)
class Need:
    """What some contacts ask for, who waits for it, and who could serve it.

    `contacts` are those waiting for anybody, by their own priority; `waiting` counts them and those `reserved` for
    somebody. `agents` are open to the channel. Of those open to any, `barred` is how many have the skills but no open
    tier, `full` how many have both but no room. `profiles` have all it takes; `later` are those whose tier is still to
    open, with its number.
    """

    queue: QueuePlan
    channel: str
    requirements: tuple[Requirement, ...]
    tiers: int
    rank: Callable[[Agent], selection.Rank]
    agents: Line[Agent] | Roster
    contacts: dict[int, Line[Contact]] = field(default_factory=dict)
    waiting: int = 0
    reserved: int = 0
    barred: int = 0
    full: int = 0
    profiles: list[Profile] = field(default_factory=list)
    later: list[tuple[int, Profile]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Profile:
    """Agents with the same skills in the same tiers, who take the same channels: whom they could serve, and how.

    `needs` are those they have the skills and the tier for, by channel, also by one of which they take none; each in a
    standing (tier, preference), which comes before everything by which the agents themselves are ranked.
    `open` are those who could be offered something, with the channels they have room for.
    """

    skills: Skills
    tiers: dict[str, int]
    reach: capacity.Reach
    needs: dict[str, list[tuple[Need, tuple[int, int]]]]
    barred: list[Need] = field(default_factory=list)
    open: dict[str, tuple[Agent, tuple[str, ...]]] = field(default_factory=dict)
    present: int = 0
    attending: int = 0


def tier_of(profile: Profile, need: Need) -> int:
    """The tier of these agents in a need's queue, from 0. Without tiers, everybody is in the first."""
    return profile.tiers.get(need.queue.id, NO_TIER) if need.queue.tiers else 0


def standing_of(profile: Profile, need: Need) -> tuple[int, int]:
    """Their tier, and what ranks them by their skills."""
    preference = selection.preference(need.queue.selection, profile.skills, need.requirements)
    return tier_of(profile, need), preference


def takes(profile: Profile, channel: str) -> bool:
    """Whether these agents take contacts of a channel at all."""
    return any(each.id == channel for each, _ in profile.reach)


def is_open_to(need: Need, agent_id: str) -> bool:
    """Whether the agent is among those who could be offered such a contact now."""
    found = (profile.open[agent_id] for profile in need.profiles if agent_id in profile.open)
    return any(need.channel in channels for _, channels in found)


def waiting_elsewhere(profile: Profile, channels: tuple[str, ...]) -> int:
    """How many wait for what these agents can, by other channels than those."""
    if len(channels) == len(profile.needs):
        return 0
    return sum(need.waiting for channel in profile.needs.keys() - {*channels} for need, _ in profile.needs[channel])


def present_for(need: Need) -> int:
    """How many agents who could serve it are logged in."""
    return sum(profile.present for profile in need.profiles)


def is_unattended(need: Need) -> bool:
    """Whether nobody who could serve it attends, in a queue that lets nobody wait in vain."""
    return need.queue.leave_when_empty and not any(profile.attending for profile in need.profiles)


def all_tiers(plan: FloorPlan) -> tuple[dict[str, Tiers], dict[tuple[str, str], int]]:
    """By agent, his tier in each queue that has tiers; and by queue and agent, his place in its list.

    The place among all is that in a queue without a name.
    """
    tiers: dict[str, list[tuple[str, int]]] = {}
    places = {("", agent): place for place, agent in enumerate(sorted(plan.agents))}
    for queue in plan.queues.values():
        listed = [(agent, number) for number, tier in enumerate(queue.tiers) for agent in tier.agents]
        for place, (agent, number) in enumerate(listed):
            tiers.setdefault(agent, []).append((queue.id, number))
            places[queue.id, agent] = place
    return {agent: tuple(of) for agent, of in tiers.items()}, places


def first_contact(
    profile: Profile, channels: tuple[str, ...], passed_over: Callable[[Contact], bool] | None, now: int
) -> tuple[Contact | None, int]:
    """The first of those that wait for anybody like these agents by these channels, and how many wait for them."""
    best: Contact | None = None
    first: discipline.Rank | None = None
    able = 0
    for channel in channels:
        for need, _ in profile.needs[channel]:
            if not need.waiting:
                continue
            able += need.waiting
            for line in need.contacts.values():
                contact = line.first(passed_over)
                if contact is not None:
                    rank = discipline.rank(contact, need.queue, now)
                    if first is None or rank < first:
                        best, first = contact, rank
    return best, able


def is_apart(contact: Contact, agent: Agent, now: int) -> bool:
    """Whether the two are kept apart at present, as `Matching.kept_from` says."""
    in_hand = contact.id in agent.works or contact.consults in agent.works
    return in_hand or contact.exclusions.get(agent.id, 0) > now


def counts(
    unskilled: int = 0, barred: int = 0, full: int = 0, apart: int = 0, reserved: int = 0, directed: int = 0
) -> tuple[tuple[str, int], ...]:
    """How many agents, or contacts, were excluded for each reason, those for which there were any."""
    reasons = (
        ("skill", unskilled),
        ("tier", barred),
        ("capacity", full),
        ("kept_apart", apart),
        ("reserved", reserved),
        ("directed", directed),
    )
    return tuple((reason, count) for reason, count in reasons if count)
