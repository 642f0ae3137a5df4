"""The made-up customers and agents: the laws of their draws, the faults of their files, their manual."""

from __future__ import annotations

import re
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean, pvariance
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from router.centre import Centre, load
from router.centre.calendars import CalendarSpec
from router.errors import CentreFault, UsageFault
from simulator.agents import Response, Shift, response, shifts
from simulator.arrivals import drawn, midnight_ms
from simulator.population import Customer, draw, load_population
from simulator.settings import ContactSpec, PopulationSpec
from tests.conftest import ROOT

MONDAY = date(2026, 3, 2)
HOUR_MS = 3_600_000

CENTRE = """
centre: {id: test, zone: Europe/Berlin, languages: [en], horizon: {from: 2026-01-01, to: 2028-01-01}}
calendars:
  office: {zone: Europe/Berlin, week: {mon-fri: ["09:00-17:00"]}}
prompts:
  hello: {en: "Hello."}
flows:
  asking:
    start: number
    nodes:
      number: {node: collect, prompts: [hello], into: person, digits_min: 4, digits_max: 6, next: main, failure: queue}
      main: {node: menu, prompts: [hello], options: {"1": queue, "2": number, "3": bye}, failure: queue}
      queue: {node: hand_over, queue: help}
      bye: {node: hang_up}
  straight: {start: queue, nodes: {queue: {node: hand_over, queue: help}}}
entry_points:
  main: {addresses: ["100"], service_line: help, flow: asking}
  side: {addresses: ["200"], service_line: help, flow: straight}
queues:
  help: {case_type: question}
agents:
  clerk: {count: 12}
  boss: {}
teams:
  experts: {service_line: help}
case_types:
  question: {team: experts, target: 8h, calendar: office}
reasons:
  question: A question
  complaint: A complaint
"""

POPULATION = """
population:
  customers: {count: 1000, customer_number: "1###"}
  profiles:
    office: [{level: 1, week: {mon-fri: ["09:00-17:00"]}}, {level: 0.5, week: {mon: ["16:00-18:00"]}}]
  arrivals:
    main: {profile: office, per_hour: 60, reasons: {question: 3, complaint: 1}}
  reasons:
    question: {answers: {number: "{customer_number}#", main: "1"}, resolve: 0.7, follow_up: 0.1}
    complaint: {talk: 10m}
  agents:
    shifts:
      - {agents: [clerk-01..clerk-04, boss], week: {mon-fri: ["08:00-12:00", "13:00-17:00"]}}
      - {agents: [clerk-05..clerk-12], week: {sun-thu: ["22:00-06:00"]}}
"""


def centre(folder: Path, population: str = POPULATION) -> Centre:
    """A centre with this population."""
    (folder / "centre.yaml").write_text(CENTRE, "utf-8")
    (folder / "population.yaml").write_text(population, "utf-8")
    return load(folder)


def customers(loaded: Centre, seed: int = 1, first_day: date = MONDAY, days: int = 1) -> list[Customer]:
    """The customers of some days."""
    return list(draw(load_population(loaded.document, loaded.plan), loaded.plan, seed, first_day, days))


def unnumbered(table: list[Customer], entry_point: str = "main") -> list[Customer]:
    """The customers of one entry point, but for the ids that count all of them."""
    return [replace(customer, id="") for customer in table if customer.entry_point == entry_point]


# --- laws -------------------------------------------------------------------------------------------------------------


def test_counts_of_an_hour_are_poisson(tmp_path: Path) -> None:
    """Over 1,500 hours of one rate, counts have the mean and the variance of a Poisson distribution."""
    loaded = centre(tmp_path)
    midnight = midnight_ms(MONDAY, "Europe/Berlin")
    counts: list[int] = []
    for seed in range(250):
        hours = Counter((customer.arrival_ms - midnight) // HOUR_MS for customer in customers(loaded, seed))
        counts += [hours[hour] for hour in range(10, 16)]

    assert pytest.approx(60, abs=4 * sqrt(60 / 1_500)) == fmean(counts)
    assert pytest.approx(1, abs=4 * sqrt(2 / 1_500)) == pvariance(counts) / 60


def test_levels_add_up_and_instants_are_uniform(tmp_path: Path) -> None:
    """Arrivals follow the sum of open levels, evenly within a piece, and none comes when all are closed."""
    loaded = centre(tmp_path)
    start = midnight_ms(MONDAY, "Europe/Berlin")
    minutes = Counter(
        (customer.arrival_ms - start) // 60_000 for seed in range(100) for customer in customers(loaded, seed)
    )

    def chi_square(first: int, last: int, expected: float) -> float:
        return sum((minutes[minute] - expected) ** 2 / expected for minute in range(first, last))

    assert 330 < chi_square(9 * 60, 16 * 60, 100) < 520  # 420 degrees of freedom: 0.1 % on either side
    assert 30 < chi_square(16 * 60, 17 * 60, 150) < 100  # 60 degrees
    assert 30 < chi_square(17 * 60, 18 * 60, 50) < 100
    assert (9 * 60, 18 * 60) == (min(minutes), max(minutes) + 1)


def test_days_of_a_busy_world_scatter_more_than_poisson(tmp_path: Path) -> None:
    """With a busyness of cv 0.2, a day's counts vary by that beside Poisson's, and two entry points do so together."""
    text = POPULATION.replace("  profiles:", "  busyness_cv: 0.2\n  profiles:")
    text = text.replace(
        "  reasons:\n", "    side: {profile: office, per_hour: 60, reasons: {complaint: 1}}\n  reasons:\n", 1
    )
    loaded = centre(tmp_path, text)
    dates = [MONDAY + timedelta(days=n) for n in range(420)]
    days = Counter(
        (arrival.entry_point, datetime.fromtimestamp(arrival.at / 1_000, UTC).date())
        for arrival in drawn(load_population(loaded.document, loaded.plan), loaded.plan.zone, 1, dates)
    )
    alike = [day for day in dates if 1 <= day.weekday() <= 4]  # on Mondays there is an hour more
    main, side = ([days[name, day] for day in alike] for name in ("main", "side"))
    covariance = fmean((a - 480) * (b - 480) for a, b in zip(main, side, strict=True))

    assert 240 == len(alike)
    assert pytest.approx(480, rel=4 * 0.2 / sqrt(240)) == fmean(main)
    assert pytest.approx(480 + (0.2 * 480) ** 2, rel=0.4) == pvariance(main)
    assert pytest.approx((0.2 * 480) ** 2, rel=0.4) == covariance


def test_shares_and_means_are_as_asked(tmp_path: Path) -> None:
    """Reasons, outcomes and durations have the shares and means of the file."""
    table = [customer for seed in range(20) for customer in customers(centre(tmp_path), seed, days=5)]
    questions = [customer for customer in table if customer.reason == "question"]
    ends = Counter(customer.outcome for customer in questions)

    assert pytest.approx(0.75, abs=4 * sqrt(0.25 * 0.75 / len(table))) == len(questions) / len(table)
    assert pytest.approx(0.7, abs=0.01) == ends["resolved"] / len(questions)
    assert pytest.approx(0.1, abs=0.01) == ends["follow_up"] / len(questions)
    assert pytest.approx(240_000, rel=0.02) == fmean(customer.talk_ms for customer in questions)
    assert pytest.approx(180_000, rel=0.02) == fmean(customer.patience_ms for customer in table)
    assert {600_000} == {customer.talk_ms for customer in table if customer.reason == "complaint"}


def test_redials_stop_with_the_first_that_is_not_made(tmp_path: Path) -> None:
    """Half of the callers would call again, half of these a second time, and none a third."""
    redials = Counter(len(customer.redial_ms) for seed in range(20) for customer in customers(centre(tmp_path), seed))
    total = redials.total()

    assert [0, 1, 2] == sorted(redials)
    assert pytest.approx(0.5, abs=0.02) == redials[0] / total
    assert pytest.approx(0.25, abs=0.02) == redials[2] / total


def test_balking_leaves_the_patience_of_the_others(tmp_path: Path) -> None:
    """A share of balking takes it from as many callers, and nothing from anybody else."""
    patient = customers(centre(tmp_path), days=5)
    text = POPULATION.replace("  reasons:\n", "  contacts: {balk: 0.1}\n  reasons:\n", 1)
    balking = customers(centre(tmp_path, text), days=5)
    left = [b for b in balking if b.patience_ms == 0]

    assert pytest.approx(0.1, abs=0.02) == len(left) / len(balking)
    assert all(
        a == b or (b.patience_ms, b) == (0, replace(a, patience_ms=0)) for a, b in zip(patient, balking, strict=True)
    )


def test_rows_are_in_order_and_numbered(tmp_path: Path) -> None:
    """Customers come in order of arrival over all days, and their ids count them."""
    table = customers(centre(tmp_path), days=3)

    assert all(earlier.arrival_ms <= later.arrival_ms for earlier, later in pairwise(table))
    assert [f"c-{number:06}" for number in range(1, len(table) + 1)] == [customer.id for customer in table]


def test_who_a_customer_is(tmp_path: Path) -> None:
    """A customer's numbers belong together, he keys his own, and he may come again."""
    table = customers(centre(tmp_path), days=5)
    numbers = {customer.number: customer.customer_number for customer in table}
    asked = [customer for customer in table if customer.reason == "question"]

    assert all(numbers[customer.number] == customer.customer_number for customer in table)
    assert all(customer.number.startswith("+999") and len(customer.number) == 13 for customer in table)
    assert all(customer.answers["number"] == f"{customer.customer_number}#" for customer in asked)
    assert 600 < len(numbers) < 1_000


# --- common random numbers --------------------------------------------------------------------------------------------


def test_a_day_is_the_same_wherever_the_run_begins(tmp_path: Path) -> None:
    """Wednesday's customers do not depend on whether Monday and Tuesday were drawn before."""
    loaded = centre(tmp_path)
    wednesday = MONDAY + timedelta(days=2)
    begin = midnight_ms(wednesday, "Europe/Berlin")
    of_three = [customer for customer in customers(loaded, days=3) if customer.arrival_ms >= begin]

    assert unnumbered(customers(loaded, first_day=wednesday)) == unnumbered(of_three)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    shifts:\n", "    decline: 0.3\n    miss: 0.2\n    shifts:\n"),
        ("clerk-05..clerk-12], week: {sun-thu", "clerk-05..clerk-12], week: {sat"),
        ("  reasons:\n", "    side: {profile: office, per_hour: 500, reasons: {complaint: 1}}\n  reasons:\n"),
    ],
)  # fmt: skip
def test_the_rest_of_the_world_changes_no_customer(tmp_path: Path, old: str, new: str) -> None:
    """Other agents, other shifts or another entry point leave all customers of an entry point as they are."""
    before, after = centre(tmp_path), POPULATION.replace(old, new, 1)

    assert unnumbered(customers(before, days=2)) == unnumbered(customers(centre(tmp_path, after), days=2))


def test_another_agent_changes_no_customer(tmp_path: Path) -> None:
    """A group of agents more in the plan leaves every customer as he is."""
    before = customers(centre(tmp_path))
    (tmp_path / "more.yaml").write_text("agents: {temp: {count: 5}}\n", "utf-8")
    population = POPULATION.replace("boss]", "boss, temp]")
    (tmp_path / "population.yaml").write_text(population, "utf-8")

    assert before == customers(load(tmp_path))


def test_a_higher_rate_brings_more_of_the_same(tmp_path: Path) -> None:
    """At twice the rate the n-th customer is the same person with the same need, and comes earlier."""
    once = customers(centre(tmp_path))
    twice = customers(centre(tmp_path, POPULATION.replace("per_hour: 60", "per_hour: 120")))

    assert [replace(a, arrival_ms=0) for a in once] == [replace(b, arrival_ms=0) for b in twice[: len(once)]]
    assert all(b.arrival_ms <= a.arrival_ms for a, b in zip(once, twice, strict=False))


def test_another_seed_is_another_world(tmp_path: Path) -> None:
    """Nobody's talk is the same under another seed."""
    loaded = centre(tmp_path)
    one, other = (
        {customer.talk_ms for customer in customers(loaded, seed) if customer.talk_ms != 600_000} for seed in (1, 2)
    )

    assert len(one & other) < 5


# --- agents -----------------------------------------------------------------------------------------------------------


def test_shifts_are_in_the_zone_of_the_centre(tmp_path: Path) -> None:
    """A shift with a rest is two; a night belongs to the day it begins on, and what began before the run is cut."""
    loaded = centre(tmp_path)
    spec = load_population(loaded.document, loaded.plan)
    midnight = midnight_ms(MONDAY, "Europe/Berlin")
    there = shifts(spec, loaded.plan, MONDAY, 1)
    hours = {
        agent: [
            ((shift.start - midnight) / HOUR_MS, (shift.end - midnight) / HOUR_MS)
            for shift in there
            if shift.agent == agent
        ]
        for agent in ("boss", "clerk-01", "clerk-05")
    }

    assert {"boss": [(8, 12), (13, 17)], "clerk-01": [(8, 12), (13, 17)], "clerk-05": [(0, 6), (22, 30)]} == hours
    assert there == sorted(there)
    assert isinstance(there[0], Shift)


def test_a_night_when_clocks_change(tmp_path: Path) -> None:
    """The night shift in which the clocks are put forward is an hour shorter."""
    loaded = centre(tmp_path, POPULATION.replace("sun-thu", "sat"))
    there = shifts(load_population(loaded.document, loaded.plan), loaded.plan, date(2026, 3, 28), 2)

    assert [7] == [(shift.end - shift.start) // HOUR_MS for shift in there if shift.agent == "clerk-05"]


def test_responses(tmp_path: Path) -> None:
    """Agents accept, decline and miss offers in the shares asked for, each by his own count of offers."""
    text = POPULATION.replace("    shifts:\n", "    decline: 0.2\n    miss: 0.1\n    answering: 3s\n    shifts:\n", 1)
    loaded = centre(tmp_path, text)
    agents = load_population(loaded.document, loaded.plan).agents
    kinds = Counter(response(agents, 1, "boss", offer).kind for offer in range(1, 4_001))

    assert pytest.approx(0.7, abs=0.03) == kinds["accept"] / 4_000
    assert pytest.approx(0.2, abs=0.03) == kinds["decline"] / 4_000
    assert response(agents, 1, "boss", 7) == response(agents, 1, "boss", 7)
    assert Response("accept", 3_000) in {response(agents, 1, "clerk-01", offer) for offer in range(1, 10)}


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("per_hour: 60", "per_day: 60", 7, "population.arrivals.main.per_day: unknown setting `per_day`"),
        ("resolve: 0.7", "resolve: 1.7", 9, "population.reasons.question.resolve: "),
        ("resolve: 0.7", "resolve: 0.95", 9, "resolve and follow_up add up to 1.05, more than all"),
        ("talk: 10m", "talk: 10", 10, "a duration needs its unit"),
        ("talk: 10m", "talk: {exponential: {meen: 10m}}", 10, "unknown setting `meen` (did you mean `mean`?)"),
        ("talk: 10m", "wrap_up_reason: complain", 10, "`complain` is no wrap-up code of this centre (did you mean"),
        ("complaint: 1}", "complain: 1}", 7, "`complain` is no reason of this population (did you mean `complaint`?)"),
        ("    main: {p", "    mian: {p", 7, "`mian` is no entry point of this centre (did you mean `main`?)"),
        ("profile: office", "profile: offices", 7, "`offices` is no profile of this population (did you"),
        ("{question: 3, complaint: 1}", "{question: 0}", 7, "no reason has a part in this"),
        ('"1###"', '"1##"', 3, "`1##` numbers 100 customers, and there are 1000"),
        ('"1###"', '"1234"', 3, "`1234` has no run of # for the customer's digits"),
        (', customer_number: "1###"', "", 9, "customers have no number of their own"),
        ('"1###"', '"1#######"', 9, "`10000000#` is not taken here: key 6 digits, or fewer from 4 on and #"),
        ('"1###"', '"1#####"', 9, "`100000#` has a # too much: digit 6 ends the number"),
        ('#", main: "1"', '#", main: "7"', 9, "`7` is no option here: the menu has 1, 2, 3, on entry point `main`"),
        ('#", main: "1"', '#", main: "2"', 9, "its callers go round `number` for ever"),
        ('#", main: "1"', '#", mian: "1"', 9, "no caller with this reason comes to a node `mian` (did"),
        ("clerk-01..clerk-04", "clerk-01..clerk-40", 13, "`clerk-01..clerk-40` is no agent or group of agents"),
        ("clerk-05..clerk-12", "clerk-06..clerk-12", 12, "there is no shift for clerk-05"),
        ("clerk-05..clerk-12", "clerk-04..clerk-12", 14, "`clerk-04` is in a shift already, as `clerk-01..clerk-04`"),
        ("22:00-06:00", "22-06", 14, "`22-06` is not an interval"),
        ("week: {sun-thu", "zone: Europe/Berlinn, week: {sun-thu", 14, "`Europe/Berlinn` is no time zone"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, old: str, new: str, line: int, sentence: str) -> None:
    """A mistake in a population is told with its file, its line and what to do."""
    assert old in POPULATION
    loaded = centre(tmp_path, POPULATION.replace(old, new, 1))
    with pytest.raises(CentreFault) as caught:
        load_population(loaded.document, loaded.plan)

    told = [str(fault) for fault in caught.value.faults if sentence in str(fault)]
    assert told, str(caught.value)
    assert told[0].startswith(f"{tmp_path / 'population.yaml'}:{line}: population.")


def test_a_long_list_of_names_is_cut_short(tmp_path: Path) -> None:
    """Where no name is like the one written, no more are listed than can be read."""
    many = "".join(f"    shape-{number:02}: [{{level: 1, week: {{mon: [09:00-17:00]}}}}]\n" for number in range(30))
    text = POPULATION.replace("  profiles:\n", f"  profiles:\n{many}").replace("profile: office", "profile: xyzzy")
    loaded = centre(tmp_path, text)
    with pytest.raises(CentreFault) as caught:
        load_population(loaded.document, loaded.plan)

    (fault,) = caught.value.faults
    assert fault.hint.startswith("known: office, shape-00, ")
    assert fault.hint.endswith(", shape-18, ...")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Three mistakes are three faults, in the order of their lines."""
    text = (
        POPULATION.replace("office, per", "offices, per")
        .replace("complaint: 1}", "complain: 1}")
        .replace("boss]", "bos]")
    )
    loaded = centre(tmp_path, text)
    with pytest.raises(CentreFault) as caught:
        load_population(loaded.document, loaded.plan)

    assert [7, 7, 13] == [fault.line for fault in caught.value.faults]


def test_a_centre_without_customers(tmp_path: Path) -> None:
    """A centre may do without a population, but then it cannot be simulated."""
    loaded = centre(tmp_path, "")
    with pytest.raises(CentreFault, match="the centre has no made-up customers"):
        load_population(loaded.document, loaded.plan)


def test_nothing_to_draw_from(tmp_path: Path) -> None:
    """Without a rate, and without recorded volumes, there is nobody to draw; nor is there in no days."""
    loaded = centre(tmp_path, POPULATION.replace("profile: office, ", ""))
    spec = load_population(loaded.document, loaded.plan)

    with pytest.raises(UsageFault, match="name a file of volumes with --volumes"):
        draw(spec, loaded.plan, 1, MONDAY, 1)
    with pytest.raises(UsageFault, match="--days 0: at least one day must be simulated"):
        draw(spec, loaded.plan, 1, MONDAY, 0)


def test_a_day_on_which_nobody_calls(tmp_path: Path) -> None:
    """On a Sunday without hours nobody comes, which is no fault."""
    assert [] == customers(centre(tmp_path), first_day=MONDAY - timedelta(days=1))


# --- the examples and the manual --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hello", "bank", "shared-service-centre"])
def test_the_examples_are_sound(name: str) -> None:
    """Every example centre has a population that loads and draws a day."""
    loaded = load(ROOT / "examples" / name)
    day = date(2003, 3, 3) if name == "bank" else MONDAY

    assert customers(loaded, first_day=day)
    assert shifts(load_population(loaded.document, loaded.plan), loaded.plan, day, 1)


def test_the_main_example_is_lively() -> None:
    """In its busy hours the shared service centre has 150 to 250 contacts for 24 agents, kept busy by about 80 %."""
    loaded = load(ROOT / "examples" / "shared-service-centre")
    day = midnight_ms(MONDAY, loaded.plan.zone)
    busy = [
        customer
        for seed in range(15)
        for customer in customers(loaded, seed)
        if 10 <= (customer.arrival_ms - day) / HOUR_MS < 12
    ]
    # Who asks how a case stands, and has none, ends at an agent too; so all count.
    work_ms = sum(customer.talk_ms + customer.wrap_up_ms for customer in busy)
    wanted = [customer for customer in busy if not customer.self_served]
    ends = Counter(customer.outcome for customer in wanted)

    assert 24 == len(loaded.plan.floor.agents)
    assert 150 <= len(busy) / 30 <= 250
    assert 0.72 <= work_ms / (30 * HOUR_MS * 24) <= 0.85
    assert 0.68 <= ends["resolved"] / len(wanted) <= 0.76
    assert 0.75 <= (ends["resolved"] + ends["follow_up"]) / len(wanted) <= 0.85


def models(kind: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if get_origin(kind) in {Union, types.UnionType, Annotated, dict, list}:
        for part in get_args(kind):
            yield from models(part)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)


def test_the_manual_has_every_setting() -> None:
    """Each setting of our models has a row in its model's table, in the model's words, and no row is left over."""
    manual = (ROOT / "docs" / "reference" / "population.md").read_text("utf-8")
    tables = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", manual, re.MULTILINE | re.DOTALL))
    ours = [model for model in dict.fromkeys(models(PopulationSpec)) if model.__module__.startswith("simulator.")]
    settings = {title(model): own_settings(model) for model in ours}
    documented = {
        name: dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", body, re.MULTILINE)) for name, body in tables.items()
    }

    assert settings == documented


def own_settings(model: type[BaseModel]) -> dict[str, str | None]:
    """The settings that a model adds to those of calendars, or of contacts, each with its description."""
    base = {*CalendarSpec.model_fields, *ContactSpec.model_fields} - {"zone"}
    inherited = base if model is not ContactSpec else set()
    fields = model.model_fields.items()
    return {field.alias or name: field.description for name, field in fields if name not in inherited}


def title(model: type[BaseModel]) -> str:
    """The heading of a model's table."""
    return model.__name__.removesuffix("Spec")
