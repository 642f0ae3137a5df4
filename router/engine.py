"""The engine: facts plus a time in, facts out. Single-threaded, deterministic, no clock of its own.

    events   = engine.handle(fact, now)      # an outside fact; raises Refused, and then nothing has changed
    events   = engine.tick(now)              # time passed
    deadline = engine.deadline()             # when to call tick, or None

The first event that `handle` returns is the accepted fact itself. Each event is applied before anything that follows
from it is decided, so a decision always sees the state that the decisions before it have made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, Literal

import acd.check
import acd.decide
import acd.ending
import acd.hours
import acd.queueing
import acd.stand_ins
import escalation.desk
import ivr.session
from acd.events import (
    ContactEnded,
    HangUp,
    WrappedUp,
    WrapUpExpired,
)
from acd.floor import CONSULT, Floor
from acd.model import Contact, ContactState, Stance
from acd.plan import QueuePlan, Terms
from escalation.case import Matter
from escalation.events import CaseOpened, HoursChanged
from ivr import flow
from ivr.events import ContactKeyed, FlowMoved, PromptFinished, PromptOverran
from router.board import Board
from router.conditions import Facts, keyed_name, open_name
from router.events import FACTS, CentreStarted, ContactArrived, ContactLeft, Event
from router.plan import Plan

Fault = Literal["illegal", "stale"]
Refusal = tuple[Fault, str]


class Refused(Exception):
    """A fact cannot be taken in this state: the sender's fault (illegal), or a race lost (stale, which is normal)."""

    def __init__(self, fault: Fault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason


class Engine:
    """One centre's routing. Recovery is `apply` over the log; `handle` and `tick` decide what the log gets next."""

    def __init__(self, *plans: Plan) -> None:
        """`plans`: every plan the log may speak of, the one in force first."""
        self.plans = {plan.hash: plan for plan in plans}
        self.board = Board(self.plans, plans[0].hash)

    @property
    def board(self) -> Board:
        """The state. Whoever sets another, as recovery does from a snapshot, lets the engine go on from there."""
        return self._board

    @board.setter
    def board(self, board: Board) -> None:
        self._board = board
        self._checks = _checks(board)
        self._follow = _follow(board)

    @property
    def now(self) -> int:
        """The instant of the last event, ms since the epoch."""
        return self._board.now

    def handle(self, fact: Event, now: int) -> list[Event]:
        """Take a fact at `now` and return it with the decisions that follow, or raise `Refused`.

        What is due by `now` comes before it: `tick` first.
        """
        assert now >= self._board.now, "time never runs backwards"
        if refusal := self._refusal(fact):
            raise Refused(*refusal)
        return self._settle(fact, now)

    def tick(self, now: int) -> list[Event]:
        """Let everything happen that is due by `now`."""
        assert now >= self._board.now, "time never runs backwards"
        events: list[Event] = []
        while self._board.due(now) is not None:
            for event in self._board.ring(now):
                events += self._settle(event, now)
        return events

    def deadline(self) -> int | None:
        """The instant (ms) at which something happens by itself, if nothing else happens before; None for never."""
        return self._board.due()

    def apply(self, event: Event, now: int) -> None:
        """Book an event of the log again, deciding nothing."""
        self._board.apply(event, now)

    def takes_secret(self, fact: Event) -> bool:
        """Whether this fact carries digits that must be stored nowhere."""
        return isinstance(fact, ContactKeyed) and self._board.menus.takes_secret(fact.contact)

    def _settle(self, event: Event, now: int) -> list[Event]:
        """Apply an event, then whatever follows from it, depth first. No recursion: keys pressed ahead lead far."""
        apply, events = self._board.apply, []
        following: list[Iterator[Event]] = [iter((event,))]
        while following:
            for happening in following[-1]:
                apply(happening, now)
                events.append(happening)
                if follow := self._follow.get(type(happening)):
                    following.append(follow(happening, now))
                    break  # what follows from it goes before the rest
            else:
                following.pop()
        return events

    def _refusal(self, fact: Event) -> Refusal | None:
        if not self._board.started and type(fact) is not CentreStarted:
            return ("illegal", "no rules are in force yet")
        for check in self._checks[type(fact)]:
            if refusal := check(fact):
                return refusal
        return None


# --- what may happen ----------------------------------------------------------------------------------------------


def _check_started(board: Board, fact: CentreStarted) -> Refusal | None:
    """Rules may change while contacts are in flight, as long as the new ones know everything those need."""
    plan = board.plans.get(fact.plan)
    if plan is None:
        return ("illegal", f"the rules {fact.plan!r} are not known here")
    floor, menus = board.floor, board.menus
    contacts = floor.contacts.values()
    queues = {queue for contact in contacts for queue in (contact.queue, *_queues_of_parts(contact)) if queue}
    agents = {agent.id for agent in floor.agents.values() if agent.stance is not Stance.OFFLINE}
    channels = {contact.channel for contact in contacts}
    nodes = {(session.flow, session.node, menus.node(session).node) for session in menus.sessions.values()}
    known = {(tree.id, node.id, node.node) for tree in plan.menus.flows.values() for node in tree.nodes.values()}
    missing = [
        *(f"queue {queue!r}" for queue in sorted(queues - plan.floor.queues.keys())),
        *(f"the callbacks of queue {queue!r}" for queue in sorted(_calling_back(floor, plan))),
        *(f"the system of queue {queue!r}" for queue in sorted(_changing_hands(board.plan, plan) & queues)),
        *(f"channel {channel!r}" for channel in sorted(channels - plan.floor.channels.keys())),
        *(f"agent {agent!r}" for agent in sorted(agents - plan.floor.agents.keys())),
        *(f"{kind} {node!r} of flow {tree!r}" for tree, node, kind in sorted(nodes - known)),
    ]
    if missing:
        return ("illegal", f"the new rules lack what contacts in flight need: {', '.join(missing)}")
    return None


def _queues_of_parts(contact: Contact) -> Iterator[str]:
    return (part.queue for part in contact.parts.values())


def _changing_hands(old: Plan, new: Plan) -> set[str]:
    """The queues that come to follow Asterisk, or follow it no longer: its attempts cannot begin in the middle."""
    queues = old.floor.queues.keys() & new.floor.queues.keys()
    systems = {queue: {_system(old, queue), _system(new, queue)} for queue in queues}
    return {queue for queue, both in systems.items() if len(both) > 1 and "asterisk" in both}


def _calling_back(floor: Floor, new: Plan) -> set[str]:
    """The queues with a callback in them that the new rules would not let call back."""
    queues = {contact.queue for contact in floor.contacts.values() if contact.stand_in == "callback"}
    return {queue for queue in queues & new.floor.queues.keys() if new.floor.queues[queue].callbacks is None}


def _system(plan: Plan, queue: str) -> str:
    compat = plan.floor.queues[queue].compat
    return compat.system if compat else ""


def _check_arrived(board: Board, fact: ContactArrived) -> Refusal | None:
    if fact.contact.startswith(CONSULT):
        return ("illegal", f"ids that begin with {CONSULT!r} are the engine's own: give the contact another one")
    if fact.contact in board.floor.contacts or fact.contact in board.ended:
        return ("illegal", f"contact {fact.contact!r} has arrived already: a new contact needs a new id")
    if board.entry_point(fact.dialled) is None:
        return ("illegal", f"no entry point has the address {fact.dialled!r}")
    return None


def _check_known(board: Board, fact: Any) -> Refusal | None:
    """Whether the contact that a fact is about is under way."""
    contact = board.floor.contacts.get(fact.contact)
    if fact.contact in board.ended or (contact and contact.state is ContactState.ENDED):
        return ("stale", f"contact {fact.contact!r} has ended")
    return None if contact else ("illegal", f"contact {fact.contact!r} is not known")


def _check_left(board: Board, fact: ContactLeft) -> Refusal | None:
    return acd.stand_ins.check_left(board.floor, board.floor.contacts[fact.contact])


def _check_wrap_up(board: Board, fact: WrappedUp) -> Refusal | None:
    queue = _queue(board, fact)
    reasons = queue.reasons or board.plan.reasons
    if fact.reason and reasons and fact.reason not in reasons:
        whose = f"those of queue {queue.id!r}" if queue.reasons else "the centre's"
        return ("illegal", f"wrap-up code {fact.reason!r} is not one of {whose}: {', '.join(reasons)}")
    if fact.outcome == "resolved" or not _decides(board, fact):
        return None
    case_type = fact.case_type or queue.case_type
    if case_type is None:
        return ("illegal", "case_type is missing, and the queue has none of its own")
    if case_type not in board.plan.desk.case_types:
        return ("illegal", f"case type {case_type!r} is not one of the centre's")
    return None


_Check = Callable[[Any], Refusal | None]


def _checks(board: Board) -> dict[type, tuple[_Check, ...]]:
    """By fact, what may speak against it, each asked of the core it belongs to."""
    known = partial(_check_known, board)
    checks: dict[type, tuple[_Check, ...]] = {
        CentreStarted: (partial(_check_started, board),),
        ContactArrived: (partial(_check_arrived, board),),
        ContactLeft: (known, partial(_check_left, board)),
        **{kind: (known, partial(check, board.menus)) for kind, check in ivr.session.CHECKS.items()},
        **{kind: (partial(check, board.desk),) for kind, check in escalation.desk.CHECKS.items()},
        **{kind: (partial(check, board.floor),) for kind, check in acd.check.CHECKS.items()},
    }
    checks[WrappedUp] += (partial(_check_wrap_up, board),)
    for of_contact in acd.check.OF_CONTACTS:
        checks[of_contact] = (known, *checks[of_contact])
    assert set(checks) == set(FACTS), "every fact is checked"
    return checks


# --- what follows -------------------------------------------------------------------------------------------------


def _after_started(board: Board, _event: CentreStarted, now: int) -> Iterator[Event]:
    for calendar in sorted(board.plan.desk.calendars):
        yield escalation.desk.hours_now(board.desk, calendar, now)
    yield from acd.decide.match_all(board.floor, now)


def _after_arrived(board: Board, event: ContactArrived, _now: int) -> Iterator[Event]:
    entry = board.plan.entry_points[board.floor.contacts[event.contact].entry_point]
    start = board.plan.menus.flows[entry.flow].start
    yield FlowMoved(event.contact, entry.flow, start, "started")


def _after_moved(board: Board, event: FlowMoved, now: int) -> Iterator[Event]:
    """The menu's own consequences first; then the two ways out of a menu: to a queue, or to the end."""
    node = board.plan.menus.flows[event.flow].nodes[event.node]
    within = ivr.session.FOLLOW[FlowMoved](board.menus, event, now)
    if isinstance(node, flow.HandOver):
        return chain(within, _queue_up(board, event.contact, node, now))
    if isinstance(node, flow.HangUp) and not node.prompts:
        return chain(within, _say_goodbye(event.contact))
    return within


def _queue_up(board: Board, contact: str, node: flow.HandOver, now: int) -> Iterator[Event]:
    language = board.menus.sessions[contact].language
    terms = Terms(
        node.priority,
        node.head_start_ms,
        node.tiers_max,
        node.wait_ms_max,
        node.position,
        node.prefers,
        board.conditions.holding(_facts(board, contact)) if board.conditions else (),
    )
    yield acd.queueing.queue_up(board.floor, contact, node.queue, language, terms, now)


def _facts(board: Board, contact_id: str) -> Facts:
    """All that a condition may ask about a contact that leaves its menu now."""
    contact, session = board.floor.contacts[contact_id], board.menus.sessions[contact_id]
    return {
        **board.conditions.nothing_known,
        "contact.channel": contact.channel,
        "contact.entry_point": contact.entry_point,
        "contact.service_line": contact.service_line,
        "contact.language": session.language,
        "contact.identified": bool(contact.customer),
        **{keyed_name(each.name): each.value for each in session.keyed},
        **{open_name(calendar): is_open for calendar, is_open in board.desk.open.items()},
    }


def _say_goodbye(contact: str) -> Iterator[Event]:
    yield HangUp(contact, "served in the menu")
    yield ContactEnded(contact, "served_in_menu", "", "", 0, 0)


def _after_prompt(board: Board, event: PromptFinished | PromptOverran, _now: int) -> Iterator[Event]:
    session = board.menus.sessions.get(event.contact)
    if session and event.say == session.say and isinstance(board.menus.node(session), flow.HangUp):
        yield from _say_goodbye(event.contact)


def _after_left(board: Board, event: ContactLeft, now: int) -> Iterator[Event]:
    return acd.ending.leave(board.floor, event.contact, now)


def _after_wrap_up(board: Board, event: WrappedUp | WrapUpExpired, now: int) -> Iterator[Event]:
    """What the first line did not settle goes on as a case."""
    if event.outcome != "resolved" and _decides(board, event):
        yield _open_case(board, event, now)


def _decides(board: Board, event: WrappedUp | WrapUpExpired) -> bool:
    """Whether a wrap-up is the last word on a contact: not on a consult, nor from who has handed the contact on."""
    contact = board.floor.contacts.get(event.contact)
    return contact is not None and contact.agent == event.agent and not contact.consults


def _open_case(board: Board, event: WrappedUp | WrapUpExpired, now: int) -> CaseOpened:
    contact = board.floor.contacts[event.contact]
    said = event.case_type if isinstance(event, WrappedUp) else ""
    case_type = said or _queue(board, event).case_type
    assert case_type is not None, "check() and the centre's loader see to it"
    matter = Matter(contact.id, case_type, contact.service_line, event.reason, contact.customer)
    return escalation.desk.open_case(board.desk, matter, now, to_team=event.outcome == "escalated")


def _after_hours(board: Board, event: HoursChanged, now: int) -> Iterator[Event]:
    """A calendar opens and closes queues."""
    return acd.hours.after_turn(board.floor, event.calendar, now)


def _queue(board: Board, event: WrappedUp | WrapUpExpired) -> QueuePlan:
    """The queue out of which this agent had the contact."""
    return board.plan.floor.queues[board.floor.contacts[event.contact].queue_of(event.agent)]


_Follow = Callable[[Any, int], Iterator[Event]]


def _follow(board: Board) -> dict[type, _Follow]:
    """By event, what follows from it, each asked of the core it belongs to."""
    follow: dict[type, _Follow] = {
        **{kind: partial(each, board.floor) for kind, each in acd.decide.FOLLOW.items()},
        **{kind: partial(each, board.menus) for kind, each in ivr.session.FOLLOW.items()},
        CentreStarted: partial(_after_started, board),
        ContactArrived: partial(_after_arrived, board),
        ContactLeft: partial(_after_left, board),
        FlowMoved: partial(_after_moved, board),
        HoursChanged: partial(_after_hours, board),
    }
    for prompt in (PromptFinished, PromptOverran):
        follow[prompt] = _then(follow[prompt], partial(_after_prompt, board))
    for wrap_up in (WrappedUp, WrapUpExpired):
        follow[wrap_up] = _then(partial(_after_wrap_up, board), follow[wrap_up])
    return follow


def _then(first: _Follow, second: _Follow) -> _Follow:
    return lambda event, now: chain(first(event, now), second(event, now))
