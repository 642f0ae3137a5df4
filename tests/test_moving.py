"""Contacts that go from one queue to another: by a supervisor's hand, or because nobody answers in time."""

from __future__ import annotations

from dataclasses import replace

from acd.events import (
    AgentStateSet,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    ContactReprioritised,
    LegFailed,
    OfferAccepted,
    OfferContact,
    QueueLeft,
    WithdrawOffer,
)
from acd.plan import Overflow, QueuePlan, Requirement
from router.events import ContactArrived
from router.measures import Measures
from router.plan import Plan
from tests.worlds import ACCEPTED, JOINED, QUEUE, READY, S, Story, joining, plan, ringing, talking

PAY = QueuePlan("pay", priority=3, requirements=(Requirement("pay"),), wrap_up_ms=0)
MOVED = ContactMoved("c1", "pay")


def two_queues(overflow: Overflow | None = None) -> Plan:
    """A centre whose contacts come to `help`, where Ann is; Bob serves `pay`."""
    help_queue = replace(QUEUE, requirements=(Requirement("help"),), overflow=overflow)
    return plan(queues=(help_queue, PAY), agents={"ann": ("help",), "bob": ("pay",)})


def test_a_moved_contact_keeps_its_need_and_what_its_priority_gained() -> None:
    """In the other queue it has that queue's priority, what was added to its own, and the place of its need."""
    story = Story(two_queues())
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, ContactReprioritised("c1", 5))
    story.news()
    story.take(9 * S, MOVED)
    assert [(9 * S, QueueLeft("c1", "help", "moved", 8 * S))] == story.of(QueueLeft)
    ((at, queued),) = story.of(ContactQueued)
    assert (9 * S, "pay", 8, 1 * S) == (at, queued.queue, queued.priority, queued.need_since)


def test_a_moved_contact_is_before_those_whose_need_is_younger() -> None:
    """Who is moved to a queue does not go to its end."""
    story = Story(two_queues())
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, ContactArrived("c2", "100"))
    story.take(3 * S, ContactMoved("c2", "pay"))
    story.take(4 * S, ContactMoved("c1", "pay"))
    story.take(5 * S, AgentStateSet("bob", "ready"))
    assert ["c1"] == [event.contact for _, event in story.of(OfferContact)]


def test_what_rings_is_withdrawn_before_a_contact_is_moved() -> None:
    """The agent at whom it rang is ready again, and the other queue's agent is offered it at once."""
    story = ringing(two_queues())
    story.take(2 * S, AgentStateSet("bob", "ready"), MOVED)
    assert [(2 * S, WithdrawOffer(1, "c1", "ann", "the contact goes to pay"))] == story.of(WithdrawOffer)
    assert ["bob"] == [event.agent for _, event in story.of(OfferContact)]
    assert "ready" == story.engine.board.floor.agents["ann"].state


def test_impossible_moves_are_refused() -> None:
    """To nowhere, to where it is, in the middle of being joined, or after the answer: a reason, and nothing changes."""
    assert ("illegal", "queue 'nowhere' is not in the centre") == ringing(two_queues()).refusal(
        2 * S, ContactMoved("c1", "nowhere")
    )
    assert ("stale", "contact 'c1' is in queue 'help' already") == ringing(two_queues()).refusal(
        2 * S, ContactMoved("c1", "help")
    )
    being_joined = "contact 'c1' waits in no queue: it is being joined with an agent"
    assert ("stale", being_joined) == joining(two_queues()).refusal(3 * S, MOVED)
    assert ("stale", "contact 'c1' waits in no queue: it is talking") == talking(two_queues()).refusal(4 * S, MOVED)
    assert ("illegal", "contact 'c9' is not known") == ringing(two_queues()).refusal(2 * S, ContactMoved("c9", "pay"))


def test_a_contact_overflows_to_the_millisecond() -> None:
    """After so much time in a queue, ringing or not, it goes on to the next one."""
    story = ringing(two_queues(overflow=Overflow(10 * S, "pay")))
    story.wait(11 * S - 1)
    assert [] == story.of(QueueLeft)
    story.wait(11 * S)
    assert [(11 * S, QueueLeft("c1", "help", "overflowed", 10 * S))] == story.of(QueueLeft)


def test_a_contact_that_is_being_joined_overflows_only_if_that_fails() -> None:
    """An answer on its way is not cut off; should it come to nothing, the time is over."""
    story = ringing(two_queues(overflow=Overflow(10 * S, "pay")))
    story.take(10 * S, ACCEPTED)
    story.take(12 * S, LegFailed("c1", "ann", 1, "lost"))
    assert [(12 * S, QueueLeft("c1", "help", "overflowed", 11 * S))] == story.of(QueueLeft)
    story = ringing(two_queues(overflow=Overflow(10 * S, "pay")))
    story.take(10 * S, ACCEPTED)
    story.take(12 * S, JOINED)
    story.wait(60 * S)
    assert [] == story.of(QueueLeft)


def test_each_queue_accounts_for_the_contacts_that_went_on() -> None:
    """INV-08 over a move: offered to both, gone on from the one, answered in the other, with the wait in that one."""
    rules = two_queues(overflow=Overflow(10 * S, "pay"))
    story = Story(rules)
    story.take(0, ContactArrived("c1", "100"))
    story.take(15 * S, AgentStateSet("bob", "ready"))
    story.take(16 * S, OfferAccepted("c1", "bob", 1))
    story.take(17 * S, ContactJoined("c1", "bob", 1))
    measures = Measures(rules)
    for at, event in story.log:
        measures.apply(event, at)
    tallies = measures.by_queue()
    assert (1, 0, 1) == (tallies["help"].offered, tallies["help"].answered, tallies["help"].overflowed)
    assert (1, 1, 0, 7 * S) == (
        tallies["pay"].offered,
        tallies["pay"].answered,
        tallies["pay"].overflowed,
        tallies["pay"].wait_ms,
    )
    assert READY.agent not in [event.agent for _, event in story.of(OfferContact)]
