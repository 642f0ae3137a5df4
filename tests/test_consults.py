"""An agent consults a colleague while the customer is on hold: every way it may go, and end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    ContactReleased,
    HangUp,
    LegFailed,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.hands import (
    BridgeParties,
    ConsultAsked,
    ConsultCompleted,
    ConsultEnded,
    ConsultMerged,
    ContactTransferred,
    HoldContact,
    Supervise,
    SupervisionAsked,
    TalkEnded,
    UnholdContact,
)
from acd.model import AgentState, ContactState
from acd.plan import Overflow, QueuePlan, Requirement
from escalation.events import CaseOpened
from router.events import ContactArrived, Event
from router.measures import Measures
from router.plan import Plan
from tests.test_transfers import problems
from tests.worlds import LEFT, QUEUE, RELEASED, S, Story, copy, joining, plan, ready, ringing, state, talking

LEG = "consult-1"
NOWHERE = "it leads nowhere: name a `queue`, or an agent in `to_agent`"
PAY = QueuePlan("pay", requirements=(Requirement("pay"),), wrap_up_ms=20 * S, consult_ms=60 * S, case_type="matter")
ASKED = ConsultAsked("c1", "ann", "pay")
ENDED, MERGED, COMPLETED = ConsultEnded("c1", "ann"), ConsultMerged("c1", "ann"), ConsultCompleted("c1", "ann")
ACCEPTED, JOINED = OfferAccepted(LEG, "bob", 2), ContactJoined(LEG, "bob", 2)


def centre() -> Plan:
    """Contacts come to `help`, where Ann is; Bob and Cat serve `pay`."""
    help_queue = replace(QUEUE, requirements=(Requirement("help"),))
    staff: dict[str, tuple[str, ...]] = {"ann": ("help",), "bob": ("pay",), "cat": ("pay",)}
    return plan(queues=(help_queue, PAY), agents=staff)


def asking(*others: str, fact: ConsultAsked = ASKED) -> Story:
    """Ann has talked since 3 s, and asks for somebody at 9 s; these others are ready."""
    story = talking(centre())
    story.take(8 * S, *ready(*others))
    story.news()
    story.take(9 * S, fact)
    return story


def consulting() -> Story:
    """Ann and Bob have talked since 11 s, while the customer is on hold."""
    story = asking("bob")
    story.take(11 * S, ACCEPTED, JOINED)
    story.news()
    return story


def merged() -> Story:
    """Since 12 s all three talk."""
    story = consulting()
    story.take(12 * S, MERGED)
    story.news()
    return story


def doing(story: Story, agent: str) -> tuple[AgentState, str]:
    """What an agent does, and with which contact."""
    record = story.engine.board.floor.agents[agent]
    return record.state, next(iter(record.works), "")


def home(story: Story) -> list[str]:
    """What is wrong with the log once all wrap-ups are over, and who is still there."""
    story.wait(1_000 * S)
    story.engine.board.check()
    return [*problems(story), *story.engine.board.floor.contacts]


# --- asking -------------------------------------------------------------------------------------------------------


def test_the_customer_is_put_on_hold_and_a_colleague_rung() -> None:
    """The leg stands at the place of the customer's need; the offer says which contact it is about."""
    story = asking("bob")
    assert (ContactState.HELD, AgentState.TALKING) == state(story)
    assert [(9 * S, HoldContact("c1", "ann"))] == story.of(HoldContact)
    ((_, queued),) = story.of(ContactQueued)
    assert (LEG, "pay", 1 * S, 69 * S, "c1") == (
        queued.contact,
        queued.queue,
        queued.need_since,
        queued.until,
        queued.consults,
    )
    ((_, offer),) = story.of(OfferContact)
    assert (LEG, "bob", "c1") == (offer.contact, offer.agent, offer.consults)


def test_a_consult_goes_before_contacts_of_younger_needs() -> None:
    """It is matched like any contact: whoever becomes ready is offered the oldest need first."""
    story = talking(plan(agents={"ann": (), "bob": (), "cat": ()}))
    story.take(5 * S, ContactArrived("c2", "100"))
    story.take(9 * S, ConsultAsked("c1", "ann", "help"))
    story.news()
    story.take(10 * S, *ready("bob", "cat"))
    assert [(LEG, "bob"), ("c2", "cat")] == [(event.contact, event.agent) for _, event in story.of(OfferContact)]


def test_who_declines_a_consult_is_followed_by_the_next() -> None:
    """The customer stays on hold meanwhile."""
    story = asking("bob", "cat")
    story.take(10 * S, OfferDeclined(LEG, "bob", 2))
    assert ["bob", "cat"] == [event.agent for _, event in story.of(OfferContact)]
    assert [] == story.of(UnholdContact)


def test_nobody_answers_a_consult() -> None:
    """When its time is over, to the millisecond, what rings is withdrawn and the customer has his agent again."""
    story = asking()
    story.take(60 * S, *ready("cat"))
    story.wait(69 * S - 1)
    assert [] == story.of(UnholdContact)
    story.wait(69 * S)
    assert [(69 * S, ContactEnded(LEG, "timed_out", "pay", "", 60 * S, 0, "waited too long"))] == story.of(ContactEnded)
    assert [(69 * S, UnholdContact("c1", "ann"))] == story.of(UnholdContact)
    assert [(69 * S, WithdrawOffer(2, LEG, "cat", "the contact waited too long"))] == story.of(WithdrawOffer)
    assert (ContactState.TALKING, AgentState.TALKING) == state(story)
    assert (AgentState.READY, "") == doing(story, "cat")


def test_a_consult_that_overflows_has_no_more_time() -> None:
    """In the next queue it waits only for what is left, so that the customer is never on hold for ever."""
    rules = centre()
    pay = replace(PAY, overflow=Overflow(10 * S, "help"))
    story = talking(replace(rules, floor=replace(rules.floor, queues={**rules.floor.queues, "pay": pay})))
    story.take(9 * S, ASKED)
    story.news()
    story.wait(19 * S)
    assert [("help", 69 * S)] == [(event.queue, event.until) for _, event in story.of(ContactQueued)]
    story.wait(69 * S)
    assert [(69 * S, UnholdContact("c1", "ann"))] == story.of(UnholdContact)


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (OfferDeclined(LEG, "bob", 2), "the agent asked for has not taken it"),
        (LegFailed(LEG, "bob", 2, "busy"), "the agent asked for has not taken it"),
        (AgentStateSet("bob", "offline"), "the agent asked for has gone"),
    ],
)
def test_a_colleague_asked_for_by_name_does_not_come(then: Event, reason: str) -> None:
    """Nobody else is rung for him: the customer has his agent back at once."""
    story = asking("bob", "cat", fact=ConsultAsked("c1", "ann", to_agent="bob"))
    story.take(10 * S, then)
    assert ["bob"] == [event.agent for _, event in story.of(OfferContact)]
    assert [(10 * S, HangUp(LEG, reason))] == story.of(HangUp)
    assert [(10 * S, UnholdContact("c1", "ann"))] == story.of(UnholdContact)
    story.take(20 * S, LEFT)
    assert [] == home(story)


def test_the_agent_stops_asking() -> None:
    """Whoever is rung for it is let go, and is free for others."""
    story = asking("bob")
    story.take(10 * S, ENDED)
    assert [(10 * S, WithdrawOffer(2, LEG, "bob", "the agent went back to the customer"))] == story.of(WithdrawOffer)
    assert [(10 * S, UnholdContact("c1", "ann"))] == story.of(UnholdContact)
    assert (AgentState.READY, "") == doing(story, "bob")
    story.engine = copy(story.engine)
    story.take(11 * S, ASKED)
    assert ["consult-1", "consult-2"] == [event.contact for _, event in story.of(OfferContact)]


# --- how it ends --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fact", "back"), [(ENDED, 1), (ContactReleased(LEG, "bob"), 1)])
def test_the_customer_is_taken_up_again(fact: Event, back: int) -> None:
    """Either of the two may end the consult; the colleague wraps his part up, which opens no case."""
    story = consulting()
    story.take(20 * S, fact)
    assert back == len(story.of(UnholdContact))
    assert [(20 * S, ContactEnded(LEG, "consulted", "pay", "bob", 2 * S, 9 * S))] == story.of(ContactEnded)
    assert [(20 * S, WrapUpStarted("bob", LEG, "pay", 40 * S))] == story.of(WrapUpStarted)
    story.take(21 * S, WrappedUp("bob", LEG, "escalated"))
    assert [] == story.of(CaseOpened)
    story.take(30 * S, LEFT)
    assert [] == home(story)


def test_a_warm_transfer() -> None:
    """The colleague has the contact, out of his queue; who asked wraps up, and the last word is the colleague's."""
    story = consulting()
    story.take(20 * S, COMPLETED)
    assert [(20 * S, TalkEnded("c1", "ann", "help", 2 * S, 17 * S))] == story.of(TalkEnded)
    assert [(20 * S, BridgeParties("c1", LEG, ("bob",)))] == story.of(BridgeParties)
    assert [(20 * S, WrapUpStarted("ann", "c1", "help", 50 * S))] == story.of(WrapUpStarted)
    assert (AgentState.TALKING, "c1") == doing(story, "bob")
    story.take(30 * S, LEFT)
    story.take(35 * S, WrappedUp("bob", "c1", "escalated"))
    assert (30 * S, ContactEnded("c1", "handled", "pay", "bob", 0, 10 * S)) == story.of(ContactEnded)[-1]
    assert 1 == len(story.of(CaseOpened))
    assert [] == home(story)


def test_wrap_up_lost_on_attended_transfer() -> None:
    """Each of the two has a wrap-up of his own, which ends when it would have ended."""
    story = consulting()
    story.take(20 * S, COMPLETED)
    story.take(30 * S, LEFT)
    assert [] == home(story)
    ends = [(at, event.agent) for at, event in story.of(WrapUpExpired)]
    assert [(50 * S, "ann"), (50 * S, "bob")] == ends


def test_a_conference() -> None:
    """All three talk; who asked may leave the other two, or the colleague goes, and the customer is not held again."""
    story = merged()
    assert (ContactState.TALKING, AgentState.TALKING) == state(story)
    story.take(20 * S, COMPLETED)
    assert (AgentState.TALKING, "c1") == doing(story, "bob")
    story.take(30 * S, ContactReleased("c1", "bob"))
    assert [] == home(story)
    story = merged()
    story.take(20 * S, ContactReleased(LEG, "bob"))
    assert (AgentState.WRAP_UP, LEG) == doing(story, "bob")
    assert (ContactState.TALKING, AgentState.TALKING) == state(story)
    assert [] == story.of(UnholdContact)
    story.take(30 * S, RELEASED)
    assert [] == home(story)


@pytest.mark.parametrize("began", [consulting, merged])
@pytest.mark.parametrize("fact", [LEFT, RELEASED])
def test_both_agents_are_released_when_the_contact_ends(began: Any, fact: Event) -> None:
    """The customer hangs up on hold, or is let go: each agent has a wrap-up of his own, and nobody is left on a leg."""
    story = began()
    story.take(20 * S, fact)
    assert (AgentState.WRAP_UP, "c1") == doing(story, "ann")
    assert (AgentState.WRAP_UP, LEG) == doing(story, "bob")
    assert HangUp(LEG, "the contact ended") in [event for _, event in story.of(HangUp)]
    assert [] == story.of(UnholdContact)
    assert [] == home(story)


@pytest.mark.parametrize("others", [(), ("bob",)])
def test_a_colleague_is_not_rung_after_the_customer_hung_up(others: tuple[str, ...]) -> None:
    """With the contact ends the search for a colleague: what rings is withdrawn, and no leg is left over."""
    story = asking(*others)
    story.take(10 * S, LEFT)
    assert len(others) == len(story.of(WithdrawOffer))
    assert (LEG, "called_off") in [(event.contact, event.outcome) for _, event in story.of(ContactEnded)]
    story.take(11 * S, *ready("cat"))
    assert ["bob"] * len(others) == [event.agent for _, event in story.of(OfferContact)]
    assert [] == home(story)


def test_a_restart_in_the_middle_of_a_consult_changes_nothing() -> None:
    """At each stage the recovered engine goes on as the other does."""
    for story in (asking(), asking("bob"), consulting(), merged()):
        other = copy(story.engine)
        for engine in (story.engine, other):
            engine.tick(12 * S)
        assert story.engine.handle(ENDED, 20 * S) == other.handle(ENDED, 20 * S)
        assert story.engine.handle(LEFT, 30 * S) == other.handle(LEFT, 30 * S)
        assert story.engine.tick(10**6) == other.tick(10**6)


# --- what counts --------------------------------------------------------------------------------------------------


def test_a_consult_is_no_contact_of_its_queue() -> None:
    """No queue counts the leg, but it is handling time; what follows a warm transfer is the other queue's."""
    story = consulting()
    story.take(20 * S, COMPLETED)
    story.take(30 * S, LEFT)
    story.take(35 * S, WrappedUp("ann", "c1", "resolved"), WrappedUp("bob", "c1", "resolved"))
    measures = Measures(centre())
    for at, event in story.log:
        measures.apply(event, at)
    first, second = (measures.by_queue()[queue] for queue in ("help", "pay"))
    assert (1, 1, 1, 0) == (first.offered, first.answered, first.handed_on, first.resolved)
    assert (0, 0, 1, 1) == (second.offered, second.answered, second.wrapped_up, second.resolved)
    assert (17 * S, 15 * S, 10 * S, 5 * S) == (first.talk_ms, first.wrap_up_ms, second.talk_ms, second.wrap_up_ms)
    assert (35 - 3) * S + (35 - 11) * S == measures.tally(35 * S).handling_ms


# --- supervisors --------------------------------------------------------------------------------------------------


def test_a_supervisor_stays_with_the_customer_over_a_warm_transfer() -> None:
    """He is told to take part in the talk with the colleague, as he did before."""
    story = consulting()
    story.take(12 * S, SupervisionAsked("c1", "wang", "whisper"))
    story.take(20 * S, COMPLETED)
    assert [(12 * S, "ann"), (20 * S, "bob")] == [(at, event.agent) for at, event in story.of(Supervise)]


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("began", "fact", "why"),
    [
        (
            talking,
            ConsultAsked("c1", "ann"),
            ("illegal", "it leads nowhere: name a `queue`, or an agent in `to_agent`"),
        ),
        (talking, ConsultAsked("c1", "ann", "nowhere"), ("illegal", "queue 'nowhere' is not in the centre")),
        (talking, ConsultAsked("c1", "ann", "", "bob"), ("stale", "agent 'bob' is paused")),
        (talking, ConsultAsked("c1", "bob", "help"), ("stale", "agent 'bob' does not talk with contact 'c1'")),
        (talking, ENDED, ("stale", "agent 'ann' consults nobody about contact 'c1'")),
        (talking, COMPLETED, ("stale", "agent 'ann' consults nobody about contact 'c1'")),
        (ringing, ConsultAsked("c1", "ann", "help"), ("stale", "agent 'ann' does not talk with contact 'c1'")),
        (joining, ConsultAsked("c1", "ann", "help"), ("stale", "agent 'ann' does not talk with contact 'c1'")),
        (asking, ASKED, ("stale", "a consult is under way already: 'consult-1'")),
        (asking, COMPLETED, ("stale", "nobody has answered the consult yet: 'consult-1' is waiting")),
        (asking, MERGED, ("stale", "nobody has answered the consult yet: 'consult-1' is waiting")),
        (merged, MERGED, ("stale", "all three talk already")),
        (
            consulting,
            ConsultAsked(LEG, "bob", "pay"),
            ("illegal", "contact 'consult-1' is a consult about 'c1': name that one"),
        ),
        (
            consulting,
            ContactTransferred(LEG, "bob", "pay"),
            ("illegal", "contact 'consult-1' is a consult about 'c1': name that one"),
        ),
        (
            consulting,
            ContactTransferred("c1", "ann", "pay"),
            ("stale", "a consult is under way ('consult-1'): complete it, or end it first"),
        ),
        (consulting, ContactReleased("c1", "bob"), ("stale", "agent 'bob' does not talk with contact 'c1'")),
        (
            consulting,
            ContactArrived("consult-2", "100"),
            ("illegal", "ids that begin with 'consult-' are the engine's own: give the contact another one"),
        ),
    ],
)
def test_impossible_consults_are_refused(began: Any, fact: Event, why: tuple[str, str]) -> None:
    """Each has its reason, and changes nothing."""
    assert why == began().refusal(20 * S, fact)


def test_a_consult_asks_for_one_thing() -> None:
    """A queue or an agent: with both it would not be plain who may answer."""
    story = talking(centre())
    story.take(8 * S, *ready("bob"))
    why = ("illegal", "name a `queue`, or an agent in `to_agent`, not both")
    assert why == story.refusal(9 * S, ConsultAsked("c1", "ann", "pay", "bob"))
