"""What a journal has to say about a contact, and about an agent beside it, gathered while its rows are folded."""

from __future__ import annotations

from dataclasses import dataclass

from acd.events import ContactEnded, OfferContact, WithdrawOffer
from acd.floor import Floor
from acd.model import ContactState
from router.board import Board
from router.events import ContactArrived, ContactLeft, Event
from router.explain import derive
from router.explain.model import Decision, InHand, Instead, KeptApart, Waiting, difference


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the contact's, with its place in the log and its instant (ms)."""

    seq: int
    at: int
    event: Event


class Inquiry:
    """Listens to a log, event by event: `hear` each before it is applied, `is_over` after.

    `events` are the contact's, `decision` is its last offer, and `given_up` is how it stood when it went without an
    answer, if it did not ring just then. With an `agent`: `offered` is its last offer to him, and `instead` are the
    contacts he was offered while it waited and he could have served it. `arrivals` are the ids of all that came.
    """

    def __init__(self, contact: str, agent: str | None = None) -> None:
        self.contact = contact
        self.agent = agent
        self.events: list[Told] = []
        self.decision: Decision | None = None
        self.given_up: Waiting | None = None
        self.offered: Decision | None = None
        self.instead: list[Instead] = []
        self.arrivals: dict[str, None] = {}
        self._before: Event | None = None
        self._is_there = False

    def hear(self, board: Board, seq: int, at: int, event: Event) -> None:
        """Take note of an event that is about to be applied to the board."""
        if isinstance(event, ContactArrived):
            self.arrivals[event.contact] = None
        if getattr(event, "contact", None) == self.contact:
            self.events.append(Told(seq, at, event))
            if isinstance(event, ContactLeft | ContactEnded):
                self._hear_end(board, at)
        if isinstance(event, OfferContact):
            self._hear_offer(board, seq, at, event)
        self._before = event

    def is_over(self, board: Board) -> bool:
        """Whether nothing more can happen to the contact."""
        was_there, self._is_there = self._is_there, self.contact in board.floor.contacts
        return was_there and not self._is_there

    def _hear_offer(self, board: Board, seq: int, at: int, offer: OfferContact) -> None:
        if offer.contact == self.contact:
            self.decision = derive.decision(board, seq, at, offer, self._before)
            if offer.agent == self.agent:
                self.offered = self.decision
        elif offer.agent == self.agent:
            self.instead += _instead(board.floor, self.contact, seq, at, offer)

    def _hear_end(self, board: Board, at: int) -> None:
        contact = board.floor.contacts[self.contact]
        rang = any(told.at == at and isinstance(told.event, WithdrawOffer) for told in self.events)
        if self.given_up is None and contact.state is ContactState.WAITING and not rang:
            self.given_up = derive.waiting(board, contact, at, self.agent)


def _instead(floor: Floor, contact_id: str, seq: int, at: int, offer: OfferContact) -> list[Instead]:
    """That the agent was offered another contact, if this one waited too and he could serve it."""
    contact, agent = floor.contacts.get(contact_id), floor.agents[offer.agent]
    if contact is None or not floor.seeks(contact):
        return []
    own = derive.contact_for(floor, contact, agent, at)
    if not all(isinstance(obstacle, KeptApart | InHand) for obstacle in own.obstacles):
        return []
    other = derive.contact_for(floor, floor.contacts[offer.contact], agent, at)
    return [Instead(seq, at, offer.contact, offer.queue, own.obstacles, difference(other, own))]
