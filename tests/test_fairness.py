"""The fairness laws of docs/fairness.md: bounded overtaking, and bounded waiting where everybody serves everybody.

Whatever calls come, whoever answers them and however long they last; and each law with a mutant that breaks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from acd.events import (
    ContactJoined,
    ContactQueued,
    ContactReleased,
    JoinParties,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    WrapUpExpired,
)
from acd.match import meets
from acd.model import Contact
from acd.plan import Ageing, QueuePlan, Requirement
from ivr.events import ContactKeyed
from ivr.flow import HandOver, Menu, Node
from router.board import Board
from router.engine import Refused
from router.events import ContactArrived, Event
from router.plan import Plan
from tests.worlds import S, Story, plan, ready

AGEING = Ageing(every_ms=7 * S, by=2, priority_max=5)
PRIORITIES = range(6)
WRAP_UP_MS = 1 * S


class Call(NamedTuple):
    """One customer: he comes so long after the last one, keys his priority after `menu_ms`, and talks for `talk_ms`."""

    gap_ms: int
    priority: int
    pays: bool
    menu_ms: int
    talk_ms: int


def centre(ageing: Ageing | None = AGEING, ring: Any = "one", staff: dict[str, tuple[str, ...]] | None = None) -> Plan:
    """Keys 0 to 5 lead to a queue that everybody serves, with that priority; after a *, to one that asks for `pay`."""
    both = [
        QueuePlan("help", ageing=ageing, ring=ring, wrap_up_ms=WRAP_UP_MS, missed_offers_max=None),
        QueuePlan("pay", requirements=(Requirement("pay"),), ageing=ageing, wrap_up_ms=WRAP_UP_MS),
    ]
    nodes: dict[str, Node] = {}
    for menu, queue, others in (("menu", "help", (("*", "pays"),)), ("pays", "pay", ())):
        keys = tuple((str(priority), f"{queue}{priority}") for priority in PRIORITIES)
        nodes[menu] = Menu(menu, ("m",), (*keys, *others), f"{queue}0", silence_ms=600 * S)
        nodes |= {node: HandOver(node, queue, priority=int(key)) for key, node in keys}
    return plan(nodes, queues=tuple(both), agents=staff or {"ann": ("pay",), "bob": (), "cat": ("pay",)})


# --- the floor at work --------------------------------------------------------------------------------------------


class Shift:
    """Agents who answer whatever they are offered, at once, but for the offers (by number) that they decline."""

    def __init__(self, rules: Plan, calls: list[Call], declined: frozenset[int] = frozenset()) -> None:
        self.story = Story(rules)
        self.declined = declined
        self.talk_ms: dict[str, int] = {}
        self._agenda: list[tuple[int, int, Event]] = []
        self._numbers = count()
        self._heard = 0
        for agent in rules.floor.agents:
            self.story.take(0, *ready(agent))
        at = 0
        for number, call in enumerate(calls):
            at += call.gap_ms
            contact = f"c{number}"
            self.talk_ms[contact] = call.talk_ms
            self._expect(at, ContactArrived(contact, "100"))
            keys = f"*{call.priority}" if call.pays else f"{call.priority}"
            self._expect(at + call.menu_ms, ContactKeyed(contact, keys))

    def _expect(self, at: int, fact: Event) -> None:
        heappush(self._agenda, (at, next(self._numbers), fact))

    def play(self) -> Story:
        """Until nothing more happens."""
        while self._agenda or self.story.engine.deadline() is not None:
            deadline = self.story.engine.deadline()
            if self._agenda and (deadline is None or self._agenda[0][0] < deadline):
                at, _, fact = heappop(self._agenda)
                self._take(at, fact)
            else:
                assert deadline is not None
                self.story.wait(deadline)
            for at, event in self.story.log[self._heard :]:
                self._answer(at, event)
            self._heard = len(self.story.log)
        return self.story

    def _take(self, at: int, fact: Event) -> None:
        try:
            self.story.take(at, fact)
        except Refused as refused:
            if refused.fault != "stale":  # another was quicker, where many phones ring
                raise

    def _answer(self, at: int, event: Event) -> None:
        if isinstance(event, OfferContact):
            answer = OfferDeclined if event.offer in self.declined else OfferAccepted
            self._expect(at, answer(event.contact, event.agent, event.offer))
        elif isinstance(event, JoinParties):
            self._expect(at, ContactJoined(event.contact, event.agent, event.offer))
        elif isinstance(event, ContactJoined):
            self._expect(at + self.talk_ms[event.contact], ContactReleased(event.contact, event.agent))


@dataclass(frozen=True, slots=True)
class Overtaking:
    """A contact was offered to an agent who could have had another, whose need arose `by_ms` sooner."""

    of: str
    by: str
    by_ms: int
    priority: int


def overtakings(story: Story) -> Iterator[Overtaking]:
    """Every overtaking in a log, found by folding it and looking at all who wait at each offer."""
    board = Board(story.engine.plans, story.engine.board.plan.hash)
    for at, event in story.log:
        if isinstance(event, OfferContact):
            by = board.floor.contacts[event.contact]
            for of in board.floor.contacts.values():
                if board.floor.seeks(of) and of.need_since < by.need_since and could_have(board, of, event.agent, at):
                    yield Overtaking(of.id, by.id, by.need_since - of.need_since, of.priority)
        board.apply(event, at)


def could_have(board: Board, contact: Contact, agent: str, at: int) -> bool:
    """Whether the agent has the skills and is not kept from the contact."""
    apart = contact.exclusions.get(agent, 0) > at
    return not apart and meets(board.floor.agents[agent].skills, contact.requirements)


def window_ms(priority: int, ageing: Ageing = AGEING) -> int:
    """W: how long a contact of this priority may be overtaken by those who come after it."""
    steps = -((priority - ageing.priority_max) // ageing.by)
    return ageing.every_ms * steps


calls = st.lists(
    st.builds(
        Call,
        gap_ms=st.integers(0, 6 * S),
        priority=st.sampled_from(PRIORITIES),
        pays=st.booleans(),
        menu_ms=st.sampled_from([0, 0, 1, 5 * S]),
        talk_ms=st.integers(0, 40 * S),
    ),
    min_size=1,
    max_size=30,
)
staffs = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([(), ("pay",)]), min_size=1)
declined = st.frozensets(st.integers(1, 30))


# --- bounded overtaking -------------------------------------------------------------------------------------------


@given(calls, staffs, declined, st.sampled_from(["one", "all", "progressive"]))
@settings(max_examples=150, deadline=None)
def test_overtaking_is_bounded(
    calls: list[Call], staff: dict[str, tuple[str, ...]], declined: frozenset[int], ring: str
) -> None:
    """A contact of priority p is overtaken by nobody whose need arose W or more after its own."""
    story = Shift(centre(ring=ring, staff=staff | {"z": ("pay",)}), calls, declined).play()
    assert len(calls) == len(story.of(ContactQueued))
    for found in overtakings(story):
        assert found.by_ms < window_ms(found.priority)


@pytest.mark.parametrize("number", [20, 200])
def test_without_ageing_overtaking_has_no_bound(number: int) -> None:
    """The mutant: where priorities do not grow, one low contact is overtaken by as many high ones as care to come."""
    low = [Call(0, 0, pays=False, menu_ms=0, talk_ms=5 * S), Call(1, 0, pays=False, menu_ms=0, talk_ms=0)]
    high = [Call(2 * S, 1, pays=False, menu_ms=0, talk_ms=5 * S)] * number
    for ageing, overtaken in ((None, number), (AGEING, 2)):
        story = Shift(centre(ageing, staff={"ann": ()}), low + high).play()
        found = [each.by_ms for each in overtakings(story) if each.of == "c1"]
        assert overtaken == len(found)
        assert (max(found) >= window_ms(0)) == (ageing is None)


@pytest.mark.parametrize(("late_ms", "first"), [(window_ms(0) - 2, "c2"), (window_ms(0) - 1, "c1")])
def test_the_window_is_no_wider_than_it_must_be(late_ms: int, first: str) -> None:
    """One millisecond before its window ends a contact may still be overtaken; at its end no more."""
    busy = Call(0, 0, pays=False, menu_ms=0, talk_ms=late_ms + 2 - WRAP_UP_MS)
    low = Call(1, 0, pays=False, menu_ms=0, talk_ms=0)
    urgent = Call(late_ms, 5, pays=False, menu_ms=0, talk_ms=0)
    story = Shift(centre(staff={"ann": ()}), [busy, low, urgent]).play()
    assert ["c0", first] == [event.contact for _, event in story.of(OfferContact)][:2]


# --- bounded waiting ----------------------------------------------------------------------------------------------


def works(story: Story) -> dict[str, int]:
    """How long each contact kept an agent busy, from its offer to the end of its wrap-up."""
    began = {event.contact: at for at, event in story.of(OfferContact)}
    return {event.contact: at - began[event.contact] for at, event in story.of(WrapUpExpired)}


@given(calls, st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_waiting_is_bounded_by_the_work_ahead(calls: list[Call], number: int) -> None:
    """Where n agents serve everybody, nobody waits longer than the n-th part of the work of all who may go first."""
    staff: dict[str, tuple[str, ...]] = {f"a{each}": ("pay",) for each in range(number)}
    story = Shift(centre(staff=staff), [call._replace(menu_ms=0) for call in calls]).play()
    queued = {event.contact: (at, event.priority) for at, event in story.of(ContactQueued)}
    work = works(story)
    assert queued.keys() == work.keys()
    for at, event in story.of(OfferContact):
        since, priority = queued[event.contact]
        ahead = [of for of, (other, _) in queued.items() if other <= since or other < since + window_ms(priority)]
        assert number * (at - since) <= sum(work[of] for of in ahead if of != event.contact)
