"""Random durations: each a function from one uniform number to whole milliseconds, by the inverse of its distribution.

One number in, one duration out: that is what lets two policies share customers draw by draw, where methods that
reject (ziggurat, polar) take as many numbers as it happens to need. Quantiles rise with the number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, gamma, log, log1p, sqrt
from statistics import NormalDist
from typing import Any, Final, Protocol, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from router.centre.durations import Duration, SomeTime
from router.centre.entries import Entry

_NORMAL: Final = NormalDist()


class Distribution(Protocol):
    """A distribution of durations."""

    def quantile(self, u: float) -> int:
        """The duration (ms) below which a share `u` of all lies, 0 < u < 1."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same."""

    duration_ms: int

    def quantile(self, u: float) -> int:
        """The duration."""
        return self.duration_ms


@dataclass(frozen=True, slots=True)
class Exponential:
    """Without memory: how long is left does not depend on how long it took."""

    mean_ms: float

    def quantile(self, u: float) -> int:
        """`-mean log(1 - u)`."""
        return round(-self.mean_ms * log1p(-u))


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything between two bounds, all alike."""

    low_ms: float
    high_ms: float

    def quantile(self, u: float) -> int:
        """Straight from one bound to the other."""
        return round(self.low_ms + (self.high_ms - self.low_ms) * u)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """`exp` of a normal number, as service times of call centres are (Brown et al., JASA 100, 2005, section 4.3)."""

    location: float
    scale: float

    @classmethod
    def of(cls, mean: float, cv: float) -> Self:
        """By the mean and the coefficient of variation (standard deviation / mean) of the duration itself."""
        variance = log1p(cv * cv)
        return cls(log(mean) - variance / 2, sqrt(variance))

    def quantile(self, u: float) -> int:
        """`exp` of the normal quantile."""
        return round(self.real_quantile(u))

    def real_quantile(self, u: float) -> float:
        """The quantile before it is rounded, for factors."""
        return exp(self.location + self.scale * _NORMAL.inv_cdf(u))


@dataclass(frozen=True, slots=True)
class Weibull:
    """With a shape below 1, who has stayed long is the likelier to stay; at 1 it is exponential."""

    mean_ms: float
    shape: float

    def quantile(self, u: float) -> int:
        """`scale (-log(1 - u)) ** (1 / shape)`, the scale being the one that gives the mean."""
        return round(self.mean_ms / gamma(1 + 1 / self.shape) * exp(log(-log1p(-u)) / self.shape))


@dataclass(frozen=True, slots=True)
class Empirical:
    """Measured quantiles, joined by straight lines. Shares rise from 0 to 1, durations never fall."""

    shares: tuple[float, ...]
    durations_ms: tuple[int, ...]

    def quantile(self, u: float) -> int:
        """Between the two measured shares around `u`."""
        above = bisect_right(self.shares, u)
        low, high = self.durations_ms[above - 1], self.durations_ms[above]
        part = (u - self.shares[above - 1]) / (self.shares[above] - self.shares[above - 1])
        return round(low + (high - low) * part)


# --- as a centre's files write them -----------------------------------------------------------------------------------


class ExponentialSpec(Entry):
    """`{exponential: {mean: 3m}}`."""

    mean: SomeTime = Field(description="The mean.")


class LognormalSpec(Entry):
    """`{lognormal: {mean: 240s, cv: 0.8}}`."""

    mean: SomeTime = Field(description="The mean.")
    cv: float = Field(gt=0, le=10, description="The standard deviation in parts of the mean.")


class UniformSpec(Entry):
    """`{uniform: {low: 2s, high: 8s}}`."""

    low: Duration = Field(description="The shortest.")
    high: SomeTime = Field(description="The longest.")

    @field_validator("high")
    @classmethod
    def _is_not_below(cls, high: int, info: ValidationInfo) -> int:
        if high < info.data.get("low", 0):
            raise ValueError("`high` is below `low`")
        return high


class WeibullSpec(Entry):
    """`{weibull: {mean: 4m, shape: 0.7}}`."""

    mean: SomeTime = Field(description="The mean.")
    shape: float = Field(ge=0.1, le=100, description="Below 1: who has stayed long stays. 1: exponential.")


class DistributionSpec(Entry):
    """A random duration: exactly one of these settings, or just a duration such as `45s`, which is `{fixed: 45s}`."""

    fixed: Duration | None = Field(default=None, description="Always the same.")
    exponential: ExponentialSpec | None = Field(default=None, description="Without memory.")
    lognormal: LognormalSpec | None = Field(default=None, description="Skewed, as talk times are.")
    uniform: UniformSpec | None = Field(default=None, description="Anything between two bounds.")
    weibull: WeibullSpec | None = Field(default=None, description="With a hazard that falls or rises, as patience has.")
    empirical: dict[str, Duration] | None = Field(
        default=None, description='Measured quantiles, joined by straight lines: `{"0": 5s, "0.5": 2m, "1": 20m}`.'
    )

    @model_validator(mode="before")
    @classmethod
    def _is_fixed(cls, raw: Any) -> Any:
        return {"fixed": raw} if isinstance(raw, (str, int)) else raw

    @field_validator("empirical")
    @classmethod
    def _rises(cls, quantiles: dict[str, int] | None) -> dict[str, int] | None:
        if quantiles is not None:
            _check_quantiles(_shares(quantiles), list(quantiles.values()))
        return quantiles

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError(f"a distribution is exactly one of {', '.join(type(self).model_fields)}")
        return self

    def distribution(self) -> Distribution:
        """What it says, ready to draw from."""
        if self.exponential:
            return Exponential(self.exponential.mean)
        if self.lognormal:
            return Lognormal.of(self.lognormal.mean, self.lognormal.cv)
        if self.uniform:
            return Uniform(self.uniform.low, self.uniform.high)
        if self.weibull:
            return Weibull(self.weibull.mean, self.weibull.shape)
        if self.empirical:
            return Empirical(tuple(_shares(self.empirical)), tuple(self.empirical.values()))
        assert self.fixed is not None, "validation leaves exactly one"
        return Fixed(self.fixed)


def _shares(quantiles: dict[str, int]) -> list[float]:
    try:
        return [float(share) for share in quantiles]
    except ValueError:
        raise ValueError('quantiles are keyed by shares from 0 to 1, such as "0.5": 2m') from None


def _check_quantiles(shares: Sequence[float], durations_ms: Sequence[int]) -> None:
    if len(shares) < 2 or shares[0] != 0 or shares[-1] != 1:  # noqa: PLR2004 (its two ends)
        raise ValueError('quantiles begin with the shortest, "0", and end with the longest, "1"')
    if not all(a < b for a, b in pairwise(shares)) or not all(a <= b for a, b in pairwise(durations_ms)):
        raise ValueError("quantiles rise: shares one after the other, and no duration below the one before")
