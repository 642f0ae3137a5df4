"""The floor: who gets whom, in what order, and with what numbers behind it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactJoined,
    ContactReleased,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    PairExcluded,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
)
from acd.line import Line
from acd.match import meets
from acd.plan import QueuePlan, Requirement
from ivr.events import ContactKeyed
from ivr.flow import HandOver, Menu, Node
from router.events import CentreStarted, ContactArrived, ContactLeft
from tests import states
from tests.worlds import QUEUE, S, Story, plan, with_queue, wrapping_up

READY_ANN, READY_BOB = AgentStateSet("ann", "ready"), AgentStateSet("bob", "ready")


def arrived(contact: str) -> ContactArrived:
    """A call."""
    return ContactArrived(contact, "100")


def pairs(story: Story) -> list[tuple[int, str, str]]:
    """(instant, contact, agent) of every offer."""
    return [(at, event.contact, event.agent) for at, event in story.of(OfferContact)]


def test_states_page_is_drawn_from_the_tables() -> None:
    """The reference of states says what the tables say; `./dev docs` writes it again."""
    assert states.page() == states.PAGE.read_text("utf-8")


@pytest.mark.parametrize(("level", "needed", "able"), [(2, 1, True), (2, 2, True), (2, 3, False)])
def test_a_requirement_is_met_at_its_level_or_above(level: int, needed: int, able: bool) -> None:  # noqa: FBT001
    """A skill counts from the level that is asked for; one that an agent lacks never does."""
    assert able == meets((("pay", level),), (Requirement("pay", needed),))
    assert not meets((("pay", level),), (Requirement("tax", needed),))


def test_a_line_gives_the_same_as_sorting() -> None:
    """Whatever is added and dropped, the first is the one with the lowest rank that is not passed over."""
    dice, line, there = random.Random(7), Line[int](), set[int]()
    for _ in range(3_000):
        number = dice.randrange(60)
        if number in there:
            line.drop((number,))
            there.remove(number)
        else:
            line.add((number,), number)
            there.add(number)
        assert min(there, default=None) == line.first(None)
        assert min((n for n in there if n % 3), default=None) == line.first(lambda n: n % 3 == 0)
        assert len(there) == line.count


def test_a_line_does_not_remember_everybody() -> None:
    """Ten thousand who came and went take no room; nor does one who comes back ten thousand times."""
    line = Line[int]()
    for number in range(10_000):
        line.add((number,), number)
        line.drop((number,))
        line.add((-1,), -1)
        line.drop((-1,))
    assert len(line._heap) < 100
    assert len(line._items) < 100


def test_the_longest_idle_agent_comes_first_and_ids_break_ties() -> None:
    """Who has been ready longest is offered first; of two ready since the same instant, the lower id."""
    story = Story(plan(agents={"zoe": (), "ann": (), "bob": ()}))
    story.take(5, READY_BOB, READY_ANN)
    story.take(3 + 3, AgentStateSet("zoe", "ready"))
    story.take(9, arrived("c1"), arrived("c2"), arrived("c3"))
    assert [(9, "c1", "ann"), (9, "c2", "bob"), (9, "c3", "zoe")] == pairs(story)


def test_no_order_of_files_decides() -> None:
    """The same agents and queues listed the other way round are offered the same contacts."""
    calls = [arrived(f"c{number}") for number in range(3)]
    stories = []
    for agents in ({"ann": (), "bob": ()}, {"bob": (), "ann": ()}):
        story = Story(plan(agents=dict.fromkeys(agents, ())))
        story.take(1, READY_BOB, READY_ANN, *calls)
        stories.append(story.log)
    assert stories[0] == stories[1]


def test_priority_goes_before_age_and_age_before_arrival() -> None:
    """A freed agent is offered the contact of the highest priority, then the one whose need is oldest."""
    urgent = QueuePlan("urgent", priority=5)
    nodes: dict[str, Node] = {
        "menu": Menu("menu", ("m",), (("1", "low"), ("2", "high")), "low"),
        "low": HandOver("low", "help"),
        "high": HandOver("high", "urgent"),
    }
    story = Story(plan(nodes, queues=(QUEUE, urgent)))
    story.take(1, arrived("older"))
    story.take(2, arrived("newer"), ContactKeyed("newer", "1"))
    story.take(3, ContactKeyed("older", "1"), arrived("vip"), ContactKeyed("vip", "2"))
    story.take(4, READY_ANN, READY_BOB)
    assert [(4, "vip", "ann"), (4, "older", "bob")] == pairs(story)


def test_a_head_start_counts_as_waiting() -> None:
    """A contact with a head start goes before those that came no earlier than that; its wait is measured as it is."""
    nodes: dict[str, Node] = {
        "menu": Menu("menu", ("m",), (("1", "early"), ("2", "plain")), "plain"),
        "early": HandOver("early", "help", head_start_ms=5),
        "plain": HandOver("plain", "help"),
    }
    story = Story(plan(nodes))
    for at, contact, key in ((1, "c1", "2"), (4, "c2", "2"), (8, "c3", "1")):
        story.take(at, arrived(contact), ContactKeyed(contact, key))
    story.take(9, READY_ANN, READY_BOB)
    assert [("c1", 8), ("c3", 1)] == [(offer.contact, offer.waited_ms) for _, offer in story.of(OfferContact)]


def test_an_agents_own_settings() -> None:
    """An agent's own wrap-up and limit to missed offers hold instead of those of the queue."""
    rules = with_queue(plan(), "help", wrap_up_ms=60 * S, missed_offers_max=1)
    ann = replace(rules.floor.agents["ann"], wrap_up_ms=5 * S, missed_offers_max=2)
    rules = replace(rules, floor=replace(rules.floor, agents={**rules.floor.agents, "ann": ann}))
    story = wrapping_up(rules)
    story.wait(20 * S)
    assert [(14 * S, WrapUpExpired("ann", "c1", "resolved"))] == story.of(WrapUpExpired)
    story.take(20 * S, AgentStateSet("bob", "offline"), arrived("c2"))
    story.news()
    story.wait(100 * S)
    assert [(70 * S, "not_responding")] == [(at, moved.state) for at, moved in story.of(AgentMoved)]


@pytest.mark.parametrize(("restarts", "first"), [(True, "bob"), (False, "ann")])
def test_a_pause_may_restart_the_idle_time(restarts: bool, first: str) -> None:  # noqa: FBT001
    """Whether who comes back from a pause is the last to be offered, or keeps his place, is the floor's to say."""
    rules = plan()
    story = Story(replace(rules, floor=replace(rules.floor, pause_restarts_idle=restarts)))
    story.take(1, READY_ANN)
    story.take(2, READY_BOB)
    story.take(3, AgentStateSet("ann", "paused"))
    story.take(4, READY_ANN, arrived("c1"))
    assert [(4, "c1", first)] == pairs(story)


def test_an_offer_says_what_was_chosen_from() -> None:
    """`candidates` and `excluded` count exactly those who were ready, or waiting, at that instant."""
    skilled = QueuePlan("help", requirements=(Requirement("pay"),), wrap_up_ms=0, missed_offers_max=None)
    staff = {"ann": ("pay",), "bob": ("pay",), "cat": (), "dan": ("pay",)}
    story = Story(plan(queues=(skilled,), agents=staff))
    story.take(1, *(AgentStateSet(agent, "ready") for agent in staff))
    story.take(2, arrived("c1"))
    story.take(3, OfferDeclined("c1", "ann", 1))
    story.take(4, OfferDeclined("c1", "bob", 2), arrived("c2"))
    told = [(event.agent, event.candidates, event.excluded) for _, event in story.of(OfferContact)]
    one_unskilled, and_one_apart = (("skill", 1),), (("skill", 1), ("kept_apart", 1))
    assert [
        ("ann", 3, one_unskilled),
        ("bob", 2, and_one_apart),
        ("dan", 1, (("skill", 1), ("kept_apart", 2))),
        ("ann", 2, one_unskilled),
    ] == told


def test_a_freed_agent_counts_the_contacts_he_is_kept_from() -> None:
    """An agent who is freed chooses among the waiting; those he declined are counted apart."""
    story = Story(plan(agents={"ann": (), "bob": ()}))
    story.take(1, READY_ANN, AgentStateSet("bob", "paused"), arrived("c1"), arrived("c2"), arrived("c3"))
    story.take(2, OfferDeclined("c1", "ann", 1))
    story.take(3, AgentStateSet("ann", "paused"))
    story.news()
    story.take(4, READY_ANN)
    assert [("c2", 2, (("kept_apart", 1),))] == [
        (e.contact, e.candidates, e.excluded) for _, e in story.of(OfferContact)
    ]


def test_a_declined_contact_goes_to_somebody_else_for_a_while() -> None:
    """While another could have it, the contact is kept from who declined it, even when that one alone is ready."""
    story = Story(plan())
    story.take(1, READY_ANN, AgentStateSet("bob", "paused"), arrived("c1"))
    story.take(2, OfferDeclined("c1", "ann", 1))
    story.wait(2 + 300 * S - 1)
    assert [(1, "c1", "ann")] == pairs(story)
    story.wait(2 + 300 * S)
    assert [(1, "c1", "ann"), (2 + 300 * S, "c1", "ann")] == pairs(story)


def test_the_only_agent_is_asked_again_soon_but_not_at_once() -> None:
    """Where nobody else is logged in, the contact comes back after the retry time; never at the same instant."""
    story = Story(plan())
    story.take(1, READY_ANN, arrived("c1"))
    story.take(2, OfferDeclined("c1", "ann", 1))
    story.wait(2 + 10 * S)
    assert [(2, PairExcluded("c1", "ann", 2 + 10 * S))] == story.of(PairExcluded)
    assert [(1, "c1", "ann"), (2 + 10 * S, "c1", "ann")] == pairs(story)


def test_an_exclusion_of_no_length_is_no_hot_loop() -> None:
    """With an exclusion time of 0 an agent is still not offered what he declined before the retry time is over."""
    story = Story(with_queue(plan(), "help", exclusion_ms=0))
    story.take(1, READY_ANN, AgentStateSet("bob", "paused"), arrived("c1"))
    story.take(2, OfferDeclined("c1", "ann", 1))
    assert [(2, PairExcluded("c1", "ann", 2 + 10 * S))] == story.of(PairExcluded)


def test_when_everybody_has_declined_all_are_asked_again_soon() -> None:
    """Once nobody is left whom the contact is not kept from, every exclusion shrinks to the retry time."""
    story = Story(plan())
    story.take(1, READY_ANN, READY_BOB, arrived("c1"))
    story.take(2, OfferDeclined("c1", "ann", 1))
    story.take(3, OfferDeclined("c1", "bob", 2))
    soon = 3 + 10 * S
    expected = [("ann", 2 + 300 * S), ("bob", soon), ("ann", soon)]
    assert expected == [(event.agent, event.until) for _, event in story.of(PairExcluded)]
    story.wait(soon)
    assert (soon, "c1", "ann") == pairs(story)[-1]


@pytest.mark.parametrize("leaves", ["logs out", "lapses", "logs out while busy"])
def test_an_exclusion_ends_soon_when_the_others_go_home(leaves: str) -> None:
    """When the last other agent leaves, however he does, who declined is asked again after the retry time."""
    story = Story(plan())
    story.take(1, READY_ANN, AgentStateSet("bob", "paused", "", 50 * S), arrived("c1"))
    story.take(2, OfferDeclined("c1", "ann", 1))
    if leaves == "logs out":
        story.take(50, AgentStateSet("bob", "offline"))
        gone = 50
    elif leaves == "lapses":
        gone = 1 + 50 * S
    else:
        story.take(40, READY_BOB)
        story.take(50, AgentStateSet("bob", "offline"))
        gone = 50
    story.wait(gone + 10 * S)
    assert (gone, PairExcluded("c1", "ann", gone + 10 * S)) == story.of(PairExcluded)[-1]
    assert (gone + 10 * S, "c1", "ann") == pairs(story)[-1]


def test_exclusions_that_end_together_give_the_best_pair() -> None:
    """When two exclusions end at one instant, the contact goes to the longest idle agent, not to the first by name."""
    story = Story(plan())
    story.take(1, READY_BOB)
    story.take(2, READY_ANN, arrived("c1"))
    story.take(3, OfferDeclined("c1", "bob", 1), OfferDeclined("c1", "ann", 2))
    story.wait(3 + 10 * S)
    assert (3 + 10 * S, "c1", "bob") == pairs(story)[-1]


def test_a_contact_that_is_over_is_kept_from_nobody() -> None:
    """Who declined a contact is not remembered once it is over."""
    story = Story(plan())
    story.take(1, READY_ANN, arrived("c1"))
    story.take(2, OfferDeclined("c1", "ann", 1), ContactLeft("c1"))
    assert not any(story.engine.board.floor.matching._apart.values())


def test_a_log_out_of_somebody_who_is_away_leaves_no_trace() -> None:
    """To log out twice is refused, and the next log-in is not spoilt by it."""
    story = Story(plan())
    assert ("stale", "agent 'ann' is offline already") == story.refusal(1, AgentStateSet("ann", "offline", "again", 9))
    story.take(2, READY_ANN, arrived("c1"))
    story.take(3, OfferDeclined("c1", "ann", 1))
    assert [] == story.of(AgentMoved)
    assert story.engine.deadline() == 3 + 10 * S


def test_ready_twice_is_refused() -> None:
    """An agent who is ready keeps his place, and says nothing by saying so again, whatever the reason."""
    story = Story(plan())
    story.take(1, READY_ANN)
    assert ("stale", "agent 'ann' is ready already") == story.refusal(2, AgentStateSet("ann", "ready", "back"))


def test_a_pause_may_change_its_reason() -> None:
    """A paused agent may say another reason, and not the same one again."""
    story = Story(plan())
    story.take(1, AgentStateSet("ann", "paused", "lunch"))
    assert ("stale", "agent 'ann' is paused already") == story.refusal(2, AgentStateSet("ann", "paused", "lunch"))
    story.take(3, AgentStateSet("ann", "paused", "training"))
    assert "training" == story.engine.board.floor.agents["ann"].reason


def test_a_lease_lives_on_through_a_pause() -> None:
    """To ask for a pause without a lease keeps the lease there is; a heartbeat renews it; silence ends it."""
    story = Story(plan())
    story.take(1, AgentStateSet("ann", "ready", "", 60 * S))
    story.take(2, AgentStateSet("ann", "paused"))
    story.take(30 * S, AgentAlive("ann", 60 * S))
    story.wait(90 * S - 1)
    assert [] == story.of(AgentLapsed)
    story.wait(90 * S)
    assert [(90 * S, AgentLapsed("ann"))] == story.of(AgentLapsed)
    assert "stale" == story.refusal(91 * S, AgentAlive("ann", 60 * S))[0]


@pytest.mark.parametrize("fact", [AgentAlive("ann", 0), AgentStateSet("ann", "ready", "", -1)])
def test_a_lease_has_a_length(fact: AgentAlive | AgentStateSet) -> None:
    """A lease that would be over before it began is the sender's mistake."""
    story = Story(plan())
    assert "illegal" == story.refusal(1, fact)[0]


def test_an_unknown_agent_is_nobody() -> None:
    """Whatever is said of an agent who is not in the centre is refused."""
    story = Story(plan())
    facts = (AgentAlive("x", 1), AgentStateSet("x", "ready"), OfferAccepted("c", "x", 1), ContactReleased("c", "x"))
    refusals = {story.refusal(1, fact) for fact in facts}
    assert {("illegal", "agent 'x' is not in the centre")} == refusals


def test_an_agent_reserved_may_change_his_mind() -> None:
    """A pause asked for while talking is taken back by asking for ready; there is nothing else to take back."""
    story = Story(plan())
    story.take(1, READY_ANN, arrived("c1"))
    story.take(2, OfferAccepted("c1", "ann", 1), ContactJoined("c1", "ann", 1))
    story.take(3, AgentStateSet("ann", "paused", "lunch"), READY_ANN)
    assert "stale" == story.refusal(4, READY_ANN)[0]
    story.take(5, ContactReleased("c1", "ann"), WrappedUp("ann", "c1", "resolved"))
    assert [] == story.of(AgentMoved)


def test_weight_of_skill_changes_shows_at_once() -> None:
    """When new rules give an agent a skill, the contact that waited for it is offered at that instant."""
    skilled = QueuePlan("help", requirements=(Requirement("pay"),))
    old = plan(queues=(skilled,), agents={"ann": ()})
    new = plan(queues=(skilled,), agents={"ann": ("pay",)}, version="v2")
    story = Story(old, new)
    story.take(1, READY_ANN, arrived("c1"))
    assert [] == pairs(story)
    story.take(2, CentreStarted("v2"))
    assert [(2, "c1", "ann")] == pairs(story)
    story.engine.board.check()


def test_news_of_an_offer_must_fit_it() -> None:
    """An answer for another agent, contact or offer is illegal; one that comes after the end is stale."""
    story = Story(plan())
    story.take(1, READY_ANN, READY_BOB, arrived("c1"))
    assert ("illegal", "offer 1 is about another agent or contact") == story.refusal(2, OfferAccepted("c1", "bob", 1))
    assert ("illegal", "no such offer was made") == story.refusal(2, OfferAccepted("c1", "ann", 2))
    assert ("illegal", "offer 1 is not accepted yet") == story.refusal(2, ContactJoined("c1", "ann", 1))
    story.take(3, ContactLeft("c1"))
    assert [(3, WithdrawOffer(1, "c1", "ann", "the customer left"))] == story.of(WithdrawOffer)
    assert ("stale", "offer 1 is no longer open") == story.refusal(4, OfferAccepted("c1", "ann", 1))


def test_wrap_up_is_for_a_contact_that_is_over() -> None:
    """Wrap-up of a contact under way is illegal, of any other stale, also of none at all."""
    story = Story(plan())
    story.take(1, READY_ANN, READY_BOB, arrived("c1"))
    assert "stale" == story.refusal(2, WrappedUp("bob", "", "resolved"))[0]
    story.take(3, OfferAccepted("c1", "ann", 1), ContactJoined("c1", "ann", 1))
    assert "illegal" == story.refusal(4, WrappedUp("ann", "c1", "resolved"))[0]


def test_queue_settings_are_those_of_the_queue() -> None:
    """An agent who misses as many offers in a row as his contacts' queue allows is not responding."""
    story = Story(replace(with_queue(plan(agents={"ann": ()}), "help", missed_offers_max=2)))
    story.take(0, READY_ANN, arrived("c1"))
    story.wait(20 * S)
    assert [] == story.of(AgentMoved)
    story.wait(50 * S)
    assert [(50 * S, AgentMoved("ann", "not_responding", "missed 2 in a row"))] == story.of(AgentMoved)
