"""`why` and `why-not`: what a supervisor is told of an offer, a wait and an end."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args

import pytest

from acd.compat.freeswitch.plan import FreeswitchQueue
from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactOutcome,
    ContactReprioritised,
    OfferContact,
    OfferDeclined,
)
from acd.hands import ConsultAsked, ContactTransferred
from acd.plan import AgentPlan, Tier
from router.events import EVENTS, ContactArrived, ContactLeft
from router.explain.story import _TELL, ended
from tests.why_stories import arrive, asked, busy, said, serve, simple, two_queues
from tests.worlds import S, Story

# --- an offer -----------------------------------------------------------------------------------------------------


def test_a_contact_that_chose_among_agents() -> None:
    """Who was ready goes by the queue's order, each with what he is ranked by; who was not is told apart."""
    story = simple("cat", "ann", "bob")
    story.take(3 * S, AgentStateSet("dan", "paused", "lunch"), ContactArrived("c1", "100"))
    assert [
        "c1 rings since 00:00:03",
        "Why cat: it was offered to cat at 00:00:03.",
        "3 ready agents could serve it; who has been idle longest goes first:",
        "  1. cat: idle since 00:00:00",
        "  2. ann: idle since 00:00:01",
        "  3. bob: idle since 00:00:02",
        "Could serve it, but were not ready:",
        "  dan: on a pause (lunch)",
    ] == said(story, "c1")


def test_an_agent_who_chose_among_contacts() -> None:
    """Who was free took the first of those waiting, and why it is the first is said."""
    story = simple()
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, ContactArrived("c2", "100"))
    story.take(3 * S, ContactReprioritised("c2", 5))
    story.take(4 * S, AgentStateSet("ann", "ready"))
    assert [
        "c2 rings since 00:00:04",
        "Why ann: it was offered to ann at 00:00:04.",
        "ann was free, and 2 contacts waited that he could serve, in this order:",
        "  1. c2: priority 5, asked at 00:00:02",
        "  2. c1: priority 0, asked at 00:00:01",
    ] == said(story, "c2")
    assert [
        "c1 waits. ann is no candidate: being rung for c2 until 00:00:24 at the latest.",
        "While it waited, ann was offered:",
        "  00:00:04  c2 (help): it has the higher priority (5 against 0)",
    ] == said(story, "c1", "ann")


def test_why_a_candidate_came_second() -> None:
    """An agent who could have been offered a contact is told what put another before him."""
    story = simple("cat", "ann")
    story.take(3 * S, ContactArrived("c1", "100"))
    assert [
        "c1 was offered to cat at 00:00:03.",
        "ann was a candidate too: cat had been idle longer (since 00:00:00, ann since 00:00:01).",
    ] == said(story, "c1", "ann")


def test_an_offer_of_the_past() -> None:
    """What has happened since changes nothing in the answer for an instant, and the story ends there."""
    story = simple("ann", "bob")
    story.take(3 * S, ContactArrived("c1", "100"))
    then = asked(story, "c1", None, 3 * S)
    serve(story, 5 * S, "c1", "ann", 1)
    story.take(9 * S, ContactLeft("c1"))
    assert then == asked(story, "c1", None, 3 * S)
    assert "c1 talks with ann since 00:00:05, after a wait of 0:02 min in help" == said(story, "c1", None, 5 * S)[0]
    ended = "c1 ended: ann served it, after a wait of 0:02 min in help and 0:04 min of talk (at 00:00:09)"
    assert ended == said(story, "c1")[0]


def test_a_pair_kept_apart() -> None:
    """Whoever declined is kept apart from the contact for a time, and both questions say until when."""
    story = simple("ann", "bob")
    story.take(3 * S, ContactArrived("c1", "100"))
    story.take(4 * S, OfferDeclined("c1", "ann", 1))
    assert "  ann: kept apart from it until 00:05:04, after an offer that came to nothing" in said(story, "c1")
    assert [
        "c1 was offered to ann at 00:00:03.",
        "It came to nothing at 00:00:04: ann declined.",
        "c1 was offered to bob at 00:00:04.",
        "ann was no candidate then: kept apart from it until 00:05:04, after an offer that came to nothing.",
    ] == said(story, "c1", "ann")


def test_a_decision_of_another_release_is_said_to_be_one() -> None:
    """Where the record says what this release would not have decided, the answer says so and shows what it would."""
    story = simple("ann", "bob")
    story.take(3 * S, ContactArrived("c1", "100"))
    place = next(place for place, (_, event) in enumerate(story.log) if isinstance(event, OfferContact))
    at, offer = story.log[place]
    story.log[place] = (at, replace(offer, agent="bob", candidates=7))
    words = said(story, "c1")
    assert "  1. ann: idle since 00:00:00" in words
    assert "The rules of this release would have chosen otherwise: another release made this decision." in words


@pytest.mark.parametrize(
    ("selection", "first"),
    [
        ("longest_idle", "dan: idle since 00:00:00"),
        ("least_recently_offered", "ann: offered no contact yet"),
        ("fewest_contacts", "dan: 0 contacts since the log-in, idle since 00:00:00"),
        ("in_order", "ann: by the order of the list"),
        ("best_skilled", "ann: levels 3 in all in what is asked, idle since 00:00:04"),
        ("specialists_first", "bob: 1 skills, idle since 00:00:02"),
        ("round_robin", "ann: 1st from there"),
        ("weighted_random", "ann: drawn, 1 lot"),
    ],
)
def test_every_order_of_agents(selection: Any, first: str) -> None:
    """Whatever the queue's order of agents, the decision is derived again, and its terms are told in words."""
    base = two_queues(selection=selection)
    skills = {"ann": (("pay", 3), ("tax", 1)), "bob": (("pay", 2),), "dan": (("pay", 2), ("tax", 1))}
    agents = {name: AgentPlan(name, has) for name, has in skills.items()}
    story = Story(replace(base, floor=replace(base.floor, agents=agents)))
    for second, agent in ((0, "dan"), (2, "bob"), (4, "ann")):
        story.take(second * S, AgentStateSet(agent, "ready"))
    arrive(story, 5 * S, "c1", "1")
    decision = asked(story, "c1").decision
    assert decision
    assert decision.agrees
    assert f"  1. {first}" in said(story, "c1")


# --- a wait -------------------------------------------------------------------------------------------------------


def test_a_contact_that_waits() -> None:
    """Its place, who goes before it and why, who could serve it and what each does, and until when it waits."""
    assert [
        "c4 waits in pay since 00:00:06, 0:04 min by now",
        "1 contact goes before it, with agents who could serve either:",
        "  c5 (pay): it has the higher priority (3 against 1)",
        "Who could serve it:",
        "  ann: in wrap-up after c1 until 00:00:35 at the latest",
        "  bob: talking with c2",
        "Who is logged in, but could not:",
        "  cat: without pay at level 2 (has level 1)",
        "  dan: without pay at level 2 (has none)",
        "It waits until 00:10:06 at the latest.",
    ] == said(busy(), "c4", None, 10 * S)
    assert "It is the next: no contact goes before it with an agent who could serve it." in said(busy(), "c5")


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("ann", ["c4 waits. ann is no candidate: in wrap-up after c1 until 00:00:35 at the latest."]),
        ("dan", ["c4 waits. dan is no candidate: without pay at level 2 (has none)."]),
        ("cat", ["c4 waits. cat is no candidate: without pay at level 2 (has level 1); on a pause (lunch)."]),
    ],
)
def test_why_an_agent_is_not_offered_what_waits(agent: str, told: list[str]) -> None:
    """All that is between the two is said; and to whom it would not help, who goes before."""
    ahead = ["c5 goes before it: it has the higher priority (3 against 1)."] if agent == "ann" else []
    assert [*told, *ahead] == said(busy(), "c4", agent)


def test_others_ahead_count_only_where_somebody_could_serve_both() -> None:
    """A contact of a heavier queue is not before one that none of its agents could serve."""
    story = Story(two_queues(weight=9))
    arrive(story, 1 * S, "c1", "1")
    arrive(story, 2 * S, "c2", "2")
    story.take(3 * S, AgentStateSet("dan", "paused"))
    assert "It is the next: no contact goes before it with an agent who could serve it." in said(story, "c2")
    story.take(4 * S, AgentStateSet("ann", "paused"))
    assert "  c1 (pay): its queue has the greater weight (9 against 0)" in said(story, "c2")


def test_tiers_that_are_closed() -> None:
    """When an agent's tier opens is said, or that it never does, or that he is in none."""
    tiers = (Tier(("ann",)), Tier(("bob",), 30 * S))
    story = Story(two_queues(requirements=(), tiers=tiers))
    for agent in ("bob", "dan"):
        story.take(0, AgentStateSet(agent, "ready"))
    arrive(story, 1 * S, "c1", "1")
    words = said(story, "c1")
    assert "Nobody who is logged in could serve it." in words
    assert "  bob: in tier 2, which opens at 00:00:31" in words
    assert "  dan: in none of the queue's tiers" in words
    assert "More agents may serve it from 00:00:31 on." in words
    story.wait(31 * S)
    assert "bob was the only ready agent who could serve it." in said(story, "c1")


def test_a_customer_who_gave_up() -> None:
    """Of a contact that went without an answer it is told how it stood just then."""
    story = busy()
    story.take(20 * S, ContactLeft("c4"))
    words = said(story, "c4")
    assert "c4 ended: the customer gave up in pay after 0:14 min (at 00:00:20)" == words[0]
    assert {"How it stood when it ended:", "  bob: talking with c2"} < set(words)
    assert "c4 ended unanswered. bob is no candidate: talking with c2." in said(story, "c4", "bob")


def test_a_contact_in_the_menu() -> None:
    """Who has asked for nobody yet waits for nobody."""
    story = Story(two_queues())
    story.take(5 * S, ContactArrived("c1", "100"))
    assert ["c1 is in the menu since 00:00:05, and has asked for no agent yet"] == said(story, "c1")
    assert ["c1 has asked for no agent yet."] == said(story, "c1", "ann")


def test_a_queue_that_follows_an_old_system() -> None:
    """No order is made up for a queue whose contacts an old system's rule picks."""
    story = simple("ann", compat=FreeswitchQueue())
    story.take(3 * S, ContactArrived("c1", "100"))
    rule = "Queue help follows the old system freeswitch, whose own rule says who is served."
    assert rule in said(story, "c1")
    assert [rule] == said(story, "c1", "ann")


def test_every_end_of_a_contact_has_words() -> None:
    """However a contact ends, its story says so."""
    for outcome in get_args(ContactOutcome):
        assert ended(ContactEnded("c1", outcome, "pay", "ann", 1_000, 2_000)).startswith("ended: ")


def test_every_event_of_a_contact_is_told_or_left_out_on_purpose() -> None:
    """A new kind of event about contacts does not go missing from their stories."""
    about = {kind for kind, event in EVENTS.items() if "contact" in {field.name for field in fields(event)}}
    left_out = {
        *("contact.keyed", "prompt.finished", "prompt.overran", "flow.moved", "say", "collect", "input.missed"),
        *("digits.collected", "leg.ringing", "join", "hang_up", "wrap_up.started", "announce"),
        *("talk.ended", "hold", "bridge", "supervise", "stop_supervising"),
    }
    assert about == left_out | {kind for kind, event in EVENTS.items() if event in _TELL}


# --- from hand to hand --------------------------------------------------------------------------------------------


def test_a_contact_meant_for_one_agent() -> None:
    """Why he was rung, and why another who was ready was not: it was meant for him. Both hands are in its story."""
    story = simple("ann", "bob", "cat")
    story.take(3 * S, ContactArrived("c1", "100"))
    serve(story, 5 * S, "c1", "ann", 1)
    story.take(9 * S, ContactTransferred("c1", "ann", to_agent="cat", reason="knows her"))
    lines = said(story, "c1")
    assert [
        "c1 rings since 00:00:09",
        "Why cat: it was offered to cat at 00:00:09.",
        "cat was the only ready agent who could serve it.",
        "Ready, but not for this contact:",
        "  bob: not cat, for whom it is meant until 00:00:39",
    ] == lines[:5]
    assert "c1 was offered to cat at 00:00:09." == said(story, "c1", "bob")[0]
    assert "bob was no candidate then: not cat, for whom it is meant until 00:00:39." in said(story, "c1", "bob")
    told = asked(story, "c1").words
    assert "  00:00:09  ann handed it on to cat (knows her)" in told
    assert "  00:00:09  is kept for cat until 00:00:39" in told


def test_a_contact_on_hold() -> None:
    """It is said who consults, on which leg; and the leg itself can be asked about."""
    story = simple("ann", "bob", "cat")
    story.take(3 * S, ContactArrived("c1", "100"))
    serve(story, 5 * S, "c1", "ann", 1)
    story.take(9 * S, ConsultAsked("c1", "ann", to_agent="cat"))
    assert "c1 is on hold, while ann consults a colleague (consult-1)" == said(story, "c1")[0]
    assert "consult-1 rings since 00:00:09" == said(story, "consult-1")[0]
