"""Whether agents can bear what comes: what contacts cost, and what agents take, judged together.

Only where none of it has a fault already: one mistake is one fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from acd.plan import CHANNELS, AgentPlan
from router.centre.clear import is_clear
from router.centre.coverage import OF_QUEUES, able, arrivals, is_staffed
from router.centre.document import Document, Path
from router.centre.sections import AgentSpec, EntryPointSpec, QueueSpec
from router.errors import Fault

Entry = Mapping[str, Any]

# The settings that decide what an agent has room for.
_OF_AGENTS: Final = frozenset({"capacity", "channels"})
_OF_ENTRY_POINTS: Final = frozenset({"channel"})
_CAPACITY: Final = AgentPlan("").capacity


def unbearable(document: Document, told: Collection[str]) -> Iterator[Fault]:
    """What an agent never has room for, and queues whose contacts nobody has room for.

    `told` are the fields that have a fault already. Nothing is said unless `is_measured`.
    """
    if not is_measured(document, told) or not is_staffed(document, told):
        return
    costs = _costs(document)
    yield from _unused(document, costs)
    for path, agent in document.entries("agents"):
        yield from _of_agent(document, path, agent, costs)
    arriving = arrivals(document, told)
    for path, queue in document.entries("queues"):
        comes = arriving.get(str(path[-1]), set()) if is_clear(path, QueueSpec, OF_QUEUES, told) else set()
        for channel in sorted({channel for _, channel in comes}):
            languages = sorted(language for language, by in comes if by == channel)
            yield from _of_queue(document, path, queue, channel, languages, costs[channel])


def is_measured(document: Document, told: Collection[str]) -> bool:
    """Whether it is known what contacts cost, by which channels they come, and what agents can bear."""
    agents = (("agents", name) for name in document.section("agents"))
    entry_points = [("entry_points", name) for name in document.section("entry_points")]
    return (
        bool(entry_points)
        and not document.broken
        and not any(field.split(".")[0] == "channels" for field in told)
        and all(is_clear(path, AgentSpec, _OF_AGENTS, told) for path in agents)
        and all(is_clear(path, EntryPointSpec, _OF_ENTRY_POINTS, told) for path in entry_points)
    )


def _costs(document: Document) -> dict[str, int]:
    """What a contact of each channel costs by which some come."""
    own = document.section("channels")
    used = {str(entry.get("channel", "voice")) for _, entry in document.entries("entry_points")}
    usual = {name: channel.cost for name, channel in CHANNELS.items() if name in used}
    return {name: (own.get(name) or {}).get("cost") or cost for name, cost in usual.items()}


def _unused(document: Document, costs: Mapping[str, int]) -> Iterator[Fault]:
    for channel in document.section("channels"):
        if channel not in costs:
            hint = f"give one `channel: {channel}`, or take this out"
            yield document.fault(("channels", channel), f"no entry point has the channel `{channel}`", hint)


def _of_agent(document: Document, path: Path, agent: Entry, costs: Mapping[str, int]) -> Iterator[Fault]:
    """Nothing is listed that he never has room for, and something that comes is."""
    capacity, listed = agent.get("capacity", _CAPACITY), agent.get("channels")
    for channel, most in (listed or {}).items():
        here, cost = (*path, "channels", channel), costs.get(channel, 0)
        if cost > capacity:
            message = f"a contact by {channel} costs {cost} units, and this agent bears {capacity}"
            yield document.fault(here, message, "raise his `capacity`, or take the channel out")
        elif cost and most is not None and most * cost > capacity:
            message = (
                f"he never has more than {capacity // cost} of these at once: each costs {cost} of {capacity} units"
            )
            yield document.fault(here, message, "raise his `capacity`, or lower this")
    if not _takes(agent, costs) and not (listed and any(costs.get(channel, 0) > capacity for channel in listed)):
        message = f"`{path[-1]}` can take nothing that comes: {_priced(costs)}"
        field = (*path, "channels") if listed else (*path, "capacity")
        yield document.fault(field, message, "let him take a channel of the entry points")


def _of_queue(
    document: Document, path: Path, queue: Entry, channel: str, languages: Collection[str], cost: int
) -> Iterator[Fault]:
    """Somebody who could serve it takes what comes by this channel; an old system knows of calls only."""
    if queue.get("compat"):
        if channel != "voice":
            message = f"contacts come to `{path[-1]}` by {channel}, and it follows an old system that knows only calls"
            yield document.fault((*path, "compat"), message, "send them to another queue")
        return
    for language in languages:
        agents = able(document, queue, language)
        if agents and not any(_takes(agent, {channel: cost}) for agent in agents):
            most = max(agent.get("capacity", _CAPACITY) for agent in agents)
            what = f"a contact by {channel} costs {cost} units"
            why = f"{what}, and nobody who could serve it bears more than {most}" if cost > most else "none takes any"
            hint = f"let an agent who could serve it take {channel}, and lower its `cost` or raise his `capacity`"
            yield document.fault(path, f"no agent could ever take what comes to `{path[-1]}` by {channel}: {why}", hint)
            return


def _takes(agent: Entry, costs: Mapping[str, int]) -> list[str]:
    """Which of these channels an agent takes with nothing in hand."""
    capacity, listed = agent.get("capacity", _CAPACITY), agent.get("channels")
    return [channel for channel, cost in costs.items() if cost <= capacity and (listed is None or channel in listed)]


def _priced(costs: Mapping[str, int]) -> str:
    return ", ".join(f"{channel} at {cost} units" for channel, cost in costs.items())
