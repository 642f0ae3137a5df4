"""The order in which an attempt tries the members: the lowest metric first, which is the number that Asterisk has."""

from __future__ import annotations

from fractions import Fraction
from hashlib import blake2b
from math import prod
from typing import Final

from acd.compat.asterisk.plan import AsteriskMember, AsteriskQueue
from acd.compat.asterisk.watch import NEW, PLACES, AsteriskWatch, Caller, Calls

Ranks = tuple[tuple[str, int], ...]
"""(agent, metric), the first to try first."""

_PENALTY: Final = 1_000_000
_ROTATING: Final = ("linear", "rrmemory", "rrordered")


def ranked(settings: AsteriskQueue, watch: AsteriskWatch, caller: Caller, bound: int | None, now: int) -> Ranks:
    """The members whom this caller may have, as his next attempt tries them; equal ones by their place in the list."""
    counts = penalties_count(settings)
    metrics = [
        (member.agent, _metric(settings, watch, caller, place, now))
        for place, member in enumerate(settings.members)
        if not (counts and bound is not None and member.penalty > bound)
    ]
    return tuple(sorted(metrics, key=lambda rank: rank[1]))


def wraps(settings: AsteriskQueue, watch: AsteriskWatch, caller: Caller, ranks: Ranks) -> bool:
    """Whether a member of the attempt stands behind the pointer, so that the pointer goes back to the start after."""
    pointer = _pointer(settings, watch, caller)
    places = {member.agent: place for place, member in enumerate(settings.members)}
    return settings.strategy in _ROTATING and any(places[agent] > pointer for agent, _ in ranks)


def penalties_count(settings: AsteriskQueue) -> bool:
    """Whether there are enough members for penalties to count."""
    return len(settings.members) > settings.penalty_members_limit


def wrandom_range(penalty: int) -> int:
    """A metric of `wrandom` is drawn uniformly from the integers from 0 to below this."""
    return 1_000 * (1 + penalty)


def first_wins(penalties: list[int]) -> float:
    """The probability that the first member's metric of `wrandom` is strictly lower than each of the others'."""
    mine, *others = [wrandom_range(penalty) for penalty in penalties]
    ways = (prod(Fraction(max(0, other - drawn - 1), other) for other in others) for drawn in range(mine))
    return float(sum(ways, start=Fraction()) / mine)


def _metric(settings: AsteriskQueue, watch: AsteriskWatch, caller: Caller, place: int, now: int) -> int:
    member = settings.members[place]
    weighed = member.penalty * _PENALTY if penalties_count(settings) else 0
    match settings.strategy:
        case "ringall":
            return weighed
        case "linear" | "rrmemory" | "rrordered":
            behind = place < _pointer(settings, watch, caller)
            return weighed + place + (PLACES if behind else 0)
        case "random":
            return weighed + _draw(caller, member, PLACES)
        case "wrandom":
            return _draw(caller, member, wrandom_range(member.penalty))
        case "fewestcalls":
            return weighed + _calls(settings, watch, member).count
        case "leastrecent":
            return weighed + _recency(_calls(settings, watch, member).last, now)


def _pointer(settings: AsteriskQueue, watch: AsteriskWatch, caller: Caller) -> int:
    return caller.pointer if settings.strategy == "linear" else watch.pointer


def _calls(settings: AsteriskQueue, watch: AsteriskWatch, member: AsteriskMember) -> Calls:
    return watch.members.get(member.agent, NEW).calls(shared=settings.shared_last_call)


def _recency(last: int | None, now: int) -> int:
    """Whole seconds, as its clock has them: so a penalty of one weighs as much as 11.6 days of rest, and no more."""
    return 0 if last is None else _PENALTY - (now // 1_000 - last // 1_000)


def _draw(caller: Caller, member: AsteriskMember, below: int) -> int:
    """A number from 0 to below `below` that looks like chance, and is the same for the same attempt in every run."""
    name = f"{caller.contact}\0{caller.attempts}\0{member.agent}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest()) % below
