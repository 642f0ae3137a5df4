"""Targets: what they say, what is wrong with them, and what decides them."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import UsageFault
from simulator.statistics import Interval
from simulator.targets import DEFINITIONS, MEASURES, Target, Verdict, exit_code, parse_target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flr >= 0.7", ("flr", ">=", 0.7, None)),
        ("sl(20s) >= 0.80", ("sl", ">=", 0.8, 20_000)),
        ("sl( 1m30s )>=80%", ("sl", ">=", 0.8, 90_000)),
        ("asa <= 30s", ("asa", "<=", 30_000, None)),
        ("abandoned <= 5%", ("abandoned", "<=", 0.05, None)),
        ("fcr >= .7", ("fcr", ">=", 0.7, None)),
        ("fcr >= 1", ("fcr", ">=", 1.0, None)),
        ("  occupancy<=0.85 ", ("occupancy", "<=", 0.85, None)),
        ("escalated <= 20%", ("escalated", "<=", 0.2, None)),
    ],
)
def test_targets(text: str, expected: tuple[object, ...]) -> None:
    """A target is a measure, perhaps with what it is measured by, a comparison and a bound."""
    target = parse_target(text)

    assert expected == (target.measure, target.sense, target.bound, target.acceptable_wait_ms)
    assert text.strip() == target.text


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        (
            "",
            1,
            "a target begins with its measure (known measures: sl, asa, abandoned, fcr, flr, escalated, occupancy)",
        ),
        ("> 3", 1, "a target begins with its measure"),
        ("frl >= 0.7", 1, "there is no measure `frl` (did you mean `flr`?; known measures: sl,"),
        ("FLR >= 0.7", 1, "there is no measure `FLR` (did you mean `flr`?"),
        ("sl >= 0.8", 3, "a service level needs its acceptable wait (write it like sl(20s))"),
        ("sl() >= 0.8", 4, "`` is not a duration"),
        ("sl(20) >= 0.8", 4, "`20` is not a duration"),
        ("sl(20s >= 0.8", 3, "a service level needs its acceptable wait"),
        ("fcr(whenever) >= 0.7", 4, "`fcr` has no definition `whenever` (known definitions: strict)"),
        ("asa(20s) <= 30s", 4, "`asa` takes nothing in brackets (write asa)"),
        ("flr => 0.7", 5, "`=>` is no comparison here (write >= or <=)"),
        ("flr > 0.7", 5, "`>` is no comparison here"),
        ("flr 0.7", 5, "a comparison must follow"),
        ("flr >=", 7, "a share must follow (write it like 0.8 or 80%)"),
        ("flr >= 70", 8, "`70` is more than all (write 0.7 or 70%)"),
        ("flr >= nan", 8, "`nan` is no share"),
        ("flr >= -0.1", 8, "`-0.1` is no share"),
        ("asa <= 30", 8, "`30` is not a duration"),
        ("flr >= 0.7 and sl(20s) >= 0.8", 12, "`and sl(20s) >= 0.8` is too much (give several targets apart)"),
    ],
)
def test_mistakes(text: str, column: int, sentence: str) -> None:
    """A mistake is answered with the target, the column of the first mistake, and what to write."""
    with pytest.raises(UsageFault) as caught:
        parse_target(text)

    assert str(caught.value).startswith(f'--target "{text}": column {column}: {sentence}')


@given(st.text(alphabet="sla fcr()<>=%.0123456789日\n\t-"))
def test_any_text_is_a_target_or_a_usage_fault(text: str) -> None:
    """No text ends in any other error."""
    try:
        measure = parse_target(text).measure
    except UsageFault:
        return

    assert measure in MEASURES


AT_LEAST = Target("flr >= 0.7", "flr", ">=", 0.7)
AT_MOST = Target("asa <= 30s", "asa", "<=", 30_000)


@pytest.mark.parametrize(
    ("target", "low", "high", "verdict"),
    [
        (AT_LEAST, 0.7, 0.8, Verdict.MET),
        (AT_LEAST, 0.6, 0.69, Verdict.MISSED),
        (AT_LEAST, 0.6, 0.7, Verdict.UNDECIDED),
        (AT_LEAST, 0.69, 0.8, Verdict.UNDECIDED),
        (AT_LEAST, -inf, inf, Verdict.UNDECIDED),
        (AT_MOST, 10_000, 30_000, Verdict.MET),
        (AT_MOST, 30_001, 40_000, Verdict.MISSED),
        (AT_MOST, 30_000, 40_000, Verdict.UNDECIDED),
    ],
)
def test_verdicts(target: Target, low: float, high: float, verdict: Verdict) -> None:
    """A target is decided only by an interval that lies wholly on one side of its bound, which itself is met."""
    assert verdict == target.decide(Interval((low + high) / 2, low, high, 20))


def test_nothing_measured_decides_nothing() -> None:
    """Without one answered contact no target about answered contacts is met or missed."""
    assert Verdict.UNDECIDED == AT_LEAST.decide(None)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        ([Verdict.MET, Verdict.MET], 0),
        ([Verdict.MET, Verdict.UNDECIDED], 3),
        ([Verdict.UNDECIDED, Verdict.MISSED], 1),
    ],
)
def test_exit_codes(verdicts: list[Verdict], code: int) -> None:
    """0 when all are met, 1 when any is missed, else 3."""
    assert code == exit_code(verdicts)


@pytest.mark.parametrize("name", ["fcr", "flr"])
def test_a_resolution_without_a_name_is_the_first_definition(name: str) -> None:
    """`fcr` means strictly in the contact, and `flr` of all contacts, whether that is said or not."""
    said = parse_target(f"{name}({DEFINITIONS[name][0]}) >= 0.7")
    assert replace(parse_target(f"{name} >= 0.7"), text=said.text) == said
