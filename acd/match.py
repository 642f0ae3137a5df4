"""Who gets whom: the whole floor at once, not a turn per queue.

What contacts ask for (their queue, skills and open tiers) is a *need*; agents with the same skills and tiers share a
*profile*. Whether a profile can serve a need is worked out once. Each need keeps the ready agents who can serve it in
the order in which they are offered it, and its waiting contacts in the order in which they are served. So a decision
for a contact looks at one agent, and one for an agent at the first contact of each need he can serve: its cost grows
with the number of different needs, not with contacts or agents. Everything is ordered by total ranks (`discipline`,
`selection`), so no hash order ever decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from acd import discipline, selection, widening
from acd.line import Line
from acd.model import Agent, Contact
from acd.plan import FloorPlan, QueuePlan, Requirement

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

    `contacts` are those waiting, by their own priority. `agents` are ready. `barred` is how many ready agents have the
    skills but no open tier. `later` are those with the skills whose tier is still to open, with its number.
    """

    queue: QueuePlan
    requirements: tuple[Requirement, ...]
    tiers: int
    rank: Callable[[Agent], selection.Rank]
    contacts: dict[int, Line[Contact]] = field(default_factory=dict)
    waiting: int = 0
    agents: Line[Agent] = field(default_factory=Line)
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

    def __init__(self, plan: FloorPlan) -> None:
        self._plan = plan
        self._tiers, self._places = _tiers(plan)
        self._needs: dict[NeedKey, Need] = {}
        self._profiles: dict[tuple[Skills, Tiers], Profile] = {}
        self._profile_of: dict[str, Profile] = {}
        self._skilled: dict[str, list[Profile]] = {}
        self._ready = 0
        self._waiting: dict[str, None] = {}
        self._directed: dict[str, dict[str, Contact]] = {}
        self._directed_count = 0
        self._apart: dict[str, dict[str, Contact]] = {}
        self._lengths: dict[str, int] = dict.fromkeys(plan.queues, 0)
        for queue in plan.queues.values():
            for language in plan.languages if queue.match_language else ("",):
                requirements = widening.asked(queue, language, widening.relaxed_by(queue, 0))
                self._need(queue.id, requirements, widening.open_tiers(queue, 0, None))

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
        if contact.directed_to:
            return self._the_agent(contact, now)
        need = self._need_of(contact)
        until = contact.exclusions
        passed_over = (lambda agent: until.get(agent.id, 0) > now) if until else None
        best = need.agents.first(passed_over)
        if best is None:
            return None
        able = need.agents.count
        apart = sum(1 for agent in until if until[agent] > now and self._is_ready_for(agent, need)) if until else 0
        excluded = _counts(self._ready - able - need.barred, need.barred, apart)
        return Choice(contact, best, able - apart, excluded)

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
        directed = self._directed.get(agent.id, {}).values() if self._directed_count else ()
        for contact in directed:
            rank = discipline.rank(contact, self._plan.queues[contact.queue], now)
            if (first is None or rank < first) and not (passed_over and passed_over(contact)):
                best, first = contact, rank
        if best is None:
            return None
        able += len(directed)
        barred = sum(need.waiting for need in profile.barred)
        apart = sum(1 for contact in self._kept_apart(agent, now) if self._is_able(agent, contact)) if others else 0
        elsewhere = self._directed_count - len(directed)
        unskilled = len(self._waiting) - able - barred - elsewhere
        return Choice(best, agent, able - apart, _counts(unskilled, barred, apart, elsewhere))

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
        """Whether the agent has the skills that the contact asks for, and is in a tier that is open to it."""
        need = self._need_of(contact)
        return _tier(self._profile(agent), need) < need.tiers and meets(agent.skills, need.requirements)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _the_agent(self, contact: Contact, now: int) -> Choice | None:
        """The agent whom a contact is directed to, whatever he can do, if he is ready and not kept from it."""
        profile = self._profile_of.get(contact.directed_to)
        agent = profile.ready.get(contact.directed_to) if profile else None
        if agent is None or contact.exclusions.get(agent.id, 0) > now:
            return None
        return Choice(contact, agent, 1, _counts(0, 0, 0, self._ready - 1))

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
            need = self._needs[key] = Need(plan, requirements, tiers, self._ranking(plan))
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
        tier = _tier(profile, need)
        if tier >= need.tiers:
            profile.barred.append(need)
            need.barred += len(profile.ready)
            need.later.append((tier, profile))
            return
        standing = (tier, selection.preference(need.queue.selection, profile.skills, need.requirements))
        profile.needs.append((need, standing))
        need.profiles.append(profile)
        for agent in profile.ready.values():
            need.agents.add((*standing, *need.rank(agent)), agent)


_NO_TIER: Final = 1_000_000


def _tier(profile: Profile, need: Need) -> int:
    """The tier of these agents in a need's queue, from 0. Without tiers, everybody is in the first."""
    return profile.tiers.get(need.queue.id, _NO_TIER) if need.queue.tiers else 0


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


def _counts(unskilled: int, barred: int, apart: int, directed: int = 0) -> tuple[tuple[str, int], ...]:
    reasons = (("skill", unskilled), ("tier", barred), ("kept_apart", apart), ("directed", directed))
    return tuple((reason, count) for reason, count in reasons if count)
