"""Cases and calendars: who owes what by when, and what happens by itself."""

from __future__ import annotations

import pytest

from acd.events import AgentStateSet, ContactEnded, ContactJoined, OfferAccepted, WrappedUp
from acd.plan import WrapUpOutcome
from escalation.case import CaseState
from escalation.events import CaseAccepted, CaseBreached, CaseOpened, CaseResolved, HoursChanged
from escalation.hours import Calendar
from escalation.resolution import ContactLog, ContactRecord, definition
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.measures import MEASURES, Measures
from tests.worlds import S, Story, copy, plan

SHIFTS = Calendar("shifts", (0, 300 * S), (60 * S, 400 * S), (0, 1_000 * S))


def called(
    story: Story, at: int, contact: str = "c1", outcome: WrapUpOutcome = "escalated", customer: str = "+861"
) -> None:
    """A contact that the first line wraps up, by default without settling it."""
    offer = story.engine.board.floor.last_offer + 1
    story.take(at, ContactArrived(contact, "100", customer, personal=True))
    story.take(at, OfferAccepted(contact, "ann", offer), ContactJoined(contact, "ann", offer), ContactLeft(contact))
    story.take(at, WrappedUp("ann", contact, outcome, "hard"))


@pytest.fixture
def story() -> Story:
    """Cases have 100 s of open time, in a calendar open from 0 to 60 s and from 300 to 400 s; case-1 since 10 s."""
    story = Story(plan(calendars=(SHIFTS,)))
    story.take(0, AgentStateSet("ann", "ready"))
    called(story, 10 * S)
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
    called(story, 350 * S, "c2")
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


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> Story:
    """Four cases, of which the last two that were resolved are remembered: case-1 and case-2, but not case-3."""
    monkeypatch.setattr("escalation.desk.RESOLVED_REMEMBERED", 2)
    story = Story(plan(calendars=(SHIFTS,)))
    story.take(0, AgentStateSet("ann", "ready"))
    for number, customer in enumerate(("+861", "+862", "+861", "+861"), 1):
        called(story, 10 * S, f"c{number}", customer=customer)
    story.take(20 * S, CaseResolved("case-3"))
    story.take(21 * S, CaseResolved("case-2"), CaseResolved("case-1"))
    return story


def test_only_the_last_resolved_cases_are_remembered(brief: Story) -> None:
    """All open cases are remembered, but of the resolved the last; of one instant, those opened last."""
    desk = brief.engine.board.desk
    assert ["case-1", "case-2", "case-4"] == [*desk.cases]
    brief.take(30 * S, CaseResolved("case-4"))
    assert ["case-2", "case-4"] == [*desk.cases]


def test_late_news_of_a_forgotten_case_is_stale(brief: Story) -> None:
    """A case that was opened once is resolved, remembered or not; one that never was is not known."""
    assert ("stale", "case 'case-3' is resolved already") == brief.refusal(21 * S, CaseAccepted("case-3", "li"))
    for case in ("case-5", "case-0", "case-01", "case-", "1", "case-" + "9" * 9_999):
        assert ("illegal", f"case {case!r} is not known") == brief.refusal(21 * S, CaseResolved(case))


def test_a_customer_hears_of_the_newest_case_that_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the newest is forgotten, an older one still open is the newest; with none left the customer has none."""
    monkeypatch.setattr("escalation.desk.RESOLVED_REMEMBERED", 0)
    story = Story(plan(calendars=(SHIFTS,)))
    story.take(0, AgentStateSet("ann", "ready"))
    for contact in ("c1", "c2"):
        called(story, 10 * S, contact)
    newest: list[str | None] = []
    for case in ("case-2", "case-1"):
        story.take(20 * S, CaseResolved(case))
        boards = (story.engine.board, copy(story.engine).board)
        newest += [found.id if (found := board.desk.newest("+861")) else None for board in boards]
    assert ["case-1", "case-1", None, None] == newest


def test_what_is_forgotten_next_is_known_after_a_restart(brief: Story) -> None:
    """What a snapshot says of the cases gives the order in which they are forgotten, also of those of one instant."""
    again = copy(brief.engine)
    again.handle(CaseResolved("case-4"), 30 * S)
    assert ["case-2", "case-4"] == [*again.board.desk.cases]


def test_each_case_has_a_number_of_its_own(story: Story) -> None:
    """Cases are counted, whoever keeps them; the newest of a customer is the one he hears of."""
    called(story, 20 * S, "c2", "follow_up")
    assert [("case-1", "team"), ("case-2", "")] == [(event.case, event.team) for _, event in story.of(CaseOpened)]
    newest = story.engine.board.desk.newest("+861")
    assert newest is not None
    assert "case-2" == newest.id


def recorded(story: Story, issues: dict[str, str]) -> list[ContactRecord]:
    """The records of contacts wrapped up, of which a resolved one is a case resolved at its end."""
    ended = {event.contact: at for at, event in story.log if isinstance(event, ContactEnded)}
    wrapped = {event.contact: event.outcome for _, event in story.log if isinstance(event, WrappedUp)}
    resolved_at = {case.contact: case.resolved_at for case in story.engine.board.desk.cases.values()}
    return [
        ContactRecord(
            id=contact,
            customer="",
            issue=issues.get(contact, contact),
            reason="",
            channel="voice",
            arrived=ended[contact],
            ended=ended[contact],
            answered=True,
            levels=(1, 2) if outcome == "escalated" else (1,),
            agent_resolved=outcome == "resolved",
            resolved_at=resolved_at.get(contact, ended[contact]),
        )
        for contact, outcome in wrapped.items()
    ]


@pytest.mark.parametrize(("live", "defined"), [("fcr", "strict"), ("flr", "flr_gross")])
def test_live_resolution_is_a_definition_per_contact(live: str, defined: str) -> None:
    """Where every issue has one contact, a live measure is its definition; a repeat counts in the measure alone."""
    story = Story(plan())
    story.take(0, AgentStateSet("ann", "ready"))
    outcomes: list[WrapUpOutcome] = ["resolved", "escalated", "follow_up", "follow_up", "resolved"]
    for number, outcome in enumerate(outcomes, 1):
        called(story, number * S, f"c{number}", outcome)
    story.take(20 * S, CaseResolved("case-1"), CaseResolved("case-2"))
    measures = Measures(story.engine.board.plan)
    for at, event in story.log:
        measures.apply(event, at)
    share = MEASURES[live].of(measures.tally())
    one_each, repeated = (ContactLog(recorded(story, issues), 99 * S) for issues in ({}, {"c5": "c2"}))
    assert definition(defined).measure(one_each).share == share
    assert definition(defined).measure(repeated).denominator == len(outcomes) - 1


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
