"""Children of a benchmark: the command itself, and others of ours, ended with the block that needs them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

STOP_S_MAX = 10.0

_FIRSTLINE = "import sys; from router.cli import main; sys.argv[0] = 'firstline'; main()"
"""What the installed script does."""


def firstline(*arguments: str) -> list[str]:
    """The words that start the command."""
    return [sys.executable, "-c", _FIRSTLINE, *arguments]


@contextlib.asynccontextmanager
async def child(command: list[str], words: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program while the block runs. What it says goes to the file `words`."""
    with words.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S_MAX)
        except TimeoutError:
            process.kill()
            await process.wait()
