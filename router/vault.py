"""Personal values on one side, the tokens that stand for them in the log on the other. No I/O: the journal keeps both.

A value is handed in once, at the edge, and everything behind it (engine, log, announcements) sees only its token.
Tokens are counters by kind (`~person-17`), so the same inputs give the same tokens. A token is journaled in the batch
whose rows hold it: after a crash the counters resume behind what the journal holds, and a token given out for a batch
that was never committed stands nowhere, so that giving it out again cannot confuse two people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from router.ports import PersonalValue

FRESH_KINDS: Final = frozenset({"digits"})


class Vault:
    """Turns values into tokens and back.

    A value of the kind "person" names one, and has one stable token, which is what lets redials and repeats be
    counted. Keyed "digits" get a fresh token each time: equal digits mean nothing, and one token for both would tell
    that they are equal.

    `values` is what the journal holds. One without its value was erased; its token is never given out again.
    """

    def __init__(self, values: Iterable[PersonalValue] = ()) -> None:
        self._values: dict[str, str] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        self._new: list[PersonalValue] = []
        for kept in values:
            self._restore(kept)

    def token(self, kind: str, value: str, subject: str) -> str:
        """The token for a value that came with the contact `subject`. Nothing (`""`) stays nothing."""
        if not value:
            return value
        return self._tokens.get((kind, value)) or self._issue(kind, value, subject)

    def value(self, token: str) -> str:
        """The value behind a token; what is unknown or erased comes back as it is."""
        return self._values.get(token, token)

    def take_new(self) -> list[PersonalValue]:
        """Hand out, once, the values not journaled yet, in order of first use.

        They belong in the batch whose rows hold their tokens, so take them when that batch is made.
        """
        new, self._new = self._new, []
        return new

    def _issue(self, kind: str, value: str, subject: str) -> str:
        token = f"~{kind}-{self._last.get(kind, 0) + 1}"
        issued = PersonalValue(token, kind, value, subject)
        self._restore(issued)
        self._new.append(issued)
        return token

    def _restore(self, kept: PersonalValue) -> None:
        number = int(kept.token.rpartition("-")[2])
        self._last[kept.kind] = max(number, self._last.get(kept.kind, 0))
        if not kept.value:
            return
        self._values[kept.token] = kept.value
        if kept.kind not in FRESH_KINDS:
            self._tokens[kept.kind, kept.value] = kept.token
