"""The journal: one contract for both implementations; then what the SQLite one promises beside it."""

# ruff: noqa: ASYNC240  -- the loop of a test serves nobody whom a look at the disk would keep waiting

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.adapters.memory_journal import MemoryJournal
from router.adapters.sqlite import SqliteJournal
from router.errors import JournalFault
from router.ports import Batch, DeadLetter, Journal, Outcome, PersonalValue, Snapshot
from tests.journals import batch, content, log, row


@dataclass
class Kept:
    """A journal, and the way to close it and open it again."""

    journal: Journal
    path: Path | None

    async def reopen(self) -> Journal:
        """Close the journal and open it again, as a restart does."""
        await self.journal.close()
        if self.path is not None:
            self.journal = await SqliteJournal.open(self.path)
        return self.journal


@pytest.fixture(params=["memory", "sqlite"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    """One empty journal of each make."""
    path = tmp_path / "journal.db" if request.param == "sqlite" else None
    kept = Kept(await SqliteJournal.open(path) if path else MemoryJournal(), path)
    yield kept
    await kept.journal.close()


# The contract.


async def test_a_new_journal_is_empty(kept: Kept) -> None:
    """Nothing is in it before the first append."""
    assert ([], {}, [], [], [], {}, None, 0) == await content(kept.journal)


async def test_what_was_appended_is_there_after_a_restart(kept: Kept) -> None:
    """Every field of every part of a batch comes back as it went in."""
    first, second = batch(1, 2), batch(3, 3)
    await kept.journal.append(first)
    await kept.journal.append(second)
    journal = await kept.reopen()
    expected: tuple[object, ...] = (
        [*first.rows, *second.rows],
        {(outcome.source, outcome.id): outcome for outcome in [*first.outcomes, *second.outcomes]},
        [*first.personal, *second.personal],
        [*second.dead_letters, *first.dead_letters],
        [("pbx", "c2", 1), ("pbx", "c3", 1)],
        {},
        None,
        0,
    )
    assert expected == await content(journal)


async def test_a_restarted_journal_goes_on_where_it_stopped(kept: Kept) -> None:
    """The next seq is known from the log itself."""
    await kept.journal.append(batch(1, 3))
    journal = await kept.reopen()
    await journal.append(batch(4, 5))
    assert [1, 2, 3, 4, 5] == await log(journal)


async def test_rows_are_streamed_from_any_point(kept: Kept) -> None:
    """A reader gets what follows its cursor, across chunks, and nothing when it is at the end."""
    await kept.journal.append(Batch([row(seq) for seq in range(1, 2_501)]))
    assert list(range(1, 2_501)) == await log(kept.journal)
    assert list(range(1_400, 2_501)) == await log(kept.journal, after=1_399)
    assert ([], []) == (await log(kept.journal, after=2_500), await log(kept.journal, after=9_999))


async def test_a_batch_without_rows_is_kept(kept: Kept) -> None:
    """A refused command leaves an outcome and a dead letter, and no row."""
    refusal = Outcome("desk", "m1", None, "illegal", "no such contact")
    letter = DeadLetter(5, "desk", "m1", "offer.accept", "no such contact", b"{}")
    for part in (Batch([row(1)]), Batch(outcomes=[refusal], dead_letters=[letter]), Batch(), Batch([row(2)])):
        await kept.journal.append(part)
    journal = await kept.reopen()
    assert {("desk", "m1"): refusal} == await journal.outcomes([("desk", "m1"), ("desk", "m2")])
    assert ([letter], [1, 2]) == (await journal.dead_letters(), await log(journal))


async def test_many_commands_are_looked_up_at_once(kept: Kept) -> None:
    """Of a thousand commands asked for, those that were seen are answered: by source and id, whatever they contain."""
    seen = [Outcome("pbx", f"m{number}", number) for number in range(1, 901)]
    odd = [Outcome("pbx'; --", "m\x001", 1), Outcome("", "日本", 2)]
    await kept.journal.append(Batch(outcomes=[*seen, *odd]))
    asked = [("pbx", f"m{number}") for number in range(500, 1_500)] + [(outcome.source, outcome.id) for outcome in odd]
    expected = {(outcome.source, outcome.id): outcome for outcome in [*seen[499:], *odd]}
    assert expected == await kept.journal.outcomes(asked)
    assert {} == await kept.journal.outcomes([])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Batch([row(5)]), id="leaves a gap"),
        pytest.param(Batch([row(3)]), id="repeats a row"),
        pytest.param(Batch([row(4), row(6)]), id="has a gap within"),
        pytest.param(Batch([row(4)], [Outcome("pbx", "m3", 4)]), id="answers a command again"),
        pytest.param(Batch([row(4)], [Outcome("pbx", "m4", 4)] * 2), id="answers a command twice"),
        pytest.param(Batch([row(4)], personal=[PersonalValue("~person-3", "person", "0", "c9")]), id="reuses a token"),
    ],
)
async def test_a_batch_that_does_not_fit_changes_nothing(kept: Kept, wrong: Batch) -> None:
    """The append fails loudly, the state is as before, and the right batch is still welcome."""
    await kept.journal.append(batch(1, 3))
    before = await content(kept.journal)
    with pytest.raises(JournalFault):
        await kept.journal.append(wrong)
    assert before == await content(kept.journal)
    await kept.journal.append(batch(4, 4))
    assert [1, 2, 3, 4] == await log(await kept.reopen())


async def test_the_highest_number_of_each_sender_is_known(kept: Kept) -> None:
    """Accepted or refused, a numbered input counts for its source and subject; one without a number does not."""
    numbered = [("pbx", "c1", 9), ("pbx", "c1", 10), ("pbx", "c1", 2), ("desk", "c1", 3), ("pbx", "c0", None)]
    outcomes = [
        Outcome(source, f"m{number}", None, "illegal", "no such contact", subject, number)
        for source, subject, number in numbered
    ]
    await kept.journal.append(Batch(outcomes=outcomes))
    assert [("desk", "c1", 3), ("pbx", "c1", 10)] == await (await kept.reopen()).sequences()


async def test_plans_are_kept_by_hash(kept: Kept) -> None:
    """Every plan ever in force can be had again; saving one again changes nothing."""
    for plan, body in [("b2", b"\x00new"), ("a1", b"old"), ("b2", b"\x00new")]:
        await kept.journal.save_plan(plan, body)
    assert {"b2": b"\x00new", "a1": b"old"} == await (await kept.reopen()).plans()


async def test_the_newest_dead_letters_come_first(kept: Kept) -> None:
    """Asked for a few, the journal gives the latest."""
    for number in range(1, 5):
        await kept.journal.append(batch(number, number))
    assert ["x4", "x3"] == [letter.id for letter in await kept.journal.dead_letters(limit=2)]


async def test_the_last_snapshot_replaces_the_one_before(kept: Kept) -> None:
    """Only the one saved last is kept, even for the same row."""
    await kept.journal.append(batch(1, 3))
    for snapshot in (
        Snapshot(2, 10, "p", 1, b"a"),
        Snapshot(3, 20, "p", 1, b"b"),
        Snapshot(3, 30, "q", 1, b"\x00c", b"m"),
    ):
        await kept.journal.save_snapshot(snapshot)
    assert snapshot == await (await kept.reopen()).last_snapshot()


async def test_a_snapshot_of_the_future_is_refused(kept: Kept) -> None:
    """A state after rows that are not in the log could never be checked against it."""
    await kept.journal.append(batch(1, 3))
    with pytest.raises(JournalFault, match="ends at row 3"):
        await kept.journal.save_snapshot(Snapshot(4, 10, "p", 1, b""))
    assert None is await kept.journal.last_snapshot()


async def test_the_cursor_survives_a_restart(kept: Kept) -> None:
    """What has been announced is known at once, and ever after."""
    await kept.journal.append(batch(1, 3))
    await kept.journal.save_announced(2)
    assert 2 == await kept.journal.announced()
    assert 2 == await (await kept.reopen()).announced()


async def test_a_checkpoint_changes_nothing_to_be_seen(kept: Kept) -> None:
    """It only tidies up."""
    await kept.journal.append(batch(1, 3))
    await kept.journal.save_announced(3)
    before = await content(kept.journal)
    await kept.journal.checkpoint()
    assert before == await content(kept.journal)


# One writer, many readers.


async def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """The fault names the process that holds the journal, which goes on undisturbed; once closed, it is free."""
    path = tmp_path / "journal.db"
    first = await SqliteJournal.open(path)
    with pytest.raises(JournalFault, match=rf"in use by another service \(process {os.getpid()}\)"):
        await SqliteJournal.open(path)
    await first.append(batch(1, 1))
    await first.close()
    second = await SqliteJournal.open(path)
    assert [1] == await log(second)
    await second.close()


async def test_a_reader_sees_a_live_journal_grow(tmp_path: Path) -> None:
    """Questions are answered beside a running service; the reader can change nothing."""
    path = tmp_path / "journal.db"
    writer = await SqliteJournal.open(path)
    await writer.append(batch(1, 2))
    reader = await SqliteJournal.open(path, read_only=True)
    await writer.append(batch(3, 3))
    assert [1, 2, 3] == await log(reader)
    with pytest.raises(JournalFault, match="read only"):
        await reader.append(batch(4, 4))
    with pytest.raises(JournalFault, match="read only"):
        await reader.checkpoint()
    await reader.close()
    await writer.close()


async def test_a_stray_writer_is_named(tmp_path: Path) -> None:
    """A program that writes without our lock, such as a database shell, is not waited for."""
    path = tmp_path / "journal.db"
    await (await SqliteJournal.open(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFault, match="being written by another program"):
            await SqliteJournal.open(path)


async def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    """Use after the close is a fault, a second close is not; nothing but the journal and its lock remains."""
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    await journal.close()
    await journal.close()
    with pytest.raises(JournalFault, match="closed"):
        await journal.append(batch(1, 1))
    with pytest.raises(JournalFault, match="closed"):
        await journal.personal()
    assert ["journal.db", "journal.db-lock"] == sorted(found.name for found in tmp_path.iterdir())


async def test_a_journal_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The file holds personal values: nobody else may read it or what SQLite keeps beside it."""
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    await journal.append(batch(1, 1))
    assert {0o600} == {found.stat().st_mode & 0o777 for found in tmp_path.iterdir()}
    await journal.close()


async def test_personal_values_are_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Even at level DEBUG the libraries below have nothing personal to print."""
    caplog.set_level(logging.DEBUG)
    journal = await SqliteJournal.open(tmp_path / "journal.db")
    await journal.append(batch(1, 1))
    await journal.personal()
    await journal.close()
    assert "+81-3" not in caplog.text
