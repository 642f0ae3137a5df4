"""Start-up and recovery, which are one path: the last snapshot, then the rows after it."""

from __future__ import annotations

from dataclasses import dataclass

from router import codec
from router.engine import Engine
from router.errors import JournalFault
from router.events import CentreStarted
from router.measures import Measures
from router.plan import Plan
from router.ports import Journal, Snapshot
from router.vault import Vault


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
    """The state that the journal's rows tell of. Raises `JournalFault` for rows that are not to be read or not ours."""
    vault = Vault(await journal.personal())
    plans = {of: codec.load_plan(body, of) for of, body in (await journal.plans()).items()}
    if others := {stored.centre for stored in plans.values()} - {plan.centre}:
        raise JournalFault(f"this journal is of centre {others.pop()!r}, not {plan.centre!r}: name another file")
    engine = Engine(plan, *plans.values())
    snapshot = await _snapshot(journal)
    if snapshot:
        engine.board = codec.load_board(snapshot.body, engine.plans, vault.value)
    measures = Measures(engine.board.plan)
    if snapshot:
        measures.load(snapshot.measures)
    async for row in journal.rows(engine.board.seq):
        event = codec.decode_row(row, vault.value)
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
