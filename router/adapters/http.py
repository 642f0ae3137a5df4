"""The HTTP side: is it alive, what does the floor look like, what are the figures, and why. Commands go over MQTT.

Described by the OpenAPI document that FastAPI makes of it, at `/openapi.json`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, nullcontext
from http import HTTPStatus
from typing import Annotated, Any, Final

import uvicorn
from fastapi import FastAPI, Query, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from router.adapters.explaining import Explainer
from router.adapters.looking_back import LookBack
from router.adapters.metrics import ServiceCollector
from router.contract import snapshot
from router.errors import BrokerFault, FirstlineError, JournalFault, UsageFault
from router.explain import TooFarBackError, UnknownError
from router.intervals import Asked, as_data
from router.measures import OF_QUEUES, figures
from router.service import Service
from router.waiting import expected_figures

HUNG_MS: Final = 5_000
"""For how long the loop may not have turned before the service calls itself ill (real milliseconds)."""


def application(service: Service, look_back: LookBack) -> FastAPI:
    """The pages of one service. `look_back` answers for its past."""
    app = FastAPI(title="Firstline", description="The live state of one centre.", docs_url=None, redoc_url=None)
    # A page from elsewhere that a browser resolves to this machine names its own host; it is not to read our state.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"])
    registry = CollectorRegistry()
    registry.register(ServiceCollector(service))

    @app.get("/health", summary="Whether the engine's loop turns: 200, or 503 with the reason")
    async def health() -> JSONResponse:
        silent_ms = (service.clock.now() - service.last_turn) / service.clock.speed
        body = {
            "status": "ok",
            "centre": service.centre,
            "seq": service.engine.board.seq,
            "silent_ms": round(silent_ms),
        }
        if silent_ms > HUNG_MS:
            return JSONResponse({**body, "status": "hung: the loop has not turned"}, status_code=503)
        return JSONResponse(body)

    @app.get("/metrics", summary="Figures for Prometheus")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/v1/state", summary="The live state: agents, contacts, offers and cases, without personal values")
    async def state() -> dict[str, Any]:
        return snapshot(service.engine.board, max(service.clock.now(), service.engine.now))

    @app.get("/v1/measures", summary="Every measure with its formula, in total and by queue; expected waits")
    async def measures() -> dict[str, Any]:
        return {
            "total": figures(service.measures.tally(service.engine.now)),
            "queues": {queue: figures(tally, OF_QUEUES) for queue, tally in service.measures.by_queue().items()},
            "expected_waits": expected_figures(service.engine.board, max(service.clock.now(), service.engine.now)),
        }

    @app.get("/v1/measures/intervals", summary="The measures of the last two days, by intervals", responses=_BAD)
    async def intervals(asked: Annotated[IntervalsAsked, Query()]) -> JSONResponse:
        return await _answered(_by_intervals(service, asked))

    explainer = Explainer(service, look_back)

    @app.get("/v1/why/{contact}", summary="Where a contact is, and why", responses=_FAULTS)
    async def why(contact: str, at: str | None = None) -> JSONResponse:
        return await _answered(explainer.answer(contact, None, at))

    @app.get("/v1/why-not/{contact}/{agent}", summary="Why an agent was not offered a contact", responses=_FAULTS)
    async def why_not(contact: str, agent: str, at: str | None = None) -> JSONResponse:
        return await _answered(explainer.answer(contact, agent, at))

    return app


class IntervalsAsked(BaseModel):
    """Of which intervals, by what, of which queue (else all together) and which measures (else all there are)."""

    model_config = ConfigDict(extra="forbid")
    interval: str = Field("15m", description="15m or a multiple of it that a day is made of; 24h is the day.")
    basis: str = Field("completion", description="When contacts count: by completion or by arrival.")
    queue: str | None = None
    measure: list[str] = Field([], description="May be repeated.")
    since: str | None = Field(None, alias="from", description="Intervals that begin then or later.")
    until: str | None = Field(None, alias="to", description="Intervals that begin before.")


async def _by_intervals(service: Service, asked: IntervalsAsked) -> dict[str, Any]:
    words = Asked(asked.interval, asked.basis, asked.queue, asked.measure, asked.since, asked.until)
    zone = service.engine.board.plan.zone
    return as_data(service.measures, words.of(service.measures, zone), zone)


_BAD: dict[int | str, dict[str, Any]] = {
    400: {"description": "A queue, a measure, an interval or an instant is wrong."}
}
_FAULTS: dict[int | str, dict[str, Any]] = {
    400: {"description": "`at` is no instant, or still to come."},
    404: {"description": "There is no such contact or agent, or not yet at that instant."},
    409: {"description": "That is too far back to be looked for while somebody waits for the answer."},
    500: {"description": "The journal cannot be read."},
}
_STATUS: dict[type[FirstlineError], int] = {UnknownError: 404, TooFarBackError: 409, UsageFault: 400, JournalFault: 500}


async def _answered(answer: Awaitable[dict[str, Any]]) -> JSONResponse:
    """An answer, or what was wrong as problem details (RFC 9457)."""
    try:
        return JSONResponse(await answer)
    except (UsageFault, JournalFault) as fault:
        status = HTTPStatus(_STATUS[type(fault)])
        problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": str(fault)}
        return JSONResponse(problem, status, media_type="application/problem+json")


def listen(host: str, port: int) -> socket.socket:
    """A bound socket (port 0: any free one). Raises `BrokerFault` when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BrokerFault(
            f"cannot listen on {host}:{port} for HTTP: {error.strerror}; name another with --http"
        ) from error
    return listener


@asynccontextmanager
async def http(service: Service, listener: socket.socket, look_back: LookBack) -> AsyncIterator[str]:
    """Serve the pages on a bound socket while the block runs; gives their address."""
    config = uvicorn.Config(application(service, look_back), log_config=None, access_log=False, lifespan="off")
    server = _Server(config)
    listener.listen()  # Whoever comes before the server has started waits, and is not turned away.
    serving = asyncio.create_task(server.serve([listener]), name="http")
    host, port = listener.getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


class _Server(uvicorn.Server):
    """Leaves signals to us: the service ends in its own order."""

    def capture_signals(self) -> Any:
        """Capture none."""
        return nullcontext()
