"""What a board shows, as plain data: taken from a service in a moment, drawn at leisure, on another thread too."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from acd.contact import UNANSWERED
from acd.model import AgentState
from escalation.case import CaseState
from router.cli.news import News
from router.measures import Tally
from router.service import Service
from router.times import MINUTE_MS

HISTORY: Final = 24


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue. `history`: the most that waited in each of the last minutes of the centre's clock."""

    id: str
    tally: Tally
    waiting: int
    longest_ms: int
    acceptable_wait_ms: int
    history: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TeamView:
    """The cases of one process team; of the first line where it has no id."""

    id: str
    new: int
    at_work: int
    solved: int
    late: int


@dataclass(frozen=True, slots=True)
class View:
    """A centre at the instant `now`. `news` are (time of day, text, style), the newest first. Instants are ms."""

    centre: str
    zone: str
    start: int
    end: int
    now: int
    speed: float
    total: Tally
    queues: tuple[QueueView, ...]
    agents: tuple[tuple[str, AgentState], ...]
    cases: tuple[TeamView, ...]
    news: tuple[tuple[str, str, str], ...]
    where: str

    @property
    def waiting(self) -> int:
        """How many wait, in all queues."""
        return sum(queue.waiting for queue in self.queues)


@dataclass(slots=True)
class Viewer:
    """Takes views of a service; remembers between them how long queues have been."""

    service: Service
    zone: str
    news: News
    start: int
    end: int
    where: str
    _history: dict[str, deque[int]] = field(default_factory=dict)
    _minute: int = 0

    def view(self, now: int) -> View:
        """The centre as it stands."""
        service = self.service
        tallies = service.measures.by_queue()
        self._remember({queue: len(self._waits(queue)) for queue in tallies}, now // MINUTE_MS)
        return View(
            service.centre,
            self.zone,
            self.start,
            self.end,
            now,
            service.clock.speed,
            service.measures.tally(now),
            tuple(self._queue(queue, tally, now) for queue, tally in tallies.items()),
            tuple((agent.id, agent.state) for agent in service.engine.board.floor.agents.values()),
            self._cases(),
            tuple(self.news.lines),
            self.where,
        )

    def _waits(self, queue: str) -> list[int]:
        """Since when (ms) each contact of a queue waits."""
        contacts = self.service.engine.board.floor.contacts.values()
        return [each.queued_at for each in contacts if each.queue == queue and each.state in UNANSWERED]

    def _remember(self, waiting: dict[str, int], minute: int) -> None:
        begun, self._minute = minute > self._minute, minute
        for queue, count in waiting.items():
            history = self._history.setdefault(queue, deque(maxlen=HISTORY))
            most = 0 if begun or not history else history.pop()
            history.append(max(most, count))

    def _queue(self, queue: str, tally: Tally, now: int) -> QueueView:
        copy = Tally()
        copy.add(tally)
        waits = self._waits(queue)
        acceptable_wait_ms = self.service.engine.board.plan.floor.queues[queue].acceptable_wait_ms
        longest_ms = max((now - since for since in waits), default=0)
        return QueueView(queue, copy, len(waits), max(0, longest_ms), acceptable_wait_ms, tuple(self._history[queue]))

    def _cases(self) -> tuple[TeamView, ...]:
        desk = self.service.engine.board.desk
        counts = Counter((case.team, case.state) for case in desk.cases.values())
        late = Counter(case.team for case in desk.cases.values() if case.breached)
        new, at_work, solved = CaseState.OPEN, CaseState.ACCEPTED, CaseState.RESOLVED
        return tuple(
            TeamView(team, counts[team, new], counts[team, at_work], counts[team, solved], late[team])
            for team in (*self.service.engine.board.plan.desk.teams, "")
        )
