"""Business time: a calendar compiled to open intervals, and the arithmetic of clocks over them.

All instants are integer milliseconds since the epoch, all durations integer milliseconds. Zones, holidays and the
turning of clocks are gone by here: an interval is the time that really passed between opening and closing, so a
shift from 00:00 to 06:00 holds five or seven hours on a night when the clocks change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a desk is open, over a finite horizon.

    Interval `k` is half-open, `[starts[k], ends[k])`. Intervals are sorted, none is empty, and there is closed time
    between any two. All lie within `horizon`, itself half-open; outside it nothing is known and nothing counts.
    A calendar without intervals is legal: it never opens, and no clock over it falls due.

    With `n` intervals every question costs O(log n): `_opened_ms[k]` holds the open time of the first `k` intervals,
    so that open time is found from an instant, and an instant from open time, by one bisection each.
    """

    id: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    horizon: tuple[int, int]
    _opened_ms: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the prefix sums. Raises ValueError for intervals that break the order promised above."""
        if len(self.starts) != len(self.ends):
            raise ValueError(f"calendar {self.id}: {len(self.starts)} openings but {len(self.ends)} closings")
        edges = [edge for interval in zip(self.starts, self.ends, strict=True) for edge in interval]
        if any(earlier >= later for earlier, later in pairwise(edges)):
            raise ValueError(f"calendar {self.id}: intervals must be sorted, not empty, and apart from one another")
        if edges and not self.horizon[0] <= edges[0] < edges[-1] <= self.horizon[1]:
            raise ValueError(f"calendar {self.id}: an interval lies outside the horizon")
        lengths_ms = (end - start for start, end in zip(self.starts, self.ends, strict=True))
        # The only way to set a derived field of a frozen dataclass.
        object.__setattr__(self, "_opened_ms", tuple(accumulate(lengths_ms, initial=0)))

    def is_open(self, at: int) -> bool:
        """Whether `at` lies in an interval. Law: open at the opening instant, closed at the closing one."""
        begun = bisect_right(self.starts, at)
        return begun > 0 and at < self.ends[begun - 1]

    def next_change(self, at: int) -> int | None:
        """The first instant after `at` at which the desk opens or closes, None if the horizon holds none.

        Law: `is_open` is constant from `at` up to the answer, and the opposite there. The end of the horizon is no
        closing: whoever asks must not tell callers that a desk closed because nobody has compiled the next year yet.
        """
        ended = bisect_right(self.ends, at)
        if ended == len(self.ends):
            return None
        if at < self.starts[ended]:
            return self.starts[ended]
        return self.ends[ended] if self.ends[ended] < self.horizon[1] else None

    def elapsed(self, start: int, end: int) -> int:
        """Open milliseconds from `start` to `end`.

        Laws: additive, `elapsed(a, b) + elapsed(b, c) == elapsed(a, c)` in whatever order the three lie, hence
        negative when `end` is before `start`; monotone in `end`; never more than the real time between.
        """
        return self._opened_before_ms(end) - self._opened_before_ms(start)

    def due_at(self, start: int, target_ms: int) -> int | None:
        """The earliest instant, from `start` on, with `elapsed(start, instant) == target_ms`.

        It may be Friday's closing. None if the horizon does not hold that much open time. This is the instant people
        see; timers are armed on `breach_at`. Precondition: `target_ms >= 0`.
        """
        assert target_ms >= 0, "a target is a duration, never negative"
        if target_ms == 0:
            return start
        spent_ms = self._opened_before_ms(start) + target_ms
        return self._instant(bisect_left(self._opened_ms, spent_ms), spent_ms)

    def breach_at(self, start: int, target_ms: int) -> int | None:
        """The first instant from which `elapsed` exceeds `target_ms`: at any later one it is strictly greater.

        Laws: the desk is open there; never before `due_at`, and the same unless `due_at` is a closing (then this is
        the next opening). None if the horizon does not hold more open time than that. Precondition: `target_ms >= 0`.
        """
        assert target_ms >= 0, "a target is a duration, never negative"
        spent_ms = self._opened_before_ms(start) + target_ms
        return self._instant(bisect_right(self._opened_ms, spent_ms), spent_ms)

    def _opened_before_ms(self, at: int) -> int:
        """Open time of the whole horizon before `at`."""
        begun = bisect_right(self.starts, at)
        if begun == 0:
            return 0
        left_ms = self.ends[begun - 1] - at
        return self._opened_ms[begun] - left_ms if left_ms > 0 else self._opened_ms[begun]

    def _instant(self, count: int, opened_ms: int) -> int | None:
        """The instant within the last of the first `count` intervals before which `opened_ms` were open."""
        if count > len(self.ends):
            return None
        return self.ends[count - 1] - (self._opened_ms[count] - opened_ms)
