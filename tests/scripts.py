"""Made-up hours of a centre: inputs at instants, drawn from a seed, sensible and not, numbered by some senders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from random import Random
from typing import Any

from acd.events import (
    AgentAlive,
    AgentStateSet,
    ContactJoined,
    ContactReleased,
    LegFailed,
    LegRinging,
    OfferAccepted,
    OfferDeclined,
    WrappedUp,
)
from acd.model import WorkState
from escalation.events import CaseAccepted, CaseResolved
from ivr.events import ContactKeyed, PromptFinished
from router.engine import Engine, Refused
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.plan import Plan
from tests.stage import payload

PIN = "9876"
GAPS_MS = (0, 1, 700, 2_500, 5_000, 9_000)


@dataclass(frozen=True, slots=True)
class Sent:
    """One input as its sender sends it."""

    source: str
    id: str
    body: bytes

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return (self.source, self.id)


@dataclass(slots=True)
class Burst:
    """Inputs at one instant, all about one contact or one agent."""

    at: int
    sent: list[Sent] = field(default_factory=list)


def script(plan: Plan, seed: int, bursts: int) -> list[Burst]:
    """An hour or so of `busy_plan`, as an engine lives through it without a fault."""
    return _Author(plan, seed).write(bursts)


class _Author:
    """Plays everybody, by dice, against an engine of its own."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.random = Random(seed)
        self.engine = Engine(plan)
        self.engine.handle(CentreStarted(plan.hash), 0)
        self.numbers: Counter[str] = Counter()
        self.count = self.arrivals = 0

    def write(self, bursts: int) -> list[Burst]:
        now = 0
        agents = self.engine.board.floor.agents
        written = [Burst(0, [self._send(AgentStateSet(agent, "ready"), 0)]) for agent in agents]
        for _ in range(bursts):
            now += self.random.choice(GAPS_MS)
            self._pass_time(now)
            burst = Burst(now)
            for fact in takewhile(self._is_safe, self._facts()):
                burst.sent.append(self._send(fact, now))
            written.append(burst)
        return written

    def _is_safe(self, fact: Event) -> bool:
        """Secret numbers are keyed in one piece: the keys of one under way are stored nowhere, and lost in a crash."""
        return not self.engine.takes_secret(fact) or fact.digits == PIN

    def _pass_time(self, now: int) -> None:
        while (deadline := self.engine.deadline()) is not None and deadline <= now:
            self.engine.tick(deadline)

    def _send(self, fact: Event, now: int) -> Sent:
        """Telephony numbers what it says of a contact; agents and teams do not count."""
        self.count += 1
        source, sequence = "desk", None
        if isinstance(fact, ContactArrived | ContactKeyed | ContactLeft | PromptFinished):
            self.numbers[fact.contact] += 1
            source, sequence = "pbx", self.numbers[fact.contact]
        with suppress(Refused):
            self.engine.handle(fact, now)
        self._pass_time(now)
        own_id = f"m{self.count}"
        return Sent(source, own_id, payload(fact, source=source, id=own_id, sequence=sequence))

    def _facts(self) -> list[Event]:
        choices: list[tuple[int, Callable[[], list[Event]]]] = [
            (2, self._arrival),
            (2, self._agent),
            (4, self._menu),
            (8, self._offer),
            (2, self._talk),
            (4, self._wrap_up),
            (1, self._case),
            (1, self._leave),
            (1, self._nonsense),
        ]
        make = self.random.choices([make for _, make in choices], [weight for weight, _ in choices])[0]
        return make() or self._menu() or self._arrival()

    def _pick(self, among: Any) -> Any:
        among = list(among)
        return self.random.choice(among) if among else None

    def _arrival(self) -> list[Event]:
        self.arrivals += 1
        number = f"+8655{self.random.randrange(5):04}"
        return [ContactArrived(f"c{self.arrivals}", "100", number, personal=self.random.random() < 0.7)]

    def _agent(self) -> list[Event]:
        agent = self._pick(self.engine.board.floor.agents)
        state: Any = self.random.choice(["ready"] * 6 + ["paused", "offline"])
        lease_ms = self.random.choice([0, 0, 40_000])
        return [self._pick([AgentStateSet(agent, state, "", lease_ms), AgentAlive(agent, 30_000)])]

    def _menu(self) -> list[Event]:
        session = self._pick(self.engine.board.menus.sessions.values())
        if session is None:
            return []
        if session.node == "pin":
            return [ContactKeyed(session.contact, PIN)]
        if session.playing and self.random.random() < 0.6:
            return [PromptFinished(session.contact, session.say)]
        keys = self.random.choice(["1", "1", "1", "2", "3", "4", "*", "7", "12", "4711", "5#", "3*1"])
        return [ContactKeyed(session.contact, key) for key in keys]

    def _offer(self) -> list[Event]:
        offer = self._pick(self.engine.board.floor.offers.values())
        if offer is None:
            return []
        names = (offer.contact, offer.agent, offer.id)
        if offer.accepted:
            return [self._pick([ContactJoined(*names)] * 4 + [LegFailed(*names, "lost")])]
        accepted = [LegRinging(*names), OfferAccepted(*names), ContactJoined(*names)]
        refused = [[OfferDeclined(*names)], [LegFailed(*names, "no_answer")]]
        return list(self._pick([accepted] * 4 + [accepted[:2]] + refused))

    def _talk(self) -> list[Event]:
        agent, contact = self._pick_in_hand(WorkState.TALKING)
        return [self._pick([ContactLeft(contact), ContactReleased(contact, agent)])] if agent else []

    def _wrap_up(self) -> list[Event]:
        agent, contact = self._pick_in_hand(WorkState.WRAP_UP)
        outcome: Any = self._pick(["resolved", "follow_up", "escalated"])
        return [WrappedUp(agent, contact, outcome, "done")] if agent else []

    def _pick_in_hand(self, state: WorkState) -> tuple[str, str]:
        """An agent and a contact with which he is at this point."""
        agents = self.engine.board.floor.agents.values()
        found = [(each.id, work.contact) for each in agents for work in each.works.values() if work.state is state]
        return self._pick(found) or ("", "")

    def _case(self) -> list[Event]:
        case = self._pick(self.engine.board.desk.cases)
        return case and [self._pick([CaseAccepted(case, "sora"), CaseResolved(case, "sora")])]

    def _leave(self) -> list[Event]:
        contact = self._pick(self.engine.board.floor.contacts)
        return contact and [ContactLeft(contact)]

    def _nonsense(self) -> list[Event]:
        return [self._pick([OfferAccepted("c1", "ann", 1), ContactJoined("c1", "bob", 999), AgentAlive("nobody", 1)])]
