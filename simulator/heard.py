"""What an audit has heard: of a contact, an agent, an offer, a case and a queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class Story:
    """What was heard of a contact. `wrap_up`: none, due, started, or the outcome that was booked."""

    contact: str
    queue: str = ""
    queued_at: int = 0
    until: int | None = None
    offers: list[int] = field(default_factory=list)
    agent: str = ""
    joined_at: int = 0
    left: bool = False
    sent_away: bool = False
    outcome: str = ""
    wrap_up: Literal["", "due", "started", "resolved", "follow_up", "escalated"] = ""
    case: str = ""


@dataclass(slots=True)
class Agent:
    """What was heard of an agent. `stance` is empty while nothing was.

    `in_hand` are the contacts joined with him and not wrapped up: each with the end of its wrap-up, None before that.
    """

    stance: str
    offer: int = 0
    in_hand: dict[str, int | None] = field(default_factory=dict)
    interrupted: set[str] = field(default_factory=set)
    pending: str = ""

    @property
    def is_busy(self) -> bool:
        """Whether there is something to do before he can be what he asks to be."""
        return bool(self.offer or self.in_hand)


@dataclass(slots=True)
class Offer:
    """An offer that has not ended; `until` is that of the join once it is accepted and the parties are being joined."""

    contact: str
    agent: str
    until: int
    accepted: bool = False
    joining: bool = False


@dataclass(slots=True)
class Case:
    """What was heard of a case."""

    breach_at: int | None
    accepted: bool = False
    resolved: bool = False
    breached: bool = False


@dataclass(slots=True)
class Queue:
    """How many came into a queue, and how many left it in which way."""

    offered: int = 0
    left: dict[str, int] = field(default_factory=dict)
