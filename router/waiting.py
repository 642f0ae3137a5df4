"""The expected wait of each queue that announces, and how good what was foretold has been.

As in `router.measures`, every figure comes with its numerator, its denominator and its formula.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from acd.estimate import PERCENTS, Score
from router.board import Board
from router.figures import figure


@dataclass(frozen=True, slots=True)
class Expected:
    """One quantile of the wait in one queue, for a contact that comes now and has to wait, and its score so far.

    `percent` in a hundred are answered within `wait_ms`; None: not known yet. `place` is where it would stand.
    """

    queue: str
    percent: int
    place: int
    wait_ms: int | None
    score: Score


def expected_waits(board: Board, now: int) -> Iterator[Expected]:
    """Every quantile of every queue that announces, at `now` (ms), in the order of the queues' ids."""
    waits = board.floor.waits
    for queue in sorted(waits.queues):
        estimator, place = waits.estimators[queue], waits.new_place(queue, now)
        for percent, wait_ms, score in zip(PERCENTS, estimator.wait_ms(place, 0), estimator.scores, strict=True):
            yield Expected(queue, percent, place, wait_ms, score)


def expected_figures(board: Board, now: int) -> dict[str, dict[str, Any]]:
    """By queue: the `place` of a new contact, and of each quantile (`p50`, `p90`) its wait, coverage, pinball loss."""
    told: dict[str, dict[str, Any]] = {}
    for each in expected_waits(board, now):
        told.setdefault(each.queue, {"place": each.place})[f"p{each.percent}"] = _figures(each)
    return told


def _figures(each: Expected) -> dict[str, Any]:
    score = each.score
    return {
        "wait_ms": each.wait_ms,
        "coverage": figure(
            score.within,
            score.within + score.beyond,
            "share",
            "answered within it / (answered within it + waited longer); who left before is in neither",
        )
        | {"unknown": score.unknown, "aim": each.percent / 100},
        "pinball_loss": figure(
            round(score.pinball / 100),
            score.answered,
            "ms",
            f"sum over the answered of max({each.percent} % of (wait - told), "
            f"{100 - each.percent} % of (told - wait)) / answered",
        ),
    }
