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
        return lies_in(field, dotted(self.way))

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
                # No two are renamed alike, lest one be what the other names.
                tree[f"renamed-{re.sub('[^a-z0-9]+', '-', dotted(self.way)).strip('-')}"] = tree.pop(last)
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


# What a fault may speak of, by words of its message, and the sentence that says it must wait. In that, {0}, {1} are the
# parts of the fault's field and {name} the first name in its message.
WAITING = [
    ("is no queue of", "whether names of queues exist"),
    ("is no flow of", "whether names of flows exist"),
    ("is no team of", "whether names of teams exist"),
    ("is no skill of", "whether names of skills exist"),
    ("is no prompt of", "whether names of prompts exist"),
    ("is no calendar of", "whether names of calendars exist"),
    ("is no language of", "whether names of languages exist"),
    ("is no case type of", "whether names of case types exist"),
    ("is no entry point of", "whether names of entry points exist"),
    ("is no wrap-up code of", "whether names of reasons exist"),
    ("is no service line of", "whether names of service lines exist"),
    ("is no agent or group of", "whether names of agents exist"),
    ("is no agent or group of", "and so whether shifts name them"),
    ("is no reason of", "whether names of the population's reasons exist"),
    ("is no profile of", "whether names of the population's profiles exist"),
    ("no caller ever reaches", "which nodes callers reach in the flow `{1}`"),
    ("presses nothing never gets out", "which nodes callers reach in the flow `{1}`"),
    ("no agent could ever serve", "whether there is an agent for every queue"),
    ("is missing in the language", "every language of the centre"),
    ("and so a skill already", "every language of the centre"),
    ("no agent has the skill", "whether some agent has the skill"),
    ("contacts would go round", "whether contacts go round"),
    ("an escalation needs a type", "what stands in queues.{1}."),
    ("the horizon ends", "horizon ends after it begins"),
    ("nothing is played for a case", "whether {field} says something for every state"),
    ("below digits_min", "whether {field} is below its `digits_min`"),
    ("in more than one line of the week", "the calendar `{1}` is sound as a whole"),
    ("both closed and partial", "the calendar `{1}` is sound as a whole"),
    ("is never open", "the calendar `{1}` is sound as a whole, and ever opens"),
    ("is never open", "calendars ever open in it"),
    ("is outside the centre's horizon", "whether dates lie within the centre's horizon"),
    ("no effect beside `compat`", "what has an effect in the queue `{1}`"),
    ("no effect in the queue", "what has an effect in the queue `{name}`"),
    ("no effect in the queue", "whether {field} takes effect"),
    ("whose wrap-up is that of an old system", "what has an effect in the queue"),
    ("not as in", "agree in what is the same"),
    ("is in a shift already", "whether an agent is in two shifts"),
    ("there is no shift for", "every agent has a shift"),
    ("add up to", "how their contacts end"),
    ("have no number of their own", "what the made-up customers key"),
    ("is no option here", "what the made-up customers key"),
    ("is not taken here", "what the made-up customers key"),
    ("asks for nothing", "what the made-up customers key"),
    ("too much: digit", "what the made-up customers key"),
    ("no caller with this reason", "what the made-up customers key"),
    ("its callers go round", "what the made-up customers key"),
]
# What rules find out about a setting, beneath it: the sentence names that setting.
OF_RULES = re.compile(
    "never comes|comes before|could ever serve|adds nobody|asks for more|says nothing|never played|ever grows"
    "|nobody's bound|does not come after|ever counts|would never ring|nobody has to wait|no effect"
    "|is listed already|is in tier [0-9]+ already"
)


def nameless(fault: tuple[str, str]) -> tuple[str, str]:
    """A fault without the names in its message, which another mistake may have changed."""
    return fault[0], re.sub("`[^`]*`", "``", fault[1])


def may_wait(fault: tuple[str, str], report: Report) -> bool:
    """Whether the report says that it has not judged what this fault speaks of."""
    field, message = fault
    parts, name = re.split(r"[.[]", field), re.search("`([^`]*)`", message)
    told = [about.format(*parts, field=field, name=name and name[1]) for words, about in WAITING if words in message]
    unread = r"the settings of (\S+), whose kind|what stands in (\S+)"
    if OF_RULES.search(message):
        unread += r"|whether (\S+) takes effect, until"
    unread_ways = [next(filter(None, found.groups())) for one in report.deferred if (found := re.match(unread, one))]
    return any(about in sentence for about in told for sentence in report.deferred) or any(
        lies_in(field, way) for way in unread_ways
    )


def lies_in(field: str, way: str) -> bool:
    """Whether a field is another, or beneath it."""
    return f"{field}.".replace("[", ".[").startswith(f"{way}.".replace("[", ".["))


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
    """The report on a centre of these files, by their names before `.yaml`. Every fault in it has a hint."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    code = check.run(folder, as_json=True)
    out, err = capsys.readouterr()
    faults = json.loads(out)["faults"]
    assert [] == [fault for fault in faults if not fault["hint"]]
    found = [(fault["field"], fault["message"]) for fault in faults]
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
