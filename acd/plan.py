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
    "round_robin",
    "weighted_random",
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
    asked until then; with a calendar in `during`, as soon as the contact has waited at an instant at which it is open.
    """

    after_ms: int | None
    requirements: tuple[Requirement, ...] = ()
    match_language: bool = False
    during: str = ""


@dataclass(frozen=True, slots=True)
class Overflow:
    """Contacts that nobody has answered within `after_ms` go on to another queue, at the place of their need.

    `when`: only those of whom this condition holds; without one, all.
    """

    after_ms: int
    queue: str
    when: str = ""


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
class Window:
    """When customers may be called back: half-open intervals of instants (ms), sorted and apart from one another."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How waiting customers are called back, each when his turn comes, instead of waiting on the line.

    A customer is dialled for `dial_ms`, at most `attempts_max` times, with `retry_ms` between two attempts, and only
    within the `window` (None: at any time). `offer_after_ms`: how long a contact has waited when an announcement first
    says that its customer may ask for it (None: none does).
    """

    attempts_max: int = 3
    retry_ms: int = 300_000
    dial_ms: int = 30_000
    window: Window | None = None
    offer_after_ms: int | None = None


Diverted = Literal["timed_out", "blocked", "nobody_there"]
"""The ways to be sent away that voicemail may stand in for."""


@dataclass(frozen=True, slots=True)
class Voicemail:
    """How waiting customers leave a message of at most `record_ms_max` after `prompts`, which then waits for an agent.

    They come to it on asking; after `after_ms` in the queue (None: never); and `instead_of` being sent away.
    """

    after_ms: int | None = None
    instead_of: tuple[Diverted, ...] = ()
    record_ms_max: int = 180_000
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """Contacts of whom the condition `when` holds have so much more priority (or less, below 0)."""

    when: str
    add: int


@dataclass(frozen=True, slots=True)
class Hours:
    """A queue is closed while its calendar is. Who comes then goes on to the queue `to`, or is sent away.

    `waiting`: what becomes of those who wait at closing. `prompts` are played to whoever is sent away.
    """

    calendar: str
    to: str | None = None
    waiting: Literal["keep", "send_away", "move"] = "keep"
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedWaitMax:
    """Who would have to wait longer than `wait_ms` is blocked, by the quantile of so many percent."""

    wait_ms: int
    percent: Literal[50, 90] = 50


@dataclass(frozen=True, slots=True)
class Preferred:
    """For its first `for_ms` a contact is only offered to the agents that are named for it, if one of them attends.

    If none is named and `last_agent` says so, that is whoever served this customer last, in any queue, `within_ms`.
    `when`: only contacts of whom this condition holds are kept; without one, all.
    """

    for_ms: int
    last_agent: bool = False
    within_ms: int = 30 * 24 * 3_600_000
    when: str = ""


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """One queue. All durations are milliseconds; `None` means "no limit".

    Conditions are texts: a contact comes with those that hold of it (`Terms.holds`), and nothing here reads them.

    The order of contacts is that of `acd.discipline`: `weight`, `priority` and `ageing`, `order` and `head_start_ms`.
    `priorities` are added to the priority, each where its condition holds.
    The order of agents is that of `acd.selection`: tier, then `selection`.
    `waiting_max`: how many may be in it unanswered; whoever comes on top of them is *blocked*. So is who would wait
    longer than `expected_wait_max`, or finds fewer than `agents_min` who attend and could serve him, now or in a tier
    to come. `hours`: when it takes contacts; None: always. `leave_when_empty`: who waits leaves, as *nobody there*,
    when no agent who could serve him attends: all are away, or about to go.
    `requirements`: all mandatory. `match_language`: the contact's language is one more mandatory skill.
    `ring`: how many agents are rung at once: one, all who may serve the contact, or one more every `ring_step_ms`.
    `compat`: the old system whose strategy decides who rings when, instead of everything above.
    `tiers`: who may serve it at all; none: everybody who meets the requirements. `relaxations`: in this order.
    `preferred`: for whom contacts are kept at first.
    `announce`: what contacts are told while they wait; only of queues that have it is the expected wait known.
    `callbacks`, `voicemail`: how customers may go while their places stay; without, they may not.
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
    callbacks: Callbacks | None = None
    voicemail: Voicemail | None = None
    preferred: Preferred | None = None
    hours: Hours | None = None
    expected_wait_max: ExpectedWaitMax | None = None
    agents_min: int = 0
    priorities: tuple[PriorityRule, ...] = ()
    reasons: tuple[str, ...] = ()
    wrap_up_reason: str = ""
    direct_ms: int = 30_000
    consult_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms one contact joins a queue, beside those of the queue itself.

    `priority` is added to the queue's, `head_start_ms` to its head start; at most `tiers_max` of its tiers ever open to
    the contact; `wait_ms_max` holds instead of the queue's unless it is None. `position` (1 is the front) is for queues
    that follow Asterisk. `prefers` are the agents it is kept for at first, where the queue does that. `holds` are the
    conditions that hold of it, of all that there are.
    """

    priority: int = 0
    head_start_ms: int = 0
    tiers_max: int | None = None
    wait_ms_max: int | None = None
    position: int | None = None
    prefers: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()


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

    `wrap_up_ms` and `missed_offers_max` hold for this agent instead of the queue's, unless they are None. `weight` is
    how many lots he has where a queue draws among its agents.
    `capacity` is how many units he can bear at once. `channels` are those he takes, each with the most contacts of it
    at once, None for no bound of its own; `channels` None: he takes all.
    """

    id: str
    skills: tuple[tuple[str, int], ...] = ()
    wrap_up_ms: int | None = None
    missed_offers_max: int | None = None
    capacity: int = 100
    channels: tuple[tuple[str, int | None], ...] | None = None
    weight: int = 1


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
