"""How Asterisk sees an agent: the state of his phone, and apart from it whether he is paused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from acd.compat.asterisk.plan import Absence
from acd.model import Agent, AgentState, Stance

Status = Literal["not_inuse", "inuse", "ringing", "unavailable", "unknown", "invalid"]

IN_USE: Final = "in use"
"""An agent paused for this reason is not paused in Asterisk's sense: his phone is busy outside of the queues."""
PAUSED_IN_USE: Final = "paused and in use"
"""The same, but he is paused as well."""

_STATUS: Final[dict[AgentState, Status]] = {
    AgentState.OFFLINE: "unavailable",
    AgentState.RESERVED: "ringing",
    AgentState.TALKING: "inuse",
    AgentState.WRAP_UP: "inuse",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A member as the conditions on empty queues see him."""

    status: Status
    paused: bool = False
    penalty_out: bool = False
    wraps_up: bool = False


def status(agent: Agent | None) -> Status:
    """The state of the agent's phone; `invalid` if the centre has no such agent."""
    if agent is None:
        return "invalid"
    if agent.state is AgentState.PAUSED and agent.reason in (IN_USE, PAUSED_IN_USE):
        return "inuse"
    return _STATUS.get(agent.state, "not_inuse")


def is_paused(agent: Agent) -> bool:
    """Whether the agent is paused, also where he has said so while busy."""
    if agent.state is AgentState.PAUSED:
        return agent.reason != IN_USE
    return agent.state is AgentState.NOT_RESPONDING or agent.pending is Stance.PAUSED


def somebody_is_there(seen: Iterable[Seen], left_out: tuple[Absence, ...]) -> bool:
    """Whether a caller may join, or stay: nothing is left out, which is no test at all, or some member counts."""
    return not left_out or any(_counts(member, left_out) for member in seen)


def _counts(seen: Seen, left_out: tuple[Absence, ...]) -> bool:
    found = (seen.status, *_true(seen))
    return not any(absence in found for absence in left_out)


def _true(seen: Seen) -> Iterable[Absence]:
    if seen.paused:
        yield "paused"
    if seen.penalty_out:
        yield "penalty"
    if seen.wraps_up:
        yield "wrapup"
