"""`firstline play`: made-up customers and agents against a live service, and whether every contact's story holds."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from router import contract
from router.adapters.broker import parse_address
from router.adapters.clock import WallClock
from router.adapters.mqtt import MqttBus
from router.centre import Centre
from router.cli.centres import checked
from router.cli.drawn import Drawn
from router.cli.ending import ending, exit_code
from router.cli.listening import Available, Heard, Shown
from router.cli.logs import log_to
from router.cli.performance import PARTICIPANT, SLACK_MS, Line, Performance, check_rules, receive
from router.cli.player import Outcome, Player
from router.cli.printing import counted
from router.cli.sending import Commands
from router.cli.summary import play_as_json, print_play
from router.contract.answering import About
from router.contract.inputs import SnapshotRequested
from router.contract.topics import about_topic
from router.errors import BrokerFault, UsageFault
from router.events import ContactLeft
from router.plan import Plan
from router.ports import Bus, Clock, Publication
from router.times import MINUTE_MS, moment
from simulator.agents import Shift, shifts
from simulator.population import Customer, draw, load_population
from simulator.settings import PopulationSpec
from simulator.world import World

SESSION_S: Final = 60
"""How long the broker keeps what is said while we are cut off: as long as we keep trying."""
MEETING_S_MAX: Final = 5.0
"""How long to wait for a service that says what it runs."""
PREPARATION_S: Final = 0.5
"""How long after the meeting a run begins: time to draw its customers."""
REPEAT_S: Final = 2
LEASE_MS_MIN: Final = 300_000
LEASE_S_MIN: Final = 10
"""A lease is minutes of the centre's time, but no less than this of ours, to leave time to renew it."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be played, for how long (minutes of the centre's clock), and from which seed."""

    centre: Centre
    population: PopulationSpec
    minutes: int
    seed: int


def run(folder: Path, broker: str, minutes: int, seed: int, *, as_json: bool) -> int:
    """Play, and print what came of it: 0 if every story holds, 1 if not, 130 if it was ended early."""
    log_to(_say)
    centre = checked(folder)
    script = Script(centre, load_population(centre.document, centre.plan), minutes, seed)
    return asyncio.run(_run(script, broker, as_json=as_json))


async def _run(script: Script, broker: str, *, as_json: bool) -> int:
    stop = ending()
    address, plan = parse_address(broker), script.centre.plan
    async with MqttBus(
        address.host,
        address.port,
        client_id=f"firstline-{plan.centre}-{PARTICIPANT}",
        subscriptions=subscriptions(plan.centre),
        availability=contract.available_topic(plan.centre, PARTICIPANT),
        session_s=SESSION_S,
    ) as bus:
        about, outcome = await perform(script, bus, _clock_of, stop, _say)
    if as_json:
        print(json.dumps({**_asked(script, about), **play_as_json(outcome)}, ensure_ascii=False))
    else:
        print_play(plan, outcome, about.speed)
    return exit_code(problems=bool(outcome.problems), interrupted=outcome.interrupted)


def _say(text: str) -> None:
    print(f"play: {text}", file=sys.stderr, flush=True)


def _clock_of(about: About) -> WallClock:
    """The service's clock, as far as two clocks on the wall agree."""
    clock = WallClock(0, about.speed)
    clock.resume(about.now + round((clock.wall() - about.wall) * about.speed))
    return clock


def _asked(script: Script, about: About) -> dict[str, object]:
    asked = {"centre": about.centre, "plan": about.plan, "speed": about.speed}
    return {**asked, "minutes": script.minutes, "seed": script.seed}


def subscriptions(centre: str) -> list[str]:
    """All that a player listens to."""
    return [
        contract.every_output(centre),
        contract.reply_topic(centre, PARTICIPANT),
        about_topic(centre),
        contract.available_topic(centre, contract.ENGINE),
    ]


# --- meeting the service ------------------------------------------------------------------------------------------


async def perform(
    script: Script, bus: Line, clock_of: Callable[[About], Clock], stop: asyncio.Event, say: Callable[[str], None]
) -> tuple[About, Outcome]:
    """Meet the service on the bus, play until everybody is home or `stop` is set, and tell what came of it."""
    run_id = f"{PARTICIPANT}-{secrets.token_hex(4)}"
    centre = script.centre.plan.centre
    try:
        async with asyncio.timeout(MEETING_S_MAX):
            about = await _meet(bus, centre)
            check_rules(about, script.centre.plan)
            clock = clock_of(about)
            commands = Commands(centre, PARTICIPANT, run_id, round(REPEAT_S * 1000 * about.speed))
            shown, early = await _look(bus, commands, clock)
    except TimeoutError:
        raise BrokerFault(
            f"no service of centre {centre!r} answers on this broker: start one there with `firstline serve --broker`"
        ) from None
    begin = clock.now() + round(PREPARATION_S * 1000 * about.speed)
    player = _player(script, commands, run_id, shown, begin, about.speed)
    say(f"{_when(begin, script.centre.plan)}: {counted(script.minutes, 'minute')} to play; contacts are {run_id}.*")
    await bus.publish(_orphans_leave(shown, commands, clock.now(), say))
    performance = Performance(script.centre.plan, bus, player, about, clock_of, say)
    await performance.play(early, stop)
    return about, player.outcome()


async def _meet(bus: Bus, centre: str) -> About:
    """Wait until the service has said that it is there, and what it runs."""
    about: About | None = None
    online = False
    while about is None or not online:
        for heard in await receive(bus):
            match heard:
                case About():
                    about = heard
                case Available(participant=contract.ENGINE):
                    online = heard.online
    return about


async def _look(bus: Bus, commands: Commands, clock: Clock) -> tuple[Shown, list[Heard]]:
    """Ask how the floor looks; with what was heard of later rows meanwhile."""
    await bus.publish(commands.give(SnapshotRequested(), clock.now(), clock.now()))
    early: list[Heard] = []
    while True:
        for heard in await receive(bus):
            if isinstance(heard, Shown) and commands.settle(heard.input, clock.now())[0]:
                return heard, early
            early.append(heard)


def _shifts(script: Script, now: int, until: int) -> list[Shift]:
    """The shifts from now on. Raises `UsageFault` where the clock shows a time at which nothing can be played."""
    plan = script.centre.plan
    first, end = script.centre.horizon
    day, days = _days(plan, now, until)
    if not first <= day <= day + timedelta(days=days) <= end:
        raise UsageFault(
            f"the service's clock shows {_when(now, plan)}; the centre's horizon, {first} to {end}, does not hold "
            f"{script.minutes} minutes from there: start the service with another --start"
        )
    ahead = shifts(script.population, plan, day, days + 7)
    if not any(shift.start <= now < shift.end for shift in ahead):
        begins = min((shift.start for shift in ahead if shift.start > now), default=None)
        hint = f"the next begins {_when(begins, plan)}" if begins else "nor within a week"
        raise UsageFault(
            f"the service's clock shows {_when(now, plan)}, when no agent has a shift; {hint}: "
            "start the service with --start at a time when somebody works"
        )
    return [Shift(max(shift.start, now), shift.end, shift.agent) for shift in ahead if shift.end > now]


def _days(plan: Plan, now: int, until: int) -> tuple[date, int]:
    """The civil date of `now`, and how many dates there are from it to that of `until`."""
    first, last = (moment(at, plan.zone).date() for at in (now, until))
    return first, (last - first).days + 1


def _when(at: int, plan: Plan) -> str:
    return f"{moment(at, plan.zone):%a %Y-%m-%d %H:%M} ({plan.zone})"


def _player(script: Script, commands: Commands, run_id: str, shown: Shown, begin: int, speed: float) -> Player:
    plan = script.centre.plan
    until = begin + script.minutes * MINUTE_MS
    on_duty = _shifts(script, begin, until)
    customers = _customers(script, run_id, begin, until)
    world = World(
        script.population.agents,
        script.seed,
        customers,
        on_duty,
        until=until,
        lease_ms=max(LEASE_MS_MIN, round(LEASE_S_MIN * 1000 * speed)),
        present=_present(shown),
    )
    drawn = Drawn(customers, round(SLACK_MS * speed))
    return Player(plan, world, drawn, commands, run_id, shown.centre["seq"], until)


def _customers(script: Script, run_id: str, now: int, until: int) -> list[Customer]:
    plan = script.centre.plan
    return [
        replace(customer, id=f"{run_id}.{customer.id}")
        for customer in draw(script.population, plan, script.seed, *_days(plan, now, until))
        if now <= customer.arrival_ms < until
    ]


def _present(shown: Shown) -> list[str]:
    """Agents who need not log in: an earlier run was cut off, say."""
    away = ("offline", "paused", "not_responding")
    return [agent["agent"] for agent in shown.centre["agents"] if agent["state"] not in away]


def _orphans_leave(shown: Shown, commands: Commands, now: int, say: Callable[[str], None]) -> list[Publication]:
    """Contacts of an earlier run that was cut off would wait for ever."""
    contacts = [contact["contact"] for contact in shown.centre["contacts"]]
    orphans = [contact for contact in contacts if contact.startswith(f"{PARTICIPANT}-")]
    if orphans:
        say(f"an earlier run was cut off: its {len(orphans)} contacts hang up")
    return [publication for contact in orphans for publication in commands.give(ContactLeft(contact), now, now)]
