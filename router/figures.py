"""How a figure is told: never bare, but with what it is a quotient of, its unit, and its formula and version."""

from __future__ import annotations

from typing import Any


def quotient(numerator: int, n: int) -> float | None:
    """The value of a figure; None where there is nothing to divide by."""
    return numerator / n if n else None


def figure(numerator: int, n: int, unit: str, formula: str, version: int = 1) -> dict[str, Any]:
    """A figure as plain data. A share is from 0 to 1, "ms" are milliseconds, a "count" has the `n` 1."""
    return {
        "value": quotient(numerator, n),
        "numerator": numerator,
        "n": n,
        "unit": unit,
        "version": version,
        "formula": formula,
    }
