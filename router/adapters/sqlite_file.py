"""The journal's file: what stands at a path, how a new one is made, who may write it, and a connection's thread.

Its tables are `sqlite_tables.py`'s, and what goes into them `sqlite.py`'s. Every error of SQLite or of the disk leaves
as a `JournalFault`, in one sentence.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

import aiosqlite

from router.adapters import sqlite_tables, sqlite_wal
from router.errors import JournalFault

T = TypeVar("T")

APPLICATION_ID: Final = int.from_bytes(b"FRLN", "big")
SCHEMA_VERSION: Final = 2  # 1 had no checksums, and was in no release
BUSY_TIMEOUT_S: Final = 1.0  # for a stray program that writes: the service itself never makes anybody wait

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

    def __init__(self, path: Path, mode: str) -> None:
        self._path = path
        uri = f"{path.as_uri()}?mode={mode}"
        super().__init__(lambda: _connect(uri), iter_chunk_size=1)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work` with the connection, on its thread."""
        with _translated(self._path):
            # A closure, as aiosqlite logs what it executes at level DEBUG, and arguments may be personal values.
            result: T = await self._execute(lambda: work(self._conn))  # type: ignore[no-untyped-call]
            return result


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, BUSY_TIMEOUT_S, isolation_level=None, uri=True)
    sqlite_tables.teach(connection)
    return connection


@asynccontextmanager
async def connected(path: Path, mode: str) -> AsyncIterator[Connection]:
    """Open a connection, "rw" or "ro", and close it behind the block."""
    if mode == "ro" and _is_frozen(path):
        mode = "ro&immutable=1"  # without it SQLite insists on making the shared memory it shares with nobody
    with _translated(path):
        connection = await Connection(path, mode)
    try:
        yield connection  # type: ignore[misc]  # aiosqlite says Connection where it returns itself
    finally:
        await connection.close()


def _is_frozen(path: Path) -> bool:
    """Whether nobody can be writing: a folder that cannot be written, without a write-ahead log or shared memory."""
    return not (os.access(path.parent, os.W_OK) or _beside(path, "-wal").exists() or _beside(path, "-shm").exists())


@asynccontextmanager
async def claimed(path: Path, *, create: bool) -> AsyncIterator[Path]:
    """Hold the writer's lock on a journal that is whole, or yet to be made. Makes and changes nothing but the lock."""
    path = await asyncio.to_thread(look, path, read_only=False, create=create)
    if not is_absent(path):
        await examine(path, identify)  # a lock is left beside no file of others
    with only_writer(path):
        if not is_absent(path):
            await examine(path, check)
        yield path


async def examine(path: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    """Look at a file through a connection that cannot change it, and is gone before another can."""
    async with connected(path, "ro") as connection:
        await connection.run(work)


# Opening: what stands at the path?


def look(path: Path, *, read_only: bool, create: bool) -> Path:
    """The path without links. Refuses what can be told without SQLite."""
    with _translated(path):
        path = path.resolve()
        if message := _obstacle(path, read_only=read_only, create=create):
            raise JournalFault(message)
        if finding := sqlite_wal.damage(path):  # before SQLite replays it
            raise damaged(path, finding)
        return path


def _obstacle(path: Path, *, read_only: bool, create: bool) -> str:
    """Why there can be no journal at `path`, or nothing."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent} for the journal: make it, or name another file"
    if path.exists() and not path.is_file():
        return f"{path} is {'a folder' if path.is_dir() else 'a device, a pipe or a socket'}: name a file"
    if is_absent(path) and (message := _remains(path)):
        return message
    if is_absent(path) and (read_only or not create):
        return f"there is no journal at {path}: check the name, or start a service to make one"
    if not read_only and not _is_writable(path):
        return f"{path} cannot be written (read-only disk, folder or file): make it writable, or name another file"
    return ""


def _remains(path: Path) -> str:
    """What is left of a journal that is absent, if it should not be.

    An empty file is a place prepared, by `touch` or `mktemp`, unless a lock stands beside it: every service leaves one,
    and none an empty journal, as they are born whole. So it was one, and was cut to nothing. Where there is no file at
    all, somebody moved it away or removed it; the lock alone does not keep a new one from beginning.
    """
    lock, log = _beside(path, "-lock"), _beside(path, "-wal")
    if not is_absent(log):  # SQLite would pour it into the new journal
        return f"{path} is gone but its write-ahead log {log.name} is not: restore it, or move both away"
    if path.exists() and lock.exists():
        return f"{path} is empty and was a journal, as {lock.name} is beside it: restore a copy, or move both away"
    return ""


def is_absent(path: Path) -> bool:
    """Tell whether there is no such file, or an empty one."""
    return not path.exists() or path.stat().st_size == 0


def _is_writable(path: Path) -> bool:
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def identify(connection: sqlite3.Connection) -> None:
    """Refuse another application's file, and a journal of another schema.

    Both are numbers in the file's header, which has no checksum. The tables bear witness: where they are as this
    release makes them, to the letter, a wrong number is damage, as a schema's number never changes without its tables.
    """
    path = file_of(connection)
    if number(connection, "PRAGMA page_count") == 0:  # SQLite takes a file of one byte for an empty one
        raise _no_journal(path)
    application, version = number(connection, "PRAGMA application_id"), number(connection, "PRAGMA user_version")
    if (application, version) == (APPLICATION_ID, SCHEMA_VERSION):
        return
    if sqlite_tables.are_ours(connection):
        raise damaged(path, "its header is not as it was written")
    if application != APPLICATION_ID:
        raise JournalFault(f"{path} belongs to another application: name another file for the journal")
    if version > SCHEMA_VERSION:
        raise JournalFault(
            f"{path} was written by a newer Firstline (schema {version}, this one knows {SCHEMA_VERSION}): "
            "upgrade, or name another file"
        )
    raise JournalFault(
        f"{path} was written before the first release (schema {version}, this one knows {SCHEMA_VERSION}): "
        "move it away to begin a new one, or name another file"
    )


def check(connection: sqlite3.Connection) -> None:
    """Refuse a damaged file, before anything is opened for writing.

    Reads all of it: 1.5 s for a million rows and 1 s for a gigabyte, as measured. What is read later is not checked
    once more: it was whole when it was opened, or we have written it since.
    """
    if finding := sqlite_tables.damage(connection):
        raise damaged(file_of(connection), finding)


def create_if_absent(path: Path) -> None:
    """Make an empty journal in a folder of its own and move it into place: a crash leaves a whole one or none."""
    if not is_absent(path):
        return
    with _translated(path), TemporaryDirectory(prefix=f"{path.name}-", dir=path.parent) as folder:
        new = Path(folder) / path.name
        new.touch(0o600)  # it will hold personal values
        with closing(_connect(new.as_uri())) as connection:
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


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the writer's lock. Its file stays behind, as removing it would race with the next writer."""
    with _translated(path):
        descriptor = os.open(_beside(path, "-lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with _translated(path):
            _take_lock(path, descriptor)
        yield
    finally:
        os.close(descriptor)


def _take_lock(path: Path, descriptor: int) -> None:
    """Lock the open side file and leave our process's number in it, for whoever is refused."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        raise JournalFault(
            f"{path} is in use by another service (process {holder}): stop it, or name another file"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


# On the threads.


def number(connection: sqlite3.Connection, query: str) -> int:
    """The one number that a query answers."""
    (answer,) = connection.execute(query).fetchone()
    return int(answer)


def file_of(connection: sqlite3.Connection) -> Path:
    """The file behind a connection."""
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])


# Faults: SQLite's words in ours.


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise our_own(path, f"it refuses what it was given ({error})") from error
    except sqlite3.Error as error:
        raise _fault(path, error) from error
    except UnicodeDecodeError as error:  # SQLite quotes the damage that it found
        raise damaged(path, "a name or a text in it is not UTF-8") from error
    except OSError as error:
        raise JournalFault(
            f"{path} cannot be used ({error.strerror}): check its permissions, or name another file"
        ) from error


def _fault(path: Path, error: sqlite3.Error) -> JournalFault:
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest is SQLite's extended code
    match primary:
        case sqlite3.SQLITE_NOTADB:
            return _no_journal(path)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_ERROR:
            return damaged(path, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalFault(f"{path} is being written by another program: close it, or name another file")
        case sqlite3.SQLITE_FULL:
            return JournalFault(f"the disk of {path} is full; nothing was written: make room and start again")
        case _:
            return JournalFault(f"{path} cannot be read or written ({error}): check the disk and its permissions")


def _no_journal(path: Path) -> JournalFault:
    return JournalFault(f"{path} is not a journal, or damaged where it begins: name another file, or restore a copy")


def damaged(path: Path, finding: str) -> JournalFault:
    """The fault of a journal whose content cannot be trusted. `finding` says why; it may quote the damage."""
    said = " ".join("".join(sign if sign.isprintable() else " " for sign in finding).split())
    return JournalFault(f"{path} is damaged ({said}): restore a copy, or move it away to begin a new one")


def our_own(path: Path, what: str) -> JournalFault:
    """The fault of a caller who wants what cannot be: none that comes from outside gets as far as this."""
    return JournalFault(f"{path}: {what}; nothing was written: this is our own fault, please report it")
