"""What a listener needs that has missed something: who is where, and what is still to be answered. Nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from acd.contact import UNANSWERED
from acd.floor import Floor
from acd.model import Agent, AgentState, Contact, ContactState, Offer, StandIn, Work, WorkState
from escalation.case import Case, CaseState
from ivr.events import CollectDigits, SayPrompts
from ivr.session import Session
from router.board import Board


@dataclass(frozen=True, slots=True)
class WorkShown:
    """A contact that an agent has in hand. `wrap_up_until` is the end of its wrap-up, 0 before that."""

    contact: str
    channel: str
    state: WorkState
    wrap_up_until: int


@dataclass(frozen=True, slots=True)
class AgentShown:
    """An agent. `works` are the contacts in hand, taking `load` units of its `capacity`; `offer` is the open one, or 0.

    `pending` is what it will be when nothing is left in hand; empty: it goes on.
    """

    agent: str
    state: AgentState
    reason: str
    offer: int
    pending: str
    load: int
    capacity: int
    works: list[WorkShown]


@dataclass(frozen=True, slots=True)
class ContactShown:
    """A contact that is not over. In a menu its state is `arrived`, and `flow` and `node` say where it is.

    What there is none of is empty. `reserved_for` are the agents it is kept for by now. `stand_in` waits for a customer
    who is not on the line: a callback, tried in vain `attempts` times and resting until `rests_until` (ms, 0: it does
    not), or a message.
    """

    contact: str
    state: ContactState
    flow: str
    node: str
    queue: str
    agent: str
    since: int
    stand_in: StandIn
    attempts: int
    rests_until: int
    reserved_for: tuple[str, ...]
    directed_to: str
    consults: str
    wrapped_up_by: tuple[str, ...]
    supervisors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class QueueShown:
    """A queue: whether it takes contacts at this hour, and how many are in it unanswered."""

    queue: str
    open: bool
    waiting: int


@dataclass(frozen=True, slots=True)
class OfferShown:
    """An open offer, with the token that its answer brings back."""

    offer: int
    contact: str
    agent: str
    until: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class CaseShown:
    """A case."""

    case: str
    contact: str
    state: CaseState
    team: str
    due_at: int | None
    breached: bool


@dataclass(frozen=True, slots=True)
class CentreShown:
    """The whole centre after row `seq` of the journal; what is announced with a greater `sequence` comes on top.

    `says` and `collects` are the commands `say` and `collect` that are in force, each as it was announced.
    """

    seq: int
    now: int
    plan: str
    agents: list[AgentShown]
    contacts: list[ContactShown]
    says: list[SayPrompts]
    collects: list[CollectDigits]
    offers: list[OfferShown]
    cases: list[CaseShown]
    queues: list[QueueShown]


_SHOWN: Final = TypeAdapter(CentreShown)


def snapshot(board: Board, now: int) -> dict[str, Any]:
    """The centre as it stands at `now` (ms, by its clock), as `CentreShown` has it, ready for JSON."""
    floor, menus, desk = board.floor, board.menus, board.desk
    shown: dict[str, Any] = _SHOWN.dump_python(
        CentreShown(
            board.seq,
            now,
            board.plan.hash,
            [_agent(agent) for agent in floor.agents.values()],
            [_contact(contact, menus.sessions.get(contact.id)) for contact in floor.contacts.values()],
            list(menus.says()),
            list(menus.collects()),
            [_offer(offer) for offer in floor.offers.values()],
            [_case(case) for case in desk.cases.values()],
            [_queue(floor, queue) for queue in floor.plan.queues],
        ),
        mode="json",
    )
    return shown


def _agent(agent: Agent) -> AgentShown:
    return AgentShown(
        agent.id,
        agent.state,
        agent.reason,
        agent.offer,
        agent.pending or "",
        agent.load,
        agent.capacity,
        [_work(work) for work in agent.works.values()],
    )


def _work(work: Work) -> WorkShown:
    return WorkShown(work.contact, work.channel, work.state, work.wrap_up_until)


def _contact(contact: Contact, session: Session | None) -> ContactShown:
    since = contact.answered_at or contact.queued_at or contact.need_since
    flow, node = (session.flow, session.node) if session else ("", "")
    kept_for = contact.reserved_for if contact.state in UNANSWERED else ()
    return ContactShown(
        contact.id,
        contact.state,
        flow,
        node,
        contact.queue,
        contact.agent,
        since,
        contact.stand_in,
        contact.attempts,
        contact.rests_until,
        kept_for,
        contact.directed_to,
        contact.consults,
        tuple(contact.parts),
        tuple(contact.supervisors.items()),
    )


def _queue(floor: Floor, queue: str) -> QueueShown:
    return QueueShown(queue, not floor.is_closed(queue), floor.matching.length(queue))


def _offer(offer: Offer) -> OfferShown:
    return OfferShown(offer.id, offer.contact, offer.agent, offer.until, offer.accepted)


def _case(case: Case) -> CaseShown:
    return CaseShown(case.id, case.contact, case.state, case.team, case.due_at, case.breached)
