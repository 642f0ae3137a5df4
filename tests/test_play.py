"""`firstline play`: a run against a whole service, both under virtual time, with a network between that may fail."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from acd.events import AgentStateSet, ContactEnded, OfferAccepted
from acd.model import AgentState
from router import contract
from router.adapters.memory_bus import MemoryBus
from router.adapters.memory_journal import MemoryJournal
from router.centre import Centre, load
from router.cli.drawn import Drawn
from router.cli.play import LEAVE_S_MAX, PARTICIPANT, SILENCE_S_MAX, Script, perform
from router.cli.player import Outcome
from router.cli.sending import Commands
from router.contract.answering import About
from router.errors import BrokerFault, UsageFault
from router.events import ContactArrived
from router.ports import Publication
from simulator.loop import run
from simulator.population import load_population
from tests.conftest import ROOT
from tests.processes import environment
from tests.stage import Stage, body_of
from tests.test_world import CUSTOMER

SPEED = 60.0
Loss = Callable[[Publication, int], bool]


@cache
def hello() -> Centre:
    """The smallest centre."""
    return load(ROOT / "examples" / "hello")


def script(minutes: int = 30, *, per_hour: int = 30, **agents: object) -> Script:
    """What to play in it: a busy time, and agents of this kind."""
    spec = load_population(hello().document, hello().plan)
    arrivals = {name: each.model_copy(update={"per_hour": per_hour}) for name, each in spec.arrivals.items()}
    spec = spec.model_copy(update={"arrivals": arrivals, "agents": spec.agents.model_copy(update=agents)})
    return Script(hello(), spec, minutes, 1)


def instant(text: str) -> int:
    """A time of the centre's zone, in ms."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(hello().plan.zone)).timestamp() * 1000)


class Wire(MemoryBus):
    """One end of a network of two. `loses` says of each message, with its number, whether it gets lost on its way."""

    def __init__(self, loses: Loss = lambda publication, number: False, copies: int = 1) -> None:
        super().__init__()
        self.other: MemoryBus
        self.loses = loses
        self.copies = copies
        self.on_lost: Callable[[], None] | None = None
        self._held: list[Publication] | None = None

    def disconnect(self) -> None:
        """Forget what was not heard."""
        self._inbox.clear()

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Carry messages over, as often as there are to be copies."""
        if self._held is not None:
            self._held += publications
            return
        for publication in publications:
            if not self.loses(publication, len(self.published)):
                for _ in range(self.copies):
                    self.other.deliver(publication.topic, publication.payload)
            self.published.append(publication)

    def hold(self) -> None:
        """Keep what is said from now on."""
        self._held = []

    async def carry(self) -> None:
        """Carry over what was kept."""
        held, self._held = self._held or [], None
        await self.publish(held)

    def cut(self) -> None:
        """Lose the connection, and tell so."""
        self.hold()
        if self.on_lost is not None:
            self.on_lost()

    async def mend(self) -> None:
        """Have a connection again, and tell so."""
        if self.on_connect is not None:
            self.on_connect()
        await self.carry()


@dataclass(slots=True)
class Scene:
    """A service, a player, and the network between them; made within a running virtual loop."""

    start: str = "2026-01-05T10:00"
    service: Wire = field(default_factory=Wire)
    player: Wire = field(default_factory=Wire)
    said: list[str] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    stage: Stage = field(init=False)

    async def open(self) -> None:
        """Start the service, and let the player hear what the broker keeps."""
        self.service.other, self.player.other = self.player, self.service
        self.stage = Stage(hello().plan, journal=self.journal, start=instant(self.start), speed=SPEED)
        await self.stage.open(bus=self.service)

    def available(self, state: Literal["online", "offline"]) -> None:
        """What the broker says of the service."""
        said = contract.availability("hello", contract.ENGINE, state)
        self.player.deliver(said.topic, said.payload)

    async def play(self, played: Script, state: Literal["online", "offline"] = "online") -> tuple[About, Outcome]:
        """Connect, hear what the broker keeps, and play to the end."""
        self.player.disconnect()
        for topic, payload in self.service.retained.items():
            self.player.deliver(topic, payload)
        self.available(state)
        return await perform(played, self.player, lambda about: self.stage.clock, self.stop, self.said.append)


def outcome_of(played: Script, **scene: Any) -> tuple[Scene, Outcome]:
    """Play a script on a scene of this kind, and close it."""

    async def main() -> tuple[Scene, Outcome]:
        made = Scene(**{name: value() if callable(value) else value for name, value in scene.items()})
        await made.open()
        _, outcome = await made.play(played)
        await made.stage.close()
        return made, outcome

    return run(main())


@pytest.fixture(autouse=True)
def _same_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service of a stage does not say its release."""
    monkeypatch.setattr("router.cli.play.release", lambda: "")


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


def outcome_with(*happenings: tuple[float, Callable[[Scene], Awaitable[None] | None]]) -> Outcome:
    """Play half an hour in which these things happen, each after so many seconds."""

    async def happen(scene: Scene) -> None:
        for at_s, happening in happenings:
            await asyncio.sleep(at_s - asyncio.get_running_loop().time())
            if awaitable := happening(scene):
                await awaitable

    async def main() -> Outcome:
        scene = Scene()
        await scene.open()
        happening = asyncio.create_task(happen(scene))
        _, outcome = await scene.play(script())
        await happening
        await scene.stage.close()
        return outcome

    return run(main())


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
        (12, lambda scene: scene.available("online")),
        (13, lambda scene: scene.player.carry()),
    )
    assert [] == outcome.problems
    assert (1, 4) == (outcome.outages.count, round(outcome.outages.away_s, 3))
    assert 0 == outcome.late_ms[-1]


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


def test_other_rules_and_another_release_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not the one served would play by other rules."""
    monkeypatch.setattr("router.cli.play.release", lambda: "9.9")
    with pytest.raises(UsageFault, match=r"this is 9\.9"):
        outcome_of(script())
    centre = hello()
    other = replace(script(), centre=replace(centre, plan=replace(centre.plan, hash="other")))
    with pytest.raises(UsageFault, match=f"the service runs the rules {centre.plan.hash}, this folder holds other"):
        outcome_of(other)


# --- the parts ----------------------------------------------------------------------------------------------------


def test_commands_about_one_subject_wait_for_one_another() -> None:
    """The second command about an agent is sent when the first has its outcome; repetitions come ever later."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)
    first = commands.give(AgentStateSet("ann", "ready"), 0, 0)
    assert ["run.1"] == [body_of(each)["id"] for each in first]
    assert [] == commands.give(AgentStateSet("ann", "offline"), 0, 0)
    assert [0, 1, 0, 1, 0] == [len(commands.again(now)) for now in (999, 1_000, 2_999, 3_000, 5_999)]
    sent, freed = commands.settle("run.1", 7_000)
    assert sent
    assert ["run.2"] == [body_of(each)["id"] for each in freed]
    assert (None, []) == commands.settle("run.1", 7_000)
    assert commands.settle("run.2", 7_000)[0]
    assert 0 == len(commands)


def test_an_outage_holds_up_what_is_under_way_until_the_last_of_it_is_through() -> None:
    """Those given before it, in it, and after it while others wait still; not those given when all are through."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)

    def given(*agents: str) -> None:
        for agent in agents:
            commands.give(AgentStateSet(agent, "ready"), 0, 0)

    def held_up(*numbers: int) -> list[bool]:
        settled = [commands.settle(f"run.{number}", 7_000)[0] for number in numbers]
        return [sent.held_up for sent in settled if sent]

    given("ann", "bob")
    assert [False] == held_up(1)
    commands.cut_off()
    given("cid")
    commands.resume()
    given("dee")
    assert [True, True, True] == held_up(4, 3, 2)
    given("eve")
    assert [False] == held_up(5)


def test_only_the_runs_own_contacts_are_numbered() -> None:
    """What is said of a contact of this run counts from 1; of an agent there may have been an earlier run."""
    commands = Commands("hello", PARTICIPANT, "run", 1_000)
    (of_agent,) = commands.give(AgentStateSet("ann", "ready"), 0, 0)
    (of_contact,) = commands.give(OfferAccepted("run.c-1", "ann", 1), 0, 0)
    assert "sequence" not in body_of(of_agent)
    assert ("run.c-1", 1) == (body_of(of_contact)["subject"], body_of(of_contact)["sequence"])


@pytest.mark.parametrize(
    ("wait_ms", "talk_ms", "outcome", "found"),
    [
        (10_000, 90_000, "handled", []),
        (10_000, 91_000, "handled", []),
        (10_000, 95_000, "handled", ["c-1 talked 95.0 s; drawn was 90.0 s"]),
        (10_000, 60_000, "handled", ["c-1 talked 60.0 s; drawn was 90.0 s"]),
        (29_500, 600, "handled", []),
        (45_000, 90_000, "handled", ["c-1 was answered after 45.0 s; drawn was 30.0 s"]),
        (30_000, 0, "abandoned", []),
        (20_000, 0, "abandoned", ["c-1 waited 20.0 s; drawn was 30.0 s"]),
        (40_000, 0, "abandoned", ["c-1 waited 40.0 s; drawn was 30.0 s"]),
    ],
)
def test_a_story_is_as_it_was_drawn(wait_ms: int, talk_ms: int, outcome: Any, found: list[str]) -> None:
    """Patience and talk are as drawn, but for what the customer's commands were late; giving up may end a talk."""
    drawn = Drawn([CUSTOMER], slack_ms=100)
    drawn.hear(ContactArrived("c-1", "100"), 0)
    drawn.hear(ContactEnded("c-1", outcome, "help", "ann", wait_ms, talk_ms), 2_000)
    assert found == drawn.problems()
