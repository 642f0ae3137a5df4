"""Who may serve a contact, as it waits: relaxations of what is asked of agents, and tiers of agents that open.

Both only ever add agents, so an agent who may serve a waiting contact may serve it for as long as it waits, while his
skills and the rules stay as they are; what is relaxed during some hours stays so for whoever waited in them. New rules
open at once what they would have opened by now, and close nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate

from acd.model import Contact, ContactState
from acd.plan import QueuePlan, Relaxation, Requirement


def asked(queue: QueuePlan, language: str, relaxed: int) -> tuple[Requirement, ...]:
    """What a queue asks of agents for a contact in this language, with so many of its relaxations in force."""
    in_force = queue.relaxations[:relaxed]  # new rules may have fewer than there were
    terms: QueuePlan | Relaxation = in_force[-1] if in_force else queue
    return (*terms.requirements, Requirement(language)) if terms.match_language else terms.requirements


def relaxed_by(queue: QueuePlan, waited_ms: int, hours: Mapping[str, bool]) -> int:
    """How many relaxations the time waited and the hour have brought into force.

    A later one takes those before it with it. `hours`: of each calendar, whether it is open.
    """
    if not queue.relaxations:
        return 0
    due = [place for place, each in enumerate(queue.relaxations, start=1) if _is_due(each, waited_ms, hours)]
    return due[-1] if due else 0


def _is_due(relaxation: Relaxation, waited_ms: int, hours: Mapping[str, bool]) -> bool:
    if relaxation.during:
        return hours.get(relaxation.during, False)
    return relaxation.after_ms is not None and relaxation.after_ms <= waited_ms


def open_tiers(queue: QueuePlan, waited_ms: int, tiers_max: int | None) -> int:
    """How many tiers are open to a contact. A queue without tiers has one, of everybody, which is always open."""
    if not queue.tiers:
        return 1
    opened = sum(after_ms <= waited_ms for after_ms in openings(queue))
    return opened if tiers_max is None else min(opened, tiers_max)


def next_widening(contact: Contact, queue: QueuePlan) -> int | None:
    """The instant (ms) at which time will let more agents serve a contact, or None."""
    if not (queue.relaxations or queue.tiers):
        return None
    after = min(_still_to_come(contact, queue), default=None)
    return None if after is None else contact.queued_at + after


def _still_to_come(contact: Contact, queue: QueuePlan) -> Iterator[int]:
    for relaxation in queue.relaxations[contact.relaxed :]:
        if relaxation.after_ms is not None:
            yield relaxation.after_ms
    yield from openings(queue)[contact.tiers : contact.tiers_max]


def openings(queue: QueuePlan) -> list[int]:
    """After how long (ms) each tier opens: no sooner than those before it."""
    return list(accumulate((tier.after_ms for tier in queue.tiers), max))


def next_ring(contact: Contact, queue: QueuePlan) -> int | None:
    """The instant (ms) at which one more agent may be rung for a contact that rings already, or None."""
    steps = queue.ring == "progressive" and contact.state is ContactState.OFFERED and not contact.rings_on
    return contact.rung_at + queue.ring_step_ms if steps else None
