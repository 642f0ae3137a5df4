"""Who gets whom: the whole floor at once, not a turn per queue.

Waiting contacts that ask for the same thing share a *lane* (queue and requirements); agents with the same skills share
a *profile*. Whether a profile can serve a lane is worked out once. A decision then looks at the head of each fitting lane, or
of each fitting profile: its cost grows with the number of different skill sets, not with contacts or agents.

Heaps are lazy: an entry whose contact no longer waits, or whose agent is no longer ready since then, is dropped when
it comes to the top. Each pair is ordered by total ranks (`discipline`, `selection`), so no hash order ever decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from acd import discipline, selection
from acd.model import Agent, AgentState, Contact, ContactState
from acd.plan import Requirement

LaneKey = tuple[str, tuple[Requirement, ...]]
Skills = tuple[tuple[str, int], ...]

_STALE_SHARE = 4


def meets(skills: Skills, requirements: tuple[Requirement, ...]) -> bool:
    """Whether every requirement's skill is there, at its level or above."""
    levels = dict(skills)
    return all(levels.get(needed.skill, 0) >= needed.level for needed in requirements)


@dataclass(slots=True, eq=False)
class Lane:
    """Waiting contacts that ask for the same thing, best first."""

    requirements: tuple[Requirement, ...]
    heap: list[tuple[discipline.Rank, Contact]] = field(default_factory=list)
    waiting: int = 0
    profiles: list[Profile] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Profile:
    """Ready agents with the same skills, longest idle first. `ready` and `present` (logged in) are their numbers."""

    skills: Skills
    heap: list[tuple[selection.Rank, Agent]] = field(default_factory=list)
    ready: int = 0
    present: int = 0
    lanes: list[Lane] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choice:
    """A pair, and the numbers behind it: how many were eligible, and how many were not, by reason."""

    contact: Contact
    agent: Agent
    candidates: int
    excluded: tuple[tuple[str, int], ...]


class Matching:
    """The indexes over the floor. `add`/`drop` follow contacts in and out of waiting, `free`/`busy` agents."""

    def __init__(self) -> None:
        self._lanes: dict[LaneKey, Lane] = {}
        self._profiles: dict[Skills, Profile] = {}

    # --- following the floor --------------------------------------------------------------------------------------

    def add(self, contact: Contact) -> None:
        """The contact waits."""
        lane = self._lane(contact)
        lane.waiting += 1
        if len(lane.heap) > _STALE_SHARE * lane.waiting + 16:
            lane.heap = [entry for entry in lane.heap if _waits(entry)]
            heapify(lane.heap)
        heappush(lane.heap, (discipline.rank(contact), contact))

    def drop(self, contact: Contact) -> None:
        """The contact waits no longer."""
        self._lane(contact).waiting -= 1

    def free(self, agent: Agent) -> None:
        """The agent is ready."""
        profile = self._profile(agent.skills)
        profile.ready += 1
        if len(profile.heap) > _STALE_SHARE * profile.ready + 16:
            profile.heap = [entry for entry in profile.heap if _idles(entry)]
            heapify(profile.heap)
        heappush(profile.heap, (selection.rank(agent), agent))

    def busy(self, agent: Agent) -> None:
        """The agent is ready no longer."""
        self._profile(agent.skills).ready -= 1

    def arrive(self, agent: Agent) -> None:
        """The agent logged in."""
        self._profile(agent.skills).present += 1

    def depart(self, agent: Agent) -> None:
        """The agent logged out."""
        self._profile(agent.skills).present -= 1

    # --- asking ---------------------------------------------------------------------------------------------------

    def best_agent(self, contact: Contact, now: int) -> Choice | None:
        """The first of all ready agents who can serve the contact and are not kept from it, or None."""
        lane = self._lane(contact)
        best: Agent | None = None
        candidates = 0
        for profile in lane.profiles:
            candidates += profile.ready
            if profile.ready and (agent := self._first_agent(profile, contact, now)):
                best = agent if best is None else min(best, agent, key=selection.rank)
        if best is None:
            return None
        return Choice(contact, best, *self._reckon_agents(contact, candidates, now))

    def best_contact(self, agent: Agent, now: int) -> Choice | None:
        """The first of all waiting contacts that the agent can serve and is not kept from, or None."""
        profile = self._profile(agent.skills)
        best: Contact | None = None
        candidates = 0
        for lane in profile.lanes:
            candidates += lane.waiting
            if lane.waiting and (contact := _first_contact(lane, agent, now)):
                best = contact if best is None else min(best, contact, key=discipline.rank)
        if best is None:
            return None
        waiting = sum(lane.waiting for lane in self._lanes.values())
        return Choice(best, agent, candidates, _counts(("skill", waiting - candidates)))

    def present_elsewhere(self, contact: Contact, agent: Agent) -> bool:
        """Whether somebody other than `agent` who can serve the contact is logged in."""
        eligible = sum(profile.present for profile in self._lane(contact).profiles)
        own = agent.state is not AgentState.OFFLINE and meets(agent.skills, contact.requirements)
        return eligible > own

    def waiting(self, queue: str) -> int:
        """How many contacts wait in a queue."""
        return sum(lane.waiting for (of, _), lane in self._lanes.items() if of == queue)

    def position(self, contact: Contact) -> int:
        """The contact's place among those waiting in its queue, from 1. Linear in their number; for people, not decisions."""
        mine = discipline.rank(contact)
        ahead = {rank for rank, other in self._waiting(contact.queue) if rank < mine}
        return len(ahead) + 1

    # --- inside ---------------------------------------------------------------------------------------------------

    def _waiting(self, queue: str) -> Iterator[tuple[discipline.Rank, Contact]]:
        for (of, _), lane in self._lanes.items():
            if of == queue:
                yield from filter(_waits, lane.heap)

    def _reckon_agents(self, contact: Contact, ready: int, now: int) -> tuple[int, tuple[tuple[str, int], ...]]:
        """Candidates among ready agents, and the ready who were not, by reason."""
        kept = sum(1 for until in contact.exclusions.values() if until > now)
        everybody = sum(profile.ready for profile in self._profiles.values())
        return ready, _counts(("skill", everybody - ready), ("kept_apart", kept))

    def _lane(self, contact: Contact) -> Lane:
        key = (contact.queue, contact.requirements)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(contact.requirements)
            for profile in self._profiles.values():
                _introduce(lane, profile)
        return lane

    def _profile(self, skills: Skills) -> Profile:
        profile = self._profiles.get(skills)
        if profile is None:
            profile = self._profiles[skills] = Profile(skills)
            for lane in self._lanes.values():
                _introduce(lane, profile)
        return profile

    def _first_agent(self, profile: Profile, contact: Contact, now: int) -> Agent | None:
        heap, kept = profile.heap, []
        found: Agent | None = None
        while heap and found is None:
            if not _idles(heap[0]):
                heappop(heap)
            elif contact.exclusions and contact.exclusions.get(heap[0][1].id, 0) > now:
                kept.append(heappop(heap))
            else:
                found = heap[0][1]
        for entry in kept:
            heappush(heap, entry)
        return found


def _first_contact(lane: Lane, agent: Agent, now: int) -> Contact | None:
    heap, kept = lane.heap, []
    found: Contact | None = None
    while heap and found is None:
        contact = heap[0][1]
        if not _waits(heap[0]):
            heappop(heap)
        elif contact.exclusions and contact.exclusions.get(agent.id, 0) > now:
            kept.append(heappop(heap))
        else:
            found = contact
    for entry in kept:
        heappush(heap, entry)
    return found


def _introduce(lane: Lane, profile: Profile) -> None:
    if meets(profile.skills, lane.requirements):
        lane.profiles.append(profile)
        profile.lanes.append(lane)


def _waits(entry: tuple[discipline.Rank, Contact]) -> bool:
    return entry[1].state is ContactState.WAITING and entry[0] == discipline.rank(entry[1])


def _idles(entry: tuple[selection.Rank, Agent]) -> bool:
    return entry[1].state is AgentState.READY and entry[0] == selection.rank(entry[1])


def _counts(*reasons: tuple[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(reason for reason in reasons if reason[1])
