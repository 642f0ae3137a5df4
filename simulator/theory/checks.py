"""What every formula asks of its arguments, refused in the same words everywhere."""

from __future__ import annotations

from math import floor, isfinite


def check_count(least: int = 1, **counts: int) -> None:
    """Raise ValueError for the first count that is not a whole number of at least `least`."""
    for name, value in counts.items():
        if not (isfinite(value) and value == floor(value) and value >= least):
            raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")


def check_positive(**quantities: float) -> None:
    """Raise ValueError for the first quantity that is not a finite number above 0."""
    for name, value in quantities.items():
        if not (isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a finite number above 0, not {value!r}")


def check_not_negative(**quantities: float) -> None:
    """Raise ValueError for the first quantity that is not a finite number of at least 0."""
    for name, value in quantities.items():
        if not (isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be a finite number of at least 0, not {value!r}")


def check_share(**shares: float) -> None:
    """Raise ValueError for the first share that is not within 0 and 1."""
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value!r}")


def check_stable(servers: int, erlangs: float) -> None:
    """Raise ValueError when patient customers would queue without end."""
    if erlangs >= servers:
        raise ValueError(f"{erlangs:g} erlangs need more than {servers} servers: the queue would grow without end")
