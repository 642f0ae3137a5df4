"""Walks a menu of the engine, one input after the other: keys, or silence until the time-out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from acd.plan import FloorPlan
from escalation.plan import DeskPlan
from ivr.events import ContactKeyed, FlowMoved, PromptFinished, SayPrompts
from ivr.flow import Flow, HangUp, Menu, MenuPlan, Node
from router.engine import Engine
from router.events import CentreStarted, ContactArrived, Event
from router.plan import EntryPoint, Plan
from tests.vectors import ShapeFault, field, listed, whole
from tests.vectors.routing_cases import Unsupported

_OUT = "out"
_WRONG_KEY = "0"
_BACK = "9"
_CAUSES = {"no_input": "max-timeouts", "no_match": "max-failures"}


class _Walk:
    """One contact in a flow that starts at the first of these nodes. Prompts end at once."""

    def __init__(self, *nodes: Node) -> None:
        flow = Flow("flow", nodes[0].id, {node.id: node for node in (*nodes, HangUp(_OUT))})
        entry = EntryPoint("entry", "voice", ("1",), "line", "en", flow.id)
        menus = MenuPlan({flow.id: flow})
        plan = Plan("case", "UTC", ("en",), FloorPlan(), menus, DeskPlan(), {entry.id: entry}, hash="case")
        self._engine = Engine(plan)
        self._tell(CentreStarted(plan.hash))
        self._tell(ContactArrived("c", "1"))

    def key(self, keys: str) -> str:
        """Press keys. Why the walk left by the way out, or nothing if it did not."""
        return self._tell(ContactKeyed("c", keys))

    def stay_silent(self) -> str:
        """Let the time for a key pass. Why the walk left by the way out, or nothing if it did not."""
        due = self._engine.deadline()
        assert due is not None, "a menu does not wait for ever"
        return self._after(self._engine.tick(due))

    def _tell(self, fact: Event) -> str:
        return self._after(self._engine.handle(fact, self._engine.now))

    def _after(self, events: list[Event]) -> str:
        because = next((move.because for move in events if isinstance(move, FlowMoved) and move.node == _OUT), "")
        for say in [event.say for event in events if isinstance(event, SayPrompts)]:
            self._tell(PromptFinished("c", say))
        return because


def freepbx_loops(given: dict[str, Any]) -> dict[str, Any]:
    """The entry number that goes to the destination when so many bad ones are forgiven."""
    forgiven = whole(given, "invalid_loops", "given")
    walk = _Walk(Menu("menu", ("ask",), (), _OUT, attempts_max=forgiven + 1))
    steps = (walk.key(str(entry)) for entry in listed(field(given, "inputs", "given"), "given.inputs"))
    return {"final_on_input": _way_out(steps)[0]}


def menu_exit(given: dict[str, Any]) -> dict[str, Any]:
    """After which input, and why, a menu gives up that has a sub-menu from which one may come back."""
    attempts = whole(given, "max_failures", "given")
    if attempts != whole(given, "max_timeouts", "given"):
        raise Unsupported("a limit of its own for silence and another for wrong keys")
    menu = Menu("menu", ("ask",), (("1", "submenu"),), _OUT, attempts_max=attempts)
    walk = _Walk(menu, Menu("submenu", ("ask",), ((_BACK, "menu"),), _OUT, attempts_max=attempts))
    steps = (_input(walk, str(entry)) for entry in listed(field(given, "inputs", "given"), "given.inputs"))
    at, because = _way_out(steps)
    return {"exit_after_input": at, "cause": _CAUSES.get(because)}


def _input(walk: _Walk, entry: str) -> str:
    if entry == "none":
        return walk.stay_silent()
    if entry == "bad":
        return walk.key(_WRONG_KEY)
    if re.fullmatch(r"1 \(submenu, back\)", entry):
        return walk.key("1") or walk.key(_BACK)
    raise ShapeFault(f"given.inputs: `{entry}` is none of none, bad, 1 (submenu, back)")


def _way_out(steps: Iterable[str]) -> tuple[int | None, str]:
    return next(((at, because) for at, because in enumerate(steps, 1) if because), (None, ""))
