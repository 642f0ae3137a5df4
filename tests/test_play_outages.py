"""`firstline play` while broker or service are away, silent or slow: what it does, and whom it blames."""

from __future__ import annotations

import asyncio

import pytest

from router.cli.performance import LEAVE_S_MAX, SILENCE_S_MAX
from router.errors import BrokerFault, UsageFault
from simulator.loop import VirtualLoop, run
from tests.scenes import SPEED, Scene, outcome_with, script


def test_lateness_over_an_outage_is_told_apart() -> None:
    """What the player's own connection delays is no lateness of the player, up to the last command it held up."""
    outcome = outcome_with(
        (8, lambda scene: scene.player.cut()),
        (13, lambda scene: scene.player.mend()),
        (18, lambda scene: scene.player.cut()),
        (20, lambda scene: scene.player.mend()),
    )
    assert [] == outcome.problems
    assert (2, 7) == (outcome.outages.count, round(outcome.outages.away_s, 3))
    assert 2 * SPEED * 1000 < outcome.outages.late_ms_max <= 5 * SPEED * 1000
    assert 0 == outcome.late_ms[-1]


def test_a_service_that_goes_and_comes_back_is_an_outage() -> None:
    """What is commanded while the service is away, or on its way back still, is late by no fault of the player."""
    outcome = outcome_with(
        (8, lambda scene: scene.available("offline")),
        (8, lambda scene: scene.player.hold()),
        (12, lambda scene: scene.service_back()),
        (13, lambda scene: scene.player.carry()),
    )
    assert [] == outcome.problems
    assert (1, 4) == (outcome.outages.count, round(outcome.outages.away_s, 3))
    assert 0 == outcome.late_ms[-1]


def test_a_service_that_goes_on_where_its_journal_ends_spoils_no_story() -> None:
    """Its clock stood still while it was away, and so did the player: nothing is early, nothing late."""
    outcome = outcome_with((8, Scene.kill_service), (12, Scene.start_service))
    assert [] == outcome.problems
    assert (1, 4) == (outcome.outages.count, round(outcome.outages.away_s, 3))
    assert 4 * SPEED * 1000 <= outcome.outages.stood_ms < 5 * SPEED * 1000
    assert 0 == outcome.outages.early_ms_max
    assert 0 == outcome.late_ms[-1]
    assert outcome.tally


@pytest.mark.parametrize("told", [False, True])
def test_what_was_on_its_way_while_the_clock_went_back_may_come_early(*, told: bool) -> None:
    """Stories are allowed to be as much shorter; if nobody said that the service had gone, its silence does."""
    outcome = outcome_with(
        (8, lambda scene: scene.player.hold()),
        (12, lambda scene: scene.kill_service(told=told)),
        (14, lambda scene: scene.player.carry()),
        (14, Scene.start_service),
    )
    assert [] == outcome.problems
    assert 1 == outcome.outages.count
    assert 0 < outcome.outages.early_ms_max <= outcome.outages.stood_ms
    assert 0 == outcome.late_ms[-1]


def test_a_service_that_comes_back_with_another_speed_is_refused() -> None:
    """A run has one speed, by which its lateness is judged."""
    with pytest.raises(UsageFault, match="came back with --speed 30, and had 60"):
        outcome_with((8, Scene.kill_service), (9, lambda scene: scene.start_service(30.0)))


def test_a_broker_that_stands_still_is_an_outage() -> None:
    """Nobody says that it has gone, and nobody answers: what is late by that is no fault of the player."""
    outcome = outcome_with(
        (8, lambda scene: scene.player.hold()),
        (8, lambda scene: scene.service.hold()),
        (14, lambda scene: scene.player.carry()),
        (14, lambda scene: scene.service.carry()),
    )
    assert [] == outcome.problems
    assert 1 == outcome.outages.count
    assert 3 < outcome.outages.away_s <= 6
    assert outcome.outages.late_ms_max == round(outcome.outages.away_s * SPEED * 1000), "since the first unanswered"
    assert 0 == outcome.late_ms[-1]


def test_a_broker_that_is_slow_is_no_outage_and_no_lateness_of_the_player() -> None:
    """Answers come late, but they come: whose fault it is, the player cannot know, but that it is not its own."""
    slow = [(8 + n * 0.4, act) for n in range(20) for act in (lambda scene: scene.player.carry(), _hold)]
    outcome = outcome_with(*slow, (16, lambda scene: scene.player.carry()))
    assert [] == outcome.problems
    assert 0 == outcome.outages.count
    assert 0 < outcome.late_ms[-1] <= 0.4 * SPEED * 1000
    assert 0 == outcome.own_late_ms[-1]


def _hold(scene: Scene) -> None:
    scene.player.hold()


def _freeze(scene: Scene) -> None:
    """Let time pass in which nobody on this machine does anything."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._now_s += 4


def test_a_machine_that_stands_still_is_no_outage() -> None:
    """The player's own timer rings late, which neither broker nor service can bring about."""
    outcome = outcome_with((8, _freeze))
    assert [] == outcome.problems
    assert 0 == outcome.outages.count
    assert SPEED * 1000 < outcome.own_late_ms[-1] <= 4 * SPEED * 1000


def test_an_outage_that_lasts_is_told_until_the_run_ends() -> None:
    """Whoever leaves in the middle of an outage is told for how long it had lasted."""
    outcome = outcome_with(
        (8, lambda scene: scene.player.cut()),
        (10, lambda scene: scene.stop.set()),
    )
    assert outcome.interrupted
    assert (1, 2 + LEAVE_S_MAX) == (outcome.outages.count, round(outcome.outages.away_s))


def test_a_service_that_falls_silent_is_given_up() -> None:
    """Without any answer for a minute a run ends with a fault that says so, and said before that it was trying."""

    async def main() -> list[str]:
        scene = Scene()
        await scene.open()
        asyncio.get_running_loop().call_later(5, lambda: setattr(scene.player, "loses", lambda *_: True))
        asyncio.get_running_loop().call_later(6, scene.available, "offline")
        with pytest.raises(BrokerFault, match=f"answered nothing for {SILENCE_S_MAX} s"):
            await scene.play(script(60))
        await scene.stage.close()
        return scene.said

    said = run(main())
    assert "the service has gone; still trying" in said
    assert "no answer for 5 s; still trying" in said
