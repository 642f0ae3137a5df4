"""A process that dies at a given step, seen from its journal and its bus. What was committed, or was not, stays so.

A step is anything that somebody else could notice: before and after each commit, and before each single message that is
acknowledged or published. A process that has died can do nothing any more, whichever of its tasks tries.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from router.ports import Batch, Bus, DeadLetter, Journal, Message, Outcome, PersonalValue, Publication, Row, Snapshot


class Died(Exception):
    """The process is dead."""


class Fate:
    """How long one process lives: `steps` of them, or for ever (None)."""

    def __init__(self, steps: int | None = None) -> None:
        self._left = steps
        self.taken = 0

    def step(self) -> None:
        """Raise `Died` if this is where it ends."""
        if self._left is not None and self.taken >= self._left:
            raise Died
        self.taken += 1


class MortalJournal:
    """A `router.ports.Journal` in the hands of a process with this fate."""

    def __init__(self, journal: Journal, fate: Fate) -> None:
        self._journal = journal
        self._step = fate.step

    async def append(self, batch: Batch) -> None:
        """See `Journal.append`."""
        self._step()
        await self._journal.append(batch)
        self._step()

    async def outcomes(self, commands: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Outcome]:
        """See `Journal`."""
        return await self._journal.outcomes(commands)

    def rows(self, after: int = 0) -> AsyncIterator[Row]:
        """See `Journal`."""
        return self._journal.rows(after)

    async def personal(self) -> list[PersonalValue]:
        """See `Journal`."""
        return await self._journal.personal()

    async def sequences(self) -> list[tuple[str, str, int]]:
        """See `Journal`."""
        return await self._journal.sequences()

    async def plans(self) -> dict[str, bytes]:
        """See `Journal`."""
        return await self._journal.plans()

    async def save_plan(self, plan: str, body: bytes) -> None:
        """See `Journal`."""
        self._step()
        await self._journal.save_plan(plan, body)
        self._step()

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """See `Journal`."""
        return await self._journal.dead_letters(limit)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """See `Journal`."""
        self._step()
        await self._journal.save_snapshot(snapshot)
        self._step()

    async def last_snapshot(self) -> Snapshot | None:
        """See `Journal`."""
        return await self._journal.last_snapshot()

    async def announced(self) -> int:
        """See `Journal`."""
        return await self._journal.announced()

    async def save_announced(self, seq: int) -> None:
        """See `Journal`."""
        self._step()
        await self._journal.save_announced(seq)
        self._step()

    async def checkpoint(self) -> None:
        """See `Journal`."""
        self._step()
        await self._journal.checkpoint()

    async def close(self) -> None:
        """See `Journal`."""
        await self._journal.close()


class MortalBus:
    """A `router.ports.Bus` in the hands of a process with this fate."""

    def __init__(self, bus: Bus, fate: Fate) -> None:
        self._bus = bus
        self._step = fate.step

    @property
    def on_connect(self) -> Callable[[], None] | None:
        """See `Bus`."""
        return self._bus.on_connect

    @on_connect.setter
    def on_connect(self, called: Callable[[], None] | None) -> None:
        self._bus.on_connect = called

    async def receive(self, limit: int) -> list[Message]:
        """See `Bus.receive`."""
        return await self._bus.receive(limit)

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """See `Bus.acknowledge`; one by one."""
        for message in messages:
            self._step()
            self._bus.acknowledge([message])

    async def publish(self, publications: Sequence[Publication]) -> None:
        """See `Bus.publish`; one by one."""
        for publication in publications:
            self._step()
            await self._bus.publish([publication])

    async def flush(self) -> None:
        """See `Bus.flush`."""
        await self._bus.flush()
