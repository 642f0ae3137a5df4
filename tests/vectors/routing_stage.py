"""Virtual time around the engine: callers, phones and agents that act as a case says. Decides nothing of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Literal

from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    ContactReleased,
    ContactReprioritised,
    JoinParties,
    LegAnswered,
    LegFailed,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    WrappedUp,
)
from acd.floor import Floor
from acd.model import ContactState
from ivr.events import ContactKeyed, PromptFinished
from router.engine import Engine, Refused
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.plan import Plan
from tests.vectors.routing_cases import Ring

START_MS = 1_000_000_000_000
"""The t = 0 of every case, with room for what happened before it."""


class Moment(IntEnum):
    """The order of what happens at one t.

    The vectors apply all facts of an instant and then decide; the engine decides after each. So what takes choices away
    comes before what adds any, and an agent who is freed, by a talk that ends or because he is back, only before the
    arrivals: else he would be offered somebody who hangs up at this very instant. Where others wait for him, he comes
    after the arrivals too, so that he is offered the best of them all. The facts themselves come out the same.
    A queue of an old system decides only when it is looked at; there, all alarms come after the facts.
    """

    EVENT = 1
    HANG_UP = 2
    ANSWER = 3
    REJECT = 4
    ALARM = 5
    FREED = 6
    ARRIVAL = 7
    LOOK = 8


_Act = tuple[int, Moment, int, Callable[[], None]]


class Stage:
    """One centre, played from its plan. `log` is all that happened in the case itself, as (t in seconds, event).

    `after_connect`: by agent, what he does as soon as he is connected.
    """

    def __init__(
        self, plan: Plan, rings: Mapping[str, Ring], talks: Mapping[str, float], alarms: Moment = Moment.ALARM
    ) -> None:
        """`rings`: how agents answer, by id. `talks`: seconds from connect to the end, by contact; absent: for ever.

        `alarms`: when at each t what happens by itself does, and so when the queues of an old system are looked at.
        """
        self.engine = Engine(plan)
        self.engine.handle(CentreStarted(plan.hash), 0)
        self.log: list[tuple[float, Event]] = []
        self._rings, self._talks, self._alarms = rings, talks, alarms
        self._script: list[_Act] = []
        self._sequence = count()
        self._now = 0
        self.after_connect: dict[str, Callable[[], None]] = {}
        self._wait_ends: dict[str, float] = {}
        self._connected: set[str] = set()

    @property
    def floor(self) -> Floor:
        """The floor as it is now."""
        return self.engine.board.floor

    def at(self, at_s: float, moment: Moment, act: Callable[[], None]) -> None:
        """Let this be done at that t."""
        self._schedule(START_MS + round(at_s * 1000), moment, act)

    def run(self, until_s: float) -> None:
        """Play everything up to and including this t. The invariants of the whole floor are checked at every step."""
        until = START_MS + round(until_s * 1000)
        while (following := self._next()) and following[0] <= until:
            self._now, moment = following
            if moment is self._alarms:
                self._book(self.engine.tick(self._now))
            elif moment is Moment.FREED and (arrival := self._arrival()):
                self._script.remove(arrival)
                heapify(self._script)
                arrival[3]()
            else:
                heappop(self._script)[3]()
            self.engine.board.check()

    # --- what people do -------------------------------------------------------------------------------------------

    def arrive(self, contact: str, address: str, number: str = "") -> None:
        """A customer comes in, perhaps from a number of his own."""
        self._tell(ContactArrived(contact, address, number, personal=bool(number)))

    def end_prompt(self, contact: str) -> None:
        """The contact has heard its first prompt."""
        self._tell(PromptFinished(contact, 1))

    def key(self, contact: str, digits: str) -> None:
        """A customer presses keys."""
        self._tell(ContactKeyed(contact, digits))

    def hang_up(self, contact: str) -> None:
        """The customer leaves, unless he has been answered."""
        if contact not in self._connected:
            self._tell(ContactLeft(contact))

    def ask(self, agent: str, state: Literal["ready", "paused", "offline"], reason: str = "") -> None:
        """The agent asks for a state."""
        self.say(AgentStateSet(agent, state, reason))

    def say(self, asked: AgentStateSet) -> None:
        """The agent asks for a state, with a reason."""
        self._tell(asked)

    def reprioritise(self, contact: str, priority: int, *, immediate: bool = True) -> None:
        """A waiting contact is given another priority."""
        self._tell(ContactReprioritised(contact, priority, immediate=immediate))

    # --- what had happened before ---------------------------------------------------------------------------------

    def was_offered(self, address: str, agent: str) -> None:
        """The agent, who is ready and the only one for this address, has an offer that comes to nothing."""
        offer = self._offer_of_old(address)
        self.engine.handle(OfferDeclined(offer.contact, agent, offer.offer), self._now)
        self.engine.handle(ContactLeft(offer.contact), self._now)

    def has_served(self, address: str, agent: str) -> None:
        """The agent, who is ready and the only one for this address, serves a contact, all at this instant."""
        offer = self._offer_of_old(address)
        about = (offer.contact, agent)
        facts = (
            OfferAccepted(*about, offer.offer),
            ContactJoined(*about, offer.offer),
            ContactReleased(*about),
            WrappedUp(agent, offer.contact, "resolved"),
        )
        for fact in facts:
            self.engine.handle(fact, self._now)

    def _offer_of_old(self, address: str) -> OfferContact:
        events = self.engine.handle(ContactArrived(f"{address}, {next(self._sequence)}", address), self._now)
        return next(event for event in events if isinstance(event, OfferContact))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _schedule(self, at: int, moment: Moment, act: Callable[[], None]) -> None:
        heappush(self._script, (at, moment, next(self._sequence), act))

    def _next(self) -> tuple[int, Moment] | None:
        """The next instant, and what comes first at it."""
        alarm = self.engine.deadline()
        heads = [] if alarm is None else [(alarm, self._alarms)]
        if self._script:
            heads.append(self._script[0][:2])
        return min(heads, default=None)

    def _arrival(self) -> _Act | None:
        """The next arrival at this instant, if somebody waits already."""
        contacts = self.engine.board.floor.contacts.values()
        if not any(contact.state is ContactState.WAITING for contact in contacts):
            return None
        return min((act for act in self._script if act[:2] == (self._now, Moment.ARRIVAL)), default=None)

    def _tell(self, fact: Event) -> None:
        """Hand a fact to the engine. One that comes too late, such as an answer to a withdrawn offer, has no effect."""
        try:
            self._book(self.engine.handle(fact, self._now))
        except Refused as refusal:
            if refusal.fault != "stale":
                raise

    def _book(self, events: list[Event]) -> None:
        for event in events:
            self.log.append(((self._now - START_MS) / 1000, event))
            match event:
                case ContactQueued(contact=contact, until=until):
                    self._wait_ends[contact] = inf if until is None else until
                case OfferContact():
                    self._ring(event)
                case JoinParties(offer=offer, contact=contact, agent=agent):
                    self._soon(0, Moment.ANSWER, ContactJoined(contact, agent, offer))
                case ContactJoined():
                    self._talk(event)

    def _ring(self, offer: OfferContact) -> None:
        """The agent does what he is said to do; to a customer whose wait is over by then, and cut short, nothing."""
        ring, about = self._rings[offer.agent], (offer.contact, offer.agent, offer.offer)
        if ring.answer is not None:
            ends = inf if self.floor.rings_out(self.floor.contacts[offer.contact]) else self._gone_at(offer)
            if self._now + round(ring.answer * 1000) < ends:
                self._soon(ring.answer, Moment.ANSWER, LegAnswered(*about))
        elif ring.reject is not None:
            self._soon(ring.reject, Moment.REJECT, OfferDeclined(*about))
        elif ring.busy is not None:
            self._soon(ring.busy, Moment.REJECT, LegFailed(*about, cause="busy"))

    def _gone_at(self, offer: OfferContact) -> float:
        """When the customer's wait ends; Asterisk may let a phone ring on beyond it."""
        wait_end = self._wait_ends.get(offer.contact, inf)
        rings_on = self.engine.board.plan.floor.queues[offer.queue].compat and offer.until > wait_end
        return inf if rings_on else wait_end

    def _talk(self, joined: ContactJoined) -> None:
        self._connected.add(joined.contact)
        if act := self.after_connect.get(joined.agent):
            self._schedule(self._now, Moment.EVENT, act)
        if (talk_s := self._talks.get(joined.contact)) is not None:
            self._soon(talk_s, Moment.FREED, ContactReleased(joined.contact, joined.agent))

    def _soon(self, after_s: float, moment: Moment, fact: Event) -> None:
        self._schedule(self._now + round(after_s * 1000), moment, lambda: self._tell(fact))

    # --- what came of it ------------------------------------------------------------------------------------------

    def offers(self) -> list[tuple[float, str, str]]:
        """Every offer: t, contact, agent."""
        return [(at, event.contact, event.agent) for at, event in self.log if isinstance(event, OfferContact)]

    def connects(self) -> list[tuple[float, str, str]]:
        """Every answer: t, contact, agent."""
        return [(at, event.contact, event.agent) for at, event in self.log if isinstance(event, ContactJoined)]

    def ends(self) -> list[tuple[float, ContactEnded]]:
        """Every end of a contact."""
        return [(at, event) for at, event in self.log if isinstance(event, ContactEnded)]
