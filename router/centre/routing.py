"""What a queue may say of when it takes contacts, whom it lets in, and for whom it keeps them at first."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from router.centre.durations import SomeTime
from router.centre.entries import CalendarName, Condition, Entry, Priority, PromptName, QueueName, lasting


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
