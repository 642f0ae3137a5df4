"""The made-up world: what customers, agents and teams do about what the engine decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactInterrupted,
    ContactJoined,
    ContactQueued,
    ContactResumed,
    JoinParties,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    WrappedUp,
    WrapUpStarted,
)
from escalation.events import CaseAccepted, CaseOpened, CaseResolved
from ivr.events import CollectDigits, ContactKeyed, PromptFinished, SayPrompts
from router.events import ContactArrived, ContactLeft, Event
from simulator.agents import Shift
from simulator.population import Customer
from simulator.settings import AgentsSpec
from simulator.world import World

SPEC = AgentsSpec.model_validate({"answering": {"fixed": "3s"}, "back_after": "60s"})
CAREFUL, CARELESS = SPEC, SPEC.model_copy(update={"miss": 1.0})
CUSTOMER = Customer(
    id="c-1",
    arrival_ms=1_000,
    entry_point="main",
    address="100",
    number="+1",
    customer_number="",
    language="en",
    reason="question",
    self_served=False,
    answers={"ask": "42"},
    listen_ms=2_000,
    patience_ms=30_000,
    talk_ms=90_000,
    wrap_up_ms=5_000,
    outcome="escalated",
    follow_up_ms=700_000,
    pick_up_ms=400_000,
    work_ms=500_000,
    redial_ms=(60_000,),
)
QUEUED = ContactQueued("c-1", "help", "en", 0, (), 1_000)
OFFER = OfferContact(7, "c-1", "ann", "help", "en", 99_000, 0, 0, 0, 1, ())


def opened(team: str) -> CaseOpened:
    """A case of the customer's."""
    return CaseOpened("case-1", "c-1", "question", team, "help", "question", 9, 9)


def world(
    spec: AgentsSpec = CAREFUL, *, until: int | None = None, lease_ms: int = 0, present: tuple[str, ...] = ()
) -> World:
    """One customer, and Ann from 0 to 1,000 s."""
    return World(spec, 1, [CUSTOMER], [Shift(0, 1_000_000, "ann")], until=until, lease_ms=lease_ms, present=present)


def facts(of: World, until: int = 10**9) -> list[tuple[int, Event]]:
    """All that is planned up to an instant, taken off in order."""
    done = []
    while (at := of.upcoming()) is not None and at <= until:
        done.append((at, of.act()))
    return done


def on_the_line(spec: AgentsSpec = CAREFUL, *, until: int | None = None) -> World:
    """A world in which Ann is there and the customer has just called."""
    made = world(spec, until=until)
    assert [(0, AgentStateSet("ann", "ready")), (1_000, ContactArrived("c-1", "100", "+1", personal=True))] == (
        facts(made, 1_000)
    )
    return made


def planned(made: World, *heard: tuple[Event, int]) -> list[tuple[int, Event]]:
    """What is to come after these events, but for the end of the shift."""
    for event, now in heard:
        made.hear(event, now)
    return [(at, fact) for at, fact in facts(made) if at < 1_000_000]


def test_customers_are_not_read_ahead() -> None:
    """The next customer is drawn when the one before calls, so that a long run needs no long list."""
    read: list[str] = []

    def customers() -> Iterator[Customer]:
        for n in range(1, 4):
            read.append(f"c-{n}")
            yield replace(CUSTOMER, id=f"c-{n}", arrival_ms=n * 1_000)

    made = World(CAREFUL, 1, customers(), [])
    assert ["c-1"] == read
    made.act()
    assert ["c-1", "c-2"] == read


def test_a_customer_listens_keys_what_is_known_and_stays_silent_else() -> None:
    """A prompt is heard to its end; an answer is keyed instead of that, where there is one."""
    say = SayPrompts("c-1", 1, ("ask",), "en", 99_000)
    assert [(3_000, PromptFinished("c-1", 1))] == planned(on_the_line(), (say, 1_000))
    assert [(3_000, ContactKeyed("c-1", "42"))] == (
        planned(on_the_line(), (say, 1_000), (CollectDigits("c-1", "ask", 2), 1_000))
    )
    assert [(3_000, PromptFinished("c-1", 1))] == (
        planned(on_the_line(), (say, 1_000), (CollectDigits("c-1", "other", 2), 1_000))
    )


def test_patience_begins_in_the_queue_and_ends_with_the_answer() -> None:
    """Who is not answered leaves after his patience; who is, when the talk is over."""
    joined = ContactJoined("c-1", "ann", 7)
    assert [(35_000, ContactLeft("c-1"))] == planned(on_the_line(), (QUEUED, 5_000))
    assert [(102_000, ContactLeft("c-1"))] == planned(on_the_line(), (QUEUED, 5_000), (joined, 12_000))


def test_who_gave_up_calls_again_until_it_is_too_late() -> None:
    """After giving up a customer calls again as drawn, under another id, unless that would be after the end."""
    abandoned = ContactEnded("c-1", "abandoned", "help", "", 30_000, 0)
    again = [(95_000, ContactArrived("c-1-1", "100", "+1", personal=True))]
    assert again == planned(on_the_line(until=95_001), (abandoned, 35_000))
    assert [] == planned(on_the_line(until=95_000), (abandoned, 35_000))


@pytest.mark.parametrize(("spec", "answer"), [(CAREFUL, [(8_000, OfferAccepted("c-1", "ann", 7))]), (CARELESS, [])])
def test_an_agent_answers_an_offer_or_lets_it_pass(spec: AgentsSpec, answer: list[tuple[int, Event]]) -> None:
    """Who answers does so after a while, and who misses an offer does nothing at all."""
    assert answer == planned(on_the_line(spec), (OFFER, 5_000))


def test_an_offer_that_is_over_is_not_answered() -> None:
    """An answer that was planned is called off when the offer ends before."""
    assert [] == planned(on_the_line(), (OFFER, 5_000), (OfferExpired(7, "c-1", "ann"), 6_000))


def test_the_parties_are_joined_when_asked_for() -> None:
    """The telephony side of the made-up world confirms a join at once."""
    assert [(9_000, ContactJoined("c-1", "ann", 7))] == (
        planned(on_the_line(), (JoinParties(7, "c-1", "ann", 99_000), 9_000))
    )


def test_a_contact_of_somebody_else_is_declined() -> None:
    """Agents of a made-up world have nothing to say to customers who are not of it."""
    made = on_the_line()
    stranger = replace(OFFER, contact="call-17")
    joined = ContactJoined("call-17", "ann", 7)
    declined = OfferDeclined("call-17", "ann", 7, "busy with something else")
    assert [(8_000, declined)] == planned(made, (stranger, 5_000))
    for event in (replace(QUEUED, contact="call-17"), joined, ContactEnded("call-17", "handled", "help", "ann", 0, 0)):
        made.hear(event, 9_000)
    assert [] == facts(made)


def test_an_interruption_puts_the_end_off_by_as_much() -> None:
    """What is left to talk about, or to work on, when an agent turns to something else is left when he comes back."""
    joined, interrupted = ContactJoined("c-1", "ann", 7), ContactInterrupted("c-1", "ann")
    assert [(100_000, ContactLeft("c-1"))] == planned(on_the_line(), (joined, 10_000))
    assert [] == planned(on_the_line(), (joined, 10_000), (interrupted, 80_000))
    resumed = (ContactResumed("c-1", "ann"), 150_000)
    assert [(170_000, ContactLeft("c-1"))] == planned(on_the_line(), (joined, 10_000), (interrupted, 80_000), resumed)


def test_wrap_up_takes_its_time_and_says_what_was_drawn() -> None:
    """The outcome of a contact is the customer's own, whoever answers."""
    wrap_up = WrapUpStarted("ann", "c-1", "help", 99_000)
    done = WrappedUp("ann", "c-1", "escalated", "question")
    assert [(15_000, done)] == planned(on_the_line(), (wrap_up, 10_000))


def test_a_case_is_worked_on_by_whoever_has_it() -> None:
    """A team picks a case up and works on it; the first line resolves its own later."""
    team = [(410_000, CaseAccepted("case-1")), (910_000, CaseResolved("case-1"))]
    assert team == planned(on_the_line(), (opened("experts"), 10_000))
    assert [(710_000, CaseResolved("case-1"))] == planned(on_the_line(), (opened(""), 10_000))


def test_who_is_not_responding_comes_back_within_his_shift() -> None:
    """After a while an agent is ready again, if he is still at work then."""
    moved = AgentMoved("ann", "not_responding", "missed 1 in a row")
    assert [(70_000, AgentStateSet("ann", "ready"))] == planned(on_the_line(), (moved, 10_000))
    assert [] == planned(on_the_line(), (moved, 990_000))


def test_presence_is_renewed_in_good_time() -> None:
    """With a lease, an agent says three times within it that he is there, until he logs out."""
    made = world(lease_ms=300_000)
    in_ = AgentStateSet("ann", "ready", lease_ms=300_000)
    assert [(0, in_)] == facts(made, 0)
    made.hear(in_, 0)
    assert (100_000, AgentAlive("ann", 300_000)) in facts(made, 100_000)
    made.hear(AgentAlive("ann", 300_000), 100_000)
    assert [(200_000, AgentAlive("ann", 300_000))] == facts(made, 200_000)
    made.hear(AgentAlive("ann", 300_000), 200_000)
    made.hear(AgentStateSet("ann", "offline"), 210_000)
    assert [(1_000_000, AgentStateSet("ann", "offline"))] == facts(made)


def test_who_is_there_already_does_not_log_in_again() -> None:
    """An agent left behind by an earlier run renews his lease instead."""
    assert [(0, AgentAlive("ann", 300_000))] == facts(world(lease_ms=300_000, present=("ann",)), 0)


def test_a_lapsed_lease_is_followed_by_a_log_in_once_idle() -> None:
    """Who is thrown out logs in again at once; who is busy then, when the contact in hand is done."""
    back = [(20_000, AgentStateSet("ann", "ready"))]
    assert back == planned(on_the_line(), (AgentLapsed("ann"), 20_000))
    assert [] == planned(on_the_line(CARELESS), (OFFER, 5_000), (AgentLapsed("ann"), 20_000))
    moved = AgentMoved("ann", "offline", "lease lapsed")
    assert back == planned(on_the_line(CARELESS), (OFFER, 5_000), (AgentLapsed("ann"), 15_000), (moved, 20_000))


def test_closing_sends_everybody_home() -> None:
    """At the end whoever is on the line hangs up and whoever is there logs out, and nothing else is to come."""
    made = on_the_line()
    made.hear(AgentStateSet("ann", "ready"), 0)
    made.hear(QUEUED, 5_000)
    made.close(7_000)
    assert [(7_000, ContactLeft("c-1")), (7_000, AgentStateSet("ann", "offline"))] == facts(made)


def test_after_a_gap_nobody_is_forgotten_and_nobody_waits_for_ever() -> None:
    """Who is gone is gone; who is left hangs up in the end; who was thrown out logs in again."""
    made = on_the_line()
    made.hear(AgentStateSet("ann", "ready"), 0)
    made.resume(["c-1"], ["ann"], 50_000)
    assert [(50_000, AgentStateSet("ann", "ready")), (170_000, ContactLeft("c-1"))] == facts(made, 999_999)
    made.resume([], [], 180_000)
    assert 0 == made.under_way
