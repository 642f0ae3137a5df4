"""What is to be seen while a journal is read."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from router.ports import Row

PROGRESS_AFTER_S: Final = 1.0


@contextmanager
def reading() -> Iterator[Callable[[Row], Awaitable[None]]]:
    """Says how far it has read, on a terminal, once that takes longer than a second."""
    shows_at = time.monotonic() + PROGRESS_AFTER_S
    columns = SpinnerColumn(), TextColumn("reading the journal: {task.completed:,.0f} rows")
    progress = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    task = progress.add_task("")

    async def pause(row: Row) -> None:
        if time.monotonic() >= shows_at:
            progress.start()
            progress.update(task, completed=row.seq)

    try:
        yield pause
    finally:
        progress.stop()
