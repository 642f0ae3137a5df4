"""What the tests of the journal put into one, and how they look at it."""

from __future__ import annotations

from router.ports import Batch, DeadLetter, Journal, Outcome, PersonalValue, Row


def row(seq: int) -> Row:
    """Make a row whose every field depends on its seq."""
    return Row(seq, 1_000 + seq, f"pbx m{seq}", "contact.arrived", 1, b"\x00body %d" % seq)


def batch(first: int, last: int) -> Batch:
    """Make a batch of rows first to last, with one of everything that belongs to its last row."""
    return Batch(
        rows=[row(seq) for seq in range(first, last + 1)],
        outcomes=[Outcome("pbx", f"m{last}", last, "", "", f"c{last}", 1, "2026-01-05T09:00:00+09:00")],
        personal=[PersonalValue(f"~person-{last}", "person", f"+81-3-{last}", f"c{last}")],
        dead_letters=[DeadLetter(1_000 + last, "pbx", f"x{last}", "contact.keyed", "unknown field", b"{}")],
    )


async def log(journal: Journal, after: int = 0) -> list[int]:
    """Read the seqs of the rows after this one."""
    return [found.seq async for found in journal.rows(after)]


async def content(journal: Journal) -> tuple[object, ...]:
    """Read all that a journal holds."""
    commands = [("pbx", f"m{number}") for number in range(100)]
    return (
        [found async for found in journal.rows()],
        await journal.outcomes(commands),
        await journal.personal(),
        await journal.dead_letters(),
        await journal.sequences(),
        await journal.plans(),
        await journal.last_snapshot(),
        await journal.announced(),
    )
