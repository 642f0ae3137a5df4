"""What an agent can take on beside what he has in hand, in units of cost.

The idea of one capacity shared by all channels, each contact costing a part of it, is that of the job router of Azure
Communication Services; that a channel may bound the number of its contacts by itself, that of Twilio's TaskRouter.

Contacts that can be interrupted (`acd.plan.ChannelPlan`) make a second, lower rank. One that cannot is offered as if
they were not there. Once it is joined, as many of those talked to are interrupted as it takes to keep within the
capacity, the last come first; and they go on, the first come first, as soon as there is room for them beside all that
is in hand, offers that ring included. Among themselves they never interrupt each other. Wrap-up has an end of its own
and is not interrupted.
"""

from __future__ import annotations

from acd.model import Agent, Stance, Work, WorkState
from acd.plan import AgentPlan, ChannelPlan, FloorPlan

Reach = tuple[tuple[ChannelPlan, int | None], ...]
"""The channels of which an agent takes contacts at all, each with how many at once at most; None: what fits."""


def reach(agent: AgentPlan, floor: FloorPlan) -> Reach:
    """What an agent could take with nothing in hand. A channel that costs more than he can bear is not in it."""
    takes = dict.fromkeys(floor.channels) if agent.channels is None else dict(agent.channels)
    channels = (channel for channel in floor.channels.values() if channel.cost <= agent.capacity)
    return tuple((channel, takes[channel.id]) for channel in channels if channel.id in takes)


def in_hand_max(floor: FloorPlan) -> int:
    """How many contacts at most any agent ever has in hand under these rules."""
    return max((_in_hand_max(agent, floor) for agent in floor.agents.values()), default=0)


def _in_hand_max(agent: AgentPlan, floor: FloorPlan) -> int:
    """Contacts that can wait fill the capacity a second time."""
    costs: dict[bool, list[int]] = {}
    for channel, _ in reach(agent, floor):
        costs.setdefault(channel.interruptible, []).append(channel.cost)
    return sum(agent.capacity // min(of_rank) for of_rank in costs.values())


def openings(agent: Agent, within: Reach) -> tuple[str, ...]:
    """The channels of which he could be offered a contact now.

    None while an offer is open: he answers one at a time, so that it is plain which one he missed.
    """
    if agent.offer or agent.pending or agent.stance is not Stance.READY:
        return ()
    load = waits_not = 0
    for work in agent.works.values():
        load += work.cost
        if not work.interruptible:
            waits_not += work.cost
    found = []
    for channel, most in within:
        beside = load if channel.interruptible else waits_not
        if beside + channel.cost <= agent.capacity and (most is None or _in_hand(agent, channel) < most):
            found.append(channel.id)
    return tuple(found)


def _in_hand(agent: Agent, channel: ChannelPlan) -> int:
    return sum(work.channel == channel.id for work in agent.works.values())


def to_interrupt(agent: Agent) -> Work | None:
    """The contact that has to wait, because there are some that cannot and no room for all; None: none has to."""
    last = next((work for work in reversed(agent.works.values()) if work.interruptible and _takes_part(work)), None)
    if last is None:
        return None
    active = [work for work in agent.works.values() if _takes_part(work)]
    if sum(work.cost for work in active) <= agent.capacity or all(work.interruptible for work in active):
        return None
    return last


def _takes_part(work: Work) -> bool:
    """Whether a contact has his attention: he talks with it, or wraps one up that could not be interrupted."""
    return work.state is WorkState.TALKING or (work.state is WorkState.WRAP_UP and not work.interruptible)


def to_resume(agent: Agent) -> Work | None:
    """The interrupted contact with which he can go on, or None."""
    works = agent.works.values()
    first = next((work for work in works if work.state is WorkState.INTERRUPTED), None)
    if first is None or all(work.interruptible for work in works):
        return first
    others = sum(work.cost for work in works if work.state is not WorkState.INTERRUPTED)
    return first if others + first.cost <= agent.capacity else None
