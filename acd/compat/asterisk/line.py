"""One queue as its callers see it: whose turn it is, and who may ring. It only reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from acd.compat.asterisk.plan import AsteriskMember, AsteriskQueue
from acd.compat.asterisk.presence import Seen, is_paused, somebody_is_there, status
from acd.compat.asterisk.ranking import Ranks, ranked
from acd.compat.asterisk.watch import NEW, AsteriskWatch, Caller, Calls
from acd.floor import Floor
from acd.model import AgentState
from acd.plan import QueuePlan


@dataclass(frozen=True, slots=True)
class Line:
    """A queue at an instant."""

    floor: Floor
    watch: AsteriskWatch
    plan: QueuePlan
    settings: AsteriskQueue
    now: int

    @classmethod
    def of(cls, floor: Floor, watch: AsteriskWatch, now: int) -> Self:
        """The queue that a watch is over."""
        plan = floor.plan.queues[watch.queue]
        assert isinstance(plan.compat, AsteriskQueue), "a watch is over a queue of its own system"
        return cls(floor, watch, plan, plan.compat, now)

    # --- callers --------------------------------------------------------------------------------------------------

    def is_turn_of(self, caller: Caller) -> bool:
        """Whether a member is available for this caller: each before him takes one, unless he is attempting already.

        Without `autofill` only the first may have a turn.
        """
        if self.watch.callers[0] is not caller and not self.settings.autofill:
            return False
        left = self.available()
        for each in self.watch.callers:
            if each is caller or not left:
                break
            left -= each.attempt is None
        return left > 0

    def ranks(self, caller: Caller) -> Ranks:
        """Whom the caller may have, the first to try first."""
        return ranked(self.settings, self.watch, caller, self._bound(caller, self.now - caller.since), self.now)

    def is_deserted(self, caller: Caller) -> bool:
        """Whether nobody is there any more for a caller who waits."""
        return not somebody_is_there(self._seen_by(caller), self.settings.leave_when_empty)

    def is_closed_to(self, caller: Caller) -> bool:
        """Whether nobody is there for a caller who comes."""
        return not somebody_is_there(self._seen_by(caller), self.settings.join_empty)

    def _bound(self, caller: Caller, waited_ms: int) -> int | None:
        """The caller's bound on penalties by now. Rules change one that he came with, and give him none."""
        if caller.penalty_max is None:
            return None
        rules = sorted(self.settings.rules, key=lambda rule: rule.after_ms)
        return next((rule.penalty_max for rule in reversed(rules) if rule.after_ms < waited_ms), caller.penalty_max)

    def _seen_by(self, caller: Caller) -> Iterator[Seen]:
        """Who waits sees a rule at the very instant (>=); for who rings it must have passed (>)."""
        bound = self._bound(caller, self.now - caller.since + 1)
        for member in self.settings.members:
            agent = self.floor.agents.get(member.agent)
            paused = agent is not None and self._is_paused(member)
            out = bound is not None and member.penalty > bound
            yield Seen(status(agent), paused, out, self.wraps_up_until(member) > self.now)

    # --- members --------------------------------------------------------------------------------------------------

    def available(self) -> int:
        """How many members are; but where only one caller can be served, one is as good as many."""
        count = sum(map(self._is_available, self.settings.members))
        return count if self.settings.autofill and self.settings.strategy != "ringall" else min(count, 1)

    def wraps_up_until(self, member: AsteriskMember) -> int:
        """When the member's last call, if the queue knows of it, ended as long ago as this queue's wrap-up takes."""
        last = self._calls(member.agent).last
        return 0 if last is None else last + self.settings.wrap_up_ms

    def can_ring(self, agent: str, caller: Caller) -> bool:
        """Whether this member may ring now for this caller."""
        member = next(member for member in self.settings.members if member.agent == agent)
        if not self._is_free(member) or self._wraps_up(agent):
            return False
        return not any(other.comes_before(self, caller) for other in self._others_with(agent))

    def comes_before(self, line: Line, caller: Caller) -> bool:
        """Whether this queue has a better claim than a caller of another one on a member of both.

        A heavier queue: as soon as it has as many callers, ringing ones included, as members available; it does not ask
        whether a caller could use the member. One of equal weight: if its first caller has waited longer.
        """
        if self.plan.weight > line.plan.weight:
            return len(self.watch.callers) >= self.available()
        forced = line.settings.longest_waiting != "no"
        return forced and self.plan.weight == line.plan.weight and self._has_waited_longer(line, caller)

    def _has_waited_longer(self, line: Line, caller: Caller) -> bool:
        first = next((each for each in self.watch.callers if each.attempt is None), None)
        if first is None:
            return False
        if line.settings.longest_waiting == "prio" and first.priority != caller.priority:
            return first.priority > caller.priority
        return first.since < caller.since

    def _is_available(self, member: AsteriskMember) -> bool:
        return self._is_free(member) and self.wraps_up_until(member) <= self.now

    def _is_free(self, member: AsteriskMember) -> bool:
        agent = self.floor.agents.get(member.agent)
        return agent is not None and agent.state is AgentState.READY and not self._is_paused(member)

    def _is_paused(self, member: AsteriskMember) -> bool:
        return self.watch.holds_back(member.agent) or is_paused(self.floor.agents[member.agent])

    def _wraps_up(self, agent: str) -> bool:
        """Whether the wrap-up of the queue that had the member's last call, as far as this one knows, still runs."""
        calls = self._calls(agent)
        queue = self.floor.plan.queues.get(calls.queue, self.plan)
        settings = queue.compat if isinstance(queue.compat, AsteriskQueue) else self.settings
        return calls.last is not None and self.now < calls.last + settings.wrap_up_ms

    def _calls(self, agent: str) -> Calls:
        return self.watch.members.get(agent, NEW).calls(shared=self.settings.shared_last_call)

    def _others_with(self, agent: str) -> Iterator[Line]:
        """The other queues of Asterisk that have callers, and this agent for a member."""
        for watch in self.floor.watches.values():
            if isinstance(watch, AsteriskWatch) and watch is not self.watch and watch.callers:
                line = Line.of(self.floor, watch, self.now)
                if any(member.agent == agent for member in line.settings.members):
                    yield line
