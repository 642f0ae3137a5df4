"""Callbacks that keep their place: asked for while waiting, made when their turn comes, and never lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.events import (
    AgentMoved,
    AgentStateSet,
    AnnounceWait,
    ContactEnded,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    ContactReleased,
    HangUp,
    LegFailed,
    OfferAccepted,
    OfferContact,
    PairExcluded,
    QueueLeft,
    WithdrawOffer,
    WrapUpStarted,
)
from acd.plan import Announce, Callbacks, Overflow, QueuePlan, Window
from acd.stand_in_events import (
    CallbackAsked,
    CallbackDue,
    CallbackFailed,
    CallbackPostponed,
    ContactWithdrawn,
    DialCustomer,
    DialTimedOut,
)
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.measures import Measures
from router.plan import Plan
from tests.worlds import QUEUE, S, Story, arriving_by, copy, joining, plan, ready, talking

CALLBACKS = Callbacks(attempts_max=2, retry_ms=20 * S, dial_ms=8 * S)
ASKED = CallbackAsked("c1")


def centre(callbacks: Callbacks | None = CALLBACKS, **changes: Any) -> Plan:
    """A centre whose one queue calls back; Ann and Bob serve it."""
    return plan(queues=(replace(QUEUE, callbacks=callbacks, **changes),))


def asked(rules: Plan | None = None) -> Story:
    """The customer of c1, here since 1 s, has asked for a callback at 5 s; c2 has waited since 2 s."""
    story = Story(rules or centre())
    story.take(1 * S, ContactArrived("c1", "100", "+1", personal=True))
    story.take(2 * S, ContactArrived("c2", "100"))
    story.take(5 * S, ASKED)
    story.news()
    return story


def dialling(rules: Plan | None = None) -> Story:
    """Ann, ready at 10 s, has accepted the callback at 11 s."""
    story = asked(rules)
    story.take(10 * S, *ready("ann"))
    story.take(11 * S, OfferAccepted("c1", "ann", 1))
    story.news()
    return story


def offers(story: Story) -> list[tuple[int, str, str]]:
    """Who was offered what, and when."""
    return [(at, event.contact, event.agent) for at, event in story.of(OfferContact)]


# --- the way it goes ----------------------------------------------------------------------------------------------


def test_a_customer_who_asks_hangs_up_and_his_place_stays() -> None:
    """His visit on the line ends as `callback`, and a callback of the same need waits from then on."""
    story = Story(centre())
    story.take(1 * S, ContactArrived("c1", "100"))
    story.news()
    story.take(5 * S, ASKED)
    queued = ContactQueued("c1", "help", "en", 0, (), 1 * S, stand_in="callback")
    happened = [ASKED, HangUp("c1", "to be called back"), QueueLeft("c1", "help", "callback", 4 * S), queued]
    assert [(5 * S, event) for event in happened] == story.news()


def test_the_agent_whose_turn_it_is_has_the_customer_dialled() -> None:
    """The offer says that it is a callback and for which time; he is dialled once it is accepted, and joined."""
    story = asked()
    story.take(10 * S, *ready("ann"))
    ((_, offer),) = story.of(OfferContact)
    assert ("c1", "callback", 1, 9 * S) == (offer.contact, offer.stand_in, offer.attempt, offer.waited_ms)
    story.take(11 * S, OfferAccepted("c1", "ann", 1))
    assert [(11 * S, DialCustomer(1, "c1", "ann", 1, 19 * S))] == story.of(DialCustomer)
    story.take(15 * S, ContactJoined("c1", "ann", 1))
    story.take(60 * S, ContactReleased("c1", "ann"))
    assert [(60 * S, ContactEnded("c1", "handled", "help", "ann", 10 * S, 45 * S))] == story.of(ContactEnded)
    assert [(60 * S, WrapUpStarted("ann", "c1", "help", 90 * S))] == story.of(WrapUpStarted)


def test_he_is_dialled_where_he_asked_to_be() -> None:
    """Another number than the one he called from goes with the command."""
    story = Story(centre())
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, CallbackAsked("c1", "+8613800138000"))
    story.take(10 * S, *ready("ann"))
    story.take(11 * S, OfferAccepted("c1", "ann", 1))
    assert ["+8613800138000"] == [event.number for _, event in story.of(DialCustomer)]


def test_asking_while_it_rings_stops_the_ringing() -> None:
    """The agent at whom it rang is matched anew, and has the callback, whose turn it is."""
    story = Story(centre())
    story.take(0, *ready("ann"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, ASKED)
    assert [(2 * S, WithdrawOffer(1, "c1", "ann", "the customer asked to be called back"))] == story.of(WithdrawOffer)
    assert (2 * S, "c1", "ann") == offers(story)[-1]


# --- who is not reached -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", ["busy", "no_answer", "unreachable"])
def test_a_failed_attempt_frees_the_agent_at_once(cause: Any) -> None:
    """He has no wrap-up, has missed nothing, is kept from nobody, and is offered the next; the callback rests."""
    story = dialling()
    story.take(13 * S, CallbackFailed("c1", "ann", 1, cause))
    assert [(13 * S, CallbackPostponed("c1", 1, 33 * S))] == story.of(CallbackPostponed)
    assert [(13 * S, "c2", "ann")] == offers(story)
    assert [] == story.of(WrapUpStarted, AgentMoved, PairExcluded)
    assert 0 == story.engine.board.floor.agents["ann"].missed


def test_a_dial_that_nobody_answers_is_over_to_the_millisecond() -> None:
    """`dial.timed_out` is a failed attempt like any other."""
    story = dialling()
    story.wait(19 * S - 1)
    assert [] == story.of(DialTimedOut)
    story.wait(19 * S)
    assert [(19 * S, DialTimedOut(1, "c1", "ann")), (19 * S, CallbackPostponed("c1", 1, 39 * S))] == story.of(
        DialTimedOut, CallbackPostponed
    )


def test_it_is_tried_again_after_its_rest_in_its_old_place() -> None:
    """A younger contact that waits does not go before it."""
    story = dialling()
    story.take(12 * S, ContactArrived("c3", "100"))
    story.take(13 * S, CallbackFailed("c1", "ann", 1, "busy"))
    story.take(14 * S, AgentStateSet("ann", "paused"))
    story.wait(33 * S)
    assert [(33 * S, CallbackDue("c1", None))] == story.of(CallbackDue)
    story.news()
    story.take(40 * S, *ready("ann"))
    ((_, offer),) = story.of(OfferContact)
    assert ("c1", 2) == (offer.contact, offer.attempt)


def test_after_the_last_attempt_it_has_failed() -> None:
    """So many attempts in vain end it, with an outcome of their own."""
    story = dialling(centre(replace(CALLBACKS, attempts_max=1)))
    story.take(13 * S, CallbackFailed("c1", "ann", 1, "no_answer"))
    assert [(13 * S, ContactEnded("c1", "callback_failed", "help", "", 8 * S, 0))] == story.of(ContactEnded)


def test_an_agents_own_phone_that_fails_is_no_attempt() -> None:
    """The contact waits again at once for another agent, and no attempt is counted."""
    story = dialling()
    story.take(12 * S, LegFailed("c1", "ann", 1, "lost"), *ready("bob"))
    ((at, offer),) = [each for each in story.of(OfferContact) if each[1].agent == "bob"]
    assert (12 * S, "c1", 1) == (at, offer.contact, offer.attempt)


# --- its hours ----------------------------------------------------------------------------------------------------


def windowed(*hours: tuple[int, int]) -> Plan:
    """Customers are called back only in these spans of seconds."""
    window = Window(tuple(start * S for start, _ in hours), tuple(end * S for _, end in hours))
    return centre(replace(CALLBACKS, window=window))


def test_outside_its_window_it_rests_until_that_opens() -> None:
    """Nobody is called back at night, whoever is ready."""
    story = Story(windowed((100, 200)))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(5 * S, ASKED, *ready("ann"))
    assert [(5 * S, CallbackPostponed("c1", 0, 100 * S))] == story.of(CallbackPostponed)
    assert [] == offers(story)
    story.wait(100 * S)
    assert [(100 * S, "c1", "ann")] == offers(story)


def test_when_its_window_closes_it_stops_ringing() -> None:
    """It goes on at its place in the next hours."""
    story = asked(windowed((0, 20), (100, 200)))
    story.take(15 * S, *ready("ann"))
    story.wait(20 * S)
    reason = "nobody is called back at this time"
    assert [(20 * S, WithdrawOffer(1, "c1", "ann", reason))] == story.of(WithdrawOffer)
    assert [(20 * S, CallbackPostponed("c1", 0, 100 * S))] == story.of(CallbackPostponed)
    assert (20 * S, "c2", "ann") == offers(story)[-1]


def test_a_call_under_way_is_not_cut_off_when_the_window_closes() -> None:
    """Who is being dialled is still joined; should that fail, the callback rests until the next hours."""
    story = dialling(windowed((0, 13), (100, 200)))
    story.take(15 * S, ContactJoined("c1", "ann", 1))
    assert [] == story.of(CallbackPostponed, ContactEnded)
    story = dialling(windowed((0, 13), (100, 200)))
    story.take(15 * S, LegFailed("c1", "ann", 1, "lost"))
    assert [(15 * S, CallbackPostponed("c1", 0, 100 * S))] == story.of(CallbackPostponed)


def test_a_callback_whose_window_opens_never_again_has_failed() -> None:
    """Nothing waits for an instant that does not come."""
    story = asked(windowed((0, 20)))
    story.wait(20 * S)
    assert [(20 * S, ContactEnded("c1", "callback_failed", "help", "", 15 * S, 0))] == story.of(ContactEnded)


def test_a_callback_may_be_asked_for_later() -> None:
    """Until the time that was asked for it rests; from then on it has the place of its need."""
    story = Story(centre())
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, CallbackAsked("c1", not_before=50 * S))
    story.take(3 * S, ContactArrived("c2", "100"))
    story.news()
    story.wait(50 * S)
    story.take(60 * S, *ready("ann"))
    assert [(60 * S, "c1", "ann")] == offers(story)


# --- what does not end it -----------------------------------------------------------------------------------------


def test_a_callback_that_loses_or_jumps_its_place() -> None:
    """Contacts before it go before it, those after it after it, whatever it went through: the pain is not here."""
    story = Story(centre())
    for at in (1, 2, 3):
        story.take(at * S, ContactArrived(f"c{at}", "100"))
    story.take(4 * S, CallbackAsked("c2"))
    story.engine = copy(story.engine)  # a restart, too, changes no place
    story.take(5 * S, *ready("ann", "bob"))
    for number, (contact, agent) in enumerate((("c1", "ann"), ("c2", "bob")), start=1):
        story.take(6 * S, OfferAccepted(contact, agent, number))
    story.take(7 * S, ContactJoined("c1", "ann", 1), CallbackFailed("c2", "bob", 2, "busy"))
    story.take(8 * S, OfferAccepted("c3", "bob", 3), ContactJoined("c3", "bob", 3))
    story.take(20 * S, ContactArrived("c4", "100"))
    story.wait(30 * S)
    story.take(31 * S, ContactReleased("c3", "bob"))
    story.take(32 * S, AgentStateSet("bob", "ready"))
    assert ["c1", "c2", "c3", "c2"] == [contact for _, contact, _ in offers(story)]


def test_a_time_to_live_ends_the_item_while_the_call_is_up() -> None:
    """The longest wait, an overflow and an empty floor are for customers on the line: none of them ends a callback."""
    rules = centre(wait_ms_max=30 * S, leave_when_empty=True, overflow=Overflow(20 * S, "help"))
    story = Story(rules)
    story.take(0, *ready("ann"))
    story.take(1 * S, ContactArrived("c1", "100"), ASKED)
    story.take(2 * S, AgentStateSet("ann", "offline"))
    story.wait(500 * S)
    assert ["callback"] == [event.outcome for _, event in story.of(QueueLeft)]
    story.take(501 * S, *ready("ann"))
    story.take(502 * S, OfferAccepted("c1", "ann", 3))
    story.take(503 * S, ContactJoined("c1", "ann", 3))
    story.wait(2_000 * S)
    assert [] == story.of(ContactEnded)


def test_the_line_that_was_hung_up_is_not_the_customer_who_leaves() -> None:
    """Telephony tells of every line that ends; that of a customer to be called back is no news, until he talks."""
    gone = "the customer of contact 'c1' has gone: a callback waits in his place"
    assert ("stale", gone) == asked().refusal(6 * S, ContactLeft("c1"))
    assert ("stale", gone) == dialling().refusal(12 * S, ContactLeft("c1"))
    story = dialling()
    story.take(12 * S, ContactJoined("c1", "ann", 1))
    story.take(20 * S, ContactLeft("c1"))
    assert ["handled"] == [event.outcome for _, event in story.of(ContactEnded)]


def test_it_is_told_nothing_and_counts_in_the_positions_of_others() -> None:
    """No announcement is made to it; who stands behind it is told so."""
    rules = centre(announce=Announce(10 * S, position=True))
    story = asked(rules)
    story.wait(12 * S)
    assert [("c2", 2)] == [(event.contact, event.position) for _, event in story.of(AnnounceWait)]


def test_it_takes_no_room_from_those_who_call() -> None:
    """A queue that is full of callbacks only is not full."""
    story = Story(centre(waiting_max=1))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(5 * S, ASKED)
    story.take(6 * S, ContactArrived("c2", "100"))
    story.take(7 * S, ContactArrived("c3", "100"))
    assert [("c3", "blocked")] == [(event.contact, event.outcome) for _, event in story.of(ContactEnded)]


# --- how it ends otherwise ----------------------------------------------------------------------------------------


def test_a_customer_who_calls_again_takes_the_place_of_his_callback() -> None:
    """He is known by his number; his new contact has the need of the first, and the callback is withdrawn."""
    story = asked()
    story.take(30 * S, ContactArrived("c9", "100", "+1", personal=True))
    ((_, queued),) = story.of(ContactQueued)
    assert ("c1", 1 * S) == (queued.resumes, queued.need_since)
    assert [(30 * S, ContactEnded("c1", "withdrawn", "help", "", 25 * S, 0))] == story.of(ContactEnded)
    story.take(31 * S, *ready("ann"))
    assert [(31 * S, "c9", "ann")] == offers(story)


def test_one_who_calls_again_into_a_full_queue_is_blocked() -> None:
    """His callback rings, and is withdrawn; the agent goes to who is there, and he is told that there is no room."""
    story = Story(centre(waiting_max=1))
    story.take(1 * S, ContactArrived("c1", "100", "+1", personal=True), ASKED)
    story.take(2 * S, ContactArrived("c2", "100"))
    story.take(10 * S, *ready("ann"))
    story.take(11 * S, ContactArrived("c9", "100", "+1", personal=True))
    assert [("c1", "withdrawn"), ("c9", "blocked")] == [
        (event.contact, event.outcome) for _, event in story.of(ContactEnded)
    ]
    assert (11 * S, "c2", "ann") == offers(story)[-1]


def test_a_customer_who_calls_while_he_is_dialled_waits_like_anybody() -> None:
    """What is being joined is let be."""
    story = dialling()
    story.take(12 * S, ContactArrived("c9", "100", "+1", personal=True))
    assert [""] == [event.resumes for _, event in story.of(ContactQueued)]


def test_an_office_number_takes_nobodys_place() -> None:
    """A number that is not one person's says nothing about whose callback waits."""
    story = asked()
    story.take(30 * S, ContactArrived("c9", "100", "+1", personal=False))
    assert [""] == [event.resumes for _, event in story.of(ContactQueued)]


def test_a_callback_is_withdrawn_wherever_it_is() -> None:
    """Waiting, ringing, being dialled or resting: its agent is free, and it is over."""
    withdrawn = ContactWithdrawn("c1", "settled by mail")
    for story, at in ((asked(), 6), (dialling(), 12)):
        story.take(at * S, withdrawn)
        assert [("c1", "withdrawn")] == [(event.contact, event.outcome) for _, event in story.of(ContactEnded)]
        assert "c1" not in story.engine.board.floor.contacts
    resting = dialling()
    resting.take(13 * S, CallbackFailed("c1", "ann", 1, "busy"), withdrawn)
    assert ["withdrawn"] == [event.outcome for _, event in resting.of(ContactEnded)]


def test_a_resting_callback_that_is_moved_rests_on() -> None:
    """It has its place and its rest in the other queue."""
    other = QueuePlan("other", callbacks=CALLBACKS)
    story = Story(plan(queues=(replace(QUEUE, callbacks=CALLBACKS), other)))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, CallbackAsked("c1", not_before=50 * S), *ready("ann"))
    story.news()
    story.take(10 * S, ContactMoved("c1", "other"))
    assert [(10 * S, CallbackPostponed("c1", 0, 50 * S))] == story.of(CallbackPostponed)
    story.wait(50 * S)
    assert [(50 * S, "c1", "ann")] == offers(story)


# --- what is impossible -------------------------------------------------------------------------------------------


def test_impossible_requests_are_refused() -> None:
    """Each with a reason, and nothing changes."""
    gone = "the customer of contact 'c1' has gone: a callback waits in his place"
    assert ("stale", gone) == asked().refusal(6 * S, ASKED)
    assert ("illegal", "queue 'help' calls nobody back") == asked_of(centre(None)).refusal(6 * S, ASKED)
    late = "queue 'help' calls nobody back that late: its window does not open again"
    assert ("illegal", late) == asked_of(windowed((0, 90))).refusal(6 * S, CallbackAsked("c1", "", 100 * S))
    negative = "not_before is negative: leave it out for as soon as it is his turn"
    assert ("illegal", negative) == asked_of(centre()).refusal(6 * S, CallbackAsked("c1", "", -1))
    busy = "contact 'c1' waits in no queue: it is being joined with an agent"
    assert ("stale", busy) == joining(centre()).refusal(6 * S, ASKED)
    assert ("stale", "contact 'c1' waits in no queue: it is talking") == talking(centre()).refusal(6 * S, ASKED)
    assert ("illegal", "contact 'c7' is not known") == asked().refusal(6 * S, CallbackAsked("c7"))
    there = "contact 'c2' is no callback and no message: its customer is on the line"
    assert ("illegal", there) == asked().refusal(6 * S, ContactWithdrawn("c2"))
    on_the_line = "contact 'c1' is no callback: its customer is on the line"
    assert ("illegal", on_the_line) == joining(centre()).refusal(6 * S, CallbackFailed("c1", "ann", 1, "busy"))


def asked_of(rules: Plan) -> Story:
    """A contact that waits since 1 s, and has asked for nothing."""
    story = Story(rules)
    story.take(1 * S, ContactArrived("c1", "100"))
    return story


def test_only_calls_are_called_back() -> None:
    """A chat has nobody who could be dialled: it is not told of callbacks, and asking for one is refused."""
    rules = centre(replace(CALLBACKS, offer_after_ms=5 * S), announce=Announce(10 * S))
    story = asked_of(arriving_by(rules, "chat"))
    assert ("illegal", "contact 'c1' is no call: it is a chat") == story.refusal(6 * S, ASKED)
    story.wait(30 * S)
    assert {()} == {event.tells for _, event in story.of(AnnounceWait)}


def test_an_agent_is_called_back_for_only_with_room_for_a_call() -> None:
    """A callback costs what a call does from its offer on; when the customer is not reached, all of that is free."""
    story = dialling()
    assert 100 == story.engine.board.floor.agents["ann"].load
    story.take(13 * S, CallbackFailed("c1", "ann", 1, "busy"), AgentStateSet("ann", "paused"))
    assert ["c2"] == [event.contact for _, event in story.of(WithdrawOffer)]
    ann = story.engine.board.floor.agents["ann"]
    assert (0, "paused") == (ann.load, ann.state)


def test_an_attempt_fails_only_once_it_was_made() -> None:
    """Before the agent has accepted nobody is dialled; afterwards the offer is over."""
    story = asked()
    story.take(10 * S, *ready("ann"))
    failed = CallbackFailed("c1", "ann", 1, "busy")
    assert ("illegal", "offer 1 is not accepted yet") == story.refusal(11 * S, failed)
    story.take(12 * S, OfferAccepted("c1", "ann", 1), failed)
    assert ("stale", "offer 1 is no longer open") == story.refusal(13 * S, failed)


def test_a_callback_goes_to_no_queue_that_makes_none() -> None:
    """To move it there is refused, and so are new rules under which its queue makes none."""
    rules = plan(queues=(replace(QUEUE, callbacks=CALLBACKS), QueuePlan("other")))
    story = asked(rules)
    assert ("illegal", "queue 'other' calls nobody back") == story.refusal(6 * S, ContactMoved("c1", "other"))
    story = Story(centre(), replace(centre(None), hash="v2"))
    story.take(1 * S, ContactArrived("c1", "100"), ASKED)
    lacks = "the new rules lack what contacts in flight need: the callbacks of queue 'help'"
    assert ("illegal", lacks) == story.refusal(2 * S, CentreStarted("v2"))


# --- what is counted ----------------------------------------------------------------------------------------------


def test_callbacks_are_counted_apart_and_nobody_is_lost() -> None:
    """Conservation holds, and the wait of who did not wait on the line is in no service level."""
    story = dialling()
    story.take(30 * S - 13 * S, ContactJoined("c1", "ann", 1))
    measures = Measures(centre())
    for at, event in story.log:
        measures.apply(event, at)
    tally = measures.by_queue()["help"]
    assert (2, 1, 0, 0) == (tally.offered, tally.callback, tally.answered, tally.wait_ms)
    assert (1, 1, 12 * S) == (tally.stand_ins, tally.stand_ins_answered, tally.stand_in_wait_ms)


def test_an_announcement_says_that_a_callback_may_be_had() -> None:
    """From so long a wait on, the caller is told; before, he is not."""
    rules = centre(replace(CALLBACKS, offer_after_ms=15 * S), announce=Announce(10 * S))
    story = Story(rules)
    story.take(0, ContactArrived("c1", "100"))
    story.wait(20 * S)
    assert [(), (), ("callback",)] == [event.tells for _, event in story.of(AnnounceWait)]
