# ruff: noqa: E501 - a case of the table is a line
"""Conditions in CEL: where they may stand, what they may speak of, what is wrong with them, and what they do."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acd.events import ContactMoved, ContactQueued, QueueLeft
from acd.plan import Overflow, Preferred, PriorityRule, QueuePlan
from ivr.events import ContactKeyed
from ivr.flow import Collect, HandOver, Node, SetLanguage
from ivr.session import Keyed
from router import codec
from router.conditions import Conditions, declared, problems
from router.events import CentreStarted, ContactArrived
from router.explain.inquiry import Told
from router.explain.phrases import Phrases
from router.explain.story import story as tell
from router.plan import Plan
from tests.clinic import BASE, faults_of, loaded
from tests.conftest import ROOT
from tests.test_queue_rules import with_rules
from tests.worlds import S, Story, copy, plan, ready

CHINESE = "contact.language == 'zh'"
KNOWN = "keyed.employee.startsWith('9')"
NAMES = declared(["employee"], ["office", "late-shift"])


# --- what they may speak of ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "contact.channel == 'voice' && contact.entry_point in ['line', 'other']",
        "contact.service_line != 'payroll' || contact.identified",
        "keyed.employee.size() == 6 && keyed.employee.matches('^9')",
        "open.office && !open.late_shift",
    ],
)
def test_a_sound_condition_has_no_problem(text: str) -> None:
    """Of a contact: where it came in, what it speaks and has keyed; of the hour: which calendars are open."""
    assert [] == list(problems(text, NAMES))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("contact.chanel == 'voice'", "column 8 of the condition: nothing is called `contact.chanel`"),
        (
            "contact.channel == 3",
            "column 17 of the condition: found no matching overload for `_==_` applied to `(string, int)`",
        ),
        ("contact.channel", "column 1 of the condition: this is a text, and not true or false"),
        ("1 + 2", "column 1 of the condition: this is a number, and not true or false"),
        ("contact.identified &&\n  open.ofice", "line 2, column 7 of the condition: nothing is called `open.ofice`"),
        ("contact.channel ==", "column 19 of the condition: Syntax error: mismatched input `<EOF>`"),
    ],
)
def test_what_is_wrong_is_said_with_its_column(text: str, problem: str) -> None:
    """A name that does not exist, a comparison of unlikes, no condition at all, no expression at all."""
    assert [problem] == [str(each) for each in problems(text, NAMES)]


def test_what_comes_to_no_answer_does_not_hold() -> None:
    """A text that is no number is neither more nor less than one; the other conditions are asked all the same."""
    conditions = Conditions(["int(keyed.employee) > 3", "open.office"], NAMES)
    facts = {**conditions.nothing_known, "open.office": True}
    assert ("open.office",) == conditions.holding(facts)
    assert ("int(keyed.employee) > 3", "open.office") == conditions.holding({**facts, "keyed.employee": "4"})


# --- in a centre's files ------------------------------------------------------------------------------------------

RULES = """priorities: [{when: "keyed.patient != ''", add: 3}, {when: "!open.desk", add: -1}]
    preferred: {for: 20s, last_agent: true, when: contact.identified}
    overflow: {after: 1m, queue: doctors, when: contact.language == 'fr'}"""
DOCTORS = "queues:\n  doctors: {}\n"


def test_conditions_are_compiled(tmp_path: Path) -> None:
    """They stand beside what they are for, as they are written."""
    queue = loaded(tmp_path, with_rules(RULES), more=DOCTORS).plan.floor.queues["nurses"]
    assert (PriorityRule("keyed.patient != ''", 3), PriorityRule("!open.desk", -1)) == queue.priorities
    assert "contact.identified" == (queue.preferred and queue.preferred.when)
    assert "contact.language == 'fr'" == (queue.overflow and queue.overflow.when)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("!open.desk", "!open.dask", "queues.nurses.priorities[1].when: column 6 of the condition: nothing is called `open.dask` (did you mean `open.desk`?)"),
        ("keyed.patient != ''", "keyed.patient > 3", "queues.nurses.priorities[0].when: column 15 of the condition: found no matching overload for `_>_`"),
        ("contact.identified", "contact.service_line", "queues.nurses.preferred.when: column 1 of the condition: this is a text"),
        ("== 'fr'", "== 'fr", "queues.nurses.overflow.when: column 21 of the condition: Syntax error"),
        ("add: -1", "add: 0", "queues.nurses.priorities[1].add: this adds nothing"),
        ('{when: "!open.desk", add: -1}', "{add: 1}", "queues.nurses.priorities[1].when: `when` is missing"),
    ],
)  # fmt: skip
def test_a_condition_without_sense_is_a_fault(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """With file, line, setting and column, and what was meant."""
    assert 1 == RULES.count(old)
    line = 1 + BASE[: BASE.index("    offer: 15s")].count("\n") + RULES[: RULES.index(old)].count("\n")
    (found,) = faults_of(tmp_path, with_rules(RULES.replace(old, new)), more=DOCTORS)
    assert found.startswith(f"centre.yaml:{line}: {fault}")
    assert found.endswith(")"), "with what to do about it"


def test_a_secret_is_nothing_to_ask_about(tmp_path: Path) -> None:
    """What must be stored nowhere cannot decide anything, as the log would tell it."""
    text = with_rules(RULES).replace("into: patient", "into: patient\n        secret: true")
    (fault,) = faults_of(tmp_path, text, more=DOCTORS)
    assert "priorities[0].when: column 6 of the condition: nothing is called `keyed.patient`" in fault


def test_calendars_that_a_condition_cannot_tell_apart_are_a_fault(tmp_path: Path) -> None:
    """CEL has no hyphens in names."""
    calendars = "calendars:\n  late-shift: &a {zone: UTC, week: {mon: [09:00-10:00]}}\n  late_shift: {zone: UTC, week: {mon: [09:00-10:00]}}\n"
    (fault,) = faults_of(tmp_path, with_rules(RULES), more=DOCTORS, calendars=calendars.replace("&a ", ""))
    assert "calendars.late_shift: a condition could not tell it from `late-shift`: both are `open.late_shift`" in fault


def test_nothing_is_said_of_names_that_may_stand_in_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """One mistake is one fault."""
    found = faults_of(
        tmp_path, with_rules(RULES.replace("open.desk", "open.night")), more=DOCTORS, night="calendars: [\n"
    )
    assert ["night.yaml"] == [fault.partition(":")[0] for fault in found]


# --- what they do -------------------------------------------------------------------------------------------------


def centre(version: str = "v1", **changes: Any) -> Plan:
    """Callers key their number, and speak Chinese from then on, on their way to `help`; beside it is `late`."""
    nodes: dict[str, Node] = {
        "who": Collect("who", ("who",), "employee", 2, 2, "zh", "in", identify=True),
        "zh": SetLanguage("zh", "zh", "in"),
        "in": HandOver("in", "help", priority=1),
    }
    queues = (replace(QueuePlan("help", 5), **changes), QueuePlan("late", 10, priorities=(PriorityRule(CHINESE, 7),)))
    return plan(nodes, queues=queues, agents={"ann": ()}, version=version)


def called(rules: Plan, keys: str, *others: Plan) -> Story:
    """A contact that has keyed this number, or nothing at all and lost patience with the menu."""
    story = Story(rules, *others)
    story.take(1 * S, ContactArrived("c1", "100"))
    if keys:
        story.take(2 * S, ContactKeyed("c1", keys))
    story.wait(500 * S)
    return story


ADDED = (PriorityRule(CHINESE, 2), PriorityRule(KNOWN, 4))


@pytest.mark.parametrize(
    ("keys", "priority", "holds"), [("91", 12, (CHINESE, KNOWN)), ("81", 8, (CHINESE,)), ("", 6, ())]
)
def test_priorities_are_added_where_they_hold(keys: str, priority: int, holds: tuple[str, ...]) -> None:
    """All that hold, to the queue's and the menu's own; and the log says which."""
    ((_, queued),) = called(centre(priorities=ADDED), keys).of(ContactQueued)
    assert (priority, holds) == (queued.priority, queued.holds)


def test_they_are_looked_at_once() -> None:
    """Moved to another queue, a contact takes along what holds of it: that queue adds its own for it, this one's go."""
    story = called(centre(priorities=ADDED), "91")
    story.take(501 * S, ContactMoved("c1", "late"))
    assert [12, 10 + 1 + 7] == [event.priority for _, event in story.of(ContactQueued)]


def test_contacts_in_flight_keep_what_held_of_them() -> None:
    """New rules, new conditions: for those who come."""
    story = called(centre(priorities=ADDED), "91", centre("v2", priorities=(PriorityRule("contact.identified", 50),)))
    story.take(501 * S, CentreStarted("v2"), ContactArrived("c2", "100"))
    assert 12 == story.engine.board.floor.contacts["c1"].priority
    story.wait(900 * S)
    assert [12, 6] == [event.priority for _, event in story.of(ContactQueued)]


@pytest.mark.parametrize(("keys", "expected"), [("91", ["overflowed"]), ("81", [])])
def test_only_those_meant_overflow(keys: str, expected: list[str]) -> None:
    """Of the others, the queue is the last there is."""
    story = called(centre(overflow=Overflow(10 * S, "late", KNOWN)), keys)
    assert expected == [event.outcome for _, event in story.of(QueueLeft)]


@pytest.mark.parametrize(("keys", "expected"), [("91", ("ann",)), ("81", ())])
def test_only_those_meant_are_kept(keys: str, expected: tuple[str, ...]) -> None:
    """For the agent their menu names."""
    rules = centre(preferred=Preferred(20 * S, when=KNOWN))
    flow = rules.menus.flows["front"]
    named = replace(flow, nodes={**flow.nodes, "in": HandOver("in", "help", prefers=("ann",))})
    story = Story(replace(rules, menus=replace(rules.menus, flows={"front": named})))
    story.take(1 * S, *ready("ann"), ContactArrived("c1", "100"), ContactKeyed("c1", keys))
    assert [expected] == [event.reserved_for for _, event in story.of(ContactQueued)]


def test_why_says_because_of_which_condition() -> None:
    """In the contact's story, as it is written in the files."""
    rules = centre(priorities=ADDED, overflow=Overflow(10 * S, "late", KNOWN))
    story = called(rules, "91")
    events = [Told(seq, at, event) for seq, (at, event) in enumerate(story.log)]
    words = [each.words for each in tell(events, Phrases(rules, 0)) if "because" in each.words]
    assert [
        f"joined queue help with priority 12 (because {CHINESE} and {KNOWN})",
        f"overflowed from help (because {KNOWN})",
        f"joined queue late with priority 18 (because {CHINESE})",
    ] == words


# --- what is kept, and what is imported ---------------------------------------------------------------------------


def test_what_was_keyed_survives_a_restart_without_standing_in_the_snapshot() -> None:
    """The numbers are personal: a snapshot holds their tokens."""
    base = centre(priorities=ADDED)
    flow = base.menus.flows["front"]
    asks_twice = {**flow.nodes, "zh": Collect("zh", ("who",), "other", 2, 2, "in", "in")}
    rules = replace(base, menus=replace(base.menus, flows={"front": replace(flow, nodes=asks_twice)}))
    story = Story(rules)
    story.take(1 * S, ContactArrived("c1", "100"), ContactKeyed("c1", "91"))
    body = json.loads(codec.dump_board(story.engine.board, lambda kind, value: f"~{kind}-{len(value)}"))
    assert [{"name": "employee", "value": "~person-2"}] == body["sessions"][0]["keyed"]
    story.engine = copy(story.engine)
    assert (Keyed("employee", "91"),) == story.engine.board.menus.sessions["c1"].keyed
    story.take(2 * S, ContactKeyed("c1", "55"))
    assert [(KNOWN,)] == [event.holds for _, event in story.of(ContactQueued)]


def test_the_library_is_imported_when_it_is_needed() -> None:
    """Neither the command line nor a centre without conditions pays for it, nor does a log that is read again."""
    program = "import sys, router.cli, router.engine; print('cel_expr_python' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "False\n" == shown.stdout
