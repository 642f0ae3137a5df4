"""The walls between the service and the outside: a journal to keep rows in, a bus to hear and speak on, a clock.

Implementations live in `router.adapters`; each has an in-memory one beside the real one, shipped for tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the append-only log: an accepted input, or a decision. `at` is milliseconds since the epoch.

    `cause` names the command it came from ("source id"), or is empty for what the passing of time caused.
    """

    seq: int
    at: int
    cause: str
    kind: str
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command, kept so that a duplicate gets its first outcome again.

    `seq` is the row of the accepted input; otherwise `fault` ("illegal", "stale") and `refusal` say why there is none.
    `subject` and `sequence` are the sender's numbering, `sent_at` his own time (RFC 3339), kept as a fact.
    """

    source: str
    id: str
    seq: int | None
    fault: str = ""
    refusal: str = ""
    subject: str = ""
    sequence: int | None = None
    sent_at: str = ""


@dataclass(frozen=True, slots=True)
class PersonalValue:
    """A value that must never stand in the log, which has its `token`. `subject` is the contact it came with."""

    token: str
    kind: str
    value: str = field(repr=False)
    subject: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An input that was malformed or impossible, kept with its reason. `body` has personal values masked."""

    at: int
    source: str
    id: str
    kind: str
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction appends: the rows of a batch of inputs, and all that must be as durable as they are."""

    rows: Sequence[Row] = ()
    outcomes: Sequence[Outcome] = ()
    personal: Sequence[PersonalValue] = ()
    dead_letters: Sequence[DeadLetter] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the engine after row `seq`, under the plan of this hash, and that of the measures."""

    seq: int
    at: int
    plan: str
    version: int
    body: bytes
    measures: bytes = b""


class Journal(Protocol):
    """Durable memory. One writer. `append` returns when the batch would survive a power cut.

    `sequences` gives the highest number taken of each (source, subject); `plans` every plan the rows speak of, by hash.
    """

    async def append(self, batch: Batch) -> None: ...
    async def outcomes(self, commands: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Outcome]: ...
    def rows(self, after: int = 0) -> AsyncIterator[Row]: ...
    async def personal(self) -> list[PersonalValue]: ...
    async def sequences(self) -> list[tuple[str, str, int]]: ...
    async def plans(self) -> dict[str, bytes]: ...
    async def save_plan(self, plan: str, body: bytes) -> None: ...
    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]: ...
    async def save_snapshot(self, snapshot: Snapshot) -> None: ...
    async def last_snapshot(self) -> Snapshot | None: ...
    async def announced(self) -> int: ...
    async def save_announced(self, seq: int) -> None: ...
    async def checkpoint(self) -> None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message heard on the bus. `handle` is the adapter's own, for `acknowledge`."""

    topic: str
    payload: bytes
    handle: object = None


@dataclass(frozen=True, slots=True)
class Publication:
    """One message to say, at least once. `properties` repeat the CloudEvents attributes."""

    topic: str
    payload: bytes
    retain: bool = False
    properties: Sequence[tuple[str, str]] = ()


class Bus(Protocol):
    """Where inputs come from and announcements go.

    `receive` waits for at least one message and returns all that have arrived, at most `limit`.
    Nothing is acknowledged to the sender before `acknowledge`, which the service calls after its commit, for all
    messages of a turn together; what was never acknowledged comes again after a reconnect. `publish` returns once the
    batch has been handed over in order with at most a bounded number unconfirmed, and `flush` when the broker has
    confirmed all of it.
    `on_connect` is called after every (re)connect, once subscriptions are in place.
    """

    on_connect: Callable[[], None] | None

    async def receive(self, limit: int) -> list[Message]: ...
    def acknowledge(self, messages: Sequence[Message]) -> None: ...
    async def publish(self, publications: Sequence[Publication]) -> None: ...
    async def flush(self) -> None: ...


class Clock(Protocol):
    """Reads the time, in milliseconds since the epoch; may run faster than the wall (`speed`).

    `now` is the time by which everything is decided, `wall` that of the machine: who knows both at one instant, and
    the speed, knows the other's time later on.
    """

    speed: float

    def now(self) -> int: ...
    def wall(self) -> int: ...
