"""Targets such as `flr >= 0.7`: what they say, and whether an interval of confidence decides them.

    sl(20s) >= 0.80      service level: answered within 20 s
    asa <= 30s           mean queue wait of answered contacts
    abandoned <= 5%      abandoned / (answered + abandoned + sent away)
    fcr >= 0.7           first-contact resolution, strictly in the contact: fcr(strict)
    flr >= 0.7           first-level resolution, of all contacts: flr(gross)
    escalated <= 0.2     share of answered contacts that left the first line
    occupancy <= 0.85    handling / (handling + ready)

A centre's files may state some (`centre: {targets: [...]}`), and the command line others in their place.

A target is met when all of the interval lies on its side, missed when none of it does, and otherwise undecided: more
replications would tell. The estimate alone decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from router.centre import Document
from router.centre.durations import milliseconds
from router.errors import CentreFault, UsageFault
from router.nearest import did_you_mean
from simulator.statistics import Interval

DEFINITIONS: Final = {"fcr": ("strict",), "flr": ("gross",)}
"""The definitions of resolution that can be named in brackets; without a name the first is meant."""
MEASURES: Final = ("sl", "asa", "abandoned", "fcr", "flr", "escalated", "occupancy")

_SHAPE: Final = re.compile(
    r"\s*(?P<measure>[A-Za-z_]*)\s*(\(\s*(?P<argument>[^)]*?)\s*\))?\s*(?P<sense>[<>=!]*)\s*(?P<bound>\S*)\s*(?P<rest>.*)",
    re.DOTALL,
)


class Verdict(StrEnum):
    """What an interval says about a target."""

    MET = "met"
    MISSED = "missed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a measure: a share from 0 to 1, or milliseconds for `asa`. `text` is how it was written.

    `acceptable_wait_ms` is that of a service level; no other measure has one.
    """

    text: str
    measure: str
    sense: Literal[">=", "<="]
    bound: float
    acceptable_wait_ms: int | None = None

    def decide(self, interval: Interval | None) -> Verdict:
        """The verdict of an interval of the measure; None, nothing measured, decides nothing."""
        if interval is None:
            return Verdict.UNDECIDED
        low, high = interval.low, interval.high
        if self.sense == "<=":
            low, high = -high, -low
        bound = self.bound if self.sense == ">=" else -self.bound
        if low >= bound:
            return Verdict.MET
        return Verdict.MISSED if high < bound else Verdict.UNDECIDED


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """0 when all targets are met, 1 when any is missed, else 3."""
    all_verdicts = set(verdicts)
    if Verdict.MISSED in all_verdicts:
        return 1
    return 3 if Verdict.UNDECIDED in all_verdicts else 0


def parse_target(text: str) -> Target:
    """Read a target; raises `UsageFault` with the column of the first mistake, counted from 1."""
    match = _SHAPE.fullmatch(text)
    assert match is not None, "every part may be empty"
    measure = _measure(text, match)
    acceptable_wait_ms = _acceptable_wait_ms(text, match)
    sense = _sense(text, match)
    bound = _bound(text, match)
    if match["rest"]:
        raise _fault(text, match.start("rest"), f"`{match['rest'].strip()}` is too much", "give several targets apart")
    return Target(text.strip(), measure, sense, bound, acceptable_wait_ms)


def targets_of(document: Document) -> list[Target]:
    """The targets in a centre's files; raises `CentreFault` with every one that cannot be read, in its place."""
    targets, faults = [], []
    stated = document.section("centre").get("targets", [])
    for place, text in enumerate(stated if isinstance(stated, list) else []):
        if not isinstance(text, str):
            continue  # a fault of form, which is for the loader to say
        try:
            targets.append(parse_target(text))
        except UsageFault as fault:
            _, _, what = str(fault).partition('": ')
            message, _, hint = what.removesuffix(")").rpartition(" (")
            faults.append(document.fault(("centre", "targets", place), message, hint))
    if faults:
        raise CentreFault(faults)
    return targets


def _fault(text: str, at: int, message: str, hint: str) -> UsageFault:
    return UsageFault(f'--target "{text}": column {at + 1}: {message} ({hint})')


def _measure(text: str, match: re.Match[str]) -> str:
    measure = match["measure"]
    if measure not in MEASURES:
        near = did_you_mean(measure, MEASURES)
        hint = "; ".join(filter(None, (near, f"known measures: {', '.join(MEASURES)}")))
        what = f"there is no measure `{measure}`" if measure else "a target begins with its measure"
        raise _fault(text, match.start("measure"), what, hint)
    return measure


def _acceptable_wait_ms(text: str, match: re.Match[str]) -> int | None:
    """The acceptable wait of a service level, in brackets. A resolution may name its definition there."""
    argument, at = match["argument"], match.start("argument")
    if match["measure"] == "sl":
        if argument is None:
            hint = "write it like sl(20s)"
            raise _fault(text, match.end("measure"), "a service level needs its acceptable wait", hint)
        return _duration(text, at, argument)
    definitions = DEFINITIONS.get(match["measure"], ())
    if argument is not None and argument not in definitions:
        hint = f"known definitions: {', '.join(definitions)}" if definitions else f"write {match['measure']}"
        what = f"has no definition `{argument}`" if definitions else "takes nothing in brackets"
        raise _fault(text, at - 1, f"`{match['measure']}` {what}", hint)
    return None


def _sense(text: str, match: re.Match[str]) -> Literal[">=", "<="]:
    sense = match["sense"]
    if sense == ">=":
        return ">="
    if sense == "<=":
        return "<="
    what = f"`{sense}` is no comparison here" if sense else "a comparison must follow"
    raise _fault(text, match.start("sense"), what, "write >= or <=")


def _bound(text: str, match: re.Match[str]) -> float:
    bound, at = match["bound"], match.start("bound")
    if match["measure"] == "asa":
        return _duration(text, at, bound)
    if not re.fullmatch(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)%?", bound):
        what = f"`{bound}` is no share" if bound else "a share must follow"
        raise _fault(text, at, what, "write it like 0.8 or 80%")
    share = float(bound[:-1]) / 100 if bound.endswith("%") else float(bound)
    if share > 1:
        raise _fault(text, at, f"`{bound}` is more than all", f"write {share / 100:g} or {share:g}%")
    return share


def _duration(text: str, at: int, duration: str) -> int:
    try:
        return milliseconds(duration)
    except ValueError as error:
        raise _fault(text, at, str(error), "such as `asa <= 20s`") from None
