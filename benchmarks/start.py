"""How long the command takes to say what it can do, as a whole process: a user's first impression."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figures import Figure, Report, seconds
from benchmarks.processes import firstline

HELP_MS_MAX = 300


def measure(repeat: int) -> Report:
    """`firstline --help` beside an interpreter that does nothing, turn by turn."""
    empty_ms, help_ms = [], []
    for _ in range(repeat):
        empty_ms.append(_process_ms([sys.executable, "-c", "pass"]))
        help_ms.append(_process_ms(firstline("--help")))
    return Report(
        "start",
        (
            Figure("help_ms", "firstline --help", "ms", tuple(help_ms), below=HELP_MS_MAX),
            Figure("interpreter_ms", "floor: an interpreter that does nothing", "ms", tuple(empty_ms)),
        ),
        "\nWhole processes, from before they are started until they have ended.",
    )


def _process_ms(command: list[str]) -> float:
    return 1_000 * seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))  # noqa: S603
