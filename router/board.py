"""All state of a centre. `Board.apply` is the only code that writes it, one event at a time.

The board puts the three halls together (floor, menus, desk), remembers which contacts ended lately, and keeps the one
heap of alarms: what happens by itself, and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Any

import acd.decide
import acd.events
import escalation.desk
import escalation.events
import ivr.events
import ivr.session
from acd.events import ContactEnded, ContactQueued
from acd.floor import Floor
from acd.model import AgentState, Contact, ContactState
from escalation.desk import Desk
from escalation.events import CaseOpened
from ivr.events import DigitsCollected
from ivr.session import Menus
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.plan import EntryPoint, Plan

ENDED_REMEMBERED = 10_000
"""How many ended contacts are remembered, so that late news of them is *stale* and not *illegal*."""

Apply = Callable[[Event, int], None]


class Board:
    """Contacts, agents, offers, sessions, cases, calendars and alarms, after `seq` events, the last one at `now`."""

    def __init__(self, plans: Mapping[str, Plan], plan: str) -> None:
        self.plans = plans
        self.plan = plans[plan]
        self.floor = Floor(self.plan.floor)
        self.menus = Menus(self.plan.menus, self)
        self.desk = Desk(self.plan.desk)
        self.ended: dict[str, None] = {}
        self.alarms: list[tuple[int, int, Event]] = []
        self.seq = 0
        self.now = 0
        self.started = False
        self._book = self._bookings()
        self._entries = _by_address(self.plan)

    def apply(self, event: Event, now: int) -> None:
        """Book one event that happens at `now` (ms since the epoch, never before the last one)."""
        kind = type(event)
        self.now = now
        self.seq += 1
        for book in self._book[kind]:
            book(event, now)
        if alarm := _ALARMS.get(kind):
            at = alarm[1](getattr(self, alarm[0]), event, now)
            if at is not None:
                heappush(self.alarms, (at, self.seq, event))

    def due(self, now: int | None = None) -> int | None:
        """When the next alarm rings (before or at `now`, if given), or None. Forgets those that no longer matter."""
        while self.alarms and (now is None or self.alarms[0][0] <= now):
            at, _, event = self.alarms[0]
            hall, _, pending, _ = _ALARMS[type(event)]
            if pending(getattr(self, hall), event, at):
                return at
            heappop(self.alarms)
        return None

    def ring(self, now: int) -> Iterator[Event]:
        """Take the next alarm off and say what follows from it. Only after `due(now)` gave one."""
        _, _, event = heappop(self.alarms)
        hall, _, _, ring = _ALARMS[type(event)]
        yield from ring(getattr(self, hall), event, now)

    def entry_point(self, dialled: str) -> EntryPoint | None:
        """The entry point with this number or address."""
        return self._entries.get(dialled)

    # --- what the menus may ask -----------------------------------------------------------------------------------

    def is_open(self, calendar: str) -> bool:
        """Whether a calendar is open now."""
        return self.desk.open[calendar]

    def case_state(self, contact: str) -> str | None:
        """The state of the newest case of the contact's customer, or None."""
        case = self.desk.newest.get(self.floor.contacts[contact].customer)
        return self.desk.cases[case].state if case else None

    # --- booking what concerns more than one hall -----------------------------------------------------------------

    def _bookings(self) -> dict[type, tuple[Apply, ...]]:
        halls: list[tuple[Any, Apply]] = [
            (acd.events, self.floor.apply),
            (ivr.events, self.menus.apply),
            (escalation.events, self.desk.apply),
        ]
        book: dict[type, tuple[Apply, ...]] = {
            kind: (apply,) for events, apply in halls for kind in (*events.FACTS, *events.DECISIONS)
        }
        book[CentreStarted] = (self._start,)
        book[ContactArrived] = (self._arrive,)
        book[ContactLeft] = ()
        book[ContactQueued] += (self._leave_menus,)
        book[ContactEnded] += (self._leave_menus, self._remember)
        book[DigitsCollected] += (self._identify,)
        book[CaseOpened] += (self._hand_over,)
        return book

    def _start(self, event: CentreStarted, now: int) -> None:
        self.plan = self.plans[event.plan]
        self.floor.adopt(self.plan.floor)
        self.menus.plan, self.desk.plan = self.plan.menus, self.plan.desk
        self._entries = _by_address(self.plan)
        self.started = True

    def _arrive(self, event: ContactArrived, now: int) -> None:
        entry = self._entries[event.dialled]
        customer = event.number if event.personal else ""
        self.floor.arrive(
            Contact(event.contact, entry.channel, entry.id, entry.service_line, entry.language, now, customer)
        )
        self.menus.start(event.contact, entry.language)

    def _leave_menus(self, event: ContactQueued | ContactEnded, now: int) -> None:
        self.menus.end(event.contact)

    def _remember(self, event: ContactEnded, now: int) -> None:
        self.ended[event.contact] = None
        if len(self.ended) > ENDED_REMEMBERED:
            del self.ended[next(iter(self.ended))]

    def _identify(self, event: DigitsCollected, now: int) -> None:
        if event.identify:
            self.floor.contacts[event.contact].customer = event.value

    def _hand_over(self, event: CaseOpened, now: int) -> None:
        self.floor.forget(event.contact)

    # --- the laws -------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Assert what must hold after every input, over the whole floor. For tests and the simulator: it costs O(all)."""
        self._check_offers()
        self._check_owners()
        self._check_nobody_waits_beside_an_idle_agent()

    def _check_offers(self) -> None:
        floor = self.floor
        for offer in floor.offers.values():
            assert floor.contacts[offer.contact].offer == offer.id, "INV-02: one offer to a contact at a time"
            assert floor.agents[offer.agent].offer == offer.id, "INV-01: one offer to an agent at a time"
            assert offer.until >= self.now, "INV-03: every offer ends by its time"
        for agent in floor.agents.values():
            engaged = agent.state in (AgentState.TALKING, AgentState.WRAP_UP)
            assert bool(agent.offer) == (agent.state is AgentState.RESERVED), "INV-01: reserved is having an offer"
            assert bool(agent.contact) == engaged, "INV-01: engaged is having a contact"

    def _check_owners(self) -> None:
        floor = self.floor
        for contact in floor.contacts.values():
            owners = (
                (contact.id in self.menus.sessions)
                + (contact.state is ContactState.WAITING)
                + bool(contact.offer)
                + (bool(contact.agent) and floor.agents[contact.agent].contact == contact.id)
            )
            assert owners == 1, f"INV-05: contact {contact.id} has {owners} owners"
            assert contact.need_since <= (contact.queued_at or self.now), "INV-06: entry time never moves forward"

    def _check_nobody_waits_beside_an_idle_agent(self) -> None:
        floor = self.floor
        for contact in floor.contacts.values():
            if contact.state is ContactState.WAITING:
                choice = floor.matching.best_agent(contact, self.now)
                assert choice is None, f"INV-04: {contact.id} waits beside {choice and choice.agent.id}"


_ALARMS: dict[type, tuple[str, Any, Any, Any]] = {
    kind: (hall, *alarm)
    for hall, alarms in (
        ("floor", acd.decide.ALARMS),
        ("menus", ivr.session.ALARMS),
        ("desk", escalation.desk.ALARMS),
    )
    for kind, alarm in alarms.items()
}


def _by_address(plan: Plan) -> dict[str, EntryPoint]:
    return {address: entry for entry in plan.entry_points.values() for address in entry.addresses}
