"""What a check says: None, or why a fact cannot be taken, and whose fault that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from acd.floor import Floor

Refusal = tuple[Literal["illegal", "stale"], str]
Check = Callable[[Floor, Any], Refusal | None]


def of_a_known_agent(check: Check) -> Check:
    """The check, for facts whose `agent` must be one of the centre's."""

    def checked(floor: Floor, event: Any) -> Refusal | None:
        return check(floor, event) if event.agent in floor.agents else unknown_agent(floor, event.agent)

    return checked


def unknown_agent(floor: Floor, agent: str) -> Refusal | None:
    """Refuse an agent who is not in the files."""
    return None if agent in floor.agents else ("illegal", f"agent {agent!r} is not in the centre")


def unknown_queue(floor: Floor, queue: str) -> Refusal | None:
    """Refuse a queue that is not in the files."""
    return None if queue in floor.plan.queues else ("illegal", f"queue {queue!r} is not in the centre")
