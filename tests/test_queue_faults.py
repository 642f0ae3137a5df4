# ruff: noqa: E501 - a case of the table is a line
"""What `check` says of hours, of admission, and of agents that are preferred or drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.plan import ExpectedWaitMax, Hours, Preferred, Relaxation
from ivr.flow import HandOver
from tests.clinic import BASE, faults_of, loaded
from tests.test_queue_rules import with_rules

NAMED = ("queue: nurses, priority: 2", "queue: nurses, prefers: [head, nurse]")


def test_preferred_agents_are_compiled(tmp_path: Path) -> None:
    """Groups become their agents, durations milliseconds; a month is the default memory."""
    plan = loaded(tmp_path, with_rules("preferred: {for: 20s, last_agent: true}").replace(*NAMED)).plan
    assert Preferred(20_000, last_agent=True, within_ms=30 * 86_400_000) == plan.floor.queues["nurses"].preferred
    node = plan.menus.flows["front"].nodes["nurse"]
    assert isinstance(node, HandOver)
    assert ("head", "nurse-01", "nurse-02") == node.prefers


def test_weights_are_compiled(tmp_path: Path) -> None:
    """Every agent of a group has its weight."""
    text = with_rules("selection: weighted_random").replace("{count: 2,", "{count: 2, weight: 3,")
    agents = loaded(tmp_path, text).plan.floor.agents
    assert [1, 3, 3] == [agent.weight for agent in agents.values()]


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ("preferred: {for: 20s}", "preferred: this keeps contacts for nobody"),
        ("preferred: {last_agent: true}", "preferred.for: `for` is missing"),
        ("preferred: {for: 0s, last_agent: true}", "preferred.for: this must be longer than nothing"),
        ("wait_max: 20s\n    preferred: {for: 20s, last_agent: true}", "preferred.for: contacts are kept for as long as anybody waits"),
        ("preferred: {for: 20s, last_agent: true, within: 30d}", "preferred.within: "),
        ("hours: {calendar: dask}", "hours.calendar: `dask` is no calendar of this centre (did you mean `desk`?)"),
        ("hours: {calendar: desk, waiting: move}", "hours.waiting: there is no queue to move them to"),
        ("hours: {calendar: desk, waiting: leave}", "hours.waiting: this must be `keep`, `send_away` or `move`"),
        ("hours: {calendar: desk, to: nurses}", "hours.to: contacts could go round for ever"),
        ("relaxations: [{after: 5s, during: desk, match_language: false}]", "relaxations[0].during: a relaxation begins after some time or during some hours"),
        ("expected_wait_max: {wait: 5m}", "expected_wait_max: no wait is estimated in a queue that does not announce"),
        ("announce: {position: true}\n    expected_wait_max: {wait: 5m, percent: 80}", "expected_wait_max.percent: this must be 50 or 90"),
        ("agents_min: 4", "agents_min: nobody is ever let in: 3 agents have what is asked at first"),
        ("agents_min: 3\n    tiers: [{agents: [nurse]}]", "agents_min: nobody is ever let in: 2 agents have"),
    ],
)  # fmt: skip
def test_a_rule_without_effect_is_a_fault(tmp_path: Path, rules: str, fault: str) -> None:
    """Each is said in its place, and nothing else."""
    (found,) = faults_of(tmp_path, with_rules(rules))
    assert f": queues.nurses.{fault}" in found


@pytest.mark.parametrize(
    ("old", "new", "rules", "fault"),
    [
        (*NAMED, "ring: one", "flows.front.nodes.nurse.prefers: the queue `nurses` keeps nothing for anybody"),
        (*NAMED, "preferred: {for: 9s, within: 1h}", "queues.nurses.preferred.within: this has no effect without `last_agent`"),
        (*NAMED, "preferred: {for: 9s}\n    tiers: [{agents: [nurse]}]", "flows.front.nodes.nurse.prefers[0]: `head` could never serve `nurses`"),
        (NAMED[0], "queue: nurses, prefers: [haed]", "preferred: {for: 9s, last_agent: true}", "flows.front.nodes.nurse.prefers[0]: `haed` is no agent or group of agents"),
        ("skills: {advice: 5}", "weight: 2, skills: {advice: 5}", "ring: one", "agents.head.weight: no queue draws among its agents"),
        ("skills: {advice: 5}", "weight: 0, skills: {advice: 5}", "selection: weighted_random", "agents.head.weight: this must be 1 or more"),
    ],
)  # fmt: skip
def test_an_agent_who_is_named_in_vain_is_a_fault(tmp_path: Path, old: str, new: str, rules: str, fault: str) -> None:
    """By a menu, or with a weight that nothing uses."""
    assert old in BASE
    found = faults_of(tmp_path, with_rules(rules).replace(old, new))
    assert [True] == [f": {fault}" in each for each in found], found


TWO = """calendars:
  always: {zone: UTC, week: {mon-sun: [00:00-24:00]}}
  night: {zone: Europe/Paris, week: {mon-fri: [20:00-06:00]}}
queues:
  doctors: {overflow: {after: 9s, queue: nurses}}
"""


def test_hours_and_admission_are_compiled(tmp_path: Path) -> None:
    """Calendars and queues by name, durations in milliseconds."""
    rules = """hours: {calendar: desk, to: doctors, waiting: move}
    relaxations: [{during: night, requirements: {advice: 0}}]
    announce: {position: true}
    expected_wait_max: {wait: 5m, percent: 90}
    agents_min: 2"""
    more = TWO.replace("doctors: {overflow: {after: 9s, queue: nurses}}", "doctors: {}").replace(
        "  always", "  # always"
    )
    text = (
        with_rules(rules)
        .replace("waiting: move", "waiting: keep")
        .replace("languages: [en, fr]}\n  head", "languages: [en, fr]}\n  temp: {languages: [en]}\n  head")
    )
    queue = loaded(tmp_path, text, more=more).plan.floor.queues["nurses"]
    assert Hours("desk", "doctors", "keep") == queue.hours
    assert (Relaxation(None, (), match_language=True, during="night"),) == queue.relaxations
    assert (ExpectedWaitMax(300_000, 90), 2) == (queue.expected_wait_max, queue.agents_min)


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ("hours: {calendar: always}", "hours.calendar: `always` never closes"),
        ("hours: {calendar: desk, to: doctors}", "hours.to: contacts could go round for ever"),
        ("hours: {calendar: desk, waiting: send_away}\n    relaxations: [{during: night, match_language: false}]", "relaxations[0].during: this relaxation never comes: the queue has no contacts while `night` is open"),
    ],
)  # fmt: skip
def test_hours_that_never_come_are_a_fault(tmp_path: Path, rules: str, fault: str) -> None:
    """Judged by what the calendars and the other queues say."""
    clerk = "agents:\n  clerk: {skills: {advice: 2}}\n"
    (found,) = faults_of(tmp_path, with_rules(rules), more=TWO, staff=clerk)
    assert f": queues.nurses.{fault}" in found


def test_last_words_for_nobody_are_a_fault(tmp_path: Path) -> None:
    """Where everybody goes on, nobody is sent away."""
    more = "queues:\n  doctors: {}\n"
    (found,) = faults_of(tmp_path, with_rules("hours: {calendar: desk, to: doctors, prompts: [hello]}"), more=more)
    assert "queues.nurses.hours.prompts: these prompts are never played: nobody is sent away" in found


@pytest.mark.parametrize(
    ("hours", "fault"),
    [
        (
            "[09:00-12:00, 11:00-15:00]",
            "calendars.desk: 09:00-12:00 and 11:00-15:00 of mon-fri overlap (write each hour once)",
        ),
        (
            "[22:00-06:00, 05:00-07:00]",
            "calendars.desk: 22:00-06:00 reaches into 05:00-07:00 of the next day (mon, tue, wed, thu)",
        ),
        (
            "[09:00-09:00]",
            "calendars.desk: 09:00-09:00 of mon-fri opens and closes at once: write 00:00-24:00 for a whole day",
        ),
    ],
)
def test_hours_that_overlap_or_are_empty_are_a_fault(tmp_path: Path, hours: str, fault: str) -> None:
    """Within one day's list they are a slip of the pen, not a wish."""
    (found,) = faults_of(tmp_path, BASE.replace("[09:00-17:00]", hours))
    assert fault in found
