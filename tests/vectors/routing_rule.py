"""What a rule of the vectors is, and how the fields of its cases are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from tests.vectors import ShapeFault, field, listed, mapping, number, whole
from tests.vectors.routing_cases import Unsupported

Given = dict[str, Any]
Ask = Callable[[Given], dict[str, Any]]

ASKED: Final = "(asked)"
"""Where a rule finds what a case asks for in the names of the fields that it expects, by name."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`given` and `expect` are the fields that such a case may have: patterns, apart by spaces.

    `does` puts the case to the product; where `not_offered` says what the product does not do, it is the rule itself,
    as a function. A text says why there is neither. `emulates` is the harmful rule of an old system, to which a case is
    held that says only in prose what would be better. `asks`: those of the fields of `expect` that ask a question.
    """

    given: str
    expect: str
    does: Ask | str
    not_offered: str = ""
    emulates: Ask | None = None
    asks: str = ""

    def takes(self, keys: Collection[str]) -> bool:
        """Whether these are fields of the `given` of this rule."""
        return all(_matches(key, self.given) for key in keys)

    def fits(self, keys: Collection[str]) -> bool:
        """Whether these are all the fields of the `given` of this rule."""
        return self.takes(keys) and all(_matches_any(pattern, keys) for pattern in self.given.split())

    def unknown(self, keys: Iterable[str]) -> list[str]:
        """The fields among these that no such case expects."""
        return [key for key in keys if not _matches(key, self.expect)]

    def ask(self, given: Given, target: dict[str, Any]) -> dict[str, Any]:
        """What the product says, or the rule. Raises Unsupported if there is neither."""
        if isinstance(self.does, str):
            raise Unsupported(self.does)
        if not self.asks:
            return self.does(given)
        return self.does({**given, ASKED: {key: target[key] for key in target if _matches(key, self.asks)}})


def _matches(key: str, patterns: str) -> bool:
    return any(re.fullmatch(pattern, key) for pattern in patterns.split())


def _matches_any(pattern: str, keys: Iterable[str]) -> bool:
    return any(re.fullmatch(pattern, key) for key in keys)


# --- reading ------------------------------------------------------------------------------------------------------


def part(content: object, place: str, known: str) -> dict[str, Any]:
    """A mapping with these fields and no others. Raises ShapeFault for one that has others."""
    found = mapping(content, place)
    if unknown := [key for key in found if key not in known.split()]:
        raise ShapeFault(f"{place}: the runner does not know the field {', '.join(unknown)}")
    return found


def parts(given: Given, key: str, known: str) -> list[dict[str, Any]]:
    """A list of mappings with these fields and no others."""
    return [part(each, key, known) for each in listed(field(given, key, "given"), key)]


def named(given: Given, key: str, known: str) -> dict[str, dict[str, Any]]:
    """Mappings with these fields and no others, by name."""
    return {name: part(each, name, known) for name, each in mapping(field(given, key, "given"), key).items()}


def levels(content: object, place: str) -> dict[str, int]:
    """Skills, each with a level."""
    found = mapping(content, place)
    return {skill: whole(found, skill, place) for skill in found}


def names(content: object, place: str) -> list[str]:
    """A list of names."""
    return [str(name) for name in listed(content, place)]


def exact(case: dict[str, Any], key: str, place: str) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(str(number(case, key, place)))


def plain(value: Fraction) -> float:
    """A fraction as a number of the file."""
    return value.numerator if value.denominator == 1 else float(value)


def one_of(case: dict[str, Any], key: str, known: str) -> str:
    """One of these words. Raises ShapeFault for another."""
    word = field(case, key, "given")
    if word not in known.split():
        raise ShapeFault(f"given.{key}: `{word}` is none of {', '.join(known.split())}")
    return str(word)
