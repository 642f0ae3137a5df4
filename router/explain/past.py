"""The floor as it stood at an instant: a journal folded up to it, while an inquiry listens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from router import codec
from router.board import Board
from router.errors import UsageFault
from router.events import ContactArrived
from router.explain.inquiry import Inquiry
from router.plan import Plan
from router.ports import Journal, Row, Snapshot

SLICE_ROWS: Final = 50
"""After how many rows `pause` is awaited: what is done in between takes about a millisecond."""

Pause = Callable[[Row], Awaitable[None]]


class UnknownError(UsageFault):
    """There is nobody of this name, or not yet at this instant."""


class TooFarBackError(UsageFault):
    """More rows would have to be read than the reader may."""


@dataclass(frozen=True, slots=True)
class Past:
    """The board as it stood at the instant `now` (ms)."""

    board: Board
    now: int


async def zone_of(journal: Journal) -> str:
    """The zone of the centre whose journal it is, by its newest rules. Raises `UsageFault` for an empty journal."""
    return list((await _plans(journal)).values())[-1].zone


async def look_back(
    journal: Journal, inquiry: Inquiry, until: int | None, pause: Pause, *, rows_max: int | None = None
) -> Past:
    """The board after all rows up to the instant `until` (ms; None: to the end), or once the contact is gone.

    Starts at the last snapshot where that knows nothing of the contact, else at the first row, so that the whole story
    is heard. With `rows_max` never more than so many rows before the snapshot are read: the story then begins at it,
    or `TooFarBackError` says that it is too long ago. Raises `JournalFault` for rows that cannot be read.
    """
    plans = await _plans(journal)
    board = await _fold_to(journal, inquiry, Board(plans, next(iter(plans))), until, pause, rows_max)
    return Past(board, board.now if until is None else until)


async def _plans(journal: Journal) -> dict[str, Plan]:
    plans = {of: codec.load_plan(body, of) for of, body in (await journal.plans()).items()}
    if not plans:
        raise UsageFault("the journal is empty: nothing has happened yet")
    return plans


async def _fold_to(
    journal: Journal, inquiry: Inquiry, fresh: Board, until: int | None, pause: Pause, rows_max: int | None
) -> Board:
    snapshot = await journal.last_snapshot()
    board = _board(snapshot, until, fresh)
    if board is not None:
        is_long = rows_max is not None and board.seq > rows_max
        if is_long or not _knows(board, inquiry.contact):
            await _fold(journal, board, inquiry, until, pause, None)
            if is_long or inquiry.events:
                return board
    await _fold(journal, fresh, inquiry, until, pause, rows_max)
    return fresh


def _board(snapshot: Snapshot | None, until: int | None, fresh: Board) -> Board | None:
    """The board of the snapshot, if it can be read and is not of a later instant."""
    if snapshot is None or snapshot.version != codec.SNAPSHOT_VERSION or (until is not None and snapshot.at > until):
        return None
    return codec.load_board(snapshot.body, fresh.plans, _as_token)


def _knows(board: Board, contact: str) -> bool:
    return contact in board.floor.contacts or contact in board.ended


async def _fold(
    journal: Journal, board: Board, inquiry: Inquiry, until: int | None, pause: Pause, rows_max: int | None
) -> None:
    async for row in journal.rows(board.seq):
        if until is not None and row.at > until:
            return
        if rows_max is not None and row.seq > rows_max:
            raise TooFarBackError(f"that is more than {rows_max:,} rows ago")
        event = codec.decode_row(row, _as_token)
        inquiry.hear(board, row.seq, row.at, event)
        board.apply(event, row.at)
        if inquiry.is_over(board):
            return
        if not row.seq % SLICE_ROWS:
            await pause(row)


async def arrival(journal: Journal, contact: str, after: int) -> int | None:
    """When a contact came (ms) that comes after this row; None if it never does."""
    async for row in journal.rows(after):
        if row.kind == ContactArrived.kind:
            event = codec.decode_row(row, _as_token)
            if isinstance(event, ContactArrived) and event.contact == contact:
                return row.at
    return None


def _as_token(token: str) -> str:
    """Nobody who explains needs personal values: their tokens stay where they are."""
    return token
