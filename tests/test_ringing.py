"""How many phones ring for a contact: one, all, or one more after each step; and who of them has it in the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.events import (
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    HangUp,
    JoinParties,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    PairExcluded,
    RingWidened,
    WithdrawOffer,
)
from acd.model import AgentState, ContactState
from acd.plan import QueuePlan
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.plan import Plan
from tests.worlds import S, Story, copy, plan, ready

STAFF: dict[str, tuple[str, ...]] = {"ann": (), "bob": (), "cat": (), "dan": ()}
TAKEN = "another agent took the contact"


def centre(version: str = "v1", **changes: Any) -> Plan:
    """A centre whose one queue rings at all four agents at once, unless it is said otherwise."""
    queue = replace(QueuePlan("help", ring="all", wrap_up_ms=0), **changes)
    return plan(queues=(queue,), agents=STAFF, version=version)


def progressive(version: str = "v1", **changes: Any) -> Plan:
    """The same, but one more phone every 5 s."""
    return centre(version, **({"ring": "progressive", "ring_step_ms": 5 * S} | changes))


def called(rules: Plan, *agents: str, others: tuple[Plan, ...] = ()) -> Story:
    """A contact that came at 1 s, when these agents were ready."""
    story = Story(rules, *others)
    story.take(0, *ready(*agents))
    story.take(1 * S, ContactArrived("c1", "100"))
    return story


def rung(story: Story) -> list[tuple[int, str, str]]:
    """Who was rung for whom since the last time of asking for news."""
    return [(at, event.contact, event.agent) for at, event in story.of(OfferContact)]


def ringing_at(story: Story) -> list[str]:
    """At whom it rings now, in the order in which it began."""
    return [offer.agent for _, offer in sorted(story.engine.board.floor.offers.items())]


def withdrawn(story: Story) -> list[tuple[int, str, str]]:
    """Where it stopped ringing, and why."""
    return [(at, event.agent, event.reason) for at, event in story.of(WithdrawOffer)]


def states(story: Story) -> tuple[ContactState, list[AgentState]]:
    """How the contact and the agents are."""
    floor = story.engine.board.floor
    return floor.contacts["c1"].state, [agent.state for agent in floor.agents.values()]


# --- all at once --------------------------------------------------------------------------------------------------


def test_all_who_may_are_rung_at_once() -> None:
    """Every ready agent is offered the contact, in the order of agents, each with an offer of his own."""
    story = called(centre(), "cat", "ann", "bob")
    assert [(1 * S, "c1", "ann"), (1 * S, "c1", "bob"), (1 * S, "c1", "cat")] == rung(story)
    assert [1, 2, 3] == [event.offer for _, event in story.of(OfferContact)]
    assert [3, 2, 1] == [event.candidates for _, event in story.of(OfferContact)]


def test_the_first_accept_is_the_only_one() -> None:
    """Whoever accepts second, by phone or by screen, is told that he is late; nothing changes."""
    story = called(centre(), "ann", "bob")
    story.take(2 * S, OfferAccepted("c1", "bob", 2))
    late = ("stale", "contact 'c1' is being joined with another agent")
    for fact in (OfferAccepted("c1", "ann", 1), LegAnswered("c1", "ann", 1)):
        assert late == story.refusal(3 * S, fact)
    assert [(2 * S, "bob")] == [(at, event.agent) for at, event in story.of(JoinParties)]


def test_the_others_ring_until_the_join_is_confirmed() -> None:
    """Nobody is let go at the accept, which may still fail; all are once the parties are joined."""
    story = called(centre(), "ann", "bob", "cat")
    story.take(2 * S, OfferAccepted("c1", "bob", 2))
    assert ["ann", "bob", "cat"] == ringing_at(story)
    story.take(3 * S, ContactJoined("c1", "bob", 2))
    assert [(3 * S, "ann", TAKEN), (3 * S, "cat", TAKEN)] == withdrawn(story)
    assert (
        ContactState.TALKING,
        [AgentState.READY, AgentState.TALKING, AgentState.READY, AgentState.OFFLINE],
    ) == states(story)


@pytest.mark.parametrize("fails", [LegFailed("c1", "ann", 1, "lost"), None])
def test_it_rings_on_when_a_join_fails(fails: LegFailed | None) -> None:
    """When the first who accepted drops out, it rings on at the others, and one of them may accept."""
    story = called(centre(join_ms=4 * S), "ann", "bob")
    story.take(2 * S, OfferAccepted("c1", "ann", 1))
    if fails:
        story.take(5 * S, fails)
    story.wait(6 * S)
    assert ["bob"] == ringing_at(story)
    assert ContactState.OFFERED == states(story)[0]
    story.take(7 * S, OfferAccepted("c1", "bob", 2), ContactJoined("c1", "bob", 2))
    assert ContactState.TALKING == states(story)[0]


def test_a_phone_that_fails_does_not_end_the_others_ringing() -> None:
    """One who declines, or whose phone cannot be reached, is out; it rings on at the rest, and at nobody twice."""
    story = called(centre(), "ann", "bob", "cat")
    story.take(2 * S, OfferDeclined("c1", "ann", 1), LegFailed("c1", "bob", 2, "unreachable"))
    assert ["cat"] == ringing_at(story)
    assert 3 == len(rung(story))


def test_who_declines_while_another_is_joined_is_out() -> None:
    """A decline while the parties are being joined changes nothing about the join."""
    story = called(centre(), "ann", "bob")
    story.take(2 * S, OfferAccepted("c1", "ann", 1), OfferDeclined("c1", "bob", 2))
    assert (ContactState.JOINING, ["ann"]) == (states(story)[0], ringing_at(story))
    story.take(3 * S, ContactJoined("c1", "ann", 1))
    assert ContactState.TALKING == states(story)[0]


def test_when_all_decline_all_are_rung_again_soon() -> None:
    """Once everybody has declined, the contact waits, and after the retry time it rings at all of them again."""
    story = called(centre(retry_ms=10 * S), "ann", "bob")
    story.take(2 * S, OfferDeclined("c1", "ann", 1), OfferDeclined("c1", "bob", 2))
    assert ContactState.WAITING == states(story)[0]
    story.news()
    story.wait(12 * S)
    assert [(12 * S, "c1", "ann"), (12 * S, "c1", "bob")] == rung(story)


def test_who_becomes_ready_is_rung_as_well() -> None:
    """An agent who becomes ready while it rings is rung at once, but not once somebody has accepted."""
    story = called(centre(), "ann")
    story.take(3 * S, *ready("bob"))
    assert (3 * S, "c1", "bob") == rung(story)[-1]
    story.take(4 * S, OfferAccepted("c1", "ann", 1), *ready("cat"))
    assert ["ann", "bob"] == ringing_at(story)
    assert AgentState.READY == states(story)[1][2]


def test_who_became_ready_during_a_join_is_rung_when_it_fails() -> None:
    """If the join then fails, he is rung with the others."""
    story = called(centre(), "ann", "bob")
    story.take(4 * S, OfferAccepted("c1", "ann", 1), *ready("cat"))
    story.take(5 * S, LegFailed("c1", "ann", 1, "lost"))
    assert (5 * S, "c1", "cat") == rung(story)[-1]
    assert ["bob", "cat"] == ringing_at(story)


@pytest.mark.parametrize("leaves", ["offline", "paused"])
def test_an_agent_may_leave_while_it_rings(leaves: Any) -> None:
    """His offer is taken back and is no missed one; it rings on at the others. So it does while another is joined."""
    story = called(centre(), "ann", "bob", "cat")
    story.take(2 * S, AgentStateSet("ann", leaves))
    story.take(3 * S, OfferAccepted("c1", "bob", 2), AgentStateSet("cat", leaves))
    assert ["bob"] == ringing_at(story)
    assert [("ann", leaves), ("cat", leaves)] == [(event.agent, event.state) for _, event in story.of(AgentMoved)]
    assert [] == story.of(PairExcluded)
    story.take(4 * S, ContactJoined("c1", "bob", 2))
    assert ContactState.TALKING == states(story)[0]


def test_an_agent_whose_lease_lapses_while_it_rings() -> None:
    """It stops ringing at an agent who is no longer heard of, and rings on at the others."""
    story = Story(centre())
    story.take(0, AgentStateSet("ann", "ready", "", 5 * S), *ready("bob"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(5 * S)
    assert ["bob"] == ringing_at(story)


@pytest.mark.parametrize("accepted", [False, True])
def test_a_customer_who_leaves_stops_all_ringing(accepted: bool) -> None:  # noqa: FBT001
    """Every phone stops when the customer goes, also while one of them is being joined; all have the next contact."""
    story = called(centre(), "ann", "bob", "cat")
    if accepted:
        story.take(2 * S, OfferAccepted("c1", "bob", 2))
    story.take(2 * S, ContactArrived("c2", "100"))
    story.news()
    story.take(3 * S, ContactLeft("c1"))
    assert [(3 * S, agent, "the customer left") for agent in ("ann", "bob", "cat")] == withdrawn(story)
    assert [(3 * S, "c2", "ann"), (3 * S, "c2", "bob"), (3 * S, "c2", "cat")] == rung(story)


def test_the_longest_wait_ends_all_ringing() -> None:
    """At the end of the longest wait every phone stops and the contact is sent away."""
    story = called(centre(wait_ms_max=10 * S), "ann", "bob")
    story.wait(11 * S)
    assert ["ann", "bob"] == [agent for _, agent, _ in withdrawn(story)]
    assert [(11 * S, HangUp("c1", "waited too long"))] == story.of(HangUp)


def test_a_join_that_fails_after_the_longest_wait_ends_all_ringing() -> None:
    """A join under way at that instant may succeed; if it fails, the wait is over, and the other phones stop."""
    story = called(centre(wait_ms_max=10 * S), "ann", "bob", "cat")
    story.take(10 * S, OfferAccepted("c1", "ann", 1))
    story.take(11 * S, OfferDeclined("c1", "cat", 3))
    assert ["ann", "bob"] == ringing_at(story)
    story.take(12 * S, LegFailed("c1", "ann", 1, "lost"))
    assert [(12 * S, "bob", "the contact waited too long")] == withdrawn(story)
    assert ["timed_out"] == [event.outcome for _, event in story.of(ContactEnded)]


def test_nobody_misses_a_contact_that_another_is_given() -> None:
    """Where an offer would end while another agent is being joined, it is taken back: he could not have answered."""
    story = called(centre(offer_ms=20 * S), "ann", "bob")
    story.take(20 * S, OfferAccepted("c1", "ann", 1))
    assert "stale" == story.refusal(20 * S + 500, LegAnswered("c1", "bob", 2))[0]
    story.take(20 * S + 600, ContactArrived("c2", "100"))
    story.wait(21 * S)
    assert [(21 * S, "bob", TAKEN)] == withdrawn(story)
    assert [[], [], []] == [story.of(kind) for kind in (OfferExpired, PairExcluded, AgentMoved)]
    assert (21 * S, "c2", "bob") == rung(story)[-1]


def test_all_who_miss_it_are_not_responding() -> None:
    """It rings at all for as long as an offer lasts; whoever let it pass is not responding."""
    story = called(centre(offer_ms=20 * S), "ann", "bob")
    story.wait(21 * S)
    assert ["ann", "bob"] == [event.agent for _, event in story.of(OfferExpired)]
    assert [AgentState.NOT_RESPONDING] * 2 == states(story)[1][:2]


def test_those_let_go_have_the_next_contact_each_its_best_agent() -> None:
    """When a join sets several free, the next contact goes to the best of them, not to the first at whom it rang."""
    story = Story(centre(selection="in_order"), centre("v2", ring="one", selection="fewest_contacts"))
    story.take(0, *ready("ann", "bob", "cat"))
    story.take(1 * S, ContactArrived("c0", "100"))
    story.take(2 * S, OfferAccepted("c0", "ann", 1), ContactJoined("c0", "ann", 1), ContactLeft("c0"))
    story.take(3 * S, ContactArrived("c1", "100"))
    assert ["ann", "bob", "cat"] == ringing_at(story)
    story.take(4 * S, CentreStarted("v2"), ContactArrived("c2", "100"), OfferAccepted("c1", "cat", 6))
    story.news()
    story.take(5 * S, ContactJoined("c1", "cat", 6))
    assert [(5 * S, "c2", "bob")] == rung(story)


# --- one more after each step -------------------------------------------------------------------------------------


def test_one_more_rings_after_each_step() -> None:
    """At every step one more agent is rung, while those before him ring on."""
    story = called(progressive(), "ann", "bob", "cat")
    story.wait(12 * S)
    assert [(1 * S, "c1", "ann"), (6 * S, "c1", "bob"), (11 * S, "c1", "cat")] == rung(story)
    assert ["ann", "bob", "cat"] == ringing_at(story)


def test_who_declines_is_replaced_at_once() -> None:
    """One phone less is one more at once, not after the step, which begins anew."""
    story = called(progressive(), "ann", "bob", "cat")
    story.take(2 * S, OfferDeclined("c1", "ann", 1))
    story.wait(7 * S)
    assert [(2 * S, "c1", "bob"), (7 * S, "c1", "cat")] == rung(story)[1:]


def test_nobody_free_at_the_step_means_the_next_who_is() -> None:
    """Where nobody is free when one more should ring, the next who becomes ready is rung at once."""
    story = called(progressive(), "ann")
    story.wait(6 * S)
    assert [(6 * S, RingWidened("c1"))] == story.of(RingWidened)
    story.take(8 * S, *ready("bob", "cat"))
    assert [(8 * S, "c1", "bob")] == rung(story)[1:]
    story.wait(13 * S)
    assert [(13 * S, "c1", "cat")] == rung(story)[2:]


def test_a_step_with_nobody_free_is_said_once() -> None:
    """Steps do not pile up while nobody is free."""
    story = called(progressive(offer_ms=60 * S), "ann")
    story.wait(50 * S)
    assert [(6 * S, RingWidened("c1"))] == story.of(RingWidened)


def test_before_the_step_nobody_more_rings() -> None:
    """An agent who becomes ready before the step is not rung yet, and may have another contact."""
    story = called(progressive(), "ann")
    story.take(3 * S, *ready("bob"), ContactArrived("c2", "100"))
    assert (3 * S, "c2", "bob") == rung(story)[-1]


def test_no_step_while_a_join_is_under_way() -> None:
    """While the parties are being joined nobody more is rung; when that fails, one more is at once."""
    story = called(progressive(), "ann", "bob", "cat")
    story.take(5 * S, OfferAccepted("c1", "ann", 1))
    story.wait(8 * S)
    assert ["ann"] == ringing_at(story)
    story.take(9 * S, LegFailed("c1", "ann", 1, "lost"))
    assert (9 * S, "c1", "bob") == rung(story)[-1]
    story.wait(14 * S)
    assert (14 * S, "c1", "cat") == rung(story)[-1]


def test_a_failed_join_with_others_ringing_brings_one_more() -> None:
    """Where others ring on when a join fails, one more is rung for the one who is out."""
    story = called(progressive(), "ann", "bob", "cat", "dan")
    story.take(7 * S, OfferAccepted("c1", "ann", 1))
    story.wait(17 * S)
    assert [JoinTimedOut(1, "c1", "ann")] == [event for _, event in story.of(JoinTimedOut)]
    assert (17 * S, "c1", "cat") == rung(story)[-1]


# --- new rules while it rings -------------------------------------------------------------------------------------


def test_new_rules_may_ring_at_all() -> None:
    """Rules that ring at all, put in force while it rings at one, ring at the others at once."""
    story = called(centre(ring="one"), "ann", "bob", "cat", others=(centre("v2"),))
    assert ["ann"] == ringing_at(story)
    story.take(2 * S, CentreStarted("v2"))
    assert ["ann", "bob", "cat"] == ringing_at(story)


def test_new_rules_may_ring_at_one() -> None:
    """Rules that ring at one let ring on what rings; who declines then is not replaced until all have."""
    story = called(centre(), "ann", "bob", others=(centre("v2", ring="one"),))
    story.take(2 * S, CentreStarted("v2"), *ready("cat"))
    assert ["ann", "bob"] == ringing_at(story)
    story.take(3 * S, OfferDeclined("c1", "ann", 1))
    assert ["bob"] == ringing_at(story)
    story.take(4 * S, OfferDeclined("c1", "bob", 2))
    assert ["cat"] == ringing_at(story)


@pytest.mark.parametrize(("at", "first"), [(3 * S, 6 * S), (6 * S, 6 * S), (20 * S, 20 * S)])
def test_new_rules_may_ring_step_by_step(at: int, first: int) -> None:
    """The first step counts from the last phone rung; one that would have been taken by now is, at once."""
    story = called(centre(ring="one", offer_ms=60 * S), "ann", "bob", "cat", others=(progressive("v2"),))
    story.take(at, CentreStarted("v2"))
    assert copy(story.engine).deadline() == story.engine.deadline()
    story.wait(first + 5 * S)
    assert [(first, "c1", "bob"), (first + 5 * S, "c1", "cat")] == rung(story)[1:]


def test_new_rules_may_have_another_step() -> None:
    """A step under way ends by the new rules."""
    story = called(progressive(), "ann", "bob", others=(progressive("v2", ring_step_ms=9 * S),))
    story.take(2 * S, CentreStarted("v2"))
    story.wait(10 * S)
    assert [(10 * S, "c1", "bob")] == rung(story)[1:]


@pytest.mark.parametrize("ring", ["one", "all", "progressive"])
def test_new_rules_during_a_join(ring: Any) -> None:
    """A join under way goes on by any rules, and so does what rings beside it."""
    story = called(centre(), "ann", "bob", others=(centre("v2", ring=ring),))
    story.take(2 * S, OfferAccepted("c1", "ann", 1), CentreStarted("v2"), *ready("cat"))
    assert ["ann", "bob"] == ringing_at(story)
    story.take(3 * S, ContactJoined("c1", "ann", 1))
    assert [(3 * S, "bob", TAKEN)] == withdrawn(story)
    story.engine.board.check()


# --- recovery -----------------------------------------------------------------------------------------------------

FACTS: list[tuple[int, Any]] = [
    (2 * S, OfferDeclined("c1", "ann", 1)),
    (4 * S, AgentStateSet("dan", "ready")),
    (8 * S, OfferAccepted("c1", "bob", 2)),
    (9 * S, LegFailed("c1", "bob", 2, "lost")),
    (12 * S, OfferAccepted("c1", "cat", 3)),
    (13 * S, ContactJoined("c1", "cat", 3)),
]


@pytest.mark.parametrize("rules", [centre(), progressive()], ids=["all", "progressive"])
@pytest.mark.parametrize("at", [1 * S, 2 * S, 4 * S, 5 * S, 7 * S, 8 * S, 9 * S, 11 * S, 12 * S, 13 * S])
def test_recovery_while_it_rings(rules: Plan, at: int) -> None:
    """An engine that starts from a snapshot at any instant rings at the same agents at the same instants."""
    whole, broken = (called(rules, "ann", "bob", "cat") for _ in range(2))
    for story in (whole, broken):
        for instant, fact in [each for each in FACTS if each[0] <= at]:
            story.take(instant, fact)
        story.wait(at)
    broken.engine = copy(broken.engine)
    for story in (whole, broken):
        for instant, fact in [each for each in FACTS if each[0] > at]:
            story.take(instant, fact)
        story.wait(100 * S)
    assert whole.log == broken.log
