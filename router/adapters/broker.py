"""Which MQTT broker to speak to: the configured one, or one of our own for as long as we run.

Our own is `mosquitto` where it is installed, else `iotcore`, which comes with `pip install`. Both listen on loopback
only, run as a child process, and end with us even when we are killed.

mosquitto keeps sessions, queues and retained messages in the state folder and saves them every second (by default every
half hour). It could save at every change, but writes everything each time: measured, a sixth of the rate, and 180 ms
for one message in a hundred at 500 a second. What a crash takes of the last second its senders repeat, as the event
contract asks. iotcore forgets all of it when it ends, which the contract allows for too: nothing of ours relies on the
broker's memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from router.errors import BrokerFault, UsageFault

LOOPBACK: Final = "127.0.0.1"
DEFAULT_PORT: Final = 1883
PORT_MAX: Final = 65_535

START_S_MAX: Final = 10.0
STOP_S_MAX: Final = 5.0
POLL_S: Final = 0.01
LAST_WORDS_BYTES: Final = 2_000

# Half of the packet ids there are; far above what a participant may have unconfirmed, so that it never throttles us.
INFLIGHT_MAX: Final = 32_767
# What a participant that is away may miss before the broker drops the newest; each is a few hundred bytes.
QUEUED_MAX: Final = 100_000
# Bytes. iotcore refuses anything above its limit, 20 kB unless told; a snapshot of a busy centre is larger.
PAYLOAD_BYTES_MAX: Final = 16 * 1024 * 1024

# It reports every packet as an error.
IOTCORE_SCRIPT: Final = """
import logging, sys
from iotcore import IotCoreBroker
logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
IotCoreBroker(config_path=sys.argv[1]).run_forever()
"""

PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
RESTART_S: Final = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker listens, and which it is: "configured", "mosquitto" or "iotcore"."""

    host: str
    port: int
    broker: str = "configured"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """The address that `host`, `host:port` or `[ipv6]:port` says. Raises `UsageFault` if it is none of these."""
    host, colon, port = text.removeprefix("mqtt://").rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text.removeprefix("mqtt://"), str(DEFAULT_PORT)
    if not host.startswith("[") and ":" in host:
        host = ""
    if not host.strip("[]") or not port.isdecimal() or not 0 < int(port) <= PORT_MAX:
        raise UsageFault(
            f"{text!r} is not the address of a broker: write host:port, for instance {LOOPBACK}:{DEFAULT_PORT}"
        )
    return Address(host.strip("[]"), int(port))


async def ensure_broker(address: str | None, *, port: int | None = None) -> None:
    """Raise the `BrokerFault` that `broker` or the first connection would, before anything is started or written."""
    if address is None:
        _choose()
        _free_port(port)
    elif not await _accepts(parse_address(address)):
        raise BrokerFault(f"no broker answers at {address}: start it, or leave --broker out for one of our own")


@contextlib.asynccontextmanager
async def broker(address: str | None, state_folder: Path, *, port: int | None = None) -> AsyncIterator[Address]:
    """The address of a broker that answers for as long as the block runs.

    With an `address` it is taken as it is and not tried: whoever connects will say so. Without one a broker of our own
    is started on loopback, at `port` or at a free one, started again if it dies, and stopped on the way out.
    `state_folder` is made if missing; it holds the broker's configuration, memory and log. Raises `BrokerFault` when
    the port is in use, when the broker ends before it answers, and when there is none to start.
    """
    if address is not None:
        yield parse_address(address)
        return
    program = _choose()
    chosen = Address(LOOPBACK, _free_port(port), program.name)
    file = await asyncio.to_thread(_write_configuration, program, chosen.port, state_folder)
    async with _child([*program.command, str(file)], chosen, file.with_suffix(".log")):
        yield chosen


@dataclass(frozen=True, slots=True)
class _Program:
    """A broker we can start: `command` wants the path of `file` as its last word."""

    name: str
    command: tuple[str, ...]
    file: str
    configuration: Callable[[int, Path], str]


def _choose() -> _Program:
    """The best broker there is."""
    # Debian installs it where only an administrator's PATH looks.
    if path := shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin"):
        return _Program("mosquitto", (path, "-c"), "mosquitto.conf", _mosquitto_configuration)
    if importlib.util.find_spec("iotcore") is not None:
        return _Program("iotcore", (sys.executable, "-c", IOTCORE_SCRIPT), "iotcore.toml", _iotcore_configuration)
    raise BrokerFault(
        "there is no broker to start: install mosquitto or iotcore, or give the address of a running broker"
    )


def _write_configuration(program: _Program, port: int, folder: Path) -> Path:
    file = folder.absolute() / program.file
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(program.configuration(port, file.parent), encoding="utf-8")
    except OSError as error:
        raise BrokerFault(
            f"cannot write the broker's configuration {file} ({error.strerror}): make its folder writable"
        ) from error
    return file


def _mosquitto_configuration(port: int, folder: Path) -> str:
    # As root it would become the user "mosquitto", who may not write into our folder; for others the line is ignored.
    user = "user root\n" if os.geteuid() == 0 else ""
    return f"""{user}listener {port} {LOOPBACK}
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages {INFLIGHT_MAX}
max_queued_messages {QUEUED_MAX}
persistence true
persistence_location {folder}/
autosave_interval 1
"""


def _iotcore_configuration(port: int, _folder: Path) -> str:
    return f"""id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = {PAYLOAD_BYTES_MAX}
max_segment_count = 10
[v5.firstline]
name = "firstline"
listen = "{LOOPBACK}:{port}"
next_connection_delay_ms = 1
[v5.firstline.connections]
connection_timeout_ms = 5000
max_payload_size = {PAYLOAD_BYTES_MAX}
max_inflight_count = 1000
"""


def _free_port(port: int | None) -> int:
    """The port itself if nothing listens there; with None, one that is free now."""
    with socket.socket() as trial:
        # As brokers do, so that connections of a former run that are still closing do not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port or 0))
        except OSError as error:
            raise BrokerFault(
                f"cannot listen on {LOOPBACK}:{port} ({error.strerror}): stop what does, or choose another port"
            ) from error
        chosen: int = trial.getsockname()[1]
        return chosen


@contextlib.asynccontextmanager
async def _child(command: list[str], address: Address, words: Path) -> AsyncIterator[None]:
    """Run a broker until the block ends, a new one whenever one dies. What they say goes to the file `words`."""
    await asyncio.to_thread(words.unlink, missing_ok=True)
    process = await _start(command, address, words)
    keeper = asyncio.create_task(_keep(process, command, address, words), name="keep the broker running")
    try:
        yield
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def _keep(process: Process, command: list[str], address: Address, words: Path) -> None:
    """Start the broker again whenever it ends, until cancelled; then stop it."""
    try:
        while True:
            code = await process.wait()
            what = f"our own broker, {address.broker} on {address}, ended (exit code {code})"
            log.warning("broker.ended", why=f"{what}; it is being started again", words=str(words))
            process = await _start_again(command, address, words)
    finally:
        await _stop(process)


async def _start_again(command: list[str], address: Address, words: Path) -> Process:
    """However often it takes."""
    while True:
        await asyncio.sleep(RESTART_S)
        try:
            return await _start(command, address, words)
        except BrokerFault as fault:
            log.warning("broker.not_started", why=str(fault), again_in_s=RESTART_S)


async def _start(command: list[str], address: Address, words: Path) -> Process:
    """A broker that answers. A terminal's Ctrl-C is not for it: in a session of its own it hears only us."""
    with words.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_end_with_parent(),
            start_new_session=True,
        )
    try:
        await _answers(process, address, words)
    except BaseException:
        await _stop(process)
        raise
    return process


def _end_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program so that it ends with us however we end: the kernel signals it (Linux).

    Elsewhere a parent that is killed leaves its broker running, and the next start says that the port is in use.
    """
    if not sys.platform.startswith("linux"):
        return None
    control = ctypes.CDLL(None).prctl  # Looked up before the fork: a child should do as little as possible.
    parent = os.getpid()

    def ask() -> None:
        control(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # It ended before we could ask.
            os._exit(1)

    return ask


async def _answers(process: Process, address: Address, words: Path) -> None:
    """Wait until the broker accepts a connection."""
    try:
        async with asyncio.timeout(START_S_MAX):
            while not await _accepts(address):
                if process.returncode is not None:
                    raise BrokerFault(_last_words(address, words, f"ended at once (exit code {process.returncode})"))
                await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        raise BrokerFault(_last_words(address, words, f"did not answer within {START_S_MAX:.0f} s")) from error


async def _accepts(address: Address) -> bool:
    try:
        _, writer = await asyncio.open_connection(address.host, address.port)
    except OSError:
        return False
    writer.close()
    return True


def _last_words(address: Address, words: Path, what: str) -> str:
    said = words.read_bytes()[-LAST_WORDS_BYTES:].decode(errors="replace").strip() or "nothing"
    return f"{address.broker} on {address} {what}; all it said is in {words}: {said.splitlines()[-1]}"


async def _stop(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S_MAX):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
