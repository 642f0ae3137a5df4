"""What an audit has heard: of a contact, an agent, an offer, a case and a queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
    released: bool = False
    stand_in: str = ""
    recording: bool = False
    withdrawn: bool = False
    outcome: str = ""
    wrap_up: Literal["", "due", "started", "resolved", "follow_up", "escalated"] = ""
    case: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    consult: str = ""
    taken_over: bool = False

    def hand_on(self, leg: Story | None, at: int) -> bool:
        """Its agent has handed it on: to whoever took this leg over, which it returns, or else to a queue.

        The customer of a callback is on the line by now.
        """
        self.parts[self.agent] = "due"
        self.queue = self.agent = ""
        self.stand_in = "" if self.stand_in == "callback" else self.stand_in
        if leg is None or not leg.taken_over:
            return False
        self.queue, self.agent, self.queued_at, self.joined_at = leg.queue, leg.agent, at, at
        self.consult = ""
        return True

    @property
    def ends(self) -> set[str]:
        """How it may end now: each way asks for something to have happened, and for something not to."""
        sent_away = self.sent_away and bool(self.queue) and not self.agent
        may = {
            "handled": bool(self.agent) and (self.left or self.released),
            "abandoned": self.left and bool(self.queue) and not self.agent,
            **dict.fromkeys(("timed_out", "blocked", "nobody_there", "closed"), sent_away),
            "left_menu": self.left and not self.queue,
            "served_in_menu": self.sent_away and not self.queue,
            "withdrawn": bool(self.stand_in) and not self.agent,
            "callback_failed": self.stand_in == "callback" and not self.agent,
            "no_message": self.recording and not self.queue and not self.stand_in,
            "consulted": bool(self.agent),
            "called_off": bool(self.queue) and not self.agent and (self.left or self.sent_away),
        }
        return {outcome for outcome, so in may.items() if so}

    def times_ms(self, at: int) -> tuple[int, int]:
        """The wait and the talk in its queue, if it ends now."""
        waited_until = self.joined_at if self.agent else at
        wait_ms = waited_until - self.queued_at if self.queue else 0
        return wait_ms, at - self.joined_at if self.agent else 0

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

    @property
    def loose_end(self) -> str:
        """What is still to come, in words; empty if it is nothing."""
        if not self.outcome:
            return f"{self.contact} never ended"
        if self.parts:
            return f"{self.contact} was handed on by {', '.join(self.parts)} and never wrapped up"
        if self.wrap_up in ("due", "started"):
            return f"{self.contact} was answered by {self.agent} and never wrapped up"
        return "" if self.is_complete else f"{self.contact} ended as {self.wrap_up}, and no case was opened"


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

    def ask(self, state: str) -> None:
        """He asks to be something, which he is at once, or when he is no longer busy."""
        if self.is_busy:
            self.pending = "" if state == "ready" else state
        if state == "ready" or not self.is_busy:
            self.stance = state

    def take_over(self, leg: str, contact: str) -> None:
        """What he consulted about is his own from now on."""
        self.in_hand = {contact if each == leg else each: until for each, until in self.in_hand.items()}
        if leg in self.interrupted:
            self.interrupted ^= {leg, contact}

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

    def leave(self, outcome: str) -> None:
        """One left it in this way."""
        self.left[outcome] = self.left.get(outcome, 0) + 1


def lost(stories: Iterable[Story], queues: Mapping[str, Queue]) -> Iterator[str]:
    """The queues in which somebody got lost: who came in has left, or is still there."""
    there = Counter(story.queue for story in stories if not story.outcome)
    for name, queue in queues.items():
        if queue.offered != sum(queue.left.values()) + there[name]:
            left = ", ".join(f"{count} {outcome}" for outcome, count in sorted(queue.left.items())) or "none"
            yield f"queue {name}: {queue.offered} came in, but {left} and {there[name]} still there"
