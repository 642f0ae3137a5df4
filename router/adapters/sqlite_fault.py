"""What is wrong with a journal's file: every error of SQLite or of the disk in one sentence, with what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from router.errors import JournalFault


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Let every error of SQLite or of the disk leave as a `JournalFault` about the journal at `path`."""
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
            return no_journal(path)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_ERROR:
            return damaged(path, _finding(str(error)))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalFault(f"{path} is being written by another program: close it, or name another file")
        case sqlite3.SQLITE_FULL:
            return JournalFault(f"the disk of {path} is full; nothing was written: make room and start again")
        case _:
            return JournalFault(f"{path} cannot be read or written ({error}): check the disk and its permissions")


def _finding(message: str) -> str:
    """What SQLite says, without its quotations from the definitions of tables: they may be garbled by the damage."""
    about = "malformed database schema"
    return "the definitions of its tables are not as they were written" if message.startswith(about) else message


def no_journal(path: Path) -> JournalFault:
    """The fault of a file that does not begin like a database."""
    return JournalFault(f"{path} is not a journal, or damaged where it begins: name another file, or restore a copy")


def damaged(path: Path, finding: str) -> JournalFault:
    """The fault of a journal whose content cannot be trusted. `finding` says why; it may quote the damage."""
    said = " ".join("".join(sign if sign.isprintable() else " " for sign in finding).split())
    return JournalFault(f"{path} is damaged ({said}): restore a copy, or move it away to begin a new one")


def our_own(path: Path, what: str) -> JournalFault:
    """The fault of a caller who wants what cannot be: none that comes from outside gets as far as this."""
    return JournalFault(f"{path}: {what}; nothing was written: this is our own fault, please report it")
