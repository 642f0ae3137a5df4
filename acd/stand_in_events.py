"""What happens around customers who go while their places stay, as `acd.events` has it of everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

DialFailure = Literal["busy", "unreachable", "no_answer"]


# --- facts that come in -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """A customer who waits asks to be called back when his turn comes: his place stays, and he hangs up.

    He is dialled at `number` (empty: where he called from), and not before the instant `not_before` (0: at any time).
    """

    kind: ClassVar[str] = "callback.asked"
    contact: str
    number: str = field(default="", repr=False, metadata={"personal": "person"})
    not_before: int = 0


@dataclass(frozen=True, slots=True)
class CallbackFailed:
    """The customer who was dialled could not be reached. The agent is free again, and has missed nothing."""

    kind: ClassVar[str] = "callback.failed"
    contact: str
    agent: str
    offer: int
    cause: DialFailure


@dataclass(frozen=True, slots=True)
class VoicemailAsked:
    """A customer who waits would rather leave a message."""

    kind: ClassVar[str] = "voicemail.asked"
    contact: str


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """The recording of a message has ended, by the customer or at its longest. 0 ms: there is none."""

    kind: ClassVar[str] = "voicemail.left"
    contact: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ContactWithdrawn:
    """A callback or a message that waits is no longer wanted: the customer has cancelled it, or it is settled."""

    kind: ClassVar[str] = "contact.withdrawn"
    contact: str
    reason: str = ""


# --- decisions and commands that go out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DialCustomer:
    """Command: call the customer back for this agent, and say `contact.joined` or `callback.failed` before `until`.

    `number` is empty where it is the one that the contact came from.
    """

    kind: ClassVar[str] = "dial"
    offer: int
    contact: str
    agent: str
    attempt: int
    until: int
    number: str = field(default="", repr=False, metadata={"personal": "person"})


@dataclass(frozen=True, slots=True)
class DialTimedOut:
    """The customer did not answer the callback in time: stop dialling. The agent is free again."""

    kind: ClassVar[str] = "dial.timed_out"
    offer: int
    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class CallbackPostponed:
    """A callback keeps its place, but is offered to nobody until `until`; it was dialled in vain `attempts` times."""

    kind: ClassVar[str] = "callback.postponed"
    contact: str
    attempts: int
    until: int


@dataclass(frozen=True, slots=True)
class CallbackDue:
    """A callback may be offered again, at its place, until `until` (None: as long as it takes)."""

    kind: ClassVar[str] = "callback.due"
    contact: str
    until: int | None


@dataclass(frozen=True, slots=True)
class RecordMessage:
    """Command: play `prompts`, record at most `record_ms_max` of the customer, and say `voicemail.left` by `until`."""

    kind: ClassVar[str] = "record"
    contact: str
    queue: str
    language: str
    prompts: tuple[str, ...]
    record_ms_max: int
    until: int


FACTS: Final = (CallbackAsked, CallbackFailed, VoicemailAsked, VoicemailLeft, ContactWithdrawn)
DECISIONS: Final = (DialCustomer, DialTimedOut, CallbackPostponed, CallbackDue, RecordMessage)
