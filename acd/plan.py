"""What a centre's files compile to, as far as queueing and offering are concerned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from acd.compat.plan import CompatQueue

WrapUpOutcome = Literal["resolved", "follow_up", "escalated"]
Order = Literal["age", "slack"]
Ring = Literal["one", "all", "progressive"]
Selection = Literal[
    "longest_idle",
    "least_recently_offered",
    "fewest_contacts",
    "in_order",
    "best_skilled",
    "specialists_first",
    "least_occupied",
]
Channel = Literal["voice", "chat", "mail", "work_item"]


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """A skill that an agent must have, at this level or above (levels count from 1)."""

    skill: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Ageing:
    """A priority that grows by `by` with every `every_ms` since the need arose, up to `priority_max`."""

    every_ms: int
    by: int
    priority_max: int


@dataclass(frozen=True, slots=True)
class Tier:
    """Agents who may serve a queue's contacts once these have been in it for `after_ms`; earlier tiers go first.

    No tier opens before those ahead of it.
    """

    agents: tuple[str, ...]
    after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a queue asks of agents instead, once a contact has been in it for `after_ms`.

    `after_ms` None: as soon as nobody who is logged in, in a tier that is or will be open to the contact, meets what is
    asked until then.
    """

    after_ms: int | None
    requirements: tuple[Requirement, ...] = ()
    match_language: bool = False


@dataclass(frozen=True, slots=True)
class Overflow:
    """Contacts that nobody has answered within `after_ms` go on to another queue, at the place of their need."""

    after_ms: int
    queue: str


@dataclass(frozen=True, slots=True)
class Announce:
    """What contacts are told while they wait: as soon as they have to, and every `every_ms` from then on.

    `position` and `expected_wait`: whether these are said. `prompts` are played each time but the first.
    """

    every_ms: int
    position: bool = False
    expected_wait: bool = False
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """One queue. All durations are milliseconds; `None` means "no limit".

    The order of contacts is that of `acd.discipline`: `weight`, `priority` and `ageing`, `order` and `head_start_ms`.
    The order of agents is that of `acd.selection`: tier, then `selection`.
    `waiting_max`: how many may be in it unanswered; whoever comes on top of them is *blocked*. `leave_when_empty`: who
    waits leaves, as *nobody there*, when no agent who could serve him attends: all are away, or about to go.
    `requirements`: all mandatory. `match_language`: the contact's language is one more mandatory skill.
    `ring`: how many agents are rung at once: one, all who may serve the contact, or one more every `ring_step_ms`.
    `compat`: the old system whose strategy decides who rings when, instead of everything above.
    `tiers`: who may serve it at all; none: everybody who meets the requirements. `relaxations`: in this order.
    `announce`: what contacts are told while they wait; only of queues that have it is the expected wait known.
    `missed_offers_max`: after so many unanswered offers in a row the agent is *not responding*.
    `exclusion_ms`: how long a contact is kept from an agent who declined or missed it while
    somebody else eligible is logged in; `retry_ms` is the pause when nobody else is.
    `wrap_up_outcome` is booked when an agent gives none; `case_type` is the case that an escalation opens.
    `acceptable_wait_ms` (AWT) and `short_abandon_ms` are what the service level is measured with.
    `reasons` are the wrap-up codes that agents may give, none: the centre's; `wrap_up_reason` is booked on time-out.
    `direct_ms`: how long a contact that is meant for one agent waits for him alone. `consult_ms`: how long an agent who
    consults waits for another.
    """

    id: str
    priority: int = 0
    requirements: tuple[Requirement, ...] = ()
    match_language: bool = False
    weight: int = 0
    ageing: Ageing | None = None
    order: Order = "age"
    head_start_ms: int = 0
    relaxations: tuple[Relaxation, ...] = ()
    tiers: tuple[Tier, ...] = ()
    selection: Selection = "longest_idle"
    ring: Ring = "one"
    ring_step_ms: int = 10_000
    compat: CompatQueue | None = None
    overflow: Overflow | None = None
    announce: Announce | None = None
    offer_ms: int = 20_000
    join_ms: int = 10_000
    wrap_up_ms: int = 60_000
    wait_ms_max: int | None = None
    waiting_max: int | None = None
    leave_when_empty: bool = False
    missed_offers_max: int | None = 1
    exclusion_ms: int = 300_000
    retry_ms: int = 10_000
    acceptable_wait_ms: int = 20_000
    short_abandon_ms: int = 20_000
    wrap_up_outcome: WrapUpOutcome = "resolved"
    case_type: str | None = None
    reasons: tuple[str, ...] = ()
    wrap_up_reason: str = ""
    direct_ms: int = 30_000
    consult_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms one contact joins a queue, beside those of the queue itself.

    `priority` is added to the queue's, `head_start_ms` to its head start; at most `tiers_max` of its tiers ever open to
    the contact; `wait_ms_max` holds instead of the queue's unless it is None. `position` (1 is the front) is for queues
    that follow Asterisk.
    """

    priority: int = 0
    head_start_ms: int = 0
    tiers_max: int | None = None
    wait_ms_max: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """A way by which contacts come: what one of them costs of an agent's capacity, in units.

    A contact that is `interruptible` leaves room for those that are not: one of these is offered as if it were not
    there, and interrupts it for as long as there is no room for both.
    """

    id: str
    cost: int
    interruptible: bool = False


CHANNELS: Final[dict[str, ChannelPlan]] = {
    "voice": ChannelPlan("voice", 100),
    "chat": ChannelPlan("chat", 20),
    "mail": ChannelPlan("mail", 20, interruptible=True),
    "work_item": ChannelPlan("work_item", 20, interruptible=True),
}
"""What contacts cost unless a centre says otherwise."""


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """One first-line agent: the skill matrix's row, as (skill, level) pairs sorted by skill.

    `wrap_up_ms` and `missed_offers_max` hold for this agent instead of the queue's, unless they are None.
    `capacity` is how many units he can bear at once. `channels` are those he takes, each with the most contacts of it
    at once, None for no bound of its own; `channels` None: he takes all.
    """

    id: str
    skills: tuple[tuple[str, int], ...] = ()
    wrap_up_ms: int | None = None
    missed_offers_max: int | None = None
    capacity: int = 100
    channels: tuple[tuple[str, int | None], ...] | None = None


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """Everything the floor knows before the first contact. `languages` are those that contacts may come with.

    `channels` are those by which contacts may come.
    `pause_restarts_idle`: whether an agent's idle time begins anew at the end of a pause, a call of his own among them.
    """

    queues: dict[str, QueuePlan] = field(default_factory=dict)
    agents: dict[str, AgentPlan] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    pause_restarts_idle: bool = True
    channels: dict[str, ChannelPlan] = field(default_factory=lambda: {"voice": CHANNELS["voice"]})
