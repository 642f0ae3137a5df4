"""Who may write a journal: the one that holds the lock on `FILE-lock`, which the kernel frees however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from router.adapters.sqlite_fault import translated
from router.errors import JournalFault

TRIES: Final = 5
PAUSE_S: Final = 0.01


def beside(path: Path, suffix: str) -> Path:
    """The file of a journal's that stands beside it: `-wal`, `-shm` or `-lock`."""
    return path.with_name(path.name + suffix)


def is_in_use(path: Path) -> bool:
    """Whether a service holds the journal. Leaves no trace."""
    try:
        descriptor = os.open(beside(path, "-lock"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    except PermissionError:  # who may not ask had better not rely on it
        return True
    try:
        return not _is_taken(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def refuse_in_use(path: Path) -> None:
    """Refuse a second writer before it does anything else."""
    with translated(path):
        if is_in_use(path):
            raise _in_use(path)


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Hold the writer's lock. Its file stays behind, as removing it would race with the next writer."""
    with translated(path):
        descriptor = os.open(beside(path, "-lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with translated(path):
            _take_lock(path, descriptor)
        yield
    finally:
        os.close(descriptor)


def _take_lock(path: Path, descriptor: int) -> None:
    """Lock the open side file and leave our process's number in it, for whoever is refused."""
    if not _is_taken(descriptor, fcntl.LOCK_EX):
        raise _in_use(path)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _in_use(path: Path) -> JournalFault:
    holder = beside(path, "-lock").read_text(errors="replace").strip() or "unknown"
    return JournalFault(f"{path} is in use by another service (process {holder}): stop it, or name another file")


def _is_taken(descriptor: int, kind: int) -> bool:
    """Take the lock if it can be had. Whoever asks `is_in_use` holds it for a moment, which is worth another try."""
    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if left and kind == fcntl.LOCK_EX:
                time.sleep(PAUSE_S)
        else:
            return True
    return False
