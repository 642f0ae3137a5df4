"""Why and why not, asked of a service at work: what it remembers, it has looked up in its journal."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any, Final

from router.adapters.looking_back import LookBack
from router.errors import UsageFault
from router.explain import TooFarBackError, UnknownError
from router.nearest import one_slip_away
from router.service import Service
from router.times import instant

NAMES_MAX: Final = 2_000
"""Among how many names, the newest first, the one is looked for that was meant."""
ELSEWHERE: Final = "ask the journal itself, with --journal FILE"


class Explainer:
    """Answers for one service."""

    def __init__(self, service: Service, look_back: LookBack) -> None:
        self._service = service
        self._look_back = look_back

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
        try:
            return await self._look_back(contact, agent, until)
        except TooFarBackError as fault:
            raise TooFarBackError(f"{fault}: {ELSEWHERE}") from fault

    def _check_remembered(self, contact: str) -> None:
        """Refuse at once what only a search through the whole journal could find."""
        board = self._service.engine.board
        if contact not in board.floor.contacts and contact not in board.ended:
            newest = islice(chain(reversed(board.floor.contacts), reversed(board.ended)), NAMES_MAX)
            near = one_slip_away(contact, newest, ": ") or "."
            raise UnknownError(f"contact {contact!r} is not known here{near} If it ended long ago, {ELSEWHERE}")
