"""The native mode of routing vectors: what callers and agents do on it, and what its settings stand for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.played import agent, call, case, native
from tests.vectors.routing_cases import Played
from tests.vectors.routing_plan import lacks


def test_the_longest_idle_agent_has_ended_his_last_call_first() -> None:
    """Who never had one ranks first, and the place in the list breaks ties."""
    agents = {
        "A": {"queues": {"q": {"position": 2}}, "last_bridge_end": -100},
        "B": {"queues": {"q": {"position": 4}}},
        "C": {"queues": {"q": {"position": 3}}},
        "D": {"queues": {"q": {"position": 1}}, "last_bridge_end": -300},
    }
    calls = [call(f"c{at}", at) for at in range(4)]
    connects = [[0, "c0", "C"], [1, "c1", "B"], [2, "c2", "D"], [3, "c3", "A"]]
    assert "pass" == native(case({"connects": connects}, agents=agents, calls=calls))


def test_agents_who_do_not_answer() -> None:
    """The next offer follows at once when one is declined, meets a busy phone or expires."""
    rings: list[dict[str, Any]] = [{"reject": 3}, {"busy": 2}, {"never": 1}, {"answer": 4}]
    agents = {name: agent(ring=ring) for name, ring in zip("ABCD", rings, strict=True)}
    offers = [[0, "c1", "A"], [3, "c1", "B"], [5, "c1", "C"], [65, "c1", "D"]]
    assert "pass" == native(case({"offers": offers, "connects": [[69, "c1", "D"]]}, agents=agents))


def test_callers_who_leave() -> None:
    """A hang-up is an abandon and a time-out is none; who has been answered leaves no longer."""
    played = case(
        {
            "leaves": [[10, "c2", "ABANDON"], [25, "c3", "ABANDON"], [30, "c4", "TIMEOUT"]],
            "connects": [[0, "c1", "A"]],
            "stats": {"q": {"abandoned": 2, "abandoned_sl": 1, "completed": 1}},
        },
        queues={"q": {"strategy": "longest-idle-agent", "servicelevel": 20}},
        agents={"A": agent(ring={"answer": 0}, wrap_up_time=500)},
        calls=[
            call("c1", 0, talk=5, hangup_at=3, timeout=30),
            call("c2", 0, hangup_at=10, timeout=30),
            call("c3", 0, hangup_at=25, timeout=30),
            call("c4", 0, timeout=30),
        ],
    )
    assert "pass" == native(played)


def test_agents_who_are_away() -> None:
    """On an outside call, on a break, logged out or paused, an agent gets no offer; back at exactly t, he does."""
    for away in ({"busy_until": 20}, {"status": "On Break"}, {"status": "Logged Out"}, {"state": "Idle"}):
        back = {"state": {"do": "state", "to": "Waiting"}, "status": {"do": "status", "to": "Available"}}
        events = [{"at": 20, "agent": "A", **back[key]} for key in away if key in back]
        assert "pass" == native(case({"connects": [[20, "c1", "A"]]}, agents={"A": agent(**away)}, events=events))
    for away in ({"external_calls": 1}, {"state": "In a queue call"}):
        assert "pass" == native(case({"offers": []}, agents={"A": agent(**away)}))
    pause = {"at": 0, "do": "pause", "agent": "A"}
    assert "pass" == native(case({"offers": []}, events=[pause]))


def test_who_waits_at_120() -> None:
    """The order is the product's: priority, then age; a contact that rings still waits."""
    calls = [call("c1", 0), call("c2", 1), call("c3", 2, priority=5), call("c4", 3, hangup_at=50)]
    never = {"A": agent(ring={"never": 1})}
    queues = {"q": {"strategy": "longest-idle-agent", "ring_timeout": 200}}
    assert "pass" == native(case({"order_at_120": ["c3", "c1", "c2"]}, agents=never, queues=queues, calls=calls))


def test_what_happens_at_one_instant() -> None:
    """Who hangs up as an agent becomes free is not offered; an answer beats the expiry, a time-out both."""
    calls = [call("c1", 0, talk=30), call("c2", 1, hangup_at=30), call("c3", 2)]
    assert "pass" == native(case({"offers": [[0, "c1", "A"], [30, "c3", "A"]]}, calls=calls))
    late = {"A": agent(ring={"answer": 60})}
    assert "pass" == native(case({"connects": [[60, "c1", "A"]]}, agents=late))
    assert "pass" == native(
        case({"connects": [], "leaves": [[60, "c1", "TIMEOUT"]]}, agents=late, calls=[call("c1", 0, timeout=60)])
    )


def test_all_facts_of_an_instant_come_before_its_decisions() -> None:
    """An agent who is freed is offered the best of those who wait and those who come; who comes has the best agent."""
    calls = [call("c1", 0, talk=10), call("c2", 1), call("c3", 10, priority=1, talk=10)]
    assert "pass" == native(case({"connects": [[0, "c1", "A"], [10, "c3", "A"], [20, "c2", "A"]]}, calls=calls))
    back = [{"at": 10, "do": "status", "agent": "A", "to": "Available"}]
    away = {"A": agent(status="On Break")}
    assert "pass" == native(
        case({"connects": [[10, "c3", "A"], [20, "c2", "A"]]}, agents=away, calls=calls[1:], events=back)
    )
    agents = {"A": agent(last_bridge_end=-9, busy_until=10), "B": agent(last_bridge_end=-99, busy_until=10)}
    assert "pass" == native(case({"connects": [[10, "c1", "B"]]}, agents=agents))
    calls = [call("c1", 0, talk=10), call("c2", 10)]
    linear = {"q": {"strategy": "linear"}}
    connects = [[0, "c1", "A"], [10, "c2", "A"]]
    assert "pass" == native(
        case({"connects": connects}, queues=linear, agents={"A": agent(), "B": agent()}, calls=calls)
    )


def test_a_play_ends_where_it_is_said_to() -> None:
    """Everything up to and including `until` counts, natively up to `native_until`, and nothing after it."""
    calls = [call("c1", 0, talk=1), call("c2", 40, talk=1), call("c3", 41, talk=1)]
    assert "pass" == native(case({"connects": [[0, "c1", "A"], [40, "c2", "A"]]}, calls=calls, until=40))
    assert "pass" == native(case({"connects": [[0, "c1", "A"]]}, calls=calls, until=60, native_until=39))


TWO = {"A": agent(), "B": agent()}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"queues": {"q": {"strategy": "random"}}, "agents": TWO}, "a native order of agents that stands for random"),
        ({"agents": {"A": agent(no_answer_delay_time=9)}}, "a rest for an agent after an unanswered offer"),
        ({"agents": {"A": agent(reject_delay_time=9)}}, "a rest for an agent after declining"),
        ({"calls": [call("c1", 0, position=1)]}, "joining a queue at a given place"),
        (
            {"queues": {"q": {"strategy": "linear", "leavewhenempty": "inuse"}}},
            "leaving a queue whose agents are all busy",
        ),
        (
            {
                "queues": {"q": {"strategy": "linear", "leavewhenempty": "strict"}},
                "agents": {"A": agent(busy_until=9)},
            },
            "a call of an agent's own, during which he is there all the same",
        ),
        (
            {"queues": {"q": {"strategy": "linear", "abandoned_resume_allowed": True}}},
            "a place kept over a redial",
        ),
        (
            {
                "queues": {"q": {"strategy": "linear", "timeoutpriority": "conf"}},
                "calls": [call("c1", 0, timeout=9)],
            },
            "a longest wait that lets an offer ring out",
        ),
        (
            {
                "queues": {"q": {"strategy": "ringall"}},
                "agents": {"A": agent(), "B": {"queues": {"q": {"penalty": 1}}}},
            },
            "ringing everybody of one preference level, and nobody of the next",
        ),
        *(
            (
                {"queues": {"q": {"strategy": "linear", "rules": [{"after": 9, "max_penalty": 1}]}}, "calls": calls},
                "a bound on preference levels that narrows, or widens for some contacts of a queue only",
            )
            for calls in ([call("c1", 0, max_penalty=0), call("c2", 0)], [call("c1", 0, max_penalty=2)])
        ),
    ],
)
def test_what_the_native_mode_cannot_do_yet(fields: dict[str, Any], reason: str) -> None:
    """An unsupported case says everything that the product would need, and is not played."""
    assert [reason] == lacks(Played.model_validate(case({"connects": []}, **fields)))


@pytest.mark.parametrize(
    "fields",
    [
        {"queues": {"q": {"strategy": "linear"}}},
        {"agents": {"A": {"queues": {"q": {"level": 7}}}}},
        {"queues": {"q": {"strategy": "linear", "weight": 3}}},
        {"queues": {"q": {"strategy": "linear", "maxlen": 1}}},
        {"queues": {"q": {"strategy": "linear", "retry": 9, "autofill": True, "timeoutrestart": True}}},
        {"agents": {"A": agent(), "B": agent(max_no_answer=2)}},
    ],
)
def test_a_setting_without_effect_asks_for_nothing(fields: dict[str, Any]) -> None:
    """One agent has only one order, one level none; and who always answers needs no limit to missed offers."""
    assert "pass" == native(case({"connects": [[0, "c1", "A"]]}, **fields))


# --- the settings of the native mode ------------------------------------------------------------------------------


def member(**fields: Any) -> dict[str, Any]:
    """An agent whose place in the one queue is described."""
    return {"queues": {"q": fields}}


def orders(strategy: str, agents: dict[str, Any], connects: list[Any], **queue: Any) -> str:
    """What became of calls that come one a second, where these connects are expected."""
    calls = [call(f"c{at}", at) for at in range(len(connects))]
    expected = [[at, f"c{at}", name] for at, name in enumerate(connects)]
    queues = {"q": {"strategy": strategy, **queue}}
    return native(case({"connects": expected}, system="asterisk", queues=queues, agents=agents, calls=calls))


def test_a_fixed_order_is_that_of_the_list() -> None:
    """The place in the queue's own list decides, and not that in the file or in another queue's list."""
    agents = {"A": member(order=2), "B": member(order=0), "C": member(order=1)}
    assert "pass" == orders("linear", agents, ["B", "C", "A"])
    for agent_of, order in (("A", 0), ("B", 2)):
        agents[agent_of]["queues"]["p"] = {"order": order}
    queues = {"p": {"strategy": "linear"}, "q": {"strategy": "linear"}}
    calls = [call("c1", 0), {**call("c2", 1), "queue": "p"}]
    assert "pass" == native(case({"order": ["c1", "c2"]}, queues=queues, agents=agents, calls=calls))
    assert "pass" == native(
        case({"connects": [[0, "c1", "B"], [1, "c2", "A"]]}, queues=queues, agents=agents, calls=calls)
    )


def test_the_agent_least_recently_offered() -> None:
    """An offer that came to nothing counts, before the case begins too; who never had one comes first."""
    agents = {"A": agent(last_offered_call=-10), "B": agent(last_offered_call=-30), "C": agent()}
    assert "pass" == orders("round-robin", agents, ["C", "B", "A"])


def test_the_agent_with_the_fewest_calls() -> None:
    """Those before the case began count."""
    agents = {"A": agent(calls_answered=3), "B": {"queues": {"q": {"calls": 1}}}, "C": agent(calls_answered=2)}
    assert "pass" == orders("fewestcalls", agents, ["B", "C", "A"])


def test_preference_levels() -> None:
    """The lower level first, whatever the order within it; all are open at once, but none beyond a caller's bound."""
    agents = {"A": member(penalty=2, order=0), "B": member(penalty=0, order=2), "C": member(penalty=1, order=1)}
    assert "pass" == orders("linear", agents, ["B", "C", "A"])
    assert "pass" == orders("linear", agents, ["A", "C", "B"], penaltymemberslimit=3)
    calls = [call("c1", 0, max_penalty=1), call("c2", 1, max_penalty=1), call("c3", 2, max_penalty=1)]
    played = case({"connects": [[0, "c1", "B"], [1, "c2", "C"]]}, agents=agents, calls=calls, until=400)
    assert "pass" == native(played)


def test_a_bound_that_widens() -> None:
    """Rules let a caller who has a bound have less and less preferred agents, and do nothing for one who has none."""
    queue = {"strategy": "linear", "rules": [{"after": 30, "max_penalty": 5}, {"after": 50, "max_penalty": 8}]}
    for penalty, at in ((1, 0), (5, 30), (8, 50)):
        fields = {"queues": {"q": queue}, "agents": {"A": member(penalty=penalty)}}
        assert "pass" == native(case({"connects": [[at, "c1", "A"]]}, **fields, calls=[call("c1", 0, max_penalty=1)]))
        assert "pass" == native(case({"connects": [[0, "c1", "A"]]}, **fields))
    unbound = {"queues": {"q": queue}, "agents": {"A": member(penalty=9)}, "calls": [call("c1", 0, max_penalty=1)]}
    assert "pass" == native(case({"connects": []}, **unbound))


@pytest.mark.parametrize(("multiply", "at"), [(True, 60), (False, 30)])
def test_tier_rules(multiply: bool, at: float) -> None:  # noqa: FBT001
    """The lowest level at which anybody is there is open at once; the others open after their wait."""
    tier_rules = {
        "strategy": "longest-idle-agent",
        "tier_rules_apply": True,
        "tier_rule_wait_second": 30,
        "tier_rule_wait_multiply_level": multiply,
    }
    busy = {**member(level=1), "state": "In a queue call"}
    away = {**member(level=1), "status": "On Break"}
    for first, opens_at in ((busy, at), (away, 0)):
        played = case(
            {"connects": [[opens_at, "c1", "B"]]}, queues={"q": tier_rules}, agents={"A": first, "B": member(level=2)}
        )
        assert "pass" == native(played)


def test_weights_and_priorities() -> None:
    """A heavier queue goes first for whom its contacts can have; a new priority counts at once, immediate or not."""
    queues = {"q": {"strategy": "linear"}, "p": {"strategy": "linear", "weight": 2}}
    both = {"A": {"queues": {"q": {}, "p": {}}, "busy_until": 10}}
    calls = [call("c1", 0, talk=1), {**call("c2", 1, talk=1), "queue": "p"}, call("c3", 2, talk=1)]
    raised = [{"at": 5, "do": "set_priority", "call": "c3", "priority": 1}]
    order = {"order": ["c2", "c3", "c1"]}
    assert "pass" == native(case(order, queues=queues, agents=both, calls=calls, events=raised))
    assert "pass" == native(case({"order": ["c2", "c1", "c3"]}, queues=queues, agents=both, calls=calls))


def test_head_starts() -> None:
    """Bought points and time spent before the queue count as waiting, in the order only."""
    busy = {"A": agent(busy_until=60)}
    calls = [call("c1", 0), call("c2", 40, base_score=50), call("c3", 50, system_age=70), call("c4", 41)]
    assert "pass" == native(case({"order_at_120": ["c2", "c1", "c4"]}, agents=busy, calls=calls))
    never = {"A": agent(busy_until=500)}
    assert "pass" == native(case({"order_at_120": ["c3", "c2", "c1", "c4"]}, agents=never, calls=calls))


def test_settings_of_ones_own() -> None:
    """Longest wait of a call; wrap-up and limit to missed offers of an agent; all beside others without."""
    calls = [call("c1", 0, timeout=9), call("c2", 0)]
    played = case({"leaves": [[9, "c1", "TIMEOUT"]]}, agents={"A": agent(busy_until=50)}, calls=calls)
    assert "pass" == native(played)
    calls = [call("c1", 0, talk=10), call("c2", 1, talk=10), call("c3", 2), call("c4", 3)]
    agents = {"A": agent(wrap_up_time=9), "B": agent()}
    connects = [[0, "c1", "A"], [1, "c2", "B"], [11, "c3", "B"], [19, "c4", "A"]]
    assert "pass" == native(case({"connects": connects}, agents=agents, calls=calls))
    never = {"never": 1}
    agents = {"A": agent(ring=never, max_no_answer=1), "B": agent(ring=never)}
    calls = [call("c1", 0, hangup_at=130), call("c2", 140)]
    offers = [[0, "c1", "A"], [60, "c1", "B"], [140, "c2", "B"]]
    assert "pass" == native(case({"offers": offers}, agents=agents, calls=calls, until=145, native_until=145))


def test_a_wrap_up_from_before() -> None:
    """Who has ended a call shortly before t = 0 is still wrapping up; that does not move his idle time."""
    agents = {"A": agent(last_bridge_end=-10, wrap_up_time=15), "B": agent(last_bridge_end=-5)}
    calls = [call("c1", 0, talk=2), call("c2", 1), call("c3", 6)]
    connects = [[0, "c1", "B"], [2, "c2", "B"], [6, "c3", "A"]]
    assert "pass" == native(case({"connects": connects}, agents=agents, calls=calls))


def test_an_outside_call_costs_no_place() -> None:
    """It ends and the agent is as long idle as he was before."""
    agents = {"A": agent(last_bridge_end=-5), "B": agent(last_bridge_end=-50, busy_until=5)}
    assert "pass" == native(case({"connects": [[6, "c1", "B"]]}, agents=agents, calls=[call("c1", 6)]))


def test_a_queue_that_is_full_or_empty() -> None:
    """As many as may wait, those that ring included, do; and all leave once nobody is there to serve them."""
    calls = [call("c1", 0, talk=50), call("c2", 1), call("c3", 2), call("c4", 30)]
    full = {"queues": {"q": {"strategy": "linear", "maxlen": 2}}, "agents": {"A": agent(ring={"answer": 20})}}
    expected = {"leaves": [[2, "c3", "FULL"]], "connects": [[20, "c1", "A"]]}
    assert "pass" == native(case(expected, **full, calls=calls, until=60))
    empty = {"queues": {"q": {"strategy": "linear", "leavewhenempty": "strict"}}}
    leaves = [[5, "c2", "LEAVEEMPTY"], [5, "c3", "LEAVEEMPTY"], [30, "c4", "LEAVEEMPTY"]]
    gone = [{"at": 5, "do": "pause", "agent": "A"}]
    assert "pass" == native(case({"leaves": leaves}, **empty, calls=calls, events=gone))


def test_an_agent_on_demand() -> None:
    """He has one call, and the next when he says so."""
    calls = [call("c1", 0, talk=5), call("c2", 1, talk=5), call("c3", 2)]
    back = [{"at": 30, "do": "state", "agent": "A", "to": "Waiting"}]
    on_demand = {"A": agent(status="Available (On Demand)")}
    connects = [[0, "c1", "A"], [30, "c2", "A"]]
    assert "pass" == native(case({"connects": connects}, agents=on_demand, calls=calls, events=back))


def test_many_phones() -> None:
    """All ring at once, or one more after each step, until one of them answers."""
    agents = {"A": agent(ring={"never": 1}), "B": agent(ring={"answer": 25})}
    for strategy, second in (("ring-all", 0), ("ringall", 0), ("ring-progressively", 10)):
        expected = {"offers": [[0, "c1", "A"], [second, "c1", "B"]], "connects": [[second + 25, "c1", "B"]]}
        assert "pass" == native(case(expected, queues={"q": {"strategy": strategy}}, agents=agents))
