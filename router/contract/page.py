"""The contract for people: docs/reference/events.md, written from the same messages as the AsyncAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

from router.contract.answering import Fault
from router.contract.describing import topic
from router.contract.inputs import Envelope
from router.contract.messages import ATTRIBUTES, Channel, Message, Schema, messages
from router.contract.reading import PAYLOAD_BYTES_MAX
from router.contract.topics import ID_PATTERN, NAME_PATTERN
from router.intake import HELD_PER_LINE_MAX, HOLD_MS

_FAULTS: Final[dict[str, str]] = {
    "malformed": "Not to be understood: no JSON, an unknown kind, a wrong field. Mend the sender. Dead-lettered.",
    "illegal": "Impossible in this state: say, another agent's offer. Mend the sender. Dead-lettered.",
    "stale": "A race lost, or a number already taken. Normal: drop it.",
    "early": "Its predecessors never came. Send what is missing, then this again, with the same id.",
}
assert set(_FAULTS) == set(get_args(Fault)), "every fault is told of"

_GROUPS: Final[tuple[tuple[Channel, str, str], ...]] = (
    ("in", "Inputs", "What a participant may send. Fields without a default must be given; unknown ones are refused."),
    ("contact", "Announcements about contacts", "For telephony, chat servers and watchers."),
    ("agent", "Announcements for agents", "For an agent's desk: offers, their ends, its own state and wrap-up."),
    ("case", "Announcements about cases", "For process teams."),
    ("centre", "Announcements about the centre", "For watchers."),
    ("reply", "Answers", "For one sender. Not in the journal: whoever misses one asks again."),
    ("about", "About", "Retained."),
    ("available", "Availability", "Retained."),
)


_RULES: Final = """\
# Events

What is said over MQTT, version 1. This page and [asyncapi.json](asyncapi.json) are generated from the code; a test
fails where they differ from it. Times are milliseconds since the epoch, durations milliseconds, unless a line says
otherwise.

## Topics

{topics}

A centre and a participant are named by `{name_pattern}`; the ids of contacts, agents, cases and inputs match
`{id_pattern}`. An announcement goes to exactly one topic: offers and their ends, an agent's state and wrap-up to the
agent's; cases to the case's; all else that names a contact to the contact's; the rest to the centre's. Publish and
subscribe with quality of service 1, never 0.

## A message

A body is one [CloudEvent 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md) in
JSON, structured mode, UTF-8, at most {payload_bytes_max:,} bytes for an input. An input:

{example}

and what everybody hears of it:

{receipt}

The attributes of an input:

{input_attributes}

`type` names the kind of event and `data` holds its fields. The attributes of what the engine says, which MQTT 5 user
properties repeat:

{output_attributes}

Answers have no `subject` and no `sequence`, and `time` only where it matters. Ignore attributes and fields that you
do not know: later releases of version 1 may add some.

## Receipts and duplicates

Every row of the journal is announced, accepted inputs included, and only after it is safe on disk. So the receipt of
an input is the announcement of its own kind whose `cause` is the input's source, a blank, and its id. Repeat an
input, with the same id, until you see its receipt or a refusal. An input that comes again changes nothing: it gets
its first outcome again, as `input.accepted` or `input.refused` on your reply topic. The decisions that follow from an
input carry the same `cause`. Announcements too may come twice after a crash or a reconnect: the same `sequence` is
the same event.

## Order

Number your inputs about each subject 1, 2, 3, ... in `sequence`, and they are taken in that order even if the network
changes it. The subject is the contact that the input names, or else the agent, or the case. One that comes ahead of
its turn waits for the gap to close, for {hold_ms:,} ms at most, and no more than {held_per_line_max} for each sender
and subject. Inputs without `sequence` are taken as they come.

## Refusals

An input that is not taken changes nothing, and is answered on the reply topic with `input.refused`. Its `reason` is
for people and quotes no personal value; its `fault` is one of:

{faults}

A refusal that names no input had no readable id. A sender whose topic ends in no proper name is answered on
`reply/unnamed`.

## Missing something

The announcements' `sequence` has no gap. Whoever subscribes to all of `out/#` and sees one, or comes back after
losing a session, sends `snapshot.requested` and is answered with the state after row `seq`; announcements with a
greater `sequence` come on top. Its `says`, `collects` and `offers` are what is still to be done, as if it were just
announced: whoever has missed a `say` plays it now, and answers it as usual. A contact that is not among its `contacts`
is over. Nothing relies on the broker's memory: what is retained is published again on every connect.

## Availability

A participant publishes `online`, retained, on its availability topic when it connects, with a last will of `offline`,
and says `offline` itself on the way out. The service is the participant `engine`; nobody else may use that name. An
agent's presence is another matter: it is a lease of `lease_ms`, given with `agent.state` and renewed by
`agent.alive`.

## Personal values

Fields marked *Personal* come in as they are, and never leave: the journal, announcements and snapshots hold a token
such as `~person-3` instead, the same for the same person. Digits keyed where `collect` said `secret` are stored
nowhere, not even as a token. What is kept of a refused input has them masked, and so has everything that could not be
understood."""


def reference_text() -> str:
    """The page, as it stands in docs/reference/events.md."""
    told = messages()
    parts = [_rules(told), *(_group(group, told) for group in _GROUPS)]
    return "\n\n".join(parts) + "\n"


# --- the rules ----------------------------------------------------------------------------------------------------


def _rules(told: list[Message]) -> str:
    examples = {message.key: _json(message.example) for message in told}
    return _RULES.format(
        topics=_table(("topic", "who publishes", "what"), _topics()),
        name_pattern=NAME_PATTERN,
        id_pattern=ID_PATTERN,
        payload_bytes_max=PAYLOAD_BYTES_MAX,
        example=examples["in.contact.arrived"],
        receipt=examples["out.contact.arrived"],
        input_attributes=_table(("attribute", "type", "default", "meaning"), _rows(Envelope.model_json_schema())),
        output_attributes=_table(
            ("attribute", "meaning"), ((f"`{n}`", schema["description"]) for n, schema in ATTRIBUTES.items())
        ),
        faults=_table(("fault", "meaning"), ((f"`{fault}`", text) for fault, text in _FAULTS.items())),
        hold_ms=HOLD_MS,
        held_per_line_max=HELD_PER_LINE_MAX,
    )


def _topics() -> Iterator[tuple[str, ...]]:
    whose: dict[Channel, tuple[str, str]] = {
        "in": ("the participant", "inputs"),
        "contact": ("the engine", "rows of the journal about a contact"),
        "agent": ("the engine", "rows for or about an agent"),
        "case": ("the engine", "rows about a case"),
        "centre": ("the engine", "rows about the whole centre"),
        "reply": ("the engine", "refusals, snapshots and other answers to one sender"),
        "available": ("each participant, the engine too", "`online` or `offline`, retained, last will"),
        "about": ("the engine", "rules in force, clock, release; retained"),
    }
    for channel, (who, what) in whose.items():
        yield f"`{topic(channel)}`", who, what


# --- the messages -------------------------------------------------------------------------------------------------


def _group(group: tuple[Channel, str, str], told: list[Message]) -> str:
    channel, title, text = group
    here = [message for message in told if message.channel == channel]
    return "\n\n".join([f"## {title}", f"{text} Topic: `{topic(channel)}`", *map(_section, here)])


def _section(message: Message) -> str:
    head = f"### `{message.kind}`\n\n{message.summary}"
    if message.channel == "available":
        return head
    columns = ("field", "type", "default", "meaning") if message.channel == "in" else ("field", "type", "meaning")
    rows = [row if message.channel == "in" else (row[0], row[1], row[3]) for row in _rows(message.data)]
    body = _table(columns, rows) if rows else "It has no fields."
    return f"{head}\n\n{body}" + _nested(message.data)


def _nested(schema: Schema) -> str:
    """Tables for the lists of objects in it."""
    lists = {
        name: field["items"]
        for name, field in schema.get("properties", {}).items()
        if isinstance(field.get("items"), dict) and "properties" in field["items"]
    }
    return "".join(
        f"\n\nEach of `{name}`:\n\n{_table(('field', 'type', 'meaning'), ((r[0], r[1], r[3]) for r in _rows(items)))}"
        for name, items in lists.items()
    )


def _rows(schema: Schema) -> list[tuple[str, str, str, str]]:
    """Field, type, default (empty where it must be given), meaning."""
    required = schema.get("required", [])
    return [
        (f"`{name}`", _type(field), "" if name in required else _default(field), field["description"])
        for name, field in schema.get("properties", {}).items()
    ]


def _default(field: Schema) -> str:
    default = field.get("default")
    return "none" if default is None else "empty" if default == "" else f"`{json.dumps(default)}`"


def _type(field: Schema) -> str:
    """A schema in words."""
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "const" in field or "enum" in field:
        return ", ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    match field["type"]:
        case "string":
            return _text(field)
        case "integer" | "number":
            return _number(field)
        case "array":
            return _list(field)
        case plain:
            return str(plain)


def _text(field: Schema) -> str:
    if field.get("pattern") in (ID_PATTERN, NAME_PATTERN):
        return "id" if field["pattern"] == ID_PATTERN else "name"
    if "maxLength" in field:
        return f"text, {field['minLength']} to {field['maxLength']} characters"
    return "text"


def _number(field: Schema) -> str:
    least, most = field.get("minimum"), field.get("maximum")
    bounds = f", {least:,} to {most:,}" if most is not None else f", from {least:,}" if least is not None else ""
    return f"{field['type']}{bounds}"


def _list(field: Schema) -> str:
    items = field["items"]
    return "list of objects" if "properties" in items else f"list of {_items(items)}"


def _items(items: Any) -> str:
    parts = items.get("items")
    return f"({', '.join(map(_type, parts))})" if isinstance(parts, list) else _type(items)


# --- Markdown -----------------------------------------------------------------------------------------------------


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _json(value: Any) -> str:
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
