"""All state of a centre. `Board.apply` is the only code that writes it, one event at a time.

The board puts the three cores together (desk, floor, menus), remembers which contacts ended lately, and keeps the one
heap of alarms: what happens by itself, and when. An alarm says only whose it is, (instant, place in `_ALARMS`, key); it
rings if the record still says that instant. So the records alone are the state, and the heap follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple

import acd.alarms
import acd.events
import escalation.desk
import escalation.events
import ivr.events
import ivr.session
from acd import capacity
from acd.contact import ANSWERED
from acd.events import ContactEnded, ContactQueued
from acd.floor import Floor
from acd.model import Agent, Contact, ContactState, Stance, WorkState
from escalation.desk import Desk
from escalation.events import CaseOpened, HoursChanged
from ivr.events import DigitsCollected
from ivr.session import Menus
from router.conditions import Conditions
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.plan import EntryPoint, Plan

ENDED_REMEMBERED: Final = 10_000
"""How many ended contacts are remembered, so that late news of them is *stale* and not *illegal*."""

Apply = Callable[[Event, int], None]
Alarm = tuple[int, int, Any]


class _Kind(NamedTuple):
    """One kind of alarm: every key there is one for, when it is due (None: not at all), and what happens then."""

    all_keys: Callable[[], Iterable[Any]]
    due: Callable[[Any], int | None]
    ring: Callable[[Any, int], Iterator[Event]]


class Board:
    """Contacts, agents, offers, sessions, cases, calendars and alarms, after `seq` events, the last one at `now`."""

    def __init__(self, plans: Mapping[str, Plan], plan: str) -> None:
        self.plans = plans
        self.plan = plans[plan]
        self.floor = Floor(self.plan.floor)
        self.menus = Menus(self.plan.menus, self)
        self.desk = Desk(self.plan.desk)
        self.conditions = Conditions.of(self.plan)
        self.ended: dict[str, None] = {}
        self._alarms: list[Alarm] = []
        self._alarms_max = 0
        self._kinds = self._alarm_kinds()
        self._due = [kind.due for kind in self._kinds]  # apart, as it is asked for at every event
        self.seq = 0
        self.now = 0
        self.started = False
        self._book = self._bookings()
        self._entries = _by_address(self.plan)

    def apply(self, event: Event, now: int) -> None:
        """Book one event that happens at `now` (ms since the epoch, never before the last one)."""
        self.now = now
        self.seq += 1
        for book in self._book[type(event)]:
            book(event, now)

    def due(self, now: int | None = None) -> int | None:
        """When the next alarm rings (before or at `now`, if given), or None. Forgets those that no longer matter."""
        alarms = self._alarms
        while alarms and (now is None or alarms[0][0] <= now):
            at, place, key = alarms[0]
            if self._due[place](key) == at:
                return at
            heappop(alarms)
        return None

    def ring(self, now: int) -> Iterator[Event]:
        """Take the next alarm off and say what follows from it. Only after `due(now)` gave one."""
        _, place, key = heappop(self._alarms)
        return self._kinds[place].ring(key, now)

    def restore(self) -> None:
        """Build again what follows from the records: indexes and alarms.

        Those of the past have rung already, but for the look at queues of old systems: it may be due at this instant.
        """
        self.floor.index()
        self._set_alarms()

    def _set_alarms(self) -> None:
        """Set every alarm that the records, and the rules in force, speak of; and again what events set."""
        self._book = self._bookings()
        self._alarms = []
        for place, kind in enumerate(self._kinds):
            for key in kind.all_keys():
                self._arm(place, key)
        while self._alarms and self._alarms[0][0] <= self.now:
            heappop(self._alarms)
        self._arm(*_LOOK)

    def entry_point(self, dialled: str) -> EntryPoint | None:
        """The entry point with this number or address."""
        return self._entries.get(dialled)

    # --- alarms ---------------------------------------------------------------------------------------------------

    def _alarm_kinds(self) -> list[_Kind]:
        cores = {"desk": self.desk, "floor": self.floor, "menus": self.menus}
        return [_Kind(*(partial(part, cores[core]) for part in alarm)) for core, alarm in _ALARMS]

    def _arm_by(self, place: int, key_of: Callable[[Event], Any], event: Event, _now: int) -> None:
        self._arm(place, key_of(event))

    def _arm(self, place: int, key: Any) -> None:
        at = self._due[place](key)
        if at is None:
            return
        heappush(self._alarms, (at, place, key))
        if len(self._alarms) > self._alarms_max:
            self._alarms = sorted(set(filter(self._is_set, self._alarms)))
            self._alarms_max = 2 * len(self._alarms) + 1_000

    def _is_set(self, alarm: Alarm) -> bool:
        at, place, key = alarm
        return at == self._due[place](key)

    # --- what the menus may ask -----------------------------------------------------------------------------------

    def is_open(self, calendar: str) -> bool:
        """Whether a calendar is open now."""
        return self.desk.open[calendar]

    def case_state(self, contact: str) -> str | None:
        """The state of the newest case of the contact's customer, or None."""
        case = self.desk.newest(self.floor.contacts[contact].customer)
        return case.state if case else None

    # --- booking what concerns more than one core -----------------------------------------------------------------

    def _bookings(self) -> dict[type, tuple[Apply, ...]]:
        cores: list[tuple[Any, Apply]] = [
            (acd.events, self.floor.apply),
            (ivr.events, self.menus.apply),
            (escalation.events, self.desk.apply),
        ]
        book: dict[type, tuple[Apply, ...]] = {
            kind: (apply,) for events, apply in cores for kind in (*events.FACTS, *events.DECISIONS)
        }
        book[CentreStarted] = (self._start,)
        book[ContactArrived] = (self._arrive,)
        book[ContactLeft] = ()
        book[ContactQueued] += (self._leave_menus,)
        book[ContactEnded] += (self._leave_menus, self._remember)
        book[DigitsCollected] += (self._identify,)
        book[CaseOpened] += (self._hand_over,)
        book[HoursChanged] += (self._turn,)
        silent = {_NAMES.index(("floor", name)) for name in acd.alarms.silent(self.floor)}
        for event, place, key_of in _ARMED_BY:
            if place not in silent:
                book[event] += (partial(self._arm_by, place, key_of),)
        return book

    def _start(self, event: CentreStarted, _now: int) -> None:
        self.plan = self.plans[event.plan]
        self.floor.adopt(self.plan.floor)
        self.menus.plan, self.desk.plan = self.plan.menus, self.plan.desk
        self.conditions = Conditions.of(self.plan)
        self._entries = _by_address(self.plan)
        self._set_alarms()
        self.started = True

    def _arrive(self, event: ContactArrived, now: int) -> None:
        entry = self._entries[event.dialled]
        customer = event.number if event.personal else ""
        self.floor.arrive(
            Contact(event.contact, entry.channel, entry.id, entry.service_line, entry.language, now, customer)
        )
        self.menus.start(event.contact, entry.language)

    def _leave_menus(self, event: ContactQueued | ContactEnded, _now: int) -> None:
        self.menus.end(event.contact)

    def _remember(self, event: ContactEnded, _now: int) -> None:
        self.ended[event.contact] = None
        if len(self.ended) > ENDED_REMEMBERED:
            del self.ended[next(iter(self.ended))]

    def _identify(self, event: DigitsCollected, _now: int) -> None:
        if event.identify and event.value:
            self.floor.contacts[event.contact].customer = event.value

    def _hand_over(self, event: CaseOpened, _now: int) -> None:
        self.floor.settle(event.contact)

    def _turn(self, event: HoursChanged, _now: int) -> None:
        self.floor.turn(event.calendar, is_open=event.open)

    # --- the laws -------------------------------------------------------------------------------------------------

    def check(self, now: int | None = None) -> None:
        """Assert what must hold after every input, and at `now` where that is later than the last event.

        For tests and simulations: it looks at all of the centre.
        """
        self._check_offers()
        self._check_agents()
        self._check_owners()
        self._check_nobody_waits_beside_an_idle_agent(self.now if now is None else now)

    def _check_offers(self) -> None:
        floor = self.floor
        for offer in floor.offers.values():
            assert offer.id in floor.contacts[offer.contact].offers, "INV-05: every offer is of a contact that knows it"
            assert floor.agents[offer.agent].offer == offer.id, "INV-01: one offer to an agent at a time"
            assert offer.until >= self.now, "INV-03: every offer ends by its time"

    def _check_agents(self) -> None:
        for agent in self.floor.agents.values():
            reserved = [work.contact for work in agent.works.values() if work.state is WorkState.RESERVED]
            offered = [self.floor.offers[agent.offer].contact] if agent.offer else []
            assert offered == reserved, "INV-01: reserved is having an offer"
            assert not agent.works or agent.stance in (Stance.READY, Stance.NOT_RESPONDING), "the busy are there"
            assert agent.works or agent.pending is None, "only the busy wait to do what they asked for"
            assert agent.stance is not Stance.OFFLINE or not agent.lease_until, "nobody leases being away"
            _check_load(agent)

    def _check_owners(self) -> None:
        floor = self.floor
        for contact in floor.contacts.values():
            owners = (
                (contact.id in self.menus.sessions)
                + (contact.state in (ContactState.WAITING, ContactState.RESTING, ContactState.RECORDING))
                + (contact.state in (ContactState.OFFERED, ContactState.JOINING) and bool(contact.offers))
                + (bool(contact.agent) and contact.id in floor.agents[contact.agent].works)
                + (contact.state is ContactState.ENDED and not contact.agent and bool(contact.parts))
            )
            assert owners == 1, f"INV-05: contact {contact.id} has {owners} owners"
            assert contact.need_since <= (contact.queued_at or self.now), "INV-06: entry time never moves forward"
            for agent in contact.parts:
                assert contact.id in floor.agents[agent].works, f"{agent} still wraps up his part of {contact.id}"
            self._check_consult(contact)

    def _check_consult(self, contact: Contact) -> None:
        leg = self.floor.contacts.get(contact.consult)
        assert bool(contact.consult) == (leg is not None), "a contact knows the consult about it"
        assert leg is None or leg.consults == contact.id, "a consult knows what it is about"
        assert contact.state is not ContactState.HELD or leg is not None, "nobody is on hold for nothing"
        assert leg is None or contact.state in ANSWERED, "a consult ends with its contact"
        assert not contact.supervisors or contact.state in ANSWERED, "nobody listens where nobody talks"

    def _check_nobody_waits_beside_an_idle_agent(self, now: int) -> None:
        floor = self.floor
        for contact in floor.contacts.values():
            assert not contact.joining or floor.offers[contact.joining].accepted, "INV-02: one accept to a contact"
            if floor.seeks(contact):
                choice = floor.matching.best_agent(contact, now)
                assert choice is None, f"INV-04: {contact.id} waits beside an idle agent"


def _check_load(agent: Agent) -> None:
    """Whoever cannot wait has an agent to himself as far as he needs one, and whoever can waits no longer than needed.

    Works keep the cost that their channel had when they were offered, and new rules may leave an agent with more than
    he could be given by now; that is borne, and ends with them.
    """
    assert capacity.to_interrupt(agent) is None, f"INV-01: {agent.id} has more in hand than can be borne at once"
    assert capacity.to_resume(agent) is None, f"INV-04: something waits for {agent.id}, who could go on with it"


_CORES: Final[dict[str, tuple[dict[str, Any], tuple[Any, ...]]]] = {
    "desk": (escalation.desk.ALARMS, escalation.desk.ARMED_BY),
    "floor": (acd.alarms.ALARMS, acd.alarms.ARMED_BY),
    "menus": (ivr.session.ALARMS, ivr.session.ARMED_BY),
}
_NAMES: Final = [(core, name) for core, (alarms, _) in _CORES.items() for name in alarms]
_ALARMS: Final = [(core, _CORES[core][0][name]) for core, name in _NAMES]
"""At one instant, hours change first, so that a menu sees them; then agents are freed; then menus move on."""
_LOOK: Final = (_NAMES.index(("floor", acd.alarms.COMPAT)), acd.alarms.COMPAT)
_ARMED_BY: Final[list[tuple[type, int, Callable[[Event], Any]]]] = [
    (event, _NAMES.index((core, name)), key_of)
    for core, (_, armed_by) in _CORES.items()
    for event, name, key_of in armed_by
]


def _by_address(plan: Plan) -> dict[str, EntryPoint]:
    return {address: entry for entry in plan.entry_points.values() for address in entry.addresses}
