"""What a queue may say of customers who go while their places stay: callbacks and voicemail."""

from __future__ import annotations

from pydantic import Field

from acd.plan import Diverted
from router.centre.durations import SomeTime
from router.centre.entries import Attempts, CalendarName, Entry, PromptName, lasting


class CallbackSpec(Entry):
    """How customers are called back who ask for it while they wait. They keep their places, and hang up."""

    attempts: Attempts = Field(3, description="How often a customer is called at most.")
    retry: SomeTime = lasting("5m", "How long a callback rests after each attempt that did not reach him.")
    dial: SomeTime = lasting("30s", "How long he is rung.")
    window: CalendarName | None = Field(
        None, description="The calendar by whose hours customers are called back. `null`: at any time."
    )
    offer_after: SomeTime | None = Field(
        None,
        description="How long a contact has waited when an announcement first says that it may be called back. "
        "`null`: none does.",
    )


class VoicemailSpec(Entry):
    """How customers leave a message instead of waiting. It then waits for an agent, at the customer's place."""

    after: SomeTime | None = Field(
        None, description="After how long in the queue a customer is sent here. `null`: only on his asking."
    )
    instead_of: list[Diverted] = Field(
        [],
        description="What else leads here: `timed_out` (the longest wait is over), `blocked` (the queue is full), "
        "`nobody_there` (it would be left, as nobody is there to serve it).",
    )
    record_max: SomeTime = lasting("3m", "How long a message may be.")
    prompts: list[PromptName] = Field([], description="What is played before the recording.")
