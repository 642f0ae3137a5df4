"""The sums that all measures divide, and the law that nobody is lost between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal

Exit = Literal["answered", "abandoned", "sent away", "sent on", "stood in for", "stand-in"]
"""How a contact leaves a queue: by our answer, by its customer's choice, by ours, or for another queue, which counts it
again; or its customer leaves the line, and a callback or a message stands in for him. The last is how these leave."""


def _exit(way: Exit) -> Any:
    """A column for one way out of a queue, named as the outcome is in the events."""
    return field(default=0, metadata={"exit": way})


@dataclass(slots=True)
class Tally:
    """Sums over the contacts of one queue, durations in ms.

    The ways out of a queue are the columns made by `_exit`: a new outcome is one more line there. `carried_in` waited
    when the time began, `carried_out` when it ended. `stand_ins` are callbacks and messages: they enter the queue
    beside those who wait on the line (`offered`), and their answers and waits are counted apart. `answered_in` and
    `abandoned_in` are within the queue's acceptable wait, `abandoned_short` within its short-abandon threshold;
    `within`: how many were answered by each threshold (ms).

    `handed_on` are parts of contacts that agents have handed on and wrapped up, `lost` contacts that were handed on and
    then never answered again.

    Waits are in `wait_ms` of the answered and `abandoned_wait_ms` of the abandoned; `wait_ms_max` is the longest of all
    who left. Handle time (`talk_ms`, `wrap_up_ms`) is booked whole, when the contact is wrapped up. The time of agents
    in a state is booked as it passes.
    """

    carried_in: int = 0
    offered: int = 0
    stand_ins: int = 0
    answered: int = _exit("answered")
    abandoned: int = _exit("abandoned")
    timed_out: int = _exit("sent away")
    blocked: int = _exit("sent away")
    nobody_there: int = _exit("sent away")
    closed: int = _exit("sent away")
    moved: int = _exit("sent on")
    overflowed: int = _exit("sent on")
    closed_on: int = _exit("sent on")
    callback: int = _exit("stood in for")
    voicemail: int = _exit("stood in for")
    stand_ins_answered: int = _exit("stand-in")
    withdrawn: int = _exit("stand-in")
    callback_failed: int = _exit("stand-in")
    carried_out: int = 0
    answered_in: int = 0
    abandoned_in: int = 0
    abandoned_short: int = 0
    wait_ms: int = 0
    abandoned_wait_ms: int = 0
    stand_in_wait_ms: int = 0
    wait_ms_max: int = 0
    talk_ms: int = 0
    wrap_up_ms: int = 0
    wrapped_up: int = 0
    resolved: int = 0
    follow_up: int = 0
    followed_up: int = 0
    escalated: int = 0
    handed_on: int = 0
    lost: int = 0
    ready_ms: int = 0
    ringing_ms: int = 0
    handling_ms: int = 0
    paused_ms: int = 0
    not_responding_ms: int = 0
    within: dict[int, int] = field(default_factory=dict)

    @property
    def sent_away(self) -> int:
        """Contacts that we ended, and not the customer, before they were answered."""
        return _sum(self, _SENT_AWAY)

    @property
    def sent_on(self) -> int:
        """Contacts that went on to another queue."""
        return _sum(self, _SENT_ON)

    @property
    def left(self) -> int:
        """Contacts that are no longer in the queue, whichever way they left it."""
        return _sum(self, EXITS)

    @property
    def is_conserved(self) -> bool:
        """The conservation law: carried in + offered + stand-ins = all ways out + carried out."""
        return self.carried_in + self.offered + self.stand_ins == self.left + self.carried_out

    def flow(self) -> dict[str, int]:
        """What came, what became of it and what is left: the terms of the conservation law, by name, in its order."""
        return {name: getattr(self, name) for name in FLOW}

    def add(self, other: Tally) -> None:
        """Sum in another tally, of other contacts."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.wait_ms_max = max(self.wait_ms_max, other.wait_ms_max)
        for threshold, count in other.within.items():
            self.within[threshold] = self.within.get(threshold, 0) + count


EXITS: Final[dict[str, Exit]] = {each.name: each.metadata["exit"] for each in fields(Tally) if "exit" in each.metadata}
"""Every way out of a queue, by its column."""
FLOW: Final = ("carried_in", "offered", "stand_ins", *EXITS, "carried_out")
TIMES: Final = ("ready_ms", "ringing_ms", "handling_ms", "paused_ms", "not_responding_ms")
"""The columns of agents' time."""

_SENT_AWAY: Final = tuple(name for name, way in EXITS.items() if way == "sent away")
_SENT_ON: Final = tuple(name for name, way in EXITS.items() if way == "sent on")
_SUMS: Final = tuple(each.name for each in fields(Tally) if each.name not in ("within", "wait_ms_max"))


def _sum(tally: Tally, names: Iterable[str]) -> int:
    return sum(getattr(tally, name) for name in names)


def parallel(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies of different contacts: of several queues, or of those who came at different times."""
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def sequence(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies of times that follow each other: whom one carries out, the next carries in."""
    total, carried = Tally(), None
    for tally in tallies:
        total.add(tally)
        carried = (tally.carried_in if carried is None else carried[0], tally.carried_out)
    total.carried_in, total.carried_out = carried or (0, 0)
    return total
