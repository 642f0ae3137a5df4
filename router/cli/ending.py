"""How a command that runs until it is ended learns that it is to end."""

from __future__ import annotations

import asyncio
import signal


def ending() -> asyncio.Event:
    """An event that is set, on the running loop, when SIGINT, SIGTERM or SIGHUP asks the process to end."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked
