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
    """How many are in a state, since `since` (ms)."""

    count: int = 0
    since: int = 0

    def settle(self, at: int) -> int:
        """The time that has passed in the state until now, of all who are in it together; it is counted once."""
        spent_ms = self.count * (at - self.since)
        self.since = at
        return spent_ms


Levels = dict[str, Level]
"""By the column of a tally that the time goes to."""


def shift(levels: Levels, column: str, by: int, tally: Tally, at: int) -> None:
    """One more or fewer is in a state from `at` on. The time until then is booked."""
    level = levels.get(column)
    if level is None:
        level = levels[column] = Level()
    if level.count:
        setattr(tally, column, getattr(tally, column) + level.settle(at))
    else:
        level.since = at
    level.count += by


def settle(levels: Levels, tally: Tally, at: int) -> None:
    """Book the time of all who are in a state up to `at`."""
    for column in levels:
        shift(levels, column, 0, tally, at)


def pending(levels: Levels, tally: Tally, at: int) -> None:
    """Add the time of all who are in a state up to `at` to a copy, and leave what is booked as it is."""
    for column, level in levels.items():
        setattr(tally, column, getattr(tally, column) + level.count * (at - level.since))


def with_times_of(total: Tally, agents: Tally) -> Tally:
    """A total over queues in which agents' time is that of the agents, each counted once."""
    for column in TIMES:
        setattr(total, column, getattr(agents, column))
    return total
