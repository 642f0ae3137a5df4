"""The order of contacts: every term of it."""

from __future__ import annotations

import pytest

from acd import discipline
from acd.model import Contact
from acd.plan import Ageing, QueuePlan

S = 1_000
MINUTE = 60 * S
PLAIN = QueuePlan("help")
AGEING = Ageing(every_ms=20 * S, by=2, priority_max=5)


def contact(need_since: int, *, priority: int = 0, order: int = 1) -> Contact:
    """A contact that waits."""
    return Contact("c", "voice", "line", "care", "en", need_since, priority=priority, order=order)


def first(one: tuple[Contact, QueuePlan], other: tuple[Contact, QueuePlan], now: int = 10 * MINUTE) -> Contact:
    """Which of two contacts is served first."""
    return min((one, other), key=lambda each: discipline.rank(each[0], each[1], now))[0]


# --- contacts -----------------------------------------------------------------------------------------------------


def test_older_need_goes_first() -> None:
    """Of two contacts alike, the one goes first whose need is older, whoever was queued first."""
    old, new = contact(0, order=2), contact(1, order=1)
    assert old is first((old, PLAIN), (new, PLAIN))


def test_priority_goes_before_age() -> None:
    """A higher priority goes before any age."""
    old, urgent = contact(0), contact(9 * MINUTE, priority=1)
    assert urgent is first((old, PLAIN), (urgent, PLAIN))


def test_weight_goes_before_priority() -> None:
    """A queue of more weight goes before any priority."""
    urgent, heavy = contact(0, priority=9), contact(9 * MINUTE)
    assert heavy is first((urgent, PLAIN), (heavy, QueuePlan("heavy", weight=1)))


def test_head_start_counts_as_waiting() -> None:
    """A head start of a minute is worth a minute of waiting, to the millisecond."""
    ahead = QueuePlan("ahead", head_start_ms=MINUTE)
    old, new = contact(0, order=1), contact(MINUTE - 1, order=2)
    assert new is first((old, PLAIN), (new, ahead))
    assert old is first((old, PLAIN), (contact(MINUTE, order=2), ahead))


def test_slack_compares_targets() -> None:
    """By slack, the contact goes first whose acceptable wait is over first."""
    strict = QueuePlan("strict", order="slack", acceptable_wait_ms=10 * S)
    patient = QueuePlan("patient", order="slack", acceptable_wait_ms=MINUTE)
    old, new = contact(0), contact(30 * S)
    assert new is first((old, patient), (new, strict))


@pytest.mark.parametrize(("waited_ms", "priority"), [(0, 1), (19_999, 1), (20_000, 3), (40_000, 5), (60_000, 5)])
def test_priority_grows_with_waiting_up_to_its_cap(waited_ms: int, priority: int) -> None:
    """A priority grows by so much with every whole step of waiting, and no further than the cap."""
    assert priority == discipline.priority(contact(0, priority=1), QueuePlan("q", ageing=AGEING), waited_ms)


def test_what_came_before_the_queue_counts() -> None:
    """A priority grows, and a turn comes, from the instant of the need: time in a menu counts as waiting."""
    late = contact(0)
    late.queued_at = 19 * S
    assert (2, 0) == (discipline.priority(late, QueuePlan("q", ageing=AGEING), 20 * S), discipline.turn(late, PLAIN))


def test_priority_above_the_cap_stays() -> None:
    """A priority above the cap neither grows nor shrinks."""
    assert 9 == discipline.priority(contact(0, priority=9), QueuePlan("q", ageing=AGEING), 10 * MINUTE)
