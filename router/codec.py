"""Events and state to bytes and back, with personal values taken out on the way.

A field whose metadata says `personal` never leaves as it is: a `Seal` gives the token that stands for it, in journal,
announcements and snapshots alike; an `Unseal` gives the value back, or the token itself where the value has been
erased (the core takes either as an opaque word). Digits marked secret are left empty.

Every kind of event has a version. A body of an older version is lifted, one version at a time, by `UPCASTERS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from operator import attrgetter
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from acd.compat.freeswitch.watch import Caller, FreeswitchWatch
from acd.compat.watch import Watch
from acd.estimate import Estimator
from acd.model import Agent, Contact, LastAgent, Offer
from acd.waiting import Waiter
from escalation.case import Case
from ivr.session import Session
from router.board import Board
from router.errors import JournalFault
from router.events import EVENTS, Event
from router.plan import Plan
from router.ports import Row

Seal = Callable[[str, str], str]
"""(kind of personal value, value) -> token."""
Unseal = Callable[[str], str]
"""token -> value, or the token itself."""

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

VERSIONS: Final[dict[str, int]] = {}
"""The current version of each kind's body, where it is not 1."""
UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {}
"""(kind, version) -> what makes the next version of a body out of this one."""

SNAPSHOT_VERSION: Final = 2


@cache
def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How to take a record apart and put it together again, and which of its fields are personal (place, kind)."""

    take_apart: attrgetter[tuple[Any, ...]]
    personal: tuple[tuple[int, str], ...]


@cache
def _layout(cls: type[Any]) -> _Layout:
    names = [field.name for field in fields(cls)]
    kinds = [(place, field.metadata.get("personal")) for place, field in enumerate(fields(cls))]
    return _Layout(attrgetter(*names), tuple((place, kind) for place, kind in kinds if kind))


def _exchanged(record: Any, exchange: Callable[[str, str], str]) -> Any:
    """The record with its personal values exchanged, or itself where it holds none."""
    cls: Any = type(record)
    layout = _layout(cls)
    if not layout.personal:
        return record
    # By hand, because `dataclasses.replace` takes twice the time.
    values = list(layout.take_apart(record))
    for place, kind in layout.personal:
        if value := values[place]:
            values[place] = exchange(kind, value)
    return cls(*values)


def _sealed(record: Any, seal: Seal) -> Any:
    return _exchanged(record, seal)


def _unsealed(record: Any, unseal: Unseal) -> Any:
    return _exchanged(record, lambda _kind, token: unseal(token))


# --- events -------------------------------------------------------------------------------------------------------


def version_of(kind: str) -> int:
    """The version in which events of this kind are written today."""
    return VERSIONS.get(kind, 1)


def encode(event: Event, seal: Seal) -> bytes:
    """An event's body as JSON, personal values replaced by tokens."""
    cls: Any = type(event)
    return _adapter(cls).dump_json(_sealed(event, seal))


def decode(kind: str, version: int, body: bytes, unseal: Unseal) -> Event:
    """A stored body as an event of today. Raises `JournalFault` for what this release cannot read."""
    cls = EVENTS.get(kind)
    if cls is None or version > version_of(kind):
        raise JournalFault(f"event {kind!r} version {version} was written by a newer release")
    try:
        adapter = _adapter(cls)
        current = version == version_of(kind)
        event = adapter.validate_json(body) if current else adapter.validate_python(_lift(kind, version, body))
    except (ValidationError, ValueError) as error:
        raise JournalFault(f"event {kind!r} version {version} cannot be read: {_told(error)}") from error
    return _unsealed(event, unseal)


def decode_row(row: Row, unseal: Unseal) -> Event:
    """The event in a row of the journal. Raises `JournalFault` that names the row."""
    try:
        return decode(row.kind, row.version, row.body, unseal)
    except JournalFault as fault:
        raise JournalFault(f"row {row.seq}: {fault}") from fault


def _lift(kind: str, version: int, body: bytes) -> dict[str, Any]:
    fields_then: dict[str, Any] = json.loads(body)
    for step in range(version, version_of(kind)):
        fields_then = UPCASTERS[kind, step](fields_then)
    return fields_then


def _told(error: Exception) -> str:
    """Where it is wrong, and how, without the values."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"


# --- state --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class BoardState:
    """Everything of a board that its log does not give back cheaply. Indexes, alarms and maps are built again."""

    plan: str
    seq: int
    now: int
    contacts: list[Contact]
    agents: list[Agent]
    offers: list[Offer]
    sessions: list[Session]
    cases: list[Case]
    open: dict[str, bool]
    turns: dict[str, int | None]
    ended: list[str]
    last_offer: int
    last_order: int
    last_case: int
    watches: list[Watch] = field(default_factory=list)
    waiters: list[Waiter] = field(default_factory=list)
    estimators: dict[str, Estimator] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)
    last_agents: list[LastAgent] = field(default_factory=list)
    last_consult: int = 0


def dump_board(board: Board, seal: Seal) -> bytes:
    """The whole state as JSON, personal values replaced by tokens, secret digits left out."""
    floor, desk = board.floor, board.desk
    state = BoardState(
        plan=board.plan.hash,
        seq=board.seq,
        now=board.now,
        contacts=[_sealed(contact, seal) for contact in floor.contacts.values()],
        agents=list(floor.agents.values()),
        offers=list(floor.offers.values()),
        sessions=[_session(board, session, seal) for session in board.menus.sessions.values()],
        cases=[_sealed(case, seal) for case in desk.cases.values()],
        open=desk.open,
        turns=desk.turns,
        ended=list(board.ended),
        last_offer=floor.last_offer,
        last_order=floor.last_order,
        last_case=desk.last_case,
        watches=[_watch(watch, partial(_sealed, seal=seal)) for watch in floor.watches.values()],
        waiters=list(floor.waits.waiters.values()),
        estimators=floor.waits.estimators,
        pointers=floor.pointers,
        last_agents=[_sealed(last, seal) for last in floor.last_agents.values()],
        last_consult=floor.last_consult,
    )
    return _adapter(BoardState).dump_json(state)


def _session(board: Board, session: Session, seal: Seal) -> Session:
    secret = board.menus.takes_secret(session.contact)
    keyed = tuple(_sealed(each, seal) for each in session.keyed)
    sealed: Session = _sealed(replace(session, keys="" if secret else session.keys, keyed=keyed), seal)
    return sealed


def _unsealed_session(session: Session, unseal: Unseal) -> Session:
    keyed = tuple(_unsealed(each, unseal) for each in session.keyed)
    opened: Session = _unsealed(replace(session, keyed=keyed), unseal)
    return opened


def _watch(watch: Watch, exchanged: Callable[[Caller], Caller]) -> Watch:
    """A watch whose callers have their personal values exchanged."""
    if not isinstance(watch, FreeswitchWatch):
        return watch
    callers = {contact: exchanged(caller) for contact, caller in watch.callers.items()}
    left = {contact: exchanged(caller) for contact, caller in watch.left.items()}
    return replace(watch, callers=callers, left=left)


def load_board(body: bytes, plans: Mapping[str, Plan], unseal: Unseal) -> Board:
    """The board that `dump_board` wrote."""
    try:
        state: BoardState = _adapter(BoardState).validate_json(body)
    except ValidationError as error:
        raise JournalFault(f"the snapshot cannot be read: {_told(error)}") from error
    board = Board(plans, state.plan)
    board.seq, board.now, board.started = state.seq, state.now, True
    board.ended = dict.fromkeys(state.ended)
    _load_floor(board, state, unseal)
    board.menus.sessions = {session.contact: _unsealed_session(session, unseal) for session in state.sessions}
    desk = board.desk
    for case in state.cases:
        desk.keep(_unsealed(case, unseal))
    desk.open, desk.turns, desk.last_case = state.open, state.turns, state.last_case
    board.restore()
    return board


def _load_floor(board: Board, state: BoardState, unseal: Unseal) -> None:
    floor = board.floor
    floor.contacts = {contact.id: _unsealed(contact, unseal) for contact in state.contacts}
    floor.agents = {agent.id: agent for agent in state.agents}
    floor.offers = {offer.id: offer for offer in state.offers}
    floor.last_offer, floor.last_order = state.last_offer, state.last_order
    floor.last_consult = state.last_consult
    floor.watches |= {watch.queue: _watch(watch, partial(_unsealed, unseal=unseal)) for watch in state.watches}
    floor.waits.waiters = {waiter.contact: waiter for waiter in state.waiters}
    floor.waits.estimators = state.estimators
    floor.pointers, floor.hours = state.pointers, dict(state.open)
    unsealed = (_unsealed(last, unseal) for last in state.last_agents)
    floor.last_agents = {last.customer: last for last in unsealed}


# --- plans --------------------------------------------------------------------------------------------------------


def dump_plan(plan: Plan) -> bytes:
    """A plan as canonical JSON: keys sorted, the hash itself left out."""
    value = _adapter(Plan).dump_python(plan, mode="json")
    del value["hash"]
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def load_plan(body: bytes, plan_hash: str) -> Plan:
    """The plan that `dump_plan` wrote."""
    try:
        plan: Plan = _adapter(Plan).validate_json(body)
    except ValidationError as error:
        raise JournalFault(f"the plan {plan_hash!r} in the journal cannot be read: {_told(error)}") from error
    return replace(plan, hash=plan_hash)
