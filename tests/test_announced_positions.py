"""What waiting contacts are told: when, in which words, and that a position never goes backward."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.alarms import silent
from acd.estimate import Score
from acd.events import (
    AgentStateSet,
    AnnounceWait,
    ContactJoined,
    ContactMoved,
    ContactReleased,
    ContactReprioritised,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
)
from acd.plan import Ageing, Announce, QueuePlan
from ivr.events import ContactKeyed, PromptFinished
from ivr.flow import HandOver, Menu
from router.board import Board
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.plan import Plan
from tests.worlds import LEFT, QUEUE, READY, S, Story, copy, dump, plan, ringing

ANNOUNCE = Announce(10 * S, position=True, expected_wait=True, prompts=("please-hold",))
TOLD = replace(QUEUE, announce=ANNOUNCE, wrap_up_ms=0)


def told(story: Story, contact: str = "") -> list[tuple[int, str, int]]:
    """What was told since the last news: when, to whom, which position."""
    return [(at, e.contact, e.position) for at, e in story.of(AnnounceWait) if contact in ("", e.contact)]


def crowd(rules: Plan | None = None, size: int = 3) -> Story:
    """Nobody is there, and contacts c1, c2, ... arrive at 1 s, 2 s, ..."""
    story = Story(rules or plan(queues=(TOLD,)))
    for number in range(1, size + 1):
        story.take(number * S, ContactArrived(f"c{number}", "100"))
    return story


def serve(story: Story, at: int) -> str:
    """Ann takes whoever is first, joins him at once, and is done with him at once."""
    before = len(story.log)
    story.take(at, AgentStateSet("ann", "ready"))
    offer = next(event for _, event in story.log[before:] if isinstance(event, OfferContact))
    story.take(at, OfferAccepted(offer.contact, "ann", offer.offer), ContactJoined(offer.contact, "ann", offer.offer))
    story.take(at, AgentStateSet("ann", "paused"), ContactReleased(offer.contact, "ann"))
    contact: str = offer.contact
    return contact


# --- when, and what -----------------------------------------------------------------------------------------------


def test_who_has_to_wait_is_told_at_once_and_at_intervals() -> None:
    """To the millisecond; and what is played between, not with the first, which has its own prompts before it."""
    story = crowd(size=2)
    story.wait(13 * S)
    assert [(1 * S, "c1", 1), (2 * S, "c2", 2), (11 * S, "c1", 1), (12 * S, "c2", 2)] == told(story)
    first, _, second, _ = (event for _, event in story.of(AnnounceWait))
    assert [((), 0), (("please-hold",), 10 * S)] == [(each.prompts, each.waited_ms) for each in (first, second)]


def test_positions_go_down_as_contacts_are_served() -> None:
    """Each is told its place, from 1, among those who wait."""
    story = crowd()
    assert "c1" == serve(story, 5 * S)
    story.news()
    story.wait(13 * S)
    assert [(12 * S, "c2", 1), (13 * S, "c3", 2)] == told(story)


def test_who_is_offered_at_once_is_told_nothing_but_if_it_rings_on() -> None:
    """Where an agent is ready there is nothing to say; if he does not answer, the customer is told by and by."""
    story = ringing(plan(queues=(TOLD,)))
    story.wait(11 * S - 1)
    assert [] == told(story)
    story.wait(11 * S)
    ((_, event),) = story.of(AnnounceWait)
    assert (1, ("position",), (None, None)) == (event.position, event.tells, (event.wait_p50_ms, event.wait_p90_ms))


def test_who_is_being_joined_is_told_nothing() -> None:
    """No prompt plays into an answer; if that fails, the next is told in its turn."""
    story = ringing(plan(queues=(replace(TOLD, join_ms=15 * S),)))
    story.take(9 * S, OfferAccepted("c1", "ann", 1))
    story.wait(31 * S)
    assert [(11 * S, (), ()), (21 * S, (), ()), (31 * S, ("position",), ("please-hold",))] == [
        (at, event.tells, event.prompts) for at, event in story.of(AnnounceWait)
    ]


def test_a_queue_says_only_what_it_is_asked_to() -> None:
    """A comfort message at intervals, without a number, is an announcement too."""
    story = crowd(plan(queues=(replace(TOLD, announce=Announce(10 * S, prompts=("please-hold",))),)), size=1)
    story.wait(11 * S)
    assert [((), ()), ((), ("please-hold",))] == [(event.tells, event.prompts) for _, event in story.of(AnnounceWait)]


def test_a_queue_that_does_not_announce_is_left_alone() -> None:
    """Nothing is told, no alarm is set, nothing is followed or learnt."""
    story = crowd(plan(), size=2)
    story.wait(600 * S)
    floor = story.engine.board.floor
    assert ([], {}, {}) == (told(story), floor.waits.waiters, floor.waits.estimators)
    assert "announce" in silent(floor)


# --- a position never goes backward (INV-07) ----------------------------------------------------------------------


def test_a_position_announced_never_goes_backward() -> None:
    """Who was told 1 and is overtaken by a higher priority is told 1 again; the record says where it truly stands."""
    story = crowd(size=2)
    story.take(5 * S, ContactReprioritised("c2", 7, "the chief"))
    story.news()
    story.wait(12 * S)
    assert [(11 * S, "c1", 1), (12 * S, "c2", 1)] == told(story)
    assert [2, 1] == [event.place for _, event in story.of(AnnounceWait)]
    assert "c2" == serve(story, 13 * S)
    story.news()
    story.wait(21 * S)
    assert [(21 * S, "c1", 1)] == told(story)


def test_an_offer_that_fails_moves_nobody_back() -> None:
    """Contacts at whom it rings keep their places in the count, so nobody is told of an offer that may come back."""
    story = crowd(size=2)
    story.take(3 * S, READY)
    story.news()
    story.wait(12 * S)
    assert [(11 * S, "c1", 1), (12 * S, "c2", 2)] == told(story)
    story.take(13 * S, OfferDeclined("c1", "ann", 1))
    story.news()
    story.wait(22 * S)
    assert [(21 * S, "c1", 1), (22 * S, "c2", 2)] == told(story)


def test_an_older_need_from_another_queue_moves_nobody_back() -> None:
    """Who is moved in before those told already is told its own place; they are told theirs again."""
    other = QueuePlan("other", wrap_up_ms=0)
    nodes: Any = {
        "ask": Menu("ask", ("menu",), (("1", "help"), ("2", "other")), "help"),
        "help": HandOver("help", "help"),
        "other": HandOver("other", "other"),
    }
    story = Story(plan(nodes, queues=(TOLD, other)))
    for contact, key in (("c1", "2"), ("c2", "1")):
        story.take(1 * S, ContactArrived(contact, "100"), PromptFinished(contact, 1), ContactKeyed(contact, key))
    story.take(2 * S, ContactMoved("c1", "help"))
    story.wait(12 * S)
    assert [(1 * S, "c2", 1), (2 * S, "c1", 1), (11 * S, "c2", 1), (12 * S, "c1", 1)] == told(story)
    assert [1, 1, 2, 1] == [event.place for _, event in story.of(AnnounceWait)]


def test_ageing_of_which_no_event_tells_moves_nobody_back() -> None:
    """Who catches up with a higher priority by waiting alone goes first at 21 s; the number that was told stays."""
    ages = replace(TOLD, ageing=Ageing(10 * S, 1, 2))
    story = crowd(plan(queues=(ages,)), size=1)
    story.take(8 * S, ContactArrived("c2", "100"), ContactReprioritised("c2", 2))
    story.news()
    story.wait(28 * S)
    assert [("c1", 2, 1), ("c2", 1, 1), ("c1", 1, 1), ("c2", 2, 1)] == [
        (event.contact, event.place, event.position) for _, event in story.of(AnnounceWait)
    ]


def test_in_another_queue_a_contact_is_told_its_place_anew() -> None:
    """The cause is in the log: it left the one queue, and came to the other."""
    pay = replace(TOLD, id="pay")
    story = crowd(plan(queues=(TOLD, pay)), size=2)
    story.take(3 * S, ContactMoved("c2", "pay"))
    story.news()
    story.take(4 * S, ContactMoved("c1", "pay"))
    story.wait(14 * S)
    assert [(4 * S, "c1", 1), (13 * S, "c2", 1), (14 * S, "c1", 1)] == told(story)


# --- the expected wait --------------------------------------------------------------------------------------------


def test_no_wait_is_told_before_one_is_known() -> None:
    """The first contact is told its position alone; once somebody was answered, there is something to go by."""
    story = crowd(size=1)
    serve(story, 21 * S)
    story.take(30 * S, ContactArrived("c2", "100"))
    events = [event for _, event in story.of(AnnounceWait)]
    assert [None, None, 20 * S] == [event.wait_p50_ms for event in (events[0], events[1], events[-1])]
    assert [("position",), ("position", "expected_wait")] == [events[0].tells, events[-1].tells]


def test_what_was_told_is_scored_when_the_contact_is_answered() -> None:
    """Told 20 s and answered after 8 s: within, and a loss of half the difference."""
    story = crowd(size=1)
    serve(story, 21 * S)
    story.take(30 * S, ContactArrived("c2", "100"))
    serve(story, 38 * S)
    half, most = story.engine.board.floor.waits.estimators["help"].scores
    assert Score(within=1, answered=1, pinball=50 * 12 * S) == half
    assert Score() == most


def test_who_leaves_is_counted_as_far_as_it_tells() -> None:
    """Who left before the time told says nothing of it; who left after it shows that it was too short."""
    story = crowd(size=1)
    serve(story, 21 * S)
    story.take(30 * S, ContactArrived("c2", "100"))
    story.take(35 * S, ContactLeft("c2"))
    (half, _) = story.engine.board.floor.waits.estimators["help"].scores
    assert (0, 0, 1, 0) == (half.within, half.beyond, half.unknown, half.answered)


def test_recomputed_from_the_log_all_is_the_same() -> None:
    """The log alone gives the same estimates, scores and positions; and so does a snapshot."""
    story = crowd(size=5)
    for second in (9, 14, 22):
        serve(story, second * S)
    story.wait(40 * S)
    board = story.engine.board
    folded = Board(story.engine.plans, "v1")
    for at, event in story.log:
        folded.apply(event, at)
    assert dump(board) == dump(folded) == dump(copy(story.engine).board)
    assert board.floor.waits.estimators["help"].samples


# --- new rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("announces_first", [True, False])
def test_queues_may_begin_and_cease_to_announce(announces_first: bool) -> None:  # noqa: FBT001
    """Those in a queue that begins to announce count, though they are told nothing; one that ceases is silent."""
    first, second = (TOLD, replace(QUEUE, wrap_up_ms=0)) if announces_first else (QUEUE, TOLD)
    story = Story(plan(queues=(first,)), plan(queues=(second,), version="v2"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, CentreStarted("v2"))
    story.news()
    story.take(3 * S, ContactArrived("c2", "100"))
    story.take(20 * S, LEFT)
    story.wait(30 * S)
    assert ([] if announces_first else [(3 * S, "c2", 2), (13 * S, "c2", 2), (23 * S, "c2", 1)]) == told(story)
