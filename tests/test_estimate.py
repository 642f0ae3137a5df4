"""The expected wait: what is foretold from what was seen, how it is scored, and whether it is any good."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.estimate import (
    PERCENTS,
    SAMPLES_MAX,
    SAMPLES_MIN,
    Estimator,
    Prediction,
    Sample,
    Score,
    pinball,
    quantile,
)
from benchmarks.waiting import CENTRES, Scores, trial
from tests.worlds import S

DAYS = {"station": 3, "crowd": 2, "example": 20}

samples = st.lists(st.builds(Sample, st.integers(0, 50), st.booleans()), max_size=40)
percents = st.sampled_from(PERCENTS)


def product_limit(seen: list[Sample], percent: int) -> int | None:
    """The same quantile as the books have it, in fractions: one more at risk, who is never answered."""
    going_on = Fraction(1)
    for time in sorted({each.place_ms for each in seen}):
        at_risk = 1 + sum(each.place_ms >= time for each in seen)
        answered = sum(each.place_ms == time and not each.left for each in seen)
        going_on *= Fraction(at_risk - answered, at_risk)
        if going_on <= 1 - Fraction(percent, 100):
            return time
    return None


def taught(*waits_ms: int, place: int = 1, waited_ms: int = 0) -> Estimator:
    """What is known once contacts that were told at this place, after this wait, were answered so much later."""
    estimator = Estimator()
    for wait_ms in waits_ms:
        estimator.learn([Prediction(0, place, waited_ms, (None, None))], wait_ms, answered=True)
    return estimator


# --- the quantile -------------------------------------------------------------------------------------------------


@given(samples, percents)
def test_a_quantile_is_that_of_the_product_limit(seen: list[Sample], percent: int) -> None:
    """In integers it comes to what Kaplan and Meier's formula gives in fractions."""
    assert product_limit(seen, percent) == quantile(sorted(seen), percent)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), percents)
def test_without_leavers_a_quantile_is_an_order_statistic(times: list[int], percent: int) -> None:
    """The ceil((n + 1) p)-th of n, by which the next is no later with a probability of p at least; beyond n, none."""
    rank = ceil((len(times) + 1) * Fraction(percent, 100))
    expected = sorted(times)[rank - 1] if rank <= len(times) else None
    assert expected == quantile([Sample(time, left=False) for time in sorted(times)], percent)


@given(samples, percents, st.data())
def test_who_left_never_shortens_the_wait(seen: list[Sample], percent: int, data: st.DataObject) -> None:
    """Had one who was answered left instead at that time, the others could only be told the same or more."""
    if seen:
        place = data.draw(st.integers(0, len(seen) - 1))
        with_leaver = [Sample(each.place_ms, each.left or at == place) for at, each in enumerate(seen)]
        before, after = quantile(sorted(seen), percent), quantile(sorted(with_leaver), percent)
        assert after is None or (before is not None and before <= after)


# --- what is foretold ---------------------------------------------------------------------------------------------


def test_nothing_is_foretold_before_anything_was_seen() -> None:
    """None is not 0: an empty queue's first contact cannot know."""
    assert (None, None) == Estimator().wait_ms(1, 0)


def test_a_quantile_is_foretold_once_there_are_enough_to_tell() -> None:
    """One wait tells of a half, eight cannot tell of nine in ten, nine can."""
    assert (10 * S, None) == taught(10 * S).wait_ms(1, 0)
    assert (5 * S, None) == taught(*range(S, 9 * S, S)).wait_ms(1, 0)
    assert (5 * S, 9 * S) == taught(*range(S, 10 * S, S)).wait_ms(1, 0)


def test_waits_are_told_by_the_place() -> None:
    """What one place takes, three take three times."""
    assert (30 * S, None) == taught(10 * S).wait_ms(3, 0)
    assert (10 * S, None) == taught(30 * S, place=3).wait_ms(1, 0)


def test_a_contact_is_told_what_those_met_who_had_waited_as_long() -> None:
    """Once enough of them are known, the wait so far counts, even at the same place."""
    estimator = taught(*[10 * S] * SAMPLES_MIN)
    for _ in range(SAMPLES_MIN):
        estimator.learn([Prediction(0, 1, 60 * S, (None, None))], 90 * S, answered=True)
    assert ((10 * S, 10 * S), (90 * S, 90 * S)) == (estimator.wait_ms(1, 0), estimator.wait_ms(1, 60 * S))


def test_a_contact_counts_once_in_a_class() -> None:
    """However often it was told something, it is one wait."""
    estimator = Estimator()
    told = [Prediction(at * S, 1, at * S, (None, None)) for at in (0, 5, 10, 20)]
    estimator.learn(told, 50 * S, answered=True)
    assert {
        "place 1, age 0": [(50 * S, False)],
        "place 1, age 1": [(30 * S, False)],
        "place 1": [(50 * S, False)],
        "all": [(50 * S, False)],
    } == estimator.samples


def test_what_is_remembered_is_bounded() -> None:
    """However many contacts taught it, at whatever places and ages: so many classes of so many samples."""
    estimator = Estimator()
    for number in range(3_000):
        told = [Prediction(0, 1 + number % 700, number % 90 * 60 * S, (None, None))]
        estimator.learn(told, number, answered=number % 3 > 0)
    assert len(estimator.samples) <= 8 * 8 + 8 + 1
    assert SAMPLES_MAX == max(map(len, estimator.samples.values()))


# --- the score ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waited_ms", "answered", "expected"),
    [
        (9, True, Score(within=1, answered=1, pinball=10)),
        (10, True, Score(within=1, answered=1, pinball=0)),
        (12, True, Score(beyond=1, answered=1, pinball=180)),
        (9, False, Score(unknown=1)),
        (10, False, Score(unknown=1)),
        (12, False, Score(beyond=1)),
    ],
)
def test_a_prediction_is_judged_once_it_is_decided(waited_ms: int, answered: bool, expected: Score) -> None:  # noqa: FBT001
    """Of 10 ms, told as the 90 % quantile: within, beyond, or not to be known of one who left before."""
    score = Score()
    score.judge(90, 10, waited_ms, answered=answered)
    assert expected == score


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30), percents)
def test_no_forecast_loses_less_than_the_quantile(waits: list[int], percent: int) -> None:
    """The pinball loss is least where it should be, so that nothing is won by telling anything else."""
    best = sorted(waits)[ceil(len(waits) * Fraction(percent, 100)) - 1]
    losses = {told: sum(pinball(percent, told, wait) for wait in waits) for told in range(101)}
    assert min(losses.values()) == losses[best]


def test_what_was_not_known_is_not_scored() -> None:
    """A contact that was told no wait says nothing about how good those are that were told."""
    assert (Score(), Score()) == taught(10 * S).scores


# --- is it any good? ----------------------------------------------------------------------------------------------


@cache
def scores_on(name: str) -> Scores:
    """What came of all that was told in one of the centres."""
    _, folder, crowded = CENTRES[name]
    return trial(folder, DAYS[name], crowded=crowded)


@pytest.mark.parametrize("name", CENTRES)
def test_the_quantiles_hold_and_lose_less_than_what_others_tell(name: str) -> None:
    """Within 4 points of 50 % and of 90 %; and the pinball loss is below every peer's, in every centre."""
    scores = scores_on(name)
    half, most = (score.within / (score.within + score.beyond) for score in scores["always"])
    assert abs(half - 0.5) <= 0.04, half
    assert abs(most - 0.9) <= 0.04, most
    for place, ours in enumerate(scores["ours"]):
        peers = {teller: scores[teller][place].pinball for teller in ("mean", "head", "last")}
        assert ours.answered > 500
        assert ours.pinball < min(peers.values()), (ours.pinball, peers)


def test_on_the_textbooks_station_little_is_left_to_win() -> None:
    """It loses a tenth more at most than who knows how many agents there are and how long they talk."""
    scores = scores_on("station")
    for ours, best in zip(scores["ours"], scores["floor"], strict=True):
        assert best.pinball < ours.pinball < 1.1 * best.pinball
