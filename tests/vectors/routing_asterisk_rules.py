"""The formulas of Asterisk, put to the functions that `compat.asterisk` decides and counts with."""

from __future__ import annotations

from typing import Any, Final, cast, get_args

from acd.compat.asterisk import ranking, statistics
from acd.compat.asterisk.plan import absences
from acd.compat.asterisk.presence import Seen, Status, somebody_is_there
from acd.compat.asterisk.watch import pointer_to
from tests.vectors import ShapeFault, field, listed, mapping, whole

Given = dict[str, Any]

_STATUSES: Final = get_args(Status)
_AS_NOT_IN_USE: Final = ("busy", "onhold", "ringinuse")
"""Other states of a phone, which no condition names."""


def empty_table(given: Given) -> dict[str, Any]:
    """Who may join, row by row: setting, members, whether a caller may."""
    return {"table": [_row(listed(row, "table")) for row in listed(field(given, "table", "given"), "table")]}


def _row(row: list[Any]) -> list[Any]:
    if len(row) != 3:
        raise ShapeFault("table: a row is a setting, the members, and whether a caller may join")
    setting, members, _ = row
    word = setting if isinstance(setting, str) else ("no", "yes")[setting is True]
    seen = [_seen(mapping(member, "table")) for member in listed(members, "table")]
    return [setting, members, somebody_is_there(seen, absences(word, joining=True))]


def _seen(member: dict[str, Any]) -> Seen:
    states = {"status": "not_inuse", "paused": False, "penalty_out": False, **member}
    status = states.pop("status")
    if unknown := states.keys() - {"paused", "penalty_out"}:
        raise ShapeFault(f"table: the runner does not know the field {', '.join(sorted(unknown))}")
    if status not in (*_STATUSES, *_AS_NOT_IN_USE):
        raise ShapeFault(f"table: `{status}` is no state of a phone")
    return Seen(cast("Status", "not_inuse" if status in _AS_NOT_IN_USE else status), **states)


def hold_times(given: Given) -> dict[str, Any]:
    """The hold time after each answer."""
    waits = listed(field(given, "answered_waits", "given"), "answered_waits")
    counted = listed(field(given, "completed_before", "given"), "completed_before")
    found: list[int] = []
    for wait_s, before in zip(waits, counted, strict=True):
        found.append(statistics.hold_time_s(found[-1] if found else 0, wait_s, before))
    return {"holdtime": found}


def expected_waits(given: Given) -> dict[str, Any]:
    """The minutes announced after each wait."""
    hold_time_s = whole(given, "holdtime", "given")
    waited = listed(field(given, "waited", "given"), "waited")
    return {"minutes": [statistics.announced_minutes(hold_time_s, waited_s) for waited_s in waited]}


def service_levels(given: Given) -> dict[str, Any]:
    """Per cent with one decimal, as it prints them."""
    names = ("completed", "completed_in_sl", "abandoned", "abandoned_in_sl")
    levels = statistics.service_levels(*(whole(given, name, "given") for name in names))
    return dict(zip(("SL", "SL2"), (round(100 * level, 1) for level in levels), strict=True))


def first_wins(given: Given) -> dict[str, Any]:
    """The probability that the first member's draw is strictly the lowest."""
    return {"p_first_strictly_less": ranking.first_wins(listed(field(given, "penalties", "given"), "penalties"))}


def pointer(given: Given) -> dict[str, Any]:
    """Where the pointer stands once it was set to a place."""
    return {"rrpos": pointer_to(whole(given, "next_position", "given"))}
