"""Messages that are not rows of the journal: answers to one sender, and what the broker keeps for newcomers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from router.board import Board
from router.contract.announcing import rfc3339
from router.contract.reading import Question
from router.contract.snapshots import snapshot
from router.contract.topics import ENGINE, about_topic, available_topic, reply_topic
from router.plan import Plan
from router.ports import Clock, Outcome, Publication

Fault = Literal["malformed", "illegal", "stale", "early"]


@dataclass(frozen=True, slots=True)
class InputRefused:
    """An input was not taken, and nothing has changed by it."""

    kind: ClassVar[str] = "input.refused"
    input: str
    fault: Fault
    reason: str


@dataclass(frozen=True, slots=True)
class InputAccepted:
    """An input that came again had been taken before. The first time, its own announcement is the receipt."""

    kind: ClassVar[str] = "input.accepted"
    input: str
    seq: int


@dataclass(frozen=True, slots=True)
class About:
    """What the centre runs: its rules, its clock at the instant of connecting, the release.

    The engine's time at any later instant is `now` + (the wall clock's time - `wall`) * `speed`.
    """

    kind: ClassVar[str] = "about"
    centre: str
    plan: str
    now: int
    wall: int
    speed: float
    release: str


def refusal(centre: str, participant: str, event_id: str, fault: str, reason: str, *, nth: str = "") -> Publication:
    """Tell a sender that its input (`event_id`, empty if unreadable) was not taken. `fault`: one of `Fault`.

    `nth` tells apart the refusals that are not remembered: another input, or the same one, may be refused likewise.
    """
    own_id = "/".join(filter(None, (participant, event_id, fault, nth)))
    attributes = _attributes(InputRefused.kind, own_id, _cause(participant, event_id))
    return _message(reply_topic(centre, participant), attributes, {"input": event_id, "fault": fault, "reason": reason})


def outcome(centre: str, known: Outcome) -> Publication:
    """Tell a sender again what became of an input that came again."""
    if known.seq is None:
        return refusal(centre, known.source, known.id, known.fault, known.refusal)
    own_id = f"{known.source}/{known.id}/accepted"
    attributes = _attributes(InputAccepted.kind, own_id, _cause(known.source, known.id))
    return _message(reply_topic(centre, known.source), attributes, asdict(InputAccepted(known.id, known.seq)))


def answer(centre: str, question: Question, board: Board, now: int) -> Publication:
    """The snapshot that was asked for, at `now` (ms, by the centre's clock)."""
    own_id = f"{question.source}/{question.id}/{board.seq}.{now}"
    attributes = _attributes("snapshot", own_id, _cause(question.source, question.id), rfc3339(now))
    return _message(reply_topic(centre, question.source), attributes, snapshot(board, now))


def introduction(plan: Plan, clock: Clock, release: str = "") -> tuple[Publication, ...]:
    """What is published, retained, on every connect: the centre's own words on what it runs."""
    now = clock.now()
    data = asdict(About(plan.centre, plan.hash, now, clock.wall(), clock.speed, release))
    attributes = _attributes(About.kind, f"{About.kind}.{now}", "", rfc3339(now))
    return (_message(about_topic(plan.centre), attributes, data, retain=True),)


def availability(centre: str, participant: str, state: Literal["online", "offline"]) -> Publication:
    """What a participant says of itself, and what the broker says for it once it is cut off: its last will."""
    return Publication(available_topic(centre, participant), state.encode(), retain=True)


def _cause(participant: str, event_id: str) -> str:
    return f"{participant} {event_id}" if event_id else ""


def _attributes(kind: str, own_id: str, cause: str, time: str = "") -> dict[str, str]:
    """CloudEvents 1.0, section "Context Attributes"; empty ones are left out."""
    attributes = {
        "specversion": "1.0",
        "id": own_id,
        "source": ENGINE,
        "type": kind,
        "time": time,
        "datacontenttype": "application/json",
        "cause": cause,
    }
    return {name: value for name, value in attributes.items() if value}


def _message(
    topic: str, attributes: Mapping[str, str], data: Mapping[str, Any], *, retain: bool = False
) -> Publication:
    body = json.dumps({**attributes, "data": data}, ensure_ascii=False, separators=(",", ":"))
    return Publication(topic, body.encode(), retain, tuple(attributes.items()))
