"""Agents with several contacts in hand, who hand some of them on: nobody has to do with one contact twice."""

from __future__ import annotations

from acd.events import AgentStateSet, ContactJoined, OfferAccepted, OfferContact
from acd.hands import (
    ConsultAsked,
    ConsultCompleted,
    ContactDirected,
    ContactPulled,
    ContactTransferred,
    DirectionEnded,
)
from acd.model import ContactState, WorkState
from router.events import ContactArrived, ContactLeft
from router.measures import Measures
from router.plan import Plan
from tests.test_capacity import answer, centre, come, in_hand, told
from tests.worlds import S, Story, plan, with_queue


def chats(**channels: tuple[str, int | None]) -> Plan:
    """Ann and Bob take chats; Bob no others, where `channels` says so. An exclusion lasts no longer than a second."""
    own = {"channels": tuple(channels.values())} if channels else {}
    return with_queue(centre(ann={}, bob=own), "help", exclusion_ms=1 * S, retry_ms=1 * S, wrap_up_ms=60 * S)


def offered(story: Story) -> list[tuple[str, str]]:
    """Which contact was offered to whom."""
    return [(event.contact, event.agent) for _, event in story.of(OfferContact)]


def test_who_wraps_up_his_part_is_not_offered_the_contact_again() -> None:
    """He has room for a chat, but not for the one he has just handed on; once he has wrapped up, he may have it."""
    story = told(chats(), "ann")
    come(story, 1 * S, "chat")
    answer(story, 2 * S)
    story.news()
    story.take(5 * S, ContactTransferred("chat-1", "ann", "help"))
    story.wait(30 * S)
    assert [] == offered(story)
    assert {"chat-1": "wrap_up"} == in_hand(story)
    story.take(40 * S, AgentStateSet("ann", "ready"))
    assert [("chat-1", "ann")] == offered(story)


def test_who_asks_is_not_consulted_himself() -> None:
    """The leg goes to somebody else, however much room the asking agent has."""
    story = told(chats(), "ann")
    come(story, 1 * S, "chat")
    answer(story, 2 * S)
    story.news()
    story.take(5 * S, ConsultAsked("chat-1", "ann", "help"))
    assert [] == offered(story)
    story.take(6 * S, AgentStateSet("bob", "ready"))
    assert [("consult-1", "bob")] == offered(story)


def test_a_consultant_with_several_contacts_takes_one_over() -> None:
    """The work of the consult becomes that of the contact, in its place among the others."""
    story = told(chats(), "ann")
    come(story, 1 * S, "chat")
    answer(story, 2 * S)
    story.take(3 * S, AgentStateSet("ann", "paused"), AgentStateSet("bob", "ready"))
    come(story, 3 * S, "chat")
    answer(story, 4 * S)
    story.take(5 * S, ConsultAsked("chat-1", "ann", "help"))
    answer(story, 6 * S)
    come(story, 7 * S, "chat")
    answer(story, 7 * S)
    story.take(8 * S, ConsultCompleted("chat-1", "ann"))
    assert ["chat-2", "chat-1", "chat-3"] == [*in_hand(story, "bob")]
    assert {"chat-1": WorkState.WRAP_UP} == in_hand(story)
    story.engine.board.check()


def test_a_contact_waits_for_the_room_of_the_one_it_is_meant_for() -> None:
    """It waits while his hands are full, and goes to him as soon as he has room."""
    story = told(with_queue(centre(ann={}, bob={"capacity": 40}), "help", wrap_up_ms=0), "bob")
    come(story, 1 * S, "chat", "chat")
    answer(story, 1 * S)
    story.take(2 * S, AgentStateSet("ann", "ready"))
    come(story, 2 * S, "chat")
    answer(story, 2 * S)
    handed = next(contact for contact in in_hand(story, "ann"))
    story.take(3 * S, ContactTransferred(handed, "ann", to_agent="bob"))
    assert ContactState.WAITING is story.engine.board.floor.contacts[handed].state
    assert [handed] == [event.contact for _, event in story.of(ContactDirected)]
    story.news()
    story.take(4 * S, ContactLeft(next(iter(in_hand(story, "bob")))))
    assert [(handed, "bob")] == offered(story)


def test_nobody_is_meant_for_a_channel_he_takes_none_of() -> None:
    """It would wait for him in vain."""
    story = told(chats(only=("voice", None)))
    come(story, 1 * S, "chat")
    answer(story, 2 * S)
    refusal = ("illegal", "agent 'bob' takes no contacts of channel 'chat'")
    assert refusal == story.refusal(3 * S, ContactTransferred("chat-1", "ann", to_agent="bob"))
    story.take(4 * S, AgentStateSet("ann", "paused"))
    come(story, 5 * S, "chat")
    assert refusal == story.refusal(5 * S, ContactPulled("chat-2", "bob"))


def test_who_is_ready_for_one_is_no_longer_waited_for() -> None:
    """Once he has his one contact, nothing is kept for him, and nobody is counted on who means to go."""
    rules = with_queue(plan(agents={"ann": ()}), "help", leave_when_empty=True)
    story = Story(rules)
    story.take(0, AgentStateSet("ann", "ready", once=True), ContactArrived("c1", "100"), ContactArrived("c2", "100"))
    story.take(1 * S, OfferAccepted("c1", "ann", 1), ContactJoined("c1", "ann", 1))
    assert "c2" not in story.engine.board.floor.contacts
    assert 0 == sum(profile.attending for profile in story.engine.board.floor.matching._profiles.values())


def test_one_contact_of_two_agents_is_decided_once() -> None:
    """Handed on and answered again it is offered and answered twice; both parts are handled, the last one decides."""
    rules = chats()
    story = told(rules, "ann")
    come(story, 1 * S, "chat")
    answer(story, 2 * S)
    story.take(3 * S, AgentStateSet("bob", "ready"), ContactTransferred("chat-1", "ann", to_agent="bob"))
    answer(story, 4 * S)
    story.take(9 * S, ContactTransferred("chat-1", "bob", to_agent="ann"))
    assert [] == story.of(DirectionEnded)
    story.take(10 * S, AgentStateSet("ann", "ready"))
    answer(story, 11 * S)
    measures = Measures(rules)
    for at, event in story.log:
        measures.apply(event, at)
    tally = measures.tally()
    assert (3, 3, True) == (tally.offered, tally.answered, tally.is_conserved)
    assert (1, 0) == (tally.handed_on, tally.wrapped_up)
