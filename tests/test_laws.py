"""The laws of the engine, under any facts in any order: legal and illegal, early and late, with crashes in between."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acd import discipline
from acd.agent import attends
from acd.contact import UNANSWERED
from acd.events import (
    AgentAlive,
    AgentStateSet,
    AnnounceWait,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    ContactReleased,
    LegAnswered,
    LegFailed,
    LegRinging,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    WrappedUp,
)
from acd.hands import (
    ContactTransferred,
)
from acd.model import ContactState
from acd.stand_in_events import CallbackAsked, VoicemailAsked, VoicemailLeft
from acd.widening import next_widening
from escalation.events import CaseAccepted, CaseResolved
from ivr.events import ContactKeyed, PromptFinished
from router import codec
from router.board import Board
from router.engine import Engine, Refused
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.measures import Measures, Tally
from tests.rulebook import ENDS, ONCE, changes_to_come, choice, decide, encoded, may_be_offered, standing
from tests.worlds import S, busy_plan, copy, dump

AGENTS = ("ann", "bob", "cat", "dan")
AGAIN = (WrappedUp, ContactReleased, CallbackAsked, VoicemailAsked, VoicemailLeft)
"""What may happen once more to a contact that was handed on."""
SERVED: list[type] = [OfferAccepted, ContactJoined]
PIN = "7777"
ROUNDS_MAX = 400

agents = st.sampled_from(AGENTS)
places = st.integers(0, 5)
Inputs = list[tuple[int, Event | None]]


class Laws(RuleBasedStateMachine):
    """Four that must agree: the engine, a twin that crashes, a board folded from the log, and what the log counts."""

    plan_of = staticmethod(busy_plan)
    addresses: tuple[str, ...] = ("100",)

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.engine, self.twin = self.new_engine(), self.new_engine()
        self.folded = Board(self.engine.plans, "v1")
        self.measures = Measures(self.plan_of(), span_ms=20 * S, kept_max=5)
        self.inputs: Inputs = []
        self.log: list[Event] = []
        self.needs: dict[str, int] = {}
        self.positions: dict[str, int] = {}

    def new_engine(self) -> Engine:
        """An engine that knows two versions of the same rules."""
        return Engine(self.plan_of(), self.plan_of("v2"))

    @initialize()
    def start(self) -> None:
        """The rules come into force, and some come to work."""
        self.take(CentreStarted("v1"))
        for agent in ("bob", "dan"):
            self.take(AgentStateSet(agent, "ready"))

    # --- what may happen ------------------------------------------------------------------------------------------

    def take(self, fact: Event | None) -> bool:
        """Give an input to all. A refused fact changes nothing."""
        self.inputs.append((self.now, fact))
        self.book(self.engine.tick(self.now), self.twin.tick(self.now))
        if fact is None:
            return True
        before = dump(self.engine.board)
        try:
            events = self.engine.handle(fact, self.now)
        except Refused:
            assert before == dump(self.engine.board), "a refused fact changes nothing"
            return False
        self.book(events, self.twin.handle(fact, self.now))
        return True

    def book(self, events: list[Event], twins: list[Event]) -> None:
        """Fold what has happened."""
        assert encoded(events) == encoded(twins), "INV-10: a crash changes no decision"
        self.log += events
        for event in events:
            if isinstance(event, OfferContact):
                self.check_choice(event)
            elif isinstance(event, AnnounceWait):
                self.check_position(event)
            elif isinstance(event, ContactQueued):
                self.positions.pop(event.contact, None)
            self.folded.apply(event, self.now)
            if isinstance(event, CentreStarted):
                self.measures.adopt(self.folded.plan)
            self.measures.apply(event, self.now)
            self.check_nobody_is_lost()

    def check_nobody_is_lost(self) -> None:
        """INV-08, after each event: whoever entered a queue was counted out of it in one way, or is still there."""
        contacts = [each for each in self.folded.floor.contacts.values() if not each.consults]
        waiting = Counter(contact.queue for contact in contacts if contact.state in UNANSWERED)
        for queue, tally in self.measures.by_queue().items():
            assert tally.is_conserved
            assert (0, waiting[queue]) == (tally.carried_in, tally.carried_out)

    def check_choice(self, event: OfferContact) -> None:
        """An offer is the agent's best contact and the best pair for one of the two, by looking at everybody."""
        floor = self.folded.floor
        contact, agent = floor.contacts[event.contact], floor.agents[event.agent]
        waiting = [each for each in floor.contacts.values() if floor.seeks(each)]
        ready = [each for each in floor.agents.values() if may_be_offered(each, floor.plan)]
        queues = floor.plan.queues
        a_contact_chose = choice(
            [(contact, each) for each in ready],
            lambda pair, pairs: standing(pair, pairs, floor, self.now),
            floor,
            self.now,
        )
        an_agent_chose = choice(
            [(each, agent) for each in waiting],
            lambda pair, _pairs: discipline.rank(pair[0], queues[pair[0].queue], self.now),
            floor,
            self.now,
        )
        told = (event.contact, event.agent, event.candidates, event.excluded)
        assert told in (a_contact_chose, an_agent_chose)
        assert told[:2] == an_agent_chose[:2], "nobody is passed over"

    def check_position(self, event: AnnounceWait) -> None:
        """INV-07: a position told never rises within a queue; the place beside it is right: by looking at everybody."""
        floor = self.folded.floor
        queue = floor.plan.queues[event.queue]
        ranks = {
            each.id: discipline.rank(each, queue, self.now)
            for each in floor.contacts.values()
            if each.queue == event.queue and each.state in UNANSWERED
        }
        place = 1 + sum(rank < ranks[event.contact] for rank in ranks.values())
        assert (place, min(place, self.positions.get(event.contact, place))) == (event.place, event.position)
        self.positions[event.contact] = event.position

    @rule(to=st.sampled_from(["deadline", "before", "after"]), by_ms=st.integers(1, 50 * S))
    def pass_time(self, to: str, by_ms: int) -> None:
        """Time goes on: to the very deadline, not as far, or well beyond it."""
        deadline = self.engine.deadline()
        if deadline is None or to == "before":
            limit = self.now + by_ms if deadline is None else max(self.now, deadline - 1)
            self.now = min(self.now + by_ms, limit)
        else:
            self.now = deadline if to == "deadline" else deadline + by_ms
        self.take(None)

    def contact(self, place: int) -> str:
        """One of the contacts under way, or one that is long gone, or never was."""
        alive = [*self.engine.board.floor.contacts]
        return alive[place - 1] if 0 < place <= len(alive) else f"c{place}"

    @rule(
        keys=st.lists(st.sampled_from(["", "2", "2", "3", "999"]), min_size=1, max_size=3),
        new=st.booleans(),
        by=st.integers(0, 2),
    )
    def arrive_together(self, keys: list[str], new: bool, by: int) -> None:  # noqa: FBT001
        """Customers come, one perhaps under an id that was there before, some of them knowing their way."""
        for place, way in enumerate(keys):
            self.arrive(way, self.addresses[(by + place) % len(self.addresses)], new=new or place > 0)

    def arrive(self, keys: str, address: str, *, new: bool) -> None:
        """One customer comes to an address, and keys ahead."""
        contact, personal = f"c{len(self.needs) if new else 0}", len(self.needs) % 2 == 0
        if self.take(ContactArrived(contact, address, "+1", personal)):
            self.needs[contact] = self.now
            if keys:
                self.take(PromptFinished(contact, 1))
                self.take(ContactKeyed(contact, keys))

    @rule(place=places, digits=st.sampled_from(["1", "2", "3", "4", "*", "9", "12#", "12341", "1#", "32*1"]))
    def key(self, place: int, digits: str) -> None:
        """Keys are pressed."""
        contact = self.contact(place)
        if not self.engine.takes_secret(ContactKeyed(contact, digits)):
            self.take(ContactKeyed(contact, digits))

    @rule(digits=st.sampled_from([PIN, f"{PIN}1", "77", "#"]))
    def key_a_secret(self, digits: str) -> None:
        """Keys are pressed that must be kept nowhere."""
        for contact in [*self.engine.board.menus.sessions]:
            if self.engine.takes_secret(ContactKeyed(contact, digits)):
                self.take(ContactKeyed(contact, digits))

    @rule(place=places, back=st.integers(-1, 1))
    def finish_prompt(self, place: int, back: int) -> None:
        """A prompt has been played: the one that plays, one before it, or one that does not exist."""
        contact = self.contact(place)
        session = self.engine.board.menus.sessions.get(contact)
        self.take(PromptFinished(contact, session.say - back if session else 1))

    @rule(place=places)
    def leave(self, place: int) -> None:
        """A customer has had enough."""
        self.take(ContactLeft(self.contact(place)))

    @rule(
        agent=agents,
        state=st.sampled_from(["ready", "ready", "ready", "paused", "offline"]),
        lease_ms=st.sampled_from([0, 0, 50 * S, -1]),
    )
    def set_state(self, agent: str, state: Any, lease_ms: int) -> None:
        """An agent logs in or out, or takes a break."""
        self.take(AgentStateSet(agent, state, "", lease_ms))

    @rule(agent=agents, lease_ms=st.sampled_from([0, 30 * S, 50 * S]))
    def stay_alive(self, agent: str, lease_ms: int) -> None:
        """A heartbeat."""
        self.take(AgentAlive(agent, lease_ms))

    @rule(
        back=st.integers(-1, 2),
        kind=st.sampled_from([OfferAccepted, LegRinging, LegAnswered, ContactJoined, OfferDeclined]),
        agent=st.sampled_from([None, None, None, "ann", "nobody"]),
    )
    def answer(self, back: int, kind: type, agent: str | None) -> None:
        """Something about an offer: one of the last, or one that was never made, from its agent or another."""
        offers = [event for event in self.log if isinstance(event, OfferContact)]
        if offers:
            made = offers[max(0, len(offers) - 1 - max(back, 0))]
            self.take(kind(made.contact, agent or made.agent, made.offer - min(back, 0)))

    @rule(back=st.integers(0, 2), cause=st.sampled_from(["busy", "no_answer", "declined"]))
    def fail_leg(self, back: int, cause: Any) -> None:
        """An agent's phone fails."""
        offers = [event for event in self.log if isinstance(event, OfferContact)][-1 - back :]
        if offers:
            self.take(LegFailed(offers[0].contact, offers[0].agent, offers[0].offer, cause))

    @rule(kinds=st.sampled_from([SERVED, SERVED, [OfferAccepted], [ContactJoined], [OfferDeclined]]))
    def serve(self, kinds: list[type]) -> None:
        """Every open offer is taken and joined, or only one of the two, or declined."""
        for offer in [*self.engine.board.floor.offers.values()]:
            for kind in kinds:
                self.take(kind(offer.contact, offer.agent, offer.id))

    def in_hand(self, agent: str, place: int) -> str:
        """One of the contacts that an agent has in hand, if he has any."""
        return [*self.engine.board.floor.agents[agent].works, *[""] * 6][place]

    @rule(agent=agents, place=places)
    def release(self, agent: str, place: int) -> None:
        """An agent hangs up, if he talks with anybody."""
        self.take(ContactReleased(self.in_hand(agent, place), agent))

    @rule(
        agent=agents,
        place=places,
        outcome=st.sampled_from(["resolved", "follow_up", "escalated"]),
        reason=st.sampled_from(["", "x"]),
    )
    def wrap_up(self, agent: str, place: int, outcome: Any, reason: str) -> None:
        """An agent has finished the work after a contact."""
        self.take(WrappedUp(agent, self.in_hand(agent, place), outcome, reason))

    @rule(number=st.integers(0, 4), kind=st.sampled_from([CaseAccepted, CaseResolved]))
    def work_on_case(self, number: int, kind: type) -> None:
        """A process team works on a case."""
        self.take(kind(f"case-{number}"))

    @rule(version=st.sampled_from(["v1", "v2", "v3"]))
    def reload(self, version: str) -> None:
        """Rules are loaded again."""
        self.take(CentreStarted(version))

    @precondition(lambda self: any(isinstance(fact, ONCE) for _, fact in self.inputs))
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Something that was taken once is said again, however much later."""
        again = {event.contact for event in self.log if isinstance(event, ContactTransferred)}  # he may have it twice
        facts = [
            event
            for event in self.log
            if isinstance(event, ONCE) and any(event is fact for _, fact in self.inputs)
            if not (isinstance(event, AGAIN) and event.contact in again)
        ]
        if facts:
            assert not self.take(data.draw(st.sampled_from(facts))), "INV-09: what happened once is not taken twice"

    @rule(from_log=st.booleans())
    def crash(self, from_log: bool) -> None:  # noqa: FBT001
        """The twin dies and recovers, from the whole log or from a snapshot."""
        if from_log:
            self.twin = self.new_engine()
            self.twin.board = self.folded
            self.folded = codec.load_board(dump(self.folded), self.engine.plans, str)
        elif not self.secret_under_way():
            self.twin = copy(self.engine)

    def secret_under_way(self) -> bool:
        """Whether somebody has keyed a part of a secret, which no snapshot holds."""
        menus = self.engine.board.menus
        return any(menus.takes_secret(contact) and session.keys for contact, session in menus.sessions.items())

    # --- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def the_board_is_sound(self) -> None:
        """INV-01 to INV-06, as far as one look at the state can tell."""
        self.engine.board.check(self.now)

    @invariant()
    def the_log_gives_the_state(self) -> None:
        """INV-10: folding the log gives the state byte by byte, and no secret is in it."""
        state = dump(self.engine.board)
        assert state == dump(self.folded)
        assert not any("7" in session["keys"] for session in json.loads(state)["sessions"])

    @invariant()
    def every_alarm_is_reported(self) -> None:
        """An alarm is set for every instant to come that a record speaks of, and the next is the deadline."""
        board = self.engine.board
        floor = board.floor
        instants = [
            *(offer.until for offer in floor.offers.values()),
            *(agent.lease_until for agent in floor.agents.values()),
            *(work.wrap_up_until for agent in floor.agents.values() for work in agent.works.values()),
            *(contact.wait_until for contact in floor.contacts.values() if contact.state in UNANSWERED),
            *(until for contact in floor.contacts.values() for until in contact.exclusions.values()),
            *(session.due for session in board.menus.sessions.values()),
            *(case.breach_at for case in board.desk.cases.values() if case.state != "resolved" and not case.breached),
            *board.desk.turns.values(),
            *(at for contact in floor.contacts.values() for at in changes_to_come(contact, floor.plan.queues)),
            *(waiter.announce_at for waiter in floor.waits.waiters.values()),
            *(each.rests_until for each in floor.contacts.values() if each.state is ContactState.RESTING),
            *(each.records_until for each in floor.contacts.values() if each.state is ContactState.RECORDING),
            *(each.directed_until for each in floor.contacts.values() if each.state is ContactState.WAITING),
        ]
        to_come = {at for at in instants if at and at > self.now}
        assert min(to_come, default=None) == self.engine.deadline()
        assert to_come == {alarm[0] for alarm in board._alarms if board._is_set(alarm)}

    @invariant()
    def everybody_is_counted(self) -> None:
        """INV-08 over time: each entry is offered once; whom one stretch of time carries out, the next carries in."""
        queued = [event for event in self.log if isinstance(event, ContactQueued) and not event.consults]
        total = self.measures.tally()
        assert len(queued) == total.offered + total.stand_ins
        spans = list(self.measures.spans())
        for span in spans:
            assert all(tally.is_conserved for tally in (*span.completed.values(), *span.arrived.values()))
        for before, after in pairwise(spans):
            for queue in self.folded.plan.floor.queues:
                out, into = (span.completed.get(queue) or Tally() for span in (before, after))
                assert out.carried_out == into.carried_in

    @invariant()
    def nobody_hopes_in_vain(self) -> None:
        """Where a queue says so, nobody waits for agents who are all away; and no queue is longer than it may be."""
        floor = self.engine.board.floor
        unanswered = [each for each in floor.contacts.values() if each.state in UNANSWERED]
        lengths = Counter(each.queue for each in unanswered if each.queues == 1)  # who was moved is let in all the same
        for queue in floor.plan.queues.values():
            assert queue.waiting_max is None or lengths[queue.id] <= queue.waiting_max
        for each in unanswered:
            queue = floor.plan.queues[each.queue]
            hopes = bool(each.directed_to) or any(
                attends(agent) and floor.matching.could_serve(agent, each) for agent in floor.agents.values()
            )
            more_to_come = next_widening(each, queue) is not None
            waits = each.state is ContactState.WAITING and not each.stand_in
            assert hopes or more_to_come or not queue.leave_when_empty or not waits

    @invariant()
    def nobody_waits_outside_hours(self) -> None:
        """In a closed queue that keeps nobody are only those who are being joined, or were moved or handed on to it."""
        floor = self.engine.board.floor
        by_hand = {event.contact for event in self.log if isinstance(event, ContactMoved | ContactTransferred)}
        for each in floor.contacts.values():
            queue = floor.plan.queues.get(each.queue)
            late = queue and queue.hours and queue.hours.waiting != "keep" and floor.is_closed(queue.id)
            waits = each.state in (ContactState.WAITING, ContactState.OFFERED)
            assert not (late and waits) or each.id in by_hand

    @invariant()
    def offers_end_once(self) -> None:
        """INV-02 and INV-03: an offer ends once, a contact is joined once."""
        made = [event.offer for event in self.log if isinstance(event, OfferContact)]
        ended = [event.offer for event in self.log if isinstance(event, ENDS)]
        joined = [event.contact for event in self.log if isinstance(event, ContactJoined)]
        assert made == [*range(1, len(made) + 1)]
        assert len(ended) == len({*ended})
        assert {*made} - {*ended} == {*self.engine.board.floor.offers}
        handed_on = [event.contact for event in self.log if isinstance(event, ContactTransferred)]
        assert all(joined.count(contact) <= 1 + handed_on.count(contact) for contact in {*joined})

    @invariant()
    def needs_stay(self) -> None:
        """INV-06: the instant of the need does not move; one who calls again has that of his callback."""
        took = {
            event.contact: event.resumes for event in self.log if isinstance(event, ContactQueued) and event.resumes
        }
        for contact in self.engine.board.floor.contacts.values():
            need = contact.consults or contact.id
            at = self.needs[need]
            while need := took.get(need, ""):
                at = min(at, self.needs[need])
            assert at == contact.need_since

    @invariant()
    def help_never_hurts(self) -> None:
        """INV-13: with one more agent who can do everything, whoever would be served is served all the same."""
        if not self.engine.board.started:
            return
        other = copy(self.engine)
        other.handle(AgentStateSet("spare", "ready"), self.now)
        before, after = (
            {contact.id for contact in engine.board.floor.contacts.values() if contact.state is ContactState.WAITING}
            for engine in (self.engine, other)
        )
        assert after <= before
        assert len(before) - len(after) <= 1
        other.board.check()

    # --- and in the end -------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Once all goes well again, everybody gets home; and the same inputs give the same log."""
        if not self.engine.board.started:
            return
        for _ in range(ROUNDS_MAX):
            if not self.engine.board.floor.contacts:
                break
            self.help_everybody()
        assert {} == self.engine.board.floor.contacts
        assert {} == self.engine.board.floor.offers
        assert {} == self.engine.board.menus.sessions
        again = self.new_engine()
        assert encoded(self.log) == encoded([event for at, fact in self.inputs for event in decide(again, at, fact)])

    def help_everybody(self) -> None:
        """All agents come to work, take what they are offered and end it."""
        for agent in self.engine.board.floor.agents.values():
            self.take(AgentStateSet(agent.id, "ready"))
        self.serve(SERVED)
        for agent in self.engine.board.floor.agents.values():
            for contact in [*agent.works]:
                self.take(ContactReleased(contact, agent.id))
                self.take(WrappedUp(agent.id, contact, "resolved"))
        for contact in [*self.engine.board.floor.contacts]:
            self.take(VoicemailLeft(contact, 1 * S))
        deadline = self.engine.deadline()
        if deadline is not None:
            self.now = deadline
        self.take(None)
        self.engine.board.check()


Laws.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestLaws = Laws.TestCase
