"""Start-up and recovery, which are one path: the last snapshot, then the rows after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from router import codec
from router.engine import Engine
from router.errors import JournalFault
from router.events import CentreStarted, Event
from router.measures import Measures
from router.plan import Plan
from router.ports import Journal, Row, Snapshot
from router.vault import Vault


class UnusableJournalFault(JournalFault):
    """A journal that is whole, but not for us: another centre's, or with content that this release cannot read.

    Says what and what to do, but not which file: a journal is a port, and only who opened it knows.
    """


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a service starts from. `plan` is to be in force; `expected` are the senders' next numbers."""

    plan: Plan
    engine: Engine
    measures: Measures
    vault: Vault
    expected: list[tuple[str, str, int]]
    announced: int
    snapshot_seq: int


async def recover(plan: Plan, journal: Journal) -> Recovered:
    """The state that the journal's rows tell of.

    Raises `UnusableJournalFault` for what is not ours or not to be read by this release, and the journal's own faults.
    """
    vault = Vault(await journal.personal())
    engine = Engine(plan, *_plans(await journal.plans(), plan.centre))
    snapshot = await _snapshot(journal)
    measures = _restored(snapshot, engine, vault) if snapshot else Measures(engine.board.plan)
    async for row in journal.rows(engine.board.seq):
        event = _event(row, vault)
        engine.apply(event, row.at)
        if isinstance(event, CentreStarted):
            measures.adopt(engine.board.plan)
        measures.apply(event, row.at)
    return Recovered(
        plan,
        engine,
        measures,
        vault,
        await _expected(engine, journal),
        await journal.announced(),
        snapshot.seq if snapshot else 0,
    )


@contextmanager
def _readable() -> Iterator[None]:
    """Say where it stands and what to do if this release cannot read it: it is as some release wrote it."""
    try:
        yield
    except JournalFault as fault:
        remedy = "start the release that wrote it, or name another file"
        raise UnusableJournalFault(f"{fault}: {remedy}") from fault


def _plans(bodies: Mapping[str, bytes], centre: str) -> list[Plan]:
    with _readable():
        plans = [codec.load_plan(body, of) for of, body in bodies.items()]
    if others := {stored.centre for stored in plans} - {centre}:
        raise UnusableJournalFault(f"this journal is of centre {others.pop()!r}, not {centre!r}: name another file")
    return plans


def _restored(snapshot: Snapshot, engine: Engine, vault: Vault) -> Measures:
    """Put the engine where the snapshot was taken, and return the measures of then."""
    with _readable():
        engine.board = codec.load_board(snapshot.body, engine.plans, vault.value)
        measures = Measures(engine.board.plan)
        measures.load(snapshot.measures)
    return measures


def _event(row: Row, vault: Vault) -> Event:
    with _readable():
        return codec.decode_row(row, vault.value)


async def _snapshot(journal: Journal) -> Snapshot | None:
    """The last snapshot. One of another release's making is passed over: the rows say all that it did."""
    snapshot = await journal.last_snapshot()
    return snapshot if snapshot and snapshot.version == codec.SNAPSHOT_VERSION else None


async def _expected(engine: Engine, journal: Journal) -> list[tuple[str, str, int]]:
    """The next number of every subject that more may be heard of."""
    board = engine.board
    alive = {f"contact/{contact}" for contact in (*board.floor.contacts, *board.ended)}
    alive |= {f"agent/{agent}" for agent in board.floor.agents} | {f"case/{case}" for case in board.desk.cases}
    return [(source, subject, last + 1) for source, subject, last in await journal.sequences() if subject in alive]
