"""First-contact and first-level resolution: the competing definitions, named, versioned, and counted side by side.

On one and the same log these definitions read from under 40 % to 100 %, so a figure is worth nothing without its
definition's name. All of them are pure folds over records of contacts, as they were known at one instant:

    strict, warm, net                 resolved within the first contact of an issue, by the wrap-up code
    flr_gross, flr_net                resolved at the first level, by the case
    escalated                         what did not stay there
    no_repeat_Nd, combined_Nd         by the customer's silence: no repeat within N x 24 h after the contact's end
    agent_logged, survey              by the agent's word, by the customer's
    one_update, one_touch, no_reply   by the case, as three help desks count it
    one_and_done                      share of volume that needed no other contact
    true_strict, true_first_contact   by ground truth, which only a simulation knows

Sources of the definitions: MetricNet and HDI (in contact, gross and net; warm transfers), SQM (repeats, survey, one and
done), ServiceNow, Zendesk and Freshservice (cases).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

VOICE: Final = "voice"
SECOND_LEVEL: Final = 2
DAY_MS: Final = 24 * 60 * 60 * 1000
WRITTEN_GRACE_MS: Final = 60 * 60 * 1000
"""How soon an answer must be sent to count as given in the contact, where nobody stays on the line."""

Match = Literal["customer", "customer+reason"]


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """One contact, as it stands in the log once it is over. Instants are milliseconds since the epoch.

    `customer`: empty if not known, which matches nobody. `issue`: what the customer wants, over all contacts about
    it. `case`: where the desk keeps it, empty if nowhere.
    `ended`: hang-up, or the sending of the answer where it is written. `levels`: those that touched it.
    `callback`: solved by calling back. `resolved_at`: of its case. `reopened`: it reopened its case.
    `agent_resolved`: the wrap-up code's word. `survey_resolved`: the customer's, None if not asked or not answered.
    `first_level_resolvable`: not of a kind that L1 can never resolve. `truly_resolved`: None outside a simulation.
    """

    id: str
    customer: str
    issue: str
    reason: str
    channel: str
    arrived: int
    ended: int
    answered: bool
    levels: tuple[int, ...] = (1,)
    transfer: Literal["warm", "cold"] | None = None
    agent_resolved: bool = False
    callback: bool = False
    agent_replies: int = 0
    customer_replies: int = 0
    awaiting_info: bool = False
    case: str = ""
    resolved_at: int | None = None
    reopened: bool = False
    first_level_resolvable: bool = True
    survey_resolved: bool | None = None
    truly_resolved: bool | None = None

    @property
    def in_contact(self) -> bool:
        """Resolved before the customer was let go, by the agent's word; in writing, within the grace."""
        in_time = self.channel == VOICE or self.ended - self.arrived <= WRITTEN_GRACE_MS
        return self.agent_resolved and not self.callback and in_time

    @property
    def escalated(self) -> bool:
        """Whether the second level touched it."""
        return SECOND_LEVEL in self.levels


@dataclass(frozen=True, slots=True)
class Figure:
    """How many of how many.

    `immature`: in neither, because it is too early to say. `eligible`: where customers are asked, those who could have
    been, of whom the denominator answered.
    """

    numerator: int
    denominator: int
    immature: int = 0
    eligible: int = 0

    @property
    def share(self) -> float | None:
        """None of an empty denominator."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def response_rate(self) -> float | None:
        """How many of the eligible had an answer; None where nobody is asked."""
        return self.denominator / self.eligible if self.eligible else None


class ContactLog:
    """The answered contacts known at an instant, grouped the ways the definitions ask for them.

    Contacts that were not answered count nowhere, not as repeats either. Ties in time keep the order of the records.
    """

    def __init__(self, records: Iterable[ContactRecord], as_of: int) -> None:
        self.as_of = as_of
        known = (record for record in records if record.answered and record.arrived <= as_of)
        self.answered: tuple[ContactRecord, ...] = tuple(sorted(known, key=lambda record: record.arrived))
        self._by_customer = _grouped(self.answered, lambda record: record.customer)
        self._by_issue = _grouped(self.answered, lambda record: record.issue)
        self._by_case = _grouped((record for record in self.answered if record.case), lambda record: record.case)

    @property
    def first(self) -> tuple[ContactRecord, ...]:
        """The earliest contact of each issue."""
        return tuple(records[0] for records in self._by_issue.values())

    @property
    def cases(self) -> tuple[tuple[ContactRecord, ...], ...]:
        """The contacts of each resolved case."""
        groups = self._by_case.values()
        return tuple(tuple(group) for group in groups if any(record.resolved_at is not None for record in group))

    def only_contact(self, record: ContactRecord) -> bool:
        """Whether its issue needed no other."""
        return len(self._by_issue[record.issue]) == 1

    def repeated(self, record: ContactRecord, window_ms: int, match: Match) -> bool:
        """Whether the customer came again in (ended, ended + window], about the same reason if that must match."""
        return record.customer != "" and any(
            _within(record, other, window_ms) and (match == "customer" or other.reason == record.reason)
            for other in self._by_customer[record.customer]
        )

    def reopened(self, record: ContactRecord, window_ms: int) -> bool:
        """Whether its case was opened again in (ended, ended + window]."""
        others = self._by_case.get(record.case, ())
        return any(other.reopened and _within(record, other, window_ms) for other in others)


@dataclass(frozen=True, slots=True)
class Definition:
    """One way to count. A change of what it counts is a new version; `formula` is printed beside the figure."""

    name: str
    version: int
    formula: str
    measure: Callable[[ContactLog], Figure]


def definition(name: str, match: Match = "customer") -> Definition:
    """The definition of this name: one of `DEFINITIONS`, or `no_repeat_Nd` or `combined_Nd` for N days.

    `match` says what makes a later contact a repeat of `no_repeat_Nd`; the others do not ask.
    Raises ValueError for an unknown name.
    """
    if name in DEFINITIONS:
        return DEFINITIONS[name]
    windowed = re.fullmatch(r"(no_repeat|combined)_([1-9][0-9]*)d", name)
    if windowed is None:
        known = ", ".join([*DEFINITIONS, "no_repeat_Nd", "combined_Nd"])
        raise ValueError(f"`{name}` is no definition of resolution; known are {known}")
    days = int(windowed[2])
    return _no_repeat(days, match) if windowed[1] == "no_repeat" else _combined(days)


def _no_repeat(days: int, match: Match) -> Definition:
    """Per answered contact. One without a repeat is immature until its window is over."""
    window_ms = days * DAY_MS

    def measure(log: ContactLog) -> Figure:
        repeated = sum(log.repeated(record, window_ms, match) for record in log.answered)
        silent = sum(
            record.ended + window_ms <= log.as_of and not log.repeated(record, window_ms, match)
            for record in log.answered
        )
        return Figure(silent, repeated + silent, immature=len(log.answered) - repeated - silent)

    formula = f"answered contacts not followed by another of the same {match} within {days} x 24 h / mature ones"
    return Definition(f"no_repeat_{days}d", 1, formula, measure)


def _combined(days: int) -> Definition:
    """Per first contact: the agent's word, and the customer's silence."""
    window_ms = days * DAY_MS

    def held(log: ContactLog, record: ContactRecord) -> bool:
        back = log.repeated(record, window_ms, "customer+reason") or log.reopened(record, window_ms)
        return _strict(record) and not back

    def measure(log: ContactLog) -> Figure:
        return Figure(sum(held(log, record) for record in log.first), len(log.first))

    formula = f"strict and neither a repeat for the same reason nor a reopening within {days} x 24 h / first contacts"
    return Definition(f"combined_{days}d", 1, formula, measure)


def _strict(record: ContactRecord) -> bool:
    return record.in_contact and not record.escalated


def _strict_or_warm(record: ContactRecord) -> bool:
    return record.in_contact and (not record.escalated or record.transfer == "warm")


def _at_first_level(record: ContactRecord) -> bool:
    return record.resolved_at is not None and not record.escalated


def _within(record: ContactRecord, other: ContactRecord, window_ms: int) -> bool:
    return record.ended < other.arrived <= record.ended + window_ms


def _grouped(records: Iterable[ContactRecord], key: Callable[[ContactRecord], str]) -> dict[str, list[ContactRecord]]:
    groups: dict[str, list[ContactRecord]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return groups


def _of(
    records: Callable[[ContactLog], Iterable[ContactRecord]], counts: Callable[[ContactRecord], bool]
) -> Callable[[ContactLog], Figure]:
    """The share of some records that count."""

    def measure(log: ContactLog) -> Figure:
        verdicts = [counts(record) for record in records(log)]
        return Figure(sum(verdicts), len(verdicts))

    return measure


def _of_cases(counts: Callable[[tuple[ContactRecord, ...]], bool]) -> Callable[[ContactLog], Figure]:
    """The share of resolved cases that count."""
    return lambda log: Figure(sum(map(counts, log.cases)), len(log.cases))


def _survey(log: ContactLog) -> Figure:
    answers = [record.survey_resolved for record in log.first if record.survey_resolved is not None]
    return Figure(sum(answers), len(answers), eligible=len(log.first))


def _one_and_done(log: ContactLog) -> Figure:
    return Figure(sum(map(log.only_contact, log.answered)), len(log.answered))


def _one_update(contacts: tuple[ContactRecord, ...]) -> bool:
    only = contacts[0]
    held = only.reopened or only.awaiting_info or only.callback or only.escalated
    return len(contacts) == 1 and not held


def _truly_in_first_contact(record: ContactRecord) -> bool:
    return bool(record.truly_resolved) and record.resolved_at is not None and record.resolved_at <= record.ended


def _answered(log: ContactLog) -> Iterable[ContactRecord]:
    return log.answered


def _first(log: ContactLog) -> Iterable[ContactRecord]:
    return log.first


def _first_resolvable(log: ContactLog) -> Iterable[ContactRecord]:
    return (record for record in log.first if record.first_level_resolvable)


def _first_calls(log: ContactLog) -> Iterable[ContactRecord]:
    return (record for record in log.first if record.channel == VOICE)


DEFINITIONS: Final[dict[str, Definition]] = {
    each.name: each
    for each in (
        Definition(
            "strict",
            1,
            "resolved in contact, in writing within 1 h, without level 2 / first contacts",
            _of(_first, _strict),
        ),
        Definition(
            "warm",
            1,
            "resolved in contact, without level 2 or by a warm transfer / first contacts",
            _of(_first, _strict_or_warm),
        ),
        Definition("net", 1, "strict / first contacts that L1 can resolve", _of(_first_resolvable, _strict)),
        Definition("flr_gross", 1, "case resolved without level 2 / first contacts", _of(_first, _at_first_level)),
        Definition(
            "flr_net",
            1,
            "case resolved without level 2 / first contacts that L1 can resolve",
            _of(_first_resolvable, _at_first_level),
        ),
        Definition(
            "escalated",
            1,
            "touched by level 2 / first contacts by voice",
            _of(_first_calls, lambda record: record.escalated),
        ),
        Definition(
            "agent_logged",
            1,
            "wrap-up code says resolved / answered contacts",
            _of(_answered, lambda record: record.agent_resolved),
        ),
        Definition("survey", 1, "customer says resolved / first contacts with an answer", _survey),
        Definition(
            "one_update",
            1,
            "one contact, not reopened, awaiting, called back or escalated / resolved cases",
            _of_cases(_one_update),
        ),
        Definition(
            "one_touch",
            1,
            "fewer than 2 replies of agents / resolved cases",
            _of_cases(lambda contacts: sum(record.agent_replies for record in contacts) <= 1),
        ),
        Definition(
            "no_reply",
            1,
            "no reply of the customer / resolved cases",
            _of_cases(lambda contacts: not any(record.customer_replies for record in contacts)),
        ),
        Definition("one_and_done", 1, "only contact of its issue / answered contacts", _one_and_done),
        Definition(
            "true_strict",
            1,
            "strict and truly resolved / first contacts",
            _of(_first, lambda record: _strict(record) and bool(record.truly_resolved)),
        ),
        Definition(
            "true_first_contact",
            1,
            "truly resolved by the end of the contact, by whatever level / first contacts",
            _of(_first, _truly_in_first_contact),
        ),
    )
}
"""Those without a window, by name."""
