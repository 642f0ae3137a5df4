# ruff: noqa: E501 - a case of the tables is a line
"""`firstline check` lists every fault: none hides another, and what must wait is said."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from router.centre.document import Path as Way
from router.centre.document import read
from tests.clinic import BASE
from tests.conftest import ROOT
from tests.mistakes import Mistake, assert_none_hides_another, checked, mistakes, ways

POPULATION = """\
population:
  profiles: {office: [{level: 1, week: {mon-fri: [09:00-17:00]}}]}
  arrivals: {line: {profile: office, per_hour: 12, reasons: {fever: 1}}}
  reasons:
    fever: {answers: {number: '12345678', choice: '1'}, talk: 4m}
  agents:
    shifts: [{agents: [nurse, head], week: {mon-fri: [09:00-17:00]}}]
"""


# What is written in the clinic's file instead of what stands there, and the settings that have a fault then; in the
# second table, also what is written in its population.
# fmt: off
TOGETHER = [
    # A fault of form, and an unknown name in the same entry.
    ([("target: 8h", "target: -8h"), ("team: doctors", "team: doctor")], ["case_types.visit.target", "case_types.visit.team"]),
    ([("{advice: 5}, languages: [fr]", "{advice: 50}, languages: [de]")], ["agents.head.languages[0]", "agents.head.skills.advice"]),
    ([("['101'], service_line: care, language: fr", "[101], service_line: car, language: de")], ["entry_points.other.addresses[0]", "entry_points.other.language", "entry_points.other.service_line"]),
    ([("{1: status,", "{A: status,"), ("        failure: nurse\n      french", "        failure: nobody\n      french")], ["flows.front.nodes.choice.failure", "flows.front.nodes.choice.options.A"]),
    # A faulty node, and what is wrong elsewhere in its flow.
    ([("digits_min: 4", "digits_min: 400"), ("open: welcome", "open: welcom"), ("queue: nurses", "queue: nurse"), ("{node: hang_up, prompts: [hello]}", "{node: hang_up, prompts: [hallo]}")], ["flows.front.nodes.bye.prompts[0]", "flows.front.nodes.hours.open", "flows.front.nodes.number.digits_min", "flows.front.nodes.nurse.queue"]),
    ([("digits_min: 4", "digits_min: 400"), ("2: french", "2: status")], ["flows.front.nodes.french", "flows.front.nodes.number.digits_min"]),
    ([("digits_min: 4", "digits_min: 400"), ("        failure: nurse\n      french", "        failure: choice\n      french")], ["flows.front.nodes.choice", "flows.front.nodes.number.digits_min"]),
    # A fault of form, and what entries say together.
    ([("offer: 15s", "offer: 15"), ("{advice: 2}\n    match_language: true\n", "{advice: 6}\n")], ["queues.nurses", "queues.nurses.offer"]),
    ([("offer: 15s\n    case_type: visit", "offer: 15\n    wrap_up_outcome: escalated")], ["queues.nurses.offer", "queues.nurses.wrap_up_outcome"]),
    ([("['100'], service_line: care", "['101'], service_line: 7")], ["entry_points.line.service_line", "entry_points.other.addresses[0]"]),
    ([("{en: Hello., fr: Bonjour.}", "{en: ''}")], ["prompts.hello", "prompts.hello.en"]),
    ([("zone: Europe/Paris\n  lang", "zone: Paris\n  lang"), ("languages: [fr]}", "languages: [de]}"), ("[2026-07-14]", "[2036-07-14]")], ["agents.head.languages[0]", "calendars.desk.closed[0]", "centre.zone"]),
    ([("zone: Europe/Paris\n  lang", "zone: Paris\n  lang"), ("[09:00-17:00]", "[]")], ["calendars.desk", "centre.zone"]),
    # An unknown name, and a rule about the setting as a whole that it stands in.
    ([("{open: hello, accepted: hello, resolved: hello}", "{open: hallo}")], ["flows.front.nodes.status.prompts", "flows.front.nodes.status.prompts.open"]),
    ([("languages: [fr]}", "languages: [de, de]}")], ["agents.head.languages", "agents.head.languages[0]", "agents.head.languages[1]"]),
    # One mistake is one fault.
    ([("{advice: 5}, languages: [fr]", "{advise: 5}, languages: [fr]"), ("  nurse: {count: 2, skills: {advice: 3}, languages: [en, fr]}\n", "")], ["agents.head.skills.advise"]),
    ([("teams:", "teems:")], ["teems"]),
    ([("queues:", "queus:")], ["queus"]),
    ([("offer: 15s\n    case_type: visit", "wrap_up_outcome: escalated\n    casetype: visit")], ["queues.nurses.casetype"]),
    ([("start: hours", "start: [hours]")], ["flows.front.start"]),
    ([("[2026-07-14]", "[2027-02-30]")], ["calendars.desk.closed[0]"]),
    # Targets of the centre are read whatever else is wrong, and not twice.
    ([("  languages: [en, fr]\n", "  languages: [en, fr]\n  targets: [flr > 1]\n"), ("offer: 15s", "offer: 15")], ["centre.targets[0]", "queues.nurses.offer"]),
    ([("  languages: [en, fr]\n", "  languages: [en, fr]\n  targets: [7]\n")], ["centre.targets[0]"]),
]

BESIDE = [
    ([("offer: 15s", "offer: 15")], "agents: [nurse, head]", "agents: [nurs, head]", ["population.agents.shifts[0].agents[0]", "queues.nurses.offer"]),
    ([("offer: 15s", "offer: 15")], "agents: [nurse, head]", "agents: [nurse]", ["population.agents.shifts", "queues.nurses.offer"]),
    ([("offer: 15s", "offer: 15")], "choice: '1'", "choice: '7'", ["population.reasons.fever.answers.choice", "queues.nurses.offer"]),
    ([("offer: 15s", "offer: 15")], "arrivals: {line", "arrivals: {lime", ["population.arrivals.lime", "queues.nurses.offer"]),
    ([("count: 2", "count: no")], "agents: [nurse, head]", "agents: [nurse-01..nurse-02, hed]", ["agents.nurse.count", "population.agents.shifts[0].agents[1]"]),
    ([], "talk: 4m", "talk: 4, wrap_up_reason: fevr", ["population.reasons.fever.talk", "population.reasons.fever.wrap_up_reason"]),
    ([], "profile: office, per_hour: 12", "profile: ofice, per_hour: -1", ["population.arrivals.line.per_hour", "population.arrivals.line.profile"]),
    ([], "fever: {answers: {number: '12345678', choice: '1'}, talk: 4m}", "fever: {resolve: 1, follow_up: 1}\n    cough: {wrap_up_reason: fever, talk: 4}", ["population.reasons.cough.talk", "population.reasons.fever"]),
    ([], "agents:\n    shifts", "agents:\n    decline: 0.6\n    miss: 0.6\n    mis: 0\n    shifts", ["population.agents.mis", "population.agents.miss"]),
    ([], "  reasons:\n    fever: {answers: {number: '12345678', choice: '1'}, talk: 4m}\n", "", ["population.reasons"]),
]
# fmt: on


def clinic(*changes: tuple[str, str]) -> str:
    """The clinic's file with each text, which stands in it once, replaced by another."""
    text = BASE
    for old, new in changes:
        assert 1 == BASE.count(old), old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(("changes", "fields"), TOGETHER)
def test_no_fault_hides_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: list[tuple[str, str]], fields: list[str]
) -> None:
    """Faults of form, unknown names and contradictions are listed together, also those of one entry, each once."""
    assert fields == checked(tmp_path, capsys, centre=clinic(*changes)).fields


@pytest.mark.parametrize(("changes", "old", "new", "fields"), BESIDE)
def test_a_population_is_judged_beside_the_centre(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: list[tuple[str, str]],
    old: str,
    new: str,
    fields: list[str],
) -> None:
    """What a population names is looked up whatever is wrong with the centre, or with another entry of its own."""
    assert 1 == POPULATION.count(old)
    report = checked(tmp_path, capsys, centre=clinic(*changes), population=POPULATION.replace(old, new))
    assert fields == report.fields


def test_a_name_that_stands_in_no_file_is_unknown_though_one_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name counts as known while it may stand in a broken file; where it does not occur there, it is a fault."""
    text = clinic(("calendar: desk, open", "calendar: dest, open"), ("queue: nurses", "queue: elsewhere"))
    report = checked(tmp_path, capsys, centre=text, more="queues:\n  elsewhere: {offer: *nine}\n")
    assert ["", "flows.front.nodes.hours.calendar"] == report.fields
    assert f"whether names exist that may stand in {tmp_path / 'more.yaml'}" in report.deferred


def test_a_part_of_a_word_in_a_broken_file_is_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`nurse` does not stand in a file that has `nurse-2` and `nurses`."""
    text = clinic(("queue: nurses", "queue: nurse"))
    report = checked(tmp_path, capsys, centre=text, more="queues:\n  nurse-2: *x\n  nurses: x\n")
    assert ["", "flows.front.nodes.nurse.queue"] == report.fields


@pytest.mark.parametrize(
    "data", ["queues:\n  nurse: {}\n".encode("utf-16"), b'\xff"n\\x75rse"', b"\xffqueues: {nurse: {}}"]
)
def test_names_may_stand_in_a_file_of_another_encoding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    """In a file that is not UTF-8, or that writes letters as escapes, a name may stand that is not seen at once."""
    (tmp_path / "more.yaml").write_bytes(data)
    assert [""] == checked(tmp_path, capsys, centre=clinic(("queue: nurses", "queue: nurse"))).fields


def test_a_section_that_may_stand_in_a_broken_file_is_not_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the file of the agents their section is not missed; one that no file speaks of is."""
    front, _, agents = BASE.partition("agents:\n")
    front = front.replace(front[front.index("queues:") :], "")
    report = checked(tmp_path, capsys, centre=front, more="agents:\n\t" + agents)
    assert ["", "queues"] == report.fields


def test_what_must_wait_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each question that faults leave open is named."""
    text = clinic(
        ("  languages: [en, fr]\n", ""),
        ("from: 2026-01-01", "from: soon"),
        ("{node: say,", "{node: sya,"),
        ("{advice: 5}", "5"),
    )
    assert (
        "the settings of flows.front.nodes.welcome, whose kind is not known",
        "whether names of languages exist",
        "whether everything is there in every language of the centre",
        "whether the centre's horizon ends after it begins",
        "whether dates lie within the centre's horizon, and calendars ever open in it",
        "which nodes callers reach in the flow `front`, and whether they get out of it",
        "whether there is an agent for every queue and language in which contacts come",
        "what the made-up customers key in the menus, and how their contacts end",
    ) == checked(tmp_path, capsys, centre=text, population=POPULATION).deferred


def test_what_no_fault_can_hide_is_not_said_to_wait(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two faults after which everything else is known to be sound leave nothing open."""
    text = clinic(("offer: 15s", "offer: 15"), ("queue: nurses", "queue: nurse"))
    assert () == checked(tmp_path, capsys, centre=text, population=POPULATION).deferred


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            [("queue: nurses", "queue: nurse"), ("{advice: 3}, languages: [en, fr]}", "{advice: 3}, languages: [fr]}")],
            "agent for every queue",
        ),
        ([("open: welcome", "open: welcom")], "which nodes callers reach in the flow `front`"),
        ([("{service_line: care}", "{line: care}")], "whether names of service lines exist"),
        ([("queues:", "queus:")], "what stands in the unknown section `queus`"),
        ([("queues:", "queus:")], "whether names of queues exist"),
    ],
)
def test_what_a_wrong_name_hides_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: list[tuple[str, str]], sentence: str
) -> None:
    """Where a name that names nothing may hide a fault further on, that is said."""
    report = checked(tmp_path, capsys, centre=clinic(*changes))
    assert any(sentence in one for one in report.deferred)


@pytest.mark.parametrize("count", [23_000, "many"])
def test_agents_that_cannot_be_counted_may_be_in_two_shifts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: object
) -> None:
    """While nobody knows who is in a group, nobody knows whether two shifts overlap in it, and that is said."""
    text = POPULATION.replace("agents: [nurse, head]", "agents: [nurse, nurse-01..nurse-02, head]")
    assert "population.agents.shifts[0].agents[1]" in checked(tmp_path, capsys, centre=BASE, population=text).fields
    report = checked(tmp_path, capsys, centre=clinic(("count: 2", f"count: {count}")), population=text)
    assert ["agents.nurse.count"] == report.fields
    assert "whether an agent is in two shifts" in report.deferred


def test_a_population_without_reasons_leaves_their_names_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no reasons are given, it is not said of each name of one that it is unknown, but that this must wait."""
    text = POPULATION.replace("    fever: {answers: {number: '12345678', choice: '1'}, talk: 4m}\n", "")
    report = checked(tmp_path, capsys, centre=BASE, population=text)
    assert ["population.reasons"] == report.fields
    assert "whether names of the population's reasons exist" in report.deferred


@pytest.mark.parametrize(
    ("number", "field"),
    [
        ("priority: 1234567890123456789", "queues.nurses.priority"),
        ("weight: -1234567890123456789", "queues.nurses.weight"),
        ("weight: 1e30", "queues.nurses.weight"),
    ],
)
def test_a_number_of_too_many_digits_is_too_large(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str, field: str
) -> None:
    """A row of digits that is longer than any whole number is not taken for text or for a fraction."""
    report = checked(tmp_path, capsys, centre=clinic(("offer: 15s", number)))
    assert {(field, "this number is too large")} == report.faults


@pytest.mark.parametrize(
    ("strategy", "message"),
    [("compat.asterisk.lineer", "unknown kind `compat.asterisk.lineer`"), ("[linear]", "this must be text")],
)
def test_settings_of_an_unknown_kind_are_said_to_be_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], strategy: str, message: str
) -> None:
    """Of a queue that follows no known system, the settings of `compat` are neither judged nor praised."""
    compat = f"compat: {{strategy: {strategy}, members: 7}}"
    text = clinic(("requirements: {advice: 2}\n    match_language: true", compat))
    report = checked(tmp_path, capsys, centre=text)
    assert {("queues.nurses.compat.strategy", message)} == report.faults
    assert "the settings of queues.nurses.compat, whose kind is not known" in report.deferred


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ("calendar: desk}\nreasons", "calender: desk}\nreasons", ["case_types.visit.calender"]),
        ("from: 2026-01-01", "form: 2026-01-01", ["centre.horizon.form"]),
        ("digits_min: 4", "digit_min: 4", ["flows.front.nodes.number.digit_min"]),
    ],
)
def test_what_is_misspelt_is_not_missing_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, fields: list[str]
) -> None:
    """A setting of nearly the right name is one fault, not two."""
    assert fields == checked(tmp_path, capsys, centre=clinic((old, new))).fields


@pytest.mark.parametrize(
    ("old", "new", "field", "sentences"),
    [
        ("talk: 4m", "talk: {uniform: {low: 2, high: 1s}}", "reasons.fever.talk.uniform.low", ["whether population.reasons.fever.talk.uniform.high is below its `low`"]),
        ("talk: 4m", "talk: {uniform: {lo: 2s, high: 1s}}", "reasons.fever.talk.uniform.lo", ["whether population.reasons.fever.talk.uniform.high is below its `low`"]),
        ("talk: 4m", "talk: {empirical: {'0': 5, '0.4': 2m, '0.2': 9m}}", "reasons.fever.talk.empirical.0", ["whether the quantiles of population.reasons.fever.talk.empirical rise"]),
        ("talk: 4m", "talk: {fixed: 4, exponential: {mean: 4m}}", "reasons.fever.talk.fixed", ["whether population.reasons.fever.talk is just one distribution"]),
        ("agents:\n    shifts", "agents:\n    decline: -1\n    miss: 0.9\n    shifts", "agents.decline", ["whether population.agents.miss and its `decline` add up to more than all"]),
        ("agents:\n    shifts", "agents:\n    declin: 0.9\n    miss: 0.9\n    shifts", "agents.declin", ["whether population.agents.miss and its `decline` add up to more than all"]),
        ("population:\n", "population:\n  customers: {cuont: 10, number: '1#'}\n", "customers.cuont", ["whether there are numbers for all customers"]),
        ("agents:\n    shifts", "agents:\n    shift", "agents.shift", ["what stands in population.agents.shift", "whether every agent has a shift"]),
        ("[nurse, head], week: {mon-fri: [09:00-17:00]}", "[nurse, head], week: {mon-fri: [9], fri: []}", "agents.shifts[0].week.mon-fri[0]", ["whether a day is named twice in population.agents.shifts[0].week"]),
        ("[nurse, head], week: {mon-fri: [09:00-17:00]}", "[nurse, head], week: {}, closed: [7], partial: {2026-07-14: [09:00-10:00]}", "agents.shifts[0].closed[0]", ["whether a date of population.agents.shifts[0].partial is closed as well"]),
    ],
)  # fmt: skip
def test_a_population_says_which_of_its_rules_must_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, field: str, sentences: list[str]
) -> None:
    """One fault in a setting by which another is judged is told once, and that the other is not judged yet."""
    assert 1 == POPULATION.count(old)
    report = checked(tmp_path, capsys, centre=BASE, population=POPULATION.replace(old, new))
    assert [f"population.{field}"] == report.fields
    assert set(sentences) <= set(report.deferred)


# --- any faults together ----------------------------------------------------------------------------------------------


@cache
def tree_of(name: str) -> Any:
    """The content of an example, or of the clinic with its customers."""
    if name != "clinic":
        return read(ROOT / "examples" / name)[0].tree
    with TemporaryDirectory() as folder:
        (Path(folder) / "centre.yaml").write_text(BASE + POPULATION, encoding="utf-8")
        return read(Path(folder))[0].tree


@pytest.mark.parametrize(("name", "examples"), [("clinic", 60), ("hello", 40), ("shared-service-centre", 6)])
def test_any_faults_are_listed_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, examples: int
) -> None:
    """What each of some mistakes is answered with, all of them together are, or it is said what must wait."""
    tree = tree_of(name)
    made = st.lists(st.sampled_from(list(mistakes(tree))), min_size=2, max_size=4, unique=True)
    assert_none_hides_another(tmp_path, capsys, tree, made, examples)


RULES: Any = yaml.safe_load("""
flows:
  front:
    nodes:
      choice: {node: menu, prompts: [menu], options: {1: status, 2: french, 3: old, 4: older, 5: new}, failure: nurse}
      old: {node: hand_over, queue: old, tiers_max: 3, position: 1}
      older: {node: hand_over, queue: older}
      new: {node: hand_over, queue: new}
queues:
  nurses:
    requirements: {advice: 2}
    match_language: true
    case_type: visit
    priority: 1
    wait_max: 5m
    tiers: [{agents: [nurse]}, {agents: [head, trainee], after: 20s}]
    relaxations: [{after: 30s, requirements: {advice: 1}}, {after: 60s, match_language: false}]
    overflow: {after: 2m, queue: doctors}
    announce: {every: 30s, position: true, prompts: [hello]}
    ageing: {every: 20s, priority_max: 9}
  doctors: {requirements: {advice: 1}, wait_max: 9m}
  old:
    offer: 10s
    overflow: {after: 2m, queue: nurses}
    announce: {prompts: [hello]}
    compat:
      strategy: compat.asterisk.linear
      members: [{agent: nurse}, {agent: head, penalty: 1}]
      penalty_members_limit: 2
      rules: [{after: 10s, penalty_max: 1}, {after: 20s, penalty_max: 2}]
      join_empty: [paused]
      shared_last_call: true
  older:
    compat: {strategy: compat.asterisk.ringall, members: [{agent: nurse}], shared_last_call: true}
  new:
    compat:
      strategy: compat.freeswitch.top-down
      agents: [{agent: head, position: 1}, {agent: trainee, level: 1, wrap_up: 9s}]
      tier_rules: true
      tier_wait: 10s
agents:
  trainee: {skills: {advice: 1}, languages: [en, fr]}
""")
NURSES: Way = ("queues", "nurses")
OLD: Way = ("queues", "old", "compat")
NEW: Way = ("queues", "new", "compat")
# What a rule finds, and nothing else does.
FUTILE = [
    Mistake(way, "said", json.dumps(value))
    for way, value in [
        ((*NURSES, "tiers", 0, "after"), "6m"),
        ((*NURSES, "tiers", 0, "after"), "25s"),
        ((*NURSES, "tiers", 0, "agents"), ["nurse", "nurse"]),
        ((*NURSES, "tiers", 1, "agents"), ["head", "nurse"]),
        ((*NURSES, "requirements", "advice"), 10),
        ((*NURSES, "relaxations", 0, "after"), "90s"),
        ((*NURSES, "relaxations", 1, "after"), "5m"),
        ((*NURSES, "relaxations", 0, "requirements"), {"advice": 2}),
        ((*NURSES, "relaxations", 1, "requirements"), {"advice": 4}),
        ((*NURSES, "wait_max"), "20s"),
        ((*NURSES, "overflow", "after"), "6m"),
        ((*NURSES, "overflow", "after"), "25s"),
        ((*NURSES, "overflow", "queue"), "old"),
        ((*NURSES, "overflow", "queue"), "nurses"),
        ((*NURSES, "announce"), {}),
        ((*NURSES, "announce", "every"), "9m"),
        ((*NURSES, "ageing", "priority_max"), 3),
        ((*NURSES, "priority"), 900),
        (("flows", "front", "nodes", "nurse", "position"), 2),
        (("flows", "front", "nodes", "new", "tiers_max"), 2),
        (("flows", "front", "nodes", "older", "head_start"), "9s"),
        (("agents", "head", "wrap_up"), "9s"),
        (("agents", "nurse", "count"), 1),
        (("agents", "trainee-1"), {"count": 2, "languages": ["fr", "fr"]}),
        (("queues", "old", "announce", "position"), True),
        (("queues", "old", "ring"), "all"),
        (("queues", "new", "weight"), 3),
        ((*OLD, "penalty_members_limit"), 7),
        ((*OLD, "rules", 1, "after"), "5s"),
        ((*OLD, "join_empty"), ["paused", "paused"]),
        ((*OLD, "members", 1, "agent"), "nurse"),
        ((*OLD, "shared_last_call"), False),
        (("flows", "front", "nodes", "old", "tiers_max"), None),
        ((*NEW, "tier_rules"), False),
        ((*NEW, "ring_step"), "3s"),
        ((*NEW, "agents", 0, "position"), 0),
        ((*NEW, "agents", 1, "agent"), "head"),
    ]
]


def ruled() -> Any:
    """The clinic with its customers, and queues that have every kind of rule."""
    tree = copy.deepcopy(tree_of("clinic"))
    tree["queues"] = RULES["queues"]
    tree["agents"] |= RULES["agents"]
    tree["flows"]["front"]["nodes"] |= RULES["flows"]["front"]["nodes"]
    tree["population"]["agents"]["shifts"][0]["agents"].append("trainee")
    return tree


def test_queues_with_every_kind_of_rule_have_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the rules are broken in is sound."""
    assert [] == checked(tmp_path, capsys, centre=json.dumps(ruled())).fields


def test_what_rules_find_is_listed_beside_any_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rules without an effect are told together with other mistakes, of the same queue above all."""
    tree = ruled()
    # What is only left out, or has another name, may be no mistake, and may give a rule the effect that it lacked.
    anywhere = [mistake for mistake in mistakes(tree) if mistake.kind not in ("missing", "renamed")]
    near = [mistake for mistake in anywhere if mistake.way[0] in ("queues", "agents")]
    others = st.lists(st.sampled_from(near) | st.sampled_from(anywhere), min_size=1, max_size=3, unique=True)
    made = st.tuples(st.sampled_from(FUTILE), others).map(lambda both: [both[0], *both[1]])
    assert_none_hides_another(tmp_path, capsys, tree, made, 60)


@pytest.mark.parametrize("name", ["clinic", "hello", "bank", "shared-service-centre"])
def test_every_fault_has_a_hint(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Whatever a setting is made, nothing or too little among it, the fault says what to do or what is meant there."""
    tree = tree_of(name)
    said = ["null", "-1", "0", "99999", "1e30", "0.5", "true", '""', '"x y"', "[]", "{}", '["x", "x"]']
    made = st.builds(Mistake, st.sampled_from([way for way, _ in ways(tree)]), st.just("said"), st.sampled_from(said))

    @settings(deadline=None, max_examples=40, database=None)
    @given(st.sampled_from(list(mistakes(tree))) | made)
    def every_fault_has_a_hint(mistake: Mistake) -> None:
        changed = copy.deepcopy(tree)
        mistake.make(changed)
        checked(tmp_path, capsys, centre=json.dumps(changed))  # which asserts it

    every_fault_has_a_hint()
