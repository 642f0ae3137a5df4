"""The centres that ship as examples load without a fault, and are what they promise to be."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from ivr.flow import CaseStatus, Collect, Flow, HandOver, HangUp, Hours, SetLanguage
from router.centre import Centre, load, schema

EXAMPLES = Path(__file__).parent.parent / "examples"

SERVICE_LINES = ("finance", "hr", "payroll")
LANGUAGES = ("zh", "en", "ja")
HOUR_MS = 3_600_000


def example(name: str) -> Centre:
    """An example by the name of its folder."""
    return load(EXAMPLES / name)


def instant(text: str) -> int:
    """Milliseconds since the epoch of an instant in ISO 8601 with its offset."""
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


@pytest.mark.parametrize("folder", sorted(EXAMPLES.iterdir()), ids=lambda folder: folder.name)
def test_every_example_loads(folder: Path) -> None:
    """An example is a centre without a fault, and is called as its folder is."""
    assert folder.name == load(folder).plan.centre


@pytest.mark.parametrize("folder", sorted(EXAMPLES.iterdir()), ids=lambda folder: folder.name)
def test_an_editor_finds_nothing_to_say_about_an_example(folder: Path) -> None:
    """What loads is also valid by the JSON Schema that editors are given, which is itself a sound one."""
    jsonschema.Draft202012Validator.check_schema(schema())
    found = jsonschema.Draft202012Validator(schema()).iter_errors(load(folder).document.tree)
    assert [] == [error.message for error in found]


# --- hello -----------------------------------------------------------------------------------------------------------


def test_hello_is_small() -> None:
    """The smallest useful centre, with all of its files, has less than forty lines."""
    files = (EXAMPLES / "hello").glob("*.yaml")
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) < 40


def test_hello_leads_straight_to_one_queue() -> None:
    """One entry point, one queue, two agents, one team, one type of case."""
    plan = example("hello").plan
    assert (1, 1, 2) == (len(plan.entry_points), len(plan.floor.queues), len(plan.floor.agents))
    assert (1, 1) == (len(plan.desk.teams), len(plan.desk.case_types))
    flow = plan.menus.flows["straight"]
    assert HandOver("queue", "help", ("please-wait",)) == flow.nodes[flow.start]


# --- bank ------------------------------------------------------------------------------------------------------------


def test_the_bank_answers_on_weekdays() -> None:
    """The telephones of the bank are open from 07:00 to 21:05 on weekdays, by New York's time, all through 2003."""
    lines = example("bank").plan.desk.calendars["lines"]
    opening, closing = instant("2003-03-03T07:00-05:00"), instant("2003-03-03T21:05-05:00")
    assert [False, True, True, False] == [lines.is_open(at) for at in (opening - 1, opening, closing - 1, closing)]
    assert not lines.is_open(instant("2003-03-08T12:00-05:00"))
    assert lines.is_open(instant("2003-10-24T21:00-04:00"))
    assert (instant("2003-01-01T00:00-05:00"), instant("2004-01-01T00:00-05:00")) == lines.horizon


def test_the_bank_has_one_queue_and_no_menu() -> None:
    """Whoever calls the bank in time waits in its one queue, without a key to press."""
    plan = example("bank").plan
    assert ["customers"] == list(plan.floor.queues)
    assert {Hours, HandOver, HangUp} == {type(node) for node in plan.menus.flows["line"].nodes.values()}


# --- the shared service centre ---------------------------------------------------------------------------------------


def test_each_service_line_is_reached_in_each_language() -> None:
    """There is an entry point for human resources, finance and payroll in Chinese, English and Japanese each."""
    points = example("shared-service-centre").plan.entry_points.values()
    expected = {(line, language) for line in SERVICE_LINES for language in LANGUAGES}
    assert expected == {(point.service_line, point.language) for point in points}


@pytest.mark.parametrize("service_line", SERVICE_LINES)
def test_each_menu_identifies_serves_and_hands_over(service_line: str) -> None:
    """Each menu knows its hours, asks who calls, reads a case back, changes language and hands over to its queue."""
    flow = example("shared-service-centre").plan.menus.flows[service_line]
    assert {Hours, Collect, CaseStatus, SetLanguage, HandOver} <= {type(node) for node in flow.nodes.values()}
    assert [True] == [node.identify for node in flow.nodes.values() if isinstance(node, Collect)]
    assert {service_line} == {node.queue for node in flow.nodes.values() if isinstance(node, HandOver)}


@pytest.mark.parametrize("service_line", SERVICE_LINES)
def test_each_menu_offers_a_human(service_line: str) -> None:
    """From the main menu, pressing 0 or nothing at all leads to an agent."""
    flow = example("shared-service-centre").plan.menus.flows[service_line]
    assert ["agent", "agent"] == [after_zero(flow), getattr(flow.nodes["main"], "failure", "")]


def after_zero(flow: Flow) -> str:
    """The node that follows key 0 in the main menu."""
    return str(dict(getattr(flow.nodes["main"], "options", ()))["0"])


def test_the_first_line_is_a_pool_of_24() -> None:
    """The skill matrix has 24 agents over three lines and three languages, most of them of use to several lines."""
    agents = example("shared-service-centre").plan.floor.agents.values()
    assert 24 == len(agents)
    assert {*SERVICE_LINES, *LANGUAGES} == {skill for agent in agents for skill, _ in agent.skills}
    several = [agent for agent in agents if len({skill for skill, _ in agent.skills} & set(SERVICE_LINES)) > 1]
    assert len(several) > len(agents) / 2


@pytest.mark.parametrize("service_line", SERVICE_LINES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_the_only_one_who_could_answer(service_line: str, language: str) -> None:
    """Every queue has at least three agents for every language, so that one may be ill and one busy."""
    floor = example("shared-service-centre").plan.floor
    needs = [*floor.queues[service_line].requirements]
    able = [
        agent.id
        for agent in floor.agents.values()
        if language in dict(agent.skills) and all(dict(agent.skills).get(need.skill, 0) >= need.level for need in needs)
    ]
    assert len(able) >= 3


def test_each_service_line_has_a_process_team_with_targets() -> None:
    """Three process teams stand behind the first line, each with types of case that it owes within business time."""
    desk = example("shared-service-centre").plan.desk
    assert set(SERVICE_LINES) == {team.service_line for team in desk.teams.values()}
    assert set(desk.teams) == {case_type.team for case_type in desk.case_types.values()}
    assert all(case_type.target_ms >= HOUR_MS for case_type in desk.case_types.values())


def test_each_queue_escalates_to_its_own_team() -> None:
    """What a queue's agents cannot finish becomes a case of the team behind the same service line."""
    plan = example("shared-service-centre").plan
    types = {queue.id: plan.desk.case_types[queue.case_type or ""] for queue in plan.floor.queues.values()}
    assert {line: line for line in SERVICE_LINES} == {
        queue: plan.desk.teams[case_type.team].service_line for queue, case_type in types.items()
    }


def test_chinese_make_up_days_are_worked() -> None:
    """A Saturday worked for the National Day of 2026 is open, the holiday itself and a plain Saturday are not."""
    office = example("shared-service-centre").plan.desk.calendars["china-office"]
    at_ten = [office.is_open(instant(f"2026-{day}T10:00+08:00")) for day in ("10-10", "10-01", "10-17")]
    assert [True, False, False] == at_ten


def test_a_target_runs_in_business_time_over_a_holiday() -> None:
    """A working day owed from the evening before the National Day ends on the first working day after it."""
    desk = example("shared-service-centre").plan.desk
    certificate = desk.case_types["employment-certificate"]
    office = desk.calendars[certificate.calendar]
    assert instant("2026-10-08T18:00+08:00") == office.due_at(instant("2026-09-30T18:00+08:00"), certificate.target_ms)


def test_japan_has_its_own_hours_and_holidays() -> None:
    """On the Japanese Culture Day the office in Tokyo is closed while the one in Shanghai works."""
    calendars = example("shared-service-centre").plan.desk.calendars
    culture_day = instant("2026-11-03T11:00+09:00")
    assert (False, True) == tuple(calendars[name].is_open(culture_day) for name in ("japan-office", "china-office"))


def test_the_author_is_told_which_make_up_days_are_not_decreed_yet() -> None:
    """A notice is no fault: it names the years of the horizon whose make-up days are not known."""
    notices = example("shared-service-centre").notices
    named = [re.sub("calendar ([a-z-]+):.*", r"\1", notice) for notice in notices]
    assert set(named) <= {"china-office", "first-line", "month-end"}
    assert all("make-up working days of CN" in notice for notice in notices)


@pytest.mark.parametrize("language", LANGUAGES)
def test_prompts_are_written_in_their_own_scripts(language: str) -> None:
    """Chinese texts have Han characters and no kana, Japanese ones have kana, English ones neither."""
    prompts = example("shared-service-centre").plan.prompts
    kana, han = re.compile("[\u3041-\u30ff]"), re.compile("[\u4e00-\u9fff]")
    looks = {"zh": (False, True), "ja": (True, True), "en": (False, False)}
    odd = {
        name: texts[language]
        for name, texts in prompts.items()
        if name != "choose-language"  # which speaks to everybody
        and looks[language] != (bool(kana.search(texts[language])), bool(han.search(texts[language])))
    }
    assert {} == odd
