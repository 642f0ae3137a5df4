"""How a command that runs until it is ended learns that it is to end, and how it says that it was."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

INTERRUPTED: Final = 130
"""What a shell says of a command that Ctrl-C ended (128 + SIGINT)."""


def ending() -> asyncio.Event:
    """An event that is set, on the running loop, when SIGINT, SIGTERM or SIGHUP asks the process to end."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked


def exit_code(*, problems: bool, interrupted: bool) -> int:
    """How a run of stories ends: 1 if some do not hold, else 130 if it was asked to end early, else 0."""
    return 1 if problems else INTERRUPTED if interrupted else 0
