"""A centre's folder: what is read, what it compiles to, its hash, its schema and its manual."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from acd.plan import AgentPlan, QueuePlan, Requirement
from escalation.plan import CaseType, Team
from ivr.flow import CaseStatus, Collect, HandOver, HangUp, Hours, Menu, Node, Say, SetLanguage
from router.centre import Duration, SomeTime, explain, load, plan_hash, schema
from router.centre.document import dotted, read
from router.centre.manual import manual
from router.centre.sections import HORIZON_YEARS_MAX
from router.plan import EntryPoint
from tests.clinic import BASE, dump, loaded

ROOT = Path(__file__).parent.parent
HELLO = ROOT / "examples" / "hello" / "centre.yaml"


# --- what is read ----------------------------------------------------------------------------------------------------


def test_scalars_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    """What YAML 1.1 takes for booleans, dates and numbers to the base of sixty is text."""
    text = "x: {a: no, b: on, c: 07:30, d: 2026-01-31, e: ~, f: true, g: 12, h: 1.5, i: '12', j: .nan, 1: one}\n"
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    document, faults = read(tmp_path)
    assert [] == faults
    expected = {"a": "no", "b": "on", "c": "07:30", "d": "2026-01-31", "e": None, "f": True, "g": 12, "h": 1.5}
    assert {**expected, "i": "12", "j": ".nan", "1": "one"} == document.section("x")


def test_a_byte_order_mark_and_empty_files_do_no_harm(tmp_path: Path) -> None:
    """A file as some editors save it is read, and one of comments only is none the worse."""
    (tmp_path / "a.yaml").write_text("# nothing yet\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("reasons:\n  # none yet\n", encoding="utf-8")
    assert load(HELLO.parent).plan == loaded(tmp_path, "\ufeff" + HELLO.read_text(encoding="utf-8")).plan


def test_the_population_is_kept_as_it_stands(tmp_path: Path) -> None:
    """The simulator's section is not judged here; its values keep their places."""
    document = loaded(tmp_path, BASE, population="population:\n  days:\n    - {volume: 12}\n").document
    assert {"days": [{"volume": 12}]} == document.section("population")
    assert ("population.yaml", 3) == (
        Path(document.place(("population", "days", 0, "volume")).file).name,
        document.place(("population", "days", 0, "volume")).line,
    )


class Volume(BaseModel):
    """What the simulator might say of a population."""

    model_config = ConfigDict(strict=True, extra="forbid")

    volume: int


def test_the_simulator_explains_its_section_as_we_do_ours(tmp_path: Path) -> None:
    """`explain` turns the errors of any model into faults with places and hints."""
    document = loaded(tmp_path, BASE, population="population:\n  day: {volum: 12}\n").document
    path = ("population", "day")
    with pytest.raises(ValidationError) as caught:
        Volume.model_validate(document.value(path))
    assert [
        "population.day.volume: `volume` is missing (docs/reference/centre.md describes what may stand here)",
        "population.day.volum: unknown setting `volum` (did you mean `volume`?)",
    ] == [str(fault).partition(":2: ")[2] for fault in explain(document, path, Volume, caught.value.errors())]


def test_a_path_is_written_with_dots_and_indexes() -> None:
    """Paths look as people write them."""
    assert "flows.front.nodes.menu.prompts[0]" == dotted(("flows", "front", "nodes", "menu", "prompts", 0))


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [("20s", 20_000), ("3m", 180_000), ("2h", 7_200_000), ("1h30m", 5_400_000), ("1h1m1s1ms", 3_661_001), ("0s", 0)],
)
def test_durations(text: str, duration_ms: int) -> None:
    """A duration is a row of numbers with their units, from the largest to the smallest."""
    assert duration_ms == TypeAdapter(Duration).validate_python(text)


@pytest.mark.parametrize("text", ["", "s", "1", "1.5h", "-1s", "1s1m", "1h 30m", "1d", "\u0661s", True, None, 3])
def test_what_is_no_duration(text: object) -> None:
    """Nothing is guessed about a duration."""
    with pytest.raises(ValidationError):
        TypeAdapter(Duration).validate_python(text)


def test_some_durations_may_not_be_nothing() -> None:
    """A length of time in which something has to happen is not zero, in whatever unit."""
    with pytest.raises(ValidationError, match="longer than nothing"):
        TypeAdapter(SomeTime).validate_python("0h0m")


# --- what it compiles to ---------------------------------------------------------------------------------------------


def test_the_plan_of_a_centre(tmp_path: Path) -> None:
    """Queues, agents, entry points, teams and case types become what the engine runs, all in the order of their ids."""
    plan = loaded(tmp_path).plan
    assert ("clinic", "Europe/Paris", ("en", "fr"), ("fever",)) == (
        plan.centre,
        plan.zone,
        plan.languages,
        plan.reasons,
    )
    nurses = QueuePlan("nurses", 0, (Requirement("advice", 2),), True, offer_ms=15_000, case_type="visit")
    assert {"nurses": nurses} == plan.floor.queues
    nurse, head = (("advice", 3), ("en", 1), ("fr", 1)), (("advice", 5), ("fr", 1))
    agents = {"head": head, "nurse-01": nurse, "nurse-02": nurse}
    assert [AgentPlan(name, skills) for name, skills in agents.items()] == list(plan.floor.agents.values())
    assert EntryPoint("line", "voice", ("100",), "care", "en", "front") == plan.entry_points["line"]
    assert EntryPoint("other", "voice", ("101",), "care", "fr", "front") == plan.entry_points["other"]
    assert {"doctors": Team("doctors", "care")} == plan.desk.teams
    assert {"visit": CaseType("visit", "doctors", 28_800_000, "desk")} == plan.desk.case_types
    assert ["desk"] == list(plan.desk.calendars)
    assert {"en": "Hello.", "fr": "Bonjour."} == plan.prompts["hello"]


def test_the_flow_of_a_centre(tmp_path: Path) -> None:
    """Every kind of node becomes its own kind, with its durations in milliseconds."""
    flow = loaded(tmp_path).plan.menus.flows["front"]
    assert ("front", "hours") == (flow.id, flow.start)
    expected: list[Node] = [
        HangUp("bye", ("hello",)),
        Menu("choice", ("menu",), (("*", "choice"), ("1", "status"), ("2", "french")), "nurse", 5_000, 3),
        SetLanguage("french", "fr", "nurse"),
        Hours("hours", "desk", "welcome", "bye"),
        Collect("number", ("ask",), "patient", 4, 8, "choice", "nurse"),
        HandOver("nurse", "nurses", (), 2),
        CaseStatus("status", (("accepted", "hello"), ("open", "hello"), ("resolved", "hello")), "bye", "nurse"),
        Say("welcome", ("hello",), "number"),
    ]
    assert {node.id: node for node in expected} == flow.nodes


def test_what_a_file_leaves_out_is_the_plans_default(tmp_path: Path) -> None:
    """The defaults of the files and those of the plan are the same."""
    queue = "queues:\n  idle: {}\n"
    assert QueuePlan("idle") == loaded(tmp_path, BASE, more=queue).plan.floor.queues["idle"]


def test_a_short_abandon_is_the_acceptable_wait_unless_said(tmp_path: Path) -> None:
    """The threshold of short abandons is apart from the acceptable wait, and by default equal."""
    queues = "queues:\n  one: {acceptable_wait: 30s}\n  two: {acceptable_wait: 30s, short_abandon: 5s}\n"
    plans = loaded(tmp_path, BASE, more=queues).plan.floor.queues
    assert [30_000, 5_000] == [plans[name].short_abandon_ms for name in ("one", "two")]


def test_the_ids_of_a_group_sort_as_they_count(tmp_path: Path) -> None:
    """A group's members are numbered with as many digits as the last one has, two at least."""
    agents = "agents:\n  many: {count: 120}\n  few: {count: 1}\n"
    names = [name for name in loaded(tmp_path, BASE, more=agents).plan.floor.agents if name[:3] in {"man", "few"}]
    assert ["few-01", "many-001", "many-120"] == [names[0], names[1], names[-1]]


# --- the hash --------------------------------------------------------------------------------------------------------


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, str]:
    """BASE with its entries dealt out to files, and the keys of every mapping in any order."""
    files: dict[str, dict[str, Any]] = {"centre": {}, "a": {}, "z": {}}
    for section, entries in draw(st.permutations(list(yaml.safe_load(BASE).items()))):
        for key, value in draw(st.permutations(list(entries.items()))):
            home = files[draw(st.sampled_from(sorted(files)))]
            home.setdefault(section, {})[key] = shuffled(value, draw)
    return {name: dump(sections) if sections else "" for name, sections in files.items()}


def shuffled(value: Any, draw: st.DrawFn) -> Any:
    """A value with the keys of its mappings in another order; lists keep theirs, for it has a meaning."""
    if not isinstance(value, dict):
        return value
    return {key: shuffled(item, draw) for key, item in draw(st.permutations(list(value.items())))}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layout=layouts())
def test_the_hash_does_not_see_the_layout_of_files(
    tmp_path_factory: pytest.TempPathFactory, layout: dict[str, str]
) -> None:
    """However entries are spread over files and keys are ordered, plan and hash are the same, to the order of dicts."""
    one, other = (loaded(tmp_path_factory.mktemp("centre"), **files) for files in ({"text": BASE}, renamed(layout)))
    assert (one.plan, one.plan.hash) == (other.plan, other.plan.hash)
    assert repr(one.plan) == repr(other.plan)


def renamed(layout: dict[str, str]) -> dict[str, str]:
    """The layout as arguments of `loaded`, whose first file is called `text`."""
    return {"text" if name == "centre" else name: content for name, content in layout.items()}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("offer: 15s", "offer: 16s"),
        ("Hello.", "Hi."),
        ("[09:00-17:00]", "[09:00-17:01]"),
        ("{advice: 5}", "{advice: 4}"),
    ],
)
def test_the_hash_sees_every_change_of_content(tmp_path: Path, old: str, new: str) -> None:
    """A duration, a text, an hour or a level more, and the rules have another version."""
    before = loaded(tmp_path).plan.hash
    assert before != loaded(tmp_path, BASE.replace(old, new)).plan.hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("offer: 15s", "offer: 15000ms # long enough"),
        ("A fever", "Too warm"),
        ("reasons:", "population: {x: 1}\nreasons:"),
    ],
)
def test_the_hash_sees_no_change_of_words_for_people(tmp_path: Path, old: str, new: str) -> None:
    """Comments, names for people and the simulator's customers are no part of the rules."""
    before = loaded(tmp_path).plan.hash
    assert before == loaded(tmp_path, BASE.replace(old, new)).plan.hash


def test_the_hash_is_the_same_in_every_process(tmp_path: Path) -> None:
    """Python's own hashing, which differs from process to process, has no part in it."""
    expected = loaded(tmp_path).plan.hash
    code = "import sys, pathlib, router.centre; print(router.centre.load(pathlib.Path(sys.argv[1])).plan.hash)"
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code, str(tmp_path)]
        found = subprocess.run(
            command, env={"PYTHONHASHSEED": seed}, cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert expected == found.stdout.strip()


def test_the_hash_has_sixteen_hex_digits_and_does_not_hash_itself(tmp_path: Path) -> None:
    """A plan's hash is a function of the rest of it."""
    plan = loaded(tmp_path).plan
    assert re.fullmatch("[0-9a-f]{16}", plan.hash)
    assert plan.hash == plan_hash(dataclasses.replace(plan, hash="another"))


# --- schema and manual -----------------------------------------------------------------------------------------------


def test_the_schema_is_plain_json_and_closed() -> None:
    """Editors get one JSON document, in which every section is listed and none other is allowed."""
    document = schema()
    assert document == json.loads(json.dumps(document))
    assert set(yaml.safe_load(BASE)) | {"population", "channels"} == set(document["properties"])
    assert document["additionalProperties"] is False


def test_the_manual_is_written_from_the_models() -> None:
    """`./dev docs` has nothing to add to docs/reference/centre.md."""
    assert (ROOT / "docs" / "reference" / "centre.md").read_text(encoding="utf-8") == manual()


def settings_in(document: dict[str, Any]) -> set[str]:
    """The name of every setting in the schema."""
    return {name for model in document["$defs"].values() for name in model.get("properties", {})}


def test_the_manual_names_every_setting() -> None:
    """No setting is undocumented."""
    page = manual()
    assert [] == [name for name in sorted(settings_in(schema())) if f"| `{name}` |" not in page]


def test_our_own_settings_all_say_what_they_mean() -> None:
    """Every setting but the kind of a node has a description, which editors show and the manual prints."""
    models = {name: model for name, model in schema()["$defs"].items() if name not in {"CalendarSpec", "HolidaySpec"}}
    silent = [
        f"{name}.{setting}"
        for name, model in models.items()
        for setting, about in model.get("properties", {}).items()
        if "description" not in about and setting != "node"
    ]
    assert [] == silent


def test_a_horizon_is_bounded(tmp_path: Path) -> None:
    """The longest horizon is still compiled, so that the bound is no trap."""
    text = BASE.replace("to: 2027-01-01", f"to: {2026 + HORIZON_YEARS_MAX}-01-01")
    assert "clinic" == loaded(tmp_path, text).plan.centre
