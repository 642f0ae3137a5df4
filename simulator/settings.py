"""What the `population` section of a centre's files may say: one model for each part, with its defaults and bounds.

The models check form, and say of what a text must be the name; the rest is for `simulator.references`. Hours, of demand
and of shifts alike, are calendars as everywhere in a centre's files, in the centre's zone unless they name another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from router.centre.calendars import CalendarSpec, Zone, compile_calendar
from router.centre.durations import SomeTime
from router.centre.entries import Entry, Id
from router.centre.names import named
from simulator.distributions import DistributionSpec

_DAY = timedelta(days=1)
_SHARE_SLACK = 1e-9  # 0.7 + 0.2 + 0.1 is more than 1 in binary

CUSTOMER_NUMBER: Final = "{customer_number}"
"""What stands in an answer for the customer's own number."""

EntryPointName = Annotated[Id, named("entry_points", "entry point of this centre")]
WrapUpCode = Annotated[Id, named("reasons", "wrap-up code of this centre")]
ReasonName = Annotated[Id, named("population.reasons", "reason of this population")]
ProfileName = Annotated[Id, named("population.profiles", "profile of this population")]

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1e9)]


def _default(**kind: object) -> DistributionSpec:
    return DistributionSpec.model_validate(kind)


def _numbering(template: str) -> str:
    if not re.fullmatch("[^#]*#+[^#]*", template):
        raise ValueError(f"`{template}` has no run of # for the customer's digits: write it like 1#####")
    return template


Numbering = Annotated[str, AfterValidator(_numbering)]
"""Numbers as a template: a run of `#` in the place of the customer's own digits."""


class CustomersSpec(Entry):
    """Those who may call. One of them, drawn at random, is behind each contact, so the same one may come again."""

    count: Annotated[int, Field(ge=1, le=1_000_000_000)] = Field(default=10_000, description="How many there are.")
    number: Numbering = Field(
        default="+999#########",
        description="The numbers they call from; each # is a digit. The default is of a country code that nobody has.",
    )
    customer_number: Numbering | None = Field(
        default=None,
        description="The numbers they are known by, such as employee numbers; each # is a digit. None: none.",
    )


class RedialSpec(Entry):
    """Calling again after giving up."""

    probability: Share = Field(default=0.5, description="The chance that one who gave up calls again, each time anew.")
    delay: DistributionSpec = Field(default=_default(exponential={"mean": "5m"}), description="How much later.")
    times_max: Annotated[int, Field(ge=0, le=10)] = Field(default=2, description="How often at most.")


class ContactSpec(Entry):
    """How contacts go. `contacts` says it for all; a reason repeats what is different about its own."""

    listening: DistributionSpec = Field(
        default=_default(uniform={"low": "2s", "high": "6s"}),
        description="How long a customer listens before each answer in a menu, drawn once for a contact.",
    )
    patience: DistributionSpec = Field(
        default=_default(exponential={"mean": "3m"}),
        description="How long a customer waits in a queue before giving up.",
    )
    balk: Share = Field(default=0.0, description="The share that gives up at once when not answered at once.")
    talk: DistributionSpec = Field(
        default=_default(lognormal={"mean": "4m", "cv": 0.8}), description="How long the talk is."
    )
    wrap_up: DistributionSpec = Field(
        default=_default(exponential={"mean": "30s"}), description="How long the agent works on after the talk."
    )
    resolve: Share = Field(default=0.75, description="The share of answered contacts that is resolved in the contact.")
    follow_up: Share = Field(
        default=0.0,
        description="The share that the first line keeps as a case and resolves later: it counts for FLR, not FCR.",
    )
    follow_up_delay: DistributionSpec = Field(
        default=_default(exponential={"mean": "2h"}), description="How long the first line takes over such a case."
    )
    pick_up: DistributionSpec = Field(
        default=_default(exponential={"mean": "1h"}),
        description="How long an escalated case waits until the team accepts it.",
    )
    work: DistributionSpec = Field(
        default=_default(lognormal={"mean": "4h", "cv": 1.0}), description="How long the team works on it from there."
    )
    redial: RedialSpec = Field(default=RedialSpec(), description="Calling again after giving up.")

    callback: Share = Field(
        default=0.5, description="The share that, offered to be called back while it waits, takes it and hangs up."
    )
    reached: Share = Field(default=0.8, description="The chance that one who is called back picks up, each time anew.")
    message: Share = Field(default=0.7, description="The share that, sent to voicemail, leaves a message.")
    speaking: DistributionSpec = Field(
        default=_default(lognormal={"mean": "30s", "cv": 0.6}), description="How long a message is."
    )

    def overbooked(self) -> str:
        """What is wrong when contacts would end in more ways than one; empty when nothing is."""
        total = self.resolve + self.follow_up
        return f"resolve and follow_up add up to {total:.4g}, more than all" if total > 1 + _SHARE_SLACK else ""


class ReasonSpec(ContactSpec):
    """Why customers call. Settings of `contacts` that a reason does not repeat hold for it too."""

    answers: dict[Id, Annotated[str, Field(min_length=1)]] = Field(
        {},
        description="What the customer keys at each node, by the node's id; `{customer_number}` stands for his own. "
        "At a node without an answer he keys nothing.",
    )
    self_served: bool = Field(
        default=False, description="Whether the need is met once the menu has come to its end without an agent."
    )
    wrap_up_reason: WrapUpCode | None = Field(
        default=None,
        description="The wrap-up code agents give it, of the section `reasons`. None: the one of the same id.",
    )

    def over(self, contacts: ContactSpec) -> ContactSpec:
        """The settings of `contacts`, but for those that this reason repeats."""
        own = self.model_fields_set & ContactSpec.model_fields.keys()
        return contacts.model_copy(update={name: getattr(self, name) for name in own})


class HoursSpec(CalendarSpec):
    """A calendar whose zone is the centre's unless it names one."""

    zone: Zone = Field(default="", description="The time zone of these hours, by its IANA name. None: the centre's.")

    def intervals(self, name: str, zone: str, first: date, end: date) -> Iterator[tuple[int, int]]:
        """The open intervals, in milliseconds since the epoch, from the day before `first` until the end of `end`.

        That covers the dates from `first` to before `end` in any zone, with the nights that begin and end them.
        """
        spec = self.model_copy(update={"zone": self.zone or zone})
        try:
            calendar = compile_calendar(name, spec, (first - _DAY, end + _DAY))
        except ValueError:  # never open on these dates: nobody comes, which is no fault here
            return
        yield from zip(calendar.starts, calendar.ends, strict=True)


class LevelSpec(HoursSpec):
    """A part of a profile: its level while this calendar is open."""

    level: Annotated[float, Field(ge=0, le=1_000)] = Field(description="The level; 1 is the entry point's `per_hour`.")


class ArrivalsSpec(Entry):
    """What arrives on one entry point."""

    profile: ProfileName | None = Field(
        default=None, description="The profile of its day. None: nothing arrives but recorded volumes."
    )
    per_hour: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="Contacts per hour while the profile's level is 1, on the average day."
    )
    share: Weight = Field(
        default=1, description="The entry point's part of recorded volumes, relative to that of the others."
    )
    reasons: dict[ReasonName, Weight] = Field(
        min_length=1, description="How often each reason is behind a contact, relative to the others."
    )

    @field_validator("reasons")
    @classmethod
    def _are_some(cls, reasons: dict[str, float]) -> dict[str, float]:
        if not any(reasons.values()):
            raise ValueError("no reason has a part in this: give at least one more than 0")
        return reasons


class ShiftSpec(HoursSpec):
    """When some of the agents are there."""

    agents: list[str] = Field(
        min_length=1,
        description="Agents and groups of them, by id, or a part of a group, such as `clerk-01..clerk-12`.",
    )


class AgentsSpec(Entry):
    """How agents take offers, and when they are there."""

    answering: DistributionSpec = Field(
        default=_default(uniform={"low": "2s", "high": "8s"}),
        description="How long an agent takes to accept or decline an offer.",
    )
    decline: Share = Field(default=0.0, description="The share of offers that agents decline.")
    miss: Share = Field(default=0.0, description="The share of offers that agents let pass.")
    back_after_ms: SomeTime = Field(
        default="2m",  # type: ignore[assignment]  # read as what a file says
        alias="back_after",
        description="How long an agent stays away who stopped taking offers.",
    )
    shifts: list[ShiftSpec] = Field(default=[], description="Who is there when. Each agent is in one of them.")

    @field_validator("miss")
    @classmethod
    def _leaves_room(cls, miss: float, info: ValidationInfo) -> float:
        total = miss + info.data.get("decline", 0)
        if total > 1 + _SHARE_SLACK:
            raise ValueError(f"decline and miss add up to {total:.4g}, more than all")
        return miss


class PopulationSpec(Entry):
    """The made-up world around a centre."""

    customers: CustomersSpec = Field(default=CustomersSpec(), description="Those who may call.")
    busyness_cv: Annotated[float, Field(ge=0, le=2)] = Field(
        default=0.0,
        description="How much whole days differ: the coefficient of variation of a factor on all rates of a day.",
    )
    profiles: dict[Id, list[LevelSpec]] = Field(
        default={},
        description="The shapes of days, by id: levels and their hours. Where several hours are open, levels add up.",
    )
    contacts: ContactSpec = Field(
        default=ContactSpec(), description="How contacts go, unless their reason says otherwise."
    )
    reasons: dict[Id, ReasonSpec] = Field(min_length=1, description="Why customers call, by the reason's id.")
    arrivals: dict[EntryPointName, ArrivalsSpec] = Field(
        min_length=1, description="What arrives, by the entry point's id."
    )
    agents: AgentsSpec = Field(default=AgentsSpec(), description="How agents behave, and when they are there.")
