"""What happens in a menu: keys and finished prompts come in, prompts and moves go out.

Each class has a `kind`, its name in the journal and on the wire. Instants are ms since the epoch.
Fields marked personal are replaced by a token wherever an event is written or announced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

MoveReason = Literal[
    "started",
    "said",
    "language",
    "chosen",
    "collected",
    "filled",
    "open",
    "closed",
    "no_case",
    "no_input",
    "no_match",
]


@dataclass(frozen=True, slots=True)
class ContactKeyed:
    """The customer pressed one or more keys (0-9 * #), or wrote them."""

    kind: ClassVar[str] = "contact.keyed"
    contact: str
    digits: str = field(repr=False, metadata={"personal": "digits"})


@dataclass(frozen=True, slots=True)
class PromptFinished:
    """The telephony side has played what `say` number `say` asked for."""

    kind: ClassVar[str] = "prompt.finished"
    contact: str
    say: int


@dataclass(frozen=True, slots=True)
class FlowMoved:
    """The contact came to a node. `because` says what led there.

    "filled" is collected too: all digits there can be, without the key that ends a number early.
    `used` is how many of the keys pressed so far were spent on the way.
    """

    kind: ClassVar[str] = "flow.moved"
    contact: str
    flow: str
    node: str
    because: MoveReason
    used: int = 0


@dataclass(frozen=True, slots=True)
class SayPrompts:
    """Command: play these prompts in this language, and answer with `prompt.finished` before `until`."""

    kind: ClassVar[str] = "say"
    contact: str
    say: int
    prompts: tuple[str, ...]
    language: str
    until: int


@dataclass(frozen=True, slots=True)
class CollectDigits:
    """Command: take keys: up to `digits_max`, ended by `terminator`. The engine keeps the time."""

    kind: ClassVar[str] = "collect"
    contact: str
    node: str
    digits_max: int
    terminator: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class PromptOverran:
    """No `prompt.finished` came in time; the prompt counts as played."""

    kind: ClassVar[str] = "prompt.overran"
    contact: str
    say: int


@dataclass(frozen=True, slots=True)
class InputMissed:
    """Silence, or keys that fit nothing; `count` of them at this node so far."""

    kind: ClassVar[str] = "input.missed"
    contact: str
    node: str
    missed: Literal["no_input", "no_match"]
    count: int
    used: int = 0


@dataclass(frozen=True, slots=True)
class DigitsCollected:
    """A number was keyed as asked; with `identify` it names the customer. A secret one is not kept: no `value`."""

    kind: ClassVar[str] = "digits.collected"
    contact: str
    node: str
    into: str
    value: str = field(repr=False, metadata={"personal": "person"})
    identify: bool = False


FACTS: Final = (ContactKeyed, PromptFinished)
DECISIONS: Final = (FlowMoved, SayPrompts, CollectDigits, PromptOverran, InputMissed, DigitsCollected)
