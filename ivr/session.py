"""One contact's walk through a menu tree. `Menus.apply` writes, the rest reads and says what follows.

Keys pressed before they are asked for are kept and used in order (type-ahead); a key during a prompt is taken at once
(barge-in). A wrong key drops those after it: they were meant for another place. So does a secret number with those
before and after it. Silences and wrong keys are counted apart, and cleared when the contact comes to another node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, Literal, Protocol

from ivr.events import (
    CollectDigits,
    ContactKeyed,
    DigitsCollected,
    FlowMoved,
    InputMissed,
    MoveReason,
    PromptFinished,
    PromptOverran,
    SayPrompts,
)
from ivr.flow import CaseStatus, Collect, HandOver, HangUp, Hours, Menu, MenuPlan, Node, Say, SetLanguage

Refusal = tuple[Literal["illegal", "stale"], str]
Decisions = Iterator[Any]

KEYS_MAX: Final = 64
"""How many keys are kept ahead; what is pressed beyond them is lost."""


class Outside(Protocol):
    """What lies outside the menus, as far as a node may ask about it. Answers come from the state, never from I/O."""

    def is_open(self, calendar: str) -> bool:
        """Whether a calendar is open now."""
        ...

    def case_state(self, contact: str) -> str | None:
        """The state of the newest case of the contact's customer, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Keyed:
    """A number that the contact has keyed, under its name; nothing secret is kept."""

    name: str
    value: str = field(repr=False, metadata={"personal": "person"})


@dataclass(slots=True)
class Session:
    """Where one contact is in its flow. `due` is the instant at which waiting for a prompt or a key ends, or None.

    `say` counts what was said so far, `prompts` is the last of it, and `playing` whether it may be playing still.
    `late_key` is the terminator of a number that was complete without it: pressed next all the same, it says nothing.
    `keyed` are the numbers that the contact has given.
    """

    contact: str
    language: str
    flow: str = ""
    node: str = ""
    say: int = 0
    prompts: tuple[str, ...] = ()
    playing: bool = False
    keys: str = field(default="", repr=False, metadata={"personal": "digits"})
    late_key: str = ""
    no_input: int = 0
    no_match: int = 0
    due: int | None = None
    keyed: tuple[Keyed, ...] = ()


class Menus:
    """All sessions by contact."""

    def __init__(self, plan: MenuPlan, outside: Outside) -> None:
        self.plan = plan
        self._outside = outside
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
        """Whether keys pressed now belong to a number that must be stored nowhere.

        A log that leaves them out gives the same state back, but for the keys of a number still under way.
        """
        session = self.sessions.get(contact)
        return session is not None and _is_secret(self.node(session))

    def says(self) -> Iterator[SayPrompts]:
        """The commands to play something that have no end yet, each as it was given."""
        for each in self.sessions.values():
            if each.playing and each.due is not None:
                yield SayPrompts(each.contact, each.say, each.prompts, each.language, each.due)

    def collects(self) -> Iterator[CollectDigits]:
        """The commands to take keys that still hold, each as it was given."""
        for session in self.sessions.values():
            node = self.node(session)
            if isinstance(node, Menu | Collect):
                yield _listen(session, node)

    def apply(self, event: Any, now: int) -> None:
        """Book one event. Kinds that change nothing here, and contacts that have left, are let through."""
        book = _BOOK.get(type(event))
        if book and (session := self.sessions.get(event.contact)):
            book(self, session, event, now)

    def _moved(self, session: Session, event: FlowMoved, now: int) -> None:
        left = self.node(session) if session.node else None
        left_secret = left is not None and _is_secret(left)
        if isinstance(left, Collect) and event.because == "filled":
            session.late_key = left.terminator
        session.flow, session.node = event.flow, event.node
        node = self.node(session)
        session.keys = "" if left_secret or _is_secret(node) else session.keys[event.used :]
        if session.keys and session.late_key:
            self._drop_late_key(session, node)
        session.no_input = session.no_match = 0
        session.playing, session.due = False, None
        if isinstance(node, SetLanguage):
            session.language = node.language

    def _said(self, session: Session, event: SayPrompts, now: int) -> None:
        session.say, session.prompts, session.playing, session.due = event.say, event.prompts, True, event.until

    def _asked(self, session: Session, event: CollectDigits, now: int) -> None:
        """Silence runs from the end of the prompt, or from here where keys pressed ahead spared it."""
        if not session.playing:
            session.due = self._silence_ends(session, now)

    def _finished(self, session: Session, event: PromptFinished | PromptOverran, now: int) -> None:
        if event.say == session.say and session.playing:
            session.playing = False
            session.due = self._silence_ends(session, now)

    def _keyed(self, session: Session, event: ContactKeyed, now: int) -> None:
        session.keys = (session.keys + event.digits)[:KEYS_MAX]
        node = self.node(session)
        if session.late_key:
            self._drop_late_key(session, node)
        if isinstance(node, Menu | Collect):
            session.playing, session.due = False, now + node.silence_ms

    def _drop_late_key(self, session: Session, node: Node) -> None:
        if not (isinstance(node, Menu) and session.late_key in dict(node.options)):
            session.keys = session.keys.removeprefix(session.late_key)
        session.late_key = ""

    def _collected(self, session: Session, event: DigitsCollected, now: int) -> None:
        others = tuple(each for each in session.keyed if each.name != event.into)
        session.keyed = (*others, Keyed(event.into, event.value)) if event.value else others

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


_BOOK: Final[dict[type, Callable[[Menus, Session, Any, int], None]]] = {
    FlowMoved: Menus._moved,
    SayPrompts: Menus._said,
    CollectDigits: Menus._asked,
    PromptFinished: Menus._finished,
    PromptOverran: Menus._finished,
    ContactKeyed: Menus._keyed,
    InputMissed: Menus._missed,
    DigitsCollected: Menus._collected,
}


def _is_secret(node: Node) -> bool:
    return isinstance(node, Collect) and node.secret


# --- what may happen ----------------------------------------------------------------------------------------------


def _check_keyed(menus: Menus, event: ContactKeyed) -> Refusal | None:
    if event.contact not in menus.sessions:
        return ("stale", f"contact {event.contact!r} is not in a menu")
    return None


def _check_finished(menus: Menus, event: PromptFinished) -> Refusal | None:
    """Late news of a prompt changes nothing: a key may have ended it, or it plays on while the contact waits."""
    session = menus.sessions.get(event.contact)
    if session and not 1 <= event.say <= session.say:
        return ("illegal", f"prompt {event.say} was never asked for")
    return None


CHECKS: Final[dict[type, Callable[[Menus, Any], Refusal | None]]] = {
    ContactKeyed: _check_keyed,
    PromptFinished: _check_finished,
}


# --- what follows -------------------------------------------------------------------------------------------------


def _after_moved(menus: Menus, event: FlowMoved, now: int) -> Decisions:
    session = menus.sessions[event.contact]
    node = menus.node(session)
    if isinstance(node, Menu | Collect):
        return _come_to_question(menus, session, node, now)
    return _pass(menus, session, node, now)


def _come_to_question(menus: Menus, session: Session, node: Menu | Collect, now: int) -> Decisions:
    """Keys pressed ahead may answer it, and spare the prompts."""
    if not session.keys:
        return _ask(menus, session, node, now)
    if isinstance(node, Menu):
        return _choose(menus, session, node, now)
    number = _complete(node, session.keys)
    return _collected(menus, session, node, number, now) if number else iter((_listen(session, node),))


def _pass(menus: Menus, session: Session, node: Node, now: int) -> Decisions:
    """A node that asks nothing says what it has to say, or goes on at once."""
    match node:
        case Say():
            yield _say(menus, session, node.prompts, now)
        case SetLanguage():
            yield _move(session, node.next, "language")
        case Hours():
            is_open = menus._outside.is_open(node.calendar)
            yield _move(session, node.open if is_open else node.closed, "open" if is_open else "closed")
        case CaseStatus():
            yield from _read_case(menus, session, node, now)
        case HandOver() | HangUp() if node.prompts:
            yield _say(menus, session, node.prompts, now)


def _ask(menus: Menus, session: Session, node: Menu | Collect, now: int) -> Decisions:
    yield _say(menus, session, node.prompts, now)
    yield _listen(session, node)


def _listen(session: Session, node: Menu | Collect) -> CollectDigits:
    if isinstance(node, Menu):
        return CollectDigits(session.contact, node.id, 1)
    return CollectDigits(session.contact, node.id, node.digits_max, node.terminator, node.secret)


def _read_case(menus: Menus, session: Session, node: CaseStatus, now: int) -> Decisions:
    prompt = dict(node.prompts).get(menus._outside.case_state(session.contact) or "")
    if prompt is None:
        yield _move(session, node.none, "no_case")
    else:
        yield _say(menus, session, (prompt,), now)


def _say(menus: Menus, session: Session, prompts: tuple[str, ...], now: int) -> SayPrompts:
    return SayPrompts(session.contact, session.say + 1, prompts, session.language, now + menus.plan.prompt_ms_max)


def _move(session: Session, node: str, because: MoveReason, used: int = 0) -> FlowMoved:
    return FlowMoved(session.contact, session.flow, node, because, used)


def _after_finished(menus: Menus, event: PromptFinished | PromptOverran, now: int) -> Decisions:
    session = menus.sessions.get(event.contact)
    if session and event.say == session.say:
        match menus.node(session):
            case Say() | CaseStatus() as node:
                yield _move(session, node.next, "said")


def _after_keyed(menus: Menus, event: ContactKeyed, now: int) -> Decisions:
    """Spend the keys pressed so far, as far as they decide something at this node."""
    session = menus.sessions[event.contact]
    match menus.node(session):
        case Menu() as node if session.keys:
            yield from _choose(menus, session, node, now)
        case Collect() as node if number := _complete(node, session.keys):
            yield from _collected(menus, session, node, number, now)


def _choose(menus: Menus, session: Session, node: Menu, now: int) -> Decisions:
    if chosen := dict(node.options).get(session.keys[0]):
        yield _move(session, chosen, "chosen", used=1)
    else:
        yield from _miss(menus, session, node, "no_match", now)


def _complete(node: Collect, keys: str) -> tuple[str, int] | None:
    """The number and how many keys it took, once its terminator is there, or its last possible digit."""
    end = keys.find(node.terminator) if node.terminator else -1
    if 0 <= end <= node.digits_max:
        return keys[:end], end + 1
    return (keys[: node.digits_max], node.digits_max) if len(keys) >= node.digits_max else None


def _collected(menus: Menus, session: Session, node: Collect, number: tuple[str, int], now: int) -> Decisions:
    value, used = number
    if len(value) < node.digits_min or not value.isdecimal():
        yield from _miss(menus, session, node, "no_match", now)
        return
    yield DigitsCollected(session.contact, node.id, node.into, "" if node.secret else value, node.identify)
    yield _move(session, node.next, "filled" if used == len(value) else "collected", used)


def _miss(
    menus: Menus, session: Session, node: Menu | Collect, missed: Literal["no_input", "no_match"], now: int
) -> Decisions:
    """Count a silence or a wrong key; ask again, or give up at the limit."""
    count = 1 + (session.no_input if missed == "no_input" else session.no_match)
    yield InputMissed(session.contact, node.id, missed, count, len(session.keys))
    if count >= node.attempts_max:
        yield _move(session, node.failure, missed)
    else:
        yield from _ask(menus, session, node, now)


FOLLOW: Final[dict[type, Callable[[Menus, Any, int], Decisions]]] = {
    FlowMoved: _after_moved,
    PromptFinished: _after_finished,
    PromptOverran: _after_finished,
    ContactKeyed: _after_keyed,
}


# --- what happens by itself ---------------------------------------------------------------------------------------


def _due(menus: Menus, contact: str) -> int | None:
    session = menus.sessions.get(contact)
    return session.due if session else None


def _ring(menus: Menus, contact: str, now: int) -> Decisions:
    """A prompt that was never reported as finished counts as played; silence at a question is a miss.

    After a pause between two keys that is too long, what was keyed is all there is.
    """
    session = menus.sessions[contact]
    if session.playing:
        yield PromptOverran(session.contact, session.say)
        return
    match menus.node(session):
        case Collect() as node if session.keys:
            yield from _collected(menus, session, node, (session.keys, len(session.keys)), now)
        case Menu() | Collect() as node:
            yield from _miss(menus, session, node, "no_input", now)


Keys = Callable[[Menus], Iterable[str]]
Due = Callable[[Menus, str], int | None]
Ring = Callable[[Menus, str, int], Decisions]

ALARMS: Final[dict[str, tuple[Keys, Due, Ring]]] = {"menu": (lambda menus: menus.sessions, _due, _ring)}
"""What may ring: every key there is one for, when it is due (None: not at all), and what happens then."""
ARMED_BY: Final[tuple[tuple[type, str, Callable[[Any], str]], ...]] = tuple(
    (event, "menu", attrgetter("contact"))
    for event in (SayPrompts, CollectDigits, PromptFinished, PromptOverran, ContactKeyed)
)
