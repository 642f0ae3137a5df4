"""`firstline simulate`: figures that agree with theory, verdicts that gate, and faults before anything has run."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import date
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest

from router.centre import load
from router.cli.app import app
from router.errors import FirstlineError
from router.examples import example
from router.measures import Tally
from simulator.audit import Audit
from simulator.experiment import Experiment, replicate, replicate_all
from simulator.population import load_population
from simulator.theory import erlang_a, erlang_c

AGENTS, TALK_S, PER_HOUR = 4, 180, 64
ERLANGS = PER_HOUR * TALK_S / 3600

STATION = """
centre: {{id: station, zone: UTC, languages: [en], horizon: {{from: 2026-01-01, to: 2027-01-01}}}}
calendars: {{always: {{zone: UTC, week: {{mon-sun: ["00:00-24:00"]}}}}}}
flows: {{straight: {{start: queue, nodes: {{queue: {{node: hand_over, queue: line}}}}}}}}
entry_points: {{main: {{addresses: ["100"], service_line: line, flow: straight}}}}
queues: {{line: {{wrap_up: 0s, acceptable_wait: 20s, case_type: matter}}}}
agents: {{agent: {{count: {agents}}}}}
teams: {{team: {{service_line: line}}}}
case_types: {{matter: {{team: team, target: 8h, calendar: always}}}}
reasons: {{any: Anything}}
population:
  profiles: {{day: [{{level: 1, week: {{mon-sun: ["00:00-16:00"]}}}}]}}
  arrivals: {{main: {{profile: day, per_hour: {per_hour}, reasons: {{any: 1}}}}}}
  contacts: {{patience: {patience}, redial: {{probability: 0}}}}
  reasons: {{any: {{talk: {{exponential: {{mean: {talk_s}s}}}}, resolve: 1}}}}
  agents: {{answering: 0s, shifts: [{{agents: [agent], week: {{mon-sun: ["00:00-24:00"]}}}}]}}
"""


def station(folder: Path, patience: str) -> Path:
    """A centre that is an M/M/n queue: nothing but a queue, agents who answer at once, and exponential talk."""
    text = STATION.format(agents=AGENTS, per_hour=PER_HOUR, talk_s=TALK_S, patience=patience)
    (folder / "centre.yaml").write_text(text, encoding="utf-8")
    return folder


def assert_agrees(exact: float, observations: list[float]) -> None:
    """The mean of independent observations is within four standard errors of the exact value."""
    mean, error = fmean(observations), stdev(observations) / sqrt(len(observations))
    assert abs(mean - exact) < 4 * error, f"{mean} is {abs(mean - exact) / error:.1f} standard errors from {exact}"


def replications(folder: Path, thresholds_ms: tuple[int, ...]) -> list[Tally]:
    """Forty independent days."""
    experiment = Experiment(folder, date(2026, 3, 2), 1, 7, 40, thresholds_ms)
    return [tally for _, tally in replicate_all(experiment, 1)]


def test_a_queue_without_abandonment_agrees_with_erlang_c(tmp_path: Path) -> None:
    """In M/M/n, the shares that wait and that wait long, and the mean wait, are those of Erlang's second formula."""
    tallies = replications(station(tmp_path, "100h"), (0, 20_000))
    exact = erlang_c(AGENTS, ERLANGS, TALK_S, 20)
    assert_agrees(exact.p_wait, [1 - tally.within[0] / tally.offered for tally in tallies])
    assert_agrees(exact.service_level, [tally.within[20_000] / tally.offered for tally in tallies])
    assert_agrees(exact.mean_wait, [tally.wait_ms / 1000 / tally.answered for tally in tallies])


def test_a_queue_with_abandonment_agrees_with_erlang_a(tmp_path: Path) -> None:
    """In M/M/n+M, the shares that abandon and that are answered in time are those of the Erlang-A model."""
    tallies = replications(station(tmp_path, "{exponential: {mean: 120s}}"), (20_000,))
    exact = erlang_a(AGENTS, PER_HOUR / 3600, 1 / TALK_S, 1 / 120, 20)
    assert_agrees(exact.p_abandon, [tally.abandoned / tally.offered for tally in tallies])
    assert_agrees(exact.service_level, [tally.within[20_000] / tally.offered for tally in tallies])


@pytest.mark.parametrize("name", ["hello", "shared-service-centre", "bank"])
def test_every_story_of_a_simulated_day_holds(name: str) -> None:
    """An audit that shares nothing with the engine finds no fault in a day of each example, and everybody is home."""
    centre = load(example(name))
    spec = load_population(centre.document, centre.plan)
    day = date(2003, 3, 1) if name == "bank" else date(2026, 3, 2)
    audit, rows = Audit(), iter(range(1, 10**9))
    replicate(
        centre.plan, spec, Experiment(centre.folder, day, 1, 7, 1), 1,
        (lambda event, at: audit.hear(next(rows), event, at),),
    )  # fmt: skip
    assert [] == audit.problems()


def test_the_same_seed_gives_the_same_figures_on_any_number_of_processes() -> None:
    """Replications are independent of who runs them and in which order they are done."""
    experiment = Experiment(example("hello"), date(2026, 3, 2), 1, 7, 4)
    assert dict(replicate_all(experiment, 1)) == dict(replicate_all(experiment, 2))
    other = Experiment(example("hello"), date(2026, 3, 2), 1, 8, 4)
    assert dict(replicate_all(experiment, 1)) != dict(replicate_all(other, 1))


def test_who_stops_listening_does_not_wait_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C, or a fault in one of them, the replications that have not begun are not run."""
    planned: list[Future[Any]] = []

    class Noted(ProcessPoolExecutor):
        """Remembers what it is asked to run."""

        def submit(self, *work: Any, **words: Any) -> Future[Any]:
            planned.append(super().submit(*work, **words))
            return planned[-1]

    monkeypatch.setattr("simulator.experiment.ProcessPoolExecutor", Noted)
    running = replicate_all(Experiment(example("hello"), date(2026, 3, 2), 1, 7, 30), 2)
    next(running)
    running.close()
    assert 30 == len(planned)
    assert planned[-1].cancelled()


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def simulate(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in this process; gives its exit code, and what it printed or said."""

    def run(*arguments: str, centre: str = "hello") -> tuple[int, str]:
        try:
            code = app(["simulate", str(example(centre)), "--workers", "1", *arguments], standalone_mode=False)
        except FirstlineError as error:
            return error.exit_code, str(error)
        return code, capsys.readouterr().out

    return run


SHORT = ("--days", "1", "--replications", "3", "--seed", "7")


@pytest.mark.parametrize(
    ("targets", "code"),
    [
        (["flr >= 0.1"], 0),
        (["flr >= 0.1", "asa <= 1ms"], 1),
        (["flr >= 0.1", "offer"], 2),
        (["asa <= 1ms", "fcr >= 0.74"], 1),
    ],
)
def test_the_exit_code_says_whether_targets_are_met(simulate: Command, targets: list[str], code: int) -> None:
    """0 when all are met, 1 when any is missed, 2 when one cannot be read."""
    options = [part for target in targets for part in ("--target", target)]
    assert code == simulate(*SHORT, *options)[0]


def test_a_target_inside_the_interval_is_not_decidable(simulate: Command) -> None:
    """An interval that holds the bound decides nothing, and the exit code is 3."""
    _, first = simulate(*SHORT, "--json")
    middle = json.loads(first)["measures"]["fcr"]["value"]
    code, text = simulate(*SHORT, "--target", f"fcr >= {middle:.4f}")
    assert 3 == code
    assert "undecided" in text


def test_json_is_one_object_that_names_formulas_and_intervals(simulate: Command) -> None:
    """Every figure comes with its unit, formula, n and bounds; the target with its verdict."""
    code, text = simulate(*SHORT, "--json", "--target", "sl(20s) >= 0.01")
    figures = json.loads(text)
    level = figures["measures"]["sl"]
    assert (0, "met", "share") == (code, figures["targets"][0]["verdict"], level["unit"])
    assert level["low"] <= level["value"] <= level["high"]
    assert "abandons" in level["formula"]


def test_one_replication_has_no_interval_and_decides_nothing(simulate: Command) -> None:
    """With one observation the bounds are unknown, and it says so."""
    code, text = simulate("--days", "1", "--replications", "1", "--target", "flr >= 0.1")
    assert 3 == code
    assert "one replication: no interval" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "2026-13-01"), "write a date such as"),
        (("--from", "1999-01-04"), "is not within the centre's horizon"),
        (("--days", "99999999999"), "is not within the centre's horizon"),
        (("--from", "9999-12-31", "--days", "2"), "is not within the centre's horizon"),
        (("--interval", "5m"), "name it with --volumes"),
        (("--volumes", "nowhere.csv"), "cannot be read"),
        (("--target", "speed >= 1"), "there is no measure `speed`"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_runs(
    simulate: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    """Exit code 2, and a sentence that says what to do."""
    code, text = simulate(*arguments)
    assert 2 == code
    assert sentence in text


def test_recorded_volumes_are_the_arrivals(simulate: Command, tmp_path: Path) -> None:
    """All calls of a file come (some of them again, after giving up); a day that the file does not have is refused."""
    file = tmp_path / "calls.csv"
    file.write_text("time,calls\n2003-03-03 09:00,10\n2003-03-03 09:05,20\n2003-03-03 09:10,0\n", encoding="utf-8")
    code, text = simulate(*SHORT, "--json", "--volumes", str(file), centre="bank")
    assert 0 == code
    assert 30 <= json.loads(text)["measures"]["offered"]["value"] < 35
    code, text = simulate(*SHORT, "--volumes", str(file), "--from", "2003-04-01", centre="bank")
    assert 2 == code
    assert "has no day from 2003-04-01" in text


def test_a_week_of_a_bank_keeps_every_recorded_call(simulate: Command, shared: Path) -> None:
    """The published volumes of a bank, one replication of one of its days: all calls arrive, and redials besides."""
    file = shared / "data" / "bank_calls.csv"
    arguments = ("--days", "1", "--replications", "1", "--volumes", str(file), "--json")
    code, text = simulate(*arguments, centre="bank")
    lines = file.read_text(encoding="utf-8").splitlines()
    recorded = sum(float(line.partition(",")[2]) for line in lines if line.startswith("2003-03-03"))
    assert 0 == code
    assert json.loads(text)["measures"]["offered"]["value"] >= recorded


def test_a_centre_states_its_own_targets(simulate: Command) -> None:
    """Without --target those of the centre's files are tested; with it, those of the command line alone."""
    arguments = ("--days", "1", "--replications", "2", "--json")
    _, text = simulate(*arguments, centre="shared-service-centre")
    assert ["sl(30s) >= 0.8", "flr >= 0.8", "fcr >= 0.7"] == [each["target"] for each in json.loads(text)["targets"]]
    _, text = simulate(*arguments, "--target", "asa <= 1h", centre="shared-service-centre")
    assert ["asa <= 1h"] == [each["target"] for each in json.loads(text)["targets"]]
