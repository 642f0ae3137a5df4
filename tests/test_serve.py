"""`firstline serve`: what it refuses before anything is started, how it ends, and how it comes back."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import structlog
from typer.testing import CliRunner

from acd.events import ContactEnded
from escalation.events import CaseOpened
from router.adapters.broker import broker
from router.adapters.clock import WallClock
from router.centre import load
from router.cli import app as commands
from router.cli.logs import LEVELS, event_logger, log_to, log_to_stderr
from router.cli.serve import loopback
from router.errors import UsageFault
from router.events import ContactArrived
from router.times import instant
from tests.conftest import ROOT
from tests.processes import firstline, serving

HELLO = str(ROOT / "examples" / "hello")
MONDAY = "2026-01-05T10:00"


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "localhost:1", "[::1]:8080"])
def test_this_machine_may_ask(address: str) -> None:
    """Loopback is where HTTP is answered, by either protocol."""
    host, colon, port = address.rpartition(":")
    assert (host.strip("[]"), int(port)) == loopback(address)
    assert colon


@pytest.mark.parametrize("address", ["0.0.0.0:80", "192.0.2.1:80", "example.org:80", "[::]:80", ":80"])
def test_nobody_else_may_ask(address: str) -> None:
    """Beyond loopback nobody is asked who he is, so nobody is answered."""
    with pytest.raises(UsageFault, match="there are no roles yet"):
        loopback(address)


@pytest.mark.parametrize("address", ["8080", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    """What is no address is told with one that is."""
    with pytest.raises(UsageFault, match=r"write HOST:PORT, for instance 127\.0\.0\.1:8080"):
        loopback(address)


def test_an_instant_is_in_the_centres_zone_unless_it_says() -> None:
    """Nine o'clock is nine o'clock at the centre."""
    zone = load(Path(HELLO)).plan.zone
    assert instant("2026-01-05T08:00:00Z", zone, "--start") == instant("2026-01-05T09:00", zone, "--start")
    with pytest.raises(UsageFault, match="--start yesterday: write an instant such as 2026-03-02T09:00"):
        instant("yesterday", zone, "--start")


def test_a_clock_of_its_own_goes_on_from_the_journal() -> None:
    """Time that was played does not come again; the wall's own time is not touched."""
    own, wall = WallClock(1_000, 0.01), WallClock()
    own.resume(5_000)
    assert 5_000 == own.now()
    own.resume(4_000)
    assert 5_000 == own.now()
    before = wall.now()
    wall.resume(before + 10**9)
    assert wall.now() < before + 10**9


# --- logs ---------------------------------------------------------------------------------------------------------

ENDED = ContactEnded("call-1", "handled", "help", "ann", 1, 2)
ARRIVED = ContactArrived("call-1", "100", "+4930123", personal=True, diversion="+4930456", user_to_user="secret")
OPENED = CaseOpened("case-1", "call-1", "question", "experts", "help", "question", 9, 9, "+4930123")


def told(level: str) -> list[str]:
    """What is logged of three events at a level, in short."""
    lines: list[str] = []
    log_to(lines.append, "debug")
    try:
        for observe in event_logger(level):
            for event in (ARRIVED, ENDED, OPENED):
                observe(event, 7)
    finally:
        structlog.reset_defaults()
    return lines


def test_ends_and_cases_are_told_at_info_and_everything_at_debug() -> None:
    """The more that is asked for, the more is told, each with the contact's id."""
    assert [[], [], ["contact.ended", "case.opened"], ["contact.arrived", "contact.ended", "case.opened"]] == [
        [line.partition(":")[0] for line in told(level)] for level in reversed(LEVELS)
    ]
    assert all("contact call-1" in line for line in told("debug"))


@pytest.mark.parametrize("level", LEVELS)
def test_no_log_has_a_personal_value(level: str) -> None:
    """Numbers, diversions and what was sent along are in no log, at no level."""
    said = "".join(told(level))
    assert [] == [value for value in ("+49", "secret", "customer") if value in said]


def test_an_unknown_level_is_refused() -> None:
    """The fault lists the levels there are."""
    with pytest.raises(UsageFault, match="choose one of debug, info, warning, error"):
        log_to_stderr("loud")


def test_an_unexpected_exception_is_our_own_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody thought of ends with its traceback, one sentence, and exit code 70."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("router.cli.app.app", fail)
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert 70 == ended.value.code
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert said.splitlines()[-1].startswith("firstline: this is our own fault")


# --- as processes -------------------------------------------------------------------------------------------------


@pytest.mark.server
@pytest.mark.parametrize(
    ("words", "code", "found"),
    [
        (["--http", "0.0.0.0:80"], 2, "there are no roles yet"),
        (["--start", "soon"], 2, "write an instant"),
        (["--start", "2030-01-01"], 2, "is not within the centre's horizon"),
        (["--log-level", "loud"], 2, "choose one of"),
        (["--broker", "127.0.0.1:1", "--http", "127.0.0.1:0"], 5, "no broker answers at 127.0.0.1:1"),
        (["--broker", "nonsense:port"], 2, "is not the address of a broker"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], code: int, found: str, tmp_path: Path) -> None:
    """Bad words and an absent broker end the command at once, with whose fault it is in the exit code."""
    ended = firstline("serve", HELLO, "--journal", str(tmp_path / "j.db"), *words)
    assert code == ended.returncode
    assert found in ended.stderr
    assert 1 == len(ended.stderr.splitlines())
    assert [] == list(tmp_path.iterdir())


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a broker that is there, but not for us: a CONNACK that says "not authorized" (MQTT 5, section 3.2)."""
    await reader.read(1)
    writer.write(bytes.fromhex("20 03 00 87 00"))
    await writer.drain()
    writer.close()


def kept(folder: Path) -> dict[str, bytes]:
    """Every file in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.mark.server
async def test_without_a_broker_no_data_are_touched(tmp_path: Path) -> None:
    """Where the broker refuses us no journal is made, and what a kill left of one is not even tidied up."""
    journal = tmp_path / "j.db"
    words = ["serve", HELLO, "--journal", str(journal), "--http", "127.0.0.1:0", "--broker"]
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        address = "{}:{}".format(*server.sockets[0].getsockname())
        first = await asyncio.to_thread(firstline, *words, address)
        assert (5, 1, {}) == (first.returncode, len(first.stderr.splitlines()), kept(tmp_path))
        with serving(HELLO, "--journal", str(journal)) as service:
            service.wait_for("serving")
            service.end(signal.SIGKILL)
        before = kept(tmp_path)
        again = await asyncio.to_thread(firstline, *words, address)
    assert (5, True) == (again.returncode, f"cannot connect to the MQTT broker at {address}" in again.stderr)
    assert before["j.db-wal"]
    assert before == kept(tmp_path)


@pytest.mark.server
def test_no_journal_is_made_where_our_own_broker_cannot_start(tmp_path: Path) -> None:
    """Its state lies beside the journal: where it cannot, there is no journal either."""
    (tmp_path / "j.broker").write_text("no folder")
    words = ["--journal", str(tmp_path / "j.db"), "--http", "127.0.0.1:0", "--broker-port", "0"]
    ended = firstline("serve", HELLO, *words)
    assert (5, True) == (ended.returncode, "cannot write the broker's configuration" in ended.stderr)
    assert not (tmp_path / "j.db").exists()


@pytest.mark.server
def test_a_journal_and_a_port_belong_to_one_service(tmp_path: Path) -> None:
    """A second service on the same journal, or the same port, is refused, and the first goes on."""
    journal = str(tmp_path / "j.db")
    with serving(HELLO, "--journal", journal) as first:
        url = first.wait_for("serving")["http"]
        second = firstline("serve", HELLO, "--journal", journal, "--http", "127.0.0.1:0", "--broker-port", "0")
        assert (4, True) == (second.returncode, "is in use by another service" in second.stderr)
        third = firstline("serve", HELLO, "--journal", str(tmp_path / "k.db"), "--http", url.removeprefix("http://"))
        assert (5, True) == (third.returncode, "Address already in use" in third.stderr)
        assert not (tmp_path / "k.db").exists()
        assert "ok" == httpx.get(f"{url}/health").json()["status"]
        assert 0 == first.end()
        assert first.all("stopping")


@pytest.mark.server
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_service_comes_back_as_it_was(number: int, tmp_path: Path) -> None:
    """However a service ended, the next one on its journal goes on where it was, and its clock too."""
    words = [HELLO, "--journal", str(tmp_path / "j.db"), "--start", MONDAY, "--speed", "1000"]
    with serving(*words) as first:
        address = first.wait_for("serving")["broker"]
        assert 0 == firstline("play", HELLO, "--broker", address, "--minutes", "10").returncode
        before = httpx.get(f"{first.wait_for('serving')['http']}/v1/state").json()
        code = first.end(number)
    assert -signal.SIGKILL == code if number == signal.SIGKILL else 0 == code
    with serving(*words) as second:
        after = httpx.get(f"{second.wait_for('serving')['http']}/v1/state").json()
    assert {**before, "now": 0, "seq": 0} == {**after, "now": 0, "seq": 0}
    assert after["seq"] >= before["seq"]


@pytest.mark.server
async def test_other_rules_and_other_centres(tmp_path: Path) -> None:
    """Changed rules are put in force on an old journal; another centre's journal is refused."""
    changed, journal = tmp_path / "changed", str(tmp_path / "j.db")
    shutil.copytree(HELLO, changed)
    file = changed / "centre.yaml"
    file.write_text(file.read_text("utf-8").replace("wrap_up: 30s", "wrap_up: 40s"), "utf-8")
    async with broker(None, tmp_path / "broker") as address:
        for folder in (HELLO, str(changed)):
            with serving(folder, "--journal", journal, "--broker", str(address)) as service:
                assert load(Path(folder)).plan.hash == service.wait_for("centre.started")["plan"]
                assert 0 == service.end()
        bank = firstline("serve", str(ROOT / "examples" / "bank"), "--journal", journal, "--broker", str(address))
        refused = firstline("play", str(changed), "--broker", str(address))
    told = "this journal is of centre 'hello', not 'bank': name another file; nothing in it was changed"
    assert (4, f"firstline: {journal}: {told}") == (bank.returncode, bank.stderr.splitlines()[-1])
    assert (5, True) == (refused.returncode, "no service of centre 'hello' answers" in refused.stderr)


@pytest.mark.server
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_another_centres_journal_starts_nothing_and_leaves_nothing(number: int, tmp_path: Path) -> None:
    """Whose a journal is, is told before a broker is started: no byte is another, and nothing is new beside it."""
    first, journal = tmp_path / "first", tmp_path / "moved" / "j.db"
    first.mkdir()
    journal.parent.mkdir()
    with serving(HELLO, "--journal", str(first / "j.db")) as service:
        service.wait_for("serving")
        service.end(number)
    for name in ("j.db", "j.db-wal"):
        if (first / name).exists():
            shutil.copy(first / name, journal.parent)
    before = kept(journal.parent)
    words = ["--journal", str(journal), "--http", "127.0.0.1:0", "--broker-port", "0"]
    bank = firstline("serve", str(ROOT / "examples" / "bank"), *words)
    told = f"firstline: {journal}: this journal is of centre 'hello', not 'bank': name another file; nothing in it was "
    assert (4, f"{told}changed") == (bank.returncode, bank.stderr.splitlines()[-1])
    assert (before, len(before)) == (kept(journal.parent), len(list(journal.parent.iterdir())))


@pytest.mark.server
def test_a_damaged_journal_is_one_sentence(tmp_path: Path) -> None:
    """One bit, a lost row or a lost page, wherever it is: each command that reads it says so, and leaves it alone."""
    journal = tmp_path / "j.db"
    with serving(HELLO, "--journal", str(journal), "--start", MONDAY, "--speed", "1000") as service:
        address = service.wait_for("serving")["broker"]
        assert 0 == firstline("play", HELLO, "--broker", address, "--minutes", "10").returncode
        assert 0 == service.end()
    for damage in (one_bit, lost_rows, lost_page):
        copy = tmp_path / f"{damage.__name__}.db"
        shutil.copy(journal, copy)
        finding = damage(copy)
        before = copy.read_bytes()
        served = firstline("serve", HELLO, "--journal", str(copy), "--http", "127.0.0.1:0", "--broker-port", "0")
        asked = firstline("dead-letters", "--journal", str(copy))
        for ended in (served, asked):
            assert (4, "", 1) == (ended.returncode, ended.stdout, len(ended.stderr.splitlines()))
            assert ended.stderr.startswith(f"firstline: {copy} is damaged ({finding}")
            assert ended.stderr.endswith("): restore a copy, or move it away to begin a new one\n")
        assert before == copy.read_bytes()


def one_bit(journal: Path) -> str:
    """Make another name of a contact's in its arrival, long before the snapshot: as good JSON as before."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        query = "SELECT seq, body FROM event WHERE kind = 'contact.arrived' ORDER BY seq LIMIT 1"
        seq, body = connection.execute(query).fetchone()
    found = journal.read_bytes()
    assert 1 == found.count(body)
    at = found.index(body) + body.index(json.loads(body)["contact"].encode())
    journal.write_bytes(found[:at] + bytes([found[at] ^ 1]) + found[at + 1 :])
    return f"row {seq} of table event is not as it was written"


def lost_rows(journal: Path) -> str:
    """Lose what was answered to senders."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        lost = connection.execute("DELETE FROM command").rowcount
    return f"table command has 0 rows where {lost} were written"


def lost_page(journal: Path) -> str:
    """Lose a page in the middle."""
    found = journal.read_bytes()
    middle = len(found) // 2 // 4_096 * 4_096
    journal.write_bytes(found[:middle] + bytes(4_096) + found[middle + 4_096 :])
    return ""


@pytest.mark.server
def test_play_prints_one_object(tmp_path: Path) -> None:
    """With --json a run against a live service is one line of figures and findings."""
    with serving(HELLO, "--journal", str(tmp_path / "j.db"), "--start", MONDAY, "--speed", "1000") as service:
        address = service.wait_for("serving")["broker"]
        ended = firstline("play", HELLO, "--broker", address, "--minutes", "30", "--json")
    played = json.loads(ended.stdout)
    assert (0, [], "hello", 30) == (ended.returncode, played["problems"], played["centre"], played["minutes"])
    assert played["measures"]["offered"]["value"] == played["contacts"]


def test_help_is_there() -> None:
    """Each command says in one sentence what it does."""
    result = CliRunner().invoke(commands.app, ["--help"])
    assert 0 == result.exit_code
    for command in ("check", "serve", "simulate", "play", "demo", "dead-letters", "schema", "contract"):
        assert command in result.output
