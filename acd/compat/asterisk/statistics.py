"""What `queue show` says of a queue: its counters, its hold time, its two service levels. No decision depends on it.

Unlike our own measures it takes all who went unanswered for abandoned, whoever ended the wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from acd.events import ContactEnded, ContactJoined, ContactQueued, QueueLeft

_ROUNDING_S: Final = 30


@dataclass(slots=True)
class Statistics:
    """A fold over the events about one queue. `hold_time_s`: a moving average of the waits of answered calls.

    `service_level_ms`: `servicelevel`. Calls are completed when the talk has ended, and count as answered from then on.
    """

    queue: str
    service_level_ms: int = 0
    completed: int = 0
    completed_in_time: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    hold_time_s: int = 0
    since: dict[str, int] = field(default_factory=dict)

    def apply(self, event: Any, now: int) -> None:
        """Hear of an event of the floor."""
        if book := _BOOK.get(type(event)):
            book(self, event, now)

    def _queued(self, event: ContactQueued, now: int) -> None:
        if event.queue == self.queue:
            self.since[event.contact] = now

    def _joined(self, event: ContactJoined, now: int) -> None:
        if (since := self.since.get(event.contact)) is not None:
            counted = self.completed + self.abandoned
            self.hold_time_s = hold_time_s(self.hold_time_s, (now - since) // 1_000, counted)

    def _ended(self, event: ContactEnded, _now: int) -> None:
        if self.since.pop(event.contact, None) is None or event.outcome == "blocked":
            return
        if event.outcome == "handled":
            self.completed += 1
            self.completed_in_time += event.wait_ms <= self.service_level_ms
        else:
            self._abandon(event.wait_ms)

    def _left(self, event: QueueLeft, _now: int) -> None:
        if event.queue == self.queue and self.since.pop(event.contact, None) is not None:
            self._abandon(event.wait_ms)

    def _abandon(self, wait_ms: int) -> None:
        self.abandoned += 1
        self.abandoned_in_time += wait_ms <= self.service_level_ms


def hold_time_s(before_s: int, wait_s: int, counted: int) -> int:
    """The hold time after another answer: three parts of what it was to one of this wait, in whole seconds.

    The first wait is taken whole, and so is every other until a call was `counted`, as completed or abandoned.
    """
    return (3 * before_s + wait_s) >> 2 if counted else wait_s


def announced_minutes(hold_time_s: int, waited_s: int) -> int:
    """The expected wait as it is announced. It grows again with a caller who has waited longer than the hold time."""
    return abs(hold_time_s + _ROUNDING_S - waited_s) // 60


def service_levels(
    completed: int, completed_in_time: int, abandoned: int, abandoned_in_time: int
) -> tuple[float, float]:
    """Two shares: of the completed, those in time; and of all, those in time, whether completed or abandoned."""
    total, in_time = completed + abandoned, completed_in_time + abandoned_in_time
    return (completed_in_time / completed if completed else 0.0, in_time / total if total else 0.0)


_BOOK: dict[type, Callable[[Statistics, Any, int], None]] = {
    ContactQueued: Statistics._queued,
    ContactJoined: Statistics._joined,
    QueueLeft: Statistics._left,
    ContactEnded: Statistics._ended,
}
