"""The journal's file: crashes, failing disks, damage, and files that are not ours."""

# ruff: noqa: ASYNC220, ASYNC240  -- the loop of a test serves nobody whom a look at the disk would keep waiting

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from router.adapters.sqlite import SqliteJournal
from router.adapters.sqlite_examination import APPLICATION_ID, SCHEMA_VERSION
from router.errors import JournalFault
from router.ports import Batch
from tests.journals import batch, content, log, row

ROOT = Path(__file__).parents[1]
NOBODY = 65534


async def make(path: Path) -> None:
    """Make a journal of three rows and close it."""
    journal = await SqliteJournal.open(path)
    await journal.append(batch(1, 3))
    await journal.close()


CHILD = """
import asyncio, sys
from router.adapters.sqlite import SqliteJournal
from tests.journals import batch

async def main():
    journal = await SqliteJournal.open(sys.argv[1])
    first = 1
    while True:
        await journal.append(batch(first, first + 6))
        await journal.save_announced(first + 6)
        print(first + 6, flush=True)
        first += 7

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledgements", [1, 2, 5, 30, 100])
async def test_kill_9_loses_no_acknowledged_batch(tmp_path: Path, acknowledgements: int) -> None:
    """After a kill in the middle of appends each batch is whole or absent, and those acknowledged are there."""
    path = tmp_path / "journal.db"
    with subprocess.Popen([sys.executable, "-c", CHILD, path], cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _ in range(acknowledgements):
            child.stdout.readline()
        child.kill()
        acknowledged = 7 * (acknowledgements + len(child.stdout.read().splitlines()))
    journal = await SqliteJournal.open(path)
    seqs = await log(journal)
    batches = [batch(last - 6, last) for last in seqs[6::7]]
    assert list(range(1, len(seqs) + 1)) == seqs
    assert (0, True) == (len(seqs) % 7, len(seqs) >= acknowledged)
    assert [value for part in batches for value in part.personal] == await journal.personal()
    assert len(batches) == len(await journal.outcomes([("pbx", f"m{last}") for last in seqs[6::7]]))
    assert len(batches) == len(await journal.dead_letters(limit=len(seqs) + 1))
    assert len(seqs) >= await journal.announced() >= acknowledged - 7
    await journal.append(batch(len(seqs) + 1, len(seqs) + 1))
    await journal.close()


async def test_a_crashed_journal_can_be_read_before_it_is_recovered(tmp_path: Path) -> None:
    """A reader finds what was committed, and leaves the write-ahead log to the next writer."""
    before = await crashed(tmp_path)
    reader = await SqliteJournal.open(tmp_path / "journal.db", read_only=True)
    assert [1, 2, 3] == await log(reader)
    await reader.close()
    assert before == contents(tmp_path)


async def test_a_cancelled_append_is_whole(tmp_path: Path) -> None:
    """A caller that stops waiting does not stop the transaction halfway, and the journal goes on behind it."""
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await journal.append(Batch([row(seq) for seq in range(1, 5_001)]))
    await journal.append(batch(5_001, 5_001))
    assert list(range(1, 5_002)) == await log(journal)
    await journal.close()


async def test_a_disk_that_fails_midway_leaves_all_as_before(tmp_path: Path) -> None:
    """The append is rolled back; once there is room again, the journal goes on."""
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    await journal.append(batch(1, 3))
    before = await content(journal)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(JournalFault, match=r"cannot be read or written|is full"):
            await journal.append(Batch([row(seq) for seq in range(4, 9_000)]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert before == await content(journal)
    await journal.append(batch(4, 4))
    assert [1, 2, 3, 4] == await log(journal)
    await journal.close()


@asynccontextmanager
async def read_only_folder() -> AsyncIterator[Path]:
    """Make a folder with a closed journal that cannot be written, not even by root, who becomes nobody meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await make(folder / "journal.db")
        (folder / "journal.db-lock").unlink()
        (folder / "journal.db").chmod(0o444)
        folder.chmod(0o555)
        is_root = os.getuid() == 0
        if is_root:
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield folder
        finally:
            if is_root:
                os.setresuid(0, 0, 0)
            folder.chmod(0o755)


async def test_a_read_only_disk_is_read_but_not_written() -> None:
    """Questions are answered from it; a service, or a new journal, is refused with what to do."""
    async with read_only_folder() as folder:
        before = contents(folder)
        reader = await SqliteJournal.open(folder / "journal.db", read_only=True)
        seqs = await log(reader)
        await reader.close()
        with pytest.raises(JournalFault) as old:
            await SqliteJournal.open(folder / "journal.db")
        with pytest.raises(JournalFault) as new:
            await SqliteJournal.open(folder / "new.db")
        after = contents(folder)
    assert ([1, 2, 3], before) == (seqs, after)
    for fault in (old, new):
        assert "cannot be written (read-only disk, folder or file): make it writable" in str(fault.value)


# Files that are no journals, or not ours. Each maker leaves something at the path.


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All that is in a folder, itself included: when it was changed last, and what it holds."""
    found = [folder, *sorted(folder.rglob("*"))]
    return {str(at): (at.stat().st_mtime_ns, at.read_bytes() if at.is_file() else b"") for at in found}


def contents(folder: Path) -> dict[str, bytes]:
    """Read all that matters in a folder: not locks and shared memory, nor an empty write-ahead log."""
    files = {found.name: found.read_bytes() for found in folder.iterdir() if found.is_file()}
    beside = ("-lock", "-shm")
    return {name: data for name, data in files.items() if not name.endswith(beside) and (data or "-" not in name)}


async def crashed(folder: Path) -> dict[str, bytes]:
    """Make the journal of a crash, whose rows are still in the write-ahead log alone, and return the files."""
    (folder / "live").mkdir()
    live = await SqliteJournal.open(folder / "live" / "journal.db")
    await live.append(batch(1, 3))
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(folder / "live" / name, folder / name)
    await live.close()
    return contents(folder)


def execute(path: Path, statement: str) -> None:
    """Change a file behind the journal's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def overwrite(path: Path, at: int, value: bytes) -> None:
    """Put other bytes into a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(value)


async def text_file(path: Path) -> None:
    """Somebody's notes."""
    path.write_text("Dear diary, " * 1_000)


async def other_application(path: Path) -> None:
    """A database, but not of this project."""
    execute(path, "CREATE TABLE message (body TEXT)")


async def newer_schema(path: Path) -> None:
    """A journal as a later version may write it, the change still in its write-ahead log."""
    await crashed(path.parent)
    with closing(sqlite3.connect(path.with_name("live") / "journal.db", isolation_level=None)) as connection:
        connection.execute("ALTER TABLE event ADD COLUMN signature BLOB")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(path.with_name("live") / name, path.with_name(name))


async def older_schema(path: Path) -> None:
    """A journal from before the first release."""
    await make(path)
    execute(path, "ALTER TABLE event DROP COLUMN checksum")
    execute(path, "PRAGMA user_version = 1")


async def one_byte(path: Path) -> None:
    """A journal of which one byte is left, which SQLite takes for an empty one."""
    await make(path)
    os.truncate(path, 1)


async def nothing_left(path: Path) -> None:
    """A journal that was cut to nothing, its lock beside it."""
    await make(path)
    os.truncate(path, 0)


async def other_version(path: Path) -> None:
    """A journal of which nothing but its number says that it is of a later schema."""
    await make(path)
    execute(path, f"PRAGMA user_version = {SCHEMA_VERSION | 8}")


async def zero_version(path: Path) -> None:
    """A journal in whose header a bit of the schema's number flipped."""
    await make(path)
    execute(path, f"PRAGMA user_version = {SCHEMA_VERSION & ~2}")


async def other_format(path: Path) -> None:
    """A journal in whose header the version that a writer must know flipped, for which SQLite would refuse to write."""
    await crashed(path.parent)
    overwrite(path, 18, b"\x03")


async def other_encoding(path: Path) -> None:
    """A journal in whose header UTF-8 became UTF-16."""
    await make(path)
    overwrite(path, 59, b"\x03")


async def other_owner(path: Path) -> None:
    """A journal in whose header a bit of the application's number flipped."""
    await make(path)
    execute(path, f"PRAGMA application_id = {APPLICATION_ID ^ 64}")


async def truncated(path: Path) -> None:
    """A journal of which a copy ended early."""
    await make(path)
    os.truncate(path, path.stat().st_size // 2)


async def overwritten(path: Path) -> None:
    """A journal with a page of rubbish where its rows were."""
    await make(path)
    overwrite(path, 4_096, b"\xa5" * 4_096)


async def beheaded(path: Path) -> None:
    """A journal without its first page."""
    await make(path)
    overwrite(path, 0, bytes(4_096))


async def folder(path: Path) -> None:
    """A folder where the file should be."""
    path.mkdir()


@pytest.mark.parametrize("read_only", [False, True], ids=["service", "reader"])
@pytest.mark.parametrize(
    ("leave", "sentence"),
    [
        (text_file, "is not a journal, or damaged where it begins: name another file"),
        (other_application, "belongs to another application: name another file"),
        (newer_schema, r"was written by a newer Firstline \(schema 3, this one knows 2\): upgrade"),
        (older_schema, r"was written before the first release \(schema 1, this one knows 2\): move it away"),
        (one_byte, "is not a journal, or damaged where it begins: name another file, or restore a copy"),
        (
            nothing_left,
            r"is empty and was a journal, as journal\.db-lock is beside it: restore a copy, or move both away",
        ),
        (other_version, r"was written by a newer Firstline \(schema 10, this one knows 2\): upgrade"),
        (zero_version, r"is damaged \(its header is not as it was written\): restore a copy"),
        (other_format, r"is damaged \(its header is not as it was written\): restore a copy"),
        (other_encoding, r"is damaged \(the definitions of its tables are not as they were written\): restore a copy"),
        (other_owner, r"is damaged \(its header is not as it was written\): restore a copy"),
        (truncated, r"is damaged \(.+\): restore a copy"),
        (overwritten, r"is damaged \(.+\): restore a copy"),
        (beheaded, "is not a journal, or damaged where it begins: name another file, or restore a copy"),
        (folder, "is a folder: name a file"),
    ],
)
async def test_what_is_not_our_journal_is_left_alone(
    tmp_path: Path, leave: Callable[[Path], Awaitable[None]], sentence: str, *, read_only: bool
) -> None:
    """One sentence says what is wrong and what to do; no byte and no time of change is another, and nothing is new."""
    path = tmp_path / "journal.db"
    await leave(path)
    before = state(tmp_path)
    with pytest.raises(JournalFault, match=sentence) as fault:
        await SqliteJournal.open(path, read_only=read_only)
    assert (str(path), 1) == (str(fault.value)[: len(str(path))], len(str(fault.value).splitlines()))
    assert before == state(tmp_path)


@pytest.mark.parametrize("options", [{"create": False}, {"read_only": True}])
@pytest.mark.parametrize("leave", ["nothing", "an empty file"])
async def test_a_reader_makes_no_journal(tmp_path: Path, options: dict[str, bool], leave: str) -> None:
    """Where there is none, only a service that may create one does; a wrong name leaves no trace."""
    path = tmp_path / "journal.db"
    if leave == "an empty file":
        path.touch()
    before = contents(tmp_path)
    with pytest.raises(JournalFault, match=r"there is no journal at .*: check the name"):
        await SqliteJournal.open(path, **options)
    assert before == contents(tmp_path)


async def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    """A mistyped folder is a mistake to be told, not to be filled."""
    with pytest.raises(JournalFault, match=r"there is no folder .*missing for the journal: make it"):
        await SqliteJournal.open(tmp_path / "missing" / "journal.db")
    assert [] == list(tmp_path.iterdir())


async def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    """A place prepared by `touch` is no obstacle, and the making leaves nothing else behind."""
    (tmp_path / "journal.db").touch()
    await make(tmp_path / "journal.db")
    assert ["journal.db", "journal.db-lock"] == sorted(found.name for found in tmp_path.iterdir())


async def test_an_orphaned_write_ahead_log_is_not_poured_into_a_new_journal(tmp_path: Path) -> None:
    """Where only half of a journal was deleted, the other half is somebody's rows: told, and left alone."""
    await crashed(tmp_path)
    (tmp_path / "journal.db").unlink()
    before = contents(tmp_path)
    with pytest.raises(JournalFault, match=r"journal\.db is gone but its write-ahead log journal\.db-wal is not"):
        await SqliteJournal.open(tmp_path / "journal.db")
    assert before == contents(tmp_path)


async def test_a_link_leads_to_the_same_journal(tmp_path: Path) -> None:
    """Two names for one file are still one writer; a name with signs that mean something in an address is a name."""
    path = tmp_path / "a b?c#d%20.db"
    (tmp_path / "link.db").symlink_to(path)
    journal = await SqliteJournal.open(path)
    with pytest.raises(JournalFault, match="in use"):
        await SqliteJournal.open(tmp_path / "link.db")
    await journal.close()
    assert path.is_file()


async def test_damage_found_while_reading_is_a_fault(tmp_path: Path) -> None:
    """What breaks after the opening is told as plainly as what was broken before."""
    path = tmp_path / "journal.db"
    await make(path)
    reader = await SqliteJournal.open(path, read_only=True)
    os.truncate(path, 4_096)
    with pytest.raises(JournalFault, match="is damaged"):
        await log(reader)
    await reader.close()


async def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    """A pipe or a device is no place for a journal, and is not replaced by one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(JournalFault, match="is a device, a pipe or a socket: name a file"):
        await SqliteJournal.open(pipe)
    assert ([pipe], True) == (list(tmp_path.iterdir()), pipe.is_fifo())


@pytest.mark.parametrize("options", [{}, {"read_only": True}])
@pytest.mark.parametrize("name", ["journal.db", "journal.db/below.db"])
async def test_a_link_to_itself_is_refused(tmp_path: Path, options: dict[str, bool], name: str) -> None:
    """A link that leads nowhere but to itself, as a file or as a folder, is no place for a journal."""
    link = tmp_path / "journal.db"
    link.symlink_to(link)
    with pytest.raises(JournalFault, match="is a link that leads back to itself: name a file"):
        await SqliteJournal.open(tmp_path / name, **options)
    assert ([link], True) == (list(tmp_path.iterdir()), link.is_symlink())
