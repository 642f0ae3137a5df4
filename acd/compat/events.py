"""What is decided in the queues that follow old systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class CompatLooked:
    """A queue that follows an old system was looked at: what there was to decide is decided, until `next_at`."""

    kind: ClassVar[str] = "compat.looked"
    queue: str
    next_at: int | None


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """In a queue that follows Asterisk, a contact's turn has come: agents are tried in this order, until `until`.

    `ranks` are (agent, metric), the lowest metric first. `wraps`: an agent in it stands behind the pointer of a
    strategy that has one.
    """

    kind: ClassVar[str] = "attempt.started"
    contact: str
    queue: str
    strategy: str
    ranks: tuple[tuple[str, int], ...]
    wraps: bool
    until: int


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """Nobody answered, or nobody could be rung: the contact's next attempt, if it stays, is not before `next_at`.

    `tried_all`: nobody was left to try; else there was no time left.
    """

    kind: ClassVar[str] = "attempt.ended"
    contact: str
    queue: str
    tried_all: bool
    next_at: int
