"""Cases and calendars: who owes what by when, and what happens by itself."""

from __future__ import annotations

from typing import Literal

import pytest

from acd.events import AgentStateSet, ContactJoined, OfferAccepted, WrappedUp
from escalation.case import CaseState
from escalation.events import CaseAccepted, CaseBreached, CaseOpened, CaseResolved, HoursChanged
from escalation.hours import Calendar
from router.events import CentreStarted, ContactArrived, ContactLeft
from tests.worlds import S, Story, plan

SHIFTS = Calendar("shifts", (0, 300 * S), (60 * S, 400 * S), (0, 1_000 * S))


Outcome = Literal["escalated", "follow_up"]


def escalated(story: Story, at: int, contact: str = "c1", outcome: Outcome = "escalated") -> None:
    """A contact that the first line does not settle."""
    offer = story.engine.board.floor.last_offer + 1
    story.take(at, ContactArrived(contact, "100", "+861", personal=True))
    story.take(at, OfferAccepted(contact, "ann", offer), ContactJoined(contact, "ann", offer), ContactLeft(contact))
    story.take(at, WrappedUp("ann", contact, outcome, "hard"))


@pytest.fixture
def story() -> Story:
    """Cases have 100 s of open time, in a calendar open from 0 to 60 s and from 300 to 400 s; case-1 since 10 s."""
    story = Story(plan(calendars=(SHIFTS,)))
    story.take(0, AgentStateSet("ann", "ready"))
    escalated(story, 10 * S)
    return story


def state(story: Story, case: str = "case-1") -> CaseState:
    """What has become of a case."""
    return story.engine.board.desk.cases[case].state


def test_a_case_is_due_in_open_time(story: Story) -> None:
    """50 s before closing and 50 s after opening make the 100 s that the team has."""
    opened = CaseOpened("case-1", "c1", "matter", "team", "care", "hard", 350 * S, 350 * S, "+861")
    assert [(10 * S, opened)] == story.of(CaseOpened)
    assert "+861" not in repr(opened)


def test_a_case_is_breached_at_that_instant(story: Story) -> None:
    """A breach is an event of its instant, not before, once, and only while the case is open."""
    story.take(20 * S, CaseAccepted("case-1", "li"))
    story.wait(350 * S - 1)
    assert [] == story.of(CaseBreached)
    story.wait(10**6)
    assert [(350 * S, CaseBreached("case-1", "team"))] == story.of(CaseBreached)
    story.take(10**6, CaseResolved("case-1"))
    case = story.engine.board.desk.cases["case-1"]
    assert (True, 10**6, "li") == (case.breached, case.resolved_at, case.worker)


def test_a_resolved_case_is_never_breached(story: Story) -> None:
    """What is settled in time stays kept."""
    story.take(350 * S - 1, CaseResolved("case-1", "li"))
    story.wait(10**6)
    assert [] == story.of(CaseBreached)


def test_no_promise_beyond_the_horizon(story: Story) -> None:
    """Where the calendar holds too little open time, a case has no due time and breaks no promise."""
    escalated(story, 350 * S, "c2")
    assert [(None, None)] == [(event.due_at, event.breach_at) for _, event in story.of(CaseOpened)[1:]]
    story.wait(10**7)
    assert ["case-1"] == [event.case for _, event in story.of(CaseBreached)]


def test_two_workers_may_want_one_case(story: Story) -> None:
    """The first to accept a case has it; the second has lost a race, as has news of a case that is settled."""
    story.take(20 * S, CaseAccepted("case-1", "li"))
    assert ("stale", "case 'case-1' is accepted already") == story.refusal(21 * S, CaseAccepted("case-1", "wu"))
    story.take(22 * S, CaseResolved("case-1"))
    assert ("stale", "case 'case-1' is resolved already") == story.refusal(23 * S, CaseResolved("case-1"))
    assert ("illegal", "case 'case-9' is not known") == story.refusal(23 * S, CaseResolved("case-9"))
    assert CaseState.RESOLVED is state(story)


def test_each_case_has_a_number_of_its_own(story: Story) -> None:
    """Cases are counted, whoever keeps them; the newest of a customer is the one he hears of."""
    escalated(story, 20 * S, "c2", "follow_up")
    assert [("case-1", "team"), ("case-2", "")] == [(event.case, event.team) for _, event in story.of(CaseOpened)]
    assert {"+861": "case-2"} == story.engine.board.desk.newest


def test_calendars_turn_by_themselves(story: Story) -> None:
    """Opening and closing are events of their instants, up to the last that the horizon holds."""
    story.news()
    story.wait(10**6)
    assert [
        (60 * S, HoursChanged("shifts", False, 300 * S)),
        (300 * S, HoursChanged("shifts", True, 400 * S)),
        (400 * S, HoursChanged("shifts", False, None)),
    ] == [(at, event) for at, event in story.log if isinstance(event, HoursChanged)][1:]


def test_a_new_calendar_is_in_force_at_once() -> None:
    """With new rules a calendar says at once what it says now, and an old one that is gone no longer turns."""
    other = Calendar("other", (50 * S,), (70 * S,), (0, 1_000 * S))
    story = Story(plan(calendars=(SHIFTS,)), plan(calendars=(other,), version="v2"))
    story.take(55 * S, CentreStarted("v2"))
    story.wait(10**6)
    assert [
        (55 * S, HoursChanged("other", True, 70 * S)),
        (70 * S, HoursChanged("other", False, None)),
    ] == story.of(HoursChanged)
