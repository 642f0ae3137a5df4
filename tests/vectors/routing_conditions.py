"""Conditions as the old systems write them: comparisons of a named fact or skill, joined by "and" and "or".

Of the same rank are `&`, `&&` and `AND`, below them `|`, `||` and `OR`; brackets group. A comparison that names what is
not there is false, whatever it asks, as Wazo has it; so is one of a text with a number.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.vectors import ShapeFault

Facts = Mapping[str, Any]
_Condition = Callable[[Facts], bool]
_Operand = Callable[[Facts], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>\w+)|(?P<sign>[=!<>&|]+|[()]))"""
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_AND, _OR = ("&", "&&", "and"), ("|", "||", "or")


def holds(condition: str, facts: Facts) -> bool:
    """Whether the condition is true of these facts. Raises ShapeFault for one that cannot be read."""
    reader = _Reader(condition)
    found = reader.either()
    reader.end()
    return found(facts)


def _tokens(condition: str) -> Iterator[tuple[str, str]]:
    at = 0
    while rest := condition[at:].strip():
        match = _TOKEN.match(condition, at)
        if match is None or match.lastgroup is None:
            raise ShapeFault(f"the condition `{condition}` cannot be read from `{rest}` on")
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


class _Reader:
    """Reads a condition from left to right, a rank of operators at a time."""

    def __init__(self, condition: str) -> None:
        self._condition = condition
        self._tokens = [*_tokens(condition), ("end", "")]

    def end(self) -> None:
        """Nothing may be left."""
        self._expect(self._tokens[0][0] == "end")

    def either(self) -> _Condition:
        """Conditions of which one is to hold."""
        parts = [self._both()]
        while self._next_is(_OR):
            parts.append(self._both())
        return lambda facts: any(part(facts) for part in parts)

    def _both(self) -> _Condition:
        parts = [self._one()]
        while self._next_is(_AND):
            parts.append(self._one())
        return lambda facts: all(part(facts) for part in parts)

    def _one(self) -> _Condition:
        if self._next_is(("(",)):
            inside = self.either()
            self._expect(self._next_is((")",)))
            return inside
        left = self._operand()
        compare = _COMPARISONS.get(self._tokens[0][1])
        if compare is None:
            return lambda facts: bool(left(facts))
        self._tokens.pop(0)
        right = self._operand()
        return lambda facts: _compared(compare, left(facts), right(facts))

    def _operand(self) -> _Operand:
        kind, token = self._tokens.pop(0)
        self._expect(kind in ("text", "number", "name"))
        if kind == "name":
            return lambda facts: facts.get(token)
        value = token[1:-1] if kind == "text" else float(token)
        return lambda facts: value

    def _next_is(self, words: tuple[str, ...]) -> bool:
        found = self._tokens[0][0] in ("sign", "name") and self._tokens[0][1].lower() in words
        if found:
            self._tokens.pop(0)
        return found

    def _expect(self, right: bool) -> None:  # noqa: FBT001
        if not right:
            raise ShapeFault(f"the condition `{self._condition}` cannot be read")


def _compared(compare: Callable[[Any, Any], bool], left: object, right: object) -> bool:
    comparable = left is not None and right is not None and isinstance(left, str) is isinstance(right, str)
    return comparable and compare(left, right)
