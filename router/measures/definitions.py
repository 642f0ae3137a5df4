"""The measures: quotients of sums, each with a name, a version, a unit and its formula in words.

There is no one service level and no one abandonment rate, so several stand side by side under names of their own. A
change of what a measure counts is a new version of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from router.figures import figure, quotient
from router.measures.tally import Tally

Parts = Callable[[Tally], tuple[int, int]]
About = Literal["contacts", "work", "floor"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A quotient of sums with a name. `unit` is "share", "ms" or "count" (whose denominator is 1).

    `about` contacts, which count by completion or by arrival; about agents' *work* for a queue, which counts as it
    passes; or about the *floor*, all time of all agents, who serve several queues: it is nothing of one queue's.
    """

    name: str
    title: str
    unit: str
    formula: str
    parts: Parts
    version: int = 1
    about: About = "contacts"

    def of(self, tally: Tally) -> float | None:
        """The value, or None where there is nothing to divide by."""
        return quotient(*self.parts(tally))

    def figure(self, tally: Tally) -> dict[str, Any]:
        """The value with what it is a quotient of, its unit, version and formula, as plain data."""
        return figure(*self.parts(tally), self.unit, self.formula, self.version)


def _served(tally: Tally) -> int:
    """Contacts that came to an end here: answered, given up, or sent away by us."""
    return tally.answered + tally.abandoned + tally.sent_away


def _due(tally: Tally) -> int:
    """Contacts that the service level is about: completed, less those who left within the short-abandon threshold."""
    return _served(tally) - tally.abandoned_short


def _handled(tally: Tally) -> int:
    """What agents have had of contacts, each part of one that was handed on by itself."""
    return tally.wrapped_up + tally.handed_on


def _decided(tally: Tally) -> int:
    """Answered contacts that are over; however many agents had one, it is one."""
    return tally.wrapped_up + tally.lost


_SERVED: Final = "answered + abandoned + sent away"
_DUE: Final = "answered + abandoned - short abandons + sent away"
_HANDLED: Final = "wrapped up + handed on"
_DECIDED: Final = "answered and wrapped up, or lost in a transfer"

FLOW_COUNTS: Final = (
    Measure("offered", "offered", "count", "entered a queue", lambda t: (t.offered, 1)),
    Measure("answered", "answered", "count", "parties joined", lambda t: (t.answered, 1)),
)
SERVICE_LEVELS: Final = (
    Measure("sl", "service level", "share", f"answered within AWT / ({_DUE})", lambda t: (t.answered_in, _due(t))),
    Measure("sl_answered", "service level of the answered", "share", "answered within AWT / answered",
            lambda t: (t.answered_in, t.answered)),
    Measure("sl_strict", "service level, every abandon a miss", "share", f"answered within AWT / ({_SERVED})",
            lambda t: (t.answered_in, _served(t))),
    Measure("sl_lenient", "service level, abandons in time met", "share",
            f"(answered + abandoned within AWT) / ({_SERVED})",
            lambda t: (t.answered_in + t.abandoned_in, _served(t))),
    Measure("sl_offered", "service level, every exit a miss", "share",
            f"answered within AWT / ({_DUE} + sent on)", lambda t: (t.answered_in, _due(t) + t.sent_on)),
)  # fmt: skip
ABANDONMENT: Final = (
    Measure("abandoned", "abandoned", "share", f"abandoned / ({_SERVED})", lambda t: (t.abandoned, _served(t))),
    Measure("abandoned_late", "abandoned, short ones apart", "share", f"(abandoned - short abandons) / ({_DUE})",
            lambda t: (t.abandoned - t.abandoned_short, _due(t))),
    Measure("sent_away", "sent away", "share", f"sent away / ({_SERVED})", lambda t: (t.sent_away, _served(t))),
)  # fmt: skip
WAITS: Final = (
    Measure("asa", "ASA", "ms", "queue wait of answered / answered", lambda t: (t.wait_ms, t.answered)),
    Measure("stand_in_wait", "wait of callbacks and messages", "ms",
            "queue wait of callbacks and messages answered / callbacks and messages answered",
            lambda t: (t.stand_in_wait_ms, t.stand_ins_answered)),
    Measure("abandon_wait", "wait of the abandoned", "ms", "queue wait of abandoned / abandoned",
            lambda t: (t.abandoned_wait_ms, t.abandoned)),
    Measure("longest_wait", "longest wait", "ms", "the longest queue wait of all who left the queue",
            lambda t: (t.wait_ms_max, 1 if t.left else 0)),
)  # fmt: skip
HANDLING: Final = (
    Measure("aht", "AHT", "ms", f"(talk + wrap-up) / ({_HANDLED})",
            lambda t: (t.talk_ms + t.wrap_up_ms, _handled(t))),
    Measure("talk", "AHT without wrap-up", "ms", f"talk / ({_HANDLED})", lambda t: (t.talk_ms, _handled(t))),
    Measure("wrap_up", "wrap-up", "ms", f"wrap-up / ({_HANDLED})", lambda t: (t.wrap_up_ms, _handled(t))),
)  # fmt: skip
OCCUPANCY: Final = (
    Measure("occupancy", "occupancy", "share", "handling / (handling + ready), ringing apart",
            lambda t: (t.handling_ms, t.handling_ms + t.ready_ms), about="floor"),
    Measure("occupancy_rung", "occupancy with ringing", "share",
            "(handling + ringing) / (handling + ringing + ready)",
            lambda t: (t.handling_ms + t.ringing_ms, t.handling_ms + t.ringing_ms + t.ready_ms), about="floor"),
    Measure("ready_time", "ready", "ms", "agents' time ready, summed", lambda t: (t.ready_ms, 1), about="floor"),
    Measure("ringing_time", "ringing", "ms", "agents' time with an offer, and no contact, summed",
            lambda t: (t.ringing_ms, 1), about="work"),
    Measure("handling_time", "handling", "ms", "agents' time from join to the end of wrap-up, summed",
            lambda t: (t.handling_ms, 1), about="work"),
    Measure("paused_time", "on a break", "ms", "agents' time paused, summed", lambda t: (t.paused_ms, 1),
            about="floor"),
    Measure("not_responding_time", "not responding", "ms", "agents' time not responding, summed",
            lambda t: (t.not_responding_ms, 1), about="floor"),
)  # fmt: skip
RESOLUTION: Final = (
    Measure("fcr", "FCR (strict, in contact)", "share", f"resolved in the contact by the first line / {_DECIDED}",
            lambda t: (t.resolved, _decided(t))),
    Measure("flr", "FLR (gross)", "share", f"(resolved in the contact + later by the first line) / {_DECIDED}",
            lambda t: (t.resolved + t.followed_up, _decided(t))),
    Measure("escalated", "escalated", "share", f"handed to a process team / {_DECIDED}",
            lambda t: (t.escalated, _decided(t))),
)  # fmt: skip

MEASURES: Final[dict[str, Measure]] = {
    measure.name: measure
    for measure in (
        *FLOW_COUNTS,
        *SERVICE_LEVELS,
        *ABANDONMENT,
        *WAITS,
        *HANDLING,
        *OCCUPANCY,
        *RESOLUTION,
    )
}
HEADLINES: Final = ("offered", "answered", "abandoned", "sl", "asa", "aht", "occupancy", "fcr", "flr", "escalated")
"""Those that everybody asks for, in the order in which they do."""
OF_QUEUES: Final = tuple(measure for measure in MEASURES.values() if measure.about != "floor")
"""Those that one queue has."""


def service_level(threshold_ms: int) -> Measure:
    """The service level at a threshold of one's own instead of each queue's; fold with that threshold to have it."""
    seconds = f"{threshold_ms / 1000:g}"
    return Measure(
        f"sl({seconds}s)",
        f"service level ({seconds} s)",
        "share",
        f"answered within {seconds} s / ({_DUE})",
        lambda tally: (tally.within.get(threshold_ms, 0), _due(tally)),
    )


def figures(tally: Tally, measures: Iterable[Measure] = tuple(MEASURES.values())) -> dict[str, dict[str, Any]]:
    """Measures of a tally by name: value (None without data), numerator, denominator, unit, version and formula."""
    return {measure.name: measure.figure(tally) for measure in measures}
