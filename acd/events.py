"""What happens on the floor: facts that come in, and decisions that go out.

Each class has a `kind`, its name in the journal and on the wire: facts and decisions are past tense ("offer.expired"),
commands imperative ("offer"). Instants are ms since the epoch, durations ms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from acd import hands, stand_in_events
from acd.compat.events import AttemptEnded, AttemptStarted, CompatLooked
from acd.model import StandIn
from acd.plan import Requirement, WrapUpOutcome
from acd.stand_in_events import CallbackFailed, DialTimedOut

LegFailure = Literal["busy", "unreachable", "no_answer", "declined", "lost"]
ContactOutcome = Literal[
    "handled", "abandoned", "timed_out", "blocked", "nobody_there", "closed", "left_menu", "served_in_menu",
    "withdrawn", "callback_failed", "no_message", "consulted", "called_off",
]  # fmt: skip


# --- facts that come in -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentStateSet:
    """An agent says what he wants to be: ready, paused (with a reason) or offline; if he is busy, afterwards.

    Until then he is offered nothing more. Who says that he is ready ends whatever wrap-up he is in.
    Where a supervisor says it for him, `by` is who.

    Who is ready `once` is paused after one contact, until he says that he is ready again.
    A `lease_ms` above 0 makes his presence a lease, which `agent.alive` renews; 0 leaves it as it is.
    """

    kind: ClassVar[str] = "agent.state"
    agent: str
    state: Literal["ready", "paused", "offline"]
    reason: str = ""
    lease_ms: int = 0
    once: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class AgentAlive:
    """A heartbeat that renews an agent's lease for another `lease_ms`."""

    kind: ClassVar[str] = "agent.alive"
    agent: str
    lease_ms: int


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    """The agent takes the contact; the parties are not joined yet."""

    kind: ClassVar[str] = "offer.accepted"
    contact: str
    agent: str
    offer: int


@dataclass(frozen=True, slots=True)
class OfferDeclined:
    """The agent does not take the contact."""

    kind: ClassVar[str] = "offer.declined"
    contact: str
    agent: str
    offer: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LegRinging:
    """The agent's phone rings."""

    kind: ClassVar[str] = "leg.ringing"
    contact: str
    agent: str
    offer: int


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The agent's phone was picked up, which accepts the offer."""

    kind: ClassVar[str] = "leg.answered"
    contact: str
    agent: str
    offer: int


@dataclass(frozen=True, slots=True)
class LegFailed:
    """The agent's phone could not be reached, or was lost before the parties were joined."""

    kind: ClassVar[str] = "leg.failed"
    contact: str
    agent: str
    offer: int
    cause: LegFailure


@dataclass(frozen=True, slots=True)
class ContactJoined:
    """Customer and agent are joined: this is the answer."""

    kind: ClassVar[str] = "contact.joined"
    contact: str
    agent: str
    offer: int


@dataclass(frozen=True, slots=True)
class ContactReleased:
    """The agent ends the conversation."""

    kind: ClassVar[str] = "contact.released"
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class WrappedUp:
    """The agent has finished the work after the contact, and says how it ended (`reason`: a wrap-up code)."""

    kind: ClassVar[str] = "contact.wrapped_up"
    agent: str
    contact: str
    outcome: WrapUpOutcome
    reason: str = ""
    case_type: str = ""


@dataclass(frozen=True, slots=True)
class ContactReprioritised:
    """A supervisor, or the customer's own doing, gives a contact another priority, at once.

    Only in a queue that follows Asterisk: one that is not `immediate` leaves the contact at its place in the queue.
    """

    kind: ClassVar[str] = "contact.reprioritised"
    contact: str
    priority: int
    reason: str = ""
    immediate: bool = True
    by: str = ""


@dataclass(frozen=True, slots=True)
class ContactMoved:
    """A supervisor moves a waiting contact to another queue, where it has the place of its need."""

    kind: ClassVar[str] = "contact.moved"
    contact: str
    queue: str
    reason: str = ""
    by: str = ""


# --- decisions and commands that go out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContactQueued:
    """A contact was offered to a queue: it waits until `until` (None: for ever).

    `relaxed` of the queue's relaxations are in force for it from the start, and `tiers` of its tiers open. In the order
    of contacts it counts as if it had waited for `head_start_ms` more.
    In a queue that follows Asterisk it asks to stand at `position` (1 is the front).
    `resumes`: the contact whose place it takes, because the same customer left this queue lately, or was to be called
    back. `stand_in`: it waits as the callback, or the message, of a customer who is not on the line.
    Until `reserved_until` it is offered to nobody but those it is `reserved_for`, if there are any.
    `holds`: the conditions of the rules that hold of it; they were looked at when it left its menu.
    `consults`: the contact about which an agent consults another one; then this one is a leg between the two.
    """

    kind: ClassVar[str] = "contact.queued"
    contact: str
    queue: str
    language: str
    priority: int
    requirements: tuple[Requirement, ...]
    need_since: int
    until: int | None = None
    relaxed: int = 0
    tiers: int = 1
    tiers_max: int | None = None
    head_start_ms: int = 0
    position: int | None = None
    customer: str = field(default="", repr=False, metadata={"personal": "person"})
    resumes: str = ""
    stand_in: StandIn = ""
    reserved_for: tuple[str, ...] = ()
    reserved_until: int = 0
    holds: tuple[str, ...] = ()
    consults: str = ""


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """A contact leaves a queue, after `wait_ms` in it, and is not over.

    It goes on to another, which `contact.queued` names next; or the customer goes, to be called back, or to record a
    message, and `contact.queued` says when what stands in for him waits in this queue.
    """

    kind: ClassVar[str] = "queue.left"
    contact: str
    queue: str
    outcome: Literal["moved", "overflowed", "closed", "callback", "voicemail"]
    wait_ms: int


@dataclass(frozen=True, slots=True)
class ContactWidened:
    """More agents may serve a waiting contact: `relaxed` relaxations of its queue are in force, `tiers` tiers open."""

    kind: ClassVar[str] = "contact.widened"
    contact: str
    requirements: tuple[Requirement, ...]
    relaxed: int
    tiers: int


@dataclass(frozen=True, slots=True)
class AnnounceWait:
    """Command: tell a waiting contact what `tells` names, and play `prompts`; if both are empty, nothing now.

    `position` never rises while it is in this queue; `place` is the true one. The contact is answered within
    `wait_p50_ms` from now in one case of two, within `wait_p90_ms` in nine of ten; None while that is not known.
    """

    kind: ClassVar[str] = "announce"
    contact: str
    queue: str
    language: str
    position: int
    place: int
    waited_ms: int
    wait_p50_ms: int | None
    wait_p90_ms: int | None
    tells: tuple[Literal["position", "expected_wait", "callback"], ...]
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferContact:
    """Command: propose this contact to this agent until `until`. `offer` is the token that the answer brings back.

    The terms of the choice: the contact's `priority` (by now) and `waited_ms` (since its need), the agent's `idle_ms`.
    Of the ready agents (a contact chose) or the waiting contacts (an agent was free), `candidates` were eligible;
    `excluded` were not, as (reason, number).
    `stand_in`: the customer is not on the line. On accepting a callback he is dialled, for the `attempt`-th time; on
    accepting a message it is played.
    """

    kind: ClassVar[str] = "offer"
    offer: int
    contact: str
    agent: str
    queue: str
    language: str
    until: int
    priority: int
    waited_ms: int
    idle_ms: int
    candidates: int
    excluded: tuple[tuple[str, int], ...]
    customer: str = field(default="", repr=False, metadata={"personal": "person"})
    stand_in: StandIn = ""
    attempt: int = 0
    consults: str = ""


@dataclass(frozen=True, slots=True)
class RingWidened:
    """One more agent may be rung for a contact that rings already."""

    kind: ClassVar[str] = "ring.widened"
    contact: str


@dataclass(frozen=True, slots=True)
class WithdrawOffer:
    """Command: the offer is off; stop ringing."""

    kind: ClassVar[str] = "withdraw"
    offer: int
    contact: str
    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class OfferExpired:
    """Nobody answered the offer in time."""

    kind: ClassVar[str] = "offer.expired"
    offer: int
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class JoinParties:
    """Command: join customer and agent, or play the agent the message; confirm with `contact.joined` before `until`."""

    kind: ClassVar[str] = "join"
    offer: int
    contact: str
    agent: str
    until: int
    stand_in: StandIn = ""


@dataclass(frozen=True, slots=True)
class JoinTimedOut:
    """The telephony side never confirmed the join; the contact waits again, in its old place."""

    kind: ClassVar[str] = "join.timed_out"
    offer: int
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class PairExcluded:
    """The agent is not offered the contact again before `until`, whatever was said of the two before."""

    kind: ClassVar[str] = "pair.excluded"
    contact: str
    agent: str
    until: int


@dataclass(frozen=True, slots=True)
class AgentMoved:
    """The engine changed an agent's state: not responding, or a pause or log-out that was asked for while busy."""

    kind: ClassVar[str] = "agent.moved"
    agent: str
    state: Literal["not_responding", "paused", "offline"]
    reason: str


@dataclass(frozen=True, slots=True)
class AgentLapsed:
    """An agent's lease was not renewed in time: offline now, or as soon as the contact in hand is done."""

    kind: ClassVar[str] = "agent.lapsed"
    agent: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Command: end the customer's leg, after these prompts in this language, if there are any."""

    kind: ClassVar[str] = "hang_up"
    contact: str
    reason: str
    prompts: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class ContactEnded:
    """A contact is over. `wait_ms` is its wait in `queue`, `talk_ms` from join to end; 0 where there was none.

    Of those that were not answered, the customer *abandoned*; the others we sent away, for a `reason`: *timed out*,
    *blocked* as not let in, from a queue that *nobody is there* to serve, or from one that is *closed*. Of those
    without a customer on the line, a *callback failed* after its attempts, or it was *withdrawn*, as a message may be.
    Who was to leave one and did not left *no message*. The leg of a consult is *called off* unless they *consulted*.
    """

    kind: ClassVar[str] = "contact.ended"
    contact: str
    outcome: ContactOutcome
    queue: str
    agent: str
    wait_ms: int
    talk_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class WrapUpStarted:
    """The agent works after the contact, until `until` at the latest."""

    kind: ClassVar[str] = "wrap_up.started"
    agent: str
    contact: str
    queue: str
    until: int


@dataclass(frozen=True, slots=True)
class WrapUpExpired:
    """The time for wrap-up ran out (or the agent just went on): the queue's default outcome and code are booked."""

    kind: ClassVar[str] = "wrap_up.expired"
    agent: str
    contact: str
    outcome: WrapUpOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReservationEnded:
    """A contact is kept no longer for some agents: its time is over, they went away, or all of them passed it up."""

    kind: ClassVar[str] = "reservation.ended"
    contact: str
    because: Literal["time", "away", "passed_up"]


@dataclass(frozen=True, slots=True)
class ContactInterrupted:
    """A contact that can wait has to, while its agent sees to others that cannot."""

    kind: ClassVar[str] = "contact.interrupted"
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class ContactResumed:
    """The agent has room again and goes on with a contact that was interrupted."""

    kind: ClassVar[str] = "contact.resumed"
    contact: str
    agent: str


FACTS: Final = (
    AgentStateSet,
    AgentAlive,
    OfferAccepted,
    OfferDeclined,
    LegRinging,
    LegAnswered,
    LegFailed,
    ContactJoined,
    ContactReleased,
    WrappedUp,
    ContactReprioritised,
    ContactMoved,
    *stand_in_events.FACTS,
    *hands.FACTS,
)
DECISIONS: Final = (
    ContactQueued,
    QueueLeft,
    ContactWidened,
    AnnounceWait,
    OfferContact,
    RingWidened,
    CompatLooked,
    AttemptStarted,
    AttemptEnded,
    WithdrawOffer,
    OfferExpired,
    JoinParties,
    JoinTimedOut,
    PairExcluded,
    AgentMoved,
    AgentLapsed,
    HangUp,
    ContactEnded,
    WrapUpStarted,
    WrapUpExpired,
    ReservationEnded,
    ContactInterrupted,
    ContactResumed,
    *stand_in_events.DECISIONS,
    *hands.DECISIONS,
)

OfferLost = OfferDeclined | OfferExpired | LegFailed | WithdrawOffer | JoinTimedOut | CallbackFailed | DialTimedOut
"""The ways in which an offer comes to nothing."""


def is_missed(lost: OfferLost) -> bool:
    """Whether an offer was lost because the agent did not answer: a busy or unreachable phone is no missed offer."""
    return isinstance(lost, OfferExpired) or (isinstance(lost, LegFailed) and lost.cause == "no_answer")
