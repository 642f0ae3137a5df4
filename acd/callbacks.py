"""Callbacks: when one may be made, what becomes of it when the customer is not reached, and how it comes to an end.

A callback keeps the place of the contact that it stands in for: it waits in the same order with the same need, and
rests while it may not be made, which moves nobody. Nothing that ends the wait of a customer on the line (the longest
wait, an overflow, a queue that is left when empty) ends a callback: only its answer, its last attempt or somebody's
word does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator
from typing import Any

from acd.events import (
    ContactEnded,
    ContactOutcome,
)
from acd.floor import Floor
from acd.model import Agent, Contact
from acd.offering import Decisions, set_free, stop_ringing
from acd.plan import Callbacks, Window
from acd.stand_in_events import (
    CallbackDue,
    CallbackFailed,
    CallbackPostponed,
    DialTimedOut,
)


def rules(floor: Floor, queue: str) -> Callbacks:
    """How this queue calls back. Only of one that does, as every queue with a callback in it."""
    callbacks = floor.plan.queues[queue].callbacks
    assert callbacks is not None, "no rules come into force that lack those of a callback in flight"
    return callbacks


def opens_at(window: Window | None, at: int) -> int | None:
    """The first instant (ms) from `at` on at which customers may be called back; None: never again."""
    if window is None:
        return at
    over = bisect_right(window.ends, at)
    return max(at, window.starts[over]) if over < len(window.ends) else None


def closes_at(window: Window | None, at: int) -> int | None:
    """Until when (ms) a callback that waits at `at` may be made, if it may be made then; None: as long as it takes."""
    if window is None:
        return None
    over = bisect_right(window.ends, at)
    return window.ends[over] if over < len(window.ends) and window.starts[over] <= at else at


def next_step(
    floor: Floor, contact: Contact, not_before: int, now: int
) -> CallbackDue | CallbackPostponed | ContactEnded:
    """What becomes of a callback that may be made from `not_before` on: now, later, or never as the window says."""
    window = rules(floor, contact.queue).window
    at = opens_at(window, max(not_before, now))
    if at is None:
        return _ended(contact, "callback_failed", now)
    if at > now:
        return CallbackPostponed(contact.id, contact.attempts, at)
    return CallbackDue(contact.id, closes_at(window, now))


def settle(floor: Floor, contact: Contact, not_before: int, now: int) -> Decisions:
    """A callback that has just come to its queue rests, unless it may be made at once."""
    step = next_step(floor, contact, not_before, now)
    if not isinstance(step, CallbackDue):
        yield step


def after_unreached(floor: Floor, event: CallbackFailed | DialTimedOut, now: int) -> Decisions:
    """The customer did not answer: the callback rests before it is tried again; its agent goes on at once."""
    contact, agent = floor.contacts[event.contact], floor.agents[event.agent]
    rung = yield from stop_ringing(floor, contact.offers, "the customer could not be reached")
    callbacks = rules(floor, contact.queue)
    if contact.attempts >= callbacks.attempts_max:
        yield _ended(contact, "callback_failed", now)
    else:
        yield next_step(floor, contact, now + callbacks.retry_ms, now)
    yield from set_free(floor, [agent, *rung], now)


def withdraw(floor: Floor, contact: Contact, reason: str, now: int) -> Generator[Any, None, list[Agent]]:
    """What stands in for a customer is no longer wanted. Returns the agents at whom it rang, for `set_free`."""
    rung = yield from stop_ringing(floor, contact.offers, reason)
    yield _ended(contact, "withdrawn", now)
    return rung


def expected(floor: Floor, contact: Contact, queue: str) -> Contact | None:
    """The callback whose place a contact takes in a queue, because its customer calls himself."""
    return floor.redials.of(queue, contact.customer) if contact.customer and not contact.stand_in else None


def _ended(contact: Contact, outcome: ContactOutcome, now: int) -> ContactEnded:
    return ContactEnded(contact.id, outcome, contact.queue, "", now - contact.queued_at, 0)
