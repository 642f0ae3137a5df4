"""Who arrives when: made up from rates, or placed within the intervals of recorded volumes.

Arrivals are a Poisson process whose rate is piecewise constant, found by inverting its cumulative rate at the arrivals
of a process of rate 1 (Çinlar, "Introduction to Stochastic Processes", 1975, section 4.7): counts are Poisson, and
instants uniform within a piece. All rates of a day carry one common factor, its busyness, lognormal with mean 1, so
that counts scatter more than Poisson's, and together (Avramidis, Deslauriers, L'Ecuyer, Management Science 50, 2004).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate, islice, pairwise, takewhile
from math import log
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from router.errors import UsageFault
from simulator.distributions import Lognormal
from simulator.settings import PopulationSpec
from simulator.streams import key, uniform
from simulator.volumes import Interval, Volumes

_DAY: Final = timedelta(days=1)
_HOUR_MS: Final = 3_600_000
_DAY_MINUTES: Final = 1_440
_SPECK: Final = 1e-9


class Arrival(NamedTuple):
    """A contact that comes on an entry point at `at`, in ms since the epoch; `entity` is its number in the streams."""

    at: int
    entry_point: str
    entity: int


def drawn(spec: PopulationSpec, zone: str, seed: int, dates: Sequence[date]) -> Iterator[Arrival]:
    """Arrivals by the rates of the population, on consecutive dates of `zone`, in order."""
    pieces = {name: _pieces(spec, name, zone, dates) for name in spec.arrivals}
    for day in dates:
        busyness = _busyness(spec, seed, day)
        begin, end = midnight_ms(day, zone), midnight_ms(day + _DAY, zone)
        today: list[Arrival] = []
        for name in spec.arrivals:
            instants = _poisson(_within(pieces[name], begin, end), busyness, key(seed, f"arrival/{name}"), day)
            today += (Arrival(at, name, entity) for at, entity in instants)
        yield from sorted(today)


def recorded(spec: PopulationSpec, volumes: Volumes, zone: str, seed: int, dates: Sequence[date]) -> Iterator[Arrival]:
    """The recorded contacts of these dates of `zone`, each at random within its interval, in order.

    Raises `UsageFault`, at once, when the file has no interval on these dates or no entry point has a share in it.
    """
    by_day = volumes.by_day(ZoneInfo(zone))
    if not any(day in by_day for day in dates):
        span = f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else f"{dates[0]}"
        covers = f"it covers {volumes.first_day} to {volumes.last_day}: begin with --from {volumes.first_day}"
        raise UsageFault(f"{volumes.file}: no interval lies on {span} ({covers})")
    if not any(arrivals.share for arrivals in spec.arrivals.values()):
        raise UsageFault("no entry point of the population has a share in recorded volumes: set one above 0")
    intervals = (interval for day in dates for interval in by_day.get(day, ()))
    return _placed(spec, intervals, volumes.interval_ms, ZoneInfo(zone), seed)


def midnight_ms(day: date, zone: str) -> int:
    """The instant at which a civil date begins, in milliseconds since the epoch."""
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp() * 1000)


def cumulative(weights: Iterable[float]) -> list[float]:
    """Running sums of relative weights, as parts of 1, to be searched with `bisect_right` for a uniform number.

    The last of them is left out: a number beyond all the others is the last one's, whatever rounding did to the sum.
    """
    sums = list(accumulate(weights))
    return [part / sums[-1] for part in sums[:-1]]


def _entity(minute: int, place: int) -> int:
    """A contact in the streams: a minute counted from the year 1, and its place among those counted from there.

    Thus a day's customers do not depend on where a run begins, nor an interval's on how many called before.
    """
    return minute << 32 | place


# --- made up ----------------------------------------------------------------------------------------------------------


def _busyness(spec: PopulationSpec, seed: int, day: date) -> float:
    """The factor on all rates of a day."""
    if not spec.busyness_cv:
        return 1.0
    return Lognormal.of(1.0, spec.busyness_cv).real_quantile(uniform(key(seed, "busyness"), day.toordinal()))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of constant rate, in contacts per millisecond. Half-open."""

    start: int
    end: int
    rate: float


def _pieces(spec: PopulationSpec, name: str, zone: str, dates: Sequence[date]) -> list[_Piece]:
    """The rate of an entry point over these dates: its own, times the sum of the levels whose hours are open."""
    arrivals = spec.arrivals[name]
    changes: dict[int, float] = {}
    for part in spec.profiles[arrivals.profile] if arrivals.profile else ():
        for start, end in part.intervals(name, zone, dates[0], dates[-1] + _DAY):
            changes[start] = changes.get(start, 0.0) + part.level
            changes[end] = changes.get(end, 0.0) - part.level
    instants = sorted(changes)
    levels = accumulate(changes[instant] for instant in instants[:-1])
    steps = zip(pairwise(instants), levels, strict=True)
    # A level that has been added and taken away again may leave a speck, even below nothing.
    return [_Piece(*stretch, level * arrivals.per_hour / _HOUR_MS) for stretch, level in steps if level > _SPECK]


def _within(pieces: Sequence[_Piece], begin: int, end: int) -> Iterator[_Piece]:
    """What of the pieces, which are in order, lies between two instants."""
    first = bisect_right(pieces, begin, key=lambda piece: piece.end)
    for piece in takewhile(lambda piece: piece.start < end, islice(pieces, first, None)):
        yield _Piece(max(piece.start, begin), min(piece.end, end), piece.rate)


def _poisson(pieces: Iterable[_Piece], busyness: float, stream: int, day: date) -> Iterator[tuple[int, int]]:
    """The instants of a day's arrivals in order, each with its entity.

    `unit` is the next arrival of the process of rate 1, `passed` the cumulative rate at the piece's start.
    """
    entity = _entity(day.toordinal() * _DAY_MINUTES, 0)
    unit, passed = -log(uniform(stream, entity)), 0.0
    for piece in pieces:
        rate = piece.rate * busyness
        upto = passed + rate * (piece.end - piece.start)
        while unit < upto:
            yield min(piece.start + int((unit - passed) / rate), piece.end - 1), entity
            entity += 1
            unit -= log(uniform(stream, entity))
        passed = upto


# --- recorded ---------------------------------------------------------------------------------------------------------


def _placed(
    spec: PopulationSpec, intervals: Iterable[Interval], interval_ms: int, zone: ZoneInfo, seed: int
) -> Iterator[Arrival]:
    names, shares = list(spec.arrivals), cumulative(arrivals.share for arrivals in spec.arrivals.values())
    instants, entry_points = key(seed, "recorded instant"), key(seed, "recorded entry point")
    for interval in intervals:
        start, first = interval.start_ms(zone), _entity(interval.minute(), 0)
        yield from sorted(
            Arrival(
                start + int(interval_ms * uniform(instants, entity)),
                names[bisect_right(shares, uniform(entry_points, entity))],
                entity,
            )
            for entity in range(first, first + interval.count)
        )
