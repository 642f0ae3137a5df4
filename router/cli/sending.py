"""Commands to a live service: numbered, one at a time about each subject, repeated until their outcome is heard.

A command may be lost with the broker, or be on its way while the service starts again; to repeat it is safe, as the
service knows it by its id. One about the same subject waits for the one before, so that a repetition overtakes none.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

from router import contract
from router.contract.inputs import INPUTS
from router.events import Event
from router.ports import Publication

REPEATS_APART_MAX: Final = 5
"""Repetitions come ever later, up to this multiple of the first interval."""


@dataclass(slots=True)
class Sent:
    """A command on its way. `due` is the instant for which it was planned (ms).

    `own_late_ms`: how much later it was given, for all that its giver could not have given it sooner. `held_up`: an
    outage, or what waited for its end, may have been in its way.
    """

    id: str
    fact: Event
    due: int
    own_late_ms: int
    publication: Publication
    again_at: int = 0
    times: int = 0
    held_up: bool = False


class Commands:
    """All commands of one participant that have no outcome yet. Instants are ms of the engine's clock."""

    def __init__(self, centre: str, participant: str, run: str, repeat_ms: int) -> None:
        """`run` begins every command's id, and is never used again. The first repetition is after `repeat_ms`."""
        self._topic = contract.input_topic(centre, participant)
        self._participant = participant
        self._run = run
        self._repeat_ms = repeat_ms
        self._number = 0
        self._numbers: dict[str, int] = {}
        self._lines: dict[str, deque[Sent]] = {}
        self._open: dict[str, Sent] = {}
        self._cut_off = False
        self._awaited: set[str] = set()
        self._resumed_at = 0
        self.answered = 0

    def __len__(self) -> int:
        return len(self._open)

    def subjects(self) -> list[str]:
        """Whom they are about."""
        return list(self._lines)

    def give(self, fact: Event, due: int, now: int, late_ms: int = 0) -> list[Publication]:
        """A new command; what is to be published for it now.

        `late_ms`: how much later than it wanted to the giver came to give it. One that was due before an outage was
        over is later by that alone.
        """
        sent = self._write(fact, due, min(max(0, now - due), late_ms))
        sent.held_up = self._cut_off or bool(self._awaited) or due < self._resumed_at
        if due < self._resumed_at:
            self._awaited.add(sent.id)
        self._open[sent.id] = sent
        line = self._lines.setdefault(_subject(fact), deque())
        line.append(sent)
        return [self._send(sent, now)] if len(line) == 1 else []

    def settle(self, command: str, now: int) -> tuple[Sent | None, list[Publication]]:
        """The outcome of a command was heard: the command (None if it has one already), and what its end lets out."""
        sent = self._open.pop(command, None)
        if sent is None:
            return None, []
        self.answered += 1
        self._awaited.discard(command)
        subject = _subject(sent.fact)
        line = self._lines[subject]
        line.popleft()
        if line:
            return sent, [self._send(line[0], now)]
        del self._lines[subject]
        return sent, []

    def cut_off(self) -> None:
        """From now on nothing gets through, and whatever is under way is held up."""
        self._cut_off = True
        for sent in self._open.values():
            sent.held_up = True

    def resume(self, now: int) -> None:
        """Something may get through again. Those given before all now under way have their outcomes are held up too.

        The clock may have been set back to `now`: no repetition is further ahead than the first would be.
        """
        self._cut_off = False
        self._awaited = set(self._open)
        self._resumed_at = now
        for sent in self._open.values():
            sent.again_at = min(sent.again_at, now + self._repeat_ms)

    def again(self, now: int) -> list[Publication]:
        """The repetitions that are due."""
        return [self._send(line[0], now) for line in self._lines.values() if line[0].again_at <= now]

    def repeat_at(self) -> int | None:
        """When the next repetition is due."""
        return min((line[0].again_at for line in self._lines.values()), default=None)

    def _send(self, sent: Sent, now: int) -> Publication:
        sent.times += 1
        sent.again_at = now + self._repeat_ms * min(sent.times, REPEATS_APART_MAX)
        return sent.publication

    def _write(self, fact: Event, due: int, own_late_ms: int) -> Sent:
        self._number += 1
        attributes = {
            "specversion": "1.0",
            "id": f"{self._run}.{self._number}",
            "source": self._participant,
            "type": fact.kind,
            "datacontenttype": "application/json",
            **self._numbering(fact),
        }
        body = json.dumps({**attributes, "data": asdict(fact)}, ensure_ascii=False, separators=(",", ":"))
        properties = tuple((name, str(value)) for name, value in attributes.items())
        publication = Publication(self._topic, body.encode(), properties=properties)
        return Sent(attributes["id"], fact, due, own_late_ms, publication)

    def _numbering(self, fact: Event) -> dict[str, Any]:
        """Of this run's own contacts all is numbered from 1. Of anything else an earlier run may have said more."""
        subject = _subject(fact)
        if not subject.startswith(f"{self._run}."):
            return {}
        self._numbers[subject] = self._numbers.get(subject, 0) + 1
        return {"subject": subject, "sequence": self._numbers[subject]}


def _subject(fact: Event) -> str:
    return str(getattr(fact, INPUTS[fact.kind].subject or "kind"))
