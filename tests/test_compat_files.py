# ruff: noqa: E501 - a case of the tables is a line, and a fault is one as people read it
"""Queues that follow an old system, as a centre's files say it: what is compiled, what is a fault, and what happens."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

import acd.compat.asterisk.plan
import acd.compat.freeswitch.plan
from acd.compat.asterisk.plan import Absence, AsteriskMember, AsteriskQueue, PenaltyRule, absences
from acd.compat.freeswitch.plan import FreeswitchAgent, FreeswitchQueue
from acd.events import AgentStateSet, ContactEnded, ContactJoined, ContactReleased, OfferAccepted, OfferContact
from acd.plan import QueuePlan
from ivr.flow import HandOver
from router.centre import schema
from router.cli import check
from router.events import ContactArrived
from tests.clinic import faults_of, loaded
from tests.worlds import S, Story

T = 1_767_600_000_000
"""The instant at which the stories begin, in whole seconds."""

ASTERISK = "strategy: compat.asterisk.linear\n      members: [{agent: ann}, {agent: nurse, penalty: 1}]"
FREESWITCH = (
    "strategy: compat.freeswitch.longest-idle-agent\n      agents: [{agent: ann, level: 1}, {agent: nurse, level: 2}]"
)


def centre(compat: str, beside: str = "", *, hand_over: str = "", agents: str = "") -> str:
    """A centre with one queue, which its one number leads to; each text says more of something."""
    return f"""\
centre: {{id: old, zone: UTC, languages: [en], horizon: {{from: 2026-01-01, to: 2027-01-01}}}}
flows: {{front: {{start: wait, nodes: {{wait: {{node: hand_over, queue: help{hand_over}}}}}}}}}
entry_points: {{line: {{addresses: ['100'], service_line: care, flow: front}}}}
skills: {{talk: Talks}}
queues:
  help:
    {beside or "offer: 20s"}
    compat:
      {compat}
agents:
  ann: {{skills: {{talk: 1}}{agents}}}
  nurse: {{count: 2}}
teams: {{doctors: {{service_line: care}}}}
"""


def lines(*settings: str) -> str:
    """Settings of `compat`, one a line."""
    return "\n      ".join(settings)


def compiled(folder: Path, compat: str, beside: str = "") -> QueuePlan:
    """The queue of a centre without a fault."""
    return loaded(folder, centre(compat, beside)).plan.floor.queues["help"]


# --- what is compiled -------------------------------------------------------------------------------------------------


def test_every_setting_of_asterisk_is_compiled(tmp_path: Path) -> None:
    """Groups become their members in order, durations milliseconds, and every setting has its place in the plan."""
    said = lines(
        "strategy: compat.asterisk.rrmemory",
        "members: [{agent: nurse, penalty: 2}, {agent: ann}]",
        "retry: 3s",
        "autofill: true",
        "timeout_restart: true",
        "timeout_priority: conf",
        "autopause: true",
        "wrap_up: 9s",
        "length_max: 7",
        "penalty_members_limit: 1",
        "rules: [{after: 0s, penalty_max: 1}, {after: 30s, penalty_max: 2}]",
        "join_empty: [penalty, paused]",
        "leave_when_empty: [unavailable]",
        "shared_last_call: true",
        "longest_waiting: prio",
    )
    text = centre(said, "weight: 3\n    wait_max: 5m", hand_over=", tiers_max: 1, position: 2")
    plan = loaded(tmp_path, text).plan
    queue = plan.floor.queues["help"]
    expected = AsteriskQueue(
        strategy="rrmemory",
        members=(AsteriskMember("nurse-01", 2), AsteriskMember("nurse-02", 2), AsteriskMember("ann")),
        retry_ms=3 * S,
        autofill=True,
        timeout_restart=True,
        timeout_priority="conf",
        autopause=True,
        wrap_up_ms=9 * S,
        length_max=7,
        penalty_members_limit=1,
        rules=(PenaltyRule(0, 1), PenaltyRule(30 * S, 2)),
        join_empty=("penalty", "paused"),
        leave_when_empty=("unavailable",),
        shared_last_call=True,
        longest_waiting="prio",
    )
    assert expected == queue.compat
    assert all_differ(expected, AsteriskQueue())
    assert (
        QueuePlan("help", weight=3, wait_ms_max=300 * S, wrap_up_ms=0, missed_offers_max=None, compat=expected) == queue
    )
    assert HandOver("wait", "help", tiers_max=1, position=2) == plan.menus.flows["front"].nodes["wait"]


def test_every_setting_of_freeswitch_is_compiled(tmp_path: Path) -> None:
    """Groups become their members in order, each with the settings of the entry."""
    said = lines(
        "strategy: compat.freeswitch.ring-progressively",
        "agents:",
        "  - {agent: nurse, level: 2, position: 3, wrap_up: 1s, missed_offers_max: 2, missed_rest: 3s, declined_rest: 4s, busy_rest: 5s}",
        "  - {agent: ann}",
        "tier_rules: true",
        "tier_wait: 30s",
        "tier_wait_by_level: true",
        "skip_empty_tiers: true",
        "ring_step: 7s",
        "counts_from: arrival",
        "resume: 1m",
    )
    queue = compiled(tmp_path, said, "waiting_max: 9")
    own: dict[str, Any] = {
        "wrap_up_ms": S,
        "missed_offers_max": 2,
        "missed_rest_ms": 3 * S,
        "declined_rest_ms": 4 * S,
        "busy_rest_ms": 5 * S,
    }
    listed = [FreeswitchAgent(name, 2, 3, **own) for name in ("nurse-01", "nurse-02")]
    expected = FreeswitchQueue(
        strategy="ring-progressively",
        agents=(*listed, FreeswitchAgent("ann")),
        tier_rules=True,
        tier_wait_ms=30 * S,
        tier_wait_by_level=True,
        skip_empty_tiers=True,
        ring_step_ms=7 * S,
        counts_from="arrival",
        resume_ms=60 * S,
    )
    assert expected == queue.compat
    assert all_differ(expected, FreeswitchQueue())
    assert QueuePlan("help", waiting_max=9, wrap_up_ms=0, missed_offers_max=None, compat=expected) == queue


def all_differ(one: Any, other: Any) -> bool:
    """Whether no setting of a plan is the default, so that a test has looked at each."""
    names = [field.name for field in dataclasses.fields(one) if field.name != "system"]
    return all(getattr(one, name) != getattr(other, name) for name in names)


@pytest.mark.parametrize(
    ("compat", "expected"),
    [
        (
            lines("strategy: compat.asterisk.ringall", "members: [{agent: ann}]"),
            AsteriskQueue(members=(AsteriskMember("ann"),)),
        ),
        (
            lines("strategy: compat.freeswitch.longest-idle-agent", "agents: [{agent: ann}]"),
            FreeswitchQueue(agents=(FreeswitchAgent("ann"),)),
        ),
    ],
)
def test_what_a_file_leaves_out_is_the_plans_default(
    tmp_path: Path, compat: str, expected: AsteriskQueue | FreeswitchQueue
) -> None:
    """The defaults of the files and those of the plans are the same."""
    assert expected == compiled(tmp_path, compat).compat


@pytest.mark.parametrize("system", ["Asterisk", "Freeswitch"])
def test_every_strategy_has_the_name_it_has_in_the_old_system(system: str) -> None:
    """`compat.`, the system and the strategy as it is spelt there, one for each that the plan knows."""
    known = {"Asterisk": acd.compat.asterisk.plan.Strategy, "Freeswitch": acd.compat.freeswitch.plan.Strategy}[system]
    names = [f"compat.{system.lower()}.{strategy}" for strategy in get_args(known)]
    assert names == schema()["$defs"][f"{system}Spec"]["properties"]["strategy"]["enum"]


def test_the_short_words_of_asterisk_are_explained_rightly() -> None:
    """The manual says what `joinempty=no` and `leavewhenempty=yes` stand for."""
    described = schema()["$defs"]["AsteriskSpec"]["properties"]
    for name, word in {"join_empty": "no", "leave_when_empty": "yes"}.items():
        stands_for: tuple[Absence, ...] = absences(word, joining=name == "join_empty")
        assert f"whose `{word}` is {', '.join(stands_for[:-1])} and {stands_for[-1]}" in described[name]["description"]


def test_the_hash_sees_the_old_system(tmp_path: Path) -> None:
    """A penalty more, and the rules have another version."""
    hashes = [
        loaded(tmp_path, centre(compat)).plan.hash
        for compat in (ASTERISK, ASTERISK.replace("penalty: 1", "penalty: 2"))
    ]
    assert 2 == len(set(hashes))


# --- what is a fault --------------------------------------------------------------------------------------------------

# What `compat` says, what the queue says beside it, and the faults.
# fmt: off
FORM = [
    ("strategy: compat.asterisk.liner\n      members: [{agent: ann}]", ["compat.strategy: unknown kind `compat.asterisk.liner` (did you mean `compat.asterisk.linear`?)"]),
    ("members: [{agent: ann}]", ["compat: `strategy` is missing (it says of which kind this is)"]),
    ("strategy: compat.asterisk.linear", ["compat.members: `members` is missing"]),
    ("strategy: compat.asterisk.linear\n      members: []", ["compat.members: this must not be empty"]),
    ("strategy: compat.asterisk.linear\n      members: [{agent: anne}]", ["compat.members[0].agent: `anne` is no agent or group of agents of this centre (did you mean `ann`?)"]),
    ("strategy: compat.asterisk.linear\n      members: [{agent: ann, penalty: -1}]", ["compat.members[0].penalty: this must be 0 or more"]),
    (f"{ASTERISK}\n      agents: []", ["compat.agents: unknown setting `agents` (known: autofill, autopause, "]),
    (f"{ASTERISK}\n      retry: 0s", ["compat.retry: this must be longer than nothing"]),
    (f"{ASTERISK}\n      autopause: all", ["compat.autopause: this must be true or false (without quotes)"]),
    (f"{ASTERISK}\n      join_empty: [pause]", ["compat.join_empty[0]: this must be `penalty`, `invalid`, "]),
    (f"{ASTERISK}\n      join_empty: [paused, paused]", ["compat.join_empty: `paused` is listed twice"]),
    (f"{FREESWITCH}\n      resume: 1500ms", ["compat.resume: FreeSWITCH counts whole seconds: write so many of them"]),
    (f"{FREESWITCH}\n      tier_rule: true", ["compat.tier_rule: unknown setting `tier_rule` (did you mean `tier_rules`?)"]),
]

WITHIN = [
    ("strategy: compat.asterisk.linear\n      members: [{agent: ann}, {agent: nurse}, {agent: ann}]", ["compat.members[2].agent: `ann` is listed already (take it out)"]),
    ("strategy: compat.freeswitch.random\n      agents: [{agent: nurse}, {agent: nurse, level: 1}]", ["compat.agents[1].agent: `nurse` is listed already (take it out)"]),
    (f"{ASTERISK}\n      penalty_members_limit: 3", ["compat.penalty_members_limit: no penalty ever counts: there must be more members than that, and there are 3 (set it lower)"]),
    (f"{ASTERISK}\n      rules: [{{after: 5s, penalty_max: 1}}]", ["compat.rules: these rules change nobody's bound: nobody comes with one (say `tiers_max` where a menu hands over, or take them out)"]),
    ("strategy: compat.freeswitch.random\n      agents: [{agent: ann}]\n      tier_rules: true", ["compat.tier_rules: nobody has to wait for an agent: all are of level 0 (give somebody a `level`, or take it out)"]),
    (f"{FREESWITCH}\n      tier_wait: 5s", ["compat.tier_wait: this has no effect without `tier_rules` (say `tier_rules: true`)"]),
    (f"{FREESWITCH}\n      tier_wait_by_level: true\n      skip_empty_tiers: true", ["compat.tier_wait_by_level: this has no effect", "compat.skip_empty_tiers: this has no effect"]),
    (f"{FREESWITCH}\n      ring_step: 5s", ["compat.ring_step: this has no effect unless phones are rung progressively (take it out)"]),
    ("strategy: compat.freeswitch.top-down\n      agents: [{agent: ann}, {agent: nurse, position: 1}]", ["compat.agents[0].position: `ann` would never ring: top-down begins after position 0 of level 0 (write 1 or more)"]),
]

BESIDE = [
    (ASTERISK, "requirements: {talk: 1}", "requirements: this has no effect beside `compat` (whoever is listed in `compat` may serve the queue)"),
    (ASTERISK, "requirements: {talk: 9}\n    match_language: true", "match_language: this has no effect beside `compat` (", "requirements: this has no effect beside `compat` ("),
    (ASTERISK, "relaxations: [{after: 5s, requirements: {talk: 1}}]", "relaxations: this has no effect beside `compat` ("),
    (ASTERISK, "tiers: [{agents: [ann]}]", "tiers: this has no effect beside `compat` (say `penalty` of `compat.members`)"),
    (ASTERISK, "ageing: {every: 1m, priority_max: 0}", "ageing: this has no effect beside `compat` (take it out)"),
    (ASTERISK, "order: age", "order: this has no effect beside `compat` (take it out)"),
    (ASTERISK, "head_start: 5s", "head_start: this has no effect beside `compat` (take it out)"),
    (ASTERISK, "selection: in_order", "selection: this has no effect beside `compat` (`compat.strategy` decides)"),
    (ASTERISK, "ring: all", "ring: this has no effect beside `compat` (`compat.strategy` decides)"),
    (ASTERISK, "exclusion: 5s", "exclusion: this has no effect beside `compat` (take it out)"),
    (ASTERISK, "retry: 5s", "retry: this has no effect beside `compat` (say `compat.retry`)"),
    (ASTERISK, "ring_step: 5s", "ring_step: this has no effect beside `compat` (take it out)"),
    (ASTERISK, "wrap_up: 60s", "wrap_up: this has no effect beside `compat` (say `compat.wrap_up`)"),
    (ASTERISK, "waiting_max: 9", "waiting_max: this has no effect beside `compat` (say `compat.length_max`)"),
    (ASTERISK, "leave_when_empty: true", "leave_when_empty: this has no effect beside `compat` (say `compat.leave_when_empty`)"),
    (ASTERISK, "missed_offers_max: 1", "missed_offers_max: this has no effect beside `compat` (say `compat.autopause`)"),
    (ASTERISK, "announce: {position: true}", "announce.position: an old system has its own order, in which no position is known (say `expected_wait`, or take it out)"),
    (FREESWITCH, "weight: 1", "weight: this has no effect beside `compat` (all queues of FreeSWITCH share one order)"),
    (FREESWITCH, "tiers: [{agents: [ann]}]", "tiers: this has no effect beside `compat` (say `level` of `compat.agents`)"),
    (FREESWITCH, "ring_step: 5s", "ring_step: this has no effect beside `compat` (say `compat.ring_step`)"),
    (FREESWITCH, "wrap_up: 60s", "wrap_up: this has no effect beside `compat` (say `wrap_up` of `compat.agents`)"),
    (FREESWITCH, "retry: 5s", "retry: this has no effect beside `compat` (say the rests of `compat.agents`)"),
    (FREESWITCH, "leave_when_empty: true", "leave_when_empty: this has no effect beside `compat` (take it out)"),
    (FREESWITCH, "missed_offers_max: 1", "missed_offers_max: this has no effect beside `compat` (say `missed_offers_max` of `compat.agents`)"),
]

TERMS = [
    (ASTERISK, ", head_start: 5s", "head_start"),
    (FREESWITCH, ", head_start: 5s, priority: 9", "head_start"),
    (FREESWITCH, ", tiers_max: 1", "tiers_max"),
    (FREESWITCH, ", position: 1", "position"),
]
# fmt: on


def assert_told(found: list[str], field: str, *expected: str) -> None:
    """These faults, which speak of settings below a field, and no others."""
    assert len(expected) == len(found), found
    for each in expected:
        assert any(f": {field}.{each}" in fault for fault in found), (each, found)


@pytest.mark.parametrize(("compat", "faults"), [*FORM, *WITHIN])
def test_what_compat_says_wrongly_is_a_fault(tmp_path: Path, compat: str, faults: list[str]) -> None:
    """Each is said in its place, with what to do, and nothing else."""
    assert_told(faults_of(tmp_path, centre(compat)), "queues.help", *faults)


@pytest.mark.parametrize(
    ("compat", "beside", "faults"), [(compat, beside, faults) for compat, beside, *faults in BESIDE]
)
def test_what_an_old_system_decides_itself_is_said_nowhere_else(
    tmp_path: Path, compat: str, beside: str, faults: list[str]
) -> None:
    """A setting of the queue without an effect beside `compat` is a fault, and its hint says what has one."""
    assert_told(faults_of(tmp_path, centre(compat, beside)), "queues.help", *faults)


@pytest.mark.parametrize(("compat", "hand_over", "name"), TERMS)
def test_a_menu_says_of_a_place_only_what_the_queue_has(tmp_path: Path, compat: str, hand_over: str, name: str) -> None:
    """What a contact is handed over with and the old system does not know is a fault of the menu."""
    found = faults_of(tmp_path, centre(compat, hand_over=hand_over))
    assert_told(found, "flows.front.nodes.wait", f"{name}: this has no effect in the queue `help` (take it out)")


def test_a_position_is_for_queues_of_asterisk_alone(tmp_path: Path) -> None:
    """In the native mode the need decides a contact's place, not the menu."""
    text = centre(ASTERISK, hand_over=", position: 1")
    native = text.replace(f"    compat:\n      {ASTERISK}\n", "")
    assert 1 == loaded(tmp_path, text).plan.menus.flows["front"].nodes["wait"].position  # type: ignore[union-attr]
    assert_told(faults_of(tmp_path, native), "flows.front.nodes.wait", "position: this has no effect in the queue")


@pytest.mark.parametrize(
    ("compat", "hint"),
    [(ASTERISK, "say `compat.wrap_up` of the queue"), (FREESWITCH, "say `wrap_up` of `compat.agents` of the queue")],
)
def test_an_agents_own_wrap_up_has_no_place_in_an_old_system(tmp_path: Path, compat: str, hint: str) -> None:
    """It would keep him busy where the old system takes him for free; none at all is nothing wrong."""
    found = faults_of(tmp_path, centre(compat, agents=", wrap_up: 9s"))
    message = f"wrap_up: `ann` serves `help`, whose wrap-up is that of an old system (take it out: {hint})"
    assert_told(found, "agents.ann", message)
    loaded(tmp_path, centre(compat, agents=", wrap_up: 0s"))


def test_rules_come_in_the_order_of_time(tmp_path: Path) -> None:
    """A rule after another of the same instant, or of a later one, is a fault."""
    rules = "rules: [{after: 9s, penalty_max: 0}, {after: 9s, penalty_max: 1}, {after: 8s, penalty_max: 2}]"
    found = faults_of(tmp_path, centre(f"{ASTERISK}\n      {rules}", hand_over=", tiers_max: 1"))
    message = "this rule does not come after the one above it (put them in order of time)"
    assert [f"queues.help.compat.rules[{place}].after: {message}" for place in (1, 2)] == [
        fault.split(": ", 1)[1] for fault in found
    ]


def test_what_is_the_whole_systems_is_the_same_in_all_queues(tmp_path: Path) -> None:
    """Options of all of Asterisk, and an agent's own settings in FreeSWITCH, may not differ from queue to queue."""
    more = """\
queues:
  other:
    compat: {strategy: compat.asterisk.linear, members: [{agent: ann}], shared_last_call: true, longest_waiting: no}
  desk:
    compat: {strategy: compat.freeswitch.random, agents: [{agent: nurse}, {agent: ann, level: 1, wrap_up: 5s}]}
  post:
    compat: {strategy: compat.freeswitch.random, agents: [{agent: ann, missed_rest: 5s}]}
"""
    found = faults_of(tmp_path, centre(ASTERISK), more=more)
    assert_told(
        found,
        "queues",
        "other.compat.shared_last_call: this is not as in `help`: in Asterisk it is the whole system's (say the same in all queues)",
        "post.compat.agents[0].wrap_up: this is not as in `desk`: in FreeSWITCH it is the agent's, whatever the queue",
        "post.compat.agents[0].missed_rest: this is not as in `desk`",
    )


def test_a_fault_of_an_agent_is_no_fault_of_the_queues_that_name_him(tmp_path: Path) -> None:
    """One mistake is one fault, whichever system the queue follows."""
    for compat in (f"{ASTERISK}\n      penalty_members_limit: 3", FREESWITCH):
        (fault,) = faults_of(tmp_path, centre(compat).replace("count: 2", "count: 0"))
        assert "agents.nurse.count: this must be 1 or more" in fault


# --- what is no fault, and the note -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("compat", "system"), [(ASTERISK, "Asterisk"), (FREESWITCH, "FreeSWITCH")])
def test_a_queue_that_follows_an_old_system_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], compat: str, system: str
) -> None:
    """`check` finds no fault, and warns that the quirks are for replay and comparison."""
    (tmp_path / "centre.yaml").write_text(centre(compat), encoding="utf-8")
    assert 0 == check.run(tmp_path, as_json=False)
    note, approved = capsys.readouterr().out.splitlines()
    sentence = "its quirks are for replay and comparison; see docs/compat.md"
    assert f"note: the queue `help` follows {system}: {sentence}" == note
    assert approved.startswith("old: no faults. 1 entry point, 1 queue, 3 agents")


def test_a_native_queue_is_not_noted(tmp_path: Path) -> None:
    """`compat: null` is the default, said."""
    text = centre(ASTERISK).replace(f"    compat:\n      {ASTERISK}\n", "    compat: null\n")
    assert () == loaded(tmp_path, text).notices


def test_a_fault_elsewhere_in_the_queue_hides_nothing_beside_compat(tmp_path: Path) -> None:
    """What stands beside `compat` is judged even where something else there is misshapen."""
    found = faults_of(tmp_path, centre(ASTERISK, "offer: 20\n    ring: all"))
    assert_told(found, "queues.help", "offer: a duration needs its unit", "ring: this has no effect beside `compat`")


# --- what happens -----------------------------------------------------------------------------------------------------


def opened(folder: Path, compat: str, beside: str = "") -> Story:
    """A centre of files in which everybody is ready."""
    plan = loaded(folder, centre(compat, beside)).plan
    story = Story(plan)
    story.take(T - 10 * S, *(AgentStateSet(name, "ready") for name in plan.floor.agents))
    story.take(T)
    return story


def offers(told: Iterable[tuple[int, Any]]) -> list[tuple[float, str]]:
    """Every offer, in seconds from T."""
    return [((at - T) / S, event.agent) for at, event in told if isinstance(event, OfferContact)]


def test_a_queue_of_asterisk_rings_as_asterisk_would(tmp_path: Path) -> None:
    """Nobody rings during `retry`; and after a call the member is free at once, but for the old system's wrap-up."""
    said = lines("strategy: compat.asterisk.linear", "members: [{agent: ann}]", "retry: 5s", "wrap_up: 9s")
    story = opened(tmp_path, said)
    story.take(T, ContactArrived("c1", "100"))
    story.take(T + 27 * S, OfferAccepted("c1", "ann", 2))
    story.take(T + 28 * S, ContactJoined("c1", "ann", 2))
    story.take(T + 30 * S, ContactReleased("c1", "ann"))
    assert "handled" == story.of(ContactEnded)[-1][1].outcome
    story.take(T + 31 * S, ContactArrived("c2", "100"))
    story.wait(T + 45 * S)
    assert [(0, "ann"), (25, "ann"), (39, "ann")] == offers(story.log)


def test_a_place_asked_for_in_a_menu_is_given(tmp_path: Path) -> None:
    """Whoever comes to a queue of Asterisk by a menu that says `position: 1` stands in front."""
    text = centre("strategy: compat.asterisk.linear\n      members: [{agent: ann}]", hand_over=", position: 1")
    story = Story(loaded(tmp_path, text).plan)
    story.take(T, ContactArrived("c1", "100"), ContactArrived("c2", "100"), AgentStateSet("ann", "ready"))
    story.wait(T)
    assert ["c2"] == [event.contact for _, event in story.of(OfferContact)]


def test_a_queue_of_freeswitch_rings_as_freeswitch_would(tmp_path: Path) -> None:
    """Level 1 waits too; who missed an offer rests, and the next level rings if its wait is over."""
    said = lines(
        "strategy: compat.freeswitch.longest-idle-agent",
        "agents: [{agent: ann, level: 1, position: 1, missed_rest: 1m}, {agent: nurse, level: 2, position: 1}]",
        "tier_rules: true",
        "tier_wait: 10s",
        "tier_wait_by_level: true",
    )
    story = opened(tmp_path, said)
    story.take(T, ContactArrived("c1", "100"))
    story.wait(T + 40 * S)
    assert [(10, "ann"), (30, "nurse-01")] == offers(story.log)
