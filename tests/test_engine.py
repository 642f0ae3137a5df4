"""The engine: one contact's story from arrival to case, with every event and its instant, and every way it may end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactQueued,
    HangUp,
    JoinParties,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
    LegRinging,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    PairExcluded,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.model import AgentState, ContactState
from escalation.events import CaseAccepted, CaseOpened, HoursChanged
from escalation.hours import Calendar
from ivr.events import ContactKeyed, FlowMoved, InputMissed, PromptFinished
from ivr.flow import CaseStatus, Collect, HandOver, Hours, Menu, Node
from router.engine import Engine
from router.events import CentreStarted, ContactArrived, ContactLeft
from tests.worlds import (
    ACCEPTED,
    ARRIVED,
    JOINED,
    LEFT,
    READY,
    RELEASED,
    S,
    Story,
    copy,
    dump,
    joining,
    plan,
    ringing,
    state,
    talking,
    with_queue,
    wrapping_up,
)

EXCLUDED_MS = 300 * S


def offer(number: int, agent: str, at: int, *, waited_ms: int = 0, idle_ms: int, apart: int = 0) -> OfferContact:
    """The one contact, offered."""
    excluded = (("kept_apart", apart),) if apart else ()
    return OfferContact(number, "c1", agent, "help", "en", at + 20 * S, 0, waited_ms, idle_ms, 1, excluded)


def test_one_contact_all_the_way_through() -> None:
    """From arrival over queue, offer, answer and wrap-up to a case with a due time: the whole log."""
    story = Story(plan())
    story.take(0, READY)
    story.take(1 * S, ARRIVED)
    story.take(2 * S, LegRinging("c1", "ann", 1))
    story.take(4 * S, LegAnswered("c1", "ann", 1))
    story.take(5 * S, JOINED)
    story.take(65 * S, RELEASED)
    story.take(80 * S, WrappedUp("ann", "c1", "escalated", "hard"))
    assert [
        (0, CentreStarted("v1")),
        (0, HoursChanged("always", True, None)),
        (0, READY),
        (1 * S, ARRIVED),
        (1 * S, FlowMoved("c1", "front", "queue", "started")),
        (1 * S, ContactQueued("c1", "help", "en", 0, (), 1 * S)),
        (1 * S, offer(1, "ann", 1 * S, idle_ms=1 * S)),
        (2 * S, LegRinging("c1", "ann", 1)),
        (4 * S, LegAnswered("c1", "ann", 1)),
        (4 * S, JoinParties(1, "c1", "ann", 14 * S)),
        (5 * S, JOINED),
        (65 * S, RELEASED),
        (65 * S, HangUp("c1", "the agent ended the conversation")),
        (65 * S, ContactEnded("c1", "handled", "help", "ann", 4 * S, 60 * S)),
        (65 * S, WrapUpStarted("ann", "c1", "help", 95 * S)),
        (80 * S, WrappedUp("ann", "c1", "escalated", "hard")),
        (80 * S, CaseOpened("case-1", "c1", "matter", "team", "care", "hard", 180 * S, 180 * S)),
    ] == story.log


def test_nothing_happens_before_the_rules() -> None:
    """An engine without rules in force takes nothing, and rules that it does not know cannot be put in force."""
    engine = Engine(plan())
    story = Story(plan())
    story.engine = engine
    assert ("illegal", "no rules are in force yet") == story.refusal(0, ARRIVED)
    assert ("illegal", "the rules 'v9' are not known here") == story.refusal(0, CentreStarted("v9"))


def test_a_contact_arrives_once_and_somewhere() -> None:
    """An id that was there before, and an address that is no entry point, are the sender's mistakes."""
    story = ringing()
    assert "illegal" == story.refusal(2 * S, ARRIVED)[0]
    assert ("illegal", "no entry point has the address '999'") == story.refusal(2 * S, ContactArrived("c2", "999"))
    story.take(3 * S, LEFT)
    assert "illegal" == story.refusal(4 * S, ARRIVED)[0]


# --- offers that come to nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fact",
    [OfferDeclined("c1", "ann", 1, "busy"), LegFailed("c1", "ann", 1, "busy"), LegFailed("c1", "ann", 1, "lost")],
)
@pytest.mark.parametrize("began", [ringing, joining])
def test_an_offer_given_back(fact: OfferDeclined | LegFailed, began: Callable[[], Story]) -> None:
    """A declined offer, or a phone that fails, sends the contact to its old place; the agent stays ready."""
    story = began()
    if began is joining and isinstance(fact, OfferDeclined):
        assert ("stale", "offer 1 is accepted already") == story.refusal(5 * S, fact)
        return
    story.take(5 * S, fact)
    assert [(5 * S, fact), (5 * S, PairExcluded("c1", "ann", 5 * S + EXCLUDED_MS))] == story.news()
    story.take(6 * S, AgentStateSet("bob", "ready"))
    assert [(6 * S, offer(2, "bob", 6 * S, waited_ms=5 * S, idle_ms=0))] == story.of(OfferContact)
    assert [] == story.of(AgentMoved)


def test_an_offer_nobody_answers() -> None:
    """At its instant, not before, an offer expires; the agent is not responding until he says that he is ready."""
    story = ringing()
    story.wait(21 * S - 1)
    assert [] == story.news()
    story.wait(21 * S)
    assert [
        (21 * S, OfferExpired(1, "c1", "ann")),
        (21 * S, PairExcluded("c1", "ann", 21 * S + EXCLUDED_MS)),
        (21 * S, AgentMoved("ann", "not_responding", "missed 1 in a row")),
    ] == story.news()
    assert ("stale", "offer 1 is no longer open") == story.refusal(21 * S, ACCEPTED)
    story.take(22 * S, READY)
    assert (ContactState.WAITING, AgentState.READY) == state(story)


def test_a_phone_that_is_not_answered_is_a_missed_offer() -> None:
    """No answer counts as missed, busy does not."""
    story = ringing()
    story.take(5 * S, LegFailed("c1", "ann", 1, "no_answer"))
    assert (ContactState.WAITING, AgentState.NOT_RESPONDING) == state(story)


def test_a_join_nobody_confirms() -> None:
    """When the telephony side never confirms, the contact waits again with its old need and is offered elsewhere."""
    story = joining()
    story.take(3 * S, AgentStateSet("bob", "ready"))
    story.news()
    story.wait(12 * S)
    assert [
        (12 * S, JoinTimedOut(1, "c1", "ann")),
        (12 * S, PairExcluded("c1", "ann", 12 * S + EXCLUDED_MS)),
        (12 * S, offer(2, "bob", 12 * S, waited_ms=11 * S, idle_ms=9 * S, apart=1)),
    ] == story.news()
    assert ("stale", "offer 1 is no longer open") == story.refusal(12 * S, JOINED)


def test_a_second_answer_gets_no_audio() -> None:
    """Who accepts twice, by phone and by screen, or joins twice, is told that he is late, and nothing happens."""
    story = joining()
    again = (ACCEPTED, LegAnswered("c1", "ann", 1), LegRinging("c1", "ann", 1), OfferDeclined("c1", "ann", 1))
    for fact in again:
        assert ("stale", "offer 1 is accepted already") == story.refusal(2 * S, fact)
    story.take(3 * S, JOINED)
    assert ("stale", "offer 1 is no longer open") == story.refusal(4 * S, JOINED)


# --- the agent goes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["paused", "offline"])
def test_a_break_while_it_rings(wanted: Literal["paused", "offline"]) -> None:
    """A break or a log-out while an offer rings takes the offer back at once, and it is no missed offer."""
    story = ringing()
    story.take(5 * S, AgentStateSet("ann", wanted, "tea"))
    assert [
        (5 * S, AgentStateSet("ann", wanted, "tea")),
        (5 * S, WithdrawOffer(1, "c1", "ann", f"the agent asked to be {wanted}")),
        (5 * S, AgentMoved("ann", wanted, "tea")),
    ] == story.news()
    assert [0, 0] == [story.engine.board.floor.agents["ann"].missed, len(story.of(PairExcluded))]


@pytest.mark.parametrize("began", [joining, talking, wrapping_up])
def test_a_break_while_busy_begins_after_wrap_up(began: Callable[[], Story]) -> None:
    """Whoever asks for a break while he has a contact, finishes with it first."""
    story = began()
    story.take(9 * S, AgentStateSet("ann", "paused", "tea"))
    if began is joining:
        story.take(9 * S, JOINED)
    if began is not wrapping_up:
        story.take(10 * S, RELEASED)
    assert [] == story.of(AgentMoved)
    story.take(12 * S, WrappedUp("ann", "c1", "resolved"))
    assert [(12 * S, AgentMoved("ann", "paused", "tea"))] == story.of(AgentMoved)
    assert (None, AgentState.PAUSED) == state(story)


def test_a_break_asked_for_while_a_join_fails() -> None:
    """If the join then fails, the break begins, and the contact is not offered to him again."""
    story = joining()
    story.take(5 * S, AgentStateSet("ann", "offline", "home"))
    story.news()
    story.wait(12 * S)
    assert [
        (12 * S, JoinTimedOut(1, "c1", "ann")),
        (12 * S, PairExcluded("c1", "ann", 12 * S + EXCLUDED_MS)),
        (12 * S, AgentMoved("ann", "offline", "home")),
    ] == story.news()


def leased(began: Callable[[], Story]) -> Story:
    """The same, with a lease until 4 s."""
    story = began()
    at = story.log[-1][0]
    story.take(at, AgentAlive("ann", 4 * S - at if at < 4 * S else 1 * S))
    story.news()
    return story


def test_a_lease_that_lapses_while_ready() -> None:
    """An agent whose lease is not renewed is offline, and gets nothing."""
    story = Story(plan())
    story.take(0, AgentStateSet("ann", "ready", "", 4 * S))
    story.take(4 * S, ARRIVED)
    assert (4 * S, AgentLapsed("ann")) == story.log[3]
    assert (ContactState.WAITING, AgentState.OFFLINE) == state(story)


def test_a_lease_that_lapses_while_it_rings() -> None:
    """The offer of an agent who is gone is taken back before it expires."""
    story = leased(ringing)
    story.wait(4 * S)
    assert [
        (4 * S, AgentLapsed("ann")),
        (4 * S, WithdrawOffer(1, "c1", "ann", "the agent asked to be offline")),
        (4 * S, AgentMoved("ann", "offline", "lease lapsed")),
    ] == story.news()


@pytest.mark.parametrize("began", [joining, talking])
def test_a_lease_that_lapses_with_a_contact_in_hand(began: Callable[[], Story]) -> None:
    """A contact in hand is kept: the browser may be gone while the phone is not. Offline comes after wrap-up."""
    story = leased(began)
    story.wait(4 * S)
    assert [(4 * S, AgentLapsed("ann"))] == story.news()
    if began is joining:
        story.take(5 * S, JOINED)
    story.take(6 * S, LEFT)
    story.wait(36 * S)
    assert [(36 * S, AgentMoved("ann", "offline", "lease lapsed"))] == story.of(AgentMoved)


def test_an_agent_who_comes_back_in_time_stays() -> None:
    """If he says that he is ready before his contact is over, a lapsed agent does not go offline after it."""
    story = leased(talking)
    story.wait(4 * S)
    story.take(5 * S, AgentStateSet("ann", "ready", "", 600 * S), RELEASED)
    story.take(6 * S, WrappedUp("ann", "c1", "resolved"))
    assert (None, AgentState.READY) == state(story)


# --- wrap-up ------------------------------------------------------------------------------------------------------


def test_wrap_up_ends_by_itself() -> None:
    """When its time is over, the queue's own outcome is booked and the agent is ready."""
    story = wrapping_up()
    story.wait(39 * S - 1)
    assert [] == story.news()
    story.wait(39 * S)
    assert [(39 * S, WrapUpExpired("ann", "c1", "resolved"))] == story.news()
    assert ("stale", "agent 'ann' is not in wrap-up after contact 'c1'") == story.refusal(
        39 * S, WrappedUp("ann", "c1", "resolved")
    )
    assert 39 * S == story.engine.board.floor.agents["ann"].idle_since


def test_going_on_ends_wrap_up() -> None:
    """An agent in wrap-up who says that he is ready books the queue's own outcome."""
    story = wrapping_up()
    story.take(10 * S, READY)
    assert [(10 * S, READY), (10 * S, WrapUpExpired("ann", "c1", "resolved"))] == story.news()


def test_no_wrap_up() -> None:
    """In a queue without wrap-up the agent has the next contact at once."""
    story = talking(with_queue(plan(), "help", wrap_up_ms=0))
    story.take(5 * S, ContactArrived("c2", "100"))
    story.news()
    story.take(9 * S, LEFT)
    assert [
        LEFT,
        ContactEnded("c1", "handled", "help", "ann", 2 * S, 6 * S),
        WrapUpExpired("ann", "c1", "resolved"),
    ] == [event for _, event in story.news()[:3]]
    assert AgentState.RESERVED == state(story)[1]


@pytest.mark.parametrize(("outcome", "team"), [("escalated", "team"), ("follow_up", "")])
def test_what_is_not_settled_becomes_a_case(outcome: Literal["escalated", "follow_up"], team: str) -> None:
    """What the first line escalates, its team owes; what it follows up itself, it keeps."""
    story = wrapping_up()
    story.take(10 * S, WrappedUp("ann", "c1", outcome, "hard"))
    opened = CaseOpened("case-1", "c1", "matter", team, "care", "hard", 110 * S, 110 * S)
    assert [(10 * S, opened)] == story.of(CaseOpened)
    assert {} == story.engine.board.floor.contacts


def test_a_default_outcome_may_open_a_case() -> None:
    """A queue may say that what was not wrapped up is escalated."""
    story = wrapping_up(with_queue(plan(), "help", wrap_up_outcome="escalated"))
    story.wait(39 * S)
    assert ["team"] == [event.team for _, event in story.of(CaseOpened)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            WrappedUp("ann", "c1", "resolved", "nonsense"),
            "wrap-up code 'nonsense' is not one of the centre's: done, hard",
        ),
        (WrappedUp("ann", "c1", "escalated", "", "nonsense"), "case type 'nonsense' is not one of the centre's"),
        (WrappedUp("ann", "c1", "escalated"), "case_type is missing, and the queue has none of its own"),
    ],
)
def test_a_wrap_up_must_make_sense(said: WrappedUp, why: str) -> None:
    """A code or case type that the centre does not have, or none where one is needed, is refused, and may be mended."""
    story = wrapping_up(with_queue(plan(), "help", case_type=None))
    assert ("illegal", why) == story.refusal(10 * S, said)
    story.take(11 * S, WrappedUp("ann", "c1", "escalated", "hard", "matter"))
    assert ["matter"] == [event.case_type for _, event in story.of(CaseOpened)]


# --- the whole --------------------------------------------------------------------------------------------------


def test_a_customer_hears_of_his_case() -> None:
    """A customer who calls again hears the state of his newest case, and by whom he is known decides which that is."""
    nodes: dict[str, Node] = {
        "who": Collect("who", ("who",), "employee", 4, 4, "status", "queue", identify=True),
        "status": CaseStatus("status", (("open", "is_open"), ("accepted", "in_work")), "queue", "queue"),
        "queue": HandOver("queue", "help"),
    }
    story = Story(with_queue(plan(nodes), "help", wrap_up_ms=0, wrap_up_outcome="escalated"))
    story.take(0, READY, ARRIVED, ContactKeyed("c1", "1234"))
    assert ["started", "filled", "no_case"] == [event.because for _, event in story.of(FlowMoved)]
    story.take(1, ACCEPTED, JOINED, LEFT)
    story.take(2, CaseAccepted("case-1", "li"), ContactArrived("c2", "100"), ContactKeyed("c2", "1234"))
    story.take(3, ContactArrived("c3", "100"), ContactKeyed("c3", "9999"))
    heard = {(e.contact, e.prompts) for _, e in story.log if e.kind == "say" and e.prompts != ("who",)}
    assert {("c2", ("in_work",))} == heard
    story.take(4, PromptFinished("c2", 2))
    assert "c2" == story.of(ContactQueued)[-1][1].contact


def test_a_late_tick_does_everything_once_and_in_order() -> None:
    """A service that was away makes up for what was due: each thing once, in the order in which it was."""
    shift = Calendar("shift", (10 * S,), (20 * S,), (0, 900 * S))
    nodes: dict[str, Node] = {
        "hours": Hours("hours", "shift", "ask", "ask"),
        "ask": Menu("ask", ("m",), (("1", "queue"),), "queue", attempts_max=1),
        "queue": HandOver("queue", "help"),
    }
    story = Story(with_queue(plan(nodes, calendars=(shift,)), "help", wait_ms_max=5 * S))
    story.take(0, ARRIVED, PromptFinished("c1", 1), READY)
    story.news()
    events = story.engine.tick(100 * S)
    kinds = [InputMissed, FlowMoved, ContactQueued, OfferContact, HoursChanged]
    assert kinds == [type(event) for event in events]
    assert not events[-1].open
    assert 105 * S == story.engine.deadline()
    assert [] == story.engine.tick(100 * S)


def test_ended_contacts_are_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Late news of a contact that ended is stale; of one that ended long ago nothing is known any more."""
    monkeypatch.setattr("router.board.ENDED_REMEMBERED", 2)
    story = Story(plan())
    for number in range(3):
        story.take(number, ContactArrived(f"c{number}", "100"), ContactLeft(f"c{number}"))
    assert ["illegal", "stale", "stale"] == [story.refusal(9, ContactLeft(f"c{number}"))[0] for number in range(3)]


def test_alarms_that_no_longer_matter_are_forgotten() -> None:
    """A day of heartbeats under long leases leaves no heap of alarms behind."""
    story = Story(plan())
    story.take(0, AgentStateSet("ann", "ready", "", 86_400 * S))
    for second in range(20_000):
        story.take(second, AgentAlive("ann", 86_400 * S))
    assert len(story.engine.board._alarms) < 2_100


def test_time_never_runs_backwards() -> None:
    """An engine asked about the past stops: whoever keeps its clock is broken."""
    story = Story(plan())
    story.take(5, READY)
    with pytest.raises(AssertionError):
        story.engine.handle(ARRIVED, 4)
    with pytest.raises(AssertionError):
        story.engine.tick(4)
    assert dump(story.engine.board) == dump(copy(story.engine).board)
