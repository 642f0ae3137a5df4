"""INV-12: every decision is derived again from its record and the log up to it: the same pick, for the same reasons."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import takewhile
from typing import get_args

import pytest
from hypothesis import settings

from acd import discipline
from acd.events import OfferContact
from acd.plan import Selection
from router.board import Board
from router.centre import load
from router.events import Event
from router.explain import derive
from router.explain.model import Decision
from router.explain.phrases import ORDERS
from simulator import experiment
from simulator.agents import shifts
from simulator.arrivals import midnight_ms
from simulator.population import draw, load_population
from simulator.streams import key
from simulator.world import World
from tests.conftest import ROOT
from tests.test_laws import Laws
from tests.test_laws_of_hands import HandLaws
from tests.test_rich_laws import RichLaws

MONDAY = date(2026, 3, 2)
HOUR_MS = 3_600_000


def check(board: Board, seq: int, at: int, offer: OfferContact, before: Event | None) -> Decision:
    """Derive an offer again, by looking at everybody; it must be the very one, for the very reasons."""
    decision = derive.decision(board, seq, at, offer, before)
    assert decision.agrees
    chosen, other = decision.agents, decision.contacts
    first, second = (chosen, other) if decision.chosen_by == "contact" else (other, chosen)
    pick = offer.agent if decision.chosen_by == "contact" else offer.contact
    assert pick == first.candidates[0].id
    assert (offer.candidates, offer.excluded) == (len(first.candidates), first.counts())
    assert {offer.agent, offer.contact} <= {each.id for each in (*first.candidates, *second.candidates)}
    return decision


class Explained(Laws):
    """The laws' world, in which every offer is explained before it is booked."""

    def check_choice(self, event: OfferContact) -> None:
        """The explanation is right, and its terms are those that the engine orders by."""
        board = self.folded
        check(board, board.seq + 1, self.now, event, self.log[board.seq - 1] if board.seq else None)
        for contact in derive.contacts_for(board.floor, board.floor.agents[event.agent], self.now).candidates:
            queue = board.floor.plan.queues[contact.queue]
            assert discipline.rank(board.floor.contacts[contact.id], queue, self.now) == contact.rank


class RichExplained(Explained, RichLaws):
    """The same where contacts and agents are ordered, and phones rung, in every way there is."""


class HandExplained(Explained, HandLaws):
    """The same where contacts go from hand to hand."""


for _machine in (Explained, RichExplained, HandExplained):
    _machine.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
TestExplained = Explained.TestCase
TestRichExplained = RichExplained.TestCase
TestHandExplained = HandExplained.TestCase


class Listener:
    """Folds a log, and explains every offer in it."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.before: Event | None = None
        self.seen: Counter[str] = Counter()

    def hear(self, event: Event, at: int) -> None:
        """An event, before it is applied."""
        if isinstance(event, OfferContact):
            decision = check(self.board, self.board.seq + 1, at, event, self.before)
            self.seen[decision.chosen_by] += 1
            self.seen.update(reason for reason, _ in event.excluded)
        self.board.apply(event, at)
        self.before = event


def test_every_offer_of_an_hour_is_derived_again() -> None:
    """The busiest hour of the example centre: who chose, the pick and every number, for each of its offers."""
    centre = load(ROOT / "examples" / "shared-service-centre")
    plan, start = centre.plan, midnight_ms(MONDAY, centre.plan.zone)
    spec, seed = load_population(centre.document, plan), key(7, "replication 1")
    customers = takewhile(lambda each: each.arrival_ms < start + 10 * HOUR_MS, draw(spec, plan, seed, MONDAY, 1))
    listener = Listener(Board({plan.hash: plan}, plan.hash))
    experiment.run(plan, World(spec.agents, seed, customers, shifts(spec, plan, MONDAY, 1)), start, (listener.hear,))
    seen = listener.seen
    assert seen["contact"] > 50
    assert seen["agent"] > 10
    assert seen["skill"] > 50


@pytest.mark.parametrize("selection", get_args(Selection))
def test_every_order_of_agents_has_its_words(selection: Selection) -> None:
    """Whatever a queue's order of agents, its terms have names and there is a sentence for it."""
    assert selection in ORDERS
    assert selection in derive._RANKED_BY
