"""The journal in memory: the same contract without the disk, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from router.errors import JournalFault
from router.ports import Batch, DeadLetter, Outcome, PersonalValue, Row, Snapshot


class MemoryJournal:
    """A `router.ports.Journal` that lasts as long as the object.

    Closing it changes nothing, so that a test can end one service and recover another from the same journal. What is
    kept is there to be read: `kept_rows`, `kept_outcomes` by (source, id), `kept_personal` by token, `kept_snapshot`.
    """

    def __init__(self) -> None:
        self.kept_rows: list[Row] = []
        self.kept_outcomes: dict[tuple[str, str], Outcome] = {}
        self.kept_personal: dict[str, PersonalValue] = {}
        self._dead_letters: list[DeadLetter] = []
        self._plans: dict[str, bytes] = {}
        self.kept_snapshot: Snapshot | None = None
        self._announced = 0

    async def append(self, batch: Batch) -> None:
        """Take the batch whole, or (`JournalFault`) nothing of it: see `SqliteJournal.append`."""
        self._refuse_gap(batch.rows)
        outcomes = {(outcome.source, outcome.id): outcome for outcome in batch.outcomes}
        personal = {value.token: value for value in batch.personal}
        _refuse_repeats("an outcome of a command", len(batch.outcomes), outcomes, self.kept_outcomes)
        _refuse_repeats("a personal value", len(batch.personal), personal, self.kept_personal)
        self.kept_rows.extend(batch.rows)
        self.kept_outcomes |= outcomes
        self.kept_personal |= personal
        self._dead_letters.extend(batch.dead_letters)

    async def outcomes(self, commands: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Outcome]:
        """What became of these commands, each (source, id). Those never seen are not in the answer."""
        return {command: self.kept_outcomes[command] for command in commands if command in self.kept_outcomes}

    async def rows(self, after: int = 0) -> AsyncIterator[Row]:
        """The rows that follow `after`, in order, up to what is there when the reader gets to the end."""
        position = after  # rows count from 1 without gaps: the row after seq n stands at index n
        while position < len(self.kept_rows):
            yield self.kept_rows[position]
            position += 1

    async def personal(self) -> list[PersonalValue]:
        """All personal values, in the order they were first kept."""
        return list(self.kept_personal.values())

    async def sequences(self) -> list[tuple[str, str, int]]:
        """The highest number that each source gave about each subject, sorted: (source, subject, number)."""
        highest: dict[tuple[str, str], int] = {}
        for outcome in self.kept_outcomes.values():
            if outcome.sequence is not None:
                line = outcome.source, outcome.subject
                highest[line] = max(outcome.sequence, highest.get(line, outcome.sequence))
        return sorted((source, subject, number) for (source, subject), number in highest.items())

    async def plans(self) -> dict[str, bytes]:
        """Every plan saved, by hash, in the order they were saved."""
        return dict(self._plans)

    async def save_plan(self, plan: str, body: bytes) -> None:
        """Keep the plan of this hash. To save it again is harmless."""
        self._plans.setdefault(plan, body)

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest `limit` dead letters, the newest first."""
        return self._dead_letters[::-1][:limit]

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep this snapshot instead of the one before. `JournalFault` if it is of a row that is not in the log."""
        if snapshot.seq > len(self.kept_rows):
            raise JournalFault(
                f"the journal ends at row {len(self.kept_rows)}: it cannot keep a snapshot of row {snapshot.seq}"
            )
        self.kept_snapshot = snapshot

    async def last_snapshot(self) -> Snapshot | None:
        """The snapshot saved last, if any."""
        return self.kept_snapshot

    async def announced(self) -> int:
        """The seq up to which everything has been announced: 0 at first."""
        return self._announced

    async def save_announced(self, seq: int) -> None:
        """Remember the cursor."""
        self._announced = seq

    async def checkpoint(self) -> None:
        """There is nothing to tidy."""

    async def close(self) -> None:
        """There is nothing to give back."""

    def _refuse_gap(self, rows: Sequence[Row]) -> None:
        for expected, row in enumerate(rows, start=len(self.kept_rows) + 1):
            if row.seq != expected:
                raise JournalFault(f"row {row.seq} cannot follow row {expected - 1}; nothing was written")


def _refuse_repeats(what: str, count: int, new: Iterable[object], kept: Iterable[object]) -> None:
    """Refuse keys that repeat among the `count` given ones, or are kept already."""
    fresh = set(new)
    if len(fresh) < count or not fresh.isdisjoint(kept):
        raise JournalFault(f"the journal already holds {what} it was given; nothing was written")
