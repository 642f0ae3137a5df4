"""The settings of a queue, in the words of this house; docs/compat.md has theirs beside them.

The module counts whole seconds, so what is less than one is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Strategy = Literal[
    "longest-idle-agent",
    "agent-with-least-talk-time",
    "agent-with-fewest-calls",
    "sequentially-by-agent-order",
    "random",
    "ring-all",
    "ring-progressively",
    "top-down",
    "round-robin",
]
"""What follows `compat.freeswitch.` in a strategy's name."""


Status = Literal["available", "on_demand", "on_break", "logged_out"]


@dataclass(frozen=True, slots=True)
class Past:
    """What an agent had behind him in the old system: instants in ms since the epoch, 0 for never.

    Whatever his status was, he has to log in here; if he was available there, that is nothing new and loses nothing.
    """

    status: Status = "available"
    bridge_ended_at: int = 0
    offered_at: int = 0
    talk_ms: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True)
class FreeswitchAgent:
    """An agent in one queue: his tier there, and his own settings, which should be the same in all his queues.

    Lower `level` first, then lower `position`. Between the end of a talk and the next offer lie `wrap_up_ms` and one
    second more. After `missed_offers_max` unanswered offers (0: never) he is not responding. The rests follow an
    offer that he missed, declined, or could not get because his phone was busy.
    """

    agent: str
    level: int = 0
    position: int = 0
    wrap_up_ms: int = 0
    missed_offers_max: int = 0
    missed_rest_ms: int = 0
    declined_rest_ms: int = 0
    busy_rest_ms: int = 0
    past: Past = Past()


@dataclass(frozen=True, slots=True)
class FreeswitchQueue:
    """A queue's settings. `agents` are all who may serve it; of equals the first that is listed goes first.

    The length of an offer is the queue plan's `offer_ms`.

    `tier_rules`: agents of a level above 0 are rung only for a contact that has waited long enough: `tier_wait_ms`
    times the level if `tier_wait_by_level`, else `tier_wait_ms`; at once where `skip_empty_tiers` and nobody of the
    levels before is logged in. `ring_step_ms` is for ring-progressively.
    `counts_from`: whether time in the menu counts in the order of contacts ("arrival"), or not ("queueing").
    `resume_ms`: how long a customer who left finds his place again (None: not at all).
    """

    strategy: Strategy = "longest-idle-agent"
    agents: tuple[FreeswitchAgent, ...] = ()
    tier_rules: bool = False
    tier_wait_ms: int = 0
    tier_wait_by_level: bool = False
    skip_empty_tiers: bool = False
    ring_step_ms: int = 10_000
    counts_from: Literal["arrival", "queueing"] = "queueing"
    resume_ms: int | None = None
    system: Literal["freeswitch"] = "freeswitch"
