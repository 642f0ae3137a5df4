"""Plays the files of test vectors against the product: `python -m tests.vectors KIND FILE`.

Each kind has a module with one function, `play(document) -> Iterator[Verdict]`. It reads its file's shape completely
and strictly, compares every key that states a result, and says `unsupported` for what the product cannot do yet, which
counts as failed. It holds no rule of the product: it translates, asks, compares.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any, Literal, TypeGuard

import yaml

PROSE = frozenset({"id", "title", "name", "kind", "source", "why", "notes", "better", "live", "about"})
"""Fields for people, in every file: nothing is compared with them. So is whatever starts with `published_`."""

_HERE = Path(__file__).resolve()


class ShapeFault(ValueError):
    """The file is not what its kind of vectors looks like; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one case. `detail`: the difference, or the reason why it is not supported."""

    id: str
    status: Literal["pass", "fail", "unsupported"]
    detail: str = ""

    def __str__(self) -> str:
        """The runner's line."""
        return f"{self.status} {self.id}: {self.detail}" if self.detail else f"{self.status} {self.id}"


def judged(case_id: str, differences: Collection[str]) -> Verdict:
    """A pass without differences, else a failure that names all of them."""
    return Verdict(case_id, "fail", "; ".join(differences)) if differences else Verdict(case_id, "pass")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a result is held against what a case expects.

    `inputs`: the fields that state no result, at any depth. Numbers agree within either tolerance, all else exactly.
    """

    inputs: frozenset[str] = frozenset()
    relative: float = 0.0
    absolute: float = 0.0

    def differences(self, expected: Mapping[str, Any], actual: Mapping[str, Any], place: str = "") -> list[str]:
        """Every key of `expected` that is neither prose nor an input and differs, at any depth.

        A key that `actual` does not have is unknown to the runner, which is a difference too.
        """
        found = []
        for key, wanted in expected.items():
            if key in PROSE or key in self.inputs or key.startswith("published_"):
                continue
            if key not in actual:
                found.append(f"{place}{key}: the runner does not know this key")
            else:
                found += self._of_value(wanted, actual[key], f"{place}{key}")
        return found

    def _of_value(self, wanted: object, got: object, place: str) -> list[str]:
        if isinstance(wanted, dict) and isinstance(got, dict):
            return self.differences(wanted, got, f"{place}.")
        if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
            pairs = enumerate(zip(wanted, got, strict=True), 1)
            return [line for number, (one, two) in pairs for line in self._of_value(one, two, f"{place}.{number}")]
        return [] if self._agree(wanted, got) else [f"{place}: expected {wanted!r}, got {got!r}"]

    def _agree(self, wanted: object, got: object) -> bool:
        if _is_number(wanted) and _is_number(got):
            return isclose(got, wanted, rel_tol=self.relative, abs_tol=self.absolute)
        return type(wanted) is type(got) and wanted == got


def field(case: Mapping[str, Any], key: str, place: str) -> Any:
    """An input of a case. Raises ShapeFault if it is missing."""
    if key not in case:
        raise ShapeFault(f"{place}: the field `{key}` is missing")
    return case[key]


def number(case: Mapping[str, Any], key: str, place: str) -> float:
    """An input that is a number. Raises ShapeFault if it is missing or something else."""
    value = field(case, key, place)
    if not _is_number(value):
        raise ShapeFault(f"{place}: the field `{key}` must be a number, not {value!r}")
    return value


def whole(case: Mapping[str, Any], key: str, place: str) -> int:
    """An input that is a whole number. Raises ShapeFault if it is missing or something else."""
    value = number(case, key, place)
    if value != int(value):
        raise ShapeFault(f"{place}: the field `{key}` must be a whole number, not {value!r}")
    return int(value)


def mapping(value: object, place: str) -> dict[str, Any]:
    """A part of the document that is a mapping with names as keys. Raises ShapeFault if it is not."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ShapeFault(f"{place} must be a mapping of names, not {type(value).__name__}")
    return value


def listed(value: object, place: str) -> list[Any]:
    """A part of the document that is a list. Raises ShapeFault if it is not."""
    if not isinstance(value, list):
        raise ShapeFault(f"{place} must be a list, not {type(value).__name__}")
    return value


def read_document(path: Path) -> object:
    """The content of a JSON or YAML file, told apart by its ending. Raises ShapeFault with one sentence otherwise."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise ShapeFault(f"it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ShapeFault(f"it is not text in UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise ShapeFault(f"it is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from error
    except yaml.YAMLError as error:
        raise ShapeFault(f"it is not YAML ({' '.join(str(error).split())})") from error


def shared_file(name: str) -> Path | None:
    """A file of vectors in the folder `shared/vectors` beside the checkout, None where there is none."""
    path = _HERE.parents[3] / "shared" / "vectors" / name
    return path if path.is_file() else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
