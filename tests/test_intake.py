"""The intake: senders' orders restored, once, within bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.intake import Arrival, Intake, Verdict

READY, STALE, HELD, REPEATED, EARLY = (
    Arrival[str](verdict) for verdict in (Verdict.READY, Verdict.STALE, Verdict.HELD, Verdict.REPEATED, Verdict.EARLY)
)


def ready(*items: str) -> Arrival[str]:
    """The answer that these may be taken now."""
    return Arrival(Verdict.READY, items)


def feed(intake: Intake[str], numbers: list[int], *, now: int = 0) -> list[Arrival[str]]:
    """Send inputs of one source about one subject; each item is its number as text."""
    return [intake.take("pbx", "c1", number, str(number), now) for number in numbers]


def test_in_order_everything_is_taken_as_it_comes() -> None:
    """A sender that counts 1, 2, 3 never waits."""
    assert [ready("1"), ready("2"), ready("3")] == feed(Intake(), [1, 2, 3])


def test_an_early_one_waits_for_the_gap_to_close() -> None:
    """What comes too soon is held, and taken right behind what was missing."""
    assert [HELD, HELD, ready("1", "2", "3"), ready("4")] == feed(Intake(), [3, 2, 1, 4])


def test_an_older_one_is_stale() -> None:
    """A number that was taken already is not taken again."""
    assert [ready("1"), STALE, ready("2"), STALE] == feed(Intake(), [1, 1, 2, 1])


def test_a_number_that_is_held_is_taken() -> None:
    """Whoever has a number first keeps it while it waits; what comes second under it changes nothing."""
    assert [HELD, REPEATED, ready("1", "2")] == feed(Intake(), [2, 2, 1])


def test_inputs_without_a_number_are_taken_as_they_come() -> None:
    """A sender need not count; such inputs change nothing for those that are counted."""
    intake = Intake[str]()
    assert [ready("a"), HELD, ready("b")] == [
        intake.take("pbx", "c1", number, item, 0) for number, item in [(None, "a"), (2, "2"), (None, "b")]
    ]


def test_sources_and_subjects_count_apart() -> None:
    """The desk's first word about a contact is not the exchange's second."""
    intake = Intake[str]()
    assert [ready("1")] * 3 == [
        intake.take(source, subject, 1, "1", 0) for source, subject in [("pbx", "c1"), ("desk", "c1"), ("pbx", "c2")]
    ]


def test_nothing_is_held_longer_than_its_time() -> None:
    """The deadline is that of the oldest held input; the tick gives up what is due and never anything before."""
    intake = Intake[str](hold_ms=100)
    feed(intake, [3], now=10)
    feed(intake, [5], now=20)
    assert (110, [], ["3"]) == (intake.deadline(), intake.tick(109), intake.tick(110))
    assert (120, ["5"], None) == (intake.deadline(), intake.tick(500), intake.deadline())


def test_what_was_given_up_may_come_again() -> None:
    """An early refusal is not held against the sender: repeated after the gap, the input is taken."""
    intake = Intake[str](hold_ms=100)
    feed(intake, [2])
    intake.tick(100)
    assert [ready("1"), ready("2")] == feed(intake, [1, 2], now=100)


def test_a_line_holds_no_more_than_its_share() -> None:
    """One noisy sender cannot fill the memory; what closes the gap is taken all the same."""
    assert [HELD, HELD, EARLY, ready("1", "2", "3"), ready("4")] == feed(Intake(held_per_line_max=2), [2, 3, 4, 1, 4])


def test_all_lines_together_hold_no_more_than_the_bound() -> None:
    """Many noisy senders cannot fill the memory either."""
    intake = Intake[str](held_max=2)
    assert [HELD, HELD, EARLY] == [intake.take("pbx", subject, 2, "2", 0) for subject in ("c1", "c2", "c3")]


def test_replaying_accepted_inputs_restores_the_order() -> None:
    """A snapshot and the inputs accepted since lead to the same expectations as the run that wrote them."""
    before = Intake[str]()
    feed(before, [1, 2])
    after = Intake[str](before.expected())
    feed(before, [3])
    after.advance("pbx", "c1", 3)
    assert [("pbx", "c1", 4)] == before.expected() == after.expected()
    assert [STALE, ready("4")] == feed(after, [3, 4])


def test_a_repeat_that_has_its_outcome_closes_the_gap() -> None:
    """An input known from the journal counts, so that what waits behind it is set free."""
    intake = Intake[str]()
    feed(intake, [2, 3])
    assert ["2", "3"] == intake.advance("pbx", "c1", 1)


def test_advancing_past_held_inputs_loses_none() -> None:
    """Those overtaken come back too, in order, and to go back is harmless."""
    intake = Intake[str]()
    feed(intake, [2, 4, 6])
    assert (["2", "4"], []) == (intake.advance("pbx", "c1", 4), intake.advance("pbx", "c1", 1))
    assert [ready("5", "6")] == feed(intake, [5])


def test_a_forgotten_subject_leaves_nothing_behind() -> None:
    """Its held inputs come back to be answered, and it is in no snapshot."""
    intake = Intake[str]()
    feed(intake, [1, 3, 4])
    assert (["3", "4"], None, []) == (intake.forget("c1"), intake.deadline(), intake.expected())
    assert [] == intake.forget("c1")


def test_early_inputs_leave_no_trace_once_given_up() -> None:
    """Made-up subjects cost nothing in the long run: nothing is known of them again."""
    intake = Intake[str](hold_ms=1)
    for number in range(100):
        intake.take("pbx", f"c{number}", 2, "2", 0)
    intake.tick(1)
    assert ({}, [], None) == (intake._lines, intake.expected(), intake.deadline())
    assert [ready("1")] == feed(intake, [1])


@given(st.data())
def test_shuffling_and_repeating_changes_nothing(data: st.DataObject) -> None:
    """Within the bounds, each source's stream comes out in the clean order, each input exactly once."""
    lengths = data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=3))
    clean = [(f"s{source}", number) for source, length in enumerate(lengths) for number in range(1, length + 1)]
    repeats = data.draw(st.lists(st.sampled_from(clean), max_size=10)) if clean else []
    intake = Intake[tuple[str, int]]()
    taken: list[tuple[str, int]] = []
    for source, number in data.draw(st.permutations(clean + repeats)):
        taken.extend(intake.take(source, "c1", number, (source, number), 0).ready)
    assert clean == sorted(taken, key=lambda item: item[0])  # stable: within a source the order is as taken
    assert None is intake.deadline()
    assert [(f"s{source}", "c1", length + 1) for source, length in enumerate(lengths) if length] == intake.expected()


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 40)), max_size=60))
def test_no_input_is_taken_twice_or_lost(steps: list[tuple[int, int]]) -> None:
    """Whatever comes and however long it takes, numbers are taken once and upwards, and each copy has one fate."""
    intake = Intake[int](hold_ms=100, held_per_line_max=3)
    taken: list[int] = []
    now = ended = 0
    for number, pause_ms in steps:
        now += pause_ms
        ended += len(intake.tick(now))
        arrival = intake.take("pbx", "c1", number, number, now)
        taken.extend(arrival.ready)
        ended += arrival.verdict in {Verdict.STALE, Verdict.REPEATED, Verdict.EARLY}
    assert list(range(1, len(taken) + 1)) == taken
    assert len(steps) == len(taken) + ended + len(intake.tick(now + 100))
