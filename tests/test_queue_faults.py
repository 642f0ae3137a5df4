# ruff: noqa: E501 - a case of the table is a line
"""What `check` says of agents that are preferred, drawn, or waited for in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.plan import Preferred
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
    ],
)  # fmt: skip
def test_a_preference_without_effect_is_a_fault(tmp_path: Path, rules: str, fault: str) -> None:
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
