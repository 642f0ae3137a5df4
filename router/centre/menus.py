"""What can be said of a menu tree before anybody calls: whether its nodes exist and are reached, and whether it ends.

All of it is read from the files as they stand, so that a node with a fault in its prompts hides nothing of the tree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, get_args

from router.centre.clear import is_clear
from router.centre.document import Document, Path
from router.centre.sections import HandOverSpec, NodeSpec
from router.errors import Fault
from router.nearest import what_there_is

_UNION, _ = get_args(NodeSpec)
FOLLOWERS: Final[Mapping[str, tuple[str, ...]]] = {
    kind: model.FOLLOWERS for model in get_args(_UNION) for kind in get_args(model.model_fields["node"].annotation)
}
"""The settings that name other nodes, by the kind of node."""

Nodes = Mapping[str, Any]


def ways(node: Any) -> list[tuple[Path, str]]:
    """Where a caller may go from a node: the way to each setting that names one, and its name.

    The name is empty where the setting is missing or no text, which is a fault of its own.
    """
    followers = FOLLOWERS.get(str(node.get("node"))) if isinstance(node, dict) else None
    if followers is None:
        return [((), "")]
    found: list[tuple[Path, Any]] = []
    for name in followers:
        value = node.get(name)
        if name == "options" and isinstance(value, dict) and value:
            found += [((name, key), target) for key, target in value.items()]
        else:
            found.append(((name,), value))
    return [(path, target if isinstance(target, str) else "") for path, target in found]


def is_whole(flow: Any) -> bool:
    """Whether all that a flow names as a node is one, so that it can be walked."""
    nodes = flow.get("nodes") if isinstance(flow, dict) else None
    return isinstance(nodes, dict) and all(target in nodes for _, target in _targets(flow))


def nodes_of(document: Document) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The way to each node that is a mapping, and the mapping."""
    for path, flow in document.entries("flows"):
        nodes = flow.get("nodes")
        for node_id, node in nodes.items() if isinstance(nodes, dict) else ():
            if isinstance(node, dict):
                yield (*path, "nodes", node_id), node


def unknown_kinds(document: Document) -> Iterator[Path]:
    """The way to each node of whose settings nothing can be said, as its kind is not known."""
    for path, node in nodes_of(document):
        if ways(node) == [((), "")]:
            yield path


def hand_overs(document: Document) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The way to each node that hands a contact over to a queue, and what it says."""
    for path, node in nodes_of(document):
        if node.get("node") == "hand_over":
            yield path, node


def hand_overs_are_known(document: Document, setting: str, told: Collection[str]) -> bool:
    """Whether all nodes that hand over can be read, to which queue each does, and one more setting of theirs."""
    flows = document.section("flows").values()
    return (
        bool(flows)
        and not document.broken
        and all(isinstance(flow, dict) and isinstance(flow.get("nodes"), dict) for flow in flows)
        and not any(unknown_kinds(document))
        and all(is_clear(path, HandOverSpec, {"queue", setting}, told) for path, _ in hand_overs(document))
    )


def _targets(flow: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every name of a node in a flow that has nodes, with the way to it."""
    yield ("start",), flow["start"] if isinstance(flow.get("start"), str) else ""
    for node_id, node in flow["nodes"].items():
        for way, target in ways(node):
            yield ("nodes", node_id, *way), target


def menu_faults(document: Document) -> Iterator[Fault]:
    """Names that no node has, nodes that no caller reaches, loops that a caller who presses nothing never leaves."""
    for path, flow in document.entries("flows"):
        nodes = flow.get("nodes")
        if not isinstance(nodes, dict) or not nodes:
            continue
        for way, target in _targets(flow):
            if target and target not in nodes:
                hint = what_there_is(target, nodes)
                yield document.fault((*path, *way), f"`{target}` is no node of this flow", hint)
        yield from _unreachable(document, (*path, "nodes"), flow)
        yield from _endless(document, (*path, "nodes"), nodes)


def unreached(flow: Any) -> tuple[list[str], bool]:
    """The nodes that no caller is seen to reach, and whether that is sure: no way on leads to where no node is."""
    nodes = flow.get("nodes") if isinstance(flow, dict) else None
    if not isinstance(nodes, dict):
        return [], True
    reached: set[str] = set()
    ahead = [str(flow.get("start"))]
    while ahead:
        node_id = ahead.pop()
        if node_id not in reached:
            reached.add(node_id)
            ahead += [target for _, target in ways(nodes.get(node_id)) if node_id in nodes]
    return [node_id for node_id in nodes if node_id not in reached], reached <= nodes.keys()


def _unreachable(document: Document, path: Path, flow: Any) -> Iterator[Fault]:
    nodes, is_sure = unreached(flow)
    for node_id in nodes if is_sure else ():  # else it may be meant where a name is wrong, which is a fault of its own
        message = f"no caller ever reaches the node `{node_id}`"
        yield document.fault((*path, node_id), message, "lead another node to it, or take it out")


def _endless(document: Document, path: Path, nodes: Nodes) -> Iterator[Fault]:
    """Loops of the steps that need no key. Without one, every caller comes to a hand-over or a hang-up in the end."""
    done: set[str] = set()
    for node_id in nodes:
        for loop in _loops_from(nodes, node_id, done):
            way = " -> ".join([*loop, loop[0]])
            message = f"a caller who presses nothing never gets out: {way}"
            yield document.fault((*path, loop[0]), message, "lead a `failure` or a `next` on the way to a hang_up")


def _loops_from(nodes: Nodes, start: str, done: set[str]) -> Iterator[list[str]]:
    """The loops that a depth-first walk from `start` closes. `done` holds what was walked before, and grows."""
    way: list[str] = []
    ahead = [(start, 0)]
    while ahead:
        node_id, depth = ahead.pop()
        del way[depth:]
        if node_id in way:
            yield way[way.index(node_id) :]
        elif node_id in nodes and node_id not in done:
            done.add(node_id)
            way.append(node_id)
            ahead += [(target, len(way)) for target in _without_a_key(nodes[node_id])]


def _without_a_key(node: Any) -> list[str]:
    """Where a caller goes who presses nothing."""
    asks = isinstance(node, dict) and node.get("node") in ("menu", "collect")
    return [target for field, target in ways(node) if field == ("failure",) or not asks]
