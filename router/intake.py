"""The order of inputs: each sender numbers those about each subject 1, 2, 3, ...; networks reorder and repeat them.

`Intake` says of each incoming one whether its turn has come, has passed, or is still ahead; what is ahead waits,
bounded in number and in time, for the gap to close. It has no clock: `now` is passed in, and never goes back.

    number = expected       READY, with whatever was waiting right behind it
    number < expected       STALE: its place is taken; it is for the journal to say whether by this very input
    number > expected       HELD, until the gap closes or `tick` gives it up
      the number is held    REPEATED: if by this very input, that will be answered; else to be refused as stale
      no room               EARLY: to be refused, and the refusal forgotten, so that the sender may send it again
    no number               READY
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Generic, NamedTuple, TypeVar

HOLD_MS: Final = 5_000
HELD_PER_LINE_MAX: Final = 32
HELD_MAX: Final = 10_000
"""How long an input waits for those before it, and how many do: for one source and subject, and in all."""

Item = TypeVar("Item")


class Verdict(Enum):
    """What becomes of an incoming input: the table above."""

    READY = "ready"
    STALE = "stale"
    HELD = "held"
    REPEATED = "repeated"
    EARLY = "early"


class Arrival(NamedTuple, Generic[Item]):
    """The verdict on one input, and the inputs that are `ready` to be taken now, in order (none unless READY)."""

    verdict: Verdict
    ready: tuple[Item, ...] = ()


@dataclass(slots=True)
class _Line(Generic[Item]):
    """What one source says about one subject: the number that comes next, and what is held, by number."""

    expected: int = 1
    held: dict[int, Item] = field(default_factory=dict)


class Intake(Generic[Item]):
    """Puts inputs in their senders' order, each exactly once.

    `expected` restores what `expected()` gave: (source, subject, next number) triples. What was held is not part of it,
    as its sender, who has seen no outcome, sends it again. At most `held_per_line_max` inputs are held for one
    source and subject, `held_max` in all, and none longer than `hold_ms`.
    """

    def __init__(
        self,
        expected: Iterable[tuple[str, str, int]] = (),
        *,
        hold_ms: int = HOLD_MS,
        held_per_line_max: int = HELD_PER_LINE_MAX,
        held_max: int = HELD_MAX,
    ) -> None:
        self._hold_ms = hold_ms
        self._held_per_line_max = held_per_line_max
        self._held_max = held_max
        self._lines: dict[str, dict[str, _Line[Item]]] = {}  # subject -> source -> line
        self._until: OrderedDict[tuple[str, str, int], int] = OrderedDict()  # by time, as all are held equally long
        for source, subject, number in expected:
            self._keep(source, subject, _Line(number))

    def take(self, source: str, subject: str, number: int | None, item: Item, now: int) -> Arrival[Item]:
        """Judge one input. `now` is milliseconds; `number` None means that the sender does not number its inputs."""
        if number is None:
            return Arrival(Verdict.READY, (item,))
        line = self._line(source, subject)
        if number < line.expected:
            return Arrival(Verdict.STALE)
        if number in line.held:
            return Arrival(Verdict.REPEATED)
        if number == line.expected:
            return Arrival(Verdict.READY, (item, *self.advance(source, subject, number)))
        if len(line.held) >= self._held_per_line_max or len(self._until) >= self._held_max:
            return Arrival(Verdict.EARLY)
        self._keep(source, subject, line).held[number] = item
        self._until[source, subject, number] = now + self._hold_ms
        return Arrival(Verdict.HELD)

    def advance(self, source: str, subject: str, number: int) -> list[Item]:
        """Count this number, and all before it, as taken; return the held ones whose turn that makes it, in order.

        For inputs known from elsewhere: those replayed from the journal, and repeats that have their outcome already.
        """
        line = self._keep(source, subject, self._line(source, subject))
        due = sorted(held for held in line.held if held <= number)
        line.expected = max(line.expected, number + 1)
        while line.expected in line.held:
            due.append(line.expected)
            line.expected += 1
        return [self._drop(source, subject, held) for held in due]

    def deadline(self) -> int | None:
        """When to call `tick`: the first instant at which a held input is given up."""
        return next(iter(self._until.values()), None)

    def tick(self, now: int) -> list[Item]:
        """Give up what has been held too long, the oldest first: to be answered as EARLY."""
        given_up: list[Item] = []
        while self._until and next(iter(self._until.values())) <= now:
            given_up.append(self._drop(*next(iter(self._until))))
        return given_up

    def forget(self, subject: str) -> list[Item]:
        """Drop all that is known about a subject, of which no more inputs are expected: one would count from 1 again.

        Returns what was held for it, to be answered as EARLY.
        """
        held = [
            (source, number) for source, line in self._lines.get(subject, {}).items() for number in sorted(line.held)
        ]
        dropped = [self._drop(source, subject, number) for source, number in held]
        self._lines.pop(subject, None)
        return dropped

    def expected(self) -> list[tuple[str, str, int]]:
        """(source, subject, next number) wherever anything was taken, sorted: plain data for a snapshot."""
        return sorted(
            (source, subject, line.expected)
            for subject, lines in self._lines.items()
            for source, line in lines.items()
            if line.expected > 1
        )

    def _line(self, source: str, subject: str) -> _Line[Item]:
        """The line as it is kept, or a new one that nobody keeps yet."""
        return self._lines.get(subject, {}).get(source) or _Line()

    def _keep(self, source: str, subject: str, line: _Line[Item]) -> _Line[Item]:
        return self._lines.setdefault(subject, {}).setdefault(source, line)

    def _drop(self, source: str, subject: str, number: int) -> Item:
        """Let go of a held input, and of its line if nothing else is known of it, so that memory stays bounded."""
        lines = self._lines[subject]
        del self._until[source, subject, number]
        item = lines[source].held.pop(number)
        if lines[source] == _Line():
            del lines[source]
            if not lines:
                del self._lines[subject]
        return item
