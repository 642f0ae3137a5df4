"""A contact's story in words: an event, a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from acd.compat.events import AttemptEnded, AttemptStarted
from acd.events import (
    ContactEnded,
    ContactInterrupted,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    ContactReleased,
    ContactReprioritised,
    ContactResumed,
    ContactWidened,
    JoinTimedOut,
    LegAnswered,
    LegFailed,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    PairExcluded,
    QueueLeft,
    ReservationEnded,
    RingWidened,
    WithdrawOffer,
    WrappedUp,
    WrapUpExpired,
)
from acd.hands import (
    ConsultAsked,
    ConsultCompleted,
    ConsultEnded,
    ConsultMerged,
    ContactDirected,
    ContactPulled,
    ContactTransferred,
    DirectionEnded,
    SupervisionAsked,
    SupervisionEnded,
    UnholdContact,
)
from acd.plan import Requirement
from acd.stand_in_events import (
    CallbackAsked,
    CallbackDue,
    CallbackFailed,
    CallbackPostponed,
    ContactWithdrawn,
    DialCustomer,
    DialTimedOut,
    RecordMessage,
    VoicemailAsked,
    VoicemailLeft,
)
from escalation.events import CaseOpened
from router.events import ContactArrived, ContactLeft
from router.explain.inquiry import Told
from router.explain.model import Happening
from router.explain.phrases import Phrases, listed, waited


def story(events: Iterable[Told], phrases: Phrases) -> tuple[Happening, ...]:
    """What happened to a contact, less what its prompts and its agent's commands repeat."""
    told = ((each, _TELL[type(each.event)]) for each in events if type(each.event) in _TELL)
    return tuple(Happening(each.seq, each.at, each.event.kind, tell(each.event, phrases)) for each, tell in told)


def ended(event: ContactEnded) -> str:
    """How a contact came to its end."""
    wait, talk = waited(event.wait_ms), waited(event.talk_ms)
    return {
        "handled": f"ended: {event.agent} served it, after a wait of {wait} in {event.queue} and {talk} of talk",
        "abandoned": f"ended: the customer gave up in {event.queue} after {wait}",
        "timed_out": f"ended: sent away from {event.queue} after {wait}, the longest wait there is",
        "blocked": f"ended: not let into {event.queue}: {event.reason}",
        "closed": f"ended: sent away from {event.queue}, which was closed",
        "nobody_there": f"ended: sent away from {event.queue} after {wait}, where nobody who could serve it was there",
        "left_menu": "ended: the customer left the menu",
        "served_in_menu": "ended: served in the menu",
        "withdrawn": f"ended: withdrawn from {event.queue}, where it is no longer wanted",
        "callback_failed": "ended: the customer could not be called back",
        "no_message": "ended: the customer was to leave a message, and left none",
        "consulted": f"ended: {event.agent} was consulted, after a wait of {wait} in {event.queue} and {talk} of talk",
        "called_off": f"ended: called off after a wait of {wait} in {event.queue}",
    }[event.outcome]


def _queued(event: ContactQueued, phrases: Phrases) -> str:
    if event.stand_in:
        what = "a callback" if event.stand_in == "callback" else "a message"
        return f"{what} waits at its place in queue {event.queue}"
    asked = f", asking for {_skills(event.requirements)}" if event.requirements else ""
    resumed = f", at the place of {event.resumes}" if event.resumes else ""
    queue = phrases.queue(event.queue)
    rules = [rule.when for rule in queue.priorities if rule.when in event.holds] if queue else []
    kept = f", kept for {listed(event.reserved_for)} at first" if event.reserved_for else ""
    if kept and queue and queue.preferred:
        kept += _because([queue.preferred.when])
    return f"joined queue {event.queue} with priority {event.priority}{_because(rules)}{asked}{resumed}{kept}"


def _because(conditions: Sequence[str]) -> str:
    """Which conditions were the reason, if any were."""
    held = " and ".join(filter(None, conditions))
    return f" (because {held})" if held else ""


def _left(event: QueueLeft, phrases: Phrases) -> str:
    queue = phrases.queue(event.queue)
    rule = queue.overflow if queue and event.outcome == "overflowed" else None
    return f"{_GONE_ON[event.outcome]} {event.queue}{_because([rule.when]) if rule else ''}"


def _open_to_all(event: ReservationEnded, phrases: Phrases) -> str:
    because = {
        "time": "its time for that is over",
        "away": "nobody it was kept for is there",
        "passed_up": "nobody it was kept for took it",
    }
    return f"is open to everybody who may serve it: {because[event.because]}"


def _widened(event: ContactWidened, phrases: Phrases) -> str:
    tiers = f", from the first {event.tiers} tiers" if event.tiers > 1 else ""
    return f"more agents may serve it: it asks for {_skills(event.requirements) or 'no skill'}{tiers}"


def _skills(requirements: Sequence[Requirement]) -> str:
    return " and ".join(f"{each.skill}{f' at level {each.level}' if each.level > 1 else ''}" for each in requirements)


_CAUSES: Final = {
    "busy": "was busy",
    "unreachable": "could not be reached",
    "no_answer": "was not picked up",
    "declined": "was declined",
    "lost": "was lost",
}


_UNREACHED: Final = {"busy": "was busy", "unreachable": "could not be reached", "no_answer": "did not pick up"}

_GONE_ON: Final = {
    "moved": "went on from",
    "overflowed": "overflowed from",
    "closed": "went on from the closed queue",
    "callback": "the customer left, to be called back, from",
    "voicemail": "the customer goes to leave a message, from",
}


def _callback_asked(event: CallbackAsked, phrases: Phrases) -> str:
    after = f", not before {phrases.time(event.not_before)}" if event.not_before else ""
    return f"the customer asked to be called back{after}"


def _voicemail_left(event: VoicemailLeft, phrases: Phrases) -> str:
    return f"left a message of {waited(event.duration_ms)}" if event.duration_ms else "left no message"


def _withdrawn(event: ContactWithdrawn, phrases: Phrases) -> str:
    return f"is no longer wanted{f': {event.reason}' if event.reason else ''}"


def _wrapped_up(event: WrappedUp | WrapUpExpired, phrases: Phrases) -> str:
    outcome = {"resolved": "settled", "follow_up": "to be followed up", "escalated": "handed to a process team"}
    return f"{event.agent} ended the wrap-up: {outcome[event.outcome]}"


def _by(event: ContactMoved | ContactPulled | ContactReprioritised) -> str:
    return f", by {event.by}" if event.by else ""


def _handed_on(event: ContactTransferred, phrases: Phrases) -> str:
    to = f"to {event.to_agent}" if event.to_agent else f"to queue {event.queue}"
    return f"{event.agent} handed it on {to}" + (f" ({event.reason})" if event.reason else "")


def _asked(event: ConsultAsked, phrases: Phrases) -> str:
    return f"is put on hold: {event.agent} asks {event.to_agent or f'for somebody of queue {event.queue}'}"


_NOT_HIM: Final = {"time": "did not become free in time", "away": "is not there", "not_taken": "has not taken it"}


def _case_opened(event: CaseOpened, phrases: Phrases) -> str:
    due = f", due {phrases.time(event.due_at)}" if event.due_at is not None else ""
    return f"became {event.case}, with {event.team or 'the first line'}{due}"


_TELL: Final[dict[type, Callable[[Any, Phrases], str]]] = {
    ContactArrived: lambda event, phrases: f"came in on {event.dialled}",
    ContactLeft: lambda event, phrases: "the customer hung up",
    ContactQueued: _queued,
    ContactWidened: _widened,
    ContactMoved: lambda event, phrases: f"was moved to {event.queue} by hand{_by(event)}",
    QueueLeft: _left,
    AttemptStarted: lambda event, phrases: f"its turn came in {event.queue}, which follows Asterisk: {event.strategy}",
    AttemptEnded: lambda event, phrases: f"nobody answered; its turn comes again at {phrases.time(event.next_at)}",
    ContactReprioritised: lambda event, phrases: f"was given priority {event.priority}{_by(event)}",
    OfferContact: lambda event, phrases: f"was offered to {event.agent}",
    RingWidened: lambda event, phrases: "may ring at one more agent",
    OfferAccepted: lambda event, phrases: f"{event.agent} took it",
    LegAnswered: lambda event, phrases: f"{event.agent} picked up",
    OfferDeclined: lambda event, phrases: f"{event.agent} declined" + (f" ({event.reason})" if event.reason else ""),
    OfferExpired: lambda event, phrases: f"{event.agent} did not answer in time",
    LegFailed: lambda event, phrases: f"the phone of {event.agent} {_CAUSES[event.cause]}",
    WithdrawOffer: lambda event, phrases: f"stopped ringing at {event.agent}: {event.reason}",
    JoinTimedOut: lambda event, phrases: f"could not be joined with {event.agent}",
    PairExcluded: lambda event, phrases: f"is kept apart from {event.agent} until {phrases.time(event.until)}",
    ContactJoined: lambda event, phrases: f"talks with {event.agent}",
    ContactReleased: lambda event, phrases: f"{event.agent} ended the talk",
    ContactEnded: lambda event, phrases: ended(event),
    WrappedUp: _wrapped_up,
    WrapUpExpired: _wrapped_up,
    CaseOpened: _case_opened,
    CallbackAsked: _callback_asked,
    CallbackPostponed: lambda event, phrases: f"keeps its place, and rests until {phrases.time(event.until)}",
    CallbackDue: lambda event, phrases: "may be called back again",
    DialCustomer: lambda event, phrases: f"is dialled for {event.agent}, attempt {event.attempt}",
    CallbackFailed: lambda event, phrases: f"the customer {_UNREACHED[event.cause]}",
    DialTimedOut: lambda event, phrases: "the customer did not pick up in time",
    VoicemailAsked: lambda event, phrases: "the customer asked to leave a message",
    RecordMessage: lambda event, phrases: f"records a message of {waited(event.record_ms_max)} at most",
    VoicemailLeft: _voicemail_left,
    ContactWithdrawn: _withdrawn,
    ReservationEnded: _open_to_all,
    ContactInterrupted: lambda event, phrases: f"waits for {event.agent}, who sees to something that cannot wait",
    ContactResumed: lambda event, phrases: f"goes on with {event.agent}",
    ContactTransferred: _handed_on,
    ContactPulled: lambda event, phrases: f"was given to {event.agent} by hand{_by(event)}",
    ContactDirected: lambda event, phrases: f"is kept for {event.agent} until {phrases.time(event.until)}",
    DirectionEnded: lambda event, phrases: f"is no longer kept for {event.agent}, who {_NOT_HIM[event.because]}",
    ConsultAsked: _asked,
    ConsultEnded: lambda event, phrases: f"{event.agent} asks nobody any more",
    ConsultMerged: lambda event, phrases: f"{event.agent} took it into the talk with the colleague",
    ConsultCompleted: lambda event, phrases: f"{event.agent} handed it over to the colleague, after an introduction",
    UnholdContact: lambda event, phrases: f"talks with {event.agent} again",
    SupervisionAsked: lambda event, phrases: f"{event.supervisor} takes part: {event.mode}",
    SupervisionEnded: lambda event, phrases: f"{event.supervisor} takes part no longer",
}
