"""Our own commands as processes of their own, as people run them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

FIRSTLINE = (sys.executable, "-m", "router.cli")
SECONDS_MAX = 60


def environment() -> dict[str, str]:
    """Ours, in which the checkout is found from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def firstline(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [*FIRSTLINE, *words]
    return subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )


class Running:
    """A command that goes on, and the log lines that it wrote so far, as data."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, event: str, count: int = 1) -> dict[str, Any]:
        """The so-manieth log line of this event, as soon as it is there."""
        with self._news:
            self._news.wait_for(lambda: len(self.all(event)) >= count or self._ended, SECONDS_MAX)
        assert len(self.all(event)) >= count, f"no {event} in {self.lines}"
        return self.all(event)[count - 1]

    def all(self, event: str) -> list[dict[str, Any]]:
        """Every log line of this event."""
        return [line for line in self.lines if line.get("event") == event]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and give the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(SECONDS_MAX)
        self.close()
        return code

    def close(self) -> None:
        """Read what is left of the log."""
        self._reader.join(SECONDS_MAX)

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._news:
                self.lines.append(json.loads(line) if line.startswith("{") else {"event": line.strip()})
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


@contextmanager
def serving(*words: str) -> Iterator[Running]:
    """`firstline serve` with these words, once it serves; ended with the block, if it has not ended by then."""
    command = [*FIRSTLINE, "serve", *words, "--http", "127.0.0.1:0", "--broker-port", "0"]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        running = Running(process)
        try:
            running.wait_for("serving")
            yield running
        finally:
            process.kill()
            running.close()
