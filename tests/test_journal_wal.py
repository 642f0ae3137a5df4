"""Damage in the write-ahead log: told from what a crash leaves, before SQLite passes over it."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.adapters import sqlite_wal
from router.adapters.sqlite import SqliteJournal
from router.errors import JournalFault
from tests.conftest import ROOT
from tests.journals import batch, content

TRANSACTIONS = 12
FRAME_BYTES = 24 + 4_096
Files = tuple[bytes, bytes]

# A writer that says when it is done and is killed before it can close; `checkpoint` makes it begin its log again.
WRITER = """
import asyncio, sys
from router.adapters.sqlite import SqliteJournal
from tests.journals import batch

async def main(path, first, last, checkpoint):
    journal = await SqliteJournal.open(path)
    for number in range(int(first), int(last) + 1):
        if str(number) == checkpoint:
            await journal.checkpoint()
        await journal.append(batch(number, number))
    print("written", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


def written(path: Path, last: int = TRANSACTIONS, *, first: int = 1, checkpoint: int = 0) -> None:
    """Append rows, one in a transaction, in a process that is then killed."""
    words = [sys.executable, "-c", WRITER, str(path), str(first), str(last), str(checkpoint)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert b"written\n" == child.stdout.readline()
        child.kill()


def files(path: Path) -> Files:
    """The bytes of a journal and of its write-ahead log."""
    return path.read_bytes(), log_of(path).read_bytes()


def log_of(path: Path) -> Path:
    """The write-ahead log of a journal."""
    return path.with_name(f"{path.name}-wal")


@contextmanager
def journal_of(journal: bytes, log: bytes) -> Iterator[Path]:
    """A journal in a folder of its own."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        path.write_bytes(journal)
        log_of(path).write_bytes(log)
        yield path


async def read(path: Path, *, read_only: bool = True) -> tuple[object, ...]:
    """What a journal holds."""
    journal = await SqliteJournal.open(path, read_only=read_only)
    try:
        return await content(journal)
    finally:
        await journal.close()


@cache
def killed(last: int = TRANSACTIONS, checkpoint: int = 0) -> Files:
    """What is left of a writer that was killed."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        written(path, last, checkpoint=checkpoint)
        return files(path)


@cache
def held(last: int = TRANSACTIONS) -> tuple[object, ...]:
    """What it held."""
    with journal_of(*killed(last)) as path:
        return asyncio.run(read(path))


@cache
def commits() -> list[int]:
    """Where in the log each of the transactions ends, in frames; the last are ours, the first the making's."""
    log = killed()[1]
    frames = range((len(log) - 32) // FRAME_BYTES)
    return [at + 1 for at in frames if any(log[32 + at * FRAME_BYTES + 4 :][:4])]


def flipped(log: bytes, at: int, mask: int = 1) -> bytes:
    """The log with bits of one byte flipped."""
    return log[:at] + bytes([log[at] ^ mask]) + log[at + 1 :]


def zeroed(log: bytes, at: int, size: int) -> bytes:
    """The log with zeros in a place, as far as it reaches."""
    return log[:at] + bytes(len(log[at : at + size])) + log[at + size :]


@settings(deadline=None, max_examples=300)
@given(at=st.integers(0, len(killed()[1]) - 1), bit=st.integers(0, 7), read_only=st.booleans())
@example(at=32, bit=0, read_only=True)  # the first frame's page
@example(at=32 + 20, bit=0, read_only=False)  # and checksum
def test_any_bit_of_a_log_may_flip(at: int, bit: int, *, read_only: bool) -> None:
    """Either the journal is refused and left alone, or everything is there but at most the last transaction."""
    journal, log = killed()
    with journal_of(journal, flipped(log, at, 1 << bit)) as path:
        before = files(path)
        try:
            found = asyncio.run(read(path, read_only=read_only))
        except JournalFault as fault:
            refused = str(fault)
        else:
            refused = ""
            assert found in (held(), held(TRANSACTIONS - 1))
            assert found == held() or at >= 32 + commits()[-2] * FRAME_BYTES
        assert not refused or (before, True) == (files(path), refused.startswith(f"{path} is damaged ("))


@settings(deadline=None, max_examples=60)
@given(at=st.integers(0, 31), bit=st.integers(0, 7))
def test_any_bit_of_the_header_may_flip(at: int, bit: int) -> None:
    """A header that fails would lose all: it is told."""
    journal, log = killed()
    with (
        journal_of(journal, flipped(log, at, 1 << bit)) as path,
        pytest.raises(JournalFault, match=r"is damaged \(the header of journal\.db-wal is not as it was written\)"),
    ):
        asyncio.run(read(path))


@settings(deadline=None, max_examples=150)
@given(data=st.data(), size=st.sampled_from([512, 4_096]), read_only=st.booleans())
def test_any_sector_or_page_of_a_log_may_be_zeroed(data: st.DataObject, size: int, *, read_only: bool) -> None:
    """It is refused, or all is there but the last transaction, and the one before if its end was hit as well."""
    journal, log = killed()
    at = data.draw(st.integers(0, (len(log) - 1) // size)) * size
    last = 32 + commits()[-2] * FRAME_BYTES
    hides = at < last - FRAME_BYTES + 24 and at + size > last - FRAME_BYTES
    allowed = [held()]
    allowed += [held(TRANSACTIONS - 1)] if at + size > last else []
    allowed += [held(TRANSACTIONS - 2)] if hides or at < last < at + size else []
    with journal_of(journal, zeroed(log, at, size)) as path:
        before = files(path)
        try:
            found = asyncio.run(read(path, read_only=read_only))
        except JournalFault as fault:
            refused = str(fault)
        else:
            refused = ""
            assert found in allowed
        assert not refused or (before, True) == (files(path), refused.startswith(f"{path} is damaged ("))


@pytest.mark.parametrize("checkpoint", [0, 2, TRANSACTIONS])
@pytest.mark.parametrize("size", [33, 56, 512, 4_096, 8_192, 10**9])
def test_zeros_from_the_header_on_are_damage(size: int, checkpoint: int) -> None:
    """However far they reach, and even where a log of before is behind them: no crash leaves them."""
    journal, log = killed(TRANSACTIONS, checkpoint)
    with journal_of(journal, zeroed(log, 0, size)) as path:
        assert "the header of journal.db-wal is not as it was written" == sqlite_wal.damage(path)


@pytest.mark.parametrize("checkpoint", [0, 2, TRANSACTIONS])
@pytest.mark.parametrize("field", range(0, 24, 2))
@pytest.mark.parametrize("frame", [1, 2, 3, 6])
def test_a_header_and_a_frame_may_fail_together(frame: int, field: int, checkpoint: int) -> None:
    """A bit of the log's header and one of a frame's do not hide what the journal lacks."""
    journal, log = killed(TRANSACTIONS, checkpoint)
    damaged = flipped(flipped(log, 3, 8), 32 + (frame - 1) * FRAME_BYTES + field)
    with journal_of(journal, damaged) as path:
        assert "the header of journal.db-wal is not as it was written" == sqlite_wal.damage(path)


@pytest.mark.parametrize("header", [bytes(32), b"\xff" * 32])
def test_a_header_without_a_frame_is_no_damage(header: bytes) -> None:
    """There was no room for a commit: nothing is lost."""
    journal, log = killed()
    with journal_of(journal, header + log[32 : 32 + FRAME_BYTES - 1]) as path:
        assert "" == sqlite_wal.damage(path)


@pytest.mark.parametrize("field", [0, 4, 7, 8, 15, 16, 23, 24, 4_119])
@pytest.mark.parametrize("transaction", range(2, TRANSACTIONS + 1))
def test_a_bad_commit_is_told_where_another_follows(transaction: int, field: int) -> None:
    """Whatever is wrong with a transaction's last frame: but for the last transaction, whose end a crash may tear."""
    journal, log = killed()
    frame = commits()[transaction - TRANSACTIONS - 1]
    with journal_of(journal, flipped(log, 32 + (frame - 1) * FRAME_BYTES + field)) as path:
        told = f"frame {frame} of journal.db-wal is not as it was written, and whole transactions follow it"
        assert ("" if transaction == TRANSACTIONS else told) == sqlite_wal.damage(path)


@settings(deadline=None, max_examples=60)
@given(kept=st.integers(0, len(killed()[1])))
def test_a_log_that_ends_early_is_a_crash(kept: int) -> None:
    """What was written first is there, and nobody is told of damage."""
    journal, log = killed()
    with journal_of(journal, log[:kept]) as path:
        assert "" == sqlite_wal.damage(path)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_power_cut_tears_the_last_transaction(data: st.DataObject) -> None:
    """Whichever sectors of it were not written, zeros where they should be: that is a crash, and loses it alone."""
    journal, log = killed()
    begin = 32 + commits()[-2] * FRAME_BYTES
    sectors = range(begin, len(log), 512)
    lost = data.draw(st.sets(st.sampled_from(sectors), min_size=1))
    torn = bytearray(log)
    for at in lost:
        torn[at : at + 512] = bytes(len(torn[at : at + 512]))
    with journal_of(journal, bytes(torn)) as path:
        assert "" == sqlite_wal.damage(path)
        assert asyncio.run(read(path)) in (held(), held(TRANSACTIONS - 1))


def test_two_power_cuts_in_a_row_are_no_damage(tmp_path: Path) -> None:
    """Behind what the second tore may stand the end of what the first did, with a commit of its own."""
    path = tmp_path / "journal.db"

    async def crash(first: int, last: int) -> bytes:
        live = await SqliteJournal.open(path)
        await live.append(batch(first, last))
        found = log_of(path).read_bytes()
        (tmp_path / "copy.db").write_bytes(path.read_bytes())
        await live.close()
        path.write_bytes((tmp_path / "copy.db").read_bytes())
        return found

    path.write_bytes(killed()[0])
    log_of(path).write_bytes(killed()[1])
    whole = len(killed()[1])
    long = asyncio.run(crash(TRANSACTIONS + 1, TRANSACTIONS + 400))
    torn = flipped(long, whole + FRAME_BYTES + 100)
    log_of(path).write_bytes(torn)
    short = asyncio.run(crash(TRANSACTIONS + 1, TRANSACTIONS + 1))
    assert len(short) == len(torn) > whole + 8 * FRAME_BYTES
    log_of(path).write_bytes(flipped(short, whole + 100))
    assert "" == sqlite_wal.damage(path)
    assert held() == asyncio.run(read(path))


def test_a_log_that_was_begun_again_is_no_damage() -> None:
    """Behind the new log are the whole transactions of the one before, which are in the journal."""
    journal, log = killed(TRANSACTIONS, TRANSACTIONS)
    assert len({log[at : at + 8] for at in range(32 + 8, len(log), FRAME_BYTES)}) == 2  # salts
    with journal_of(journal, log) as path:
        assert "" == sqlite_wal.damage(path)
        assert held() == asyncio.run(read(path))
        log_of(path).write_bytes(flipped(log, 20))
        assert "the header of journal.db-wal is not as it was written" == sqlite_wal.damage(path)


def test_a_power_cut_bares_the_log_before(tmp_path: Path) -> None:
    """Where the middle of a log's first transaction was not written, whole transactions of the old log show through."""
    path = tmp_path / "journal.db"

    async def begin_again() -> tuple[bytes, bytes, bytes]:
        live = await SqliteJournal.open(path)
        for number in range(1, TRANSACTIONS + 1):
            await live.append(batch(number, number))
        await live.checkpoint()
        journal, old = files(path)
        await live.append(batch(TRANSACTIONS + 1, TRANSACTIONS + 5_000))
        found = journal, old, files(path)[1]
        await live.close()
        return found

    journal, old, new = asyncio.run(begin_again())
    written_first = 32 + FRAME_BYTES
    assert len(new) > len(old)
    with journal_of(journal, new[:written_first] + old[written_first:] + new[len(old) :]) as copy:
        assert "" == sqlite_wal.damage(copy)
        assert held() == asyncio.run(read(copy))


def test_a_header_is_of_no_use_once_the_journal_has_everything(tmp_path: Path) -> None:
    """All that a torn header leaves behind it was moved into the journal before: nothing is lost without it."""
    path = tmp_path / "journal.db"

    async def idle() -> Files:
        live = await SqliteJournal.open(path)
        for number in range(1, TRANSACTIONS + 1):
            await live.append(batch(number, number))
        await live.checkpoint()
        found = files(path)
        await live.close()
        return found

    journal, log = asyncio.run(idle())
    for whole in (log, reordered(log)):
        for damaged in (flipped(whole, 17), zeroed(whole, 0, 32), zeroed(whole, 0, 17)):
            with journal_of(journal, damaged) as copy:
                assert held() == asyncio.run(read(copy))
    # The log before may have ended in a transaction that a power cut tore at its beginning: it has a commit, but of it
    # alone. Two in a row are damage between them and what is before.
    torn = bytes(FRAME_BYTES) + log[32 + (commits()[-2] + 1) * FRAME_BYTES :]
    with journal_of(journal, zeroed(log, 0, 32) + torn) as copy:
        assert "" == sqlite_wal.damage(copy)
    with journal_of(journal, zeroed(zeroed(log, 0, 32), 32 + 9 * FRAME_BYTES, 24)) as copy:
        assert "the header of journal.db-wal is not as it was written" == sqlite_wal.damage(copy)


def test_checksums_of_either_byte_order_are_understood(tmp_path: Path) -> None:
    """A log from a machine of the other order is made over word by word, and is as whole, or as damaged, as before."""
    journal, log = killed()
    with journal_of(journal, reordered(log)) as path:
        assert "" == sqlite_wal.damage(path)
        assert held() == asyncio.run(read(path))
    with journal_of(journal, flipped(reordered(log), 32 + FRAME_BYTES + 99)) as path:
        assert "frame 2 of" in sqlite_wal.damage(path)
    assert not list(tmp_path.iterdir())


def reordered(log: bytes) -> bytes:
    """The log with the magic number and the checksums of the other byte order, summed as the specification says it."""
    order = "big" if log[3] == 0x82 else "little"
    one, two = 0, 0

    def add(content: bytes) -> bytes:
        nonlocal one, two
        for at in range(0, len(content), 8):
            one = (one + int.from_bytes(content[at : at + 4], order) + two) & 0xFFFF_FFFF  # type: ignore[arg-type]
            two = (two + int.from_bytes(content[at + 4 : at + 8], order) + one) & 0xFFFF_FFFF  # type: ignore[arg-type]
        return one.to_bytes(4, "big") + two.to_bytes(4, "big")

    made = bytearray(flipped(log[:24], 3))
    made += add(bytes(made))
    for start in range(32, len(log), FRAME_BYTES):
        page = log[start + 24 : start + FRAME_BYTES]
        made += log[start : start + 16] + add(log[start : start + 8] + page) + page
    return bytes(made)


def test_sqlite_itself_passes_over_it(tmp_path: Path) -> None:
    """Why we look: without us a flipped bit reads as an older journal, whole and without a word."""
    journal, log = killed()
    with journal_of(journal, flipped(log, 32 + (commits()[-4] - 1) * FRAME_BYTES + 99)) as path:
        with closing(sqlite3.connect(shutil.copytree(path.parent, tmp_path / "copy") / path.name)) as connection:
            assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
            (rows,) = connection.execute("SELECT count(*) FROM event").fetchone()
        assert TRANSACTIONS - 4 == rows
        with pytest.raises(JournalFault, match="whole transactions follow it"):
            asyncio.run(read(path))
