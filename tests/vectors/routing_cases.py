"""The shape of the played cases of `routing_cases.yaml`: every field, with its default.

Times are seconds from t = 0.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tests.vectors import PROSE

Status = Literal["Available", "Available (On Demand)", "On Break", "Logged Out"]
AgentState = Literal["Waiting", "Idle", "In a queue call"]

_OFFER_S = {"asterisk": 15.0, "freeswitch": 60.0}


class Unsupported(Exception):
    """What the product would need for a case and does not have."""


def is_prose(key: str) -> bool:
    """Whether a field of a case is for people."""
    return key in PROSE or key.startswith("published_")


class _Part(BaseModel):
    """A part of a case: it has these fields and no others."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Ring(_Part):
    """What an agent does with an offer: one of these, so many seconds after it."""

    answer: float | None = None
    reject: float | None = None
    busy: float | None = None
    never: int | None = None

    @model_validator(mode="after")
    def _one(self) -> Ring:
        if len(self.model_fields_set) != 1:
            raise ValueError("an agent does one of answer, reject, busy and never")
        return self


class Member(_Part):
    """An agent in one queue: `order` or `position` in its list, `penalty` or `level` (lower first)."""

    order: int | None = None
    position: int | None = None
    penalty: int = 0
    level: int = 0
    lastcall: float | None = None
    calls: int = 0

    @property
    def place(self) -> int:
        """The place in the list; who has none keeps to the order of the file."""
        return next((place for place in (self.order, self.position) if place is not None), 0)


class AgentPart(_Part):
    """One agent: what he does, how he is at t = 0, and what he did before."""

    queues: dict[str, Member] = Field(default_factory=dict)
    ring: Ring = Ring(answer=0)
    busy_until: float | None = None
    status: Status = "Available"
    state: AgentState = "Waiting"
    wrap_up_time: float = 0
    max_no_answer: int = 0
    no_answer_delay_time: float = 0
    reject_delay_time: float = 0
    talk_time: float = 0
    external_calls: int = 0
    calls_answered: int = 0
    last_bridge_end: float | None = None
    lastcall: float | None = None
    last_offered_call: float | None = None


class Rule(_Part):
    """From `after` seconds of waiting on, a caller's bound is `max_penalty`."""

    after: float
    max_penalty: int


class QueuePart(_Part):
    """One queue, in the words of the two systems."""

    strategy: str
    timeout: float | None = None
    retry: float = 5
    ring_timeout: float | None = None
    ring_progressively_delay: float = 10
    autofill: bool = False
    timeoutrestart: bool = False
    timeoutpriority: Literal["app", "conf"] = "app"
    autopause: Literal["yes", "no"] | bool = "no"
    weight: int = 0
    wrapuptime: float = 0
    servicelevel: float = 0
    maxlen: int | None = None
    leavewhenempty: str | bool = "no"
    penaltymemberslimit: int = 0
    rules: list[Rule] = Field(default_factory=list)
    tier_rules_apply: bool = False
    tier_rule_wait_second: float = 0
    tier_rule_wait_multiply_level: bool = False
    tier_rule_no_agent_no_wait: bool = False
    abandoned_resume_allowed: bool = False
    discard_abandoned_after: float = 60


class Call(_Part):
    """One caller. `talk` runs from the connect; without it he talks beyond the end of the case."""

    id: str
    queue: str
    at: float
    talk: float | None = None
    priority: int = 0
    max_penalty: int | None = None
    timeout: float | None = None
    hangup_at: float | None = None
    position: int | None = None
    base_score: float = 0
    system_age: float = 0
    cid: str | None = None


class SetPriority(_Part):
    """A waiting caller's priority changes."""

    do: Literal["set_priority"]
    at: float
    call: str
    priority: int
    immediate: bool = False


class Pause(_Part):
    """An agent is paused in all queues."""

    do: Literal["pause"]
    at: float
    agent: str


class SetStatus(_Part):
    """An agent's status changes."""

    do: Literal["status"]
    at: float
    agent: str
    to: Status


class SetState(_Part):
    """An agent's state changes."""

    do: Literal["state"]
    at: float
    agent: str
    to: AgentState


class Config(_Part):
    """Options for the whole system."""

    shared_lastcall: bool = False
    force_longest_waiting_caller: str | bool = "no"


class Stats(_Part):
    """Counts of one queue; `abandoned_sl` are those within `servicelevel`."""

    abandoned: int | None = None
    abandoned_sl: int | None = None
    completed: int | None = None


def _row(content: object) -> object:
    return tuple(content) if isinstance(content, list) else content


Row = Annotated[tuple[float, str, str], BeforeValidator(_row)]
"""[t, call, agent] of an offer or a connect, [t, call, cause] of a leave."""


class Expected(_Part):
    """What is compared; None is not."""

    offers: list[Row] | None = None
    connects: list[Row] | None = None
    leaves: list[Row] | None = None
    order: list[str] | None = None
    order_at_120: list[str] | None = None
    stats: dict[str, Stats] | None = None

    @model_validator(mode="after")
    def _something(self) -> Expected:
        if not self.model_fields_set:
            raise ValueError("it states nothing")
        return self


class Played(_Part):
    """A played case, without its fields for people."""

    id: str
    system: str
    queues: dict[str, QueuePart]
    agents: dict[str, AgentPart] = Field(default_factory=dict)
    calls: list[Call]
    events: list[SetPriority | Pause | SetStatus | SetState] = Field(default_factory=list)
    config: Config = Config()
    until: float = 120
    native_until: float | None = None
    expect: Expected
    expect_native: Expected | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_prose(cls, content: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in content.items() if key == "id" or not is_prose(key)}

    @model_validator(mode="after")
    def _names_are_known(self) -> Played:
        queues = {queue for agent in self.agents.values() for queue in agent.queues} | {c.queue for c in self.calls}
        agents = {event.agent for event in self.events if not isinstance(event, SetPriority)}
        calls = {event.call for event in self.events if isinstance(event, SetPriority)}
        unknown = (queues - {*self.queues}) | (agents - {*self.agents}) | (calls - {call.id for call in self.calls})
        if unknown:
            raise ValueError(f"it names {', '.join(sorted(unknown))}, of which it says nothing")
        return self

    def members(self, queue: str) -> dict[str, Member]:
        """The agents of a queue, in the order of the file."""
        return {name: agent.queues[queue] for name, agent in self.agents.items() if queue in agent.queues}

    def offer_s(self, queue: str) -> float:
        """How long an offer of this queue lasts."""
        part = self.queues[queue]
        stated = part.timeout if part.ring_timeout is None else part.ring_timeout
        return _OFFER_S.get(self.system, 20.0) if stated is None else stated
