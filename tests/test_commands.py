"""`firstline check` and `firstline dead-letters`: what they print, and how they end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from router.adapters.sqlite import SqliteJournal
from router.centre.document import read
from router.cli import check, dead_letters
from router.cli.centres import inspect
from router.examples import example
from router.ports import Batch, DeadLetter

LETTERS = [
    DeadLetter(1_767_575_700_000, "pbx", "a1", "contact.left", "contact 'c9' is not known", b'{"contact":"c9"}'),
    DeadLetter(1_767_575_701_000, "who\x1b[2J", "", "", "it is not JSON", b"\x1b]0;***\x07"),
]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The smallest centre with a fault in each of its two files."""
    folder = shutil.copytree(example("hello"), tmp_path / "broken")
    for name, right, wrong in (("centre", "team: experts", "team: expert"), ("population", ": 12", ": -12")):
        file = folder / f"{name}.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["hello", "bank", "shared-service-centre"])
def test_a_sound_centre_is_said_to_be_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and in one line what the centre has."""
    assert 0 == check.run(example(name), as_json=False)
    assert f"{name}: no faults. " in capsys.readouterr().out


def test_faults_of_the_centre_and_of_its_population_are_listed_together(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault in one file does not hide those of another: each with its file, line, field and hint; exit code 2."""
    assert 2 == check.run(broken, as_json=False)
    printed = capsys.readouterr()
    first, second = printed.out.splitlines()
    assert first.endswith("case_types.question.team: `expert` is no team of this centre (did you mean `experts`?)")
    assert f"{broken / 'population.yaml'}:4: population.arrivals.main.per_hour: " in second
    assert ["2 faults", "not judged yet: what the made-up customers key in the menus, and how their contacts end"] == (
        printed.err.splitlines()
    )


def test_a_target_that_cannot_be_read_is_a_fault_of_the_files(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A centre's targets are checked like the rest of it, each in its place."""
    (broken / "population.yaml").unlink()
    shutil.copy(example("hello") / "centre.yaml", broken)
    file = broken / "centre.yaml"
    text = file.read_text(encoding="utf-8").replace(
        "languages: [en],", 'languages: [en], targets: ["flr >= 0.7", "speed"],'
    )
    file.write_text(text, encoding="utf-8")
    assert 2 == check.run(broken, as_json=False)
    assert f"{file}:2: centre.targets[1]: column 1: there is no measure `speed`" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_said_to_hide_names(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a file is no YAML, every other fault is listed, and what cannot be judged before it is mended."""
    (broken / "queues.yaml").write_text("queues: {", encoding="utf-8")
    assert 2 == check.run(broken, as_json=False)
    printed = capsys.readouterr()
    assert ["centre.yaml:25:", "population.yaml:4:", "queues.yaml:1:"] == [
        line.split()[0].rpartition("/")[2] for line in printed.out.splitlines()
    ]
    assert f"not judged yet: whether names exist that may stand in {broken / 'queues.yaml'}" in printed.err


def test_faults_as_data(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json every fault is an object, and there is nothing else on stdout."""
    assert 2 == check.run(broken, as_json=True)
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert [("centre.yaml", 25), ("population.yaml", 4)] == [(Path(f["file"]).name, f["line"]) for f in faults]


@pytest.mark.parametrize("command", [["serve"], ["simulate", "--days", "1"], ["play"], ["demo", "--plain"]])
def test_every_command_lists_what_check_lists(broken: Path, command: list[str]) -> None:
    """Whoever starts with a faulty centre is told all of it, customers and all, and nothing is started."""
    name, *options = command
    arguments = [sys.executable, "-m", "router.cli", name, str(broken), *options]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    inspection = inspect(broken)
    told = [*map(str, inspection.faults), *(f"not judged yet: {sentence}" for sentence in inspection.deferred)]
    assert (2, "\n".join(told)) == (done.returncode, done.stderr.strip().removeprefix("firstline: "))


def test_a_file_of_another_ending_is_not_passed_over(broken: Path) -> None:
    """A file whose name ends in .yml is not read, and that is a fault rather than a riddle."""
    (broken / "population.yaml").rename(broken / "population.yml")
    assert f"{broken / 'population.yml'}: this is not read" in "\n".join(map(str, inspect(broken).faults))


def test_whatever_looks_like_a_file_of_the_centre_and_is_not_read_is_a_fault(broken: Path) -> None:
    """Capitals, folders and links to nothing are no riddle either."""
    (broken / "Z.YAML").write_text("queues: {}", encoding="utf-8")
    (broken / "folder.yaml").mkdir()
    (broken / "link.yaml").symlink_to("nowhere")
    told = "\n".join(map(str, inspect(broken).faults))
    assert f"{broken / 'Z.YAML'}: this is not read" in told
    assert f"{broken / 'folder.yaml'}: this is a folder" in told
    assert f"{broken / 'link.yaml'}: this is a link to nothing" in told


def test_agents_that_cannot_be_counted_are_said_to_hide_names(broken: Path) -> None:
    """Where a group's number is wrong, nobody can tell whether a shift names one of its agents, and that is said."""
    file = broken / "centre.yaml"
    text = file.read_text(encoding="utf-8").replace("{ann: {},", "{ann: {count: 0},")
    file.write_text(text, encoding="utf-8")
    assert "which agents there are in ann, and so whether shifts name them" in inspect(broken).deferred


@pytest.fixture
async def journal(tmp_path: Path) -> Path:
    """A journal with two dead letters."""
    kept = await SqliteJournal.open(tmp_path / "journal.db")
    await kept.append(Batch(dead_letters=LETTERS))
    await kept.close()
    return tmp_path / "journal.db"


def test_dead_letters_come_newest_first_and_cannot_move_the_cursor(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its reason; signs that a terminal would obey are written out."""
    dead_letters.run(journal, 20, as_json=False)
    assert [
        "2026-01-05T01:15:01.000Z  who\\x1b[2J (no id)  (no type): it is not JSON",
        "    \\x1b]0;***\\x07",
        "2026-01-05T01:15:00.000Z  pbx a1  contact.left: contact 'c9' is not known",
        '    {"contact":"c9"}',
    ] == capsys.readouterr().out.splitlines()


def test_dead_letters_as_data(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json one object, as many letters as asked for."""
    dead_letters.run(journal, 1, as_json=True)
    (letter,) = json.loads(capsys.readouterr().out)["dead_letters"]
    assert ("it is not JSON", "2026-01-05T01:15:01.000Z") == (letter["reason"], letter["at"])


def long_menu(last: str) -> str:
    """The smallest centre with 3,000 nodes that only say something before its menu; `last` follows the last of them."""
    tree = read(example("hello"))[0].tree
    ((flow_id, flow),) = tree["flows"].items()
    prompt = next(iter(tree["prompts"]))
    says = {f"n{number}": {"node": "say", "prompts": [prompt], "next": f"n{number + 1}"} for number in range(3000)}
    says["n2999"]["next"] = last or flow["start"]
    tree["flows"][flow_id] = {"start": "n0", "nodes": {**flow["nodes"], **says}}
    return json.dumps(tree)


def test_a_menu_may_be_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Callers are followed through as many nodes as there are."""
    (tmp_path / "centre.yaml").write_text(long_menu(""), encoding="utf-8")
    assert 0 == check.run(tmp_path, as_json=False)
    assert "hello: no faults. " in capsys.readouterr().out


def test_a_long_circle_is_found(tmp_path: Path) -> None:
    """A loop of 3,000 nodes is one fault of the flow, and one of the reason whose callers never get out of it."""
    (tmp_path / "centre.yaml").write_text(long_menu("n0"), encoding="utf-8")
    messages = [fault.message for fault in inspect(tmp_path).faults]
    assert any(message.startswith("a caller who presses nothing never gets out: n0 -> n1 -> ") for message in messages)
    assert any(message.startswith("its callers go round `n0` for ever") for message in messages)
