"""Answers from a journal, given by a process of its own: a service at work has no time to read its past again.

The child has a core to itself if there is one, and the least share of this one if not. It is started for one question
and ends with it: `python -m router.adapters.looking_back QUESTION`, where the question and the answer are JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from router.adapters.sqlite import SqliteJournal
from router.errors import FirstlineError, JournalFault, UsageFault
from router.explain import TooFarBackError, UnknownError, as_data, ask
from router.ports import Row

ROWS_MAX: Final = 200_000
"""How far back it reads before the last snapshot: some four seconds. What is longer ago, `--journal` tells."""
NICENESS: Final = 19
FAULTS: Final[dict[str, type[FirstlineError]]] = {
    fault.__name__: fault for fault in (UnknownError, TooFarBackError, UsageFault, JournalFault)
}

LookBack = Callable[[str, str | None, int], Awaitable[dict[str, Any]]]
"""Contact, agent (None for why) and instant (ms) -> the answer, as `router.explain.as_data` has it; or its faults."""


def beside(journal: Path) -> LookBack:
    """Look back in this journal, for one question after another. Raises whatever `router.explain.ask` does."""
    turn = asyncio.Lock()

    async def look_back(contact: str, agent: str | None, until: int) -> dict[str, Any]:
        async with turn:
            return await _asked([str(journal), contact, agent, until])

    return look_back


async def _asked(question: list[str | int | None]) -> dict[str, Any]:
    """Put the question to a child. A terminal's Ctrl-C is not for it; whoever gives up ends it."""
    command = [sys.executable, "-m", __name__, json.dumps(question)]
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=surroundings, start_new_session=True
    )
    try:
        said, complaint = await process.communicate()
    finally:
        await _end(process)
    assert process.returncode == 0, complaint.decode(errors="replace")
    answer: dict[str, Any] = json.loads(said)
    if fault := FAULTS.get(answer.get("fault", "")):
        raise fault(answer["detail"])
    return answer


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


# --- in the child -------------------------------------------------------------------------------------------------


async def _answer(journal: str, contact: str, agent: str | None, until: int) -> dict[str, Any]:
    try:
        store = await SqliteJournal.open(journal, create=False, read_only=True)
        try:
            return as_data(await ask(store, contact, agent, until, _go_on, rows_max=ROWS_MAX))
        finally:
            await store.close()
    except tuple(FAULTS.values()) as fault:
        return {"fault": type(fault).__name__, "detail": str(fault)}


async def _go_on(_row: Row) -> None:
    """Nobody else has anything to do here."""


if __name__ == "__main__":
    os.nice(NICENESS)
    json.dump(asyncio.run(_answer(*json.loads(sys.argv[1]))), sys.stdout, ensure_ascii=False)
