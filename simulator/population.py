"""The customers of a made-up world, drawn as a table before any policy runs over it.

Every figure of a customer comes from a stream of its own, keyed by (seed, purpose, entry point) and counted by the
customer's place in the entry point's day. So the customers of a day are the same ones whatever agents, rules or other
entry points there are, and whichever days lie before it: two policies meet the same customers, and what differs
between their runs is the policy (common random numbers).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from typing import Final

from acd.plan import WrapUpOutcome
from router.centre import Document, in_order
from router.centre.faults import validated
from router.errors import CentreFault, UsageFault
from router.plan import EntryPoint, Plan
from simulator.arrivals import Arrival, cumulative, drawn, recorded
from simulator.distributions import DistributionSpec
from simulator.references import population_faults
from simulator.settings import CUSTOMER_NUMBER, ContactSpec, PopulationSpec, ReasonSpec, RedialSpec
from simulator.streams import key, uniform
from simulator.volumes import Volumes

ATTEMPTS_MAX: Final = 10
"""How often a centre may try to call one customer back."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One contact that will come, and all that is true of it whatever the centre does. Times are milliseconds.

    `arrival_ms` is since the epoch, all others are lengths. `address` is what is dialled, `number` the caller's own,
    `customer_number` what a menu may ask for. `answers` are the keys pressed, by node, each after `listen_ms`.
    `outcome` is how the contact ends if the first line answers it: `resolved`; `follow_up`, then solved `follow_up_ms`
    later; or `escalated`. A case that is escalated, for this or any other cause, is picked up by the team `pick_up_ms`
    later and worked on for `work_ms`. Whoever gives up calls again, each time after the next of `redial_ms`, with
    the same need and the same patience. Who `takes_callback` hangs up once he is offered one, and
    does not pick up for the first `missed_callbacks`. Sent to voicemail he speaks for `message_ms`, 0 for not at all.
    """

    id: str
    arrival_ms: int
    entry_point: str
    address: str
    number: str
    customer_number: str
    language: str
    reason: str
    self_served: bool
    answers: Mapping[str, str]
    listen_ms: int
    patience_ms: int
    talk_ms: int
    wrap_up_ms: int
    outcome: WrapUpOutcome
    follow_up_ms: int
    pick_up_ms: int
    work_ms: int
    redial_ms: tuple[int, ...]
    takes_callback: bool = False
    missed_callbacks: int = 0
    message_ms: int = 0


def load_population(document: Document, plan: Plan) -> PopulationSpec:
    """The `population` section of a centre's files; raises `CentreFault` with every fault in its place."""
    if not document.section("population"):
        hint = "a section `population:` says who calls, see docs/reference/population.md"
        raise CentreFault([document.fault(("population",), "the centre has no made-up customers", hint)])
    faults, _ = population_faults(document, plan.menus.flows)
    if faults:
        raise CentreFault(in_order(faults))
    return validated(PopulationSpec, document.section("population"))


def draw(
    spec: PopulationSpec, plan: Plan, seed: int, first_day: date, days: int, volumes: Volumes | None = None
) -> Iterator[Customer]:
    """The customers of `days` civil dates of the centre's zone from `first_day` on, in order of arrival.

    With `volumes`, their counts are the arrivals: rates and busyness are not asked, and each entry point gets its
    share. Raises `UsageFault`, before the first customer, when there is nothing to draw from.
    """
    if days < 1:
        raise UsageFault(f"--days {days}: at least one day must be simulated")
    dates = [first_day + timedelta(days=n) for n in range(days)]
    if volumes is not None:
        return _customers(spec, plan, seed, recorded(spec, volumes, plan.zone, seed, dates))
    if not any(arrivals.profile and arrivals.per_hour for arrivals in spec.arrivals.values()):
        raise UsageFault("the population says nothing of when contacts arrive: name a file of volumes with --volumes")
    return _customers(spec, plan, seed, drawn(spec, plan.zone, seed, dates))


def _customers(spec: PopulationSpec, plan: Plan, seed: int, arrivals: Iterable[Arrival]) -> Iterator[Customer]:
    dice = {name: _Dice(spec, plan.entry_points[name], seed) for name in spec.arrivals}
    for number, arrival in enumerate(arrivals, 1):
        yield dice[arrival.entry_point].customer(f"c-{number:06}", arrival)


class _Dice:
    """Draws the customers of one entry point."""

    def __init__(self, spec: PopulationSpec, entry_point: EntryPoint, seed: int) -> None:
        arrivals = spec.arrivals[entry_point.id]
        self.seed = seed
        self.entry_point = entry_point
        self.count = spec.customers.count
        self.number = _numbers(spec.customers.number)
        self.customer_number = _numbers(spec.customers.customer_number)
        self.shares = cumulative(arrivals.reasons.values())
        self.needs = [_Need.of(name, spec.reasons[name], spec.contacts, self.stream) for name in arrivals.reasons]
        self.reason = self.stream("reason")
        self.person = self.stream("person")

    def stream(self, purpose: str) -> int:
        """The key of this entry point's stream for a purpose."""
        return key(self.seed, f"{purpose}/{self.entry_point.id}")

    def customer(self, contact_id: str, arrival: Arrival) -> Customer:
        """The contact's row."""
        entity = arrival.entity
        need = self.needs[bisect_right(self.shares, uniform(self.reason, entity))]
        person = int(uniform(self.person, entity) * self.count)
        customer_number = self.customer_number(person)
        return Customer(
            id=contact_id,
            arrival_ms=arrival.at,
            entry_point=self.entry_point.id,
            address=self.entry_point.addresses[0],
            number=self.number(person),
            customer_number=customer_number,
            language=self.entry_point.language,
            reason=need.reason,
            self_served=need.self_served,
            answers=need.answers(customer_number),
            listen_ms=need.listening(entity),
            patience_ms=need.patience(entity),
            talk_ms=need.talk(entity),
            wrap_up_ms=need.wrap_up(entity),
            outcome=need.outcome(entity),
            follow_up_ms=need.follow_up_delay(entity),
            pick_up_ms=need.pick_up(entity),
            work_ms=need.work(entity),
            redial_ms=need.redials(entity),
            takes_callback=need.takes_callback(entity),
            missed_callbacks=need.missed_callbacks(entity),
            message_ms=need.message(entity),
        )


def _numbers(template: str | None) -> Callable[[int], str]:
    """From a customer to his number by a template; an empty one when there is none."""
    if template is None:
        return lambda _: ""
    before, digits, after = template.partition("#" * template.count("#"))
    return lambda person: f"{before}{person:0{len(digits)}}{after}"


Draw = Callable[[int], int]
"""From an entity to a duration in milliseconds."""


@dataclass(frozen=True, slots=True)
class _Need:
    """A reason to call on one entry point: all that is drawn for the contacts that have it, by their entity."""

    reason: str
    self_served: bool
    answers: Callable[[str], Mapping[str, str]]
    listening: Draw
    patience: Draw
    talk: Draw
    wrap_up: Draw
    outcome: Callable[[int], WrapUpOutcome]
    follow_up_delay: Draw
    pick_up: Draw
    work: Draw
    redials: Callable[[int], tuple[int, ...]]
    takes_callback: Callable[[int], bool]
    missed_callbacks: Callable[[int], int]
    message: Draw

    @classmethod
    def of(cls, name: str, reason: ReasonSpec, contacts: ContactSpec, stream: Callable[[str], int]) -> _Need:
        """Reasons share streams: who is patient is so whatever he calls for."""
        spec = reason.over(contacts)
        return cls(
            reason=reason.wrap_up_reason or name,
            self_served=reason.self_served,
            answers=_answers(reason.answers),
            listening=_draw(spec.listening, stream("listening")),
            patience=_patience(spec, stream),
            talk=_draw(spec.talk, stream("talk")),
            wrap_up=_draw(spec.wrap_up, stream("wrap_up")),
            outcome=_outcome(spec, stream("outcome")),
            follow_up_delay=_draw(spec.follow_up_delay, stream("follow_up_delay")),
            pick_up=_draw(spec.pick_up, stream("pick_up")),
            work=_draw(spec.work, stream("work")),
            redials=_redials(spec.redial, stream),
            takes_callback=_share(spec.callback, stream("callback")),
            missed_callbacks=_missed_callbacks(spec.reached, stream),
            message=_message(spec, stream),
        )


def _draw(spec: DistributionSpec, stream: int) -> Draw:
    quantile = spec.distribution().quantile
    return lambda entity: quantile(uniform(stream, entity))


def _patience(spec: ContactSpec, stream: Callable[[str], int]) -> Draw:
    """Balking has a stream of its own, so that a share of it leaves the patience of the others as it is."""
    patience, balking = _draw(spec.patience, stream("patience")), stream("balk")
    if not spec.balk:
        return patience
    return lambda entity: 0 if uniform(balking, entity) < spec.balk else patience(entity)


def _outcome(spec: ContactSpec, stream: int) -> Callable[[int], WrapUpOutcome]:
    kept = spec.resolve + spec.follow_up

    def outcome(entity: int) -> WrapUpOutcome:
        u = uniform(stream, entity)
        return "resolved" if u < spec.resolve else "follow_up" if u < kept else "escalated"

    return outcome


def _share(share: float, stream: int) -> Callable[[int], bool]:
    return lambda entity: uniform(stream, entity) < share


def _missed_callbacks(reached: float, stream: Callable[[str], int]) -> Callable[[int], int]:
    """How many calls in a row are not picked up, as far as a centre may ever try."""
    chances = [stream(f"reached {attempt}") for attempt in range(1, ATTEMPTS_MAX + 1)]
    return lambda entity: sum(1 for _ in takewhile(lambda chance: uniform(chance, entity) >= reached, chances))


def _message(spec: ContactSpec, stream: Callable[[str], int]) -> Draw:
    leaves, speaking = _share(spec.message, stream("message")), _draw(spec.speaking, stream("speaking"))
    return lambda entity: max(1, speaking(entity)) if leaves(entity) else 0


def _redials(spec: RedialSpec, stream: Callable[[str], int]) -> Callable[[int], tuple[int, ...]]:
    attempts = [
        (stream(f"redial {n}"), _draw(spec.delay, stream(f"redial delay {n}"))) for n in range(1, spec.times_max + 1)
    ]

    def redials(entity: int) -> tuple[int, ...]:
        delays = []
        for chance, delay in attempts:
            if uniform(chance, entity) >= spec.probability:
                break
            delays.append(delay(entity))
        return tuple(delays)

    return redials


def _answers(answers: Mapping[str, str]) -> Callable[[str], Mapping[str, str]]:
    """What is keyed, by the customer's number; one mapping for all where no answer needs it."""
    if not any(CUSTOMER_NUMBER in keys for keys in answers.values()):
        return lambda _: answers
    return lambda number: {node: keys.replace(CUSTOMER_NUMBER, number) for node, keys in answers.items()}
