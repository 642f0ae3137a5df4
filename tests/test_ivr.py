"""Menus: what customers hear and key, told as whole stories with their instants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.events import AgentStateSet, ContactEnded, ContactQueued, HangUp, OfferContact
from escalation.events import HoursChanged
from escalation.hours import Calendar
from ivr import flow
from ivr.events import (
    CollectDigits,
    ContactKeyed,
    DigitsCollected,
    FlowMoved,
    InputMissed,
    MoveReason,
    PromptFinished,
    PromptOverran,
    SayPrompts,
)
from ivr.flow import Collect, HandOver, Hours, Menu, Node, Say, SetLanguage
from ivr.session import KEYS_MAX
from router.board import Board
from router.events import ContactArrived, ContactLeft
from tests.worlds import S, Story, dump, plan

QUEUE: Node = HandOver("queue", "help")
MENU: Node = Menu("menu", ("which",), (("1", "queue"), ("2", "bye"), ("*", "menu")), "queue", attempts_max=2)
BYE: Node = flow.HangUp("bye", ("goodbye",))
NUMBER = Collect("number", ("key_it",), "employee", 2, 4, "menu", "queue", identify=True, attempts_max=2)
ARRIVED = ContactArrived("c1", "100")


def story_of(*nodes: Node, arrives_at: int = 0) -> Story:
    """A call that comes in where these nodes are, at the first."""
    story = Story(plan({node.id: node for node in nodes}))
    story.take(arrives_at, ARRIVED)
    return story


def moved(node: str, because: MoveReason, used: int = 0) -> FlowMoved:
    """The call comes to a node."""
    return FlowMoved("c1", "front", node, because, used)


def said(number: int, at: int, *prompts: str, language: str = "en") -> SayPrompts:
    """The call hears something."""
    return SayPrompts("c1", number, prompts, language, at + 60 * S)


def queued(at: int, need_since: int = 0, language: str = "en", customer: str = "") -> tuple[int, ContactQueued]:
    """The call waits."""
    return (at, ContactQueued("c1", "help", language, 0, (), need_since, customer=customer))


def test_a_menu_is_heard_then_answered() -> None:
    """A greeting, a menu, one key, and the queue."""
    story = story_of(Say("hi", ("hello",), "menu"), MENU, QUEUE, BYE)
    story.take(2, PromptFinished("c1", 1))
    story.take(5, PromptFinished("c1", 2))
    story.take(7, ContactKeyed("c1", "1"))
    assert [
        (0, ARRIVED),
        (0, moved("hi", "started")),
        (0, said(1, 0, "hello")),
        (2, PromptFinished("c1", 1)),
        (2, moved("menu", "said")),
        (2, said(2, 2, "which")),
        (2, CollectDigits("c1", "menu", 1)),
        (5, PromptFinished("c1", 2)),
        (7, ContactKeyed("c1", "1")),
        (7, moved("queue", "chosen", 1)),
        queued(7),
    ] == story.news()


def test_a_key_cuts_the_prompt_short() -> None:
    """Barge-in: a key during the prompt is taken at once, and late news that the prompt is over changes nothing."""
    story = story_of(MENU, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "*"))
    story.news()
    story.take(2, PromptFinished("c1", 1))
    assert [(2, PromptFinished("c1", 1))] == story.news()
    assert 1 + 60 * S == story.engine.deadline()


def test_keys_ahead_are_used_in_order() -> None:
    """Type-ahead: what was pressed during a greeting answers the questions after it, which are then not asked."""
    story = story_of(Say("hi", ("hello",), "number"), NUMBER, MENU, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "12"), ContactKeyed("c1", "34"), ContactKeyed("c1", "1"))
    story.news()
    story.take(2, PromptFinished("c1", 1))
    assert [
        (2, PromptFinished("c1", 1)),
        (2, moved("number", "said")),
        (2, DigitsCollected("c1", "number", "employee", "1234", True)),
        (2, moved("menu", "filled", 4)),
        (2, moved("queue", "chosen", 1)),
        queued(2, customer="1234"),
    ] == story.news()


@pytest.mark.parametrize("late", [("#", "1"), ("#1",), ("1",)])
def test_a_terminator_after_the_last_digit_says_nothing(late: tuple[str, ...]) -> None:
    """Who ends a number of full length with # all the same has not pressed a wrong key at the next menu."""
    story = story_of(NUMBER, MENU, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "1234"), *(ContactKeyed("c1", keys) for keys in late))
    assert [] == story.of(InputMissed)
    assert ["started", "filled", "chosen"] == [event.because for _, event in story.of(FlowMoved)]


def test_a_menu_that_offers_the_terminator_gets_it() -> None:
    """Where # is a choice of the menu after the number, it is taken for one."""
    menu = Menu("menu", ("menu",), (("#", "queue"),), "bye")
    story = story_of(NUMBER, menu, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "1234"), ContactKeyed("c1", "#"))
    assert "chosen" == story.of(FlowMoved)[-1][1].because


def test_half_a_number_ahead_is_waited_for() -> None:
    """Where keys ahead begin a number, the rest is listened for without the prompt; silence then ends the number."""
    story = story_of(Say("hi", ("hello",), "number"), NUMBER, MENU, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "12"))
    story.take(2, PromptFinished("c1", 1))
    assert (2, CollectDigits("c1", "number", 4, "#")) == story.log[-1]
    assert 2 + 5 * S == story.engine.deadline()
    story.news()
    story.wait(2 + 5 * S)
    assert [(2 + 5 * S, DigitsCollected("c1", "number", "employee", "12", True))] == story.of(DigitsCollected)


def test_a_wrong_key_drops_those_after_it() -> None:
    """After a wrong key the customer is asked again, and what else he had pressed is forgotten."""
    story = story_of(Say("hi", ("hello",), "menu"), MENU, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "91"))
    story.news()
    story.take(2, PromptFinished("c1", 1))
    assert [
        (2, PromptFinished("c1", 1)),
        (2, moved("menu", "said")),
        (2, InputMissed("c1", "menu", "no_match", 1, 2)),
        (2, said(2, 2, "which")),
        (2, CollectDigits("c1", "menu", 1)),
    ] == story.news()


def test_silences_and_wrong_keys_are_counted_apart() -> None:
    """A silence, a wrong key and a second silence: only two of a kind are too many."""
    story = story_of(MENU, QUEUE, BYE)
    story.take(1 * S, PromptFinished("c1", 1))
    story.wait(6 * S)
    story.take(7 * S, ContactKeyed("c1", "9"))
    story.take(8 * S, PromptFinished("c1", 3))
    story.wait(13 * S)
    assert [
        (6 * S, InputMissed("c1", "menu", "no_input", 1)),
        (7 * S, InputMissed("c1", "menu", "no_match", 1, 1)),
        (13 * S, InputMissed("c1", "menu", "no_input", 2)),
    ] == story.of(InputMissed)
    assert [(13 * S, moved("queue", "no_input")), queued(13 * S)] == story.news()[-2:]


def test_coming_again_clears_the_counts() -> None:
    """To choose the menu again is to begin again: earlier silences no longer count."""
    story = story_of(MENU, QUEUE, BYE)
    story.take(1 * S, PromptFinished("c1", 1))
    story.wait(6 * S)
    story.take(7 * S, ContactKeyed("c1", "*"))
    story.take(8 * S, PromptFinished("c1", 3))
    story.wait(13 * S)
    assert [1, 1] == [event.count for _, event in story.of(InputMissed)]


def test_a_prompt_nobody_reports_counts_as_played() -> None:
    """Without news of its end a prompt is over at its time, and the silence begins there."""
    story = story_of(MENU, QUEUE, BYE)
    story.news()
    story.wait(65 * S)
    assert [
        (60 * S, PromptOverran("c1", 1)),
        (65 * S, InputMissed("c1", "menu", "no_input", 1)),
        (65 * S, said(2, 65 * S, "which")),
        (65 * S, CollectDigits("c1", "menu", 1)),
    ] == story.news()


@pytest.mark.parametrize(
    ("keys", "value", "left"),
    [("12#", "12", ""), ("1234", "1234", ""), ("123#", "123", ""), ("1234#", "1234", ""), ("123456", "1234", "56")],
)
def test_a_number_ends_with_its_terminator_or_its_last_digit(keys: str, value: str, left: str) -> None:
    """A number is as long as it may be, or ends at the terminator; what comes after it is for the next question."""
    ear = Say("ear", ("hm",), "queue")
    story = story_of(replace(NUMBER, next="ear"), ear, QUEUE)
    story.take(1, ContactKeyed("c1", keys))
    assert [value] == [event.value for _, event in story.of(DigitsCollected)]
    assert left == story.engine.board.menus.sessions["c1"].keys


@pytest.mark.parametrize("keys", ["1#", "#", "1*3#", "**23"])
def test_a_number_that_is_none_is_asked_for_again(keys: str) -> None:
    """Too short, or with a star in it: the number is asked for again, and at the limit the failure branch is taken."""
    story = story_of(NUMBER, MENU, QUEUE, BYE)
    story.news()
    story.take(1, ContactKeyed("c1", keys))
    assert [
        (1, ContactKeyed("c1", keys)),
        (1, InputMissed("c1", "number", "no_match", 1, len(keys))),
        (1, said(2, 1, "key_it")),
        (1, CollectDigits("c1", "number", 4, "#")),
    ] == story.news()
    story.take(2, ContactKeyed("c1", keys))
    assert (2, moved("queue", "no_match")) in story.news()


def test_half_a_number_is_no_match_after_a_pause() -> None:
    """One digit and then silence is a wrong number, not silence."""
    story = story_of(NUMBER, MENU, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "1"))
    story.wait(1 + 5 * S)
    assert [(1 + 5 * S, InputMissed("c1", "number", "no_match", 1, 1))] == story.of(InputMissed)


def test_a_number_names_the_customer() -> None:
    """What is collected to identify goes with the contact, and is on the agent's screen."""
    story = story_of(replace(NUMBER, next="queue"), QUEUE)
    story.take(1, AgentStateSet("ann", "ready"), ContactKeyed("c1", "1234"))
    assert ["1234"] == [event.customer for _, event in story.of(OfferContact)]
    assert "1234" not in repr(story.log)


def test_secret_digits_are_kept_nowhere() -> None:
    """No state and no decision holds a secret number, or what was keyed right before and after it."""
    secret = Collect("pin", ("key_it",), "pin", 4, 4, "ear", "queue", secret=True)
    story = story_of(Say("hi", ("hello",), "pin"), secret, Say("ear", ("hm",), "queue"), QUEUE)
    story.take(1, ContactKeyed("c1", "55"))
    story.take(2, PromptFinished("c1", 1))
    assert story.engine.takes_secret(ContactKeyed("c1", "7"))
    story.take(3, ContactKeyed("c1", "77"))
    assert b"77" not in dump(story.engine.board)
    story.take(4, ContactKeyed("c1", "7788"))
    decisions = [event for _, event in story.log if not isinstance(event, ContactKeyed)]
    state = dump(story.engine.board)
    assert [""] == [event.value for _, event in story.of(DigitsCollected)]
    assert not any(digits in repr(decisions) or digits.encode() in state for digits in ("55", "77", "88"))
    assert "7788" not in repr(story.log)
    assert "ear" == story.engine.board.menus.sessions["c1"].node


def test_a_log_without_its_secrets_gives_the_same_state() -> None:
    """A log from which secret digits were left out folds into the very same state, once the number is over."""
    secret = Collect("pin", ("key_it",), "pin", 4, 4, "menu", "queue", secret=True)
    story = story_of(secret, MENU, QUEUE, BYE)
    story.take(1, ContactKeyed("c1", "77779"))
    board = Board(story.engine.plans, "v1")
    for at, event in story.log:
        board.apply(ContactKeyed("c1", "") if isinstance(event, ContactKeyed) else event, at)
    assert dump(story.engine.board) == dump(board)


def test_a_secret_never_unnames_the_customer() -> None:
    """A centre whose secret number is also to identify does not lose who the customer is."""
    both = Collect("pin", ("key_it",), "pin", 4, 4, "queue", "queue", identify=True, secret=True)
    story = Story(plan({"pin": both, "queue": QUEUE}))
    story.take(1, ContactArrived("c1", "100", "+861", personal=True), ContactKeyed("c1", "7777"))
    assert "+861" == story.engine.board.floor.contacts["c1"].customer


def test_type_ahead_is_bounded() -> None:
    """A customer who leans on a key fills no memory and no stack; each key still leads where it leads."""
    story = story_of(Say("hi", ("hello",), "menu"), MENU, QUEUE, BYE)
    for _ in range(500):
        story.take(1, ContactKeyed("c1", "****"))
    assert KEYS_MAX == len(story.engine.board.menus.sessions["c1"].keys)
    story.news()
    story.take(2, PromptFinished("c1", 1))
    assert 1 + KEYS_MAX == len(story.of(FlowMoved))


def test_many_keys_at_once_lead_far() -> None:
    """Hundreds of nodes may follow from one key, as deep as the menus are."""
    hops: list[Node] = [SetLanguage(f"n{number}", "zh", f"n{number + 1}") for number in range(2_000)]
    story = story_of(*hops, HandOver("n2000", "help"))
    assert [queued(0, language="zh")] == story.of(ContactQueued)


def test_the_language_goes_with_the_contact() -> None:
    """Once a language is set, prompts, queue and offer are in it."""
    story = story_of(
        SetLanguage("zh", "zh", "hi"), Say("hi", ("hello",), "queue"), HandOver("queue", "help", ("wait",))
    )
    story.take(1, AgentStateSet("ann", "ready"), PromptFinished("c1", 1))
    assert ["zh", "zh"] == [event.language for _, event in story.of(SayPrompts)]
    assert ["zh"] == [event.language for _, event in story.of(OfferContact)]


def test_prompts_may_play_while_the_contact_waits() -> None:
    """Prompts of a hand-over are played in the queue; that they are over, or never reported, changes nothing."""
    story = story_of(HandOver("queue", "help", ("wait",)))
    assert [(0, said(1, 0, "wait")), queued(0)] == story.log[-2:]
    assert story.engine.deadline() is None
    story.news()
    story.take(9, PromptFinished("c1", 1))
    assert [(9, PromptFinished("c1", 1))] == story.news()


def test_a_prompt_never_asked_for_cannot_be_over() -> None:
    """News of a prompt with a number that was never given is illegal."""
    story = story_of(MENU, QUEUE, BYE)
    assert [("illegal", f"prompt {say} was never asked for") for say in (0, 2)] == [
        story.refusal(1, PromptFinished("c1", say)) for say in (0, 2)
    ]


@pytest.mark.parametrize("reported", [True, False])
def test_goodbye_ends_the_contact(reported: bool) -> None:  # noqa: FBT001
    """After its last prompt, reported or overrun, the contact is hung up as served in the menu."""
    story = story_of(BYE)
    end = 3 if reported else 60 * S
    story.take(end, *([PromptFinished("c1", 1)] if reported else []))
    assert [
        (end, HangUp("c1", "served in the menu")),
        (end, ContactEnded("c1", "served_in_menu", "", "", 0, 0)),
    ] == story.news()[-2:]
    assert ("stale", "contact 'c1' has ended") == story.refusal(end, PromptFinished("c1", 1))


def test_goodbye_without_words() -> None:
    """A hang-up without prompts hangs up at once."""
    story = story_of(flow.HangUp("bye"))
    assert [HangUp("c1", "served in the menu"), ContactEnded("c1", "served_in_menu", "", "", 0, 0)] == [
        event for _, event in story.log[-2:]
    ]


def test_leaving_a_menu_is_not_abandoning() -> None:
    """Who hangs up in a menu never entered a queue; keys that come after are stale, as are those in a queue."""
    story = story_of(MENU, QUEUE, BYE)
    story.take(1, ContactLeft("c1"))
    assert (1, ContactEnded("c1", "left_menu", "", "", 0, 0)) == story.log[-1]
    assert ("stale", "contact 'c1' has ended") == story.refusal(2, ContactKeyed("c1", "1"))
    story.take(3, ContactArrived("c2", "100"), ContactKeyed("c2", "1"))
    assert ("stale", "contact 'c2' is not in a menu") == story.refusal(4, ContactKeyed("c2", "1"))
    assert ("illegal", "contact 'c3' is not known") == story.refusal(4, ContactKeyed("c3", "1"))


@pytest.mark.parametrize(("at", "because"), [(99, "closed"), (100, "open"), (199, "open"), (200, "closed")])
def test_hours_turn_at_their_edges(at: int, because: str) -> None:
    """A calendar is open from its opening instant up to, and not at, its closing one."""
    shift = Calendar("shift", (100,), (200,), (0, 1_000))
    nodes: dict[str, Node] = {"hours": Hours("hours", "shift", "queue", "bye"), "queue": QUEUE, "bye": BYE}
    story = Story(plan(nodes, calendars=(shift,)))
    story.take(at, ARRIVED)
    assert [because] == [event.because for _, event in story.of(FlowMoved)][1:]


def test_a_menu_sees_hours_that_change_at_its_own_instant() -> None:
    """When a prompt runs out at the very instant of opening, the way leads to where it is open."""
    shift = Calendar("shift", (60 * S,), (90 * S,), (0, 1_000 * S))
    nodes: dict[str, Node] = {
        "hi": Say("hi", ("hello",), "hours"),
        "hours": Hours("hours", "shift", "queue", "bye"),
        "queue": QUEUE,
        "bye": BYE,
    }
    story = Story(plan(nodes, calendars=(shift,)))
    story.take(0, ARRIVED)
    story.news()
    story.wait(60 * S)
    assert [
        (60 * S, HoursChanged("shift", True, 90 * S)),
        (60 * S, PromptOverran("c1", 1)),
        (60 * S, moved("hours", "said")),
        (60 * S, moved("queue", "open")),
        queued(60 * S),
    ] == story.news()
