"""A journal that is refused: in one sentence, with exit code 4, and nothing in its folder is touched."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.adapters.sqlite import SqliteJournal
from router.adapters.sqlite_examination import SCHEMA_VERSION
from router.adapters.sqlite_file import claimed
from router.cli import dead_letters, why
from router.errors import JournalFault
from router.examples import example as centre
from tests.conftest import ROOT
from tests.journals import batch, content
from tests.test_journal_file import execute, newer_schema, other_version, overwrite, state
from tests.test_journal_wal import killed, written

Files = dict[str, bytes]
REMEDIES: Final = ("restore a copy", "upgrade", "name another file", "move both away")


def serve(path: Path) -> None:
    """Open it as `firstline serve` does, and close it."""

    async def claim() -> None:
        async with claimed(path, create=True) as place:
            await (await SqliteJournal.open_claimed(place)).close()

    asyncio.run(claim())


def ask_why(path: Path) -> None:
    """Ask it why, as `firstline why` does."""
    why.run("c1", None, journal=path, http="", at=None, as_json=False)


def ask_why_not(path: Path) -> None:
    """Ask it why not, as `firstline why-not` does."""
    why.run("c1", "ann", journal=path, http="", at=None, as_json=False)


def list_dead_letters(path: Path) -> None:
    """List what was set aside, as `firstline dead-letters` does."""
    dead_letters.run(path, 10, as_json=False)


ASKERS: Final = (serve, ask_why, ask_why_not, list_dead_letters)


@cache
def crash() -> Files:
    """All that a crash leaves: the journal, its log, shared memory and lock."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        written(path, 12, checkpoint=6)
        return {found.name: found.read_bytes() for found in path.parent.iterdir()}


@cache
def at_rest() -> Files:
    """All that a service leaves that was stopped."""
    with TemporaryDirectory() as folder:
        path = lay(Path(folder), crash())
        serve(path)
        return {found.name: found.read_bytes() for found in path.parent.iterdir()}


@cache
def kept() -> tuple[object, ...]:
    """What both hold."""
    with TemporaryDirectory() as folder:
        return asyncio.run(read(lay(Path(folder), at_rest())))


def lay(folder: Path, files: Files) -> Path:
    """Put these files into a folder, changed long ago, and return the journal's name."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (1_000_000, 1_000_000))
    return folder / "journal.db"


async def read(path: Path) -> tuple[object, ...]:
    """What a service finds in it, which then writes one row more."""
    journal = await SqliteJournal.open(path)
    try:
        found = await content(journal)
        await journal.append(batch(13, 13))
        return found
    finally:
        await journal.close()


def refusal(ask: Callable[[Path], None], path: Path) -> str:
    """What is said without the name, once it is sure that nothing was touched and that it is said as it should be."""
    before = state(path.parent)
    with pytest.raises(JournalFault) as fault:
        ask(path)
    said = str(fault.value)
    assert before == state(path.parent)
    assert (4, 1, True) == (fault.value.exit_code, len(said.splitlines()), said.isprintable())
    assert said.startswith(str(path))
    assert any(remedy in said for remedy in REMEDIES)
    return said.removeprefix(str(path))


def damage(files: Files, name: str, flips: list[tuple[int, int]], keep: int | None) -> Files:
    """The files, of which one has bits flipped, by place and mask, and ends early."""
    found = bytearray(files[name])
    for at, mask in flips:
        found[at % len(found)] ^= mask
    return files | {name: bytes(found[:keep])}


@settings(deadline=None, max_examples=250)
@given(
    is_crash=st.booleans(),
    beside=st.sets(st.sampled_from(["-shm", "-lock"])),
    flips=st.lists(st.tuples(st.one_of(st.integers(0, 99), st.integers(0, 10**6)), st.integers(1, 255)), max_size=2),
    keep=st.one_of(st.none(), st.integers(1, 50_000)),
    ask=st.sampled_from(ASKERS),
)
@example(is_crash=True, beside={"-shm", "-lock"}, flips=[(18, 1)], keep=None, ask=serve)
@example(is_crash=False, beside=set(), flips=[(59, 2)], keep=None, ask=list_dead_letters)
def test_a_damaged_file_is_refused_untouched_or_of_no_account(
    *, is_crash: bool, beside: set[str], flips: list[tuple[int, int]], keep: int | None, ask: Callable[[Path], None]
) -> None:
    """One byte or two, and an early end; closed or crashed: refused in one sentence, or all is there and goes on."""
    whole = crash() if is_crash else at_rest()
    files = damage(
        {name: whole[name] for name in whole if not name.endswith(("-shm", "-lock"))}, "journal.db", flips, keep
    )
    files |= {f"journal.db{suffix}": crash()[f"journal.db{suffix}"] for suffix in beside}
    with TemporaryDirectory() as folder, TemporaryDirectory() as other:
        try:
            assert kept() == asyncio.run(read(lay(Path(other), files)))
        except JournalFault:
            refusal(ask, lay(Path(folder), files))


@pytest.mark.parametrize("ask", ASKERS)
@pytest.mark.parametrize("at", [4, 40, 32 + 24 + 99])
def test_a_damaged_log_is_refused_untouched(tmp_path: Path, at: int, ask: Callable[[Path], None]) -> None:
    """Whatever is left of a crash, shared memory included, stays as the crash left it."""
    path = lay(tmp_path, damage(crash(), "journal.db-wal", [(at, 8)], None))
    assert "is damaged (" in refusal(ask, path)


@pytest.mark.parametrize("ask", ASKERS)
@pytest.mark.parametrize("leave", [newer_schema, other_version])
def test_a_newer_journal_is_refused_untouched(
    tmp_path: Path, leave: Callable[[Path], object], ask: Callable[[Path], None]
) -> None:
    """With tables of a later release, or with nothing but the number: it is told to be newer."""
    path = tmp_path / "journal.db"
    asyncio.run(leave(path))  # type: ignore[arg-type]
    assert " was written by a newer Firstline (schema " in refusal(ask, path)


@pytest.mark.parametrize("ask", ASKERS)
def test_a_newer_journal_with_more_tables_is_no_damage(tmp_path: Path, ask: Callable[[Path], None]) -> None:
    """What a later release adds is its own affair."""
    path = lay(tmp_path, at_rest())
    execute(path, "CREATE TABLE recording (contact TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL) STRICT")
    execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    assert f"(schema {SCHEMA_VERSION + 1}, this one knows {SCHEMA_VERSION})" in refusal(ask, path)


@pytest.mark.parametrize("ask", ASKERS)
def test_a_log_that_would_take_rows_away_is_refused_untouched(tmp_path: Path, ask: Callable[[Path], None]) -> None:
    """One left beside a journal that was put in the place of another, which SQLite would pour into it."""
    path = lay(tmp_path, {"journal.db": at_rest()["journal.db"], "journal.db-wal": killed(6, 6)[1]})
    assert "journal.db-wal is not its own, or older: of 12 rows of table event it would leave 6" in refusal(ask, path)


def test_a_log_that_only_adds_is_poured_in(tmp_path: Path) -> None:
    """A copy of the file alone, made earlier, with the log of today: nothing is lost, and nobody is told."""
    assert kept() == asyncio.run(read(lay(tmp_path, crash() | {"journal.db": killed(6, 6)[0]})))


@pytest.mark.parametrize("ask", ASKERS)
@pytest.mark.parametrize("leave", ["a folder", "an empty file that was a journal", "a link to a damaged one"])
def test_what_cannot_be_a_journal_is_refused_untouched(tmp_path: Path, leave: str, ask: Callable[[Path], None]) -> None:
    """Told with the name of the file that is meant."""
    path = tmp_path / "journal.db"
    match leave:
        case "a folder":
            path.mkdir()
            assert ": name a file" in _told(ask, path)
        case "an empty file that was a journal":
            lay(tmp_path, {"journal.db": b"", "journal.db-lock": b"1\n"})
            assert "is empty and was a journal" in refusal(ask, path)
        case _:
            lay(tmp_path, at_rest())
            overwrite(path, 5_000, bytes(9_000))
            (tmp_path / "link.db").symlink_to(path)
            before = state(tmp_path)
            with pytest.raises(JournalFault, match=r"journal\.db is damaged"):
                ask(tmp_path / "link.db")
            assert before == state(tmp_path)


def _told(ask: Callable[[Path], None], path: Path) -> str:
    before = state(path.parent)
    with pytest.raises(JournalFault) as fault:
        ask(path)
    assert before == state(path.parent)
    return str(fault.value)


@pytest.mark.parametrize("ask", ASKERS)
def test_a_file_that_may_not_be_read_is_refused_untouched(
    tmp_path: Path, ask: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything: so the system says no in its place."""

    def denied(self: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    path = lay(tmp_path, at_rest())
    monkeypatch.setattr(Path, "open", denied)
    before = sorted(found.name for found in tmp_path.iterdir())
    with pytest.raises(JournalFault, match=r"cannot be used \(Permission denied\): check its permissions"):
        ask(path)
    assert before == sorted(found.name for found in tmp_path.iterdir())


def test_a_crashed_journal_is_copied_where_it_cannot_be_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To another disk, or to one without links: what is found is the same."""

    def unlinked(self: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(self))

    monkeypatch.setattr(Path, "hardlink_to", unlinked)
    path = lay(tmp_path, damage(crash(), "journal.db", [(4_000, 255)], None))
    assert "is damaged (" in refusal(list_dead_letters, path)
    assert kept() == asyncio.run(read(lay(tmp_path, crash())))


def test_no_room_to_examine_a_crashed_journal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting that helps: on the journal's own disk next to no room is needed."""

    def full(_from: Path, _to: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = lay(tmp_path, crash())
    monkeypatch.setattr(shutil, "copyfile", full)
    told = f"{path} cannot be examined in {tempfile.gettempdir()} (No space left on device): make room there, or let "
    assert f"{told}TMPDIR name a folder on the journal's disk" == _told(serve, path)


def test_a_journal_in_use_is_refused_untouched(tmp_path: Path) -> None:
    """The service at work does not notice the second that tried."""
    path = tmp_path / "journal.db"

    async def try_twice() -> str:
        first = await SqliteJournal.open(path)
        await first.append(batch(1, 3))
        told = await asyncio.to_thread(_told, serve, path)
        await first.append(batch(4, 4))
        await first.close()
        return told

    assert f"{path} is in use by another service (process {os.getpid()})" in asyncio.run(try_twice())


@pytest.mark.parametrize(
    "command",
    [
        ["serve", str(centre("hello")), "--broker-port", "0", "--http", "127.0.0.1:0"],
        ["dead-letters"],
        ["why", "c1"],
        ["why-not", "c1", "ann"],
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize(("version", "told"), [(9, "was written by a newer Firstline"), (0, "is damaged (its header")])
def test_whole_commands_end_with_exit_code_4(tmp_path: Path, command: list[str], version: int, told: str) -> None:
    """One line, no log, and the folder as it was."""
    path = lay(tmp_path, at_rest())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    before = state(tmp_path)
    words = [sys.executable, "-m", "router.cli", *command, "--journal", str(path)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (4, "", 1) == (ended.returncode, ended.stdout, len(ended.stderr.splitlines()))
    assert ended.stderr.startswith(f"firstline: {path} {told}")
    assert before == state(tmp_path)
