"""Stories to ask why about, and how to ask a journal of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from acd.events import (
    AgentStateSet,
    ContactJoined,
    ContactReleased,
    ContactReprioritised,
    OfferAccepted,
)
from acd.plan import AgentPlan, QueuePlan, Requirement
from ivr.events import ContactKeyed
from ivr.flow import HandOver, Menu, Node
from router import codec
from router.adapters.looking_back import LookBack
from router.adapters.memory_journal import MemoryJournal
from router.events import ContactArrived
from router.explain import Why, WhyNot, as_data, ask
from router.plan import Plan
from router.ports import Batch, Journal, Row
from tests.worlds import QUEUE, S, Story, as_it_is, plan

PAY = QueuePlan(
    "pay",
    priority=1,
    requirements=(Requirement("pay", 2),),
    wait_ms_max=600 * S,
    exclusion_ms=60 * S,
    wrap_up_ms=30 * S,
)
HELP = replace(QUEUE, wait_ms_max=None)


def two_queues(**changes: Any) -> Plan:
    """A centre whose callers choose: 1 for pay, which asks for a skill at level 2; 2 for help, which asks for none."""
    nodes: dict[str, Node] = {
        "menu": Menu("menu", ("menu",), (("1", "pay"), ("2", "help")), "help"),
        "pay": HandOver("pay", "pay"),
        "help": HandOver("help", "help"),
    }
    base = plan(nodes, queues=(replace(PAY, **changes), HELP))
    levels = {"ann": 3, "bob": 2, "cat": 1}
    agents = {name: AgentPlan(name, (("pay", level),)) for name, level in levels.items()} | {"dan": AgentPlan("dan")}
    return replace(base, floor=replace(base.floor, agents=agents))


def simple(*agents: str, **changes: Any) -> Story:
    """A centre with one queue, in which everybody can serve everybody; these agents have been ready since 0, 1, 2 s."""
    story = Story(plan(queues=(replace(QUEUE, **changes),), agents=dict.fromkeys(("ann", "bob", "cat", "dan"), ())))
    for second, agent in enumerate(agents):
        story.take(second * S, AgentStateSet(agent, "ready"))
    return story


def serve(story: Story, at: int, contact: str, agent: str, offer: int) -> None:
    """The agent takes the contact, and they talk."""
    story.take(at, OfferAccepted(contact, agent, offer), ContactJoined(contact, agent, offer))


async def journal_of(story: Story, journal: Journal) -> None:
    """Write what has happened in a story into a journal."""
    for known in story.engine.plans.values():
        await journal.save_plan(known.hash, codec.dump_plan(known))
    rows = [
        Row(seq, at, "", event.kind, codec.version_of(event.kind), codec.encode(event, as_it_is))
        for seq, (at, event) in enumerate(story.log, start=1)
    ]
    await journal.append(Batch(rows))


async def no_pause(_row: Row) -> None:
    """Read on."""


async def ask_about(story: Story, contact: str, agent: str | None = None, at: int | None = None) -> Why | WhyNot:
    """What a journal of the story answers."""
    journal = MemoryJournal()
    await journal_of(story, journal)
    return await ask(journal, contact, agent, at, no_pause)


def asked(story: Story, contact: str, agent: str | None = None, at: int | None = None) -> Why | WhyNot:
    """The same, where no event loop runs."""
    return asyncio.run(ask_about(story, contact, agent, at))


def said(story: Story, contact: str, agent: str | None = None, at: int | None = None) -> list[str]:
    """The words of an answer, without the story and the last line."""
    words = asked(story, contact, agent, at).words
    return [line for line in words[: words.index("Its story:") if "Its story:" in words else -1] if line]


def arrive(story: Story, at: int, contact: str, key: str) -> None:
    """A customer calls, and chooses."""
    story.take(at, ContactArrived(contact, "100"), ContactKeyed(contact, key))


def busy() -> Story:
    """Ann wraps up and Bob talks, Cat is on a pause and Dan is ready, but has not the skill; c4 and c5 wait for pay."""
    story = Story(two_queues())
    for agent in ("ann", "bob", "dan"):
        story.take(0, AgentStateSet(agent, "ready"))
    story.take(0, AgentStateSet("cat", "paused", "lunch"))
    arrive(story, 1 * S, "c1", "1")
    serve(story, 2 * S, "c1", "ann", 1)
    arrive(story, 3 * S, "c2", "1")
    serve(story, 4 * S, "c2", "bob", 2)
    story.take(5 * S, ContactReleased("c1", "ann"))
    arrive(story, 6 * S, "c4", "1")
    arrive(story, 7 * S, "c5", "1")
    story.take(8 * S, ContactReprioritised("c5", 3))
    return story


def looking_back_in(journal: Journal, rows_max: int | None = None) -> LookBack:
    """What a service asks about its past, answered in this process."""

    async def look_back(contact: str, agent: str | None, until: int) -> dict[str, Any]:
        return as_data(await ask(journal, contact, agent, until, no_pause, rows_max=rows_max))

    return look_back
