"""What agents take on beside what they have in hand: chats next to chats, calls over mails, and never too much."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.capacity import in_hand_max
from acd.events import (
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactInterrupted,
    ContactJoined,
    ContactReleased,
    ContactResumed,
    OfferAccepted,
    OfferContact,
    WrappedUp,
    WrapUpExpired,
)
from acd.model import AgentState, Stance
from acd.plan import CHANNELS, Selection
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.explain.phrases import ORDERS
from router.measures import Measures
from router.plan import EntryPoint, Plan
from simulator.audit import Audit
from tests.why_stories import said
from tests.worlds import QUEUE, S, Story, copy, plan, ready

BY: dict[str, str] = {"voice": "100", "chat": "200", "mail": "300", "work_item": "400"}


def centre(version: str = "v1", *, selection: Selection = "longest_idle", **agents: dict[str, Any]) -> Plan:
    """A queue to which contacts come by every channel; each agent with what is said of him instead of the usual."""
    rules = plan(queues=(replace(QUEUE, selection=selection),), agents=dict.fromkeys(agents, ()), version=version)
    staff = {name: replace(rules.floor.agents[name], **own) for name, own in agents.items()}
    entry_points = {name: EntryPoint(name, name, (address,), "care", "en", "front") for name, address in BY.items()}
    floor = replace(rules.floor, agents=staff, channels=dict(CHANNELS))
    return replace(rules, floor=floor, entry_points=entry_points)


def told(rules: Plan, *names: str) -> Story:
    """Everybody, or these agents, are ready since 0."""
    story = Story(rules)
    story.take(0, *ready(*(names or rules.floor.agents)))
    return story


def come(story: Story, at: int, *channels: str) -> None:
    """Contacts come by these channels, named after them: voice-1, chat-1, chat-2."""
    for channel in channels:
        number = 1 + sum(isinstance(e, ContactArrived) and e.dialled == BY[channel] for _, e in story.log)
        story.take(at, ContactArrived(f"{channel}-{number}", BY[channel]))


def answer(story: Story, at: int) -> None:
    """Whatever rings is taken and joined, until nothing rings."""
    while offers := [*story.engine.board.floor.offers.values()]:
        for offer in offers:
            names = (offer.contact, offer.agent, offer.id)
            story.take(at, OfferAccepted(*names), ContactJoined(*names))


def in_hand(story: Story, agent: str = "ann") -> dict[str, str]:
    """What an agent has in hand, and where he is with it."""
    return {contact: work.state.value for contact, work in story.engine.board.floor.agents[agent].works.items()}


def offered(story: Story) -> list[tuple[str, str]]:
    """Who was offered what since the last time of asking for news."""
    return [(event.contact, event.agent) for _, event in story.of(OfferContact)]


# --- room -----------------------------------------------------------------------------------------------------------


def test_chats_fill_an_agent_up_to_his_capacity() -> None:
    """Five chats of 20 units are as many as 100 units bear, and the sixth waits."""
    story = told(centre(ann={}))
    come(story, 1 * S, *["chat"] * 6)
    answer(story, 2 * S)
    assert {f"chat-{n}": "talking" for n in range(1, 6)} == in_hand(story)
    assert 100 == story.engine.board.floor.agents["ann"].load


def test_one_offer_at_a_time() -> None:
    """An agent with room for more is offered the next contact once he has answered the one that rings, at once."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat", "chat")
    assert [("chat-1", "ann")] == offered(story)
    story.take(2 * S, OfferAccepted("chat-1", "ann", 1))
    assert [("chat-1", "ann")] == offered(story)
    story.take(3 * S, ContactJoined("chat-1", "ann", 1))
    assert [(1 * S, "chat-1"), (3 * S, "chat-2")] == [(at, event.contact) for at, event in story.of(OfferContact)]


def test_a_call_wants_the_whole_agent() -> None:
    """Whoever has a chat is not offered a call, and whoever has a call is offered nothing."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    come(story, 2 * S, "voice", "chat")
    answer(story, 2 * S)
    assert {"chat-1": "talking", "chat-2": "talking"} == in_hand(story)
    for n in (1, 2):
        story.take(3 * S, ContactReleased(f"chat-{n}", "ann"), WrappedUp("ann", f"chat-{n}", "resolved"))
    answer(story, 3 * S)
    come(story, 4 * S, "chat", "mail")
    assert {"voice-1": "talking"} == in_hand(story)


def test_freed_capacity_scans_the_backlog_at_once() -> None:
    """The end of one chat brings the first of those that wait at the same instant, though the agent is not idle."""
    story = told(centre(ann={}))
    come(story, 1 * S, *["chat"] * 7)
    answer(story, 1 * S)
    story.news()
    story.take(9 * S, ContactReleased("chat-2", "ann"), WrappedUp("ann", "chat-2", "resolved"))
    assert [(9 * S, "chat-6")] == [(at, event.contact) for at, event in story.of(OfferContact)]


def test_an_agent_takes_no_more_of_a_channel_than_he_says() -> None:
    """With two chats at most, a third waits though there is room in units; and a channel not listed is never his."""
    story = told(centre(ann={"channels": (("chat", 2), ("mail", None))}))
    come(story, 1 * S, *["chat"] * 3, "voice", "work_item")
    answer(story, 1 * S)
    come(story, 2 * S, "mail")
    answer(story, 2 * S)
    assert {"chat-1", "chat-2", "mail-1"} == {*in_hand(story)}


def test_what_agents_are_left_out_for_is_counted() -> None:
    """An offer says how many agents had no room, apart from those who lack a skill or are busy altogether."""
    story = told(centre(ann={}, bob={}, cat={"channels": (("chat", 1),)}))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    story.news()
    come(story, 2 * S, "voice")
    ((_, offer),) = story.of(OfferContact)
    assert ("bob", 1, (("capacity", 2),)) == (offer.agent, offer.candidates, offer.excluded)


# --- who goes first -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ("longest_idle", ["ann", "bob", "ann", "bob"]),
        ("in_order", ["ann", "ann", "ann", "ann"]),
        ("least_occupied", ["ann", "bob", "bob", "ann"]),
        ("least_recently_offered", ["ann", "bob", "ann", "bob"]),
    ],
)
def test_how_chats_spread_over_agents(selection: Selection, chosen: list[str]) -> None:
    """Idle time goes by how many are in hand first; a list fills its first; `least_occupied` minds the share taken."""
    story = told(centre(selection=selection, ann={"capacity": 80}, bob={"capacity": 160}))
    for n in range(4):
        come(story, (n + 1) * S, "chat")
        answer(story, (n + 1) * S)
    assert chosen == [agent for _, agent in offered(story)]


# --- interruptions --------------------------------------------------------------------------------------------------


def test_a_call_interrupts_mails_and_they_go_on_afterwards() -> None:
    """Mails leave room for a call; they wait from its join to the end of its wrap-up, and then go on in their order."""
    story = told(centre(ann={}))
    come(story, 1 * S, "mail", "mail")
    answer(story, 1 * S)
    come(story, 2 * S, "voice")
    assert {"mail-1": "talking", "mail-2": "talking", "voice-1": "reserved"} == in_hand(story)
    story.news()
    answer(story, 3 * S)
    assert [(3 * S, "mail-2"), (3 * S, "mail-1")] == [(at, e.contact) for at, e in story.of(ContactInterrupted)]
    story.take(60 * S, ContactReleased("voice-1", "ann"))
    assert [] == story.of(ContactResumed)
    story.wait(90 * S)
    assert [(90 * S, "mail-1"), (90 * S, "mail-2")] == [(at, e.contact) for at, e in story.of(ContactResumed)]
    assert {"mail-1": "talking", "mail-2": "talking"} == in_hand(story)


def test_only_as_many_are_interrupted_as_it_takes() -> None:
    """A chat beside five mails interrupts the last of them alone."""
    story = told(centre(ann={}))
    come(story, 1 * S, *["mail"] * 5)
    answer(story, 1 * S)
    come(story, 2 * S, "chat")
    answer(story, 2 * S)
    assert ["mail-5"] == [contact for contact, state in in_hand(story).items() if state == "interrupted"]


def test_a_call_that_waits_goes_before_what_was_interrupted() -> None:
    """Between two calls nothing is taken up for the while in which the second rings; if that fails, it is."""
    story = told(centre(ann={}))
    come(story, 1 * S, "mail")
    answer(story, 1 * S)
    come(story, 2 * S, "voice")
    answer(story, 2 * S)
    come(story, 3 * S, "voice")
    story.take(9 * S, ContactReleased("voice-1", "ann"), WrappedUp("ann", "voice-1", "resolved"))
    assert {"mail-1": "interrupted", "voice-2": "reserved"} == in_hand(story)
    story.take(10 * S, ContactLeft("voice-2"))
    assert {"mail-1": "talking"} == in_hand(story)


def test_an_interrupted_mail_can_end() -> None:
    """A contact that waits for its agent ends like any other, and is wrapped up."""
    story = told(centre(ann={}))
    come(story, 1 * S, "mail")
    answer(story, 1 * S)
    come(story, 2 * S, "voice")
    answer(story, 2 * S)
    story.take(5 * S, ContactReleased("mail-1", "ann"))
    assert {"mail-1": "wrap_up", "voice-1": "talking"} == in_hand(story)
    assert [("mail-1", "handled", 4 * S)] == [(e.contact, e.outcome, e.talk_ms) for _, e in story.of(ContactEnded)]


def test_mails_do_not_pile_up_behind_a_call() -> None:
    """What is interrupted keeps its room: mails in hand and new ones fit into the capacity without any call."""
    story = told(centre(ann={"capacity": 120}))
    come(story, 1 * S, *["mail"] * 4)
    answer(story, 1 * S)
    come(story, 2 * S, "voice", "mail")
    answer(story, 2 * S)
    assert 4 == sum(contact.startswith("mail") for contact in in_hand(story))
    assert 3 == [*in_hand(story).values()].count("interrupted")


# --- wrap-up, pauses and missed offers ------------------------------------------------------------------------------


def test_each_wrap_up_has_its_own_end() -> None:
    """Pain: the wrap-up of the first contact ended with the last one's. Here each ends when its own time is over."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat", "chat")
    answer(story, 1 * S)
    story.take(10 * S, ContactReleased("chat-1", "ann"))
    story.take(25 * S, ContactReleased("chat-2", "ann"))
    story.wait(100 * S)
    assert [(40 * S, "chat-1"), (55 * S, "chat-2")] == [(at, event.contact) for at, event in story.of(WrapUpExpired)]


def test_to_be_ready_ends_every_wrap_up() -> None:
    """Who says that he is ready is done with all that he wraps up, and goes on talking."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat", "chat", "chat")
    answer(story, 1 * S)
    story.take(
        10 * S, ContactReleased("chat-1", "ann"), ContactReleased("chat-2", "ann"), AgentStateSet("ann", "ready")
    )
    assert {"chat-3": "talking"} == in_hand(story)


def test_a_pause_begins_when_all_is_done_and_nothing_new_comes_meanwhile() -> None:
    """A pause asked for with chats in hand stops offers at once, and begins at the end of the last wrap-up."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat", "chat")
    answer(story, 1 * S)
    story.take(2 * S, AgentStateSet("ann", "paused", "tea"))
    come(story, 3 * S, "chat")
    story.take(10 * S, ContactReleased("chat-1", "ann"), WrappedUp("ann", "chat-1", "resolved"))
    assert [] == story.of(AgentMoved)
    story.take(20 * S, ContactReleased("chat-2", "ann"), WrappedUp("ann", "chat-2", "resolved"))
    assert [(20 * S, AgentMoved("ann", "paused", "tea"))] == story.of(AgentMoved)
    assert 2 == len(story.of(OfferContact))


def test_a_pause_taken_back_brings_what_waits() -> None:
    """Who has room and means to go on after all is offered the first that waits, at once."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    story.take(2 * S, AgentStateSet("ann", "paused", "tea"))
    come(story, 3 * S, "chat")
    story.news()
    story.take(4 * S, AgentStateSet("ann", "ready"))
    assert [("chat-2", "ann")] == offered(story)


def test_who_misses_an_offer_with_chats_in_hand_keeps_them() -> None:
    """He is not responding to new contacts, keeps those in hand, and is offered more when he says that he is ready."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    come(story, 2 * S, "chat")
    story.wait(30 * S)
    ann = story.engine.board.floor.agents["ann"]
    assert (Stance.NOT_RESPONDING, AgentState.TALKING, {"chat-1": "talking"}) == (ann.stance, ann.state, in_hand(story))
    story.news()
    story.take(40 * S, AgentStateSet("ann", "ready"))
    assert [("chat-2", "ann")] == offered(story)


def test_a_log_out_while_not_responding_waits_for_the_chats_too() -> None:
    """Whatever the stance, nobody goes home with contacts in hand."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    come(story, 2 * S, "chat")
    story.take(30 * S, AgentStateSet("ann", "offline"))
    assert {"chat-1": "talking"} == in_hand(story)
    story.take(40 * S, ContactReleased("chat-1", "ann"), WrappedUp("ann", "chat-1", "resolved"))
    assert Stance.OFFLINE is story.engine.board.floor.agents["ann"].stance


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "refusal"),
    [
        (AgentStateSet("ann", "ready"), ("stale", "agent 'ann' is talking and asked for nothing else")),
        (
            WrappedUp("ann", "chat-1", "resolved"),
            ("illegal", "contact 'chat-1' is not over yet: it cannot be wrapped up"),
        ),
        (WrappedUp("ann", "chat-9", "resolved"), ("stale", "agent 'ann' is not in wrap-up after contact 'chat-9'")),
        (ContactReleased("chat-9", "ann"), ("stale", "agent 'ann' does not talk with contact 'chat-9'")),
    ],
)
def test_what_is_refused_names_the_contact(fact: Event, refusal: tuple[str, str]) -> None:
    """With several contacts in hand, an impossible fact about one of them changes nothing about the others."""
    story = told(centre(ann={}))
    come(story, 1 * S, "chat", "chat")
    answer(story, 1 * S)
    assert refusal == story.refusal(5 * S, fact)


def test_new_rules_must_have_the_channels_of_those_in_flight() -> None:
    """Rules without a channel by which somebody has come are refused while he is there."""
    rules = centre(ann={})
    lacking = replace(rules, floor=replace(rules.floor, channels={"voice": CHANNELS["voice"]}), hash="v2")
    story = Story(rules, lacking)
    come(story, 1 * S, "chat")
    fault, reason = story.refusal(2 * S, CentreStarted("v2"))
    assert ("illegal", True) == (fault, "channel 'chat'" in reason)


def test_new_rules_change_what_fits() -> None:
    """What is in hand keeps its cost; what comes next costs what the new rules say."""
    rules = centre(ann={})
    dearer = {**CHANNELS, "chat": replace(CHANNELS["chat"], cost=60)}
    story = Story(rules, replace(rules, floor=replace(rules.floor, channels=dearer), hash="v2"))
    story.take(0, *ready("ann"))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    story.take(2 * S, CentreStarted("v2"))
    come(story, 3 * S, "chat", "chat")
    answer(story, 3 * S)
    assert 20 + 60 == story.engine.board.floor.agents["ann"].load


# --- afterwards -----------------------------------------------------------------------------------------------------


def test_a_snapshot_keeps_what_is_in_hand() -> None:
    """An engine that goes on from a snapshot decides as the one that was never interrupted."""
    story = told(centre(ann={}))
    come(story, 1 * S, "mail", "chat")
    answer(story, 1 * S)
    come(story, 2 * S, "chat")
    twin = copy(story.engine)
    fact = ContactReleased("chat-1", "ann")
    assert story.engine.handle(fact, 5 * S) == twin.handle(fact, 5 * S)
    assert story.engine.tick(90 * S) == twin.tick(90 * S)


def test_handling_several_at_once_is_handling_once() -> None:
    """Occupancy counts the time with any contact in hand: two chats at once are no more than one, nor is an offer."""
    rules = centre(ann={})
    story = told(rules)
    come(story, 10 * S, "chat", "chat")
    answer(story, 10 * S)
    story.take(40 * S, ContactReleased("chat-1", "ann"), WrappedUp("ann", "chat-1", "resolved"))
    story.take(50 * S, ContactReleased("chat-2", "ann"), WrappedUp("ann", "chat-2", "resolved"))
    measures = Measures(rules)
    for at, event in story.log:
        measures.apply(event, at)
    tally = measures.tally(60 * S)
    assert (40 * S, 20 * S, 0) == (tally.handling_ms, tally.ready_ms, tally.ringing_ms)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("ann", "without room for a call of 100 units: 20 of his 100 units are taken by chat-1"),
        ("bob", "taking no calls"),
    ],
)
def test_why_not_says_what_there_is_no_room_for(agent: str, words: str) -> None:
    """Who has room for something else is no candidate, and what takes the room is said."""
    story = told(centre(ann={}, bob={"channels": (("chat", None),)}))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    come(story, 2 * S, "voice")
    assert f"voice-1 waits. {agent} is no candidate: {words}." == said(story, "voice-1", agent)[0]


def test_why_derives_a_choice_by_load_again() -> None:
    """An offer beside other contacts is derived again from the log, with the load of every candidate."""
    story = told(centre(selection="least_occupied", ann={}, bob={}))
    come(story, 1 * S, "chat")
    answer(story, 1 * S)
    come(story, 2 * S, "chat")
    assert [
        "chat-2 rings since 00:00:02",
        "Why bob: it was offered to bob at 00:00:02.",
        f"2 ready agents could serve it; {ORDERS['least_occupied']}:",
        "  1. bob: 0 % of the capacity taken, idle since 00:00:00",
        "  2. ann: 20 % of the capacity taken, idle since 00:00:00",
    ] == said(story, "chat-2")


def test_an_audit_knows_of_interruptions() -> None:
    """A true story with interruptions has no fault; one whose interruption is heard twice has."""
    story = told(centre(ann={}))
    come(story, 1 * S, "mail")
    answer(story, 1 * S)
    come(story, 2 * S, "voice")
    answer(story, 2 * S)
    true, false = Audit(in_hand_max=2), Audit(in_hand_max=2)
    for seq, (at, event) in enumerate(story.log, 1):
        true.hear(seq, event, at)
        false.hear(seq, event, at)
    (interrupted,) = (event for _, event in story.log if isinstance(event, ContactInterrupted))
    false.hear(len(story.log) + 1, interrupted, 3 * S)
    assert [] == true.problems(finished=False)
    assert any("or was so already" in problem for problem in false.problems(finished=False))


@pytest.mark.parametrize(
    ("own", "most"),
    [({}, 10), ({"channels": (("voice", None),)}, 1), ({"channels": (("voice", None), ("mail", None))}, 6)],
)
def test_how_many_an_agent_may_have_in_hand(own: dict[str, Any], most: int) -> None:
    """Chats fill the capacity once, and mails once more."""
    assert most == in_hand_max(centre(ann=own).floor)
