"""The hours of a queue: who comes when it is closed, who waits when it closes, and what is relaxed by the hour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactMoved,
    ContactQueued,
    ContactWidened,
    HangUp,
    JoinTimedOut,
    OfferAccepted,
    OfferContact,
    QueueLeft,
    WithdrawOffer,
)
from acd.plan import Hours, Overflow, QueuePlan, Relaxation, Requirement
from escalation.hours import Calendar
from router.events import CentreStarted, ContactArrived
from router.measures import Measures
from router.plan import Plan
from tests.worlds import S, Story, copy, plan, ready

OFFICE = Calendar("office", (100 * S,), (200 * S,), (0, 10_000 * S))
NIGHT = Calendar("night", (200 * S,), (10_000 * S,), (0, 10_000 * S))
OPEN, SHUT = 150 * S, 250 * S
"""The office is open from 100 to 200 s, the night begins then."""


def centre(hours: Hours | None, night: Hours | None = None, version: str = "v1", **changes: Any) -> Plan:
    """A queue `help` with these hours, and another, `late`; contacts come to the first. Both are served by Ann."""
    first = replace(QueuePlan("help", wrap_up_ms=0, case_type="matter", hours=hours, missed_offers_max=None), **changes)
    second = QueuePlan("late", wrap_up_ms=0, hours=night)
    return plan(queues=(first, second), agents={"ann": ("en",)}, calendars=(OFFICE, NIGHT), version=version)


def call(story: Story, contact: str, at: int) -> None:
    """A contact arrives; what happened before is no news."""
    story.wait(at)
    story.news()
    story.take(at, ContactArrived(contact, "100"))


def became(story: Story) -> list[Any]:
    """How contacts went on or ended since the last news: each with its second and what it was called."""
    ends = story.of(QueueLeft, ContactEnded)
    return [(at // S, event.contact, event.queue, event.outcome) for at, event in ends]


# --- who comes ----------------------------------------------------------------------------------------------------


def test_an_open_queue_takes_contacts_and_a_closed_one_sends_them_away() -> None:
    """From the opening instant on, up to the closing one; with last words, and a reason of its own."""
    story = Story(centre(Hours("office", prompts=("bye",))))
    for contact, at in (("c1", 99), ("c2", 100), ("c3", 199), ("c4", 200)):
        story.take(at * S, ContactArrived(contact, "100"))
    assert [(99, "c1", "help", "closed"), (200, "c4", "help", "closed")] == became(story)
    assert [HangUp("c1", "the queue is closed", ("bye",), "en")] == [event for _, event in story.of(HangUp)][:1]


def test_a_closed_queue_passes_contacts_on() -> None:
    """To the queue it names, with the place of their need; and on, if that is closed too."""
    story = Story(centre(Hours("office", "late"), Hours("night")))
    story.take(SHUT, ContactArrived("c1", "100"))
    assert [(250, "c1", "help", "closed")] == became(story)
    assert ["help", "late"] == [event.queue for _, event in story.of(ContactQueued)]
    call(other := Story(centre(Hours("office", "late"), Hours("office"))), "c1", SHUT)
    assert [(250, "c1", "help", "closed"), (250, "c1", "late", "closed")] == became(other)


def test_who_overflows_into_a_closed_queue_is_turned_away_there() -> None:
    """But whoever is moved there by hand is let in: a supervisor knows the hour."""
    story = Story(centre(None, Hours("office"), overflow=Overflow(10 * S, "late")))
    call(story, "c1", SHUT)
    story.wait(SHUT + 10 * S)
    assert [(260, "c1", "help", "overflowed"), (260, "c1", "late", "closed")] == became(story)
    call(story, "c2", SHUT + 20 * S)
    story.take(SHUT + 21 * S, ContactMoved("c2", "late"))
    assert [(271, "c2", "help", "moved")] == became(story)
    assert "late" == story.engine.board.floor.contacts["c2"].queue


def test_they_are_counted_apart() -> None:
    """Sent away as closed, and gone on from a closed queue; and nobody is lost."""
    story = Story(centre(Hours("office", "late"), Hours("office")))
    story.take(SHUT, ContactArrived("c1", "100"))
    measures = Measures(story.engine.board.plan)
    for at, event in story.log:
        measures.apply(event, at)
    tallies = measures.by_queue()
    assert (1, 1, 0) == (tallies["help"].offered, tallies["help"].closed_on, tallies["help"].closed)
    assert (1, 0, 1) == (tallies["late"].offered, tallies["late"].closed_on, tallies["late"].closed)


# --- who waits at closing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (Hours("office"), []),
        (Hours("office", "late"), []),
        (Hours("office", waiting="send_away"), ["closed"]),
        (Hours("office", "late", "move"), ["closed", "late"]),
        (Hours("office", "late", "send_away"), ["closed"]),
    ],
)
def test_what_becomes_of_those_who_wait_at_closing(hours: Hours, expected: list[str]) -> None:
    """They stay, are sent away or go on, whatever happens to those who come later."""
    story = Story(centre(hours))
    call(story, "c1", OPEN)
    story.wait(SHUT)
    waits = story.engine.board.floor.contacts.get("c1")
    outcomes = [event.outcome for _, event in story.of(QueueLeft, ContactEnded)]
    assert expected == [*outcomes, *([waits.queue] if waits and waits.queue == "late" else [])]
    assert {200} >= {at // S for at, _ in story.of(QueueLeft, ContactEnded)}


def test_agents_serve_whoever_stays() -> None:
    """A queue that is closed has no newcomers, but its agents are not: the last are served."""
    story = Story(centre(Hours("office")))
    call(story, "c1", OPEN)
    story.take(SHUT, *ready("ann"))
    assert ["c1"] == [event.contact for _, event in story.of(OfferContact)]


def test_at_closing_no_phone_rings_for_somebody_who_has_to_go() -> None:
    """Of three who wait, one rings: all are sent away at once, and Ann is offered none of them."""
    story = Story(centre(Hours("office", waiting="send_away"), offer_ms=90 * S))
    story.take(OPEN, *ready("ann"), *(ContactArrived(f"c{number}", "100") for number in range(3)))
    story.news()
    story.wait(200 * S)
    assert [] == story.of(OfferContact)
    assert ["the queue is closed"] == [event.reason for _, event in story.of(WithdrawOffer)]
    assert {"c0", "c1", "c2"} == {event.contact for _, event in story.of(ContactEnded)}


def test_who_is_being_joined_at_closing_has_his_answer() -> None:
    """Only if that fails does he go as the others did."""
    story = Story(centre(Hours("office", waiting="send_away"), join_ms=20 * S))
    story.take(190 * S, *ready("ann"), ContactArrived("c1", "100"), OfferAccepted("c1", "ann", 1))
    story.wait(209 * S)
    assert [] == became(story)
    story.wait(210 * S)
    assert [(210, "c1", "help", "closed")] == became(story)
    assert 1 == len(story.of(JoinTimedOut))


def test_hours_survive_a_restart() -> None:
    """Closed is closed, though the fact of it is long past."""
    story = Story(centre(Hours("office")))
    story.wait(SHUT)
    story.engine = copy(story.engine)
    call(story, "c1", SHUT + S)
    assert [(251, "c1", "help", "closed")] == became(story)


def test_new_rules_bring_their_hours() -> None:
    """Whoever waits in a queue that is closed by now goes as its rules say, at once."""
    story = Story(centre(None), centre(Hours("office", waiting="send_away"), version="v2"))
    call(story, "c1", SHUT)
    story.take(SHUT + S, CentreStarted("v2"))
    assert [(251, "c1", "help", "closed")] == became(story)


# --- by the hour --------------------------------------------------------------------------------------------------

RELAXED: dict[str, Any] = {
    "requirements": (Requirement("pay"),),
    "relaxations": (Relaxation(500 * S, (Requirement("pay"),)), Relaxation(None, during="night")),
}


def test_what_is_asked_may_go_by_the_hour() -> None:
    """At night whoever is there may serve: those who wait when it begins, and those who come; by day he may not."""
    story = Story(centre(None, **RELAXED))
    story.take(1 * S, *ready("ann"))
    call(story, "c1", OPEN)
    story.wait(199 * S)
    assert [] == story.of(OfferContact)
    story.wait(200 * S)
    assert [(200 * S, "c1", 2)] == [(at, event.contact, event.relaxed) for at, event in story.of(ContactWidened)]
    assert ["c1"] == [event.contact for _, event in story.of(OfferContact)]
    story.take(201 * S, AgentStateSet("ann", "paused"))
    call(story, "c2", SHUT)
    assert [2] == [event.relaxed for _, event in story.of(ContactQueued)]


def test_what_the_hour_gave_it_does_not_take() -> None:
    """Who may serve a waiting contact may serve it for as long as it waits, also after the hours."""
    day = Relaxation(None, during="office")
    story = Story(centre(None, requirements=(Requirement("pay"),), relaxations=(day,)))
    call(story, "c1", OPEN)
    story.take(SHUT, *ready("ann"))
    assert ["c1"] == [event.contact for _, event in story.of(OfferContact)]
    call(story, "c2", SHUT + S)
    assert [0] == [event.relaxed for _, event in story.of(ContactQueued)]
