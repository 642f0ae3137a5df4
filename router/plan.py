"""The compiled centre: what the engine and the simulator run. Its hash is the version of the rules."""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.plan import FloorPlan
from escalation.plan import DeskPlan
from ivr.flow import MenuPlan


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """What a contact arrives on: a dialled number, a mailbox, a widget."""

    id: str
    channel: str
    addresses: tuple[str, ...]
    service_line: str
    language: str
    flow: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole centre. `prompts` is prompt -> language -> text; `reasons` are the wrap-up codes agents may give."""

    centre: str
    zone: str
    languages: tuple[str, ...]
    floor: FloorPlan
    menus: MenuPlan
    desk: DeskPlan
    entry_points: dict[str, EntryPoint] = field(default_factory=dict)
    prompts: dict[str, dict[str, str]] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    hash: str = ""
