"""What an explanation is made of: plain records, the same for people, for programs and over HTTP.

Instants are ms since the epoch. Ids only: nothing here is personal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.events import OfferContact
from acd.model import AgentState, ContactState
from acd.plan import Selection

TermName = Literal[
    "weight", "priority", "turn", "order",
    "tier", "skill_levels", "skills", "in_hand", "occupied", "idle_since", "offered_at", "served", "place",
    "rotation", "lot", "lots",
]  # fmt: skip
Chooser = Literal["contact", "agent", "compat"]


@dataclass(frozen=True, slots=True)
class Term:
    """One thing by which candidates are compared: the one with the lowest, or the highest, value goes first."""

    name: TermName
    value: int
    first: Literal["lowest", "highest"] = "lowest"

    @property
    def rank(self) -> int:
        """The value as it sorts: lower goes first."""
        return -self.value if self.first == "highest" else self.value


@dataclass(frozen=True, slots=True)
class Missing:
    """A skill that is asked for at `level`, of which the agent has the level `has` (0: none)."""

    skill: str
    level: int
    has: int


@dataclass(frozen=True, slots=True)
class Unskilled:
    """The agent lacks skills that the contact asks for."""

    missing: tuple[Missing, ...]
    reason: Literal["skill"] = "skill"


@dataclass(frozen=True, slots=True)
class TierClosed:
    """The agent's tier (from 1) opens to the contact at `opens_at`; None is never. Tier 0: he is in none."""

    tier: int
    opens_at: int | None
    reason: Literal["tier"] = "tier"


@dataclass(frozen=True, slots=True)
class KeptApart:
    """The two are kept apart until then, because an offer of the one to the other came to nothing."""

    until: int
    reason: Literal["kept_apart"] = "kept_apart"


@dataclass(frozen=True, slots=True)
class Reserved:
    """The contact is kept for these agents until then."""

    agents: tuple[str, ...]
    until: int
    reason: Literal["reserved"] = "reserved"


@dataclass(frozen=True, slots=True)
class InHand:
    """The agent has to do with it already: he wraps up his part of it, or it is what a consult is about."""

    contact: str
    reason: Literal["kept_apart"] = "kept_apart"


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The agent has no room for a contact of this channel, which costs `cost` units.

    Those in hand take `load` of his `capacity`, as far as they count against it. `most`: how many of the channel he
    takes at once; 0 is none at all, None as many as fit.
    """

    channel: str
    cost: int
    load: int
    capacity: int
    most: int | None
    contacts: tuple[str, ...]
    reason: Literal["capacity"] = "capacity"


@dataclass(frozen=True, slots=True)
class Directed:
    """The contact is meant for another agent, who alone may have it: until then, or None as long as it waits."""

    agent: str
    until: int | None
    reason: Literal["directed"] = "directed"


@dataclass(frozen=True, slots=True)
class NotReady:
    """The agent is not ready. `contact` is the one in hand; `until` is when the state ends at the latest, if it does.

    Of several, `contact` is the one that rings, or else the first that came. `note` is the reason that came with the
    state.
    """

    state: AgentState
    contact: str
    until: int | None
    note: str
    reason: Literal["state"] = "state"


Obstacle: TypeAlias = Directed | Unskilled | TierClosed | NoRoom | InHand | KeptApart | Reserved | NotReady


@dataclass(frozen=True, slots=True)
class Standing:
    """An agent before a contact, or a contact before an agent (`queue` is where it waits).

    With `obstacles` the two cannot be paired; without, `terms` are what it is ranked by, in the order of comparison.
    """

    id: str
    queue: str
    obstacles: tuple[Obstacle, ...]
    terms: tuple[Term, ...]

    @property
    def rank(self) -> tuple[int, ...]:
        """Lower goes first."""
        return tuple(term.rank for term in self.terms)


@dataclass(frozen=True, slots=True)
class Choice:
    """Everybody there was to choose from: the candidates, the first first, and who was none, by id."""

    candidates: tuple[Standing, ...]
    excluded: tuple[Standing, ...]

    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many were excluded for each reason, as a decision's record has it. Who is not ready is not counted."""
        first = [each.obstacles[0].reason for each in self.excluded if not is_not_ready(each)]
        reasons = ("skill", "tier", "capacity", "kept_apart", "reserved", "directed")
        return tuple((reason, first.count(reason)) for reason in reasons if reason in first)

    def standing(self, subject: str) -> Standing | None:
        """How one of them stood."""
        return next((each for each in (*self.candidates, *self.excluded) if each.id == subject), None)


def is_passing(obstacle: Obstacle) -> bool:
    """Whether it will pass, and lies not in what the agent can: he is busy, or the contact is kept for others."""
    if isinstance(obstacle, NoRoom):
        return obstacle.most != 0
    return isinstance(obstacle, NotReady | KeptApart | InHand | Reserved)


def is_not_ready(standing: Standing) -> bool:
    """Whether it is an agent who could not be offered anything, whatever he can do."""
    return any(isinstance(obstacle, NotReady) for obstacle in standing.obstacles)


@dataclass(frozen=True, slots=True)
class Difference:
    """The first term in which two candidates differ: it decides which of them goes first."""

    name: TermName
    first: int
    second: int


def difference(first: Standing, second: Standing) -> Difference | None:
    """What puts one candidate before another; None where that cannot be said by one term that both have."""
    for one, other in zip(first.terms, second.terms, strict=False):
        if one.name != other.name:
            return None
        if one.value != other.value:
            return Difference(one.name, one.value, other.value)
    return None


@dataclass(frozen=True, slots=True)
class Decision:
    """One offer, derived again from the state just before it.

    `chosen_by`: the contact chose among the ready agents, or the agent among the waiting contacts; or the queue follows
    an old system (`strategy`), whose choice is not derived here. `agrees`: the derivation gives the very pick and
    numbers of the record; only a journal of another release may not.
    """

    seq: int
    at: int
    plan: str
    record: OfferContact
    chosen_by: Chooser
    strategy: str
    agrees: bool
    selection: Selection
    agents: Choice
    contacts: Choice


@dataclass(frozen=True, slots=True)
class Ahead:
    """A contact that goes first with an agent who could serve either, and the term that says so."""

    contact: str
    queue: str
    because: Difference


@dataclass(frozen=True, slots=True)
class Waiting:
    """A contact that waits: who goes before it with an agent who could serve either, and what every agent does.

    `opens_at` is when more agents may serve it by time alone, `until` when its wait ends at the latest.
    """

    own: Standing
    since: int
    ahead: tuple[Ahead, ...]
    agents: Choice
    strategy: str
    opens_at: int | None
    until: int | None


@dataclass(frozen=True, slots=True)
class Instead:
    """The agent was offered another contact while this one waited; `because` puts the other first, if a term does."""

    seq: int
    at: int
    contact: str
    queue: str
    obstacles: tuple[Obstacle, ...]
    because: Difference | None


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a contact's story, in words."""

    seq: int
    at: int
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Why:
    """Where a contact is at an instant, and why. `decision` is its last offer, `waiting` how it stands if it waits.

    The story is told from `story_since` on; what was before that only the whole journal tells. `words` are for people.
    """

    contact: str
    at: int
    seq: int
    plan: str
    state: ContactState
    decision: Decision | None
    waiting: Waiting | None
    story_since: int
    story: tuple[Happening, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why an agent was not offered a contact: at its last offer (`decision`), or else at the instant asked for.

    `standing` is the agent's before the contact; None where the contact has asked for no agent. Where he was a
    candidate, `behind` is what put another before him. `offered` is the contact's last offer to him, if there was one,
    and `instead` are the contacts he was offered while this one waited.
    """

    contact: str
    agent: str
    at: int
    seq: int
    plan: str
    state: ContactState
    decision: Decision | None
    standing: Standing | None
    behind: Difference | None
    offered: Decision | None
    instead: tuple[Instead, ...]
    words: tuple[str, ...]
