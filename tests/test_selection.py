"""The order of agents for a contact: tier, then the queue's selection, then the agent's place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.events import AgentStateSet, ContactJoined, ContactReleased, OfferAccepted, OfferContact, OfferDeclined
from acd.plan import AgentPlan, QueuePlan, Relaxation, Requirement, Selection, Tier
from router.events import CentreStarted, ContactArrived, ContactLeft
from router.plan import Plan
from tests.worlds import S, Story, copy, plan, ready

NAMES = ("ann", "bob", "cat")


def centre(staff: dict[str, dict[str, int]] | None = None, version: str = "v1", **changes: Any) -> Plan:
    """A centre with one queue, and these agents with their skills and levels."""
    skills = staff or {name: {} for name in NAMES}
    queue = replace(QueuePlan("help", wrap_up_ms=0, missed_offers_max=None), **changes)
    base = plan(queues=(queue,), version=version)
    agents = {name: AgentPlan(name, tuple(sorted(levels.items()))) for name, levels in skills.items()}
    return replace(base, floor=replace(base.floor, agents=agents))


def started(rules: Plan, *others: Plan) -> Story:
    """Cat became ready at 1 s, Bob at 2 s and Ann at 3 s."""
    story = Story(rules, *others)
    for at, agent in enumerate(reversed(NAMES), start=1):
        story.take(at * S, *ready(agent))
    return story


def offered(story: Story) -> list[str]:
    """Who was offered something since the last time of asking for news, in this order."""
    return [event.agent for _, event in story.of(OfferContact)]


def order(story: Story, at: int) -> list[str]:
    """In which order the ready agents are offered contacts that all come at one instant."""
    story.news()
    story.take(at, *(ContactArrived(f"{at}-{number}", "100") for number in range(4)))
    return offered(story)


def serve(story: Story, contact: str, at: int, until: int) -> str:
    """A contact comes and is served until then, by the agent that is returned."""
    story.news()
    story.take(at, ContactArrived(contact, "100"))
    offer = story.of(OfferContact)[0][1]
    story.take(at, OfferAccepted(contact, offer.agent, offer.offer), ContactJoined(contact, offer.agent, offer.offer))
    story.take(until, ContactReleased(contact, offer.agent))
    agent: str = offer.agent
    return agent


# --- each selection -----------------------------------------------------------------------------------------------


def test_longest_idle() -> None:
    """Whoever has been ready longest; to serve a contact is to begin anew."""
    story = started(centre())
    assert "cat" == serve(story, "c1", 10 * S, 20 * S)
    assert ["bob", "ann", "cat"] == order(story, 30 * S)


def test_an_offer_that_came_to_nothing_leaves_idle_as_it_was() -> None:
    """Who declined, or whose offer was taken back, is as long idle as before."""
    story = started(centre())
    story.take(10 * S, ContactArrived("c1", "100"), OfferDeclined("c1", "cat", 1), ContactLeft("c1"))
    assert ["cat", "bob", "ann"] == order(story, 30 * S)


def test_a_pause_begins_idle_anew() -> None:
    """Idle since the end of a pause, where that is later than the last wrap-up."""
    story = started(centre())
    story.take(11 * S, AgentStateSet("cat", "paused"))
    story.take(12 * S, AgentStateSet("cat", "ready"))
    assert ["bob", "ann", "cat"] == order(story, 30 * S)


def test_least_recently_offered() -> None:
    """Whoever was offered anything longest ago, taken or not; who never was comes first, of these the lower id."""
    story = started(centre(selection="least_recently_offered"))
    assert "ann" == serve(story, "c1", 10 * S, 11 * S)
    story.take(12 * S, ContactArrived("c2", "100"), OfferDeclined("c2", "bob", 2), OfferDeclined("c2", "cat", 3))
    story.take(12 * S, OfferAccepted("c2", "ann", 4), ContactJoined("c2", "ann", 4))
    story.take(14 * S, ContactReleased("c2", "ann"))
    assert ["ann", "bob", "cat"] == order(story, 30 * S)
    other = started(centre(selection="least_recently_offered"))
    assert ["ann", "bob", "cat"] == [serve(other, f"c{n}", n * 10 * S, n * 10 * S + 1) for n in (1, 2, 3)]
    assert ["ann", "bob", "cat"] == order(other, 60 * S)


def test_fewest_contacts() -> None:
    """Whoever has served the fewest since he logged in, of these the longest idle; a log-out begins the count anew."""
    story = started(centre(selection="fewest_contacts"))
    assert ["cat", "bob", "ann"] == [serve(story, f"c{n}", n * 10 * S, n * 10 * S + 1) for n in (1, 2, 3)]
    assert "cat" == serve(story, "c4", 40 * S, 41 * S)
    assert ["bob", "ann", "cat"] == order(story, 50 * S)
    story.take(51 * S, *(ContactLeft(f"{50 * S}-{number}") for number in range(4)))
    story.take(52 * S, AgentStateSet("cat", "offline"), *ready("cat"))
    assert ["cat", "bob", "ann"] == order(story, 60 * S)


def test_contacts_are_counted_through_a_pause() -> None:
    """A pause is no log-out: the contacts served before it still count."""
    story = started(centre(selection="fewest_contacts"))
    assert ["cat", "bob"] == [serve(story, f"c{n}", n * 10 * S, n * 10 * S + 1) for n in (1, 2)]
    story.take(25 * S, AgentStateSet("ann", "paused"), AgentStateSet("cat", "paused"), *ready("cat", "ann"))
    assert ["ann", "bob", "cat"] == order(story, 30 * S)


def test_in_order() -> None:
    """By id, whoever waits how long; where tiers list agents, as they list them."""
    assert ["ann", "bob", "cat"] == order(started(centre(selection="in_order")), 10 * S)
    listed = centre(selection="in_order", tiers=(Tier(("bob", "cat", "ann")),))
    assert ["bob", "cat", "ann"] == order(started(listed), 10 * S)


LEVELS = {"ann": {"pay": 1, "vip": 3}, "bob": {"pay": 3}, "cat": {"pay": 2, "vip": 1, "zh": 5}}


def test_best_skilled() -> None:
    """By the sum of the levels in what is asked for, and in nothing else; of equals the longest idle."""
    story = started(centre(LEVELS, selection="best_skilled", requirements=(Requirement("pay"),)))
    assert ["bob", "cat", "ann"] == order(story, 10 * S)
    two = (Requirement("pay"), Requirement("vip"))
    story = started(centre(LEVELS, selection="best_skilled", requirements=two))
    assert ["ann", "cat"] == order(story, 10 * S)
    assert ["cat", "bob", "ann"] == order(started(centre(LEVELS, selection="best_skilled")), 10 * S)


def test_best_skilled_counts_what_is_asked_by_now() -> None:
    """After a relaxation, only the levels in what is still asked count."""
    rules = centre(
        LEVELS,
        selection="best_skilled",
        requirements=(Requirement("pay", 4),),
        relaxations=(Relaxation(20 * S, (Requirement("vip"),)),),
    )
    story = started(rules)
    story.take(10 * S, ContactArrived("c1", "100"))
    story.wait(30 * S)
    assert ["ann"] == offered(story)


def test_specialists_first() -> None:
    """Whoever has the fewest skills, so that those who can do more are kept for what only they can do."""
    story = started(centre(LEVELS, selection="specialists_first", requirements=(Requirement("pay"),)))
    assert ["bob", "ann", "cat"] == order(story, 10 * S)


def test_round_robin() -> None:
    """In the order of the list, on from whoever was offered something last, even if he did not take it."""
    story = started(centre(selection="round_robin"))
    assert ["ann", "bob", "cat", "ann"] == [serve(story, f"c{n}", n * 10 * S, n * 10 * S + 1) for n in (1, 2, 3, 4)]
    story.take(50 * S, ContactArrived("c5", "100"), OfferDeclined("c5", "bob", 5), ContactLeft("c5"))
    assert ["ann", "bob", "cat"] == order(story, 60 * S)


def test_round_robin_goes_round_each_tier() -> None:
    """The first tier that has anybody ready goes first, and within it the one whose turn it is."""
    tiers = (Tier(("bob", "ann")), Tier(("cat",)))
    story = started(centre(selection="round_robin", tiers=tiers))
    assert ["bob", "ann", "bob"] == [serve(story, f"c{n}", n * 10 * S, n * 10 * S + 1) for n in (1, 2, 3)]
    assert ["ann", "bob", "cat"] == order(story, 40 * S)


def test_round_robin_passes_over_who_is_kept_apart() -> None:
    """Whoever declined a contact is not offered it again, though it would be his turn."""
    story = started(centre(selection="round_robin"))
    story.take(10 * S, ContactArrived("c1", "100"), OfferDeclined("c1", "ann", 1), OfferDeclined("c1", "bob", 2))
    assert ["ann", "bob", "cat"] == offered(story)


def weighted(**weights: int) -> Plan:
    """A centre that draws among agents of these weights."""
    rules = centre(selection="weighted_random")
    agents = {name: replace(agent, weight=weights.get(name, 1)) for name, agent in rules.floor.agents.items()}
    return replace(rules, floor=replace(rules.floor, agents=agents))


def test_weighted_random_draws_by_weight() -> None:
    """Over many contacts each agent has about the share that his weight says; who is busy has none."""
    story = started(weighted(ann=6, bob=3))
    drawn = [serve(story, f"c{n}", (10 + n) * S, (10 + n) * S + 1) for n in range(1000)]
    assert [6, 3, 1] == [round(drawn.count(agent) / 100) for agent in NAMES]


def test_weighted_random_draws_the_same_again() -> None:
    """The same contact at the same instant draws the same agent, in whatever process."""
    draws = [[serve(started(weighted(bob=2)), f"c{n}", 10 * S, 11 * S) for n in range(12)] for _ in range(2)]
    assert draws[0] == draws[1]
    assert ["ann", "cat", "cat", "ann"] == draws[0][:4]


def test_weighted_random_leaves_out_who_is_kept_apart() -> None:
    """Whoever declined takes his lots with him: the others share the next draw."""
    story = started(weighted(ann=100))
    story.take(10 * S, ContactArrived("c1", "100"), OfferDeclined("c1", "ann", 1))
    assert "ann" == offered(story)[0]
    assert offered(story)[1] in {"bob", "cat"}


# --- tiers and places ---------------------------------------------------------------------------------------------

SELECTIONS: tuple[Selection, ...] = (
    "longest_idle",
    "least_recently_offered",
    "fewest_contacts",
    "in_order",
    "best_skilled",
    "specialists_first",
    "round_robin",
)


@pytest.mark.parametrize("selection", [*SELECTIONS, "weighted_random"])
def test_an_earlier_tier_goes_before_any_selection(selection: Selection) -> None:
    """Tiers that are all open still order agents, whatever else ranks them."""
    skills = {"ann": {"pay": 1, "vip": 1}, "bob": {"pay": 2}, "cat": {"pay": 3}}
    tiers = (Tier(("ann",)), Tier(("cat",)), Tier(("bob",)))
    story = started(centre(skills, selection=selection, tiers=tiers, requirements=(Requirement("pay"),)))
    assert ["ann", "cat", "bob"] == order(story, 10 * S)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_ids_break_ties(selection: Selection) -> None:
    """Of agents who are alike in everything, the lower id goes first, whoever said first that he is ready."""
    story = Story(centre(selection=selection))
    story.take(1 * S, *ready("cat", "ann", "bob"))
    assert ["ann", "bob", "cat"] == order(story, 10 * S)


@pytest.mark.parametrize("selection", [*SELECTIONS, "weighted_random"])
def test_the_order_of_agents_survives_a_restart(selection: Selection) -> None:
    """From a snapshot, the same agents are offered the same contacts."""
    orders = []
    for restarts in (False, True):
        story = started(centre(LEVELS, selection=selection, requirements=(Requirement("pay"),)))
        serve(story, "c1", 10 * S, 11 * S)
        story.take(12 * S, ContactArrived("c2", "100"))
        story.engine = copy(story.engine) if restarts else story.engine
        story.take(20 * S, AgentStateSet("ann", "paused"), *ready("ann"))
        orders.append(order(story, 30 * S))
    assert orders[0] == orders[1]
    assert 2 == len(orders[0])


def test_new_rules_may_order_agents_otherwise() -> None:
    """Another selection, other tiers and other skills hold from the reload on, for those who are ready already."""
    story = started(centre(), centre(version="v2", tiers=(Tier(("bob",)), Tier(("ann", "cat")))))
    story.take(5 * S, CentreStarted("v2"))
    assert ["bob", "cat", "ann"] == order(story, 10 * S)
