"""A broker of our own is there for as long as we are, and says plainly when it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from unittest.mock import ANY

import pytest
from structlog.testing import capture_logs

from router.adapters.broker import Address, broker, ensure_broker, parse_address
from router.adapters.mqtt import MqttBus
from router.errors import BrokerFault, UsageFault
from router.ports import Publication

pytestmark = pytest.mark.asyncio

SNAPSHOT_BYTES = 60_000


@pytest.fixture
def no_mosquitto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the installed mosquitto."""
    monkeypatch.setattr("router.adapters.broker.shutil.which", lambda *_, **__: None)


def pretend_mosquitto(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a shell script of that name first on PATH."""
    program = folder / "mosquitto"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost", Address("localhost", 1883)),
        ("mqtt.example.org:1884", Address("mqtt.example.org", 1884)),
        ("mqtt://10.0.0.7:1884", Address("10.0.0.7", 1884)),
        ("[::1]:1884", Address("::1", 1884)),
        ("[::1]", Address("::1", 1883)),
    ],
)
async def test_address_is_read(text: str, expected: Address) -> None:
    """An address is a host with or without a port, which is 1883 unless told."""
    assert expected == parse_address(text)


@pytest.mark.parametrize("text", ["", ":1883", "host:", "host:port", "host:0", "host:65536", "::1", "::1:1883"])
async def test_what_is_no_address_is_refused(text: str) -> None:
    """What is no address is the caller's fault, and the message shows how to write one."""
    with pytest.raises(UsageFault, match="write host:port"):
        parse_address(text)


@pytest.mark.parametrize("text", ["localhost:1884", "[::1]:1884"])
async def test_address_is_written_as_it_is_read(text: str) -> None:
    """What a log shows can be given back as an address."""
    assert text == str(parse_address(text))


async def test_configured_address_is_taken_as_it_is(tmp_path: Path) -> None:
    """With an address nothing is started, and the state folder is left alone."""
    async with broker("localhost:1884", tmp_path / "state") as address:
        assert Address("localhost", 1884, "configured") == address
    assert not (tmp_path / "state").exists()


@pytest.mark.server
@pytest.mark.usefixtures("mosquitto")
async def test_mosquitto_comes_first(tmp_path: Path) -> None:
    """Where mosquitto is installed it is our broker, on loopback, and gone after the block."""
    async with broker(None, tmp_path / "state") as address:
        assert ("127.0.0.1", "mosquitto") == (address.host, address.broker)
        async with MqttBus(address.host, address.port, client_id="visitor"):
            pass
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(address.host, address.port)


@pytest.mark.server
@pytest.mark.usefixtures("mosquitto")
async def test_mosquitto_remembers(tmp_path: Path) -> None:
    """Retained messages are in the state folder and outlive the broker."""
    async with broker(None, tmp_path) as address, MqttBus(address.host, address.port, client_id="writer") as writer:
        await writer.publish([Publication("kept", b"here", retain=True)])
        await writer.flush()
    async with (
        broker(None, tmp_path) as address,
        MqttBus(address.host, address.port, client_id="reader", subscriptions=["kept"]) as reader,
    ):
        assert [b"here"] == [message.payload for message in await reader.receive(10)]


@pytest.mark.server
@pytest.mark.usefixtures("no_mosquitto")
async def test_iotcore_comes_second(tmp_path: Path) -> None:
    """Without mosquitto the broker that pip installs serves: MQTT 5, and payloads as large as a snapshot."""
    async with (
        broker(None, tmp_path) as address,
        MqttBus(address.host, address.port, client_id="both", subscriptions=["large"]) as bus,
    ):
        assert "iotcore" == address.broker
        await bus.publish([Publication("large", bytes(SNAPSHOT_BYTES))])
        assert [SNAPSHOT_BYTES] == [len(message.payload) for message in await bus.receive(1)]


@pytest.mark.usefixtures("no_mosquitto")
async def test_no_broker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any broker the fault says what to install."""
    monkeypatch.setattr("router.adapters.broker.importlib.util.find_spec", lambda _: None)
    with pytest.raises(BrokerFault, match="install mosquitto or iotcore"):
        async with broker(None, tmp_path):
            pass


async def test_port_in_use(tmp_path: Path) -> None:
    """A port that somebody has is named, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BrokerFault, match=f"cannot listen on 127.0.0.1:{port} .*choose another port"):
            async with broker(None, tmp_path / "state", port=port):
                pass
    assert not (tmp_path / "state").exists()


async def test_state_folder_that_cannot_be() -> None:
    """A state folder that cannot be made is named."""
    file = Path(__file__)
    with pytest.raises(BrokerFault, match=rf"cannot write the broker's configuration .*/{file.name}/state/"):
        async with broker(None, file / "state"):
            pass


async def test_broker_that_dies_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault holds the broker's exit code and last words."""
    pretend_mosquitto(monkeypatch, tmp_path, "echo Error: my disk is full >&2; exit 3")
    with pytest.raises(BrokerFault, match=r"exit code 3\).*Error: my disk is full"):
        async with broker(None, tmp_path / "state"):
            pass


async def test_broker_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that hangs while it starts is given up and ended."""
    pretend_mosquitto(monkeypatch, tmp_path, "echo $$ >&2; exec sleep 60")
    monkeypatch.setattr("router.adapters.broker.START_S_MAX", 0.2)
    with pytest.raises(BrokerFault, match="did not answer") as caught:
        async with broker(None, tmp_path / "state"):
            pass
    process = int(str(caught.value).rsplit(maxsplit=1)[1])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


KEEPER = """
import asyncio, sys
from pathlib import Path
from router.adapters.broker import broker

async def keep():
    async with broker(None, Path(sys.argv[1])) as address:
        print(address.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(keep())
"""


@pytest.mark.server
@pytest.mark.usefixtures("mosquitto")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent died")
async def test_broker_ends_with_its_killed_parent(tmp_path: Path) -> None:
    """Even kill -9 leaves no broker behind."""
    keeper = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KEEPER, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    assert keeper.stdout is not None
    port = int(await keeper.stdout.readline())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    keeper.send_signal(signal.SIGKILL)
    await keeper.wait()
    with contextlib.suppress(ConnectionResetError):
        assert b"" == await asyncio.wait_for(reader.read(), timeout=10)
    writer.close()


def children() -> set[int]:
    """The processes that this one has started and that still run."""
    here = Path("/proc/self/task")
    return {int(pid) for task in here.iterdir() for pid in (task / "children").read_text(encoding="ascii").split()}


@pytest.mark.server
async def test_broker_that_dies_is_started_again(tmp_path: Path) -> None:
    """A broker of our own that is killed comes back on its port, and whoever was connected finds it again.

    Nobody is told to do what is done already.
    """
    before = children()
    async with broker(None, tmp_path) as address, MqttBus(address.host, address.port, client_id="here") as bus:
        (process,) = children() - before
        back = asyncio.Event()
        bus.on_connect = back.set
        with capture_logs() as logs:
            os.kill(process, signal.SIGKILL)
            async with asyncio.timeout(20):
                await back.wait()
    assert set() == children() - before
    ended = f"our own broker, {address.broker} on {address}, ended (exit code -9); it is being started again"
    assert [ended] == [line["why"] for line in logs if line["event"] == "broker.ended"]
    assert [] == [line for line in logs if "start it there" in line.get("why", "")]


async def test_a_broker_that_does_not_come_back_has_ended_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end is logged once, then every attempt that fails, until one succeeds."""
    pretend_mosquitto(monkeypatch, tmp_path, "")
    monkeypatch.setattr("router.adapters.broker.RESTART_S", 0)
    back = asyncio.Event()
    attempts = iter(["exit 3", "", "", "exec sleep 60"])

    async def start(*_: object) -> asyncio.subprocess.Process:
        script = next(attempts)
        if not script:
            raise BrokerFault("its disk is full")
        if script != "exit 3":
            back.set()
        return await asyncio.create_subprocess_exec("/bin/sh", "-c", script)

    monkeypatch.setattr("router.adapters.broker._start", start)
    with capture_logs() as logs:
        async with broker(None, tmp_path / "state"), asyncio.timeout(20):
            await back.wait()
    again = ("broker.not_started", "its disk is full", 0)
    assert [("broker.ended", ANY, None), again, again] == [
        (line["event"], line["why"], line.get("again_in_s")) for line in logs
    ]
    assert "ended (exit code 3); it is being started again" in logs[0]["why"]


async def test_a_broker_that_is_away_is_said_before_anything_starts() -> None:
    """Whether a broker can be had is known before a journal is opened for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        await ensure_broker(f"127.0.0.1:{port}")
        with pytest.raises(BrokerFault, match="cannot listen on"):
            await ensure_broker(None, port=port)
    with pytest.raises(BrokerFault, match="no broker answers at"):
        await ensure_broker(f"127.0.0.1:{port}")
