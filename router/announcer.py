"""Speaks what the journal holds, in its order, each row at least once.

The last rows are kept in memory; where the bus was away for longer than that, or the process new, the journal is read
from the cursor on. A crash therefore only repeats announcements, with the `seq` they had the first time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from router import contract
from router.codec import decode
from router.events import Event
from router.ports import Bus, Journal, Publication, Row

CHUNK: Final = 200
SAVE_ROWS: Final = 5_000
IDLE_S: Final = 0.2
KEPT: Final = 20_000
"""How many committed rows may wait in memory; older ones are read from the journal again."""


def _as_it_is(token: str) -> str:
    return token


class Announcer:
    """Publishes rows from the cursor on, and answers to single senders between them."""

    def __init__(self, centre: str, journal: Journal, bus: Bus, announced: int) -> None:
        self._centre = centre
        self._journal = journal
        self._bus = bus
        self.sent = announced
        self._saved = announced
        self._rows: deque[tuple[Row, Event]] = deque(maxlen=KEPT)
        self._answers: list[Publication] = []
        self._last = announced
        self._wake = asyncio.Event()
        self._silent = asyncio.Event()
        self._silent.set()

    def add(self, rows: Sequence[tuple[Row, Event]]) -> None:
        """Committed rows, in order: they may be spoken now."""
        if rows:
            self._rows.extend(rows)
            self.resume(rows[-1][0].seq)

    def resume(self, last: int) -> None:
        """The journal holds rows up to `last`; those after the cursor are to be spoken again."""
        self._last = last
        self._rouse()

    def answer(self, publications: Sequence[Publication]) -> None:
        """Messages to single senders. Not journaled: whoever misses one asks again."""
        if publications:
            self._answers.extend(publications)
            self._rouse()

    def _rouse(self) -> None:
        self._silent.clear()
        self._wake.set()

    async def run(self) -> None:
        """Speak until cancelled; move the cursor after many rows, or when there has been nothing to say for a while."""
        while True:
            try:
                async with asyncio.timeout(IDLE_S if self.sent > self._saved else None):
                    await self._wake.wait()
            except TimeoutError:
                await self._save()
                continue
            self._wake.clear()
            await self._speak()
            if not self._wake.is_set():
                self._silent.set()

    async def drain(self) -> None:
        """Wait until everything committed is spoken and confirmed by the broker, and remember that it was."""
        await self._silent.wait()
        await self._save()

    async def _speak(self) -> None:
        while self.sent < self._last:
            rows = await self._next_rows()
            await self._bus.publish([contract.announce(self._centre, row, event) for row, event in rows])
            self.sent = rows[-1][0].seq
            await self._publish_answers()
            if self.sent - self._saved >= SAVE_ROWS:
                await self._save()
        await self._publish_answers()

    async def _publish_answers(self) -> None:
        answers, self._answers = self._answers, []
        await self._bus.publish(answers)

    async def _save(self) -> None:
        """Move the cursor to what the broker has confirmed."""
        sent = self.sent
        await self._bus.flush()
        if sent > self._saved:
            await self._journal.save_announced(sent)
            self._saved = sent

    async def _next_rows(self) -> list[tuple[Row, Event]]:
        while self._rows and self._rows[0][0].seq <= self.sent:
            self._rows.popleft()
        if self._rows and self._rows[0][0].seq == self.sent + 1:
            return [self._rows.popleft() for _ in range(min(CHUNK, len(self._rows)))]
        read: list[tuple[Row, Event]] = []
        async for row in self._journal.rows(self.sent):
            read.append((row, decode(row.kind, row.version, row.body, _as_it_is)))
            if len(read) == CHUNK:
                break
        return read
