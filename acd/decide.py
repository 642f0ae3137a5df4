"""What follows on the floor from an event. Reads the floor, writes nothing.

`FOLLOW` yields the decisions that follow from an event just applied; whoever runs it applies each before asking for the
next, so every line here sees the state its own decisions have made. What may happen at all is in `acd.check`, what
happens by itself in `acd.alarms`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Final, Literal

from acd import discipline, widening
from acd.agent import attends
from acd.compat.freeswitch.resume import resumed
from acd.contact import UNANSWERED
from acd.events import (
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    CompatLooked,
    ContactEnded,
    ContactJoined,
    ContactMoved,
    ContactOutcome,
    ContactQueued,
    ContactReleased,
    ContactWidened,
    HangUp,
    JoinParties,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
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
from acd.model import Agent, AgentState, Contact, ContactState
from acd.plan import QueuePlan, Terms, WrapUpOutcome

Decisions = Iterator[Any]
Follow = Callable[[Floor, Any, int], Decisions]
Match = Callable[[Floor, str, int], Decisions]

TAKEN: Final = "another agent took the contact"
_NOBODY_THERE: Final = "nobody is there"


# --- matching -----------------------------------------------------------------------------------------------------


def match_contact(floor: Floor, contact_id: str, now: int) -> Decisions:
    """Offer this contact to the best ready agents, if it seeks any and there are some: to as many as are to ring."""
    contact = floor.contacts.get(contact_id)
    while contact and floor.seeks(contact) and (choice := floor.matching.best_agent(contact, now)):
        yield _offer(floor, choice, now)


def match_in_turn(floor: Floor, contact_id: str, now: int) -> Decisions:
    """The same where more than this contact's chances may have changed: nobody who goes before it is passed over.

    A clock that is late lets several things be due at once, and only the first of them has been heard of.
    """
    contact = floor.contacts[contact_id]
    while floor.seeks(contact) and (choice := floor.matching.best_agent(contact, now)):
        first = floor.matching.best_contact(choice.agent, now)
        assert first, "there is at least this contact"
        yield from match_contact(floor, first.contact.id, now)


def match_agent(floor: Floor, agent_id: str, now: int) -> Decisions:
    """Offer the best waiting contact to this agent, if he is ready and there is one."""
    agent = floor.agents[agent_id]
    if agent.state is AgentState.READY and (choice := floor.matching.best_contact(agent, now)):
        yield _offer(floor, choice, now)


def match_agents(floor: Floor, agents: Iterable[Agent], now: int) -> Decisions:
    """Match where several pairs may have become possible at once: contacts in their order, each to its best agent."""
    agents = list(agents)
    while first := min(_best_contacts(floor, agents, now), key=_order(floor, now), default=None):
        yield from match_contact(floor, first.id, now)


def _best_contacts(floor: Floor, agents: Iterable[Agent], now: int) -> Iterator[Contact]:
    for agent in agents:
        if agent.state is AgentState.READY and (choice := floor.matching.best_contact(agent, now)):
            yield choice.contact


def match_all(floor: Floor, now: int) -> Decisions:
    """Go on by new rules: what they would have opened by now is open, and all are matched anew, in their order."""
    for queue in floor.watches:
        yield CompatLooked(queue, now)
    unanswered = [contact for contact in floor.contacts.values() if contact.state in UNANSWERED]
    for contact in sorted(unanswered, key=_order(floor, now)):
        yield from _catch_up(floor, contact, now)
        yield from match_contact(floor, contact.id, now)
    yield from _shorten_all(floor, now)
    yield from _leave_unattended(floor, now)


def _catch_up(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Time has passed that the new rules may count otherwise than the old ones did."""
    widened = widen(floor, contact, now)
    if (widened.relaxed, widened.tiers) != (contact.relaxed, contact.tiers):
        yield widened
    yield from _relax_by_need(floor, contact)
    ring_at = widening.next_ring(contact, floor.plan.queues[contact.queue])
    if ring_at is not None and ring_at <= now:
        yield RingWidened(contact.id)


def _order(floor: Floor, now: int) -> Callable[[Contact], discipline.Rank]:
    """How contacts of all queues rank: lower is served first."""
    return lambda contact: discipline.rank(contact, floor.plan.queues[contact.queue], now)


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


def queue_up(floor: Floor, contact_id: str, queue_id: str, language: str, terms: Terms, now: int) -> ContactQueued:
    """Let a contact wait in a queue, on these terms, at the place of its need."""
    contact, queue = floor.contacts[contact_id], floor.plan.queues[queue_id]
    resumes, need_since = resumed(floor, contact, queue_id, now)
    wait_ms_max = queue.wait_ms_max if terms.wait_ms_max is None else terms.wait_ms_max
    return ContactQueued(
        contact_id,
        queue_id,
        language,
        queue.priority + terms.priority,
        widening.asked(queue, language, relaxed := widening.relaxed_by(queue, 0)),
        need_since,
        None if wait_ms_max is None else now + wait_ms_max,
        relaxed,
        widening.open_tiers(queue, 0, terms.tiers_max),
        terms.tiers_max,
        terms.head_start_ms,
        terms.position,
        contact.customer,
        resumes,
    )


def move(floor: Floor, contact: Contact, queue: str, outcome: Literal["moved", "overflowed"], now: int) -> Decisions:
    """Let a contact wait in another queue. What was added to its priority there goes with it, as does its place."""
    left = floor.plan.queues[contact.queue]
    added = contact.priority - left.priority
    rung = yield from stop_ringing(floor, contact.offers, f"the contact goes to {queue}")
    yield QueueLeft(contact.id, left.id, outcome, now - contact.queued_at)
    terms = Terms(added, head_start_ms=contact.head_start_ms)
    yield (queued := queue_up(floor, contact.id, queue, contact.language, terms, now))
    yield from set_free(floor, rung, now)  # only now, as this contact may not be the first of those they could serve
    yield from _seek(floor, queued, now, match_in_turn)


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


def _after_queued(floor: Floor, event: ContactQueued, now: int) -> Decisions:
    contact, waiting_max = floor.contacts[event.contact], floor.plan.queues[event.queue].waiting_max
    if contact.queues > 1:
        return iter(())  # it was moved: it is not sent away for want of room, and `move` goes on
    if waiting_max is not None and floor.matching.length(event.queue) > waiting_max:
        return send_away(floor, contact, "blocked", "the queue is full", now)
    return _seek(floor, event, now, match_contact)


def _after_widened(floor: Floor, event: ContactWidened, now: int) -> Decisions:
    return _seek(floor, event, now, match_in_turn)


def _seek(floor: Floor, event: ContactQueued | ContactWidened, now: int, match: Match) -> Decisions:
    contact = floor.contacts[event.contact]
    queue = floor.plan.queues[contact.queue]
    if event.relaxed < len(queue.relaxations):
        yield from _relax_by_need(floor, contact)
    yield from match(floor, contact.id, now)
    if contact.state is not ContactState.WAITING:
        return
    if queue.leave_when_empty and floor.matching.is_unattended(contact):
        yield from send_away(floor, contact, "nobody_there", _NOBODY_THERE, now)
    elif floor.announces:
        yield from floor.waits.greeting(contact, now)


def widen(floor: Floor, contact: Contact, now: int) -> ContactWidened:
    """Let those serve a contact who may by now."""
    queue, waited_ms = floor.plan.queues[contact.queue], now - contact.queued_at
    relaxed = max(contact.relaxed, widening.relaxed_by(queue, waited_ms))
    tiers = max(contact.tiers, widening.open_tiers(queue, waited_ms, contact.tiers_max))
    return _widened(contact, queue, relaxed, tiers)


def _relax_by_need(floor: Floor, contact: Contact) -> Decisions:
    """Ask less of agents where nobody who is logged in has what is asked."""
    queue = floor.plan.queues[contact.queue]
    following = queue.relaxations[contact.relaxed : contact.relaxed + 1]
    if following and following[0].after_ms is None and not floor.matching.is_met(contact):
        yield _widened(contact, queue, contact.relaxed + 1, contact.tiers)


def _widened(contact: Contact, queue: QueuePlan, relaxed: int, tiers: int) -> ContactWidened:
    asked = contact.requirements  # new rules may ask for more: not of those who wait already
    if relaxed > contact.relaxed:
        asked = widening.asked(queue, contact.language, relaxed)
    return ContactWidened(contact.id, asked, relaxed, tiers)


def _after_accepted(floor: Floor, event: OfferAccepted | LegAnswered, now: int) -> Decisions:
    offer = floor.offers[event.offer]
    queue = floor.plan.queues[floor.contacts[offer.contact].queue]
    yield JoinParties(offer.id, offer.contact, offer.agent, now + queue.join_ms)


def _after_lost(floor: Floor, event: OfferDeclined | LegFailed | OfferExpired | JoinTimedOut, now: int) -> Decisions:
    """The contact goes back to its place, is kept from this agent for a while, and both are matched anew."""
    agent, contact = floor.agents[event.agent], floor.contacts[event.contact]
    missed_max = _missed_max(floor, contact, agent)
    if contact.queue not in floor.watches:  # an old system has rests of its own
        yield from _keep_apart(floor, contact, agent, now)
    if agent.pending:
        yield from _move_on(agent)
    elif missed_max is not None and agent.missed >= missed_max:
        yield AgentMoved(agent.id, "not_responding", f"missed {agent.missed} in a row")
    yield from match_agent(floor, agent.id, now)
    if _has_waited_too_long(floor, contact, now):
        yield from time_out(floor, contact, now)
    elif (due := overflow_due(floor, contact)) is not None and due <= now:
        yield from overflow(floor, contact, now)
    yield from match_contact(floor, contact.id, now)


def _missed_max(floor: Floor, contact: Contact, agent: Agent) -> int | None:
    """How many offers in a row an agent may miss; None: as many as there are, or as an old system says."""
    watch = floor.watches.get(contact.queue)
    if watch and watch.limits_missed:
        return None
    own_max = floor.plan.agents[agent.id].missed_offers_max
    return floor.plan.queues[contact.queue].missed_offers_max if own_max is None else own_max


def _has_waited_too_long(floor: Floor, contact: Contact, now: int) -> bool:
    if contact.wait_until is None or contact.joining or not floor.cuts_offers_of(contact):
        return False
    return contact.wait_until <= now


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
    """Somebody logged out: those left may be the only ones who could have a contact, or none."""
    for contact in sorted(floor.matching.unmet(), key=_order(floor, now)):
        yield from _relax_by_need(floor, contact)
    yield from _shorten_all(floor, now)


def _shorten_all(floor: Floor, now: int) -> Decisions:
    for contact in floor.matching.apart():
        yield from _shorten(floor, contact, now)


def _leave_unattended(floor: Floor, now: int) -> Decisions:
    """Somebody went away, or is about to: nobody waits where a queue would rather send him away than let him hope."""
    for contact in floor.matching.unattended():
        if contact.state is ContactState.WAITING:
            yield from send_away(floor, contact, "nobody_there", _NOBODY_THERE, now)


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
    if not attends(agent):
        yield from _leave_unattended(floor, now)


def _after_lapsed(floor: Floor, event: AgentLapsed, now: int) -> Decisions:
    agent = floor.agents[event.agent]
    if agent.state is AgentState.OFFLINE:
        yield from _fewer_left(floor, now)
    else:
        yield from _release_reserved(floor, agent, now)
    yield from _leave_unattended(floor, now)


def _after_moved(floor: Floor, event: AgentMoved, now: int) -> Decisions:
    if event.state == "offline":
        yield from _fewer_left(floor, now)
    yield from _leave_unattended(floor, now)


def _release_reserved(floor: Floor, agent: Agent, now: int) -> Decisions:
    """An agent who asked to stop while an offer rings gives it back; one who has accepted keeps it.

    In a queue of Asterisk, the phone rings on.
    """
    offer = floor.offers.get(agent.offer)
    if offer and agent.pending and not offer.accepted and floor.cuts_offers_of(floor.contacts[offer.contact]):
        yield from stop_ringing(floor, [offer.id], f"the agent asked to be {agent.pending}")
        yield from _move_on(agent)
        yield from match_contact(floor, offer.contact, now)


def stop_ringing(floor: Floor, offers: Iterable[int], reason: str) -> Generator[Any, None, list[Agent]]:
    """Take these offers of a contact back, and return the agents at whom it rang."""
    rung = []
    for offer in [floor.offers[each] for each in offers]:
        rung.append(floor.agents[offer.agent])
        yield WithdrawOffer(offer.id, offer.contact, offer.agent, reason)
    return rung


def set_free(floor: Floor, agents: list[Agent], now: int) -> Decisions:
    """Whose offer was taken back goes on to what he asked for meanwhile, or is matched anew."""
    for agent in agents:
        yield from _move_on(agent)
    yield from match_agents(floor, agents, now)


def _after_joined(floor: Floor, event: ContactJoined, now: int) -> Decisions:
    """Only now does it stop ringing at the others: until here the join could have failed."""
    others = floor.contacts[event.contact].offers
    return _stop_the_others(floor, others, now) if others else iter(())


def _stop_the_others(floor: Floor, offers: tuple[int, ...], now: int) -> Decisions:
    rung = yield from stop_ringing(floor, offers, TAKEN)
    yield from set_free(floor, rung, now)


def _after_ring_widened(floor: Floor, event: RingWidened, now: int) -> Decisions:
    return match_in_turn(floor, event.contact, now)


def _move_on(agent: Agent) -> Decisions:
    """What an agent asked for while busy happens when he would be ready again."""
    if agent.state is AgentState.READY and agent.pending:
        yield AgentMoved(agent.id, _movable(agent.pending), agent.pending_reason)


def _movable(state: AgentState) -> Literal["paused", "offline"]:
    return "paused" if state is AgentState.PAUSED else "offline"


def leave(floor: Floor, contact_id: str, now: int) -> Decisions:
    """The customer has gone: an offer is withdrawn, the contact ends, the agent who talked wraps up."""
    contact = floor.contacts[contact_id]
    unanswered: ContactOutcome = "abandoned" if contact.queue else "left_menu"
    if not contact.offers:
        yield from _end(floor, contact, unanswered, now)
        return
    rung = yield from stop_ringing(floor, contact.offers, "the customer left")
    yield from _end(floor, contact, unanswered, now)
    yield from set_free(floor, rung, now)


def _end(floor: Floor, contact: Contact, unanswered: ContactOutcome, now: int) -> Decisions:
    if contact.state is not ContactState.TALKING:
        waited = now - contact.queued_at if contact.queue else 0
        yield ContactEnded(contact.id, unanswered, contact.queue, "", waited, 0)
        return
    wait, talk = contact.answered_at - contact.queued_at, now - contact.answered_at
    yield ContactEnded(contact.id, "handled", contact.queue, contact.agent, wait, talk)
    own_ms = floor.plan.agents[contact.agent].wrap_up_ms
    wrap_up_ms = floor.plan.queues[contact.queue].wrap_up_ms if own_ms is None else own_ms
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
    rung = yield from stop_ringing(floor, contact.offers, "the contact waited too long")
    yield from send_away(floor, contact, "timed_out", "waited too long", now)
    yield from set_free(floor, rung, now)


def send_away(floor: Floor, contact: Contact, outcome: ContactOutcome, reason: str, now: int) -> Decisions:
    """Let a customer go who was not answered, for this reason."""
    yield HangUp(contact.id, reason)
    yield from _end(floor, contact, outcome, now)


FOLLOW: Final[dict[type, Follow]] = {
    ContactQueued: _after_queued,
    ContactWidened: _after_widened,
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
