"""Words that several commands print."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number and its noun: 1 day, 5 days, 1,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
