"""The closed forms: laws that hold for any numbers, and the reference values."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from math import exp, isclose

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator import theory
from simulator.theory.chains import stationary
from tests.vectors import read_document, shared_file
from tests.vectors.planning import play

SERVERS = st.integers(1, 300)
LOADS = st.floats(0.01, 400)
UTILISATIONS = st.floats(0.01, 0.99)
RATES = st.floats(0.01, 20)
THRESHOLDS = st.floats(0, 3)
PATIENCE = st.one_of(
    st.builds(theory.Exponential, RATES),
    st.builds(theory.Deterministic, st.just(0.0) | st.floats(1e-6, 3)),
    st.builds(theory.Stages, st.integers(1, 6), st.floats(0.05, 3)),
    st.builds(
        lambda share, rate: theory.Mixture(((share, theory.Deterministic(0)), (1 - share, theory.Exponential(rate)))),
        st.floats(0, 0.9),
        RATES,
    ),
)


def close(one: float, two: float, relative: float = 1e-9) -> bool:
    """Equal but for rounding."""
    return isclose(one, two, rel_tol=relative, abs_tol=1e-12)


@given(SERVERS, LOADS)
def test_erlang_b_recursion(servers: int, erlangs: float) -> None:
    """Blocking by n servers follows from blocking by one fewer."""
    fewer = theory.erlang_b(servers - 1, erlangs)
    assert close(erlangs * fewer, theory.erlang_b(servers, erlangs) * (servers + erlangs * fewer))


@given(SERVERS, st.floats(1e-6, 0.999))
def test_erlang_b_inverse(servers: int, blocking: float) -> None:
    """The load found for a blocking has that blocking."""
    assert close(blocking, theory.erlang_b(servers, theory.erlang_b_load(servers, blocking)))


@given(SERVERS, UTILISATIONS)
def test_waiting_exceeds_blocking(servers: int, utilisation: float) -> None:
    """Where customers queue, more find all servers busy than where they are lost: B <= C."""
    erlangs = servers * utilisation
    assert theory.erlang_b(servers, erlangs) <= theory.erlang_c(servers, erlangs, 1.0, 0.0).p_wait


@given(SERVERS, UTILISATIONS, st.floats(1, 600), st.floats(0, 60))
def test_little_for_patient_customers(servers: int, utilisation: float, aht_s: float, threshold_s: float) -> None:
    """The mean queue is the arrival rate times the mean wait."""
    erlangs = servers * utilisation
    found = theory.erlang_c(servers, erlangs, aht_s, threshold_s)
    assert close(found.mean_queue, erlangs / aht_s * found.mean_wait)


@given(SERVERS, UTILISATIONS, THRESHOLDS)
def test_one_agent_more_never_hurts(servers: int, utilisation: float, threshold: float) -> None:
    """Service level grows, and waiting falls, with the number of agents."""
    fewer, more = (theory.erlang_c(agents, servers * utilisation, 1.0, threshold) for agents in (servers, servers + 1))
    assert more.service_level >= fewer.service_level
    assert more.mean_wait <= fewer.mean_wait


@given(st.floats(0, 400), st.floats(0.05, 2), st.floats(0, 0.999))
def test_required_agents_are_the_least(erlangs: float, threshold: float, target: float) -> None:
    """The agents found meet the target, and one fewer would not, or would be below the load."""
    agents = theory.erlang_c_agents(erlangs, 1.0, threshold, target)
    assert theory.erlang_c(agents, erlangs, 1.0, threshold).service_level >= target
    if agents - 1 > erlangs:
        assert theory.erlang_c(agents - 1, erlangs, 1.0, threshold).service_level < target


@given(st.integers(1, 100), UTILISATIONS, THRESHOLDS)
def test_endless_patience_is_erlang_c(servers: int, utilisation: float, threshold: float) -> None:
    """Erlang A at an abandonment rate of 0 is Erlang C."""
    erlangs = servers * utilisation
    patient = theory.erlang_c(servers, erlangs, 1.0, threshold)
    impatient = theory.erlang_a(servers, erlangs, 1.0, 0.0, threshold)
    assert impatient.p_abandon == 0.0
    assert close(patient.p_wait, impatient.p_wait)
    assert close(patient.mean_wait, impatient.mean_wait)
    assert close(patient.service_level, impatient.service_level)


@given(st.integers(1, 100), LOADS)
def test_no_patience_is_erlang_b(servers: int, erlangs: float) -> None:
    """Customers who leave unless they are served at once are those Erlang B loses."""
    found = theory.general_patience(servers, erlangs, 1.0, theory.Deterministic(0), 0.0)
    assert close(theory.erlang_b(servers, erlangs), found.p_wait)
    assert close(theory.erlang_b(servers, erlangs), found.p_abandon)


@given(st.integers(1, 100), UTILISATIONS, RATES)
def test_erlang_a_lies_between_b_and_c(servers: int, utilisation: float, abandonment_rate: float) -> None:
    """The more impatient the customers, the nearer their chance of waiting comes from Erlang C to Erlang B."""
    erlangs = servers * utilisation
    least, most = theory.erlang_b(servers, erlangs), theory.erlang_c(servers, erlangs, 1.0, 0.0).p_wait
    rates = (abandonment_rate / 2, abandonment_rate, 2 * abandonment_rate)
    waits = [most, *(theory.erlang_a(servers, erlangs, 1.0, rate, 0.0).p_wait for rate in rates), least]
    assert all(later <= earlier * (1 + 1e-12) for earlier, later in pairwise(waits))


@settings(max_examples=60)
@given(st.integers(1, 60), st.floats(0.1, 90), st.floats(0.1, 20))
def test_erlang_a_is_the_chain_with_endless_room(servers: int, arrival_rate: float, abandonment_rate: float) -> None:
    """The integrals agree with a birth-death chain whose queue has room enough."""
    found = theory.erlang_a(servers, arrival_rate, 1.0, abandonment_rate, 0.0)
    chain = theory.finite_queue(servers, servers + 1500, arrival_rate, 1.0, abandonment_rate)
    assert close(chain.p_wait, found.p_wait)
    assert close(chain.p_abandon, found.p_abandon)
    assert close(chain.mean_queue, found.mean_queue)
    assert close(chain.utilisation, found.utilisation)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.floats(0.1, 90), PATIENCE, THRESHOLDS)
def test_everybody_is_served_or_leaves(
    servers: int, arrival_rate: float, patience: theory.Patience, threshold: float
) -> None:
    """For any patience: served and abandoned sum to the offered, Little's law holds, and parts are below the whole."""
    found = theory.general_patience(servers, arrival_rate, 1.0, patience, threshold)
    assert close(arrival_rate, found.utilisation * servers + arrival_rate * found.p_abandon)
    assert close(found.mean_queue, arrival_rate * found.mean_wait)
    assert found.p_abandon_within <= found.p_abandon * (1 + 1e-12)
    assert found.p_abandon <= found.p_wait * (1 + 1e-12)
    assert found.service_level + found.p_abandon <= 1 + 1e-12


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.floats(0.1, 90), PATIENCE, THRESHOLDS, st.floats(1, 300))
def test_the_unit_of_time_does_not_matter(
    servers: int, arrival_rate: float, patience: theory.Patience, threshold: float, unit: float
) -> None:
    """One stage is an exponential, and seconds instead of minutes change waits but no shares."""
    mean = patience.waited(1e9)
    assume(0 < mean < 1e6)
    one = theory.erlang_a(servers, arrival_rate, 1.0, 1 / mean, threshold)
    two = theory.general_patience(
        servers, arrival_rate / unit, 1 / unit, theory.Stages(1, mean * unit), threshold * unit
    )
    assert close(one.p_wait, two.p_wait)
    assert close(one.p_abandon_within, two.p_abandon_within)
    assert close(one.mean_wait, two.mean_wait / unit)


@given(PATIENCE, st.floats(0, 10))
def test_patience_is_a_distribution(patience: theory.Patience, wait: float) -> None:
    """Gone and staying sum to 1, and what is waited grows like the share staying."""
    assert close(1.0, patience.gone(wait) + patience.staying(wait))
    step = 1e-6
    grown = patience.waited(wait + step) - patience.waited(wait)
    assert patience.staying(wait + step) * step - 1e-14 <= grown <= patience.staying(wait) * step + 1e-14


def test_thousands_of_agents_stay_exact() -> None:
    """Neither many agents nor a heavy overload leaves the range of a float."""
    large = theory.erlang_a(20_000, 20_100, 1.0, 1.0, 0.01)
    overloaded = theory.erlang_a(5_000, 50_000, 1.0, 0.1, 0.01)
    assert 0 < large.p_abandon < large.p_wait < 1
    assert close(0.9, overloaded.p_abandon)
    assert close(1.0, overloaded.p_wait)
    assert theory.erlang_c(20_000, 19_900, 1.0, 0.01).p_wait > theory.erlang_b(20_000, 19_900)


def test_a_share_of_one_in_a_billion_keeps_its_digits() -> None:
    """What abandons after a long fixed patience is computed directly, not as a small difference."""
    patience, servers, arrival_rate = 5.0, 100, 95.0
    found = theory.general_patience(servers, arrival_rate, 1.0, theory.Deterministic(patience), 0.0)
    # Beyond the patience nobody waits on, so the density falls at n mu: P(V > d) = v(d) / (n mu).
    density = (found.p_wait - found.p_abandon) * 5 / (1 - exp(-5 * patience)) * exp(-5 * patience)
    assert close(density / servers, found.p_abandon)


@given(SERVERS, UTILISATIONS, st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_priorities_only_redistribute_waiting(servers: int, utilisation: float, weights: list[float]) -> None:
    """Higher classes wait less, and over all classes the mean wait is the one without priorities."""
    rates = [weight / sum(weights) * servers * utilisation for weight in weights]
    waits = theory.priority_waits(servers, 1.0, rates)
    mean = sum(rate * wait for rate, wait in zip(rates, waits, strict=True)) / sum(rates)
    assert list(waits) == sorted(waits)
    assert close(theory.erlang_c(servers, sum(rates), 1.0, 0.0).mean_wait, mean, relative=1e-7)


@given(st.floats(0.1, 1000), st.floats(0, 0.99), st.floats(0, 1))
def test_throughputs_of_repeats_and_escalations(fresh: float, repeats: float, escalated: float) -> None:
    """Repeats add up to a geometric series, and the second level gets its share of every visit."""
    routing = {"L1": {"pause": repeats, "L2": escalated * (1 - repeats)}, "pause": {"L1": 1.0}}
    rates = theory.throughputs({"L1": fresh}, routing)
    assert close(fresh / (1 - repeats), rates["L1"])
    assert close(fresh * escalated, rates["L2"])


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.floats(0.5, 8), st.floats(0.5, 8), st.sampled_from(["type1", "type2"]))
def test_n_model_serves_what_does_not_abandon(
    dedicated: int, flexible: int, first: float, second: float, prefers: theory.FlexiblePrefers
) -> None:
    """The work of both groups of agents is the arrivals of both types less their abandonments."""
    demands = (theory.Demand(first, 1.0), theory.Demand(second, 0.5))
    found = theory.n_model(dedicated, flexible, demands, 1.0, prefers)
    busy = dedicated * found.utilisation_dedicated + flexible * found.utilisation_flexible
    served = first * (1 - found.p_abandon[0]) + second * (1 - found.p_abandon[1])
    assert close(served, busy, relative=1e-8)


def test_n_model_without_type_1_is_erlang_a() -> None:
    """With hardly any type 1, the flexible agents are an Erlang A of their own."""
    demands = (theory.Demand(1e-9, 0.5), theory.Demand(6.0, 0.5))
    found = theory.n_model(3, 6, demands, 1.0, "type2")
    alone = theory.erlang_a(6, 6.0, 1.0, 0.5, 0.0)
    assert close(alone.p_abandon, found.p_abandon[1], relative=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 10), st.floats(0.1, 12), st.floats(0.5, 3))
def test_a_long_time_at_one_rate_is_the_steady_state(
    servers: int, arrival_rate: float, abandonment_rate: float
) -> None:
    """The second of two long intervals is Erlang A."""
    last = theory.transient(servers, 1.0, abandonment_rate, [(arrival_rate, 60.0), (arrival_rate, 10.0)]).intervals[-1]
    steady = theory.erlang_a(servers, arrival_rate, 1.0, abandonment_rate, 0.0)
    assert close(steady.p_abandon, last.abandoned / last.offered, relative=1e-7)
    assert close(steady.p_wait, last.delayed / last.offered, relative=1e-7)
    assert close(steady.utilisation, last.mean_busy / servers, relative=1e-7)


def test_a_day_may_be_cut_anywhere() -> None:
    """An interval in two halves expects what it expects in one piece."""
    whole = theory.transient(3, 1.0, 0.5, [(4.0, 2.0)])
    halves = theory.transient(3, 1.0, 0.5, [(4.0, 1.0), (4.0, 1.0)])
    assert close(whole.intervals[0].abandoned, sum(half.abandoned for half in halves.intervals))
    assert close(whole.intervals[0].delayed, sum(half.delayed for half in halves.intervals))
    assert close(whole.abandoned_after, halves.abandoned_after)


def test_nobody_comes_and_nobody_leaves() -> None:
    """An interval without arrivals from an empty centre is empty."""
    found = theory.transient(5, 1.0, 1.0, [(0.0, 1.0)])
    assert found == theory.Transient((theory.Interval(0.0, 0.0, 0.0, 0.0),), 0.0)


def test_stationary_of_a_ring() -> None:
    """A chain that goes round and round is in each state in inverse proportion to its rate."""
    shares = stationary([[(1, 1.0)], [(2, 2.0)], [(0, 4.0)]])
    assert all(close(wanted, share) for wanted, share in zip((4 / 7, 2 / 7, 1 / 7), shares, strict=True))


def test_service_level_without_contacts_is_none() -> None:
    """A level of nothing is no number."""
    empty = theory.Counts(answered=0, abandoned=0, answered_within=0, abandoned_within=0)
    assert [None] * 5 == [level.of(empty) for level in theory.SERVICE_LEVELS.values()]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_service_levels_lie_in_order(in_time: int, late: int, left_early: int, left_late: int) -> None:
    """Forgiving early abandons can only raise the level, by less than calling them handled."""
    counts = theory.Counts(in_time + late, left_early + left_late, in_time, left_early)
    levels = {number: level.of(counts) for number, level in theory.SERVICE_LEVELS.items()}
    if levels[3] is not None and levels[4] is not None and levels[1] is not None:
        assert levels[3] <= levels[4] <= levels[1]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: theory.erlang_b(-1, 2.0), "servers must be a whole number of at least 0, not -1"),
        (lambda: theory.erlang_b(3, float("nan")), "erlangs must be a finite number of at least 0, not nan"),
        (lambda: theory.erlang_b_load(3, 1.0), "strictly between 0 and 1"),
        (lambda: theory.erlang_c(10, 10.0, 180.0, 20.0), "10 erlangs need more than 10 servers"),
        (lambda: theory.erlang_c_agents(10.0, 180.0, 20.0, 1.0), "no number of agents can promise that"),
        (lambda: theory.erlang_a(10, 10.0, 1.0, 0.0, 0.0), "the queue would grow without end"),
        (lambda: theory.erlang_a(10, 20.0, 1.0, -1.0, 0.0), "rate must be a finite number of at least 0, not -1.0"),
        (lambda: theory.finite_queue(3, 2, 1.0, 1.0, 1.0), "capacity must be a whole number of at least 3, not 2"),
        (lambda: theory.Mixture(((0.5, theory.Exponential(1.0)),)), "must sum to 1, not 0.5"),
        (lambda: theory.throughputs({"a": 1.0}, {"a": {"b": 1.0}, "b": {"a": 1.0}}), "could never leave"),
        (lambda: theory.throughputs({"a": 1.0}, {"a": {"b": 0.7, "c": 0.7}}), "must lie between 0 and 1"),
        (lambda: theory.transient(2, 1.0, 0.0, [(3.0, 1.0)]), "the queue would grow without end"),
        (lambda: theory.Counts(1, 0, 2, 0), "2 answered within AWT of 1 answered cannot be"),
        (lambda: stationary([[], []]), "state 1 of the chain cannot reach"),
    ],
)
def test_refusals(ask: Callable[[], object], sentence: str) -> None:
    """What has no answer is refused in a sentence that says what was wrong."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        ask()


def test_reference_values() -> None:
    """All published and exact values of the vector file come out within its tolerances."""
    path = shared_file("planning_cases.json")
    if path is None:
        pytest.skip("the folder `shared` with the vector files is not beside the checkout")
    verdicts = list(play(read_document(path)))
    assert [] == [str(verdict) for verdict in verdicts if verdict.status != "pass"]
    assert verdicts
