"""What a queue may say of when it takes contacts, whom it lets in, for whom it keeps them, and where they go on to."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, field_validator

from router.centre.durations import Duration, SomeTime
from router.centre.entries import AgentName, CalendarName, Condition, Entry, Priority, PromptName, QueueName, lasting

ANNOUNCE_MS_MIN: Final = 5_000
"""How often a waiting contact may be told something."""


def _spoken(every_ms: int) -> int:
    if every_ms < ANNOUNCE_MS_MIN:
        raise ValueError(
            f"a message would still be playing when the next begins: write {ANNOUNCE_MS_MIN // 1000}s or more"
        )
    return every_ms


Interval = Annotated[SomeTime, AfterValidator(_spoken)]


class OverflowSpec(Entry):
    """Where contacts go that nobody answers in time. They keep the place of their need, and all that was learnt."""

    after: SomeTime = Field(description="How long a contact waits here.")
    queue: QueueName = Field(description="The queue it goes on to.")
    when: Condition | None = Field(None, description="Only contacts of which this is true go on. `null`: all.")


class AnnounceSpec(Entry):
    """What contacts are told while they wait: as soon as they have to, and at intervals from then on."""

    every: Interval = lasting("30s", "The interval; 5s at least.")
    position: bool = Field(default=False, description="Whether its position is said. It never rises within a queue.")
    expected_wait: bool = Field(
        default=False,
        description="Whether the wait still to come is said: within what half are answered, and nine in ten.",
    )
    prompts: list[PromptName] = Field([], description="What is played each time but the first, such as a comfort.")


class TierSpec(Entry):
    """Agents who may serve a queue from some time on. Those of earlier tiers go first."""

    agents: list[AgentName] = Field(min_length=1, description="The agents, or groups of them, in this order.")
    after: Duration = lasting("0s", "How long the contact has waited.")


class PriorityRuleSpec(Entry):
    """More priority for contacts of which something is true."""

    when: Condition = Field(description="Of which contacts; see below.")
    add: Priority = Field(description="How much is added to the queue's priority; below 0 it is taken away.")

    @field_validator("add")
    @classmethod
    def _is_something(cls, add: int) -> int:
        if not add:
            raise ValueError("this adds nothing")
        return add


class PreferredSpec(Entry):
    """For whom contacts are kept at first: the agents their menu names, else the one who served the customer last."""

    lasts: SomeTime = Field(alias="for", description="For how long, unless none of them is there, or all pass it up.")
    last_agent: bool = Field(
        default=False, description="Whether the agent counts who served this customer last, in whatever queue."
    )
    within: SomeTime = lasting("720h", "How long ago that may be.")
    when: Condition | None = Field(None, description="Only contacts of which this is true are kept. `null`: all.")


class QueueHoursSpec(Entry):
    """When a queue takes contacts, and what becomes of the others."""

    calendar: CalendarName = Field(description="It takes contacts while this calendar is open.")
    to: QueueName | None = Field(
        None, description="The queue that whoever comes when it is closed goes on to. `null`: he is sent away."
    )
    waiting: Literal["keep", "send_away", "move"] = Field(
        "keep",
        description="What becomes of those who wait at closing: they stay until they are served, are sent away, or go "
        "on to the queue `to`.",
    )
    prompts: list[PromptName] = Field([], description="What is played to whoever is sent away, before he is.")


class ExpectedWaitMaxSpec(Entry):
    """How long a wait may be expected to be for a contact to be let in; the queue must `announce`."""

    wait: SomeTime = Field(description="Who would have to wait longer is sent away; nobody is while no wait is known.")
    percent: Literal[50, 90] = Field(50, description="Longer than that in one case of two (50), or in one of ten (90).")
