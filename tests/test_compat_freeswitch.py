"""Queues on the strategies of FreeSWITCH: who rings when, and in what order contacts are served."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args

import pytest

from acd.compat.freeswitch.look import in_order
from acd.compat.freeswitch.plan import FreeswitchAgent, FreeswitchQueue, Past, Strategy
from acd.compat.freeswitch.watch import IDLE, OUTSIDE_CALL, FreeswitchWatch
from acd.events import (
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactReleased,
    JoinTimedOut,
    LegFailed,
    OfferAccepted,
    OfferContact,
    PairExcluded,
    WithdrawOffer,
)
from acd.model import HAD_ONE, AgentState
from acd.plan import QueuePlan
from ivr.events import PromptFinished
from ivr.flow import HandOver, Say
from router.events import ContactArrived, ContactLeft
from router.plan import Plan
from tests.conftest import ROOT
from tests.freeswitch import T, agent, answer, arrive, centre, decline, offers, opened, queue, talk
from tests.worlds import S, Story, plan

# --- who is rung --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "rung"),
    [
        ("longest-idle-agent", ["cat"]),
        ("agent-with-least-talk-time", ["bob"]),
        ("agent-with-fewest-calls", ["ann"]),
        ("sequentially-by-agent-order", ["bob"]),
        ("ring-all", ["ann", "bob", "cat"]),
        ("ring-progressively", ["ann"]),
        ("top-down", ["bob"]),
        ("round-robin", ["cat"]),
    ],
)
def test_whom_a_strategy_rings(strategy: Strategy, rung: list[str]) -> None:
    """Each goes by another part of what the agents have behind them; nobody of a later level comes before."""
    listed = [
        agent("dan", level=2),
        agent("ann", past=Past("available", T - 50 * S, T - 60 * S, 90 * S, 1)),
        agent("bob", past=Past("available", T - 60 * S, T - 70 * S, 70 * S, 2)),
        agent("cat", 2, past=Past("available", T - 70 * S, T - 80 * S, 80 * S, 3)),
    ]
    if strategy == "ring-all":
        listed = listed[1:]
    story = opened(centre(queue(*listed, strategy=strategy)))
    arrive(story, T)
    assert [(0, "c1", name) for name in rung] == offers(story)


def test_who_never_had_a_call_comes_first() -> None:
    """And of equals, the one who is listed first."""
    story = opened(centre(queue(agent("bob"), agent("ann"), agent("cat", past=Past(bridge_ended_at=T - 900 * S)))))
    assert "bob" == talk(story, T, T + 1 * S)


def test_lots_are_drawn_within_a_level() -> None:
    """At random, everybody of the first level gets some, nobody of the second any; and a second draw is the same."""

    def served() -> list[str]:
        listed = [agent("ann"), agent("bob"), agent("cat"), agent("dan", level=2)]
        story = opened(centre(queue(*listed, strategy="random")))
        return [talk(story, T + each * 10 * S, T + each * 10 * S + S, f"c{each}") for each in range(30)]

    first = served()
    assert {"ann", "bob", "cat"} == {*first}
    assert first == served()


def test_whoever_becomes_free_rings_too() -> None:
    """With ring-all, a phone that comes late rings with the others; the first accept is the only one."""
    story = opened(centre(queue(agent("ann"), agent("bob"), agent("cat"), strategy="ring-all")), "cat")
    arrive(story, T)
    story.take(T + 5 * S, AgentStateSet("cat", "ready"))
    story.wait(T + 5 * S)
    assert [(0, "c1", "ann"), (0, "c1", "bob"), (5, "c1", "cat")] == offers(story)
    assert "ann" == answer(story, T + 7 * S)
    assert ["bob", "cat"] == [event.agent for _, event in story.of(WithdrawOffer)]


def test_one_more_phone_at_a_time() -> None:
    """A step apart, whatever came of those before: who declined is rung again before the next in the list."""
    listed = [agent("ann", 1), agent("bob", 2), agent("cat", 3)]
    story = opened(centre(queue(*listed, strategy="ring-progressively")))
    arrive(story, T)
    decline(story, T + 3 * S)
    story.wait(T + 25 * S)
    assert [(0, "c1", "ann"), (10, "c1", "ann"), (20, "c1", "bob")] == offers(story)


def test_top_down_stays_with_those_below() -> None:
    """While anybody below the last one is logged in, free or not, nobody above is rung; then it starts again."""
    story = opened(centre(queue(agent("ann", 1), agent("bob", 2), strategy="top-down", offer_ms=10 * S)))
    story.take(T, AgentStateSet("bob", "paused", "lunch"))
    arrive(story, T + 1 * S)
    story.wait(T + 100 * S)
    assert [(1, "c1", "ann")] == offers(story)
    story.take(T + 100 * S, AgentStateSet("bob", "offline"))
    story.wait(T + 100 * S)
    assert (100, "c1", "ann") == offers(story)[-1]


def test_round_robin_goes_on_after_the_last_one_rung() -> None:
    """Whichever queue rang him, and even if he has logged out since."""
    listed = [agent("ann", 1), agent("bob", 2), agent("cat", 3)]
    rules = centre(queue(*listed, strategy="round-robin"), queue(agent("bob"), name="other"))
    story = opened(rules)
    arrive(story, T, "c1", key="2")
    answer(story, T)
    story.take(T + 1 * S, ContactReleased("c1", "bob"), AgentStateSet("bob", "offline"))
    arrive(story, T + 5 * S, "c2", key="1")
    assert [(0, "c1", "bob"), (5, "c2", "cat")] == offers(story)


# --- tiers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "away", "expected"),
    [
        ({}, {"ann": "ready"}, (0, "c1", "ann")),
        ({"tier_rules": True}, {"ann": "ready"}, (30, "c1", "ann")),
        ({"tier_rules": True}, {"ann": "paused"}, (30, "c1", "bob")),
        ({"tier_rules": True, "tier_wait_by_level": True}, {"ann": "paused"}, (60, "c1", "bob")),
        ({"tier_rules": True, "skip_empty_tiers": True}, {"ann": "offline"}, (0, "c1", "bob")),
        ({"tier_rules": True, "skip_empty_tiers": True}, {"ann": "ready"}, (0, "c1", "ann")),
        (
            {"tier_rules": True, "skip_empty_tiers": True, "tier_wait_by_level": True},
            {"ann": "paused"},
            (60, "c1", "bob"),
        ),
    ],
)
def test_tiers_open(rules: dict[str, Any], away: dict[str, Any], expected: tuple[float, str, str]) -> None:
    """Level 1 waits too, unless the levels before are skipped as empty; somebody on a break is somebody."""
    listed = [agent("ann", level=1), agent("bob", level=2)]
    story = Story(centre(queue(*listed, tier_wait_ms=30 * S, **rules)))
    story.take(T - 1 * S, AgentStateSet("bob", "ready"))
    for name, state in away.items():
        if state != "offline":
            story.take(T - 1 * S, AgentStateSet(name, state))
    arrive(story, T)
    story.wait(T + 90 * S)
    assert expected == offers(story)[0]


def test_who_logs_in_idle_is_somebody() -> None:
    """A level is not skipped as empty because its only agent has been on outside calls since he logged in."""
    listed = [agent("ann", level=1), agent("bob", level=2)]
    rules: dict[str, Any] = {"tier_rules": True, "skip_empty_tiers": True, "tier_wait_ms": 30 * S}
    story = opened(centre(queue(*listed, **rules)))
    story.take(T, AgentStateSet("ann", "offline"))
    story.take(T, AgentStateSet("ann", "paused", OUTSIDE_CALL))
    arrive(story, T + 1 * S)
    story.wait(T + 60 * S)
    assert [(31, "c1", "bob")] == offers(story)


def test_level_0_is_always_open() -> None:
    """The rules hold from level 1 on."""
    story = opened(centre(queue(agent("ann", level=0), tier_rules=True, tier_wait_ms=30 * S)))
    arrive(story, T)
    assert [(0, "c1", "ann")] == offers(story)


def test_an_offer_tells_how_it_was_chosen() -> None:
    """Who else could have had the contact, and why the other ready agents could not."""
    listed = [
        agent("ann"),
        agent("bob"),
        agent("cat", past=Past(bridge_ended_at=T - 1 * S), wrap_up_ms=9 * S),
        agent("dan", level=9),
    ]
    story = opened(centre(queue(*listed, tier_rules=True, skip_empty_tiers=True, tier_wait_ms=30 * S)))
    arrive(story, T)
    ((_, offer),) = story.of(OfferContact)
    assert (2, (("tier", 1), ("rest", 1))) == (offer.candidates, offer.excluded)


# --- agents between contacts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wrap_up_s", "free_at_s"), [(0, 11), (15, 26)])
def test_wrap_up_costs_a_second_more(wrap_up_s: int, free_at_s: int) -> None:
    """It must be over, counted in full seconds; so even none lasts a second."""
    story = opened(centre(queue(agent("ann", wrap_up_ms=wrap_up_s * S))))
    talk(story, T, T + 10 * S)
    arrive(story, T + 10 * S, "c2")
    story.wait(T + 60 * S)
    assert (free_at_s, "c2", "ann") == offers(story)[1]


@pytest.mark.parametrize(
    ("loss", "rest_s"),
    [("declined", 20), ("busy", 30), ("no_answer", 10), ("unreachable", 5), ("lost", 0)],
)
def test_rests_after_an_offer_came_to_nothing(loss: Any, rest_s: int) -> None:
    """Each reason has its own; an unreachable phone is left alone for five seconds, to spare everybody."""
    rests = {"missed_rest_ms": 10 * S, "declined_rest_ms": 20 * S, "busy_rest_ms": 30 * S}
    story = opened(centre(queue(agent("ann", **rests))))
    arrive(story, T)
    story.take(T + 2 * S, LegFailed("c1", "ann", 1, loss))
    story.wait(T + 50 * S)
    assert [(0, "c1", "ann"), (2 + rest_s, "c1", "ann")] == offers(story)


def test_a_phone_that_declines_at_once_is_no_storm() -> None:
    """The module looks ten times a second, and so do we: between two looks there is no offer."""
    story = opened(centre(queue(agent("ann"))))
    arrive(story, T)
    for tenth in range(5):
        decline(story, T + tenth * 100)
    assert [(tenth / 10, "c1", "ann") for tenth in range(5)] == offers(story)


def test_who_misses_too_many_is_not_responding() -> None:
    """Declined offers do not count, and a join begins a new count; ready again, he has missed none."""
    story = opened(centre(queue(agent("ann", missed_offers_max=3), offer_ms=10 * S)))
    arrive(story, T)
    story.wait(T + 10 * S)
    decline(story, T + 12 * S)
    story.wait(T + 32 * S)
    assert AgentState.NOT_RESPONDING is story.engine.board.floor.agents["ann"].state
    story.take(T + 40 * S, AgentStateSet("ann", "ready"))
    story.wait(T + 90 * S)
    assert [(at, "c1", "ann") for at in (0, 10, 12, 22, 40, 50, 60)] == offers(story)
    assert [T + 32 * S, T + 70 * S] == [at for at, _ in story.of(AgentMoved)]
    assert [] == story.of(PairExcluded), "nobody is kept apart by rules of ours"


def test_an_offer_that_the_customer_ends_is_not_missed() -> None:
    """Nor does it make the one before it count again."""
    story = opened(centre(queue(agent("ann", missed_offers_max=2), offer_ms=10 * S)))
    arrive(story, T)
    story.take(T + 15 * S, ContactLeft("c1"))
    story.wait(T + 30 * S)
    assert [] == story.of(AgentMoved)


def test_a_break_between_two_misses_clears_them() -> None:
    """The count of the missed is one of those that begin again with the status."""
    story = opened(centre(queue(agent("ann", missed_offers_max=2, missed_rest_ms=5 * S), offer_ms=10 * S)))
    arrive(story, T)
    story.take(T + 11 * S, AgentStateSet("ann", "paused", "lunch"), AgentStateSet("ann", "ready"))
    story.wait(T + 25 * S)
    assert [] == story.of(AgentMoved)


@pytest.mark.parametrize(
    ("reason", "second"),
    [("lunch", "ann"), (IDLE, "bob"), (OUTSIDE_CALL, "bob")],
)
def test_a_break_sets_the_counters_to_nothing(reason: str, second: str) -> None:
    """Who was on a break is available anew, without any calls; who was idle or on an outside call still was."""
    listed = [agent("ann", 2, past=Past(answered=10)), agent("bob", 1, past=Past(answered=9))]
    story = opened(centre(queue(*listed, strategy="agent-with-fewest-calls")))
    story.take(T, AgentStateSet("ann", "paused", reason))
    story.take(T + 1 * S, AgentStateSet("ann", "ready"))
    assert second == talk(story, T + 2 * S, T + 3 * S)


@pytest.mark.parametrize(("status", "first"), [("available", "bob"), ("logged_out", "ann"), ("on_break", "ann")])
def test_what_an_agent_brings_along(status: Any, first: str) -> None:
    """His counters, unless he was not available when they were taken down: then he becomes so anew."""
    listed = [agent("ann", 2, past=Past(status, answered=10)), agent("bob", 1, past=Past(answered=9))]
    story = opened(centre(queue(*listed, strategy="agent-with-fewest-calls")))
    assert first == talk(story, T, T + 1 * S)


def test_a_break_during_a_call_counts_too() -> None:
    """The status changes when it is asked for, not when the call is over."""
    listed = [agent("ann", 2, past=Past(answered=8)), agent("bob", 1, past=Past(answered=9))]
    story = opened(centre(queue(*listed, strategy="agent-with-fewest-calls")))
    arrive(story, T)
    assert "ann" == answer(story, T)
    story.take(T + 1 * S, AgentStateSet("ann", "paused", "lunch"), AgentStateSet("ann", "ready"))
    story.take(T + 2 * S, ContactReleased("c1", "ann"))
    assert "ann" == talk(story, T + 5 * S, T + 6 * S, "c2")


@pytest.mark.parametrize("rules", [centre(queue(agent("ann"))), plan(queues=(QueuePlan("help", wrap_up_ms=0),))])
def test_on_demand_is_for_one_contact(rules: Plan) -> None:
    """After it the agent is paused, in native queues too, until he is ready again."""
    story = Story(rules)
    story.take(T - 1 * S, AgentStateSet("ann", "ready", once=True))
    talk(story, T, T + 10 * S)
    arrive(story, T + 20 * S, "c2")
    ann = story.engine.board.floor.agents["ann"]
    assert (AgentState.PAUSED, HAD_ONE) == (ann.state, ann.reason)
    story.take(T + 100 * S, AgentStateSet("ann", "ready", once=True))
    story.wait(T + 100 * S)
    assert [(0, "c1", "ann"), (100, "c2", "ann")] == offers(story)


def test_an_agent_may_change_his_mind_about_one_contact() -> None:
    """Ready for one or for more, he stays in his place among the ready; and to say it twice is refused."""
    story = Story(plan(queues=(QueuePlan("help", wrap_up_ms=0),)))
    story.take(T, AgentStateSet("ann", "ready"))
    story.take(T + 1 * S, AgentStateSet("bob", "ready"))
    story.take(T + 2 * S, AgentStateSet("ann", "ready", once=True))
    assert "stale" == story.refusal(T + 3 * S, AgentStateSet("ann", "ready", once=True))[0]
    assert "ann" == talk(story, T + 4 * S, T + 5 * S)
    assert AgentState.PAUSED is story.engine.board.floor.agents["ann"].state


def test_who_goes_on_a_break_while_it_rings_gives_it_back() -> None:
    """That is no missed offer, and the contact rings elsewhere at once."""
    story = opened(centre(queue(agent("ann", 1, missed_offers_max=1), agent("bob", 2))))
    arrive(story, T)
    story.take(T + 5 * S, AgentStateSet("ann", "paused", "lunch"))
    story.wait(T + 5 * S)
    assert [(0, "c1", "ann"), (5, "c1", "bob")] == offers(story)


def test_a_join_that_fails_rings_again() -> None:
    """The contact waits on in its place, and nobody has missed anything."""
    story = opened(centre(queue(agent("ann", missed_offers_max=1))))
    arrive(story, T)
    story.take(T + 1 * S, OfferAccepted("c1", "ann", 1))
    story.wait(T + 20 * S)
    assert [(T + 11 * S, JoinTimedOut(1, "c1", "ann"))] == story.of(JoinTimedOut)
    assert [(0, "c1", "ann"), (11, "c1", "ann")] == offers(story)


# --- contacts -----------------------------------------------------------------------------------------------------


def test_one_order_over_all_queues() -> None:
    """The oldest is first, whatever its queue; a point of priority is worth a second of waiting."""
    one, other = queue(agent("ann"), name="one"), queue(agent("ann"), name="other")
    rules = centre(one, replace(other, priority=10))
    story = opened(rules, "ann")
    for second, key in enumerate("1121", 1):
        arrive(story, T + second * 5 * S, f"c{second}", key=key)
    assert ["c1", "c3", "c2", "c4"] == [contact.id for contact in in_order(story.engine.board.floor)]


@pytest.mark.parametrize(("counts_from", "expected"), [("arrival", ["c1", "c2"]), ("queueing", ["c2", "c1"])])
def test_time_in_the_menu(counts_from: Any, expected: list[str]) -> None:
    """It counts in the order of contacts or not, as the queue says."""
    rules = centre(queue(agent("ann"), counts_from=counts_from))
    nodes: dict[str, Any] = {"hello": Say("hello", ("hello",), "help"), "help": HandOver("help", "help")}
    slow = plan(nodes, queues=tuple(rules.floor.queues.values()), agents={"ann": ()})
    story = Story(slow)
    story.take(T, ContactArrived("c1", "100"))
    story.take(T + 5 * S, ContactArrived("c2", "100"), PromptFinished("c2", 1))
    story.take(T + 9 * S, PromptFinished("c1", 1))
    assert expected == [contact.id for contact in in_order(story.engine.board.floor)]


@pytest.mark.parametrize(
    ("number", "back_at_s", "expected"),
    [
        ("+1", 100, ["c3", "c2"]),
        ("+1", 101, ["c2", "c3"]),
        ("+2", 60, ["c2", "c3"]),
        ("", 60, ["c2", "c3"]),
    ],
)
def test_who_calls_again_soon_finds_his_place(number: str, back_at_s: int, expected: list[str]) -> None:
    """Within the queue's time, and only somebody who is known to be the same; his need is as old as it was."""
    story = opened(centre(queue(agent("ann"), resume_ms=60 * S)), "ann")
    arrive(story, T, "c1", "+1")
    arrive(story, T + 10 * S, "c2")
    story.take(T + 40 * S, ContactLeft("c1"))
    arrive(story, T + back_at_s * S, "c3", number)
    board = story.engine.board
    assert expected == [contact.id for contact in in_order(board.floor)]
    came_at = T + (0 if expected[0] == "c3" else back_at_s * S)
    assert came_at == board.floor.contacts["c3"].need_since


def test_places_are_kept_only_where_they_may_be_found() -> None:
    """Without a time to come back in, in another queue, or of a contact that was answered, there is none."""
    never = opened(centre(queue(agent("ann"))), "ann")
    arrive(never, T, "c1", "+1")
    never.take(T + 1 * S, ContactLeft("c1"))
    elsewhere = opened(centre(queue(agent("ann"), resume_ms=60 * S), queue(agent("ann"), name="other")), "ann")
    arrive(elsewhere, T, "c1", "+1", key="2")
    elsewhere.take(T + 1 * S, ContactLeft("c1"))
    answered = opened(centre(queue(agent("ann"), resume_ms=60 * S)))
    arrive(answered, T, "c1", "+1")
    answer(answered, T)
    answered.take(T + 1 * S, ContactLeft("c1"))
    for story in (never, elsewhere, answered):
        arrive(story, T + 2 * S, "c2", "+1")
        assert T + 2 * S == story.engine.board.floor.contacts["c2"].need_since


def test_places_that_nobody_came_back_to_are_forgotten() -> None:
    """Whenever somebody else leaves."""
    story = opened(centre(queue(agent("ann"), resume_ms=60 * S)), "ann")
    for second in (0, 30, 70):
        arrive(story, T + second * S, f"c{second}", f"+{second}")
        story.take(T + second * S, ContactLeft(f"c{second}"))
    watch = story.engine.board.floor.watches["help"]
    assert isinstance(watch, FreeswitchWatch)
    assert ["c30", "c70"] == [*watch.left]


def test_a_way_to_the_queue_may_have_its_own_longest_wait() -> None:
    """It goes before the queue's, in queues of whatever kind."""
    help_queue = replace(queue(agent("ann")), wait_ms_max=30 * S)
    nodes: dict[str, Any] = {"help": HandOver("help", "help", wait_ms_max=10 * S)}
    for each in (help_queue, replace(help_queue, compat=None)):
        story = Story(plan(nodes, queues=(each,), agents={"ann": ()}))
        arrive(story, T)
        story.wait(T + 60 * S)
        assert [T + 10 * S] == [at for at, _ in story.of(ContactEnded)]


def test_the_longest_wait_lets_an_offer_ring_out() -> None:
    """Who rings when it is over still has that chance; who does not is sent away."""
    story = opened(centre(replace(queue(agent("ann"), offer_ms=20 * S), wait_ms_max=30 * S)))
    arrive(story, T)
    story.wait(T + 60 * S)
    assert [0, 20] == [at for at, _, _ in offers(story)]
    assert [(T + 40 * S, "timed_out")] == [(at, event.outcome) for at, event in story.of(ContactEnded)]
    story.take(T + 60 * S, AgentStateSet("ann", "offline"))
    arrive(story, T + 61 * S, "c2")
    story.wait(T + 100 * S)
    assert (T + 91 * S, "timed_out") == [(at, event.outcome) for at, event in story.of(ContactEnded)][-1]


def test_phones_that_still_ring_are_heard_out_when_one_of_them_declines() -> None:
    """The longest wait has ended while all ring: who declines afterwards ends it for nobody, and rings no more."""
    ringing = queue(agent("ann"), agent("bob"), strategy="ring-all", offer_ms=20 * S)
    story = opened(centre(replace(ringing, wait_ms_max=10 * S)))
    arrive(story, T)
    story.wait(T + 11 * S)
    decline(story, T + 12 * S)
    assert [] == story.of(ContactEnded)
    story.wait(T + 60 * S)
    assert [(0, "c1", "ann"), (0, "c1", "bob")] == offers(story)
    assert [(T + 20 * S, "timed_out")] == [(at, event.outcome) for at, event in story.of(ContactEnded)]


def test_every_setting_is_explained() -> None:
    """The page of old systems names every setting that a file may have, and every strategy as it is spelt there."""
    page = (ROOT / "docs/compat.md").read_text("utf-8")
    names = [each.name.removesuffix("_ms") for part in (FreeswitchQueue, FreeswitchAgent) for each in fields(part)]
    terms = {*names, *get_args(Strategy)} - {"strategy", "agents", "agent", "system", "past"}
    assert [] == sorted(term for term in terms if f"`{term}`" not in page)
