"""The laws of the engine where queues follow Asterisk, under any facts in any order, with crashes in between."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import invariant, rule

from acd.compat.asterisk.plan import AsteriskMember, AsteriskQueue, PenaltyRule, Strategy, absences
from acd.compat.asterisk.watch import AsteriskWatch
from acd.events import ContactMoved, ContactReprioritised, OfferContact
from acd.model import AgentState
from acd.plan import Overflow
from router.plan import Plan
from tests.test_laws import Laws, places
from tests.worlds import S, busy_plan


def asterisk_plan(first: Strategy, second: Strategy, version: str) -> Plan:
    """The busy centre with both of its queues as Asterisk's, and all that can be set of them; one overflows."""
    busy = busy_plan(version)
    members = (*(AsteriskMember(agent, place % 2) for place, agent in enumerate(busy.floor.agents)),)
    needs = AsteriskQueue(
        first,
        members,
        retry_ms=4 * S,
        timeout_restart=True,
        autopause=version == "v1",
        wrap_up_ms=7 * S,
        length_max=3,
        rules=(PenaltyRule(9 * S, 1),),
        join_empty=absences("penalty,invalid", joining=True),
        leave_when_empty=absences("strict", joining=False),
        shared_last_call=True,
        longest_waiting="prio",
    )
    quick = replace(
        needs, strategy=second, autofill=True, timeout_priority="conf", leave_when_empty=(), length_max=None
    )
    queues, overflow = busy.floor.queues, Overflow(20 * S, "quick")
    floor = replace(
        busy.floor,
        queues={
            "needs": replace(queues["needs"], compat=needs, weight=1, wait_ms_max=30 * S, overflow=overflow),
            "quick": replace(queues["quick"], compat=quick),
        },
    )
    return replace(busy, floor=floor)


class AsteriskLaws(Laws):
    """The laws of the engine, less those that only a matching over the whole floor can keep."""

    strategies: tuple[Strategy, Strategy] = ("linear", "ringall")

    def plan_of(self, version: str = "v1") -> Plan:
        """The busy centre under Asterisk; another version swaps the strategies."""
        first, second = self.strategies if version == "v1" else self.strategies[::-1]
        return asterisk_plan(first, second, version)

    def check_choice(self, event: OfferContact) -> None:
        """Whoever rings is in the attempt and not tried yet, and all its phones ring to the same end."""
        queue = self.folded.floor.watches[event.queue]
        assert isinstance(queue, AsteriskWatch)
        caller = queue.caller(event.contact)
        assert caller
        assert caller.attempt
        together = caller.attempt.ringing
        assert together or event.agent in [agent for agent, _ in caller.attempt.left]
        assert {event.until} | {self.folded.floor.offers[offer].until for offer in together} == {event.until}
        assert AgentState.READY is self.folded.floor.agents[event.agent].state

    @rule(place=places, priority=st.integers(-1, 3), immediate=st.booleans())
    def reprioritise(self, place: int, priority: int, immediate: bool) -> None:  # noqa: FBT001
        """A supervisor changes a priority."""
        self.take(ContactReprioritised(self.contact(place), priority, immediate=immediate))

    @rule(place=places, queue=st.sampled_from(["needs", "quick"]))
    def move(self, place: int, queue: str) -> None:
        """A supervisor moves a contact."""
        self.take(ContactMoved(self.contact(place), queue))

    @invariant()
    def every_alarm_is_reported(self) -> None:
        """A queue is looked at no later than it asks for, and has been looked at when it asked."""
        looks = [each.look_at for each in self.engine.board.floor.watches.values() if each.look_at is not None]
        deadline = self.engine.deadline()
        assert not looks or (deadline is not None and deadline <= min(looks))

    def help_never_hurts(self) -> None:
        """INV-13 is not kept: one more agent moves the pointers, and so who is tried."""

    @invariant()
    def the_watches_know_the_floor(self) -> None:
        """The watches and the floor agree about who is in which queue, and which offers are open."""
        floor = self.engine.board.floor
        for queue in floor.watches.values():
            assert isinstance(queue, AsteriskWatch)
            inside = {caller.contact: caller for caller in queue.callers}
            queued = [each for each in floor.contacts.values() if each.queue == queue.queue and not each.agent]
            assert inside.keys() == {each.id for each in queued if each.state != "ended"}
            for contact in queued:
                attempt = inside[contact.id].attempt if contact.id in inside else None
                assert contact.offers == (attempt.ringing if attempt else ())


class RotatingLaws(AsteriskLaws):
    """With strategies that have a pointer or look at last calls."""

    strategies = ("rrmemory", "leastrecent")


class CountingLaws(AsteriskLaws):
    """With strategies that count calls, or rotate in order."""

    strategies = ("rrordered", "fewestcalls")


class DrawingLaws(AsteriskLaws):
    """With strategies that draw."""

    strategies = ("random", "wrandom")


for _laws in (AsteriskLaws, RotatingLaws, CountingLaws, DrawingLaws):
    _laws.TestCase.settings = settings(max_examples=20, stateful_step_count=50, deadline=None)
TestAsteriskLaws = AsteriskLaws.TestCase
TestRotatingLaws = RotatingLaws.TestCase
TestCountingLaws = CountingLaws.TestCase
TestDrawingLaws = DrawingLaws.TestCase
