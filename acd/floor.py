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
from acd.match import Matching
from acd.model import HAD_ONE, Agent, Contact, ContactState, LastAgent, Offer, Stance, Work, WorkState
from acd.plan import FloorPlan
from acd.redials import Redials
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
from acd.waiting import Waits

LAST_AGENTS_MAX: Final = 50_000
"""Of how many customers it is remembered who served them last; those served longest ago are forgotten first."""


class Floor:
    """Contacts, agents and open offers by id, the counters, and the matching indexes that follow them.

    `pointers` are, by queue, the agents offered a contact last where agents are selected in turn; `last_agents`, by
    customer, who served him last, as long as any queue asks; `hours` says of calendars whether they are open.
    """

    def __init__(self, plan: FloorPlan) -> None:
        self.contacts: dict[str, Contact] = {}
        self.agents: dict[str, Agent] = {}
        self.offers: dict[int, Offer] = {}
        self.last_offer = 0
        self.last_order = 0
        self.pointers: dict[str, str] = {}
        self.last_agents: dict[str, LastAgent] = {}
        self.hours: dict[str, bool] = {}
        self.watches: dict[str, Watch] = {}
        self.waits = Waits()
        self.redials = Redials()
        self.adopt(plan)

    def adopt(self, plan: FloorPlan) -> None:
        """Follow these rules from now on. Agents keep their state; those the plan no longer has must be offline."""
        self.plan = plan
        known, self.agents = self.agents, {}
        for place, (agent_id, agent_plan) in enumerate(sorted(plan.agents.items())):
            agent = self.agents[agent_id] = known.get(agent_id) or Agent(agent_id, place, agent_plan.skills)
            agent.place, agent.skills, agent.capacity = place, agent_plan.skills, agent_plan.capacity
            agent.weight = agent_plan.weight
        self.watches = {
            queue.id: watch(queue.id, queue.compat, self.watches.get(queue.id), self.contacts.values())
            for queue in plan.queues.values()
            if queue.compat
        }
        queues = plan.queues.values()
        self._remembers = any(queue.preferred and queue.preferred.last_agent for queue in queues)
        self.index()

    def index(self) -> None:
        """Build the matching indexes from the records, after a snapshot was read or the plan changed."""
        self.matching = Matching(self.plan, self.pointers)
        for agent in self.agents.values():
            if agents.attends(agent):
                self.matching.attend(agent, 1)
            if agent.stance is not Stance.OFFLINE:
                self.matching.arrive(agent)
            self.matching.open(agent)
        for contact in self.contacts.values():
            if contact.state in contacts.UNANSWERED and not contact.stand_in:
                self.matching.lengthen(contact.queue, 1)
            if self.seeks(contact):
                self.matching.add(contact)
            for agent_id in contact.exclusions:
                self.matching.keep_apart(contact, agent_id)
        self.redials.index(self.contacts.values())
        self.waits.index(self.plan, self.contacts.values())
        self.announces = bool(self.waits.queues)

    def arrive(self, contact: Contact) -> None:
        """A new contact, known but in no queue yet."""
        self.contacts[contact.id] = contact

    def forget(self, contact: str) -> None:
        """The contact is over and its matter is in other hands."""
        self.matching.forget(self.contacts.pop(contact))

    def seeks(self, contact: Contact) -> bool:
        """Whether a contact is to be offered to one more agent as soon as there is one; never in a compat queue."""
        if contact.state is ContactState.WAITING:
            return contact.queue not in self.watches
        if contact.state is not ContactState.OFFERED or contact.queue in self.watches:
            return False
        ring = self.plan.queues[contact.queue].ring
        return ring == "all" or (ring == "progressive" and contact.rings_on)

    def turn(self, calendar: str, *, is_open: bool) -> None:
        """A calendar is open or closed from now on."""
        self.hours[calendar] = is_open

    def is_closed(self, queue: str) -> bool:
        """Whether a queue takes nobody at this hour. While nothing is known of its calendar, it does."""
        hours = self.plan.queues[queue].hours
        return hours is not None and not self.hours.get(hours.calendar, True)

    def keeps(self, contact: Contact) -> bool:
        """Whether a contact that waits is kept for some agents."""
        return bool(contact.reserved_for) and contact.state in contacts.UNANSWERED

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
        still = after in contacts.UNANSWERED
        if still is not (before in contacts.UNANSWERED) and not contact.stand_in:  # which takes up no room
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

    def _widened(self, event: ContactWidened, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.requirements, contact.relaxed, contact.tiers = event.requirements, event.relaxed, event.tiers

    def _reprioritised(self, event: ContactReprioritised, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.priority = event.priority

    def _reservation_ended(self, event: ReservationEnded, now: int) -> None:
        with self._in_another_line(event.contact) as contact:
            contact.reserved_for, contact.reserved_until = (), 0

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
        if contact.stand_in:
            self.redials.expect_no_more(contact)
        self._move_contact(contact, event.kind)
        if not contact.agent:
            self.forget(contact.id)

    def _excluded(self, event: PairExcluded, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.exclusions[event.agent] = event.until
        self.matching.keep_apart(contact, event.agent)

    def _callback_asked(self, event: CallbackAsked, now: int) -> None:
        self.contacts[event.contact].number = event.number

    def _postponed(self, event: CallbackPostponed, now: int) -> None:
        contact = self.contacts[event.contact]
        contact.wait_until, contact.rests_until = None, event.until
        self._move_contact(contact, event.kind)

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
        contact.joining = agent.offer = agent.missed = 0
        contact.agent = agent.id
        contact.answered_at = now
        if contact.stand_in:
            self.redials.expect_no_more(contact)
        agent.served += 1
        if self._remembers and contact.customer:
            self._remember(LastAgent(contact.customer, agent.id, now))
        if agent.once and agent.pending is None:
            agent.pending, agent.pending_reason = Stance.PAUSED, HAD_ONE
        self._move_contact(contact, event.kind)
        self._move_work(agent, contact.id, event.kind)
        self.matching.open(agent)

    def _remember(self, last: LastAgent) -> None:
        self.last_agents.pop(last.customer, None)
        self.last_agents[last.customer] = last
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
        agent = self.agents[event.agent]
        if event.outcome == "resolved":
            self.forget(event.contact)
        self.matching.close(agent)
        self._move_work(agent, event.contact, event.kind)
        agent.idle_since = now
        self.matching.open(agent)


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
}
