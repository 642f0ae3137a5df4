"""What the hours and the admission of queues say together with calendars, agents and other queues.

Judged where the queue itself has no fault of form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from acd.match import meets
from acd.plan import AgentPlan, QueuePlan
from escalation.hours import Calendar
from router.centre.compile import compile_agents, compile_queue
from router.centre.document import Document, Path
from router.centre.routing import QueueHoursSpec
from router.centre.sections import QueueSpec, Sections
from router.errors import Fault

_OUT = "take it out"


def queue_faults(document: Document, sections: Sections, calendars: Mapping[str, Calendar]) -> Iterator[Fault]:
    """One fault for each hour that never comes, each way round in a circle and each door that nobody passes."""
    agents = list(compile_agents(sections))
    for queue_id, spec in sections.queues.items():
        check = _Check(document, queue_id, spec, calendars)
        if spec.hours:
            yield from check.hours(spec.hours)
            yield from check.circle(sections)
        yield from check.relaxations()
        yield from check.expected_wait()
        if spec.compat is None and spec.agents_min and sections.agents.keys() >= set(spec.listed):
            yield from check.agents_min(compile_queue(queue_id, spec, sections.agents, calendars), agents)


@dataclass(frozen=True, slots=True)
class _Check:
    document: Document
    queue_id: str
    spec: QueueSpec
    calendars: Mapping[str, Calendar]

    def fault(self, path: Path, message: str, hint: str = "") -> Fault:
        return self.document.fault(("queues", self.queue_id, *path), message, hint)

    def hours(self, hours: QueueHoursSpec) -> Iterator[Fault]:
        """They end, and what is said of those who come or wait then has an effect."""
        calendar = self.calendars.get(hours.calendar)
        if calendar and calendar.is_open(calendar.horizon[0]) and calendar.next_change(calendar.horizon[0]) is None:
            yield self.fault(("hours", "calendar"), f"`{hours.calendar}` never closes: neither does the queue", _OUT)
        if hours.waiting == "move" and hours.to is None:
            yield self.fault(("hours", "waiting"), "there is no queue to move them to", "name it with `to`")
        if hours.prompts and hours.to and hours.waiting != "send_away":
            message = "these prompts are never played: nobody is sent away"
            yield self.fault(("hours", "prompts"), message, "they are for `to: null` or `waiting: send_away`")

    def circle(self, sections: Sections) -> Iterator[Fault]:
        """Whoever comes when it is closed does not come back to it, by other closed queues or by waiting too long."""
        ahead, seen = list(_onwards(sections, self.queue_id, by_hours_alone=True)), set[str]()
        while ahead:
            queue = ahead.pop()
            if queue == self.queue_id:
                message = "contacts could go round for ever: this leads back to the queue"
                yield self.fault(("hours", "to"), message, "let one of the queues on the way keep its contacts")
                return
            if queue not in seen:
                seen.add(queue)
                ahead += _onwards(sections, queue)

    def relaxations(self) -> Iterator[Fault]:
        """Each begins in one way; during some hours, only where the queue has contacts then."""
        for place, relaxation in enumerate(self.spec.relaxations):
            path: Path = ("relaxations", place)
            if relaxation.during is None:
                continue
            if relaxation.after is not None:
                message = "a relaxation begins after some time or during some hours, not both"
                yield self.fault((*path, "during"), message, "write two of them")
            if self._is_shut(relaxation.during):
                message = f"this relaxation never comes: the queue has no contacts while `{relaxation.during}` is open"
                yield self.fault((*path, "during"), message, "see `hours`")

    def _is_shut(self, name: str) -> bool:
        """Whether nobody comes or waits while a calendar is open."""
        hours = self.spec.hours
        if hours is None or hours.waiting == "keep":
            return False
        ours, theirs = self.calendars.get(hours.calendar), self.calendars.get(name)
        return ours is not None and theirs is not None and not _overlap(ours, theirs)

    def expected_wait(self) -> Iterator[Fault]:
        """It is known only of queues that announce."""
        if self.spec.expected_wait_max and not self.spec.announce:
            hint = "say `announce`, if only with `expected_wait: true`"
            yield self.fault(("expected_wait_max",), "no wait is estimated in a queue that does not announce", hint)

    def agents_min(self, queue: QueuePlan, agents: list[AgentPlan]) -> Iterator[Fault]:
        """So many agents there are who could serve it from the start, if all of them attend."""
        listed = {agent for tier in queue.tiers for agent in tier.agents}
        able = [each for each in agents if (each.id in listed or not listed) and meets(each.skills, queue.requirements)]
        if len(able) < queue.agents_min:
            message = f"nobody is ever let in: {len(able)} agents have what is asked at first"
            yield self.fault(("agents_min",), message, f"set it to {len(able)} or less" if able else _OUT)


def _onwards(sections: Sections, queue_id: str, *, by_hours_alone: bool = False) -> Iterator[str]:
    """The queues that a queue's contacts go on to by themselves."""
    spec = sections.queues.get(queue_id)
    if spec and spec.hours and spec.hours.to:
        yield spec.hours.to
    if spec and spec.overflow and not by_hours_alone:
        yield spec.overflow.queue


def _overlap(one: Calendar, other: Calendar) -> bool:
    """Whether two calendars are ever open at the same time."""
    return any(one.elapsed(start, end) for start, end in zip(other.starts, other.ends, strict=True))
