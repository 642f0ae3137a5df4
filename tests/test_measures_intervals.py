"""Measures by intervals: live, after restarts and offline the same, split at borders, nobody lost or doubled."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any, get_args, get_type_hints

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import invariant

from acd.events import (
    AgentStateSet,
    ContactEnded,
    ContactJoined,
    ContactMoved,
    ContactQueued,
    ContactReleased,
    LegFailed,
    OfferAccepted,
    OfferDeclined,
    QueueLeft,
    WrappedUp,
)
from acd.model import AgentState
from router import codec
from router.adapters.memory_journal import MemoryJournal
from router.board import Board
from router.centre import load
from router.events import CentreStarted, ContactArrived, ContactLeft, Event
from router.intervals import Asked, as_data, fold
from router.measures import EXITS, MEASURES, QUARTER_MS, Measures, Tally, parallel, sequence
from router.plan import Plan
from router.ports import Batch, Row
from simulator import experiment
from simulator.agents import shifts
from simulator.arrivals import midnight_ms
from simulator.loop import run
from simulator.population import draw, load_population
from simulator.streams import key
from simulator.world import World
from tests.conftest import ROOT
from tests.stage import Stage
from tests.test_laws import Laws
from tests.test_rich_laws import RichLaws
from tests.why_stories import no_pause
from tests.worlds import QUEUE, S, Story, as_it_is, copy, plan, ready, with_queue

HOUR_MS = 3_600_000
Log = list[tuple[int, Event]]


def rows(log: Log) -> list[Row]:
    """A log as a journal holds it."""
    return [
        Row(seq, at, "", event.kind, codec.version_of(event.kind), codec.encode(event, as_it_is))
        for seq, (at, event) in enumerate(log, start=1)
    ]


def offline(log: Log, *plans: Plan, **asked: Any) -> str:
    """What a journal with this log tells."""

    async def main() -> str:
        journal = MemoryJournal()
        for each in plans:
            await journal.save_plan(each.hash, codec.dump_plan(each))
        await journal.append(Batch(rows(log)))
        question = Asked(**asked)
        measures, zone = await fold(journal, question.check()[0], no_pause)
        return told(measures, zone, question)

    return asyncio.run(main())


def told(measures: Measures, zone: str, asked: Asked) -> str:
    """What is answered, byte by byte."""
    return json.dumps(as_data(measures, asked.of(measures, zone), zone))


def folded(log: Log, rules: Plan, **settings: Any) -> Measures:
    """The measures of a log under one set of rules."""
    measures = Measures(rules, **settings)
    for at, event in log:
        measures.apply(event, at)
    return measures


def answer(log: Log, rules: Plan, **asked: Any) -> dict[str, Any]:
    """What a live service that has seen this log answers."""
    measures = folded(log, rules)
    question = Asked(**asked)
    return as_data(measures, question.of(measures, rules.zone), rules.zone)


def reread(measures: Measures, rules: Plan) -> Measures:
    """The measures after a restart from a snapshot."""
    again = Measures(rules, span_ms=measures.span_ms)
    again.load(measures.dump())
    return again


# --- live and offline ---------------------------------------------------------------------------------------------

MONDAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def day() -> tuple[Plan, Log]:
    """A whole made-up Monday of the shared service centre."""
    centre = load(ROOT / "examples/shared-service-centre")
    spec = load_population(centre.document, centre.plan)
    seed = key(3, "a day of measures")
    customers = draw(spec, centre.plan, seed, MONDAY, 1)
    world = World(spec.agents, seed, customers, shifts(spec, centre.plan, MONDAY, 1))
    log: Log = []
    start = midnight_ms(MONDAY, centre.plan.zone)
    experiment.run(centre.plan, world, start, (lambda event, at: log.append((at, event)),))
    return centre.plan, [(at, event) for at, event in log if at < start + 24 * HOUR_MS]


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"interval": "30m", "queue": "hr"},
    {"interval": "1h", "basis": "arrival"},
    {"interval": "24h"},
    {"interval": "15m", "measures": ("sl", "sl_answered"), "since": "2026-03-02T09:00", "until": "2026-03-02T12:00"},
]


@pytest.mark.parametrize("asked", QUESTIONS, ids=str)
def test_a_day_live_is_the_day_offline(day: tuple[Plan, Log], asked: dict[str, Any]) -> None:
    """What a service has counted over a day with restarts is byte for byte what its journal tells afterwards."""
    rules, log = day
    live = Measures(rules)
    for number, (at, event) in enumerate(log):
        if number % 997 == 0:
            live = reread(live, rules)
        live.apply(event, at)
    assert offline(log, rules, **asked) == told(live, rules.zone, Asked(**asked))


def test_finer_intervals_sum_to_coarser_ones(day: tuple[Plan, Log]) -> None:
    """Quarter hours, five minutes and the day divide the same sums: no percentage is averaged."""
    rules, log = day
    totals = [json.loads(offline(log, rules, interval=each))["total"] for each in ("5m", "15m", "24h")]
    assert totals[0] == totals[1] == totals[2]
    whole = folded(log, rules).tally()
    assert whole.flow() == totals[0]["flow"]
    assert MEASURES["occupancy"].of(whole) == totals[0]["figures"]["occupancy"]["value"]


def test_intervals_count_what_the_log_says(day: tuple[Plan, Log]) -> None:
    """By completion, an answer is in the interval of the join; by arrival, in that of the entry into the queue."""
    rules, log = day
    start = midnight_ms(MONDAY, rules.zone)
    joins = Counter((at - start) // HOUR_MS for at, event in log if isinstance(event, ContactJoined))
    entered = {event.contact: at for at, event in log if isinstance(event, ContactQueued)}
    entries = Counter(
        (entered[event.contact] - start) // HOUR_MS for _, event in log if isinstance(event, ContactJoined)
    )
    for basis, expected in (("completion", joins), ("arrival", entries)):
        intervals = answer(log, rules, interval="1h", basis=basis)["intervals"]
        assert [expected[hour] for hour in range(24)] == [each["flow"]["answered"] for each in intervals]


def test_time_in_a_state_is_split_at_the_borders(day: tuple[Plan, Log]) -> None:
    """Each interval has the time that agents spent in a state within it, as a walk over all agents finds it."""
    rules, log = day
    start, column = midnight_ms(MONDAY, rules.zone), {state.value: f"{state.value}_time" for state in AgentState}
    column |= {"reserved": "ringing_time", "talking": "handling_time", "wrap_up": "handling_time"}
    board, since = Board({rules.hash: rules}, rules.hash), dict.fromkeys(rules.floor.agents, start)
    spent: Counter[tuple[int, str]] = Counter()

    def book(agent: str, until: int) -> None:
        at, state = since[agent], column[board.floor.agents[agent].state]
        while at < until:
            hour = (at - start) // HOUR_MS
            border = min(until, start + (hour + 1) * HOUR_MS)
            spent[hour, state] += border - at
            at = border
        since[agent] = until

    for at, event in log:
        if agent := getattr(event, "agent", ""):
            book(agent, at)
        board.apply(event, at)
    for agent in rules.floor.agents:
        book(agent, log[-1][0])
    names = ("ready_time", "ringing_time", "handling_time", "paused_time", "not_responding_time")
    for hour, each in enumerate(answer(log, rules, interval="1h")["intervals"]):
        assert {name: spent[hour, name] for name in names} == {
            name: each["figures"][name]["numerator"] for name in names
        }


def test_work_for_queues_is_work_of_agents(day: tuple[Plan, Log]) -> None:
    """While an agent has one contact at a time, the queues' handling and ringing times sum to the agents'."""
    rules, log = day
    whole = answer(log, rules, interval="1h")["intervals"]
    parts = [answer(log, rules, interval="1h", queue=queue)["intervals"] for queue in sorted(rules.floor.queues)]
    for name in ("handling_time", "ringing_time"):
        sums = [sum(part["figures"][name]["numerator"] for part in hour) for hour in zip(*parts, strict=True)]
        assert [each["figures"][name]["numerator"] for each in whole] == sums


class Measured(Laws):
    """The laws' world, whose measures a journal must tell again, whatever was restarted in between."""

    def __init__(self) -> None:
        super().__init__()
        self.dated: Log = []

    def book(self, events: list[Event], twins: list[Event]) -> None:
        """Keep the instants."""
        self.dated += [(self.now, event) for event in events]
        super().book(events, twins)

    @invariant()
    def a_restart_changes_no_number(self) -> None:
        """A snapshot holds all that the fold knows."""
        again = Measures(self.folded.plan, span_ms=20 * S, kept_max=5)
        again.load(self.measures.dump())
        assert self.measures.dump() == again.dump()
        assert (list(self.measures.spans()), self.measures.tally()) == (list(again.spans()), again.tally())
        self.measures = again

    @invariant()
    def agents_do_what_the_board_says(self) -> None:
        """The fold's agents are in the states in which the board's are; who is rung beside a contact handles that."""
        of = {"ready": "ready_ms", "reserved": "ringing_ms", "talking": "handling_ms", "wrap_up": "handling_ms"}
        of |= {"paused": "paused_ms", "not_responding": "not_responding_ms"}
        agents = [agent for agent in self.folded.floor.agents.values() if agent.state in of]
        states = Counter("handling_ms" if len(agent.works) > bool(agent.offer) else of[agent.state] for agent in agents)
        assert states == +Counter({name: level.count for name, level in self.measures._state.agents_now.items()})

    def teardown(self) -> None:
        """The log tells what was counted while it was written, as far as that was kept."""
        super().teardown()
        if self.dated:
            rules = self.plan_of(), self.plan_of("v2")
            whole = Measures(rules[0], span_ms=20 * S, kept_max=None)
            for at, event in self.dated:
                if isinstance(event, CentreStarted):
                    whole.adopt({each.hash: each for each in rules}[event.plan])
                whole.apply(event, at)
            kept = list(self.measures.spans())
            assert kept == list(whole.spans())[-len(kept) :]
            assert self.measures.tally() == whole.tally()
            live = Measures(rules[0])
            for at, event in self.dated:
                if isinstance(event, CentreStarted):
                    live.adopt({each.hash: each for each in rules}[event.plan])
                live.apply(event, at)
            assert offline(self.dated, *rules) == told(live, rules[0].zone, Asked())


class RichMeasured(Measured, RichLaws):
    """The same where everything is set."""


Measured.TestCase.settings = RichMeasured.TestCase.settings = settings(
    max_examples=15, stateful_step_count=40, deadline=None
)
TestMeasured = Measured.TestCase
TestRichMeasured = RichMeasured.TestCase


# --- several definitions of one thing -----------------------------------------------------------------------------


def test_definitions_of_service_level_and_abandonment_differ() -> None:
    """One and the same log gives each definition its own figure."""
    tally = Tally(offered=100, answered=70, answered_in=60, abandoned=20, abandoned_in=8, abandoned_short=5,
                  timed_out=5, overflowed=5, wait_ms_max=9, talk_ms=700, wrap_up_ms=70, wrapped_up=7)  # fmt: skip
    expected = {
        "sl": 60 / 90, "sl_answered": 60 / 70, "sl_strict": 60 / 95, "sl_lenient": 68 / 95, "sl_offered": 60 / 95,
        "abandoned": 20 / 95, "abandoned_late": 15 / 90, "sent_away": 5 / 95, "longest_wait": 9,
        "aht": 110, "talk": 100, "wrap_up": 10,
    }  # fmt: skip
    assert expected == {name: MEASURES[name].of(tally) for name in expected}


def test_every_end_of_a_wait_has_its_column() -> None:
    """Each outcome that an event can name is a way out in the conservation law, or no end of a wait at all."""
    outcomes = {*get_args(get_type_hints(ContactEnded)["outcome"]), *get_args(get_type_hints(QueueLeft)["outcome"])}
    elsewhere = {"handled", "left_menu", "served_in_menu", "no_message", "consulted", "called_off"}
    apart = {"answered", "stand_ins_answered", "closed_on"}  # who goes on from a closed queue is not sent away
    assert outcomes - elsewhere == EXITS.keys() - apart


counts = st.integers(0, 9)


@given(st.lists(st.tuples(counts, counts, counts), max_size=5))
def test_times_in_sequence_carry_over(changes: list[tuple[int, int, int]]) -> None:
    """Of times that follow each other the sum is conserved, and carries in what the first one did."""
    tallies: list[Tally] = []
    waiting = 0
    for offered, answered, first in changes:
        waiting = first if not tallies else waiting
        left = min(answered, waiting + offered)
        tallies.append(Tally(carried_in=waiting, offered=offered, answered=left, carried_out=waiting + offered - left))
        waiting = tallies[-1].carried_out
    total = sequence(tallies)
    assert total.is_conserved
    assert (tallies[0].carried_in if tallies else 0, waiting) == (total.carried_in, total.carried_out)
    assert sum(each.carried_in for each in tallies) == parallel(tallies).carried_in


# --- pains seen in the field --------------------------------------------------------------------------------------


def counted(log: Log, rules: Plan) -> dict[str, int]:
    """What became of all contacts."""
    return {name: count for name, count in folded(log, rules).tally().flow().items() if count}


def test_a_contact_counted_twice() -> None:
    """Rung at three agents, lost, declined and moved, a contact is offered once by each queue and answered once."""
    queues = (QUEUE, type(QUEUE)("other", ring="all", wrap_up_ms=30 * S, case_type="matter"))
    rules = plan(queues=queues, agents=dict.fromkeys(("ann", "bob", "cat"), ()))
    story = Story(rules)
    story.take(0, *ready("ann", "bob", "cat"), ContactArrived("c1", "100"))
    story.take(1 * S, OfferDeclined("c1", "ann", 1))
    story.take(2 * S, ContactMoved("c1", "other"))
    offers = [each for each in story.engine.board.floor.offers.values() if each.contact == "c1"]
    assert len(offers) > 1
    first, second = offers[0], offers[1]
    story.take(3 * S, OfferAccepted("c1", first.agent, first.id))
    story.take(4 * S, LegFailed("c1", first.agent, first.id, "lost"))
    story.take(5 * S, OfferAccepted("c1", second.agent, second.id), ContactJoined("c1", second.agent, second.id))
    story.take(9 * S, ContactReleased("c1", second.agent), WrappedUp(second.agent, "c1", "resolved"))
    assert {"offered": 2, "moved": 1, "answered": 1} == counted(story.log, rules)
    assert (1, 1) == (folded(story.log, rules).tally().wrapped_up, folded(story.log, rules).tally().resolved)


def at_every_row(log: Log, rules: Plan, check: Callable[[Measures, Measures], None]) -> None:
    """Restart after each row of a log in turn, and compare with the fold that never stopped."""
    through = folded(log, rules)
    for seq in range(len(log)):
        again = reread(folded(log[:seq], rules), rules)
        for at, event in log[seq:]:
            again.apply(event, at)
        check(through, again)


def bridged() -> Story:
    """A call that rings, is joined, talked and wrapped up, over a border between two intervals; another waits."""
    story = Story(with_queue(plan(), "help", wait_ms_max=None, wrap_up_ms=3_600 * S))
    start = QUARTER_MS - 30 * S
    story.take(start, *ready("ann"), ContactArrived("c1", "100"))
    story.take(start + 10 * S, OfferAccepted("c1", "ann", 1), ContactJoined("c1", "ann", 1))
    story.take(start + 20 * S, ContactArrived("c2", "100"))
    story.take(start + 50 * S, ContactReleased("c1", "ann"))
    story.take(start + 90 * S, WrappedUp("ann", "c1", "resolved"))
    return story


def test_statistics_wrong_after_a_restart() -> None:
    """Wherever a service was ended and started again, every interval and every total is as if it had gone on."""
    story = bridged()
    rules = story.engine.board.plan

    def check(through: Measures, again: Measures) -> None:
        assert through.dump() == again.dump()
        for basis in ("completion", "arrival"):
            assert told(through, "UTC", Asked(basis=basis)) == told(again, "UTC", Asked(basis=basis))

    at_every_row(story.log, rules, check)


def test_statistics_wrong_after_a_bridge() -> None:
    """A bridge ends the wait once and begins one talk; its time is split at the border, and its count is not."""
    story = bridged()
    first, second = answer(story.log, story.engine.board.plan)["intervals"]
    assert (2, 1, 1) == tuple(first["flow"][name] for name in ("offered", "answered", "carried_out"))
    assert (1, 0, 0, 1) == tuple(second["flow"][name] for name in ("carried_in", "offered", "answered", "carried_out"))
    handling = [each["figures"]["handling_time"]["numerator"] for each in (first, second)]
    assert [20 * S, 60 * S] == handling
    assert [0, 1] == [each["figures"]["aht"]["n"] for each in (first, second)]
    assert 80 * S == second["figures"]["aht"]["value"]
    assert 1 == answer(story.log, plan(), basis="arrival")["intervals"][0]["figures"]["aht"]["n"]


def test_statistics_survive_a_killed_service() -> None:
    """A service that is killed and started again answers with the figures that it had, and that its journal tells."""

    async def main() -> None:
        rules = plan(agents={"ann": ()})
        stage = Stage(rules)
        await stage.open()
        await stage.say(AgentStateSet("ann", "ready"))
        for contact in ("c1", "c1", "c2"):  # the first one's sender repeats himself
            await stage.say(ContactArrived(contact, "100"), id=f"arrived-{contact}")
        await stage.say(OfferAccepted("c1", "ann", 1))
        await stage.say(ContactJoined("c1", "ann", 1))
        await stage.wait(20 * 60 * S)
        await stage.say(ContactReleased("c1", "ann"))
        before = told(stage.service.measures, "UTC", Asked())
        await stage.kill()
        again = Stage(rules, journal=stage.journal)
        await again.open()
        assert before == told(again.service.measures, "UTC", Asked())
        measures, zone = await fold(stage.journal, QUARTER_MS, no_pause)
        assert before == told(measures, zone, Asked())
        assert 2 == measures.tally().offered
        await again.close()

    run(main())


def test_a_copy_of_an_engine_counts_on() -> None:
    """The measures need nothing of the engine: a fold beside one that was restored from a snapshot goes on with it."""
    story = bridged()
    measures = folded(story.log, story.engine.board.plan)
    engine = copy(story.engine)
    now = story.log[-1][0] + S
    for event in engine.handle(ContactLeft("c2"), now):
        measures.apply(event, now)
    assert 0 == measures.tally().carried_out
