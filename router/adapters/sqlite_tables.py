"""The journal's tables, and how damage in them is noticed: each row has a checksum, and the rows are counted.

SQLite finds damage to its own structures, but a bit that flips within a value leaves as good a database as before, and
pages that a disk forgot to write can leave a smaller one. So every row carries the CRC-32 of its values (RFC 1952,
section 8), computed by the one expression that also checks it, and the row of `tally` tells how many rows the log and
the tables beside it hold. A CRC-32 finds every change of up to 32 bits in a row (Peterson and Brown, "Cyclic codes for
error detection", 1961) and all but one in four thousand million others. It is no seal: who changes a journal on
purpose can compute it too.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from router.ports import Batch


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns with their declarations, and `key`, the columns that name a row in a sentence.

    A checksum is added as the last column. A `key` of several columns is the primary key, too.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]

    def definition(self) -> str:
        """The statement that makes the table."""
        lines = [f"{column} {declaration}" for column, declaration in self.columns.items()]
        composed = len(self.key) > 1
        lines += ["checksum INTEGER NOT NULL", *([f"PRIMARY KEY ({', '.join(self.key)})"] if composed else [])]
        return f"CREATE TABLE {self.name} ({', '.join(lines)}) STRICT{', WITHOUT ROWID' if composed else ''};"

    def insert(self, verb: str = "INSERT") -> str:
        """The statement that writes a row, given its values in the order of the columns, with its checksum."""
        places = {column: f"?{number}" for number, column in enumerate(self.columns, start=1)}
        return f"{verb} INTO {self.name} VALUES ({', '.join(places.values())}, {self._checksum(places)})"

    def select_wrong(self) -> str:
        """The query for the names of rows that are not as they were written."""
        names = " || ' ' || ".join(self.key)
        wrong = f"checksum IS NOT {self._checksum({column: column for column in self.columns})}"
        return f"SELECT CAST({names} AS BLOB) FROM {self.name} WHERE {wrong}"  # noqa: S608 -- names of ours

    def _checksum(self, places: Mapping[str, str]) -> str:
        """The checksum of all values: each number, and how many bytes each text has; then the texts themselves.

        So no two rows look alike, NULL and nothing included. Bytes, because a damaged text need not be UTF-8.
        """
        heads, texts = [], []
        for column, place in places.items():
            match self.columns[column].split():
                case ["INTEGER"]:
                    heads.append(f"ifnull({place}, 'NULL')")
                case ["INTEGER", *_]:
                    heads.append(place)
                case _:
                    heads.append(f"length(CAST({place} AS BLOB))")
                    texts.append(place)
        head = f"printf('{'%s ' * len(heads)}', {', '.join(heads)})"
        return f"crc32(CAST({' || '.join([head, *texts])} AS BLOB))"


EVENT: Final = Table(
    "event",
    {
        "seq": "INTEGER PRIMARY KEY",
        "at": "INTEGER NOT NULL",
        "cause": "TEXT NOT NULL",
        "kind": "TEXT NOT NULL",
        "version": "INTEGER NOT NULL",
        "body": "BLOB NOT NULL",
    },
    key=("seq",),
)
COMMAND: Final = Table(
    "command",
    {
        "source": "TEXT NOT NULL",
        "id": "TEXT NOT NULL",
        "seq": "INTEGER",
        "fault": "TEXT NOT NULL",
        "refusal": "TEXT NOT NULL",
        "subject": "TEXT NOT NULL",
        "sequence": "INTEGER",
        "sent_at": "TEXT NOT NULL",
    },
    key=("source", "id"),
)
PERSONAL: Final = Table(
    "personal",
    {
        "number": "INTEGER PRIMARY KEY",
        "token": "TEXT NOT NULL UNIQUE",
        "kind": "TEXT NOT NULL",
        "value": "TEXT NOT NULL",
        "subject": "TEXT NOT NULL",
    },
    key=("number",),
)
DEAD_LETTER: Final = Table(
    "dead_letter",
    {
        "number": "INTEGER PRIMARY KEY",
        "at": "INTEGER NOT NULL",
        "source": "TEXT NOT NULL",
        "id": "TEXT NOT NULL",
        "kind": "TEXT NOT NULL",
        "reason": "TEXT NOT NULL",
        "body": "BLOB NOT NULL",
    },
    key=("number",),
)
PLAN: Final = Table("plan", {"hash": "TEXT NOT NULL PRIMARY KEY", "body": "BLOB NOT NULL"}, key=("hash",))
SNAPSHOT: Final = Table(
    "snapshot",
    {
        "seq": "INTEGER PRIMARY KEY",
        "at": "INTEGER NOT NULL",
        "plan": "TEXT NOT NULL",
        "version": "INTEGER NOT NULL",
        "body": "BLOB NOT NULL",
        "measures": "BLOB NOT NULL",
    },
    key=("seq",),
)
CURSOR: Final = Table(
    "cursor", {"one": "INTEGER PRIMARY KEY CHECK (one = 1)", "announced": "INTEGER NOT NULL"}, key=("one",)
)


class Tally(NamedTuple):
    """How many rows have been written into each table that only ever grows."""

    event: int = 0
    command: int = 0
    personal: int = 0
    dead_letter: int = 0
    plan: int = 0

    def after(self, batch: Batch) -> Tally:
        """The tally once this batch has been written."""
        return self._replace(
            event=self.event + len(batch.rows),
            command=self.command + len(batch.outcomes),
            personal=self.personal + len(batch.personal),
            dead_letter=self.dead_letter + len(batch.dead_letters),
        )


TALLY: Final = Table(
    "tally",
    {"one": "INTEGER PRIMARY KEY CHECK (one = 1)", **dict.fromkeys(Tally._fields, "INTEGER NOT NULL")},
    key=("one",),
)
TABLES: Final = (EVENT, COMMAND, PERSONAL, DEAD_LETTER, PLAN, SNAPSHOT, CURSOR, TALLY)
NUMBERED: Final = {"event": "seq", "personal": "number", "dead_letter": "number"}  # from 1 without a gap
SELECT_TALLY: Final = "SELECT event, command, personal, dead_letter, plan FROM tally"


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the function that the checksums are computed with."""
    connection.create_function("crc32", 1, zlib.crc32, deterministic=True)


def make(connection: sqlite3.Connection) -> None:
    """Make all tables, nothing announced and nothing counted yet."""
    connection.executescript("".join(table.definition() for table in TABLES))
    connection.execute(CURSOR.insert(), (1, 0))
    connection.execute(TALLY.insert(), (1, *Tally()))


def are_ours(connection: sqlite3.Connection) -> bool:
    """Whether all tables are there, defined as we define them, and no others."""
    found = connection.execute("SELECT sql || ';' FROM sqlite_schema WHERE type = 'table'")
    return sorted(definition for (definition,) in found) == sorted(table.definition() for table in TABLES)


def tally(connection: sqlite3.Connection) -> Tally:
    """How many rows the tables should have: none, if what tells it is not as it was written."""
    wrong = connection.execute(TALLY.select_wrong()).fetchone()
    return Tally() if wrong else Tally(*connection.execute(SELECT_TALLY).fetchone() or ())


def damage(connection: sqlite3.Connection) -> str:
    """What is wrong with the tables, or nothing. Reads everything, as it was at one moment."""
    connection.execute("BEGIN")
    try:
        return next(_findings(connection), "")
    finally:
        if connection.in_transaction:  # a disk that fails makes SQLite roll back by itself
            connection.execute("ROLLBACK")


def _findings(connection: sqlite3.Connection) -> Iterator[str]:
    for (finding,) in connection.execute("PRAGMA integrity_check(1)"):
        if finding != "ok":
            yield finding.removeprefix("*** in database main ***")
    for table in TABLES:
        for (name,) in connection.execute(table.select_wrong()):
            yield f"row {name.decode(errors='replace')} of table {table.name} is not as it was written"
    for name in ("cursor", "tally"):
        if _count(connection, name) == 0:
            yield f"table {name} is empty"
    for name, expected in Tally(*connection.execute(SELECT_TALLY).fetchone())._asdict().items():
        if (found := _count(connection, name)) != expected:
            yield f"table {name} has {found} rows where {expected} were written{_gap(connection, name)}"


def _count(connection: sqlite3.Connection, table: str) -> int:
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 -- a name of ours
    return int(rows)


def _gap(connection: sqlite3.Connection, table: str) -> str:
    """Which row is the first that is missing, where the rows have numbers."""
    if table not in NUMBERED:
        return ""
    column = NUMBERED[table]
    lines = connection.execute(f"SELECT {column} FROM {table} ORDER BY {column}")  # noqa: S608 -- names of ours
    return f": row {first_missing(number for (number,) in lines)} is the first that is missing"


def first_missing(numbers: Iterable[int], first: int = 1) -> int:
    """The first number, counted from `first`, that is not where it should be: at the latest, the one behind the end."""
    expected = first
    for number in numbers:
        if number != expected:
            break
        expected += 1
    return expected
