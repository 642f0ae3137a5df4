"""Plays `planning_cases.json`: closed forms and exact chains, against `simulator.theory`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulator import theory
from tests.vectors import Comparison, ShapeFault, Verdict, field, judged, listed, mapping, number, whole

Case = Mapping[str, Any]
Results = dict[str, Any]

_NUMBER = r"(\d*\.?\d+(?:[eE][-+]?\d+)?)"
_THRESHOLD_S = 20.0  # of the networks, where a case does not name its own


class _UnsupportedCase(Exception):
    """A case the theory has no answer for; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class _Group:
    """How one kind of case is asked and compared."""

    ask: Callable[[Case, str], Results]
    comparison: Comparison

    def play(self, case: Case, place: str) -> Verdict:
        """Ask the theory, and compare all keys."""
        try:
            return judged(place, self.comparison.differences(case, self.ask(case, place)))
        except _UnsupportedCase as reason:
            return Verdict(place, "unsupported", str(reason))
        except ShapeFault as fault:
            return Verdict(place, "fail", f"it cannot be read: {fault}")
        except ValueError as refusal:
            return Verdict(place, "fail", f"the theory refuses it: {refusal}")


def play(document: object) -> Iterator[Verdict]:
    """A verdict per case, named group.number. Raises ShapeFault for a document of another shape."""
    groups = mapping(document, "the document")
    if not set(groups) & {*_READERS, "service_level_definitions", "benchmark_workloads"}:
        raise ShapeFault(f"none of its groups is known; expected some of {', '.join(_READERS)}")
    for name, content in groups.items():
        if name != "about":
            yield from _played(name, content)


def _played(name: str, content: object) -> Iterator[Verdict]:
    if name == "service_level_definitions":
        yield from _service_levels(mapping(content, name))
    elif name == "benchmark_workloads":
        for workload, case in mapping(content, name).items():
            yield _workload(mapping(case, f"{name}.{workload}"), f"{name}.{workload}")
    elif name not in _READERS:
        yield Verdict(name, "unsupported", "the runner does not know this group")
    else:
        for place, case in _cases(name, content):
            yield _READERS[name].play(case, place)
        if name == "erlang_b" and isinstance(content, dict):
            yield from _inverses(content)


def _cases(name: str, content: object) -> Iterator[tuple[str, Case]]:
    """The cases of a group, which is a list, or holds one among fields for people."""
    cases = content if isinstance(content, list) else field(mapping(content, name), "cases", name)
    for place, case in enumerate(listed(cases, f"{name}.cases"), 1):
        yield f"{name}.{place}", mapping(case, f"{name}.{place}")


def _inverses(content: Mapping[str, Any]) -> Iterator[Verdict]:
    for key in content:
        if key.startswith("inverse_"):
            for place, case in _cases(f"erlang_b.{key}", content[key]):
                yield _INVERSE.play(case, place)


def _erlang_b(case: Case, place: str) -> Results:
    return {"blocking": theory.erlang_b(whole(case, "servers", place), number(case, "erlangs", place))}


def _erlang_b_load(case: Case, place: str) -> Results:
    return {"erlangs": theory.erlang_b_load(whole(case, "servers", place), number(case, "B", place))}


def _erlang_c(case: Case, place: str) -> Results:
    servers, erlangs = whole(case, "servers", place), number(case, "erlangs", place)
    return _patient(servers, erlangs, number(case, "aht_s", place), number(case, "threshold_s", place))


def _patient(servers: int, erlangs: float, aht_s: float, threshold_s: float) -> Results:
    found = theory.erlang_c(servers, erlangs, aht_s, threshold_s)
    return {
        "p_wait": found.p_wait,
        "asa_s": found.mean_wait,
        "mean_wait_of_delayed_s": found.mean_wait_of_delayed,
        "service_level": found.service_level,
        "occupancy": found.occupancy,
        "mean_queue": found.mean_queue,
    }


def _required_agents(case: Case, place: str) -> Results:
    aht_s, threshold_s = number(case, "aht_s", place), number(case, "threshold_s", place)
    erlangs = number(case, "calls", place) * aht_s / number(case, "interval_s", place)
    agents = theory.erlang_c_agents(erlangs, aht_s, threshold_s, number(case, "sl_target", place))

    def level(servers: int) -> float | None:
        return theory.erlang_c(servers, erlangs, aht_s, threshold_s).service_level if servers > erlangs else None

    return {"erlangs": erlangs, "agents": agents, "sl_at_agents": level(agents), "sl_one_fewer": level(agents - 1)}


def _erlang_a(case: Case, place: str) -> Results:
    return _impatient(case, place, theory.Exponential(number(case, "theta", place)))


def _general_patience(case: Case, place: str) -> Results:
    return _impatient(case, place, _patience(str(field(case, "patience", place))))


def _impatient(case: Case, place: str, patience: theory.Patience) -> Results:
    found = theory.general_patience(
        whole(case, "servers", place),
        number(case, "lam", place),
        number(case, "mu", place),
        patience,
        number(case, "threshold", place),
    )
    return {
        "p_wait": found.p_wait,
        "p_ab": found.p_abandon,
        "mean_wait_all": found.mean_wait,
        "mean_queue": found.mean_queue,
        "utilisation": found.utilisation,
        "asa_answered": found.mean_wait_of_answered,
        "sl_answered_within_T_over_offered": found.service_level,
        "ab_within_T": found.p_abandon_within,
    }


def _patience(text: str) -> theory.Patience:
    """What a case says of patience in words, such as "hyperexponential p=0.3 rate 5, p=0.7 rate 0.35"."""
    if match := re.fullmatch(rf"deterministic {_NUMBER}", text):
        return theory.Deterministic(float(match[1]))
    if match := re.fullmatch(rf"exponential (mean|rate) {_NUMBER}", text):
        return theory.Exponential(float(match[2]) if match[1] == "rate" else 1 / float(match[2]))
    if match := re.fullmatch(rf"Erlang-(\d+) mean {_NUMBER}", text):
        return theory.Stages(int(match[1]), float(match[2]))
    if match := re.fullmatch(rf"0 with prob {_NUMBER}(?: \([^)]*\))?, else (.+)", text):
        balking = float(match[1])
        return theory.Mixture(((balking, theory.Deterministic(0)), (1 - balking, _patience(match[2]))))
    if match := re.fullmatch(rf"hyperexponential ((?:p={_NUMBER} rate {_NUMBER}(?:, |$))+)", text):
        parts = re.findall(rf"p={_NUMBER} rate {_NUMBER}", match[1])
        return theory.Mixture(tuple((float(share), theory.Exponential(float(rate))) for share, rate in parts))
    raise _UnsupportedCase(f"no distribution of patience is known as `{text}`")


def _finite_queue(case: Case, place: str) -> Results:
    servers, capacity = whole(case, "servers", place), whole(case, "capacity", place)
    rates = (number(case, key, place) for key in ("lam", "mu", "theta"))
    found = theory.finite_queue(servers, capacity, *rates)
    return {
        "p_block": found.p_block,
        "p_wait_of_offered": found.p_wait,
        "p_ab_of_offered": found.p_abandon,
        "mean_queue": found.mean_queue,
        "utilisation": found.utilisation,
    }


def _priority(case: Case, place: str) -> Results:
    servers, service_rate = whole(case, "servers", place), number(case, "mu", place)
    rates = [number(case, key, place) for key in ("lam_high", "lam_low")]
    first_come = theory.erlang_c(servers, sum(rates) / service_rate, 1 / service_rate, 0.0)
    high, low = theory.priority_waits(servers, service_rate, rates)
    return {"p_wait": first_come.p_wait, "wait_high": high, "wait_low": low, "wait_fcfs": first_come.mean_wait}


def _network(case: Case, place: str) -> Results:
    if "p_escalate" in case:
        return _escalation(case, place)
    if "fcr" in case:
        return _repeats(case, place)
    calls_per_hour = number(case, "effective_per_hour", place)
    return {"effective_per_hour": calls_per_hour, **_station(case, place, calls_per_hour)}


def _escalation(case: Case, place: str) -> Results:
    """L1, and L2 behind it."""
    fresh, escalated = number(case, "calls_per_hour", place), number(case, "p_escalate", place)
    rates = theory.throughputs({"L1": fresh}, {"L1": {"L2": escalated}})
    thresholds = mapping(field(case, "threshold_s", place), f"{place}.threshold_s")

    def level(name: str) -> Results:
        station = mapping(field(case, name, place), f"{place}.{name}")
        threshold_s = number(thresholds, name, f"{place}.threshold_s")
        return _station({**station, "threshold_s": threshold_s}, f"{place}.{name}", rates[name])

    return {name: level(name) for name in ("L1", "L2")}


def _repeats(case: Case, place: str) -> Results:
    """Who is not helped calls again after a pause: a station of unlimited servers, behind the desk and before it."""
    unresolved = 1 - number(case, "fcr", place)
    rates = theory.throughputs(
        {"desk": number(case, "fresh_per_hour", place)}, {"desk": {"pause": unresolved}, "pause": {"desk": 1.0}}
    )
    orbit = rates["pause"] * number(case, "repeat_delay_mean_s", place) / 3600
    return {
        **_station(case, place, rates["desk"]),
        "effective_per_hour": rates["desk"],
        "mean_number_in_orbit": orbit,
    }


def _station(case: Case, place: str, calls_per_hour: float) -> Results:
    agents, aht_s = whole(case, "agents", place), number(case, "aht_s", place)
    threshold_s = number({"threshold_s": _THRESHOLD_S, **case}, "threshold_s", place)
    erlangs = calls_per_hour * aht_s / 3600
    return {"erlangs": erlangs, **_patient(agents, erlangs, aht_s, threshold_s)}


def _n_model(case: Case, place: str) -> Results:
    found = theory.n_model(
        whole(case, "n1", place),
        whole(case, "n2", place),
        (_demand(case, "1", place), _demand(case, "2", place)),
        number(case, "mu", place),
        field(case, "flex_prefers", place),
    )
    return {
        **{f"p_wait{type_}": value for type_, value in enumerate(found.p_wait, 1)},
        **{f"p_ab{type_}": value for type_, value in enumerate(found.p_abandon, 1)},
        **{f"mean_q{type_}": value for type_, value in enumerate(found.mean_queue, 1)},
        "util_dedicated": found.utilisation_dedicated,
        "util_flex": found.utilisation_flexible,
    }


def _demand(case: Case, of_type: str, place: str) -> theory.Demand:
    return theory.Demand(number(case, f"lam{of_type}", place), number(case, f"theta{of_type}", place))


def _transient(case: Case, place: str) -> Results:
    """The parameters stand in the case's name."""
    name = str(field(case, "name", place))
    if match := _HOURS.search(name):
        return _steady_hours(match, drained="drain included" in name)
    if match := _DAY.search(name):
        return _shaped_day(
            [float(text) for text in match.groups()], listed(field(case, "shape", place), f"{place}.shape")
        )
    raise _UnsupportedCase("its name does not give the parameters in a form the runner knows")


def _steady_hours(match: re.Match[str], *, drained: bool) -> Results:
    """One constant rate for so many minutes."""
    arrivals, service, abandonment = (float(match[key]) for key in ("lam", "mu", "theta"))
    servers, until = int(match["n"]), match["until"]
    found = theory.transient(servers, service, abandonment, [(arrivals, float(until))])
    before = found.intervals[0].abandoned
    return {
        "expected_abandoned": before + found.abandoned_after if drained else before,
        f"expected_abandoned_before_{until}": before,
        f"occupancy_0_{until}": found.intervals[0].mean_busy / servers,
    }


def _shaped_day(parameters: list[float], shape: list[float]) -> Results:
    """A rate for each interval, given as a share of the peak."""
    servers, intervals, interval_s, peak_per_hour, aht_s, patience_s = parameters
    if len(shape) != intervals:
        raise ShapeFault(f"the shape of a day has {len(shape)} intervals, its name says {intervals:g}")
    arrivals = [(peak_per_hour / 3600 * share, interval_s) for share in shape]
    found = theory.transient(int(servers), 1 / aht_s, 1 / patience_s, arrivals)
    counts = ("offered", "abandoned", "delayed")
    day = {name: sum(getattr(interval, name) for interval in found.intervals) for name in counts}
    busy_s = sum(interval.mean_busy * interval_s for interval in found.intervals)
    per_interval = [asdict(interval) for interval in found.intervals]
    return {"per_interval": per_interval, "day": {**day, "busy_hours": busy_s / 3600}}


def _service_levels(content: Mapping[str, Any]) -> Iterator[Verdict]:
    place = "service_level_definitions"
    counts = _counts(mapping(field(content, "data", place), f"{place}.data"), f"{place}.data")
    for position, entry in enumerate(listed(field(content, "formulas", place), f"{place}.formulas"), 1):
        formula = mapping(entry, f"{place}.{position}")
        if "value" in formula:  # else it is a note
            yield _service_level(formula, counts, f"{place}.{field(formula, 'id', place)}")


def _service_level(formula: Case, counts: theory.Counts, place: str) -> Verdict:
    if (definition := theory.SERVICE_LEVELS.get(formula["id"])) is None:
        return Verdict(place, "unsupported", f"the formula `{formula.get('formula', '')}` is not offered")
    actual = {"value": definition.of(counts)}
    return judged(place, Comparison(frozenset({"formula"}), relative=1e-12).differences(formula, actual))


def _counts(data: Case, place: str) -> theory.Counts:
    short = next((key for key in data if key.startswith("short_abandoned")), None)
    try:
        counts = theory.Counts(
            answered=whole(data, "answered", place),
            abandoned=whole(data, "abandoned", place),
            answered_within=whole(data, "answered_within", place),
            abandoned_within=whole(data, "abandoned_within", place),
            short_abandoned=whole(data, short, place) if short else 0,
        )
    except ShapeFault:
        raise
    except ValueError as fault:
        raise ShapeFault(f"{place}: {fault}") from fault
    if "abandoned_after" in data and data["abandoned_after"] != counts.abandoned_after:
        raise ShapeFault(f"{place}: abandoned_after is not abandoned - abandoned_within")
    return counts


def _workload(case: Case, place: str) -> Verdict:
    """An Erlang A with shorter names."""
    renamed = {"n": "servers", "T": "threshold"}
    return _READERS["erlang_a"].play({renamed.get(key, key): value for key, value in case.items()}, place)


def _inputs(text: str, relative: float = 1e-9) -> Comparison:
    return Comparison(frozenset(text.split()), relative)


_HOURS = re.compile(
    rf"lam (?P<lam>{_NUMBER})/min, mu (?P<mu>{_NUMBER}), theta (?P<theta>{_NUMBER})/min, "
    rf"n (?P<n>\d+), (?P<until>\d+) min from empty"
)
_DAY = re.compile(
    rf"M_t/M/(\d+)\+M day: (\d+) x {_NUMBER} s, rate_i = {_NUMBER}/h \* shape\[i\].*?, "
    rf"AHT {_NUMBER} s exp, patience {_NUMBER} s exp, start empty"
)
_INVERSE = _Group(_erlang_b_load, _inputs("servers B"))
_QUEUE = "servers lam mu theta threshold"
_READERS = {
    "erlang_b": _Group(_erlang_b, _inputs("servers erlangs")),
    "erlang_c": _Group(_erlang_c, _inputs("servers erlangs aht_s threshold_s")),
    "erlang_c_required_agents": _Group(_required_agents, _inputs("calls interval_s aht_s sl_target threshold_s")),
    "erlang_a": _Group(_erlang_a, _inputs(_QUEUE)),
    "mmn_plus_general_patience": _Group(_general_patience, _inputs(f"{_QUEUE} patience")),
    "mmnK_plus_m": _Group(_finite_queue, _inputs("servers capacity lam mu theta")),
    "mmn_nonpreemptive_priority": _Group(_priority, _inputs("servers mu lam_high lam_low")),
    "networks_closed_form": _Group(
        _network,
        _inputs("calls_per_hour fresh_per_hour fcr repeat_delay_mean_s p_escalate aht_s agents threshold_s"),
    ),
    # `states` and `tail_mass` tell how the reference cut its chain; ours is cut elsewhere.
    "n_model_exact": _Group(
        _n_model, _inputs("n1 n2 lam1 lam2 mu theta1 theta2 flex_prefers states tail_mass", relative=1e-7)
    ),
    "transient_exact": _Group(_transient, Comparison(frozenset({"shape"}), relative=1e-6, absolute=1e-9)),
}
