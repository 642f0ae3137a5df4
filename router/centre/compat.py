"""What a queue's `compat` may say: the settings of the old system that it follows, in this house's words and durations.

`strategy` says of which system they are. Every default is the plan's own, and every description names the old setting.
What an agent had behind him in the old system is for replay of its logs, and no file says it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, Field

from acd.compat.asterisk.plan import Absence
from router.centre.durations import Duration, SomeTime
from router.centre.entries import AgentName, Entry, lasting


def _whole(length_ms: int) -> int:
    if length_ms % 1000:
        raise ValueError("FreeSWITCH counts whole seconds: write so many of them")
    return length_ms


Seconds = Annotated[Duration, AfterValidator(_whole)]
SomeSeconds = Annotated[SomeTime, AfterValidator(_whole)]
Penalty = Annotated[int, Field(ge=0, le=10_000)]
Place = Annotated[int, Field(ge=0, le=10_000)]


class AsteriskMemberSpec(Entry):
    """A member of a queue, or a group of them, one after the other: `member` in `queues.conf`."""

    agent: AgentName = Field(description="The agent, or the group of agents.")
    penalty: Penalty = Field(0, description="Members of lower penalties are tried first: `penalty`.")


class PenaltyRuleSpec(Entry):
    """A bound that a contact has later on, if it came with one: a `penaltychange` in `queuerules.conf`."""

    after: Duration = Field(description="Once the contact has waited for longer than this,")
    penalty_max: Penalty = Field(description="members of higher penalties are not for it.")


class AsteriskSpec(Entry):
    """What makes a queue follow Asterisk's app_queue: settings of `queues.conf`, whose names end each meaning.

    `timeout` is the queue's own `offer`, `weight` its own `weight`.
    """

    strategy: Literal[
        "compat.asterisk.linear",
        "compat.asterisk.rrmemory",
        "compat.asterisk.rrordered",
        "compat.asterisk.leastrecent",
        "compat.asterisk.fewestcalls",
        "compat.asterisk.random",
        "compat.asterisk.wrandom",
        "compat.asterisk.ringall",
    ] = Field(description="Whom a caller tries first: `strategy`.")
    members: list[AsteriskMemberSpec] = Field(
        min_length=1, description="All who may serve the queue, in the order of the list: `member`."
    )
    retry: SomeTime = lasting("5s", "The pause after an attempt that nobody answered: `retry`.")
    autofill: bool = Field(default=False, description="Whether callers behind the first may ring too: `autofill`.")
    timeout_restart: bool = Field(
        default=False,
        description="Whether a phone that is tried after another declined has the whole `offer`: `timeoutrestart`.",
    )
    timeout_priority: Literal["app", "conf"] = Field(
        "app", description="Whether the end of the caller's own wait cuts an offer short (`app`): `timeoutpriority`."
    )
    autopause: bool = Field(
        default=False,
        description="Whether who did not answer has no more calls of this queue until he says that he is ready: "
        "`autopause`.",
    )
    wrap_up: Duration = lasting("0s", "How long a member has no call after one: `wrapuptime`.")
    length_max: Annotated[int, Field(ge=1)] | None = Field(
        None, description="How many callers it takes at most: `maxlen`. `null`: any number."
    )
    penalty_members_limit: Annotated[int, Field(ge=0)] = Field(
        0, description="Penalties count only if there are more members than this: `penaltymemberslimit`."
    )
    rules: list[PenaltyRuleSpec] = Field([], description="How a caller's bound on penalties changes: `defaultrule`.")
    join_empty: list[Absence] = Field(
        [],
        description="In which states members are not there for a caller who comes, who is sent away if nobody is: "
        "`joinempty`, whose `no` is penalty, invalid and paused. None: everybody may come.",
    )
    leave_when_empty: list[Absence] = Field(
        [],
        description="The same for callers who wait: `leavewhenempty`, whose `yes` is penalty, invalid and paused. "
        "None: nobody is sent away.",
    )
    shared_last_call: bool = Field(
        default=False,
        description="Whether a call in any queue counts in all, the same in all queues of Asterisk: `shared_lastcall`.",
    )
    longest_waiting: Literal["no", "yes", "prio"] = Field(
        "no",
        description="Whether a member goes to the longest wait over all queues, with `prio` after the priority; the "
        "same in all queues of Asterisk: `force_longest_waiting_caller`.",
    )

    @property
    def listed(self) -> list[str]:
        """The agents and groups who may serve the queue, in the order of the list."""
        return [member.agent for member in self.members]


class FreeswitchAgentSpec(Entry):
    """An agent in a queue, or a group of them: a tier, and the agent's own settings, the same in all his queues."""

    agent: AgentName = Field(description="The agent, or the group of agents.")
    level: Place = Field(0, description="Lower levels first: the tier's `level`.")
    position: Place = Field(0, description="Within a level, lower positions first: the tier's `position`.")
    wrap_up: Seconds = lasting("0s", "How long he has no call after one, and a second more: `wrap-up-time`.")
    missed_offers_max: Annotated[int, Field(ge=0)] = Field(
        0, description="After so many missed offers in a row he is not responding: `max-no-answer`. 0: never."
    )
    missed_rest: Seconds = lasting("0s", "How long he has no call after a missed one: `no-answer-delay-time`.")
    declined_rest: Seconds = lasting("0s", "How long he has none after he declined one: `reject-delay-time`.")
    busy_rest: Seconds = lasting("0s", "How long he has none after his phone was busy: `busy-delay-time`.")


class FreeswitchSpec(Entry):
    """What makes a queue follow FreeSWITCH's mod_callcenter, in whole seconds; its own names end each meaning.

    The ring time in an agent's contact string is the queue's own `offer`, `max-wait-time` its own `wait_max`.
    """

    strategy: Literal[
        "compat.freeswitch.longest-idle-agent",
        "compat.freeswitch.agent-with-least-talk-time",
        "compat.freeswitch.agent-with-fewest-calls",
        "compat.freeswitch.sequentially-by-agent-order",
        "compat.freeswitch.random",
        "compat.freeswitch.ring-all",
        "compat.freeswitch.ring-progressively",
        "compat.freeswitch.top-down",
        "compat.freeswitch.round-robin",
    ] = Field(description="Which agent goes first: `strategy`.")
    agents: list[FreeswitchAgentSpec] = Field(
        min_length=1, description="All who may serve the queue; of equals the first that is listed goes first."
    )
    tier_rules: bool = Field(
        default=False, description="Whether levels above 0 open only after a wait: `tier-rules-apply`."
    )
    tier_wait: Seconds = lasting("0s", "That wait: `tier-rule-wait-second`.")
    tier_wait_by_level: bool = Field(
        default=False, description="Whether it is so long for each level: `tier-rule-wait-multiply-level`."
    )
    skip_empty_tiers: bool = Field(
        default=False,
        description="Whether there is no wait if nobody of the levels before is logged in: "
        "`tier-rule-no-agent-no-wait`.",
    )
    ring_step: SomeSeconds = lasting(
        "10s", "The step, where phones are rung progressively: `ring-progressively-delay`."
    )
    counts_from: Literal["arrival", "queueing"] = Field(
        "queueing",
        description="Whether the time in the menu counts in the order of contacts (`arrival`): `time-base-score`, of "
        "which that is `system`.",
    )
    resume: Seconds | None = Field(
        None,
        description="How long a customer who left finds his place again: `discard-abandoned-after`, with "
        "`abandoned-resume-allowed`. `null`: not at all.",
    )

    @property
    def listed(self) -> list[str]:
        """The agents and groups who may serve the queue, in the order of the list."""
        return [agent.agent for agent in self.agents]


CompatSpec = Annotated[AsteriskSpec | FreeswitchSpec, Field(discriminator="strategy")]
"""The settings of one of the old systems."""

STRATEGIES: Final = tuple(
    strategy
    for model in (AsteriskSpec, FreeswitchSpec)
    for strategy in get_args(model.model_fields["strategy"].annotation)
)
"""All strategies, by the names that files give them."""
