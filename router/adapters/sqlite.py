"""The journal in one SQLite file: durable, whole batch by whole batch, and readable while it is written.

How it keeps its promises:

- *Durable.* A write-ahead log with `synchronous=FULL`: `append` returns after the disk has the batch. Groups make that
  cheap, so nothing is ever traded for speed.
- *Whole.* One transaction is one function, handed whole to the thread that owns the connection. Nothing can come
  between its statements, and a caller that is cancelled meanwhile leaves either all of it or nothing.
- *Nothing is read before it is committed.* Reads have a connection of their own, so that they see what is committed by
  construction, and never wait for the disk behind a commit.
- *One writer.* A lock on a side file (`flock` on `FILE-lock`), which the kernel frees however the writer ends.
  SQLite's own exclusive mode would shut readers out; a held transaction could never commit. A lock on the file itself
  is ruled out, as closing a second descriptor on it would drop SQLite's locks (sqlite.org/howtocorrupt.html, 2.2).
- *Hands off what is not ours, or damaged.* `router.adapters.sqlite_examination` looks before anything is opened.
- *Damage is noticed* at the next opening, wherever it is: in the tables by `router.adapters.sqlite_tables`, in the
  write-ahead log by `router.adapters.sqlite_wal`, before SQLite replays it.
- *Born whole.* A new journal is made elsewhere and moved into place.

What SQLite cannot tell: a write-ahead log that ends early reads like one cut short by a crash. So back a journal up
with SQLite's own tools, or copy `FILE` together with `FILE-wal`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Final, TypeVar

from router.adapters.sqlite_examination import at_rest, examine, look, number
from router.adapters.sqlite_fault import damaged, our_own
from router.adapters.sqlite_file import Connection, claimed, connected, connected_by, create_if_absent, file_of
from router.adapters.sqlite_tables import (
    COMMAND,
    CURSOR,
    DEAD_LETTER,
    EVENT,
    PERSONAL,
    PLAN,
    SELECT_TALLY,
    SNAPSHOT,
    TALLY,
    Tally,
    first_missing,
)
from router.errors import JournalFault
from router.ports import Batch, DeadLetter, Outcome, PersonalValue, Row, Snapshot

T = TypeVar("T")

CHUNK_ROWS: Final = 1_000
QUERY_PAIRS: Final = 400  # two variables each; SQLite allows 999 at the least
CHECKPOINT_PAGES: Final = 8_192  # 32 MiB: only a busy hour reaches it, as the service checkpoints when idle

SET_UP_WRITER: Final = f"""
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
"""
INSERT_EVENT: Final = EVENT.insert()
INSERT_COMMAND: Final = COMMAND.insert()
INSERT_PERSONAL: Final = PERSONAL.insert()
INSERT_DEAD_LETTER: Final = DEAD_LETTER.insert()
INSERT_SNAPSHOT: Final = SNAPSHOT.insert()
INSERT_PLAN: Final = PLAN.insert() + " ON CONFLICT DO NOTHING"  # a hash has one content
REPLACE_CURSOR: Final = CURSOR.insert("REPLACE")
REPLACE_TALLY: Final = TALLY.insert("REPLACE")
DELETE_SNAPSHOTS: Final = "DELETE FROM snapshot"
SELECT_ROWS: Final = "SELECT seq, at, cause, kind, version, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
# A join in this order looks each pair up by the key; `(source, id) IN (VALUES ...)` scans the whole table.
SELECT_OUTCOMES: Final = """
    WITH wanted (source, id) AS (VALUES {pairs})
    SELECT command.source, command.id, seq, fault, refusal, subject, sequence, sent_at
    FROM wanted CROSS JOIN command USING (source, id)
"""
SELECT_SEQUENCES: Final = """
    SELECT source, subject, max(sequence) FROM command WHERE sequence IS NOT NULL
    GROUP BY source, subject ORDER BY source, subject
"""
SELECT_PLANS: Final = "SELECT hash, body FROM plan ORDER BY rowid"
SELECT_PERSONAL: Final = "SELECT token, kind, value, subject FROM personal ORDER BY number"
SELECT_DEAD_LETTERS: Final = "SELECT at, source, id, kind, reason, body FROM dead_letter ORDER BY number DESC LIMIT ?"
SELECT_SNAPSHOT: Final = "SELECT seq, at, plan, version, body, measures FROM snapshot"
SELECT_ANNOUNCED: Final = "SELECT announced FROM cursor"

_row_values = attrgetter("seq", "at", "cause", "kind", "version", "body")
_outcome_values = attrgetter("source", "id", "seq", "fault", "refusal", "subject", "sequence", "sent_at")
_personal_values = attrgetter("token", "kind", "value", "subject")
_dead_letter_values = attrgetter("at", "source", "id", "kind", "reason", "body")
_snapshot_values = attrgetter("seq", "at", "plan", "version", "body", "measures")


class SqliteJournal:
    """A `router.ports.Journal` in one file. Made by `open`; to be closed before the event loop ends.

    Every method raises `JournalFault`, with one sentence that says what to do.
    """

    def __init__(self, path: Path, reader: Connection, writer: Connection | None, tally: Tally) -> None:
        self._path = path
        self._reader = reader
        self._writer = writer
        self._tally = tally  # of the writer; a reader writes nothing that would be counted
        self._closing: AsyncExitStack | None = None

    @classmethod
    async def open(cls, path: str | Path, *, create: bool = True, read_only: bool = False) -> SqliteJournal:
        """Open the journal at `path`, for the one writer or (`read_only`) for one more reader beside it.

        Where there is none, or an empty file, `create` makes one; a reader never does.
        """
        async with AsyncExitStack() as stack:
            if read_only:
                path = await asyncio.to_thread(look, Path(path), read_only=True, create=False)
                await asyncio.to_thread(examine, path)
                return await cls._connected(path, stack, read_only=True)
            path = await stack.enter_async_context(claimed(Path(path), create=create))
            await asyncio.to_thread(create_if_absent, path)
            return await cls._connected(path, stack)

    @classmethod
    @asynccontextmanager
    async def at_rest(cls, path: Path) -> AsyncIterator[SqliteJournal]:
        """Read the journal at `path`, which was examined and which nobody is writing, without a trace beside it."""
        async with AsyncExitStack() as stack:
            uri = stack.enter_context(at_rest(path))
            journal = cls(path, await stack.enter_async_context(connected_by(path, uri)), None, Tally())
            journal._closing = stack
            yield journal

    @classmethod
    async def open_claimed(cls, path: Path) -> SqliteJournal:
        """Open for its one writer the journal that the caller has `claimed` and claims until it is closed."""
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(create_if_absent, path)
            return await cls._connected(path, stack)

    @classmethod
    async def _connected(cls, path: Path, stack: AsyncExitStack, *, read_only: bool = False) -> SqliteJournal:
        # The writer goes first, and so closes last: the last to close tidies the write-ahead log away.
        writer = None if read_only else await stack.enter_async_context(connected(path, "rw"))
        tally = await writer.run(_set_up_writer) if writer else Tally()
        reader = await stack.enter_async_context(connected(path, "ro"))
        journal = cls(path, reader, writer, tally)
        journal._closing = stack.pop_all()
        return journal

    async def append(self, batch: Batch) -> None:
        """Commit the batch as one transaction, or leave everything as it was.

        A fault if its first row does not follow the last one of the log, if one of its commands has an outcome already,
        or one of its tokens a value.
        """
        await self._write(lambda connection: self._append(connection, batch))

    async def outcomes(self, commands: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Outcome]:
        """What became of these commands, each (source, id). Those never seen are not in the answer."""
        found: dict[tuple[str, str], Outcome] = {}
        for start in range(0, len(commands), QUERY_PAIRS):
            found |= await self._read(partial(_outcomes, commands=commands[start : start + QUERY_PAIRS]))
        return found

    async def rows(self, after: int = 0) -> AsyncIterator[Row]:
        """The rows that follow `after`, in order, by the chunk. A gap in the log is a fault."""
        while True:
            chunk = await self._read(partial(_rows, after=after))
            for row in chunk:
                yield row
            after += len(chunk)
            if len(chunk) < CHUNK_ROWS:
                return

    async def personal(self) -> list[PersonalValue]:
        """All personal values, in the order they were first kept."""
        return await self._read(
            lambda connection: [PersonalValue(*line) for line in connection.execute(SELECT_PERSONAL)]
        )

    async def sequences(self) -> list[tuple[str, str, int]]:
        """The highest number that each source gave about each subject, sorted: (source, subject, number).

        Reads all outcomes: about a second for each million.
        """
        return await self._read(lambda connection: connection.execute(SELECT_SEQUENCES).fetchall())

    async def plans(self) -> dict[str, bytes]:
        """Every plan saved, by hash, in the order they were saved."""
        return await self._read(lambda connection: dict(connection.execute(SELECT_PLANS).fetchall()))

    async def save_plan(self, plan: str, body: bytes) -> None:
        """Keep the plan of this hash. To save it again is harmless."""
        await self._write(lambda connection: self._save_plan(connection, plan, body))

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest `limit` dead letters, the newest first."""
        return await self._read(
            lambda connection: [DeadLetter(*line) for line in connection.execute(SELECT_DEAD_LETTERS, (limit,))]
        )

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep this snapshot instead of the one before. A fault if it is of a row that is not in the log."""
        await self._write(lambda connection: self._save_snapshot(connection, snapshot))

    async def last_snapshot(self) -> Snapshot | None:
        """The snapshot saved last, if any."""
        line = await self._read(lambda connection: connection.execute(SELECT_SNAPSHOT).fetchone())
        return None if line is None else Snapshot(*line)

    async def announced(self) -> int:
        """The seq up to which everything has been announced: 0 at first."""
        return await self._read(lambda connection: number(connection, SELECT_ANNOUNCED))

    async def save_announced(self, seq: int) -> None:
        """Remember that everything up to `seq` has been announced."""
        await self._write(lambda connection: _save_announced(connection, seq))

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the file as far as readers allow, without waiting. Best when idle."""
        await self._write(_checkpoint)

    async def close(self) -> None:
        """Give the file back. Closing twice is harmless."""
        if self._closing is not None:
            stack, self._closing = self._closing, None
            await stack.aclose()

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._refuse_closed()
        return await self._reader.run(work)

    async def _write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        self._refuse_closed()
        if self._writer is None:
            raise JournalFault(f"{self._path} was opened to be read only: open it as its writer to change it")
        await self._writer.run(work)

    def _refuse_closed(self) -> None:
        if self._closing is None:
            raise JournalFault(f"{self._path} has been closed: open it again")

    # What follows runs on the writer's thread, one call after another.

    def _append(self, connection: sqlite3.Connection, batch: Batch) -> None:
        self._refuse_gap(batch.rows)
        with _transaction(connection):
            for statement, values in _statements(batch, self._tally):
                connection.executemany(statement, values)
            tally = _write_tally(connection, self._tally.after(batch))
        self._tally = tally

    def _refuse_gap(self, rows: Sequence[Row]) -> None:
        for expected, row in enumerate(rows, start=self._tally.event + 1):
            if row.seq != expected:
                raise our_own(self._path, f"row {row.seq} cannot follow row {expected - 1}")

    def _save_plan(self, connection: sqlite3.Connection, plan: str, body: bytes) -> None:
        with _transaction(connection):
            saved = connection.execute(INSERT_PLAN, (plan, body)).rowcount
            tally = _write_tally(connection, self._tally._replace(plan=self._tally.plan + saved))
        self._tally = tally

    def _save_snapshot(self, connection: sqlite3.Connection, snapshot: Snapshot) -> None:
        if snapshot.seq > self._tally.event:
            raise our_own(
                self._path, f"the log ends at row {self._tally.event} and cannot have a snapshot of row {snapshot.seq}"
            )
        with _transaction(connection):
            connection.execute(DELETE_SNAPSHOTS)
            connection.execute(INSERT_SNAPSHOT, _snapshot_values(snapshot))


# On the threads: statements.


def _set_up_writer(connection: sqlite3.Connection) -> Tally:
    """Make commits durable, make sure that we may write at all, and return what has been written so far."""
    connection.executescript(SET_UP_WRITER)
    with _transaction(connection):
        return Tally(*connection.execute(SELECT_TALLY).fetchone())


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK")
        raise


def _statements(batch: Batch, tally: Tally) -> Iterator[tuple[str, Iterable[tuple[object, ...]]]]:
    if batch.rows:
        yield INSERT_EVENT, map(_row_values, batch.rows)
    if batch.outcomes:
        yield INSERT_COMMAND, map(_outcome_values, batch.outcomes)
    if batch.personal:
        yield INSERT_PERSONAL, _numbered(tally.personal, map(_personal_values, batch.personal))
    if batch.dead_letters:
        yield INSERT_DEAD_LETTER, _numbered(tally.dead_letter, map(_dead_letter_values, batch.dead_letters))


def _numbered(last: int, lines: Iterable[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    return ((number, *line) for number, line in enumerate(lines, start=last + 1))


def _write_tally(connection: sqlite3.Connection, tally: Tally) -> Tally:
    connection.execute(REPLACE_TALLY, (1, *tally))
    return tally


def _save_announced(connection: sqlite3.Connection, seq: int) -> None:
    connection.execute(REPLACE_CURSOR, (1, seq))


def _checkpoint(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _rows(connection: sqlite3.Connection, after: int) -> list[Row]:
    chunk = [Row(*line) for line in connection.execute(SELECT_ROWS, (after, CHUNK_ROWS))]
    if chunk and chunk[-1].seq != after + len(chunk):
        missing = first_missing((row.seq for row in chunk), after + 1)
        raise damaged(file_of(connection), f"row {missing} is missing")
    return chunk


def _outcomes(connection: sqlite3.Connection, commands: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Outcome]:
    query = SELECT_OUTCOMES.format(pairs=", ".join(["(?, ?)"] * len(commands)))
    values = [value for command in commands for value in command]
    return {(line[0], line[1]): Outcome(*line) for line in connection.execute(query, values)}
