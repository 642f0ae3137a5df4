"""What a queue remembers: the callers in it and its agents, as the module's tables have them, in whole seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from acd.compat.events import CompatLooked
from acd.compat.freeswitch.plan import FreeswitchQueue, Past, Status
from acd.contact import UNANSWERED
from acd.events import (
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    ContactReprioritised,
    JoinTimedOut,
    LegFailed,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    QueueLeft,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
)
from acd.model import Contact

POLL_MS: Final = 100
"""The module looks ten times a second; so two looks are never closer, and an offer that fails at once is no storm."""

IDLE: Final = "idle"
OUTSIDE_CALL: Final = "outside call"
"""Reasons of pauses that an agent asks for and keeps his status in. With any other reason he is on a break."""

Loss = Literal["", "missed", "declined", "busy", "unreachable"]

_LOSSES: dict[str, Loss] = {
    "no_answer": "missed",
    "declined": "declined",
    "busy": "busy",
    "unreachable": "unreachable",
    "lost": "",
}


@dataclass(slots=True)
class Caller:
    """A contact in the queue, or one whose customer left it unanswered (`left_s`).

    `joined_at` and `need_since` are instants in ms. `agent` was the last one rung for it, at `rung_s`.
    `base` is how many seconds of waiting it was given on the way.
    """

    joined_at: int
    need_since: int
    base: int = 0
    customer: str = field(default="", repr=False, metadata={"personal": "person"})
    agent: str = ""
    rung_s: int = 0
    left_s: int = 0


@dataclass(slots=True)
class AgentMemory:
    """What the module knows of an agent. Instants are whole seconds since the epoch, 0 for never.

    Of the last offer, `missed_before` is how many he had missed in a row; `loss` and `lost_s` are how and when it was
    lost; `missed_now`: it was missed, and it is not decided yet whether that was one too many.
    """

    status: Status = "available"
    bridge_began_s: int = 0
    bridge_ended_s: int = 0
    talk_s: int = 0
    answered: int = 0
    offered_s: int = 0
    missed: int = 0
    missed_before: int = 0
    missed_now: bool = False
    loss: Loss = ""
    lost_s: int = 0


@dataclass(slots=True)
class FreeswitchWatch:
    """What a queue remembers, a fold over the floor's events. `look_at`: when it is looked at next (ms), or None.

    `left` are callers who left unanswered in the last `resume_ms`, by contact, the first to leave first.
    """

    cuts_offers: ClassVar[bool] = True
    rings_out: ClassVar[bool] = True
    limits_missed: ClassVar[bool] = True

    queue: str
    look_at: int | None = None
    looked_at: int = -POLL_MS
    resume_ms: int | None = None
    callers: dict[str, Caller] = field(default_factory=dict)
    left: dict[str, Caller] = field(default_factory=dict)
    agents: dict[str, AgentMemory] = field(default_factory=dict)
    system: Literal["freeswitch"] = "freeswitch"

    def adopt(self, plan: FreeswitchQueue) -> None:
        """Follow these settings from now on. Agents who were known keep what they have behind them."""
        self.resume_ms = plan.resume_ms
        for each in plan.agents:
            if each.agent not in self.agents:
                self.agents[each.agent] = _with(each.past)

    def find(self, contact: Contact) -> None:
        """Take a contact in that waited in the queue before it was watched."""
        if contact.queue == self.queue and contact.state in UNANSWERED:
            base, customer = contact.priority, contact.customer
            self.callers[contact.id] = Caller(contact.queued_at, contact.need_since, base, customer)

    def apply(self, event: Any, now: int) -> None:
        """Hear of an event that was just booked."""
        if isinstance(event, CompatLooked):
            if event.queue == self.queue:
                self.looked_at, self.look_at = now, event.next_at
        elif (book := _BOOK.get(type(event))) and book(self, event, now):
            soonest = max(now, self.looked_at + POLL_MS)
            self.look_at = soonest if self.look_at is None else min(self.look_at, soonest)

    def holds_back(self, _agent: str) -> bool:
        """Whether the agent is paused in this queue alone: never, for his status is one for all queues."""
        return False

    def resumable(self, customer: str, now: int) -> str:
        """The contact in whose place this customer may wait on: his last one that left; empty where there is none."""
        if not customer:
            return ""
        held = (contact for contact in reversed(self.left) if self.left[contact].customer == customer)
        return next((contact for contact in held if self._is_held(self.left[contact], now // 1000)), "")

    # --- booking: callers. Each says whether it is this queue's business ------------------------------------------

    def _queued(self, event: ContactQueued, now: int) -> bool:
        if event.queue != self.queue:
            return False
        caller = Caller(now, event.need_since, event.priority, event.customer)
        if before := self.left.pop(event.resumes, None):
            caller.joined_at, caller.need_since, caller.base = before.joined_at, before.need_since, before.base
        self.callers[event.contact] = caller
        return True

    def _reprioritised(self, event: ContactReprioritised, _now: int) -> bool:
        caller = self.callers.get(event.contact)
        if caller:
            caller.base = event.priority
        return caller is not None

    def _queue_left(self, event: QueueLeft, _now: int) -> bool:
        return event.queue == self.queue and self.callers.pop(event.contact, None) is not None

    def _ended(self, event: ContactEnded, now: int) -> bool:
        caller, agent = self.callers.pop(event.contact, None), self.agents.get(event.agent)
        if agent:
            agent.bridge_ended_s = now // 1000
            agent.talk_s += agent.bridge_ended_s - agent.bridge_began_s
        if caller and event.outcome != "handled":
            self._keep(event.contact, caller, now // 1000)
        return bool(caller or agent)

    def _keep(self, contact: str, caller: Caller, now_s: int) -> None:
        """Keep a place, and forget those that nobody came back to."""
        while self.left and not self._is_held(self.left[first := next(iter(self.left))], now_s):
            del self.left[first]
        if caller.customer and self.resume_ms is not None:
            caller.left_s = now_s
            self.left[contact] = caller

    def _is_held(self, caller: Caller, now_s: int) -> bool:
        return self.resume_ms is not None and caller.left_s + self.resume_ms // 1000 >= now_s

    # --- booking: offers ------------------------------------------------------------------------------------------

    def _offered(self, event: OfferContact, now: int) -> bool:
        caller, agent = self.callers.get(event.contact), self.agents.get(event.agent)
        if caller:
            caller.agent, caller.rung_s = event.agent, now // 1000
        if agent:
            agent.offered_s, agent.missed_before, agent.missed_now = now // 1000, agent.missed, False
        return bool(caller or agent)

    def _lost(self, event: OfferDeclined | OfferExpired | LegFailed, now: int) -> bool:
        loss: Loss = "declined" if isinstance(event, OfferDeclined) else "missed"
        if isinstance(event, LegFailed):
            loss = _LOSSES[event.cause]
        if agent := self.agents.get(event.agent):
            if loss:
                agent.loss, agent.lost_s = loss, now // 1000
            agent.missed += loss == "missed"
            agent.missed_now = loss == "missed"
        return self._concerns(event, now)

    def _joined(self, event: ContactJoined, now: int) -> bool:
        if agent := self.agents.get(event.agent):
            agent.answered += 1
            agent.missed, agent.bridge_began_s = 0, now // 1000
        return self._concerns(event, now)

    def _concerns(self, event: Any, _now: int) -> bool:
        return event.contact in self.callers or event.agent in self.agents

    # --- booking: agents ------------------------------------------------------------------------------------------

    def _state_set(self, event: AgentStateSet, _now: int) -> bool:
        if event.state == "ready":
            return self._set(event.agent, "on_demand" if event.once else "available")
        if event.state == "offline":
            return self._set(event.agent, "logged_out")
        return self._set(event.agent, None if event.reason in (IDLE, OUTSIDE_CALL) else "on_break")

    def _moved(self, event: AgentMoved, _now: int) -> bool:
        """What he asked for while busy was heard of when he asked."""
        return self._set(event.agent, "on_break") if event.state == "not_responding" else event.agent in self.agents

    def _lapsed(self, event: AgentLapsed, _now: int) -> bool:
        return self._set(event.agent, "logged_out")

    def _set(self, agent_id: str, status: Status | None) -> bool:
        """To become available anew sets the counters to nothing. None keeps the status, if he was logged in."""
        agent = self.agents.get(agent_id)
        if agent is None:
            return False
        status = status or ("available" if agent.status == "logged_out" else agent.status)
        if status == "available" != agent.status:
            agent.talk_s = agent.answered = agent.missed = 0
        agent.status, agent.missed_now = status, False
        return True


def _with(past: Past) -> AgentMemory:
    return AgentMemory(
        past.status,
        bridge_ended_s=past.bridge_ended_at // 1000,
        offered_s=past.offered_at // 1000,
        talk_s=past.talk_ms // 1000,
        answered=past.answered,
    )


_BOOK: dict[type, Callable[[FreeswitchWatch, Any, int], bool]] = {
    ContactQueued: FreeswitchWatch._queued,
    ContactReprioritised: FreeswitchWatch._reprioritised,
    QueueLeft: FreeswitchWatch._queue_left,
    ContactEnded: FreeswitchWatch._ended,
    OfferContact: FreeswitchWatch._offered,
    OfferDeclined: FreeswitchWatch._lost,
    OfferExpired: FreeswitchWatch._lost,
    LegFailed: FreeswitchWatch._lost,
    WithdrawOffer: FreeswitchWatch._concerns,
    JoinTimedOut: FreeswitchWatch._concerns,
    ContactJoined: FreeswitchWatch._joined,
    AgentStateSet: FreeswitchWatch._state_set,
    AgentMoved: FreeswitchWatch._moved,
    AgentLapsed: FreeswitchWatch._lapsed,
    WrappedUp: FreeswitchWatch._concerns,
    WrapUpExpired: FreeswitchWatch._concerns,
}
