"""The customers, agents and process teams of a made-up world, as they answer what the engine decides.

A world hears every event of the log and plans facts for later instants; whoever runs it hands those to the engine when
their time comes. It does not know whether that engine is simulated or live at the other end of a broker.

Facts that are due at the same instant are acted in the order in which they were planned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from acd.events import (
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    JoinParties,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from escalation.events import CaseAccepted, CaseOpened, CaseResolved
from ivr.events import CollectDigits, ContactKeyed, FlowMoved, PromptFinished, SayPrompts
from router.events import ContactArrived, ContactLeft, Event
from simulator.agents import Shift, response
from simulator.population import Customer
from simulator.settings import AgentsSpec


@dataclass(slots=True)
class _Plan:
    """A fact to come, or None once it was called off. Ordered by instant, then by when it was planned."""

    at: int
    order: int
    fact: Event | None

    def __lt__(self, other: _Plan) -> bool:
        return (self.at, self.order) < (other.at, other.order)


@dataclass(slots=True)
class _Caller:
    """A customer on the line: where he is in the menu, and what he will do next unless something comes between."""

    customer: Customer
    attempt: int
    node: str = ""
    next: _Plan | None = None
    prompt: _Plan | None = None


class World:
    """Plans what customers, agents and teams do. `upcoming`, `act` and `hear` are all there is to it."""

    def __init__(self, spec: AgentsSpec, seed: int, customers: Iterable[Customer], shifts: Iterable[Shift]) -> None:
        """`customers` and `shifts` in order of time; neither is read further ahead than needed."""
        self._spec = spec
        self._seed = seed
        self._customers = iter(customers)
        self._shifts = list(shifts)
        self._heap: list[_Plan] = []
        self._order = 0
        self._callers: dict[str, _Caller] = {}
        self._offers: dict[int, _Plan] = {}
        self._offered: dict[str, int] = {}
        self._wrapping: dict[str, _Plan] = {}
        for shift in self._shifts:
            self._plan(shift.start, AgentStateSet(shift.agent, "ready"))
            self._plan(shift.end, AgentStateSet(shift.agent, "offline"))
        self._await_customer()

    def upcoming(self) -> int | None:
        """The instant (ms) of the next fact, or None when everything is done."""
        while self._heap and self._heap[0].fact is None:
            heappop(self._heap)
        return self._heap[0].at if self._heap else None

    def act(self) -> Event:
        """The next fact. Only after `upcoming` gave an instant, and at that instant."""
        plan = heappop(self._heap)
        if isinstance(plan.fact, ContactArrived) and self._callers[plan.fact.contact].attempt == 0:
            self._await_customer()
        return plan.fact

    def hear(self, event: Event, now: int) -> None:
        """An event of the log, in order."""
        if react := _REACT.get(type(event)):
            react(self, event, now)

    # --- planning -------------------------------------------------------------------------------------------------

    def _plan(self, at: int, fact: Event) -> _Plan:
        self._order += 1
        plan = _Plan(at, self._order, fact)
        heappush(self._heap, plan)
        return plan

    def _await_customer(self) -> None:
        customer = next(self._customers, None)
        if customer is not None:
            self._call(customer, customer.id, customer.arrival_ms, 0)

    def _call(self, customer: Customer, contact: str, at: int, attempt: int) -> None:
        self._callers[contact] = _Caller(customer, attempt)
        self._plan(at, ContactArrived(contact, customer.address, customer.number, personal=True))

    # --- customers ------------------------------------------------------------------------------------------------

    def _moved(self, event: FlowMoved, now: int) -> None:
        self._callers[event.contact].node = event.node

    def _said(self, event: SayPrompts, now: int) -> None:
        caller = self._callers[event.contact]
        _call_off(caller.prompt)
        caller.prompt = self._plan(now + caller.customer.listen_ms, PromptFinished(event.contact, event.say))

    def _asked(self, event: CollectDigits, now: int) -> None:
        """Who knows the answer keys it, before the prompt has ended; who does not stays silent."""
        caller = self._callers[event.contact]
        if answer := caller.customer.answers.get(event.node):
            _call_off(caller.prompt)
            caller.prompt = self._plan(now + caller.customer.listen_ms, ContactKeyed(event.contact, answer))

    def _queued(self, event: ContactQueued, now: int) -> None:
        caller = self._callers[event.contact]
        caller.next = self._plan(now + caller.customer.patience_ms, ContactLeft(event.contact))

    def _joined(self, event: ContactJoined, now: int) -> None:
        caller = self._callers[event.contact]
        _call_off(caller.next)
        _call_off(caller.prompt)
        caller.next = self._plan(now + caller.customer.talk_ms, ContactLeft(event.contact))

    def _ended(self, event: ContactEnded, now: int) -> None:
        caller = self._callers[event.contact]
        _call_off(caller.next)
        _call_off(caller.prompt)
        if event.outcome == "handled":
            return
        del self._callers[event.contact]
        if event.outcome == "abandoned" and caller.attempt < len(caller.customer.redial_ms):
            again = caller.attempt + 1
            at = now + caller.customer.redial_ms[caller.attempt]
            self._call(caller.customer, f"{caller.customer.id}-{again}", at, again)

    # --- agents ---------------------------------------------------------------------------------------------------

    def _offered_to(self, event: OfferContact, now: int) -> None:
        nth = self._offered[event.agent] = self._offered.get(event.agent, 0) + 1
        answer = response(self._spec, self._seed, event.agent, nth)
        accepted = OfferAccepted(event.contact, event.agent, event.offer)
        declined = OfferDeclined(event.contact, event.agent, event.offer, "busy with something else")
        if answer.kind != "miss":
            fact = accepted if answer.kind == "accept" else declined
            self._offers[event.offer] = self._plan(now + answer.after_ms, fact)

    def _joining(self, event: JoinParties, now: int) -> None:
        self._offers[event.offer] = self._plan(now, ContactJoined(event.contact, event.agent, event.offer))

    def _offer_over(self, event: WithdrawOffer | OfferExpired, now: int) -> None:
        _call_off(self._offers.pop(event.offer, None))

    def _wrap_up(self, event: WrapUpStarted, now: int) -> None:
        customer = self._callers[event.contact].customer
        done = WrappedUp(event.agent, event.contact, customer.outcome, customer.reason)
        self._wrapping[event.agent] = self._plan(now + customer.wrap_up_ms, done)

    def _wrapped_up(self, event: WrappedUp | WrapUpExpired, now: int) -> None:
        _call_off(self._wrapping.pop(event.agent, None))
        if event.outcome == "resolved":
            del self._callers[event.contact]

    def _stopped(self, event: AgentMoved, now: int) -> None:
        """An agent who let offers pass comes back after a while, if he is still at work then."""
        back = now + self._spec.back_after_ms
        if event.state == "not_responding" and any(
            shift.agent == event.agent and shift.start <= now and back < shift.end for shift in self._shifts
        ):
            self._plan(back, AgentStateSet(event.agent, "ready"))

    # --- teams ----------------------------------------------------------------------------------------------------

    def _case_opened(self, event: CaseOpened, now: int) -> None:
        customer = self._callers.pop(event.contact).customer
        if not event.team:
            self._plan(now + customer.follow_up_ms, CaseResolved(event.case))
            return
        self._plan(now + customer.pick_up_ms, CaseAccepted(event.case))
        self._plan(now + customer.pick_up_ms + customer.work_ms, CaseResolved(event.case))


def _call_off(plan: _Plan | None) -> None:
    if plan is not None:
        plan.fact = None


_REACT: dict[type, Callable[[World, Any, int], None]] = {
    FlowMoved: World._moved,
    SayPrompts: World._said,
    CollectDigits: World._asked,
    ContactQueued: World._queued,
    ContactJoined: World._joined,
    ContactEnded: World._ended,
    OfferContact: World._offered_to,
    JoinParties: World._joining,
    WithdrawOffer: World._offer_over,
    OfferExpired: World._offer_over,
    WrapUpStarted: World._wrap_up,
    WrappedUp: World._wrapped_up,
    WrapUpExpired: World._wrapped_up,
    AgentMoved: World._stopped,
    CaseOpened: World._case_opened,
}
