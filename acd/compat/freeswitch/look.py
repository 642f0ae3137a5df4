"""What the queues do when they are looked at: one look goes over the callers of all of them, in one order.

The order is that of the seconds waited and given; a queue, its strategy and its agents come in only when a caller's
turn has come. So a look at any queue is a look at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.compat.events import CompatLooked
from acd.compat.freeswitch.plan import FreeswitchQueue
from acd.compat.freeswitch.tiers import Row, opened, opens_after_s, ranked
from acd.compat.freeswitch.watch import Caller, FreeswitchWatch
from acd.events import AgentMoved
from acd.floor import Floor
from acd.match import Choice
from acd.model import Contact, ContactState
from acd.offering import Decisions, offer

_RINGS_ON = ("ring-all", "ring-progressively")


def look(floor: Floor, now: int) -> Decisions:
    """Decide all that is to be decided at this instant, and when to look again."""
    watches = _watches(floor)
    rows = {watch.queue: _rows(floor, watch) for watch in watches}
    for watch in watches:
        yield from _give_up_on(rows[watch.queue])
    for contact, watch in _in_order(floor):
        yield from _ring(floor, watch, contact, rows[watch.queue], now)
    for watch in watches:
        if watch.look_at is not None and watch.look_at <= now:
            yield CompatLooked(watch.queue, _next_look(floor, watch, rows[watch.queue], now))


def in_order(floor: Floor) -> list[Contact]:
    """Every contact that waits or rings in any of these queues, the one to be served first in front."""
    return [contact for contact, _ in _in_order(floor)]


def _watches(floor: Floor) -> list[FreeswitchWatch]:
    return [watch for watch in floor.watches.values() if isinstance(watch, FreeswitchWatch)]


def _plan(floor: Floor, watch: FreeswitchWatch) -> FreeswitchQueue:
    plan = floor.plan.queues[watch.queue].compat
    assert isinstance(plan, FreeswitchQueue), "a queue is watched as its plan says"
    return plan


# --- agents -------------------------------------------------------------------------------------------------------


def _rows(floor: Floor, watch: FreeswitchWatch) -> list[Row]:
    """The agents of a queue, as its settings list them."""
    return [
        Row(settings, watch.agents[settings.agent], agent)
        for settings in _plan(floor, watch).agents
        if (agent := floor.agents.get(settings.agent))
    ]


def _give_up_on(rows: list[Row]) -> Decisions:
    """Those who missed too many are not responding, which the module calls a break."""
    for row in rows:
        missed = row.memory.missed_before + 1
        if row.is_ready and row.memory.missed_now and 0 < row.settings.missed_offers_max <= missed:
            yield AgentMoved(row.agent.id, "not_responding", f"missed {missed} in a row")


# --- contacts -----------------------------------------------------------------------------------------------------


def _callers(floor: Floor, watch: FreeswitchWatch) -> Iterator[tuple[Contact, Caller]]:
    """Those who wait or ring; who is being joined is as good as served."""
    for contact_id, caller in watch.callers.items():
        contact = floor.contacts[contact_id]
        if contact.state in (ContactState.WAITING, ContactState.OFFERED):
            yield contact, caller


def _in_order(floor: Floor) -> list[tuple[Contact, FreeswitchWatch]]:
    found = [
        (_rank(_plan(floor, watch), contact, caller), contact, watch)
        for watch in _watches(floor)
        for contact, caller in _callers(floor, watch)
    ]
    return [(contact, watch) for _, contact, watch in sorted(found, key=lambda each: each[0])]


def _rank(plan: FreeswitchQueue, contact: Contact, caller: Caller) -> tuple[int, int, int]:
    """Lower is served first. All wait equally fast, so `now` makes no difference."""
    joined_s = caller.joined_at // 1000
    given_s = caller.base
    if plan.counts_from == "arrival":
        given_s += joined_s - caller.need_since // 1000
    return (joined_s - given_s, caller.joined_at, contact.order)


def _ring(floor: Floor, watch: FreeswitchWatch, contact: Contact, rows: list[Row], now: int) -> Decisions:
    """Ring the first agent who is free, or all of them."""
    plan, caller, now_s = _plan(floor, watch), watch.callers.get(contact.id), now // 1000
    if contact.wait_until is not None and contact.wait_until <= now:
        return  # what rings by now is heard out, and that is all
    if caller is None or not _seeks(plan, contact, caller, now_s) or not any(row.is_free(now_s) for row in rows):
        return
    listed = ranked(plan.strategy, rows, caller, f"{floor.last_offer} {contact.id}")
    open_rows = list(opened(plan, listed, now_s - caller.joined_at // 1000))
    free = [row for row in open_rows if row.is_free(now_s)]
    excluded = _excluded(rows, open_rows, free)
    until = now + floor.plan.queues[contact.queue].offer_ms
    for place, row in enumerate(free if plan.strategy == "ring-all" else free[:1]):
        choice = Choice(contact, row.agent, len(free) - place, excluded)
        yield offer(floor, choice, until, contact.priority, now)


def _seeks(plan: FreeswitchQueue, contact: Contact, caller: Caller, now_s: int) -> bool:
    if plan.strategy == "ring-progressively" and caller.rung_s and now_s < caller.rung_s + plan.ring_step_ms // 1000:
        return False
    rings_on = contact.state is ContactState.OFFERED and plan.strategy in _RINGS_ON
    return rings_on or contact.state is ContactState.WAITING


def _excluded(rows: list[Row], open_rows: list[Row], free: list[Row]) -> tuple[tuple[str, int], ...]:
    """How many ready agents of the queue were not eligible, by reason."""
    ready = sum(row.is_ready for row in rows)
    in_open_tiers = sum(row.is_ready for row in open_rows)
    reasons = (("tier", ready - in_open_tiers), ("rest", in_open_tiers - len(free)))
    return tuple((reason, count) for reason, count in reasons if count)


# --- when to look again -------------------------------------------------------------------------------------------


def _next_look(floor: Floor, watch: FreeswitchWatch, rows: list[Row], now: int) -> int | None:
    """The next full second (ms) at which time alone may change what there is to decide, or None."""
    plan, callers = _plan(floor, watch), [caller for _, caller in _callers(floor, watch)]
    if not callers:
        return None
    seconds = [row.fit_from_s for row in rows if row.is_ready]
    if plan.tier_rules:
        waits_s = dict.fromkeys(opens_after_s(plan, each.level) for each in plan.agents)
        seconds += [caller.joined_at // 1000 + wait_s for caller in callers for wait_s in waits_s]
    if plan.strategy == "ring-progressively":
        seconds += [caller.rung_s + plan.ring_step_ms // 1000 for caller in callers]
    following = min((second for second in seconds if second > now // 1000), default=None)
    return None if following is None else following * 1000
