"""House rules that no linter knows: lengths, what the pure modules may not name, documented commands and settings."""

from __future__ import annotations

import ast
import os
import re
import tomllib
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from router.centre.sections import Sections
from router.cli.app import app
from simulator.settings import PopulationSpec
from tests.conftest import ROOT

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 500

CODE = ("acd", "ivr", "escalation", "router", "simulator", "tests", "benchmarks")
PURE_CONTRACT = "What decides reads no clock, throws no dice, does no input or output and keeps no log"

BANNED_MODULES = {
    *("aiomqtt", "aiosqlite", "asyncio", "datetime", "io", "logging", "os", "pathlib", "random", "secrets", "socket"),
    *("sqlite3", "structlog", "subprocess", "sys", "tempfile", "threading", "time", "uuid", "zoneinfo"),
}
# `hash` of a text differs from one process to the next, and `id` from one run to the next.
BANNED_CALLS = {"breakpoint", "eval", "exec", "globals", "hash", "id", "input", "open", "print"}

# What belongs to somebody's machine and not to the project. Each pattern is written so as not to match itself.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:wor[k]|hom[e]|roo[t])/")
SHARED_FOLDER = re.compile(r"(?<![\w-])share[d]/")
ADDRESS = re.compile(r"[:]//|--(?:extra-)?index-url|--find-links|--trusted-host")
KEPT = re.compile(r"\.ci|(?!\.|__pycache__$|dist$|node_modules$).*")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(file: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse(file.read_text("utf-8"))


def where(file: Path, line: int = 0) -> str:
    """A place, as editors open it."""
    return f"{file.relative_to(ROOT)}:{line}"


def code() -> list[Path]:
    """Every Python file."""
    return sorted(file for package in CODE for file in (ROOT / package).rglob("*.py"))


def pure() -> list[Path]:
    """The files that must be a function of their arguments: those of the modules that import-linter holds to it too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = {contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}
    places = [ROOT.joinpath(*module.split(".")) for module in contracts[PURE_CONTRACT]["source_modules"]]
    return sorted(
        file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")])
    )


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that is kept, and what it says."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(filter(KEPT.fullmatch, folders))
        for file in (Path(folder, name) for name in sorted(names)):
            yield file, file.read_text("utf-8", errors="replace")


def impurities(file: Path) -> Iterator[str]:
    """Everything in a file that reads or changes the world outside its arguments, or whose order is chance."""
    for node in ast.walk(tree(file)):
        match node:
            case ast.Import(names=names):
                found = [name.name for name in names if name.name.partition(".")[0] in BANNED_MODULES]
            case ast.ImportFrom(module=str(module)):
                found = [module] if module.partition(".")[0] in BANNED_MODULES else []
            case ast.Call(func=ast.Name(id=name)):
                found = [f"{name}()"] if name in BANNED_CALLS else []
            case ast.Global(names=names):
                found = [f"global {name}" for name in names]
            case ast.For(iter=source) | ast.comprehension(iter=source):
                found = ["iteration over a set"] if is_set(source) else []
            case _:
                found = []
        yield from (f"{where(file, getattr(node, 'lineno', 0))} {what}" for what in found)


def is_set(node: ast.expr) -> bool:
    """Whether an expression is a set in so many words."""
    match node:
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case _:
            return isinstance(node, ast.Set | ast.SetComp)


def models(kind: object) -> Iterator[type[BaseModel]]:
    """Every pydantic model that a type is made of, however deep: of `dict[str, Queue]`, Queue and what is in it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for part in typing.get_args(kind):
        yield from models(part)


def commands(command: typing.Any, path: str = "firstline") -> Iterator[tuple[str, typing.Any]]:
    """Every command that people may give, with its full name."""
    parts = getattr(command, "commands", {})
    if not parts and not command.hidden:
        yield path, command
    for name, part in sorted(parts.items()):
        yield from commands(part, f"{path} {name}")


def section(page: str, title: str) -> str:
    """What stands on a page under the heading that has this title in code type, or nothing."""
    match = re.search(rf"^(#+) `{re.escape(title)}`.*?(?=^#{{1,2}} |\Z)", page, re.MULTILINE | re.DOTALL)
    return match[0] if match else ""


def undocumented(path: str, command: typing.Any, page: str) -> Iterator[str]:
    """What the page of commands leaves out of one command: all of it, or some options."""
    text = section(page, path)
    if not text:
        yield f"no heading `{path}`"
        return
    options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    yield from (f"{path} {option}" for option in options if f"`{option}" not in text and option != "--help")


@pytest.mark.parametrize("file", code(), ids=where)
def test_functions_read_in_one_glance(file: Path) -> None:
    """No function is longer than sixty lines."""
    functions = [node for node in ast.walk(tree(file)) if isinstance(node, Function)]
    lengths = {where(file, node.lineno): (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {} == {place: lines for place, lines in lengths.items() if lines > FUNCTION_LINES_MAX}


@pytest.mark.parametrize("file", code(), ids=where)
def test_modules_have_one_subject(file: Path) -> None:
    """No module is longer than five hundred lines."""
    assert len(file.read_text("utf-8").splitlines()) <= MODULE_LINES_MAX


@pytest.mark.parametrize("file", pure(), ids=where)
def test_pure_modules_touch_nothing(file: Path) -> None:
    """What decides reads no clock, throws no dice, does no input or output, and leaves no order to chance."""
    found = list(impurities(file))
    assert [] == found, "\n".join(found)


@pytest.mark.parametrize("file", sorted((ROOT / "tests").rglob("test_*.py")), ids=where)
def test_tests_say_what_they_hold(file: Path) -> None:
    """Every test has a docstring, and none waits for the wall clock."""
    tests = [node for node in ast.walk(tree(file)) if isinstance(node, Function) and node.name.startswith("test_")]
    assert [] == [where(file, node.lineno) for node in tests if not ast.get_docstring(node)]
    assert "time.slee" + "p(" not in file.read_text("utf-8")


def test_no_file_names_a_machine() -> None:
    """No file names a path of one machine, and only tests know of the folder beside the checkout."""
    found = [
        where(file, text.count("\n", 0, match.start()) + 1)
        for file, text in texts()
        for pattern in ([MACHINE_PATHS] if file.is_relative_to(ROOT / "tests") else [MACHINE_PATHS, SHARED_FOLDER])
        for match in pattern.finditer(text)
    ]
    assert [] == found, "\n".join(found)


def test_locks_are_hashed_and_name_no_address() -> None:
    """Every locked package has a hash, and whoever installs chooses where from."""
    python = (ROOT / "requirements/dev.txt").read_text("utf-8")
    npm = (ROOT / "requirements/asyncapi/package-lock.json").read_text("utf-8")
    entries = re.split(r"\n(?=[a-z])", python)[1:]
    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert npm.count('"version":') == npm.count('"integrity": "sha512-')
    assert [] == ADDRESS.findall(python) + ADDRESS.findall(npm)


def test_every_command_and_option_is_documented() -> None:
    """The page of commands has a heading for each command, and under it each of its options."""
    page = (ROOT / "docs/reference/commands.md").read_text("utf-8")
    root = typer.main.get_command(app)
    found = [gap for path, command in commands(root) for gap in undocumented(path, command, page)]
    assert [] == found, "\n".join(found)


def test_every_setting_is_documented() -> None:
    """Every setting of a centre's files has a row of a table in the reference."""
    pages = "".join(page.read_text("utf-8") for page in sorted((ROOT / "docs/reference").glob("*.md")))
    settings = {
        f"{model.__name__}.{name}": field.alias or name
        for root in (Sections, PopulationSpec)
        for model in models(root)
        for name, field in model.model_fields.items()
        if model is not Sections
    }
    found = [place for place, name in sorted(settings.items()) if f"| `{name}` |" not in pages]
    assert [] == found, "\n".join(found)
