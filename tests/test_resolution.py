"""First-contact resolution: what each definition counts, and the laws they obey together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.resolution import DAY_MS, DEFINITIONS, ContactLog, ContactRecord, Figure, Match, definition

MINUTE_MS = 60_000
END = 400 * DAY_MS

CALL = ContactRecord(
    id="c1",
    customer="A",
    issue="I1",
    reason="payslip",
    channel="voice",
    arrived=0,
    ended=5 * MINUTE_MS,
    answered=True,
    agent_resolved=True,
    case="K1",
    resolved_at=5 * MINUTE_MS,
    agent_replies=1,
    truly_resolved=True,
)


def later(record: ContactRecord, after_ms: int, **changes: object) -> ContactRecord:
    """The same contact again, arriving so long after the first one's end."""
    arrived = record.ended + after_ms
    return replace(record, arrived=arrived, ended=arrived + 5 * MINUTE_MS, **changes)  # type: ignore[arg-type]


def measured(name: str, records: Sequence[ContactRecord], as_of: int = END, match: Match = "customer") -> Figure:
    """What a definition makes of these contacts."""
    return definition(name, match).measure(ContactLog(records, as_of))


RECORDS = st.lists(
    st.builds(
        lambda day, **facts: ContactRecord(
            id="c", channel="voice", arrived=day * DAY_MS, ended=day * DAY_MS + 5 * MINUTE_MS, **facts
        ),
        day=st.integers(0, 60),
        customer=st.sampled_from("AB"),
        issue=st.sampled_from("IJKL"),
        reason=st.sampled_from("xy"),
        answered=st.booleans(),
        levels=st.sampled_from([(1,), (1, 2)]),
        transfer=st.sampled_from([None, "warm", "cold"]),
        agent_resolved=st.booleans(),
        callback=st.booleans(),
        case=st.sampled_from(["", "K1", "K2"]),
        resolved_at=st.sampled_from([None, 0]),
        reopened=st.booleans(),
        first_level_resolvable=st.booleans(),
        survey_resolved=st.sampled_from([None, True, False]),
        truly_resolved=st.sampled_from([None, True, False]),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("name", "changes", "counts"),
    [
        ("strict", {}, True),
        ("strict", {"agent_resolved": False}, False),
        ("strict", {"callback": True}, False),
        ("strict", {"levels": (1, 2), "transfer": "warm"}, False),
        ("warm", {"levels": (1, 2), "transfer": "warm"}, True),
        ("warm", {"levels": (1, 2), "transfer": "cold"}, False),
        ("strict", {"channel": "mail", "ended": 60 * MINUTE_MS}, True),
        ("strict", {"channel": "mail", "ended": 60 * MINUTE_MS + 1}, False),
        ("strict", {"channel": "voice", "ended": 90 * MINUTE_MS}, True),
        ("flr_gross", {"callback": True, "agent_resolved": False}, True),
        ("flr_gross", {"levels": (1, 2)}, False),
        ("flr_gross", {"resolved_at": None}, False),
        ("escalated", {"levels": (1, 2)}, True),
        ("agent_logged", {"levels": (1, 2)}, True),
        ("survey", {"survey_resolved": False}, False),
        ("one_update", {}, True),
        ("one_update", {"awaiting_info": True}, False),
        ("one_update", {"reopened": True}, False),
        ("one_touch", {"agent_replies": 2}, False),
        ("no_reply", {"customer_replies": 1}, False),
        ("true_strict", {"truly_resolved": False}, False),
        ("true_first_contact", {"levels": (1, 2)}, True),
        ("true_first_contact", {"resolved_at": DAY_MS}, False),
    ],
)
def test_what_one_contact_counts_for(name: str, changes: dict[str, object], counts: bool) -> None:  # noqa: FBT001
    """Each definition looks at its own facts of a contact, and no others."""
    record = replace(CALL, **changes)  # type: ignore[arg-type]
    figure = measured(name, [record])
    assert (int(counts), 1) == (figure.numerator, figure.denominator)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("net", {"first_level_resolvable": False}),
        ("flr_net", {"first_level_resolvable": False}),
        ("escalated", {"channel": "mail"}),
        ("survey", {"survey_resolved": None}),
        ("one_update", {"resolved_at": None}),
        ("one_touch", {"case": ""}),
    ],
)
def test_who_is_left_out(name: str, changes: dict[str, object]) -> None:
    """What a definition is not about is in neither numerator nor denominator."""
    figure = measured(name, [replace(CALL, **changes)])  # type: ignore[arg-type]
    assert (0, 0, None) == (figure.numerator, figure.denominator, figure.share)


@pytest.mark.parametrize(("after_ms", "repeats"), [(0, False), (1, True), (7 * DAY_MS, True), (7 * DAY_MS + 1, False)])
def test_the_window_is_open_at_the_end_of_the_contact(after_ms: int, repeats: bool) -> None:  # noqa: FBT001
    """A repeat arrives after the end of the contact, and at the latest when the window closes."""
    figure = measured("no_repeat_7d", [CALL, later(CALL, after_ms, id="c2")])
    assert Figure(2 - repeats, 2) == figure


def test_silence_matures_when_the_window_is_over() -> None:
    """Until then a contact without a repeat is in neither part of the figure."""
    over = CALL.ended + 7 * DAY_MS
    assert Figure(0, 0, immature=1) == measured("no_repeat_7d", [CALL], over - 1)
    assert Figure(1, 1) == measured("no_repeat_7d", [CALL], over)


def test_a_repeat_is_mature_at_once() -> None:
    """Read too early, only the failures are known."""
    again = later(CALL, DAY_MS, id="c2")
    assert Figure(0, 1, immature=1) == measured("no_repeat_30d", [CALL, again], again.ended)


def test_what_comes_later_is_not_known_yet() -> None:
    """A contact that arrives after the date of reading does not exist."""
    again = later(CALL, DAY_MS, id="c2")
    assert Figure(1, 1) == measured("agent_logged", [CALL, again], again.arrived - 1)


def test_a_repeat_may_have_to_be_about_the_same_reason() -> None:
    """By customer any new contact counts, by customer and reason only one about the same."""
    records = [CALL, later(CALL, DAY_MS, id="c2", reason="tax")]
    assert Figure(1, 2) == measured("no_repeat_7d", records, match="customer")
    assert Figure(2, 2) == measured("no_repeat_7d", records, match="customer+reason")


def test_an_unknown_customer_repeats_nothing() -> None:
    """Two callers without a name are not taken for one."""
    caller = replace(CALL, customer="")
    assert Figure(2, 2) == measured("no_repeat_7d", [caller, later(caller, DAY_MS, id="c2")])


def test_combined_fails_on_a_reopening_for_another_reason() -> None:
    """What was resolved in contact must stay so: no repeat, and the case not opened again."""
    other = later(CALL, 3 * DAY_MS, id="c2", issue="I2", reason="tax", customer="B")
    assert Figure(2, 2) == measured("combined_7d", [CALL, other])
    assert Figure(1, 2) == measured("combined_7d", [CALL, replace(other, reopened=True)])
    assert Figure(2, 2) == measured("combined_2d", [CALL, replace(other, reopened=True)])


def test_abandoned_contacts_count_nowhere() -> None:
    """An abandoned call is neither a first contact nor a repeat, but the next one may be."""
    abandoned = replace(CALL, answered=False)
    answered = later(CALL, DAY_MS, id="c2")
    assert Figure(1, 1) == measured("strict", [abandoned, answered])
    assert Figure(1, 1) == measured("no_repeat_7d", [CALL, later(abandoned, DAY_MS)])
    assert Figure(1, 1) == measured("one_and_done", [abandoned, answered])


def test_the_survey_tells_its_response_rate() -> None:
    """How many first contacts were answered about is part of the figure."""
    figure = measured("survey", [replace(CALL, survey_resolved=True), later(CALL, 1, id="c2", issue="I2")])
    assert (1, 1, 0.5) == (figure.numerator, figure.denominator, figure.response_rate)


def test_an_unknown_definition_is_refused() -> None:
    """The refusal lists those that are known."""
    with pytest.raises(ValueError, match=r"`no_repeat_0d` is no definition .* strict, .* no_repeat_Nd"):
        definition("no_repeat_0d")


def test_every_definition_says_what_it_counts() -> None:
    """Name, version and formula stand with each, and the formula has both sides of its line."""
    every = [*DEFINITIONS.values(), definition("no_repeat_7d"), definition("combined_7d")]
    assert all(each.version >= 1 and " / " in each.formula for each in every)
    assert [*DEFINITIONS, "no_repeat_7d", "combined_7d"] == [each.name for each in every]


@given(RECORDS)
def test_stricter_definitions_never_read_higher(records: list[ContactRecord]) -> None:
    """Over the same first contacts, each added condition can only lower the count."""
    chain = ["combined_30d", "combined_7d", "strict", "warm"]
    figures = [measured(name, records) for name in chain]
    assert all(strict.numerator <= loose.numerator for strict, loose in pairwise(figures))
    assert 1 == len({figure.denominator for figure in figures})
    assert measured("true_strict", records).numerator <= measured("strict", records).numerator


@given(RECORDS, st.integers(1, 30), st.integers(0, 100))
def test_every_answered_contact_is_mature_or_not(records: list[ContactRecord], days: int, read_on: int) -> None:
    """Success, failure and too early to say are all the known answered contacts."""
    figure = measured(f"no_repeat_{days}d", records, read_on * DAY_MS)
    known = [record for record in records if record.answered and record.arrived <= read_on * DAY_MS]
    assert len(known) == figure.denominator + figure.immature


@given(RECORDS)
def test_escalated_share_is_at_most_what_the_first_level_leaves(records: list[ContactRecord]) -> None:
    """Resolved at the first level and escalated exclude each other."""
    resolved, escalated = measured("flr_gross", records), measured("escalated", records)
    assert resolved.numerator + escalated.numerator <= resolved.denominator


@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_different_instants_does_not_matter(records: list[ContactRecord], random: Random) -> None:
    """A log may be read in any order, as long as no two contacts arrive at one instant."""
    distinct = [replace(record, arrived=place, ended=place + 1) for place, record in enumerate(records)]
    shuffled = random.sample(distinct, len(distinct))
    assert all(measured(name, distinct) == measured(name, shuffled) for name in (*DEFINITIONS, "no_repeat_7d"))


def geometric(issues: int, resolved: Fraction) -> Iterator[ContactRecord]:
    """Contacts of issues of which, at each try, exactly this share is resolved and the rest calls back a day later."""
    tries = 0
    while issues:
        left = int(issues * (1 - resolved))
        for number in range(issues):
            issue, start, done = f"I{number}", tries * DAY_MS, number >= left
            yield replace(CALL, customer=issue, issue=issue, arrived=start, ended=start + 1, agent_resolved=done)
        issues, tries = left, tries + 1


def test_the_geometric_oracle() -> None:
    """If every failure calls back: contacts per issue = 1 / p, FCR = p, one-and-done share of volume = p squared."""
    p, issues = Fraction(3, 4), 4**6
    records = list(geometric(issues, p))
    assert abs(len(records) / issues - 4 / 3) < 1e-3
    assert float(p) == measured("strict", records).share
    assert abs((measured("one_and_done", records).share or 0) - float(p**2)) < 1e-3
