"""Instants and durations of a centre, as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE_MS: Final = 60_000


def moment(at: int, zone: str) -> datetime:
    """An instant (ms) in a zone."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone))


def clock(at: int, zone: str) -> str:
    """An instant (ms) as the time of day in a zone: 09:15:00."""
    return f"{moment(at, zone):%H:%M:%S}"


def minutes(duration_ms: int) -> str:
    """A duration as 2:05."""
    return f"{duration_ms // MINUTE_MS}:{duration_ms // 1000 % 60:02}"


def first_monday(day: date) -> date:
    """The first Monday that is not before a date."""
    return day + timedelta(days=-day.weekday() % 7)
