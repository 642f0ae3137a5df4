"""Voicemail: customers who leave a message instead of waiting, which then waits for an agent at their place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.events import (
    ContactEnded,
    ContactJoined,
    ContactQueued,
    ContactReleased,
    HangUp,
    LegFailed,
    OfferAccepted,
    OfferContact,
    QueueLeft,
    WithdrawOffer,
    WrappedUp,
)
from acd.plan import Voicemail
from acd.stand_in_events import ContactWithdrawn, RecordMessage, VoicemailAsked, VoicemailLeft
from acd.voicemail import PROMPTS_MS_MAX
from escalation.events import CaseOpened
from router.events import ContactArrived, ContactLeft
from router.measures import Measures
from router.plan import Plan
from tests.worlds import ACCEPTED, JOINED, QUEUE, S, Story, arriving_by, plan, ready, ringing

VOICEMAIL = Voicemail(after_ms=20 * S, record_ms_max=15 * S, prompts=("speak",))
RECORD = RecordMessage("c1", "help", "en", ("speak",), 15 * S, 21 * S + PROMPTS_MS_MAX + 15 * S)


def centre(voicemail: Voicemail | None = VOICEMAIL, **changes: Any) -> Plan:
    """A centre whose one queue takes messages; Ann and Bob serve it."""
    return plan(queues=(replace(QUEUE, voicemail=voicemail, **changes),))


def recording(rules: Plan | None = None) -> Story:
    """The customer of c1, here since 1 s, records a message since 21 s; c2 has waited since 2 s."""
    story = Story(rules or centre())
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(20 * S, ContactArrived("c2", "100"))
    story.wait(21 * S)
    return story


def test_a_customer_who_has_waited_long_enough_is_recorded() -> None:
    """To the millisecond he leaves the queue for voicemail."""
    story = Story(centre())
    story.take(1 * S, ContactArrived("c1", "100"))
    story.news()
    story.wait(21 * S - 1)
    assert [] == story.news()
    story.wait(21 * S)
    assert [(21 * S, QueueLeft("c1", "help", "voicemail", 20 * S)), (21 * S, RECORD)] == story.news()


def test_the_message_waits_at_the_place_of_its_customer() -> None:
    """He is gone; an agent is offered the message before younger contacts, hears it on accepting, and wraps up."""
    story = recording()
    story.news()
    story.take(30 * S, VoicemailLeft("c1", 8 * S))
    queued = ContactQueued("c1", "help", "en", 0, (), 1 * S, stand_in="voicemail")
    assert [(30 * S, HangUp("c1", "the message is recorded"))] == story.of(HangUp)
    assert [(30 * S, queued)] == story.of(ContactQueued)
    story.take(35 * S, *ready("ann"))
    ((_, offer),) = story.of(OfferContact)
    assert ("c1", "voicemail", 0) == (offer.contact, offer.stand_in, offer.attempt)
    story.take(36 * S, OfferAccepted("c1", "ann", 1), ContactJoined("c1", "ann", 1))
    story.news()
    story.take(50 * S, ContactReleased("c1", "ann"))
    assert [] == story.of(HangUp)
    assert [(50 * S, ContactEnded("c1", "handled", "help", "ann", 6 * S, 14 * S))] == story.of(ContactEnded)
    story.take(60 * S, WrappedUp("ann", "c1", "escalated"))
    assert ["c1"] == [event.contact for _, event in story.of(CaseOpened)]


def test_without_a_message_the_contact_is_over() -> None:
    """An empty recording is nothing to work on, and its customer is out of every queue."""
    story = recording()
    story.news()
    story.take(30 * S, VoicemailLeft("c1", 0))
    ended = ContactEnded("c1", "no_message", "", "", 0, 0)
    assert [(30 * S, HangUp("c1", "no message was left")), (30 * S, ended)] == story.of(HangUp, ContactEnded)


def test_a_recording_of_which_nothing_is_heard_ends() -> None:
    """No contact is stuck in it."""
    story = recording()
    story.wait(RECORD.until)
    assert ("c1", "no_message") in [(event.contact, event.outcome) for _, event in story.of(ContactEnded)]
    story.wait(RECORD.until)
    assert "c1" not in story.engine.board.floor.contacts


def test_a_customer_who_hangs_up_after_his_message_has_left_it() -> None:
    """That his line ends is no news: what was recorded is."""
    story = recording()
    said = "contact 'c1' records a message: `voicemail.left` ends it"
    assert ("stale", said) == story.refusal(25 * S, ContactLeft("c1"))
    story.take(25 * S, VoicemailLeft("c1", 3 * S))
    assert [("c1", "voicemail")] == [
        (event.contact, event.stand_in) for _, event in story.of(ContactQueued) if event.stand_in
    ]


def test_a_customer_may_ask_for_it() -> None:
    """Also while it rings: the ringing stops."""
    story = ringing(centre(Voicemail(prompts=("speak",))))
    story.take(2 * S, VoicemailAsked("c1"))
    assert [(2 * S, WithdrawOffer(1, "c1", "ann", "the customer leaves a message"))] == story.of(WithdrawOffer)
    assert ["c1"] == [event.contact for _, event in story.of(RecordMessage)]


@pytest.mark.parametrize(
    ("outcome", "limit"),
    [("blocked", {"waiting_max": 1}), ("timed_out", {"wait_ms_max": 10 * S}), ("nobody_there", {})],
)
def test_it_stands_in_for_being_sent_away(outcome: Any, limit: dict[str, int]) -> None:
    """A full queue, the longest wait, an empty floor: he is recorded, and `contact.ended` is not said."""
    rules = centre(Voicemail(instead_of=(outcome,)), leave_when_empty=outcome == "nobody_there", **limit)
    story = Story(rules)
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, ContactArrived("c2", "100"))
    story.wait(30 * S)
    left = [(event.contact, event.outcome) for _, event in story.of(QueueLeft)]
    assert ("c2", "voicemail") in left
    assert [] == story.of(ContactEnded)


def test_a_join_under_way_is_not_cut_off() -> None:
    """The time comes while an agent has accepted: he has the customer, and only if that fails the message is due."""
    story = ringing(centre(replace(VOICEMAIL, after_ms=2 * S)))
    story.take(2 * S, ACCEPTED)
    story.wait(4 * S)
    assert [] == story.of(RecordMessage)
    story.take(5 * S, LegFailed("c1", "ann", 1, "lost"))
    assert [(5 * S, "c1")] == [(at, event.contact) for at, event in story.of(RecordMessage)]


def test_only_calls_are_recorded() -> None:
    """A mail has no voice: after the longest wait it is sent away, whatever voicemail there is."""
    rules = centre(replace(VOICEMAIL, instead_of=("timed_out",)), wait_ms_max=30 * S)
    story = Story(arriving_by(rules, "mail"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(60 * S)
    assert [] == story.of(RecordMessage)
    assert ["timed_out"] == [event.outcome for _, event in story.of(ContactEnded)]


def test_impossible_requests_are_refused() -> None:
    """Each with a reason, and nothing changes."""
    assert ("illegal", "queue 'help' has no voicemail") == ringing(centre(None)).refusal(2 * S, VoicemailAsked("c1"))
    nothing = "contact 'c2' records no message: it is waiting"
    assert ("stale", nothing) == recording().refusal(22 * S, VoicemailLeft("c2", 1))
    negative = "duration_ms is negative: 0 says that there is no message"
    assert ("illegal", negative) == recording().refusal(22 * S, VoicemailLeft("c1", -1))
    recorded = "contact 'c1' waits in no queue: it is recording"
    assert ("stale", recorded) == recording().refusal(22 * S, VoicemailAsked("c1"))
    assert ("stale", recorded) == recording().refusal(22 * S, ContactWithdrawn("c1"))


def test_a_message_is_withdrawn_when_it_is_settled_otherwise() -> None:
    """Nobody works on what was done."""
    story = recording()
    story.take(30 * S, VoicemailLeft("c1", 8 * S), ContactWithdrawn("c1"))
    assert ["withdrawn"] == [event.outcome for _, event in story.of(ContactEnded)]


def test_messages_are_counted_apart_and_nobody_is_lost() -> None:
    """One who is recorded has left as `voicemail`; the answer of his message is in no service level."""
    story = recording()
    story.take(30 * S, VoicemailLeft("c1", 8 * S), *ready("ann"))
    story.take(31 * S, ACCEPTED, JOINED)
    measures = Measures(centre())
    for at, event in story.log:
        measures.apply(event, at)
    tally = measures.by_queue()["help"]
    assert (2, 1, 0) == (tally.offered, tally.voicemail, tally.answered)
    assert (1, 1, 1 * S) == (tally.stand_ins, tally.stand_ins_answered, tally.stand_in_wait_ms)
