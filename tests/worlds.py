"""Small centres, and the means to tell a story in one: facts at instants in, the whole log with its instants out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acd.events import AgentStateSet, ContactJoined, ContactReleased, OfferAccepted
from acd.model import AgentState, ContactState
from acd.plan import (
    CHANNELS,
    Ageing,
    AgentPlan,
    Announce,
    Callbacks,
    Channel,
    ExpectedWaitMax,
    FloorPlan,
    Hours,
    Overflow,
    Preferred,
    PriorityRule,
    QueuePlan,
    Relaxation,
    Requirement,
    Tier,
    Voicemail,
    Window,
)
from escalation.hours import Calendar
from escalation.plan import CaseType, DeskPlan, Team
from ivr import flow as menus
from ivr.flow import CaseStatus, Collect, Flow, HandOver, HangUp, Menu, MenuPlan, Node, Say, SetLanguage
from router import codec
from router.board import Board
from router.engine import Engine, Refused
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.plan import EntryPoint, Plan

S = 1_000
"""A second, in the milliseconds that the core counts."""
ALWAYS = Calendar("always", (0,), (10**9,), (0, 10**9))
QUEUE = QueuePlan("help", wrap_up_ms=30 * S, case_type="matter")


def plan(
    nodes: dict[str, Node] | None = None,
    *,
    queues: tuple[QueuePlan, ...] = (QUEUE,),
    agents: dict[str, tuple[str, ...]] | None = None,
    calendars: tuple[Calendar, ...] = (ALWAYS,),
    version: str = "v1",
) -> Plan:
    """A centre with one number, 100, whose flow starts at its first node (by default: straight to the first queue).

    `agents`: each with their skills, all at level 1.
    """
    nodes = nodes or {"queue": HandOver("queue", queues[0].id)}
    staff = {"ann": (), "bob": ()} if agents is None else agents
    return Plan(
        centre="test",
        zone="UTC",
        languages=("en", "zh"),
        floor=FloorPlan(
            {queue.id: queue for queue in queues},
            {agent: AgentPlan(agent, tuple((skill, 1) for skill in sorted(skills))) for agent, skills in staff.items()},
        ),
        menus=MenuPlan({"front": Flow("front", next(iter(nodes)), nodes)}, prompt_ms_max=60 * S),
        desk=DeskPlan(
            {"team": Team("team", "care")},
            {"matter": CaseType("matter", "team", 100 * S, calendars[0].id)},
            {calendar.id: calendar for calendar in calendars},
        ),
        entry_points={"line": EntryPoint("line", "voice", ("100",), "care", "en", "front")},
        reasons=("done", "hard"),
        hash=version,
    )


def every_200_s(name: str, start: int, end: int) -> Calendar:
    """A calendar that opens and closes so long after the beginning of each 200 seconds."""
    edges = range(0, 10_000 * S, 200 * S)
    return Calendar(name, tuple(edge + start for edge in edges), tuple(edge + end for edge in edges), (0, 10_000 * S))


def busy_plan(version: str = "v1") -> Plan:
    """A centre with everything in it that can happen, and durations so short that it does.

    In every version but the first, Dan can do what Bob can.
    """
    needs = QueuePlan(
        "needs",
        requirements=(Requirement("pay"),),
        match_language=True,
        wait_ms_max=60 * S,
        wrap_up_ms=30 * S,
        exclusion_ms=15 * S,
        retry_ms=5 * S,
        announce=Announce(8 * S, position=True, expected_wait=True, prompts=("hold",)),
        case_type="matter",
    )
    quick = QueuePlan("quick", 1, wrap_up_ms=0, missed_offers_max=None, wrap_up_outcome="escalated", case_type="matter")
    options = (("1", "who"), ("2", "zh"), ("3", "status"), ("4", "bye"), ("*", "menu"))
    nodes: dict[str, Node] = {
        "hours": menus.Hours("hours", "shifts", "welcome", "quick"),
        "welcome": Say("welcome", ("hello",), "menu"),
        "menu": Menu("menu", ("menu",), options, "needs"),
        "who": Collect("who", ("who",), "employee", 2, 4, "pin", "needs", identify=True),
        "pin": Collect("pin", ("pin",), "pin", 4, 4, "menu", "needs", secret=True),
        "zh": SetLanguage("zh", "zh", "needs"),
        "status": CaseStatus("status", (("open", "is_open"), ("resolved", "is_done")), "menu", "quick"),
        "needs": HandOver("needs", "needs", ("hold",)),
        "quick": HandOver("quick", "quick"),
        "bye": HangUp("bye", ("bye",)),
    }
    shifts = every_200_s("shifts", 0, 100 * S)
    agents = {
        "ann": ("en", "pay"),
        "bob": ("en", "pay", "zh"),
        "cat": ("zh", "pay"),
        "dan": (),
        "spare": ("en", "pay", "zh"),
    }
    if version != "v1":
        agents["dan"] = agents["bob"]
    return plan(nodes, queues=(needs, quick), agents=agents, calendars=(shifts,), version=version)


def _rich_needs(needs: QueuePlan, *, first: bool) -> QueuePlan:
    return replace(
        needs,
        ageing=Ageing(20 * S, 1, 2),
        tiers=(Tier(("cat", "ann", "spare")), Tier(("bob", "dan"), 15 * S if first else 5 * S)),
        relaxations=(
            Relaxation(None, (Requirement("pay"),)),
            Relaxation(40 * S if first else 20 * S, (Requirement("pay"),)),
            Relaxation(None, during="nights"),
        ),
        hours=Hours("shifts" if first else "nights", "quick", waiting="move"),
        selection="weighted_random" if first else "round_robin",
        ring="progressive" if first else "all",
        ring_step_ms=5 * S,
        overflow=Overflow(45 * S, "quick", "" if first else "contact.identified"),
        preferred=Preferred(12 * S, when="contact.language == 'en'" if first else ""),
        priorities=(PriorityRule("contact.language == 'zh'", 1), PriorityRule("keyed.employee != ''", -1)),
        direct_ms=12 * S,
        consult_ms=25 * S,
        reasons=("done",),
        wrap_up_reason="done",
        leave_when_empty=True,
    )


def _rich_quick(quick: QueuePlan, *, first: bool) -> QueuePlan:
    return replace(
        quick,
        weight=0 if first else 1,
        order="slack",
        head_start_ms=5 * S,
        selection="fewest_contacts" if first else "least_occupied",
        ring="all" if first else "progressive",
        ring_step_ms=3 * S,
        announce=Announce(11 * S, position=True),
        waiting_max=3,
        hours=None if first else Hours("shifts", waiting="send_away", prompts=("bye",)),
        expected_wait_max=ExpectedWaitMax(20 * S),
        agents_min=1 if first else 2,
        priorities=() if first else (PriorityRule("open.nights", 2),),
        preferred=Preferred(10 * S, last_agent=True, within_ms=300 * S),
        leave_when_empty=not first,
    )


def rich_plan(version: str = "v1") -> Plan:
    """The busy centre with every way to order contacts and agents, to ring them, to limit a queue and to leave it.

    It has a number for chats, 200, and one for mails, 300; its agents differ in what they can bear at once.
    Both queues call back and take messages; the one within hours that are over by and by.

    In every version but the first, all that is otherwise: tiers and relaxations come sooner, the other queue's ring,
    the agents bear less and contacts cost more.
    """
    busy, first = busy_plan(version), version == "v1"
    queues = busy.floor.queues
    needs, quick = _rich_needs(queues["needs"], first=first), _rich_quick(queues["quick"], first=first)
    needs, quick = with_stand_ins(needs, quick, first=first)
    crew = busy.floor.agents
    agents = {
        **crew,
        "ann": replace(crew["ann"], capacity=100 if first else 60),
        "bob": replace(crew["bob"], channels=(("voice", 1), ("chat", 1))),
        "cat": replace(crew["cat"], capacity=140),
        "dan": replace(crew["dan"], wrap_up_ms=10 * S, missed_offers_max=2, channels=(("voice", None), ("mail", 2))),
    }
    agents["dan"] = replace(agents["dan"], weight=3)
    channels = {name: CHANNELS[name] for name in ("voice", "chat", "mail")}
    channels["chat"] = replace(channels["chat"], cost=40 if first else 60)
    front = busy.menus.flows["front"]
    named = HandOver("needs", "needs", ("hold",), prefers=("bob", "cat"))
    own_terms = HandOver("quick", "quick", priority=1, head_start_ms=10 * S, wait_ms_max=45 * S)
    flow = replace(front, nodes={**front.nodes, "quick": own_terms, "needs": named})
    nights = every_200_s("nights", 70 * S, 170 * S)
    return replace(
        busy,
        floor=FloorPlan({"needs": needs, "quick": quick}, agents, channels=channels),
        desk=replace(busy.desk, calendars={"nights": nights, **busy.desk.calendars}),
        menus=replace(busy.menus, flows={"front": flow}),
        entry_points={
            **busy.entry_points,
            "chat": EntryPoint("chat", "chat", ("200",), "care", "en", "front"),
            "mail": EntryPoint("mail", "mail", ("300",), "care", "en", "front"),
        },
    )


def with_stand_ins(needs: QueuePlan, quick: QueuePlan, *, first: bool) -> tuple[QueuePlan, QueuePlan]:
    """The two queues, calling back and taking messages."""
    edges = range(0, 3_000 * S, 70 * S)
    window = Window(tuple(edges), tuple(edge + 50 * S for edge in edges))
    return (
        replace(
            needs,
            callbacks=Callbacks(2, 20 * S, 8 * S, window, 10 * S),
            voicemail=Voicemail(40 * S if first else 20 * S, ("nobody_there",), 15 * S, ("speak",)),
        ),
        replace(
            quick,
            callbacks=Callbacks(3 if first else 1, 10 * S, 12 * S),
            voicemail=Voicemail(None, ("blocked", "timed_out"), 10 * S) if first else None,
        ),
    )


def as_it_is(_kind: str, value: str) -> str:
    """A seal that hides nothing."""
    return value


def dump(board: Board) -> bytes:
    """All of a board's state."""
    return codec.dump_board(board, as_it_is)


def copy(engine: Engine) -> Engine:
    """An engine that starts from a snapshot of this one."""
    other = Engine(*engine.plans.values())
    other.board = codec.load_board(dump(engine.board), engine.plans, str)
    return other


class Story:
    """An engine from time 0 on, and everything that has happened in it, with its instants."""

    def __init__(self, *plans: Plan) -> None:
        self.engine = Engine(*plans)
        self.log: list[tuple[int, Event]] = []
        self.told = 0
        self.take(0, CentreStarted(plans[0].hash))
        self.news()

    def take(self, at: int, *facts: Event) -> None:
        """Let time pass until `at`, then let these facts come in."""
        self.wait(at)
        for fact in facts:
            self.log += [(at, event) for event in self.engine.handle(fact, at)]

    def wait(self, until: int) -> None:
        """Let time pass; everything happens exactly when it is due."""
        while (deadline := self.engine.deadline()) is not None and deadline <= until:
            self.log += [(deadline, event) for event in self.engine.tick(deadline)]

    def refusal(self, at: int, fact: Event) -> tuple[str, str]:
        """Whose fault it is that this fact is not taken, and why. It must not be, and must change nothing."""
        self.wait(at)
        before = dump(self.engine.board)
        try:
            events = self.engine.handle(fact, at)
        except Refused as refused:
            assert before == dump(self.engine.board)
            return (refused.fault, refused.reason)
        raise AssertionError(f"taken, with {events}")

    def news(self) -> list[tuple[int, Event]]:
        """What has happened since the last time of asking."""
        news, self.told = self.log[self.told :], len(self.log)
        return news

    def of(self, *kinds: type) -> list[tuple[int, Any]]:
        """What has happened of these kinds, since the last time of asking for news."""
        return [(at, event) for at, event in self.log[self.told :] if isinstance(event, kinds)]


def ready(*agents: str) -> list[AgentStateSet]:
    """These agents say that they are ready."""
    return [AgentStateSet(agent, "ready") for agent in agents]


def with_queue(base: Plan, queue: str, **changes: Any) -> Plan:
    """The same centre, its queue changed."""
    queues = {**base.floor.queues, queue: replace(base.floor.queues[queue], **changes)}
    return replace(base, floor=replace(base.floor, queues=queues))


def arriving_by(base: Plan, channel: Channel) -> Plan:
    """The same centre, whose one address is of another channel."""
    line = replace(base.entry_points["line"], channel=channel)
    channels = {str(name): CHANNELS[name] for name in ("voice", channel)}
    return replace(base, floor=replace(base.floor, channels=channels), entry_points={"line": line})


# --- a call to Ann, as far as it has come -------------------------------------------------------------------------

ARRIVED = ContactArrived("c1", "100")
READY = AgentStateSet("ann", "ready")
ACCEPTED, JOINED = OfferAccepted("c1", "ann", 1), ContactJoined("c1", "ann", 1)
RELEASED, LEFT = ContactReleased("c1", "ann"), ContactLeft("c1")


def ringing(rules: Plan | None = None) -> Story:
    """A contact that arrived at 1 s and rings at Ann's, ready since 0; Bob is logged in, but on a break."""
    story = Story(rules or plan())
    story.take(0, READY, AgentStateSet("bob", "paused"))
    story.take(1 * S, ARRIVED)
    story.news()
    return story


def joining(rules: Plan | None = None) -> Story:
    """Ann has accepted, at 2 s."""
    story = ringing(rules)
    story.take(2 * S, ACCEPTED)
    story.news()
    return story


def talking(rules: Plan | None = None) -> Story:
    """The two have talked since 3 s."""
    story = joining(rules)
    story.take(3 * S, JOINED)
    story.news()
    return story


def wrapping_up(rules: Plan | None = None) -> Story:
    """The two have talked from 3 s to 9 s."""
    story = talking(rules)
    story.take(9 * S, RELEASED)
    story.news()
    return story


def state(story: Story) -> tuple[ContactState | None, AgentState]:
    """What became of the contact and of Ann."""
    floor = story.engine.board.floor
    contact = floor.contacts.get("c1")
    return (contact.state if contact else None, floor.agents["ann"].state)
