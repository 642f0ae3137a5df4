"""A player on a bus: what it hears goes in, what it does goes out, and who was not there is noted.

Who is to blame for what came late? Three clocks tell. *We* are, where a turn of our own began later than its timer
said: a machine without time for us shows there, whatever broker and service do. *Nobody answered*, where commands were
open and not one had its outcome for longer than any turn of a service takes, while our own timers rang in time: that is
an outage of broker or service, like one that they tell of themselves. A service that has too little of the machine is
slow, but it is not silent: its outcomes trickle. What is late without either may be anybody's, and is told so.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from router import contract
from router.cli.listening import Available, Heard, listen
from router.cli.player import Player
from router.cli.release import release
from router.contract.answering import About
from router.errors import BrokerFault, UsageFault
from router.plan import Plan
from router.ports import Bus, Clock, Publication

PARTICIPANT: Final = "play"
RECEIVE_MAX: Final = 500
SILENCE_S_OUTAGE: Final = 1.0
"""Without any outcome for so long, with commands open, broker or service is away. It is many turns of a service."""
SILENCE_S_NOTED: Final = 5
SILENCE_S_MAX: Final = 60
"""Without any outcome for so long, the service is given up."""
LEAVE_S_MAX: Final = 5
"""How long an interrupted run waits for the last answers."""
POLL_S: Final = 0.25
SLACK_MS: Final = 25
"""How far two clocks on one machine are taken to differ, with the time a message needs (real milliseconds)."""


class Line(Bus, Protocol):
    """A bus that tells when it is cut off, too."""

    on_lost: Callable[[], None] | None


async def receive(bus: Bus) -> list[Heard]:
    """Wait for what is said next, and acknowledge it."""
    messages = await bus.receive(RECEIVE_MAX)
    bus.acknowledge(messages)
    return [heard for message in messages if (heard := listen(PARTICIPANT, message))]


def check_rules(about: About, plan: Plan) -> None:
    """Raises `UsageFault` where the service runs other rules, or another release."""
    if about.plan != plan.hash:
        raise UsageFault(
            f"the service runs the rules {about.plan}, this folder holds {plan.hash}: play the folder that is served"
        )
    if about.release != release():
        raise UsageFault(
            f"the service is of release {about.release}, this is {release()}: use the release that the service is of"
        )


@dataclass(frozen=True, slots=True)
class _Link:
    """What is known of the way to the service and back.

    `introduced`: it has said what it runs, and by which clock, since it or the broker was last gone.
    """

    connected: bool = True
    online: bool = True
    introduced: bool = True
    answering: bool = True

    @property
    def open(self) -> bool:
        """Whether anything can get through, as far as anybody says, and what time it is there is known."""
        return self.connected and self.online and self.introduced


class Performance:
    """Runs a player on a bus. What is published waits in a queue of its own, so that hearing never waits for it.

    While the service is known to be gone, the player's time stands still, as nobody can say what the service's does: it
    goes on where the wall is its clock, and stands where it has one of its own. The service says so on its return.
    That may be a little before where the player stopped, but never before a row that was announced.
    """

    def __init__(
        self,
        plan: Plan,
        bus: Line,
        player: Player,
        met: About,
        clock_of: Callable[[About], Clock],
        say: Callable[[str], None],
    ) -> None:
        """`met`: how the service introduced itself, from which `clock_of` makes its clock."""
        self._plan = plan
        self._bus = bus
        self._player = player
        self._met = met
        self._clock = clock_of(met)
        self._clock_of = clock_of
        self._say = say
        self._outbox: asyncio.Queue[list[Publication]] = asyncio.Queue()
        self._link = _Link()
        self._stopped_at: int | None = None
        self._stood_ms = 0
        self._away_since: float | None = None
        self._answered_at = self._now_s()
        self._due_s = math.inf
        self._silent = False
        self._leave_by: float | None = None
        bus.on_lost = lambda: self._note(connected=False, introduced=False)
        bus.on_connect = lambda: self._note(connected=True)

    async def play(self, early: Sequence[Heard], stop: asyncio.Event) -> None:
        """Play until everybody is home. Raises `BrokerFault` when nothing is answered for a long time."""
        sending = asyncio.create_task(self._send(), name="send")
        receiving = asyncio.create_task(receive(self._bus))
        stopping = asyncio.create_task(stop.wait())
        heard: Sequence[Heard] = early
        try:
            while not self._player.done and self._patient():
                self._turn(heard)
                watched = {receiving, sending, *(() if stopping.done() else (stopping,))}
                await asyncio.wait(watched, timeout=self._pause(), return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
                heard = receiving.result() if receiving.done() else []
                if receiving.done():
                    receiving = asyncio.create_task(receive(self._bus))
                if stopping.done() and not self._player.closing:
                    self._player.close(interrupted=True)
                    self._leave_by = self._now_s() + LEAVE_S_MAX
            self._note(connected=True, online=True, introduced=True, answering=True)  # One that lasts ends here.
        finally:
            self._bus.on_lost = self._bus.on_connect = None
            for task in (sending, receiving, stopping):
                task.cancel()
            await asyncio.gather(sending, receiving, stopping, return_exceptions=True)

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    def _now(self) -> int:
        return self._clock.now() if self._stopped_at is None else self._stopped_at

    def _patient(self) -> bool:
        """Whether there is time for the last answers, if somebody wants to leave."""
        return self._leave_by is None or self._now_s() < self._leave_by

    def _pause(self) -> float:
        """How long to wait for the next turn, at most; when it is due is noted, even if that is over already."""
        deadline = self._player.deadline() if self._stopped_at is None else None
        ahead_s = POLL_S if deadline is None else (deadline - self._clock.now()) / 1000 / self._clock.speed
        self._due_s = self._now_s() + min(POLL_S, ahead_s)
        return max(0, min(POLL_S, ahead_s))

    def _turn(self, heard: Sequence[Heard]) -> None:
        late_s = max(0.0, self._now_s() - self._due_s)
        answered = self._player.answered
        for each in heard:
            self._publish(self._hear(each))
        self._watch_silence(late_s, answered=self._player.answered > answered)
        if self._stopped_at is None or self._player.closing:
            self._publish(self._player.act(self._now(), round(late_s * 1000 * self._clock.speed)))

    def _hear(self, heard: Heard) -> list[Publication]:
        match heard:
            case About():
                self._meet_again(heard)
            case Available(participant=contract.ENGINE, online=online) if online is not self._link.online:
                self._note(online=online, introduced=False)
                self._say("the service is back" if online else "the service has gone; still trying")
        return self._player.hear(heard, self._now())

    # --- who is there ---------------------------------------------------------------------------------------------

    def _meet_again(self, about: About) -> None:
        """Go on by the clock that the service has now."""
        check_rules(about, self._plan)
        if about.speed != self._met.speed:
            raise UsageFault(
                f"the service came back with --speed {about.speed:g}, and had {self._met.speed:g}: "
                "a run has one speed; start the service with the old one, or play anew"
            )
        clock = self._clock_of(about)
        stood_ms = self._clock.now() - clock.now()
        if stood_ms > SLACK_MS * about.speed:
            self._note(introduced=False)  # If nobody had told that it was gone.
            self._stood_ms += stood_ms
        self._clock = clock
        self._note(introduced=True)

    def _note(self, **link: bool) -> None:
        """Tell the player of the first moment without broker or service, and of the first with both."""
        self._link = replace(self._link, **link)
        now_s = self._now_s()
        if not self._link.open and self._stopped_at is None:
            self._stopped_at = self._clock.now()
        elif self._link.open and self._stopped_at is not None:
            self._stopped_at = None
            self._answered_at = now_s  # From now on it may answer.
            self._link = replace(self._link, answering=True)
        there = self._link.open and self._link.answering
        if not there and self._away_since is None:
            self._away_since = now_s if self._link.answering else self._answered_at
            self._player.cut_off()
        elif there and self._away_since is not None:
            self._player.resume(self._clock.now(), now_s - self._away_since, self._stood_ms)
            self._away_since, self._stood_ms = None, 0

    def _watch_silence(self, late_s: float, *, answered: bool) -> None:
        """Note whether anybody answers. While we were late ourselves, we could not have heard it."""
        is_open, now_s = self._stopped_at is None, self._now_s()
        self._answered_at = now_s if answered or (is_open and not self._player.waiting) else self._answered_at + late_s
        silent_s = now_s - self._answered_at
        if silent_s > SILENCE_S_MAX:
            raise BrokerFault(f"the service has answered nothing for {SILENCE_S_MAX} s: is it running, and its broker?")
        if is_open and self._link.answering is not (silent_s <= SILENCE_S_OUTAGE):
            self._note(answering=silent_s <= SILENCE_S_OUTAGE)
        silent = silent_s > SILENCE_S_NOTED
        if silent and not self._silent:
            self._say(f"no answer for {SILENCE_S_NOTED} s; still trying")
        self._silent = silent

    # --- what is said ---------------------------------------------------------------------------------------------

    def _publish(self, publications: list[Publication]) -> None:
        if publications:
            self._outbox.put_nowait(publications)

    async def _send(self) -> None:
        while True:
            publications = await self._outbox.get()
            await self._bus.publish(publications)
            self._outbox.task_done()
