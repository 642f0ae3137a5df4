"""The contract for tools: an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""

from __future__ import annotations

import json
from typing import Any, Final, get_args

from router.contract.announcing import Subject
from router.contract.messages import ATTRIBUTES, Channel, Message, messages
from router.contract.topics import ABOUT, AVAILABLE, INPUT, OUTPUT, REPLY

Document = dict[str, Any]

_PARAMETERS: Final = {
    "centre": "The centre's id, from its files.",
    "participant": "Who sends, or is answered: a name that the broker's access list may tie to a client.",
    "contact": "The contact's id.",
    "agent": "The agent's id.",
    "case": "The case's id.",
    "type": "The kind of event.",
}
_CHANNELS: Final[dict[Channel, tuple[str, str]]] = {
    "in": ("input", "Facts and questions, each participant's on a topic of its own."),
    "contact": ("aboutContact", "Rows of the journal about a contact."),
    "agent": ("forAgent", "Rows of the journal for or about an agent."),
    "case": ("aboutCase", "Rows of the journal about a case."),
    "centre": ("aboutCentre", "Rows of the journal about the centre as a whole."),
    "reply": ("reply", "Answers to one sender."),
    "about": ("about", "Retained: what the centre runs."),
    "available": ("available", "Retained: who is there. The service itself is `engine`."),
}
_TOPICS: Final[dict[Channel, str]] = {"in": INPUT, "reply": REPLY, "about": ABOUT, "available": AVAILABLE}
_SENDS: Final[dict[str, Channel]] = {
    "announceContact": "contact",
    "announceAgent": "agent",
    "announceCase": "case",
    "announceCentre": "centre",
    "introduce": "about",
    "sayAvailable": "available",
}
_RETAINED: Final = {"about", "available"}


def asyncapi() -> Document:
    """The whole document. Its operations are the engine's: it receives inputs and sends the rest."""
    told = messages()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Firstline events",
            "version": "1.0.0",
            "description": "What is said over MQTT between a Firstline engine and telephony, agents' desks, teams and "
            "watchers. Every body but availability is one CloudEvent 1.0 in JSON, structured mode. Rules: events.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "local": {
                "host": "localhost:1883",
                "protocol": "mqtt",
                "protocolVersion": "5.0",
                "description": "The broker that the service starts, or is told of. MQTT 3.1.1 clients may take part.",
            }
        },
        "channels": {_CHANNELS[channel][0]: _channel(channel, told) for channel in _CHANNELS},
        "operations": {"receive": _receive(told)} | {name: _send(channel, told) for name, channel in _SENDS.items()},
        "components": {"messages": {message.key: _message(message) for message in told}},
    }


def topic(channel: Channel) -> str:
    """The topic of a channel, with its parameters in braces. Announcements differ in whose topic they go to."""
    announced = OUTPUT.replace("{subject}/{id}", f"{channel}/{{{channel}}}")
    return _TOPICS.get(channel, announced)


def asyncapi_text() -> str:
    """The document as it stands in docs/reference/asyncapi.json."""
    return json.dumps(asyncapi(), ensure_ascii=False, indent=1) + "\n"


def _channel(channel: Channel, told: list[Message]) -> Document:
    _, description = _CHANNELS[channel]
    address = topic(channel)
    return {
        "address": address,
        "description": description,
        "parameters": {name: {"description": text} for name, text in _PARAMETERS.items() if f"{{{name}}}" in address},
        "messages": {
            message.key: {"$ref": f"#/components/messages/{message.key}"}
            for message in told
            if message.channel == channel
        },
    }


def _receive(told: list[Message]) -> Document:
    return {
        "action": "receive",
        "summary": "Take an input. Its receipt is the announcement whose `cause` names it.",
        "channel": _reference("in"),
        "messages": _references("in", told),
        "reply": {"channel": _reference("reply"), "messages": _references("reply", told)},
        "bindings": {"mqtt": {"qos": 1, "bindingVersion": "0.2.0"}},
    }


def _send(channel: Channel, told: list[Message]) -> Document:
    summary = _CHANNELS[channel][1]
    return {
        "action": "send",
        "summary": summary,
        "channel": _reference(channel),
        "messages": _references(channel, told),
        "bindings": {"mqtt": {"qos": 1, "retain": channel in _RETAINED, "bindingVersion": "0.2.0"}},
    }


def _reference(channel: Channel) -> Document:
    return {"$ref": f"#/channels/{_CHANNELS[channel][0]}"}


def _references(channel: Channel, told: list[Message]) -> list[Document]:
    name = _CHANNELS[channel][0]
    return [{"$ref": f"#/channels/{name}/messages/{message.key}"} for message in told if message.channel == channel]


def _message(message: Message) -> Document:
    plain = message.channel == "available"
    described = {
        "name": message.kind,
        "title": _title(message),
        "summary": message.summary,
        "contentType": "text/plain" if plain else "application/cloudevents+json",
        "payload": message.payload,
        "examples": [{"name": message.kind, "payload": message.example}],
    }
    return described if plain or message.channel == "in" else described | {"headers": _headers(message)}


def _title(message: Message) -> str:
    words = message.kind.replace(".", " ").replace("_", " ").capitalize()
    if message.channel == "in":
        return f"{words} (input)"
    return f"{words} (announced)" if message.channel in get_args(Subject) else words


def _headers(message: Message) -> Document:
    """The attributes of a CloudEvent again, as MQTT 5 user properties, which are text."""
    names = [name for name in ATTRIBUTES if name in message.payload["properties"]]
    return {
        "type": "object",
        "description": "MQTT 5 user properties",
        "properties": {name: {"type": "string", "description": ATTRIBUTES[name]["description"]} for name in names},
        "required": [name for name in names if name in message.payload["required"]],
    }
