"""Instants and durations of a centre, as people read and write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from router.errors import UsageFault

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS


def moment(at: int, zone: str) -> datetime:
    """An instant (ms) in a zone."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone))


def clock(at: int, zone: str) -> str:
    """An instant (ms) as the time of day in a zone: 09:15:00."""
    return f"{moment(at, zone):%H:%M:%S}"


def minutes(duration_ms: int) -> str:
    """A duration as 2:05."""
    return f"{duration_ms // MINUTE_MS}:{duration_ms // 1000 % 60:02}"


def instant(text: str, zone: str, option: str) -> int:
    """An ISO 8601 instant, given for an option, as ms since the epoch; one without an offset is in the zone."""
    try:
        written = datetime.fromisoformat(text)
        known = written if written.tzinfo else written.replace(tzinfo=ZoneInfo(zone))
        known.astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError):
        raise UsageFault(f"{option} {text}: write an instant such as 2026-03-02T09:00") from None
    return round(known.timestamp() * 1000)


def first_monday(day: date) -> date:
    """The first Monday that is not before a date."""
    return day + timedelta(days=-day.weekday() % 7)
