"""What a centre's files may say, section by section: one model for each kind of entry, with its defaults and bounds.

The models check the form of an entry, and say in its types of what a text must be the name (`router.centre.names`).
What entries say together is for `router.centre.references`, what a menu leads to for `router.centre.menus`. Durations
are milliseconds once read. Every default is the plan's own (a test compares them), and every description is the
manual's text.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from acd.plan import CHANNELS, Channel, ChannelPlan, Order, Ring, Selection, WrapUpOutcome
from escalation.case import CaseState
from router.centre.calendars import CalendarSpec, Zone
from router.centre.compat import CompatSpec
from router.centre.durations import Duration, SomeTime
from router.centre.entries import (
    Address,
    AgentName,
    Attempts,
    CalendarName,
    CaseTypeName,
    Digits,
    Entry,
    Fact,
    FlowName,
    Id,
    Key,
    Language,
    Level,
    Priority,
    PromptName,
    QueueName,
    ServiceLine,
    SkillName,
    SpokenLanguage,
    TeamName,
    Words,
    WrapUpCode,
    lasting,
)
from router.centre.routing import (
    AnnounceSpec,
    ExpectedWaitMaxSpec,
    OverflowSpec,
    PreferredSpec,
    PriorityRuleSpec,
    QueueHoursSpec,
    TierSpec,
)
from router.centre.stand_ins import CallbackSpec, VoicemailSpec

HORIZON_YEARS_MAX: Final = 20
YEAR_MIN: Final = 1971
YEAR_MAX: Final = 2999
"""A horizon lies in these years: instants count from 1970 on, and dates and zone files count well beyond the last."""
COUNT_MAX: Final = 10_000
"""How many agents a group may have."""
COST_MAX: Final = 10_000
"""How many units an agent can bear at most, and a contact cost."""


Cost = Annotated[int, Field(ge=1, le=COST_MAX)]


class HorizonSpec(Entry):
    """The civil dates for which calendars are compiled. Outside it no case falls due: renew it in good time."""

    start: dt.date = Field(alias="from", description="The first date.")
    end: dt.date = Field(alias="to", description="The date after the last one.")

    @field_validator("start", "end")
    @classmethod
    def _is_near(cls, day: dt.date) -> dt.date:
        if not YEAR_MIN <= day.year <= YEAR_MAX:
            raise ValueError(f"{day} is too far away: a horizon lies in the years {YEAR_MIN} to {YEAR_MAX}")
        return day

    @field_validator("end")
    @classmethod
    def _is_later(cls, end: dt.date, info: ValidationInfo) -> dt.date:
        start = info.data.get("start", dt.date.min)
        if end <= start:
            raise ValueError(f"the horizon ends on {end}, before it begins: `to` is the date after the last one")
        if info.data and end.year - start.year > HORIZON_YEARS_MAX:
            raise ValueError(f"a horizon spans {HORIZON_YEARS_MAX} years at most")
        return end

    @property
    def dates(self) -> tuple[dt.date, dt.date]:
        """The first date, and the one after the last."""
        return self.start, self.end


class CentreSpec(Entry):
    """The centre as a whole."""

    id: Id = Field(description="The centre's name in topics, in the journal and on pages.")
    zone: Zone = Field(description="The time zone in which its reports are read, by its IANA name.")
    languages: list[Language] = Field(
        min_length=1, description="The languages it speaks, first the one of an entry point that names none."
    )
    horizon: HorizonSpec = Field(description="The dates for which its calendars are compiled.")
    pause_restarts_idle: bool = Field(
        default=True, description="Whether an agent counts as idle only since the end of his last pause."
    )
    targets: list[Words] = Field(
        [], description="What it is to reach, such as `flr >= 0.7`: `firstline simulate` tests it unless told others."
    )


class Node(Entry):
    """A node of a menu tree. `FOLLOWERS` are its settings that name other nodes of the flow."""

    FOLLOWERS: ClassVar[tuple[str, ...]] = ()


class SaySpec(Node):
    """Plays prompts, then goes on."""

    FOLLOWERS = ("next",)

    node: Literal["say"]
    prompts: list[PromptName] = Field(min_length=1, description="What is played, in this order.")
    next: Id = Field(description="The node that follows.")


class MenuSpec(Node):
    """Asks for one key."""

    FOLLOWERS = ("options", "failure")

    node: Literal["menu"]
    prompts: list[PromptName] = Field(min_length=1, description="What is played, in this order.")
    options: dict[Key, Id] = Field(min_length=1, description="The node that follows each key.")
    failure: Id = Field(description="The node that follows too many silences, or too many wrong keys.")
    silence: SomeTime = lasting("5s", "How long to wait for a key after the prompts.")
    attempts_max: Attempts = Field(3, description="How many silences, and how many wrong keys, are borne.")


class CollectSpec(Node):
    """Asks for a number."""

    FOLLOWERS = ("next", "failure")

    node: Literal["collect"]
    prompts: list[PromptName] = Field(min_length=1, description="What is played, in this order.")
    into: Fact = Field(description="The fact about the contact which the number becomes.")
    digits_min: Digits = Field(description="The fewest digits.")
    digits_max: Digits = Field(description="The most digits; the last of them ends the number.")
    next: Id = Field(description="The node that follows a number.")
    failure: Id = Field(description="The node that follows too many silences, or too many numbers that are too short.")
    terminator: Literal["#", "*"] = Field("#", description="The key that ends a number before it has all digits.")
    identify: bool = Field(default=False, description="Whether the number tells who the customer is.")
    secret: bool = Field(default=False, description="Whether the digits are stored nowhere.")
    silence: SomeTime = lasting("5s", "How long to wait for the first digit, and for each further one.")
    attempts_max: Attempts = Field(3, description="How many silences, and how many wrong numbers, are borne.")

    @field_validator("digits_max")
    @classmethod
    def _is_not_below(cls, digits_max: int, info: ValidationInfo) -> int:
        if digits_max < info.data.get("digits_min", 0):
            raise ValueError(f"digits_max is {digits_max}, below digits_min, which is {info.data['digits_min']}")
        return digits_max


class HoursSpec(Node):
    """Goes two ways, by whether a calendar is open at this instant."""

    FOLLOWERS = ("open", "closed")

    node: Literal["hours"]
    calendar: CalendarName = Field(description="The calendar that is asked.")
    open: Id = Field(description="The node that follows when it is open.")
    closed: Id = Field(description="The node that follows when it is closed.")


class SetLanguageSpec(Node):
    """Speaks another language from here on, and asks for agents who do."""

    FOLLOWERS = ("next",)

    node: Literal["set_language"]
    language: SpokenLanguage = Field(description="One of the centre's languages.")
    next: Id = Field(description="The node that follows.")


class CaseStatusSpec(Node):
    """Reads the state of the customer's newest case back: self-service."""

    FOLLOWERS = ("next", "none")

    node: Literal["case_status"]
    prompts: dict[CaseState, PromptName] = Field(
        description="What is played for each state of a case; none is left out."
    )
    next: Id = Field(description="The node that follows.")
    none: Id = Field(description="The node that follows when nobody was identified, or nothing is known of a case.")

    @field_validator("prompts")
    @classmethod
    def _are_for_every_state(cls, prompts: dict[CaseState, str]) -> dict[CaseState, str]:
        if silent := [state for state in CaseState if state not in prompts]:
            raise ValueError(f"nothing is played for a case that is {' or '.join(silent)}")
        return prompts


class HandOverSpec(Node):
    """Ends the menu: the contact waits in a queue, with all that was learnt on the way."""

    node: Literal["hand_over"]
    queue: QueueName = Field(description="The queue it waits in.")
    prompts: list[PromptName] = Field([], description="What is played while it waits.")
    priority: Priority = Field(0, description="Added to the queue's own priority.")
    head_start: Duration = lasting("0s", "Added to the queue's own head start.")
    wait_max: SomeTime | None = Field(None, description="How long it waits at most. `null`: as the queue says.")
    tiers_max: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="How many of the queue's tiers of agents ever open to it. `null`: all. "
        "In a queue that follows Asterisk: so many penalties, counted from 0 (`QUEUE_MAX_PENALTY`, and one more).",
    )
    position: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="Where it asks to stand in a queue that follows Asterisk, 1 for the front. "
        "`null`: behind all of its priority.",
    )
    prefers: list[AgentName] = Field(
        [], description="The agents, or groups of them, it is kept for at first, if the queue has `preferred`."
    )


class HangUpSpec(Node):
    """Ends the contact."""

    node: Literal["hang_up"]
    prompts: list[PromptName] = Field([], description="What is played before, such as a goodbye.")


NodeSpec = Annotated[
    SaySpec | MenuSpec | CollectSpec | HoursSpec | SetLanguageSpec | CaseStatusSpec | HandOverSpec | HangUpSpec,
    Field(discriminator="node"),
]


class FlowSpec(Entry):
    """A menu tree. A caller who presses nothing must come to an end in it, and every node must be reachable."""

    start: Id = Field(description="The first node.")
    nodes: dict[Id, NodeSpec] = Field(min_length=1, description="The nodes by id. `node` says of which kind one is.")


class ChannelSpec(Entry):
    """What a contact of a channel takes of the capacity that each agent has for all channels together."""

    cost: Cost | None = Field(
        None, description="How many units one contact takes. `null`: 100 for `voice`, 20 for each of the others."
    )
    interruptible: bool | None = Field(
        None,
        description="Whether it can wait while its agent sees to one that cannot: it leaves room for those, and goes "
        "on afterwards. `null`: `mail` and `work_item` can, `voice` and `chat` cannot.",
    )

    def plan(self, channel: Channel) -> ChannelPlan:
        """The channel with what is left out filled in."""
        usual = CHANNELS[channel]
        cost = usual.cost if self.cost is None else self.cost
        return ChannelPlan(channel, cost, usual.interruptible if self.interruptible is None else self.interruptible)


class EntryPointSpec(Entry):
    """What a contact arrives on."""

    channel: Channel = Field("voice", description="The channel by which they come.")
    addresses: list[Address] = Field(
        min_length=1,
        description="The dialled numbers, or the names of mailboxes and the like, in quotes; each once in a centre.",
    )
    service_line: ServiceLine = Field(description="The service line; a process team stands behind it.")
    language: SpokenLanguage | None = Field(
        None, description="What is spoken at first. `null`: the centre's first language."
    )
    flow: FlowName = Field(description="The menu tree it is sent through.")


class AgeingSpec(Entry):
    """A priority that grows while a contact waits."""

    every: SomeTime = Field(description="After each so much time since the need arose,")
    by: Annotated[int, Field(ge=1, le=1000)] = Field(1, description="it grows by this much,")
    priority_max: Priority = Field(description="but not above this.")


class RelaxationSpec(Entry):
    """What is asked of agents from some time on instead. It may only ask for less."""

    after: SomeTime | None = Field(
        None,
        description="How long the contact has waited. `null`: by the hour, if `during` names a calendar; else as soon "
        "as nobody who is there meets what is asked.",
    )
    during: CalendarName | None = Field(
        None, description="For contacts that wait while this calendar is open, and then for as long as they wait."
    )
    requirements: dict[SkillName, Annotated[int, Field(ge=0, le=10)]] = Field(
        {}, description="Lower levels of some skills; 0 asks no longer for one. The others stay as they are."
    )
    match_language: bool | None = Field(None, description="`false`: in any language. `null`: as before.")


class QueueSpec(Entry):
    """Where contacts wait for an agent.

    The order of contacts: the larger `weight`, then the higher `priority` by now, then age, with the `head_start`.
    """

    weight: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="A queue of more weight goes first, whatever the priorities, for agents that both could use."
    )
    priority: Priority = Field(0, description="Higher is served first.")
    priorities: list[PriorityRuleSpec] = Field([], description="More priority for some; all that apply are added up.")
    ageing: AgeingSpec | None = Field(None, description="How the priority grows while a contact waits. `null`: never.")
    order: Order = Field(
        "age",
        description="By `age`, the older need goes first; by `slack`, who is nearest the end of the acceptable wait.",
    )
    head_start: Duration = lasting("0s", "So much older its contacts count than they are.")
    requirements: dict[SkillName, Level] = Field(
        {}, description="The level of each skill that an agent must have at least."
    )
    match_language: bool = Field(default=False, description="Whether the agent must speak the contact's language.")
    relaxations: list[RelaxationSpec] = Field([], description="What is asked instead, one after the other.")
    tiers: list[TierSpec] = Field(
        [], description="Who may serve it, first come first. None: everybody who meets the requirements, at once."
    )
    overflow: OverflowSpec | None = Field(None, description="The queue that contacts go on to. `null`: none.")
    announce: AnnounceSpec | None = Field(
        None, description="What contacts are told while they wait. `null`: nothing, and no wait is estimated."
    )
    hours: QueueHoursSpec | None = Field(None, description="When it takes contacts. `null`: at all hours.")
    expected_wait_max: ExpectedWaitMaxSpec | None = Field(
        None, description="Beyond which expected wait nobody is let in. `null`: none."
    )
    agents_min: Annotated[int, Field(ge=0)] = Field(
        0, description="How many who could serve it must be at work and going on; who comes else is sent away."
    )
    preferred: PreferredSpec | None = Field(
        None, description="For whom contacts are kept at first. `null`: they are open to all from the start."
    )
    selection: Selection = Field("longest_idle", description="Which agent of a tier goes first.")
    ring: Ring = Field(
        "one", description="Whether `one` agent is rung at a time, `all` at once, or `progressive`: one more each step."
    )
    ring_step: SomeTime = lasting("10s", "The step, where phones are rung progressively.")
    offer: SomeTime = lasting("20s", "How long an agent is offered a contact.")
    join: SomeTime = lasting("10s", "How long the joining of the parties may take after he has accepted.")
    wrap_up: Duration = lasting("60s", "How long the work after a contact may take.")
    wait_max: SomeTime | None = Field(None, description="How long a contact waits at most. `null`: for ever.")
    waiting_max: Annotated[int, Field(ge=1)] | None = Field(
        None, description="How many contacts it takes at most; who comes then is sent away. `null`: any number."
    )
    leave_when_empty: bool = Field(
        default=False, description="Whether a contact is sent away that nobody logged in could serve, now or later."
    )
    missed_offers_max: Annotated[int, Field(ge=1)] | None = Field(
        1, description="After how many offers missed in a row an agent counts as not responding. `null`: never."
    )
    exclusion: Duration = lasting("5m", "How long a contact keeps away from an agent who did not take it.")
    retry: SomeTime = lasting("10s", "How soon he is offered it again when nobody else is there.")
    acceptable_wait: Duration = lasting("20s", "Answered within this counts for the service level.")
    short_abandon: Duration | None = Field(
        None, description="Who gives up within this is not counted. `null`: the acceptable wait."
    )
    wrap_up_outcome: WrapUpOutcome = Field("resolved", description="What is booked when the time for wrap-up runs out.")
    case_type: CaseTypeName | None = Field(
        None, description="The type of case an escalation opens when the agent names none."
    )
    reasons: list[WrapUpCode] = Field(
        [], description="The wrap-up codes that agents may give. None: any of the centre's."
    )
    wrap_up_reason: WrapUpCode | None = Field(
        None, description="The wrap-up code that is booked when the time for wrap-up runs out. `null`: none."
    )
    direct: SomeTime = lasting(
        "30s", "How long a contact that is transferred to one agent, or given to him by hand, waits for him alone."
    )
    consult: SomeTime = lasting("2m", "How long an agent who consults somebody of this queue waits for an answer.")
    compat: CompatSpec | None = Field(
        None,
        description="The old system that the queue follows, for replay and comparison; most other settings of a queue "
        "have no effect then. `null`: none.",
    )
    callback: CallbackSpec | None = Field(
        None, description="How waiting customers are called back, keeping their places. `null`: they are not."
    )
    voicemail: VoicemailSpec | None = Field(
        None, description="How waiting customers leave a message instead. `null`: they cannot."
    )

    @field_validator("wrap_up_reason")
    @classmethod
    def _is_one_of_its_own(cls, reason: str | None, info: ValidationInfo) -> str | None:
        reasons = info.data.get("reasons")
        if reason and reasons and reason not in reasons:
            raise ValueError(f"`{reason}` is not one of the queue's own `reasons`: list it there, or take one of them")
        return reason

    @property
    def listed(self) -> list[str]:
        """The agents and groups that are named as those who may serve it; none: it does not go by names."""
        return self.compat.listed if self.compat else [agent for tier in self.tiers for agent in tier.agents]


class AgentSpec(Entry):
    """A first-line agent, or a group of agents with the same skills: a row of the skill matrix."""

    count: Annotated[int, Field(ge=1, le=COUNT_MAX)] | None = Field(
        None,
        description="How many there are: `clerk` with 12 of them is `clerk-01` to `clerk-12`. `null`: one, `clerk`.",
    )
    skills: dict[SkillName, Level] = Field({}, description="The level of each skill, 1 to 10.")
    wrap_up: Duration | None = Field(None, description="The time for wrap-up. `null`: as the queue says.")
    missed_offers_max: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="After how many offers missed in a row he is not responding. `null`: as the queue says.",
    )
    languages: list[SpokenLanguage] = Field([], description="The languages the agent speaks.")
    weight: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="How many lots he has in queues whose `selection` is `weighted_random`."
    )
    capacity: Cost = Field(100, description="How many units of contacts he can bear at once; see `channels`.")
    channels: dict[Channel, Annotated[int, Field(ge=1)] | None] | None = Field(
        None,
        min_length=1,
        description="The channels he takes, each with the most contacts of it at once, or `null` for as many as he can "
        "bear. Left out: all channels.",
    )


class TeamSpec(Entry):
    """A process team: the second line of a service line."""

    service_line: Id = Field(description="The service line it stands behind.")


class CaseTypeSpec(Entry):
    """A kind of case, and what was promised about it."""

    team: TeamName = Field(description="The process team that owes the answer.")
    target: SomeTime = Field(description="Within how much open time of the calendar it owes it.")
    calendar: CalendarName = Field(description="The calendar by which the time runs.")


class Sections(Entry):
    """The sections that a file of a centre may have. Each may be spread over several files, its entries may not."""

    centre: CentreSpec | None = Field(None, description="What it is called, where it is, and what it speaks.")
    calendars: dict[Id, CalendarSpec] = Field({}, description="Opening hours and the business time of targets, by id.")
    prompts: dict[Id, dict[SpokenLanguage, Words]] = Field(
        {}, description="What callers hear, by id and language: every prompt in every language of the centre."
    )
    flows: dict[Id, FlowSpec] = Field({}, description="Menu trees by id.")
    channels: dict[Channel, ChannelSpec] = Field({}, description="What contacts cost of an agent's capacity.")
    entry_points: dict[Id, EntryPointSpec] = Field({}, description="What contacts arrive on, by id.")
    skills: dict[Id, Words] = Field({}, description="What agents can do: an id and what it means. Languages are apart.")
    queues: dict[Id, QueueSpec] = Field({}, description="Where contacts wait, by id.")
    agents: dict[Id, AgentSpec] = Field({}, description="The first line, by id.")
    teams: dict[Id, TeamSpec] = Field({}, description="Process teams by id.")
    case_types: dict[Id, CaseTypeSpec] = Field({}, description="Kinds of case by id.")
    reasons: dict[Id, Words] = Field({}, description="Wrap-up codes: an id and what it means.")
    population: dict[str, Any] = Field({}, description="The simulator's customers; see its own manual.")
