"""The benchmarks at sizes that mean nothing: what they print, and that they measure what they say. Never how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import crowd, figures, simulate
from benchmarks.__main__ import main
from benchmarks.figures import Figure, Report
from benchmarks.script import CENTRE, play, record
from simulator.theory import erlang_c
from tests.conftest import ROOT

MACHINE = {"benchmark", "cores", "python", "system"}
TINY = {
    "live": ("--events", "60", "--rate", "60", "--seconds", "1", "--broker", "iotcore"),
    "core": ("--contacts", "30", "--waiting", "30", "--agents", "20"),
    "simulate": ("--days", "1"),
    "start": (),
}
FLOORS = {
    "live": {"echo_per_s", "journal_rows_per_s"},
    "core": {"heap_loop_rows_per_s"},
    "simulate": {"loop_contacts_per_s"},
    "start": {"interpreter_ms"},
}
RESULTS = {
    "live": {"service_events_per_s", "service_share_of_slower_floor", "added_p50_ms", "added_p99_ms"},
    "core": {"core_rows_per_s", "encoded_rows_per_s", "arrival_p99_us", "freed_p99_us", "crowd_megabytes"},
    "simulate": {"example_contacts_per_s", "station_contacts_per_s", "station_share_of_loop"},
    "start": {"help_ms"},
}
TARGETS = {
    "live": {"service_share_of_slower_floor", "added_p99_ms"},
    "core": {"core_rows_per_s", "crowd_megabytes"},
    "simulate": set[str](),
    "start": {"help_ms"},
}


def measured(name: str) -> dict[str, Any]:
    """What a benchmark of tiny size prints with --json, as a process of its own."""
    command = [sys.executable, "-m", "benchmarks", name, "--json", "--repeat", "1", *TINY[name]]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures_of: dict[str, Any] = json.loads(done.stdout)
    return figures_of


def test_matching_tells_every_size_and_draws_them(tmp_path: Path) -> None:
    """Each size has its agents, waiting contacts and percentiles, beside a peer's; and the picture is written."""
    picture = tmp_path / "matching.svg"
    command = [sys.executable, "-m", "benchmarks", "matching", "--json", "--agents", "40", "80", "--plot", str(picture)]
    printed = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    assert [(40, 80), (80, 160)] == [(size["agents"], size["waiting"]) for size in printed["sizes"]]
    assert all(0 < size["p50_us"] <= size["p99_us"] and size["scan_p50_us"] > 0 for size in printed["sizes"])
    assert "growth_exponent_met" in printed
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_waiting_has_coverage_and_loss_of_every_teller() -> None:
    """At both quantiles, in each centre where there was something to tell; shares and seconds."""
    command = [sys.executable, "-m", "benchmarks", "waiting", "--json", "--days", "1"]
    printed = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    tellers = ("always", "ours", "mean", "head", "last", "floor")
    figures_of = {f"station_{teller}_p{percent}" for teller in tellers for percent in (50, 90)}
    assert set() == {f"{each}_{unit}" for each in figures_of for unit in ("coverage", "loss_s")} - printed.keys()
    assert all(0 <= value <= 1 for name, value in printed.items() if name.endswith("coverage"))


@pytest.mark.parametrize("name", [pytest.param("live", marks=pytest.mark.server), "core", "simulate", "start"])
def test_json_is_one_object_of_named_figures(name: str) -> None:
    """With --json stdout is one object: the machine, every result, and the floors it is to be read beside."""
    printed = measured(name)
    assert name == printed["benchmark"]
    targets = {f"{target}_met" for target in TARGETS[name]}
    assert set() == (MACHINE | FLOORS[name] | RESULTS[name] | targets) - printed.keys()
    assert [] == [each for each, value in printed.items() if each not in MACHINE and not isinstance(value, int | float)]


def test_table_has_units_and_targets(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json a table gives each figure its unit, its spread, and its target with a verdict."""
    Report("x", (Figure("rate_per_s", "rate", "rows/s", (90.0, 100.0, 80.0), at_least=95.0),), "\nNote.").print_table()
    machine, heading, row, _, note = capsys.readouterr().out.splitlines()
    assert machine.startswith("x on ")
    assert "cores" in machine
    assert ["figure", "median", "unit", "from", "-", "to", "target"] == heading.split()
    assert ["rate", "90", "rows/s", "80", "-", "100", "at", "least", "95:", "missed"] == row.split()
    assert "Note." == note


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        ({"at_least": 2.0}, {"a_ms_at_least": 2.0, "a_ms_met": True}),
        ({"at_least": 2.1}, {"a_ms_at_least": 2.1, "a_ms_met": False}),
        ({"below": 2.1}, {"a_ms_below": 2.1, "a_ms_met": True}),
        ({"below": 2.0}, {"a_ms_below": 2.0, "a_ms_met": False}),
        ({}, {}),
    ],
)
def test_json_names_each_target_and_whether_it_is_met(target: dict[str, float], verdict: dict[str, Any]) -> None:
    """Whoever reads the object knows what was to be reached, and need not compare."""
    printed = json.loads(Report("x", (Figure("a_ms", "a", "ms", (2.0,), **target),), "").as_json())
    assert verdict == {name: value for name, value in printed.items() if name not in {*MACHINE, "a_ms"}}


def test_figures_are_medians_with_their_extremes() -> None:
    """What was measured several times is told by its median, its lowest and its highest."""
    report = Report("x", (Figure("a_ms", "a", "ms", (3.0, 1.0, 2.0)), Figure("b_ms", "b", "ms", (1.23456,))), "")
    printed = json.loads(report.as_json())
    assert {"a_ms": 2.0, "a_ms_min": 1.0, "a_ms_max": 3.0, "b_ms": 1.235} == {
        name: value for name, value in printed.items() if name not in MACHINE
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lives"], "invalid choice: 'lives'"),
        ([], "the following arguments are required: NAME"),
        (["core", "--contacts", "0"], "0 is no whole number from 1 on"),
        (["live", "--broker", "rabbit"], "invalid choice: 'rabbit'"),
        (["start", "--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_bad_arguments_end_with_2_and_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown benchmark or option measures nothing, exits 2 and says what is wrong."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert 2 == ended.value.code
    assert sentence in capsys.readouterr().err


def test_played_script_gives_the_rows_of_the_recording() -> None:
    """The core is measured on the decisions of the simulated day, all of them and no others."""
    script = record(CENTRE, contacts=20)
    kinds = [event.kind for events, _ in play(script) for event in events]
    assert script.rows == len(kinds)
    assert 20 == kinds.count("contact.arrived")
    assert {"collect", "contact.queued", "offer", "join", "contact.wrapped_up"} < set(kinds)


def test_crowd_is_one() -> None:
    """Each agent is offered a contact that arrives, and each agent freed one of those who wait."""
    found = crowd.measure(waiting=40, agents=20)
    assert (20, 20) == (len(found.arrival_us), len(found.freed_us))
    assert found.megabytes > 1


def test_peer_of_the_simulator_is_the_textbooks_station() -> None:
    """The loop that the simulator is compared with waits as long as Erlang C says, within a tenth."""
    _, waited_s = simulate.station_loop(400_000)
    load = simulate.CONTACTS_A_DAY / 86_400 * simulate.TALK_S
    expected_s = erlang_c(simulate.AGENTS, load, simulate.TALK_S, threshold=20.0).mean_wait
    assert waited_s == pytest.approx(expected_s, rel=0.1)


def test_percentile_is_between_samples() -> None:
    """Percentiles are taken from the samples, and a single one is all of its percentiles."""
    assert 50.5 == figures.percentile(range(1, 101), 50)
    assert 7.0 == figures.percentile([7.0], 99)
