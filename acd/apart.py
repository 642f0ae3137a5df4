"""Contacts kept apart for a while from agents who did not take them."""

from __future__ import annotations

from acd.events import (
    PairExcluded,
)
from acd.floor import Floor
from acd.model import Agent, Contact, Stance
from acd.offering import Decisions


def keep_apart(floor: Floor, contact: Contact, agent: Agent, now: int) -> Decisions:
    """Keep the two apart; once nobody else is left who could have the contact, only for as long as a retry takes."""
    queue = floor.plan.queues[contact.queue]
    elsewhere = _is_open_to_somebody(floor, contact, {*floor.matching.kept_from(contact, now), agent.id})
    apart_ms = max(queue.exclusion_ms, queue.retry_ms) if elsewhere else queue.retry_ms
    yield PairExcluded(contact.id, agent.id, now + apart_ms)
    yield from _shorten(floor, contact, now)


def shorten_all(floor: Floor, now: int) -> Decisions:
    """Shorten what is no longer of use: those left may be the only ones who could have a contact."""
    for contact in floor.matching.apart():
        yield from _shorten(floor, contact, now)


def _shorten(floor: Floor, contact: Contact, now: int) -> Decisions:
    """Let all who are kept from the contact have it again soon, if that is everybody who could."""
    kept = floor.matching.kept_from(contact, now)
    until = now + floor.plan.queues[contact.queue].retry_ms
    if not _is_open_to_somebody(floor, contact, kept):
        for agent in sorted(kept):
            if contact.exclusions.get(agent, 0) > until:
                yield PairExcluded(contact.id, agent, until)


def _is_open_to_somebody(floor: Floor, contact: Contact, kept: set[str]) -> bool:
    return floor.matching.present(contact) > sum(_could_serve(floor, agent, contact) for agent in kept)


def _could_serve(floor: Floor, agent_id: str, contact: Contact) -> bool:
    agent = floor.agents.get(agent_id)
    if agent is None or agent.stance is Stance.OFFLINE:
        return False
    return floor.matching.could_serve(agent, contact)
