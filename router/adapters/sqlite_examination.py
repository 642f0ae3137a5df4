"""What stands at a path: looked at before anything is opened for writing, and so that nothing is touched.

SQLite makes shared memory and a write-ahead log beside a journal even for a reader, and writes to them. So what nobody
is writing is examined elsewhere: a journal without a write-ahead log as an immutable file; one with a log, which a
crash left, through a link and a copy of the log in a temporary folder (a copy of both, if that is on another disk).
Beside a service at work all that is there already, and a reader joins in, as every other does.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from router.adapters import sqlite_tables, sqlite_wal
from router.adapters.sqlite_fault import damaged, no_journal, translated
from router.adapters.sqlite_lock import beside, is_in_use
from router.errors import JournalFault

APPLICATION_ID: Final = int.from_bytes(b"FRLN", "big")
SCHEMA_VERSION: Final = 2  # 1 had no checksums, and was in no release
BUSY_TIMEOUT_S: Final = 1.0  # for a stray program that writes: the service itself never makes anybody wait
HEADER_BYTES: Final = 100
VERSIONS: Final = (b"\x02\x02", b"\x01\x01")  # of the file's format: with a write-ahead log; as VACUUM INTO copies it
CONSTANTS: Final = {  # of the file's header, which no release changes (sqlite.org/fileformat2.html, section 1.3)
    20: bytes((0, 64, 32, 32)),  # bytes reserved in each page; fractions of it that a row may fill
    44: bytes((0, 0, 0, 4)),  # the format of the schema
    48: bytes(4),  # the size of the cache
    52: bytes(4),  # no vacuum by itself
    56: bytes((0, 0, 0, 1)),  # all texts are UTF-8
    64: bytes(4),  # no vacuum by steps
    72: bytes(20),  # reserved
}

Stamp = tuple[tuple[int, int, int], ...]


def connect(uri: str) -> sqlite3.Connection:
    """A connection that can compute our checksums."""
    connection = sqlite3.connect(uri, BUSY_TIMEOUT_S, isolation_level=None, uri=True)
    sqlite_tables.teach(connection)
    return connection


# What can be told without SQLite


def look(path: Path, *, read_only: bool, create: bool) -> Path:
    """The path without links. Refuses what can be told without SQLite."""
    with translated(path):
        path = _followed(path)
        if message := _obstacle(path, read_only=read_only, create=create):
            raise JournalFault(message)
        if finding := sqlite_wal.damage(path):  # before SQLite replays it
            raise damaged(path, finding)
        return path


def _followed(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError as error:  # as pathlib has it
        raise JournalFault(f"{path} is a link that leads back to itself: name a file") from error


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
    lock, log = beside(path, "-lock"), beside(path, "-wal")
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


# What SQLite is needed for


def examine(path: Path) -> None:
    """Refuse a file that is not ours, of another schema or damaged. Touches nothing, as long as no service is at work.

    Reads all of it: 1.5 s for a million rows and 1 s for a gigabyte, as measured. What is read later is not checked
    once more: it was whole when it was opened, or a service has written it since.
    """
    with translated(path):
        while not is_in_use(path):
            before = stamp(path)
            fault = _fault_at_rest(path)
            if stamp(path) != before:  # a service began meanwhile, or came and went
                continue
            if fault:
                raise fault
            return
        _examine(path, f"{path.as_uri()}?mode=ro", is_sound=True)  # as it was when the service began


def stamp(path: Path) -> Stamp:
    """What changes whenever the journal does."""
    found = [file.stat() for file in (path, beside(path, "-wal")) if file.exists()]
    return tuple((file.st_ino, file.st_size, file.st_mtime_ns) for file in found)


def _fault_at_rest(path: Path) -> JournalFault | None:
    try:
        is_sound = _is_sound(path)
        with at_rest(path) as uri:
            _examine(path, uri, is_sound=is_sound)
            if finding := _loss(path, uri):
                raise damaged(path, finding)
    except JournalFault as fault:
        return fault
    return None


@contextmanager
def at_rest(path: Path) -> Iterator[str]:
    """The address of a database with the journal's content, which nobody is writing."""
    log = beside(path, "-wal")
    if is_absent(log):
        yield _immutable(path)
        return
    with TemporaryDirectory(prefix="firstline-") as folder:
        copy = Path(folder) / path.name
        try:
            _link_or_copy(path, copy)
            shutil.copyfile(log, beside(copy, "-wal"))  # never a link, as SQLite opens it for writing
        except OSError as error:
            raise JournalFault(
                f"{path} cannot be examined in {copy.parent.parent} ({error.strerror}): "
                "make room there, or let TMPDIR name a folder on the journal's disk"
            ) from error
        yield f"{copy.as_uri()}?mode=ro"


def _immutable(path: Path) -> str:
    """The address of the file alone, whatever is beside it."""
    return f"{path.as_uri()}?mode=ro&immutable=1"


def _link_or_copy(path: Path, copy: Path) -> None:
    try:
        copy.hardlink_to(path)
    except OSError:  # another disk, or one without links
        shutil.copyfile(path, copy)


def _examine(path: Path, uri: str, *, is_sound: bool) -> None:
    with translated(path), closing(connect(uri)) as connection:
        _identify(path, connection)
        if not is_sound:
            raise damaged(path, "its header is not as it was written")
        if finding := sqlite_tables.damage(connection):
            raise damaged(path, finding)


def _loss(path: Path, uri: str) -> str:
    """What the file has and its write-ahead log would take away, as one of another time or another journal does.

    SQLite pours in whatever log stands beside the file, as nothing in either names the other. Where a crash in the
    middle of a checkpoint left the file between two states, it may tell nothing; but never more than with its log.
    """
    try:
        with closing(connect(_immutable(path))) as connection:
            alone = sqlite_tables.tally(connection)
    except sqlite3.Error:
        return ""
    with translated(path), closing(connect(uri)) as connection:
        together = sqlite_tables.tally(connection)
    for table, has, keeps in zip(alone._fields, alone, together, strict=True):
        if keeps < has:
            return f"{path.name}-wal is not its own, or older: of {has} rows of table {table} it would leave {keeps}"
    return ""


def _identify(path: Path, connection: sqlite3.Connection) -> None:
    """Refuse another application's file, and a journal of another schema.

    Both are numbers in the file's header, which has no checksum. The tables bear witness: where they are as this
    release makes them, to the letter, a wrong number is damage. Only a higher version is taken at its word, as we
    cannot know what a later release changes.
    """
    if number(connection, "PRAGMA page_count") == 0:  # SQLite takes a file of one byte for an empty one
        raise no_journal(path)
    application, version = number(connection, "PRAGMA application_id"), number(connection, "PRAGMA user_version")
    if (application, version) == (APPLICATION_ID, SCHEMA_VERSION):
        return
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise JournalFault(
            f"{path} was written by a newer Firstline (schema {version}, this one knows {SCHEMA_VERSION}): "
            "upgrade, or name another file; if none was ever installed it is damaged: restore a copy"
        )
    if sqlite_tables.are_ours(connection):
        raise damaged(path, "its header is not as it was written")
    if application != APPLICATION_ID:
        raise JournalFault(f"{path} belongs to another application: name another file for the journal")
    raise JournalFault(
        f"{path} was written before the first release (schema {version}, this one knows {SCHEMA_VERSION}): "
        "move it away to begin a new one, or name another file"
    )


def _is_sound(path: Path) -> bool:
    """Whether the file's header holds what it always does.

    SQLite takes some of it at its word: another format's version makes it refuse to write, and says so only then. The
    file itself is looked at, even where a write-ahead log has the page anew: these bytes never change. And only of a
    journal at rest, as to close the file would drop the locks of our connections to it (sqlite.org/howtocorrupt.html).
    """
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    return header[18:20] in VERSIONS and all(header[at:].startswith(value) for at, value in CONSTANTS.items())


def number(connection: sqlite3.Connection, query: str) -> int:
    """The one number that a query answers."""
    (answer,) = connection.execute(query).fetchone()
    return int(answer)
