"""Why and why not, asked of a service that is at work: it answers from its journal, and routing goes first."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any, Final

from acd.model import ContactState
from router.errors import UsageFault
from router.explain import Inquiry, Past, TooFarBackError, UnknownError, as_data, ask, why
from router.nearest import did_you_mean
from router.ports import Row
from router.service import Service
from router.times import instant

ROWS_MAX: Final = 200_000
"""How far a service that is at work reads its journal again. What is longer ago, `--journal` tells without it."""
REST: Final = 9
"""While inputs come in, it rests so many times as long as it worked: explaining takes a tenth of the time at most."""
ELSEWHERE: Final = "ask the journal itself, with --journal FILE"


class Explainer:
    """Answers for one service, one question after another."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = asyncio.Lock()

    async def answer(self, contact: str, agent: str | None, at: str | None) -> dict[str, Any]:
        """The answer as plain data. `agent` is None for why; `at` is an ISO 8601 instant, or None for now.

        Raises `UnknownError`, `TooFarBackError`, `UsageFault` for what is no instant, and `JournalFault`.
        """
        service = self._service
        board, now = service.engine.board, max(service.clock.now(), service.engine.now)
        until = now if at is None else instant(at, board.plan.zone, "at")
        if until > now:
            raise UsageFault(f"at {at}: that is still to come")
        self._check_remembered(contact)
        waits = contact in board.floor.contacts and board.floor.contacts[contact].state is ContactState.WAITING
        if waits and at is None and agent is None:
            return as_data(why(Inquiry(contact), Past(board, now)))
        async with self._turn:
            pause = _Rest(service).pause
            try:
                return as_data(await ask(service.journal, contact, agent, until, pause, rows_max=ROWS_MAX))
            except TooFarBackError as fault:
                raise TooFarBackError(f"{fault}: {ELSEWHERE}") from fault

    def _check_remembered(self, contact: str) -> None:
        """Refuse at once what only a search through the whole journal could find."""
        board = self._service.engine.board
        if contact not in board.floor.contacts and contact not in board.ended:
            near = did_you_mean(contact, (*board.floor.contacts, *board.ended), ": ")
            raise UnknownError(f"contact {contact!r} is not known here{near or '.'} If it ended long ago, {ELSEWHERE}")


class _Rest:
    """Lets routing go first: between two slices of work it rests, the longer the more there is to do."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._inputs = service.inputs
        self._since_s = perf_counter()

    async def pause(self, _row: Row) -> None:
        """Called after each slice."""
        worked_s = perf_counter() - self._since_s
        is_busy, self._inputs = self._service.inputs != self._inputs, self._service.inputs
        await asyncio.sleep(REST * worked_s if is_busy else 0)
        self._since_s = perf_counter()
