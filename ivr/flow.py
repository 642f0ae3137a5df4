"""The menu graph: nodes, and the flows that join them. Compiled from the centre's files, never changed after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Say:
    """Play prompts, then go on."""

    id: str
    prompts: tuple[str, ...]
    next: str
    node: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class Menu:
    """Ask for one key. `options` are (key, node) pairs; `silence_ms` runs from the end of the prompt.

    After `attempts_max` silences, or as many wrong keys, the contact goes to `failure`.
    """

    id: str
    prompts: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    failure: str
    silence_ms: int = 5_000
    attempts_max: int = 3
    node: Literal["menu"] = "menu"


@dataclass(frozen=True, slots=True)
class Collect:
    """Ask for a number of `digits_min` to `digits_max` digits; `terminator` ends it early.

    What was keyed becomes the contact's fact `into`; with `identify` it names the customer.
    Digits marked `secret` are stored nowhere.
    """

    id: str
    prompts: tuple[str, ...]
    into: str
    digits_min: int
    digits_max: int
    next: str
    failure: str
    terminator: str = "#"
    identify: bool = False
    secret: bool = False
    silence_ms: int = 5_000
    attempts_max: int = 3
    node: Literal["collect"] = "collect"


@dataclass(frozen=True, slots=True)
class Hours:
    """Branch on whether a calendar is open at this instant."""

    id: str
    calendar: str
    open: str
    closed: str
    node: Literal["hours"] = "hours"


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Speak this language from here on."""

    id: str
    language: str
    next: str
    node: Literal["set_language"] = "set_language"


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """Self-service: read the state of the customer's newest case back. `prompts` are (state, prompt) pairs."""

    id: str
    prompts: tuple[tuple[str, str], ...]
    next: str
    none: str
    node: Literal["case_status"] = "case_status"


@dataclass(frozen=True, slots=True)
class HandOver:
    """Leave the menu for a queue, with everything learnt on the way. `prompts` are played while it waits.

    The contact's own terms: `priority` and `head_start_ms` are added to the queue's, `wait_ms_max` holds instead of the
    queue's unless it is None, and at most `tiers_max` of the queue's tiers of agents ever open to it.
    In a queue that follows Asterisk, a penalty of p is the tier p, counted from 0, and the contact asks to stand at
    `position` (1 is the front). `prefers` are the agents it is kept for at first, where the queue does that.
    """

    id: str
    queue: str
    prompts: tuple[str, ...] = ()
    priority: int = 0
    head_start_ms: int = 0
    tiers_max: int | None = None
    wait_ms_max: int | None = None
    position: int | None = None
    prefers: tuple[str, ...] = ()
    node: Literal["hand_over"] = "hand_over"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Say goodbye and end the contact."""

    id: str
    prompts: tuple[str, ...] = ()
    node: Literal["hang_up"] = "hang_up"


Node = Say | Menu | Collect | Hours | SetLanguage | CaseStatus | HandOver | HangUp


@dataclass(frozen=True, slots=True)
class Flow:
    """One menu tree: where it starts, and its nodes by id."""

    id: str
    start: str
    nodes: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MenuPlan:
    """All flows of a centre, and the longest any prompt may take before it counts as played."""

    flows: dict[str, Flow] = field(default_factory=dict)
    prompt_ms_max: int = 120_000
