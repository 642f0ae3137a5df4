"""A service on a stage: virtual time, journal and bus in memory, and a test that plays everybody else."""

from __future__ import annotations

import asyncio
import functools
import json
import pickle
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, fields
from itertools import zip_longest
from typing import Any

from acd.events import AgentStateSet
from ivr.events import ContactKeyed
from router import codec, contract
from router.adapters.memory_bus import MemoryBus
from router.adapters.memory_journal import MemoryJournal
from router.events import ContactArrived, Event
from router.plan import Plan
from router.ports import Bus, Journal, Publication
from router.recovery import recover
from router.service import Service
from router.vault import Vault
from simulator.loop import VirtualClock, run, settle
from tests.worlds import S
from tests.worlds import plan as plain_plan

Observers = Sequence[Callable[[Event, int], None]]


def payload(fact: Event, *, source: str = "pbx", id: str, sequence: int | None = None) -> bytes:  # noqa: A002
    """A fact as its sender would write it."""
    body = {"specversion": "1.0", "id": id, "source": source, "type": fact.kind, "data": asdict(fact)}
    return json.dumps(body | ({} if sequence is None else {"sequence": sequence})).encode()


def body_of(publication: Publication) -> dict[str, Any]:
    """The CloudEvent in a publication."""
    body: dict[str, Any] = json.loads(publication.payload)
    return body


class WitnessBus(MemoryBus):
    """A memory bus that sees to it that nothing is announced that the journal does not hold by then, nor with a gap."""

    def __init__(self, journal: MemoryJournal, centre: str) -> None:
        super().__init__()
        self._journal = journal
        self._centre = centre
        self.announced: list[int] = []
        self.news = asyncio.Event()

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Look at each, then keep it."""
        for publication in publications:
            if "/out/" in publication.topic:
                self._witness(publication)
        await super().publish(publications)
        self.news.set()

    def _witness(self, publication: Publication) -> None:
        body = body_of(publication)
        seq = body["sequence"]
        assert seq <= 1 + max(self.announced, default=0), "announcements have no gap"
        assert seq <= len(self._journal.kept_rows), "nothing is announced before it is in the log"
        row = self._journal.kept_rows[seq - 1]
        event = codec.decode(row.kind, row.version, row.body, str)
        assert contract.announce(self._centre, row, event) == publication, "a row is announced as it stands in the log"
        self.announced.append(seq)


class Stage:
    """A service under virtual time. `open` before anything else; made within a running virtual loop."""

    def __init__(self, plan: Plan, *, journal: MemoryJournal | None = None, start: int = 0, speed: float = 1.0) -> None:
        self.plan = plan
        self.journal = journal or MemoryJournal()
        self.bus = WitnessBus(self.journal, plan.centre)
        self.bus.announced = [len(self.journal.kept_rows)]
        self.clock = VirtualClock(start, speed)
        self.observers: Observers = ()
        self.service: Service
        self.running: asyncio.Task[None]
        self._count = 0

    async def open(self, plan: Plan | None = None, journal: Journal | None = None, bus: Bus | None = None) -> None:
        """Start a service from what the journal holds, and wait until it has said so."""
        self.plan = plan or self.plan
        recovered = await recover(self.plan, self.journal)
        self.service = Service(recovered, journal or self.journal, bus or self.bus, self.clock, self.observers)
        self.running = asyncio.create_task(self.service.run())
        await settle()

    async def close(self) -> None:
        """Stop in good order."""
        self.service.stop()
        await self.running

    async def kill(self) -> None:
        """End the process between two steps, if it has not ended by itself.

        Whatever it has not acknowledged will come again to the next.
        """
        self.running.cancel()
        await asyncio.wait([self.running])
        self.bus.on_connect = None
        self.bus.reconnect()

    def deliver(self, fact: Event | bytes, *, source: str = "pbx", id: str = "", sequence: int | None = None) -> str:  # noqa: A002
        """Send an input, or any bytes; returns the id it has."""
        self._count += 1
        own_id = id or f"m{self._count}"
        body = fact if isinstance(fact, bytes) else payload(fact, source=source, id=own_id, sequence=sequence)
        self.bus.deliver(contract.input_topic(self.plan.centre, source), body)
        return own_id

    async def say(self, fact: Event | bytes, *, source: str = "pbx", id: str = "", sequence: int | None = None) -> str:  # noqa: A002
        """Send an input, and let everything happen that follows at this instant."""
        own_id = self.deliver(fact, source=source, id=id, sequence=sequence)
        await settle()
        return own_id

    async def wait(self, ms: int) -> None:
        """Let time pass, and everything happen until then."""
        await self.until(self.clock.now() + ms)

    async def until(self, at: int) -> None:
        """Let time pass until this instant, and everything happen that is due by then."""
        await asyncio.sleep(max(0, at - self.clock.now()) / 1000 / self.clock.speed)
        await settle()

    def replies(self, source: str = "pbx") -> list[tuple[str, str]]:
        """What the sender was answered: (kind or fault, the input's id)."""
        answers = [body_of(said) for said in self.bus.published if said.topic.endswith(f"/reply/{source}")]
        return [(body["data"].get("fault", body["type"]), body["data"].get("input", "")) for body in answers]

    def kinds(self, after: int = 0) -> list[str]:
        """The kinds of the log's rows."""
        return [row.kind for row in self.journal.kept_rows[after:]]

    def log(self) -> list[tuple[int, int, str, Event]]:
        """The log with personal values put back: (seq, at, cause, event)."""
        vault = Vault(self.journal.kept_personal.values())
        return [
            (row.seq, row.at, row.cause, codec.decode(row.kind, row.version, row.body, vault.value))
            for row in self.journal.kept_rows
        ]


def first_difference(these: Iterable[object], those: Iterable[object]) -> object:
    """The first pair that differs. To show two whole logs side by side would take pytest minutes."""
    return next((pair for pair in zip_longest(these, those) if pair[0] != pair[1]), None)


def state_of(part: object) -> Any:
    """All that an object of the engine is made of, but for what follows from the rest: plans, indexes, alarms."""
    if hasattr(part, "__dataclass_fields__"):
        return {field.name: state_of(getattr(part, field.name)) for field in fields(part)}  # type: ignore[arg-type]
    if isinstance(part, dict):
        return [(key, state_of(value)) for key, value in part.items()]
    if type(part).__module__.split(".")[0] in {"acd", "ivr", "escalation", "router"} and hasattr(part, "__dict__"):
        derived = {"plan", "plans", "matching"}
        return {
            name: state_of(value)
            for name, value in vars(part).items()
            if name not in derived and not name.startswith("_")
        }
    return part


# --- tests on a stage -------------------------------------------------------------------------------------------------

QUESTION = b'{"specversion":"1.0","id":"q","source":"desk","type":"snapshot.requested"}'


def virtual(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test under virtual time."""

    @functools.wraps(test)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        run(test(*args, **kwargs))  # type: ignore[arg-type]

    return wrapper


async def opened(**kwargs: Any) -> Stage:
    """A plain centre that has just started: one queue, two agents who are not there yet."""
    stage = Stage(plain_plan(), **kwargs)
    await stage.open()
    return stage


def arrived(contact: str = "c1", number: str = "") -> ContactArrived:
    """A contact comes in on the one number there is."""
    return ContactArrived(contact, "100", number, personal=bool(number))


def ready(agent: str = "ann") -> AgentStateSet:
    """An agent says that he is there."""
    return AgentStateSet(agent, "ready")


async def keyed(stage: Stage, *numbers: str) -> None:
    """Come in, get through the menus, and key these numbers, the employee's first."""
    await stage.say(arrived(number="+8655501"))
    await stage.wait(61 * S)  # the greeting's end is never reported
    for number in ("1", *numbers):
        await stage.say(ContactKeyed("c1", number))


def everything_kept(stage: Stage) -> bytes:
    """All bytes of the journal but for the table of personal values, and all that was said."""
    kept = {name: value for name, value in vars(stage.journal).items() if name != "kept_personal"}
    return pickle.dumps((kept, stage.bus.published))
