"""One contact's walk through a menu tree. `Menus.apply` writes, the rest reads and says what follows.

Keys pressed before they are asked for are kept and used in order (type-ahead); a key during a prompt is taken at once
(barge-in). Only a secret number must be asked for first: keys pressed before are dropped there. Silences and wrong keys are counted apart, per node, and cleared when the contact comes to another node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ivr.events import (
    CollectDigits,
    ContactKeyed,
    DigitsCollected,
    FlowMoved,
    InputMissed,
    PromptFinished,
    PromptOverran,
    SayPrompts,
)
from ivr.flow import CaseStatus, Collect, HandOver, HangUp, Hours, Menu, MenuPlan, Node, Say, SetLanguage

Refusal = tuple[Literal["illegal", "stale"], str]
Decisions = Iterator[Any]


class Facts(Protocol):
    """What a menu may ask about the world outside it."""

    def is_open(self, calendar: str) -> bool: ...
    def case_state(self, contact: str) -> str | None: ...


@dataclass(slots=True)
class Session:
    """Where one contact is in its flow. `due` is the instant at which waiting for a prompt or a key ends, or None."""

    contact: str
    language: str
    flow: str = ""
    node: str = ""
    say: int = 0
    playing: bool = False
    keys: str = field(default="", repr=False, metadata={"personal": "digits"})
    no_input: int = 0
    no_match: int = 0
    due: int | None = None


class Menus:
    """All sessions by contact."""

    def __init__(self, plan: MenuPlan, facts: Facts) -> None:
        self.plan = plan
        self.facts = facts
        self.sessions: dict[str, Session] = {}

    def node(self, session: Session) -> Node:
        """The node a session is at."""
        return self.plan.flows[session.flow].nodes[session.node]

    def start(self, contact: str, language: str) -> None:
        """A contact comes to the menus; the first `flow.moved` says where."""
        self.sessions[contact] = Session(contact, language)

    def end(self, contact: str) -> None:
        """The contact has left the menus, for a queue or for good."""
        self.sessions.pop(contact, None)

    def takes_secret(self, contact: str) -> bool:
        """Whether keys pressed now belong to a number that must be stored nowhere."""
        session = self.sessions.get(contact)
        node = self.node(session) if session else None
        return isinstance(node, Collect) and node.secret

    def apply(self, event: Any, now: int) -> None:
        """Book one event. Kinds that change nothing here, and contacts that have left, are let through."""
        book = _BOOK.get(type(event))
        if book and (session := self.sessions.get(event.contact)):
            book(self, session, event, now)

    def _moved(self, session: Session, event: FlowMoved, now: int) -> None:
        session.flow, session.node = event.flow, event.node
        session.keys = session.keys[event.used :]
        session.no_input = session.no_match = 0
        session.playing, session.due = False, None
        node = self.node(session)
        if isinstance(node, SetLanguage):
            session.language = node.language
        elif isinstance(node, Collect) and node.secret:
            session.keys = ""

    def _said(self, session: Session, event: SayPrompts, now: int) -> None:
        session.say, session.playing, session.due = event.say, True, event.until

    def _finished(self, session: Session, event: PromptFinished | PromptOverran, now: int) -> None:
        if event.say == session.say and session.playing:
            session.playing = False
            session.due = self._silence_ends(session, now)

    def _keyed(self, session: Session, event: ContactKeyed, now: int) -> None:
        session.keys += event.digits
        if isinstance(self.node(session), Menu | Collect):
            session.playing = False
            session.due = self._silence_ends(session, now)

    def _missed(self, session: Session, event: InputMissed, now: int) -> None:
        session.keys = session.keys[event.used :]
        session.due = None
        if event.missed == "no_input":
            session.no_input = event.count
        else:
            session.no_match = event.count

    def _silence_ends(self, session: Session, now: int) -> int | None:
        node = self.node(session)
        return now + node.silence_ms if isinstance(node, Menu | Collect) else None


_BOOK: dict[type, Callable[[Menus, Session, Any, int], None]] = {
    FlowMoved: Menus._moved,
    SayPrompts: Menus._said,
    PromptFinished: Menus._finished,
    PromptOverran: Menus._finished,
    ContactKeyed: Menus._keyed,
    InputMissed: Menus._missed,
}


# --- what may happen ----------------------------------------------------------------------------------------------


def _check_keyed(menus: Menus, event: ContactKeyed) -> Refusal | None:
    if event.contact not in menus.sessions:
        return ("stale", f"contact {event.contact!r} is not in a menu")
    return None


def _check_finished(menus: Menus, event: PromptFinished) -> Refusal | None:
    session = menus.sessions.get(event.contact)
    if session and event.say > session.say:
        return ("illegal", f"prompt {event.say} was never asked for")
    return None


CHECKS: dict[type, Callable[[Menus, Any], Refusal | None]] = {
    ContactKeyed: _check_keyed,
    PromptFinished: _check_finished,
}


# --- what follows -------------------------------------------------------------------------------------------------


def _after_moved(menus: Menus, event: FlowMoved, now: int) -> Decisions:
    session = menus.sessions[event.contact]
    match menus.node(session):
        case Menu() | Collect() if session.keys:
            yield from _use_keys(menus, session, now)
        case Menu() as node:
            yield _say(menus, session, node.prompts, now)
            yield CollectDigits(session.contact, node.id, 1)
        case Collect() as node:
            yield _say(menus, session, node.prompts, now)
            yield CollectDigits(session.contact, node.id, node.digits_max, node.terminator, node.secret)
        case Say() as node:
            yield _say(menus, session, node.prompts, now)
        case SetLanguage() as node:
            yield _move(session, node.next, "language")
        case Hours() as node:
            is_open = menus.facts.is_open(node.calendar)
            yield _move(session, node.open if is_open else node.closed, "open" if is_open else "closed")
        case CaseStatus() as node:
            yield from _read_case(menus, session, node, now)
        case HandOver() | HangUp() as node if node.prompts:
            yield _say(menus, session, node.prompts, now)


def _read_case(menus: Menus, session: Session, node: CaseStatus, now: int) -> Decisions:
    prompt = dict(node.prompts).get(menus.facts.case_state(session.contact) or "")
    if prompt is None:
        yield _move(session, node.none, "no_case")
    else:
        yield _say(menus, session, (prompt,), now)


def _say(menus: Menus, session: Session, prompts: tuple[str, ...], now: int) -> SayPrompts:
    return SayPrompts(session.contact, session.say + 1, prompts, session.language, now + menus.plan.prompt_ms_max)


def _move(session: Session, node: str, because: str, used: int = 0) -> FlowMoved:
    return FlowMoved(session.contact, session.flow, node, because, used)


def _after_finished(menus: Menus, event: PromptFinished | PromptOverran, now: int) -> Decisions:
    session = menus.sessions.get(event.contact)
    if session and event.say == session.say:
        match menus.node(session):
            case Say() | CaseStatus() as node:
                yield _move(session, node.next, "said")


def _after_keyed(menus: Menus, event: ContactKeyed, now: int) -> Decisions:
    return _use_keys(menus, menus.sessions[event.contact], now)


def _use_keys(menus: Menus, session: Session, now: int) -> Decisions:
    """Spend the keys pressed so far, as far as they decide something at this node."""
    match menus.node(session):
        case Menu() as node if session.keys:
            if chosen := dict(node.options).get(session.keys[0]):
                yield _move(session, chosen, "chosen", used=1)
            else:
                yield from _miss(menus, session, node, "no_match", 1, now)
        case Collect() as node:
            yield from _collect(menus, session, node, now)


def _collect(menus: Menus, session: Session, node: Collect, now: int) -> Decisions:
    value, ended, _ = session.keys.partition(node.terminator) if node.terminator else (session.keys, "", "")
    if not ended and len(value) < node.digits_max:
        return
    value = value[: node.digits_max]
    used = min(len(value) + len(ended), len(session.keys))
    if len(value) < node.digits_min or not value.isdigit():
        yield from _miss(menus, session, node, "no_match", used, now)
        return
    yield DigitsCollected(session.contact, node.id, node.into, "" if node.secret else value, node.identify)
    yield _move(session, node.next, "collected", used)


def _miss(
    menus: Menus, session: Session, node: Menu | Collect, missed: Literal["no_input", "no_match"], used: int, now: int
) -> Decisions:
    """Count a silence or a wrong key; ask again, or give up at the limit."""
    count = 1 + (session.no_input if missed == "no_input" else session.no_match)
    yield InputMissed(session.contact, node.id, missed, count, used)
    if count >= node.attempts_max:
        yield _move(session, node.failure, missed)
    else:
        yield _say(menus, session, node.prompts, now)


FOLLOW: dict[type, Callable[[Menus, Any, int], Decisions]] = {
    FlowMoved: _after_moved,
    PromptFinished: _after_finished,
    PromptOverran: _after_finished,
    ContactKeyed: _after_keyed,
}


# --- what happens by itself ---------------------------------------------------------------------------------------


def _due(menus: Menus, event: Any, now: int) -> int | None:
    session = menus.sessions.get(event.contact)
    return session.due if session else None


def _pending(menus: Menus, event: Any, at: int) -> bool:
    session = menus.sessions.get(event.contact)
    return session is not None and session.due == at


def _ring(menus: Menus, event: Any, now: int) -> Decisions:
    """A prompt that was never reported as finished counts as played; silence at a question is a miss."""
    session = menus.sessions[event.contact]
    if session.playing:
        yield PromptOverran(session.contact, session.say)
        return
    node = menus.node(session)
    if isinstance(node, Menu | Collect):
        if session.keys and isinstance(node, Collect):
            yield from _close_collect(menus, session, node, now)
        else:
            yield from _miss(menus, session, node, "no_input", 0, now)


def _close_collect(menus: Menus, session: Session, node: Collect, now: int) -> Decisions:
    """The pause between two keys was too long: what was keyed is all there is."""
    if len(session.keys) >= node.digits_min and session.keys.isdigit():
        value = "" if node.secret else session.keys
        yield DigitsCollected(session.contact, node.id, node.into, value, node.identify)
        yield _move(session, node.next, "collected", len(session.keys))
    else:
        yield from _miss(menus, session, node, "no_match", len(session.keys), now)


ALARMS: dict[
    type,
    tuple[
        Callable[[Menus, Any, int], int | None],
        Callable[[Menus, Any, int], bool],
        Callable[[Menus, Any, int], Decisions],
    ],
] = dict.fromkeys((SayPrompts, PromptFinished, PromptOverran, ContactKeyed), (_due, _pending, _ring))
