"""What happens on the floor, in words: the events worth a line on a board, with the instant in the centre's zone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from acd.events import AgentLapsed, AgentMoved, AgentStateSet, ContactEnded, OfferDeclined, OfferExpired, QueueLeft
from acd.hands import ConsultCompleted, ContactTransferred
from escalation.events import CaseAccepted, CaseBreached, CaseOpened, CaseResolved
from router.events import Event
from router.times import clock, minutes, moment


class News:
    """The last lines, the newest first: (clock time, text, style)."""

    def __init__(self, zone: str, kept: int = 40) -> None:
        self._zone = zone
        self.lines: deque[tuple[str, str, str]] = deque(maxlen=kept)

    def hear(self, event: Event, at: int) -> None:
        """Note an event, if it is one of those worth telling."""
        if told := _TELL.get(type(event)):
            text, style = told(event, self._zone)
            if text:
                self.lines.appendleft((clock(at, self._zone), text, style))

    def note(self, text: str) -> None:
        """Note something that is no event of the centre, at no time of its clock."""
        self.lines.appendleft(("", text, "yellow"))


def brief(contact: str) -> str:
    """A contact's id without the run that it belongs to."""
    return contact.rpartition(".")[2]


def _ended(event: ContactEnded, zone: str) -> tuple[str, str]:
    who, queue = brief(event.contact), event.queue
    said = {
        "abandoned": f"{who} gives up in {queue} after {minutes(event.wait_ms)}",
        "timed_out": f"{who} is sent away from {queue} after {minutes(event.wait_ms)}",
        "blocked": f"{who} is not let into {queue}: {event.reason}",
        "nobody_there": f"{who} is sent away from {queue}, where nobody is there",
        "closed": f"{who} is sent away from {queue}, which is closed",
        "served_in_menu": f"{who} is served by the menu",
        "callback_failed": f"{who} cannot be called back",
    }.get(event.outcome, "")
    return said, "green" if event.outcome == "served_in_menu" else "red" if said else ""


def _case_opened(event: CaseOpened, zone: str) -> tuple[str, str]:
    if not event.team:
        return f"{event.case} of {brief(event.contact)} stays with the first line", "cyan"
    due = f"{moment(event.due_at, zone):%a %H:%M}" if event.due_at is not None else "at no known time"
    return f"{event.case} of {brief(event.contact)} goes to {event.team}: {event.case_type}, due {due}", "magenta"


def _moved(event: AgentMoved | AgentStateSet, zone: str) -> tuple[str, str]:
    state = event.state.replace("_", " ")
    return f"{event.agent} is {state}", "yellow" if event.state == "not_responding" else "dim"


_LEAVES: Final = {
    "moved": "is moved from",
    "overflowed": "overflows from",
    "closed": "is passed on from",
    "callback": "is to be called back from",
    "voicemail": "goes to the voicemail of",
}

_TELL: Final[dict[type, Callable[[Any, str], tuple[str, str]]]] = {
    ContactEnded: _ended,
    QueueLeft: lambda event, zone: (f"{brief(event.contact)} {_LEAVES[event.outcome]} {event.queue}", "yellow"),
    ContactTransferred: lambda event, zone: (
        f"{event.agent} hands {brief(event.contact)} on to {event.to_agent or event.queue}",
        "cyan",
    ),
    ConsultCompleted: lambda event, zone: (f"{event.agent} hands {brief(event.contact)} over to a colleague", "cyan"),
    OfferDeclined: lambda event, zone: (f"{event.agent} declines {brief(event.contact)}", "yellow"),
    OfferExpired: lambda event, zone: (f"{event.agent} lets {brief(event.contact)} ring out", "yellow"),
    AgentMoved: _moved,
    AgentStateSet: _moved,
    AgentLapsed: lambda event, zone: (f"{event.agent} is gone: no heartbeat", "yellow"),
    CaseOpened: _case_opened,
    CaseAccepted: lambda event, zone: (f"{event.case} is taken up", "cyan"),
    CaseResolved: lambda event, zone: (f"{event.case} is resolved", "green"),
    CaseBreached: lambda event, zone: (f"{event.case} is overdue", "red"),
}
