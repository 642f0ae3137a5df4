"""What the hours of a queue do when they begin or end. What they are is known elsewhere: they reach the floor as facts.

Whoever comes to a closed queue goes on or is sent away (`acd.queueing`); who waits in it at closing stays, goes on or
is sent away, as its rules say. Agents serve whoever waits, whatever the hour.
"""

from __future__ import annotations

from acd.contact import UNANSWERED
from acd.events import JoinTimedOut, LegFailed
from acd.floor import Floor
from acd.model import Contact
from acd.offering import Decisions, by_order
from acd.queueing import catch_up, close_on


def after_turn(floor: Floor, calendar: str, now: int) -> Decisions:
    """A calendar has opened or closed: relaxations come into force, or who waits may have to go.

    Those that ring come last, so that no agent who was rung is offered another contact that has to go.
    """
    order = by_order(floor, now)
    for contact in sorted(_concerned(floor, calendar), key=lambda each: (bool(each.offers), order(each))):
        hours = floor.plan.queues[contact.queue].hours
        if hours and hours.calendar == calendar:
            yield from _close(floor, contact, now)
        if contact.state in UNANSWERED:
            yield from catch_up(floor, contact, now)


def _concerned(floor: Floor, calendar: str) -> list[Contact]:
    """Who waits in a queue whose rules go by this calendar."""
    queues = {
        queue.id
        for queue in floor.plan.queues.values()
        if (queue.hours and queue.hours.calendar == calendar) or any(r.during == calendar for r in queue.relaxations)
    }
    return [each for each in floor.contacts.values() if each.queue in queues and each.state in UNANSWERED]


def _close(floor: Floor, contact: Contact, now: int) -> Decisions:
    """One that is being joined has its answer, and only if that fails is it late."""
    hours = floor.plan.queues[contact.queue].hours
    if hours and hours.waiting != "keep" and floor.is_closed(contact.queue) and not contact.joining:
        yield from close_on(floor, contact, now, hours.to if hours.waiting == "move" else None)


def after_lost(floor: Floor, event: LegFailed | JoinTimedOut, now: int) -> Decisions:
    """A contact that was being joined at closing stayed; now that this has failed, it goes as the others went."""
    contact = floor.contacts.get(event.contact)
    if contact and contact.state in UNANSWERED:
        yield from _close(floor, contact, now)
