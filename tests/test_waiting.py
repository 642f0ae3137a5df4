"""How a wait ends without an answer: the customer goes, or is sent away for one of three reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from acd.events import (
    AgentAlive,
    AgentStateSet,
    ContactEnded,
    HangUp,
    JoinTimedOut,
    LegFailed,
    OfferContact,
    PairExcluded,
    WithdrawOffer,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.model import AgentState, ContactState
from acd.plan import Tier
from ivr.flow import HandOver
from router.events import CentreStarted, ContactArrived
from router.plan import Plan
from tests.worlds import (
    ARRIVED,
    JOINED,
    LEFT,
    RELEASED,
    S,
    Story,
    joining,
    plan,
    ringing,
    state,
    talking,
    with_queue,
    wrapping_up,
)

EXCLUDED_MS = 300 * S


# --- the customer goes --------------------------------------------------------------------------------------------


def test_leaving_while_waiting() -> None:
    """Who hangs up in the queue has abandoned, after as long as he waited."""
    story = Story(plan())
    story.take(1 * S, ARRIVED)
    story.news()
    story.take(9 * S, LEFT)
    assert [(9 * S, LEFT), (9 * S, ContactEnded("c1", "abandoned", "help", "", 8 * S, 0))] == story.news()
    assert ("stale", "contact 'c1' has ended") == story.refusal(9 * S, LEFT)


@pytest.mark.parametrize("began", [ringing, joining])
def test_leaving_while_offered(began: Callable[[], Story]) -> None:
    """An offer is withdrawn when the customer goes, even one that was accepted, and the agent has the next contact."""
    story = began()
    story.take(3 * S, ContactArrived("c2", "100"))
    story.news()
    story.take(4 * S, LEFT)
    assert [
        (4 * S, LEFT),
        (4 * S, WithdrawOffer(1, "c1", "ann", "the customer left")),
        (4 * S, ContactEnded("c1", "abandoned", "help", "", 3 * S, 0)),
        (4 * S, OfferContact(2, "c2", "ann", "help", "en", 24 * S, 0, 1 * S, 4 * S, 1, ())),
    ] == story.news()


def test_leaving_while_talking() -> None:
    """The customer may end the conversation as well as the agent; the agent then wraps up."""
    story = talking()
    story.take(9 * S, LEFT)
    assert [
        (9 * S, LEFT),
        (9 * S, ContactEnded("c1", "handled", "help", "ann", 2 * S, 6 * S)),
        (9 * S, WrapUpStarted("ann", "c1", "help", 39 * S)),
    ] == story.news()
    assert ("stale", "contact 'c1' has ended") == story.refusal(10 * S, LEFT)
    assert "stale" == story.refusal(10 * S, RELEASED)[0]


# --- the wait is over ---------------------------------------------------------------------------------------------


def limited(wait_ms_max: int) -> Plan:
    """Rules with a longest wait."""
    return with_queue(plan(), "help", wait_ms_max=wait_ms_max)


def test_waiting_too_long() -> None:
    """At the instant of the longest wait, not before, the contact is sent away; that is no abandon."""
    story = Story(limited(10 * S))
    story.take(1 * S, ARRIVED)
    story.news()
    story.wait(11 * S - 1)
    assert [] == story.news()
    story.wait(11 * S)
    assert [
        (11 * S, HangUp("c1", "waited too long")),
        (11 * S, ContactEnded("c1", "timed_out", "help", "", 10 * S, 0, "waited too long")),
    ] == story.news()


def test_waiting_too_long_while_it_rings() -> None:
    """An offer that still rings is withdrawn; the agent has missed nothing and is matched anew."""
    story = ringing(limited(10 * S))
    story.take(5 * S, ContactArrived("c2", "100"))
    story.news()
    story.wait(11 * S)
    assert [
        (11 * S, WithdrawOffer(1, "c1", "ann", "the contact waited too long")),
        (11 * S, HangUp("c1", "waited too long")),
        (11 * S, ContactEnded("c1", "timed_out", "help", "", 10 * S, 0, "waited too long")),
        (11 * S, OfferContact(2, "c2", "ann", "help", "en", 31 * S, 0, 6 * S, 11 * S, 1, ())),
    ] == story.news()


def test_a_join_under_way_is_not_cut_off() -> None:
    """A contact that is being joined when its longest wait is over may still be answered."""
    story = joining(limited(5 * S))
    story.wait(6 * S)
    assert [] == story.news()
    story.take(7 * S, JOINED)
    assert (ContactState.TALKING, AgentState.TALKING) == state(story)


def test_a_join_that_fails_after_the_longest_wait() -> None:
    """If that join fails, the wait is over there and then."""
    story = joining(limited(5 * S))
    story.wait(12 * S)
    assert [
        (12 * S, JoinTimedOut(1, "c1", "ann")),
        (12 * S, PairExcluded("c1", "ann", 12 * S + EXCLUDED_MS)),
        (12 * S, HangUp("c1", "waited too long")),
        (12 * S, ContactEnded("c1", "timed_out", "help", "", 11 * S, 0, "waited too long")),
    ] == story.news()


def test_a_join_that_fails_before_the_longest_wait() -> None:
    """If it fails before, the longest wait still counts; asking for deadlines meanwhile does not lose it."""
    story = joining(limited(8 * S))
    story.engine.deadline()
    story.take(5 * S, LegFailed("c1", "ann", 1, "lost"))
    story.wait(9 * S)
    assert [(9 * S, HangUp("c1", "waited too long"))] == story.of(HangUp)


def test_an_agent_freed_at_the_last_instant_still_helps() -> None:
    """When a wrap-up ends at the instant of the longest wait, the contact is offered, then withdrawn: nobody idles."""
    story = wrapping_up(limited(30 * S))
    story.take(9 * S, ContactArrived("c2", "100"))
    story.news()
    story.wait(39 * S)
    assert [WrapUpExpired, OfferContact, WithdrawOffer, HangUp, ContactEnded] == [type(e) for _, e in story.news()]
    assert AgentState.READY == state(story)[1]


def test_a_longest_wait_of_its_own() -> None:
    """What the hand-over says of the longest wait holds instead of what the queue says."""
    story = Story(with_queue(plan({"queue": HandOver("queue", "help", wait_ms_max=4 * S)}), "help", wait_ms_max=10 * S))
    story.take(1 * S, ARRIVED)
    story.news()
    story.wait(60 * S)
    assert [(5 * S, ContactEnded("c1", "timed_out", "help", "", 4 * S, 0, "waited too long"))] == story.of(ContactEnded)


# --- the queue is full, or nobody is there ------------------------------------------------------------------------


def test_a_full_queue() -> None:
    """Whoever comes on top of as many as may wait, those that ring included, is blocked; an answer makes room."""
    story = joining(with_queue(plan(), "help", waiting_max=2))
    story.take(3 * S, ContactArrived("c2", "100"), ContactArrived("c3", "100"))
    assert [
        (3 * S, HangUp("c3", "the queue is full")),
        (3 * S, ContactEnded("c3", "blocked", "help", "", 0, 0, "the queue is full")),
    ] == (story.of(HangUp, ContactEnded))
    story.news()
    story.take(4 * S, JOINED, ContactArrived("c4", "100"), ContactArrived("c5", "100"))
    assert [(4 * S, ContactEnded("c5", "blocked", "help", "", 0, 0, "the queue is full"))] == story.of(ContactEnded)


AWAY: list[tuple[AgentStateSet | None, int]] = [
    (AgentStateSet("ann", "paused"), 5 * S),
    (AgentStateSet("ann", "offline"), 5 * S),
    (None, 30 * S),
]


@pytest.mark.parametrize(("away", "at"), AWAY)
def test_the_last_agent_goes_away(away: AgentStateSet | None, at: int) -> None:
    """Who waits leaves as soon as the last agent who talks asks to go afterwards, or his lease lapses."""
    rules = with_queue(plan(), "help", leave_when_empty=True)
    story = talking(rules)
    story.take(4 * S, AgentAlive("ann", 26 * S), ContactArrived("c2", "100"))
    story.news()
    story.take(at, *([away] if away else []))
    assert [
        (at, HangUp("c2", "nobody is there")),
        (at, ContactEnded("c2", "nobody_there", "help", "", at - 4 * S, 0, "nobody is there")),
    ] == (story.of(HangUp, ContactEnded))


def test_nobody_is_there_to_begin_with() -> None:
    """Who comes where all are away leaves at once; where somebody is busy, he waits."""
    rules = with_queue(plan(), "help", leave_when_empty=True)
    story = Story(rules)
    story.take(1 * S, AgentStateSet("bob", "ready"), AgentStateSet("bob", "paused"), ARRIVED)
    assert [(1 * S, ContactEnded("c1", "nobody_there", "help", "", 0, 0, "nobody is there"))] == story.of(ContactEnded)
    story = talking(rules)
    story.take(4 * S, ContactArrived("c2", "100"))
    assert [] == story.of(ContactEnded)


def test_the_last_agent_does_not_respond() -> None:
    """An offer that the only agent misses ends the wait; while somebody else attends, it does not."""
    story = ringing(with_queue(plan(), "help", leave_when_empty=True))
    story.wait(60 * S)
    assert [(21 * S, ContactEnded("c1", "nobody_there", "help", "", 20 * S, 0, "nobody is there"))] == story.of(
        ContactEnded
    )


def test_help_that_is_still_to_come() -> None:
    """Nobody leaves for want of agents while time will open one more tier to him."""
    tiers = (Tier(("ann",)), Tier(("bob",), 15 * S))
    story = ringing(with_queue(plan(), "help", leave_when_empty=True, tiers=tiers))
    story.take(2 * S, AgentStateSet("ann", "paused"))
    story.news()
    story.wait(60 * S)
    assert [(16 * S, ContactEnded("c1", "nobody_there", "help", "", 15 * S, 0, "nobody is there"))] == story.of(
        ContactEnded
    )


def test_rules_that_leave_nobody() -> None:
    """After a reload too, nobody waits for agents who are all away."""
    patient = plan()
    strict = replace(with_queue(patient, "help", leave_when_empty=True), hash="v2")
    story = Story(patient, strict)
    story.take(1 * S, ARRIVED)
    story.take(2 * S, CentreStarted("v2"))
    assert [(2 * S, ContactEnded("c1", "nobody_there", "help", "", 1 * S, 0, "nobody is there"))] == story.of(
        ContactEnded
    )
