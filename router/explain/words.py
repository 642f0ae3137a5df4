"""Explanations as lines that a supervisor reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from acd.events import (
    ContactEnded,
    JoinTimedOut,
    LegFailed,
    OfferDeclined,
    OfferExpired,
    WithdrawOffer,
)
from acd.model import AgentState, Contact, ContactState, StandIn
from acd.stand_in_events import (
    CallbackFailed,
    DialTimedOut,
)
from router.explain.inquiry import Inquiry, Told
from router.explain.model import (
    Decision,
    Happening,
    Instead,
    NotReady,
    Standing,
    Waiting,
    WhyNot,
    is_not_ready,
    is_passing,
)
from router.explain.phrases import LISTED_MAX, ORDERS, Phrases, waited
from router.explain.story import ended, story

_OFFER_ENDS = (OfferDeclined, OfferExpired, LegFailed, WithdrawOffer, JoinTimedOut, CallbackFailed, DialTimedOut)


def why(
    inquiry: Inquiry,
    contact: Contact | None,
    decision: Decision | None,
    waiting: Waiting | None,
    told: Sequence[Happening],
    phrases: Phrases,
) -> Iterator[str]:
    """Where a contact is, why it waits or why it was offered to whom it was, and its story."""
    yield f"{inquiry.contact} {_where(inquiry, contact, phrases)}"
    if waiting:
        yield from _waiting(waiting, phrases, gave_up=contact is None or contact.state is ContactState.ENDED)
    elif decision:
        yield from _decision(decision, phrases)
    if told:
        yield from ("", "Its story:")
        yield from (f"  {phrases.time(each.at)}  {each.words}" for each in told)
    yield from ("", f"As of {phrases.moment(phrases.now)}, rules {phrases.plan.hash}")


def _where(inquiry: Inquiry, contact: Contact | None, phrases: Phrases) -> str:
    if contact is None or contact.state is ContactState.ENDED:
        over = [each for each in inquiry.events if isinstance(each.event, ContactEnded)]
        return f"{ended(over[-1].event)} (at {phrases.time(over[-1].at)})" if over else "ended"
    return _STATES.get(contact.state, _talks)(contact, phrases)


def _talks(contact: Contact, phrases: Phrases) -> str:
    wait, since = waited(contact.answered_at - contact.queued_at), phrases.time(contact.answered_at)
    return f"talks with {contact.agent} since {since}, after a wait of {wait} in {contact.queue}"


def _waits(contact: Contact, phrases: Phrases) -> str:
    wait, since = waited(phrases.now - contact.queued_at), phrases.time(contact.queued_at)
    return f"{_AS[contact.stand_in]}waits in {contact.queue} since {since}, {wait} by now"


_AS: Final[dict[StandIn, str]] = {"": "", "callback": "(a callback) ", "voicemail": "(a message) "}
_STATES: Final[dict[ContactState, Callable[[Contact, Phrases], str]]] = {
    ContactState.ARRIVED: lambda contact, phrases: (
        f"is in the menu since {phrases.time(contact.need_since)}, and has asked for no agent yet"
    ),
    ContactState.WAITING: _waits,
    ContactState.OFFERED: lambda contact, phrases: f"rings since {phrases.time(contact.rung_at)}",
    ContactState.JOINING: lambda contact, phrases: (
        f"has been taken, and is being {'dialled' if contact.stand_in == 'callback' else 'connected'}"
    ),
    ContactState.RESTING: lambda contact, phrases: (
        f"(a callback) keeps its place in {contact.queue}, and rests until {phrases.time(contact.rests_until)}"
    ),
    ContactState.RECORDING: lambda contact, phrases: (
        f"records a message, until {phrases.time(contact.records_until)} at the latest"
    ),
    ContactState.HELD: lambda contact, phrases: (
        f"is on hold, while {contact.agent} consults a colleague ({contact.consult})"
    ),
}


# --- an offer -----------------------------------------------------------------------------------------------------


def _decision(decision: Decision, phrases: Phrases) -> Iterator[str]:
    offer = decision.record
    yield from ("", f"Why {offer.agent}: it was offered to {offer.agent} at {phrases.time(decision.at)}.")
    if decision.chosen_by == "compat":
        yield _old_system(offer.queue, decision.strategy, f"picked {offer.agent}")
        return
    if decision.chosen_by == "agent":
        yield from _agent_chose(decision, phrases)
    else:
        yield from _contact_chose(decision, phrases)
    if not decision.agrees:
        yield "The rules of this release would have chosen otherwise: another release made this decision."
    if decision.plan != phrases.plan.hash:
        yield f"Rules {decision.plan} were in force then."


def _contact_chose(decision: Decision, phrases: Phrases) -> Iterator[str]:
    candidates, excluded = decision.agents.candidates, decision.agents.excluded
    ready = [each for each in excluded if not is_not_ready(each)]
    if len(candidates) == 1:
        yield f"{decision.record.agent} was the only ready agent{' who could serve it' if ready else ''}."
    else:
        tiers = "the earlier tier goes first; within it " if candidates[0].terms[0].name == "tier" else ""
        yield f"{len(candidates)} ready agents could serve it; {tiers}{ORDERS[decision.selection]}:"
        yield from _indented(phrases.ranked(candidates))
    yield from _grouped("Ready, but not for this contact:", ready, phrases)
    yield from _busy(decision, phrases)


def _agent_chose(decision: Decision, phrases: Phrases) -> Iterator[str]:
    agent, contacts = decision.record.agent, decision.contacts
    if len(contacts.candidates) == 1:
        only = "it was the only waiting contact"
        yield f"{agent} was free, and {only}{' that he could serve' if contacts.excluded else ''}."
    else:
        yield f"{agent} was free, and {len(contacts.candidates)} contacts waited that he could serve, in this order:"
        yield from _indented(phrases.ranked(contacts.candidates))
    yield from _grouped(f"Waiting too, but not for {agent}:", contacts.excluded, phrases, "he is ")
    yield from _busy(decision, phrases)


def _busy(decision: Decision, phrases: Phrases) -> Iterator[str]:
    not_ready = [each for each in decision.agents.excluded if is_not_ready(each) and not _is_offline(each)]
    yield from _grouped("Could serve it, but were not ready:", [each for each in not_ready if _is_able(each)], phrases)


# --- a wait -------------------------------------------------------------------------------------------------------


def _waiting(waiting: Waiting, phrases: Phrases, *, gave_up: bool) -> Iterator[str]:
    yield ""
    if gave_up:
        yield "How it stood when it ended:"
    if waiting.strategy:
        yield _old_system(waiting.own.queue, waiting.strategy, "says who is served")
    else:
        yield from _ahead(waiting, phrases)
    everybody = (*waiting.agents.candidates, *waiting.agents.excluded)
    present = [each for each in everybody if not _is_offline(each)]
    able = [each for each in present if _is_able(each)]
    yield from _grouped("Who could serve it:", able, phrases)
    if not able:
        yield "Nobody who is logged in could serve it."
    yield from _grouped(
        "Who is logged in, but could not:", [_as_able(each) for each in present if each not in able], phrases
    )
    if away := len(everybody) - len(present):
        yield f"Offline: {away}"
    if waiting.opens_at:
        yield f"More agents may serve it from {phrases.time(waiting.opens_at)} on."
    if waiting.until:
        yield f"It waits until {phrases.time(waiting.until)} at the latest."


def _ahead(waiting: Waiting, phrases: Phrases) -> Iterator[str]:
    if not waiting.ahead:
        yield "It is the next: no contact goes before it with an agent who could serve it."
        return
    number = len(waiting.ahead)
    yield f"{number} {'contact goes' if number == 1 else 'contacts go'} before it, with agents who could serve either:"
    for each in waiting.ahead[:LISTED_MAX]:
        yield f"  {each.contact} ({each.queue}): {phrases.because(each.because, each.contact, waiting.own.id)}"
    if number > LISTED_MAX:
        yield f"  and {number - LISTED_MAX} more"


# --- why not ------------------------------------------------------------------------------------------------------


def why_not(answer: WhyNot, events: Sequence[Told], waiting: Waiting | None, phrases: Phrases) -> Iterator[str]:
    """Why an agent was not offered a contact, and what he was offered instead."""
    contact, agent = answer.contact, answer.agent
    if answer.offered:
        yield f"{contact} was offered to {agent} at {phrases.time(answer.offered.at)}."
        yield from _became(agent, [each for each in events if each.seq > answer.offered.seq], phrases)
    if answer.standing is None:
        yield f"{contact} has asked for no agent{' yet' if answer.state is ContactState.ARRIVED else ''}."
    elif waiting:
        yield from _not_yet(answer, answer.standing, waiting, phrases)
    elif answer.decision and answer.decision.record.agent != agent:
        yield from _not_chosen(answer, answer.standing, answer.decision, phrases)
    yield from _instead(answer, phrases)
    yield from ("", f"As of {phrases.moment(phrases.now)}, rules {phrases.plan.hash}")


def _became(agent: str, after: Sequence[Told], phrases: Phrases) -> Iterator[str]:
    """What an offer came to."""
    of_agent = [each for each in after if getattr(each.event, "agent", "") == agent]
    ends = story((each for each in of_agent if isinstance(each.event, _OFFER_ENDS)), phrases)
    return (f"It came to nothing at {phrases.time(each.at)}: {each.words}." for each in ends[:1])


def _not_yet(answer: WhyNot, standing: Standing, waiting: Waiting, phrases: Phrases) -> Iterator[str]:
    """The contact waits, or gave up."""
    waits = "waits" if answer.state is ContactState.WAITING else "ended unanswered"
    if waiting.strategy and not standing.obstacles:
        yield _old_system(waiting.own.queue, waiting.strategy, "says who is served")
    elif not standing.obstacles:
        yield f"{answer.contact} {waits}, although {answer.agent} was ready for it."
    else:
        yield f"{answer.contact} {waits}. {answer.agent} is no candidate: {phrases.obstacles(standing.obstacles)}."
    if waiting.ahead:
        first = waiting.ahead[0]
        yield f"{first.contact} goes before it: {phrases.because(first.because, first.contact, answer.contact)}."


def _not_chosen(answer: WhyNot, standing: Standing, decision: Decision, phrases: Phrases) -> Iterator[str]:
    """The contact was offered to somebody else."""
    chosen, agent = decision.record.agent, answer.agent
    yield f"{answer.contact} was offered to {chosen} at {phrases.time(decision.at)}."
    if standing.obstacles:
        yield f"{agent} was no candidate then: {phrases.obstacles(standing.obstacles)}."
    elif decision.chosen_by == "compat":
        yield _old_system(decision.record.queue, decision.strategy, f"picked {chosen}")
    elif answer.behind:
        yield f"{agent} was a candidate too: {phrases.because(answer.behind, chosen, agent)}."
    else:
        yield f"{agent} was a candidate too, but {chosen} was free first, and chose among the waiting contacts."


def _instead(answer: WhyNot, phrases: Phrases) -> Iterator[str]:
    """What the agent was offered while the contact waited."""
    if answer.instead:
        yield ""
        yield f"While it waited, {answer.agent} was offered:"
    more = len(answer.instead) - LISTED_MAX
    if more > 0:
        yield f"  {more} others, and then"
    for each in answer.instead[-LISTED_MAX:]:
        yield f"  {phrases.time(each.at)}  {each.contact} ({each.queue}): {_before(each, answer.contact, phrases)}"


def _before(instead: Instead, contact: str, phrases: Phrases) -> str:
    if instead.obstacles:
        return f"{contact} was {phrases.obstacles(instead.obstacles)}"
    return phrases.because(instead.because, instead.contact, contact) if instead.because else "it chose the agent"


# --- parts --------------------------------------------------------------------------------------------------------


def _old_system(queue: str, strategy: str, did: str) -> str:
    """All that is said of a queue that follows an old system: its choice is not derived again."""
    return f"Queue {queue} follows the old system {strategy}, whose own rule {did}."


def _grouped(heading: str, standings: Sequence[Standing], phrases: Phrases, he_is: str = "") -> Iterator[str]:
    if standings:
        yield heading
        yield from _indented(phrases.excluded(standings, he_is))


def _indented(lines: Sequence[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _is_able(standing: Standing) -> bool:
    """Whether the agent could serve the contact, were he ready and the two not kept apart."""
    return all(map(is_passing, standing.obstacles))


def _is_offline(standing: Standing) -> bool:
    return any(isinstance(each, NotReady) and each.state is AgentState.OFFLINE for each in standing.obstacles)


def _as_able(standing: Standing) -> Standing:
    """Only what keeps the agent from the contact whatever he does."""
    lasting = tuple(each for each in standing.obstacles if not is_passing(each))
    return replace(standing, obstacles=lasting)
