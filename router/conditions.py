"""Conditions in CEL, the Common Expression Language: what they may speak of, whether they make sense, which hold.

    conditions = Conditions.of(plan)
    conditions.holding(facts)         # ("contact.channel == 'voice'",): those that hold, in their order

A condition asks about one contact, so it is evaluated once: as the contact leaves its menu for a queue, by when all is
known of it. What holds is written into `contact.queued`, and from there on is a fact like any other. So the cores never
see an expression, and no log is read differently because a library has changed.

The language is that of the CEL project's own library (https://github.com/cel-expr/cel-python), which is imported when
the first condition is compiled. An expression has no side effects, cannot loop for ever, and knows no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from acd.plan import QueuePlan
from ivr.flow import Collect
from router.plan import Plan

Kind = Literal["text", "yes_or_no"]
Facts = Mapping[str, str | bool]

OF_EVERY_CONTACT: Final[dict[str, Kind]] = {
    "contact.channel": "text",
    "contact.entry_point": "text",
    "contact.service_line": "text",
    "contact.language": "text",
    "contact.identified": "yes_or_no",
}
"""What is known of every contact: where it came in, what is spoken, and whether it is known who the customer is."""


def declared(keyed: Iterable[str], calendars: Iterable[str]) -> dict[str, Kind]:
    """Every name that a condition of a centre may use, with what kind of thing it is.

    `keyed` are the names under which menus keep numbers that are no secret; one that was not keyed is an empty text.
    """
    return {
        **OF_EVERY_CONTACT,
        **{keyed_name(name): "text" for name in sorted(keyed)},
        **{open_name(calendar): "yes_or_no" for calendar in sorted(calendars)},
    }


def keyed_name(name: str) -> str:
    """What a number that a menu has collected is called in a condition."""
    return f"keyed.{name}"


def open_name(calendar: str) -> str:
    """What is asked in a condition to know whether a calendar is open: `open.late_shift`, as CEL has no hyphens."""
    return f"open.{calendar.replace('-', '_')}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a condition: in which line and column of it (both from 1), in words, about which name."""

    line: int
    column: int
    message: str
    name: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}" if self.line > 1 else f"column {self.column}"
        return f"{where} of the condition: {self.message}"


class Conditions:
    """The conditions of a centre, compiled when they are first asked about."""

    @classmethod
    def of(cls, plan: Plan) -> Conditions:
        """Those of a plan's queues."""
        nodes = (node for tree in plan.menus.flows.values() for node in tree.nodes.values())
        keyed = {node.into for node in nodes if isinstance(node, Collect) and not node.secret}
        texts = (text for queue in plan.floor.queues.values() for text in _texts(queue))
        return cls(texts, declared(keyed, plan.desk.calendars))

    def __init__(self, texts: Iterable[str], declared: Mapping[str, Kind]) -> None:
        self._texts = tuple(dict.fromkeys(texts))
        self._declared = declared
        self._compiled: list[tuple[str, Any]] | None = None
        self._environment: Any = None

    @property
    def nothing_known(self) -> Facts:
        """Every name that may be asked about, as it is where nothing is known."""
        return {name: "" if kind == "text" else False for name, kind in self._declared.items()}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._texts)

    def holding(self, facts: Facts) -> tuple[str, ...]:
        """Those that hold of a contact. One that comes to no answer, such as a text that is no number, does not."""
        if not self._texts:
            return ()
        if self._compiled is None:
            self._environment = _environment(self._declared)
            self._compiled = [(text, self._environment.compile(text)) for text in self._texts]
        activation = self._environment.Activation(dict(facts))
        return tuple(text for text, compiled in self._compiled if compiled.eval(activation).value() is True)


def _texts(queue: QueuePlan) -> Iterator[str]:
    yield from (rule.when for rule in queue.priorities)
    if queue.overflow and queue.overflow.when:
        yield queue.overflow.when
    if queue.preferred and queue.preferred.when:
        yield queue.preferred.when


def problems(text: str, declared: Mapping[str, Kind]) -> Iterator[Problem]:
    """What is wrong with a condition; nothing if it is one. The first problem of a text that cannot be read at all."""
    try:
        compiled = _environment(declared).compile(text)
    except RuntimeError as error:
        yield from _told(str(error))
        return
    if (kind := compiled.return_type().name()) != "BOOL":
        yield Problem(1, 1, f"this is {_KINDS.get(kind, f'of the type {kind}')}, and not true or false")


_KINDS: Final = {"STRING": "a text", "INT": "a number", "UINT": "a number", "DOUBLE": "a number"}
_ERROR: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED: Final = re.compile(r"undeclared reference to '([^']+)' \(in container ''\)")


def _environment(declared: Mapping[str, Kind]) -> Any:
    from cel_expr_python import cel  # type: ignore[import-untyped]  # it has stubs, but no mark of them

    types = {"text": cel.Type.STRING, "yes_or_no": cel.Type.BOOL}
    return cel.NewEnv(variables={name: types[kind] for name, kind in declared.items()})


def _told(error: str) -> Iterator[Problem]:
    """The library's sentences, each with its place."""
    found = _ERROR.findall(error)
    if found and found[0][2].startswith("Syntax error"):
        found = found[:1]  # the others follow from it
    for line, column, message in found:
        unknown = _UNDECLARED.search(message)
        if unknown:
            yield Problem(int(line), int(column), f"nothing is called `{unknown[1]}`", unknown[1])
        else:
            yield Problem(int(line), int(column), message.partition(" expecting {")[0].replace("'", "`"))
    if not found:
        yield Problem(1, 1, error.partition("\n")[0])
