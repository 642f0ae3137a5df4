"""Callbacks from hand to hand: once its customer is on the line, a callback is a contact like any other."""

from __future__ import annotations

from dataclasses import replace

from acd.contact import ANSWERED
from acd.events import ContactEnded, ContactJoined, ContactQueued, OfferAccepted
from acd.hands import ConsultAsked, ContactPulled, ContactTransferred
from acd.plan import Callbacks, Voicemail
from acd.stand_in_events import CallbackAsked, RecordMessage
from router.events import ContactArrived, ContactLeft
from router.plan import Plan
from tests.worlds import QUEUE, S, Story, plan, ready


def centre() -> Plan:
    """Ann and Bob serve a queue that calls back, and takes messages of those who waited too long."""
    voicemail = Voicemail(instead_of=("timed_out",))
    return plan(queues=(replace(QUEUE, callbacks=Callbacks(), voicemail=voicemail, consult_ms=30 * S),))


def called_back(rules: Plan | None = None) -> Story:
    """Ann talks with the customer of c1 since 12 s, who had asked for a callback at 5 s."""
    story = Story(rules or centre())
    story.take(1 * S, ContactArrived("c1", "100", "+1", personal=True))
    story.take(5 * S, CallbackAsked("c1"))
    story.take(10 * S, *ready("ann"))
    story.take(11 * S, OfferAccepted("c1", "ann", 1))
    story.take(12 * S, ContactJoined("c1", "ann", 1))
    story.news()
    return story


def test_an_answered_callback_that_is_handed_on_waits_with_its_customer() -> None:
    """It stands in for nobody any more: the customer is on the line, may hang up, and may ask for a callback again."""
    story = called_back()
    story.take(20 * S, ContactTransferred("c1", "ann", QUEUE.id))
    assert [""] == [event.stand_in for _, event in story.of(ContactQueued)]
    story.take(21 * S, CallbackAsked("c1"))
    assert ["", "callback"] == [event.stand_in for _, event in story.of(ContactQueued)]
    assert 0 == story.engine.board.floor.contacts["c1"].attempts


def test_a_called_back_customer_on_hold_may_hang_up() -> None:
    """While his agent consults, he is as much on the line as anybody."""
    story = called_back()
    story.take(20 * S, ConsultAsked("c1", "ann", QUEUE.id))
    assert story.engine.board.floor.contacts["c1"].state in ANSWERED
    story.take(25 * S, ContactLeft("c1"))
    assert ["called_off", "handled"] == sorted(event.outcome for _, event in story.of(ContactEnded))


def test_a_consult_leaves_no_message() -> None:
    """Where customers would be recorded, the agent goes back to his own."""
    story = called_back()
    story.take(20 * S, ConsultAsked("c1", "ann", QUEUE.id))
    story.wait(50 * S)
    assert [] == story.of(RecordMessage)
    assert ["timed_out"] == [event.outcome for _, event in story.of(ContactEnded)]


def test_a_consult_is_refused_a_callback() -> None:
    """Nobody is on its line but an agent."""
    story = called_back()
    story.take(20 * S, ConsultAsked("c1", "ann", QUEUE.id))
    refusal = "contact 'consult-1' is a consult about 'c1': an agent is on the line"
    assert ("illegal", refusal) == story.refusal(21 * S, CallbackAsked("consult-1"))


def test_a_resting_callback_is_given_to_nobody() -> None:
    """It may not be made yet, by whoever."""
    story = Story(centre())
    story.take(1 * S, ContactArrived("c1", "100", "+1", personal=True))
    story.take(1 * S, CallbackAsked("c1", not_before=60 * S), *ready("bob"))
    refusal = "contact 'c1' waits in no queue: it is resting"
    assert ("stale", refusal) == story.refusal(2 * S, ContactPulled("c1", "bob"))
