"""Mistakes made in a centre's files at random, and what `firstline check` answers to several of them at once."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.centre.document import Path as Way
from router.centre.document import dotted
from router.cli import check

Kind = Literal["extra", "misshapen", "missing", "renamed", "unknown", "said"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing done to a centre's files; what is `said` is another value, as JSON."""

    way: Way
    kind: Kind
    value: str = ""

    def touches(self, field: str) -> bool:
        """Whether a field is what this changes, or lies in it."""
        return f"{field}.".replace("[", ".[").startswith(f"{dotted(self.way)}.".replace("[", ".["))

    def make(self, tree: Any) -> None:
        """Change what stands at the way."""
        *above, last = self.way
        for part in above:
            tree = tree[part]
        match self.kind:
            case "extra":
                tree[last]["surplus"] = [7]
            case "misshapen":
                tree[last] = {"seven": [7]}
            case "missing":
                del tree[last]
            case "renamed":
                tree["renamed"] = tree.pop(last)
            case "unknown":
                tree[last] = "nowhere"
            case "said":
                tree[last] = json.loads(self.value)


def ways(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """Every value in a tree but the whole, with the way to it."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*way, key), item
        yield from ways(item, (*way, key))


def mistakes(tree: Any) -> Iterator[Mistake]:
    """All that may be done to a tree in one place."""
    for way, value in ways(tree):
        yield Mistake(way, "extra" if isinstance(value, dict) else "misshapen")
        if isinstance(value, str):
            yield Mistake(way, "unknown")
        if isinstance(way[-1], str):
            yield Mistake(way, "missing")
            if len(way) > 1:
                yield Mistake(way, "renamed")


# What a fault may speak of, by words of its field and message, and the sentence that says it must wait.
WAITING = [
    ("` is no ", "whether names of"),
    ("no caller ever reaches", "which nodes callers reach"),
    ("presses nothing never gets out", "which nodes callers reach"),
    ("no agent could ever serve", "whether there is an agent"),
    ("is missing in the language", "every language of the centre"),
    ("is no language", "every language of the centre"),
    ("and so a skill already", "every language of the centre"),
    ("no agent has the skill", "whether some agent has"),
    ("contacts would go round", "whether contacts go round"),
    ("an escalation needs a type", "what stands in"),
    ("the horizon ends", "horizon ends after it begins"),
    ("nothing is played for a case", "says something for every state"),
    ("below digits_min", "is below its `digits_min`"),
    ("in more than one line of the week", "is sound as a whole"),
    ("both closed and partial", "is sound as a whole"),
    ("is never open", "and ever opens"),
    ("no effect", "what has an effect in the queue"),
    ("whose wrap-up is that of an old system", "what has an effect in the queue"),
    ("not as in", "agree in what is the same"),
    ("centre's horizon", "centre's horizon"),
    ("is never open", "centre's horizon"),
    ("there is no shift for", "every agent has a shift"),
    ("population.reasons", "made-up customers"),
    ("population.contacts", "made-up customers"),
]


def nameless(fault: tuple[str, str]) -> tuple[str, str]:
    """A fault without the names in its message, which another mistake may have changed."""
    return fault[0], re.sub("`[^`]*`", "``", fault[1])


def may_wait(fault: tuple[str, str], report: Report) -> bool:
    """Whether the report says that it has not judged what this fault speaks of."""
    told = f"{fault[0]}: {fault[1]}"
    kindless = [one.split(" ")[3].rstrip(",") for one in report.deferred if one.startswith("the settings of")]
    idle = [one.split(" ")[1] for one in report.deferred if " takes effect, until" in one]
    misspelt = [
        one.rpartition(" ")[2].rpartition(".")[0] for one in report.deferred if one.startswith("what stands in")
    ]
    systemless = [f"queues.{one.split('`')[1]}" for one in report.deferred if one.startswith("what has an effect in")]
    return any(
        f"{fault[0]}.".replace("[", ".[").startswith(f"{field}.")
        for field in [*kindless, *idle, *misspelt, *systemless]
    ) or any(words in told and any(about in sentence for sentence in report.deferred) for words, about in WAITING)


@dataclass(frozen=True, slots=True)
class Report:
    """What `firstline check` printed: faults as field and message, and what is not judged yet."""

    faults: frozenset[tuple[str, str]]
    deferred: tuple[str, ...]

    @property
    def fields(self) -> list[str]:
        """The fields of all faults, sorted."""
        return sorted(field for field, _ in self.faults)


def checked(folder: Path, capsys: pytest.CaptureFixture[str], **files: str) -> Report:
    """The report on a centre of these files, by their names before `.yaml`."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    code = check.run(folder, as_json=True)
    out, err = capsys.readouterr()
    found = [(fault["field"], fault["message"]) for fault in json.loads(out)["faults"]]
    assert (len(set(found)), 2 if found else 0) == (len(found), code)
    return Report(frozenset(found), tuple(line.removeprefix("not judged yet: ") for line in err.splitlines()))


def independent(made: list[Mistake], report: Callable[..., Report]) -> list[Mistake]:
    """Those of some mistakes of which none changes what another does, or where that is told."""

    def apart(one: Mistake, other: Mistake) -> bool:
        in_one = other.touches(dotted(one.way)) or any(other.touches(field) for field in report(one).fields)
        return not in_one and not one.touches(dotted(other.way))

    kept: list[Mistake] = []
    for mistake in made:
        if all(apart(mistake, other) and apart(other, mistake) for other in kept):
            kept.append(mistake)
    return sorted(kept, key=lambda mistake: str(mistake.way), reverse=True)


def assert_none_hides_another(
    folder: Path, capsys: pytest.CaptureFixture[str], tree: Any, made: st.SearchStrategy[list[Mistake]], examples: int
) -> None:
    """What each mistake is answered with, all of them together are, or it is said what must wait."""
    alone: dict[tuple[Mistake, ...], Report] = {}

    def report(*some: Mistake) -> Report:
        if some not in alone:
            changed = copy.deepcopy(tree)
            for mistake in some:
                mistake.make(changed)
            alone[some] = checked(folder, capsys, centre=json.dumps(changed))
        return alone[some]

    @settings(deadline=None, max_examples=examples, database=None)
    @given(made)
    def every_fault_is_listed(some: list[Mistake]) -> None:
        apart = independent(some, report)
        together = report(*apart)
        expected = {fault for mistake in apart for fault in report(mistake).faults}
        said = set(map(nameless, together.faults))
        hidden = {one for one in expected if nameless(one) not in said and not may_wait(one, together)}
        assert set() == hidden, f"{hidden} beside {together}"

    every_fault_is_listed()
