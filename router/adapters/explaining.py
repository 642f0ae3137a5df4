"""Why and why not, asked of a service at work: it answers from its floor and its journal, and routing goes first."""

from __future__ import annotations

import asyncio
from itertools import chain, islice
from time import perf_counter
from typing import Any, Final

from acd.model import ContactState
from router.errors import UsageFault
from router.explain import Inquiry, Past, TooFarBackError, UnknownError, as_data, ask, why
from router.nearest import one_slip_away
from router.ports import Row
from router.service import Service
from router.times import instant

ROWS_MAX: Final = 200_000
"""How far a service that is at work reads its journal again. What is longer ago, `--journal` tells without it."""
REST: Final = 12
"""While inputs come in, it rests so many times as long as it worked: explaining takes a thirteenth of the time at most."""
NAMES_MAX: Final = 2_000
"""Among how many names, the newest first, the one is looked for that was meant."""
ELSEWHERE: Final = "ask the journal itself, with --journal FILE"


class Explainer:
    """Answers for one service, one question after another."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._rest = Rest(service)
        self._turn = asyncio.Lock()

    async def answer(self, contact: str, agent: str | None, at: str | None) -> dict[str, Any]:
        """The answer as plain data. `agent` is None for why; `at` is an ISO 8601 instant, or None for now.

        Raises `UnknownError`, `TooFarBackError`, `UsageFault` for what is no instant, and `JournalFault`.
        """
        async with self._turn:
            self._rest.begin()
            try:
                return await self._answer(contact, agent, at)
            except TooFarBackError as fault:
                raise TooFarBackError(f"{fault}: {ELSEWHERE}") from fault
            finally:
                await self._rest.pause()

    async def _answer(self, contact: str, agent: str | None, at: str | None) -> dict[str, Any]:
        service = self._service
        board, now = service.engine.board, max(service.clock.now(), service.engine.now)
        until = now if at is None else instant(at, board.plan.zone, "at")
        if until > now:
            raise UsageFault(f"at {at}: that is still to come")
        self._check_remembered(contact)
        waits = contact in board.floor.contacts and board.floor.contacts[contact].state is ContactState.WAITING
        if waits and at is None and agent is None:
            return as_data(why(Inquiry(contact), Past(board, now)))
        return as_data(await ask(service.journal, contact, agent, until, self._rest.pause, rows_max=ROWS_MAX))

    def _check_remembered(self, contact: str) -> None:
        """Refuse at once what only a search through the whole journal could find."""
        board = self._service.engine.board
        if contact not in board.floor.contacts and contact not in board.ended:
            newest = islice(chain(reversed(board.floor.contacts), reversed(board.ended)), NAMES_MAX)
            near = one_slip_away(contact, newest, ": ") or "."
            raise UnknownError(f"contact {contact!r} is not known here{near} If it ended long ago, {ELSEWHERE}")


class Rest:
    """Lets routing go first: `pause` after each slice of work, which rests the longer the more there is to do."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._inputs = service.inputs
        self._since_s = 0.0

    def begin(self) -> None:
        """Work begins now."""
        self._since_s = perf_counter()

    async def pause(self, _row: Row | None = None) -> None:
        """Let others go on; for some time, if any input has come since the last pause."""
        worked_s = perf_counter() - self._since_s
        is_busy, self._inputs = self._service.inputs != self._inputs, self._service.inputs
        await asyncio.sleep(REST * worked_s if is_busy else 0)
        self._since_s = perf_counter()
