"""Plays `routing_cases.yaml`: who gets which contact when, on the modes of the product; its formulas and features.

A played case has a verdict per play: on the old system's strategy, `compat.SYSTEM.STRATEGY`, against `expect`, and on
`native` against `expect_native`. What is wrong with one case is a failure of that case, and not of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from router.engine import Refused
from tests.vectors import Comparison, ShapeFault, Verdict, field, judged, listed, mapping
from tests.vectors import routing_asterisk as asterisk
from tests.vectors import routing_freeswitch as freeswitch
from tests.vectors import routing_native as native
from tests.vectors.routing_cases import Expected, Played, Row, Unsupported, is_prose
from tests.vectors.routing_rule import Rule
from tests.vectors.routing_rules import BETTER, FEATURES, FORMULAS

Case = Mapping[str, Any]
Results = Mapping[str, Any]

MODES: dict[str, Callable[[Played, float], Results]] = {
    "native": native.play,
    **dict.fromkeys((f"compat.asterisk.{strategy}" for strategy in asterisk.STRATEGIES), asterisk.play),
    **dict.fromkeys(freeswitch.MODES, freeswitch.play),
}
"""By a mode's name, what plays a case until a time and gives everything that a case may expect."""

_TOLERANCE_S = 0.5
_GROUPS = ("version", "invariants", "cases", "about")
_FORMULA_FIELDS = ("system", "formula", "given", "table", "expect")
_FEATURE_FIELDS = ("system", "given", "calls", "expect", "expect_native")


def play(document: object) -> Iterator[Verdict]:
    """A verdict per play. Raises ShapeFault for a document of another shape."""
    content = mapping(document, "the document")
    for place, entry in enumerate(listed(field(content, "cases", "the document"), "cases"), 1):
        case = mapping(entry, f"cases.{place}")
        case_id = str(field(case, "id", f"cases.{place}"))
        try:
            yield from _verdicts(case, case_id)
        except ValueError as fault:
            yield Verdict(case_id, "fail", "; ".join(_faults(fault)))
    for group in content:
        if group not in _GROUPS:
            yield Verdict(group, "unsupported", "the runner does not know this group")


def _faults(fault: ValueError) -> list[str]:
    """What a case gets wrong: each place in it, with a sentence."""
    if isinstance(fault, ValidationError):
        return [_sentence(error["type"], error["loc"], error["msg"]) for error in fault.errors()]
    return [str(fault)]


def _sentence(kind: str, place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in place)
    return f"{where}: {'the runner does not know this field' if kind == 'extra_forbidden' else message}"


def _verdicts(case: Case, case_id: str) -> Iterator[Verdict]:
    if "queues" in case:
        yield from _plays(Played.model_validate(case))
    elif "formula" in case:
        yield _formula(case, case_id)
    else:
        yield _feature(case, case_id)


def _verdict(name: str, ask: Callable[[], Results], apart: Callable[[Results], list[str]]) -> Verdict:
    """Ask the product and compare."""
    try:
        return judged(name, apart(ask()))
    except Unsupported as reason:
        return Verdict(name, "unsupported", str(reason))
    except Refused as refusal:
        return Verdict(name, "fail", f"the engine refuses what the case has to tell it: {refusal}")
    except AssertionError as broken:
        return Verdict(name, "fail", f"the engine broke an invariant: {broken}")


# --- played cases -------------------------------------------------------------------------------------------------


def _plays(case: Played) -> Iterator[Verdict]:
    system = f"compat.{case.system}"
    strategies = tuple(dict.fromkeys(queue.strategy for queue in case.queues.values()))
    modes = [f"{system}.{strategy}" for strategy in strategies]
    yield _play(case, f"{system}.{'+'.join(strategies)}", modes, case.expect, case.until)
    if case.expect_native is not None:
        until_s = case.until if case.native_until is None else case.native_until
        yield _play(case, "native", ["native"], case.expect_native, until_s)


def _play(case: Played, name: str, modes: list[str], expected: Expected, until_s: float) -> Verdict:
    """Play a case whose queues are on these modes, which one player must know all of."""

    def ask() -> Results:
        players = {MODES.get(mode) for mode in modes}
        player = players.pop()
        if player is None or players:
            raise Unsupported("the product does not offer this strategy")
        return player(case, until_s)

    return _verdict(f"{case.id} {name}", ask, lambda results: differences(expected, results))


def differences(expected: Expected, actual: Results) -> list[str]:
    """What is expected of a play and did not happen, and the other way round."""
    rows = {"offers": expected.offers, "connects": expected.connects, "leaves": expected.leaves}
    found = [line for name, wanted in rows.items() for line in _rows_apart(name, wanted, actual[name])]
    exact = expected.model_dump(include={"order", "order_at_120", "stats"}, exclude_none=True)
    return found + Comparison().differences(exact, actual)


def _rows_apart(name: str, wanted: list[Row] | None, got: list[Row]) -> Iterator[str]:
    if wanted is None:
        return
    left = list(got)
    for row in wanted:
        match = next((other for other in left if _same(row, other)), None)
        if match is None:
            yield f"{name}: {list(row)} is missing"
        else:
            left.remove(match)
    yield from (f"{name}: {list(row)} is not expected" for row in left)


def _same(one: Row, other: Row) -> bool:
    return one[1:] == other[1:] and abs(one[0] - other[0]) <= _TOLERANCE_S


# --- formulas and features ----------------------------------------------------------------------------------------


def _formula(case: Case, case_id: str) -> Verdict:
    """A formula states its results in `expect`, or beside its inputs in `table`."""
    _refuse_unknown(case, _FORMULA_FIELDS)
    name = str(case["formula"])
    if name not in FORMULAS:
        return Verdict(case_id, "unsupported", f"the runner does not know the formula {name}")
    rule = FORMULAS[name]
    if "table" in case:
        if not case["table"]:
            raise ShapeFault("table states nothing")
        return _ruled(rule.ask, {"table": case["table"]}, {"table": case["table"]}, case_id)
    given = mapping(field(case, "given", "the case"), "given")
    if not rule.takes(given):
        raise ShapeFault(f"given: the fields of {name} are {rule.given}, not {' '.join(given)}")
    return _ruled(rule.ask, given, _expected(case, "expect", rule), case_id)


def _feature(case: Case, case_id: str) -> Verdict:
    """On the native mode, where `expect` is the target only if it is sound behaviour.

    A harmful feature of which a case says only in prose what would be better is emulated, where the rule is known.
    """
    _refuse_unknown(case, _FEATURE_FIELDS)
    given = {**mapping(case.get("given", {}), "given"), **({"calls": case["calls"]} if "calls" in case else {})}
    rule = next((rule for rule in FEATURES if rule.fits(given)), None)
    if rule is None:
        return Verdict(case_id, "unsupported", f"the runner knows no feature with the fields {' '.join(given)}")
    if "expect_native" in case:
        return _ruled(rule.ask, given, _expected(case, "expect_native", rule), case_id)
    target = _expected(case, "expect", rule)
    if case.get("kind") != "quirk":
        return _ruled(rule.ask, given, target, case_id)
    if case_id not in BETTER and rule.emulates is not None:
        emulates = rule.emulates
        return _ruled(lambda given, target: emulates(given), given, target, case_id)
    return _ruled(rule.ask, given, BETTER.get(case_id, {}), case_id)


def _expected(case: Case, key: str, rule: Rule) -> dict[str, Any]:
    """What a case states there, of which the rule must know every field."""
    stated = mapping(field(case, key, "the case"), key)
    if unknown := rule.unknown(stated):
        raise ShapeFault(f"{key}: the runner does not know the field {', '.join(unknown)}")
    if not stated:
        raise ShapeFault(f"{key} states nothing")
    return stated


def _refuse_unknown(case: Case, known: tuple[str, ...]) -> None:
    if unknown := [key for key in case if key not in known and not is_prose(key)]:
        raise ShapeFault(f"the runner does not know the field {', '.join(unknown)}")


def _ruled(
    rule: Callable[[dict[str, Any], dict[str, Any]], Results],
    given: dict[str, Any],
    target: dict[str, Any],
    case_id: str,
) -> Verdict:
    def ask() -> Results:
        results = rule(given, target)
        if not target:
            raise Unsupported("a target: what would be better it says only in prose")
        return results

    return _verdict(case_id, ask, lambda results: Comparison().differences(target, results))
