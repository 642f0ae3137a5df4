"""Intervals of confidence over independent replications, two-sided, 95 % unless asked otherwise.

A replication is one independent run, so its totals are one observation, however many contacts it holds: contacts of
one day share its busyness and its queues, and an interval that took them for independent would be too narrow by far.

A share (answered in time of offered, resolved of answered) is the *ratio of sums* over all replications, for two
reasons. It gives every contact the same weight, so it is the figure that the printed counts divide to; the mean of
the replications' own ratios lets a quiet day count as much as a busy one. And it exists although a replication may
have a denominator of zero. Its interval is the jackknife's (Tukey 1958; Efron and Stein, Annals of Statistics 9,
1981), which to first order is the delta method's (Cochran, "Sampling Techniques", 1977, section 6.4) and errs on the
wide side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fabs, fsum, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95

_MEDIAN: Final = 0.5
_PRECISION: Final = 1e-16


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, and the bounds that hold the truth with the asked confidence; infinite where nothing is known.

    `n` is the number of independent observations behind it.
    """

    estimate: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Student's interval for the mean of independent observations; None without any, unbounded with one."""
    n = len(values)
    if n == 0:
        return None
    mean = fsum(values) / n
    variance = fsum((value - mean) ** 2 for value in values) / (n - 1) if n > 1 else inf
    return _around(mean, sqrt(variance / n), n, confidence)


def ratio_interval(
    numerators: Sequence[float], denominators: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """The ratio of sums and its jackknife interval; one numerator and one denominator for each replication.

    None when the denominators sum to zero; unbounded when the ratio hangs on a single replication.
    """
    n = len(denominators)
    top, bottom = fsum(numerators), fsum(denominators)
    if bottom == 0:
        return None
    if n == 1 or any(bottom == one for one in denominators):
        return Interval(top / bottom, -inf, inf, n)
    without = [(top - x) / (bottom - y) for x, y in zip(numerators, denominators, strict=True)]
    centre = fsum(without) / n
    variance = fsum((one - centre) ** 2 for one in without) * (n - 1) / n
    return _around(top / bottom, sqrt(variance), n, confidence)


def share_interval(
    successes: Sequence[float], trials: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """`ratio_interval` of counts, within 0 and 1.

    Where all trials succeeded, or none did, the replications do not differ and would claim certainty; then Wilson's
    interval of the pooled counts says what so many trials can exclude.
    """
    top, bottom = fsum(successes), fsum(trials)
    if bottom and top in {0, bottom}:
        return wilson_interval(int(top), int(bottom), confidence)
    interval = ratio_interval(successes, trials, confidence)
    if interval is None:
        return None
    return Interval(interval.estimate, max(0.0, interval.low), min(1.0, interval.high), interval.n)


def wilson_interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's score interval (JASA 22, 1927) for *independent* trials; None without any."""
    if trials == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # At the ends the bound is exactly 0 or 1; rounding would miss it by a hair.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return Interval(share, low, high, trials)


def _around(estimate: float, standard_error: float, n: int, confidence: float) -> Interval:
    if n == 1:
        return Interval(estimate, -inf, inf, n)
    half = student_quantile((1 + confidence) / 2, n - 1) * standard_error
    return Interval(estimate, estimate - half, estimate + half, n)


def student_quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's t with a whole number of degrees of freedom; 0 < probability < 1.

    Bisection on the distribution function to the last bit: some hundred microseconds, needed once for each interval.
    """
    if probability < _MEDIAN:  # the tail below is computed without cancellation, so fold the lower half onto it
        return -student_quantile(1 - probability, degrees)
    low, high = 0.0, 1.0
    while _student_tail(high, degrees) > 1 - probability:
        high *= 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _student_tail(middle, degrees) > 1 - probability else (low, middle)
    return high


def _student_tail(t: float, degrees: int) -> float:
    """P(T > t) for t >= 0: half the regularised incomplete beta function at degrees / (degrees + t**2)."""
    return _regularised_beta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2


def _regularised_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b), from whichever tail's continued fraction converges quickly (DLMF 8.17.22)."""
    if x in {0.0, 1.0}:
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _regularised_beta(1 - x, b, a)
    scale = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    return scale / _beta_fraction(x, a, b)


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The denominator of DLMF 8.17.22, `1 + d1/(1 + d2/(1 + ...))`, by the modified method of Lentz (DLMF 3.10.iii)."""
    tiny, value, above, below = 1e-300, 1.0, 1.0, 0.0
    for m in range(1, 1_000):
        half = m // 2
        if m % 2:
            step = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            step = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / (1 + step * below or tiny)
        above = 1 + step / above or tiny
        value *= above * below
        if fabs(above * below - 1) < _PRECISION:
            break
    return value
