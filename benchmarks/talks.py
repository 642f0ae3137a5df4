"""What is said to a service, and to an echo."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from benchmarks import echo
from benchmarks.load import Step, Talk
from router import contract
from router.errors import FirstlineError
from router.ports import Message, Publication

SENDER = "load"
STEPS = 6
"""How many inputs a contact takes."""


def answers(centre: str) -> list[str]:
    """The topics of all that is listened to: what contacts' steps and log-ins wait for, and refusals."""
    out = contract.every_output(centre).removesuffix("#")
    for_agents = ("offer", "wrap_up.started", "contact.wrapped_up", "agent.state")
    about_contacts = ("collect", "join", "contact.joined")
    return [
        *(f"{out}agent/+/{kind}" for kind in for_agents),
        *(f"{out}contact/+/{kind}" for kind in about_contacts),
        contract.reply_topic(centre, SENDER),
    ]


def contact(centre: str, name: str, number: int) -> Talk:
    """A contact from its arrival to its wrap-up, as telephony and desk tell of it. One in five is escalated.

    After each input the talk waits for the last command that follows from it, or where none does for its own
    announcement: `collect`, `offer`, `join`, `contact.joined`, `wrap_up.started`, `contact.wrapped_up`.
    """
    tell = partial(_input, centre, contact=f"{name}-{number}")
    line, language = number % 3 + 1, number // 3 % 3 + 1
    yield tell(1, "contact.arrived", dialled=f"{100 * language}", number=f"+8621{number % 10_000:08}", personal=True)
    offer = yield tell(2, "contact.keyed", digits=f"{line}")
    answer = {"agent": offer["agent"], "offer": offer["offer"]}
    yield tell(3, "offer.accepted", **answer)
    yield tell(4, "contact.joined", **answer)
    yield tell(5, "contact.left")
    yield tell(6, "contact.wrapped_up", agent=offer["agent"], outcome="resolved" if number % 5 else "escalated")


def log_in(centre: str, agent: str) -> Talk:
    """An agent becomes ready."""
    yield _input(centre, 1, "agent.state", agent=agent, state="ready")


def _input(centre: str, sequence: int, kind: str, **data: Any) -> Step:
    event_id = f"{data.get('contact') or data['agent']}.{sequence}"
    event = {"specversion": "1.0", "id": event_id, "source": SENDER, "type": kind, "sequence": sequence, "data": data}
    return Step(event_id, Publication(contract.input_topic(centre, SENDER), json.dumps(event).encode()))


def read_answer(message: Message) -> tuple[str, Any]:
    """The input that an announcement names as its cause, and its data. A refusal ends the benchmark."""
    event = json.loads(message.payload)
    if event["type"] == "input.refused":
        raise FirstlineError(f"an input was refused, so nothing was measured: {event['data']['reason']}")
    return event["cause"].partition(" ")[2], event["data"]


def echoed(client: str, number: int, size_bytes: int) -> Talk:
    """One message of so many bytes, to the echo with this client and back."""
    yield Step(f"{number}", Publication(echo.heard(client), f"{number} ".ljust(size_bytes, ".").encode()))


def read_echo(message: Message) -> tuple[str, Any]:
    """The number that was sent."""
    return message.payload.partition(b" ")[0].decode(), None
