"""Durations as people write them (`20s`, `3m`, `2h`, `1h30m`) and as the plan counts them: in milliseconds."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

UNITS_MS: Final = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}

PATTERN: Final = r"^(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"


def milliseconds(value: object) -> int:
    """Milliseconds of a text such as `20s` or `1h30m`; raises `ValueError` with a sentence for people.

    Never `TypeError`: pydantic lets that through as a fault of the program.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError(f"a duration needs its unit: write {value}s, {value}m or {value}h")  # noqa: TRY004
    if not isinstance(value, str):
        raise ValueError("a duration is a number with its unit, such as 20s, 3m or 2h")  # noqa: TRY004
    if re.fullmatch(r"[0-9]+d", value):
        raise ValueError("a day has no fixed length, and a working day even less: write hours, such as 8h")
    if not re.fullmatch(PATTERN, value):
        raise ValueError(f"`{value}` is not a duration: write it like 20s, 3m, 2h or 1h30m")
    return sum(int(number) * UNITS_MS[unit] for number, unit in re.findall(r"([0-9]+)(ms|h|m|s)", value))


def lasts(value: object) -> bool:
    """Whether a value says more than nothing; one that cannot be read may."""
    try:
        return milliseconds(value) > 0
    except ValueError:
        return True


def _some(value: object) -> int:
    if (length := milliseconds(value)) == 0:
        raise ValueError("this must be longer than nothing")
    return length


_SCHEMA: Final = {"type": "string", "format": "duration", "pattern": PATTERN}

Duration = Annotated[int, BeforeValidator(milliseconds), WithJsonSchema(_SCHEMA)]
"""A length of time, possibly none."""

SomeTime = Annotated[int, BeforeValidator(_some), WithJsonSchema(_SCHEMA)]
"""A length of time that is not nothing."""
