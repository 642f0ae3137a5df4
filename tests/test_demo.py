"""`firstline demo`: when it begins, what its board and its lines show, and that it runs from beginning to end."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from acd.events import ContactEnded, OfferExpired
from acd.model import AgentState
from escalation.events import CaseOpened
from router.centre import load
from router.cli.demo import busiest, line
from router.cli.news import News
from router.cli.picture import picture
from router.cli.summary import acceptable_waits, verdict
from router.cli.view import HISTORY, QueueView, TeamView, View, Viewer
from router.errors import UsageFault
from router.events import ContactArrived
from router.examples import example
from router.measures import Tally
from simulator.loop import run
from simulator.population import load_population
from tests.conftest import ROOT
from tests.processes import FIRSTLINE, SECONDS_MAX, environment, firstline
from tests.stage import Stage
from tests.worlds import plan

HELLO = str(ROOT / "examples" / "hello")
NINE = 1_767_576_600_000
"""Monday 2026-01-05 09:30 in Shanghai."""
TALLY = Tally(offered=40, answered=30, answered_in=24, abandoned=6, wait_ms=300_000, wrapped_up=20, resolved=15)
VIEW = View(
    centre="hello",
    zone="Asia/Shanghai",
    start=NINE,
    end=NINE + 3_600_000,
    now=NINE + 1_830_000,
    speed=60.0,
    total=TALLY,
    queues=(
        QueueView("payroll", TALLY, 3, 125_000, 20_000, (0, 1, 3)),
        QueueView("hr", Tally(), 0, 0, 30_000, (0, 0, 0)),
    ),
    agents=tuple((f"agent-{n:02}", state) for n, state in enumerate(AgentState)),
    cases=(TeamView("experts", 4, 2, 1, 1), TeamView("", 9, 0, 3, 0)),
    news=(("10:00:01", "call-7 gives up in payroll after 1:02", "red"),),
    where="http://127.0.0.1:8080/v1/state",
)


def drawn(view: View, width: int = 110, height: int = 40) -> str:
    """The board as text."""
    console = Console(width=width, height=height, file=io.StringIO(), record=True)
    console.print(picture(view, width, height))
    return console.export_text()


def row_of(text: str, name: str) -> list[str]:
    """The words of the first line that begins with a name."""
    return next(row.split() for row in text.splitlines() if row.strip(" │").startswith(name))


# --- when ---------------------------------------------------------------------------------------------------------


def test_a_demo_begins_at_the_busiest_hour_of_the_first_monday_worked() -> None:
    """In the example centre that is the first Monday of the year at ten, in its own zone."""
    centre = load(example("shared-service-centre"))
    start = busiest(centre, load_population(centre.document, centre.plan), 60)
    assert datetime(2026, 1, 5, 10, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp() * 1000 == start


def test_a_monday_off_is_passed_over(tmp_path: Path) -> None:
    """Where nobody is expected on a Monday, a later one is taken; where nobody ever is, that is said."""
    for file in (ROOT / "examples" / "hello").iterdir():
        text = file.read_text("utf-8").replace("from: 2026-01-01", "from: 2026-04-01")
        hours = 'week: {mon-fri: ["09:00-17:00"]}'
        text = text.replace(hours, f"{hours}, closed: [2026-04-06]")
        (tmp_path / file.name).write_text(text, "utf-8")
    centre = load(tmp_path)
    population = load_population(centre.document, centre.plan)
    monday = datetime(2026, 4, 13, 9, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000
    assert monday == busiest(centre, population, 60)
    nobody = {name: each.model_copy(update={"per_hour": 0}) for name, each in population.arrivals.items()}
    with pytest.raises(UsageFault, match="expects nobody on any Monday"):
        busiest(centre, population.model_copy(update={"arrivals": nobody}), 60)


# --- the board ----------------------------------------------------------------------------------------------------


def test_the_board_shows_queues_with_their_figures() -> None:
    """Waiting, longest wait, offered, answered, abandoned, service level, ASA, and the sum over all queues."""
    text = drawn(VIEW)
    figures = ["40", "30", "6", "66.7", "%", "10.0", "s"]
    assert ["payroll", "3", "2:05", *figures] == row_of(text, "payroll")[:10]
    assert ["hr", "0", "-", "0", "0", "0", "-", "-"] == row_of(text, "hr")[:8]
    assert ["all", "3", "2:05", *figures] == row_of(text, "all")


def test_the_board_shows_agents_by_state_with_their_names() -> None:
    """Each state has a sign of its own, so that the board can be read without colours."""
    text = drawn(VIEW, width=160)
    for state, sign in (("ready", "○"), ("ringing", "◔"), ("talking", "●"), ("wrap-up", "◑"), ("not responding", "✗")):
        assert f"{sign} 1 {state}" in text
    assert "● agent-03" in text


def test_the_board_shows_cases_news_and_the_clock() -> None:
    """Open cases by team, what happened last, the time in the centre's zone, and how far the hour is."""
    text = drawn(VIEW)
    assert re.search(r"experts +4 +2 +1 +1 ", text)
    assert re.search(r"the first line +9 +0 +3 +0 ", text)
    assert "Mon 05 Jan 2026  10:00:30" in text
    assert "minute 30 of 60  at 60x" in text
    assert "10:00:01 call-7 gives up in payroll after 1:02" in text
    assert "everybody finishes" in drawn(replace(VIEW, now=VIEW.end + 1))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (118, 40), (200, 60)])
def test_the_board_fits_its_terminal(width: int, height: int) -> None:
    """Whatever the terminal's size, no line is wider and there are not more of them."""
    rows = drawn(replace(VIEW, agents=VIEW.agents[:3] * 8), width, height).splitlines()
    assert len(rows) <= height
    assert max(map(len, rows)) <= width


def test_a_board_of_many_agents_says_how_many_it_shows() -> None:
    """A hundred agents have no room, and none is left out in silence."""
    many = replace(VIEW, agents=VIEW.agents[:1] * 100)
    assert "agents: 36 of 100" in drawn(many)
    assert "agents: 16 of 100" in drawn(many, 80, 24)


def test_a_line_says_how_things_stand() -> None:
    """The same in one line, for logs."""
    assert (
        "10:00:30  offered 40  answered 30  abandoned 6  waiting 3 (longest 2:05)  SL 66.7 %  ASA 10.0 s  FCR 75.0 %  "
        "agents: 1 talking, 1 ready  open cases 15"
    ) == line(VIEW)


def test_a_view_is_taken_of_a_service() -> None:
    """Whoever waits is counted until he is answered; the most that waited in a minute is remembered."""

    async def main() -> list[View]:
        stage = Stage(plan(), start=NINE)
        await stage.open()
        viewer = Viewer(stage.service, "Asia/Shanghai", News("Asia/Shanghai"), NINE, NINE + 60_000, "")
        for contact in ("call-1", "call-2"):
            await stage.say(ContactArrived(contact, "100"))
        await stage.wait(30_000)
        views = [viewer.view(stage.clock.now())]
        await stage.wait(60_000 * HISTORY)
        views.append(viewer.view(stage.clock.now()))
        await stage.close()
        return views

    first, second = run(main())
    assert (2, 30_000, (2,)) == (first.waiting, first.queues[0].longest_ms, first.queues[0].history)
    assert (2, 2) == second.queues[0].history
    assert {AgentState.OFFLINE} == {state for _, state in first.agents}
    assert ["team", ""] == [team.id for team in first.cases]


def test_news_are_in_words() -> None:
    """What is worth a line is told in one, the newest first, without the run that ids begin with."""
    news = News("Asia/Shanghai")
    news.hear(ContactArrived("play-1.c-1", "100", "+49"), NINE)
    news.hear(OfferExpired(1, "play-1.c-1", "ann"), NINE)
    news.hear(ContactEnded("play-1.c-1", "abandoned", "hr", "", 62_000, 0), NINE + 1_000)
    news.hear(CaseOpened("case-1", "play-1.c-2", "wage", "experts", "hr", "", NINE, None), NINE + 2_000)
    news.note("broker lost")
    assert [
        ("", "broker lost"),
        ("09:30:02", "case-1 of c-2 goes to experts: wage, due Mon 09:30"),
        ("09:30:01", "c-1 gives up in hr after 1:02"),
        ("09:30:00", "ann lets c-1 ring out"),
    ] == [(clock, text) for clock, text, _ in news.lines]


# --- the summary --------------------------------------------------------------------------------------------------

NO_OUTAGES = {"count": 0, "away_s": 0.0, "late_ms_max": 0, "stood_ms": 0, "early_ms_max": 0}
PLAYED = {
    "interrupted": False,
    "contacts": 270,
    "rows": 7_559,
    "refusals": {"stale": 9},
    "late_ms": {"p50": 300, "p99": 2_700, "max": 5_200},
    "own_late_ms": {"p50": 0, "p99": 90, "max": 2_100},
    "outages": NO_OUTAGES,
    "problems": [],
}


def test_a_verdict_says_whether_the_stories_hold() -> None:
    """How much was checked, what does not hold, what was refused, and how late the player was."""
    assert [
        "[green]stories   270 contacts, 7,559 rows: every story holds[/]",
        "refused   9 stale (a race lost, which is normal)",
        "punctual  0.3 s late in the middle, 99 % by 2.7 s, 5.2 s at most, by the centre's clock",
    ] == verdict(PLAYED, 60)
    assert "every story holds so far (interrupted)" in verdict({**PLAYED, "interrupted": True}, 60)[0]
    wrong = verdict({**PLAYED, "problems": [f"problem {n}" for n in range(25)], "refusals": {}}, 60)
    assert "25 do not hold" in wrong[0]
    assert ["          and 5 more; --json lists all", "refused   none"] == wrong[21:23]


@pytest.mark.parametrize(("own_p99", "who"), [(501, "this machine"), (500, "the broker, the service or this machine")])
def test_a_verdict_says_who_was_too_slow(own_p99: int, who: str) -> None:
    """Whatever lags makes waits longer; the machine is blamed only where the player's own timers rang late."""
    own = {"p50": 0, "p99": own_p99, "max": 5_000}
    assert f": {who} cannot keep up with --speed 20" in verdict({**PLAYED, "own_late_ms": own}, 20)[-1]


@pytest.mark.parametrize(("count", "often"), [(1, "once, for 4.2 s"), (3, "3 times, for 4.2 s in all")])
def test_a_verdict_blames_an_outage_for_its_own_delay(count: int, often: str) -> None:
    """What the broker's or the service's absence delayed is told as that, and the machine judged by all else."""
    outages = {**NO_OUTAGES, "count": count, "away_s": 4.23, "late_ms_max": 252_000}
    late = "commands were up to 252.0 s late by the centre's clock, and waits above hold that delay"
    assert [
        f"[yellow]outages   the broker or the service was away or silent {often}: {late}[/]",
        "punctual  otherwise 0.3 s late in the middle, 99 % by 2.7 s, 5.2 s at most, by the centre's clock",
    ] == verdict({**PLAYED, "outages": outages}, 60)[-2:]


def test_a_verdict_says_of_an_outage_that_delayed_nothing_that_it_did_not() -> None:
    """The broker may be away while nobody has anything to say."""
    outages = {**NO_OUTAGES, "count": 1, "away_s": 0.8}
    expected = "outages   the broker or the service was away or silent once, for 0.8 s: no command was late over it"
    assert expected == verdict({**PLAYED, "outages": outages}, 60)[-2]


@pytest.mark.parametrize(
    ("early_ms", "said"),
    [
        (0, ", and the stories with it"),
        (1_500, ": commands on their way came up to 1.5 s early by it, which their stories may be too"),
    ],
)
def test_a_verdict_says_when_the_centres_clock_stood_still(early_ms: int, said: str) -> None:
    """A service that starts again with a clock of its own goes on where its journal ends."""
    outages = {**NO_OUTAGES, "count": 1, "away_s": 4.5, "stood_ms": 134_300, "early_ms_max": early_ms}
    stood = "clock     the centre's clock stood still for 134.3 s of its own time meanwhile"
    assert f"{stood}{said}" == verdict({**PLAYED, "outages": outages}, 60)[-2]


def test_acceptable_waits_are_named() -> None:
    """A service level is never printed without its acceptable wait."""
    assert "20 s (payroll), 30 s (finance, hr)" == acceptable_waits(
        {"finance": 30_000, "hr": 30_000, "payroll": 20_000}
    )
    assert "20 s" == acceptable_waits({"help": 20_000})


# --- from beginning to end ----------------------------------------------------------------------------------------


@pytest.mark.server
def test_a_demo_in_lines(tmp_path: Path) -> None:
    """Ten minutes of the smallest centre: lines on the way, then figures and the verdict, and a picture is kept."""
    file = tmp_path / "board.svg"
    ended = firstline("demo", HELLO, "--plain", "--minutes", "10", "--speed", "300", "--picture", str(file))
    assert 0 == ended.returncode, ended.stderr
    rows = ended.stdout.splitlines()
    assert "hello" == rows[next(n for n, row in enumerate(rows) if "rules" in row)].partition(",")[0]
    assert [row for row in rows if row.startswith("09:0") and "offered" in row]
    assert [row for row in rows if "every story holds" in row]
    assert "" == ended.stderr
    assert "Firstline" in file.read_text("utf-8")
    assert "url(" not in file.read_text("utf-8").replace("url(#", "")


@pytest.mark.server
def test_a_demo_as_json() -> None:
    """One object on stdout and nothing else."""
    ended = firstline("demo", HELLO, "--json", "--minutes", "10", "--speed", "300")
    told = json.loads(ended.stdout)
    assert (0, [], False) == (ended.returncode, told["problems"], told["interrupted"])
    assert {"offered", "answered", "abandoned", "sl", "asa", "fcr", "flr", "escalated"} <= told["measures"].keys()


@pytest.mark.server
def test_a_demo_that_is_interrupted_tells_what_was_seen() -> None:
    """Ctrl-C ends it in good order, with the summary so far, and exit code 130, as the hour was not done."""
    command = [*FIRSTLINE, "demo", HELLO, "--plain", "--minutes", "120", "--speed", "60"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        rows = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=SECONDS_MAX)
    assert 130 == process.returncode
    assert all("offered" in row for row in rows)
    assert "every story holds so far (interrupted)" in rest
