"""Blind transfers, and contacts that are meant for one agent: what may happen, and what follows.

A contact that is handed on has the place of its need in its new queue, and a wait of its own there. Its agent wraps up
his part of it, with an end of its own; what he says of it decides nothing: the last agent's wrap-up does.

A contact *directed* to one agent is offered to him as soon as he is free for it, in the one order of all contacts, and
to nobody else, whatever skills are asked for. That ends when its time is over, when he goes away, or once he has not
taken it; then it is a contact of its queue like any other, so that it is never lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from acd.agent import TALKS, attends
from acd.apart import keep_apart
from acd.contact import UNANSWERED
from acd.ending import call_off, stop_supervising, wrap_up
from acd.floor import Floor
from acd.hands import (
    ContactDirected,
    ContactPulled,
    ContactTransferred,
    DirectionEnd,
    DirectionEnded,
    TalkEnded,
)
from acd.model import Agent, Contact, ContactState
from acd.offering import Decisions, match_in_turn, set_free, stop_ringing
from acd.plan import Terms
from acd.queueing import base_priority, queue_up, seek
from acd.refusal import Check, Refusal, of_a_known_agent, unknown_agent, unknown_queue

_SAID: Final[dict[DirectionEnd, str]] = {
    "time": "nobody has answered in time",
    "away": "the agent asked for has gone",
    "not_taken": "the agent asked for has not taken it",
}


# --- what may happen ----------------------------------------------------------------------------------------------


def has_in_hand(floor: Floor, event: Any) -> Refusal | None:
    """Refuse unless the agent talks with the customer of this contact, on hold or not."""
    contact, agent = floor.contacts[event.contact], floor.agents[event.agent]
    work = agent.works.get(contact.id) if contact.agent == agent.id else None
    if work is None or work.state not in TALKS:
        return ("stale", f"agent {agent.id!r} does not talk with contact {contact.id!r}")
    if contact.consults:
        return ("illegal", f"contact {contact.id!r} is a consult about {contact.consults!r}: name that one")
    return None


def no_such_place(floor: Floor, event: Any) -> Refusal | None:
    """Refuse a transfer, or a consult, that leads nowhere."""
    contact = floor.contacts[event.contact]
    if not (event.queue or event.to_agent):
        return ("illegal", "it leads nowhere: name a `queue`, or an agent in `to_agent`")
    queue = event.queue or contact.queue
    if refusal := unknown_queue(floor, queue):
        return refusal
    if not event.to_agent:
        return None
    if queue in floor.watches:
        return ("illegal", f"queue {queue!r} follows an old system, where no contact can be meant for one agent")
    return _not_there(floor, event.to_agent, event.agent, contact.channel)


def _not_there(floor: Floor, agent_id: str, sender: str, channel: str) -> Refusal | None:
    if refusal := unknown_agent(floor, agent_id):
        return refusal
    if agent_id == sender:
        return ("illegal", f"agent {agent_id!r} has the contact already")
    agent = floor.agents[agent_id]
    if not attends(agent):
        return ("stale", f"agent {agent_id!r} is {f'about to be {agent.pending}' if agent.pending else agent.stance}")
    return _takes_none(floor, agent, channel)


def _takes_none(floor: Floor, agent: Agent, channel: str) -> Refusal | None:
    if floor.matching.takes(agent, channel):
        return None
    return ("illegal", f"agent {agent.id!r} takes no contacts of channel {channel!r}")


def _check_transferred(floor: Floor, event: ContactTransferred) -> Refusal | None:
    if refusal := has_in_hand(floor, event) or no_such_place(floor, event):
        return refusal
    if consult := floor.contacts[event.contact].consult:
        return ("stale", f"a consult is under way ({consult!r}): complete it, or end it first")
    return None


def _check_pulled(floor: Floor, event: ContactPulled) -> Refusal | None:
    contact, agent = floor.contacts[event.contact], floor.agents[event.agent]
    if contact.state not in UNANSWERED or contact.joining or contact.state is ContactState.RESTING:
        state = "being joined with an agent" if contact.joining else contact.state.value
        return ("stale", f"contact {contact.id!r} waits in no queue: it is {state}")
    if contact.queue in floor.watches:
        return ("illegal", f"queue {contact.queue!r} follows an old system, which decides alone who is offered what")
    return _takes_none(floor, agent, contact.channel) or _has_no_room(floor, agent, contact)


def _has_no_room(floor: Floor, agent: Agent, contact: Contact) -> Refusal | None:
    if not floor.matching.is_open(agent):
        return ("stale", f"agent {agent.id!r} is {agent.state}, and not ready")
    if not floor.matching.has_room(agent, contact.channel):
        return ("stale", f"agent {agent.id!r} has no room for contact {contact.id!r} beside what he has in hand")
    if contact.id in agent.works or contact.consults in agent.works:
        return ("stale", f"agent {agent.id!r} has to do with contact {contact.id!r} already")
    return None


# --- what follows -------------------------------------------------------------------------------------------------


def _after_transferred(floor: Floor, event: ContactTransferred, now: int) -> Decisions:
    """The contact is queued, and has its chance, before its agent is free for another one."""
    contact, agent = floor.contacts[event.contact], floor.agents[event.agent]
    yield from stop_supervising(contact, "the contact was transferred")
    yield talk_ended(contact, agent.id, now)
    left = contact.queue
    queue = floor.plan.queues[event.queue or left]
    added = contact.priority - base_priority(floor.plan.queues[left], contact.holds)
    terms = Terms(added, contact.head_start_ms, holds=contact.holds)
    yield queue_up(floor, contact.id, queue.id, contact.language, terms, now)
    if queue.id not in floor.watches:
        yield from keep_apart(floor, contact, agent, now)
    if event.to_agent:
        yield ContactDirected(contact.id, event.to_agent, now + queue.direct_ms)
    else:
        yield from seek(floor, contact, now, match_in_turn)
    yield wrap_up(floor, contact, agent.id, now)


def talk_ended(contact: Contact, agent: str, now: int) -> TalkEnded:
    """An agent who has handed a contact on, with the times of his part of it."""
    part = contact.parts[agent]
    return TalkEnded(contact.id, agent, part.queue, part.answered_at - part.queued_at, now - part.answered_at)


def _after_pulled(floor: Floor, event: ContactPulled, now: int) -> Decisions:
    contact = floor.contacts[event.contact]
    rung = yield from stop_ringing(floor, contact.offers, f"the contact goes to {event.agent}")
    yield ContactDirected(contact.id, event.agent, now + floor.plan.queues[contact.queue].direct_ms)
    yield from set_free(floor, rung, now)


def _after_directed(floor: Floor, event: ContactDirected, now: int) -> Decisions:
    return seek(floor, floor.contacts[event.contact], now, match_in_turn)


def redirect(floor: Floor, agent: str) -> Decisions:
    """Open to everybody what only this agent might have had: he is gone, or about to go."""
    for contact in floor.matching.directed_to(agent):
        yield DirectionEnded(contact.id, agent, "away")


def _after_direction_ended(floor: Floor, event: DirectionEnded, now: int) -> Decisions:
    """It is the queue's; but who wanted to consult this agent, and no other, goes back to his customer."""
    contact = floor.contacts[event.contact]
    if contact.consults:
        yield from call_off(floor, contact, _SAID[event.because], now)
    else:
        yield from seek(floor, contact, now, match_in_turn)


CHECKS: Final[dict[type, Check]] = {
    ContactTransferred: of_a_known_agent(_check_transferred),
    ContactPulled: of_a_known_agent(_check_pulled),
}
FOLLOW: Final[dict[type, Callable[[Floor, Any, int], Decisions]]] = {
    ContactTransferred: _after_transferred,
    ContactPulled: _after_pulled,
    ContactDirected: _after_directed,
    DirectionEnded: _after_direction_ended,
}
