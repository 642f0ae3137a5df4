"""Queues that follow Asterisk: what they do, and that ours do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.compat.asterisk.plan import AsteriskMember, AsteriskQueue, PenaltyRule, Strategy, absences
from acd.compat.asterisk.presence import Seen, somebody_is_there
from acd.compat.asterisk.ranking import ranked
from acd.compat.asterisk.statistics import Statistics
from acd.compat.asterisk.watch import AsteriskWatch, Caller, pointer_to, watch
from acd.compat.events import AttemptEnded, AttemptStarted
from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    HangUp,
    JoinTimedOut,
    LegAnswered,
    OfferContact,
    OfferDeclined,
    QueueLeft,
    WithdrawOffer,
)
from acd.model import AgentState
from acd.plan import Overflow, QueuePlan, Requirement
from ivr.flow import HandOver
from router.events import CentreStarted, ContactArrived, Event
from router.plan import Plan
from tests.vectors.routing_asterisk import play
from tests.vectors.routing_cases import Played
from tests.worlds import READY, S, Story, copy, plan, ready, with_queue

NEVER = {"never": 1}


def played(calls: list[dict[str, Any]], **parts: Any) -> dict[str, Any]:
    """What comes of a case in the vectors' words: of queue `q`, if a call names no other, with agents A and B."""
    agents = {"A": {}, "B": {}} | parts.pop("agents", {})
    queues = parts.pop("queues", {"q": {}})
    until = parts.pop("until", 60)
    content = {
        "id": "case",
        "system": "asterisk",
        "queues": {name: {"strategy": "linear", **queue} for name, queue in queues.items()},
        "agents": {name: {"queues": {each: {} for each in queues}, **agent} for name, agent in agents.items()},
        "calls": [{"id": f"c{place}", "queue": "q", "at": 0, **call} for place, call in enumerate(calls, 1)],
        "expect": {"order": []},
        **parts,
    }
    return play(Played.model_validate(content), until)


def asterisk(strategy: Strategy, members: tuple[str | AsteriskMember, ...], **changes: Any) -> AsteriskQueue:
    """A queue's settings."""
    listed = tuple(AsteriskMember(member) if isinstance(member, str) else member for member in members)
    return AsteriskQueue(strategy, listed, **changes)


def watched(strategy: Strategy, members: tuple[str, ...]) -> AsteriskWatch:
    """A watch over a queue that nobody has joined yet."""
    return watch("help", asterisk(strategy, members))


def centre(strategy: Strategy, *, version: str = "v1", bound: int | None = None, **changes: Any) -> Plan:
    """A centre whose one queue follows Asterisk, with Ann and Bob for members."""
    queue_settings = asterisk(strategy, changes.pop("members", ("ann", "bob")), **changes)
    queue = QueuePlan("help", offer_ms=15 * S, wrap_up_ms=0, missed_offers_max=None, compat=queue_settings)
    way = HandOver("queue", "help", tiers_max=None if bound is None else bound + 1)
    return plan({"queue": way}, queues=(queue,), version=version)


def told(strategy: Strategy, *facts: Event, **changes: Any) -> Story:
    """A story in such a centre, after these facts at 0."""
    story = Story(centre(strategy, **changes))
    story.take(0, *facts)
    story.news()
    return story


# --- attempts and rests -------------------------------------------------------------------------------------------


def test_nobody_rings_during_a_rest() -> None:
    """After an attempt that found nobody, the caller rests for `retry`, though an agent becomes free meanwhile."""
    agents = {"A": {"ring": {"reject": 1}}, "B": {"busy_until": 2}}
    case = played([{}], queues={"q": {"retry": 8}}, agents=agents, until=20)
    assert [(0, "c1", "A"), (9, "c1", "A"), (10, "c1", "B")] == case["offers"]


def test_linear_starts_at_the_top_for_each_caller() -> None:
    """Each caller has a pointer of his own, moved past the last phone that rang for him."""
    case = played([{"hangup_at": 30}, {"at": 40}], agents={"A": {"ring": NEVER}, "B": {"ring": NEVER}}, until=50)
    assert [(0, "c1", "A"), (20, "c1", "B"), (40, "c2", "A")] == case["offers"]


def test_linear_does_not_come_back_within_an_attempt() -> None:
    """Who could not ring when his place came up is passed over until the next attempt, though he is free by then."""
    agents = {"A": {"busy_until": 2}, "B": {"ring": {"reject": 4}}, "C": {"ring": NEVER}}
    case = played([{}], agents=agents, until=12)
    assert [(0, "c1", "B"), (4, "c1", "C")] == case["offers"]


def test_the_pointer_of_rrmemory_goes_past_the_end() -> None:
    """It moves on even if nobody could ring; and from beyond the list, the first of it comes first again."""
    agents = {"A": {"busy_until": 9}, "B": {"ring": {"reject": 1}}}
    case = played([{}], queues={"q": {"strategy": "rrmemory", "retry": 3}}, agents=agents, until=13)
    assert [(0, "c1", "B"), (4, "c1", "B"), (8, "c1", "B"), (12, "c1", "A")] == case["offers"]
    queue = watched("rrmemory", ("ann", "bob"))
    queue.callers.append(Caller("c1", 0, 0, None, None))
    assert [1, 2, 0] == [tried(queue, wraps=wraps) for wraps in (False, False, True)]
    queue.pointer = 2
    ranks = ranked(asterisk("rrmemory", ("ann", "bob")), queue, queue.callers[0], None, 0)
    assert (("ann", 1000), ("bob", 1001)) == ranks


def tried(queue: AsteriskWatch, *, wraps: bool) -> int:
    """Where the pointer stands after an attempt that could ring neither of the two."""
    queue.apply(AttemptStarted("c1", "help", "rrmemory", (("ann", 0), ("bob", 1)), wraps, 15 * S), 0)
    queue.apply(AttemptEnded("c1", "help", tried_all=True, next_at=5 * S), 0)
    return queue.pointer


def test_a_pointer_is_a_metric_modulo_1000() -> None:
    """Whatever the penalty, and so it cannot point beyond the thousandth member."""
    assert [3, 0, 7] == [pointer_to(metric) for metric in (1_003, 2_000_000, 5_001_007)]


def test_a_pointer_moves_when_the_caller_hangs_up() -> None:
    """An attempt that ends because the caller left has moved the pointer of rrmemory as well."""
    calls = [{"hangup_at": 3}, {"at": 10}]
    case = played(calls, queues={"q": {"strategy": "rrmemory"}}, agents={"A": {"ring": NEVER}}, until=20)
    assert [(0, "c1", "A"), (10, "c2", "B")] == case["offers"]


@pytest.mark.parametrize("strategy", ["leastrecent", "fewestcalls"])
def test_the_same_absent_agent_rings_for_ever(strategy: str) -> None:
    """A call that was not answered is no call, so it changes nothing of the order."""
    queues = {"q": {"lastcall": -1, "calls": 1}}
    agents = {"A": {"ring": NEVER}, "B": {"queues": queues}}
    case = played([{}], queues={"q": {"strategy": strategy}}, agents=agents, until=45)
    assert [(0, "c1", "A"), (20, "c1", "A"), (40, "c1", "A")] == case["offers"]


def test_little_time_left_rings_nobody() -> None:
    """After a phone that declined with half a second left of the attempt, the next is for the next attempt."""
    case = played([{}], agents={"A": {"ring": {"reject": 14.5}}}, until=25)
    assert [(0, "c1", "A"), (19.5, "c1", "B")] == case["offers"]


def test_a_busy_phone_is_one_that_declines() -> None:
    """The next agent rings at once, for what is left of the attempt."""
    case = played([{}], agents={"A": {"ring": {"busy": 5}}, "B": {"ring": NEVER}}, until=24)
    assert [(0, "c1", "A"), (5, "c1", "B"), (20, "c1", "A")] == case["offers"]


def test_ringall_does_not_take_in_who_comes_free() -> None:
    """An agent who becomes free while others ring has to wait for the next attempt."""
    agents = {"A": {"ring": NEVER}, "B": {"busy_until": 5}}
    case = played([{}], queues={"q": {"strategy": "ringall"}}, agents=agents, until=25)
    assert [(0, "c1", "A"), (20, "c1", "A"), (20, "c1", "B")] == case["offers"]


def test_ringall_does_not_go_back_to_a_level() -> None:
    """Who was busy when his level rang is not rung when it has declined; the next level is."""
    members = {"A": {"ring": {"reject": 4}}, "B": {"busy_until": 1}}
    above = {"C": {"ring": NEVER, "queues": {"q": {"penalty": 1}}}}
    case = played([{}], queues={"q": {"strategy": "ringall"}}, agents=members | above, until=10)
    assert [(0, "c1", "A"), (4, "c1", "C")] == case["offers"]


def test_ringall_stops_ringing_once_the_parties_are_joined() -> None:
    """The others' phones stop with the join, and not with the answer, which may fail."""
    story = told("ringall", READY, AgentStateSet("bob", "ready"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, LegAnswered("c1", "bob", 2))
    assert [] == story.of(WithdrawOffer)
    story.take(3 * S, ContactJoined("c1", "bob", 2))
    assert [(3 * S, WithdrawOffer(1, "c1", "ann", "another agent took the contact"))] == story.of(WithdrawOffer)


def test_a_join_that_fails_is_an_attempt_that_failed() -> None:
    """The caller rests, and tries again from where the pointer stands."""
    story = told("linear", READY, AgentStateSet("bob", "ready"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(2 * S, LegAnswered("c1", "ann", 1))
    story.wait(20 * S)
    assert [(12 * S, JoinTimedOut(1, "c1", "ann"))] == story.of(JoinTimedOut)
    assert [(12 * S, AttemptEnded("c1", "help", False, 17 * S))] == story.of(AttemptEnded)
    assert [(1 * S, "ann"), (17 * S, "bob")] == [(at, offer.agent) for at, offer in story.of(OfferContact)]


# --- whose turn it is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("autofill", [False, True])
def test_a_caller_who_may_have_nobody_blocks_the_queue(autofill: bool) -> None:  # noqa: FBT001
    """One free agent is counted for the first caller, though a bound keeps them apart; so the second waits."""
    agents = {"A": {"queues": {"q": {"penalty": 5}}}, "B": {"busy_until": 500}}
    calls = [{"max_penalty": 0, "hangup_at": 22}, {}]
    case = played(calls, queues={"q": {"autofill": autofill}}, agents=agents, until=40)
    assert [(22, "c2", "A")] == case["offers"]


def test_a_rule_is_not_in_force_at_its_instant() -> None:
    """An attempt that begins with a rule's time has the old bound; the next has the new."""
    queue = {"retry": 13, "rules": [{"after": 15, "max_penalty": 5}]}
    agents = {"A": {"ring": {"reject": 2}}, "B": {"queues": {"q": {"penalty": 5}}}}
    case = played([{"max_penalty": 0}], queues={"q": queue}, agents=agents, until=60)
    assert [(0, "c1", "A"), (15, "c1", "A"), (30, "c1", "A"), (32, "c1", "B")] == case["offers"]


def test_rules_follow_one_another() -> None:
    """Of several rules, the last whose time has passed is the bound, be it narrower than before."""
    rules = (PenaltyRule(20 * S, 0), PenaltyRule(10 * S, 9))
    story = told("linear", READY, members=(AsteriskMember("ann", penalty=5),), rules=rules, bound=0, retry_ms=3 * S)
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(40 * S)
    tried = [(at, [agent for agent, _ in event.ranks]) for at, event in story.of(AttemptStarted)]
    assert [[], [], [], [], ["ann"]] == [agents for _, agents in tried][:5]
    assert [(13 * S, "ann")] == [(at, offer.agent) for at, offer in story.of(OfferContact)]


def test_a_heavy_queue_with_agents_to_spare_blocks_nobody() -> None:
    """With `autofill`, a queue that has fewer callers than available agents leaves the rest to lighter ones."""
    heavy = {"weight": 5, "autofill": True, "strategy": "linear"}
    agents = {name: {"ring": {"answer": 9}} for name in "ABC"}
    calls: list[dict[str, Any]] = [{"queue": "p"}, {"queue": "q"}]
    case = played(calls, queues={"p": heavy, "q": {}}, agents=agents, until=5)
    assert [(0, "c1", "A"), (0, "c2", "B")] == case["offers"]


def test_the_longest_waiting_caller_of_all_queues_goes_first() -> None:
    """With `force_longest_waiting_caller`, an attempt of a younger one finds nobody, and he rests."""
    calls: list[dict[str, Any]] = [{"queue": "q"}, {"queue": "p", "at": 1, "priority": 9}]
    case = played(
        calls,
        queues={"p": {"retry": 2}, "q": {}},
        agents={"A": {"busy_until": 10, "ring": {"answer": 1}}, "B": {"busy_until": 500}},
        config={"force_longest_waiting_caller": True},
        until=30,
    )
    assert [(10, "c1", "A")] == case["offers"]


def test_who_came_first_goes_first_between_queues() -> None:
    """Of two queues whose turn comes at one instant, the one with the oldest caller has the agent."""
    calls = [{"queue": "z", "at": 1}, {"queue": "b", "at": 2}]
    agents = {"A": {"busy_until": 5}, "B": {"busy_until": 500}}
    case = played(calls, queues={"b": {}, "z": {}}, agents=agents, until=20)
    assert [(5, "c1", "A")] == case["offers"]


def test_only_who_waits_makes_a_queue_old() -> None:
    """Callers who talk already give their queue no advantage over another."""
    calls: list[dict[str, Any]] = [{"queue": "z"}, {"queue": "b", "at": 2}, {"queue": "z", "at": 3}]
    agents = {"A": {"ring": {"answer": 1}}, "B": {"busy_until": 5}}
    case = played(calls, queues={"b": {}, "z": {}}, agents=agents, until=20)
    assert [(0, "c1", "A"), (5, "c2", "B")] == case["offers"]


def test_a_priority_that_is_changed_to_come_last() -> None:
    """At once, it moves behind all that come before it now; else it stays, but who comes later enters before it."""
    agents = {"A": {"busy_until": 30}, "B": {"busy_until": 500}}
    calls = [{"talk": 5}, {"at": 1, "talk": 5}, {"at": 20, "talk": 5}]
    for immediate, order in ((True, ["c2", "c3", "c1"]), (False, ["c3", "c1", "c2"])):
        event = {"at": 10, "do": "set_priority", "call": "c1", "priority": -1, "immediate": immediate}
        assert order == played(calls, agents=agents, events=[event])["order"]


# --- agents -------------------------------------------------------------------------------------------------------


def test_a_phone_rings_on_when_its_agent_is_paused() -> None:
    """It may still be answered; he is paused after the call."""
    events = [{"at": 2, "do": "pause", "agent": "A"}]
    case = played([{"talk": 5}, {"at": 20}], agents={"A": {"ring": {"answer": 4}}}, events=events, until=30)
    assert [(4, "c1", "A"), (20, "c2", "B")] == case["connects"]


def test_autopause_ends_when_the_agent_says_that_he_is_ready() -> None:
    """Until then he is ready for other queues, and not for the one whose call he missed."""
    story = told("linear", READY, autopause=True)
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(60 * S)
    assert [1 * S] == [at for at, _ in story.of(OfferContact)]
    assert AgentState.READY is story.engine.board.floor.agents["ann"].state
    story.take(60 * S, READY)
    assert ("stale", "agent 'ann' is ready already") == told("linear", READY).refusal(1 * S, READY)
    story.wait(61 * S)
    assert [1 * S, 60 * S] == [at for at, _ in story.of(OfferContact)]


def test_autopause_of_all_queues_makes_an_agent_not_responding() -> None:
    """It is the native limit to missed offers, and holds in a queue of Asterisk as it does in every other."""
    story = Story(with_queue(centre("linear"), "help", missed_offers_max=1))
    story.take(0, READY)
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(60 * S)
    assert [1 * S] == [at for at, _ in story.of(OfferContact)]
    assert AgentState.NOT_RESPONDING is story.engine.board.floor.agents["ann"].state


@pytest.mark.parametrize("way", ["moved", "overflowed"])
def test_who_goes_on_to_another_queue_is_no_caller_any_more(way: str) -> None:
    """His attempt is over, which moves the pointer; the next has his turn, and the old queue rings for him no more."""
    first = with_queue(centre("rrmemory"), "help", overflow=Overflow(9 * S, "other") if way == "overflowed" else None)
    other = QueuePlan("other", requirements=(Requirement("none"),))
    story = Story(replace(first, floor=replace(first.floor, queues={**first.floor.queues, "other": other})))
    story.take(0, *ready("ann", "bob"))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.take(5 * S, ContactArrived("c2", "100"))
    story.take(10 * S, *([ContactMoved("c1", "other")] if way == "moved" else []))
    story.wait(12 * S)
    assert [(10 * S, way)] == [(at, event.outcome) for at, event in story.of(QueueLeft)]
    assert [(1 * S, "c1", "ann"), (10 * S, "c2", "bob")] == [
        (at, offer.contact, offer.agent) for at, offer in story.of(OfferContact)
    ]


def test_calls_count_in_all_queues_if_they_are_shared() -> None:
    """With `shared_lastcall`, a call of one queue makes a member come later in the others, too."""
    calls = [{"queue": "p", "talk": 5}, {"queue": "q", "at": 10}]
    queues = {"p": {}, "q": {"strategy": "fewestcalls"}}
    for shared, agent in ((False, "A"), (True, "B")):
        case = played(calls, queues=queues, config={"shared_lastcall": shared})
        assert [(0, "c1", "A"), (10, "c2", agent)] == case["connects"]


def test_a_long_rest_outweighs_a_penalty() -> None:
    """To leastrecent, a penalty of one is a million seconds of rest, which is 11.6 days."""
    members = (AsteriskMember("ann", 0, 1, -10 * S), AsteriskMember("bob", 1, 1, -1_000_100 * S))
    queue = AsteriskQueue("leastrecent", members)
    ranks = ranked(queue, watch("help", queue), Caller("c1", 0, 0, None, None), None, 0)
    assert (("bob", 999_900), ("ann", 999_990)) == ranks


def test_wrandom_favours_and_does_not_exclude() -> None:
    """A member with penalty 1 comes first in a quarter of attempts; a replay draws the same again."""
    queue = AsteriskQueue("wrandom", (AsteriskMember("ann"), AsteriskMember("bob", 1)), penalty_members_limit=9)
    callers = [Caller(f"c{number}", 0, 0, None, None) for number in range(4_000)]
    first = [ranked(queue, watch("help", queue), caller, None, 0)[0][0] for caller in callers]
    assert 0.25 == pytest.approx(first.count("bob") / len(first), abs=0.03)
    assert first == [ranked(queue, watch("help", queue), caller, None, 0)[0][0] for caller in callers]


def test_random_keeps_to_the_penalties() -> None:
    """The lower penalty comes first, whatever is drawn; each attempt draws anew."""
    members = (AsteriskMember("ann", 1), AsteriskMember("bob"), AsteriskMember("cat"))
    queue = AsteriskQueue("random", members)
    orders = {
        tuple(agent for agent, _ in ranked(queue, watch("help", queue), caller, None, 0))
        for caller in (Caller("c1", 0, 0, None, None, attempts=attempts) for attempts in range(20))
    }
    assert {("bob", "cat", "ann"), ("cat", "bob", "ann")} == orders


# --- joining and leaving ------------------------------------------------------------------------------------------


def test_a_time_out_during_a_rest() -> None:
    """It is looked at when the rest ends."""
    case = played([{"timeout": 7}], queues={"q": {"timeout": 5, "retry": 6}}, agents={"A": {"ring": NEVER}})
    assert [(11, "c1", "TIMEOUT")] == case["leaves"]


def test_a_time_out_of_nothing() -> None:
    """Who may wait for no time leaves at once, and nobody rings."""
    case = played([{"timeout": 0}])
    assert ([], [(0, "c1", "TIMEOUT")]) == (case["offers"], case["leaves"])


def test_a_time_out_makes_room() -> None:
    """Of two facts at one instant, the time-out comes before the arrival, who finds room."""
    calls = [{"timeout": 10}, {"at": 10, "hangup_at": 20}]
    agents = {"A": {"busy_until": 500}, "B": {"busy_until": 500}}
    case = played(calls, queues={"q": {"maxlen": 1}}, agents=agents)
    assert [(10, "c1", "TIMEOUT"), (20, "c2", "ABANDON")] == case["leaves"]


def test_leaving_an_empty_queue_after_an_attempt() -> None:
    """A caller for whom it rang leaves when the attempt is over, if nobody is there any more."""
    queue = {"leavewhenempty": "paused", "autopause": "yes"}
    case = played([{}], queues={"q": queue}, agents={"A": {"ring": NEVER}, "B": {"ring": NEVER}})
    assert [(0, "c1", "A"), (20, "c1", "B")] == case["offers"]
    assert [(35, "c1", "LEAVEEMPTY")] == case["leaves"]


def test_leaving_when_a_rule_shuts_the_last_agent_out() -> None:
    """While a caller waits for his turn, a bound that narrows may leave nobody for him."""
    queue = {"leavewhenempty": "penalty", "rules": [{"after": 12, "max_penalty": 1}]}
    agents = {name: {"busy_until": 500, "queues": {"q": {"penalty": 3}}} for name in "AB"}
    case = played([{"max_penalty": 5}], queues={"q": queue}, agents=agents)
    assert [(12, "c1", "LEAVEEMPTY")] == case["leaves"]


def test_a_queue_that_nobody_may_join() -> None:
    """Where nobody is there, a caller is sent away at once, and is no abandon."""
    story = told("linear", join_empty=absences("unavailable", joining=True))
    story.take(1 * S, ContactArrived("c1", "100"))
    story.wait(1 * S)
    ended = ContactEnded("c1", "blocked", "help", "", 0, 0, "nobody is there")
    assert [(1 * S, HangUp("c1", "nobody is there")), (1 * S, ended)] == story.of(HangUp, ContactEnded)
    statistics = Statistics("help")
    for at, event in story.log:
        statistics.apply(event, at)
    assert (0, 0) == (statistics.abandoned, statistics.completed)


def test_conditions_on_empty_queues() -> None:
    """Words that stand for lists replace what comes before them, and mean the opposite for leaving."""
    paused = [Seen("inuse", paused=True)]
    assert ("penalty", "invalid", "paused") == absences("inuse, no", joining=True) == absences("yes", joining=False)
    assert ("penalty", "invalid", "wrapup") == absences("loose,wrapup", joining=True)
    assert [True, False] == [somebody_is_there(paused, absences("no", joining=joining)) for joining in (False, True)]
    assert not somebody_is_there([Seen("not_inuse", wraps_up=True)], absences("wrapup", joining=False))
    with pytest.raises(ValueError, match="`lunch` is no state of a queue's members: write one or more of yes, no"):
        absences("paused,lunch", joining=True)


def test_what_queue_show_says() -> None:
    """Completed when the talk is over; in time as measured to the answer; the hold time moves with each answer.

    Who goes on to another queue has abandoned this one, once.
    """
    statistics = Statistics("help", 10 * S)
    waits = {"c1": 4, "c2": 12, "c3": 20}
    for contact, wait_s in waits.items():
        statistics.apply(ContactQueued(contact, "help", "en", 0, (), 0), 0)
        statistics.apply(ContactJoined(contact, "ann", 1), wait_s * S)
    for contact, wait_s in waits.items():
        statistics.apply(ContactEnded(contact, "handled", "help", "ann", wait_s * S, 9 * S), 60 * S)
    assert (3, 1, 20) == (statistics.completed, statistics.completed_in_time, statistics.hold_time_s)
    statistics.apply(ContactQueued("c4", "help", "en", 0, (), 0), 60 * S)
    statistics.apply(ContactJoined("c4", "ann", 1), 70 * S)
    assert 17 == statistics.hold_time_s
    statistics.apply(ContactQueued("c5", "help", "en", 0, (), 0), 70 * S)
    statistics.apply(QueueLeft("c5", "help", "moved", 11 * S), 81 * S)
    statistics.apply(ContactEnded("c5", "abandoned", "other", "", 2 * S, 0), 83 * S)
    assert (1, 0) == (statistics.abandoned, statistics.abandoned_in_time)


def test_a_look_that_is_due_survives_a_restart() -> None:
    """Facts of one instant may be followed by a crash before the queue is looked at."""
    story = Story(centre("linear"))
    story.take(1 * S, READY, ContactArrived("c1", "100"))
    restarted = copy(story.engine)
    assert 1 * S == story.engine.deadline() == restarted.deadline()
    assert [OfferContact] == [type(event) for event in restarted.tick(1 * S) if isinstance(event, OfferContact)]


# --- the plan changes ---------------------------------------------------------------------------------------------


def test_a_queue_with_contacts_does_not_change_hands() -> None:
    """What one system remembers means nothing to another: the rules wait until the queue is empty."""
    theirs = centre("linear")
    ours = plan(version="v2")
    story = Story(theirs, ours)
    story.take(1 * S, ContactArrived("c1", "100"))
    reason = "the new rules lack what contacts in flight need: the system of queue 'help'"
    assert ("illegal", reason) == story.refusal(2 * S, CentreStarted("v2"))


def test_a_queue_that_changes_hands() -> None:
    """An empty one may; it is served by the new rules from then on, and back."""
    story = Story(centre("linear"), plan(version="v2"))
    story.take(0, READY, CentreStarted("v2"))
    story.take(1 * S, ContactArrived("c1", "100"))
    assert ([], [1 * S]) == (story.of(AttemptStarted), [at for at, _ in story.of(OfferContact)])


def test_new_settings_keep_what_is_remembered() -> None:
    """A reload changes the strategy, and not the callers' places."""
    story = Story(centre("linear"), centre("ringall", version="v2"))
    story.take(0, READY)
    story.take(1 * S, ContactArrived("c1", "100"), ContactArrived("c2", "100"))
    story.take(2 * S, CentreStarted("v2"))
    story.take(3 * S, OfferDeclined("c1", "ann", 1))
    story.wait(10 * S)
    assert ["linear", "ringall"] == [event.strategy for _, event in story.of(AttemptStarted)]
    assert [1 * S, 8 * S] == [at for at, offer in story.of(OfferContact) if offer.contact == "c1"]
