"""The journal's file: how a new one is made, how a service claims one, and a connection's thread.

What is refused, and how that is found without touching it, is in `sqlite_examination.py`; the tables are
`sqlite_tables.py`'s, and what goes into them `sqlite.py`'s.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import aiosqlite

from router.adapters import sqlite_tables
from router.adapters.sqlite_examination import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    Stamp,
    connect,
    examine,
    is_absent,
    look,
    stamp,
)
from router.adapters.sqlite_fault import translated
from router.adapters.sqlite_lock import beside, only_writer, refuse_in_use

T = TypeVar("T")

Judge = Callable[[Path], Awaitable[object]]
"""What raises a `JournalFault` about a journal that is whole, but not the caller's to go on with."""

IDENTITY: Final = f"""
    PRAGMA journal_mode = WAL;
    PRAGMA application_id = {APPLICATION_ID};
    PRAGMA user_version = {SCHEMA_VERSION};
"""


class Connection(aiosqlite.Connection):
    """A connection on a thread of its own, to which whole functions are handed.

    aiosqlite's public calls are a statement each: a transaction would be half a dozen trips to the thread, and a
    cancelled caller would leave it open. `_execute` and `_conn` are what its own calls are made of; used only here.
    """

    def __init__(self, path: Path, uri: str) -> None:
        self._path = path
        super().__init__(lambda: connect(uri), iter_chunk_size=1)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work` with the connection, on its thread."""
        with translated(self._path):
            # A closure, as aiosqlite logs what it executes at level DEBUG, and arguments may be personal values.
            result: T = await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call]
            return result


@asynccontextmanager
async def connected(path: Path, mode: str) -> AsyncIterator[Connection]:
    """Open a connection, "rw" or "ro", and close it behind the block."""
    if mode == "ro" and _is_frozen(path):
        mode = "ro&immutable=1"  # without it SQLite insists on making the shared memory it shares with nobody
    async with connected_by(path, f"{path.as_uri()}?mode={mode}") as connection:
        yield connection


@asynccontextmanager
async def connected_by(path: Path, uri: str) -> AsyncIterator[Connection]:
    """The same, by an address that has the content of the journal at `path`."""
    with translated(path):
        connection = await Connection(path, uri)
    try:
        yield connection  # type: ignore[misc]  # aiosqlite says Connection where it returns itself
    finally:
        await connection.close()


def _is_frozen(path: Path) -> bool:
    """Whether nobody can be writing: a folder that cannot be written, without a write-ahead log or shared memory."""
    return not (os.access(path.parent, os.W_OK) or beside(path, "-wal").exists() or beside(path, "-shm").exists())


@asynccontextmanager
async def claimed(path: Path, *, create: bool, judge: Judge | None = None) -> AsyncIterator[Path]:
    """Hold the writer's lock on a journal that is whole, or yet to be made. What is refused is not touched.

    So the lock, which makes or writes a file, comes after the examination, and after the caller may `judge` what a
    whole journal says; who changed the journal in between has it examined again.
    """
    path = await asyncio.to_thread(look, path, read_only=False, create=create)
    refuse_in_use(path)
    examined = await asyncio.to_thread(_examined, path)
    if judge and not is_absent(path):
        await judge(path)
    with only_writer(path):
        if stamp(path) != examined:
            await asyncio.to_thread(_examined, path)
        yield path


def _examined(path: Path) -> Stamp:
    """What the journal was stamped with when its examination began, or an absent one is."""
    found = stamp(path)
    if not is_absent(path):
        examine(path)
    return found


def create_if_absent(path: Path) -> None:
    """Make an empty journal in a folder of its own and move it into place: a crash leaves a whole one or none."""
    if not is_absent(path):
        return
    with translated(path), TemporaryDirectory(prefix=f"{path.name}-", dir=path.parent) as folder:
        new = Path(folder) / path.name
        new.touch(0o600)  # it will hold personal values
        with closing(connect(new.as_uri())) as connection:
            connection.executescript(IDENTITY)
            sqlite_tables.make(connection)
        new.replace(path)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a file's new name as durable as its content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# On the threads.


def file_of(connection: sqlite3.Connection) -> Path:
    """The file behind a connection."""
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])
