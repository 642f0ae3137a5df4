"""Service level from counts: five formulas in use, which on the same day differ by several points.

Source of the comparison: ICMI, "Queue Tips" (2002). A figure without its formula's name says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Counts:
    """Contacts of one interval. "Within" and "after" are of the acceptable wait, AWT.

    `short_abandoned`: abandoned before a threshold of its own, shorter than AWT.
    """

    answered: int
    abandoned: int
    answered_within: int
    abandoned_within: int
    short_abandoned: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for counts that contradict each other."""
        if not 0 <= self.answered_within <= self.answered:
            raise ValueError(f"{self.answered_within} answered within AWT of {self.answered} answered cannot be")
        if not 0 <= self.abandoned_within <= self.abandoned:
            raise ValueError(f"{self.abandoned_within} abandoned within AWT of {self.abandoned} abandoned cannot be")
        if not 0 <= self.short_abandoned <= self.abandoned:
            raise ValueError(f"{self.short_abandoned} short abandons of {self.abandoned} abandoned cannot be")

    @property
    def offered(self) -> int:
        """Answered or abandoned."""
        return self.answered + self.abandoned

    @property
    def abandoned_after(self) -> int:
        """Abandoned, but not within AWT."""
        return self.abandoned - self.abandoned_within


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """One formula: its name, how it reads in print, and what goes above and below the line."""

    name: str
    formula: str
    numerator: Callable[[Counts], int]
    denominator: Callable[[Counts], int]

    def of(self, counts: Counts) -> float | None:
        """Between 0 and 1; None where the denominator is 0."""
        below = self.denominator(counts)
        return self.numerator(counts) / below if below else None


SERVICE_LEVELS: Final[dict[int, ServiceLevel]] = {
    1: ServiceLevel(
        "handled in time",
        "(answered within + abandoned within) / offered",
        lambda counts: counts.answered_within + counts.abandoned_within,
        lambda counts: counts.offered,
    ),
    2: ServiceLevel(
        "of answered",
        "answered within / answered",
        lambda counts: counts.answered_within,
        lambda counts: counts.answered,
    ),
    3: ServiceLevel(
        "of offered",
        "answered within / offered",
        lambda counts: counts.answered_within,
        lambda counts: counts.offered,
    ),
    4: ServiceLevel(
        "of offered but for abandoned within",
        "answered within / (answered + abandoned after)",
        lambda counts: counts.answered_within,
        lambda counts: counts.answered + counts.abandoned_after,
    ),
    5: ServiceLevel(
        "short abandons as answered",
        "(answered within + short abandoned) / offered",
        lambda counts: counts.answered_within + counts.short_abandoned,
        lambda counts: counts.offered,
    ),
}
"""By the numbers the comparison gave them. The product's default is 4."""
