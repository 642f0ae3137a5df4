"""What a participant hears: bytes from the bus in, words of the contract out. The other side of `router.contract`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router import codec
from router.contract.answering import About, InputAccepted, InputRefused
from router.events import Event
from router.ports import Message


@dataclass(frozen=True, slots=True)
class Announced:
    """A row of the journal. `cause` is the id of the input of ours that it follows from; personal values are tokens."""

    seq: int
    at: int
    cause: str
    event: Event


@dataclass(frozen=True, slots=True)
class Shown:
    """The snapshot that the input `input` asked for, as `router.contract.snapshots.CentreShown` has it."""

    input: str
    centre: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Available:
    """Whether a participant is there."""

    participant: str
    online: bool


Heard = Announced | Shown | Available | About | InputAccepted | InputRefused


def listen(participant: str, message: Message) -> Heard | None:
    """What a message says to this participant; None for what says nothing to him."""
    level, last = message.topic.split("/")[3:4], message.topic.rpartition("/")[2]
    if level == ["available"]:
        return Available(last, message.payload == b"online")
    body = json.loads(message.payload)
    source, _, command = body.get("cause", "").partition(" ")
    cause = command if source == participant else ""
    return _announced(body, cause) if level == ["out"] else _answer(body, cause)


def _answer(body: dict[str, Any], cause: str) -> Heard | None:
    match body["type"]:
        case About.kind:
            return About(**body["data"])
        case InputAccepted.kind:
            return InputAccepted(**body["data"])
        case InputRefused.kind:
            return InputRefused(**body["data"])
        case "snapshot":
            return Shown(cause, body["data"])
        case _:
            return None


def _announced(body: dict[str, Any], cause: str) -> Announced:
    kind, data = body["type"], json.dumps(body["data"]).encode()
    event = codec.decode(kind, codec.version_of(kind), data, lambda token: token)
    return Announced(body["sequence"], _instant(body["time"]), cause, event)


def _instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
