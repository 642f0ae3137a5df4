"""The README and the pages of docs/: their commands run, their output is real, their links lead somewhere.

A page is one shell session. Its `console` blocks are run in their order, in a folder that holds the examples; what a
command prints must be what the page shows, where `...` stands for anything. A block of Python or YAML whose first line
is a comment with a name is that file. Ports are exchanged for free ones.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.errors import FirstlineError
from tests import reference
from tests.conftest import ROOT, SERVERS, skip_for_want_of
from tests.processes import FIRSTLINE

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VOLUMES = "bank_calls.csv"
PORTS = ("1883", "8080")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"  # Debian keeps mosquitto out of sight

# Commands of the pages that are not run here, each with the test that does it.
ELSEWHERE: dict[str, str] = {
    "./dev demo": "tests/test_demo.py::test_a_demo_in_lines",
    "./dev test": "tests/test_docs.py::test_what_is_not_run_here_is_run_elsewhere",  # this very run is one
}

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w./-]+\.(?:py|ya?ml))\n")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")
MARK = "-- 8< --"
SESSION_S_MAX = 300


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a page, with the output that the page shows; or a file to write, by its name, with its text."""

    command: str
    output: str
    file: str = ""


def steps(page: Path) -> Iterator[Step]:
    """What a reader of the page would do, in order."""
    for language, body in BLOCK.findall(page.read_text("utf-8")):
        if match := NAMED.match(body):
            yield Step("", body, match[1])
        elif language == "console":
            yield from commands(body)


def commands(body: str) -> Iterator[Step]:
    """The commands of a block. A line that begins with "> " goes on with the command before it."""
    assert body.startswith("$ "), f"a block begins with what it does not say a command prints: {body}"
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines(keepends=True)
        more = [line[2:] for line in rest if line.startswith("> ")]
        yield Step("".join([first, *more]).rstrip("\n"), "".join(rest[len(more) :]))


def script(work: list[Step]) -> str:
    """The session as a shell script that says MARK after every step. The exit code goes on to the next command."""
    lines = []
    for step in work:
        if step.file:
            lines.append(f"mkdir -p $(dirname {step.file})\ncat >{step.file} <<'-- END --'\n{step.output}-- END --")
        else:
            lines += [step.command, *patience(step.command)]
        lines.append(f"code=$?; echo; echo '{MARK}'; (exit $code)")
    return "\n".join([*lines, ""])


def patience(command: str) -> Iterator[str]:
    """What makes the script as slow as a reader: it goes on once the ports of what stays in the background answer."""
    if command.endswith("&"):
        for port in re.findall(r"(?:127\.0\.0\.1:|-p )(\d+)", command):
            yield f"until (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.05; done"


def free_ports() -> dict[str, str]:
    """For each port of the pages one that is free here."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    free = {port: str(each.getsockname()[1]) for port, each in zip(PORTS, sockets, strict=True)}
    for each in sockets:
        each.close()
    return free


def exchanged(text: str, ports: dict[str, str]) -> str:
    """A text with its ports exchanged."""
    for port, free in ports.items():
        text = re.sub(rf"\b{port}\b", free, text)
    return text


def play(work: list[Step], folder: Path) -> None:
    """Run a session, and hold what it prints against the page."""
    ports = free_ports()
    work = [Step(exchanged(step.command, ports), exchanged(step.output, ports), step.file) for step in work]
    shutil.copytree(ROOT / "examples", folder / "examples")
    printed = run(script(work), folder).split(f"\n{MARK}\n")
    assert [] == [gap for step, real in zip(work, printed, strict=False) for gap in differences(step, real)]
    assert len(work) < len(printed), f"the session ended early: {printed[-1]}"


def run(text: str, folder: Path) -> str:
    """All that a shell script prints. What it leaves in the background ends with it."""
    said = folder / "said"
    with said.open("w") as output:
        session = subprocess.Popen(
            ["bash", "-c", text],  # noqa: S607 - the one from PATH
            cwd=folder,
            env=surroundings(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        session.wait(SESSION_S_MAX)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(session.pid, signal.SIGKILL)
        session.wait()
    return said.read_text("utf-8")


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a reader who has installed Firstline."""
    programs = folder / "bin"
    programs.mkdir()
    for name, command in {"firstline": shlex.join(FIRSTLINE), "python": shlex.quote(sys.executable)}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (programs / name).chmod(0o755)
    return {
        "PATH": f"{programs}:{PATH}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",  # so that stdout and stderr mix as on a terminal
        "PYTEST_ADDOPTS": "-p no:asyncio -p no:cacheprovider",
    }


def differences(step: Step, real: str) -> Iterator[str]:
    """What a command printed, where the page shows something else."""
    shown, real = (f"{text.rstrip()}\n" for text in ("" if step.file else step.output, real))
    real = re.sub(r"[ \t]+$", "", real, flags=re.MULTILINE)
    if not doctest.OutputChecker().check_output(shown, real, doctest.ELLIPSIS):
        yield f"$ {step.command}\nshown:\n{shown}\nreal:\n{real}"


def needs_servers(page: Path) -> bool:
    """Whether a page starts some."""
    return any("firstline serve" in step.command for step in steps(page))


def told(page: Path) -> str:
    """Name a test case after its page."""
    return page.name


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.server] * needs_servers(page), id=page.name) for page in PAGES]
)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    """Whoever types a page's commands sees what the page shows, numbers included."""
    work = [step for step in steps(page) if step.command not in ELSEWHERE and VOLUMES not in step.command]
    for program in ("mosquitto", "mosquitto_rr", "curl"):
        if any(program in step.command for step in work) and not shutil.which(program, path=PATH):
            skip_for_want_of(program, SERVERS)
    play(work, tmp_path)


@pytest.mark.parametrize("page", [page for page in PAGES if VOLUMES in page.read_text("utf-8")], ids=told)
def test_real_volumes_give_the_figures_shown(page: Path, shared: Path, tmp_path: Path) -> None:
    """The published calls of a bank, which do not come with the project, give the figures that a page shows."""
    shutil.copy(shared / "data" / VOLUMES, tmp_path)
    play([step for step in steps(page) if VOLUMES in step.command], tmp_path)


def test_what_is_not_run_here_is_run_elsewhere() -> None:
    """Each command that is left out names the test that runs it, and is still on a page."""
    for file, _, test in (place.partition("::") for place in ELSEWHERE.values()):
        assert f"def {test}(" in (ROOT / file).read_text("utf-8")
    assert set(ELSEWHERE) <= {step.command for page in PAGES for step in steps(page)}


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_no_command_hides_where_it_is_not_run(page: Path) -> None:
    """Commands and Python stand only where they are run: in console blocks, and in files that a command names."""
    run = " ".join(step.command for step in steps(page))
    for language, body in BLOCK.findall(page.read_text("utf-8")):
        if language != "console":
            assert not re.search(r"^\s*(\$ )?(firstline|\./dev) ", body, re.MULTILINE), body
        if language == "python":
            match = NAMED.match(body)
            assert match, f"no name in the first line: {body}"
            assert match[1] in run


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "docs/reference").glob("*.md"))], ids=told)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link within the project names a file that exists, and a heading that is on it."""
    dangling = []
    for target in ("".join(found) for found in LINK.findall(page.read_text("utf-8"))):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if ":" not in target and not (file.exists() and (not anchor or anchor in anchors(file))):
            dangling.append(target)
    assert [] == dangling


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", reference.pages())
def test_the_reference_is_written_from_the_code(path: str) -> None:
    """A page of the reference stands as the code would write it now; if not, `./dev docs` writes it."""
    assert reference.pages()[path] == (ROOT / path).read_text("utf-8")


def test_every_exit_code_is_explained() -> None:
    """The page of commands explains the exit code of every kind of fault."""
    page = reference.pages()["docs/reference/commands.md"]
    codes = {FirstlineError.exit_code, *(kind.exit_code for kind in FirstlineError.__subclasses__())}
    assert [] == [code for code in sorted(codes) if f"\n| {code} | " not in page]
