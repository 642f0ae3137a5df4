"""What can be said of a menu tree before anybody calls: whether it is reached, and whether it comes to an end."""

from __future__ import annotations

from collections.abc import Iterator

from router.centre.document import Document, Path
from router.centre.sections import FlowSpec, NodeSpec, Sections
from router.errors import Fault


def dead_ends(document: Document, sections: Sections) -> list[Fault]:
    """Nodes that no caller reaches, and loops that a caller who presses nothing never leaves."""
    faults: list[Fault] = []
    for flow_id, flow in sections.flows.items():
        faults += _unreachable(document, ("flows", flow_id, "nodes"), flow)
        faults += _endless(document, ("flows", flow_id, "nodes"), flow)
    return faults


def _unreachable(document: Document, path: Path, flow: FlowSpec) -> Iterator[Fault]:
    reached: set[str] = set()
    ahead = [flow.start]
    while ahead:
        node_id = ahead.pop()
        if node_id not in flow.nodes:
            return  # a fault of its own, and what it was to lead to cannot be known
        if node_id not in reached:
            reached.add(node_id)
            ahead += [target for _, target in flow.nodes[node_id].targets()]
    for node_id in flow.nodes:
        if node_id not in reached:
            message = f"no caller ever reaches the node `{node_id}`"
            yield document.fault((*path, node_id), message, "lead another node to it, or take it out")


def _endless(document: Document, path: Path, flow: FlowSpec) -> Iterator[Fault]:
    """Loops of the steps that need no key. Without one, every caller comes to a hand-over or a hang-up in the end."""
    done: set[str] = set()
    for node_id in flow.nodes:
        for loop in _loops_from(flow, node_id, done):
            way = " -> ".join([*loop, loop[0]])
            message = f"a caller who presses nothing never gets out: {way}"
            yield document.fault((*path, loop[0]), message, "lead a `failure` or a `next` on the way to a hang_up")


def _loops_from(flow: FlowSpec, start: str, done: set[str]) -> Iterator[list[str]]:
    """The loops that a depth-first walk from `start` closes. `done` holds what was walked before, and grows."""
    way: list[str] = []
    ahead = [(start, 0)]
    while ahead:
        node_id, depth = ahead.pop()
        del way[depth:]
        if node_id in way:
            yield way[way.index(node_id) :]
        elif node_id in flow.nodes and node_id not in done:
            done.add(node_id)
            way.append(node_id)
            ahead += [(target, len(way)) for target in _without_a_key(flow.nodes[node_id])]


def _without_a_key(node: NodeSpec) -> list[str]:
    """Where a caller goes who presses nothing."""
    if node.node in {"menu", "collect"}:
        return [target for field, target in node.targets() if field == ("failure",)]
    return [target for _, target in node.targets()]
