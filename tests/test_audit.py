"""The audit: a true trace has no problem, and each thing it looks for is found in a trace that was tampered with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from acd.events import (
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactQueued,
    JoinParties,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    WithdrawOffer,
    WrappedUp,
    WrapUpStarted,
)
from escalation.events import CaseAccepted, CaseOpened, CaseResolved
from router.centre import load
from router.events import ContactArrived, ContactLeft, Event
from simulator.audit import Audit
from simulator.experiment import Experiment, replicate
from simulator.population import load_population
from tests.conftest import ROOT

HELLO = ROOT / "examples" / "hello"
Rows = list[tuple[Event, int]]


@cache
def trace(seed: int = 1) -> Rows:
    """Two days of the smallest centre, so busy and with agents so careless that everything happens in it."""
    centre = load(HELLO)
    spec = load_population(centre.document, centre.plan)
    agents = spec.agents.model_copy(update={"decline": 0.1, "miss": 0.1})
    arrivals = {name: each.model_copy(update={"per_hour": 24}) for name, each in spec.arrivals.items()}
    spec = spec.model_copy(update={"agents": agents, "arrivals": arrivals})
    rows: Rows = []
    experiment = Experiment(HELLO, date(2026, 1, 5), 2, seed, 1)
    replicate(centre.plan, spec, experiment, 1, (lambda event, at: rows.append((event, at)),))
    return rows


def problems(rows: Rows, *, finished: bool = True) -> list[str]:
    """What the audit says of rows that are numbered without a gap."""
    audit = Audit()
    for seq, (event, at) in enumerate(rows, 1):
        audit.hear(seq, event, at)
    return audit.problems(finished=finished)


def place(rows: Rows, kind: type, test: Callable[[Any], bool] = lambda event: True) -> int:
    """Where the tenth event of a kind stands, or the last if there are fewer: in the middle of things."""
    places = [n for n, (event, _) in enumerate(rows) if isinstance(event, kind) and test(event)]
    return places[:10][-1]


def changed(kind: type, test: Callable[[Any], bool] = lambda event: True, **values: object) -> Rows:
    """The trace with one event of this kind changed; a value may be a function of the old one."""
    rows = list(trace())
    n = place(rows, kind, test)
    event, at = rows[n]
    new = {name: value(getattr(event, name)) if callable(value) else value for name, value in values.items()}
    rows[n] = (replace(event, **new), at)
    return rows


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_true_trace_has_no_problem(seed: int) -> None:
    """Whatever the engine does in two busy days, the audit finds nothing wrong with it."""
    assert [] == problems(trace(seed))


def test_the_trace_has_everything_in_it() -> None:
    """The tampering below is about kinds of events that happen."""
    kinds = {type(event) for event, _ in trace()}
    assert {OfferDeclined, OfferExpired, WithdrawOffer, AgentMoved, CaseOpened, CaseAccepted, ContactLeft} <= kinds
    assert {"handled", "abandoned"} == {event.outcome for event, _ in trace() if isinstance(event, ContactEnded)}


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (ContactArrived, "which never arrived"),
        (ContactQueued, "where it does not wait"),
        (ContactLeft, "which nothing before explains"),
        (ContactEnded, "which is not due to him"),
        (OfferContact, "of offer"),
        (OfferAccepted, "joined without an accept"),
        (JoinParties, "for which nobody asked"),
        (OfferDeclined, "while offer"),
        (OfferExpired, "while offer"),
        (ContactJoined, "which nothing before explains"),
        (WrapUpStarted, "which he had not begun"),
        (WrappedUp, "in hand"),
        (AgentStateSet, "but is not_responding"),
        (CaseOpened, "which was never opened"),
    ],
)
def test_a_missing_row_is_found(kind: type, found: str) -> None:
    """An event that is left out, with all rows numbered as if it had never been, breaks somebody's story."""
    rows = list(trace())
    del rows[place(rows, kind)]
    assert any(found in problem for problem in problems(rows)), problems(rows)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (ContactArrived, "arrives a second time"),
        (ContactQueued, "is queued in help while in help"),
        (ContactEnded, "after its end"),
        (OfferContact, "is made a second time"),
        (OfferAccepted, "is accepted a second time"),
        (JoinParties, "leads to a join it was not accepted for"),
        (OfferDeclined, "which has ended"),
        (OfferExpired, "which has ended"),
        (ContactJoined, "which has ended"),
        (WrapUpStarted, "which is not due to him"),
        (WrappedUp, "which he had not begun"),
        (CaseOpened, "is opened a second time"),
        (CaseAccepted, "is accepted a second time"),
        (CaseResolved, "after it was resolved"),
    ],
)
def test_a_row_that_happens_twice_is_found(kind: type, found: str) -> None:
    """An event that stands twice, under two numbers, breaks somebody's story."""
    rows = list(trace())
    n = place(rows, kind)
    rows.insert(n, rows[n])
    assert any(found in problem for problem in problems(rows)), problems(rows)


def is_handled(event: ContactEnded) -> bool:
    """Whether this is the end of a contact that was answered."""
    return event.outcome == "handled"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (changed(ContactEnded, is_handled, wait_ms=lambda wait_ms: wait_ms + 1), "between its rows lie"),
        (changed(ContactEnded, is_handled, talk_ms=lambda talk_ms: talk_ms - 1), "between its rows lie"),
        (changed(ContactEnded, is_handled, agent="nobody"), "where it never was"),
        (changed(ContactEnded, is_handled, queue="nowhere"), "queue help:"),
        (changed(ContactEnded, is_handled, outcome="abandoned"), "which nothing before explains"),
        (changed(ContactEnded, lambda event: not is_handled(event), outcome="timed_out"), "longest wait"),
        (changed(OfferContact, agent=lambda agent: "bob" if agent == "ann" else "ann"), "in hand"),
        (changed(OfferContact, until=0), "is accepted after its time"),
        (changed(OfferContact, queue="nowhere"), "where it does not wait"),
        (changed(OfferExpired, offer=999_999), "which was never made"),
        (changed(OfferAccepted, agent="nobody"), "names another contact or agent"),
        (changed(ContactQueued, need_since=lambda since: since + 1), "begins in the future"),
        (changed(WrappedUp, lambda event: event.outcome == "escalated", outcome="resolved"), "left nothing to do"),
        (changed(WrappedUp, lambda event: event.outcome == "resolved", outcome="escalated"), "no case was opened"),
        (changed(CaseOpened, lambda event: event.team, team=""), "is in the hands of ''"),
        (changed(CaseOpened, due_at=None), "has no time by which it is due"),
        (changed(CaseOpened, due_at=0), "has no time by which it is due"),
        (changed(CaseResolved, case="case-0"), "which was never opened"),
        (changed(AgentMoved, state="paused"), "for which nobody asked"),
    ],
)
def test_a_changed_value_is_found(rows: Rows, found: str) -> None:
    """A figure, a name or an outcome that does not follow from the other rows is told."""
    assert any(found in problem for problem in problems(rows)), problems(rows)


def test_an_early_expiry_is_found() -> None:
    """An offer that expires before its time was not given its time."""
    rows = list(trace())
    n = place(rows, OfferExpired)
    rows[n] = (rows[n][0], rows[n - 1][1])
    rows[n:] = [(event, max(at, rows[n][1])) for event, at in rows[n:]]
    offer = next(event for event, _ in rows if isinstance(event, OfferContact) and event.offer == rows[n][0].offer)
    assert rows[n][1] < offer.until
    assert any("which it is not time for" in problem for problem in problems(rows))


def test_a_trace_that_stops_has_loose_ends() -> None:
    """Whoever is still on the way when a trace stops has not ended; asked for so far, nothing is wrong."""
    rows = trace()[: place(trace(), ContactJoined) + 1]
    assert [] == problems(rows, finished=False)
    assert [problem for problem in problems(rows) if problem.endswith("never ended")]


def test_rows_have_numbers_without_a_gap_or_a_repetition() -> None:
    """A gap is told with its bounds, a repetition with its number."""
    audit = Audit()
    (first, at), *_ = trace()
    audit.hear(1, first, at)
    audit.hear(5, first, at)
    audit.hear(5, first, at - 3)
    assert [
        "row 5: rows 2 to 4 were never heard",
        "row 5: its number was heard before",
        "row 5: it is 3 ms earlier than the row before",
    ] == audit.problems()


@pytest.mark.parametrize("start", [20, 60, 100])
def test_what_was_under_way_before_is_not_judged(start: int) -> None:
    """An audit that begins in the middle judges only the stories that it hears from their beginning."""
    audit = Audit(after=start)
    for seq, (event, at) in enumerate(trace()[start:], start + 1):
        audit.hear(seq, event, at)
    assert [] == audit.problems()


@pytest.mark.parametrize("length", [1, 7, 30])
def test_after_a_gap_only_the_gap_is_told(length: int) -> None:
    """Stories with a hole in them are not judged; those that begin after it are."""
    audit = Audit()
    for seq, (event, at) in enumerate(trace(), 1):
        if not 60 <= seq < 60 + length:
            audit.hear(seq, event, at)
    last = f"to {59 + length} " if length > 1 else "to 60 "
    assert [f"row {60 + length}: rows 60 {last}were never heard"] == audit.problems()
