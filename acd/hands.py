"""What happens as a contact goes from hand to hand: transfers, consults, and what supervisors do.

Facts and commands as in `acd.events`, whose unions hold them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

SupervisionMode = Literal["listen", "whisper", "barge"]
DirectionEnd = Literal["time", "away", "not_taken"]


# --- facts that come in -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContactTransferred:
    """A blind transfer: the agent hands the contact on, unannounced, and wraps up his part of it.

    To `to_agent`, who alone may have it for a while; then, or if none is named, it waits in `queue`, or in the queue it
    came from. It has the place of its need there.
    """

    kind: ClassVar[str] = "contact.transferred"
    contact: str
    agent: str
    queue: str = ""
    to_agent: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ConsultAsked:
    """The agent puts the customer on hold and asks for a colleague: the best of `queue`, or `to_agent` and no other."""

    kind: ClassVar[str] = "consult.asked"
    contact: str
    agent: str
    queue: str = ""
    to_agent: str = ""


@dataclass(frozen=True, slots=True)
class ConsultEnded:
    """The agent goes on with the customer alone; whoever is consulted, or rung for it, is let go."""

    kind: ClassVar[str] = "consult.ended"
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class ConsultMerged:
    """The agent takes the customer in: all three talk."""

    kind: ClassVar[str] = "consult.merged"
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class ConsultCompleted:
    """A warm transfer: the colleague goes on with the customer, and the agent wraps up his part."""

    kind: ClassVar[str] = "consult.completed"
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class ContactPulled:
    """A supervisor gives a waiting contact to an agent who is ready, now."""

    kind: ClassVar[str] = "contact.pulled"
    contact: str
    agent: str
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class SupervisionAsked:
    """A supervisor takes part in a conversation: unheard, heard by the agent only (whisper), or by all (barge)."""

    kind: ClassVar[str] = "supervision.asked"
    contact: str
    supervisor: str
    mode: SupervisionMode


@dataclass(frozen=True, slots=True)
class SupervisionEnded:
    """The supervisor takes part no longer."""

    kind: ClassVar[str] = "supervision.ended"
    contact: str
    supervisor: str


# --- decisions and commands that go out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """An agent's part of a contact is over, but not the contact: he has handed it on. Times as in `contact.ended`."""

    kind: ClassVar[str] = "talk.ended"
    contact: str
    agent: str
    queue: str
    wait_ms: int
    talk_ms: int


@dataclass(frozen=True, slots=True)
class ContactDirected:
    """Until then nobody but this agent may have the waiting contact."""

    kind: ClassVar[str] = "contact.directed"
    contact: str
    agent: str
    until: int


@dataclass(frozen=True, slots=True)
class DirectionEnded:
    """A contact that was meant for this agent is no longer: the time is over, he is away, or he did not take it."""

    kind: ClassVar[str] = "direction.ended"
    contact: str
    agent: str
    because: DirectionEnd


@dataclass(frozen=True, slots=True)
class HoldContact:
    """Command: put the customer on hold; the agent is about to talk with somebody else."""

    kind: ClassVar[str] = "hold"
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class UnholdContact:
    """Command: let the customer and the agent talk again."""

    kind: ClassVar[str] = "unhold"
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class BridgeParties:
    """Command: from now on the customer talks with these agents and no others; what they had beside it is over."""

    kind: ClassVar[str] = "bridge"
    contact: str
    consult: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Supervise:
    """Command: let the supervisor take part in the conversation of customer and agent in this mode, and no other."""

    kind: ClassVar[str] = "supervise"
    contact: str
    agent: str
    supervisor: str
    mode: SupervisionMode


@dataclass(frozen=True, slots=True)
class StopSupervising:
    """Command: take the supervisor out of the conversation, if he is in it."""

    kind: ClassVar[str] = "stop_supervising"
    contact: str
    supervisor: str
    reason: str


FACTS: Final = (
    ContactTransferred,
    ConsultAsked,
    ConsultEnded,
    ConsultMerged,
    ConsultCompleted,
    ContactPulled,
    SupervisionAsked,
    SupervisionEnded,
)
DECISIONS: Final = (
    TalkEnded,
    ContactDirected,
    DirectionEnded,
    HoldContact,
    UnholdContact,
    BridgeParties,
    Supervise,
    StopSupervising,
)
