"""A made-up afternoon in which customers are called back and leave messages, held against the independent audit."""

from __future__ import annotations

from dataclasses import replace

from acd.plan import Announce, Callbacks, Voicemail
from router.measures import Measures
from router.plan import Plan
from simulator.agents import Shift
from simulator.audit import Audit
from simulator.experiment import run
from simulator.population import Customer
from simulator.settings import AgentsSpec
from simulator.world import World
from tests.test_world import CUSTOMER
from tests.worlds import QUEUE, S, plan

RULES = plan(
    queues=(
        replace(
            QUEUE,
            announce=Announce(10 * S, position=True),
            callbacks=Callbacks(attempts_max=2, retry_ms=60 * S, dial_ms=10 * S, offer_after_ms=20 * S),
            voicemail=Voicemail(after_ms=90 * S),
        ),
    )
)


def crowd(*, takes_callbacks: bool) -> list[Customer]:
    """Forty customers within ten minutes; every third one never picks up, every fourth leaves no message."""
    return [
        replace(
            CUSTOMER,
            id=f"c-{number}",
            number=f"+{number}",
            arrival_ms=number * 15 * S,
            patience_ms=200 * S,
            talk_ms=40 * S,
            outcome="resolved",
            reason="done",
            redial_ms=(),
            takes_callback=takes_callbacks and number % 2 == 0,
            missed_callbacks=9 if number % 3 == 0 else 0,
            message_ms=0 if number % 4 == 1 else 12 * S,
        )
        for number in range(40)
    ]


def simulated(customers: list[Customer], rules: Plan = RULES) -> tuple[Measures, list[str]]:
    """An hour with one agent: what was counted, and what the audit found."""
    spec = AgentsSpec.model_validate({"answering": {"fixed": "3s"}})
    world = World(spec, 1, customers, [Shift(0, 3_600 * S, "ann")])
    measures, audit, rows = Measures(rules), Audit(), iter(range(1, 10**6))
    run(rules, world, 0, (measures.apply, lambda event, at: audit.hear(next(rows), event, at)))
    return measures, audit.problems()


def test_everybody_comes_home() -> None:
    """Callbacks are answered or fail, messages are heard, and no story has a gap."""
    measures, problems = simulated(crowd(takes_callbacks=True))
    assert [] == problems
    tally = measures.tally()
    assert tally.callback > 0
    assert tally.voicemail > 0
    assert tally.callback_failed > 0
    assert tally.stand_ins == tally.stand_ins_answered + tally.callback_failed
    assert 40 == tally.offered == tally.answered + tally.abandoned + tally.callback + tally.voicemail


def test_a_planner_sees_what_callbacks_do() -> None:
    """The same customers, some of whom hang up: fewer come to voicemail."""
    with_them, without = (simulated(crowd(takes_callbacks=each))[0].tally() for each in (True, False))
    assert 0 == without.callback
    assert with_them.voicemail < without.voicemail
