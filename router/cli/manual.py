"""The reference of all commands, written from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, get_args, get_origin

from typer.models import ArgumentInfo, OptionInfo, ParamMeta
from typer.utils import get_params_from_function

from router.cli.app import app

INTRODUCTION: Final = """\
# Commands

Results go to stdout, everything else to stderr. A fault is one sentence that says what to do; nothing was started and
no data were touched. With `--json` a result is one object on one line: shares from 0 to 1, durations in milliseconds.

| exit code | meaning |
|---|---|
| 0 | Done; all targets met, all stories hold. |
| 1 | A target was missed, or the story of a contact does not hold. |
| 2 | Bad input: the command line, a centre's files, or a data file. |
| 3 | No target was missed, but one cannot be decided: more replications would tell. |
| 4 | The journal cannot be used: damaged, newer than this release, of another centre, or in use. |
| 5 | A broker or a port cannot be had. |
| 70 | Our own fault. |
| 130 | Ended by Ctrl-C before it was done; `demo` and `play`, which tell what they saw, by SIGTERM or SIGHUP too. |
| 141 | Whoever read the results, such as `head`, went away before they were all said. |
"""


def manual() -> str:
    """The page in Markdown: every command with its arguments and options, their values, defaults and meaning."""
    commands = [(command.name or _dashed(command.callback), command.callback) for command in app.registered_commands]
    assert app.registered_callback, "it holds --version"
    whole = _section("firstline", str(app.info.help), app.registered_callback.callback)
    parts = (_section(f"firstline {name}", str(inspect.getdoc(function)), function) for name, function in commands)
    return "\n".join([INTRODUCTION, whole, *parts])


def _dashed(function: Callable[..., Any] | None) -> str:
    return str(getattr(function, "__name__", "")).replace("_", "-")


def _section(path: str, text: str, function: Callable[..., Any] | None) -> str:
    assert function, "every command has one"
    parameters = get_params_from_function(function).values()
    arguments = [each for each in parameters if isinstance(each.default, ArgumentInfo)]
    options = [each for each in parameters if isinstance(each.default, OptionInfo)]
    words = [path, *map(_word, arguments), *(["[OPTIONS]"] if options else [])]
    blocks = [f"## `{path}`", text, f"    {' '.join(words)}"]
    if arguments:
        blocks.append(_table(("argument", "meaning"), ((f"`{_word(each)}`", each.default.help) for each in arguments)))
    if options:
        blocks.append(_table(("option", "value", "default", "meaning"), map(_option, options)))
    return "\n\n".join(blocks) + "\n"


def _word(argument: ParamMeta) -> str:
    name = argument.name.upper()
    return name if argument.default.default is ... else f"[{name}]"


def _option(option: ParamMeta) -> tuple[str, ...]:
    told, flag = option.default, option.annotation is bool
    default = "" if flag or told.default is None else f"`{told.default}`"
    return f"`{told.param_decls[0]}`", "" if flag else ", ".join(_values(option)), default, told.help


def _values(option: ParamMeta) -> Iterator[str]:
    """What may follow an option, in words."""
    told = option.default
    yield f"`{told.metavar}`" if told.metavar else "number" if option.annotation in {int, float} else "text"
    if told.min is not None:
        yield f"{told.min:,} to {told.max:,}" if told.max is not None else f"{told.min:,} or more"
    if any(get_origin(kind) is list for kind in get_args(option.annotation)):
        yield "may be repeated"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
