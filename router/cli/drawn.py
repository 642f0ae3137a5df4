"""What was drawn for the customers of a run, held against what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from acd.events import ContactEnded, WrappedUp
from router.events import ContactArrived, Event
from simulator.population import Customer


class Drawn:
    """Hears events, and tells where patience, talk, outcome or number of calls are not as they were drawn.

    A network and two clocks are in between: a customer may be late or early by as much as his commands were, and
    `slack_ms` off either way.
    """

    def __init__(self, customers: Iterable[Customer], slack_ms: int) -> None:
        self._customers = {customer.id: customer for customer in customers}
        self._slack_ms = slack_ms
        self._calls: Counter[str] = Counter()
        self._on_the_line: dict[str, Customer] = {}
        self._complete = True
        self._problems: list[str] = []

    def hear(self, event: Event, late_ms: int, early_ms: int = 0) -> None:
        """An event about a contact of the run, whose commands were so far at most `late_ms` late, or `early_ms` early.

        Early they are where the service's clock went back while they were on their way.
        """
        match event:
            case ContactArrived(contact):
                self._arrived(contact)
            case ContactEnded(contact) if customer := self._on_the_line.get(contact):
                self._ended(event, customer, late_ms + self._slack_ms, early_ms + self._slack_ms)
            case WrappedUp(_, contact) if customer := self._on_the_line.get(contact):
                if event.outcome != customer.outcome:
                    self._problems.append(f"{contact} ended as {event.outcome}; drawn was {customer.outcome}")

    def lose_track(self) -> None:
        """Judge no contact that is on the line: something was not heard of it, or it was made to end."""
        self._on_the_line.clear()
        self._complete = False

    def problems(self) -> list[str]:
        """Whatever is not as drawn; if everything was heard to its end, also who never called."""
        missing = [name for name in self._customers if not self._calls[name]] if self._complete else []
        return [*self._problems, *(f"{name} never called" for name in missing)]

    def _arrived(self, contact: str) -> None:
        customer = self._customers.get(contact) or self._customers[contact.rpartition("-")[0]]
        self._calls[customer.id] += 1
        if self._calls[customer.id] > 1 + len(customer.redial_ms):
            self._problems.append(f"{contact} is one call more than was drawn")
        self._on_the_line[contact] = customer

    def _ended(self, event: ContactEnded, customer: Customer, late_ms: int, early_ms: int) -> None:
        """Who gives up just while he is answered still hangs up, so that his talk ends where his patience does."""
        patience_ms = customer.patience_ms

        def near(heard_ms: int, drawn_ms: int) -> bool:
            return drawn_ms - early_ms <= heard_ms <= drawn_ms + late_ms

        if event.outcome == "abandoned" and not near(event.wait_ms, patience_ms):
            self._tell(event.contact, "waited", event.wait_ms, patience_ms)
        elif event.outcome == "handled" and event.wait_ms > patience_ms + late_ms:
            self._tell(event.contact, "was answered after", event.wait_ms, patience_ms)
        elif event.outcome == "handled" and not (
            near(event.talk_ms, customer.talk_ms) or near(event.wait_ms + event.talk_ms, patience_ms)
        ):
            self._tell(event.contact, "talked", event.talk_ms, customer.talk_ms)

    def _tell(self, contact: str, verb: str, heard_ms: int, drawn_ms: int) -> None:
        self._problems.append(f"{contact} {verb} {heard_ms / 1000:.1f} s; drawn was {drawn_ms / 1000:.1f} s")
