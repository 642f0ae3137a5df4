# ruff: noqa: E501 - a case of the table is a line
"""What a queue's rules compile to, and the rules that could never do anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acd.plan import Ageing, Announce, Callbacks, Relaxation, Requirement, Tier, Voicemail, Window
from tests.clinic import BASE, faults_of, loaded

RULES = """weight: 2
    ageing: {every: 1m, by: 2, priority_max: 10}
    order: slack
    head_start: 30s
    relaxations:
      - {after: 40s, requirements: {advice: 2}}
      - {match_language: false}
    tiers:
      - agents: [head]
      - {agents: [nurse], after: 20s}
    selection: in_order
    ring: progressive
    ring_step: 5s
    announce: {every: 45s, position: true, expected_wait: true, prompts: [hello]}"""
"""Stands in the queue of the clinic, whose nurses have the level 3 and whose head has 5."""


def with_rules(rules: str) -> str:
    """The clinic, its queue with more settings."""
    return BASE.replace("    offer: 15s", f"    {rules}\n    offer: 15s")


def test_every_rule_of_a_queue_is_compiled(tmp_path: Path) -> None:
    """Groups become their agents, a relaxation all that it asks, durations milliseconds."""
    strict = with_rules(RULES).replace("requirements: {advice: 2}\n", "requirements: {advice: 4}\n", 1)
    queue = loaded(tmp_path, strict).plan.floor.queues["nurses"]
    asked = (Requirement("advice", 2),)
    expected: dict[str, Any] = {
        "weight": 2,
        "ageing": Ageing(60_000, 2, 10),
        "order": "slack",
        "head_start_ms": 30_000,
        "relaxations": (Relaxation(40_000, asked, match_language=True), Relaxation(None, asked, match_language=False)),
        "tiers": (Tier(("head",)), Tier(("nurse-01", "nurse-02"), 20_000)),
        "selection": "in_order",
        "ring": "progressive",
        "ring_step_ms": 5_000,
        "announce": Announce(45_000, position=True, expected_wait=True, prompts=("hello",)),
    }
    assert expected == {name: getattr(queue, name) for name in expected}


def test_callbacks_and_voicemail_are_compiled(tmp_path: Path) -> None:
    """The window is the hours of its calendar; all else is what the file says, or its default."""
    said = (
        "callback: {attempts: 2, window: desk}\n    wait_max: 9m\n    voicemail: {after: 8m, instead_of: [timed_out]}"
    )
    plan = loaded(tmp_path, with_rules(said)).plan
    queue, hours = plan.floor.queues["nurses"], plan.desk.calendars["desk"]
    assert Callbacks(attempts_max=2, window=Window(hours.starts, hours.ends)) == queue.callbacks
    assert Voicemail(480_000, ("timed_out",)) == queue.voicemail


def test_a_level_of_nothing_asks_no_longer_for_a_skill(tmp_path: Path) -> None:
    """A relaxation to the level 0 takes the skill out of what is asked."""
    rules = "relaxations: [{after: 10s, requirements: {advice: 0}, match_language: false}]"
    queue = loaded(tmp_path, with_rules(rules)).plan.floor.queues["nurses"]
    assert (Relaxation(10_000),) == queue.relaxations


@pytest.mark.parametrize(
    ("rules", "faults"),
    [
        ("tiers: [{agents: [heed]}]", ["tiers[0].agents[0]: `heed` is no agent or group of agents of this centre"]),
        ("tiers: [{agents: []}]", ["tiers[0].agents: this must not be empty"]),
        ("wait_max: 30s\n    tiers: [{agents: [nurse]}, {agents: [head], after: 30s}]", ["tiers[1].after: this tier never comes"]),
        ("tiers: [{agents: [head], after: 9s}, {agents: [nurse], after: 8s}]", ["tiers[1].after: this tier comes before"]),
        ("tiers: [{agents: [nurse]}, {agents: [head, nurse]}]", ["tiers[1].agents[1]: `nurse` is in tier 1 already (take it out)"]),
        ("tiers: [{agents: [nurse, head, nurse]}]", ["tiers[0].agents[2]: `nurse` is listed already (take it out)"]),
        ("relaxations: [{after: 5s, requirements: {advice: 1}}]", ["relaxations[0]: this adds nobody"]),
        ("relaxations: [{after: 5s, requirements: {advice: 4}}]", ["relaxations[0]: this asks for more than before"]),
        ("relaxations: [{after: 5s, requirements: {advise: 1}}]", ["relaxations[0].requirements.advise: `advise` is no skill"]),
        ("wait_max: 5s\n    relaxations: [{after: 5s, match_language: false}]", ["relaxations[0].after: this relaxation never comes"]),
        ("ageing: {every: 20s, priority_max: 2}", ["ageing.priority_max: no priority ever grows: all are 2 or more"]),
        ("ageing: {every: 0s, priority_max: 9}", ["ageing.every: this must be longer than nothing"]),
        ("announce: {every: 30s}", ["announce: this says nothing (say `position` or `expected_wait`"]),
        ("announce: {every: 2s, position: true}", ["announce.every: a message would still be playing when the next begins"]),
        ("announce: {prompts: [helo]}", ["announce.prompts[0]: `helo` is no prompt of this centre"]),
        ("wait_max: 30s\n    announce: {every: 30s, prompts: [hello]}", ["announce.prompts: these prompts are never played: nobody waits that long (`every` must be shorter than `wait_max`"]),
        ("callback: {offer_after: 1m}", ["callback.offer_after: nobody is told that he may be called back (set `announce`"]),
        ("wait_max: 1m\n    announce: {position: true}\n    callback: {offer_after: 1m}", ["callback.offer_after: nobody is ever offered a callback: nobody waits that long (it must be shorter than `wait_max`"]),
        ("callback: {attempts: 0, retry: 0s}", ["callback.attempts: this must be 1 or more", "callback.retry: this must be longer than nothing"]),
        ("callback: {window: dest}", ["callback.window: `dest` is no calendar of this centre"]),
        ("wait_max: 1m\n    voicemail: {after: 2m}", ["voicemail.after: nobody is ever sent to voicemail by this: nobody waits that long (it must be shorter than `wait_max`"]),
        ("voicemail: {instead_of: [blocked]}", ["voicemail.instead_of[0]: no contact is ever `blocked` here (set `waiting_max`, or take it out"]),
        ("voicemail: {instead_of: [timed_out, nobody_there]}", ["voicemail.instead_of[0]: no contact is ever `timed_out` here", "voicemail.instead_of[1]: no contact is ever `nobody_there` here"]),
        ("voicemail: {prompts: [helo]}", ["voicemail.prompts[0]: `helo` is no prompt of this centre"]),
        ("ring: some", ["ring: this must be `one`, `all` or `progressive`"]),
    ],
)  # fmt: skip
def test_a_rule_that_could_do_nothing_is_a_fault(tmp_path: Path, rules: str, faults: list[str]) -> None:
    """Each is said in its place, and nothing else."""
    found = faults_of(tmp_path, with_rules(rules))
    assert len(faults) == len(found), found
    for expected, fault in zip(faults, found, strict=True):
        assert f": queues.nurses.{expected}" in fault


TWO_QUEUES = """queues:
  doctors: {requirements: {advice: 5}, overflow: {after: 9s, queue: nurses}}
"""


def test_queues_that_overflow_into_each_other_are_a_fault(tmp_path: Path) -> None:
    """Contacts that nobody answers must come to rest somewhere: each queue of the circle says so."""
    found = faults_of(tmp_path, with_rules("overflow: {after: 9s, queue: doctors}"), more=TWO_QUEUES)
    assert ["nurses -> doctors -> nurses", "doctors -> nurses -> doctors"] == [
        fault.partition("round for ever: ")[2].partition(" (")[0] for fault in found
    ]


def test_a_queue_that_others_overflow_to_needs_their_languages(tmp_path: Path) -> None:
    """Contacts come to it in every language in which they come to the other."""
    more = "queues:\n  doctors: {requirements: {advice: 5}, match_language: true}\n"
    (fault,) = faults_of(tmp_path, with_rules("overflow: {after: 9s, queue: doctors}"), more=more)
    assert "queues.doctors: no agent could ever serve `doctors` in the language `en`" in fault


def test_a_tier_of_agents_who_cannot_is_a_fault(tmp_path: Path) -> None:
    """Who lacks what the queue asks for even at last can stand in no tier of it alone."""
    clerk = "agents:\n  clerk: {languages: [en]}\n"
    (fault,) = faults_of(tmp_path, with_rules("tiers: [{agents: [nurse]}, {agents: [clerk]}]"), more=clerk)
    assert "queues.nurses.tiers[1].agents: nobody in this tier could ever serve" in fault


def test_a_fault_of_an_agent_is_no_fault_of_the_tiers_that_name_him(tmp_path: Path) -> None:
    """One mistake is one fault: what depends on the agent is judged once he has none."""
    (fault,) = faults_of(tmp_path, with_rules("tiers: [{agents: [nurse]}]").replace("count: 2", "count: 0"))
    assert "agents.nurse.count: this must be 1 or more" in fault


def test_a_skill_that_nobody_has_is_a_fault(tmp_path: Path) -> None:
    """A skill of the matrix without an agent is probably misspelt somewhere."""
    (fault,) = faults_of(tmp_path, BASE, more="skills:\n  surgery: Operations\n")
    assert "skills.surgery: no agent has the skill `surgery`" in fault


def test_a_queue_is_served_by_its_tiers_alone(tmp_path: Path) -> None:
    """Where only some agents may serve a queue, each language in which contacts come needs one of them."""
    found = faults_of(tmp_path, with_rules("tiers: [{agents: [head]}]"))
    assert ["no agent could ever serve `nurses` in the language `en`"] == [
        fault.partition("queues.nurses: ")[2].partition(" (")[0] for fault in found
    ]
