"""The life of an agent, as two tables: how he stands to new contacts, and where he is with each one in hand.

`docs/reference/states.md` is drawn from them. A trigger is an event's kind, with what was asked for after a colon. A
pause or a log-out asked for while contacts are in hand is kept as `pending`: no more are offered from then on, and it
happens as `agent.moved` once the last of them is done.
"""

from __future__ import annotations

from typing import Final

from acd.model import Agent, Stance
from acd.model import WorkState as W

_LEAVES: Final = {"agent.state:offline": Stance.OFFLINE, "agent.lapsed:offline": Stance.OFFLINE}
_RETURNS: Final = {"agent.state:ready": Stance.READY, "agent.state:paused": Stance.PAUSED}
_MOVES: Final = {"agent.moved:paused": Stance.PAUSED, "agent.moved:offline": Stance.OFFLINE}
_OFFER_ENDS: Final = ("offer.declined", "offer.expired", "leg.failed", "withdraw", "join.timed_out")
_DIAL_FAILS: Final = ("callback.failed", "dial.timed_out")

STANCES: Final[dict[Stance, dict[str, Stance]]] = {
    Stance.OFFLINE: _RETURNS,
    Stance.READY: {**_RETURNS, **_MOVES, "agent.moved:not_responding": Stance.NOT_RESPONDING, **_LEAVES},
    Stance.PAUSED: {**_RETURNS, **_LEAVES},
    Stance.NOT_RESPONDING: {**_RETURNS, **_MOVES, **_LEAVES},
}
WORKS: Final[dict[W, dict[str, W]]] = {
    W.RESERVED: {"contact.joined": W.TALKING, **dict.fromkeys((*_OFFER_ENDS, *_DIAL_FAILS), W.DONE)},
    W.TALKING: {"contact.interrupted": W.INTERRUPTED, "wrap_up.started": W.WRAP_UP, "wrap_up.expired": W.DONE},
    W.INTERRUPTED: {"contact.resumed": W.TALKING, "wrap_up.started": W.WRAP_UP, "wrap_up.expired": W.DONE},
    W.WRAP_UP: {"contact.wrapped_up": W.DONE, "wrap_up.expired": W.DONE},
    W.DONE: {},
}


TALKS: Final = (W.TALKING, W.INTERRUPTED)
"""Where an agent is with a contact that is his and not over."""


def attends(agent: Agent) -> bool:
    """Whether the agent is at work and means to go on: a contact that waits may count on him."""
    return agent.pending is None and agent.stance is Stance.READY
