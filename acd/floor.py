"""The state of the floor. `apply` is the only code that writes it; `acd.decide` reads it and says what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from acd import agent as agents
from acd import contact as contacts
from acd.compat.watch import Watch, watch
from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactInterrupted,
    ContactJoined,
    ContactQueued,
    ContactReprioritised,
    ContactResumed,
    ContactWidened,
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
    is_missed,
)
from acd.hands import (
    ConsultAsked,
    ConsultCompleted,
    ConsultMerged,
    ContactDirected,
    ContactTransferred,
    DirectionEnded,
    StopSupervising,
    Supervise,
    UnholdContact,
)
from acd.match import Matching
from acd.model import HAD_ONE, Agent, Contact, ContactState, Offer, Part, Stance, Work, WorkState
from acd.plan import FloorPlan
from acd.waiting import Waits

CONSULT: Final = "consult-"
"""How the ids of the legs of consults begin; no other contact's id may."""


class Floor:
    """Contacts, agents and open offers by id, the counters, and the matching indexes that follow them."""

    def __init__(self, plan: FloorPlan) -> None:
        self.contacts: dict[str, Contact] = {}
        self.agents: dict[str, Agent] = {}
        self.offers: dict[int, Offer] = {}
        self.last_offer = 0
        self.last_order = 0
        self.last_consult = 0
        self.watches: dict[str, Watch] = {}
        self.waits = Waits()
        self.adopt(plan)

    def adopt(self, plan: FloorPlan) -> None:
        """Follow these rules from now on. Agents keep their state; those the plan no longer has must be offline."""
        self.plan = plan
        known, self.agents = self.agents, {}
        for place, (agent_id, agent_plan) in enumerate(sorted(plan.agents.items())):
            agent = self.agents[agent_id] = known.get(agent_id) or Agent(agent_id, place, agent_plan.skills)
            agent.place, agent.skills, agent.capacity = place, agent_plan.skills, agent_plan.capacity
        self.watches = {
            queue.id: watch(queue.id, queue.compat, self.watches.get(queue.id), self.contacts.values())
            for queue in plan.queues.values()
            if queue.compat
        }
        self.index()

    def index(self) -> None:
        """Build the matching indexes from the records, after a snapshot was read or the plan changed."""
        self.matching = Matching(self.plan, self.contacts)
        for agent in self.agents.values():
            if agents.attends(agent):
                self.matching.attend(agent, 1)
            if agent.stance is not Stance.OFFLINE:
                self.matching.arrive(agent)
            self.matching.open(agent)
        for contact in self.contacts.values():
            if contact.state in contacts.UNANSWERED:
                self.matching.lengthen(contact.queue, 1)
            if self.seeks(contact):
                self.matching.add(contact)
            for agent_id in contact.exclusions:
                self.matching.keep_apart(contact, agent_id)
        self.waits.index(self.plan, self.contacts.values())
        self.announces = bool(self.waits.queues)

    def arrive(self, contact: Contact) -> None:
        """A new contact, known but in no queue yet."""
        self.contacts[contact.id] = contact

    def settle(self, contact: str) -> None:
        """The matter of a contact that is over is settled, or in other hands."""
        self.contacts[contact].agent = ""
        self._forget(self.contacts[contact])

    def _forget(self, contact: Contact) -> None:
        """Forget a contact that nobody has anything to do with any more."""
        if contact.state is ContactState.ENDED and not (contact.agent or contact.parts):
            self.matching.forget(self.contacts.pop(contact.id))

    def seeks(self, contact: Contact) -> bool:
        """Whether a contact is to be offered to one more agent as soon as there is one; never in a compat queue."""
        if contact.state is ContactState.WAITING:
            return contact.queue not in self.watches
        if contact.state is not ContactState.OFFERED or contact.queue in self.watches:
            return False
        ring = self.plan.queues[contact.queue].ring
        return ring == "all" or (ring == "progressive" and contact.rings_on)

    def cuts_offers_of(self, contact: Contact) -> bool:
        """Whether an offer ends when its agent stops, and a wait at its longest; or an old system sees to it."""
        watched = self.watches.get(contact.queue)
        return watched is None or watched.cuts_offers

    def rings_out(self, contact: Contact) -> bool:
        """Whether the end of a contact's longest wait lets the offers that are open ring on."""
        watch = self.watches.get(contact.queue)
        return contact.state is ContactState.OFFERED and watch is not None and watch.rings_out

    def is_held_back(self, agent_id: str) -> bool:
        """Whether a queue has paused the agent for itself, until he says that he is ready."""
        return any(each.holds_back(agent_id) for each in self.watches.values())

    def apply(self, event: Any, now: int) -> None:
        """Book one event. Kinds that change nothing here are let through."""
        if book := _BOOK.get(type(event)):
            book(self, event, now)
        if self.watches:
            for each in self.watches.values():
                each.apply(event, now)
        if self.announces:
            self.waits.apply(event, self.contacts, now)

    # --- moving along the tables ----------------------------------------------------------------------------------

    def _move_contact(self, contact: Contact, trigger: str) -> None:
        before, sought = contact.state, self.matching.seeks(contact.id)
        after = contact.state = contacts.TRANSITIONS[before][trigger]
        contact.rings_on = after is ContactState.OFFERED and trigger.endswith(":ring")  # one less, so one more
        if (still := after in contacts.UNANSWERED) is not (before in contacts.UNANSWERED):
            self.matching.lengthen(contact.queue, 1 if still else -1)
        seeks = still and self.seeks(contact)
        if seeks and not sought:
            self.matching.add(contact)
        elif sought and not seeks:
            self.matching.drop(contact)

    def _change_stance(self, agent: Agent, trigger: str) -> None:
        before = agent.stance
        after = agent.stance = agents.STANCES[before][trigger]
        if before is after:
            return
        if before is Stance.OFFLINE:
            agent.served = 0
            self.matching.arrive(agent)
        if after is Stance.OFFLINE:
            self.matching.depart(agent)
            agent.lease_until = 0

    def _move_work(self, agent: Agent, contact: str, trigger: str) -> Work:
        """Take a contact in hand one step further. Whoever calls sees to it that the agent is indexed anew."""
        work = agent.works[contact]
        work.state = agents.WORKS[work.state][trigger]
        if work.state is WorkState.DONE:
            del agent.works[contact]
        return work

    # --- booking: contacts ----------------------------------------------------------------------------------------

    def _queued(self, event: ContactQueued, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.queues += 1
        if not contact.order:
            self.last_order += 1
            contact.order = self.last_order
        contact.queue, contact.language = event.queue, event.language
        contact.priority, contact.head_start_ms = event.priority, event.head_start_ms
        contact.requirements = event.requirements
        contact.relaxed, contact.tiers, contact.tiers_max = event.relaxed, event.tiers, event.tiers_max
        contact.need_since, contact.queued_at = event.need_since, now
        contact.wait_until = event.until
        self._move_contact(contact, event.kind)

    def _queue_left(self, event: QueueLeft, now: int) -> None:
        contact = self.contacts[event.contact]
        self._move_contact(contact, event.kind)
        if not contact.consults:
            contact.directed_to, contact.directed_until = "", 0

    def _widened(self, event: ContactWidened, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.requirements, contact.relaxed, contact.tiers = event.requirements, event.relaxed, event.tiers

    def _reprioritised(self, event: ContactReprioritised, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.priority = event.priority

    @contextmanager
    def _in_another_line(self, contact_id: str) -> Iterator[Contact]:
        """Change what a contact is indexed by, or whether it is indexed at all."""
        contact = self.contacts[contact_id]
        if self.seeks(contact):
            self.matching.drop(contact)
        yield contact
        if self.seeks(contact):
            self.matching.add(contact)

    def _ended(self, event: ContactEnded, now: int) -> None:
        contact = self.contacts[event.contact]
        self._move_contact(contact, event.kind)
        if contact.consults and (asking := self.contacts.get(contact.consults)):
            asking.consult = ""
        self._forget(contact)

    def _excluded(self, event: PairExcluded, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.exclusions[event.agent] = event.until
        self.matching.keep_apart(contact, event.agent)

    # --- booking: from hand to hand --------------------------------------------------------------------------------

    def _directed(self, event: ContactDirected, now: int) -> None:
        """Who turned it down before is asked again."""
        with self._in_another_line(event.contact) as contact:
            contact.directed_to, contact.directed_until = event.agent, event.until
            if event.agent in contact.exclusions:
                contact.exclusions[event.agent] = now

    def _direction_ended(self, event: DirectionEnded, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.directed_to, contact.directed_until = "", 0

    def _transferred(self, event: ContactTransferred, now: int) -> None:
        contact = self.contacts[event.contact]
        self._hand_on(contact)
        self._move_contact(contact, event.kind)

    def _hand_on(self, contact: Contact) -> None:
        """The agent's part is over, but for its wrap-up."""
        contact.parts[contact.agent] = Part(contact.queue, contact.queued_at, contact.answered_at)
        contact.agent = ""

    def _consult_asked(self, event: ConsultAsked, now: int) -> None:
        """The leg has the place of the customer's need. It is the contact's by its own id, a number of ours."""
        contact = self.contacts[event.contact]
        self.last_consult += 1
        contact.consult = consult_id(self.last_consult)
        of = (contact.channel, contact.entry_point, contact.service_line, contact.language, contact.need_since)
        self.arrive(Contact(contact.consult, *of, directed_to=event.to_agent, consults=contact.id))
        self._move_contact(contact, event.kind)

    def _consult_over(self, event: ConsultMerged | UnholdContact, now: int) -> None:
        self._move_contact(self.contacts[event.contact], event.kind)

    def _consult_completed(self, event: ConsultCompleted, now: int) -> None:
        contact = self.contacts[event.contact]
        leg = self.contacts[contact.consult]
        self._hand_on(contact)
        contact.agent, leg.agent = leg.agent, ""
        contact.queue, contact.queued_at, contact.answered_at = leg.queue, now, now
        self._move_contact(contact, event.kind)
        consultant = self.agents[contact.agent]
        for work in consultant.works.values():
            work.contact = contact.id if work.contact == leg.id else work.contact
        consultant.works = {work.contact: work for work in consultant.works.values()}  # in the order in which they came

    def _supervised(self, event: Supervise, now: int) -> None:
        self.contacts[event.contact].supervisors[event.supervisor] = event.mode

    def _unsupervised(self, event: StopSupervising, now: int) -> None:
        del self.contacts[event.contact].supervisors[event.supervisor]

    # --- booking: offers ------------------------------------------------------------------------------------------

    def _offered(self, event: OfferContact, now: int) -> None:
        contact, agent = self.contacts[event.contact], self.agents[event.agent]
        self.last_offer = event.offer
        self.offers[event.offer] = Offer(event.offer, contact.id, agent.id, event.until)
        contact.offers, contact.rung_at = (*contact.offers, event.offer), now
        self._move_contact(contact, event.kind)
        self.matching.close(agent)  # before anything changes by which he is ranked
        channel = self.plan.channels[contact.channel]
        agent.works[contact.id] = Work(contact.id, channel.id, channel.cost, channel.interruptible)
        agent.offer, agent.offered_at = event.offer, now

    def _accepted(self, event: OfferAccepted | LegAnswered, now: int) -> None:
        offer = self.offers[event.offer]
        offer.accepted = True
        contact = self.contacts[offer.contact]
        contact.joining = offer.id
        self._move_contact(contact, event.kind)

    def _ring_widened(self, event: RingWidened, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.rings_on = True

    def _joining(self, event: JoinParties, now: int) -> None:
        self.offers[event.offer].until = event.until

    def _offer_lost(
        self, event: OfferDeclined | OfferExpired | LegFailed | WithdrawOffer | JoinTimedOut, now: int
    ) -> None:
        offer = self.offers.pop(event.offer)
        contact, agent = self.contacts[offer.contact], self.agents[offer.agent]
        contact.offers = _without(contact.offers, offer.id)
        contact.joining = 0 if offer.accepted else contact.joining
        agent.offer = 0
        agent.missed += is_missed(event)
        self._move_contact(contact, event.kind + _left_after(contact))
        self._move_work(agent, contact.id, event.kind)
        self.matching.open(agent)

    def _joined(self, event: ContactJoined, now: int) -> None:
        del self.offers[event.offer]
        contact, agent = self.contacts[event.contact], self.agents[event.agent]
        contact.offers = _without(contact.offers, event.offer)
        contact.agent, contact.answered_at, contact.joining = agent.id, now, 0
        contact.directed_to, contact.directed_until = "", 0
        self._move_contact(contact, event.kind)
        with self._attendance(agent):
            agent.offer = agent.missed = 0
            agent.served += 1
            if agent.once and agent.pending is None:
                agent.pending, agent.pending_reason = Stance.PAUSED, HAD_ONE
            self._move_work(agent, contact.id, event.kind)

    # --- booking: agents ------------------------------------------------------------------------------------------

    def _state_set(self, event: AgentStateSet, now: int) -> None:
        agent = self.agents[event.agent]
        if event.lease_ms:
            agent.lease_until = now + event.lease_ms
        if event.state == "ready":
            agent.once = event.once
        self._ask(agent, f"{event.kind}:{event.state}", Stance(event.state), event.reason, now)

    def _lapsed(self, event: AgentLapsed, now: int) -> None:
        agent = self.agents[event.agent]
        agent.lease_until = 0
        self._ask(agent, f"{event.kind}:offline", Stance.OFFLINE, "lease lapsed", now)

    def _ask(self, agent: Agent, trigger: str, asked: Stance, reason: str, now: int) -> None:
        """Change the stance at once, or remember what a busy agent asked for. To ask for ready takes that back."""
        with self._attendance(agent):
            if agent.works:
                pending = asked is not Stance.READY
                agent.pending, agent.pending_reason = (asked, reason) if pending else (None, "")
                if pending or agent.stance is Stance.READY:
                    return
            if agent.stance is asked is Stance.READY:
                return  # as he was, only for another number of contacts
            if asked is Stance.READY:
                agent.missed = 0
                if agent.stance is Stance.OFFLINE or self.plan.pause_restarts_idle:
                    agent.idle_since = now
            agent.reason = reason
            self._change_stance(agent, trigger)

    @contextmanager
    def _attendance(self, agent: Agent) -> Iterator[None]:
        """Do what may make an agent attend, or attend no longer; and offers reach him, or no longer."""
        attended = agents.attends(agent)
        self.matching.close(agent)
        yield
        self.matching.open(agent)
        if (attends := agents.attends(agent)) is not attended:
            self.matching.attend(agent, 1 if attends else -1)

    def _alive(self, event: AgentAlive, now: int) -> None:
        self.agents[event.agent].lease_until = now + event.lease_ms

    def _agent_moved(self, event: AgentMoved, now: int) -> None:
        agent = self.agents[event.agent]
        with self._attendance(agent):
            agent.reason, agent.pending, agent.pending_reason = event.reason, None, ""
            self._change_stance(agent, f"{event.kind}:{event.state}")

    # --- booking: contacts in hand --------------------------------------------------------------------------------

    def _stepped(self, event: ContactInterrupted | ContactResumed, now: int) -> None:
        self._move_work(self.agents[event.agent], event.contact, event.kind)

    def _wrap_up_started(self, event: WrapUpStarted, now: int) -> None:
        work = self._move_work(self.agents[event.agent], event.contact, event.kind)
        work.wrap_up_until = event.until

    def _wrap_up_ended(self, event: WrappedUp | WrapUpExpired, now: int) -> None:
        agent, contact = self.agents[event.agent], self.contacts[event.contact]
        if contact.parts.pop(agent.id, None):
            self._forget(contact)
        elif event.outcome == "resolved" or contact.consults:
            self.settle(contact.id)
        self.matching.close(agent)
        self._move_work(agent, contact.id, event.kind)
        agent.idle_since = now
        self.matching.open(agent)


def consult_id(number: int) -> str:
    """The id of the leg of a consult: the number-th of the centre."""
    return f"{CONSULT}{number}"


def _without(offers: tuple[int, ...], offer: int) -> tuple[int, ...]:
    return () if len(offers) == 1 else tuple(other for other in offers if other != offer)


def _left_after(contact: Contact) -> str:
    """What a contact has left when one of its offers has ended, as the table of its states says it."""
    if contact.agent:
        return ":answered"
    if contact.joining:
        return ":join"
    return ":ring" if contact.offers else ""


_BOOK: Final[dict[type, Callable[[Floor, Any, int], None]]] = {
    ContactQueued: Floor._queued,
    QueueLeft: Floor._queue_left,
    ContactWidened: Floor._widened,
    ContactReprioritised: Floor._reprioritised,
    ContactEnded: Floor._ended,
    PairExcluded: Floor._excluded,
    OfferContact: Floor._offered,
    RingWidened: Floor._ring_widened,
    OfferAccepted: Floor._accepted,
    LegAnswered: Floor._accepted,
    JoinParties: Floor._joining,
    OfferDeclined: Floor._offer_lost,
    OfferExpired: Floor._offer_lost,
    LegFailed: Floor._offer_lost,
    WithdrawOffer: Floor._offer_lost,
    JoinTimedOut: Floor._offer_lost,
    ContactJoined: Floor._joined,
    AgentStateSet: Floor._state_set,
    AgentAlive: Floor._alive,
    AgentLapsed: Floor._lapsed,
    AgentMoved: Floor._agent_moved,
    ContactInterrupted: Floor._stepped,
    ContactResumed: Floor._stepped,
    WrapUpStarted: Floor._wrap_up_started,
    WrappedUp: Floor._wrap_up_ended,
    WrapUpExpired: Floor._wrap_up_ended,
    ContactDirected: Floor._directed,
    DirectionEnded: Floor._direction_ended,
    ContactTransferred: Floor._transferred,
    ConsultAsked: Floor._consult_asked,
    ConsultMerged: Floor._consult_over,
    UnholdContact: Floor._consult_over,
    ConsultCompleted: Floor._consult_completed,
    Supervise: Floor._supervised,
    StopSupervising: Floor._unsupervised,
}
