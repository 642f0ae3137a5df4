"""The live records of the floor: contacts, agents, offers. Only `acd.floor.Floor.apply` writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from acd.hands import SupervisionMode
from acd.plan import Requirement


class ContactState(StrEnum):
    """Where a contact is, as the floor sees it. Before its first queue it is `arrived`: a menu may have it.

    It is `offered` while it rings at any agent, and `joining` from the first accept until the parties are joined; a
    customer who is called back is dialled meanwhile. A callback is `resting` until its next attempt may be made.
    A contact is `held` while its agent consults another one.
    """

    ARRIVED = "arrived"
    WAITING = "waiting"
    OFFERED = "offered"
    JOINING = "joining"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"
    RESTING = "resting"
    RECORDING = "recording"


StandIn = Literal["", "callback", "voicemail"]
"""What waits in the place of a customer who is not on the line; empty while he is."""


class Stance(StrEnum):
    """How an agent stands to new contacts. While he has some in hand he is `ready` or `not_responding`."""

    OFFLINE = "offline"
    READY = "ready"
    PAUSED = "paused"
    NOT_RESPONDING = "not_responding"


class WorkState(StrEnum):
    """Where an agent is with one contact. `reserved` while its offer is out or the parties are being joined.

    `interrupted` while he sees to a contact that cannot wait, `done` when there is nothing left to do.
    """

    RESERVED = "reserved"
    TALKING = "talking"
    INTERRUPTED = "interrupted"
    WRAP_UP = "wrap_up"
    DONE = "done"


class AgentState(StrEnum):
    """What an agent is doing: his stance, or while he has contacts in hand what he does about them.

    `reserved` while an offer is out or the parties are being joined; else `talking` while he talks with anybody; else
    `wrap_up`. Whether he could be offered another contact is not asked: that is for `acd.capacity`.
    """

    OFFLINE = "offline"
    READY = "ready"
    RESERVED = "reserved"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    NOT_RESPONDING = "not_responding"


HAD_ONE: Final = "ready for one contact, and had it"
"""The reason of the pause of an agent who was ready once."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an agent had of a contact that he has handed on: out of which queue, since when (ms), and answered when."""

    queue: str
    queued_at: int
    answered_at: int


@dataclass(slots=True)
class Contact:
    """One attempt by a customer to be helped. Instants are ms since the epoch; `order` breaks ties of `need_since`.

    `head_start_ms` counts as if it had waited so much longer, but only in the order of contacts.
    `relaxed` of its queue's relaxations are in force, `tiers` of its tiers are open to it, never more than `tiers_max`.
    `offers` are all that are open; `joining` is the one that was accepted. `rings_on`: one more agent may be rung.
    `exclusions` are the agents it is kept from, each until when; those in the past mean nothing.
    While it waits it is offered to nobody but those it is `reserved_for`, if there are any, until `reserved_until`.
    `holds` are the conditions that held of it when it left its menu.
    `stand_in` waits for a customer who is not on the line: a callback to `number` (empty: where he called from), which
    was dialled in vain `attempts` times and is resting until `rests_until`; or his message. He records it until
    `records_until`. 0 is no time.
    `directed_to` is the one agent who may have it until `directed_until`.
    `parts` are those of agents who have handed it on and still wrap up. `consult` is the leg on which its agent
    consults another one; the leg is a contact of its own, which `consults` this one. `supervisors` take part, each in
    his mode.
    """

    id: str
    channel: str
    entry_point: str
    service_line: str
    language: str
    need_since: int
    customer: str = field(default="", repr=False, metadata={"personal": "person"})
    state: ContactState = ContactState.ARRIVED
    queue: str = ""
    priority: int = 0
    head_start_ms: int = 0
    requirements: tuple[Requirement, ...] = ()
    relaxed: int = 0
    tiers: int = 0
    tiers_max: int | None = None
    order: int = 0
    queues: int = 0
    queued_at: int = 0
    wait_until: int | None = None
    answered_at: int = 0
    offers: tuple[int, ...] = ()
    joining: int = 0
    rung_at: int = 0
    rings_on: bool = False
    agent: str = ""
    exclusions: dict[str, int] = field(default_factory=dict)
    stand_in: StandIn = ""
    number: str = field(default="", repr=False, metadata={"personal": "person"})
    attempts: int = 0
    rests_until: int = 0
    records_until: int = 0
    reserved_for: tuple[str, ...] = ()
    reserved_until: int = 0
    holds: tuple[str, ...] = ()
    directed_to: str = ""
    directed_until: int = 0
    parts: dict[str, Part] = field(default_factory=dict)
    consult: str = ""
    consults: str = ""
    supervisors: dict[str, SupervisionMode] = field(default_factory=dict)

    def queue_of(self, agent: str) -> str:
        """The queue out of which this agent has, or had, the contact."""
        return self.parts[agent].queue if agent in self.parts else self.queue


@dataclass(slots=True)
class Work:
    """One contact that an agent has in hand. `cost` and `interruptible` are its channel's when it was offered.

    `wrap_up_until` is the end of its own wrap-up (ms), 0 before that.
    """

    contact: str
    channel: str
    cost: int
    interruptible: bool
    state: WorkState = WorkState.RESERVED
    wrap_up_until: int = 0


@dataclass(slots=True)
class Agent:
    """One first-line agent. `works` are the contacts in hand, first come first; `offer` the one that is open, if any.

    `pending` is what he asked to be, which he becomes when nothing is left in hand.
    `idle_since` (the last end of a wrap-up, or the log-in), `offered_at`, `served` (contacts since the log-in), the
    works and the `capacity` rank those who can be offered a contact; they stay as they are meanwhile.
    `place` is that of the id among all ids, `missed` how many offers in a row went unanswered. 0 is no lease, no time.
    Who is ready `once` pauses after the next contact. `weight` is the plan's: his lots where a queue draws.
    """

    id: str
    place: int
    skills: tuple[tuple[str, int], ...]
    capacity: int = 100
    stance: Stance = Stance.OFFLINE
    reason: str = ""
    idle_since: int = 0
    offered_at: int = 0
    served: int = 0
    offer: int = 0
    works: dict[str, Work] = field(default_factory=dict)
    missed: int = 0
    once: bool = False
    pending: Stance | None = None
    pending_reason: str = ""
    lease_until: int = 0
    weight: int = 1

    @property
    def state(self) -> AgentState:
        """What he is doing."""
        if not self.works:
            return AgentState(self.stance)
        if self.offer:
            return AgentState.RESERVED
        wraps_up = all(work.state is WorkState.WRAP_UP for work in self.works.values())
        return AgentState.WRAP_UP if wraps_up else AgentState.TALKING

    @property
    def load(self) -> int:
        """What the contacts in hand cost together, in units of capacity."""
        return sum(work.cost for work in self.works.values())


@dataclass(slots=True)
class LastAgent:
    """Who talked with a customer last, and since when (ms)."""

    customer: str = field(repr=False, metadata={"personal": "person"})
    agent: str
    at: int


@dataclass(slots=True)
class Offer:
    """One contact proposed to one agent. `accepted` means that the parties are being joined."""

    id: int
    contact: str
    agent: str
    until: int
    accepted: bool = False
