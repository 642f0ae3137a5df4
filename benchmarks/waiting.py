"""The expected wait beside what came, and beside what others would have told the same contacts at the same instants."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from math import exp, lgamma, log
from pathlib import Path
from typing import Final, Literal

from acd.estimate import PERCENTS, Quantiles, Sample, Score, quantile
from acd.events import AnnounceWait, ContactEnded, ContactJoined, ContactQueued, QueueLeft
from acd.plan import Announce
from benchmarks.figures import Figure, Report
from benchmarks.script import DAY, SEED
from benchmarks.simulate import AGENTS, EXAMPLE, STATION, TALK_S
from router.centre import load
from router.events import Event
from router.plan import Plan
from simulator.experiment import Experiment, replicate
from simulator.population import load_population
from simulator.settings import PopulationSpec

EVERY_MS: Final = 30_000
LAST_WAITS: Final = 60

Teller = Literal["always", "ours", "mean", "head", "last", "floor"]
TELLERS: Final[dict[Teller, str]] = {
    "always": "ours, whenever told",
    "ours": "ours, at queueing",
    "mean": "peer: mean wait so far",
    "head": "peer: delay of the head of the line",
    "last": f"peer: quantiles of the last {LAST_WAITS} waits",
    "floor": "floor: who knows all rates",
}
Scores = dict[Teller, tuple[Score, ...]]


@dataclass(slots=True)
class _Queue:
    """What the peers know of a queue: who waits since when, and how long those had waited who had to."""

    waiting: dict[str, int] = field(default_factory=dict)
    last: deque[Sample] = field(default_factory=lambda: deque(maxlen=LAST_WAITS))
    waits_ms: int = 0
    answered: int = 0

    def foretell(self, at: int) -> dict[Teller, Quantiles]:
        """What each peer says to one who comes now."""
        mean_ms, head_ms = self.waits_ms // self.answered, at - next(iter(self.waiting.values()))
        half_ms, most_ms = (quantile(sorted(self.last), percent) for percent in PERCENTS)
        return {"mean": (mean_ms, mean_ms), "head": (head_ms, head_ms), "last": (half_ms, most_ms)}


@cache
def floor(place: int) -> Quantiles:
    """The quantiles of the time (ms) until so many of the station's agents, all busy, are free: Erlang's distribution.

    Its k-th agent is free within x mean times if a Poisson variable of mean x is k or more.
    """
    place_ms = TALK_S * 1_000 / AGENTS
    half, most = (_erlang_quantile(place, percent / 100) for percent in PERCENTS)
    return (round(half * place_ms), round(most * place_ms))


def _erlang_quantile(shape: int, share: float) -> float:
    low, high = 0.0, 10.0 * (shape + 10)
    for _ in range(50):
        middle = (low + high) / 2
        fewer = sum(exp(count * log(middle) - middle - lgamma(count + 1)) for count in range(shape))
        low, high = (middle, high) if 1 - fewer < share else (low, middle)
    return high


class Trial:
    """A fold over the log: the score of every teller. Peers are made for those who come, so they are judged on these.

    Of these, it is the announcements at which each had a forecast; `always` is judged on all that it had one for.
    """

    def __init__(self) -> None:
        self.scores: Scores = {teller: tuple(Score() for _ in PERCENTS) for teller in TELLERS}
        self._queues: dict[str, _Queue] = defaultdict(_Queue)
        self._queue_of: dict[str, _Queue] = {}
        self._told: dict[str, list[tuple[int, dict[Teller, Quantiles]]]] = defaultdict(list)

    def hear(self, event: Event, at: int) -> None:
        """Fold one event that happened at `at` (ms)."""
        match event:
            case ContactQueued():
                self._queue_of[event.contact] = self._queues[event.queue]
                self._queues[event.queue].waiting[event.contact] = at
            case AnnounceWait():
                self._announced(event, at)
            case ContactJoined() | ContactEnded() | QueueLeft():
                self._over(event.contact, at, answered=isinstance(event, ContactJoined))

    def _announced(self, event: AnnounceWait, at: int) -> None:
        queue, told = self._queue_of[event.contact], self._told[event.contact]
        ours: Quantiles = (event.wait_p50_ms, event.wait_p90_ms)
        if not _is_complete(ours):
            return
        forecasts: dict[Teller, Quantiles] = {"always": ours}
        if not event.waited_ms and queue.answered:
            peers = queue.foretell(at)
            if all(map(_is_complete, peers.values())):
                forecasts |= peers | {"ours": ours, "floor": floor(event.place)}
        told.append((at, forecasts))

    def _over(self, contact: str, at: int, *, answered: bool) -> None:
        queue = self._queue_of.pop(contact, None)
        if queue is None:
            return
        wait_ms = at - queue.waiting.pop(contact)
        told = self._told.pop(contact, None)
        if told is None:
            return
        queue.last.append(Sample(wait_ms, not answered))
        queue.waits_ms += wait_ms if answered else 0
        queue.answered += answered
        for told_at, forecasts in told:
            for teller, foretold in forecasts.items():
                for percent, foretold_ms, score in zip(PERCENTS, foretold, self.scores[teller], strict=True):
                    assert foretold_ms is not None, "incomplete forecasts are not kept"
                    score.judge(percent, foretold_ms, at - told_at, answered=answered)


def _is_complete(wait_ms: Quantiles) -> bool:
    return None not in wait_ms


def announcing(plan: Plan) -> Plan:
    """The same centre, all its queues announcing."""
    announce = Announce(EVERY_MS, position=True, expected_wait=True)
    queues = {queue.id: replace(queue, announce=announce) for queue in plan.floor.queues.values()}
    return replace(plan, floor=replace(plan.floor, queues=queues))


def trial(folder: Path, days: int, *, crowded: bool = False) -> Scores:
    """The scores on a centre over some days; `crowded`: with a third more customers, who have less patience."""
    centre = load(folder)
    spec = load_population(centre.document, centre.plan)
    heard = Trial()
    experiment = Experiment(folder, DAY, days, SEED, replications=1)
    replicate(announcing(centre.plan), _crowd(spec) if crowded else spec, experiment, 1, (heard.hear,))
    return heard.scores


def _crowd(spec: PopulationSpec) -> PopulationSpec:
    arrivals = {
        name: each.model_copy(update={"per_hour": each.per_hour * 4 / 3}) for name, each in spec.arrivals.items()
    }
    patience = spec.contacts.patience.model_validate({"exponential": {"mean": "4m"}})
    reasons = {name: each.model_copy(update={"patience": patience}) for name, each in spec.reasons.items()}
    return spec.model_copy(update={"arrivals": arrivals, "reasons": reasons})


CENTRES: Final[dict[str, tuple[str, Path, bool]]] = {
    "station": ("M/M/18", STATION, False),
    "crowd": ("M/M/18+M, overloaded", STATION, True),
    "example": ("shared service centre", EXAMPLE, False),
}


def measure(days: int) -> Report:
    """Coverage and pinball loss of every teller on every centre."""
    figures = [
        figure
        for name, (title, folder, crowded) in CENTRES.items()
        for figure in _figures(name, title, trial(folder, days, crowded=crowded))
    ]
    return Report(
        "waiting",
        tuple(figures),
        f"""
{days} simulated days in each centre. Every contact is told when it has to wait, and at intervals from then on. Peers
are for those who come, and are judged on these, where all had a forecast. Coverage: how many were answered within what
was told, of those of whom it is known; 50 % and 90 % are the aim. Loss: the mean pinball loss over contacts that were
answered; lower is better. Who tells one number is judged by it at both quantiles. The floor knows how many agents there
are and how long they talk; nobody could do better.
""",
    )


def _figures(name: str, title: str, scores: Scores) -> Iterator[Figure]:
    for teller, told in TELLERS.items():
        if teller == "floor" and name != "station":  # where contacts leave, or agents differ, no formula knows
            continue
        for percent, score in zip(PERCENTS, scores[teller], strict=True):
            if not score.answered:  # a day or two are too short for the small queues of the example
                continue
            known = score.within + score.beyond
            about = f"{title}, {told}, {percent} %"
            yield Figure(f"{name}_{teller}_p{percent}_coverage", f"{about}: coverage", "share", (score.within / known,))
            loss_s = score.pinball / 100_000 / score.answered
            yield Figure(f"{name}_{teller}_p{percent}_loss_s", f"{about}: loss", "s", (loss_s,))
