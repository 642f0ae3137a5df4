"""Stretches of time: what was counted in each, and how time in a state is split at their borders."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.measures.tally import TIMES, Tally


@dataclass(slots=True)
class Span:
    """The sums of one stretch of time from `start` (ms), by queue; `agents` has the time of all agents.

    `completed` counts a contact when it is answered, gone or wrapped up, `arrived` when it was offered: what is there
    may still change after the stretch is over.
    """

    start: int
    completed: dict[str, Tally] = field(default_factory=dict)
    arrived: dict[str, Tally] = field(default_factory=dict)
    agents: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Level:
    """How many are in a state. The time they have spent in it together, by an instant, is count * instant - origin.

    So a change costs two sums, whoever is in the state, and nothing is written down before it is asked for.
    """

    count: int = 0
    origin: int = 0

    def shift(self, by: int, at: int) -> None:
        """So many more are in the state from `at` on."""
        self.count += by
        self.origin += by * at

    def spent_ms(self, at: int) -> int:
        """The time that is not booked yet."""
        return self.count * at - self.origin

    def settle(self, at: int) -> int:
        """The same, which is booked now."""
        spent_ms = self.spent_ms(at)
        self.origin += spent_ms
        return spent_ms


Levels = dict[str, Level]
"""By the column of a tally that the time goes to."""


def shift(levels: Levels, column: str, by: int, at: int) -> None:
    """More or fewer are in a state from `at` on."""
    level = levels.get(column)
    if level is None:
        level = levels[column] = Level()
    level.shift(by, at)


def settle(levels: Levels, tally: Tally, at: int) -> None:
    """Book the time that was spent in each state up to `at`."""
    for column, level in levels.items():
        setattr(tally, column, getattr(tally, column) + level.settle(at))


def pending(levels: Levels, tally: Tally, at: int) -> None:
    """Add that time to a copy, and leave what is booked as it is."""
    for column, level in levels.items():
        setattr(tally, column, getattr(tally, column) + level.spent_ms(at))


def with_times_of(total: Tally, agents: Tally) -> Tally:
    """A total over queues in which agents' time is that of the agents, each counted once."""
    for column in TIMES:
        setattr(total, column, getattr(agents, column))
    return total
