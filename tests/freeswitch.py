"""Centres whose queues are on the strategies of FreeSWITCH, and what happens in them."""

from __future__ import annotations

from typing import Any

from acd.compat.freeswitch.plan import FreeswitchAgent, FreeswitchQueue
from acd.events import AgentStateSet, ContactJoined, ContactReleased, OfferAccepted, OfferContact, OfferDeclined
from acd.plan import QueuePlan
from ivr.events import ContactKeyed, PromptFinished
from ivr.flow import HandOver, Menu
from router.events import ContactArrived
from router.plan import Plan
from tests.worlds import S, Story, plan

T = 1_000 * S
"""The instant at which the stories begin, with room for what was before."""


def agent(name: str, position: int = 1, **settings: Any) -> FreeswitchAgent:
    """An agent of level 1."""
    return FreeswitchAgent(name, settings.pop("level", 1), position, **settings)


def queue(*listed: FreeswitchAgent, name: str = "help", offer_ms: int = 60 * S, **settings: Any) -> QueuePlan:
    """A queue with these agents."""
    compat = FreeswitchQueue(agents=listed, **settings)
    return QueuePlan(name, compat=compat, offer_ms=offer_ms, wrap_up_ms=0)


def centre(*queues: QueuePlan, version: str = "v1") -> Plan:
    """A centre of these queues, which customers reach by the keys 1, 2, ..., or at once if there is only one."""
    names = {each.agent for one in queues if isinstance(one.compat, FreeswitchQueue) for each in one.compat.agents}
    keys = tuple((str(key), one.id) for key, one in enumerate(queues, 1))
    hand_overs: dict[str, Any] = {one.id: HandOver(one.id, one.id) for one in queues}
    menu = {"menu": Menu("menu", ("menu",), keys, queues[0].id)} if len(queues) > 1 else {}
    return plan({**menu, **hand_overs}, queues=queues, agents=dict.fromkeys(sorted(names), ()), version=version)


def opened(rules: Plan, *away: str) -> Story:
    """A centre in which everybody is ready, but for these, who are not there."""
    story = Story(rules)
    story.take(T - 10 * S, *(AgentStateSet(name, "ready") for name in rules.floor.agents if name not in away))
    story.take(T)
    story.news()
    return story


def arrive(story: Story, at: int, contact: str = "c1", number: str = "", *, key: str = "") -> None:
    """A customer comes to the first queue, or to the one that he keys."""
    facts: list[Any] = [ContactArrived(contact, "100", number, personal=bool(number))]
    if key:
        facts += [PromptFinished(contact, 1), ContactKeyed(contact, key)]
    story.take(at, *facts)
    story.wait(at)


def offers(story: Story) -> list[tuple[float, str, str]]:
    """Every offer since the last time of asking for news, in seconds from T."""
    return [((at - T) / S, event.contact, event.agent) for at, event in story.of(OfferContact)]


def answer(story: Story, at: int, contact: str = "c1") -> str:
    """The first phone that rings for a contact is picked up, and the parties are joined. Returns whose it is."""
    story.wait(at)
    floor = story.engine.board.floor
    offer = floor.offers[floor.contacts[contact].offers[0]]
    story.take(at, OfferAccepted(contact, offer.agent, offer.id), ContactJoined(contact, offer.agent, offer.id))
    story.wait(at)
    return offer.agent


def decline(story: Story, at: int) -> None:
    """The last phone that rang does not want the contact."""
    story.wait(at)
    offer = [*story.engine.board.floor.offers.values()][-1]
    story.take(at, OfferDeclined(offer.contact, offer.agent, offer.id))
    story.wait(at)


def talk(story: Story, begin: int, end: int, contact: str = "c1") -> str:
    """A customer comes, is answered at once, and released at the end. Returns by whom."""
    arrive(story, begin, contact)
    who = answer(story, begin, contact)
    story.take(end, ContactReleased(contact, who))
    story.wait(end)
    return who
