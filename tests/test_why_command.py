"""`why` and `why-not`: who may be asked about, how journals are read, the commands, and a service that answers."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import pytest

from acd.events import (
    AgentStateSet,
    ContactJoined,
    OfferAccepted,
)
from router import codec
from router.adapters.clock import WallClock
from router.adapters.http import application, http, listen
from router.adapters.looking_back import beside
from router.adapters.memory_bus import MemoryBus
from router.adapters.memory_journal import MemoryJournal
from router.adapters.sqlite import SqliteJournal
from router.board import Board
from router.cli import why as command
from router.errors import FirstlineError, JournalFault, UsageFault
from router.events import ContactArrived
from router.explain import TooFarBackError, UnknownError, Why, as_data, ask
from router.nearest import one_slip_away
from router.ports import Row, Snapshot
from router.recovery import recover
from router.service import Service
from simulator.loop import run
from tests.processes import firstline
from tests.stage import Stage
from tests.why_stories import ask_about, asked, busy, journal_of, looking_back_in, no_pause, two_queues
from tests.worlds import S, Story, as_it_is, plan

NUMBER = "+4930123456"


# --- who is not known, and journals -------------------------------------------------------------------------------


def test_who_is_not_known() -> None:
    """A contact or an agent of no such name, with the nearest; one that had not come yet, with when it came."""
    story = busy()
    with pytest.raises(UnknownError, match=r"contact 'c44' is not known: did you mean `c4`\?"):
        asked(story, "c44")
    with pytest.raises(UnknownError, match=r"agent 'anne' is not in the centre: did you mean `ann`\?"):
        asked(story, "c4", "anne")
    came = r"contact 'c5' had not come yet: it came at Thu 1970-01-01 00:00:07 \(UTC\)"
    with pytest.raises(UnknownError, match=came):
        asked(story, "c5", None, 3 * S)


class Counting(MemoryJournal):
    """A journal that remembers from where it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_after: list[int] = []

    async def rows(self, after: int = 0) -> AsyncIterator[Row]:
        """Its rows."""
        self.read_after.append(after)
        async for row in super().rows(after):
            yield row


async def with_snapshot(story: Story, at: int) -> Counting:
    """The story's journal, with a snapshot of how it stood at this instant."""
    board = Board(story.engine.plans, story.engine.board.plan.hash)
    for when, event in story.log:
        if when <= at:
            board.apply(event, when)
    journal = Counting()
    await journal_of(story, journal)
    body = codec.dump_board(board, as_it_is)
    await journal.save_snapshot(Snapshot(board.seq, board.now, board.plan.hash, codec.SNAPSHOT_VERSION, body))
    return journal


@pytest.mark.parametrize(
    ("contact", "at", "read"),
    [
        ("c5", None, ["snapshot"]),  # it came after the snapshot
        ("c5", 7 * S, ["snapshot"]),
        ("c4", None, ["start"]),  # the snapshot knows it: its story begins before
        ("c4", 6 * S, ["start"]),
        ("c2", 3 * S, ["start"]),  # the snapshot is of a later instant
    ],
)
async def test_a_snapshot_is_used_where_it_tells_everything(contact: str, at: int | None, read: list[str]) -> None:
    """The fold begins at the last snapshot only where it is before the instant and before the contact."""
    story = busy()
    journal = await with_snapshot(story, 6 * S)
    whole = MemoryJournal()
    await journal_of(story, whole)
    assert await ask(whole, contact, None, at, no_pause) == await ask(journal, contact, None, at, no_pause)
    begins = {"start": 0, "snapshot": journal.kept_snapshot.seq if journal.kept_snapshot else 0}
    assert [begins[place] for place in read] == journal.read_after


async def test_who_may_not_read_everything_begins_at_the_snapshot() -> None:
    """A reader with a bound tells the story from the snapshot on, and says when even that is too far back."""
    story = busy()
    journal = await with_snapshot(story, 6 * S)
    answer = await ask(journal, "c4", None, None, no_pause, rows_max=3)
    assert isinstance(answer, Why)
    whole = await ask_about(story, "c4")
    assert isinstance(whole, Why)
    assert whole.waiting == answer.waiting
    assert ((), 4) == (answer.story, len(whole.story) + 2)
    with pytest.raises(TooFarBackError, match="that is more than 3 rows ago"):
        await ask(journal, "c2", None, 3 * S, no_pause, rows_max=3)


async def test_nothing_has_happened_yet() -> None:
    """An empty journal is said to be one."""
    with pytest.raises(UsageFault, match="the journal is empty"):
        await ask(MemoryJournal(), "c1", None, None, no_pause)


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """The journal of the busy centre, in a file."""

    async def write() -> None:
        store = await SqliteJournal.open(tmp_path / "centre.db")
        await journal_of(busy(), store)
        await store.close()

    asyncio.run(write())
    return tmp_path / "centre.db"


def test_the_command_prints_the_words(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An instant without an offset is in the centre's zone."""
    command.run("c2", None, journal=journal, http="", at="1970-01-01T00:00:04", as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert "c2 talks with bob since 00:00:04, after a wait of 0:01 min in pay" == lines[0]
    assert "As of Thu 1970-01-01 00:00:04 (UTC), rules v1" == lines[-1]


def test_the_command_prints_one_object(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json all that was derived, and the words too."""
    command.run("c2", "ann", journal=journal, http="", at=None, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert ("c2", "ann", "contact") == (answer["contact"], answer["agent"], answer["decision"]["chosen_by"])
    (obstacle,) = answer["standing"]["obstacles"]
    assert ("state", "talking", "c1") == (obstacle["reason"], obstacle["state"], obstacle["contact"])
    assert "" == answer["decision"]["record"]["customer"]
    assert "c2 was offered to bob at 00:00:03." == answer["words"][0]


@pytest.mark.parametrize(
    ("contact", "agent", "at", "file", "code", "found"),
    [
        ("c9", None, None, "centre.db", 2, "contact 'c9' is not known"),
        ("c4", None, "noon", "centre.db", 2, "--at noon: write an instant such as 2026-03-02T09:00"),
        ("c4", "eve", None, "centre.db", 2, "agent 'eve' is not in the centre: known: ann, bob, cat, dan"),
        ("c4", None, None, "none.db", 4, "none.db"),
        ("c4", None, None, "text.db", 4, "text.db"),
        ("c4", None, None, "flipped.db", 4, "flipped.db is damaged (row 3 of table event is not as it was written)"),
        ("c4", None, None, "", 5, "no service answers on 127.0.0.1:9 "),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(
    contact: str, agent: str | None, at: str | None, file: str, code: int, found: str, journal: Path
) -> None:
    """Whose fault it is is in the exit code, and what to do in the sentence."""
    (journal.parent / "text.db").write_text("no journal " * 100, "utf-8")
    shutil.copy(journal, flipped := journal.parent / "flipped.db")
    with closing(sqlite3.connect(flipped, isolation_level=None)) as connection:
        connection.execute("UPDATE event SET version = 9 WHERE seq = 3")
    where = journal.parent / file if file else None
    with pytest.raises(FirstlineError) as raised:
        command.run(contact, agent, journal=where, http="127.0.0.1:9", at=at, as_json=False)
    assert code == raised.value.exit_code
    assert found in str(raised.value)


def test_the_two_commands(journal: Path) -> None:
    """Both are there, as people run them."""
    for words, first in ((("why", "c4"), "c4 waits in pay"), (("why-not", "c4", "dan"), "c4 waits. dan is no")):
        ended = firstline(*words, "--journal", str(journal))
        assert (0, "") == (ended.returncode, ended.stderr)
        assert ended.stdout.startswith(first)


# --- a service ----------------------------------------------------------------------------------------------------


async def one_talking_one_waiting() -> Stage:
    """A service with one agent: call-1 came at 0 s, was joined at 4 s; call-2 waits since then."""
    stage = Stage(plan(agents={"ann": ()}))
    await stage.open()
    await stage.say(AgentStateSet("ann", "ready"))
    await stage.say(ContactArrived("call-1", "100", NUMBER, personal=True))
    await stage.wait(4 * S)
    await stage.say(OfferAccepted("call-1", "ann", 1))
    await stage.say(ContactJoined("call-1", "ann", 1))
    await stage.say(ContactArrived("call-2", "100", NUMBER, personal=True))
    await stage.wait(60 * S)
    return stage


def answers(*paths: str, rows_max: int | None = None) -> list[httpx.Response]:
    """What the service answers when asked for these pages."""

    async def main() -> list[httpx.Response]:
        stage = await one_talking_one_waiting()
        transport = httpx.ASGITransport(application(stage.service, looking_back_in(stage.journal, rows_max)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            told = [await client.get(path) for path in paths]
        await stage.close()
        return told

    return run(main())


def test_a_service_answers_what_its_journal_does() -> None:
    """Now or at an instant, and never with a customer's number."""
    paths = ("/v1/why/call-1", "/v1/why/call-2", "/v1/why/call-1?at=1970-01-01T00:00:01", "/v1/why-not/call-2/ann")
    told = answers(*paths)
    assert [
        "call-1 talks with ann since 00:00:04, after a wait of 0:04 min in help",
        "call-2 waits in help since 00:00:04, 1:00 min by now",
        "call-1 rings since 00:00:00",
        "call-2 waits. ann is no candidate: talking with call-1.",
    ] == [answer.json()["words"][0] for answer in told]
    assert [64 * S, 64 * S, 1 * S, 64 * S] == [answer.json()["at"] for answer in told]
    assert not any(NUMBER in answer.text for answer in told)


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("why/call-3", 404, "contact 'call-3' is not known here: did you mean `call-2`? If it ended long ago, ask "),
        ("why-not/call-1/anne", 404, "agent 'anne' is not in the centre: did you mean `ann`?"),
        ("why/call-2?at=1970-01-01T00:00:01", 404, "contact 'call-2' had not come yet: it came at "),
        ("why/call-1?at=noon", 400, "at noon: write an instant"),
        ("why/call-1?at=1970-01-02", 400, "at 1970-01-02: that is still to come"),
    ],
)
def test_what_a_service_cannot_answer(path: str, status: int, detail: str) -> None:
    """Problem details (RFC 9457) with a sentence that says what to do."""
    (answer,) = answers(f"/v1/{path}")
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert answer.json()["detail"].startswith(detail)
    assert status == answer.json()["status"]


def test_what_is_too_long_ago_for_a_service() -> None:
    """A service has only so much read for it; the answer says where else to ask."""
    (answer,) = answers("/v1/why/call-1", rows_max=2)
    assert 409 == answer.status_code
    assert "that is more than 2 rows ago: ask the journal itself, with --journal FILE" == answer.json()["detail"]


async def test_a_process_of_its_own_looks_back(journal: Path) -> None:
    """It answers as the journal does, and raises the same faults; several questions go one after another."""
    look_back = beside(journal)
    told = await asyncio.gather(look_back("c2", "ann", 9 * S), look_back("c4", None, 9 * S))
    assert as_data(await ask_about(busy(), "c2", "ann", 9 * S)) == told[0]
    assert as_data(await ask_about(busy(), "c4", None, 9 * S)) == told[1]
    with pytest.raises(UnknownError, match="contact 'c9' is not known"):
        await look_back("c9", None, 9 * S)
    with pytest.raises(JournalFault, match=r"none\.db"):
        await beside(journal.with_name("none.db"))("c2", None, 9 * S)


async def test_who_gives_up_leaves_no_process_behind(journal: Path) -> None:
    """A question that is no longer asked is no longer worked on."""
    asking = asyncio.ensure_future(beside(journal)("c2", None, 9 * S))
    await asyncio.sleep(0)
    asking.cancel()
    assert [asyncio.CancelledError] == [type(each) for each in await asyncio.gather(asking, return_exceptions=True)]


@pytest.mark.server
async def test_the_command_asks_the_service(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a journal the command prints what the service answers, or its refusal."""
    store = await SqliteJournal.open(journal)
    service = Service(await recover(two_queues(), store), store, MemoryBus(), WallClock())
    async with http(service, listen("127.0.0.1", 0), beside(journal)) as url:
        ask_it = partial(command.run, journal=None, http=url.removeprefix("http://"), as_json=False)
        await asyncio.to_thread(ask_it, "c2", None, at="1970-01-01T00:00:04+00:00")
        with pytest.raises(UsageFault, match="contact 'c9' is not known here"):
            await asyncio.to_thread(ask_it, "c9", None, at=None)
    await store.close()
    assert "c2 talks with bob since 00:00:04" == capsys.readouterr().out.partition(",")[0]


@pytest.mark.parametrize("slip", ["cal-12", "call-123", "call-13", "callx12", "clal-12"])
def test_a_slip_is_recognised(slip: str) -> None:
    """A sign left out, added or exchanged, or two turned round; the first of the known names that is so near."""
    assert "did you mean `call-12`?" == one_slip_away(slip, ["mail-12", "call-12", "call-1"])
    assert "" == one_slip_away("xall-99", ["call-12"])
