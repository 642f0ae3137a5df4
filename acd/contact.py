"""The life of a contact on the floor, as one table. `docs/reference/states.md` is drawn from it.

A trigger is an event's kind; where an offer ends, with what becomes of the contact after a colon: others still *ring*,
another is being *joined*, or it has been *answered*; nothing, if that was its only offer.
"""

from __future__ import annotations

from typing import Final

from acd.model import ContactState as S

UNANSWERED: Final[tuple[S, ...]] = (S.WAITING, S.OFFERED, S.JOINING, S.RESTING)
"""In a queue, and not yet joined with an agent."""
ANSWERED: Final[tuple[S, ...]] = (S.TALKING, S.HELD)
"""In an agent's hands."""

_OFFER_ENDS: Final = ("offer.declined", "offer.expired", "leg.failed", "withdraw")
_JOIN_FAILS: Final = ("join.timed_out", "leg.failed", "withdraw", "callback.failed", "dial.timed_out")

TRANSITIONS: Final[dict[S, dict[str, S]]] = {
    S.ARRIVED: {"contact.queued": S.WAITING, "record": S.RECORDING, "contact.ended": S.ENDED},
    S.WAITING: {
        "offer": S.OFFERED,
        "queue.left": S.ARRIVED,
        "callback.postponed": S.RESTING,
        "callback.due": S.WAITING,
        "contact.ended": S.ENDED,
    },
    S.OFFERED: {
        "offer": S.OFFERED,
        "offer.accepted": S.JOINING,
        "leg.answered": S.JOINING,
        **dict.fromkeys(_OFFER_ENDS, S.WAITING),
        **{f"{end}:ring": S.OFFERED for end in _OFFER_ENDS},
    },
    S.JOINING: {
        "contact.joined": S.TALKING,
        **dict.fromkeys(_JOIN_FAILS, S.WAITING),
        **{f"{end}:ring": S.OFFERED for end in _JOIN_FAILS},
        **{f"{end}:join": S.JOINING for end in _OFFER_ENDS},
    },
    S.TALKING: {
        "contact.ended": S.ENDED,
        **{f"{end}:answered": S.TALKING for end in _OFFER_ENDS},
        "contact.transferred": S.ARRIVED,
        "consult.asked": S.HELD,
        "consult.completed": S.TALKING,
    },
    S.HELD: {
        "unhold": S.TALKING,
        "consult.merged": S.TALKING,
        "consult.completed": S.TALKING,
        "contact.ended": S.ENDED,
    },
    S.ENDED: {},
    S.RESTING: {
        "callback.due": S.WAITING,
        "callback.postponed": S.RESTING,
        "queue.left": S.ARRIVED,
        "contact.ended": S.ENDED,
    },
    S.RECORDING: {"voicemail.left": S.ARRIVED, "contact.ended": S.ENDED},
}
