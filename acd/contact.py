"""The life of a contact on the floor, as one table. `docs/reference/states.md` is drawn from it."""

from __future__ import annotations

from typing import Final

from acd.model import ContactState as S

TRANSITIONS: Final[dict[S, dict[str, S]]] = {
    S.ARRIVED: {"contact.queued": S.WAITING, "contact.ended": S.ENDED},
    S.WAITING: {"offer": S.OFFERED, "contact.ended": S.ENDED},
    S.OFFERED: {
        "offer.accepted": S.JOINING,
        "leg.answered": S.JOINING,
        "offer.declined": S.WAITING,
        "offer.expired": S.WAITING,
        "leg.failed": S.WAITING,
        "withdraw": S.WAITING,
    },
    S.JOINING: {
        "contact.joined": S.TALKING,
        "join.timed_out": S.WAITING,
        "leg.failed": S.WAITING,
        "withdraw": S.WAITING,
    },
    S.TALKING: {"contact.ended": S.ENDED},
    S.ENDED: {},
}
