"""The settings of a queue, in our units and words; how `queues.conf` spells them stands beside each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Strategy = Literal["linear", "rrmemory", "rrordered", "leastrecent", "fewestcalls", "random", "wrandom", "ringall"]
Absence = Literal["penalty", "invalid", "unavailable", "unknown", "inuse", "ringing", "paused", "wrapup"]
"""A state in which a member does not count as there."""

_LOOSE: Final[tuple[Absence, ...]] = ("penalty", "invalid")
_PAUSED: Final[tuple[Absence, ...]] = (*_LOOSE, "paused")
_STRICT: Final[tuple[Absence, ...]] = (*_PAUSED, "unavailable")
_ABSENCES: Final[dict[str, Absence]] = {
    "penalty": "penalty",
    "invalid": "invalid",
    "unavailable": "unavailable",
    "unknown": "unknown",
    "inuse": "inuse",
    "ringing": "ringing",
    "paused": "paused",
    "wrapup": "wrapup",
}


@dataclass(frozen=True, slots=True)
class AsteriskMember:
    """An agent in a queue's list, with what Asterisk knew of him: his `calls`, and when the last one ended (ms)."""

    agent: str
    penalty: int = 0
    calls: int = 0
    last_call: int | None = None


@dataclass(frozen=True, slots=True)
class PenaltyRule:
    """A caller who came with a bound has this one once he has waited for more than `after_ms`."""

    after_ms: int
    penalty_max: int


@dataclass(frozen=True, slots=True)
class AsteriskQueue:
    """A queue's settings beside those of its `QueuePlan`, of which it takes these: `offer_ms` is `timeout`, `weight`.

    `members`: in the order of the list. `retry_ms`: the pause after an attempt, more than 0.
    `autofill`: callers behind the first may ring too. `timeout_restart`: a phone that is tried after another declined
    has the whole `offer_ms`. `timeout_priority`: a caller's own time-out cuts an offer short (`app`) or not (`conf`).
    `autopause`: who did not answer has no more calls of this queue until he says that he is ready (`yes`; what `all`
    does is the `QueuePlan`'s `missed_offers_max` of 1, which is None for `no` and `yes`).
    `wrap_up_ms`: no calls for so long after one. The `QueuePlan`'s own wrap-up, in which the agent is busy, must be 0.
    `length_max`: `maxlen`. `penalty_members_limit`: penalties count only if there are more members.
    `join_empty`, `leave_when_empty`: whom to leave out when counting who is there (see `absences`); none: do not count.
    `shared_last_call`, `longest_waiting`: the options `shared_lastcall` and `force_longest_waiting_caller`, which are
    the whole system's: give them to all its queues alike.
    """

    strategy: Strategy = "ringall"
    members: tuple[AsteriskMember, ...] = ()
    retry_ms: int = 5_000
    autofill: bool = False
    timeout_restart: bool = False
    timeout_priority: Literal["app", "conf"] = "app"
    autopause: bool = False
    wrap_up_ms: int = 0
    length_max: int | None = None
    penalty_members_limit: int = 0
    rules: tuple[PenaltyRule, ...] = ()
    join_empty: tuple[Absence, ...] = ()
    leave_when_empty: tuple[Absence, ...] = ()
    shared_last_call: bool = False
    longest_waiting: Literal["no", "yes", "prio"] = "no"
    system: Literal["asterisk"] = "asterisk"


def absences(setting: str, *, joining: bool) -> tuple[Absence, ...]:
    """Whom `joinempty` (`joining`) or `leavewhenempty` leaves out when it counts who is there.

    A setting is a list of states, apart by commas; `loose`, `strict`, `yes` and `no` stand for lists and replace what
    comes before them. Raises ValueError for a word that is none of them; Asterisk only warns and goes on without it.
    """
    found: dict[Absence, None] = {}
    for word in (part.strip().lower() for part in setting.split(",")):
        if word in _ABSENCES:
            found[_ABSENCES[word]] = None
        else:
            found = dict.fromkeys(_short(word, joining=joining))
    return tuple(found)


def _short(word: str, *, joining: bool) -> tuple[Absence, ...]:
    match word:
        case "loose":
            return _LOOSE
        case "strict":
            return _STRICT
        case "yes" | "no":
            return () if (word == "yes") is joining else _PAUSED
        case _:
            known = ", ".join(("yes", "no", "loose", "strict", *_ABSENCES))
            raise ValueError(f"`{word}` is no state of a queue's members: write one or more of {known}")
