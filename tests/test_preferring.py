"""Contacts kept for some agents at first: those their menu names, or the one who served the customer last."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from acd.events import (
    AgentStateSet,
    ContactJoined,
    ContactReleased,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    ReservationEnded,
)
from acd.plan import AgentPlan, Preferred, QueuePlan, Requirement, Tier
from ivr.flow import HandOver
from router import codec
from router.events import CentreStarted, ContactArrived
from router.plan import Plan
from tests.worlds import S, Story, copy, plan, ready

LAST = Preferred(20 * S, last_agent=True, within_ms=1_000 * S)


def centre(*prefers: str, **changes: Any) -> Plan:
    """A queue that keeps contacts for those a menu names, else for the last agent; by id, Ann goes first."""
    plain = QueuePlan("help", wrap_up_ms=0, preferred=LAST, missed_offers_max=None, selection="in_order")
    queue = replace(plain, **changes)
    staff: dict[str, tuple[str, ...]] = {"ann": (), "bob": (), "cat": ()}
    return plan({"in": HandOver("in", "help", prefers=prefers)}, queues=(queue,), agents=staff)


def came(story: Story, contact: str, at: int, number: str = "+1", *, until: int = 0) -> list[tuple[int, str]]:
    """A customer comes, and whom it rings at by then, if nobody answers: each with its second."""
    story.news()
    story.take(at, ContactArrived(contact, "100", number, personal=True))
    return rung(story, until or at)


def rung(story: Story, until: int) -> list[tuple[int, str]]:
    """Who was rung since the last news, and when."""
    story.wait(until)
    return [(at // S, offer.agent) for at, offer in story.of(OfferContact)]


def served(story: Story, contact: str, agent: str, at: int, number: str = "+1") -> None:
    """The agent comes to work, and serves the customer from then on for a second."""
    story.take(at, *ready(agent))
    assert [(at // S, agent)] == came(story, contact, at, number)
    offer = story.of(OfferContact)[0][1].offer
    story.take(at, OfferAccepted(contact, agent, offer), ContactJoined(contact, agent, offer))
    story.take(at + S, ContactReleased(contact, agent))


def known(rules: Plan | None = None) -> Story:
    """Bob has served the customer +1 at 10 s; Ann and Cat are ready too, and would go by their own order."""
    story = Story(rules or centre())
    served(story, "before", "bob", 10 * S)
    story.take(15 * S, *ready("ann", "cat"))
    return story


# --- the last agent -----------------------------------------------------------------------------------------------


def test_a_contact_goes_to_who_served_its_customer_last() -> None:
    """Though another would be the first; a customer who was never served goes by the queue's order."""
    assert [(30, "bob")] == came(known(), "c1", 30 * S)
    assert [(30, "ann")] == came(known(), "c1", 30 * S, "+2")


def test_an_offices_number_is_no_customer() -> None:
    """An office trunk shows one number for all: that is no customer."""
    story = known()
    story.news()
    story.take(30 * S, ContactArrived("c1", "100", "+1", personal=False))
    assert [(30, "ann")] == rung(story, 30 * S)


def talking_to_bob() -> Story:
    """Bob talks with the customer again, from 30 s on."""
    story = known()
    story.take(30 * S, ContactArrived("c1", "100", "+1", personal=True))
    offer = story.of(OfferContact)[-1][1].offer
    story.take(30 * S, OfferAccepted("c1", "bob", offer), ContactJoined("c1", "bob", offer))
    return story


def test_it_waits_for_him_while_he_is_busy_but_not_for_ever() -> None:
    """For 20 s nobody else is offered it, though others are ready; then everybody is, in the queue's order."""
    story = talking_to_bob()
    assert [(52, "ann")] == came(story, "c2", 32 * S, until=60 * S)
    assert [(52 * S, ReservationEnded("c2", "time"))] == story.of(ReservationEnded)


def test_it_is_his_as_soon_as_he_is_free() -> None:
    """He ends another contact within the time, and has this one at once."""
    story = talking_to_bob()
    assert [] == came(story, "c2", 32 * S, until=39 * S)
    story.take(40 * S, ContactReleased("c1", "bob"))
    assert [(40, "bob")] == rung(story, 40 * S)


def test_who_is_not_there_is_not_waited_for() -> None:
    """Offline, on a pause, or about to go after the contact in hand: it is open to all at once."""
    for away in ("offline", "paused"):
        story = known()
        story.take(20 * S, AgentStateSet("bob", away))
        assert [(30, "ann")] == came(story, "c1", 30 * S)


def test_it_is_open_to_all_once_he_goes() -> None:
    """Who goes on a pause within the time lets go of what was kept for him."""
    story = known()
    came(story, "c1", 30 * S)
    assert [] == came(story, "c2", 31 * S, until=33 * S)
    story.take(34 * S, AgentStateSet("bob", "paused"))
    assert ["ann", "cat"] == sorted(agent for at, agent in rung(story, 34 * S) if at == 34)
    assert {"away"} == {event.because for _, event in story.of(ReservationEnded)}


def test_it_is_open_to_all_once_he_passed_it_up() -> None:
    """Who declines it, or lets it ring in vain, has had his chance."""
    story = known()
    story.take(30 * S, ContactArrived("c1", "100", "+1", personal=True))
    story.news()
    story.take(32 * S, OfferDeclined("c1", "bob", story.engine.board.floor.last_offer))
    assert [(32, "ann")] == rung(story, 32 * S)
    assert [ReservationEnded("c1", "passed_up")] == [event for _, event in story.of(ReservationEnded)]
    story = known()
    assert [(30, "bob"), (50, "ann")] == came(story, "c1", 30 * S, until=50 * S)


def test_long_ago_is_never() -> None:
    """Who served the customer longer ago than `within` has no claim; who served him since then has."""
    assert [(1_010, "bob")] == came(known(), "c1", 1_010 * S)
    assert [(1_011, "ann")] == came(known(), "c1", 1_011 * S)


def test_who_could_not_have_it_is_not_waited_for() -> None:
    """The last agent must have the skills, and be in a tier that is open from the start."""
    tiers = (Tier(("ann", "cat")), Tier(("bob",), 5 * S))
    story = Story(centre(tiers=tiers), replace(centre(requirements=(Requirement("pay"),)), hash="v2"))
    story.take(1 * S, *ready("bob"))
    story.take(2 * S, ContactArrived("c0", "100", "+1", personal=True))
    story.wait(7 * S)
    story.take(8 * S, OfferAccepted("c0", "bob", 1), ContactJoined("c0", "bob", 1))
    story.take(9 * S, ContactReleased("c0", "bob"), *ready("ann"))
    assert [(30, "ann")] == came(story, "c1", 30 * S)
    story.take(60 * S, CentreStarted("v2"))
    came(story, "c2", 61 * S)
    assert () == story.engine.board.floor.contacts["c2"].reserved_for


# --- agents that are named ----------------------------------------------------------------------------------------


def test_those_a_menu_names_go_before_the_last_agent() -> None:
    """The first of them by the queue's own order; whoever served the customer last does not count then."""
    story = Story(centre("cat", "bob"))
    story.take(1 * S, *ready("ann", "cat"))
    assert [(5, "cat")] == came(story, "c1", 5 * S)
    story.take(6 * S, *ready("bob"))
    assert [(7, "bob")] == came(story, "c2", 7 * S)


def test_they_ring_together_where_all_are_rung() -> None:
    """Where all who may serve it are rung, that is those it is kept for; the others once it is open."""
    story = Story(centre("cat", "bob", ring="all", offer_ms=60 * S))
    story.take(1 * S, *ready("ann", "bob", "cat"))
    assert [(5, "bob"), (5, "cat"), (25, "ann")] == came(story, "c1", 5 * S, until=30 * S)


def test_all_of_them_must_pass_it_up() -> None:
    """While one is left who has not, nobody else is offered it."""
    story = Story(centre("cat", "bob"))
    story.take(1 * S, *ready("ann", "bob", "cat"))
    assert [(5, "bob")] == came(story, "c1", 5 * S)
    story.take(6 * S, OfferDeclined("c1", "bob", 1))
    assert [(5, "bob"), (6, "cat")] == rung(story, 6 * S)
    story.take(7 * S, OfferDeclined("c1", "cat", 2))
    assert [(5, "bob"), (6, "cat"), (7, "ann")] == rung(story, 7 * S)


def test_a_contact_kept_for_one_stands_in_nobodys_way() -> None:
    """Those that came later are offered to whoever is ready, meanwhile."""
    story = talking_to_bob()
    assert [] == came(story, "c2", 32 * S)
    assert [(33, "ann")] == came(story, "c3", 33 * S, "+2")


# --- what is kept -------------------------------------------------------------------------------------------------


def test_who_served_whom_survives_a_restart() -> None:
    """The memory is in the snapshot, under tokens: no customer stands in it."""
    story = known()
    story.engine = copy(story.engine)
    assert [(30, "bob")] == came(story, "c1", 30 * S)
    body = json.loads(codec.dump_board(story.engine.board, lambda _kind, value: f"~{len(value)}"))
    assert [{"customer": "~2", "agent": "bob", "at": 10 * S}] == body["last_agents"]


def test_the_memory_is_bounded(monkeypatch: Any) -> None:
    """Beyond its bound those served longest ago are forgotten; to be served again is to be served lately."""
    monkeypatch.setattr("acd.floor.LAST_AGENTS_MAX", 2)
    story = Story(centre())
    for at, number in ((10, "+1"), (20, "+2"), (30, "+1"), (40, "+3")):
        story.take((at - 1) * S, AgentStateSet("bob", "offline") if at > 10 else AgentStateSet("cat", "paused"))
        served(story, f"c{at}", "bob", at * S, number)
    assert ["+1", "+3"] == list(story.engine.board.floor.last_agents)


def test_nothing_is_remembered_where_no_queue_asks() -> None:
    """Whom a customer talked with is nobody's business without a rule that uses it."""
    story = known(centre(preferred=None))
    assert {} == story.engine.board.floor.last_agents


def test_new_rules_let_go_of_agents_they_do_not_have() -> None:
    """A contact is not kept for somebody who is no longer in the files, nor waited for."""
    rules = centre("bob", "cat")
    agents = {name: AgentPlan(name) for name in ("ann", "bob")}
    story = Story(rules, replace(rules, hash="v2", floor=replace(rules.floor, agents=agents)))
    story.take(1 * S, *ready("ann", "cat"))
    came(story, "c1", 2 * S)
    story.take(3 * S, OfferDeclined("c1", "cat", 1), AgentStateSet("cat", "offline"), CentreStarted("v2"))
    assert [(2, "cat"), (3, "ann")] == rung(story, 3 * S)
