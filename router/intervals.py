"""Measures by intervals of the centre's day: what a live service keeps, and what a journal tells, as the same data.

Intervals are half-open and called by their start in the centre's zone. They begin at the multiples of their length
since midnight by the clocks there; where the clocks change, one ends. So a day has 92, 96 or 100 quarter hours, and
24 h is the day, however long it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any, Final, Literal

from router import codec
from router.centre.durations import milliseconds
from router.errors import UsageFault
from router.events import CentreStarted
from router.measures import (
    FOLDED,
    MEASURES,
    QUARTER_MS,
    Measure,
    Measures,
    Span,
    Tally,
    parallel,
    sequence,
    with_times_of,
)
from router.nearest import did_you_mean, what_there_is
from router.ports import Journal, Row
from router.times import DAY_MS, MINUTE_MS, instant, moment

Basis = Literal["completion", "arrival"]
"""When a contact counts: when it is answered, gone or wrapped up; or when it was offered."""

BASES: Final[tuple[Basis, ...]] = ("completion", "arrival")
SPANS_MAX: Final = 200_000
"""Over how many stretches of time an answer may reach: five years of quarter hours."""
SLICE_ROWS: Final = 500
"""After how many rows `pause` is awaited."""

Pause = Callable[[Row], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for: one queue, or all together; the intervals that begin in [since, until), instants in ms."""

    interval_ms: int
    basis: Basis
    queue: str | None
    measures: tuple[Measure, ...]
    since: int | None
    until: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The same as it was written. `before` stands before the names of its parts in what is said of faults: `--`."""

    interval: str = "15m"
    basis: str = "completion"
    queue: str | None = None
    measures: Sequence[str] = ()
    since: str | None = None
    until: str | None = None
    before: str = ""

    def check(self) -> tuple[int, Basis, tuple[Measure, ...]]:
        """The length of an interval (ms), the basis and the measures. Raises `UsageFault` for what means nothing."""
        basis = self._basis()
        return self._interval_ms(), basis, self._measures(basis)

    def of(self, measures: Measures, zone: str) -> Question:
        """What it means for these measures. Raises `UsageFault` for what means nothing, or nothing there."""
        interval_ms, basis, named = self.check()
        if interval_ms % measures.span_ms:
            kept = measures.span_ms // MINUTE_MS
            what = f"kept are intervals of {kept}m and its multiples; `firstline measures` tells any from the journal"
            raise UsageFault(f"{self.before}interval {self.interval}: {what}")
        if self.queue is not None and self.queue not in measures.queues():
            near = what_there_is(self.queue, measures.queues())
            raise UsageFault(f"{self.before}queue {self.queue}: there is no such queue ({near})")
        since, until = (
            None if text is None else instant(text, zone, f"{self.before}{option}")
            for option, text in (("from", self.since), ("to", self.until))
        )
        return Question(interval_ms, basis, self.queue, named, since, until)

    def _interval_ms(self) -> int:
        option = f"{self.before}interval {self.interval}"
        try:
            length_ms = milliseconds(self.interval)
        except ValueError as error:
            raise UsageFault(f"{option}: {error}") from None
        if not length_ms or length_ms % MINUTE_MS or DAY_MS % length_ms:
            raise UsageFault(f"{option}: a day is not made of such intervals: write 5m, 15m, 30m, 1h or 24h")
        return length_ms

    def _basis(self) -> Basis:
        for basis in BASES:
            if self.basis == basis:
                return basis
        raise UsageFault(f"{self.before}basis {self.basis}: write {' or '.join(BASES)}")

    def _measures(self, basis: Basis) -> tuple[Measure, ...]:
        """Those that were named, or all that there are of what is asked about."""
        if self.measures:
            return tuple(self._measure(name, basis) for name in self.measures)
        return tuple(measure for measure in MEASURES.values() if not self._hinders(measure, basis))

    def _measure(self, name: str, basis: Basis) -> Measure:
        option, measure = f"{self.before}measure {name}", MEASURES.get(name)
        if measure is None:
            near = did_you_mean(name, MEASURES)
            known = "; ".join(filter(None, (near, f"known: {', '.join(MEASURES)}")))
            raise UsageFault(f"{option}: there is no such measure ({known})")
        if why := self._hinders(measure, basis):
            raise UsageFault(f"{option}: {why}")
        return measure

    def _hinders(self, measure: Measure, basis: Basis) -> str:
        """Why a measure cannot be told of what is asked about, or an empty text."""
        if measure.about != "contacts" and basis == "arrival":
            return f"agents' time passes whoever came when: ask by {BASES[0]}"
        if measure.about == "floor" and self.queue is not None:
            return "agents serve several queues, and their time is nothing of one queue's: ask for all queues"
        return ""


# --- offline ------------------------------------------------------------------------------------------------------


async def fold(journal: Journal, interval_ms: int, pause: Pause) -> tuple[Measures, str]:
    """The measures that a journal tells, with every stretch that intervals of this length are made of; and its zone.

    Raises `UsageFault` for an empty journal and `JournalFault` for one that cannot be read.
    """
    plans = {of: codec.load_plan(body, of) for of, body in (await journal.plans()).items()}
    if not plans:
        raise UsageFault("the journal is empty: nothing has happened yet")
    plan = next(iter(plans.values()))
    measures = Measures(plan, span_ms=gcd(interval_ms, QUARTER_MS), kept_max=None)
    async for row in journal.rows():
        if row.kind in FOLDED:
            measures.apply(codec.decode_row(row, _as_token), row.at)
        else:
            measures.reach(row.at)
        if row.kind == CentreStarted.kind:
            plan = plans[codec.decode_row(row, _as_token).plan]
            measures.adopt(plan)
        if not row.seq % SLICE_ROWS:
            await pause(row)
    return measures, plan.zone


def _as_token(token: str) -> str:
    """Nobody who counts needs personal values: their tokens stay where they are."""
    return token


# --- what is told -------------------------------------------------------------------------------------------------


def as_data(measures: Measures, question: Question, zone: str) -> dict[str, Any]:
    """The answer, ready for JSON: each interval with its flow and its figures, their total, and what each figure is.

    Instants are RFC 3339 in the zone. The law of the flow: carried in + offered = all ways out + carried out. By
    arrival, carried out are those who came then and still wait. An interval that is not over has what happened so far.
    """
    spans = {span.start: span for span in measures.spans()}
    summed = parallel if question.basis == "arrival" else sequence  # whom one interval carries out, the next carries in
    told, tallies = [], []
    for start, end in _borders(measures, question, zone, spans):
        within = (spans[at] for at in range(start, end, measures.span_ms) if at in spans)
        tallies.append(summed(_tally(span, question) for span in within))
        borders = {"start": _written(start, zone), "end": _written(end, zone), "over": end <= measures.as_of}
        told.append(borders | _figures(tallies[-1], question))
    return {
        "zone": zone,
        "as_of": _written(measures.as_of, zone),
        "interval_ms": question.interval_ms,
        "basis": question.basis,
        "queue": question.queue,
        "acceptable_wait_ms": measures.acceptable_waits_ms(),
        "measures": {measure.name: _definition(measure, question) for measure in question.measures},
        "intervals": told,
        "total": _figures(summed(tallies), question),
    }


def _tally(span: Span, question: Question) -> Tally:
    """What is asked about, of one stretch."""
    tallies = span.arrived if question.basis == "arrival" else span.completed
    if question.queue is not None:
        return tallies.get(question.queue) or Tally()
    return with_times_of(parallel(tallies.values()), span.agents)


def _figures(tally: Tally, question: Question) -> dict[str, Any]:
    figures = {}
    for measure in question.measures:
        numerator, n = measure.parts(tally)
        figures[measure.name] = {"value": measure.of(tally), "numerator": numerator, "n": n}
    return {"flow": tally.flow(), "figures": figures}


def _definition(measure: Measure, question: Question) -> dict[str, Any]:
    return {
        "title": measure.title,
        "version": measure.version,
        "unit": measure.unit,
        "formula": measure.formula,
        "basis": question.basis if measure.about == "contacts" else "time",
    }


def _written(at: int, zone: str) -> str:
    return moment(at, zone).isoformat(timespec="milliseconds" if at % 1000 else "seconds")


def _borders(measures: Measures, question: Question, zone: str, spans: dict[int, Span]) -> Iterator[tuple[int, int]]:
    """Start and end of every interval that was asked for and is known whole, from the first event to the last."""
    span_ms = measures.span_ms
    since = max(measures.kept_since, measures.kept_since if question.since is None else question.since)
    first = max(next(iter(spans), measures.as_of + 1), since - since % span_ms)
    last = measures.as_of if question.until is None else min(measures.as_of, question.until - 1)
    if (last - first) // span_ms > SPANS_MAX:
        raise UsageFault("that is too long a time for such short intervals: ask for a part of it, or for longer ones")
    start = first
    while start <= last and _place(start - span_ms, question, zone) == _place(first, question, zone):
        start -= span_ms
    while start <= last:
        end, place = start + span_ms, _place(start, question, zone)
        while _place(end, question, zone) == place:
            end += span_ms
        if start >= since:
            yield start, end
        start = end


def _place(at: int, question: Question, zone: str) -> tuple[object, ...]:
    """What all stretches of one interval have in common."""
    local = moment(at, zone)
    if question.interval_ms == DAY_MS:
        return (local.date(),)
    minute = local.hour * 60 + local.minute
    return (local.date(), minute * MINUTE_MS // question.interval_ms, local.utcoffset())
