"""The answers to "why" and "why not": what an inquiry found, with the words for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from acd.model import Contact, ContactState
from router.board import Board
from router.explain import derive, words
from router.explain.inquiry import Inquiry
from router.explain.model import Decision, Difference, Standing, Waiting, Why, WhyNot, difference
from router.explain.past import Past, Pause, UnknownError, arrival, look_back
from router.explain.phrases import Phrases
from router.explain.story import story
from router.nearest import one_slip_away, what_there_is
from router.ports import Journal


async def ask(
    journal: Journal, contact: str, agent: str | None, until: int | None, pause: Pause, *, rows_max: int | None = None
) -> Why | WhyNot:
    """Why a contact is where it is, or why an `agent` was not offered it, at the instant `until` (None: at the end).

    Raises `UnknownError` where there is no such contact or agent, and whatever `look_back` does.
    """
    inquiry = Inquiry(contact, agent)
    past = await look_back(journal, inquiry, until, pause, rows_max=rows_max)
    try:
        return why(inquiry, past) if agent is None else why_not(inquiry, past, agent)
    except UnknownError:
        came_at = await arrival(journal, contact, past.board.seq)
        if came_at is None:
            raise
        came = Phrases(past.board.plan, past.now).moment(came_at)
        raise UnknownError(f"contact {contact!r} had not come yet: it came at {came}") from None


def why(inquiry: Inquiry, past: Past) -> Why:
    """Where the contact is, and why. Raises `UnknownError`."""
    board, now = past.board, past.now
    contact = _contact(inquiry, board)
    phrases = Phrases(board.plan, now)
    decision, waiting = inquiry.decision, _waiting(inquiry, past)
    told = story(inquiry.events, phrases)
    state = contact.state if contact else ContactState.ENDED
    since = told[0].at if told else now
    lines = words.why(inquiry, contact, decision, waiting, told, phrases)
    return Why(inquiry.contact, now, board.seq, board.plan.hash, state, decision, waiting, since, told, tuple(lines))


def why_not(inquiry: Inquiry, past: Past, agent: str) -> WhyNot:
    """Why the agent was not offered the contact. Raises `UnknownError`."""
    board, now = past.board, past.now
    contact = _contact(inquiry, board)
    if agent not in board.floor.agents:
        raise UnknownError(f"agent {agent!r} is not in the centre: {what_there_is(agent, board.floor.agents)}")
    waiting = _waiting(inquiry, past)
    decision = None if waiting else inquiry.decision
    standing = _standing(agent, decision, waiting)
    behind = _behind(decision, standing)
    answer = WhyNot(
        inquiry.contact,
        agent,
        now,
        board.seq,
        board.plan.hash,
        contact.state if contact else ContactState.ENDED,
        decision,
        standing,
        behind,
        inquiry.offered,
        tuple(inquiry.instead),
        (),
    )
    lines = words.why_not(answer, inquiry.events, waiting, Phrases(board.plan, now))
    return replace(answer, words=tuple(lines))


def as_data(answer: Why | WhyNot) -> dict[str, Any]:
    """The answer as plain data, ready for JSON."""
    data: dict[str, Any] = TypeAdapter(type(answer)).dump_python(answer, mode="json")
    return data


def _contact(inquiry: Inquiry, board: Board) -> Contact | None:
    """The contact as it is on the floor, or None where its story is over."""
    contact = board.floor.contacts.get(inquiry.contact)
    if contact is None and not inquiry.events:
        near = one_slip_away(inquiry.contact, reversed(inquiry.arrivals), ": ")
        raise UnknownError(f"contact {inquiry.contact!r} is not known{near}")
    return contact


def _waiting(inquiry: Inquiry, past: Past) -> Waiting | None:
    """How the contact stands while it waits, or stood when it gave up."""
    contact = past.board.floor.contacts.get(inquiry.contact)
    if contact and contact.state is ContactState.WAITING:
        return derive.waiting(past.board, contact, past.now, inquiry.agent)
    return inquiry.given_up


def _standing(agent: str, decision: Decision | None, waiting: Waiting | None) -> Standing | None:
    looked_at = waiting or decision
    return looked_at.agents.standing(agent) if looked_at else None


def _behind(decision: Decision | None, standing: Standing | None) -> Difference | None:
    """What put the one who was chosen before this candidate."""
    if decision is None or standing is None or standing.obstacles or decision.chosen_by != "contact":
        return None
    chosen = decision.agents.standing(decision.record.agent)
    return difference(chosen, standing) if chosen else None
