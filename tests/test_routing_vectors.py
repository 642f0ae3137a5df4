"""The runner of routing vectors: what passes today, and that it compares, refuses and leaves nothing out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import Verdict, read_document
from tests.vectors.routing import MODES, play
from tests.vectors.routing_cases import Played
from tests.vectors.routing_native import lacks
from tests.vectors.routing_rules import FEATURES, FORMULAS

PASSING = [
    "AST-13-autopause-yes-is-per-queue native",
    "AST-47-service-level-two-definitions",
    "FS-01-longest-idle compat.freeswitch.longest-idle-agent",
    "FS-03-tier-rules-delay-level-1 compat.freeswitch.longest-idle-agent",
    "FS-03-tier-rules-delay-level-1 native",
    "FS-04-no-agent-no-wait compat.freeswitch.longest-idle-agent",
    "FS-05-on-break-agent-blocks-no-wait compat.freeswitch.longest-idle-agent",
    "FS-07-tier-no-multiply compat.freeswitch.longest-idle-agent",
    "FS-08-ring-all-all-levels compat.freeswitch.ring-all",
    "FS-09-ring-progressively compat.freeswitch.ring-progressively",
    "FS-10-top-down-cycle compat.freeswitch.top-down",
    "FS-11-top-down-stuck compat.freeswitch.top-down",
    "FS-12-round-robin compat.freeswitch.round-robin",
    "FS-14-sequential-by-agent-order compat.freeswitch.sequentially-by-agent-order",
    "FS-15-least-talk-time compat.freeswitch.agent-with-least-talk-time",
    "FS-16-fewest-calls-gamed-by-break compat.freeswitch.agent-with-fewest-calls",
    "FS-17-wrapup-boundary compat.freeswitch.longest-idle-agent",
    "FS-17-wrapup-boundary native",
    "FS-18-wrapup-zero-costs-one-second compat.freeswitch.longest-idle-agent",
    "FS-18-wrapup-zero-costs-one-second native",
    "FS-19-rna-loop-then-break compat.freeswitch.longest-idle-agent",
    "FS-19-rna-loop-then-break native",
    "FS-20-no-answer-delay compat.freeswitch.longest-idle-agent",
    "FS-21-reject-delay compat.freeswitch.longest-idle-agent",
    "FS-22-on-demand compat.freeswitch.longest-idle-agent",
    "FS-23-base-score compat.freeswitch.longest-idle-agent",
    "FS-24-time-base-system compat.freeswitch.longest-idle-agent",
    "FS-25-cross-queue-score compat.freeswitch.longest-idle-agent",
    "FS-28-skip-external-calls compat.freeswitch.longest-idle-agent",
    "FS-29-abandoned-resume compat.freeswitch.longest-idle-agent",
    "FS-30-available-reset-is-not-idempotent compat.freeswitch.agent-with-fewest-calls",
    "IVR-03-fs-menu-failures-and-timeouts",
    "FIFO-01-priority-0-9",
    "TR-07-priority-strictly-over-age",
    "AV-04-ucd-mia",
    "OS-01-flow-priority",
    "CW-01-chatwoot-newer-first",
    "IVR-01-freepbx-loops",
]
"""Every play of the vector file that passes today. It may only grow."""


def agent(**fields: Any) -> dict[str, Any]:
    """An agent of the one queue."""
    return {"queues": {"q": {}}, **fields}


def call(call_id: str, at: float, **fields: Any) -> dict[str, Any]:
    """A call to the one queue."""
    return {"id": call_id, "queue": "q", "at": at, **fields}


def case(native: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A played case with one queue and one agent, who answers at once and whom one call reaches at 0."""
    return {
        "id": "case",
        "title": "prose",
        "system": "freeswitch",
        "queues": {"q": {"strategy": "longest-idle-agent"}},
        "agents": {"A": agent()},
        "calls": [call("c1", 0)],
        "expect": {"connects": []},
        "expect_native": native,
        **fields,
    }


def verdicts(*cases: dict[str, Any]) -> list[str]:
    """What the runner prints of these cases."""
    return [str(verdict) for verdict in play({"version": 1, "cases": [*cases]})]


def native(played: dict[str, Any]) -> str:
    """What became of a case's play on the native mode."""
    (verdict,) = (verdict for verdict in play({"cases": [played]}) if verdict.id == "case native")
    return f"{verdict.status}: {verdict.detail}" if verdict.detail else verdict.status


@pytest.fixture(scope="module")
def document(shared: Path) -> Any:
    """The vector file."""
    return read_document(shared / "vectors/routing_cases.yaml")


@pytest.fixture(scope="module")
def reference(document: Any) -> list[Verdict]:
    """The verdicts on the vector file."""
    return list(play(document))


def test_what_passes_today(reference: list[Verdict]) -> None:
    """Exactly these plays pass, so that a regression shows and so does progress."""
    assert PASSING == [verdict.id for verdict in reference if verdict.status == "pass"]


def test_nothing_comes_out_wrong(reference: list[Verdict]) -> None:
    """What does not pass is unsupported, and says what the product would need."""
    others = [verdict for verdict in reference if verdict.status != "pass"]
    assert [] == [str(verdict) for verdict in others if verdict.status != "unsupported" or not verdict.detail]


def test_every_play_has_its_line(document: Any, reference: list[Verdict]) -> None:
    """A played case has one for the old strategy and, if it expects anything of it, one for the native mode."""
    plays = []
    for each in document["cases"]:
        if "queues" in each:
            plays += [(each["id"], "compat"), *([(each["id"], "native")] if "expect_native" in each else [])]
        else:
            plays.append((each["id"], ""))
    assert plays == [(name, mode.partition(".")[0]) for name, _, mode in (line.id.partition(" ") for line in reference)]


def test_every_rule_of_the_file_is_known(document: Any) -> None:
    """Each formula is registered under its name, each feature under exactly one set of fields."""
    rules = [each for each in document["cases"] if "queues" not in each]
    assert set() == {each["formula"] for each in rules if "formula" in each} ^ FORMULAS.keys()
    fields = [{*each.get("given", {}), *({"calls"} & each.keys())} for each in rules if "formula" not in each]
    assert [1] * len(fields) == [sum(feature.fits(names) for feature in FEATURES) for names in fields]


@pytest.mark.parametrize("key", ["offers", "connects", "leaves", "order", "order_at_120"])
def test_the_passing_plays_can_fail(key: str, document: Any) -> None:
    """Whatever key is compared: one more row than the engine gave makes a failure of each native play that passes."""
    row: Any = "nobody" if key.startswith("order") else [0, "nobody", "A"]
    passing = [name.removesuffix(" native") for name in PASSING if name.endswith(" native")]
    spoilt = copy.deepcopy([each for each in document["cases"] if each["id"] in passing])
    for each in spoilt:
        each["expect_native"] = {key: [*each["expect_native"].get(key, []), row]}
    statuses = [line.status for line in play({"cases": spoilt}) if line.id.endswith(" native")]
    assert ["fail"] * len(passing) == statuses


@pytest.mark.parametrize(
    ("played", "line"),
    [
        (case({"connects": [[0, "c1", "A"]]}), "pass"),
        (case({"connects": [[0.5, "c1", "A"]]}), "pass"),
        (
            case({"connects": [[0.6, "c1", "A"]]}),
            "fail: connects: [0.6, 'c1', 'A'] is missing; connects: [0.0, 'c1', 'A'] is not expected",
        ),
        (case({"offers": []}), "fail: offers: [0.0, 'c1', 'A'] is not expected"),
        (case({"order": ["c2"]}), "fail: order.1: expected 'c2', got 'c1'"),
        (case({"stats": {"q": {"completed": 1}}}), "fail: stats.q.completed: expected 1, got 0"),
        (case({"stats": {"p": {"completed": 1}}}), "fail: stats.p: the runner does not know this key"),
    ],
)
def test_comparing(played: dict[str, Any], line: str) -> None:
    """Instants within half a second, all else exactly; a failure names every row that is missing or too many."""
    assert line == native(played)


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


def test_a_play_ends_where_it_is_said_to() -> None:
    """Everything up to and including `until` counts, natively up to `native_until`, and nothing after it."""
    calls = [call("c1", 0, talk=1), call("c2", 40, talk=1), call("c3", 41, talk=1)]
    assert "pass" == native(case({"connects": [[0, "c1", "A"], [40, "c2", "A"]]}, calls=calls, until=40))
    assert "pass" == native(case({"connects": [[0, "c1", "A"]]}, calls=calls, until=60, native_until=39))


TWO = {"A": agent(), "B": agent()}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"queues": {"q": {"strategy": "linear"}}, "agents": TWO}, "agents in a fixed order"),
        ({"queues": {"q": {"strategy": "rrmemory"}}, "agents": TWO}, "agents least recently offered"),
        ({"queues": {"q": {"strategy": "random"}}, "agents": TWO}, "a native order of agents that stands for random"),
        ({"agents": {"A": agent(), "B": {"queues": {"q": {"level": 2}}}}}, "preference levels"),
        ({"agents": {**TWO, "C": agent(busy_until=5)}}, "an outside call that leaves an agent's idle time as it was"),
        ({"agents": {"A": agent(), "B": agent(wrap_up_time=9)}}, "a wrap-up time of each agent's own"),
        (
            {"agents": {"A": agent(ring={"never": 1}), "B": agent(ring={"never": 1}, max_no_answer=1)}},
            "a limit to missed offers of each agent's own",
        ),
        ({"agents": {"A": agent(no_answer_delay_time=9)}}, "a rest for an agent after an unanswered offer"),
        ({"agents": {"A": agent(reject_delay_time=9)}}, "a rest for an agent after declining"),
        (
            {"agents": {"A": agent(status="Available (On Demand)")}},
            "an agent who takes one contact and then says when he is ready again",
        ),
        (
            {"events": [{"at": 1, "do": "set_priority", "call": "c1", "priority": 1}]},
            "changing the priority of a waiting contact",
        ),
        ({"calls": [call("c1", 0, position=1)]}, "joining a queue at a given place"),
        ({"calls": [call("c1", 0, base_score=9)]}, "a head start in waiting time"),
        ({"calls": [call("c1", 0, system_age=9)]}, "a need older than the contact"),
        ({"calls": [call("c1", 0, timeout=9), call("c2", 0)]}, "a longest wait of each contact's own"),
        ({"queues": {"q": {"strategy": "linear", "maxlen": 0}}}, "a limit to the length of a queue"),
        (
            {"queues": {"q": {"strategy": "linear", "leavewhenempty": "paused"}}},
            "leaving a queue that no agent serves",
        ),
        (
            {"queues": {"q": {"strategy": "linear", "abandoned_resume_allowed": True}}},
            "a place kept over a redial",
        ),
        (
            {"queues": {"q": {"strategy": "linear"}, "p": {"strategy": "linear", "weight": 1}}},
            "weights between queues",
        ),
        (
            {
                "queues": {"q": {"strategy": "linear", "timeoutpriority": "conf"}},
                "calls": [call("c1", 0, timeout=9)],
            },
            "a longest wait that lets an offer ring out",
        ),
        (
            {"agents": {"A": {"queues": {"q": {"penalty": 5}}}}, "calls": [call("c1", 0, max_penalty=4)]},
            "a bound on preference levels",
        ),
        (
            {
                "queues": {"q": {"strategy": "linear"}, "p": {"strategy": "longest-idle-agent"}},
                "agents": {
                    "A": {"queues": {"q": {"order": 0}, "p": {"order": 1}}},
                    "B": {"queues": {"p": {"order": 0}}},
                    "C": {"queues": {"p": {"order": 0}}},
                },
            },
            "a place in the list for each queue of an agent",
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


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"mood": 1}, "mood"),
        ({"agents": {"A": agent(mood=1)}}, "agents.A.mood"),
        ({"agents": {"A": {"queues": {"q": {"mood": 1}}}}}, "agents.A.queues.q.mood"),
        ({"agents": {"A": agent(ring={"mood": 1})}}, "agents.A.ring.mood"),
        ({"queues": {"q": {"strategy": "linear", "mood": 1}}}, "queues.q.mood"),
        ({"calls": [call("c1", 0, mood=1)]}, "calls.0.mood"),
        ({"config": {"mood": 1}}, "config.mood"),
        ({"expect": {"mood": 1}}, "expect.mood"),
        ({"expect_native": {"stats": {"q": {"mood": 1}}}}, "expect_native.stats.q.mood"),
    ],
)
def test_a_field_that_the_runner_does_not_know(fields: dict[str, Any], place: str) -> None:
    """It makes a failure of the case, wherever it stands."""
    (line,) = verdicts({**case({"connects": []}), **fields})
    assert line.startswith("fail case: ")
    assert f"{place}: the runner does not know this field" in line


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"calls": [{"id": "c1", "at": 0}]}, "calls.0.queue: Field required"),
        ({"calls": [call("c1", "soon")]}, "calls.0.at: Input should be a valid number"),  # type: ignore[arg-type]
        ({"calls": [{"id": "c1", "queue": "p", "at": 0}]}, "it names p, of which it says nothing"),
        ({"events": [{"at": 1, "do": "pause", "agent": "Z"}]}, "it names Z, of which it says nothing"),
        ({"agents": {"A": agent(ring={})}}, "an agent does one of answer, reject, busy and never"),
        ({"expect": {}}, "it states nothing"),
    ],
)
def test_a_case_of_another_shape(fields: dict[str, Any], sentence: str) -> None:
    """It fails with the place and what is wrong there, and the other cases are played all the same."""
    wrong, *others = verdicts({**case({"connects": []}), **fields}, case({"connects": [[0, "c1", "A"]]}))
    assert wrong.startswith("fail case: ")
    assert sentence in wrong
    assert "pass case native" == others[-1]


def test_an_old_strategy_that_the_product_does_not_offer() -> None:
    """It is named as a site would write it, with all the strategies of a case."""
    (line,) = verdicts({key: value for key, value in case({}, system="no").items() if key != "expect_native"})
    assert "unsupported case compat.no.longest-idle-agent: the product does not offer this strategy" == line


def test_a_mode_is_offered_by_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strategy that is registered under its name is played against `expect`."""
    monkeypatch.setitem(MODES, "compat.no.longest-idle-agent", MODES["native"])
    played = case({}, system="no")
    (line,) = verdicts({key: value for key, value in played.items() if key != "expect_native"})
    assert "fail case compat.no.longest-idle-agent: connects: [0.0, 'c1', 'A'] is not expected" == line


def rule(**fields: Any) -> dict[str, Any]:
    """A formula or a feature: priority, then age."""
    return {"id": "rule", "given": {"tasks": [{"id": "t", "priority": 0, "age": 1}]}, "expect": {"order": []}, **fields}


@pytest.mark.parametrize(
    ("ruled", "line"),
    [
        (rule(formula="prio_age", expect={"order": ["t"]}), "pass rule"),
        (rule(formula="prio_age"), "fail rule: order: expected [], got ['t']"),
        (rule(formula="prio_age", mood=1), "fail rule: the runner does not know the field mood"),
        (rule(formula="prio_age", expect={"mood": 1}), "fail rule: expect: the runner does not know the field mood"),
        (rule(formula="prio_age", expect={}), "fail rule: expect states nothing"),
        (rule(formula="prio_age", given={"mood": 1}), "fail rule: given: the fields of prio_age are tasks, not mood"),
        (
            rule(formula="prio_age", given={"tasks": [{"mood": 1}]}),
            "fail rule: tasks: the runner does not know the field mood",
        ),
        (rule(formula="prio_age", given={"tasks": [{}]}), "fail rule: tasks: the field `age` is missing"),
        (rule(formula="mood"), "unsupported rule: the runner does not know the formula mood"),
        (rule(formula="ast_empty", table=[]), "unsupported rule: admission by the states of a queue's agents"),
        (rule(), "unsupported rule: the runner knows no feature with the fields tasks"),
        (rule(given={}, calls=[{"id": "c", "at": 0, "priority": 1}], expect={"order": ["c"]}), "pass rule"),
        (rule(mood=1), "fail rule: the runner does not know the field mood"),
    ],
)
def test_formulas_and_features(ruled: dict[str, Any], line: str) -> None:
    """Formulas go by their name, features by the fields of their `given`; both are compared exactly."""
    assert [line] == verdicts(ruled)


def test_a_quirk_is_no_target() -> None:
    """A harmful feature is compared with `expect_native`; without that, with nothing."""
    given = {"max_failures": 2, "max_timeouts": 2, "inputs": ["none", "1 (submenu, back)", "none", "bad", "none"]}
    expect = {"exit_after_input": 3, "cause": "max-timeouts"}
    quirk = {"id": "menu", "kind": "quirk", "given": given, "expect": expect}
    ours = {"exit_after_input": 5, "cause": "max-timeouts"}
    assert ["unsupported menu: a target: what would be better it says only in prose"] == verdicts(quirk)
    assert ["pass menu"] == verdicts({**quirk, "expect_native": ours})
    assert ["pass menu"] == verdicts({**quirk, "kind": "semantic", "expect": ours})


def test_modes_of_a_rule_that_are_missing() -> None:
    """Of a rule with several modes, those that the product lacks are unsupported and the one it has is asked."""
    agents = {"A": {"level": 1, "idle": 5, "occ": 9}, "B": {"level": 2, "idle": 10, "occ": 1}}
    lines = [
        verdicts(rule(formula="avaya_pick", given={"mode": mode, "agents": agents}, expect={"first": "B"}))[0]
        for mode in ("UCD-MIA", "UCD-LOA", "EAD-MIA", "UCD")
    ]
    assert [
        "pass rule",
        "unsupported rule: agents least occupied",
        "unsupported rule: preference levels",
        "fail rule: given.mode: `UCD` is none of EAD-MIA, EAD-LOA, UCD-MIA, UCD-LOA",
    ] == lines
