"""Rows of the journal as messages. The sealed body of a row goes out as it stands in the journal, byte for byte."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Final, Literal

from router.contract.topics import ENGINE, output_topic
from router.events import EVENTS, Event
from router.ports import Publication, Row

Subject = Literal["contact", "agent", "case", "centre"]

_FOR_AGENTS: Final = ("agent.", "offer", "withdraw", "wrap_up.", "contact.wrapped_up")
_SECOND_MS: Final = 1000


def _subject_of(event: type) -> Subject:
    """Whose topic a kind of event goes to: who has to act on it, or else whom it is about."""
    kind: str = event.kind  # type: ignore[attr-defined]
    if kind.startswith("case."):
        return "case"
    if kind.startswith(_FOR_AGENTS):
        return "agent"
    return "contact" if "contact" in {field.name for field in fields(event)} else "centre"


SUBJECTS: Final[dict[str, Subject]] = {kind: _subject_of(event) for kind, event in EVENTS.items()}
"""Whose topic each kind of event goes to."""


def announce(centre: str, row: Row, event: Event) -> Publication:
    """A row as a message to whoever watches, and to its cause's sender as a receipt. `event` is what the row holds."""
    whose = SUBJECTS[row.kind]
    subject = centre if whose == "centre" else getattr(event, whose)
    seq, time = str(row.seq), rfc3339(row.at)
    cause = f',"cause":{encode_basestring_ascii(row.cause)}' if row.cause else ""
    head = (
        f'{{"specversion":"1.0","id":"{seq}","source":"{ENGINE}","type":"{row.kind}","time":"{time}",'
        f'"datacontenttype":"application/json","subject":"{subject}","sequence":{seq}{cause},"data":'
    )
    properties = (
        ("specversion", "1.0"),
        ("id", seq),
        ("source", ENGINE),
        ("type", row.kind),
        ("time", time),
        ("datacontenttype", "application/json"),
        ("subject", subject),
        ("sequence", seq),
        *((("cause", row.cause),) if row.cause else ()),
    )
    topic = output_topic(centre, whose, subject, row.kind)
    return Publication(topic, b"%b%b}" % (head.encode(), row.body), properties=properties)


def rfc3339(at: int) -> str:
    """An instant, ms since the epoch, as RFC 3339 has it: 2026-01-05T01:15:00.000Z."""
    second, milliseconds = divmod(at, _SECOND_MS)
    return f"{_second(second)}.{milliseconds:03}Z"


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
