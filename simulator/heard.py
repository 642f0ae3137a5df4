"""What an audit has heard: of a contact, an agent, an offer, a case and a queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class Story:
    """What was heard of a contact. `wrap_up`: none, due, started, or the outcome that was booked.

    `parts` are the wrap-ups of those who have handed it on, due or started. `consult` is the leg about it, `taken_over`
    whether that leg's agent has taken the contact itself.
    """

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
    parts: dict[str, str] = field(default_factory=dict)
    consult: str = ""
    taken_over: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing more is to come."""
        if self.parts:
            return False
        if self.outcome == "consulted":
            return self.taken_over or self.wrap_up not in ("due", "started")
        if self.outcome != "handled":
            return bool(self.outcome)
        return self.wrap_up == "resolved" or bool(self.case)


@dataclass(slots=True)
class Agent:
    """What was heard of an agent. `state` is empty while nothing was."""

    state: str
    offer: int = 0
    contact: str = ""
    pending: str = ""
    wrap_up_until: int = 0


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
