"""Where structured log lines go: contact ids and decisions, never a personal value."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

import structlog

from acd.events import AgentLapsed, ContactEnded
from escalation.events import CaseAccepted, CaseBreached, CaseOpened, CaseResolved
from router.errors import UsageFault
from router.events import CentreStarted, Event

TOLD: Final = (ContactEnded, CaseOpened, CaseAccepted, CaseResolved, CaseBreached, AgentLapsed, CentreStarted)
"""What is told at level info."""
LEVELS: Final = ("debug", "info", "warning", "error")


def log_to_stderr(level: str) -> None:
    """Log lines on stderr: for people on a terminal, JSON elsewhere."""
    if level not in LEVELS:
        raise UsageFault(f"--log-level {level}: choose one of {', '.join(LEVELS)}")
    people = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    _configure(level, structlog.PrintLoggerFactory(sys.stderr), renderer, tracebacks=not people)


def log_to(show: Callable[[str], None], level: str = "warning") -> None:
    """Log lines as short texts, to be shown somewhere: the event, and what is said of it."""
    _configure(level, lambda *_: _Shown(show), _short, tracebacks=False)


def event_logger(level: str) -> tuple[Callable[[Event, int], None], ...]:
    """What is to observe a service at this level: at debug every event is told, at info how contacts end and cases."""
    log = structlog.get_logger("firstline.events")
    if level == "debug":
        return (lambda event, at: log.debug(event.kind, at=at, **_public(event)),)
    if level == "info":
        return (lambda event, at: log.info(event.kind, at=at, **_public(event)) if type(event) in TOLD else None,)
    return ()


def _public(event: Event) -> dict[str, Any]:
    """The fields of an event that are not personal."""
    return {each.name: getattr(event, each.name) for each in fields(event) if "personal" not in each.metadata}


class _Shown:
    """What structlog writes to: any level's method takes the text."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = show


def _short(_logger: Any, _level: str, event: dict[str, Any]) -> str:
    event.pop("timestamp", None)
    what = event.pop("event")
    event.pop("level", None)
    return f"{what}: {', '.join(f'{name} {value}' for name, value in event.items())}" if event else str(what)


def _configure(level: str, factory: Callable[..., Any], renderer: Any, *, tracebacks: bool) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.dict_tracebacks] if tracebacks else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=factory,
        cache_logger_on_first_use=False,
    )
