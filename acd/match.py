"""Who gets whom: the whole floor at once, not a turn per queue.

What contacts ask for (their queue, channel, skills and open tiers) is a *need*; agents with the same skills, tiers and
channels share a *profile*. Whether a profile can serve a need is worked out once. Each need keeps the agents who can
serve it and have room for it (they are *open* to its channel) in the order in which they are offered it, and its
waiting contacts in the order in which they are served. So a decision for a contact looks at one agent, and one for an
agent at the first contact of each need he can serve: its cost grows with the number of different needs, not with
contacts or agents. Everything is ordered by total ranks (`discipline`, `selection`), so no hash order ever decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from acd import capacity, discipline, selection, widening
from acd.line import Line
from acd.model import Agent, Contact
from acd.plan import FloorPlan, QueuePlan, Requirement

NeedKey = tuple[str, str, tuple[Requirement, ...], int]
Skills = tuple[tuple[str, int], ...]
Tiers = tuple[tuple[str, int], ...]


def meets(skills: Skills, requirements: tuple[Requirement, ...]) -> bool:
    """Whether every requirement's skill is there, at its level or above."""
    levels = dict(skills)
    return all(levels.get(needed.skill, 0) >= needed.level for needed in requirements)


@dataclass(slots=True, eq=False)
class Need:
    """What some contacts ask for, who waits for it, and who could serve it.

    `contacts` are those waiting, by their own priority. `agents` are open to the channel. Of those open to any,
    `barred` is how many have the skills but no open tier, `full` how many have both but no room. `profiles` have all
    it takes; `later` are those whose tier is still to open, with its number.
    """

    queue: QueuePlan
    channel: str
    requirements: tuple[Requirement, ...]
    tiers: int
    rank: Callable[[Agent], selection.Rank]
    contacts: dict[int, Line[Contact]] = field(default_factory=dict)
    waiting: int = 0
    agents: Line[Agent] = field(default_factory=Line)
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


@dataclass(frozen=True, slots=True)
class Choice:
    """A pair, and the numbers behind it: how many were eligible, and how many were not, by reason."""

    contact: Contact
    agent: Agent
    candidates: int
    excluded: tuple[tuple[str, int], ...]


class Matching:
    """The indexes over the floor. `add`/`drop` follow contacts in and out of waiting, `open`/`close` agents."""

    def __init__(self, plan: FloorPlan, contacts: Mapping[str, Contact]) -> None:
        self._plan = plan
        self._contacts = contacts
        self._tiers, self._places = _tiers(plan)
        self._needs: dict[NeedKey, Need] = {}
        self._profiles: dict[tuple[Skills, Tiers, capacity.Reach], Profile] = {}
        self._profile_of: dict[str, Profile] = {}
        self._skilled: dict[str, list[Profile]] = {}
        self._open = 0
        self._waiting: dict[str, None] = {}
        self._directed: dict[str, dict[str, Contact]] = {}
        self._directed_count = 0
        self._apart: dict[str, dict[str, Contact]] = {}
        self._lengths: dict[str, int] = dict.fromkeys(plan.queues, 0)
        for queue in plan.queues.values():
            for language in plan.languages if queue.match_language else ("",):
                requirements = widening.asked(queue, language, widening.relaxed_by(queue, 0))
                for channel in plan.channels:
                    self._need((queue.id, channel, requirements, widening.open_tiers(queue, 0, None)))

    # --- following the floor --------------------------------------------------------------------------------------

    def add(self, contact: Contact) -> None:
        """The contact waits, or may ring at one more agent."""
        self._waiting[contact.id] = None
        if contact.directed_to:
            self._directed.setdefault(contact.directed_to, {})[contact.id] = contact
            self._directed_count += 1
            return
        need = self._need_of(contact)
        line = need.contacts.get(contact.priority)
        if line is None:
            line = need.contacts[contact.priority] = Line()
        line.add(discipline.place(contact), contact)
        need.waiting += 1

    def drop(self, contact: Contact) -> None:
        """The contact waits no longer."""
        del self._waiting[contact.id]
        if contact.directed_to:
            del self._directed[contact.directed_to][contact.id]
            self._directed_count -= 1
            return
        need = self._need_of(contact)
        line = need.contacts[contact.priority]
        line.drop(discipline.place(contact))
        if not line.count and contact.priority != need.queue.priority:  # the usual one is kept: most come again
            del need.contacts[contact.priority]
        need.waiting -= 1

    def seeks(self, contact: str) -> bool:
        """Whether the contact is one of those that were added and not dropped."""
        return contact in self._waiting

    def lengthen(self, queue: str, by: int) -> None:
        """A contact is in the queue unanswered from now on (`by` is 1), or is so no longer (-1)."""
        self._lengths[queue] += by

    def open(self, agent: Agent) -> None:
        """The agent can be offered contacts of the channels he has room for, if there are any."""
        profile = self._profile(agent)
        channels = capacity.openings(agent, profile.reach)
        if not channels:
            return
        for channel, needs in profile.needs.items():
            if channel in channels:
                for need, standing in needs:
                    need.agents.add((*standing, *need.rank(agent)), agent)
            else:
                for need, _ in needs:
                    need.full += 1
        for need in profile.barred:
            need.barred += 1
        profile.open[agent.id] = agent, channels
        self._open += 1

    def close(self, agent: Agent) -> None:
        """The agent can be offered nothing for now. To be said before anything changes by which he is ranked."""
        profile = self._profile(agent)
        if agent.id not in profile.open:
            return
        _, channels = profile.open.pop(agent.id)
        for channel, needs in profile.needs.items():
            if channel in channels:
                for need, standing in needs:
                    need.agents.drop((*standing, *need.rank(agent)))
            else:
                for need, _ in needs:
                    need.full -= 1
        for need in profile.barred:
            need.barred -= 1
        self._open -= 1

    def arrive(self, agent: Agent) -> None:
        """The agent logged in."""
        self._profile(agent).present += 1

    def depart(self, agent: Agent) -> None:
        """The agent logged out."""
        self._profile(agent).present -= 1

    def attend(self, agent: Agent, by: int) -> None:
        """The agent attends from now on (`by` is 1), or does so no longer (-1)."""
        self._profile(agent).attending += by

    def keep_apart(self, contact: Contact, agent: str) -> None:
        """The contact's exclusions have this agent among them."""
        self._apart.setdefault(agent, {})[contact.id] = contact

    def forget(self, contact: Contact) -> None:
        """The contact is over, and its exclusions with it."""
        for agent in contact.exclusions:
            del self._apart[agent][contact.id]

    # --- asking ---------------------------------------------------------------------------------------------------

    def best_agent(self, contact: Contact, now: int) -> Choice | None:
        """The first of all agents who can serve the contact, have room and may have it, or None."""
        if contact.directed_to:
            return self._the_agent(contact, now)
        need = self._need_of(contact)
        kept = self.kept_from(contact, now)
        best = need.agents.first((lambda agent: agent.id in kept) if kept else None)
        if best is None:
            return None
        able = need.agents.count
        apart = sum(_is_open_to(need, agent) for agent in kept)
        excluded = _counts(self._open - able - need.barred - need.full, need.barred, need.full, apart)
        return Choice(contact, best, able - apart, excluded)

    def best_contact(self, agent: Agent, now: int) -> Choice | None:
        """The first of all waiting contacts that the agent can serve, has room for and is not kept from, or None."""
        profile = self._profile(agent)
        if agent.id not in profile.open:
            return None
        _, channels = profile.open[agent.id]
        may_be_apart = agent.works or self._apart.get(agent.id)
        passed_over = (lambda contact: _is_apart(contact, agent, now)) if may_be_apart else None
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
        directed = self._directed_by(agent, channels) if self._directed_count else ()
        named = [contact for contact in directed if not _is_apart(contact, agent, now)]
        if named:
            best = min((best, *named) if best else named, key=lambda each: self._rank(each, now))
        if best is None:
            return None
        able += len(directed)
        barred = sum(need.waiting for need in profile.barred)
        own = len(self._directed.get(agent.id, ())) if self._directed_count else 0
        full = _waiting(profile, channels) + own - len(directed)
        apart = self._apart_from(agent, channels, now) if passed_over else 0
        elsewhere = self._directed_count - own
        unskilled = len(self._waiting) - able - barred - full - elsewhere
        return Choice(best, agent, able - apart, _counts(unskilled, barred, full, apart, elsewhere))

    def kept_from(self, contact: Contact, now: int) -> set[str]:
        """Whom a contact is not offered to for now: who did not take it, or has to do with it already.

        That is who wraps up a part of it; and for the leg of a consult, whoever has to do with its contact.
        """
        kept = {agent for agent, until in contact.exclusions.items() if until > now}
        if contact.consults:
            asking = self._contacts[contact.consults]
            return {*kept, asking.agent, *asking.parts}
        return {*kept, *contact.parts}

    def directed_to(self, agent: str) -> list[Contact]:
        """Every waiting contact that only this agent may have, first come first."""
        directed = self._directed.get(agent)
        return sorted(directed.values(), key=discipline.place) if directed else []

    def unmet(self) -> list[Contact]:
        """Every waiting contact that nobody who is logged in could serve now, in no order."""
        needs = [need for need in self._needs.values() if need.waiting and not _present(need)]
        return [contact for need in needs for line in need.contacts.values() for contact in line.items()]

    def apart(self) -> list[Contact]:
        """Every waiting contact that is or was kept from somebody, first come first."""
        kept = {contact.id: contact for contacts in self._apart.values() for contact in contacts.values()}
        return sorted((contact for contact in kept.values() if contact.id in self._waiting), key=discipline.place)

    def present(self, contact: Contact) -> int:
        """How many agents who can serve the contact are logged in."""
        return _present(self._need_of(contact))

    def length(self, queue: str) -> int:
        """How many contacts are in a queue unanswered, those that ring or are being joined included."""
        return self._lengths[queue]

    def unattended(self) -> list[Contact]:
        """Every waiting contact that is to leave because nobody who could serve it attends, first come first."""
        needs = (need for need in self._needs.values() if need.waiting and _is_unattended(need))
        found = [contact for need in needs for line in need.contacts.values() for contact in line.items()]
        return sorted((each for each in found if not self._will_widen(each)), key=discipline.place)

    def is_unattended(self, contact: Contact) -> bool:
        """Whether the contact is one of those."""
        return not contact.directed_to and _is_unattended(self._need_of(contact)) and not self._will_widen(contact)

    def is_met(self, contact: Contact) -> bool:
        """Whether anybody who is logged in has what the contact asks for, in a tier that is or will be open to it."""
        need = self._need_of(contact)
        tiers_max = _NO_TIER if contact.tiers_max is None else contact.tiers_max
        return _present(need) > 0 or any(profile.present for tier, profile in need.later if tier < tiers_max)

    def could_serve(self, agent: Agent, contact: Contact) -> bool:
        """Whether the agent takes the contact's channel, has the skills it asks for, and is in a tier open to it."""
        need, profile = self._need_of(contact), self._profile(agent)
        able = _tier(profile, need) < need.tiers and meets(agent.skills, need.requirements)
        return able and _takes(profile, need.channel)

    def is_open(self, agent: Agent) -> bool:
        """Whether the agent could be offered anything."""
        return agent.id in self._profile(agent).open

    def takes(self, agent: Agent, channel: str) -> bool:
        """Whether the agent takes contacts of the channel at all."""
        return _takes(self._profile(agent), channel)

    def has_room(self, agent: Agent, channel: str) -> bool:
        """Whether the agent could be offered a contact of the channel now."""
        return channel in self._profile(agent).open.get(agent.id, _CLOSED)[1]

    # --- inside ---------------------------------------------------------------------------------------------------

    def _the_agent(self, contact: Contact, now: int) -> Choice | None:
        """The agent whom a contact is directed to, whatever his skills, if he has room and is not kept from it."""
        profile = self._profile_of.get(contact.directed_to)
        agent, channels = profile.open.get(contact.directed_to, _CLOSED) if profile else _CLOSED
        if agent is None or contact.channel not in channels or _is_apart(contact, agent, now):
            return None
        return Choice(contact, agent, 1, _counts(0, 0, 0, 0, self._open - 1))

    def _rank(self, contact: Contact, now: int) -> discipline.Rank:
        return discipline.rank(contact, self._plan.queues[contact.queue], now)

    def _directed_by(self, agent: Agent, channels: tuple[str, ...]) -> list[Contact]:
        """The waiting contacts that only this agent may have, of these channels."""
        return [contact for contact in self._directed.get(agent.id, {}).values() if contact.channel in channels]

    def _is_able(self, agent: Agent, contact: Contact) -> bool:
        """Whether it is not for another agent's skills, tier or name that the agent cannot have a waiting contact."""
        return contact.directed_to == agent.id if contact.directed_to else self.could_serve(agent, contact)

    def _will_widen(self, contact: Contact) -> bool:
        """Whether time will let more agents serve the contact."""
        return widening.next_widening(contact, self._plan.queues[contact.queue]) is not None

    def _ranking(self, queue: QueuePlan) -> Callable[[Agent], selection.Rank]:
        """By what the agents of one standing are ranked; ties go by the place in the tiers' lists, if there are any."""
        rank = selection.RANKS[queue.selection]
        if queue.tiers:
            return lambda agent: rank(agent, self._places[queue.id, agent.id])
        return lambda agent: rank(agent, agent.place)

    def _apart_from(self, agent: Agent, channels: tuple[str, ...], now: int) -> int:
        """How many of those are kept from the agent that he could serve by these channels."""
        kept = (contact for contact in self._kept_apart(agent, now) if contact.channel in channels)
        return sum(self._is_able(agent, contact) for contact in kept)

    def _kept_apart(self, agent: Agent, now: int) -> Iterator[Contact]:
        """The waiting contacts that the agent is kept from."""
        in_hand = (self._contacts[each] for each in agent.works)
        legs = {contact.consult for contact in in_hand if contact.consult}
        for contact_id in {*self._apart.get(agent.id, ()), *agent.works, *legs} & self._waiting.keys():
            if _is_apart(contact := self._contacts[contact_id], agent, now):
                yield contact

    def _need_of(self, contact: Contact) -> Need:
        return self._need((contact.queue, contact.channel, contact.requirements, contact.tiers))

    def _need(self, key: NeedKey) -> Need:
        """The usual needs are there from the start: to fill a new one with a crowd of agents takes its time."""
        need = self._needs.get(key)
        if need is None:
            queue, channel, requirements, tiers = key
            plan = self._plan.queues[queue]
            need = self._needs[key] = Need(plan, channel, requirements, tiers, self._ranking(plan))
            for profile in self._who_may_meet(requirements):
                self._introduce(need, profile)
        return need

    def _who_may_meet(self, requirements: tuple[Requirement, ...]) -> Iterable[Profile]:
        """The profiles with the rarest of the skills asked for: no others need be looked at."""
        if not requirements:
            return self._profiles.values()
        return min((self._skilled.get(needed.skill, []) for needed in requirements), key=len)

    def _profile(self, agent: Agent) -> Profile:
        profile = self._profile_of.get(agent.id)
        if profile is None:
            profile = self._profile_of[agent.id] = self._shared_profile(agent)
        return profile

    def _shared_profile(self, agent: Agent) -> Profile:
        reach = capacity.reach(self._plan.agents[agent.id], self._plan)
        key = (agent.skills, self._tiers.get(agent.id, ()), reach)
        profile = self._profiles.get(key)
        if profile is None:
            needs: dict[str, list[tuple[Need, tuple[int, int]]]] = {channel: [] for channel in self._plan.channels}
            profile = self._profiles[key] = Profile(agent.skills, dict(key[1]), reach, needs)
            for skill, _ in agent.skills:
                self._skilled.setdefault(skill, []).append(profile)
            for need in self._needs.values():
                self._introduce(need, profile)
        return profile

    def _introduce(self, need: Need, profile: Profile) -> None:
        if not meets(profile.skills, need.requirements):
            return
        tier = _tier(profile, need)
        if tier >= need.tiers:
            profile.barred.append(need)
            need.barred += len(profile.open)
            if _takes(profile, need.channel):
                need.later.append((tier, profile))
            return
        standing = (tier, selection.preference(need.queue.selection, profile.skills, need.requirements))
        profile.needs[need.channel].append((need, standing))
        if _takes(profile, need.channel):
            need.profiles.append(profile)
        for agent, channels in profile.open.values():
            if need.channel in channels:
                need.agents.add((*standing, *need.rank(agent)), agent)
            else:
                need.full += 1


_NO_TIER: Final = 1_000_000
_CLOSED: Final[tuple[None, tuple[str, ...]]] = (None, ())


def _is_apart(contact: Contact, agent: Agent, now: int) -> bool:
    """Whether the two are kept apart for now, as `Matching.kept_from` says."""
    in_hand = contact.id in agent.works or contact.consults in agent.works
    return in_hand or contact.exclusions.get(agent.id, 0) > now


def _tier(profile: Profile, need: Need) -> int:
    """The tier of these agents in a need's queue, from 0. Without tiers, everybody is in the first."""
    return profile.tiers.get(need.queue.id, _NO_TIER) if need.queue.tiers else 0


def _takes(profile: Profile, channel: str) -> bool:
    """Whether these agents take contacts of a channel at all."""
    return any(each.id == channel for each, _ in profile.reach)


def _is_open_to(need: Need, agent_id: str) -> bool:
    """Whether the agent is among those who could be offered such a contact now."""
    found = (profile.open[agent_id] for profile in need.profiles if agent_id in profile.open)
    return any(need.channel in channels for _, channels in found)


def _waiting(profile: Profile, channels: tuple[str, ...]) -> int:
    """How many wait for what these agents can, by other channels than those."""
    if len(channels) == len(profile.needs):
        return 0
    return sum(need.waiting for channel in profile.needs.keys() - {*channels} for need, _ in profile.needs[channel])


def _tiers(plan: FloorPlan) -> tuple[dict[str, Tiers], dict[tuple[str, str], int]]:
    """By agent, his tier in each queue that has tiers; and by queue and agent, his place in its list."""
    tiers: dict[str, list[tuple[str, int]]] = {}
    places: dict[tuple[str, str], int] = {}
    for queue in plan.queues.values():
        listed = [(agent, number) for number, tier in enumerate(queue.tiers) for agent in tier.agents]
        for place, (agent, number) in enumerate(listed):
            tiers.setdefault(agent, []).append((queue.id, number))
            places[queue.id, agent] = place
    return {agent: tuple(of) for agent, of in tiers.items()}, places


def _present(need: Need) -> int:
    return sum(profile.present for profile in need.profiles)


def _is_unattended(need: Need) -> bool:
    return need.queue.leave_when_empty and not any(profile.attending for profile in need.profiles)


def _counts(unskilled: int, barred: int, full: int, apart: int, directed: int = 0) -> tuple[tuple[str, int], ...]:
    everything = (unskilled, barred, full, apart, directed)
    reasons = zip(("skill", "tier", "capacity", "kept_apart", "directed"), everything, strict=True)
    return tuple((reason, count) for reason, count in reasons if count)
