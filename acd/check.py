"""What may happen on the floor: for each fact None, or why it cannot be taken. Reads the floor, writes nothing."""

from __future__ import annotations

from typing import Any, Final

from acd import consulting, supervising, transfers
from acd.agent import TALKS
from acd.contact import UNANSWERED
from acd.events import (
    AgentAlive,
    AgentStateSet,
    ContactJoined,
    ContactMoved,
    ContactReleased,
    ContactReprioritised,
    LegAnswered,
    LegFailed,
    LegRinging,
    OfferAccepted,
    OfferDeclined,
    WrappedUp,
)
from acd.floor import Floor
from acd.model import Agent, Stance, WorkState
from acd.refusal import Check, Refusal, of_a_known_agent, unknown_queue
from acd.stand_in_events import CallbackFailed
from acd.stand_ins import OF_CONTACTS as STAND_INS
from acd.stand_ins import check_moved


def _check_state(floor: Floor, event: AgentStateSet) -> Refusal | None:
    agent = floor.agents[event.agent]
    if event.lease_ms < 0:
        return ("illegal", "lease_ms is negative: leave it out for no lease")
    if agent.works:
        says_nothing = event.state == "ready" and not _asks(agent, event)
        return ("stale", f"agent {agent.id!r} is {agent.state} and asked for nothing else") if says_nothing else None
    if event.state == "ready" and floor.is_held_back(agent.id):
        return None
    if agent.stance == event.state and not _differs(agent, event):
        return ("stale", f"agent {agent.id!r} is {agent.stance} already")
    return None


def _asks(agent: Agent, event: AgentStateSet) -> bool:
    """Whether it means anything that a busy agent is ready: it takes something back, or ends a wrap-up."""
    wraps_up = any(work.state is WorkState.WRAP_UP for work in agent.works.values())
    return bool(agent.pending) or wraps_up or agent.once != event.once or agent.stance is not Stance.READY


def _differs(agent: Agent, event: AgentStateSet) -> bool:
    """Whether a state means something else than before: a pause for another reason, or another number of contacts."""
    if agent.stance is Stance.READY:
        return agent.once != event.once
    return agent.stance is Stance.PAUSED and agent.reason != event.reason


def _check_alive(floor: Floor, event: AgentAlive) -> Refusal | None:
    if event.lease_ms <= 0:
        return ("illegal", "lease_ms must be more than 0")
    if floor.agents[event.agent].stance is Stance.OFFLINE:
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


def _check_callback_failed(floor: Floor, event: CallbackFailed) -> Refusal | None:
    if refusal := _check_offer(floor, event):
        return refusal
    if floor.contacts[event.contact].stand_in != "callback":
        return ("illegal", f"contact {event.contact!r} is no callback: its customer is on the line")
    return None if floor.offers[event.offer].accepted else ("illegal", f"offer {event.offer} is not accepted yet")


_TALKS: Final = (WorkState.TALKING, WorkState.INTERRUPTED)


def _step(floor: Floor, event: ContactReleased | WrappedUp) -> WorkState | None:
    """Where the agent is with the contact; None: he does not have it in hand."""
    work = floor.agents[event.agent].works.get(event.contact)
    return work.state if work else None


def _check_released(floor: Floor, event: ContactReleased) -> Refusal | None:
    if _step(floor, event) not in TALKS:
        return ("stale", f"agent {event.agent!r} does not talk with contact {event.contact!r}")
    return None


def _check_wrapped_up(floor: Floor, event: WrappedUp) -> Refusal | None:
    step = _step(floor, event)
    if step in TALKS:
        return ("illegal", f"contact {event.contact!r} is not over yet: it cannot be wrapped up")
    if step is not WorkState.WRAP_UP:
        return ("stale", f"agent {event.agent!r} is not in wrap-up after contact {event.contact!r}")
    return None


def _check_reprioritised(floor: Floor, event: ContactReprioritised) -> Refusal | None:
    contact = floor.contacts[event.contact]
    if contact.state not in UNANSWERED:
        return ("stale", f"contact {contact.id!r} waits in no queue: it is {contact.state}")
    return ("stale", f"the priority is {event.priority} already") if contact.priority == event.priority else None


def _check_moved(floor: Floor, event: ContactMoved) -> Refusal | None:
    contact = floor.contacts[event.contact]
    if refusal := unknown_queue(floor, event.queue):
        return refusal
    if contact.state not in UNANSWERED or contact.joining:
        state = "being joined with an agent" if contact.joining else contact.state.value
        return ("stale", f"contact {contact.id!r} waits in no queue: it is {state}")
    if contact.queue == event.queue:
        return ("stale", f"contact {contact.id!r} is in queue {event.queue!r} already")
    if contact.channel != "voice" and floor.plan.queues[event.queue].compat:
        return ("illegal", f"queue {event.queue!r} follows an old system that knows only calls")
    return check_moved(floor, contact, event.queue)


OF_CONTACTS: Final[dict[type, Check]] = {
    ContactReprioritised: _check_reprioritised,
    ContactMoved: _check_moved,
    **transfers.CHECKS,
    **consulting.CHECKS,
    **supervising.CHECKS,
    **STAND_INS,
}
"""Of contacts that must be known, and not over."""
CHECKS: Final[dict[type, Check]] = OF_CONTACTS | {
    fact: of_a_known_agent(check)
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
        (CallbackFailed, _check_callback_failed),
    )
}
