"""Who gets whom: the whole floor at once, not a turn per queue.

Waiting contacts that ask for the same thing share a *lane* (queue and requirements); agents with the same skills share
a *profile*. Whether a profile can serve a lane is worked out once. A decision then looks at the first of each fitting
lane, or of each fitting profile: its cost grows with the number of different skill sets, not with contacts or agents.
Everything is ordered by total ranks (`discipline`, `selection`), so no hash order ever decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

from acd import discipline, selection
from acd.model import Agent, Contact, ContactState
from acd.plan import Requirement

LaneKey = tuple[str, tuple[Requirement, ...]]
Skills = tuple[tuple[str, int], ...]
Item = TypeVar("Item")

_STALE_SHARE: Final = 4


def meets(skills: Skills, requirements: tuple[Requirement, ...]) -> bool:
    """Whether every requirement's skill is there, at its level or above."""
    levels = dict(skills)
    return all(levels.get(needed.skill, 0) >= needed.level for needed in requirements)


class Line(Generic[Item]):
    """Items in the order of their ranks, which are unique and do not change while the item is in the line.

    The heap is lazy: it holds the ranks of `_items`, where an item that was dropped is None until its rank comes to the
    top. Taken up again before that, it has its old place in the heap, so no rank is ever there twice.
    """

    __slots__ = ("_heap", "_items", "count")

    def __init__(self) -> None:
        self._heap: list[tuple[int, ...]] = []
        self._items: dict[tuple[int, ...], Item | None] = {}
        self.count = 0

    def add(self, rank: tuple[int, ...], item: Item) -> None:
        """The item is in the line from now on."""
        if rank not in self._items:
            heappush(self._heap, rank)
        self._items[rank] = item
        self.count += 1

    def drop(self, rank: tuple[int, ...]) -> None:
        """The item with this rank is no longer in the line."""
        self._items[rank] = None
        self.count -= 1
        if len(self._heap) > _STALE_SHARE * self.count + 16:
            self._items = {rank: item for rank, item in self._items.items() if item is not None}
            self._heap = sorted(self._items)

    def first(self, passed_over: Callable[[Item], bool] | None) -> Item | None:
        """The first item, less those to be passed over; None if there is none."""
        heap, items = self._heap, self._items
        passed: list[tuple[int, ...]] = []
        found: Item | None = None
        while heap and found is None:
            item = items[heap[0]]
            if item is None:
                del items[heappop(heap)]
            elif passed_over and passed_over(item):
                passed.append(heappop(heap))
            else:
                found = item
        for rank in passed:
            heappush(heap, rank)
        return found


@dataclass(slots=True, eq=False)
class Lane:
    """Waiting contacts that ask for the same thing, and who could serve them."""

    requirements: tuple[Requirement, ...]
    contacts: Line[Contact] = field(default_factory=Line)
    profiles: list[Profile] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Profile:
    """Ready agents with the same skills, and whom they could serve. `present` is how many are logged in."""

    skills: Skills
    agents: Line[Agent] = field(default_factory=Line)
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
        self._ready: dict[str, Agent] = {}
        self._waiting = 0
        self._apart: dict[str, dict[str, Contact]] = {}

    # --- following the floor --------------------------------------------------------------------------------------

    def add(self, contact: Contact) -> None:
        """The contact waits."""
        self._lane(contact).contacts.add(discipline.rank(contact), contact)
        self._waiting += 1

    def drop(self, contact: Contact) -> None:
        """The contact waits no longer."""
        self._lane(contact).contacts.drop(discipline.rank(contact))
        self._waiting -= 1

    def free(self, agent: Agent) -> None:
        """The agent is ready."""
        self._profile(agent.skills).agents.add(selection.rank(agent), agent)
        self._ready[agent.id] = agent

    def busy(self, agent: Agent) -> None:
        """The agent is ready no longer."""
        self._profile(agent.skills).agents.drop(selection.rank(agent))
        del self._ready[agent.id]

    def arrive(self, agent: Agent) -> None:
        """The agent logged in."""
        self._profile(agent.skills).present += 1

    def depart(self, agent: Agent) -> None:
        """The agent logged out."""
        self._profile(agent.skills).present -= 1

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
        lane = self._lane(contact)
        until = contact.exclusions
        passed_over = (lambda agent: until.get(agent.id, 0) > now) if until else None
        best: Agent | None = None
        for profile in lane.profiles:
            if profile.agents.count and (agent := profile.agents.first(passed_over)):
                best = agent if best is None else min(best, agent, key=selection.rank)
        if best is None:
            return None
        able = sum(profile.agents.count for profile in lane.profiles)
        apart = sum(1 for agent in self._kept_from(contact, now) if meets(agent.skills, lane.requirements))
        return Choice(contact, best, able - apart, _counts(len(self._ready) - able, apart))

    def best_contact(self, agent: Agent, now: int) -> Choice | None:
        """The first of all waiting contacts that the agent can serve and is not kept from, or None."""
        profile = self._profile(agent.skills)
        others = self._apart.get(agent.id)
        passed_over = (lambda contact: contact.exclusions.get(agent.id, 0) > now) if others else None
        best: Contact | None = None
        for lane in profile.lanes:
            if lane.contacts.count and (contact := lane.contacts.first(passed_over)):
                best = contact if best is None else min(best, contact, key=discipline.rank)
        if best is None:
            return None
        able = sum(lane.contacts.count for lane in profile.lanes)
        apart = sum(1 for contact in self._kept_apart(agent, now) if meets(agent.skills, contact.requirements))
        return Choice(best, agent, able - apart, _counts(self._waiting - able, apart))

    def ready(self) -> list[Agent]:
        """Every ready agent, longest idle first."""
        return sorted(self._ready.values(), key=selection.rank)

    def apart(self) -> list[Contact]:
        """Every waiting contact that is or was kept from somebody, first come first."""
        kept = {contact.id: contact for contacts in self._apart.values() for contact in contacts.values()}
        return sorted(filter(_waits, kept.values()), key=discipline.rank)

    def present(self, contact: Contact) -> int:
        """How many agents who can serve the contact are logged in."""
        return sum(profile.present for profile in self._lane(contact).profiles)

    def waiting(self, queue: str) -> int:
        """How many contacts wait in a queue."""
        return sum(lane.contacts.count for (of, _), lane in self._lanes.items() if of == queue)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _kept_from(self, contact: Contact, now: int) -> Iterator[Agent]:
        """The ready agents that the contact is kept from."""
        for agent, until in contact.exclusions.items():
            if until > now and agent in self._ready:
                yield self._ready[agent]

    def _kept_apart(self, agent: Agent, now: int) -> Iterator[Contact]:
        """The waiting contacts that the agent is kept from."""
        for contact in self._apart.get(agent.id, {}).values():
            if contact.exclusions[agent.id] > now and _waits(contact):
                yield contact

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


def _introduce(lane: Lane, profile: Profile) -> None:
    if meets(profile.skills, lane.requirements):
        lane.profiles.append(profile)
        profile.lanes.append(lane)


def _waits(contact: Contact) -> bool:
    return contact.state is ContactState.WAITING


def _counts(unskilled: int, apart: int) -> tuple[tuple[str, int], ...]:
    return tuple((reason, count) for reason, count in (("skill", unskilled), ("kept_apart", apart)) if count)
