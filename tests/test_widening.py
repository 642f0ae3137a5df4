"""Who may serve a contact as it waits: relaxations by time and by need, and tiers that open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd import widening
from acd.events import AgentStateSet, ContactEnded, ContactWidened, OfferAccepted, OfferContact, OfferDeclined
from acd.model import AgentState, Contact
from acd.plan import QueuePlan, Relaxation, Requirement, Tier
from ivr.events import ContactKeyed
from ivr.flow import HandOver, Menu, Node
from router.engine import Engine
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.plan import Plan
from tests.worlds import S, Story, copy, plan, ready

PAY = (Requirement("pay"),)
STAFF: dict[str, tuple[str, ...]] = {"ann": ("pay",), "bob": ("pay",), "dan": ()}


def centre(version: str = "v1", *, staff: dict[str, tuple[str, ...]] | None = None, **changes: Any) -> Plan:
    """A centre whose one queue asks for the skill `pay`, which Ann and Bob have; Dan has none."""
    queue = replace(QueuePlan("help", requirements=PAY, wrap_up_ms=0), **changes)
    return plan(queues=(queue,), agents=staff or STAFF, version=version)


def arrived(*contacts: str) -> list[ContactArrived]:
    """These contacts arrive."""
    return [ContactArrived(contact, "100") for contact in contacts]


def offers(story: Story) -> list[tuple[int, str, str]]:
    """Who was offered what, and when."""
    return [(at, event.contact, event.agent) for at, event in story.of(OfferContact)]


def widened(story: Story) -> list[tuple[int, str, int, int]]:
    """Which contact had how many relaxations and tiers, since when."""
    return [(at, event.contact, event.relaxed, event.tiers) for at, event in story.of(ContactWidened)]


def is_as_recovered(story: Story) -> bool:
    """Whether an engine that starts from a snapshot would wake at the same instant as this one."""
    return copy(story.engine).deadline() == story.engine.deadline()


# --- relaxations by time ------------------------------------------------------------------------------------------


def test_a_relaxation_comes_at_its_instant() -> None:
    """After so long in the queue, not before, an agent without the skill may serve, and is offered the contact then."""
    story = Story(centre(relaxations=(Relaxation(30 * S),)))
    story.take(0, *ready("dan"))
    story.take(5 * S, *arrived("c1"))
    story.wait(35 * S - 1)
    assert [] == offers(story)
    story.wait(35 * S)
    assert [(35 * S, "c1", "dan")] == offers(story)
    assert [(35 * S, "c1", 1, 1)] == widened(story)


def test_relaxations_come_one_after_the_other() -> None:
    """Each asks what it says instead of what was asked before, and the last one stays."""
    steps = (Relaxation(10 * S, (Requirement("en"),)), Relaxation(20 * S))
    story = Story(centre(relaxations=steps))
    story.take(0, *arrived("c1"))
    story.wait(10**6)
    asked = [(at, event.requirements) for at, event in story.of(ContactWidened)]
    assert [(10 * S, (Requirement("en"),)), (20 * S, ())] == asked


def test_a_relaxation_at_once_is_no_event() -> None:
    """One that comes after no time is in force from the start."""
    story = Story(centre(relaxations=(Relaxation(0),)))
    story.take(0, *ready("dan"), *arrived("c1"))
    assert [(0, "c1", "dan")] == offers(story)
    assert [] == widened(story)


def test_a_language_may_be_dropped() -> None:
    """Where the language is one more skill, a relaxation that does not ask for it opens the queue to others."""
    staff = {"ann": ("en", "pay"), "dan": ("pay",)}
    story = Story(centre(staff=staff, match_language=True, relaxations=(Relaxation(30 * S, PAY),)))
    story.take(0, *ready("dan"), *arrived("c1"))
    story.wait(30 * S)
    assert [(30 * S, "c1", "dan")] == offers(story)


def test_a_relaxation_may_keep_the_language() -> None:
    """One that matches the language asks for the contact's own, beside what it says."""
    relaxation = Relaxation(30 * S, (Requirement("care"),), match_language=True)
    queue = QueuePlan("help", requirements=PAY, match_language=True, relaxations=(relaxation,))
    assert (Requirement("pay"), Requirement("zh")) == widening.asked(queue, "zh", 0)
    assert (Requirement("care"), Requirement("zh")) == widening.asked(queue, "zh", 1)


def test_widening_moves_nobody_in_the_order() -> None:
    """A contact that more agents may serve keeps its place among those who wait."""
    story = Story(centre(relaxations=(Relaxation(30 * S),)))
    story.take(0, *arrived("c1"))
    story.take(10 * S, *arrived("c2"))
    story.take(35 * S, *ready("ann"))
    assert [(35 * S, "c1", "ann")] == offers(story)


# --- relaxations by need ------------------------------------------------------------------------------------------

BY_NEED = (Relaxation(None),)


def test_need_relaxes_at_once() -> None:
    """A contact comes when nobody who is logged in has the skill: it is offered to whoever is there, at once."""
    story = Story(centre(relaxations=BY_NEED))
    story.take(0, *ready("dan"), *arrived("c1"))
    assert [(0, "c1", "dan")] == offers(story)
    assert [(0, "c1", 1, 1)] == widened(story)


@pytest.mark.parametrize("state", ["ready", "paused"])
def test_whoever_has_it_and_is_logged_in_is_waited_for(state: Any) -> None:
    """As long as somebody with the skill is logged in, busy or on a break, nothing is relaxed."""
    story = Story(centre(relaxations=BY_NEED))
    story.take(0, AgentStateSet("ann", state), *arrived("c0"), *ready("dan"))
    story.take(1 * S, *arrived("c1"))
    assert [] == widened(story)
    assert "dan" not in [agent for _, _, agent in offers(story)]


@pytest.mark.parametrize("leaves", ["logs out", "lapses", "logs out when he has done"])
def test_need_relaxes_when_the_last_one_goes(leaves: str) -> None:
    """When the last one with the skill goes, however he does, those who wait are offered to the others at once."""
    story = Story(centre(relaxations=BY_NEED))
    busy = leaves == "logs out when he has done"
    story.take(0, AgentStateSet("ann", "ready" if busy else "paused", "", 50 * S), *arrived("c0"), *ready("dan"))
    gone = 50 * S if leaves == "lapses" else 1 * S
    if gone == 1 * S:
        story.take(gone, AgentStateSet("ann", "offline"))
    story.wait(gone)
    assert (gone, "c0", "dan") == offers(story)[-1]


def test_many_are_relaxed_in_their_order() -> None:
    """Of several contacts that nobody can serve any more, the one of the higher priority has the only agent left."""
    story = Story(two_queues(BY_NEED))
    story.take(0, AgentStateSet("ann", "paused"), *ready("dan"))
    story.take(1 * S, *arrived("low"), ContactKeyed("low", "1"))
    story.take(2 * S, *arrived("high"), ContactKeyed("high", "2"))
    story.take(3 * S, AgentStateSet("ann", "offline"))
    assert [(3 * S, "high", "dan")] == offers(story)


def two_queues(relaxations: tuple[Relaxation, ...]) -> Plan:
    """Key 1 leads to a queue, key 2 to one of a higher priority; both ask for `pay`, with these relaxations."""
    low = QueuePlan("low", requirements=PAY, relaxations=relaxations)
    high = QueuePlan("high", 5, requirements=PAY, relaxations=relaxations)
    nodes: dict[str, Node] = {
        "menu": Menu("menu", ("m",), (("1", "low"), ("2", "high")), "low"),
        "low": HandOver("low", "low"),
        "high": HandOver("high", "high"),
    }
    return plan(nodes, queues=(low, high), agents=STAFF)


def test_relaxations_by_need_are_taken_in_their_order() -> None:
    """Where nobody meets the next one either, the one after it comes at once; where somebody does, it does not."""
    steps = (Relaxation(None, (Requirement("care"),)), Relaxation(None))
    story = Story(centre(relaxations=steps, staff=STAFF | {"eve": ("care",)}))
    story.take(0, *ready("dan"), *arrived("c1"))
    assert [(0, "c1", 1, 1), (0, "c1", 2, 1)] == widened(story)
    other = Story(centre(relaxations=steps, staff=STAFF | {"eve": ("care",)}))
    other.take(0, AgentStateSet("eve", "paused"), *ready("dan"), *arrived("c1"))
    assert [(0, "c1", 1, 1)] == widened(other)


def test_time_passes_over_a_relaxation_by_need() -> None:
    """One that waits for a need is left out when the time of a later one has come."""
    story = Story(centre(relaxations=(Relaxation(None, (Requirement("care"),)), Relaxation(30 * S))))
    story.take(0, AgentStateSet("ann", "paused"), *ready("dan"), *arrived("c1"))
    story.wait(30 * S)
    assert [(30 * S, "c1", 2, 1)] == widened(story)
    assert [(30 * S, "c1", "dan")] == offers(story)


def test_a_customer_who_leaves_is_offered_to_nobody() -> None:
    """When the customer goes and the agent who was being joined goes with him, nobody else is rung for the contact."""
    story = Story(centre(relaxations=BY_NEED))
    story.take(0, *ready("ann", "dan"), *arrived("c1"))
    story.take(1 * S, OfferAccepted("c1", "ann", 1), AgentStateSet("ann", "offline"))
    story.news()
    story.take(2 * S, ContactLeft("c1"))
    assert [] == offers(story)
    assert [(2 * S, ContactEnded("c1", "abandoned", "help", "", 2 * S, 0))] == story.of(ContactEnded)
    assert AgentState.OFFLINE == story.engine.board.floor.agents["ann"].state


def test_somebody_in_a_tier_to_come_is_waited_for() -> None:
    """An agent who has the skill, but whose tier opens later, is somebody who has it: nothing is relaxed by need."""
    tiers = (Tier(("ann", "dan")), Tier(("bob",), 20 * S))
    story = Story(centre(relaxations=BY_NEED, tiers=tiers))
    story.take(0, *ready("bob", "dan"), *arrived("c1"))
    story.wait(20 * S)
    assert [(20 * S, "c1", "bob")] == offers(story)
    assert [(20 * S, "c1", 0, 2)] == widened(story)


def test_a_tier_that_never_opens_is_not_waited_for() -> None:
    """For a contact bound to the first tier, or where the agent is in no tier at all, he is as good as absent."""
    tiers = (Tier(("ann", "dan")), Tier(("bob",), 20 * S))
    bound = plan(
        {"queue": HandOver("queue", "help", tiers_max=1)},
        queues=(QueuePlan("help", requirements=PAY, tiers=tiers, relaxations=BY_NEED),),
        agents=STAFF,
    )
    in_no_tier = centre(relaxations=BY_NEED, tiers=(Tier(("ann", "dan")),))
    for rules in (bound, in_no_tier):
        story = Story(rules)
        story.take(0, *ready("bob", "dan"), *arrived("c1"))
        assert [(0, "c1", "dan")] == offers(story)


# --- tiers --------------------------------------------------------------------------------------------------------

TIERS = (Tier(("dan", "ann")), Tier(("bob",), 20 * S))


def test_a_tier_opens_at_its_instant() -> None:
    """After so long in the queue, not before, the agents of the next tier may serve."""
    story = Story(centre(tiers=TIERS))
    story.take(0, *ready("bob"))
    story.take(1 * S, *arrived("c1"))
    story.wait(21 * S - 1)
    assert [] == offers(story)
    story.wait(21 * S)
    assert [(21 * S, "c1", "bob")] == offers(story)


def test_the_first_tier_may_open_late() -> None:
    """Until then nobody may serve, however ready."""
    story = Story(centre(tiers=(Tier(("ann",), 5 * S),)))
    story.take(0, *ready("ann"), *arrived("c1"))
    assert [] == offers(story)
    story.wait(5 * S)
    assert [(5 * S, "c1", "ann")] == offers(story)


def test_a_tier_opens_no_sooner_than_those_before_it() -> None:
    """Tiers are opened in their order, also where a later one names an earlier instant."""
    queue = QueuePlan("help", tiers=(Tier(("ann",), 20 * S), Tier(("bob",)), Tier(("dan",), 30 * S)))
    opened = [widening.open_tiers(queue, waited_ms, None) for waited_ms in (0, 20 * S - 1, 20 * S, 30 * S)]
    assert [0, 0, 2, 3] == opened
    contact = Contact("c", "voice", "line", "care", "en", 0, queue="help", queued_at=S)
    assert 21 * S == widening.next_widening(contact, queue)


def test_who_is_in_no_tier_never_serves() -> None:
    """In a queue with tiers, skills alone are not enough."""
    story = Story(centre(tiers=(Tier(("ann",)),)))
    story.take(0, *ready("bob"), *arrived("c1"))
    story.wait(10**6)
    assert [] == offers(story)


def test_a_tier_needs_the_skills_too() -> None:
    """A tier does not stand for the skills that a queue asks for."""
    story = Story(centre(tiers=TIERS))
    story.take(0, *ready("dan"), *arrived("c1"))
    assert [] == offers(story)


def test_a_contact_may_be_bound_to_the_first_tiers() -> None:
    """A flow that hands over to so many tiers never opens more, and no alarm is set for them."""
    queue = QueuePlan("help", tiers=TIERS, wrap_up_ms=0)
    rules = plan({"queue": HandOver("queue", "help", tiers_max=1)}, queues=(queue,), agents=STAFF)
    story = Story(rules)
    story.take(0, *ready("bob"), *arrived("c1"))
    assert story.engine.deadline() is None
    story.take(10**6, *ready("dan"))
    assert [(10**6, "c1", "dan")] == offers(story)


def test_a_relaxation_opens_no_tier_to_a_bound_contact() -> None:
    """Widening by something else leaves the tiers beyond the bound closed."""
    queue = QueuePlan("help", tiers=(Tier(("ann",)), Tier(("dan",), 20 * S)), relaxations=(Relaxation(30 * S),))
    story = Story(plan({"queue": HandOver("queue", "help", tiers_max=1)}, queues=(queue,), agents=STAFF))
    story.take(0, *ready("dan"), *arrived("c1"))
    story.wait(10**6)
    assert [(30 * S, "c1", 1, 1)] == widened(story)
    assert [] == offers(story)


def test_an_offer_counts_those_behind_closed_tiers() -> None:
    """An offer says how many were ready and able, but in a tier that was not open."""
    story = Story(centre(tiers=(Tier(("ann",)), Tier(("bob",), 20 * S))))
    story.take(0, *ready("ann", "bob", "dan"), *arrived("c1"))
    assert [(1, (("skill", 1), ("tier", 1)))] == [(e.candidates, e.excluded) for _, e in story.of(OfferContact)]


def test_a_freed_agent_counts_contacts_whose_tiers_are_closed_to_him() -> None:
    """The same, seen by an agent: of those who wait, one is not for him yet."""
    story = Story(centre(tiers=TIERS))
    story.take(0, *arrived("c1"))
    story.take(10 * S, *arrived("c2"))
    story.take(25 * S, *ready("bob"))
    assert [("c1", 1, (("tier", 1),))] == [(e.contact, e.candidates, e.excluded) for _, e in story.of(OfferContact)]


def test_those_behind_closed_tiers_are_counted_as_they_go() -> None:
    """An agent who is no longer ready is counted no longer."""
    story = Story(centre(tiers=(Tier(("ann",)), Tier(("bob",), 20 * S))))
    story.take(0, *ready("ann", "bob"), AgentStateSet("bob", "paused"), *arrived("c1"))
    assert [(1, ())] == [(e.candidates, e.excluded) for _, e in story.of(OfferContact)]


def test_what_opened_stays_open() -> None:
    """INV-11: an offer that came to nothing does not put a contact back behind a tier or a relaxation."""
    story = Story(centre(tiers=TIERS, relaxations=(Relaxation(10 * S),), missed_offers_max=None))
    story.take(0, *ready("bob"), *arrived("c1"))
    story.take(21 * S, OfferDeclined("c1", "bob", 1))
    contact = story.engine.board.floor.contacts["c1"]
    assert (1, 2, ()) == (contact.relaxed, contact.tiers, contact.requirements)
    story.take(22 * S, *ready("dan"))
    assert (22 * S, "c1", "dan") == offers(story)[-1]


# --- new rules while contacts wait --------------------------------------------------------------------------------


def test_new_rules_may_open_sooner() -> None:
    """What the new rules would have opened by now is opened at once; what is still to come, comes at its instant."""
    old = centre(relaxations=(Relaxation(500 * S),))
    new = centre("v2", relaxations=(Relaxation(10 * S, (Requirement("care"),)), Relaxation(40 * S)))
    story = Story(old, new)
    story.take(0, *ready("dan"), *arrived("c1"))
    story.take(20 * S, CentreStarted("v2"))
    assert is_as_recovered(story)
    story.wait(10**6)
    assert [(20 * S, "c1", 1, 1), (40 * S, "c1", 2, 1)] == widened(story)
    assert [(40 * S, "c1", "dan")] == offers(story)[:1]


def test_new_rules_may_open_later() -> None:
    """An instant that the new rules moved on is waited for; what was open stays so."""
    old, new = (
        centre(version, tiers=(Tier(("ann",)), Tier(("bob",), opens), Tier(("dan",), opens + 10 * S)), requirements=())
        for version, opens in (("v1", 10 * S), ("v2", 30 * S))
    )
    story = Story(old, new)
    story.take(0, *arrived("c1"))
    story.take(15 * S, CentreStarted("v2"))
    assert is_as_recovered(story)
    story.wait(10**6)
    assert [(10 * S, "c1", 0, 2), (40 * S, "c1", 0, 3)] == widened(story)


def test_fewer_relaxations_and_tiers_close_nothing() -> None:
    """With new rules that have none, whoever might serve a contact still may, and everybody may where tiers go."""
    old = centre(relaxations=(Relaxation(5 * S), Relaxation(10 * S)), tiers=(Tier(("dan",), 30 * S),))
    story = Story(old, centre("v2"))
    story.take(0, *ready("dan"), *arrived("c1"))
    story.take(20 * S, CentreStarted("v2"))
    assert [(20 * S, "c1", "dan")] == offers(story)
    story.engine.board.check()
    assert is_as_recovered(story)


def test_more_skills_are_not_asked_of_those_who_wait_already() -> None:
    """What a contact asks for is what it came with, until a relaxation says something else: no tier makes it more."""
    tiers = (Tier(("ann",)), Tier(("dan",), 30 * S))
    old, new = centre(requirements=(), tiers=tiers), centre("v2", requirements=PAY, tiers=tiers)
    story = Story(old, new)
    story.take(0, *ready("dan"), *arrived("c1"))
    story.take(20 * S, CentreStarted("v2"))
    story.wait(30 * S)
    assert [(30 * S, "c1", "dan")] == offers(story)


def test_a_skill_that_new_rules_take_away_is_a_need() -> None:
    """Where new rules leave nobody with the skill, waiting contacts are relaxed at once, and those that ring too."""
    old, new = centre(relaxations=BY_NEED), centre("v2", relaxations=BY_NEED, staff=dict.fromkeys(STAFF, ()))
    story = Story(old, new)
    story.take(0, *ready("ann"), *arrived("c1", "c2"))
    story.take(1 * S, CentreStarted("v2"))
    assert [(1 * S, "c1", 1, 1), (1 * S, "c2", 1, 1)] == widened(story)
    story.take(2 * S, *ready("dan"), OfferDeclined("c1", "ann", 1))
    assert [(0, "c1", "ann"), (2 * S, "c2", "dan")] == offers(story)


def test_new_rules_match_in_the_order_of_contacts() -> None:
    """Of two contacts that new rules let an agent serve, the first in the order has him, whatever else is possible."""
    old = ranked("v1", {"ann": (), "bob": ()})
    new = ranked("v2", {"ann": ("low", "high"), "bob": ("low",)})
    story = Story(old, new)
    story.take(0, *ready("bob"))
    story.take(1 * S, *ready("ann"), *arrived("low"), ContactKeyed("low", "1"))
    story.take(2 * S, *arrived("high"), ContactKeyed("high", "2"))
    story.take(3 * S, CentreStarted("v2"))
    assert [(3 * S, "high", "ann"), (3 * S, "low", "bob")] == offers(story)


def ranked(version: str, staff: dict[str, tuple[str, ...]]) -> Plan:
    """Key 1 leads to a queue that asks for `low`; key 2 to one of a higher priority, that asks for `high`."""
    nodes: dict[str, Node] = {
        "menu": Menu("menu", ("m",), (("1", "low"), ("2", "high")), "low"),
        "low": HandOver("low", "low"),
        "high": HandOver("high", "high"),
    }
    queues = (
        QueuePlan("low", requirements=(Requirement("low"),), selection="in_order"),
        QueuePlan("high", 5, requirements=(Requirement("high"),)),
    )
    return plan(nodes, queues=queues, agents=staff, version=version)


def test_a_skill_that_new_rules_take_away_ends_exclusions() -> None:
    """Where new rules leave only agents who declined a contact, they are asked again after the retry time."""
    story = Story(centre(), centre("v2", staff={"ann": ("pay",), "bob": (), "dan": ()}))
    story.take(0, *ready("ann"), AgentStateSet("bob", "paused"), *arrived("c1"))
    story.take(1 * S, OfferDeclined("c1", "ann", 1))
    story.take(20 * S, CentreStarted("v2"))
    story.wait(30 * S)
    assert (30 * S, "c1", "ann") == offers(story)[-1]


# --- recovery -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 5 * S, 10 * S, 15 * S, 20 * S, 25 * S])
def test_recovery_in_the_middle_of_widening(at: int) -> None:
    """An engine that starts from a snapshot at any instant opens the same to the same, at the same instants."""
    rules = centre(relaxations=(Relaxation(10 * S), Relaxation(25 * S)), tiers=TIERS)
    whole, broken = Story(rules), Story(rules)
    for story in (whole, broken):
        story.take(0, *ready("bob"), *arrived("c1", "c2"))
    broken.wait(at)
    engine = Engine(rules)
    engine.board = copy(broken.engine).board
    broken.engine = engine
    for story in (whole, broken):
        story.wait(100 * S)
    assert whole.log == broken.log
