"""Bytes from a sender in, a command out; or `Malformed`, with a reason that quotes nothing of what was sent.

Personal values and secret digits may stand anywhere in a body that is wrong. So no exception raised here holds the
body, not even as a context: what a library says of it is put into words of our own first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pydantic import ValidationError

from router.contract.inputs import INPUTS, Envelope, Input, SnapshotRequested
from router.contract.masking import masked_event, masked_text
from router.contract.topics import ENGINE, NAME_RULE, is_id, is_name
from router.events import EVENTS, Event
from router.nearest import did_you_mean

PAYLOAD_BYTES_MAX: Final = 65_536
FAULTS_TOLD_MAX: Final = 3
_TOLD_CHARACTERS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Command:
    """An input as it is to be decided: a fact, who sent it, and its place in the sender's own order.

    `id` is unique for its source. `sequence` (from 1) counts the source's inputs about `subject`: the contact that the
    fact names ("contact/call-17"), or else the agent, or the case; None where the source does not count. `sent_at` is
    the sender's own time (RFC 3339), or empty.
    """

    source: str
    id: str
    sequence: int | None
    sent_at: str
    subject: str
    fact: Event


@dataclass(frozen=True, slots=True)
class Question:
    """A request for a snapshot. It changes nothing, so it is neither numbered nor journaled, but answered each time."""

    source: str
    id: str


class Malformed(Exception):
    """An input that cannot be understood, by its sender's fault. Nothing personal is in any of its parts.

    `id` and `kind` are the input's, as far as they could be read, else empty; `masked` is the body with personal values
    masked.
    """

    def __init__(self, reason: str, masked: bytes, event_id: str = "", kind: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.id = event_id
        self.kind = kind
        self.masked = masked


def read(participant: str, payload: bytes) -> Command | Question:
    """The command or question in a message on a participant's input topic. Raises `Malformed`, and nothing else."""
    body, flaw = _parsed(payload)
    if flaw:
        raise Malformed(flaw, masked_text(payload))
    known, flaw = _kind_of(body)
    if known is None:
        _reject(body, flaw)
    event, flaw = _validated(known, body)
    if event is None:
        _reject(body, flaw)
    if event.source != participant or participant == ENGINE:
        _reject(body, _wrong_source(participant))
    fact = known.fact(**event.data.__dict__)
    subject = getattr(fact, known.subject) if known.subject else ""
    if event.subject is not None and event.subject != subject:
        _reject(body, _wrong_subject(known))
    if known.fact is SnapshotRequested:
        return Question(event.source, event.id)
    counted = f"{known.subject}/{subject}"
    return Command(event.source, event.id, event.sequence, event.time or "", counted, fact)


def _reject(body: Any, reason: str) -> NoReturn:
    event_id, kind = (body.get("id"), body.get("type")) if isinstance(body, dict) else ("", "")
    raise Malformed(
        reason,
        masked_event(body),
        event_id if isinstance(event_id, str) and is_id(event_id) else "",
        kind if isinstance(kind, str) and kind in EVENTS.keys() | INPUTS.keys() else "",
    )


# --- is it JSON? --------------------------------------------------------------------------------------------------


class _FlawError(ValueError):
    """Something that JSON's grammar allows, or Python's reader of it, and we do not. Its text quotes nothing."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _FlawError("an object has the same key twice")
    return content


def _no_constant(name: str) -> NoReturn:
    raise _FlawError(f"{name} is no number of JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)


def _parsed(payload: bytes) -> tuple[Any, str]:
    """The JSON value, or why there is none."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        return None, f"the body has {len(payload):,} bytes: at most {PAYLOAD_BYTES_MAX:,} are taken"
    try:
        return _DECODER.decode(payload.decode()), ""
    except (ValueError, RecursionError) as error:
        return None, _unreadable(error)


def _unreadable(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return f"the body is not UTF-8: see byte {error.start + 1}"
        case json.JSONDecodeError():
            return f"the body is not JSON: see character {error.pos + 1} (line {error.lineno}, column {error.colno})"
        case _FlawError():
            return f"the body cannot be taken: {error}"
        case RecursionError():
            return "the body is nested too deeply: an event is flat"
        case _:
            return "the body has a number of too many digits"


# --- which kind, and is it as it should be? ---------------------------------------------------------------------------


def _kind_of(body: Any) -> tuple[Input | None, str]:
    """What is known of the kind of event, or what is wrong with it."""
    kind = body.get("type") if isinstance(body, dict) else None
    if isinstance(kind, str) and kind in INPUTS:
        return INPUTS[kind], ""
    if not isinstance(body, dict):
        return None, "the body is not a JSON object, which a CloudEvent in structured mode is"
    if body.get("specversion") != "1.0":
        return None, '`specversion` is not "1.0": every body is one CloudEvent 1.0 in structured mode'
    if not isinstance(kind, str):
        return None, "`type` is missing or no text: it names the kind of event, such as `contact.arrived`"
    if kind in EVENTS:
        return None, f"`{kind}` is announced by the engine, and not taken by it"
    near = did_you_mean(kind, INPUTS, ": ") if len(kind) <= _TOLD_CHARACTERS_MAX else ""
    return None, f"`type` is no kind of input{near}"


def _validated(known: Input, body: dict[str, Any]) -> tuple[Any, str]:
    """The event by its model, or what is wrong with it."""
    try:
        return known.model.model_validate(body), ""
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    told = [_fault(known, fault) for fault in faults[:FAULTS_TOLD_MAX]]
    more = len(faults) - len(told)
    return None, "; ".join(told) + (f"; and {more} more" if more else "")


def _fault(known: Input, fault: Any) -> str:
    place = ".".join(fault["loc"]) or "the event"
    match fault["type"]:
        case "missing":
            return f"`{place}` is missing"
        case "string_unicode":
            return f"{place} holds no proper text: half of a surrogate pair"
        case "extra_forbidden":
            return _unknown_field(known, fault["loc"])
        case "model_type" | "model_attributes_type":
            return f"`{place}` is not an object"
        case "string_pattern_mismatch":
            return f"`{place}` does not match {fault['ctx']['pattern']}"
        case _:
            return f"`{place}`: {fault['msg'].replace('Input should', 'should')}"


def _unknown_field(known: Input, place: tuple[str, ...]) -> str:
    """A field that is not ours. Its name is the sender's own words, so it is not told, only what it may have meant."""
    within, names = "`data`", known.fields
    if len(place) == 1:
        within, names = "the event", (*Envelope.model_fields, "type", "data")
    near = did_you_mean(place[-1], names, ": ") if len(place[-1]) <= _TOLD_CHARACTERS_MAX else ""
    return f"{within} has a field that `{known.kind}` does not know{near}"


def _wrong_source(participant: str) -> str:
    if participant == ENGINE:
        return f"`{ENGINE}` is the service's own name: a participant needs another one"
    if not is_name(participant):
        return f"the topic's last level names no participant: names have {NAME_RULE}"
    return "`source` is not the participant that the topic names"


def _wrong_subject(known: Input) -> str:
    if not known.subject:
        return f"`subject` must be left out: `{known.kind}` has none"
    return f"`subject` is not what `data.{known.subject}` names; it may be left out"
