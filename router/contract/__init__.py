"""The event contract, version 1: what is said over MQTT, by whom, on which topic. Pure: no I/O, no clock.

    command     = read(participant, payload)        # raises Malformed
    publication = announce(centre, row, event)      # every row of the journal, the accepted inputs included
    publication = refusal(centre, participant, id, fault, reason)

A body is one CloudEvent 1.0 in JSON, structured mode. `documents` writes the reference for people and for tools
(docs/reference/events.md and asyncapi.json) from the same classes.
"""

from __future__ import annotations

from router.contract.announcing import announce
from router.contract.answering import answer, availability, introduction, outcome, refusal
from router.contract.describing import asyncapi, asyncapi_text
from router.contract.masking import mask
from router.contract.page import reference_text
from router.contract.reading import Command, Malformed, Question, read
from router.contract.snapshots import snapshot
from router.contract.topics import (
    ENGINE,
    available_topic,
    every_input,
    every_output,
    input_topic,
    is_name,
    reply_topic,
)

__all__ = [
    "ENGINE", "Command", "Malformed", "Question", "announce", "answer", "asyncapi", "availability", "available_topic",
    "documents", "every_input", "every_output", "input_topic", "introduction", "is_name", "mask", "outcome", "read",
    "refusal", "reply_topic", "snapshot",
]  # fmt: skip


def documents() -> dict[str, str]:
    """The generated pages: path from the project's root -> text. A test compares them with the files."""
    return {"docs/reference/asyncapi.json": asyncapi_text(), "docs/reference/events.md": reference_text()}
