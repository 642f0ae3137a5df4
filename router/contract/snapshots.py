"""What a listener needs that has missed something: who is where, and what is still to be answered. Nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from acd.model import Agent, AgentState, Contact, ContactState, Offer
from escalation.case import Case, CaseState
from router.board import Board


@dataclass(frozen=True, slots=True)
class AgentShown:
    """An agent: `contact` and `offer` are what it has in hand, empty and 0 for none."""

    agent: str
    state: AgentState
    reason: str
    contact: str
    offer: int


@dataclass(frozen=True, slots=True)
class ContactShown:
    """A contact that is not over. In a menu its state is `arrived`; `queue` and `agent` are empty for none."""

    contact: str
    state: ContactState
    queue: str
    agent: str
    since: int


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
    """The whole centre after row `seq` of the journal; what is announced with a greater `sequence` comes on top."""

    seq: int
    now: int
    plan: str
    agents: list[AgentShown]
    contacts: list[ContactShown]
    offers: list[OfferShown]
    cases: list[CaseShown]


_SHOWN = TypeAdapter(CentreShown)


def snapshot(board: Board, now: int) -> dict[str, Any]:
    """The centre as it stands at `now` (ms, by its clock), as `CentreShown` has it, ready for JSON."""
    floor, desk = board.floor, board.desk
    shown: dict[str, Any] = _SHOWN.dump_python(
        CentreShown(
            board.seq,
            now,
            board.plan.hash,
            [_agent(agent) for agent in floor.agents.values()],
            [_contact(contact) for contact in floor.contacts.values()],
            [_offer(offer) for offer in floor.offers.values()],
            [_case(case) for case in desk.cases.values()],
        ),
        mode="json",
    )
    return shown


def _agent(agent: Agent) -> AgentShown:
    return AgentShown(agent.id, agent.state, agent.reason, agent.contact, agent.offer)


def _contact(contact: Contact) -> ContactShown:
    since = contact.answered_at or contact.queued_at or contact.need_since
    return ContactShown(contact.id, contact.state, contact.queue, contact.agent, since)


def _offer(offer: Offer) -> OfferShown:
    return OfferShown(offer.id, offer.contact, offer.agent, offer.until, offer.accepted)


def _case(case: Case) -> CaseShown:
    return CaseShown(case.id, case.contact, case.state, case.team, case.due_at, case.breached)
