"""The life of an agent, as one table. `docs/reference/states.md` is drawn from it.

A trigger is an event's kind, with what was asked for after a colon. A pause or a log-out asked for while busy is kept
as `pending` and happens as `agent.moved` once the agent would be ready again.
"""

from __future__ import annotations

from typing import Final

from acd.model import Agent
from acd.model import AgentState as S

BUSY: Final[tuple[S, ...]] = (S.RESERVED, S.TALKING, S.WRAP_UP)

_LEAVES: Final = {"agent.state:offline": S.OFFLINE, "agent.lapsed:offline": S.OFFLINE}
_RETURNS: Final = {"agent.state:ready": S.READY, "agent.state:paused": S.PAUSED}
_OFFER_ENDS: Final = ("offer.declined", "offer.expired", "leg.failed", "withdraw", "join.timed_out")
_DIAL_FAILS: Final = ("callback.failed", "dial.timed_out")

TRANSITIONS: Final[dict[S, dict[str, S]]] = {
    S.OFFLINE: _RETURNS,
    S.READY: {
        "agent.state:ready": S.READY,
        "agent.state:paused": S.PAUSED,
        "offer": S.RESERVED,
        "agent.moved:paused": S.PAUSED,
        "agent.moved:offline": S.OFFLINE,
        "agent.moved:not_responding": S.NOT_RESPONDING,
        **_LEAVES,
    },
    S.RESERVED: {"contact.joined": S.TALKING, **dict.fromkeys((*_OFFER_ENDS, *_DIAL_FAILS), S.READY)},
    S.TALKING: {"wrap_up.started": S.WRAP_UP, "wrap_up.expired": S.READY},
    S.WRAP_UP: {"contact.wrapped_up": S.READY, "wrap_up.expired": S.READY},
    S.PAUSED: {**_RETURNS, **_LEAVES},
    S.NOT_RESPONDING: {**_RETURNS, **_LEAVES},
}


def attends(agent: Agent) -> bool:
    """Whether the agent is at work and means to go on: a contact that waits may count on him."""
    return agent.pending is None and (agent.state is S.READY or agent.state in BUSY)
