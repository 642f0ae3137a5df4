"""An independent check of a trace: whether every contact's story holds.

The audit hears the rows of a journal, live or simulated, and books only what they say. It shares no code with the
engine that made them: no table of transitions, no state. So a fault of the engine is not repeated here, and any
trace will do, one that was sent over a network too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, get_args

from acd.events import (
    AgentAlive,
    AgentLapsed,
    AgentMoved,
    AgentStateSet,
    ContactEnded,
    ContactInterrupted,
    ContactJoined,
    ContactQueued,
    ContactReleased,
    ContactResumed,
    HangUp,
    JoinParties,
    JoinTimedOut,
    LegAnswered,
    OfferAccepted,
    OfferContact,
    OfferDeclined,
    OfferExpired,
    OfferLost,
    QueueLeft,
    WrappedUp,
    WrapUpExpired,
    WrapUpStarted,
)
from acd.hands import ConsultCompleted, ContactTransferred, TalkEnded
from acd.stand_in_events import (
    CallbackFailed,
    ContactWithdrawn,
    DialCustomer,
    DialTimedOut,
    RecordMessage,
    VoicemailLeft,
)
from escalation.events import CaseAccepted, CaseBreached, CaseOpened, CaseResolved
from router.events import ContactArrived, ContactLeft, Event
from simulator.heard import Agent, Case, Offer, Queue, Story, lost

_TIMED_OUT: Final = OfferExpired | JoinTimedOut | DialTimedOut


class Audit:
    """Hears rows one after the other, and tells what is wrong with them.

    `after`: the last row before those that are heard. If there are any, contacts, offers, agents and cases that the
    audit comes upon in the middle of their story are not judged. `ring_several`: the queues whose contacts may ring at
    several agents at once. `in_hand_max`: how many contacts an agent may have in hand at once.
    """

    def __init__(self, after: int = 0, ring_several: Collection[str] = (), in_hand_max: int = 1) -> None:
        self._ring_several = ring_several
        self._in_hand_max = in_hand_max
        self._seq, self._at = after, 0
        self._from_the_start = after == 0
        self._faults: list[str] = []
        self._stories: dict[str, Story] = {}
        self._agents: dict[str, Agent] = {}
        self._offers: dict[int, Offer] = {}
        self._last_offer = 0
        self._cases: dict[str, Case] = {}
        self._queues: dict[str, Queue] = {}
        self.rows = self.contacts = 0

    def hear(self, seq: int, event: Event, at: int) -> None:
        """One row: its number, its event, its instant (ms)."""
        self._in_order(seq, at)
        self.rows += 1
        if check := _CHECKS.get(type(event)):
            check(self, event, at)
        elif hasattr(event, "contact"):
            self._open(event)

    def state_of(self, agent: str) -> str:
        """How an agent stands to new contacts as far as was heard; empty where nothing was, `busy` if he has some."""
        heard = self._agent(agent)
        return "busy" if heard.is_busy else heard.stance

    def problems(self, *, finished: bool = True) -> list[str]:
        """Everything that does not hold, each in a sentence; with `finished`, what has not come to its end too."""
        stories = self._stories.values()
        return [*self._faults, *lost(stories, self._queues), *(self._loose_ends() if finished else ())]

    def _loose_ends(self) -> Iterator[str]:
        yield from (f"offer {number} never ended" for number in self._offers)
        yield from filter(None, (story.loose_end for story in self._stories.values()))

    def _fault(self, text: str) -> None:
        self._faults.append(f"row {self._seq}: {text}")

    # --- the sequence ---------------------------------------------------------------------------------------------

    def _in_order(self, seq: int, at: int) -> None:
        expected, self._seq = self._seq + 1, seq
        if seq < expected:
            self._fault("its number was heard before")
        elif seq > expected:
            self._fault(f"rows {expected} to {seq - 1} were never heard")
            self._lose_track()
        if at < self._at:
            self._fault(f"it is {self._at - at} ms earlier than the row before")
        self._at = max(at, self._at)

    def _lose_track(self) -> None:
        """After a gap nothing is known of what was under way."""
        self._from_the_start = False
        self._stories = {story.contact: story for story in self._stories.values() if story.is_complete}
        for heard in (self._offers, self._agents, self._queues):
            heard.clear()

    # --- who is meant ---------------------------------------------------------------------------------------------

    def _story(self, event: Any) -> Story | None:
        """The contact's story, or None where it is not to be judged."""
        story = self._stories.get(event.contact)
        if story is None and self._from_the_start:
            self._fault(f"{event.kind} of {event.contact}, which never arrived")
        return story

    def _open(self, event: Any) -> Story | None:
        """The story of a contact that must not have ended."""
        story = self._story(event)
        if story and story.outcome:
            self._fault(f"{event.kind} of {story.contact} after its end")
            return None
        return story

    def _agent(self, agent: str) -> Agent:
        if agent not in self._agents:
            self._agents[agent] = Agent("offline" if self._from_the_start else "")
        return self._agents[agent]

    def _queue(self, queue: str) -> Queue:
        return self._queues.setdefault(queue, Queue())

    def _offer(self, event: Any) -> Offer | None:
        """The offer that an event is about, which must be open and about this contact and this agent."""
        offer = self._offers.get(event.offer)
        if offer is None:
            if self._from_the_start or event.offer <= self._last_offer:
                ended = event.offer <= self._last_offer
                self._fault(f"{event.kind} of offer {event.offer}, which {'has ended' if ended else 'was never made'}")
            return None
        if (offer.contact, offer.agent) != (event.contact, event.agent):
            self._fault(f"{event.kind} of offer {event.offer} names another contact or agent")
        return offer

    # --- contacts -------------------------------------------------------------------------------------------------

    def _arrived(self, event: ContactArrived, at: int) -> None:
        if event.contact in self._stories:
            self._fault(f"{event.contact} arrives a second time")
        self._stories[event.contact] = Story(event.contact)
        self.contacts += 1

    def _queued(self, event: ContactQueued, at: int) -> None:
        if event.consults and event.contact not in self._stories:
            self._stories[event.contact] = Story(event.contact)
            if asking := self._stories.get(event.consults):
                asking.consult = event.contact
        if story := self._open(event):
            if story.queue:
                self._fault(f"{story.contact} is queued in {event.queue} while in {story.queue}")
            if event.need_since > at:
                self._fault(f"{story.contact} has a need that begins in the future")
            if event.stand_in and event.stand_in != story.stand_in:
                self._fault(f"a {event.stand_in} waits for the customer of {story.contact}, who never went")
            story.queue, story.queued_at, story.until = event.queue, at, event.until
            self._queue(event.queue).offered += 1

    def _left_queue(self, event: QueueLeft, at: int) -> None:
        if story := self._open(event):
            if event.queue != story.queue:
                self._fault(f"{story.contact} leaves {event.queue}, where it does not wait")
            for offer in story.offers:
                self._fault(f"{story.contact} leaves {event.queue} while offer {offer} is open")
            self._queue(event.queue).leave(event.outcome)
            story.queue = ""
            if event.outcome == "callback":
                story.stand_in, story.sent_away = "callback", False

    def _recording(self, event: RecordMessage, at: int) -> None:
        if story := self._open(event):
            if story.queue or story.agent:
                self._fault(f"{story.contact} records a message, but waits or talks")
            story.recording = True

    def _recorded(self, event: VoicemailLeft, at: int) -> None:
        if story := self._open(event):
            if not story.recording:
                self._fault(f"{story.contact} leaves a message that it did not record")
            story.stand_in = "voicemail" if event.duration_ms else ""

    def _withdrawn(self, event: ContactWithdrawn, at: int) -> None:
        if story := self._open(event):
            story.withdrawn = True

    def _transferred(self, event: ContactTransferred, at: int) -> None:
        if story := self._open(event):
            if story.agent != event.agent:
                self._fault(f"{event.agent} hands {story.contact} on, with whom he does not talk")
            story.parts[event.agent] = "due"

    def _talk_ended(self, event: TalkEnded, at: int) -> None:
        """The part is as it was; and after a warm transfer the consultant has the contact from here on."""
        story = self._open(event)
        if story is None:
            return
        if (event.queue, event.agent) != (story.queue, story.agent):
            self._fault(f"{event.agent} had {story.contact} out of {event.queue!r}, where it never was")
        self._check_times(event, story, at)
        self._queue(event.queue).leave("handed_on")
        leg = self._stories.get(story.consult)
        if story.hand_on(leg, at) and leg:
            self._queue(leg.queue).offered += 1
            self._agent(leg.agent).take_over(leg.contact, story.contact)

    def _completed(self, event: ConsultCompleted, at: int) -> None:
        story = self._open(event)
        leg = self._stories.get(story.consult) if story else None
        if leg is None or not leg.agent or leg.outcome:
            self._fault(f"{event.agent} completes a consult about {event.contact} that nobody has answered")
        else:
            leg.taken_over = True

    def _left(self, event: ContactLeft, at: int) -> None:
        if story := self._open(event):
            story.left = True

    def _released(self, event: ContactReleased, at: int) -> None:
        story = self._open(event)
        if story and story.agent != event.agent:
            self._fault(f"{event.agent} releases {story.contact}, with whom he does not talk")
        elif story:
            story.released = True

    def _sent_away(self, event: HangUp, at: int) -> None:
        if story := self._open(event):
            story.sent_away = True

    def _ended(self, event: ContactEnded, at: int) -> None:
        story = self._open(event)
        if story is None:
            return
        story.outcome = event.outcome
        if event.queue:
            self._queue(event.queue).leave(event.outcome)
        for offer in story.offers:
            self._fault(f"{story.contact} ends while offer {offer} is open")
        if (event.queue, event.agent) != (story.queue, story.agent):
            self._fault(f"{story.contact} ends in queue {event.queue!r} with agent {event.agent!r}, where it never was")
        self._check_outcome(event, story, at)
        self._check_times(event, story, at)
        is_due = event.outcome in ("handled", "consulted") and not story.taken_over
        story.wrap_up = "due" if is_due else ""

    def _check_outcome(self, event: ContactEnded, story: Story, at: int) -> None:
        if event.outcome not in story.ends:
            self._fault(f"{story.contact} ends as {event.outcome}, which nothing before explains")
        if event.outcome == "timed_out" and (story.until is None or at < story.until):
            self._fault(f"{story.contact} is sent away before its longest wait is over")

    def _check_times(self, event: ContactEnded | TalkEnded, story: Story, at: int) -> None:
        wait_ms, talk_ms = story.times_ms(at)
        if (event.wait_ms, event.talk_ms) != (wait_ms, talk_ms):
            said = f"{event.wait_ms} ms of wait and {event.talk_ms} ms of talk"
            self._fault(f"{story.contact} ends with {said}; between its rows lie {wait_ms} and {talk_ms}")

    # --- offers ---------------------------------------------------------------------------------------------------

    def _offered(self, event: OfferContact, at: int) -> None:
        agent = self._agent(event.agent)
        if event.offer <= self._last_offer:
            self._fault(f"offer {event.offer} is made a second time")
        if agent.offer:
            self._fault(f"{event.agent} is offered {event.contact} while offer {agent.offer} is open")
        elif agent.stance not in ("ready", ""):
            self._fault(f"{event.agent} is offered {event.contact}, but is {agent.stance}")
        elif len(agent.in_hand) >= self._in_hand_max:
            self._fault(f"{event.agent} is offered {event.contact}, but has {', '.join(agent.in_hand)} in hand")
        if not agent.in_hand.keys().isdisjoint((event.contact, event.consults)):
            self._fault(f"{event.agent} is offered {event.contact}, with which he has to do already")
        if agent.pending:
            self._fault(f"{event.agent} is offered {event.contact}, but asked to be {agent.pending}")
        if story := self._open(event):
            self._check_waits(event, story)
            story.offers.append(event.offer)
        self._offers[event.offer] = Offer(event.contact, event.agent, event.until)
        self._last_offer = max(event.offer, self._last_offer)
        agent.offer = event.offer

    def _check_waits(self, event: OfferContact, story: Story) -> None:
        if story.offers and event.queue not in self._ring_several:
            self._fault(f"{story.contact} is offered to {event.agent} while offer {story.offers[0]} is open")
        if story.agent:
            self._fault(f"{story.contact} is offered to {event.agent} while it talks with {story.agent}")
        if story.queue != event.queue:
            self._fault(f"{story.contact} is offered out of queue {event.queue}, where it does not wait")

    def _accepted(self, event: OfferAccepted | LegAnswered, at: int) -> None:
        if offer := self._offer(event):
            if offer.accepted:
                self._fault(f"offer {event.offer} is accepted a second time")
            if at > offer.until:
                self._fault(f"offer {event.offer} is accepted after its time")
            offer.accepted = True
        story = self._stories.get(event.contact)
        for other in story.offers if story else ():
            if other != event.offer and self._offers[other].accepted:
                self._fault(f"offer {event.offer} of {event.contact} is accepted while offer {other} is")

    def _joining(self, event: JoinParties | DialCustomer, at: int) -> None:
        if offer := self._offer(event):
            if not offer.accepted or offer.joining:
                self._fault(f"offer {event.offer} leads to a join it was not accepted for")
            offer.joining, offer.until = True, event.until

    def _joined(self, event: ContactJoined, at: int) -> None:
        offer = self._offer(event)
        if offer and not offer.accepted:
            self._fault(f"{event.contact} and {event.agent} are joined without an accept")
        elif offer and not offer.joining:
            self._fault(f"{event.contact} and {event.agent} are joined, for which nobody asked")
        agent = self._agent(event.agent)
        if len(agent.in_hand) >= self._in_hand_max:
            self._fault(f"{event.agent} is joined with {event.contact} while he has {', '.join(agent.in_hand)}")
        if story := self._open(event):
            if story.agent:
                self._fault(f"{story.contact} is joined with {event.agent} after {story.agent}")
            story.offers = [offer for offer in story.offers if offer != event.offer]
            story.agent, story.joined_at = event.agent, at
        self._offers.pop(event.offer, None)
        agent.offer = 0
        agent.in_hand[event.contact] = None

    def _offer_lost(self, event: OfferLost, at: int) -> None:
        offer = self._offer(event)
        if offer is None:
            return
        late = isinstance(event, JoinTimedOut | DialTimedOut)
        if isinstance(event, _TIMED_OUT) and (at < offer.until or offer.accepted is not late):
            self._fault(f"{event.kind} of offer {event.offer}, which it is not time for")
        if isinstance(event, CallbackFailed) and not offer.joining:
            self._fault(f"{event.contact} is not reached, but was not dialled")
        if isinstance(event, OfferDeclined) and offer.accepted:
            self._fault(f"offer {event.offer} is declined after it was accepted")
        del self._offers[event.offer]
        self._agent(event.agent).offer = 0
        if story := self._open(event):
            story.offers = [offer for offer in story.offers if offer != event.offer]

    # --- agents ---------------------------------------------------------------------------------------------------

    def _asked(self, event: AgentStateSet, at: int) -> None:
        agent = self._agent(event.agent)
        agent.ask(event.state)
        if event.state == "ready":
            agent.in_hand = {contact: None if until is None else at for contact, until in agent.in_hand.items()}

    def _alive(self, event: AgentAlive, at: int) -> None:
        if self._agent(event.agent).stance == "offline":
            self._fault(f"{event.agent} is alive, but offline")

    def _lapsed(self, event: AgentLapsed, at: int) -> None:
        self._agent(event.agent).ask("offline")

    def _moved(self, event: AgentMoved, at: int) -> None:
        agent = self._agent(event.agent)
        if agent.offer or (agent.in_hand and event.state != "not_responding"):
            self._fault(f"{event.agent} is moved to {event.state} while he is busy")
        if event.state != "not_responding" and agent.stance and event.state != agent.pending:
            self._fault(f"{event.agent} is moved to {event.state}, for which nobody asked")
        agent.stance, agent.pending = event.state, ""

    # --- wrap-up --------------------------------------------------------------------------------------------------

    def _wrap_up(self, event: WrapUpStarted, at: int) -> None:
        agent = self._agent(event.agent)
        agent.in_hand[event.contact] = event.until
        agent.interrupted.discard(event.contact)
        story = self._story(event)
        if story and story.parts.get(event.agent) == "due":
            story.parts[event.agent] = "started"
        elif story:
            if story.wrap_up != "due" or story.agent != event.agent:
                self._fault(f"{event.agent} wraps up {story.contact}, which is not due to him")
            story.wrap_up = "started"

    def _wrapped_up(self, event: WrappedUp | WrapUpExpired, at: int) -> None:
        agent = self._agent(event.agent)
        until = agent.in_hand.pop(event.contact, None)
        agent.interrupted.discard(event.contact)
        if isinstance(event, WrapUpExpired) and until is not None and at < until:
            self._fault(f"{event.agent}'s wrap-up of {event.contact} expires before its time")
        story = self._story(event)
        may = ("due", "started") if isinstance(event, WrapUpExpired) else ("started",)
        if story and story.parts.get(event.agent) in may:
            del story.parts[event.agent]
        elif story:
            if story.wrap_up not in may or story.agent != event.agent:
                self._fault(f"{event.agent} has wrapped up {story.contact}, which he had not begun")
            story.wrap_up = event.outcome

    # --- interruptions --------------------------------------------------------------------------------------------

    def _interrupted(self, event: ContactInterrupted | ContactResumed, at: int) -> None:
        """It is a conversation that is interrupted, and one that was that goes on."""
        story, agent = self._open(event), self._agent(event.agent)
        stops = isinstance(event, ContactInterrupted)
        if story and (story.agent != event.agent or (event.contact in agent.interrupted) is stops):
            self._fault(f"{event.kind} of {event.contact}, which was none with {event.agent}, or was so already")
        (agent.interrupted.add if stops else agent.interrupted.discard)(event.contact)

    # --- cases ----------------------------------------------------------------------------------------------------

    def _case_opened(self, event: CaseOpened, at: int) -> None:
        if event.case in self._cases:
            self._fault(f"{event.case} is opened a second time")
        self._cases[event.case] = Case(event.breach_at)
        if event.due_at is None or event.due_at < at:
            self._fault(f"{event.case} has no time by which it is due")
        if story := self._story(event):
            if story.wrap_up not in ("follow_up", "escalated") or story.case:
                self._fault(f"{event.case} is opened for {story.contact}, which left nothing to do")
            elif bool(event.team) is not (story.wrap_up == "escalated"):
                self._fault(f"{event.case} of {story.contact} ({story.wrap_up}) is in the hands of {event.team!r}")
            story.case = event.case

    def _case(self, event: Any) -> Case | None:
        case = self._cases.get(event.case)
        if case is None and self._from_the_start:
            self._fault(f"{event.kind} of {event.case}, which was never opened")
        if case and case.resolved:
            self._fault(f"{event.kind} of {event.case} after it was resolved")
        return case

    def _case_accepted(self, event: CaseAccepted, at: int) -> None:
        if case := self._case(event):
            if case.accepted:
                self._fault(f"{event.case} is accepted a second time")
            case.accepted = True

    def _case_resolved(self, event: CaseResolved, at: int) -> None:
        if case := self._case(event):
            case.resolved = True

    def _case_breached(self, event: CaseBreached, at: int) -> None:
        if case := self._case(event):
            if case.breached or case.breach_at is None or at < case.breach_at:
                self._fault(f"{event.case} is called overdue, which it is not")
            case.breached = True


_CHECKS: Final[dict[type, Callable[[Audit, Any, int], None]]] = {
    ContactArrived: Audit._arrived,
    ContactQueued: Audit._queued,
    QueueLeft: Audit._left_queue,
    ContactLeft: Audit._left,
    ContactReleased: Audit._released,
    ContactTransferred: Audit._transferred,
    TalkEnded: Audit._talk_ended,
    ConsultCompleted: Audit._completed,
    HangUp: Audit._sent_away,
    ContactEnded: Audit._ended,
    OfferContact: Audit._offered,
    OfferAccepted: Audit._accepted,
    LegAnswered: Audit._accepted,
    JoinParties: Audit._joining,
    ContactJoined: Audit._joined,
    AgentStateSet: Audit._asked,
    AgentAlive: Audit._alive,
    AgentLapsed: Audit._lapsed,
    AgentMoved: Audit._moved,
    WrapUpStarted: Audit._wrap_up,
    WrappedUp: Audit._wrapped_up,
    WrapUpExpired: Audit._wrapped_up,
    ContactInterrupted: Audit._interrupted,
    ContactResumed: Audit._interrupted,
    CaseOpened: Audit._case_opened,
    CaseAccepted: Audit._case_accepted,
    CaseResolved: Audit._case_resolved,
    CaseBreached: Audit._case_breached,
    RecordMessage: Audit._recording,
    VoicemailLeft: Audit._recorded,
    ContactWithdrawn: Audit._withdrawn,
    DialCustomer: Audit._joining,
    **dict.fromkeys(get_args(OfferLost), Audit._offer_lost),
}
