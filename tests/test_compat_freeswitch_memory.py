"""What queues on the strategies of FreeSWITCH remember outlasts new rules and crashes, and laws hold in them too."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import invariant, rule

from acd.compat.freeswitch.plan import FreeswitchQueue, Strategy
from acd.compat.freeswitch.watch import IDLE, OUTSIDE_CALL, FreeswitchWatch
from acd.contact import UNANSWERED
from acd.events import AgentStateSet, ContactMoved, OfferContact
from acd.plan import Overflow, QueuePlan
from router import codec
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.plan import Plan
from tests.freeswitch import T, agent, arrive, centre, opened, queue
from tests.test_laws import Laws, agents, places
from tests.worlds import S, Story, busy_plan, copy, dump

# --- rules that change, and crashes -------------------------------------------------------------------------------


def test_a_queue_may_take_to_another_system_and_back() -> None:
    """Those who wait are looked at at once, under either; and what agents have behind them stays while it may."""
    native = QueuePlan("help", wrap_up_ms=0)
    staffed = centre(queue(agent("ann"), tier_rules=True, tier_wait_ms=10**9))
    versions = {
        "v1": staffed,
        "v2": centre(queue(agent("ann")), version="v2"),
        "v3": replace(staffed, floor=replace(staffed.floor, queues={"help": native}), hash="v3"),
    }
    for first, second in (("v1", "v2"), ("v1", "v3"), ("v3", "v2")):
        story = Story(versions[first], versions[second])
        story.take(T, ContactArrived("c1", "100"))
        if first == "v1":
            story.take(T, AgentStateSet("ann", "ready"))
        else:
            story.take(T, AgentStateSet("ann", "paused"))
        story.take(T + 5 * S, CentreStarted(second))
        story.take(T + 5 * S, *([AgentStateSet("ann", "ready")] if first == "v3" else []))
        story.wait(T + 6 * S)
        assert ["ann"] == [event.agent for _, event in story.of(OfferContact)], (first, second)


def test_a_look_that_is_due_outlasts_a_snapshot() -> None:
    """Taken between a fact and the look that it calls for, a snapshot still leads to that look."""
    story = opened(centre(queue(agent("ann"))))
    story.take(T, ContactArrived("c1", "100"))
    recovered = copy(story.engine)
    assert T == recovered.deadline()
    assert ["ann"] == [event.agent for event in recovered.tick(T) if isinstance(event, OfferContact)]


def test_a_snapshot_holds_what_the_queue_remembers() -> None:
    """All of it, and no customer's number."""
    story = opened(centre(queue(agent("ann"), resume_ms=60 * S)), "ann")
    arrive(story, T, "c1", "+4711")
    arrive(story, T, "c2", "+4712")
    story.take(T + 1 * S, ContactLeft("c1"))
    tokens: dict[str, str] = {}

    def seal(kind: str, value: str) -> str:
        tokens[token := f"{kind}-{len(tokens)}"] = value
        return token

    body = codec.dump_board(story.engine.board, seal)
    assert b"+471" not in body
    board = codec.load_board(body, story.engine.plans, tokens.__getitem__)
    assert story.engine.board.floor.watches == board.floor.watches
    assert dump(story.engine.board) == dump(board)


def freeswitch_plan(version: str = "v1") -> Plan:
    """The busy centre, its queues on old strategies that change with the version; in v2, one of them is native.

    Who waits for long in the first goes on to the other.
    """
    busy = busy_plan(version)
    impatient = {"missed_offers_max": 2, "missed_rest_ms": 4 * S, "declined_rest_ms": 2 * S, "busy_rest_ms": 3 * S}
    listed = tuple(agent(name, place, level=place // 2, **impatient) for place, name in enumerate(busy.floor.agents))
    strategies: dict[str, tuple[Strategy, Strategy]] = {
        "v1": ("ring-progressively", "ring-all"),
        "v2": ("top-down", "round-robin"),
    }
    first, second = strategies[version]
    needs = FreeswitchQueue(first, listed, resume_ms=30 * S, ring_step_ms=5 * S, counts_from="arrival")
    quick = FreeswitchQueue(second, listed[1:], tier_rules=True, tier_wait_ms=7 * S)
    queues = {
        "needs": replace(busy.floor.queues["needs"], compat=needs, overflow=Overflow(20 * S, "quick")),
        "quick": replace(busy.floor.queues["quick"], compat=quick if version == "v1" else None),
    }
    return replace(busy, floor=replace(busy.floor, queues=queues))


class FreeswitchLaws(Laws):
    """The laws that hold whatever an old system decides: crashes change nothing, offers end, everybody gets home."""

    plan_of = staticmethod(freeswitch_plan)

    def check_choice(self, event: OfferContact) -> None:
        """Whom an old system rings is its own affair."""
        if event.queue not in self.folded.floor.watches:
            super().check_choice(event)

    @rule(agent=agents, once=st.booleans(), reason=st.sampled_from(["", IDLE, OUTSIDE_CALL]))
    def change_status(self, agent: str, once: bool, reason: str) -> None:  # noqa: FBT001
        """An agent is ready for one contact or more, or away for a reason that matters."""
        self.take(AgentStateSet(agent, "paused" if reason else "ready", reason, once=once and not reason))

    @rule(place=places, queue=st.sampled_from(["needs", "quick"]))
    def move(self, place: int, queue: str) -> None:
        """A supervisor moves a contact."""
        self.take(ContactMoved(self.contact(place), queue))

    @invariant()
    def the_watches_know_the_floor(self) -> None:
        """A queue's callers are in it, and all who wait in it are its callers."""
        floor = self.engine.board.floor
        for watch in floor.watches.values():
            assert isinstance(watch, FreeswitchWatch)
            assert {watch.queue} >= {floor.contacts[contact].queue for contact in watch.callers}
            waiting = {each.id for each in floor.contacts.values() if each.state in UNANSWERED}
            assert watch.callers.keys() >= {each for each in waiting if floor.contacts[each].queue == watch.queue}

    @invariant()
    def every_alarm_is_reported(self) -> None:
        """A look that is to come is not missed."""
        looks = [watch.look_at for watch in self.engine.board.floor.watches.values() if watch.look_at is not None]
        deadline = self.engine.deadline()
        assert not looks or (deadline is not None and deadline <= min(looks))

    @invariant()
    def needs_stay(self) -> None:
        """INV-06: the instant of a need never moves forward."""
        for contact in self.engine.board.floor.contacts.values():
            assert self.needs[contact.id] >= contact.need_since

    @invariant()
    def help_never_hurts(self) -> None:
        """INV-13 holds in native queues only."""


FreeswitchLaws.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestFreeswitchLaws = FreeswitchLaws.TestCase
