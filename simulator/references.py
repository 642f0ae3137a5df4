"""Whether what a population names is in the centre, and whether its callers come to an end in the menus.

Faults of the centre's other sections hide nothing here, nor do those of one entry what is wrong with another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import ErrorDetails

from ivr.flow import CaseStatus, Collect, Flow, HandOver, HangUp, Hours, Menu, Node
from router.centre.clear import is_misspelt
from router.centre.document import Document, Path
from router.centre.faults import errors_of, explain, not_read, sound_part, told_once, validated
from router.centre.names import UNKNOWN_NAME, Known
from router.centre.references import all_members, known_names
from router.errors import Fault
from router.nearest import did_you_mean, what_there_is
from simulator.agents import members
from simulator.deferred import not_judged
from simulator.settings import CUSTOMER_NUMBER, AgentsSpec, CustomersSpec, PopulationSpec, ReasonSpec

WHOLE = frozenset({"customers", "busyness_cv", "contacts", "agents"})
"""The settings of a population that are no mappings of ids to entries."""

_ANSWER: Final = "an answer is what the customer keys at the node of this id: see it under `flows`"


def population_faults(document: Document, flows: Mapping[str, Flow]) -> tuple[list[Fault], list[str]]:
    """Every fault of the section `population`, and a sentence for each question that must wait until there are fewer.

    Callers' ways are followed through `flows`, those that can be walked.
    """
    section, known = document.section("population"), _known(document)
    form, names = errors_of(PopulationSpec, section, known)
    faults = explain(document, ("population",), PopulationSpec, [*form, *names])
    told = {fault.field for fault in faults}
    faults += _wrap_up_codes(document, known)
    shifts = _Shifts(document)
    faults += shifts.faults()
    sound = sound_part(PopulationSpec, section, form, WHOLE)
    faults += _numbers(document, sound.get("customers", {}))
    if sound.get("reasons") and sound.get("arrivals"):
        check = _Check(document, validated(PopulationSpec, sound), flows, section.keys() - sound.keys())
        faults += [fault for fault in check.faults() if fault.field not in told]
    unknowable = [kind for kind in ("reasons", "profiles") if f"population.{kind}" not in known.names]
    deferred = [f"whether names of the population's {kind} exist" for kind in unknowable]
    deferred += [*not_read(document, ("population",), form), *not_judged(document, told)]
    if (
        document.section("flows").keys() - flows.keys()
        or any(map(_matters, [*form, *names]))
        or _astray(document, flows)
    ):
        deferred.append("what the made-up customers key in the menus, and how their contacts end")
    if shifts.uncounted:
        groups = ", ".join(sorted(shifts.uncounted))
        deferred.append(f"which agents there are in {groups}, and so whether shifts name them")
    if shifts.hide:
        deferred.append("whether an agent is in two shifts")
    if shifts.wait:
        deferred.append("whether every agent has a shift")
    return told_once(faults), deferred


def _matters(details: ErrorDetails) -> bool:
    """Whether a mistake may hide what customers key and how their contacts end."""
    is_named_apart = details["type"] == UNKNOWN_NAME and details["loc"][-1] != "[key]"  # a profile, a wrap-up code
    return details["loc"][0] in {"customers", "contacts", "reasons", "arrivals"} and not is_named_apart


def _astray(document: Document, flows: Mapping[str, Flow]) -> bool:
    """Whether contacts arrive on an entry point from which no flow can be followed."""
    arrivals = document.value(("population", "arrivals"))
    ways = [document.value(("entry_points", name, "flow")) for name in (arrivals if isinstance(arrivals, dict) else ())]
    return not all(isinstance(flow, str) and flow in flows for flow in ways)


def _known(document: Document) -> Known:
    """The names of the centre, and those of the population. A centre without wrap-up codes takes any."""
    known = known_names(document)
    names = {kind: entries for kind, entries in known.names.items() if kind != "reasons" or entries}
    own = {kind: document.value(("population", kind)) or {} for kind in ("reasons", "profiles")}
    names |= {
        f"population.{kind}": entries
        for kind, entries in own.items()
        if isinstance(entries, dict) and (entries or kind != "reasons")
    }
    return replace(known, names=names)


def _numbers(document: Document, customers: Mapping[str, Any]) -> Iterator[Fault]:
    """Every customer has a number of his own."""
    spec = validated(CustomersSpec, customers)
    for name, template in (("number", spec.number), ("customer_number", spec.customer_number)):
        if template is not None and spec.count > (some := 10 ** template.count("#")):
            message = f"`{template}` numbers {some} customers, and there are {spec.count}"
            yield document.fault(("population", "customers", name), message, "put in more # or lower `count`")


def _wrap_up_codes(document: Document, known: Known) -> Iterator[Fault]:
    """Each reason is a wrap-up code too, unless it names another."""
    reasons = document.value(("population", "reasons"))
    for name, reason in reasons.items() if isinstance(reasons, dict) else ():
        codeless = isinstance(reason, dict) and reason.get("wrap_up_reason") is None
        if codeless and known.lacks("reasons", name):
            message = f"`{name}` is no wrap-up code of this centre"
            yield document.fault(("population", "reasons", name), message, known.hint("reasons", name))


@dataclass(frozen=True, slots=True)
class _Check:
    """What is wrong with a population whose form is sound, but for the settings that were `left_out`."""

    document: Document
    spec: PopulationSpec
    flows: Mapping[str, Flow]
    left_out: Collection[str]

    def faults(self) -> Iterator[Fault]:
        if "contacts" not in self.left_out:
            yield from self.shares()
        if "customers" not in self.left_out:
            for reason_id, reason in self.spec.reasons.items():
                yield from self.numbers(reason_id, reason)
            yield from self.answers()

    def fault(self, path: Path, message: str, hint: str) -> Fault:
        return self.document.fault(("population", *path), message, hint)

    def shares(self) -> Iterator[Fault]:
        """Contacts end in one way each: as `contacts` says, or else as their reason."""
        if message := self.spec.contacts.overbooked():
            yield self.fault(("contacts",), message, "what is left of 1 goes to the process teams")
            return
        for reason_id, reason in self.spec.reasons.items():
            if message := reason.over(self.spec.contacts).overbooked():
                yield self.fault(("reasons", reason_id), message, "what it does not repeat is as in `contacts`")

    def numbers(self, reason_id: str, reason: ReasonSpec) -> Iterator[Fault]:
        """Who keys a number of his own has one."""
        for node, keys in reason.answers.items():
            if CUSTOMER_NUMBER in keys and self.spec.customers.customer_number is None:
                hint = "set `customers.customer_number`, such as 1#####"
                yield self.fault(("reasons", reason_id, "answers", node), "customers have no number of their own", hint)

    def answers(self) -> Iterator[Fault]:
        """Each reason's callers get through the menu, and are asked all that they have an answer for."""
        asked: dict[str, set[str]] = {}
        unseen: set[str] = set()
        for name, arrivals in self.spec.arrivals.items():
            flow = self.flows.get(str(self.document.value(("entry_points", name, "flow"))))
            for reason_id in arrivals.reasons.keys() & self.spec.reasons.keys():
                if flow is None:
                    unseen.add(reason_id)
                else:
                    yield from self.way(flow, name, reason_id, asked.setdefault(reason_id, set()))
        for reason_id in asked.keys() - unseen:
            yield from self.unasked(reason_id, asked[reason_id])

    def way(self, flow: Flow, entry_point: str, reason_id: str, asked: set[str]) -> Iterator[Fault]:
        """The keys fit the nodes that ask for them, and lead somewhere. Nodes passed are added to `asked`."""
        reason = self.spec.reasons[reason_id]
        answers = {node: self.keyed(keys) for node, keys in reason.answers.items()}
        passed, circle = _walk(flow, answers)
        asked |= passed
        where = f"on entry point `{entry_point}`"
        for node_id in sorted(passed & answers.keys()):
            if message := _misfit(flow.nodes[node_id], answers[node_id]):
                yield self.fault(("reasons", reason_id, "answers", node_id), f"{message}, {where}", _ANSWER)
        if circle:
            hint = "a caller gives the same answer each time; leave one out, or choose another way"
            yield self.fault(("reasons", reason_id), f"its callers go round `{circle}` for ever {where}", hint)

    def keyed(self, keys: str) -> str:
        """An answer with some customer's number in it."""
        return keys.replace(CUSTOMER_NUMBER, (self.spec.customers.customer_number or "").replace("#", "0"))

    def unasked(self, reason_id: str, nodes: Collection[str]) -> Iterator[Fault]:
        """Every answer is to a question that some caller with this reason is asked."""
        for node in self.spec.reasons[reason_id].answers.keys() - nodes:
            hint = did_you_mean(node, nodes) or f"they pass {', '.join(sorted(nodes))}"
            message = f"no caller with this reason comes to a node `{node}`"
            yield self.fault(("reasons", reason_id, "answers", node), message, hint)


class _Shifts:
    """Whether every agent is in one shift.

    After `faults`, whether it must `wait` who is in none, and whether some names may `hide` who is in two.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        groups = all_members(document)
        self.agents = [agent for group in groups.values() for agent in group]
        self.uncounted = document.section("agents").keys() - groups.keys()
        self.judged = "agents" in known_names(document).names
        self.shifts = document.value(("population", "agents", "shifts"))
        self.all_known = self.judged and not self.uncounted and not document.broken
        self.wait = self.hide = False

    def faults(self) -> Iterator[Fault]:
        """Who is missing is said only once every name is known."""
        placed: dict[str, str] = {}
        complete = self.are_sound()
        for path, name in self.named():
            agents = members(name, self.agents)
            if not agents:
                complete = False
                yield from self.unknown(name, path)
            for agent in agents:
                if agent in placed:
                    message = f"`{agent}` is in a shift already, as `{placed[agent]}`"
                    yield self.document.fault(path, message, "one shift for each")
            placed |= dict.fromkeys(agents, name)
        missing = sorted(set(self.agents) - placed.keys())
        self.hide = not (self.all_known and complete)
        self.wait = not self.all_known or (bool(missing) and not complete)
        if missing and complete and self.all_known:
            some = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")  # noqa: PLR2004
            hint = "list them under `shifts`; a shift with `week: {}` says that they are away"
            path = ("population", "agents", "shifts")
            yield self.document.fault(path, f"there is no shift for {some}", hint)

    def named(self) -> Iterator[tuple[Path, str]]:
        """Everybody who is in a shift, as the files say it, with the way to it."""
        for index, shift in enumerate(self.shifts if isinstance(self.shifts, list) else ()):
            names = shift.get("agents") if isinstance(shift, dict) else None
            for at, name in enumerate(names if isinstance(names, list) else ()):
                if isinstance(name, str):
                    yield ("population", "agents", "shifts", index, "agents", at), name

    def unknown(self, name: str, path: Path) -> Iterator[Fault]:
        """A fault, unless the name may be that of agents whose number is not known."""
        ends = name.split("..")
        uncounted = any(end == group or end.startswith(f"{group}-") for end in ends for group in self.uncounted)
        hidden = any(self.document.may_hold(end) or self.document.may_hold(_group(end)) for end in ends)
        if self.judged and not uncounted and not hidden:
            message = f"`{name}` is no agent or group of agents of this centre"
            yield self.document.fault(
                path, message, what_there_is(name, [*self.agents, *self.document.section("agents")])
            )

    def are_sound(self) -> bool:
        """Whether nobody is missing because of a shift that cannot be read."""
        if self.shifts is None:
            agents = self.document.value(("population", "agents"))
            return agents is None or (isinstance(agents, dict) and not is_misspelt("shifts", agents, AgentsSpec))
        return isinstance(self.shifts, list) and all(_is_shift(shift) for shift in self.shifts)


def _group(agent: str) -> str:
    """The group that an agent such as `clerk-07` may be of."""
    return re.sub(r"-[0-9]+$", "", agent)


def _is_shift(shift: Any) -> bool:
    names = shift.get("agents") if isinstance(shift, dict) else None
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _walk(flow: Flow, answers: Mapping[str, str]) -> tuple[set[str], str]:
    """The nodes that callers with these answers may pass, and one to which they come back, or an empty text."""
    passed: set[str] = set()
    circle = ""
    way: dict[str, None] = {}  # the nodes from the start to here
    ahead = [(flow.start, 0)]
    while ahead:
        node_id, depth = ahead.pop()
        while len(way) > depth:
            way.popitem()
        if node_id in way:
            circle = circle or node_id
        elif node_id not in passed:
            passed.add(node_id)
            way[node_id] = None
            followers = _followers(flow.nodes[node_id], answers.get(node_id))
            ahead += [(follower, len(way)) for follower in reversed(followers)]
    return passed, circle


def _followers(node: Node, keys: str | None) -> tuple[str, ...]:
    """Where a caller may go from a node: by his answer, by the hour, by what is known of his case."""
    match node:
        case HandOver() | HangUp():
            return ()
        case Hours():
            return (node.open, node.closed)
        case CaseStatus():
            return (node.next, node.none)
        case Menu():
            return (dict(node.options).get(keys or "", node.failure),)
        case Collect():
            return (node.failure if keys is None else node.next,)
        case _:
            return (node.next,)


def _misfit(node: Node, keys: str) -> str:
    """What is wrong with an answer to a node, or an empty text."""
    if isinstance(node, Menu):
        options = [key for key, _ in node.options]
        return "" if keys in options else f"`{keys}` is no option here: the menu has {', '.join(options)}"
    if not isinstance(node, Collect):
        return f"`{node.id}` asks for nothing"
    if re.fullmatch(f"[0-9]{{{node.digits_max}}}", keys):
        return ""
    if re.fullmatch(f"[0-9]{{{node.digits_min},{node.digits_max}}}{re.escape(node.terminator)}", keys):
        ends_itself = len(keys) > node.digits_max
        return (
            f"`{keys}` has a {node.terminator} too much: digit {node.digits_max} ends the number" if ends_itself else ""
        )
    fewer = f", or fewer from {node.digits_min} on and {node.terminator}" if node.digits_min < node.digits_max else ""
    return f"`{keys}` is not taken here: key {node.digits_max} digits{fewer}"
