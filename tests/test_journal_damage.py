"""Damage that the database itself cannot see: values that changed, and rows that are gone."""

# ruff: noqa: ASYNC240  -- the loop of a test serves nobody whom a look at the disk would keep waiting

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.adapters.sqlite import SqliteJournal
from router.cli import dead_letters
from router.errors import JournalFault
from router.ports import Batch, Outcome, Snapshot
from tests.journals import batch, content, log
from tests.test_journal_file import execute

LAST = 6


async def fill(path: Path) -> tuple[object, ...]:
    """Make a journal with three of everything and a snapshot in its middle, close it and return its content."""
    journal = await SqliteJournal.open(path)
    for last in range(2, LAST + 1, 2):
        await journal.append(batch(last - 1, last))
        await journal.save_plan(f"plan {last}", b"rules %d" % last)
    await journal.append(Batch(outcomes=[Outcome("desk", "m0", None, "illegal", "no such contact")]))
    await journal.save_snapshot(Snapshot(4, 1_004, "plan 4", 1, b"the state", b"the sums"))
    await journal.save_announced(5)
    kept = await content(journal)
    await journal.close()
    return kept


async def read(path: Path, *, read_only: bool = True) -> tuple[object, ...]:
    """Open a journal, return its content and close it."""
    journal = await SqliteJournal.open(path, read_only=read_only)
    try:
        return await content(journal)
    finally:
        await journal.close()


def flip(path: Path, value: bytes) -> None:
    """Flip the lowest bit of the last byte of a value that stands in the file once."""
    found = path.read_bytes()
    assert 1 == found.count(value)
    at = found.index(value) + len(value) - 1
    path.write_bytes(found[:at] + bytes([found[at] ^ 1]) + found[at + 1 :])


async def refusal(path: Path, *, read_only: bool) -> str:
    """What the opening of a damaged journal says; whoever opens it, no byte of it changes."""
    before = path.read_bytes()
    with pytest.raises(JournalFault) as fault:
        await SqliteJournal.open(path, read_only=read_only)
    assert before == path.read_bytes()
    return str(fault.value)


def sentence(path: Path, finding: str) -> str:
    """The one sentence about a damaged journal."""
    return f"{path} is damaged ({finding}): restore a copy, or move it away to begin a new one"


@pytest.mark.parametrize("read_only", [False, True], ids=["service", "reader"])
@pytest.mark.parametrize(
    ("value", "row"),
    [
        (b"contact.arrived\x00body 1", "row 1 of table event"),
        (b"\x00body 4", "row 4 of table event"),
        (b"\x00body 6", "row 6 of table event"),
        (b"pbx m3", "row 3 of table event"),
        (b"no such contact", "row desk m0 of table command"),
        (b"c42026-01-05T09:00:00+09:00", "row pbx m4 of table command"),
        (b"+81-3-4", "row 2 of table personal"),
        (b"x2contact.keyedunknown field", "row 1 of table dead_letter"),
        (b"plan 4rules 4", "row plan 4 of table plan"),
        (b"the state", "row 4 of table snapshot"),
        (b"the sums", "row 4 of table snapshot"),
    ],
)
async def test_one_bit_of_a_value_is_missed(tmp_path: Path, value: bytes, row: str, *, read_only: bool) -> None:
    """Before the snapshot or behind it, in whatever table: the fault names the row."""
    path = tmp_path / "journal.db"
    await fill(path)
    flip(path, value)
    assert sentence(path, f"{row} is not as it was written") == await refusal(path, read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True], ids=["service", "reader"])
@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "DELETE FROM event WHERE seq = 3",
            "table event has 5 rows where 6 were written: row 3 is the first that is missing",
        ),
        (
            "DELETE FROM event WHERE seq > 4",
            "table event has 4 rows where 6 were written: row 5 is the first that is missing",
        ),
        ("DELETE FROM command WHERE id = 'm4'", "table command has 3 rows where 4 were written"),
        ("DELETE FROM personal", "table personal has 0 rows where 3 were written: row 1 is the first that is missing"),
        (
            "DELETE FROM dead_letter WHERE number = 2",
            "table dead_letter has 2 rows where 3 were written: row 2 is the first that is missing",
        ),
        ("DELETE FROM plan WHERE hash = 'plan 2'", "table plan has 2 rows where 3 were written"),
        ("DELETE FROM cursor", "table cursor is empty"),
        ("DELETE FROM tally", "table tally is empty"),
        ("UPDATE cursor SET announced = 4", "row 1 of table cursor is not as it was written"),
        ("UPDATE tally SET command = 5", "row 1 of table tally is not as it was written"),
        ("UPDATE event SET seq = 7 WHERE seq = 6", "row 7 of table event is not as it was written"),
    ],
)
async def test_rows_that_are_gone_are_missed(tmp_path: Path, statement: str, finding: str, *, read_only: bool) -> None:
    """In the middle or at the end, in whatever table: the fault says which, and how many there were."""
    path = tmp_path / "journal.db"
    await fill(path)
    execute(path, statement)
    assert sentence(path, finding) == await refusal(path, read_only=read_only)


@pytest.mark.parametrize(
    "change",
    [
        "sequence = 0",
        "fault = 'illegaln', refusal = 'o such contact'",
        "fault = '', refusal = 'illegalno such contact'",
        "subject = fault, fault = subject",
        "seq = 0",
        "fault = CAST(x'ff' AS TEXT)",
        "source = CAST(x'ff1b0a' AS TEXT)",
    ],
)
async def test_no_two_rows_look_alike(tmp_path: Path, change: str) -> None:
    """Nothing is not zero, and where one text ends and the next begins counts; even a damaged name can be printed."""
    path = tmp_path / "journal.db"
    await fill(path)
    execute(path, f"UPDATE command SET {change} WHERE id = 'm0'")  # noqa: S608 -- a change of ours
    name = "\ufffd m0" if "source" in change else "desk m0"
    finding = f"row {name} of table command is not as it was written"
    assert sentence(path, finding) == await refusal(path, read_only=True)


async def test_an_index_that_lost_its_way_is_missed(tmp_path: Path) -> None:
    """A token's second place in the file, where a new one is compared with it, is looked at too."""
    path = tmp_path / "journal.db"
    await fill(path)
    found = path.read_bytes()
    path.write_bytes(found.replace(b"~person-4\x02", b"~person-5\x02"))
    assert found != path.read_bytes()
    assert "is damaged (" in await refusal(path, read_only=True)


async def test_a_row_that_vanishes_while_it_is_read_is_named(tmp_path: Path) -> None:
    """A gap that came after the opening is found before any row behind it is used."""
    path = tmp_path / "journal.db"
    await fill(path)
    reader = await SqliteJournal.open(path, read_only=True)
    execute(path, "DELETE FROM event WHERE seq = 4")
    with pytest.raises(JournalFault, match=r"is damaged \(row 4 is missing\): restore a copy"):
        await log(reader, after=1)
    await reader.close()


async def test_a_live_journal_is_checked_as_it_was_at_one_moment(tmp_path: Path) -> None:
    """Whoever looks while rows are being written finds nothing wrong."""
    path = tmp_path / "journal.db"
    writer = await SqliteJournal.open(path)
    done = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not done.is_set():
            await (await SqliteJournal.open(path, read_only=True)).close()
            looks += 1
        return looks

    looking = asyncio.create_task(look())
    for last in range(1, 301):
        await writer.append(batch(last, last))
    done.set()
    assert await looking > 0
    await writer.close()


async def test_a_plan_saved_again_is_counted_once(tmp_path: Path) -> None:
    """What is already there adds nothing, in this run or the next."""
    path = tmp_path / "journal.db"
    for _ in range(2):
        journal = await SqliteJournal.open(path)
        for _ in range(2):
            await journal.save_plan("p", b"rules")
        await journal.close()
    assert {"p": b"rules"} == (await read(path))[5]


async def test_lost_dead_letters_are_not_told_to_be_none(tmp_path: Path) -> None:
    """The command that shows them looks whether they are all there."""
    path = tmp_path / "journal.db"
    await fill(path)
    execute(path, "DELETE FROM dead_letter")
    with pytest.raises(JournalFault, match="table dead_letter has 0 rows where 3 were written"):
        await asyncio.to_thread(dead_letters.run, path, 100, as_json=False)


@cache
def whole() -> tuple[bytes, tuple[object, ...]]:
    """The bytes of a closed journal, and its content."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        kept = asyncio.run(fill(path))
        return path.read_bytes(), kept


@settings(deadline=None, max_examples=300)
@given(at=st.integers(0, len(whole()[0]) - 1), mask=st.integers(1, 255))
@example(at=56, mask=2)  # the encoding of all texts
@example(at=63, mask=1)  # the schema's version
def test_any_byte_of_a_closed_journal_may_change(at: int, mask: int) -> None:
    """Either the journal is refused in one sentence, or the byte was of no use and everything reads as before."""
    found, kept = whole()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        path.write_bytes(found[:at] + bytes([found[at] ^ mask]) + found[at + 1 :])
        try:
            assert kept == asyncio.run(read(path))
        except JournalFault as fault:
            said = str(fault)
        else:
            said = f"{path} is as it was"
        assert (str(path), 1) == (said[: len(str(path))], len(said.splitlines()))
