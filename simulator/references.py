"""Whether what a population names is in the plan, and whether its callers come to an end in the menus."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ivr.flow import CaseStatus, Collect, Flow, HandOver, HangUp, Hours, Menu, Node
from router.centre.document import Document, Path
from router.errors import Fault
from router.nearest import did_you_mean, what_there_is
from router.plan import Plan
from simulator.agents import members
from simulator.settings import CUSTOMER_NUMBER, PopulationSpec, ReasonSpec


def mistakes(document: Document, spec: PopulationSpec, plan: Plan) -> Iterator[Fault]:
    """Every fault of a population whose shape is sound."""
    check = _Check(document, spec, plan)
    yield from check.contacts()
    yield from check.reasons()
    yield from check.arrivals()
    yield from check.shifts()


@dataclass(frozen=True, slots=True)
class _Check:
    document: Document
    spec: PopulationSpec
    plan: Plan

    def fault(self, path: Path, message: str, hint: str = "") -> Fault:
        return self.document.fault(("population", *path), message, hint)

    def known(self, name: str, known: Collection[str], path: Path, what: str) -> Iterator[Fault]:
        if name not in known:
            yield self.fault(path, f"there is no {what} `{name}`", what_there_is(name, known))

    def contacts(self) -> Iterator[Fault]:
        """The shares of how contacts end, where no reason says otherwise."""
        if message := self.spec.contacts.overbooked():
            yield self.fault(("contacts",), message)

    def reasons(self) -> Iterator[Fault]:
        """Each reason has a wrap-up code, and ends contacts in one way only."""
        for reason_id, reason in self.spec.reasons.items():
            path = ("reasons", reason_id, *(("wrap_up_reason",) if reason.wrap_up_reason else ()))
            if self.plan.reasons:
                yield from self.known(reason.wrap_up_reason or reason_id, self.plan.reasons, path, "wrap-up code")
            merged = reason.over(self.spec.contacts)
            if (message := merged.overbooked()) and not self.spec.contacts.overbooked():
                yield self.fault(("reasons", reason_id), message, "what it does not repeat is as in `contacts`")
            yield from self.numbers(reason_id, reason)

    def numbers(self, reason_id: str, reason: ReasonSpec) -> Iterator[Fault]:
        """Who keys a number of his own has one."""
        for node, keys in reason.answers.items():
            if CUSTOMER_NUMBER in keys and self.spec.customers.customer_number is None:
                hint = "set `customers.customer_number`, such as 1#####"
                yield self.fault(("reasons", reason_id, "answers", node), "customers have no number of their own", hint)

    def arrivals(self) -> Iterator[Fault]:
        """Entry points and reasons exist, and each reason's callers get through the menu."""
        asked: dict[str, set[str]] = {}
        for name, arrivals in self.spec.arrivals.items():
            path: Path = ("arrivals", name)
            yield from self.known(name, self.plan.entry_points, path, "entry point")
            if arrivals.profile is not None:
                yield from self.known(arrivals.profile, self.spec.profiles, (*path, "profile"), "profile")
            for reason_id in arrivals.reasons:
                yield from self.known(reason_id, self.spec.reasons, (*path, "reasons", reason_id), "reason")
                if name in self.plan.entry_points and reason_id in self.spec.reasons:
                    flow = self.plan.menus.flows[self.plan.entry_points[name].flow]
                    yield from self.way(flow, name, reason_id, asked.setdefault(reason_id, set()))
        yield from self.unasked(asked)

    def way(self, flow: Flow, entry_point: str, reason_id: str, asked: set[str]) -> Iterator[Fault]:
        """The keys fit the nodes that ask for them, and lead somewhere. Nodes passed are added to `asked`."""
        reason = self.spec.reasons[reason_id]
        answers = {node: self.keyed(keys) for node, keys in reason.answers.items()}
        passed, circle = _walk(flow, answers)
        asked |= passed
        where = f"on entry point `{entry_point}`"
        for node_id in sorted(passed & answers.keys()):
            if message := _misfit(flow.nodes[node_id], answers[node_id]):
                yield self.fault(("reasons", reason_id, "answers", node_id), f"{message}, {where}")
        if circle:
            hint = "a caller gives the same answer each time; leave one out, or choose another way"
            yield self.fault(("reasons", reason_id), f"its callers go round `{circle}` for ever {where}", hint)

    def keyed(self, keys: str) -> str:
        """An answer with some customer's number in it."""
        return keys.replace(CUSTOMER_NUMBER, (self.spec.customers.customer_number or "").replace("#", "0"))

    def unasked(self, asked: Mapping[str, set[str]]) -> Iterator[Fault]:
        """Every answer is to a question that some caller with this reason is asked."""
        for reason_id, nodes in asked.items():
            for node in self.spec.reasons[reason_id].answers.keys() - nodes:
                hint = did_you_mean(node, nodes) or f"they pass {', '.join(sorted(nodes))}"
                message = f"no caller with this reason comes to a node `{node}`"
                yield self.fault(("reasons", reason_id, "answers", node), message, hint)

    def shifts(self) -> Iterator[Fault]:
        """Every agent is in one shift. Who is missing is said only once every name is known."""
        placed: dict[str, str] = {}
        unknown = False
        for index, shift in enumerate(self.spec.agents.shifts):
            for at, name in enumerate(shift.agents):
                path: Path = ("agents", "shifts", index, "agents", at)
                agents = members(name, self.plan.floor.agents)
                if not agents:
                    unknown = True
                    yield from self.known(name, self.plan.floor.agents, path, "agent or group of agents")
                for agent in (agent for agent in agents if agent in placed):
                    yield self.fault(
                        path, f"`{agent}` is in a shift already, as `{placed[agent]}`", "one shift for each"
                    )
                placed |= dict.fromkeys(agents, name)
        missing = sorted(self.plan.floor.agents.keys() - placed.keys())
        if missing and not unknown:
            some = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")  # noqa: PLR2004
            hint = "list them under `shifts`; a shift with `week: {}` says that they are away"
            yield self.fault(("agents", "shifts"), f"there is no shift for {some}", hint)


def _walk(flow: Flow, answers: Mapping[str, str]) -> tuple[set[str], str]:
    """The nodes that callers with these answers may pass, and one to which they come back, or an empty text."""
    passed: set[str] = set()
    circle = ""

    def visit(node_id: str, before: tuple[str, ...]) -> None:
        nonlocal circle
        if node_id in before:
            circle = circle or node_id
        elif node_id not in passed:
            passed.add(node_id)
            for follower in _followers(flow.nodes[node_id], answers.get(node_id)):
                visit(follower, (*before, node_id))

    visit(flow.start, ())
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
