"""Measures: sums folded from the log, and the named quotients of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.events import (
    AgentStateSet,
    ContactJoined,
    ContactReleased,
    OfferAccepted,
    OfferDeclined,
    WrappedUp,
)
from escalation.events import CaseResolved
from router.errors import JournalFault
from router.events import ContactArrived, ContactLeft
from router.measures import MEASURES, Measures, Tally, service_level
from router.plan import Plan
from tests.worlds import S, Story, plan, with_queue


def folded(story: Story, rules: Plan | None = None) -> Measures:
    """The measures of everything that has happened; half of it before a restart."""
    rules = rules or story.engine.board.plan
    measures, half = Measures(rules, (5 * S,)), len(story.log) // 2
    for at, event in story.log[:half]:
        measures.apply(event, at)
    again = Measures(rules, (5 * S,))
    again.load(measures.dump())
    for at, event in story.log[half:]:
        again.apply(event, at)
    return again


def served(story: Story, contact: str, at: int, wrapped: WrappedUp, *, wait_ms: int = 10 * S) -> None:
    """A contact that waits, talks for 60 s and is wrapped up for 20 s."""
    story.take(at, ContactArrived(contact, "100"))
    offer = story.engine.board.floor.last_offer
    story.take(at + wait_ms, OfferAccepted(contact, "ann", offer), ContactJoined(contact, "ann", offer))
    story.take(at + wait_ms + 60 * S, ContactReleased(contact, "ann"))
    story.take(at + wait_ms + 80 * S, wrapped)


@pytest.fixture
def story() -> Story:
    """Four answered (one late), one who left at once, one who left late, one sent away, one still waiting."""
    story = Story(with_queue(plan(), "help", acceptable_wait_ms=10 * S, short_abandon_ms=5 * S, wait_ms_max=200 * S))
    story.take(0, AgentStateSet("ann", "ready"))
    served(story, "c1", 0, WrappedUp("ann", "c1", "resolved"))
    served(story, "c2", 100 * S, WrappedUp("ann", "c2", "escalated"))
    served(story, "c3", 200 * S, WrappedUp("ann", "c3", "follow_up"))
    served(story, "c4", 300 * S, WrappedUp("ann", "c4", "follow_up"), wait_ms=15 * S)
    story.take(500 * S, CaseResolved("case-2"), AgentStateSet("ann", "paused"))
    story.take(500 * S, ContactArrived("c5", "100"), ContactArrived("c6", "100"), ContactArrived("c7", "100"))
    story.take(505 * S, ContactLeft("c5"))
    story.take(506 * S, ContactLeft("c6"))
    story.take(700 * S, ContactArrived("c8", "100"))
    return story


def test_sums_of_a_day(story: Story) -> None:
    """Every contact is counted once, by what became of it; times are sums; what waits is the rest."""
    tally = folded(story).by_queue()["help"]
    assert (
        Tally(
            offered=8,
            answered=4,
            answered_in=3,
            abandoned=2,
            abandoned_short=1,
            abandoned_in=2,
            timed_out=1,
            carried_out=1,
            wait_ms=45 * S,
            abandoned_wait_ms=11 * S,
            wait_ms_max=200 * S,
            ringing_ms=45 * S,
            handling_ms=320 * S,
            talk_ms=240 * S,
            wrap_up_ms=80 * S,
            wrapped_up=4,
            resolved=1,
            follow_up=2,
            followed_up=1,
            escalated=1,
            within={5 * S: 0},
        )
        == tally
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offered", 8),
        ("answered", 4),
        ("abandoned", 2 / 7),
        ("sl", 3 / 6),
        ("asa", 45 * S / 4),
        ("aht", 320 * S / 4),
        ("occupancy", 320 / (320 + 135)),
        ("fcr", 1 / 4),
        ("flr", 2 / 4),
        ("escalated", 1 / 4),
    ],
)
def test_each_measure_is_its_formula(story: Story, name: str, value: float) -> None:
    """Each named measure is the quotient that its formula says."""
    assert value == folded(story).value(name)


def test_every_measure_says_what_it_is() -> None:
    """Each measure has a title, a unit and a formula, and none of nothing."""
    for name, measure in MEASURES.items():
        assert name == measure.name
        assert measure.title
        assert measure.formula
        assert measure.unit in {"share", "ms", "count"}
        assert measure.of(Tally()) in {None, 0}


def test_a_threshold_of_ones_own(story: Story) -> None:
    """A service level at another threshold than the queue's is folded beside it."""
    measures = Measures(story.engine.board.plan, (15 * S, 9 * S))
    for at, event in story.log:
        measures.apply(event, at)
    assert [4 / 6, 0.0] == [service_level(threshold).of(measures.tally()) for threshold in (15 * S, 9 * S)]


@pytest.mark.parametrize(("threshold_ms", "said"), [(20 * S, "20"), (1_500, "1.5"), (90 * S, "90"), (250, "0.25")])
def test_a_threshold_is_named_as_it_is(threshold_ms: int, said: str) -> None:
    """A service level is called by its whole threshold, fractions of a second too."""
    measure = service_level(threshold_ms)
    assert (f"sl({said}s)", f"service level ({said} s)") == (measure.name, measure.title)
    assert measure.formula.startswith(f"answered within {said} s / ")


def test_ringing_is_neither_ready_nor_handling(story: Story) -> None:
    """Time with an offer is named apart; time on a break is in no measure; what goes on now counts up to now."""
    tally = folded(story).tally(800 * S)
    assert (45 * S, 320 * S, 135 * S) == (tally.ringing_ms, tally.handling_ms, tally.ready_ms)
    story.take(800 * S, AgentStateSet("bob", "ready"))
    assert 48 * S == folded(story).tally(803 * S).ringing_ms


def test_a_declined_offer_is_no_answer() -> None:
    """Who declines is ready again from then on."""
    story = Story(plan())
    story.take(0, AgentStateSet("ann", "ready"), ContactArrived("c1", "100"))
    story.take(3 * S, OfferDeclined("c1", "ann", 1))
    tally = folded(story).tally(10 * S)
    assert (3 * S, 7 * S, 0) == (tally.ringing_ms, tally.ready_ms, tally.answered)


def test_a_contact_may_be_called_like_a_case() -> None:
    """Ids of senders and ids of ours do not get in each other's way."""
    story = Story(plan())
    story.take(0, AgentStateSet("ann", "ready"))
    served(story, "case-2", 0, WrappedUp("ann", "case-2", "follow_up"))
    served(story, "c2", 100 * S, WrappedUp("ann", "c2", "escalated"))
    story.take(300 * S, CaseResolved("case-2"))
    assert 0 == folded(story).tally().followed_up
    story.take(301 * S, CaseResolved("case-1"))
    assert 1 == folded(story).tally().followed_up


def test_totals_divide_sums() -> None:
    """Two tallies make one whose measures weigh every contact the same."""
    total = Tally(offered=1, answered=1, wait_ms=10, within={5: 1})
    total.add(Tally(offered=3, answered=3, wait_ms=2, within={5: 2, 6: 3}))
    assert Tally(offered=4, answered=4, wait_ms=12, within={5: 3, 6: 3}) == total
    assert 3.0 == MEASURES["asa"].of(total)


def test_new_rules_bring_new_thresholds(story: Story) -> None:
    """After a change of rules, an answer is measured by the threshold that is then in force."""
    measures = folded(story)
    measures.adopt(replace(with_queue(plan(), "help", acceptable_wait_ms=0), hash="v2"))
    before = measures.tally().answered_in
    story.news()
    story.take(800 * S, AgentStateSet("ann", "ready"))
    offer = story.engine.board.floor.last_offer
    story.take(801 * S, OfferAccepted("c8", "ann", offer), ContactJoined("c8", "ann", offer))
    for at, event in story.news():
        measures.apply(event, at)
    assert (5, before) == (measures.tally().answered, measures.tally().answered_in)


def test_damaged_measures_say_so() -> None:
    """Measures in a snapshot that cannot be read are the journal's fault."""
    with pytest.raises(JournalFault, match="the measures in the snapshot cannot be read"):
        Measures(plan()).load(b'{"before": 3}')
