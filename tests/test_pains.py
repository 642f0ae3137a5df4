"""Pains that other call-centre systems are known for in the field, each as a test that it does not exist here.

A test is named after its pain. Where the test of a rule shows the same already, `SHOWN_BY` says which.
"""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from acd.events import (
    AgentStateSet,
    ContactJoined,
    ContactReleased,
    ContactReprioritised,
    JoinTimedOut,
    OfferAccepted,
    OfferContact,
    OfferExpired,
    WrapUpExpired,
)
from acd.model import AgentState
from acd.plan import QueuePlan, Requirement
from ivr.events import ContactKeyed
from ivr.flow import HandOver, Menu, Node
from router.events import CentreStarted, ContactArrived
from router.plan import Plan
from tests.worlds import S, Story, copy, plan, ready, ringing, talking, with_queue, wrapping_up

SHOWN_BY = {
    "two agents answer one call": "test_ringing.test_the_first_accept_is_the_only_one",
    "a late answer gets audio": "test_engine.test_a_second_answer_gets_no_audio",
    "the first ring-all phone drops and all ringing is lost": "test_ringing.test_it_rings_on_when_a_join_fails",
    "an agent is rung after the caller hung up": "test_ringing.test_a_customer_who_leaves_stops_all_ringing",
    "a contact is counted twice": "test_service_inputs.test_a_duplicate_gets_its_first_outcome_again",
    "a time-to-live ends the item while the call is up": "test_waiting.test_a_join_under_way_is_not_cut_off",
    "an agent is available after the browser closed": "test_engine.test_a_lease_that_lapses_while_ready",
    "the dispatcher dies and nobody notices": "test_http.test_health_says_when_the_loop_hangs",
    "time-outs in the menu are not honoured": "test_ivr.test_silences_and_wrong_keys_are_counted_apart",
    "statistics are wrong after a restart": "test_recovery.test_measures_after_a_restart_are_those_of_the_whole_log",
    "statistics are wrong after a bridge": "test_measures_intervals.test_statistics_wrong_after_a_bridge",
    "a contact is counted twice in the measures": "test_measures_intervals.test_a_contact_counted_twice",
    "events are lost on reconnect": "test_mqtt.test_only_the_unacknowledged_comes_again",
    "events are lost in a gap": "test_service_inputs.test_inputs_are_taken_in_their_senders_order",
    "contacts are lost at reload": "test_reload.test_new_rules_lose_nobody",
    "a callback loses or jumps its place": "test_callbacks.test_a_callback_that_loses_or_jumps_its_place",
    "a callback ends by a time-to-live": "test_callbacks.test_a_time_to_live_ends_the_item_while_the_call_is_up",
    "a callback is taken for a customer who left": (
        "test_callbacks.test_the_line_that_was_hung_up_is_not_the_customer_who_leaves"
    ),
    "an office's number is taken for a customer": "test_preferring.test_an_offices_number_is_no_customer",
    "a contact waits for an agent who is not there": "test_preferring.test_who_is_not_there_is_not_waited_for",
    "many contacts all choose the same first agent": "test_selection.test_round_robin",
    "phones ring at closing for contacts that are sent away": (
        "test_queue_hours.test_at_closing_no_phone_rings_for_somebody_who_has_to_go"
    ),
    "wrap-up of the first agent ended with the last one's": "test_capacity.test_each_wrap_up_has_its_own_end",
    "a low priority starves": "test_fairness.test_overtaking_is_bounded",
    "wrap-up is lost on attended transfer": "test_consults.test_wrap_up_lost_on_attended_transfer",
    "a contact is forgotten while somebody wraps it up": (
        "test_transfers.test_a_contact_is_kept_until_all_have_wrapped_up"
    ),
    "entry time is lost over a transfer": "test_transfers.test_entry_time_is_kept_over_a_transfer",
    "a colleague is rung after the caller hung up": (
        "test_consults.test_a_colleague_is_not_rung_after_the_customer_hung_up"
    ),
    "a transfer to an agent who is away is lost": (
        "test_transfers.test_a_contact_not_taken_by_whom_it_was_meant_for_goes_to_others_at_once"
    ),
}


@pytest.mark.parametrize("pain", SHOWN_BY)
def test_another_test_shows_it(pain: str) -> None:
    """Each test that is said to show the absence of a pain is there."""
    module, _, test = SHOWN_BY[pain].partition(".")
    assert callable(getattr(importlib.import_module(f"tests.{module}"), test))


def centre(*queues: QueuePlan, staff: dict[str, tuple[str, ...]], version: str = "v1") -> Plan:
    """Key 1 leads to the first queue, key 2 to the second, and so on."""
    keys = tuple((str(place), queue.id) for place, queue in enumerate(queues, start=1))
    nodes: dict[str, Node] = {"menu": Menu("menu", ("m",), keys, queues[0].id, silence_ms=600 * S)}
    nodes |= {queue.id: HandOver(queue.id, queue.id) for queue in queues}
    return plan(nodes, queues=queues, agents=staff, version=version)


def call(contact: str, key: int) -> tuple[ContactArrived, ContactKeyed]:
    """A customer who knows which key to press."""
    return ContactArrived(contact, "100"), ContactKeyed(contact, str(key))


def offered(story: Story) -> list[tuple[int, str, str]]:
    """Who was offered what, and when."""
    return [(at, event.contact, event.agent) for at, event in story.of(OfferContact)]


def names(story: Story) -> list[tuple[str, str]]:
    """Who was offered what."""
    return [(contact, agent) for _, contact, agent in offered(story)]


def answer(contact: str, agent: str, offer: int) -> tuple[OfferAccepted, ContactJoined]:
    """The agent takes the contact and is joined with it."""
    return OfferAccepted(contact, agent, offer), ContactJoined(contact, agent, offer)


# --- the order of contacts ----------------------------------------------------------------------------------------


def test_queues_stop_offering_because_each_thinks_another_is_older() -> None:
    """Whatever waits in several queues, each agent who becomes ready is offered a contact at once, the oldest first."""
    story = Story(centre(QueuePlan("a"), QueuePlan("b"), QueuePlan("c"), staff=dict.fromkeys("xyz", ())))
    for at, (contact, key) in enumerate((("c1", 2), ("c2", 1), ("c3", 3)), start=1):
        story.take(at, *call(contact, key))
    for at, agent in enumerate("xyz", start=10):
        story.take(at, *ready(agent))
    assert [(10, "c1", "x"), (11, "c2", "y"), (12, "c3", "z")] == offered(story)


def test_a_heavy_queue_holds_an_agent_its_contacts_cannot_use() -> None:
    """Weight counts only for contacts that the agent could have: he is not kept free for any other."""
    heavy = QueuePlan("heavy", weight=9, requirements=(Requirement("pay"),))
    story = Story(centre(heavy, QueuePlan("light"), staff={"ann": (), "bob": ("pay",)}))
    story.take(1, *call("c1", 1))
    story.take(2, *call("c2", 2), *ready("ann"))
    story.take(3, *ready("bob"))
    assert [(2, "c2", "ann"), (3, "c1", "bob")] == offered(story)


def test_high_priority_demoted_by_a_longest_waiting_option() -> None:
    """A head start, or a target that is near, moves contacts of one priority, never past a higher one."""
    low = QueuePlan("low", order="slack", acceptable_wait_ms=0, head_start_ms=3_600 * S)
    story = Story(centre(low, QueuePlan("high", 1), staff={"ann": ()}))
    story.take(1 * S, *call("c1", 1))
    story.take(500 * S, *call("c2", 2))
    story.take(501 * S, *ready("ann"))
    assert [("c2", "ann")] == names(story)


def test_newer_work_served_first_when_an_agent_frees() -> None:
    """The backlog comes first: a contact that arrives as an agent frees does not slip past those who wait."""
    story = wrapping_up(with_queue(plan(), "help", wrap_up_ms=30 * S))
    story.take(20 * S, ContactArrived("c2", "100"))
    story.news()
    story.take(39 * S, ContactArrived("c3", "100"))
    assert [(39 * S, "c2", "ann")] == offered(story)


def test_order_lost_at_reload() -> None:
    """Those who wait keep their order under new rules, and one whose offer is lost then has its old place."""
    queue = QueuePlan("help", missed_offers_max=None)
    story = Story(*(plan(queues=(queue,), version=version) for version in ("v1", "v2")))
    story.take(0, *ready("ann"))
    for number in range(1, 5):
        story.take(number, ContactArrived(f"c{5 - number}", "100"))
    story.take(10, CentreStarted("v2"))
    story.wait(1 + 20 * S)
    story.take(30 * S, *ready("bob"))
    assert [("c4", "ann"), ("c3", "ann"), ("c4", "bob")] == names(story)


def test_priority_change_without_effect_until_later() -> None:
    """A priority counts from the instant it is given: the next agent to become ready is offered that contact."""
    story = Story(plan())
    for contact in ("c1", "c2", "c3"):
        story.take(1, ContactArrived(contact, "100"))
    story.take(2, ContactReprioritised("c3", 1), ContactReprioritised("c1", -1))
    assert ("stale", "the priority is 1 already") == story.refusal(2, ContactReprioritised("c3", 1))
    story.take(3, *ready("ann", "bob"))
    assert [("c3", "ann"), ("c2", "bob")] == names(story)
    assert [1, 0] == [event.priority for _, event in story.of(OfferContact)]


def test_priority_changed_while_it_rings() -> None:
    """A contact that rings keeps its offer, and has its new priority when that comes to nothing."""
    story = ringing(with_queue(plan(), "help", missed_offers_max=None))
    story.take(2 * S, ContactArrived("c2", "100"), ContactReprioritised("c1", -1))
    story.take(3 * S, *ready("bob"))
    story.news()
    story.wait(21 * S)
    story.take(22 * S, *answer("c2", "bob", 2), ContactReleased("c2", "bob"))
    assert ("stale", "contact 'c2' has ended") == story.refusal(22 * S, ContactReprioritised("c2", 3))
    assert ("illegal", "contact 'c9' is not known") == story.refusal(22 * S, ContactReprioritised("c9", 3))
    story.take(23 * S, ContactArrived("c3", "100"), AgentStateSet("bob", "ready"))
    assert [("c3", "ann"), ("c1", "bob")] == names(story)


# --- the choice of agents -----------------------------------------------------------------------------------------


def test_many_simultaneous_contacts_all_choosing_the_same_first_agent() -> None:
    """Of ten contacts that come at one instant, each is offered to another agent, in their orders."""
    staff = [f"a{number}" for number in range(10)]
    story = Story(plan(agents=dict.fromkeys(staff, ())))
    story.take(0, *ready(*staff))
    story.take(1, *(ContactArrived(f"c{number}", "100") for number in range(10)))
    assert [(f"c{number}", f"a{number}") for number in range(10)] == names(story)


def test_the_same_absent_agent_rung_for_ever() -> None:
    """Who lets one offer pass is rung no more before he says that he is back; the contact goes to another."""
    story = Story(plan())
    story.take(0, *ready("ann"))
    story.take(1 * S, *ready("bob"), ContactArrived("c1", "100"))
    story.wait(21 * S)
    assert [("c1", "ann"), ("c1", "bob")] == names(story)
    story.wait(10**7)
    assert 2 == len(names(story))
    story.take(10**7, *ready("ann"))
    assert (10**7, "c1", "ann") == offered(story)[-1]


def test_agents_stuck_reserved() -> None:
    """An offer that nobody answers and a join that nobody confirms end by themselves, and the agent goes on."""
    unanswered = ringing(with_queue(plan(), "help", missed_offers_max=None))
    unanswered.wait(21 * S)
    assert 1 == len(unanswered.of(OfferExpired))
    unconfirmed = ringing()
    unconfirmed.take(2 * S, OfferAccepted("c1", "ann", 1))
    unconfirmed.wait(12 * S)
    assert 1 == len(unconfirmed.of(JoinTimedOut))
    for story in (unanswered, unconfirmed):
        assert AgentState.READY == story.engine.board.floor.agents["ann"].state


# --- wrap-up and pause --------------------------------------------------------------------------------------------


def test_wrap_up_lost_on_reload() -> None:
    """Wrap-up ends when it would have ended, whatever the new rules say of its length."""
    old, new = (with_queue(plan(version=version), "help", wrap_up_ms=ms) for version, ms in (("v1", 30 * S), ("v2", 0)))
    story = Story(old, new)
    story.take(0, *ready("ann"), ContactArrived("c1", "100"), *answer("c1", "ann", 1))
    story.take(9 * S, ContactReleased("c1", "ann"), CentreStarted("v2"), ContactArrived("c2", "100"))
    story.wait(39 * S - 1)
    assert [("c1", "ann")] == names(story)
    story.wait(39 * S)
    assert (39 * S, "c2", "ann") == offered(story)[-1]


def test_wrap_up_lost_in_another_queue() -> None:
    """Wrap-up after a contact of one queue keeps the agent from the contacts of all."""
    story = Story(centre(QueuePlan("a", wrap_up_ms=30 * S), QueuePlan("b", wrap_up_ms=0), staff={"ann": ()}))
    story.take(0, *ready("ann"), *call("c1", 1), *answer("c1", "ann", 1))
    story.take(9 * S, ContactReleased("c1", "ann"), *call("c2", 2))
    story.wait(10**6)
    assert [(0, "c1", "ann"), (39 * S, "c2", "ann")] == offered(story)


def test_wrap_up_of_the_first_agent_ended_with_the_last_ones() -> None:
    """Each agent's wrap-up has an end of its own."""
    story = Story(plan())
    story.take(0, *ready("ann", "bob"), ContactArrived("c1", "100"), ContactArrived("c2", "100"))
    story.take(1 * S, *answer("c1", "ann", 1), *answer("c2", "bob", 2))
    story.take(5 * S, ContactReleased("c1", "ann"))
    story.take(15 * S, ContactReleased("c2", "bob"))
    story.wait(10**6)
    assert [(35 * S, "ann"), (45 * S, "bob")] == [(at, event.agent) for at, event in story.of(WrapUpExpired)]


@pytest.mark.parametrize("began", [ringing, talking, wrapping_up])
def test_pause_reason_lost_at_restart(began: Any) -> None:
    """The reason of a pause, and of one that was asked for while busy, is there after a restart."""
    story = began()
    story.take(10 * S, AgentStateSet("bob", "paused", "lunch"))
    if began is not ringing:
        story.take(10 * S, AgentStateSet("ann", "paused", "tea"))
    agents = copy(story.engine).board.floor.agents
    assert "lunch" == agents["bob"].reason
    assert ("tea" if began is not ringing else "") == agents["ann"].pending_reason
