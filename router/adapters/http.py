"""The HTTP side: is it alive, what does the floor look like, what are the figures. Commands go over MQTT.

Described by the OpenAPI document that FastAPI makes of it, at `/openapi.json`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from router.adapters.metrics import ServiceCollector
from router.contract import snapshot
from router.errors import BrokerFault
from router.measures import figures
from router.service import Service
from router.waiting import expected_figures

HUNG_MS: Final = 5_000
"""For how long the loop may not have turned before the service calls itself ill (real milliseconds)."""


def application(service: Service) -> FastAPI:
    """The pages of one service."""
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
            "queues": {queue: figures(tally) for queue, tally in service.measures.by_queue().items()},
            "expected_waits": expected_figures(service.engine.board, max(service.clock.now(), service.engine.now)),
        }

    return app


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
async def http(service: Service, listener: socket.socket) -> AsyncIterator[str]:
    """Serve the pages on a bound socket while the block runs; gives their address."""
    config = uvicorn.Config(application(service), log_config=None, access_log=False, lifespan="off")
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
