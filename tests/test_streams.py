"""The simulator's dice and the distributions thrown with them."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.distributions import Distribution, DistributionSpec
from simulator.streams import MASK, bits, key, uniform

DRAWS = 20_000

KINDS: dict[str, Any] = {
    "fixed": "45s",
    "exponential": {"exponential": {"mean": "3m"}},
    "lognormal": {"lognormal": {"mean": "240s", "cv": 0.8}},
    "uniform": {"uniform": {"low": "2s", "high": "8s"}},
    "weibull": {"weibull": {"mean": "4m", "shape": 0.7}},
    "empirical": {"empirical": {"0": "5s", "0.5": "2m", "1": "20m"}},
}
MEANS_MS = {
    "fixed": 45_000,
    "exponential": 180_000,
    "lognormal": 240_000,
    "uniform": 5_000,
    "weibull": 240_000,
    "empirical": (5_000 + 120_000) / 4 + (120_000 + 1_200_000) / 4,
}


def distribution(raw: Any) -> Distribution:
    """What a file's value says."""
    return DistributionSpec.model_validate(raw).distribution()


def test_bits_are_splitmix64() -> None:
    """The outputs for a state of 1234567 are the published ones of SplitMix64."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]

    assert published == [bits(1234567, n) for n in range(1, 5)]


def test_a_key_is_the_same_in_every_process() -> None:
    """Keys are hashes of their own, not Python's, which differ from one process to the next."""
    assert 0x9EE8_D0A2_D280_53A1 == key(7, "patience")


def test_uniform_never_reaches_its_ends() -> None:
    """The smallest and the largest bits give numbers strictly between 0 and 1."""
    all_ones = 0xCF9A_04AF_FA6B_ADC0  # the key whose first bits are 64 ones; those of the key 0 are 64 noughts

    assert (0, MASK) == (bits(0, 0), bits(all_ones, 0))
    assert (2.0**-53, 1 - 2.0**-53) == (uniform(0, 0), uniform(all_ones, 0))


@given(st.integers(0, 2**64 - 1), st.integers(-(2**70), 2**70))
def test_uniform_is_made_of_the_bits(stream: int, entity: int) -> None:
    """A uniform number is the middle of the cell that the upper 52 bits name, whatever the entity."""
    assert ((bits(stream, entity) >> 12) + 0.5) / 2**52 == uniform(stream, entity)


@pytest.mark.parametrize("step", [1, 2**12, 2**32, 1440 * 2**32])
def test_neighbours_are_independent(step: int) -> None:
    """Over entities a fixed step apart, numbers are uniform and no one tells anything of the next."""
    numbers = [uniform(key(3, "neighbours"), n * step) for n in range(DRAWS)]
    cells = [0] * 100
    for number in numbers:
        cells[int(number * 100)] += 1
    chi_square = sum((cell - DRAWS / 100) ** 2 / (DRAWS / 100) for cell in cells)
    products = sum((a - 0.5) * (b - 0.5) for a, b in pairwise(numbers)) / DRAWS * 12

    assert 60 < chi_square < 145  # 99 degrees of freedom: 0.1 % on either side
    assert abs(products) < 4 / sqrt(DRAWS)


def test_purposes_are_independent() -> None:
    """The same entity's numbers for two purposes tell nothing of each other."""
    talk, wrap_up = key(1, "talk"), key(1, "wrap_up")
    products = sum((uniform(talk, n) - 0.5) * (uniform(wrap_up, n) - 0.5) for n in range(DRAWS)) / DRAWS * 12

    assert abs(products) < 4 / sqrt(DRAWS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_is_the_one_asked_for(kind: str) -> None:
    """The quantiles of a distribution, evenly taken, have the mean that its setting says or implies."""
    drawn = distribution(KINDS[kind])
    mean_ms = sum(drawn.quantile((n + 0.5) / DRAWS) for n in range(DRAWS)) / DRAWS

    assert pytest.approx(MEANS_MS[kind], rel=2e-4) == mean_ms


@pytest.mark.parametrize("kind", KINDS)
@given(st.floats(2**-53, 1 - 2**-53), st.floats(2**-53, 1 - 2**-53))
def test_quantiles_rise(kind: str, one: float, other: float) -> None:
    """Every number gives whole milliseconds, none below nothing, and a larger one never gives less."""
    drawn = distribution(KINDS[kind])
    low, high = drawn.quantile(min(one, other)), drawn.quantile(max(one, other))

    assert isinstance(low, int)
    assert 0 <= low <= high


@pytest.mark.parametrize(
    ("kind", "u", "expected_ms"),
    [
        ("fixed", 0.9, 45_000),
        ("exponential", 0.5, 124_766),
        ("lognormal", 0.5, 187_409),
        ("uniform", 0.25, 3_500),
        ("weibull", 0.632120558829, 189_600),
        ("empirical", 0.25, 62_500),
        ("empirical", 0.5, 120_000),
    ],
)
def test_known_quantiles(kind: str, u: float, expected_ms: int) -> None:
    """Medians and other quantiles that can be had by hand."""
    assert expected_ms == distribution(KINDS[kind]).quantile(u)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (45, "a duration needs its unit"),
        ({}, "a distribution is exactly one of fixed, exponential"),
        ({"fixed": "1s", "exponential": {"mean": "1s"}}, "a distribution is exactly one of"),
        ({"exponential": {"mean": "0s"}}, "this must be longer than nothing"),
        ({"lognormal": {"mean": "3m"}}, "Field required"),
        ({"lognormal": {"mean": "3m", "cv": 0}}, "greater than 0"),
        ({"lognormal": {"mean": "3m", "cv": float("nan")}}, "finite number"),
        ({"uniform": {"low": "8s", "high": "2s"}}, "`high` is below `low`"),
        ({"empirical": {"0": "1s"}}, "quantiles begin with the shortest"),
        ({"empirical": {"0": "9s", "1": "1s"}}, "quantiles rise"),
        ({"empirical": {"0": "1s", "nan": "2s", "1": "3s"}}, "quantiles rise"),
        ({"empirical": {"half": "1s"}}, "quantiles are keyed by shares"),
        ({"gamma": {"mean": "3m"}}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_distribution(raw: Any, sentence: str) -> None:
    """A value that is no distribution is refused with a sentence that says why."""
    with pytest.raises(ValidationError, match=sentence):
        distribution(raw)
