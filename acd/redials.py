"""The callbacks that wait, by queue and customer, so that one who calls again himself finds his."""

from __future__ import annotations

from collections.abc import Iterable

from acd import discipline
from acd.contact import UNANSWERED
from acd.model import Contact


class Redials:
    """Callbacks of known customers, from when they wait until they are answered or over."""

    def __init__(self) -> None:
        self._expected: dict[tuple[str, str], dict[str, Contact]] = {}

    def index(self, contacts: Iterable[Contact]) -> None:
        """Build it from the records."""
        self._expected = {}
        for contact in contacts:
            if contact.state in UNANSWERED:
                self.expect(contact)

    def expect(self, contact: Contact) -> None:
        """The contact waits: if it is the callback of a known customer, he may call again before his turn comes."""
        if contact.stand_in == "callback" and contact.customer:
            self._expected.setdefault((contact.queue, contact.customer), {})[contact.id] = contact

    def expect_no_more(self, contact: Contact) -> None:
        """The contact waits no longer."""
        if contact.stand_in == "callback" and contact.customer:
            key = (contact.queue, contact.customer)
            theirs = self._expected.get(key, {})
            theirs.pop(contact.id, None)
            if not theirs:
                self._expected.pop(key, None)

    def of(self, queue: str, customer: str) -> Contact | None:
        """The first callback of a customer in a queue that is not being made just now, or None."""
        theirs = self._expected.get((queue, customer))
        if theirs is None:
            return None
        return min((each for each in theirs.values() if not each.joining), key=discipline.place, default=None)
