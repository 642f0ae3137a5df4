"""What may happen on the floor, and what follows from it. Reads the floor, writes nothing.

`CHECKS` say whether a fact may be taken: None, or why not. `FOLLOW` yields the decisions that follow from an event just
applied; whoever runs it applies each before asking for the next, so every line here sees the state its own decisions
have made. `ALARMS` are for what happens by itself: (when due, whether still due, what then).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    ContactReleased,
    HangUp,
    JoinParties,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
    LegRinging,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    PairExcluded,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.floor import Floor
from acd.match import Choice
from acd.model import Agent, AgentState, Contact, ContactState, Offer

Refusal = tuple[Literal["illegal", "stale"], str]
Decisions = Iterator[Any]

_BUSY = (AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)


# --- what may happen ----------------------------------------------------------------------------------------------


def _unknown_agent(floor: Floor, agent: str) -> Refusal | None:
    return None if agent in floor.agents else ("illegal", f"agent {agent!r} is not in the centre")


def _check_state(floor: Floor, event: AgentStateSet) -> Refusal | None:
    if refusal := _unknown_agent(floor, event.agent):
        return refusal
    agent = floor.agents[event.agent]
    if agent.state in _BUSY:
        asks_nothing = event.state == "ready" and agent.pending is None and agent.state is not AgentState.WRAP_UP
        return ("illegal", f"agent {agent.id!r} is {agent.state} and asked for nothing else") if asks_nothing else None
    if agent.state == event.state and agent.reason == event.reason:
        return ("illegal", f"agent {agent.id!r} is {agent.state} already")
    return None


def _check_alive(floor: Floor, event: AgentAlive) -> Refusal | None:
    if refusal := _unknown_agent(floor, event.agent):
        return refusal
    if floor.agents[event.agent].state is AgentState.OFFLINE:
        return ("stale", f"agent {event.agent!r} is offline: the lease has lapsed, log in again")
    return None


def _check_offer(floor: Floor, event: Any) -> Refusal | None:
    if refusal := _unknown_agent(floor, event.agent):
        return refusal
    offer = floor.offers.get(event.offer)
    if offer is None:
        if event.offer > floor.last_offer or event.offer < 1:
            return ("illegal", f"offer {event.offer} was never made")
        return ("stale", f"offer {event.offer} is no longer open")
    if (offer.agent, offer.contact) != (event.agent, event.contact):
        return ("illegal", f"offer {event.offer} is about another agent or contact")
    return None


def _check_answer(floor: Floor, event: OfferAccepted | LegAnswered | OfferDeclined | LegRinging) -> Refusal | None:
    if refusal := _check_offer(floor, event):
        return refusal
    return ("stale", f"offer {event.offer} is accepted already") if floor.offers[event.offer].accepted else None


def _check_joined(floor: Floor, event: ContactJoined) -> Refusal | None:
    if refusal := _check_offer(floor, event):
        return refusal
    return None if floor.offers[event.offer].accepted else ("illegal", f"offer {event.offer} is not accepted, so nobody can be joined")


def _check_released(floor: Floor, event: ContactReleased) -> Refusal | None:
    if refusal := _unknown_agent(floor, event.agent):
        return refusal
    agent = floor.agents[event.agent]
    if agent.contact != event.contact or agent.state is not AgentState.TALKING:
        return ("stale", f"agent {event.agent!r} does not talk with contact {event.contact!r}")
    return None


def _check_wrapped_up(floor: Floor, event: WrappedUp) -> Refusal | None:
    if refusal := _unknown_agent(floor, event.agent):
        return refusal
    agent = floor.agents[event.agent]
    if agent.state is AgentState.TALKING and agent.contact == event.contact:
        return ("illegal", f"contact {event.contact!r} is not over yet: it cannot be wrapped up")
    if agent.state is not AgentState.WRAP_UP or agent.contact != event.contact:
        return ("stale", f"agent {event.agent!r} is not in wrap-up after contact {event.contact!r}")
    return None


CHECKS: dict[type, Callable[[Floor, Any], Refusal | None]] = {
    AgentStateSet: _check_state,
    AgentAlive: _check_alive,
    OfferAccepted: _check_answer,
    OfferDeclined: _check_answer,
    LegRinging: _check_answer,
    LegAnswered: _check_answer,
    LegFailed: _check_offer,
    ContactJoined: _check_joined,
    ContactReleased: _check_released,
    WrappedUp: _check_wrapped_up,
}


# --- matching -----------------------------------------------------------------------------------------------------


def match_contact(floor: Floor, contact: str, now: int) -> Decisions:
    """Offer this contact to the best ready agent, if it waits and there is one."""
    waiting = floor.contacts.get(contact)
    if waiting is not None and waiting.state is ContactState.WAITING:
        if choice := floor.matching.best_agent(waiting, now):
            yield _offer(floor, choice, now)


def match_agent(floor: Floor, agent: str, now: int) -> Decisions:
    """Offer the best waiting contact to this agent, if he is ready and there is one."""
    ready = floor.agents[agent]
    if ready.state is AgentState.READY and (choice := floor.matching.best_contact(ready, now)):
        yield _offer(floor, choice, now)


def _offer(floor: Floor, choice: Choice, now: int) -> OfferContact:
    contact, agent = choice.contact, choice.agent
    return OfferContact(
        floor.last_offer + 1,
        contact.id,
        agent.id,
        contact.queue,
        contact.language,
        now + floor.plan.queues[contact.queue].offer_ms,
        contact.priority,
        now - contact.need_since,
        now - agent.idle_since,
        choice.candidates,
        choice.excluded,
        contact.customer,
    )


# --- what follows -------------------------------------------------------------------------------------------------


def _after_queued(floor: Floor, event: ContactQueued, now: int) -> Decisions:
    return match_contact(floor, event.contact, now)


def _after_accepted(floor: Floor, event: OfferAccepted | LegAnswered, now: int) -> Decisions:
    offer = floor.offers[event.offer]
    queue = floor.plan.queues[floor.contacts[offer.contact].queue]
    yield JoinParties(offer.id, offer.contact, offer.agent, now + queue.join_ms)


def _after_declined(floor: Floor, event: OfferDeclined | LegFailed | OfferExpired | JoinTimedOut, now: int) -> Decisions:
    """The contact goes back to its place, is kept from this agent for a while, and both are matched anew."""
    agent = floor.agents[event.agent]
    contact = floor.contacts[event.contact]
    queue = floor.plan.queues[contact.queue]
    elsewhere = floor.matching.present_elsewhere(contact, agent)
    yield PairExcluded(contact.id, agent.id, now + (queue.exclusion_ms if elsewhere else queue.retry_ms))
    if agent.pending:
        yield from _move_on(agent)
    elif queue.missed_offers_max is not None and agent.missed >= queue.missed_offers_max:
        yield AgentMoved(agent.id, "not_responding", f"missed {agent.missed} in a row")
    yield from match_agent(floor, agent.id, now)
    if contact.wait_until is not None and contact.wait_until <= now:
        yield from _time_out(floor, contact, now)
    yield from match_contact(floor, contact.id, now)


def _after_state_set(floor: Floor, event: AgentStateSet, now: int) -> Decisions:
    agent = floor.agents[event.agent]
    if agent.state is AgentState.WRAP_UP and event.state == "ready":
        yield WrapUpExpired(agent.id, agent.contact, _default_outcome(floor, agent.contact))
    elif agent.state is AgentState.RESERVED:
        yield from _release_reserved(floor, agent, now)
    else:
        yield from match_agent(floor, agent.id, now)


def _after_lapsed(floor: Floor, event: AgentLapsed, now: int) -> Decisions:
    return _release_reserved(floor, floor.agents[event.agent], now)


def _release_reserved(floor: Floor, agent: Agent, now: int) -> Decisions:
    """An agent who asked to stop while an offer rings gives it back; one who has accepted keeps it."""
    offer = floor.offers.get(agent.offer)
    if offer and agent.pending and not offer.accepted:
        yield from _withdraw(floor, offer, f"the agent asked to be {agent.pending}")
        yield from match_contact(floor, offer.contact, now)


def _withdraw(floor: Floor, offer: Offer, reason: str) -> Decisions:
    """Take an offer back: the contact waits again, the agent goes on to what he asked for, or is ready."""
    yield WithdrawOffer(offer.id, offer.contact, offer.agent, reason)
    yield from _move_on(floor.agents[offer.agent])


def _move_on(agent: Agent) -> Decisions:
    """What an agent asked for while busy happens when he would be ready again."""
    if agent.state is AgentState.READY and agent.pending:
        yield AgentMoved(agent.id, _movable(agent.pending), agent.pending_reason)


def _movable(state: AgentState) -> Literal["paused", "offline"]:
    return "paused" if state is AgentState.PAUSED else "offline"


def leave(floor: Floor, contact_id: str, now: int) -> Decisions:
    """The customer has gone: an offer is withdrawn, the contact ends, the agent who talked wraps up."""
    contact = floor.contacts[contact_id]
    offer = floor.offers.get(contact.offer)
    if offer:
        yield from _withdraw(floor, offer, "the customer left")
    yield from _end(floor, contact, "abandoned" if contact.queue else "left_menu", now)
    if offer:
        yield from match_agent(floor, offer.agent, now)


def _end(
    floor: Floor, contact: Contact, unanswered: Literal["abandoned", "timed_out", "left_menu"], now: int
) -> Decisions:
    if contact.state is not ContactState.TALKING:
        waited = now - contact.queued_at if contact.queue else 0
        yield ContactEnded(contact.id, unanswered, contact.queue, "", waited, 0)
        return
    wait, talk = contact.answered_at - contact.queued_at, now - contact.answered_at
    yield ContactEnded(contact.id, "handled", contact.queue, contact.agent, wait, talk)
    wrap_up_ms = floor.plan.queues[contact.queue].wrap_up_ms
    if wrap_up_ms:
        yield WrapUpStarted(contact.agent, contact.id, contact.queue, now + wrap_up_ms)
    else:
        yield WrapUpExpired(contact.agent, contact.id, _default_outcome(floor, contact.id))


def _default_outcome(floor: Floor, contact: str) -> Literal["resolved", "follow_up", "escalated"]:
    return floor.plan.queues[floor.contacts[contact].queue].wrap_up_outcome


def _after_released(floor: Floor, event: ContactReleased, now: int) -> Decisions:
    yield HangUp(event.contact, "the agent ended the conversation")
    yield from _end(floor, floor.contacts[event.contact], "abandoned", now)


def _after_wrap_up(floor: Floor, event: WrappedUp | WrapUpExpired, now: int) -> Decisions:
    yield from _move_on(floor.agents[event.agent])
    yield from match_agent(floor, event.agent, now)


def _time_out(floor: Floor, contact: Contact, now: int) -> Decisions:
    """The longest wait is over: an offer that still rings is withdrawn, the customer is sent away."""
    offer = floor.offers.get(contact.offer)
    if offer:
        yield from _withdraw(floor, offer, "the contact waited too long")
    yield HangUp(contact.id, "waited too long")
    yield from _end(floor, contact, "timed_out", now)
    if offer:
        yield from match_agent(floor, offer.agent, now)


FOLLOW: dict[type, Callable[[Floor, Any, int], Decisions]] = {
    ContactQueued: _after_queued,
    OfferAccepted: _after_accepted,
    LegAnswered: _after_accepted,
    OfferDeclined: _after_declined,
    LegFailed: _after_declined,
    OfferExpired: _after_declined,
    JoinTimedOut: _after_declined,
    AgentStateSet: _after_state_set,
    AgentLapsed: _after_lapsed,
    ContactReleased: _after_released,
    WrappedUp: _after_wrap_up,
    WrapUpExpired: _after_wrap_up,
}


# --- what happens by itself ---------------------------------------------------------------------------------------


def _expire_offer(floor: Floor, event: OfferContact, now: int) -> Decisions:
    yield OfferExpired(event.offer, event.contact, event.agent)


def _rings(floor: Floor, event: OfferContact, at: int) -> bool:
    offer = floor.offers.get(event.offer)
    return offer is not None and not offer.accepted


def _expire_join(floor: Floor, event: JoinParties, now: int) -> Decisions:
    yield JoinTimedOut(event.offer, event.contact, event.agent)


def _expire_wrap_up(floor: Floor, event: WrapUpStarted, now: int) -> Decisions:
    yield WrapUpExpired(event.agent, event.contact, _default_outcome(floor, event.contact))


def _waits_too_long(floor: Floor, event: ContactQueued, at: int) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.wait_until != at:
        return False
    return contact.state in (ContactState.WAITING, ContactState.OFFERED)


def _expire_wait(floor: Floor, event: ContactQueued, now: int) -> Decisions:
    return _time_out(floor, floor.contacts[event.contact], now)


def _kept_apart(floor: Floor, event: PairExcluded, at: int) -> bool:
    contact = floor.contacts.get(event.contact)
    return contact is not None and contact.exclusions.get(event.agent) == at


def _end_exclusion(floor: Floor, event: PairExcluded, now: int) -> Decisions:
    return match_contact(floor, event.contact, now)


def _wraps_up(floor: Floor, event: WrapUpStarted, at: int) -> bool:
    agent = floor.agents.get(event.agent)
    return agent is not None and agent.wrap_up_until == at


def _leased(floor: Floor, event: AgentStateSet | AgentAlive, at: int) -> bool:
    agent = floor.agents.get(event.agent)
    return agent is not None and agent.lease_until == at


def _lease(floor: Floor, event: AgentStateSet | AgentAlive, now: int) -> int | None:
    return floor.agents[event.agent].lease_until or None


def _lapse(floor: Floor, event: AgentStateSet | AgentAlive, now: int) -> Decisions:
    yield AgentLapsed(event.agent)


def _until(floor: Floor, event: Any, now: int) -> int | None:
    until: int | None = event.until
    return until


Due = Callable[[Floor, Any, int], int | None]
Pending = Callable[[Floor, Any, int], bool]
Ring = Callable[[Floor, Any, int], Decisions]

ALARMS: dict[type, tuple[Due, Pending, Ring]] = {
    ContactQueued: (_until, _waits_too_long, _expire_wait),
    OfferContact: (_until, _rings, _expire_offer),
    JoinParties: (_until, lambda floor, event, at: event.offer in floor.offers, _expire_join),
    WrapUpStarted: (_until, _wraps_up, _expire_wrap_up),
    PairExcluded: (_until, _kept_apart, _end_exclusion),
    AgentStateSet: (_lease, _leased, _lapse),
    AgentAlive: (_lease, _leased, _lapse),
}
