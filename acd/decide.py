"""What may happen on the floor, and what follows from it. Reads the floor, writes nothing.

`CHECKS` say whether a fact may be taken: None, or why not. `FOLLOW` yields the decisions that follow from an event just
applied; whoever runs it applies each before asking for the next, so every line here sees the state its own decisions
have made. What happens by itself is in `acd.alarms`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Final, Literal

from acd import discipline, widening
from acd.agent import BUSY
from acd.contact import UNANSWERED
from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    ContactReleased,
    ContactReprioritised,
    ContactWidened,
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
    QueueLeft,
    RingWidened,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.floor import Floor
from acd.match import Choice
from acd.model import Agent, AgentState, Contact, ContactState, Offer
from acd.plan import QueuePlan, WrapUpOutcome

Refusal = tuple[Literal["illegal", "stale"], str]
Decisions = Iterator[Any]
Check = Callable[[Floor, Any], Refusal | None]
Follow = Callable[[Floor, Any, int], Decisions]


# --- what may happen ----------------------------------------------------------------------------------------------


def _check_state(floor: Floor, event: AgentStateSet) -> Refusal | None:
    agent = floor.agents[event.agent]
    if event.lease_ms < 0:
        return ("illegal", "lease_ms is negative: leave it out for no lease")
    if agent.state in BUSY:
        says_nothing = event.state == "ready" and agent.pending is None and agent.state is not AgentState.WRAP_UP
        return ("stale", f"agent {agent.id!r} is {agent.state} and asked for nothing else") if says_nothing else None
    if agent.state == event.state and (agent.state is not AgentState.PAUSED or agent.reason == event.reason):
        return ("stale", f"agent {agent.id!r} is {agent.state} already")
    return None


def _check_alive(floor: Floor, event: AgentAlive) -> Refusal | None:
    if event.lease_ms <= 0:
        return ("illegal", "lease_ms must be more than 0")
    if floor.agents[event.agent].state is AgentState.OFFLINE:
        return ("stale", f"agent {event.agent!r} is offline: log in again")
    return None


def _check_offer(floor: Floor, event: Any) -> Refusal | None:
    offer = floor.offers.get(event.offer)
    if offer is None:
        made = 1 <= event.offer <= floor.last_offer
        return ("stale", f"offer {event.offer} is no longer open") if made else ("illegal", "no such offer was made")
    if (offer.agent, offer.contact) != (event.agent, event.contact):
        return ("illegal", f"offer {event.offer} is about another agent or contact")
    return None


def _check_answer(floor: Floor, event: OfferAccepted | LegAnswered | OfferDeclined | LegRinging) -> Refusal | None:
    if refusal := _check_offer(floor, event):
        return refusal
    if floor.offers[event.offer].accepted:
        return ("stale", f"offer {event.offer} is accepted already")
    taken = isinstance(event, OfferAccepted | LegAnswered) and floor.contacts[event.contact].joining
    return ("stale", f"contact {event.contact!r} is being joined with another agent") if taken else None


def _check_joined(floor: Floor, event: ContactJoined) -> Refusal | None:
    if refusal := _check_offer(floor, event):
        return refusal
    return None if floor.offers[event.offer].accepted else ("illegal", f"offer {event.offer} is not accepted yet")


def _check_released(floor: Floor, event: ContactReleased) -> Refusal | None:
    agent = floor.agents[event.agent]
    if agent.contact != event.contact or agent.state is not AgentState.TALKING:
        return ("stale", f"agent {event.agent!r} does not talk with contact {event.contact!r}")
    return None


def _check_wrapped_up(floor: Floor, event: WrappedUp) -> Refusal | None:
    agent = floor.agents[event.agent]
    if agent.state is AgentState.TALKING and agent.contact == event.contact:
        return ("illegal", f"contact {event.contact!r} is not over yet: it cannot be wrapped up")
    if agent.state is not AgentState.WRAP_UP or agent.contact != event.contact:
        return ("stale", f"agent {event.agent!r} is not in wrap-up after contact {event.contact!r}")
    return None


def _check_reprioritised(floor: Floor, event: ContactReprioritised) -> Refusal | None:
    contact = floor.contacts[event.contact]
    if contact.state not in UNANSWERED:
        return ("stale", f"contact {contact.id!r} waits in no queue: it is {contact.state}")
    return ("stale", f"the priority is {event.priority} already") if contact.priority == event.priority else None


def _check_moved(floor: Floor, event: ContactMoved) -> Refusal | None:
    contact = floor.contacts[event.contact]
    if event.queue not in floor.plan.queues:
        return ("illegal", f"queue {event.queue!r} is not in the centre")
    if contact.state not in UNANSWERED or contact.joining:
        state = "being joined with an agent" if contact.joining else contact.state.value
        return ("stale", f"contact {contact.id!r} waits in no queue: it is {state}")
    return (
        ("stale", f"contact {contact.id!r} is in queue {event.queue!r} already")
        if contact.queue == event.queue
        else None
    )


def _of_a_known_agent(check: Check) -> Check:
    def checked(floor: Floor, event: Any) -> Refusal | None:
        if event.agent not in floor.agents:
            return ("illegal", f"agent {event.agent!r} is not in the centre")
        return check(floor, event)

    return checked


OF_CONTACTS: Final[dict[type, Check]] = {ContactReprioritised: _check_reprioritised, ContactMoved: _check_moved}
CHECKS: Final[dict[type, Check]] = OF_CONTACTS | {
    fact: _of_a_known_agent(check)
    for fact, check in (
        (AgentStateSet, _check_state),
        (AgentAlive, _check_alive),
        (OfferAccepted, _check_answer),
        (OfferDeclined, _check_answer),
        (LegRinging, _check_answer),
        (LegAnswered, _check_answer),
        (LegFailed, _check_offer),
        (ContactJoined, _check_joined),
        (ContactReleased, _check_released),
        (WrappedUp, _check_wrapped_up),
    )
}


# --- matching -----------------------------------------------------------------------------------------------------


def match_contact(floor: Floor, contact_id: str, now: int) -> Decisions:
    """Offer this contact to the best ready agents, if it seeks any and there are some: to as many as are to ring."""
    contact = floor.contacts.get(contact_id)
    while contact and floor.seeks(contact) and (choice := floor.matching.best_agent(contact, now)):
        yield _offer(floor, choice, now)


def match_agent(floor: Floor, agent_id: str, now: int) -> Decisions:
    """Offer the best waiting contact to this agent, if he is ready and there is one."""
    agent = floor.agents[agent_id]
    if agent.state is AgentState.READY and (choice := floor.matching.best_contact(agent, now)):
        yield _offer(floor, choice, now)


def match_agents(floor: Floor, agents: Iterable[Agent], now: int) -> Decisions:
    """Match where several pairs may have become possible at once: each contact to its best agent, not to the first."""
    for agent in agents:
        while agent.state is AgentState.READY and (choice := floor.matching.best_contact(agent, now)):
            yield from match_contact(floor, choice.contact.id, now)


def match_all(floor: Floor, now: int) -> Decisions:
    """Match the whole floor anew, after the rules have changed."""
    yield from _fewer_left(floor, now)
    yield from match_agents(floor, floor.matching.ready(), now)


def _offer(floor: Floor, choice: Choice, now: int) -> OfferContact:
    contact, agent = choice.contact, choice.agent
    queue = floor.plan.queues[contact.queue]
    return OfferContact(
        floor.last_offer + 1,
        contact.id,
        agent.id,
        contact.queue,
        contact.language,
        now + queue.offer_ms,
        discipline.priority(contact, queue, now),
        now - contact.need_since,
        now - agent.idle_since,
        choice.candidates,
        choice.excluded,
        contact.customer,
    )


# --- what follows -------------------------------------------------------------------------------------------------


def queue_up(
    floor: Floor, contact_id: str, queue_id: str, language: str, now: int, *, priority: int, tiers_max: int | None
) -> ContactQueued:
    """Let a contact wait in a queue: with the queue's priority and this one added, at the place of its need."""
    contact, queue = floor.contacts[contact_id], floor.plan.queues[queue_id]
    return ContactQueued(
        contact_id,
        queue_id,
        language,
        queue.priority + priority,
        widening.asked(queue, language, relaxed := widening.relaxed_by(queue, 0)),
        contact.need_since,
        None if queue.wait_ms_max is None else now + queue.wait_ms_max,
        relaxed,
        widening.open_tiers(queue, 0, tiers_max),
        tiers_max,
    )


def move(floor: Floor, contact: Contact, queue: str, outcome: Literal["moved", "overflowed"], now: int) -> Decisions:
    """Let a contact wait in another queue. What was added to its priority there goes with it, as does its place."""
    left = floor.plan.queues[contact.queue]
    added = contact.priority - left.priority
    rung = yield from _withdraw_all(floor, contact, f"the contact goes to {queue}")
    yield QueueLeft(contact.id, left.id, outcome, now - contact.queued_at)
    yield queue_up(floor, contact.id, queue, contact.language, now, priority=added, tiers_max=None)
    yield from _match_each(floor, rung, now)


def _after_moved_on(floor: Floor, event: ContactMoved, now: int) -> Decisions:
    return move(floor, floor.contacts[event.contact], event.queue, "moved", now)


def overflow(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Nobody has answered for too long: on to the next queue; unless the contact is being answered right now."""
    rule = floor.plan.queues[contact.queue].overflow
    if rule and not contact.joining:
        yield from move(floor, contact, rule.queue, "overflowed", now)


def overflow_due(floor: Floor, contact: Contact) -> int | None:
    """When a contact goes on to another queue, or None."""
    rule = floor.plan.queues[contact.queue].overflow if contact.state in UNANSWERED else None
    return contact.queued_at + rule.after_ms if rule else None


def _after_queued(floor: Floor, event: ContactQueued | ContactWidened, now: int) -> Decisions:
    yield from _relax_by_need(floor, floor.contacts[event.contact])
    yield from match_contact(floor, event.contact, now)
    yield from floor.waits.greeting(floor.contacts.get(event.contact), now)


def widen(floor: Floor, contact: Contact, now: int) -> ContactWidened:
    """Let those serve a contact who may by now."""
    queue, waited_ms = floor.plan.queues[contact.queue], now - contact.queued_at
    relaxed = max(contact.relaxed, widening.relaxed_by(queue, waited_ms))
    return _widened(contact, queue, relaxed, widening.open_tiers(queue, waited_ms, contact.tiers_max))


def _relax_by_need(floor: Floor, contact: Contact) -> Decisions:
    """Ask less of agents where nobody who is logged in has what is asked."""
    queue = floor.plan.queues[contact.queue]
    following = queue.relaxations[contact.relaxed : contact.relaxed + 1]
    if following and following[0].after_ms is None and not floor.matching.present(contact):
        yield _widened(contact, queue, contact.relaxed + 1, contact.tiers)


def _widened(contact: Contact, queue: QueuePlan, relaxed: int, tiers: int) -> ContactWidened:
    return ContactWidened(contact.id, widening.asked(queue, contact.language, relaxed), relaxed, tiers)


def _after_accepted(floor: Floor, event: OfferAccepted | LegAnswered, now: int) -> Decisions:
    offer = floor.offers[event.offer]
    queue = floor.plan.queues[floor.contacts[offer.contact].queue]
    yield JoinParties(offer.id, offer.contact, offer.agent, now + queue.join_ms)


def _after_lost(floor: Floor, event: OfferDeclined | LegFailed | OfferExpired | JoinTimedOut, now: int) -> Decisions:
    """The contact goes back to its place, is kept from this agent for a while, and both are matched anew."""
    agent, contact = floor.agents[event.agent], floor.contacts[event.contact]
    missed_max = floor.plan.queues[contact.queue].missed_offers_max
    if contact.queue not in floor.watches:
        yield from _keep_apart(floor, contact, agent, now)
    if agent.pending:
        yield from _move_on(agent)
    elif missed_max is not None and agent.missed >= missed_max:
        yield AgentMoved(agent.id, "not_responding", f"missed {agent.missed} in a row")
    yield from match_agent(floor, agent.id, now)
    if contact.wait_until is not None and contact.wait_until <= now and not contact.joining:
        yield from time_out(floor, contact, now)
    elif (due := overflow_due(floor, contact)) is not None and due <= now:
        yield from overflow(floor, contact, now)
    yield from match_contact(floor, contact.id, now)


def _keep_apart(floor: Floor, contact: Contact, agent: Agent, now: int) -> Decisions:
    """Keep the two apart; once nobody else is left who could have the contact, only for as long as a retry takes."""
    queue = floor.plan.queues[contact.queue]
    elsewhere = _is_open_to_somebody(floor, contact, [*_kept_from(contact, now), agent.id])
    apart_ms = max(queue.exclusion_ms, queue.retry_ms) if elsewhere else queue.retry_ms
    yield PairExcluded(contact.id, agent.id, now + apart_ms)
    yield from _shorten(floor, contact, now)


def _shorten(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Let all who are kept from the contact have it again soon, if that is everybody who could."""
    kept = _kept_from(contact, now)
    until = now + floor.plan.queues[contact.queue].retry_ms
    if not _is_open_to_somebody(floor, contact, kept):
        for agent in kept:
            if contact.exclusions[agent] > until:
                yield PairExcluded(contact.id, agent, until)


def _kept_from(contact: Contact, now: int) -> list[str]:
    return sorted(agent for agent, until in contact.exclusions.items() if until > now)


def _is_open_to_somebody(floor: Floor, contact: Contact, kept: list[str]) -> bool:
    return floor.matching.present(contact) > sum(_could_serve(floor, agent, contact) for agent in kept)


def _could_serve(floor: Floor, agent_id: str, contact: Contact) -> bool:
    agent = floor.agents.get(agent_id)
    if agent is None or agent.state is AgentState.OFFLINE:
        return False
    return floor.matching.could_serve(agent, contact)


def _fewer_left(floor: Floor, now: int) -> Decisions:
    """Somebody logged out, or skills changed: those left may be the only ones who could have a contact, or none."""
    for contact in floor.matching.unmet():
        yield from _relax_by_need(floor, contact)
    for contact in floor.matching.apart():
        yield from _shorten(floor, contact, now)


def _after_state_set(floor: Floor, event: AgentStateSet, now: int) -> Decisions:
    agent = floor.agents[event.agent]
    if agent.state is AgentState.WRAP_UP and event.state == "ready":
        yield WrapUpExpired(agent.id, agent.contact, default_outcome(floor, agent.contact))
    elif agent.state is AgentState.OFFLINE:
        yield from _fewer_left(floor, now)
    elif agent.state is AgentState.RESERVED:
        yield from _release_reserved(floor, agent, now)
    else:
        yield from match_agent(floor, agent.id, now)


def _after_lapsed(floor: Floor, event: AgentLapsed, now: int) -> Decisions:
    agent = floor.agents[event.agent]
    if agent.state is AgentState.OFFLINE:
        yield from _fewer_left(floor, now)
    else:
        yield from _release_reserved(floor, agent, now)


def _after_moved(floor: Floor, event: AgentMoved, now: int) -> Decisions:
    if event.state == "offline":
        yield from _fewer_left(floor, now)


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


def _withdraw_all(floor: Floor, contact: Contact, reason: str) -> Generator[Any, None, list[str]]:
    """Take every offer of a contact back, and return the agents at whom it rang."""
    offers = [floor.offers[offer] for offer in contact.offers]
    for offer in offers:
        yield from _withdraw(floor, offer, reason)
    return [offer.agent for offer in offers]


def _match_each(floor: Floor, agents: list[str], now: int) -> Decisions:
    for agent in agents:
        yield from match_agent(floor, agent, now)


def _after_joined(floor: Floor, event: ContactJoined, now: int) -> Decisions:
    """Only now does it stop ringing at the others: until here the join could have failed."""
    rung = yield from _withdraw_all(floor, floor.contacts[event.contact], "another agent took the contact")
    yield from _match_each(floor, rung, now)


def _after_ring_widened(floor: Floor, event: RingWidened, now: int) -> Decisions:
    return match_contact(floor, event.contact, now)


def _move_on(agent: Agent) -> Decisions:
    """What an agent asked for while busy happens when he would be ready again."""
    if agent.state is AgentState.READY and agent.pending:
        yield AgentMoved(agent.id, _movable(agent.pending), agent.pending_reason)


def _movable(state: AgentState) -> Literal["paused", "offline"]:
    return "paused" if state is AgentState.PAUSED else "offline"


def leave(floor: Floor, contact_id: str, now: int) -> Decisions:
    """The customer has gone: an offer is withdrawn, the contact ends, the agent who talked wraps up."""
    contact = floor.contacts[contact_id]
    rung = yield from _withdraw_all(floor, contact, "the customer left")
    yield from _end(floor, contact, "abandoned" if contact.queue else "left_menu", now)
    yield from _match_each(floor, rung, now)


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
        yield WrapUpExpired(contact.agent, contact.id, default_outcome(floor, contact.id))


def default_outcome(floor: Floor, contact: str) -> WrapUpOutcome:
    """What is booked for this contact if its agent gives no outcome."""
    return floor.plan.queues[floor.contacts[contact].queue].wrap_up_outcome


def _after_released(floor: Floor, event: ContactReleased, now: int) -> Decisions:
    yield HangUp(event.contact, "the agent ended the conversation")
    yield from _end(floor, floor.contacts[event.contact], "abandoned", now)


def _after_wrap_up(floor: Floor, event: WrappedUp | WrapUpExpired, now: int) -> Decisions:
    yield from _move_on(floor.agents[event.agent])
    yield from match_agent(floor, event.agent, now)


def time_out(floor: Floor, contact: Contact, now: int) -> Decisions:
    """The longest wait is over: an offer that still rings is withdrawn, the customer is sent away."""
    rung = yield from _withdraw_all(floor, contact, "the contact waited too long")
    yield HangUp(contact.id, "waited too long")
    yield from _end(floor, contact, "timed_out", now)
    yield from _match_each(floor, rung, now)


FOLLOW: Final[dict[type, Follow]] = {
    ContactQueued: _after_queued,
    ContactWidened: _after_queued,
    ContactMoved: _after_moved_on,
    RingWidened: _after_ring_widened,
    OfferAccepted: _after_accepted,
    LegAnswered: _after_accepted,
    OfferDeclined: _after_lost,
    LegFailed: _after_lost,
    OfferExpired: _after_lost,
    JoinTimedOut: _after_lost,
    ContactJoined: _after_joined,
    AgentStateSet: _after_state_set,
    AgentLapsed: _after_lapsed,
    AgentMoved: _after_moved,
    ContactReleased: _after_released,
    WrappedUp: _after_wrap_up,
    WrapUpExpired: _after_wrap_up,
}
