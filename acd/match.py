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
from dataclasses import dataclass
from typing import Final

from acd import capacity, discipline, selection, widening
from acd.line import Line
from acd.model import Agent, Contact
from acd.needs import (
    NO_TIER,
    Need,
    Profile,
    Skills,
    Tiers,
    all_tiers,
    counts,
    first_contact,
    is_apart,
    is_open_to,
    is_unattended,
    present_for,
    standing_of,
    takes,
    tier_of,
    waiting_elsewhere,
)
from acd.plan import AgentPlan, FloorPlan, QueuePlan, Requirement
from acd.roster import Roster

NeedKey = tuple[str, str, tuple[Requirement, ...], int]


def meets(skills: Skills, requirements: tuple[Requirement, ...]) -> bool:
    """Whether every requirement's skill is there, at its level or above."""
    levels = dict(skills)
    return all(levels.get(needed.skill, 0) >= needed.level for needed in requirements)


@dataclass(frozen=True, slots=True)
class Choice:
    """A pair, and the numbers behind it: how many were eligible, and how many were not, by reason."""

    contact: Contact
    agent: Agent
    candidates: int
    excluded: tuple[tuple[str, int], ...]


class Matching:
    """The indexes over the floor. `add`/`drop` follow contacts in and out of waiting, `open`/`close` agents."""

    def __init__(
        self, plan: FloorPlan, contacts: Mapping[str, Contact], pointers: Mapping[str, str] | None = None
    ) -> None:
        """`contacts`: all by id; `pointers`: by queue, the agent it offered one last: both as the floor keeps them."""
        self._plan = plan
        self._contacts = contacts
        self._pointers = {} if pointers is None else pointers
        self._tiers, self._places = all_tiers(plan)
        self._needs: dict[NeedKey, Need] = {}
        self._profiles: dict[tuple[Skills, Tiers, capacity.Reach], Profile] = {}
        self._skilled: dict[str, list[Profile]] = {}
        self._open = 0
        self._waiting: dict[str, Need] = {}
        self._directed: dict[str, dict[str, Contact]] = {}
        self._directed_count = 0
        self._apart: dict[str, dict[str, Contact]] = {}
        self._reserved: dict[str, dict[str, Contact]] = {}
        self._lengths: dict[str, int] = dict.fromkeys(plan.queues, 0)
        for queue in plan.queues.values():
            for language in plan.languages if queue.match_language else ("",):
                requirements = widening.asked(queue, language, widening.relaxed_by(queue, 0, {}))
                for channel in plan.channels:
                    self._need((queue.id, channel, requirements, widening.open_tiers(queue, 0, None)))
        self._profile_of = {agent: self._shared_profile(plan.agents[agent]) for agent in sorted(plan.agents)}

    # --- following the floor --------------------------------------------------------------------------------------

    def add(self, contact: Contact) -> None:
        """The contact waits, or may ring at one more agent."""
        need = self._waiting[contact.id] = self._need_of(contact)
        if contact.directed_to:
            self._directed.setdefault(contact.directed_to, {})[contact.id] = contact
            self._directed_count += 1
            return
        need.waiting += 1
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
        need = self._waiting.pop(contact.id)
        if contact.directed_to:
            del self._directed[contact.directed_to][contact.id]
            self._directed_count -= 1
            return
        need.waiting -= 1
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

    def open(self, agent: Agent) -> None:
        """The agent can be offered contacts of the channels he has room for, if there are any."""
        profile = self._profile_of[agent.id]
        if channels := capacity.openings(agent, profile.reach):
            for channel in channels:
                for need, standing in profile.needs[channel]:
                    need.agents.add((*standing, *need.rank(agent)), agent)
            self._count(profile, channels, 1)
            profile.open[agent.id] = agent, channels

    def close(self, agent: Agent) -> None:
        """The agent can be offered nothing at present. To be said before anything changes by which he is ranked."""
        profile = self._profile_of[agent.id]
        if opened := profile.open.pop(agent.id, None):
            for channel in opened[1]:
                for need, standing in profile.needs[channel]:
                    need.agents.drop((*standing, *need.rank(agent)))
            self._count(profile, opened[1], -1)

    def _count(self, profile: Profile, channels: tuple[str, ...], by: int) -> None:
        """Count an agent who comes to be open to some channels (`by` is 1), or ceases to be (-1)."""
        self._open += by
        for need in profile.barred:
            need.barred += by
        if len(channels) < len(profile.needs):
            for channel in profile.needs.keys() - {*channels}:
                for need, _ in profile.needs[channel]:
                    need.full += by

    def arrive(self, agent: Agent) -> None:
        """The agent logged in."""
        self._profile_of[agent.id].present += 1

    def depart(self, agent: Agent) -> None:
        """The agent logged out."""
        self._profile_of[agent.id].present -= 1

    def attend(self, agent: Agent, by: int) -> None:
        """The agent attends from now on (`by` is 1), or does so no longer (-1)."""
        self._profile_of[agent.id].attending += by

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
        until = self.kept_from(contact, now)
        passed_over = (lambda agent: agent.id in until) if until else None
        able = need.agents.count
        apart = sum(1 for agent in until if is_open_to(need, agent)) if until else 0
        eligible = able - apart
        if contact.reserved_for:
            kept_for = self._kept_for(contact, now)
            passed_over, eligible = (lambda agent: agent.id not in kept_for), len(kept_for)
        if not eligible:
            return None
        best = self._first(need, contact, passed_over, now)
        if best is None:
            return None
        unskilled, reserved = self._open - able - need.barred - need.full, able - apart - eligible
        return Choice(contact, best, eligible, counts(unskilled, need.barred, need.full, apart, reserved))

    def best_contact(self, agent: Agent, now: int) -> Choice | None:
        """The first of all waiting contacts that the agent can serve, has room for and is not kept from, or None."""
        profile = self._profile_of[agent.id]
        if agent.id not in profile.open:
            return None
        _, channels = profile.open[agent.id]
        may_be_apart = agent.works or self._apart.get(agent.id)
        passed_over = (lambda contact: is_apart(contact, agent, now)) if may_be_apart else None
        best, able = first_contact(profile, channels, passed_over, now)
        if self._reserved:
            best = self._or_first(best, self._kept_for_him(agent, channels, now), now)
        directed = self._directed_by(agent, channels) if self._directed_count else ()
        if directed:
            best = self._or_first(best, (each for each in directed if not is_apart(each, agent, now)), now)
        if best is None:
            return None
        able += len(directed)
        barred = sum(need.waiting for need in profile.barred)
        own = len(self._directed.get(agent.id, ())) if self._directed_count else 0
        full = waiting_elsewhere(profile, channels) + own - len(directed)
        kept = self._apart_from(agent, channels, now) if passed_over else []
        reserved = self._kept_for_others(agent, channels, kept, now) if self._reserved else 0
        elsewhere = self._directed_count - own
        unskilled = len(self._waiting) - able - barred - full - elsewhere
        excluded = counts(unskilled, barred, full, len(kept), reserved, elsewhere)
        return Choice(best, agent, able - len(kept) - reserved, excluded)

    def kept_from(self, contact: Contact, now: int) -> set[str]:
        """Whom a contact is not offered to at present: who did not take it, or has to do with it already.

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
        needs = [need for need in self._needs.values() if need.waiting and not present_for(need)]
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
        return present_for(self._need_of(contact))

    def attending(self, contact: Contact) -> int:
        """How many agents attend who could serve the contact, in a tier that is or will be open to it."""
        need = self._need_of(contact)
        tiers_max = NO_TIER if contact.tiers_max is None else contact.tiers_max
        later = sum(profile.attending for tier, profile in need.later if tier < tiers_max)
        return later + sum(profile.attending for profile in need.profiles)

    def length(self, queue: str) -> int:
        """How many contacts are in a queue unanswered, those that ring or are being joined included."""
        return self._lengths[queue]

    def unattended(self) -> list[Contact]:
        """Every waiting contact that is to leave because nobody who could serve it attends, first come first."""
        needs = (need for need in self._needs.values() if need.waiting and is_unattended(need))
        found = [contact for need in needs for line in need.contacts.values() for contact in line.items()]
        return sorted((each for each in found if not self._will_widen(each)), key=discipline.place)

    def is_unattended(self, contact: Contact) -> bool:
        """Whether the contact is one of those."""
        return not contact.directed_to and is_unattended(self._need_of(contact)) and not self._will_widen(contact)

    def is_met(self, contact: Contact) -> bool:
        """Whether anybody who is logged in has what the contact asks for, in a tier that is or will be open to it."""
        need = self._need_of(contact)
        tiers_max = NO_TIER if contact.tiers_max is None else contact.tiers_max
        return present_for(need) > 0 or any(profile.present for tier, profile in need.later if tier < tiers_max)

    def could_serve(self, agent: Agent, contact: Contact) -> bool:
        """Whether the agent takes the contact's channel, has the skills it asks for, and is in a tier open to it."""
        need, profile = self._need_of(contact), self._profile_of[agent.id]
        able = tier_of(profile, need) < need.tiers and meets(agent.skills, need.requirements)
        return able and takes(profile, need.channel)

    def is_open(self, agent: Agent) -> bool:
        """Whether the agent could be offered anything."""
        return agent.id in self._profile_of[agent.id].open

    def takes(self, agent: Agent, channel: str) -> bool:
        """Whether the agent takes contacts of the channel at all."""
        return takes(self._profile_of[agent.id], channel)

    def has_room(self, agent: Agent, channel: str) -> bool:
        """Whether the agent could be offered a contact of the channel now."""
        return channel in self._profile_of[agent.id].open.get(agent.id, _CLOSED)[1]

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
        """Who has room of those a contact is kept for, and may have it."""
        agents = (self._open_to(agent, contact.channel) for agent in contact.reserved_for)
        return {each.id: each for each in agents if each and self._may_have(each, contact, now)}

    def _open_to(self, agent_id: str, channel: str) -> Agent | None:
        profile = self._profile_of.get(agent_id)
        agent, channels = profile.open.get(agent_id, _CLOSED) if profile else _CLOSED
        return agent if channel in channels else None

    def _may_have(self, agent: Agent, contact: Contact, now: int) -> bool:
        return not is_apart(contact, agent, now) and self.could_serve(agent, contact)

    def _first_kept_for(self, need: Need, contact: Contact, now: int) -> Agent:
        """The first of them in the order of the need: they are few, and the ready may be many."""

        def rank(agent: Agent) -> selection.Rank:
            return (*standing_of(self._profile_of[agent.id], need), *need.rank(agent))

        return min(self._kept_for(contact, now).values(), key=rank)

    def _kept_for_him(self, agent: Agent, channels: tuple[str, ...], now: int) -> list[Contact]:
        """The waiting contacts of these channels that are kept for this agent, and that he may have."""
        kept = (each for each in self.reserved(agent.id) if each.channel in channels)
        return [each for each in kept if self._may_have(agent, each, now)]

    def _or_first(self, best: Contact | None, contacts: Iterable[Contact], now: int) -> Contact | None:
        """The first of this contact and of some others, in the one order of all."""
        every = [*([best] if best else []), *contacts]
        return min(every, key=lambda each: discipline.rank(each, self._plan.queues[each.queue], now), default=None)

    def _kept_for_others(self, agent: Agent, channels: tuple[str, ...], apart: Iterable[Contact], now: int) -> int:
        """How many the agent could serve that are kept for others, less those he is kept apart from."""
        needs = self._profile_of[agent.id].needs
        reserved = sum(need.reserved for channel in channels for need, _ in needs[channel])
        if not reserved:
            return 0
        mine = self._kept_for_him(agent, channels, now)
        return reserved - len(mine) - sum(1 for each in apart if each.reserved_for)

    def _pointer(self, queue: QueuePlan) -> int:
        """The place in a queue's list where its round robin stands; -1 before its front."""
        agent = self._pointers.get(queue.id, "")
        return self._places.get((queue.id if queue.tiers else "", agent), -1)

    # --- contacts that are meant for one agent --------------------------------------------------------------------

    def _the_agent(self, contact: Contact, now: int) -> Choice | None:
        """The agent whom a contact is directed to, whatever his skills, if he has room and is not kept from it."""
        agent = self._open_to(contact.directed_to, contact.channel)
        if agent is None or is_apart(contact, agent, now):
            return None
        return Choice(contact, agent, 1, counts(directed=self._open - 1))

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

    def _apart_from(self, agent: Agent, channels: tuple[str, ...], now: int) -> list[Contact]:
        """Those kept from the agent that he could serve by these channels."""
        kept = (contact for contact in self._kept_apart(agent, now) if contact.channel in channels)
        return [contact for contact in kept if self._is_able(agent, contact)]

    def _kept_apart(self, agent: Agent, now: int) -> Iterator[Contact]:
        """The waiting contacts that the agent is kept from."""
        in_hand = (self._contacts[each] for each in agent.works)
        legs = {contact.consult for contact in in_hand if contact.consult}
        for contact_id in {*self._apart.get(agent.id, ()), *agent.works, *legs} & self._waiting.keys():
            if is_apart(contact := self._contacts[contact_id], agent, now):
                yield contact

    def _need_of(self, contact: Contact) -> Need:
        """What the contact asks for. While it waits that does not change, and the key is long to hash: remembered."""
        need = self._waiting.get(contact.id)
        return need or self._need((contact.queue, contact.channel, contact.requirements, contact.tiers))

    def _need(self, key: NeedKey) -> Need:
        """The usual needs are there from the start: to fill a new one with a crowd of agents takes its time."""
        need = self._needs.get(key)
        if need is None:
            queue, channel, requirements, tiers = key
            plan = self._plan.queues[queue]
            agents = Roster() if plan.selection in _ROUND else Line[Agent]()
            need = self._needs[key] = Need(plan, channel, requirements, tiers, self._ranking(plan), agents)
            for profile in self._who_may_meet(requirements):
                self._introduce(need, profile)
        return need

    def _who_may_meet(self, requirements: tuple[Requirement, ...]) -> Iterable[Profile]:
        """The profiles with the rarest of the skills asked for: no others need be looked at."""
        if not requirements:
            return self._profiles.values()
        return min((self._skilled.get(needed.skill, []) for needed in requirements), key=len)

    def _shared_profile(self, agent: AgentPlan) -> Profile:
        reach = capacity.reach(agent, self._plan)
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
        standing = standing_of(profile, need)
        if (tier := standing[0]) >= need.tiers:
            profile.barred.append(need)
            need.barred += len(profile.open)
            if takes(profile, need.channel):
                need.later.append((tier, profile))
            return
        profile.needs[need.channel].append((need, standing))
        if takes(profile, need.channel):
            need.profiles.append(profile)
        for agent, channels in profile.open.values():
            if need.channel in channels:
                need.agents.add((*standing, *need.rank(agent)), agent)
            else:
                need.full += 1


_ROUND: Final = ("round_robin", "weighted_random")
"""The selections in which who ranks first need not go first."""
_CLOSED: Final[tuple[None, tuple[str, ...]]] = (None, ())
