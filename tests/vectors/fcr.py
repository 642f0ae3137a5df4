"""Plays `fcr_cases.json`: one log of contacts, and what each definition of first-contact resolution makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from escalation.resolution import ContactLog, ContactRecord, Definition, Figure, Match, definition
from tests.vectors import Comparison, ShapeFault, Verdict, field, judged, listed, mapping, whole

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)

_CHANNELS = {"phone": "voice", "email": "mail"}
"""The file's words for ours; others are the same."""

_NAMES = {
    "gross_in_contact_strict": "strict",
    "gross_in_contact_warm_ok": "warm",
    "net_in_contact_strict": "net",
    "escalated_pct": "escalated",
    "servicenow_csm": "one_update",
    "zendesk_one_touch": "one_touch",
    "freshservice": "no_reply",
    "one_and_done_share": "one_and_done",
    "true_fcr": "true_strict",
    "true_first_contact_resolved": "true_first_contact",
}
"""The file's names for our definitions; others are the same."""

_RENAMED = {"reopen": "reopened", "l1_resolvable": "first_level_resolvable"}
_INSTANTS = ("arrived", "ended")
_COUNTS = ("agent_replies", "customer_replies")
_TEXTS = ("id", "customer", "issue", "reason")
_FLAGS = ("answered", "agent_resolved", "callback", "awaiting_info", "reopen", "l1_resolvable")
_VERDICTS = ("survey_resolved", "truly_resolved")


@dataclass(frozen=True, slots=True)
class _Question:
    """What a key of `expected` asks."""

    id: str
    name: str
    match: Match
    as_of: int


def play(document: object) -> Iterator[Verdict]:
    """A verdict per key of `expected`. Raises ShapeFault for a document of another shape."""
    content = mapping(document, "the document")
    as_of = str(field(content, "as_of", "the document"))
    written = listed(field(content, "contacts", "the document"), "contacts")
    contacts = [_contact(entry, f"contacts.{place}") for place, entry in enumerate(written, 1)]
    for key, expected in mapping(field(content, "expected", "the document"), "expected").items():
        yield _played(_question(key, as_of), mapping(expected, f"expected.{key}"), contacts)


def _played(question: _Question, expected: Mapping[str, Any], contacts: list[ContactRecord]) -> Verdict:
    try:
        asked = definition(question.name, question.match)
    except ValueError as reason:
        return Verdict(question.id, "unsupported", str(reason))
    actual = _stated(asked, ContactLog(contacts, question.as_of))
    return judged(question.id, Comparison(absolute=1e-9).differences(expected, actual))


def _stated(asked: Definition, log: ContactLog) -> dict[str, Any]:
    """What a key may state of a figure."""
    figure: Figure = asked.measure(log)
    return {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "immature": figure.immature,
        "pct": _per_cent(figure.share),
        "response_rate_pct": _per_cent(figure.response_rate),
    }


def _per_cent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def _question(key: str, as_of: str) -> _Question:
    """The text before the first space is the name; `match=` and an earlier date of reading may follow in prose."""
    name = key.split(maxsplit=1)[0]
    if early := re.search(r"read too early(?: \(as of (\d\d-\d\d)\))?", key):
        day = early[1] or "06-10"
        return _Question(f"{name} read too early", name, "customer+reason", _instant(f"{as_of[:4]}-{day}T00:00", key))
    said = re.search(r"match=(customer\+reason|customer)\b", key)
    match: Match = "customer+reason" if said and said[1] == "customer+reason" else "customer"
    case_id = f"{name} match={match}" if said else name
    return _Question(case_id, _NAMES.get(name, name), match, _instant(as_of, "as_of"))


def _contact(entry: object, place: str) -> ContactRecord:
    written = mapping(entry, place)
    read: dict[str, Any] = {key: _of_kind(written, key, place, str) for key in _TEXTS}
    read |= {_RENAMED.get(key, key): _of_kind(written, key, place, bool) for key in _FLAGS}
    read |= {key: _of_kind(written, key, place, bool, type(None)) for key in _VERDICTS}
    read |= {key: _instant(field(written, key, place), place) for key in _INSTANTS}
    read |= {key: whole(written, key, place) for key in _COUNTS}
    channel = _of_kind(written, "channel", place, str)
    resolved_at = field(written, "resolved_at", place)
    return ContactRecord(
        **read,
        channel=_CHANNELS.get(channel, channel),
        levels=tuple(listed(field(written, "levels", place), f"{place}.levels")),
        transfer=_of_kind(written, "transfer", place, str, type(None)),
        case=_of_kind(written, "case", place, str, type(None)) or "",
        resolved_at=None if resolved_at is None else _instant(resolved_at, place),
    )


def _of_kind(written: Mapping[str, Any], key: str, place: str, *kinds: type) -> Any:
    value = field(written, key, place)
    if not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ShapeFault(f"{place}: the field `{key}` must be of type {names}, not {value!r}")
    return value


def _instant(text: object, place: str) -> int:
    """The file's times have no zone: all its arithmetic is within one, so any will do."""
    try:
        return (datetime.fromisoformat(str(text)).replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
    except ValueError as error:
        raise ShapeFault(f"{place}: `{text}` is not a time such as 2025-06-02T09:00") from error
