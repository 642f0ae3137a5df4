"""How long a contact still has to wait, as quantiles; what was foretold is scored against what came.

*The method.* Waits are learnt as time for each place: how long a contact at place k still waited, divided by k, which
is what the departures before it took (a queue-length estimator in the sense of Ibrahim and Whitt, "Real-time delay
estimation in overloaded multiserver queues with abandonments", Management Science 55(10), 2009; such know more than
delays alone). Nothing is assumed of how these times are distributed: the last ones of contacts at about the same place,
after about the same wait, are kept, and a quantile of theirs is what is foretold. So long waits that mean a scarce
skill, and days on which everything takes longer, are learnt without being modelled.

Contacts that leave unanswered waited *at least* so long. To leave them out would make the wait look shorter than it is
for those who stay, so the quantile is that of the product-limit estimator (Kaplan and Meier, 1958), with one more at
risk, who is the contact itself: thereby the answer comes within the p-quantile with a probability of p or a little more
wherever the past is exchangeable with the future (Vovk, Gammerman and Shafer, "Algorithmic learning in a random world",
2005). Where too few were observed to say so, nothing is said.

*The score.* A prediction is judged as soon as it can be: the contact was answered within it, or had waited longer. One
who left before tells nothing, and is counted apart. The pinball loss (Koenker and Bassett, 1978) is that of contacts
which were answered.

All of it is integers, so that it is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

PERCENTS: Final = (50, 90)
"""The quantiles that are foretold: half of the contacts, and nine in ten, are answered within them."""
SAMPLES_MAX: Final = 100
"""How many of the last times a class keeps: few enough to follow the day, enough for a quantile of 90 %."""
SAMPLES_MIN: Final = 12
"""With fewer in a class, those of the next are taken; of all together 9 are enough to know a quantile of 90 %."""
PLACE_CLASSES: Final = 8
AGE_CLASSES: Final = 7
AGE_STEP_MS: Final = 15_000

_WHOLE: Final = 10**12
"""What a share of 1 is in whole numbers; rounding down errs below what 12 digits show."""
_ALL: Final = "all"

Quantiles = tuple[int | None, int | None]
"""The quantiles of `PERCENTS` of a wait, in ms; None where one is not known."""


class Sample(NamedTuple):
    """The time for each place (ms), and whether the contact left after it, or else was answered.

    In their natural order, answers come first among equal times, as is usual for the product limit.
    """

    place_ms: int
    left: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was foretold of a contact at the instant `at`, when it was at `place` and had waited `waited_ms`.

    `wait_ms` is the wait still to come.
    """

    at: int
    place: int
    waited_ms: int
    wait_ms: Quantiles


@dataclass(slots=True)
class Score:
    """What came of the predictions of one quantile. `pinball` is the sum of the losses in hundredths of ms.

    `within`: answered within it; `beyond`: waited longer; `unknown`: left before. `answered` have a pinball loss.
    """

    within: int = 0
    beyond: int = 0
    unknown: int = 0
    answered: int = 0
    pinball: int = 0

    def judge(self, percent: int, wait_ms: int, waited_ms: int, *, answered: bool) -> None:
        """Count one prediction: `wait_ms` was foretold, and after `waited_ms` the contact was answered or left."""
        if waited_ms > wait_ms:
            self.beyond += 1
        elif answered:
            self.within += 1
        else:
            self.unknown += 1
        if answered:
            self.answered += 1
            self.pinball += pinball(percent, wait_ms, waited_ms)


@dataclass(slots=True)
class Estimator:
    """What one queue's contacts have taught, by classes of place and age, and the score of each of `PERCENTS`."""

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    scores: tuple[Score, ...] = field(default_factory=lambda: tuple(Score() for _ in PERCENTS))

    def wait_ms(self, place: int, waited_ms: int) -> Quantiles:
        """The quantiles of the wait still to come (ms) at a place (from 1) after a wait; None: not known yet."""
        samples = sorted(self._nearest(place, waited_ms))
        half, most = (quantile(samples, percent) for percent in PERCENTS)
        return (None if half is None else half * place, None if most is None else most * place)

    def learn(self, predictions: Iterable[Prediction], at: int, *, answered: bool) -> None:
        """At this instant (ms) a contact was answered, or left: judge what was foretold of it, and remember its wait.

        Of several predictions in one class the first is remembered, so that no contact counts in it twice.
        """
        met: set[str] = set()
        for prediction in predictions:
            waited_ms = at - prediction.at
            for percent, wait_ms, score in zip(PERCENTS, prediction.wait_ms, self.scores, strict=True):
                if wait_ms is not None:
                    score.judge(percent, wait_ms, waited_ms, answered=answered)
            for name in (*_classes(prediction.place, prediction.waited_ms), _ALL):
                if name not in met:
                    met.add(name)
                    self._keep(name, Sample(waited_ms // prediction.place, not answered))

    def _keep(self, name: str, sample: Sample) -> None:
        samples = self.samples.setdefault(name, [])
        samples.append(sample)
        if len(samples) > SAMPLES_MAX:
            del samples[0]

    def _nearest(self, place: int, waited_ms: int) -> Sequence[Sample]:
        """Those of the nearest class that has enough, else all."""
        for name in (*_classes(place, waited_ms), *_lower(place)):
            if len(samples := self.samples.get(name, ())) >= SAMPLES_MIN:
                return samples
        return self.samples.get(_ALL, ())


def _classes(place: int, waited_ms: int) -> tuple[str, str]:
    """The two classes of a contact, the narrower first: places and ages double from one to the next."""
    by_place = _by_place(place.bit_length())
    return (f"{by_place}, age {min((waited_ms // AGE_STEP_MS).bit_length(), AGE_CLASSES)}", by_place)


def _lower(place: int) -> Iterator[str]:
    """The classes of the places before it, the nearest first: who stands further back passes through them."""
    return (_by_place(nearer) for nearer in range(min(place.bit_length(), PLACE_CLASSES) - 1, 0, -1))


def _by_place(bits: int) -> str:
    return f"place {min(bits, PLACE_CLASSES)}"


def quantile(in_order: Sequence[Sample], percent: int) -> int | None:
    """The least time within which so many percent are answered (product limit, one more at risk); None: not known."""
    at_risk, going_on = len(in_order) + 1, _WHOLE
    for place_ms, left in in_order:
        if not left:
            going_on = going_on * (at_risk - 1) // at_risk
        at_risk -= 1
        if going_on * 100 <= _WHOLE * (100 - percent):
            return place_ms
    return None


def pinball(percent: int, wait_ms: int, waited_ms: int) -> int:
    """The loss, in hundredths of ms, of having foretold `wait_ms` as this quantile where it came to `waited_ms`."""
    late_ms = waited_ms - wait_ms
    return percent * late_ms if late_ms >= 0 else (percent - 100) * late_ms
