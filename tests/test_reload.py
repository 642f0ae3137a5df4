"""New rules while contacts are in flight: nobody is lost, and what would lose somebody is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from acd.events import AgentStateSet, OfferContact, OfferDeclined
from escalation.events import HoursChanged
from ivr.events import ContactKeyed
from ivr.flow import HandOver, Menu, Node, Say
from router.engine import Engine
from router.events import CentreStarted
from router.plan import Plan
from tests.worlds import (
    ARRIVED,
    QUEUE,
    READY,
    S,
    Story,
    copy,
    joining,
    plan,
    ringing,
    state,
    talking,
    with_queue,
    wrapping_up,
)


@pytest.mark.parametrize("began", [ringing, joining, talking, wrapping_up])
def test_new_rules_lose_nobody(began: Callable[[Plan], Story]) -> None:
    """Rules may change while a contact is in any state; its story goes on as it was."""
    old = plan()
    story = began(old)
    engine, new = Engine(old, replace(with_queue(old, "help", join_ms=7 * S), hash="v2")), CentreStarted("v2")
    engine.board = copy(story.engine).board
    engine.board.plans = engine.plans
    story.engine = engine
    before = state(story)
    story.take(9 * S, new)
    assert [(9 * S, new), (9 * S, HoursChanged("always", True, None))] == story.news()
    assert before == state(story)
    story.engine.board.check()
    story.wait(10**6)
    story.engine.board.check()


@pytest.mark.parametrize(
    ("new", "lacking"),
    [
        (plan(queues=(replace(QUEUE, id="other"),), version="v2"), "queue 'help'"),
        (plan(agents={"bob": ()}, version="v2"), "agent 'ann'"),
    ],
)
def test_new_rules_must_know_who_is_in_flight(new: Plan, lacking: str) -> None:
    """Rules that lack a queue or an agent that somebody needs just now are refused, with what they lack."""
    story = Story(plan(), new)
    story.take(1 * S, READY, ARRIVED)
    fault, why = story.refusal(2 * S, CentreStarted("v2"))
    assert "illegal" == fault
    assert why.startswith(f"the new rules lack what contacts in flight need: {lacking}")


def test_a_question_must_stay_a_question() -> None:
    """Rules under which a node where somebody is asked something becomes one that asks nothing are refused."""
    queue: Node = HandOver("queue", "help")
    old = plan({"ask": Menu("ask", ("m",), (("1", "queue"),), "queue"), "queue": queue})
    new = plan({"ask": Say("ask", ("m",), "queue"), "queue": queue}, version="v2")
    story = Story(old, new)
    story.take(1, ARRIVED)
    why = "the new rules lack what contacts in flight need: menu 'ask' of flow 'front'"
    assert ("illegal", why) == story.refusal(2, CentreStarted("v2"))
    story.take(3, ContactKeyed("c1", "1"), CentreStarted("v2"))
    assert "v2" == story.engine.board.plan.hash


def test_an_agent_may_leave_the_centre() -> None:
    """An agent who is offline may go from the rules for good; what was set for him does nothing."""
    story = Story(plan(), plan(agents={"bob": ()}, version="v2"))
    story.take(0, AgentStateSet("ann", "ready", "", 60 * S), ARRIVED)
    story.take(1, OfferDeclined("c1", "ann", 1), AgentStateSet("ann", "offline"), CentreStarted("v2"))
    story.wait(10**6)
    assert ("illegal", "agent 'ann' is not in the centre") == story.refusal(10**6, READY)
    story.take(10**6, AgentStateSet("bob", "ready"))
    assert "bob" == story.of(OfferContact)[-1][1].agent
