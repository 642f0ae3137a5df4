"""Blind transfers, and contacts that are meant for one agent: what becomes of the contact, and of who had it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.compat.asterisk.plan import AsteriskMember, AsteriskQueue
from acd.compat.freeswitch.plan import FreeswitchAgent, FreeswitchQueue
from acd.compat.plan import CompatQueue
from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    PairExcluded,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.hands import ConsultAsked, ContactDirected, ContactPulled, ContactTransferred, DirectionEnded, TalkEnded
from acd.model import AgentState, ContactState
from acd.plan import QueuePlan, Requirement
from escalation.events import CaseOpened
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.measures import Measures
from router.plan import Plan
from simulator.audit import Audit
from tests.worlds import (
    LEFT,
    QUEUE,
    S,
    Story,
    copy,
    joining,
    plan,
    ready,
    ringing,
    state,
    talking,
    with_queue,
    wrapping_up,
)

PAY = QueuePlan("pay", priority=3, requirements=(Requirement("pay"),), wrap_up_ms=20 * S, case_type="matter")
TO_PAY = ContactTransferred("c1", "ann", "pay", reason="a question about wages")
TO_BOB = ContactTransferred("c1", "ann", to_agent="bob")


def two_queues(version: str = "v1") -> Plan:
    """A centre whose contacts come to `help`, where Ann is; Bob and Cat serve `pay`."""
    help_queue = replace(QUEUE, requirements=(Requirement("help"),))
    staff: dict[str, tuple[str, ...]] = {"ann": ("help",), "bob": ("pay",), "cat": ("pay",)}
    return plan(queues=(help_queue, PAY), agents=staff, version=version)


def handed_on(fact: ContactTransferred = TO_PAY, *others: str, rules: Plan | None = None) -> Story:
    """Ann talks from 3 s on, and hands the contact on at 9 s; these others are ready."""
    story = talking(rules or two_queues())
    story.take(8 * S, *ready(*others))
    story.news()
    story.take(9 * S, fact)
    return story


def offered(story: Story) -> list[tuple[int, str, str]]:
    """Who was offered what, and when."""
    return [(at, event.contact, event.agent) for at, event in story.of(OfferContact)]


def answer(agent: str, offer: int) -> tuple[Event, Event]:
    """The agent takes the contact, and is joined with it."""
    return OfferAccepted("c1", agent, offer), ContactJoined("c1", agent, offer)


def tallies(story: Story, rules: Plan) -> dict[str, Any]:
    """What the measures say of each queue."""
    measures = Measures(rules)
    for at, event in story.log:
        measures.apply(event, at)
    return measures.by_queue()


def problems(story: Story, *, finished: bool = True) -> list[str]:
    """What an independent check says of the whole log."""
    audit = Audit()
    for seq, (at, event) in enumerate(story.log, start=1):
        audit.hear(seq, event, at)
    return audit.problems(finished=finished)


# --- to a queue ---------------------------------------------------------------------------------------------------


def test_a_transfer_is_queued_offered_and_wrapped_up_at_once() -> None:
    """The contact is offered to the other queue's agent in the same instant; its sender begins his own wrap-up."""
    story = handed_on(TO_PAY, "bob")
    assert [(9 * S, TalkEnded("c1", "ann", "help", 2 * S, 6 * S))] == story.of(TalkEnded)
    assert [(9 * S, "c1", "bob")] == offered(story)
    assert [(9 * S, WrapUpStarted("ann", "c1", "help", 39 * S))] == story.of(WrapUpStarted)
    assert (ContactState.OFFERED, AgentState.WRAP_UP) == state(story)


def test_entry_time_is_kept_over_a_transfer() -> None:
    """In its new queue a contact has the place of its need, before those who came later; its wait there is its own."""
    story = handed_on()
    ((_, queued),) = story.of(ContactQueued)
    assert ("pay", 1 * S, 3) == (queued.queue, queued.need_since, queued.priority)
    story.take(10 * S, ContactLeft("c1"))
    assert [(10 * S, ContactEnded("c1", "abandoned", "pay", "", 1 * S, 0))] == story.of(ContactEnded)


def test_a_transfer_does_not_come_back_to_its_sender_while_somebody_else_is_there() -> None:
    """Whoever hands a contact on within his own queue is not offered it again for a while."""
    rules = with_queue(plan(), "help", wrap_up_ms=0)
    story = handed_on(ContactTransferred("c1", "ann", "help"), rules=rules)
    assert [(9 * S, PairExcluded("c1", "ann", 309 * S))] == story.of(PairExcluded)
    story.take(10 * S, *ready("bob"))
    assert [(10 * S, "c1", "bob")] == offered(story)


def test_only_the_last_agent_decides_what_becomes_of_a_contact() -> None:
    """What the sender says of his part opens no case, even if the contact is over by then; what the last says does."""
    story = handed_on(TO_PAY, "bob")
    story.take(10 * S, *answer("bob", 2))
    story.take(15 * S, LEFT)
    story.take(16 * S, WrappedUp("ann", "c1", "escalated"))
    assert [] == story.of(CaseOpened)
    story.take(17 * S, WrappedUp("bob", "c1", "escalated", "hard"))
    assert ["hard"] == [event.reason for _, event in story.of(CaseOpened)]
    assert {} == story.engine.board.floor.contacts
    story.take(18 * S)
    assert [] == problems(story)


@pytest.mark.parametrize("first", ["ann", "bob"])
def test_a_contact_is_kept_until_all_have_wrapped_up(first: str) -> None:
    """In whatever order the wrap-ups end, each is booked, and then the contact is gone."""
    story = handed_on(TO_PAY, "bob")
    story.take(10 * S, *answer("bob", 2))
    story.take(15 * S, LEFT)
    second = "bob" if first == "ann" else "ann"
    story.take(16 * S, WrappedUp(first, "c1", "resolved"))
    assert {"c1"} == story.engine.board.floor.contacts.keys()
    story.engine = copy(story.engine)
    story.take(17 * S, WrappedUp(second, "c1", "resolved"))
    assert {} == story.engine.board.floor.contacts
    assert [] == problems(story)


def test_a_contact_lost_on_its_way_is_abandoned_in_the_second_queue() -> None:
    """Answered in the first and abandoned in the second; the wrap-up ends by itself, and FCR counts it as unsettled."""
    rules = two_queues()
    story = handed_on(TO_PAY, rules=rules)
    story.take(12 * S, LEFT)
    story.wait(100 * S)
    assert [(39 * S, WrapUpExpired("ann", "c1", "resolved"))] == story.of(WrapUpExpired)
    assert {} == story.engine.board.floor.contacts
    assert [] == problems(story)
    by_queue = tallies(story, rules)
    assert (1, 1, 1) == (by_queue["help"].offered, by_queue["help"].answered, by_queue["help"].handed_on)
    assert (1, 0, 1, 1) == (
        by_queue["pay"].offered,
        by_queue["pay"].answered,
        by_queue["pay"].abandoned,
        by_queue["pay"].lost,
    )
    assert (36 * S, 1) == (by_queue["help"].talk_ms + by_queue["help"].wrap_up_ms, by_queue["help"].handed_on)


def test_both_queues_account_for_a_transferred_contact() -> None:
    """INV-08 over a transfer: offered and answered in both, one contact settled, the handle time of either."""
    rules = two_queues()
    story = handed_on(TO_PAY, "bob", rules=rules)
    story.take(12 * S, *answer("bob", 2))
    story.take(20 * S, LEFT)
    story.take(25 * S, WrappedUp("bob", "c1", "resolved"), WrappedUp("ann", "c1", "resolved"))
    first, second = (tallies(story, rules)[queue] for queue in ("help", "pay"))
    assert (1, 1, 0, 0) == (first.offered, first.answered, first.wrapped_up, first.resolved)
    assert (1, 1, 1, 1) == (second.offered, second.answered, second.wrapped_up, second.resolved)
    assert (6 * S, 16 * S, 8 * S, 5 * S) == (first.talk_ms, first.wrap_up_ms, second.talk_ms, second.wrap_up_ms)


def test_new_rules_must_know_the_queue_of_a_part_under_way() -> None:
    """While a sender wraps up, the queue that he had the contact out of may not vanish."""
    old, new = two_queues(), plan(queues=(PAY,), agents={"ann": (), "bob": ("pay",), "cat": ("pay",)}, version="v2")
    story = Story(old, new)
    story.take(0, *ready("ann"))
    story.take(1 * S, ContactArrived("c1", "100"), *answer("ann", 1))
    story.take(2 * S, TO_PAY)
    why = "the new rules lack what contacts in flight need: queue 'help'"
    assert ("illegal", why) == story.refusal(3 * S, CentreStarted("v2"))


OLD: dict[str, CompatQueue] = {
    "asterisk": AsteriskQueue("rrmemory", (AsteriskMember("ann"), AsteriskMember("bob"))),
    "freeswitch": FreeswitchQueue("longest-idle-agent", (FreeswitchAgent("ann", 1, 1), FreeswitchAgent("bob", 1, 2))),
}


@pytest.mark.parametrize("system", OLD)
@pytest.mark.parametrize(("first", "second"), [("old", "new"), ("new", "old")])
def test_queues_of_old_systems_hand_on_and_are_handed_to(system: str, first: str, second: str) -> None:
    """A contact goes from them to ours, and back; but in theirs nobody can be meant, pulled for, or consulted."""
    queues = {
        "old": QueuePlan("old", compat=OLD[system], wrap_up_ms=0, missed_offers_max=None),
        "new": QueuePlan("new"),
    }
    story = Story(plan(queues=(queues[first], queues[second]), agents={"ann": (), "bob": (), "cat": ()}))
    story.take(0, *ready("ann"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(3 * S)
    story.take(4 * S, *answer("ann", 1), *ready("bob"))
    for fact in (ContactTransferred("c1", "ann", "old", "bob"), ConsultAsked("c1", "ann", "old")):
        assert "illegal" == story.refusal(5 * S, fact)[0]
    story.news()
    story.take(6 * S, ContactTransferred("c1", "ann", second))
    story.wait(8 * S)
    assert ["bob"] == [agent for _, _, agent in offered(story)]
    story.take(9 * S, *answer("bob", 2), LEFT)
    story.wait(200 * S)
    story.engine.board.check()
    assert [] == problems(story)


# --- to an agent --------------------------------------------------------------------------------------------------


def test_a_contact_meant_for_an_agent_is_offered_to_him_alone() -> None:
    """He has not the skill, and others who have it are ready: he is rung all the same."""
    story = handed_on(TO_BOB, "bob", "cat")
    assert [(9 * S, ContactDirected("c1", "bob", 39 * S))] == story.of(ContactDirected)
    ((_, offer),) = story.of(OfferContact)
    assert ("bob", "help", 1, (("directed", 1),)) == (offer.agent, offer.queue, offer.candidates, offer.excluded)


def test_a_contact_meant_for_a_busy_agent_waits_for_him() -> None:
    """It is his as soon as he is free, before contacts of younger needs, although others were ready all the time."""
    rules = plan(agents={"ann": (), "bob": (), "cat": ()})
    story = Story(rules)
    story.take(0, *ready("ann"), ContactArrived("c1", "100"), *answer("ann", 1))
    story.take(1 * S, *ready("bob"), ContactArrived("c2", "100"))
    story.take(2 * S, OfferAccepted("c2", "bob", 2), ContactJoined("c2", "bob", 2))
    story.take(3 * S, TO_BOB, *ready("cat"))
    story.take(9 * S, ContactLeft("c2"), WrappedUp("bob", "c2", "resolved"))
    assert [(0, "c1", "ann"), (1 * S, "c2", "bob"), (9 * S, "c1", "bob")] == offered(story)


def test_a_contact_meant_for_a_busy_agent_goes_to_others_in_time() -> None:
    """After its time, to the millisecond, whoever is best in its queue is offered it: it is never lost."""
    rules = with_queue(plan(agents={"ann": (), "bob": (), "cat": ()}), "help", direct_ms=5 * S)
    story = Story(rules)
    story.take(0, *ready("ann"), ContactArrived("c1", "100"), *answer("ann", 1))
    story.take(1 * S, *ready("bob"), ContactArrived("c2", "100"))
    story.take(2 * S, OfferAccepted("c2", "bob", 2), ContactJoined("c2", "bob", 2))
    story.take(3 * S, TO_BOB, *ready("cat"))
    story.news()
    story.wait(8 * S - 1)
    assert [] == story.news()
    story.wait(8 * S)
    assert [(8 * S, DirectionEnded("c1", "bob", "time"))] == story.of(DirectionEnded)
    assert [(8 * S, "c1", "cat")] == offered(story)


@pytest.mark.parametrize(
    ("then", "because"),
    [
        (OfferDeclined("c1", "bob", 2), "not_taken"),
        (AgentStateSet("bob", "paused"), "away"),
        (AgentStateSet("bob", "offline"), "away"),
    ],
)
def test_a_contact_not_taken_by_whom_it_was_meant_for_goes_to_others_at_once(then: Event, because: str) -> None:
    """He declines, or goes: the next of the queue is rung in the same instant."""
    rules = plan(agents={"ann": (), "bob": (), "cat": ()})
    story = handed_on(TO_BOB, "bob", "cat", rules=rules)
    story.take(10 * S, then)
    assert [(10 * S, because)] == [(at, event.because) for at, event in story.of(DirectionEnded)]
    assert [(9 * S, "c1", "bob"), (10 * S, "c1", "cat")] == offered(story)


def test_a_contact_that_rings_out_at_whom_it_was_meant_for_goes_to_others() -> None:
    """A missed offer ends it too, and it goes on from the place of its need."""
    rules = plan(agents={"ann": (), "bob": (), "cat": ()})
    story = handed_on(TO_BOB, "bob", "cat", rules=rules)
    story.wait(29 * S)
    assert [(9 * S, "c1", "bob"), (29 * S, "c1", "cat")] == offered(story)


def test_who_declined_a_contact_may_have_it_handed_to_him() -> None:
    """That the two were kept apart does not stand against a colleague's word."""
    rules = plan(agents={"ann": (), "bob": (), "cat": ()})
    story = Story(rules)
    story.take(0, *ready("bob", "ann"), ContactArrived("c1", "100"))
    (first,) = [agent for _, _, agent in offered(story)]
    other = "bob" if first == "ann" else "ann"
    story.take(1 * S, OfferDeclined("c1", first, 1), *answer(other, 2))
    story.news()
    story.take(2 * S, ContactTransferred("c1", other, to_agent=first))
    assert [(2 * S, "c1", first)] == offered(story)


def test_a_restart_keeps_whom_a_contact_is_meant_for() -> None:
    """After a restart it is still his alone, and until the same instant."""
    story = handed_on(TO_BOB, "cat", "bob")
    story.take(10 * S, *answer("bob", 2))
    story.take(11 * S, ContactTransferred("c1", "bob", to_agent="cat"))
    other = copy(story.engine)
    assert story.engine.deadline() == other.deadline()
    assert other.tick(10**6) == story.engine.tick(10**6)


# --- by a supervisor ----------------------------------------------------------------------------------------------


def test_a_supervisor_gives_a_waiting_contact_to_a_ready_agent() -> None:
    """Whatever the agent can do he is rung at once; where it rang before it stops, and that agent is free again."""
    story = ringing(plan(agents={"ann": (), "bob": (), "cat": ()}))
    story.take(2 * S, *ready("cat"), ContactPulled("c1", "cat", "knows her", by="wang"))
    assert [(2 * S, WithdrawOffer(1, "c1", "ann", "the contact goes to cat"))] == story.of(WithdrawOffer)
    assert [(2 * S, "c1", "cat")] == offered(story)
    assert AgentState.READY == story.engine.board.floor.agents["ann"].state


@pytest.mark.parametrize(
    ("began", "fact", "why"),
    [
        (ringing, ContactPulled("c1", "bob"), ("stale", "agent 'bob' is paused, and not ready")),
        (ringing, ContactPulled("c1", "ann"), ("stale", "agent 'ann' is reserved, and not ready")),
        (ringing, ContactPulled("c1", "eve"), ("illegal", "agent 'eve' is not in the centre")),
        (ringing, ContactPulled("c9", "ann"), ("illegal", "contact 'c9' is not known")),
        (
            joining,
            ContactPulled("c1", "bob"),
            ("stale", "contact 'c1' waits in no queue: it is being joined with an agent"),
        ),
        (talking, ContactPulled("c1", "bob"), ("stale", "contact 'c1' waits in no queue: it is talking")),
    ],
)
def test_impossible_pulls_are_refused(began: Any, fact: Event, why: tuple[str, str]) -> None:
    """A contact that does not wait, or an agent who is not ready: a reason, and nothing changes."""
    assert why == began().refusal(4 * S, fact)


def test_a_supervisor_logs_an_agent_out() -> None:
    """What rings at him stops at once and goes on; the journal says who did it, and why."""
    story = ringing()
    story.take(2 * S, *ready("bob"), AgentStateSet("ann", "offline", "end of shift", by="wang"))
    assert AgentState.OFFLINE == story.engine.board.floor.agents["ann"].state
    assert "end of shift" == story.engine.board.floor.agents["ann"].reason
    assert [(2 * S, "c1", "bob")] == offered(story)


# --- wrap-up codes ------------------------------------------------------------------------------------------------


def test_a_queue_has_wrap_up_codes_of_its_own() -> None:
    """Another one of the centre's is refused; on time-out the queue's own code is booked, and goes into the case."""
    rules = with_queue(plan(), "help", reasons=("done",), wrap_up_reason="done", wrap_up_outcome="follow_up")
    story = wrapping_up(rules)
    why = "wrap-up code 'hard' is not one of those of queue 'help': done"
    assert ("illegal", why) == story.refusal(10 * S, WrappedUp("ann", "c1", "resolved", "hard"))
    story.wait(39 * S)
    assert [(39 * S, WrapUpExpired("ann", "c1", "follow_up", "done"))] == story.of(WrapUpExpired)
    assert ["done"] == [event.reason for _, event in story.of(CaseOpened)]


def test_a_part_is_wrapped_up_with_the_codes_of_its_own_queue() -> None:
    """Who has handed a contact on says what it was in the words of the queue that he had it out of."""
    rules = with_queue(two_queues(), "help", reasons=("done",))
    story = handed_on(TO_PAY, rules=rules)
    fault, _ = story.refusal(10 * S, WrappedUp("ann", "c1", "resolved", "hard"))
    assert "illegal" == fault
    story.take(11 * S, WrappedUp("ann", "c1", "resolved", "done"))
    assert AgentState.READY == story.engine.board.floor.agents["ann"].state


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (
            ContactTransferred("c1", "ann"),
            ("illegal", "it leads nowhere: name a `queue`, or an agent in `to_agent`"),
        ),
        (ContactTransferred("c1", "ann", "nowhere"), ("illegal", "queue 'nowhere' is not in the centre")),
        (ContactTransferred("c1", "ann", "help", "eve"), ("illegal", "agent 'eve' is not in the centre")),
        (ContactTransferred("c1", "ann", "", "ann"), ("illegal", "agent 'ann' has the contact already")),
        (TO_BOB, ("stale", "agent 'bob' is paused")),
        (ContactTransferred("c1", "bob", "help"), ("stale", "agent 'bob' does not talk with contact 'c1'")),
        (ContactTransferred("c1", "eve", "help"), ("illegal", "agent 'eve' is not in the centre")),
        (ContactTransferred("c9", "ann", "help"), ("illegal", "contact 'c9' is not known")),
    ],
)
def test_transferring_to_nowhere_is_refused(fact: Event, why: tuple[str, str]) -> None:
    """Each impossible transfer has its reason, and changes nothing."""
    assert why == talking().refusal(4 * S, fact)


@pytest.mark.parametrize("began", [ringing, joining, wrapping_up])
def test_nobody_hands_on_what_he_does_not_have(began: Any) -> None:
    """Before the answer and after the end there is nothing to hand on."""
    fault, _ = began().refusal(10 * S, ContactTransferred("c1", "ann", "help"))
    assert "stale" == fault


def test_an_agent_about_to_go_is_no_target() -> None:
    """Who asked for a pause after the contact in hand is not there for another."""
    story = Story(plan())
    story.take(0, *ready("ann", "bob"), ContactArrived("c1", "100"), ContactArrived("c2", "100"))
    story.take(1 * S, *answer("ann", 1), AgentStateSet("bob", "paused"))
    story.take(2 * S, *ready("bob"), OfferAccepted("c2", "bob", 3), ContactJoined("c2", "bob", 3))
    story.take(3 * S, AgentStateSet("bob", "paused"))
    assert ("stale", "agent 'bob' is about to be paused") == story.refusal(4 * S, TO_BOB)


def test_a_second_transfer_of_the_same_is_stale() -> None:
    """A transfer that is said twice happens once."""
    story = handed_on()
    assert ("stale", "agent 'ann' does not talk with contact 'c1'") == story.refusal(9 * S, TO_PAY)
