"""The laws where contacts go from hand to hand: transfers, consults and supervisors in any order; and the audit's."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import rule

from acd import capacity
from acd.events import (
    AgentStateSet,
    ContactReleased,
    OfferDeclined,
)
from acd.hands import (
    ConsultAsked,
    ConsultCompleted,
    ConsultEnded,
    ConsultMerged,
    ContactPulled,
    ContactTransferred,
    SupervisionAsked,
    SupervisionEnded,
)
from router.events import Event
from simulator.audit import Audit
from tests.test_laws import AGENTS, SERVED, agents, places
from tests.test_stand_in_laws import StandInLaws


class HandLaws(StandInLaws):
    """The laws of the rich centre and of callbacks, while everybody hands contacts on and asks for help."""

    def __init__(self) -> None:
        super().__init__()
        in_hand_max = max(capacity.in_hand_max(plan.floor) for plan in self.engine.plans.values())
        self.audit = Audit(ring_several=("needs", "quick"), in_hand_max=in_hand_max)

    def book(self, events: list[Event], twins: list[Event]) -> None:
        """Let an independent check hear it too."""
        heard = len(self.log)
        super().book(events, twins)
        for seq, event in enumerate(events, start=heard + 1):
            self.audit.hear(seq, event, self.now)

    def teardown(self) -> None:
        """Every contact's story holds, and is complete."""
        super().teardown()
        if self.engine.board.started:
            assert [] == self.audit.problems()

    def with_whom(self, agent: str) -> str:
        """The contact that came into an agent's hands last, if he has one."""
        return next(reversed(self.engine.board.floor.agents[agent].works), "")

    @rule(agent=agents, to=st.sampled_from(["needs", "quick", "", "nowhere"]), to_agent=st.sampled_from(["", *AGENTS]))
    def transfer(self, agent: str, to: str, to_agent: str) -> None:
        """A contact is handed on, to a queue, to an agent, or to nowhere."""
        self.take(ContactTransferred(self.with_whom(agent), agent, to, to_agent))

    @rule(agent=agents, queue=st.sampled_from(["needs", "quick"]), to_agent=st.sampled_from([None, *AGENTS]))
    def consult(self, agent: str, queue: str, to_agent: str | None) -> None:
        """An agent asks for another one while his customer waits."""
        self.take(ConsultAsked(self.with_whom(agent), agent, "" if to_agent else queue, to_agent or ""))

    @rule(kind=st.sampled_from([ConsultEnded, ConsultMerged, ConsultCompleted]))
    def conclude(self, kind: type) -> None:
        """Every consult comes to this, where it can."""
        for contact in [*self.engine.board.floor.contacts.values()]:
            if contact.consult:
                self.take(kind(contact.id, contact.agent))

    @rule(place=places, agent=agents)
    def pull(self, place: int, agent: str) -> None:
        """A supervisor gives a contact to somebody."""
        self.take(ContactPulled(self.contact(place), agent))

    @rule(
        place=places, mode=st.sampled_from(["listen", "whisper", "barge", None]), who=st.sampled_from(["wang", "ann"])
    )
    def supervise(self, place: int, mode: Any, who: str) -> None:
        """A supervisor takes part in a conversation, or no longer does."""
        contact = self.contact(place)
        self.take(SupervisionAsked(contact, who, mode) if mode else SupervisionEnded(contact, who))

    @rule(agent=agents, kinds=st.lists(st.sampled_from([ConsultMerged, ConsultCompleted, ConsultEnded]), max_size=2))
    def ask_a_colleague(self, agent: str, kinds: list[type]) -> None:
        """All come to work and talk; then they ask this colleague, who answers, or anybody; and conclude it so."""
        for each in AGENTS:
            self.take(AgentStateSet(each, "ready"))
        self.serve(SERVED)
        for each in AGENTS:
            if not self.take(ConsultAsked(self.with_whom(each), each, to_agent=agent)):
                self.take(ConsultAsked(self.with_whom(each), each, "quick"))
        self.serve(SERVED)
        for kind in kinds:
            self.conclude(kind)

    @rule(agent=agents, then=st.sampled_from(["wait", "decline", "go", "release"]))
    def hand_to_a_colleague(self, agent: str, then: str) -> None:
        """All who talk hand their contact to this colleague, who may be busy, decline, or go."""
        self.take(AgentStateSet(agent, "ready"))
        for each in AGENTS:
            self.take(ContactTransferred(self.with_whom(each), each, "", agent))
        if then == "decline":
            self.serve([OfferDeclined])
        elif then == "go":
            self.take(AgentStateSet(agent, "paused"))
        elif then == "release":
            self.take(ContactReleased(self.with_whom(agent), agent))


HandLaws.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestHandLaws = HandLaws.TestCase
