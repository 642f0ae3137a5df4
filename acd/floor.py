"""The state of the floor. `apply` is the only code that writes it; `acd.decide` reads it and says what follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

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
    OfferLost,
    PairExcluded,
    QueueLeft,
    ReservationEnded,
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
from acd.model import HAD_ONE, Agent, Contact, LastAgent, Offer, Part, Stance, Work
from acd.records import Records
from acd.stand_in_events import (
    CallbackAsked,
    CallbackDue,
    CallbackFailed,
    CallbackPostponed,
    DialCustomer,
    DialTimedOut,
    RecordMessage,
    VoicemailLeft,
)

LAST_AGENTS_MAX: Final = 50_000
"""Of how many customers it is remembered who served them last; those served longest ago are forgotten first."""
CONSULT: Final = "consult-"
"""How the ids of the legs of consults begin; no other contact's id may."""


class Floor(Records):
    """The records of the floor, which follow the events."""

    def apply(self, event: Any, now: int) -> None:
        """Book one event. Kinds that change nothing here are let through."""
        if book := _BOOK.get(type(event)):
            book(self, event, now)
        if self.watches:
            for each in self.watches.values():
                each.apply(event, now)
        if self.announces:
            self.waits.apply(event, self.contacts, now)

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
        contact.wait_until, contact.stand_in = event.until, event.stand_in
        contact.reserved_for, contact.reserved_until = event.reserved_for, event.reserved_until
        contact.holds = event.holds
        if contact.stand_in:
            self.redials.expect(contact)
        self._move_contact(contact, event.kind)

    def _queue_left(self, event: QueueLeft, now: int) -> None:
        contact = self.contacts[event.contact]
        self.redials.expect_no_more(contact)
        self._move_contact(contact, event.kind)
        if not contact.consults:
            contact.directed_to, contact.directed_until = "", 0

    def _widened(self, event: ContactWidened, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.requirements, contact.relaxed, contact.tiers = event.requirements, event.relaxed, event.tiers

    def _reprioritised(self, event: ContactReprioritised, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.priority = event.priority

    def _reservation_ended(self, event: ReservationEnded, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.reserved_for, contact.reserved_until = (), 0

    def _ended(self, event: ContactEnded, now: int) -> None:
        contact = self.contacts[event.contact]
        if contact.stand_in:
            self.redials.expect_no_more(contact)
        self._move_contact(contact, event.kind)
        if contact.consults and (asking := self.contacts.get(contact.consults)):
            asking.consult = ""
        self._forget(contact)

    def _excluded(self, event: PairExcluded, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.exclusions[event.agent] = event.until
        self.matching.keep_apart(contact, event.agent)

    def _callback_asked(self, event: CallbackAsked, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.number, contact.attempts = event.number, 0

    def _postponed(self, event: CallbackPostponed, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.wait_until, contact.rests_until = None, event.until
        self._move_contact(contact, event.kind)
        contact.directed_to, contact.directed_until = "", 0

    def _due(self, event: CallbackDue, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.wait_until, contact.rests_until = event.until, 0
        self._move_contact(contact, event.kind)

    def _recording(self, event: RecordMessage, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.records_until = event.until
        self._move_contact(contact, event.kind)

    def _recorded(self, event: VoicemailLeft, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.records_until = 0
        self._move_contact(contact, event.kind)

    # --- booking: from hand to hand --------------------------------------------------------------------------------

    def _directed(self, event: ContactDirected, now: int) -> None:
        """Who turned it down before is asked again. It is kept for nobody else."""
        with self._in_another_line(event.contact) as contact:
            contact.reserved_for, contact.reserved_until = (), 0
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
        """The agent's part is over, but for its wrap-up. A customer who was called back is on the line now."""
        if contact.stand_in == "callback":
            contact.stand_in = ""
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
        self._remember(contact, now)
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
        if self.plan.queues[event.queue].selection == "round_robin":
            self.pointers[event.queue] = event.agent

    def _accepted(self, event: OfferAccepted | LegAnswered, now: int) -> None:
        offer = self.offers[event.offer]
        offer.accepted = True
        contact = self.contacts[offer.contact]
        contact.joining = offer.id
        self._move_contact(contact, event.kind)

    def _ring_widened(self, event: RingWidened, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.rings_on = True

    def _joining(self, event: JoinParties | DialCustomer, now: int) -> None:
        self.offers[event.offer].until = event.until

    def _offer_lost(self, event: OfferLost, now: int) -> None:
        offer = self.offers.pop(event.offer)
        contact, agent = self.contacts[offer.contact], self.agents[offer.agent]
        contact.offers = _without(contact.offers, offer.id)
        contact.joining = 0 if offer.accepted else contact.joining
        agent.offer = 0
        agent.missed += is_missed(event)
        if contact.stand_in:
            contact.attempts += isinstance(event, CallbackFailed | DialTimedOut)
        self._move_contact(contact, event.kind + _left_after(contact))
        self._move_work(agent, contact.id, event.kind)
        self.matching.open(agent)

    def _joined(self, event: ContactJoined, now: int) -> None:
        del self.offers[event.offer]
        contact, agent = self.contacts[event.contact], self.agents[event.agent]
        contact.offers = _without(contact.offers, event.offer)
        contact.agent, contact.answered_at, contact.joining = agent.id, now, 0
        contact.directed_to, contact.directed_until = "", 0
        if contact.stand_in:
            self.redials.expect_no_more(contact)
        self._remember(contact, now)
        self._move_contact(contact, event.kind)
        with self._attendance(agent):
            agent.offer = agent.missed = 0
            agent.served += 1
            if agent.once and agent.pending is None:
                agent.pending, agent.pending_reason = Stance.PAUSED, HAD_ONE
            self._move_work(agent, contact.id, event.kind)

    def _remember(self, contact: Contact, now: int) -> None:
        """The agent of a contact is the last who served its customer."""
        if not (self._remembers and contact.customer):
            return
        self.last_agents.pop(contact.customer, None)
        self.last_agents[contact.customer] = LastAgent(contact.customer, contact.agent, now)
        if len(self.last_agents) > LAST_AGENTS_MAX:
            del self.last_agents[next(iter(self.last_agents))]

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
    ReservationEnded: Floor._reservation_ended,
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
    CallbackAsked: Floor._callback_asked,
    CallbackPostponed: Floor._postponed,
    CallbackDue: Floor._due,
    CallbackFailed: Floor._offer_lost,
    DialCustomer: Floor._joining,
    DialTimedOut: Floor._offer_lost,
    RecordMessage: Floor._recording,
    VoicemailLeft: Floor._recorded,
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
