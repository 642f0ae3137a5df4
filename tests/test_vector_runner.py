"""The runner of test vectors: what it prints, when it fails, and how it refuses a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import Comparison, read_document, shared_file
from tests.vectors.__main__ import main
from tests.vectors.fcr import play as play_fcr
from tests.vectors.sla import play as play_sla

Write = Callable[[object], Path]

BLOCKING = {"servers": 1, "erlangs": 0.5, "blocking": 1 / 3}

CLOCK: dict[str, Any] = {
    "id": "A1",
    "kind": "clock",
    "clock": {"metric": "resolution", "target_s": 3600, "calendar": "office", "warn_pct": [50], "ladder_s": {"up": 0}},
    "events": [{"at": "2026-01-30T16:30:00Z", "type": "created"}],
    "as_of": "2026-01-31T12:00:00Z",
    "expected": [
        {
            "start": "2026-01-30T16:30:00Z",
            "due_at": "2026-02-02T09:30:00Z",
            "breach_at": "2026-02-02T09:30:00Z",
            "elapsed_s": 1800,
            "remaining_s": 1800,
            "paused_business_s": 0,
            "state": "running",
            "breached": False,
            "stopped_at": None,
            "target_s": 3600,
            "warn_at": {"50": "2026-01-30T17:00:00Z"},
            "ladder_at": {"up": "2026-02-02T09:30:00Z"},
        }
    ],
}
CALENDARS = {
    "office": {
        "tz": "UTC",
        "week": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat")},
        "holidays": {"2026-01-31": [], "2026-02-02": [["09:00", "12:00"]]},
        "extra": {"2026-02-02": [["09:00", "17:00"]]},
    }
}


def clock_case(*events: dict[str, Any], **rule: object) -> dict[str, Any]:
    """A file with the case above, further events and another rule."""
    case = {**CLOCK, "events": [*CLOCK["events"], *events], "clock": {**CLOCK["clock"], **rule}}
    return {"calendars": CALENDARS, "cases": [case]}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a document into a file of JSON."""

    def written(document: object) -> Path:
        path = tmp_path / "vectors.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return written


def test_a_line_per_case_and_the_sum(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Passes, failures with their difference and unsupported cases with their reason; the last two count as failed."""
    wrong = {**BLOCKING, "blocking": 0.5}
    path = write({"about": "prose", "erlang_b": {"cases": [BLOCKING, wrong]}, "erlang_x": {"cases": []}})
    assert 1 == main(["planning", str(path)])
    assert [
        "pass erlang_b.1",
        "fail erlang_b.2: blocking: expected 0.5, got 0.3333333333333333",
        "unsupported erlang_x: the runner does not know this group",
        "1 passed, 2 failed",
    ] == capsys.readouterr().out.splitlines()


def test_exit_0_only_when_none_failed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """All passed is the only success."""
    assert 0 == main(["planning", str(write({"erlang_b": {"cases": [BLOCKING]}}))])
    assert "1 passed, 0 failed" == capsys.readouterr().out.splitlines()[-1]


def test_an_unknown_key_is_a_failure(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """What the runner cannot compare it does not skip; prose it does."""
    path = write({"erlang_b": {"cases": [{**BLOCKING, "mood": 1, "why": "prose", "published_x": 2}]}})
    assert 1 == main(["planning", str(path)])
    assert "fail erlang_b.1: mood: the runner does not know this key" in capsys.readouterr().out


def test_what_the_theory_refuses_is_a_failure(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal is an answer, in the theory's own sentence."""
    case = {"servers": 2, "erlangs": 2, "aht_s": 180, "threshold_s": 20, "p_wait": 1.0}
    assert 1 == main(["planning", str(write({"erlang_c": {"cases": [case]}}))])
    assert "fail erlang_c.1: the theory refuses it: 2 erlangs need more than 2 servers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "document", "sentence"),
    [
        ("planning", [], "the document must be a mapping of names, not list"),
        ("planning", {"cases": []}, "none of its groups is known"),
        ("planning", {"erlang_b": {"cases": {}}}, "erlang_b.cases must be a list, not dict"),
        ("sla", {"cases": []}, "the field `calendars` is missing"),
        ("fcr", {"as_of": "2025-07-05", "contacts": [{}], "expected": {}}, "contacts.1: the field `id` is missing"),
    ],
)
def test_a_file_of_another_shape(
    kind: str, document: object, sentence: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused with the place and what was expected there, exit 2, and no verdicts."""
    assert 2 == main([kind, str(write(document))])
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert "" == printed.out


@pytest.mark.parametrize(
    ("kind", "document", "sentence"),
    [
        ("planning", {"erlang_b": {"cases": [{"servers": 1}]}}, "erlang_b.1: the field `erlangs` is missing"),
        ("planning", {"erlang_b": {"cases": [{**BLOCKING, "servers": "1"}]}}, "`servers` must be a number, not '1'"),
        ("planning", {"erlang_b": {"cases": [{**BLOCKING, "servers": 1.5}]}}, "must be a whole number, not 1.5"),
        ("sla", {"calendars": {}, "cases": [CLOCK]}, "calendars: the field `office` is missing"),
        ("sla", {"calendars": {}, "cases": [{**CLOCK, "kind": "sundial"}]}, "the kind `sundial` is none of"),
        ("sla", {"calendars": {}, "cases": [{**CLOCK, "as_of": "noon"}]}, "`noon` is not an instant"),
        ("sla", clock_case({"at": "2026-01-30T17:00:00Z", "type": "rain"}), "the event type `rain` is unknown"),
    ],
)
def test_a_case_that_cannot_be_read_fails_alone(
    kind: str, document: object, sentence: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a failure with the place and what was expected there; the cases beside it are played all the same."""
    assert 1 == main([kind, str(write(document))])
    first, last = capsys.readouterr().out.splitlines()
    assert "it cannot be read" in first
    assert sentence in first
    assert "0 passed, 1 failed" == last


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("broken.json", "{", "it is not JSON (line 1, column 2"),
        ("broken.yaml", "a: [1", "it is not YAML ("),
        ("latin.json", "\udcff", "it is not text in UTF-8 (byte 0)"),
        ("absent.json", None, "it cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_cannot_be_read(
    name: str, text: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing, not text, neither JSON nor YAML: one sentence, exit 2."""
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    assert 2 == main(["planning", str(path)])
    assert sentence in capsys.readouterr().err


def test_an_unknown_kind_is_a_usage_error() -> None:
    """The command line names the kinds there are."""
    with pytest.raises(SystemExit) as stopped:
        main(["weather", "file.json"])
    assert 2 == stopped.value.code


def test_comparing_at_any_depth() -> None:
    """Mappings and lists are compared inside, numbers within the tolerance, true is not 1, and inputs are skipped."""
    comparison = Comparison(frozenset({"given"}), relative=0.01)
    expected = {"day": {"offered": 100, "given": 7}, "parts": [1.0, 2.0], "done": True}
    assert [] == comparison.differences(expected, {"day": {"offered": 100.5}, "parts": [1.0, 2.01], "done": True})
    assert [
        "day.offered: expected 100, got 102",
        "parts: expected [1.0, 2.0], got [1.0]",
        "done: expected True, got 1",
    ] == comparison.differences(expected, {"day": {"offered": 102}, "parts": [1.0], "done": 1})


def test_a_running_clock() -> None:
    """Warnings and steps are asked of the same calendar as the due date, where an extra date wins over a holiday."""
    assert ["pass A1"] == [str(verdict) for verdict in play_sla(clock_case())]


def test_events_out_of_order_and_twice() -> None:
    """Events are sorted, an id counts once, and what comes after the date of reading is unknown."""
    events = [
        {"at": "2026-01-30T16:40:00Z", "type": "status", "to": "waiting", "id": "e1"},
        {"at": "2026-01-30T16:35:00Z", "type": "agent_reply"},
        {"at": "2026-01-30T16:40:00Z", "type": "status", "to": "waiting", "id": "e1"},
        {"at": "2026-02-03T16:40:00Z", "type": "status", "to": "resolved"},
    ]
    assert ["pass A1"] == [str(verdict) for verdict in play_sla(clock_case(*events))]


@pytest.mark.parametrize(
    ("events", "rule", "reason"),
    [
        ([{"type": "status", "to": "pending"}], {"pause_on": ["pending"]}, "pausing a clock"),
        ([{"type": "status", "to": "resolved"}, {"type": "status", "to": "open"}], {}, "reopening a case"),
        ([{"type": "target", "target_s": 7200}], {}, "changing the target of a running clock"),
        ([{"type": "calendar", "calendar": "office"}], {}, "changing the calendar of a running clock"),
        ([], {"metric": "first_response"}, "the metric first_response"),
    ],
)
def test_what_clocks_cannot_do_yet(events: list[dict[str, Any]], rule: dict[str, Any], reason: str) -> None:
    """An unsupported case says which feature is missing."""
    timed = [{**event, "at": "2026-01-30T16:45:00Z"} for event in events]
    assert [f"unsupported A1: {reason}"] == [str(verdict) for verdict in play_sla(clock_case(*timed, **rule))]


def test_reference_clocks_pass_or_are_unsupported() -> None:
    """No clock of the vector file that the product can follow comes out wrong."""
    path = shared_file("sla_cases.json")
    if path is None:
        pytest.skip("the folder `shared` with the vector files is not beside the checkout")
    statuses = [verdict.status for verdict in play_sla(read_document(path))]
    assert [] == [status for status in statuses if status == "fail"]
    assert "pass" in statuses


def test_reference_resolutions() -> None:
    """Every definition of first-contact resolution counts what the vector file says."""
    path = shared_file("fcr_cases.json")
    if path is None:
        pytest.skip("the folder `shared` with the vector files is not beside the checkout")
    verdicts = list(play_fcr(read_document(path)))
    assert [] == [str(verdict) for verdict in verdicts if verdict.status != "pass"]
    assert verdicts
