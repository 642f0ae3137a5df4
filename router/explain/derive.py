"""Every choice once more, by looking at everybody: no index of `acd.match` is asked.

So an explanation is also the oracle of the matching: the tests hold every offer of whole runs against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from acd import capacity, discipline, selection, widening
from acd.events import ContactQueued, ContactWidened, OfferContact, ReservationEnded, RingWidened
from acd.floor import Floor
from acd.model import Agent, AgentState, Contact
from acd.plan import QueuePlan, Selection
from acd.stand_in_events import (
    CallbackDue,
)
from router.board import Board
from router.events import Event
from router.explain.model import (
    Ahead,
    Choice,
    Chooser,
    Decision,
    Directed,
    InHand,
    KeptApart,
    Missing,
    NoRoom,
    NotReady,
    Obstacle,
    Reserved,
    Standing,
    Term,
    TermName,
    TierClosed,
    Unskilled,
    Waiting,
    difference,
    is_passing,
)

_RANKED_BY: Final[dict[Selection, tuple[TermName, ...]]] = {
    "longest_idle": ("in_hand", "idle_since", "place"),
    "least_recently_offered": ("offered_at", "place"),
    "fewest_contacts": ("served", "idle_since", "place"),
    "in_order": ("place",),
    "best_skilled": ("in_hand", "idle_since", "place"),
    "specialists_first": ("in_hand", "idle_since", "place"),
    "round_robin": ("rotation",),
    "weighted_random": ("lots", "place"),
    "least_occupied": ("occupied", "idle_since", "place"),
}
"""What the terms of `selection.RANKS` are called."""


# --- decisions ----------------------------------------------------------------------------------------------------


def decision(board: Board, seq: int, at: int, offer: OfferContact, before: Event | None) -> Decision:
    """Why this offer was made. `board` is as it stood just before, `before` the event before it in the log."""
    floor = board.floor
    contact, agent, queue = floor.contacts[offer.contact], floor.agents[offer.agent], floor.plan.queues[offer.queue]
    agents, contacts = agents_for(floor, contact, at), contacts_for(floor, agent, at)
    chosen_by = None if queue.compat else _chosen_by(offer, agents, contacts, before)
    terms = (discipline.priority(contact, queue, at), at - contact.need_since, at - agent.idle_since)
    is_derived = chosen_by is not None and terms == (offer.priority, offer.waited_ms, offer.idle_ms)
    return Decision(
        seq=seq,
        at=at,
        plan=board.plan.hash,
        record=replace(offer, customer=""),
        chosen_by="compat" if queue.compat else chosen_by or "contact",
        strategy=strategy(queue),
        agrees=is_derived or queue.compat is not None,  # an old system's rule is not derived, so nothing disagrees
        selection=queue.selection,
        agents=agents,
        contacts=contacts,
    )


def _chosen_by(offer: OfferContact, agents: Choice, contacts: Choice, before: Event | None) -> Chooser | None:
    """Whose choice gives the record. Where both do, the one that something had just happened to; None where neither."""
    told = (offer.candidates, offer.excluded)
    contact_did = _pick(agents) == (offer.agent, *told)
    agent_did = _pick(contacts) == (offer.contact, *told)
    if contact_did and agent_did:
        return "contact" if _brought(before, offer.contact) else "agent"
    return "contact" if contact_did else "agent" if agent_did else None


def _brought(before: Event | None, contact: str) -> bool:
    """Whether an event makes a contact look for an agent."""
    looks = ContactQueued | CallbackDue | ContactWidened | RingWidened | ReservationEnded | OfferContact
    return isinstance(before, looks) and before.contact == contact


def _pick(choice: Choice) -> tuple[str, int, tuple[tuple[str, int], ...]]:
    first = choice.candidates[0].id if choice.candidates else ""
    return first, len(choice.candidates), choice.counts()


def strategy(queue: QueuePlan) -> str:
    """The old system that a queue follows, or nothing."""
    return queue.compat.system if queue.compat else ""


# --- choices ------------------------------------------------------------------------------------------------------


def agents_for(floor: Floor, contact: Contact, now: int) -> Choice:
    """Every agent, before one contact."""
    queue = floor.plan.queues[contact.queue]
    listed = _listed(queue)
    choice = _choice(_agent_for(floor, contact, agent, now, listed) for agent in floor.agents.values())
    draws = queue.selection == "weighted_random" and not contact.directed_to
    return _with_lot(choice, contact, now) if draws else choice


def agent_for(floor: Floor, contact: Contact, agent: Agent, now: int) -> Standing:
    """One agent, before one contact."""
    return _agent_for(floor, contact, agent, now, _listed(floor.plan.queues[contact.queue]))


def _agent_for(floor: Floor, contact: Contact, agent: Agent, now: int, listed: Listed) -> Standing:
    obstacles = tuple(_between(floor, contact, agent, now, listed))
    if busy := _not_ready(floor, agent):
        obstacles = (*obstacles, busy)
    terms = () if obstacles else _agent_terms(floor, contact, agent, listed)
    return Standing(agent.id, "", obstacles, terms)


def contacts_for(floor: Floor, agent: Agent, now: int) -> Choice:
    """Every contact that seeks an agent, before one of them."""
    return _choice(
        contact_for(floor, contact, agent, now) for contact in floor.contacts.values() if floor.seeks(contact)
    )


def contact_for(floor: Floor, contact: Contact, agent: Agent, now: int) -> Standing:
    """One waiting contact, before one agent."""
    obstacles = tuple(_between(floor, contact, agent, now, _listed(floor.plan.queues[contact.queue])))
    return Standing(contact.id, contact.queue, obstacles, () if obstacles else _contact_terms(floor, contact, now))


def _choice(standings: Iterable[Standing]) -> Choice:
    everybody = list(standings)
    candidates = sorted((each for each in everybody if not each.obstacles), key=lambda each: each.rank)
    return Choice(tuple(candidates), tuple(sorted((each for each in everybody if each.obstacles), key=lambda e: e.id)))


def _contact_terms(floor: Floor, contact: Contact, now: int) -> tuple[Term, ...]:
    """`acd.discipline`, term by term."""
    queue = floor.plan.queues[contact.queue]
    return (
        Term("weight", queue.weight, "highest"),
        Term("priority", discipline.priority(contact, queue, now), "highest"),
        Term("turn", discipline.turn(contact, queue)),
        Term("order", contact.order),
    )


def _agent_terms(floor: Floor, contact: Contact, agent: Agent, listed: Listed) -> tuple[Term, ...]:
    """`acd.selection`, term by term. Whom a contact is meant for has nobody to be compared with."""
    if contact.directed_to:
        return ()
    queue = floor.plan.queues[contact.queue]
    tier, place = listed.get(agent.id, (0, agent.place))
    terms = [Term("tier", tier)] if queue.tiers else []
    preference = selection.preference(queue.selection, agent.skills, contact.requirements)
    if queue.selection == "best_skilled":
        terms.append(Term("skill_levels", -preference, "highest"))
    elif queue.selection == "specialists_first":
        terms.append(Term("skills", preference))
    elif queue.selection == "round_robin":
        return (*terms, Term("rotation", _steps(floor, queue, place, listed)))
    names, values = _RANKED_BY[queue.selection], selection.RANKS[queue.selection](agent, place)
    return (*terms, *(Term(name, value) for name, value in zip(names, values, strict=True)))


def _steps(floor: Floor, queue: QueuePlan, place: int, listed: Listed) -> int:
    """How far behind the agent to whom a queue offered last this place is, going round its list."""
    last = floor.pointers.get(queue.id, "")
    everybody = {name: place for name, (_, place) in listed.items()} if queue.tiers else _places(floor)
    return (place - everybody.get(last, -1) - 1) % len(everybody) + 1


def _places(floor: Floor) -> Mapping[str, int]:
    return {agent.id: agent.place for agent in floor.agents.values()}


def _with_lot(choice: Choice, contact: Contact, now: int) -> Choice:
    """The candidates of a queue that draws: of the first tier, the one who is drawn goes first."""
    if not choice.candidates:
        return choice
    ranks = [_as_drawn(standing) for standing in choice.candidates]
    winner = selection.drawn(ranks, selection.lot(contact.id, now))
    told = [
        replace(each, terms=(*each.terms[:-2], Term("lot", int(rank != winner)), *each.terms[-2:]))
        for each, rank in zip(choice.candidates, ranks, strict=True)
    ]
    return replace(choice, candidates=tuple(sorted(told, key=lambda each: each.rank)))


def _as_drawn(standing: Standing) -> tuple[int, ...]:
    """(tier, preference, weight, place), as the agents of such a queue are kept."""
    *tier, lots, place = (term.value for term in standing.terms)
    return (*(tier or (0,)), 0, lots, place)


# --- obstacles ----------------------------------------------------------------------------------------------------


Listed = Mapping[str, tuple[int, int]]
"""By agent, his tier in a queue, from 1, and his place in its lists."""


def _listed(queue: QueuePlan) -> Listed:
    agents = [(agent, number) for number, tier in enumerate(queue.tiers, start=1) for agent in tier.agents]
    return {agent: (number, place) for place, (agent, number) in enumerate(agents)}


def _between(floor: Floor, contact: Contact, agent: Agent, now: int, listed: Listed) -> Iterable[Obstacle]:
    """What is between the two, whatever the agent does, in the order in which it is counted."""
    queue, levels = floor.plan.queues[contact.queue], dict(agent.skills)
    if contact.directed_to not in ("", agent.id):
        yield Directed(contact.directed_to, contact.directed_until or None)
    if not contact.directed_to:
        yield from _unfit(queue, contact, levels, listed.get(agent.id, (0, 0))[0])
    if (room := _no_room(floor, contact, agent)) is not None:
        yield room
    if has := next((each for each in (contact.id, contact.consults) if each in agent.works), None):
        yield InHand(has)
    if (until := contact.exclusions.get(agent.id, 0)) > now:
        yield KeptApart(until)
    if contact.reserved_for and agent.id not in contact.reserved_for:
        yield Reserved(contact.reserved_for, contact.reserved_until)


def _unfit(queue: QueuePlan, contact: Contact, levels: Mapping[str, int], tier: int) -> Iterable[Obstacle]:
    asked = [Missing(each.skill, each.level, levels.get(each.skill, 0)) for each in contact.requirements]
    if missing := tuple(each for each in asked if each.has < each.level):
        yield Unskilled(missing)
    if queue.tiers and not 1 <= tier <= contact.tiers:
        yield _closed(queue, contact, tier)


def _closed(queue: QueuePlan, contact: Contact, tier: int) -> TierClosed:
    never = not tier or (contact.tiers_max is not None and tier > contact.tiers_max)
    return TierClosed(tier, None if never else contact.queued_at + widening.openings(queue)[tier - 1])


def _no_room(floor: Floor, contact: Contact, agent: Agent) -> NoRoom | None:
    """Said of who can be offered something else, and of who never takes such a contact. The rest is not ready."""
    channel, reach = floor.plan.channels[contact.channel], capacity.reach(floor.plan.agents[agent.id], floor.plan)
    open_to, most = capacity.openings(agent, reach), dict(reach).get(channel, 0)
    if channel.id in open_to or (most != 0 and not open_to):
        return None
    counts = [work for work in agent.works.values() if channel.interruptible or not work.interruptible]
    load = sum(work.cost for work in counts)
    return NoRoom(channel.id, channel.cost, load, agent.capacity, most, tuple(work.contact for work in counts))


def _not_ready(floor: Floor, agent: Agent) -> NotReady | None:
    """Said of who can be offered nothing at all."""
    if capacity.openings(agent, capacity.reach(floor.plan.agents[agent.id], floor.plan)):
        return None
    offer = floor.offers.get(agent.offer)
    works = list(agent.works.values())
    until = offer.until if offer else max((work.wrap_up_until for work in works), default=0) or None
    in_hand = offer.contact if offer else works[0].contact if works else ""
    return NotReady(agent.state, in_hand, until, agent.reason)


# --- waiting ------------------------------------------------------------------------------------------------------


def waiting(board: Board, contact: Contact, now: int, agent: str | None = None) -> Waiting:
    """How a contact that waits stands at `now`: who goes before it, and what every agent does.

    With an `agent`, only those go before it that he could serve.
    """
    floor = board.floor
    queue = floor.plan.queues[contact.queue]
    own = Standing(contact.id, contact.queue, (), _contact_terms(floor, contact, now))
    ahead = () if queue.compat else tuple(_ahead(floor, contact, own, now, agent))
    agents = agents_for(floor, contact, now)
    opens_at = widening.next_widening(contact, queue)
    return Waiting(own, contact.queued_at, ahead, agents, strategy(queue), opens_at, contact.wait_until)


def _ahead(floor: Floor, contact: Contact, own: Standing, now: int, agent: str | None) -> Iterable[Ahead]:
    """Those that go first with an agent who is logged in and could serve either, the first first."""
    present = [each for each in floor.agents.values() if each.state is not AgentState.OFFLINE]
    rivals = _Rivals(floor, contact, [each for each in present if agent in (None, each.id)])
    others = [each for each in floor.contacts.values() if each is not contact and floor.seeks(each)]
    standings = [
        Standing(each.id, each.queue, (), _contact_terms(floor, each, now)) for each in others if rivals.has(each)
    ]
    for other in sorted(standings, key=lambda each: each.rank):
        because = difference(other, own)
        if other.rank < own.rank and because:
            yield Ahead(other.id, other.queue, because)


class _Rivals:
    """Which contacts one of these agents could serve who could serve this one. Found once for all of the same need."""

    def __init__(self, floor: Floor, contact: Contact, agents: Iterable[Agent]) -> None:
        self._floor = floor
        self._able = [agent for agent in agents if self._could(contact, agent)]
        self._kinds = list({agent.skills: agent for agent in self._able}.values())
        self._known: dict[tuple[object, ...], bool] = {}

    def has(self, other: Contact) -> bool:
        """Whether the other contact is one."""
        key = (other.queue, other.requirements, other.tiers, other.directed_to)
        if key not in self._known:
            by_name = other.directed_to or self._floor.plan.queues[other.queue].tiers
            agents = self._able if by_name else self._kinds
            self._known[key] = any(self._could(other, agent) for agent in agents)
        return self._known[key]

    def _could(self, contact: Contact, agent: Agent) -> bool:
        obstacles = _between(self._floor, contact, agent, 0, _listed(self._floor.plan.queues[contact.queue]))
        return all(map(is_passing, obstacles))
