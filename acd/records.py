"""What is on the floor: the records, what is asked of them, and how they move along the tables.

Only `acd.floor`, which books the events, writes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from acd import agent as agents
from acd import contact as contacts
from acd.compat.watch import Watch, watch
from acd.match import Matching
from acd.model import Agent, Contact, ContactState, LastAgent, Offer, Stance, Work, WorkState
from acd.plan import FloorPlan
from acd.redials import Redials
from acd.waiting import Waits


class Records:
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
        self.last_consult = 0
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
        self.matching = Matching(self.plan, self.contacts, self.pointers)
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

    @contextmanager
    def _in_another_line(self, contact_id: str) -> Iterator[Contact]:
        """Change what a contact is indexed by, or whether it is indexed at all."""
        contact = self.contacts[contact_id]
        if self.seeks(contact):
            self.matching.drop(contact)
        yield contact
        if self.seeks(contact):
            self.matching.add(contact)

    @contextmanager
    def _attendance(self, agent: Agent) -> Iterator[None]:
        """Do what may make an agent attend, or attend no longer; and offers reach him, or no longer."""
        attended = agents.attends(agent)
        self.matching.close(agent)
        yield
        self.matching.open(agent)
        if (attends := agents.attends(agent)) is not attended:
            self.matching.attend(agent, 1 if attends else -1)
