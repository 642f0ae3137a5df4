"""The customers, agents and process teams of a made-up world, as they answer what the engine decides.

A world hears every event of the log and plans facts for later instants; whoever runs it hands those to the engine when
their time comes. It does not know whether that engine is simulated or live at the other end of a broker, where others
may be at work too: of contacts that are not its own it knows nothing, and its agents decline them.

Facts that are due at the same instant are acted in the order in which they were planned.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Final

from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    AnnounceWait,
    ContactEnded,
    ContactInterrupted,
    ContactJoined,
    ContactQueued,
    ContactReleased,
    ContactResumed,
    JoinParties,
    JoinTimedOut,
    LegFailed,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    OfferLost,
    QueueLeft,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.hands import BridgeParties
from acd.model import StandIn
from acd.stand_in_events import (
    CallbackAsked,
    CallbackFailed,
    ContactWithdrawn,
    DialCustomer,
    DialTimedOut,
    RecordMessage,
    VoicemailLeft,
)
from escalation.events import CaseAccepted, CaseOpened, CaseResolved
from ivr.events import CollectDigits, ContactKeyed, PromptFinished, SayPrompts
from router.events import ContactArrived, ContactLeft, Event
from simulator.agents import Shift, response
from simulator.population import Customer
from simulator.settings import AgentsSpec

HEARTBEATS: Final = 3
"""How many heartbeats there are to a lease, so that two may be lost."""


@dataclass(slots=True)
class _Plan:
    """A fact to come at an instant, or None once it was called off."""

    fact: Event | None
    at: int


@dataclass(slots=True)
class _Caller:
    """A customer: what he will do next, and about the prompt he hears, unless something comes between.

    He is on the line, unless something waits as his `stand_in`.
    """

    customer: Customer
    attempt: int
    next: _Plan
    prompt: _Plan | None = None
    waits: bool = False
    stand_in: StandIn = ""
    talk_left_ms: int = 0
    agent: str = ""


class World:
    """Plans what customers, agents and teams do: `upcoming` says when, `act` what, and by `hear` it learns the rest."""

    def __init__(
        self,
        spec: AgentsSpec,
        seed: int,
        customers: Iterable[Customer],
        shifts: Iterable[Shift],
        *,
        until: int | None = None,
        lease_ms: int = 0,
        present: Collection[str] = (),
    ) -> None:
        """`customers` and `shifts` in order of time; customers are not read further ahead than needed.

        Nobody calls again from `until` (ms) on. With `lease_ms` agents log in for so long, and renew it in good time.
        Those `present` are logged in already.
        """
        self._spec = spec
        self._seed = seed
        self._customers = iter(customers)
        self._shifts: dict[str, list[Shift]] = defaultdict(list)
        self._until = until
        self._lease_ms = lease_ms
        self._heap: list[tuple[int, int, _Plan]] = []  # by instant, then by when it was planned
        self._order = 0
        self._callers: dict[str, _Caller] = {}
        self._offers: dict[int, _Plan] = {}
        self._offered: dict[str, int] = {}
        self._wrapping: dict[tuple[str, str], _Plan] = {}
        self._present = dict.fromkeys(present)
        self._engaged: Counter[str] = Counter()
        self._next_ready: dict[str, _Plan] = {}
        self._heartbeats: dict[str, _Plan] = {}
        for shift in shifts:
            self._plan(shift.start, self._log_in(shift.agent))
            self._plan(shift.end, AgentStateSet(shift.agent, "offline"))
            self._shifts[shift.agent].append(shift)
        self._await_customer()

    def upcoming(self) -> int | None:
        """The instant (ms) of the next fact, or None when everything is done."""
        while self._heap and self._heap[0][2].fact is None:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def act(self) -> Event:
        """The next fact. Only after `upcoming` gave an instant, and at that instant."""
        _, _, plan = heappop(self._heap)
        fact, plan.fact = plan.fact, None
        if isinstance(fact, ContactArrived) and self._callers[fact.contact].attempt == 0:
            self._await_customer()
        return fact

    def hear(self, event: Event, now: int) -> None:
        """An event of the log, in order."""
        if react := _REACT.get(type(event)):
            react(self, event, now)

    @property
    def under_way(self) -> int:
        """How many customers are on the line, will call, or are still being wrapped up."""
        return len(self._callers)

    def close(self, now: int) -> None:
        """Drop everything that was planned. Whoever is still on the line hangs up, and all agents log out, `now`.

        Callbacks and messages that still wait are withdrawn.
        """
        self._heap.clear()
        self._shifts.clear()
        for contact, caller in self._callers.items():
            if not isinstance(caller.next.fact, ContactArrived):
                self._plan(now, self._leaving(contact, caller))
        for agent in self._present:
            self._plan(now, AgentStateSet(agent, "offline"))

    def _leaving(self, contact: str, caller: _Caller) -> Event:
        """What ends a contact for its customer."""
        if isinstance(caller.next.fact, VoicemailLeft):
            return VoicemailLeft(contact, 0)
        if isinstance(caller.next.fact, ContactReleased):
            return caller.next.fact
        waits = caller.stand_in and not isinstance(caller.next.fact, ContactLeft)
        return ContactWithdrawn(contact, "the day is over") if waits else ContactLeft(contact)

    def resume(self, contacts: Collection[str], offline: Collection[str], now: int) -> None:
        """Go on after some events were never heard: of all contacts only these are left, and these agents are offline.

        Whoever then waits for something that has happened already hangs up in the end, so that everybody comes home.
        """
        for contact, caller in list(self._callers.items()):
            if caller.next.fact is None and contact in contacts:
                wait_ms = caller.customer.patience_ms + caller.customer.talk_ms
                caller.next = self._plan(now + wait_ms, ContactLeft(contact))
            elif contact not in contacts and not isinstance(caller.next.fact, ContactArrived):
                self._hang_up(contact)
        for agent in [agent for agent in self._present if agent in offline]:
            self._gone(agent)
            self._come_back(agent, now, now)

    # --- planning -------------------------------------------------------------------------------------------------

    def _plan(self, at: int, fact: Event) -> _Plan:
        self._order += 1
        plan = _Plan(fact, at)
        heappush(self._heap, (at, self._order, plan))
        return plan

    def _await_customer(self) -> None:
        customer = next(self._customers, None)
        if customer is not None:
            self._call(customer, customer.id, customer.arrival_ms, 0)

    def _call(self, customer: Customer, contact: str, at: int, attempt: int) -> None:
        arrival = self._plan(at, ContactArrived(contact, customer.address, customer.number, personal=True))
        self._callers[contact] = _Caller(customer, attempt, arrival)

    # --- customers ------------------------------------------------------------------------------------------------

    def _said(self, event: SayPrompts, now: int) -> None:
        if caller := self._callers.get(event.contact):
            _call_off(caller.prompt)
            caller.prompt = self._plan(now + caller.customer.listen_ms, PromptFinished(event.contact, event.say))

    def _asked(self, event: CollectDigits, now: int) -> None:
        """Who knows the answer keys it, before the prompt has ended; who does not stays silent."""
        caller = self._callers.get(event.contact)
        if caller and (answer := caller.customer.answers.get(event.node)):
            _call_off(caller.prompt)
            caller.prompt = self._plan(now + caller.customer.listen_ms, ContactKeyed(event.contact, answer))

    def _queued(self, event: ContactQueued, now: int) -> None:
        """Patience begins with the wait, and does not begin anew in another queue, but for who has been talked to."""
        caller = self._callers.get(event.contact)
        if caller is None:
            return
        caller.stand_in = event.stand_in
        if caller.waits:
            return
        caller.waits = True
        _call_off(caller.next)
        if not caller.stand_in:
            caller.next = self._plan(now + caller.customer.patience_ms, ContactLeft(event.contact))

    def _joined(self, event: ContactJoined, now: int) -> None:
        self._offers.pop(event.offer, None)
        if caller := self._callers.get(event.contact):
            _call_off(caller.next)
            _call_off(caller.prompt)
            talked = ContactReleased(event.contact, event.agent) if caller.stand_in == "voicemail" else None
            caller.next = self._plan(now + caller.customer.talk_ms, talked or ContactLeft(event.contact))
            caller.waits, caller.agent = False, event.agent

    def _told_to_wait(self, event: AnnounceWait, now: int) -> None:
        """Who is offered a callback takes it, or never will."""
        caller = self._callers.get(event.contact)
        if caller and caller.customer.takes_callback and "callback" in event.tells:
            _call_off(caller.prompt)
            caller.prompt = self._plan(now + caller.customer.listen_ms, CallbackAsked(event.contact))

    def _left_queue(self, event: QueueLeft, now: int) -> None:
        """Who was about to answer an offer of the queue is elsewhere by now; who hung up loses no patience."""
        if caller := self._callers.get(event.contact):
            _call_off(caller.prompt)
            if event.outcome == "callback":
                _call_off(caller.next)

    def _recording(self, event: RecordMessage, now: int) -> None:
        if caller := self._callers.get(event.contact):
            _call_off(caller.next)
            message_ms = min(caller.customer.message_ms, event.record_ms_max)
            spoken = now + caller.customer.listen_ms + message_ms
            caller.next = self._plan(min(spoken, event.until), VoicemailLeft(event.contact, message_ms))

    def _dialled(self, event: DialCustomer, now: int) -> None:
        """He picks up, or lets it ring."""
        caller = self._callers.get(event.contact)
        if caller and event.attempt > caller.customer.missed_callbacks:
            joined = ContactJoined(event.contact, event.agent, event.offer)
            self._offers[event.offer] = self._plan(min(now + caller.customer.listen_ms, event.until), joined)

    def _bridged(self, event: BridgeParties, now: int) -> None:
        """After a warm transfer another agent has the last word."""
        if caller := self._callers.get(event.contact):
            caller.agent = event.agents[0]

    def _ended(self, event: ContactEnded, now: int) -> None:
        caller = self._callers.get(event.contact)
        if caller is None:
            return
        if event.outcome == "handled":
            _call_off(caller.next)
            return
        self._hang_up(event.contact)
        if event.outcome == "abandoned" and caller.attempt < len(caller.customer.redial_ms):
            self._call_again(caller, now + caller.customer.redial_ms[caller.attempt])

    def _interrupted(self, event: ContactInterrupted, now: int) -> None:
        """What is still to be done takes as long afterwards."""
        if caller := self._callers.get(event.contact):
            caller.talk_left_ms = max(0, caller.next.at - now)
            _call_off(caller.next)

    def _resumed(self, event: ContactResumed, now: int) -> None:
        if caller := self._callers.get(event.contact):
            caller.next = self._plan(now + caller.talk_left_ms, ContactLeft(event.contact))

    def _hang_up(self, contact: str) -> None:
        caller = self._callers.pop(contact)
        _call_off(caller.next)
        _call_off(caller.prompt)

    def _call_again(self, caller: _Caller, at: int) -> None:
        if self._until is None or at < self._until:
            again = caller.attempt + 1
            self._call(caller.customer, f"{caller.customer.id}-{again}", at, again)

    # --- agents: offers and contacts ------------------------------------------------------------------------------

    def _offered_to(self, event: OfferContact, now: int) -> None:
        self._engaged[event.agent] += 1
        nth = self._offered[event.agent] = self._offered.get(event.agent, 0) + 1
        answer = response(self._spec, self._seed, event.agent, nth)
        declined = OfferDeclined(event.contact, event.agent, event.offer, "busy with something else")
        if event.contact not in self._callers:
            self._offers[event.offer] = self._plan(now + answer.after_ms, declined)
        elif answer.kind != "miss":
            accepted = OfferAccepted(event.contact, event.agent, event.offer)
            fact = accepted if answer.kind == "accept" else declined
            self._offers[event.offer] = self._plan(now + answer.after_ms, fact)

    def _joining(self, event: JoinParties, now: int) -> None:
        if caller := self._callers.get(event.contact):
            _call_off(caller.prompt)
            self._offers[event.offer] = self._plan(now, ContactJoined(event.contact, event.agent, event.offer))

    def _offer_over(self, event: OfferLost, now: int) -> None:
        self._engaged[event.agent] -= 1
        _call_off(self._offers.pop(event.offer, None))

    def _wrap_up(self, event: WrapUpStarted, now: int) -> None:
        if caller := self._callers.get(event.contact):
            customer = caller.customer
            done = WrappedUp(event.agent, event.contact, customer.outcome, customer.reason)
            self._wrapping[event.agent, event.contact] = self._plan(now + customer.wrap_up_ms, done)

    def _wrapped_up(self, event: WrappedUp | WrapUpExpired, now: int) -> None:
        self._engaged[event.agent] -= 1
        _call_off(self._wrapping.pop((event.agent, event.contact), None))
        caller = self._callers.get(event.contact)
        if caller and event.outcome == "resolved" and event.agent == caller.agent:
            del self._callers[event.contact]

    # --- agents: coming and going ---------------------------------------------------------------------------------

    def _log_in(self, agent: str) -> Event:
        """The fact that begins a shift; for one who is there before his first, that he is there still."""
        if agent in self._present and agent not in self._shifts:
            return AgentAlive(agent, self._lease_ms)
        return AgentStateSet(agent, "ready", lease_ms=self._lease_ms)

    def _state_set(self, event: AgentStateSet, now: int) -> None:
        if event.state != "offline":
            self._present[event.agent] = None
            self._beat(event.agent, now)
        elif not self._engaged[event.agent]:
            self._gone(event.agent)

    def _alive(self, event: AgentAlive, now: int) -> None:
        self._beat(event.agent, now)

    def _beat(self, agent: str, now: int) -> None:
        if self._lease_ms:
            _call_off(self._heartbeats.get(agent))
            alive = AgentAlive(agent, self._lease_ms)
            self._heartbeats[agent] = self._plan(now + self._lease_ms // HEARTBEATS, alive)

    def _stopped(self, event: AgentMoved, now: int) -> None:
        """An agent who let offers pass comes back after a while; one who was thrown out, at once."""
        if event.state == "not_responding":
            self._come_back(event.agent, now, now + self._spec.back_after_ms)
        elif event.state == "offline":
            self._gone(event.agent)
            self._come_back(event.agent, now, now)

    def _lapsed(self, event: AgentLapsed, now: int) -> None:
        """Who is busy is moved later, and comes back then."""
        if not self._engaged[event.agent]:
            self._gone(event.agent)
            self._come_back(event.agent, now, now)

    def _gone(self, agent: str) -> None:
        self._present.pop(agent, None)
        _call_off(self._heartbeats.pop(agent, None))

    def _come_back(self, agent: str, now: int, at: int) -> None:
        """Be ready again at `at`, unless the shift of `now` is over by then."""
        _call_off(self._next_ready.pop(agent, None))
        if any(shift.start <= now and at < shift.end for shift in self._shifts.get(agent, ())):
            self._next_ready[agent] = self._plan(at, AgentStateSet(agent, "ready", lease_ms=self._lease_ms))

    # --- teams ----------------------------------------------------------------------------------------------------

    def _case_opened(self, event: CaseOpened, now: int) -> None:
        caller = self._callers.pop(event.contact, None)
        if caller is None:
            return
        customer = caller.customer
        if not event.team:
            self._plan(now + customer.follow_up_ms, CaseResolved(event.case))
            return
        self._plan(now + customer.pick_up_ms, CaseAccepted(event.case))
        self._plan(now + customer.pick_up_ms + customer.work_ms, CaseResolved(event.case))


def _call_off(plan: _Plan | None) -> None:
    if plan is not None:
        plan.fact = None


_REACT: Final[dict[type, Callable[[World, Any, int], None]]] = {
    SayPrompts: World._said,
    CollectDigits: World._asked,
    ContactQueued: World._queued,
    ContactJoined: World._joined,
    BridgeParties: World._bridged,
    ContactEnded: World._ended,
    ContactInterrupted: World._interrupted,
    ContactResumed: World._resumed,
    OfferContact: World._offered_to,
    JoinParties: World._joining,
    OfferDeclined: World._offer_over,
    OfferExpired: World._offer_over,
    LegFailed: World._offer_over,
    WithdrawOffer: World._offer_over,
    JoinTimedOut: World._offer_over,
    WrapUpStarted: World._wrap_up,
    WrappedUp: World._wrapped_up,
    WrapUpExpired: World._wrapped_up,
    AgentStateSet: World._state_set,
    AgentAlive: World._alive,
    AgentMoved: World._stopped,
    AgentLapsed: World._lapsed,
    CaseOpened: World._case_opened,
    AnnounceWait: World._told_to_wait,
    QueueLeft: World._left_queue,
    RecordMessage: World._recording,
    DialCustomer: World._dialled,
    CallbackFailed: World._offer_over,
    DialTimedOut: World._offer_over,
}
