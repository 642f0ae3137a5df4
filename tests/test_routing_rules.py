"""The formulas and features of routing vectors: rules of other systems, put to the engine or asserted as they are."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.played import verdicts
from tests.vectors import ShapeFault, read_document
from tests.vectors.routing import play
from tests.vectors.routing_conditions import holds
from tests.vectors.routing_rules import BETTER, FEATURES, FORMULAS


def rule(**fields: Any) -> dict[str, Any]:
    """A formula or a feature: priority, then age."""
    return {"id": "rule", "given": {"tasks": [{"id": "t", "priority": 0, "age": 1}]}, "expect": {"order": []}, **fields}


@pytest.fixture(scope="module")
def ruled(shared: Path) -> list[dict[str, Any]]:
    """The cases of the vector file that are no play."""
    document: Any = read_document(shared / "vectors/routing_cases.yaml")
    return [each for each in document["cases"] if "queues" not in each]


def test_every_rule_of_the_file_is_known(ruled: list[dict[str, Any]]) -> None:
    """Each formula is registered under its name, each feature under exactly one set of fields."""
    assert set() == {each["formula"] for each in ruled if "formula" in each} ^ FORMULAS.keys()
    fields = [{*each.get("given", {}), *({"calls"} & each.keys())} for each in ruled if "formula" not in each]
    assert [1] * len(fields) == [sum(feature.fits(names) for feature in FEATURES) for names in fields]


def spoilt(value: Any) -> Iterator[Any]:
    """A value with each of its parts changed in turn; in a list, one taken out too."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from ({**value, key: other} for other in spoilt(each))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in spoilt(each))
        yield [*value, "nobody"]
    elif isinstance(value, bool):
        yield not value
    else:
        yield f"not {value}" if isinstance(value, str) or value is None else value + 1


def test_a_wrong_expectation_is_caught(ruled: list[dict[str, Any]]) -> None:
    """Whatever part of what a passing case expects is changed, the case fails."""
    passing = [each for each in ruled if "pass" == next(play({"cases": [each]})).status and each["id"] not in BETTER]
    assert len(passing) > 30
    for each in passing:
        key = "table" if "table" in each else "expect_native" if "expect_native" in each else "expect"
        for wrong in spoilt(each[key]):
            if asks_another_question(wrong, each[key]):
                continue
            (verdict,) = play({"cases": [{**copy.deepcopy(each), key: wrong}]})
            assert "fail" == verdict.status, (each["id"], wrong)


def asks_another_question(wrong: Any, right: Any) -> bool:
    """Whether the change is to what the case asks about, a row's inputs or an instant, and not to what it expects."""
    if isinstance(right, list):
        return [row[:-1] for row in wrong if isinstance(row, list)] != [row[:-1] for row in right]
    asked = [[row[0] for row in each.get("eligible_at", []) if isinstance(row, list)] for each in (wrong, right)]
    return asked[0] != asked[1]


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
        (rule(formula="prio_age", given={"tasks": [{"id": "t"}]}), "fail rule: tasks: the field `age` is missing"),
        (rule(formula="mood"), "unsupported rule: the runner does not know the formula mood"),
        (rule(), "unsupported rule: the runner knows no feature with the fields tasks"),
        (rule(given={}, calls=[{"id": "c", "at": 0, "priority": 1}], expect={"order": ["c"]}), "pass rule"),
        (rule(mood=1), "fail rule: the runner does not know the field mood"),
    ],
)
def test_formulas_and_features(ruled: dict[str, Any], line: str) -> None:
    """Formulas go by their name, features by the fields of their `given`; both are compared exactly."""
    assert [line] == verdicts(ruled)


def test_a_quirk_is_no_target() -> None:
    """A harmful feature is compared with `expect_native`; without that, with nothing, unless its rule is known."""
    given = {"max_failures": 2, "max_timeouts": 2, "inputs": ["none", "1 (submenu, back)", "none", "bad", "none"]}
    expect = {"exit_after_input": 3, "cause": "max-timeouts"}
    quirk = {"id": "menu", "kind": "quirk", "given": given, "expect": expect}
    ours = {"exit_after_input": 5, "cause": "max-timeouts"}
    assert ["unsupported menu: a target: what would be better it says only in prose"] == verdicts(quirk)
    assert ["pass menu"] == verdicts({**quirk, "expect_native": ours})
    assert ["pass menu"] == verdicts({**quirk, "kind": "semantic", "expect": ours})


def test_a_quirk_whose_rule_is_known() -> None:
    """It is emulated, and held to what the old system does; `expect_native` goes before that."""
    given = {"waited_before_transfer": 20, "level_3_after": 45}
    quirk = {"id": "case", "kind": "quirk", "given": given, "expect": {"level_3_opens_after_transfer": 45}}
    assert ["pass case"] == verdicts(quirk)
    assert ["pass case"] == verdicts({**quirk, "expect_native": {"level_3_opens_after_transfer": 25}})
    wrong = "fail case: level_3_opens_after_transfer: expected 45, got 25"
    assert [wrong] == verdicts({**quirk, "expect_native": quirk["expect"]})


def test_what_is_not_offered_is_listed() -> None:
    """The page for those who come from another system names every rule that is only asserted, and no other."""
    page = (ROOT / "docs/compat.md").read_text("utf-8").partition("## What other systems do that Firstline does not")[2]
    rows = {row for row in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) if row not in ("rule", "---")}
    assert {each.not_offered for each in (*FORMULAS.values(), *FEATURES) if each.not_offered} == rows


@pytest.mark.parametrize(
    ("condition", "facts", "result"),
    [
        ("english > 40", {"english": 50}, True),
        ("english>50|french=3", {"english": 50, "french": 3}, True),
        ("english>50&french=3", {"english": 50, "french": 3}, False),
        ("a = 1 | a = 2 & b = 3", {"a": 1, "b": 0}, True),
        ("(a = 1 | a = 2) & b = 3", {"a": 1, "b": 0}, False),
        ("a ! 1", {"a": 2}, True),
        ("a != 1", {}, False),
        ("a <= 1.5 && a >= -1", {"a": 1.5}, True),
        ("technic & $os > 29", {"technic": 1, "os": 30}, None),
        ("technic", {"technic": 0}, False),
        ("lang == 'fr' AND type == \"sales\"", {"lang": "fr", "type": "sales"}, True),
        ("lang > 3 OR lang == 'fr'", {"lang": "fr"}, True),
        ("a >", {}, None),
        ("(a > 1", {}, None),
        ("a > 1 b", {}, None),
    ],
)
def test_conditions(condition: str, facts: dict[str, Any], result: bool | None) -> None:  # noqa: FBT001
    """`&` goes before `|`, brackets before both; what is not there is never so; what cannot be read is no condition."""
    if result is None:
        with pytest.raises(ShapeFault, match="cannot be read"):
            holds(condition, facts)
    else:
        assert result is holds(condition, facts)


AVAYA = {
    "A": {"level": 1, "idle": 5, "occ": 9},
    "B": {"level": 2, "idle": 10, "occ": 1},
    "C": {"level": 1, "idle": 4, "occ": 8},
}

OTHERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("avaya_pick", {"mode": "UCD-MIA", "agents": AVAYA}, {"first": "B"}),
    ("avaya_pick", {"mode": "EAD-MIA", "agents": AVAYA}, {"first": "A"}),
    ("avaya_pick", {"mode": "UCD-LOA", "agents": AVAYA}, {"first": "B"}),
    ("avaya_pick", {"mode": "EAD-LOA", "agents": AVAYA}, {"first": "C"}),
    ("avaya_pad", {"agents": {"A": {"target": 3, "work": 1}, "B": {"target": 6, "work": 2}}}, {"first": "A"}),
    (
        "connect_steps",
        {
            "steps": [{"a": 2, "b": 1, "expiry": 5}, {"a": 2, "expiry": 10}, {"b": 3}],
            "agents": {"X": {"a": 3, "b": 1}, "Y": {"a": 2}, "Z": {"b": 3}, "N": {"a": 1}},
        },
        {"earliest": {"X": 0, "Y": 5, "Z": 15, "N": None}},
    ),
    (
        "genesys_score",
        {"calls": [{"id": "a", "at": 0, "priority": 1}, {"id": "b", "at": 60, "priority": 2}]},
        {"order": ["a", "b"]},
    ),
    (
        "connect_adjust",
        {"contacts": [{"id": "a", "wait": 30, "adjust": 0}, {"id": "b", "wait": 60, "adjust": -31}]},
        {"order": ["a", "b"], "reported_wait": {"a": 30, "b": 60}},
    ),
    (
        "connect_pick",
        {"queues": {"q": {"prio": 1, "delay": 30}}, "contacts": [{"id": "a", "queue": "q", "wait": 29.9}]},
        {"first": None},
    ),
    (
        "openacd_pick",
        {
            "calls": [
                {"id": "a", "queue_weight": 2, "priority": 3, "age": 9},
                {"id": "b", "queue_weight": 2, "priority": 3, "age": 10},
                {"id": "c", "queue_weight": 1, "priority": 0, "age": 99},
            ]
        },
        {"order": ["b", "a", "c"]},
    ),
    (
        "openacd_agent",
        {
            "agents": {
                "G": {"skills": ["a", "b"], "idle": 9},
                "N": {"skills": ["b"], "idle": 99},
                "H": {"skills": ["b", "a"], "idle": 10},
            },
            "needs": ["a"],
        },
        {"order": ["H", "G"]},
    ),
    (
        "nice_priority",
        {
            "skills": {
                "s": {"initial": 0.5, "accel": 0.1, "max": 0.8},
                "t": {"initial": 2, "accel": 0, "max": 1},
            },
            "calls": [
                {"id": "a", "skill": "s", "wait_min": 2},
                {"id": "b", "skill": "s", "wait_min": 9},
                {"id": "c", "skill": "t", "wait_min": 0.5},
            ],
        },
        {"values": {"a": 0.7, "b": 0.8, "c": 1}, "order": ["c", "b", "a"]},
    ),
    (
        "longest_idle",
        {
            "agents": {"A": {"last_inbound_end": -900, "last_outbound_end": -10}, "B": {"last_inbound_end": -300}},
            "outbound_counts": False,
        },
        {"first": "A"},
    ),
    ("longest_idle", {"agents": {"A": {"last_inbound_end": -9}, "B": {}}, "outbound_counts": True}, {"first": "B"}),
    (
        "genesys_sl",
        {
            "answered_in": 50,
            "answered": 60,
            "abandoned": 10,
            "short_abandoned": 10,
            "abandoned_in": 9,
            "flow_out": 30,
        },
        {"default": 71.4, "exclude_short_abandons": 83.3, "include_flow_outs": 50.0},
    ),
    (
        "lifo",
        {"tasks": [{"id": name, "priority": 0, "created": at} for name, at in (("a", 1), ("b", 3), ("c", 2))]},
        {"order": ["b", "c", "a"]},
    ),
    (
        "order_by",
        {
            "keys": [["a", -1], ["b", 1]],
            "workers": {"X": {"a": 1, "b": 0}, "Y": {"a": 2, "b": 5}, "Z": {"a": 2, "b": 4}},
        },
        {"first": "Z"},
    ),
    (
        "azure_idle",
        {"workers": {"A": {"load": 0.5, "since": 9}, "B": {"load": 0.2, "since": 1}, "C": {"load": 0.2, "since": 2}}},
        {"order": ["C", "B", "A"]},
    ),
    (
        "azure_capacity",
        {
            "capacity": 1,
            "cost": {"chat": 0.1, "mail": 0.7},
            "sequences": [["mail", "mail", "chat", "chat", "chat", "chat"]],
        },
        {"accepted": [[1, 0, 1, 1, 1, 0]]},
    ),
    ("wazo_ratio", {"cases": [{"waiting": 1, "agents": 0, "limit": 9}]}, {"divert": [True]}),
    ("wazo_unknown", {"agent": {"a": 1}, "rules": ["a>0", "a>0&b<9", "a>0|b<9"]}, {"results": [True, False, True]}),
    ("opensips_etw", {"avg_duration": 90, "queued": 5, "agents": 4}, {"etw": 112.5}),
    (
        "opensips_pick",
        {"agent_skills": ["x"], "queue": [{"id": "a", "skill": "y", "prio": 0, "at": 0}]},
        {"first": None},
    ),
    (
        "",
        {"agents_dedicated": 1, "agents_shared_by_2": 3, "agents_shared_by_4": 1},
        {"effective_agents": 2.75},
    ),
    (
        "",
        {
            "rings": [{"after": 5, "needs": ["a"]}, {"after": 9, "needs": []}],
            "agents": {"X": ["a", "b"], "Y": ["b"]},
        },
        {"earliest": {"X": 5, "Y": 9}},
    ),
    (
        "",
        {
            "selectors": [
                {"key": "a", "op": "ge", "value": 3, "expires_after": 60},
                {"key": "b", "op": "eq", "value": "x", "expires_after": 20},
            ],
            "agents": {"X": {"a": 2, "b": "x"}, "Y": {"a": 3}, "Z": {}},
        },
        {"earliest": {"X": 60, "Y": 20, "Z": 60}},
    ),
    (
        "",
        {"levels": [{"after": 0, "members": ["X"]}, {"after": 10, "members": ["W", "V"]}]},
        {"eligible_at": [[9, ["X"]], [10, ["X", "W", "V"]]], "tie_at_5_all_idle": "X"},
    ),
    (
        "",
        {"workers": ["w1", "w2", "w3"], "max_reserved": 2, "w1": "rejects at 3", "w2": "rejects at 4", "w3": "silent"},
        {
            "offers": [[0, "t", "w1"], [0, "t", "w2"], [4, "t", "w3"]],
            "connects": [],
            "rescinded": [],
            "not_offered": [],
        },
    ),
    (
        "",
        {
            "worker": {"voice": 2, "chat": 1},
            "busy_with": {"voice": 1},
            "waiting": [
                {"id": "a", "channel": "voice", "at": 2},
                {"id": "b", "channel": "voice", "at": 1},
                {"id": "c", "channel": "chat", "at": 3},
            ],
        },
        {"offers": [[1, "b", "w"], [3, "c", "w"]], "waiting_after": ["a"]},
    ),
    (
        "",
        {
            "filters": [{"expr": "lang == 'fr'", "queue": "FR"}, {"expr": "vip > 2", "queue": "VIP"}],
            "default": "ALL",
            "task": {"lang": "de", "vip": 3},
        },
        {"queue": "VIP", "never": ["FR", "ALL"]},
    ),
    ("", {"job": {"at": 5, "priority": 1}, "queue_length": 101}, {"actions": [[5, "cancel"]]}),
    ("", {"queue": ["c1", "c2"], "c1": "chooses callback at 5"}, {"order": ["c1-callback", "c2"]}),
    (
        "",
        {
            "agent": {"limit": 2},
            "conversations": [{"id": "x", "at": 0, "agent_full": True}, {"id": "y", "at": 1}],
            "agent_free_at": 60,
            "next_conversation": {"id": "z", "at": 90},
        },
        {"assigned": [[60, "x"]], "still_waiting": ["y", "z"]},
    ),
]


@pytest.mark.parametrize(("formula", "given", "expect"), OTHERS)
def test_other_cases_of_the_same_rules(formula: str, given: dict[str, Any], expect: dict[str, Any]) -> None:
    """A rule holds for other numbers than those of the vector file, boundaries and empty answers among them."""
    named = {"formula": formula} if formula else {}
    assert ["pass rule"] == verdicts(rule(given=given, expect=expect, **named))


@pytest.mark.parametrize(
    ("formula", "given", "sentence"),
    [
        ("avaya_pick", {"mode": "UCD", "agents": {}}, "`UCD` is none of EAD-MIA, EAD-LOA, UCD-MIA, UCD-LOA"),
        ("avaya_pad", {"agents": {"A": {"target": 0, "work": 1}}}, "agents: a target is more than 0"),
        ("opensips_etw", {"avg_duration": 1, "queued": 1, "agents": 0}, "without agents there is no expected wait"),
        ("order_by", {"keys": [["a", 2]], "workers": {}}, "an order is 1 or -1"),
        ("nice_priority", {"skills": {"s": {"initial": 1, "accel": -1, "max": 9}}, "calls": []}, "that falls"),
        ("connect_pick", {"queues": {}, "contacts": [{"id": "a", "queue": "q", "wait": 1}]}, "`q` is not described"),
        ("", {"workers": ["w1"], "max_reserved": 0, "w1": "silent"}, "at least one worker is asked"),
        ("", {"workers": ["w1"], "max_reserved": 1, "w1": "sings"}, "`sings` is none of silent"),
        ("", {"queue": ["c1"], "c1": "sings"}, "only `chooses callback at SECOND` is known"),
        ("", {"selectors": [{"key": "a", "op": "is", "value": 1}], "agents": {"X": {}}}, "`is` is none of eq, ne"),
        ("", {"ttl": 9, "task_state": "assigned", "caller": "on line"}, "a life time of a task apart from its call"),
        (
            "",
            {"filters": [{"expr": "lang ~ 'fr'", "queue": "q"}], "default": "d", "task": {}},
            "the condition `lang ~ 'fr'` cannot be read",
        ),
        (
            "",
            {"targets": [], "reservation_timeout": 5, "worker_of_q_free_at": 1, "worker": "answers"},
            "only `never answers` is known",
        ),
    ],
)
def test_a_rule_that_cannot_be_read(formula: str, given: dict[str, Any], sentence: str) -> None:
    """What is outside a rule's terms fails that case, with what was expected there."""
    unnamed = next((each for each in FEATURES if not formula and each.fits(given)), None)
    field = (unnamed or FORMULAS[formula]).expect.split()[0].replace(r"\w+", "order").replace(r"\d+", "1")
    named = {"formula": formula} if formula else {}
    (line,) = verdicts(rule(given=given, expect={field: 1}, **named))
    assert not line.startswith("pass")
    assert sentence in line
