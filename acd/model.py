"""The live records of the floor: contacts, agents, offers. Only `acd.floor.Floor.apply` writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from acd.hands import SupervisionMode
from acd.plan import Requirement


class ContactState(StrEnum):
    """Where a contact is, as the floor sees it. Before its first queue it is `arrived`: a menu may have it.

    It is `offered` while it rings at any agent, and `joining` from the first accept until the parties are joined. It is
    `held` while its agent consults another one.
    """

    ARRIVED = "arrived"
    WAITING = "waiting"
    OFFERED = "offered"
    JOINING = "joining"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


class AgentState(StrEnum):
    """What an agent is doing. `reserved` while an offer is out or the parties are being joined."""

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
class Agent:
    """One first-line agent. `pending` is a state asked for while busy.

    `idle_since`, `offered_at` and `served` (contacts since the log-in) rank the ready; they stay as they are meanwhile.
    `place` is that of the id among all ids, `missed` how many offers in a row went unanswered. 0 is no lease, no time.
    Who is ready `once` pauses after the next contact.
    """

    id: str
    place: int
    skills: tuple[tuple[str, int], ...]
    state: AgentState = AgentState.OFFLINE
    reason: str = ""
    idle_since: int = 0
    offered_at: int = 0
    served: int = 0
    offer: int = 0
    contact: str = ""
    missed: int = 0
    once: bool = False
    pending: AgentState | None = None
    pending_reason: str = ""
    lease_until: int = 0
    wrap_up_until: int = 0


@dataclass(slots=True)
class Offer:
    """One contact proposed to one agent. `accepted` means that the parties are being joined."""

    id: int
    contact: str
    agent: str
    until: int
    accepted: bool = False
