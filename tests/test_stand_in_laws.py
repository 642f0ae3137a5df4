"""The laws of the engine where customers go while their places stay: callbacks and messages, in any order."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import invariant, rule

from acd.events import OfferContact
from acd.model import ContactState
from acd.stand_in_events import CallbackAsked, CallbackFailed, ContactWithdrawn, VoicemailAsked, VoicemailLeft
from tests.test_laws import places
from tests.test_rich_laws import RichLaws
from tests.worlds import S


class StandInLaws(RichLaws):
    """The same laws, and those of callbacks."""

    @rule(place=places, asks=st.sampled_from(["callback", "callback", "voicemail", "later"]))
    def ask(self, place: int, asks: str) -> None:
        """A customer asks to be called back, at once or later, or to leave a message."""
        contact = self.contact(place)
        later = CallbackAsked(contact, "+2", self.now + 30 * S)
        facts = {"callback": CallbackAsked(contact), "later": later, "voicemail": VoicemailAsked(contact)}
        self.take(facts[asks])

    @rule(place=places, duration_ms=st.sampled_from([-1, 0, 5 * S]))
    def speak(self, place: int, duration_ms: int) -> None:
        """A recording ends, with a message or without one."""
        self.take(VoicemailLeft(self.contact(place), duration_ms))

    @rule(back=st.integers(0, 2), cause=st.sampled_from(["busy", "no_answer"]))
    def miss_callback(self, back: int, cause: Any) -> None:
        """A customer is not reached."""
        offers = [event for event in self.log if isinstance(event, OfferContact)][-1 - back :]
        if offers:
            self.take(CallbackFailed(offers[0].contact, offers[0].agent, offers[0].offer, cause))

    @rule(place=places)
    def withdraw(self, place: int) -> None:
        """Something that stands in for a customer is no longer wanted."""
        self.take(ContactWithdrawn(self.contact(place)))

    @invariant()
    def callbacks_keep_their_hours(self) -> None:
        """No callback waits for an agent outside its window, nor beyond its attempts; nothing else ever rests."""
        floor = self.engine.board.floor
        for contact in floor.contacts.values():
            if contact.stand_in == "callback" and contact.state in (ContactState.WAITING, ContactState.OFFERED):
                assert contact.wait_until is None or contact.wait_until > self.now
            assert contact.attempts <= 3
            assert bool(contact.rests_until) is (contact.state is ContactState.RESTING)
            assert contact.state is not ContactState.RESTING or contact.stand_in == "callback"


StandInLaws.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestStandInLaws = StandInLaws.TestCase
