"""Who is let into a queue: by its length, by the agents who are there, and by the wait to be expected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactReleased,
    ContactReprioritised,
    HangUp,
    OfferAccepted,
    OfferContact,
)
from acd.plan import Announce, ExpectedWaitMax, Overflow, QueuePlan, Requirement, Tier
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.plan import Plan
from tests.worlds import S, Story, plan, ready, with_queue


def centre(**changes: Any) -> Plan:
    """One queue, and Ann, Bob and Cat; she lacks the skill `pay`."""
    queue = replace(QueuePlan("help", wrap_up_ms=0, missed_offers_max=None), **changes)
    return plan(queues=(queue,), agents={"ann": ("pay",), "bob": ("pay",), "cat": ()})


def refused(story: Story, contact: str, at: int) -> list[str]:
    """Why a contact that comes now is sent away, or nothing."""
    story.wait(at)
    story.news()
    story.take(at, ContactArrived(contact, "100"))
    ends = [event for _, event in story.of(ContactEnded)]
    assert all(event.outcome == "blocked" for event in ends)
    assert [event.reason for _, event in story.of(HangUp)] == [event.reason for event in ends]
    return [event.reason for event in ends]


# --- by agents ----------------------------------------------------------------------------------------------------


def test_only_agents_who_attend_and_could_serve_count() -> None:
    """Ready or busy; not who is on a pause or about to go, nor who lacks what is asked."""
    story = Story(centre(agents_min=2, requirements=(Requirement("pay"),)))
    story.take(1 * S, *ready("ann", "cat"))
    assert ["1 of at least 2 agents are there"] == refused(story, "c1", 2 * S)
    story.take(3 * S, *ready("bob"))
    assert [] == refused(story, "c2", 4 * S)
    assert [] == refused(story, "c3", 5 * S)
    story.take(6 * S, AgentStateSet("ann", "paused"))
    assert ["1 of at least 2 agents are there"] == refused(story, "c4", 7 * S)


def test_agents_of_a_tier_that_will_open_count() -> None:
    """Unless it never opens to this contact."""
    tiers = (Tier(("ann",)), Tier(("bob",), 60 * S))
    story = Story(centre(agents_min=2, tiers=tiers))
    story.take(1 * S, *ready("ann", "bob"))
    assert [] == refused(story, "c1", 2 * S)


def test_who_was_let_in_stays() -> None:
    """Agents who go away later change nothing for those who wait; and who overflows here is let in."""
    first = QueuePlan("first", overflow=Overflow(10 * S, "help"))
    base = plan(queues=(first, QueuePlan("help", agents_min=1)), agents={"ann": ()})
    story = Story(base)
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(20 * S)
    assert "help" == story.engine.board.floor.contacts["c1"].queue


# --- by the expected wait -----------------------------------------------------------------------------------------


def taught(*, wait_s: int, **changes: Any) -> Story:
    """A queue in which a dozen contacts, one after the other at its front, have waited so long for Ann."""
    open_to_all = centre(announce=Announce(10_000 * S, expected_wait=True))
    story = Story(open_to_all, replace(with_queue(open_to_all, "help", **changes), hash="v2"))
    at = 1 * S
    for number in range(12):
        story.take(at, ContactArrived(f"t{number}", "100"))
        story.take(at + wait_s * S, *ready("ann"))
        offer = story.of(OfferContact)[-1][1].offer
        accepted = OfferAccepted(f"t{number}", "ann", offer), ContactJoined(f"t{number}", "ann", offer)
        story.take(at + wait_s * S, *accepted, ContactReleased(f"t{number}", "ann"), AgentStateSet("ann", "offline"))
        at += (wait_s + 10) * S
    story.take(at, CentreStarted("v2"))
    return story


@pytest.mark.parametrize(("limit_s", "reasons"), [(30, []), (29, ["the expected wait is 30 s (50 %), more than 29 s"])])
def test_who_would_wait_too_long_is_sent_away(limit_s: int, reasons: list[str]) -> None:
    """The quantile of what he would be told, at the place where he would stand; the limit itself is not too long."""
    story = taught(wait_s=30, expected_wait_max=ExpectedWaitMax(limit_s * S))
    assert reasons == refused(story, "c1", 1_000 * S)


def test_the_wait_goes_by_the_place() -> None:
    """The first is let in, the second would wait twice as long."""
    story = taught(wait_s=30, expected_wait_max=ExpectedWaitMax(45 * S))
    assert [] == refused(story, "c1", 1_000 * S)
    assert ["the expected wait is 60 s (50 %), more than 45 s"] == refused(story, "c2", 1_000 * S)
    story.take(1_001 * S, ContactLeft("c1"))
    assert [] == refused(story, "c3", 1_002 * S)


def test_who_need_not_wait_is_let_in() -> None:
    """Whatever the past was like: an agent is ready for him."""
    story = taught(wait_s=30, expected_wait_max=ExpectedWaitMax(1 * S))
    story.take(999 * S, *ready("bob"))
    assert [] == refused(story, "c1", 1_000 * S)


def test_nobody_is_sent_away_for_a_wait_that_is_not_known() -> None:
    """Too few have waited to say anything."""
    story = Story(centre(announce=Announce(60 * S), expected_wait_max=ExpectedWaitMax(1 * S, 90)))
    assert [] == refused(story, "c1", 2 * S)


def test_why_somebody_was_not_let_in_is_told() -> None:
    """The order of reasons: no room, nobody there, too long."""
    story = Story(centre(waiting_max=1, agents_min=1))
    story.take(1 * S, *ready("ann"))
    assert [] == refused(story, "c1", 2 * S)
    story.take(3 * S, AgentStateSet("ann", "paused"), ContactReprioritised("c1", 1))
    assert ["the queue is full"] == refused(story, "c2", 4 * S)
