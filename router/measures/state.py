"""What the fold of the measures carries along from one event to the next. It holds ids only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from router.errors import JournalFault
from router.measures.spans import Levels, Span


@dataclass(slots=True)
class Visit:
    """A contact, or what stands in for it, in a queue since `since` (ms). `talk_ms`, `ended`: once the talk is over.

    Its wrap-up `decides` what became of the contact, unless that was handed on.
    """

    queue: str
    since: int
    is_stand_in: bool = False
    talk_ms: int = 0
    ended: int = 0
    decides: bool = True


@dataclass(slots=True)
class Consult:
    """The leg of a consult about a contact, in a queue that does not count it."""

    contact: str
    queue: str


@dataclass(slots=True)
class Doing:
    """What an agent does: with how many contacts, how many offers, and else whether he is at work.

    `presence` is the column of a tally that his time goes to when he is with nobody; empty when he is off. `column` is
    the one that it goes to now.
    """

    presence: str = ""
    offers: int = 0
    contacts: int = 0
    column: str = ""

    def choose(self) -> str:
        """The column that the agent's time is to go to."""
        if self.contacts:
            return "handling_ms"
        return "ringing_ms" if self.offers else self.presence


@dataclass(slots=True)
class State:
    """What the fold carries along. `before`: the sums of all stretches that are over, kept or not.

    `waiting` and `talking` are contacts; each is in one of them at most. `wrapping` are the parts of them that agents
    wrap up, `handed_on` those who were answered and wait again. `consults` are legs of consults, `consulted` those that
    are over but for the wrap-up, with their queues. `offers` are open offers with theirs. `kept` are contacts that the
    first line follows up, `cases` the cases they became, each with its visit. `lengths`: how many wait, by queue.
    `forgotten_until`: where the kept stretches begin, if not at the first event.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")
    before: Span = field(default_factory=lambda: Span(0))
    spans: dict[int, Span] = field(default_factory=dict)
    forgotten_until: int = 0
    as_of: int = 0
    waiting: dict[str, Visit] = field(default_factory=dict)
    talking: dict[str, Visit] = field(default_factory=dict)
    wrapping: dict[str, Visit] = field(default_factory=dict)
    handed_on: dict[str, None] = field(default_factory=dict)
    consults: dict[str, Consult] = field(default_factory=dict)
    consulted: dict[str, str] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    offers: dict[int, str] = field(default_factory=dict)
    agents: dict[str, Doing] = field(default_factory=dict)
    agents_now: Levels = field(default_factory=dict)
    queues_now: dict[str, Levels] = field(default_factory=dict)
    kept: dict[str, Visit] = field(default_factory=dict)
    cases: dict[str, Visit] = field(default_factory=dict)


_STATE: Final = TypeAdapter(State)


def dump(state: State) -> bytes:
    """A state as JSON."""
    return _STATE.dump_json(state, exclude_defaults=True)


def load(body: bytes) -> State:
    """The state that `dump` wrote."""
    try:
        return _STATE.validate_json(body)
    except ValidationError as error:
        raise JournalFault(f"the measures in the snapshot cannot be read: {error.errors()[0]['msg']}") from error
