"""Every message of the contract, with its schema and an example, made from the classes that the service runs on."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from router.contract.announcing import SUBJECTS, Subject, rfc3339
from router.contract.answering import About, InputAccepted, InputRefused
from router.contract.fields import NOW, meaning_of
from router.contract.inputs import INPUTS, Input
from router.contract.snapshots import CentreShown
from router.contract.topics import ENGINE
from router.events import EVENTS

Channel = Literal["in", "contact", "agent", "case", "centre", "reply", "about", "available"]
Schema = dict[str, Any]

_EXAMPLE_IDS: Final = {"contact": "call-17", "agent": "mei", "case": "case-4", "centre": "hello"}

ATTRIBUTES: Final[dict[str, Schema]] = {
    "specversion": {"const": "1.0", "description": "The version of CloudEvents."},
    "id": {"type": "string", "description": "Unique among the engine's events; in announcements, `sequence` as text."},
    "source": {"const": ENGINE, "description": "The sender: the engine."},
    "type": {"type": "string", "description": "The kind of event."},
    "time": {"type": "string", "format": "date-time", "description": "The engine's time (RFC 3339, UTC, ms)."},
    "datacontenttype": {"const": "application/json", "description": "What `data` is."},
    "subject": {"type": "string", "description": "The contact, agent, case or centre that the topic names."},
    "sequence": {"type": "integer", "minimum": 1, "description": "The row of the journal: 1, 2, 3, ... without a gap."},
    "cause": {
        "type": "string",
        "description": "The input that this follows from: its source, a blank, and its id. Absent if time caused it.",
    },
}
"""The attributes that the engine's own events have around `data`; they stand in the MQTT 5 user properties too."""

_NOT_IN_ANSWERS: Final = {"subject", "sequence"}
_PERSONAL: Final = {
    field.name: str(field.metadata["personal"])
    for event in EVENTS.values()
    for field in fields(event)
    if "personal" in field.metadata
}


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message on one kind of channel. `payload` and `data` are JSON Schemas (draft 7), self-contained."""

    key: str
    kind: str
    channel: Channel
    summary: str
    payload: Schema
    data: Schema
    example: Any


class _Plain(GenerateJsonSchema):
    """No titles made from names, and tuples as draft 7 has them, which is what AsyncAPI 3.0 builds on."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        told = super().tuple_schema(schema)
        if "prefixItems" in told:
            told["items"] = told.pop("prefixItems")
        return told


def messages() -> list[Message]:
    """All messages: inputs, announcements, answers, and what the broker keeps; each group in the events' own order."""
    return [*map(_input, INPUTS.values()), *map(_announcement, EVENTS.values()), *_answers(), _availability()]


# --- one message --------------------------------------------------------------------------------------------------


def _input(known: Input) -> Message:
    payload = _self_contained(known.model.model_json_schema(schema_generator=_Plain))
    data = payload["properties"]["data"]
    _mark_personal(data)
    example: dict[str, Any] = {
        "specversion": "1.0",
        "id": "7c1e",
        "source": "pbx",
        "type": known.kind,
        "time": rfc3339(NOW),
        "datacontenttype": "application/json",
    }
    if known.subject:
        example |= {"subject": _EXAMPLE_IDS[known.subject], "sequence": 1}
    example["data"] = _example(known.kind, data)
    return Message(f"in.{known.kind}", known.kind, "in", _docstring(known.fact), payload, data, example)


def _announcement(event: type) -> Message:
    kind: str = event.kind  # type: ignore[attr-defined]
    data = _told(kind, TypeAdapter(event).json_schema(mode="serialization", schema_generator=_Plain))
    whose = SUBJECTS[kind]
    around = {"id": "512", "subject": _EXAMPLE_IDS[whose], "sequence": 512, "cause": "pbx 7c1e"}
    return _engine_message(f"out.{kind}", kind, whose, _docstring(event), data, around)


def _answers() -> Iterator[Message]:
    told: list[tuple[str, Any, Channel, str]] = [
        (InputRefused.kind, InputRefused, "reply", "pbx/7c1e/stale"),
        (InputAccepted.kind, InputAccepted, "reply", "pbx/7c1e/accepted"),
        ("snapshot", CentreShown, "reply", f"pbx/7c1e/512.{NOW}"),
        (About.kind, About, "about", f"about.{NOW}"),
    ]
    for kind, shape, channel, own_id in told:
        data = _told(kind, TypeAdapter(shape).json_schema(mode="serialization", schema_generator=_Plain))
        around = {"id": own_id} | ({"cause": "pbx 7c1e"} if channel == "reply" else {})
        yield _engine_message(kind, kind, channel, _docstring(shape), data, around)


def _availability() -> Message:
    payload = {"type": "string", "enum": ["online", "offline"]}
    summary = "Whether the participant is there. Plain text, not JSON."
    return Message("availability", "availability", "available", summary, payload, payload, "online")


def _engine_message(
    key: str, kind: str, channel: Channel, summary: str, data: Schema, around: dict[str, Any]
) -> Message:
    answer = channel not in get_args(Subject)
    names = [name for name in ATTRIBUTES if not (answer and name in _NOT_IN_ANSWERS)]
    properties = {name: ATTRIBUTES[name] for name in names} | {"type": {"const": kind}, "data": data}
    optional = {"cause", "time"} if answer else {"cause"}
    payload = {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }
    fixed = {name: schema["const"] for name, schema in properties.items() if "const" in schema}
    values = {"time": rfc3339(NOW)} | fixed | around | {"data": _tokens_in(_example(kind, data))}
    example = {name: values[name] for name in properties if name in values}
    return Message(key, kind, channel, summary, payload, data, example)


# --- schemas ------------------------------------------------------------------------------------------------------


def _docstring(of: type) -> str:
    return inspect.cleandoc(of.__doc__ or "")


def _told(kind: str, schema: Schema) -> Schema:
    """A schema of what the engine says: every field is there, and each says what it means."""
    return _explained(kind, _self_contained(schema))


def _explained(kind: str, schema: Schema) -> Schema:
    for name, field in schema.get("properties", {}).items():
        field["description"] = meaning_of(kind, name).text
        field.pop("default", None)
        if isinstance(field.get("items"), dict):
            _explained(name, field["items"])
    if "properties" in schema:
        schema["required"] = list(schema["properties"])
    _mark_personal(schema)
    return schema


def _mark_personal(schema: Schema) -> None:
    for name in _PERSONAL.keys() & schema.get("properties", {}).keys():
        schema["properties"][name]["description"] += " Personal."


def _self_contained(schema: Schema) -> Schema:
    """The schema with what it refers to put in its place; none of ours refers to itself."""
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(each) for each in part]
        if not isinstance(part, dict):
            return part
        around = {name: inlined(each) for name, each in part.items() if name != "$ref"}
        return inlined(definitions[part["$ref"].rpartition("/")[2]]) | around if "$ref" in part else around

    whole: Schema = inlined(schema)
    return whole


def _example(kind: str, schema: Schema) -> dict[str, Any]:
    return {name: _example_value(kind, name, field) for name, field in schema.get("properties", {}).items()}


def _tokens_in(example: dict[str, Any]) -> dict[str, Any]:
    """The example as it is announced: a token wherever a personal value stood."""
    return {name: f"~{_PERSONAL[name]}-3" if value and name in _PERSONAL else value for name, value in example.items()}


def _example_value(kind: str, name: str, field: Schema) -> Any:
    items = field.get("items")
    if isinstance(items, dict) and "properties" in items:
        return [_example(name, items)]
    return meaning_of(kind, name).example
