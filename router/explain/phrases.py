"""The parts of an explanation in a supervisor's words, times in the centre's zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from acd.model import AgentState
from acd.plan import QueuePlan, Selection
from router.explain.model import (
    Difference,
    Directed,
    InHand,
    KeptApart,
    Missing,
    NoRoom,
    NotReady,
    Obstacle,
    Reserved,
    Standing,
    Term,
    TermName,
    TierClosed,
    Unskilled,
)
from router.plan import Plan
from router.times import clock, minutes, moment

LISTED_MAX: Final = 5
"""How many of a list are named before "and 12 more"."""

ORDERS: Final[dict[Selection, str]] = {
    "longest_idle": "who has been idle longest goes first",
    "least_recently_offered": "who was offered a contact least recently goes first",
    "fewest_contacts": "who has served fewest contacts since the log-in goes first, then who has been idle longest",
    "in_order": "they go in the order of the list",
    "best_skilled": "who has the highest levels in what is asked goes first, then who has been idle longest",
    "specialists_first": "who has the fewest skills goes first, then who has been idle longest",
    "round_robin": "they go in turn, on from the one who was offered a contact last",
    "weighted_random": "one is drawn, each with as many lots as his weight",
    "least_occupied": "who has the smallest share of his capacity taken goes first, then who has been idle longest",
}
"""The order of agents that a queue's `selection` stands for."""

CHANNEL_WORDS: Final[dict[str, str]] = {"voice": "call", "work_item": "work item"}
"""What one contact of a channel is called, where that is not the channel's own name."""

_STATES: Final[dict[AgentState, str]] = {
    AgentState.READY: "ready, but for nothing that comes to this centre",
    AgentState.OFFLINE: "offline",
    AgentState.RESERVED: "being rung for {contact}",
    AgentState.TALKING: "talking with {contact}",
    AgentState.WRAP_UP: "in wrap-up after {contact}",
    AgentState.PAUSED: "on a pause",
    AgentState.NOT_RESPONDING: "not responding, and has to say first that he is back",
}


def listed(names: Sequence[str]) -> str:
    """Names as far as they can be read: a, b, c, d, e and 7 more."""
    more = len(names) - LISTED_MAX
    shown = ", ".join(names[:LISTED_MAX])
    return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words for a centre with this plan, as said at the instant `now` (ms)."""

    plan: Plan
    now: int

    def time(self, at: int) -> str:
        """An instant: 09:15:00; with its date where that is not today's."""
        zone = self.plan.zone
        today = moment(at, zone).date() == moment(self.now, zone).date()
        return clock(at, zone) if today else f"{moment(at, zone):%a %Y-%m-%d %H:%M:%S}"

    def moment(self, at: int) -> str:
        """An instant with its date and zone."""
        return f"{moment(at, self.plan.zone):%a %Y-%m-%d %H:%M:%S} ({self.plan.zone})"

    # --- why somebody is no candidate -----------------------------------------------------------------------------

    def obstacles(self, obstacles: Iterable[Obstacle]) -> str:
        """Everything that stands between an agent and a contact."""
        return "; ".join(self._obstacle(each) for each in obstacles) or "ready"

    def _obstacle(self, obstacle: Obstacle) -> str:
        match obstacle:
            case Directed() | Reserved():
                return self._for_others(obstacle)
            case Unskilled(missing):
                return f"without {' and '.join(map(_missing, missing))}"
            case TierClosed():
                return self._closed(obstacle)
            case NoRoom():
                return _no_room(obstacle)
            case InHand() | KeptApart():
                return self._apart(obstacle)
            case NotReady():
                return self._doing(obstacle)

    def _for_others(self, meant: Directed | Reserved) -> str:
        until = f" until {self.time(meant.until)}" if meant.until else ""
        if isinstance(meant, Directed):
            return f"not {meant.agent}, for whom it is meant{until}"
        return f"not one of those it is kept for{until}: {listed(meant.agents)}"

    def _apart(self, apart: InHand | KeptApart) -> str:
        if isinstance(apart, InHand):
            return f"has to do with {apart.contact} already"
        return f"kept apart from it until {self.time(apart.until)}, after an offer that came to nothing"

    def _closed(self, closed: TierClosed) -> str:
        if not closed.tier:
            return "in none of the queue's tiers"
        opens = "never opens to this contact" if closed.opens_at is None else f"opens at {self.time(closed.opens_at)}"
        return f"in tier {closed.tier}, which {opens}"

    def _doing(self, busy: NotReady) -> str:
        until = f" until {self.time(busy.until)} at the latest" if busy.until else ""
        note = f" ({busy.note})" if busy.note and busy.state is AgentState.PAUSED else ""
        return f"{_STATES[busy.state].format(contact=busy.contact)}{until}{note}"

    def excluded(self, standings: Iterable[Standing], he_is: str = "") -> list[str]:
        """Who was no candidate, a line for all who were none for the same reasons, the most first.

        `he_is` goes before what is said of the agent where the line begins with contacts.
        """
        groups: dict[str, list[str]] = {}
        for each in standings:
            groups.setdefault(self.obstacles(each.obstacles), []).append(each.id)
        lines = sorted(groups.items(), key=lambda group: (-len(group[1]), group[1]))
        more = len(lines) - LISTED_MAX
        said = [f"{listed(names)}: {he_is}{reasons}" for reasons, names in lines[:LISTED_MAX]]
        return [*said, f"and {more} more for other reasons; --json lists all"] if more > 0 else said

    # --- what candidates are ranked by ----------------------------------------------------------------------------

    def ranking(self, standing: Standing) -> str:
        """What one candidate is ranked by, in the order of comparison, less what only breaks ties."""
        said = (_TERMS[term.name](self, term, standing.queue) for term in standing.terms if term.name in _TERMS)
        return ", ".join(filter(None, said)) or "by the order of the list"

    def ranked(self, candidates: Sequence[Standing]) -> list[str]:
        """Candidates, the first first."""
        more = len(candidates) - LISTED_MAX
        lines = [f"{place}. {each.id}: {self.ranking(each)}" for place, each in enumerate(candidates[:LISTED_MAX], 1)]
        return [*lines, f"and {more} more"] if more > 0 else lines

    def because(self, difference: Difference, first: str, second: str) -> str:
        """Why the first goes before the second, by the first term in which they differ."""
        return _DIFFERENCES[difference.name](self, difference, first, second)

    def queue(self, queue: str) -> QueuePlan | None:
        """A queue of the rules in force now."""
        return self.plan.floor.queues.get(queue)

    def turn(self, at: int, queue: str) -> str:
        """From when a contact's place counts: from its need, unless its queue has a head start or a target to keep."""
        plan = self.queue(queue)
        is_need = plan is None or (not plan.head_start_ms and plan.order == "age")
        return f"{'asked' if is_need else 'counts as having asked'} at {self.time(at)}"


def _no_room(room: NoRoom) -> str:
    """Whether he takes no such contact at all, has as many as he takes, or too much else in hand."""
    channel = CHANNEL_WORDS.get(room.channel, room.channel)
    if room.most == 0:
        return f"taking no {channel}s"
    if room.load + room.cost <= room.capacity:
        return f"busy with as many {channel}s as he takes at once, which is {room.most}"
    taken = f"{room.load} of his {room.capacity} units are taken by {listed(room.contacts)}"
    return f"without room for a {channel} of {room.cost} units: {taken}"


def _missing(missing: Missing) -> str:
    if missing.level == 1:
        return missing.skill
    has = f"level {missing.has}" if missing.has else "none"
    return f"{missing.skill} at level {missing.level} (has {has})"


def _nth(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in {11, 12, 13} else "th"
    return f"{number}{ending}"


def _offered_at(phrases: Phrases, term: Term, queue: str) -> str:
    return f"last offered a contact at {phrases.time(term.value)}" if term.value else "offered no contact yet"


_TERMS: Final[dict[TermName, Callable[[Phrases, Term, str], str]]] = {
    "weight": lambda phrases, term, queue: f"weight {term.value}" if term.value else "",
    "priority": lambda phrases, term, queue: f"priority {term.value}",
    "turn": lambda phrases, term, queue: phrases.turn(term.value, queue),
    "tier": lambda phrases, term, queue: f"tier {term.value}",
    "skill_levels": lambda phrases, term, queue: f"levels {term.value} in all in what is asked",
    "skills": lambda phrases, term, queue: f"{term.value} skills",
    "in_hand": lambda phrases, term, queue: f"{term.value} in hand" if term.value else "",
    "occupied": lambda phrases, term, queue: f"{term.value / 10:g} % of the capacity taken",
    "idle_since": lambda phrases, term, queue: f"idle since {phrases.time(term.value)}",
    "offered_at": _offered_at,
    "served": lambda phrases, term, queue: f"{term.value} contacts since the log-in",
    "rotation": lambda phrases, term, queue: f"{_nth(term.value)} from there",
    "lot": lambda phrases, term, queue: "not drawn" if term.value else "drawn",
    "lots": lambda phrases, term, queue: f"{term.value} {'lot' if term.value == 1 else 'lots'}",
}
_DIFFERENCES: Final[dict[TermName, Callable[[Phrases, Difference, str, str], str]]] = {
    "weight": lambda p, d, one, two: f"its queue has the greater weight ({d.first} against {d.second})",
    "priority": lambda p, d, one, two: f"it has the higher priority ({d.first} against {d.second})",
    "turn": lambda p, d, one, two: f"its turn came first ({p.time(d.first)} against {p.time(d.second)})",
    "order": lambda p, d, one, two: "it joined its queue first",
    "tier": lambda p, d, one, two: f"{one} is in tier {d.first}, {two} in tier {d.second}",
    "skill_levels": lambda p, d, one, two: (
        f"{one} has the higher levels in what is asked ({d.first} in all, {two} {d.second})"
    ),
    "skills": lambda p, d, one, two: f"{one} has fewer skills ({d.first}, {two} {d.second})",
    "in_hand": lambda p, d, one, two: f"{one} had fewer contacts in hand ({d.first}, {two} {d.second})",
    "occupied": lambda p, d, one, two: (
        f"{one} had less of the capacity taken ({d.first / 10:g} %, {two} {d.second / 10:g} %)"
    ),
    "idle_since": lambda p, d, one, two: (
        f"{one} had been idle longer (since {p.time(d.first)}, {two} since {p.time(d.second)})"
    ),
    "offered_at": lambda p, d, one, two: f"{one} had been offered a contact less recently",
    "served": lambda p, d, one, two: f"{one} had served fewer contacts ({d.first}, {two} {d.second})",
    "rotation": lambda p, d, one, two: f"it was the turn of {one} before that of {two}",
    "lot": lambda p, d, one, two: f"{one} was drawn",
    "lots": lambda p, d, one, two: f"neither was drawn: {one} has {d.first} lots, {two} {d.second}",
    "place": lambda p, d, one, two: f"all else was equal, and {one} comes first in the list",
}


def waited(ms: int) -> str:
    """A duration in words: 2:05 min."""
    return f"{minutes(ms)} min"
