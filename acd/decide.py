"""What follows on the floor from an event. Reads the floor, writes nothing.

`FOLLOW` yields the decisions that follow from an event just applied; whoever runs it applies each before asking for the
next, so every line here sees the state its own decisions have made. What may happen at all is in `acd.check`, what
happens by itself in `acd.alarms`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, Final

from acd import consulting, supervising, transfers
from acd.agent import attends
from acd.apart import keep_apart, shorten_all
from acd.callbacks import rules
from acd.compat.events import CompatLooked
from acd.contact import UNANSWERED
from acd.ending import end, has_waited_too_long, send_away, time_out, wrap_up_expired
from acd.events import (
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    ContactReleased,
    ContactWidened,
    HangUp,
    JoinParties,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    ReservationEnded,
    RingWidened,
    WrappedUp,
    WrapUpExpired,
)
from acd.floor import Floor
from acd.hands import DirectionEnded
from acd.hours import after_lost as after_late
from acd.model import Agent, Contact, ContactState, Stance, WorkState
from acd.offering import (
    TAKEN,
    Decisions,
    balance,
    by_order,
    match_agent,
    match_contact,
    match_in_turn,
    move_on,
    set_free,
    stop_ringing,
)
from acd.preferring import after_agent, after_lost, after_reservation
from acd.queueing import (
    NOBODY_THERE,
    after_moved,
    after_queued,
    after_widened,
    catch_up,
    overflow,
    overflow_due,
    relax_by_need,
)
from acd.stand_in_events import (
    DialCustomer,
)
from acd.stand_ins import FOLLOW as STAND_INS
from acd.voicemail import voicemail_due, waited_for_it

Follow = Callable[[Floor, Any, int], Decisions]


def match_all(floor: Floor, now: int) -> Decisions:
    """Go on by new rules: what they would have opened by now is open, and all are matched anew, in their order."""
    for queue in floor.watches:
        yield CompatLooked(queue, now)
    unanswered = [contact for contact in floor.contacts.values() if contact.state in UNANSWERED]
    for contact in sorted(unanswered, key=by_order(floor, now)):
        yield from catch_up(floor, contact, now)
        yield from match_contact(floor, contact.id, now)
    for agent in floor.agents.values():
        yield from balance(agent)
    yield from shorten_all(floor, now)
    yield from _leave_unattended(floor, now)


def _after_accepted(floor: Floor, event: OfferAccepted | LegAnswered, now: int) -> Decisions:
    """The parties are joined; if the customer is to be called back, he is dialled first."""
    offer = floor.offers[event.offer]
    contact = floor.contacts[offer.contact]
    if contact.stand_in == "callback":
        until = now + rules(floor, contact.queue).dial_ms
        yield DialCustomer(offer.id, contact.id, offer.agent, contact.attempts + 1, until, contact.number)
    else:
        until = now + floor.plan.queues[contact.queue].join_ms
        yield JoinParties(offer.id, contact.id, offer.agent, until, contact.stand_in)


def _after_lost(floor: Floor, event: OfferDeclined | LegFailed | OfferExpired | JoinTimedOut, now: int) -> Decisions:
    """The contact goes back to its place, is kept from this agent for a while, and both are matched anew."""
    agent, contact = floor.agents[event.agent], floor.contacts[event.contact]
    missed_max = _missed_max(floor, contact, agent)
    if contact.queue not in floor.watches:  # an old system has rests of its own
        yield from keep_apart(floor, contact, agent, now)
    if agent.pending:
        yield from move_on(agent)
    elif missed_max is not None and agent.missed >= missed_max:
        yield AgentMoved(agent.id, "not_responding", f"missed {agent.missed} in a row")
    yield from match_agent(floor, agent.id, now)
    if has_waited_too_long(floor, contact, now):
        yield from time_out(floor, contact, now)
    elif (due := overflow_due(floor, contact)) is not None and due <= now:
        yield from overflow(floor, contact, now)
    elif (due := voicemail_due(floor, contact)) is not None and due <= now:
        yield from waited_for_it(floor, contact, now)
    elif contact.directed_to and contact.state is ContactState.WAITING:
        yield DirectionEnded(contact.id, agent.id, "not_taken")
    yield from match_contact(floor, contact.id, now)


def _missed_max(floor: Floor, contact: Contact, agent: Agent) -> int | None:
    """How many offers in a row an agent may miss; None: as many as there are, or as an old system says."""
    watch = floor.watches.get(contact.queue)
    if watch and watch.limits_missed:
        return None
    own_max = floor.plan.agents[agent.id].missed_offers_max
    return floor.plan.queues[contact.queue].missed_offers_max if own_max is None else own_max


def _fewer_left(floor: Floor, now: int) -> Decisions:
    """Somebody logged out: those left may be the only ones who could have a contact, or none."""
    for contact in sorted(floor.matching.unmet(), key=by_order(floor, now)):
        yield from relax_by_need(floor, contact)
    yield from shorten_all(floor, now)


def _leave_unattended(floor: Floor, now: int) -> Decisions:
    """Somebody went away, or is about to: nobody waits where a queue would rather send him away than let him hope."""
    for contact in floor.matching.unattended():
        if contact.state is ContactState.WAITING and not contact.stand_in:
            yield from send_away(floor, contact, "nobody_there", NOBODY_THERE, now)


def _gone(floor: Floor, agent: Agent, now: int) -> Decisions:
    """Somebody went away, or is about to: neither do those wait on that were meant for him."""
    yield from transfers.redirect(floor, agent.id)
    yield from _leave_unattended(floor, now)


def _after_state_set(floor: Floor, event: AgentStateSet, now: int) -> Decisions:
    agent = floor.agents[event.agent]
    if event.state == "ready":
        for work in [each for each in agent.works.values() if each.state is WorkState.WRAP_UP]:
            yield wrap_up_expired(floor, work.contact, agent.id)
        yield from match_agent(floor, agent.id, now)
    elif agent.stance is Stance.OFFLINE:
        yield from _fewer_left(floor, now)
    else:
        yield from _release_reserved(floor, agent, now)
    if not attends(agent):
        yield from _gone(floor, agent, now)


def _after_lapsed(floor: Floor, event: AgentLapsed, now: int) -> Decisions:
    agent = floor.agents[event.agent]
    if agent.stance is Stance.OFFLINE:
        yield from _fewer_left(floor, now)
    else:
        yield from _release_reserved(floor, agent, now)
    yield from _gone(floor, agent, now)


def _after_agent_moved(floor: Floor, event: AgentMoved, now: int) -> Decisions:
    if event.state == "offline":
        yield from _fewer_left(floor, now)
    yield from _gone(floor, floor.agents[event.agent], now)


def _release_reserved(floor: Floor, agent: Agent, now: int) -> Decisions:
    """An agent who asked to stop while an offer rings gives it back; one who has accepted keeps it.

    In a queue of Asterisk, the phone rings on.
    """
    offer = floor.offers.get(agent.offer)
    if offer and agent.pending and not offer.accepted and floor.cuts_offers_of(floor.contacts[offer.contact]):
        yield from stop_ringing(floor, [offer.id], f"the agent asked to be {agent.pending}")
        yield from move_on(agent)
        yield from balance(agent)
        yield from match_contact(floor, offer.contact, now)


def _after_joined(floor: Floor, event: ContactJoined, now: int) -> Decisions:
    """Only now does it stop ringing at the others: until here the join could have failed.

    And only now may the agent be offered what he has room for beside this one, and has to wait what there is none for.
    """
    offers, agent = floor.contacts[event.contact].offers, floor.agents[event.agent]
    if not attends(agent):  # he was ready for this one and no more
        return chain(_settle_beside(floor, offers, agent, now), _gone(floor, agent, now))
    is_full = len(agent.works) == 1 and not floor.matching.is_open(agent)
    return iter(()) if is_full and not offers else _settle_beside(floor, offers, agent, now)


def _settle_beside(floor: Floor, offers: tuple[int, ...], agent: Agent, now: int) -> Decisions:
    rung = yield from stop_ringing(floor, offers, TAKEN)
    yield from set_free(floor, [*rung, agent], now)


def _after_ring_widened(floor: Floor, event: RingWidened, now: int) -> Decisions:
    return match_in_turn(floor, event.contact, now)


def _after_released(floor: Floor, event: ContactReleased, now: int) -> Decisions:
    contact = floor.contacts[event.contact]
    if contact.stand_in != "voicemail":  # there is nobody on the line to a message
        yield HangUp(event.contact, "the agent ended the conversation")
    yield from end(floor, contact, "abandoned", now)


def _after_wrap_up(floor: Floor, event: WrappedUp | WrapUpExpired, now: int) -> Decisions:
    yield from move_on(floor.agents[event.agent])
    yield from match_agent(floor, event.agent, now)


FOLLOW: Final[dict[type, Follow]] = {
    ContactQueued: after_queued,
    ContactWidened: after_widened,
    ContactMoved: after_moved,
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
    AgentMoved: _after_agent_moved,
    ContactReleased: _after_released,
    WrappedUp: _after_wrap_up,
    WrapUpExpired: _after_wrap_up,
    **STAND_INS,
    ReservationEnded: after_reservation,
    **transfers.FOLLOW,
    **consulting.FOLLOW,
    **supervising.FOLLOW,
}


def _in_turn(first: Follow, second: Follow) -> Follow:
    return lambda floor, event, now: chain(first(floor, event, now), second(floor, event, now))


for _agent_goes in (AgentStateSet, AgentLapsed, AgentMoved):
    FOLLOW[_agent_goes] = _in_turn(after_agent, FOLLOW[_agent_goes])
for _lost in (OfferDeclined, LegFailed, OfferExpired, JoinTimedOut):
    FOLLOW[_lost] = _in_turn(FOLLOW[_lost], after_lost)
for _join_fails in (LegFailed, JoinTimedOut):
    FOLLOW[_join_fails] = _in_turn(FOLLOW[_join_fails], after_late)
