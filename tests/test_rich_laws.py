"""The laws of the engine where contacts and agents are ordered, and phones rung, in every way there is."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import invariant, rule

from acd.contact import UNANSWERED
from acd.events import ContactMoved, ContactReprioritised
from tests.test_laws import Laws, places
from tests.worlds import rich_plan


class RichLaws(Laws):
    """The same laws under the richest of rules."""

    plan_of = staticmethod(rich_plan)
    addresses = ("100", "200", "300")

    @invariant()
    def nobody_bears_more_than_he_can(self) -> None:
        """What cannot wait fits into an agent's capacity; all that can wait fits into it by itself."""
        for agent in self.engine.board.floor.agents.values():
            capacity = max(plan.floor.agents[agent.id].capacity for plan in self.engine.plans.values())
            for can_wait in (False, True):
                costs = [work.cost for work in agent.works.values() if work.interruptible is can_wait]
                assert sum(costs) <= capacity, "no rules that were ever in force let him have that"

    @rule(place=places, priority=st.integers(-1, 3))
    def reprioritise(self, place: int, priority: int) -> None:
        """A supervisor changes a priority."""
        self.take(ContactReprioritised(self.contact(place), priority))

    @rule(queue=st.sampled_from(["needs", "quick"]))
    def overtake(self, queue: str) -> None:
        """The last of a queue becomes its first, and somebody whom it passed is told where he stands."""
        floor = self.engine.board.floor
        there = [each for each in floor.contacts.values() if each.queue == queue and each.state in UNANSWERED]
        waiting = [each for each in there if not each.stand_in]
        if len(waiting) > 1:
            self.take(ContactReprioritised(waiting[-1].id, max(each.priority for each in waiting) + 1))
            self.now = max(self.now, min(floor.waits.waiters[each.id].announce_at for each in waiting[:-1]))
            self.take(None)

    @rule(place=places, queue=st.sampled_from(["needs", "quick", "nowhere"]))
    def move(self, place: int, queue: str) -> None:
        """A supervisor moves a contact."""
        self.take(ContactMoved(self.contact(place), queue))


RichLaws.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestRichLaws = RichLaws.TestCase
