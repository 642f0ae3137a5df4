"""`firstline play`: a run against a whole service, both under virtual time, with a network between that may fail."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace

import pytest

from acd.model import AgentState
from router.cli.player import Outcome
from router.errors import BrokerFault, UsageFault
from router.ports import Publication
from simulator.loop import run
from tests.processes import environment
from tests.scenes import SPEED, Loss, Scene, Wire, hello, outcome_of, script


def test_every_story_of_a_run_holds() -> None:
    """A busy half hour comes out as drawn, everybody goes home, and no command was late or wrong."""
    scene, outcome = outcome_of(script(decline=0.1, miss=0.1))
    assert [] == outcome.problems
    assert outcome.contacts > 10
    assert {"stale"} >= set(outcome.refusals)
    assert outcome.tally
    assert outcome.tally.offered == outcome.tally.answered + outcome.tally.abandoned
    floor = scene.stage.service.engine.board.floor
    assert {AgentState.OFFLINE} == {agent.state for agent in floor.agents.values()}
    assert {} == floor.contacts
    assert 0 == outcome.late_ms[-1]


def test_the_players_figures_are_the_services_own() -> None:
    """What a player counts from what it hears is what the service counts."""
    scene, outcome = outcome_of(script())
    tally = scene.stage.service.measures.tally()
    assert outcome.tally
    names = ("offered", "answered", "abandoned", "wait_ms", "talk_ms", "wrap_up_ms", "resolved", "escalated")
    assert [getattr(tally, name) for name in names] == [getattr(outcome.tally, name) for name in names]


def test_a_second_run_on_the_same_journal_begins_anew() -> None:
    """Contacts and commands have ids of their own run, so that nothing is taken for something old."""

    async def main() -> list[Outcome]:
        scene = Scene()
        await scene.open()
        outcomes = [(await scene.play(script(10)))[1], (await scene.play(script(10)))[1]]
        await scene.stage.close()
        return outcomes

    first, second = run(main())
    assert ([], []) == (first.problems, second.problems)
    assert second.contacts > 0


def every(nth: int, part: str) -> Loss:
    """Lose every so-manieth message on topics with this part."""
    return lambda publication, number: part in publication.topic and number % nth == nth - 1


def test_a_command_that_is_lost_is_sent_again() -> None:
    """A third of all commands get lost, and every story holds all the same, as far as they were late."""
    _, outcome = outcome_of(script(), player=lambda: Wire(every(3, "/in/")))
    assert [] == outcome.problems
    assert outcome.late_ms[-1] >= 2_000 * SPEED


def test_a_receipt_that_is_lost_is_told_by_the_answer_to_a_repetition() -> None:
    """A command whose announcement got lost is taken as done when its repetition is answered."""
    _, outcome = outcome_of(script(5), service=lambda: Wire(every(50, "/out/agent/")))
    assert 0 == sum(count for fault, count in outcome.refusals.items() if fault != "stale")


def test_what_comes_twice_is_heard_once() -> None:
    """Repeated announcements and repeated commands change nothing."""
    _, outcome = outcome_of(script(), service=lambda: Wire(copies=2), player=lambda: Wire(copies=2))
    assert [] == outcome.problems


def test_a_gap_is_a_problem_and_no_end() -> None:
    """Rows that were never heard are told; the run goes on by a snapshot, ends, and judges nothing it cannot."""
    lost = range(60, 90)
    scene, outcome = outcome_of(
        script(), service=lambda: Wire(lambda publication, number: "/out/" in publication.topic and number in lost)
    )
    assert all("were never heard" in problem for problem in outcome.problems), outcome.problems
    assert outcome.problems
    assert outcome.tally is None
    assert {} == scene.stage.service.engine.board.floor.contacts


def test_an_illegal_command_is_a_story_that_does_not_hold() -> None:
    """Whoever plays wrongly is told so: here an answer to an offer that was never made."""

    async def main() -> Outcome:
        scene = Scene()
        await scene.open()
        spoilt: list[bytes] = []

        def spoil(publication: Publication, number: int) -> bool:
            if b'"offer.accepted"' not in publication.payload or spoilt:
                return False
            spoilt.append(publication.payload.replace(b'"offer":', b'"offer":99'))
            scene.service.deliver(publication.topic, spoilt[0])
            return True

        scene.player.loses = spoil
        _, outcome = await scene.play(script(10))
        await scene.stage.close()
        return outcome

    outcome = run(main())
    assert {"illegal": 1} == {fault: count for fault, count in outcome.refusals.items() if fault != "stale"}
    assert ["offer.accepted"] == [problem.split(" ")[0] for problem in outcome.problems if "refused" in problem]


def test_an_interrupted_run_sends_everybody_home() -> None:
    """Whoever is on the line hangs up, agents log out, and what was heard so far is judged."""

    async def main() -> tuple[Scene, Outcome]:
        scene = Scene()
        await scene.open()
        asyncio.get_running_loop().call_later(10, scene.stop.set)
        _, outcome = await scene.play(script(60))
        await scene.stage.wait(120_000)
        await scene.stage.close()
        return scene, outcome

    scene, outcome = run(main())
    assert outcome.interrupted
    assert [] == outcome.problems
    assert outcome.contacts > 0
    floor = scene.stage.service.engine.board.floor
    assert {} == floor.contacts
    assert {AgentState.OFFLINE} == {agent.state for agent in floor.agents.values()}


def test_contacts_of_a_run_that_was_cut_off_hang_up() -> None:
    """A player that was killed leaves customers who would wait for ever: the next one ends them."""

    async def main() -> tuple[Scene, Outcome]:
        scene = Scene()
        await scene.open()
        playing = asyncio.create_task(scene.play(script(60)))
        while not scene.stage.service.engine.board.floor.contacts:
            await scene.stage.wait(1_000)
        playing.cancel()
        await asyncio.wait([playing])
        _, outcome = await scene.play(script(5))
        await scene.stage.close()
        return scene, outcome

    scene, outcome = run(main())
    assert any("an earlier run was cut off" in text for text in scene.said)
    assert [] == outcome.problems
    assert {} == scene.stage.service.engine.board.floor.contacts


def test_a_player_needs_no_web_server() -> None:
    """`firstline play` starts without loading what serves HTTP."""
    code = "import sys, router.cli.play; print({'fastapi', 'uvicorn'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert "set()" == told.stdout.strip()


def test_a_service_that_is_not_there_is_told() -> None:
    """What the broker keeps of a service that has gone is no service."""

    async def main() -> None:
        scene = Scene()
        await scene.open()
        await scene.stage.close()
        with pytest.raises(BrokerFault, match="no service of centre 'hello' answers"):
            await scene.play(script(), "offline")

    run(main())


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("2026-01-04T10:00", "no agent has a shift; the next begins Mon 2026-01-05 08:50"),
        ("2026-01-05T07:00", "no agent has a shift; the next begins Mon 2026-01-05 08:50"),
        ("2025-12-30T10:00", "the centre's horizon, 2026-01-01 to 2028-01-01, does not hold 30 minutes"),
        ("2027-12-31T23:50", "the centre's horizon, 2026-01-01 to 2028-01-01, does not hold 30 minutes"),
    ],
)
def test_a_clock_at_which_nothing_can_be_played_is_refused(start: str, found: str) -> None:
    """The fault says what the service's clock shows, and when somebody works."""
    with pytest.raises(UsageFault, match=found):
        outcome_of(script(), start=start)


def test_other_rules_and_another_release_are_refused() -> None:
    """A folder that is not the one served would play by other rules."""
    with pytest.raises(UsageFault, match=r"this is 9\.9"):
        outcome_of(script(), release="9.9")
    centre = hello()
    other = replace(script(), centre=replace(centre, plan=replace(centre.plan, hash="other")))
    with pytest.raises(UsageFault, match=f"the service runs the rules {centre.plan.hash}, this folder holds other"):
        outcome_of(other)
