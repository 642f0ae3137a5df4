"""Cases for the runner of routing vectors, made up, and what it says of them."""

from __future__ import annotations

from typing import Any

from tests.vectors.routing import play


def agent(**fields: Any) -> dict[str, Any]:
    """An agent of the one queue."""
    return {"queues": {"q": {}}, **fields}


def call(call_id: str, at: float, **fields: Any) -> dict[str, Any]:
    """A call to the one queue."""
    return {"id": call_id, "queue": "q", "at": at, **fields}


def case(native: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A played case with one queue and one agent, who answers at once and whom one call reaches at 0."""
    return {
        "id": "case",
        "title": "prose",
        "system": "freeswitch",
        "queues": {"q": {"strategy": "longest-idle-agent"}},
        "agents": {"A": agent()},
        "calls": [call("c1", 0)],
        "expect": {"connects": []},
        "expect_native": native,
        **fields,
    }


def verdicts(*cases: dict[str, Any]) -> list[str]:
    """What the runner prints of these cases."""
    return [str(verdict) for verdict in play({"version": 1, "cases": [*cases]})]


def native(played: dict[str, Any]) -> str:
    """What became of a case's play on the native mode."""
    (verdict,) = (verdict for verdict in play({"cases": [played]}) if verdict.id == "case native")
    return f"{verdict.status}: {verdict.detail}" if verdict.detail else verdict.status
