"""Who gets whom: the whole floor at once, not a turn per queue.

What contacts ask for (their queue, skills and open tiers) is a *need*; agents with the same skills and tiers share a
*profile*. Whether a profile can serve a need is worked out once. Each need keeps the ready agents who can serve it in
the order in which they are offered it, and its waiting contacts in the order in which they are served. So a decision
for a contact looks at one agent, and one for an agent at the first contact of each need he can serve: its cost grows
with the number of different needs, not with contacts or agents. Everything is ordered by total ranks (`discipline`,
`selection`), so no hash order ever decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from acd import discipline, selection, widening
from acd.line import Line
from acd.model import Agent, Contact
from acd.plan import FloorPlan, QueuePlan, Requirement
from acd.roster import Roster

NeedKey = tuple[str, tuple[Requirement, ...], int]
Skills = tuple[tuple[str, int], ...]
Tiers = tuple[tuple[str, int], ...]


def meets(skills: Skills, requirements: tuple[Requirement, ...]) -> bool:
    """Whether every requirement's skill is there, at its level or above."""
    levels = dict(skills)
    return all(levels.get(needed.skill, 0) >= needed.level for needed in requirements)


@dataclass(slots=True, eq=False)
class Need:
    """What some contacts ask for, who waits for it, and who could serve it.

    `contacts` are those waiting for anybody, by their own priority; `waiting` counts them and those `reserved` for
    somebody. `agents` are ready. `barred` is how many ready agents have the
    skills but no open tier. `later` are those with the skills whose tier is still to open, with its number.
    """

    queue: QueuePlan
    requirements: tuple[Requirement, ...]
    tiers: int
    rank: Callable[[Agent], selection.Rank]
    agents: Line[Agent] | Roster
    contacts: dict[int, Line[Contact]] = field(default_factory=dict)
    waiting: int = 0
    reserved: int = 0
    barred: int = 0
    profiles: list[Profile] = field(default_factory=list)
    later: list[tuple[int, Profile]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Profile:
    """Agents with the same skills in the same tiers: whom they could serve, and in what standing.

    A standing (tier, preference) comes before everything by which the agents themselves are ranked.
    """

    skills: Skills
    tiers: dict[str, int]
    needs: list[tuple[Need, tuple[int, int]]] = field(default_factory=list)
    barred: list[Need] = field(default_factory=list)
    ready: dict[str, Agent] = field(default_factory=dict)
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
    """The indexes over the floor. `add`/`drop` follow contacts in and out of waiting, `free`/`busy` agents."""

    def __init__(self, plan: FloorPlan, pointers: Mapping[str, str] | None = None) -> None:
        """`pointers`: by queue, the agent it offered a contact last, as the floor keeps them."""
        self._plan = plan
        self._pointers = {} if pointers is None else pointers
        self._tiers, self._places = _tiers(plan)
        self._needs: dict[NeedKey, Need] = {}
        self._profiles: dict[tuple[Skills, Tiers], Profile] = {}
        self._profile_of: dict[str, Profile] = {}
        self._skilled: dict[str, list[Profile]] = {}
        self._ready = 0
        self._waiting: dict[str, None] = {}
        self._apart: dict[str, dict[str, Contact]] = {}
        self._reserved: dict[str, dict[str, Contact]] = {}
        self._lengths: dict[str, int] = dict.fromkeys(plan.queues, 0)
        for queue in plan.queues.values():
            for language in plan.languages if queue.match_language else ("",):
                requirements = widening.asked(queue, language, widening.relaxed_by(queue, 0, {}))
                self._need(queue.id, requirements, widening.open_tiers(queue, 0, None))

    # --- following the floor --------------------------------------------------------------------------------------

    def add(self, contact: Contact) -> None:
        """The contact waits, or may ring at one more agent."""
        need = self._need_of(contact)
        need.waiting += 1
        self._waiting[contact.id] = None
        if contact.reserved_for:
            need.reserved += 1
            for agent in contact.reserved_for:
                self._reserved.setdefault(agent, {})[contact.id] = contact
            return
        line = need.contacts.get(contact.priority)
        if line is None:
            line = need.contacts[contact.priority] = Line()
        line.add(discipline.place(contact), contact)

    def drop(self, contact: Contact) -> None:
        """The contact waits no longer."""
        need = self._need_of(contact)
        need.waiting -= 1
        del self._waiting[contact.id]
        if contact.reserved_for:
            need.reserved -= 1
            for agent in contact.reserved_for:
                del self._reserved[agent][contact.id]
                if not self._reserved[agent]:
                    del self._reserved[agent]
            return
        line = need.contacts[contact.priority]
        line.drop(discipline.place(contact))
        if not line.count and contact.priority != need.queue.priority:  # the usual one is kept: most come again
            del need.contacts[contact.priority]

    def seeks(self, contact: str) -> bool:
        """Whether the contact is one of those that were added and not dropped."""
        return contact in self._waiting

    def lengthen(self, queue: str, by: int) -> None:
        """A contact is in the queue unanswered from now on (`by` is 1), or is so no longer (-1)."""
        self._lengths[queue] += by

    def free(self, agent: Agent) -> None:
        """The agent is ready."""
        profile = self._profile(agent)
        for need, standing in profile.needs:
            need.agents.add((*standing, *need.rank(agent)), agent)
        for need in profile.barred:
            need.barred += 1
        profile.ready[agent.id] = agent
        self._ready += 1

    def busy(self, agent: Agent) -> None:
        """The agent is ready no longer."""
        profile = self._profile(agent)
        for need, standing in profile.needs:
            need.agents.drop((*standing, *need.rank(agent)))
        for need in profile.barred:
            need.barred -= 1
        del profile.ready[agent.id]
        self._ready -= 1

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
        """The first of all ready agents who can serve the contact and are not kept from it, or None."""
        need = self._need_of(contact)
        until = contact.exclusions
        passed_over = (lambda agent: until.get(agent.id, 0) > now) if until else None
        able = need.agents.count
        apart = sum(1 for agent in until if until[agent] > now and self._is_ready_for(agent, need)) if until else 0
        eligible = able - apart
        if contact.reserved_for:
            kept_for = self._kept_for(contact, now)
            passed_over, eligible = (lambda agent: agent.id not in kept_for), len(kept_for)
        if not eligible:
            return None
        best = self._first(need, contact, passed_over, now)
        if best is None:
            return None
        excluded = _counts(self._ready - able - need.barred, need.barred, apart, able - apart - eligible)
        return Choice(contact, best, eligible, excluded)

    def best_contact(self, agent: Agent, now: int) -> Choice | None:
        """The first of all waiting contacts that the agent can serve and is not kept from, or None."""
        profile = self._profile(agent)
        others = self._apart.get(agent.id)
        passed_over = (lambda contact: contact.exclusions.get(agent.id, 0) > now) if others else None
        best: Contact | None = None
        first: discipline.Rank | None = None
        able = 0
        for need, _ in profile.needs:
            if not need.waiting:
                continue
            able += need.waiting
            for line in need.contacts.values():
                contact = line.first(passed_over)
                if contact is not None:
                    rank = discipline.rank(contact, need.queue, now)
                    if first is None or rank < first:
                        best, first = contact, rank
        for contact in self._kept_for_him(agent, now) if self._reserved else ():
            rank = discipline.rank(contact, self._plan.queues[contact.queue], now)
            if first is None or rank < first:
                best, first = contact, rank
        if best is None:
            return None
        barred = sum(need.waiting for need in profile.barred)
        kept = [each for each in self._kept_apart(agent, now) if self.could_serve(agent, each)] if others else ()
        reserved = self._kept_for_others(agent, kept, now) if self._reserved else 0
        counts = _counts(len(self._waiting) - able - barred, barred, len(kept), reserved)
        return Choice(best, agent, able - len(kept) - reserved, counts)

    def unmet(self) -> list[Contact]:
        """Every waiting contact that nobody who is logged in could serve now, in no order."""
        needs = [need for need in self._needs.values() if need.waiting and not _present(need)]
        return [contact for need in needs for line in need.contacts.values() for contact in line.items()]

    def apart(self) -> list[Contact]:
        """Every waiting contact that is or was kept from somebody, first come first."""
        kept = {contact.id: contact for contacts in self._apart.values() for contact in contacts.values()}
        return sorted((contact for contact in kept.values() if contact.id in self._waiting), key=discipline.place)

    @property
    def keeps(self) -> bool:
        """Whether any waiting contact is kept for somebody."""
        return bool(self._reserved)

    def reserved(self, agent: str) -> list[Contact]:
        """Every waiting contact that is kept for this agent, or for him and others, in no order."""
        return list(self._reserved.get(agent, {}).values())

    def present(self, contact: Contact) -> int:
        """How many agents who can serve the contact are logged in."""
        return _present(self._need_of(contact))

    def attending(self, contact: Contact) -> int:
        """How many agents attend who could serve the contact, in a tier that is or will be open to it."""
        need = self._need_of(contact)
        tiers_max = _NO_TIER if contact.tiers_max is None else contact.tiers_max
        later = sum(profile.attending for tier, profile in need.later if tier < tiers_max)
        return later + sum(profile.attending for profile in need.profiles)

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
        return _is_unattended(self._need_of(contact)) and not self._will_widen(contact)

    def is_met(self, contact: Contact) -> bool:
        """Whether anybody who is logged in has what the contact asks for, in a tier that is or will be open to it."""
        need = self._need_of(contact)
        tiers_max = _NO_TIER if contact.tiers_max is None else contact.tiers_max
        return _present(need) > 0 or any(profile.present for tier, profile in need.later if tier < tiers_max)

    def could_serve(self, agent: Agent, contact: Contact) -> bool:
        """Whether the agent has the skills that the contact asks for, and is in a tier that is open to it."""
        need = self._need_of(contact)
        return _tier(self._profile(agent), need) < need.tiers and meets(agent.skills, need.requirements)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _first(
        self, need: Need, contact: Contact, passed_over: Callable[[Agent], bool] | None, now: int
    ) -> Agent | None:
        """The first of a need's ready agents, as its queue selects."""
        agents = need.agents
        if isinstance(agents, Line):
            return self._first_kept_for(need, contact, now) if contact.reserved_for else agents.first(passed_over)
        if need.queue.selection == "weighted_random":
            return agents.draw(selection.lot(contact.id, now), passed_over)
        return agents.following(self._pointer(need.queue), passed_over)

    # --- contacts that are kept for somebody ----------------------------------------------------------------------

    def _kept_for(self, contact: Contact, now: int) -> dict[str, Agent]:
        """Who is ready of those a contact is kept for, and may have it."""
        ready = (self._ready_agent(agent) for agent in contact.reserved_for)
        return {each.id: each for each in ready if each and self._may_have(each, contact, now)}

    def _ready_agent(self, agent_id: str) -> Agent | None:
        profile = self._profile_of.get(agent_id)
        return profile.ready.get(agent_id) if profile else None

    def _may_have(self, agent: Agent, contact: Contact, now: int) -> bool:
        return contact.exclusions.get(agent.id, 0) <= now and self.could_serve(agent, contact)

    def _first_kept_for(self, need: Need, contact: Contact, now: int) -> Agent:
        """The first of them in the order of the need: they are few, and the ready may be many."""

        def rank(agent: Agent) -> selection.Rank:
            return (*_standing(self._profile(agent), need), *need.rank(agent))

        return min(self._kept_for(contact, now).values(), key=rank)

    def _kept_for_him(self, agent: Agent, now: int) -> list[Contact]:
        """The waiting contacts that are kept for this agent, and that he may have."""
        return [each for each in self.reserved(agent.id) if self._may_have(agent, each, now)]

    def _kept_for_others(self, agent: Agent, apart: Iterable[Contact], now: int) -> int:
        """How many the agent could serve that are kept for others, less those he is kept apart from."""
        reserved = sum(need.reserved for need, _ in self._profile(agent).needs)
        if not reserved:
            return 0
        return reserved - len(self._kept_for_him(agent, now)) - sum(1 for each in apart if each.reserved_for)

    def _pointer(self, queue: QueuePlan) -> int:
        """The place in a queue's list where its round robin stands; -1 before its front."""
        agent = self._pointers.get(queue.id, "")
        return self._places.get((queue.id if queue.tiers else "", agent), -1)

    def _will_widen(self, contact: Contact) -> bool:
        """Whether time will let more agents serve the contact."""
        return widening.next_widening(contact, self._plan.queues[contact.queue]) is not None

    def _ranking(self, queue: QueuePlan) -> Callable[[Agent], selection.Rank]:
        """By what the agents of one standing are ranked; ties go by the place in the tiers' lists, if there are any."""
        rank = selection.RANKS[queue.selection]
        if queue.tiers:
            return lambda agent: rank(agent, self._places[queue.id, agent.id])
        return lambda agent: rank(agent, agent.place)

    def _is_ready_for(self, agent_id: str, need: Need) -> bool:
        return any(agent_id in profile.ready for profile in need.profiles)

    def _kept_apart(self, agent: Agent, now: int) -> Iterator[Contact]:
        """The waiting contacts that the agent is kept from."""
        for contact in self._apart.get(agent.id, {}).values():
            if contact.exclusions[agent.id] > now and contact.id in self._waiting:
                yield contact

    def _need_of(self, contact: Contact) -> Need:
        return self._need(contact.queue, contact.requirements, contact.tiers)

    def _need(self, queue: str, requirements: tuple[Requirement, ...], tiers: int) -> Need:
        """The usual needs are there from the start: to fill a new one with a crowd of agents takes its time."""
        key = (queue, requirements, tiers)
        need = self._needs.get(key)
        if need is None:
            plan = self._plan.queues[queue]
            agents = Roster() if plan.selection in _ROUND else Line[Agent]()
            need = self._needs[key] = Need(plan, requirements, tiers, self._ranking(plan), agents)
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
        key = (agent.skills, self._tiers.get(agent.id, ()))
        profile = self._profiles.get(key)
        if profile is None:
            profile = self._profiles[key] = Profile(agent.skills, dict(key[1]))
            for skill, _ in agent.skills:
                self._skilled.setdefault(skill, []).append(profile)
            for need in self._needs.values():
                self._introduce(need, profile)
        return profile

    def _introduce(self, need: Need, profile: Profile) -> None:
        if not meets(profile.skills, need.requirements):
            return
        standing = _standing(profile, need)
        if (tier := standing[0]) >= need.tiers:
            profile.barred.append(need)
            need.barred += len(profile.ready)
            need.later.append((tier, profile))
            return
        profile.needs.append((need, standing))
        need.profiles.append(profile)
        for agent in profile.ready.values():
            need.agents.add((*standing, *need.rank(agent)), agent)


_NO_TIER: Final = 1_000_000
_ROUND: Final = ("round_robin", "weighted_random")
"""The selections in which who ranks first need not go first."""


def _tier(profile: Profile, need: Need) -> int:
    """The tier of these agents in a need's queue, from 0. Without tiers, everybody is in the first."""
    return profile.tiers.get(need.queue.id, _NO_TIER) if need.queue.tiers else 0


def _standing(profile: Profile, need: Need) -> tuple[int, int]:
    """Their tier, and what ranks them by their skills."""
    preference = selection.preference(need.queue.selection, profile.skills, need.requirements)
    return _tier(profile, need), preference


def _tiers(plan: FloorPlan) -> tuple[dict[str, Tiers], dict[tuple[str, str], int]]:
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


def _present(need: Need) -> int:
    return sum(profile.present for profile in need.profiles)


def _is_unattended(need: Need) -> bool:
    return need.queue.leave_when_empty and not any(profile.attending for profile in need.profiles)


def _counts(unskilled: int, barred: int, apart: int, reserved: int) -> tuple[tuple[str, int], ...]:
    reasons = (("skill", unskilled), ("tier", barred), ("kept_apart", apart), ("reserved", reserved))
    return tuple((reason, count) for reason, count in reasons if count)
