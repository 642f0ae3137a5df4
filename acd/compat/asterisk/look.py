"""What a queue does when it is looked at: its callers go on, leave, are let in, and have their turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from acd.compat.asterisk.line import Line
from acd.compat.asterisk.ranking import wraps
from acd.compat.asterisk.watch import AsteriskWatch, Attempt, Caller
from acd.compat.events import AttemptEnded, AttemptStarted, CompatLooked
from acd.ending import send_away, time_out
from acd.events import OfferContact
from acd.floor import Floor
from acd.match import Choice
from acd.offering import Decisions, offer

_TIME_TO_ANSWER_MS: Final = 500
"""With no more than this left of an attempt, no further phone rings after one that declined."""


def look(floor: Floor, watch: AsteriskWatch, now: int) -> Decisions:
    """Decide all that is to be decided at this instant, and when to look again.

    First those go on or leave who were let in before, so that there is room for those who come; then each has his
    turn, from the head of the queue.
    """
    line = Line.of(floor, watch, now)
    for caller in [caller for caller in watch.callers if caller.admitted]:
        yield from _go_on(line, caller)
    yield from _let_in(line)
    for caller in tuple(watch.callers):
        if _waits(caller, now):
            yield from _take_turn(line, caller)
    yield CompatLooked(watch.queue, min(_looks_to_come(line), default=None))


def _waits(caller: Caller, now: int) -> bool:
    """Whether the caller neither attempts nor rests."""
    return caller.attempt is None and caller.rests_until <= now


# --- leaving, and being let in ------------------------------------------------------------------------------------


def _go_on(line: Line, caller: Caller) -> Decisions:
    attempt = caller.attempt
    if attempt is None:
        if _waits(caller, line.now) and _is_late(caller, line.now):
            yield from _time_out(line, caller)
    elif not attempt.ringing:
        until = _rings_on_until(line, attempt)
        if until is not None:
            yield from _ring(line, caller, attempt, until)
        if not attempt.ringing:
            yield from _give_up(line, caller, tried_all=until is not None)


def _is_late(caller: Caller, now: int) -> bool:
    """Whether the caller's own time-out is over. It is looked at between attempts and after a rest, not during it."""
    return caller.until is not None and caller.until <= now


def _time_out(line: Line, caller: Caller) -> Decisions:
    return time_out(line.floor, line.floor.contacts[caller.contact], line.now)


def _let_in(line: Line) -> Decisions:
    """Those who came since the last look, the first come first."""
    inside = sum(caller.admitted for caller in line.watch.callers)
    new = [caller for caller in line.watch.callers if not caller.admitted]
    for caller in sorted(new, key=lambda caller: line.floor.contacts[caller.contact].order):
        if line.is_closed_to(caller):
            yield from _send_away(line, caller, "blocked", "nobody is there")
        elif line.settings.length_max is not None and inside >= line.settings.length_max:
            yield from _send_away(line, caller, "blocked", "the queue is full")
        else:
            inside += 1


def _send_away(line: Line, caller: Caller, outcome: Literal["blocked", "nobody_there"], reason: str) -> Decisions:
    return send_away(line.floor, line.floor.contacts[caller.contact], outcome, reason, line.now)


# --- attempts -----------------------------------------------------------------------------------------------------


def _take_turn(line: Line, caller: Caller) -> Decisions:
    if _is_late(caller, line.now):
        yield from _time_out(line, caller)
    elif line.is_turn_of(caller):
        yield from _attempt(line, caller)
    elif line.is_deserted(caller):
        yield from _send_away(line, caller, "nobody_there", "nobody is there any more")


def _attempt(line: Line, caller: Caller) -> Decisions:
    """Try the members once."""
    settings, ranks = line.settings, line.ranks(caller)
    wrapped = wraps(settings, line.watch, caller, ranks)
    until = _ring_until(line, caller)
    yield AttemptStarted(caller.contact, line.watch.queue, settings.strategy, ranks, wrapped, until)
    attempt = caller.attempt
    assert attempt, "the watch has heard of it"
    yield from _ring(line, caller, attempt, until)
    if not attempt.ringing:
        yield from _give_up(line, caller, tried_all=True)


def _ring_until(line: Line, caller: Caller) -> int:
    """When the attempt is over at the latest."""
    until = line.now + line.plan.offer_ms
    if caller.until is None or line.settings.timeout_priority == "conf":
        return until
    return min(until, caller.until)


def _rings_on_until(line: Line, attempt: Attempt) -> int | None:
    """Until when others may ring, now that no phone does; None: they may not.

    They may where phones declined before the attempt's time was over: for the rest of it, or as long again.
    """
    left_ms = attempt.until - line.now
    if attempt.answered or left_ms <= 0:
        return None
    if attempt.strategy == "ringall":
        return attempt.until
    if line.settings.timeout_restart:
        left_ms = attempt.ring_ms
    return line.now + left_ms if left_ms > _TIME_TO_ANSWER_MS else None


def _ring(line: Line, caller: Caller, attempt: Attempt, until: int) -> Decisions:
    """Let the best member ring who can; with `ringall`, all who can of the lowest metric at which anybody can."""
    reached: int | None = None
    candidates = len(attempt.left)
    for agent, metric in attempt.left:
        if reached is not None and (attempt.strategy != "ringall" or metric > reached):
            return
        if line.can_ring(agent, caller):
            reached = metric
            yield _offer(line, caller, agent, until, candidates)


def _offer(line: Line, caller: Caller, agent: str, until: int, candidates: int) -> OfferContact:
    choice = Choice(line.floor.contacts[caller.contact], line.floor.agents[agent], candidates, ())
    return offer(line.floor, choice, until, caller.priority, line.now)


def _give_up(line: Line, caller: Caller, *, tried_all: bool) -> Decisions:
    """The attempt is over: the caller leaves, or rests until the next."""
    yield AttemptEnded(caller.contact, line.watch.queue, tried_all, line.now + line.settings.retry_ms)
    if line.is_deserted(caller):
        yield from _send_away(line, caller, "nobody_there", "nobody is there any more")
    elif _is_late(caller, line.now):
        yield from _time_out(line, caller)


# --- when to look again -------------------------------------------------------------------------------------------


def _looks_to_come(line: Line) -> Iterator[int]:
    """The instants after now at which something may happen though nothing is heard of before."""
    for caller in line.watch.callers:
        if caller.attempt is None:
            yield from (at for at in _instants(line, caller) if at > line.now)


def _instants(line: Line, caller: Caller) -> Iterator[int]:
    if caller.rests_until > line.now:
        yield caller.rests_until
        return
    if caller.until is not None:
        yield caller.until
    if line.settings.leave_when_empty and caller.penalty_max is not None:
        yield from (caller.since + rule.after_ms for rule in line.settings.rules)
    yield from map(line.wraps_up_until, line.settings.members)
