"""Intervals of confidence."""

from __future__ import annotations

from math import inf, sqrt
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.statistics import (
    Interval,
    mean_interval,
    ratio_interval,
    share_interval,
    student_quantile,
    wilson_interval,
)
from simulator.streams import key, uniform

CAUCHY_975 = 12.706204736174705  # tan(0.475 pi)


@pytest.mark.parametrize(
    ("probability", "degrees", "expected"),
    [
        (0.975, 1, CAUCHY_975),
        (0.975, 2, 4.302652729749462),
        (0.975, 3, 3.182446305283710),
        (0.975, 9, 2.262157162798205),
        (0.975, 19, 2.093024054408263),
        (0.995, 19, 2.860934606464979),
        (0.975, 30, 2.042272456301238),
        (0.975, 120, 1.979930405082422),
        (0.9, 5, 1.475884048824481),
        (0.9995, 4, 8.610301581379236),
        (0.5, 7, 0.0),
        (0.025, 19, -2.093024054408263),
    ],
)
def test_student_quantiles(probability: float, degrees: int, expected: float) -> None:
    """Quantiles of Student's t agree with published tables, computed to sixteen digits."""
    assert pytest.approx(expected, abs=1e-6) == student_quantile(probability, degrees)


@given(st.floats(0.001, 0.999))
def test_student_quantiles_have_closed_forms(probability: float) -> None:
    """With two degrees of freedom the quantile is (2p - 1) / sqrt(2p (1 - p))."""
    expected = (2 * probability - 1) / sqrt(2 * probability * (1 - probability))

    assert pytest.approx(expected, abs=1e-6) == student_quantile(probability, 2)


def test_student_becomes_normal() -> None:
    """With very many degrees of freedom Student's quantile is the normal one."""
    assert pytest.approx(NormalDist().inv_cdf(0.975), abs=1e-5) == student_quantile(0.975, 1_000_000)


def test_mean_interval_by_hand() -> None:
    """Mean 3, standard error sqrt(2.5 / 5), four degrees of freedom."""
    half = 2.776445105197799 * sqrt(0.5)
    interval = mean_interval([1, 2, 3, 4, 5])

    assert interval is not None
    assert (3, 5) == (interval.estimate, interval.n)
    assert pytest.approx((3 - half, 3 + half), abs=1e-9) == (interval.low, interval.high)


def test_one_replication_tells_no_interval() -> None:
    """From one observation the estimate is known, and nothing about its error; from none, nothing."""
    assert Interval(7, -inf, inf, 1) == mean_interval([7])
    assert Interval(0.5, -inf, inf, 1) == ratio_interval([1], [2])
    assert Interval(0.5, 0.0, 1.0, 1) == share_interval([1], [2])
    assert mean_interval([]) is None
    assert ratio_interval([0, 0], [0, 0]) is None
    assert share_interval([0, 0], [0, 0]) is None


def test_a_ratio_is_that_of_the_sums() -> None:
    """A replication counts by its denominator, and one without any does not spoil the rest."""
    interval = ratio_interval([10, 300, 0], [20, 400, 0])

    assert interval is not None
    assert 310 / 420 == interval.estimate
    assert interval.low < interval.estimate < interval.high


def test_a_ratio_that_hangs_on_one_replication_has_no_bounds() -> None:
    """When all but one denominators are nought, leaving that one out leaves nothing."""
    assert Interval(0.5, -inf, inf, 2) == ratio_interval([0, 1], [0, 2])


def test_equal_denominators_give_the_mean() -> None:
    """With equal denominators the jackknife of the ratio is Student's interval of the mean."""
    values = [0.61, 0.7, 0.66, 0.73, 0.64]
    mean, ratio = mean_interval(values), ratio_interval([100 * value for value in values], [100] * 5)

    assert mean is not None
    assert ratio is not None
    assert pytest.approx((mean.low, mean.high), abs=1e-12) == (ratio.low, ratio.high)


def test_coverage_of_the_ratio() -> None:
    """Of 1,000 intervals from 20 busy and quiet days each, about 95 % hold the true ratio."""
    held = 0
    for run in range(1_000):
        size, noise = key(run, "size"), key(run, "noise")
        calls = [100 + 900 * uniform(size, day) for day in range(20)]
        answered = [
            n * (0.8 - 0.1 * (n - 550) / 900 + 0.2 * (uniform(noise, day) - 0.5)) for day, n in enumerate(calls)
        ]
        truth = 0.8 - 0.1 * (900**2 / 12) / 900 / 550  # E[answered] / E[calls]: busy days are the worse ones
        interval = ratio_interval(answered, calls)
        assert interval is not None
        held += interval.low <= truth <= interval.high

    assert 930 <= held <= 970


def test_all_or_none_is_not_certainty() -> None:
    """Where every trial succeeded, or none did, Wilson's interval of the pooled counts takes over."""
    assert wilson_interval(30, 30) == share_interval([10, 20], [10, 20])
    assert wilson_interval(0, 30) == share_interval([0, 0], [10, 20])


def test_shares_stay_shares() -> None:
    """Bounds of a share lie within 0 and 1, where those of the plain ratio may not."""
    plain, share = ratio_interval([1, 9], [10, 10]), share_interval([1, 9], [10, 10])

    assert plain is not None
    assert plain.low < 0
    assert Interval(0.5, 0.0, 1.0, 2) == share


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(successes: int, trials: int, low: float, high: float) -> None:
    """Wilson's interval agrees with the examples of Newcombe, Statistics in Medicine 17, 1998, table I."""
    interval = wilson_interval(successes, trials)

    assert interval is not None
    assert pytest.approx((low, high), abs=5e-5) == (interval.low, interval.high)


def test_wilson_of_nothing() -> None:
    """No trials, no interval."""
    assert wilson_interval(0, 0) is None
