"""`firstline dead-letters`: what was set aside, and why."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from router.adapters.sqlite import SqliteJournal
from router.cli.printing import printable
from router.contract.announcing import rfc3339
from router.ports import DeadLetter


def run(journal: Path, limit: int, *, as_json: bool) -> None:
    """Print them, the newest first. The journal may be in use."""
    letters = asyncio.run(_read(journal, limit))
    if as_json:
        print(json.dumps({"dead_letters": [_plain(letter) for letter in letters]}, ensure_ascii=False))
        return
    for letter in letters:
        shown = {name: printable(text) for name, text in _plain(letter).items()}
        who = f"{shown['source']} {shown['id'] or '(no id)'}"
        print(f"{shown['at']}  {who}  {shown['type'] or '(no type)'}: {shown['reason']}")
        print(f"    {shown['body']}")
    if not letters:
        print("none")


async def _read(journal: Path, limit: int) -> list[DeadLetter]:
    store = await SqliteJournal.open(journal, create=False, read_only=True)
    try:
        return await store.dead_letters(limit)
    finally:
        await store.close()


def _plain(letter: DeadLetter) -> dict[str, str]:
    body = letter.body.decode(errors="replace")
    who = {"source": letter.source, "id": letter.id, "type": letter.kind}
    return {"at": rfc3339(letter.at), **who, "reason": letter.reason, "body": body}
