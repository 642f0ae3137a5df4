"""`firstline why` and `firstline why-not`: from a journal, which may be in use, or asked of the service that runs."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from router.adapters.sqlite import SqliteJournal
from router.cli.printing import printable
from router.cli.reading import reading
from router.errors import BrokerFault, JournalFault, UsageFault
from router.explain import as_data, ask, zone_of
from router.times import instant

ANSWER_S_MAX: Final = 120.0
"""How long a service may take that is busy routing."""


def run(contact: str, agent: str | None, *, journal: Path | None, http: str, at: str | None, as_json: bool) -> None:
    """Print why the contact is where it is, or why the `agent` was not offered it."""
    answer = (
        _of_service(http, contact, agent, at)
        if journal is None
        else asyncio.run(_of_journal(journal, contact, agent, at))
    )
    if as_json:
        print(json.dumps(answer, ensure_ascii=False))
        return
    for line in answer["words"]:
        print(printable(line))


# --- from a journal -----------------------------------------------------------------------------------------------


async def _of_journal(path: Path, contact: str, agent: str | None, at: str | None) -> dict[str, Any]:
    store = await SqliteJournal.open(path, create=False, read_only=True)
    try:
        until = instant(at, await zone_of(store), "--at") if at is not None else None
        with reading() as pause:
            return as_data(await ask(store, contact, agent, until, pause))
    except UsageFault as fault:
        raise UsageFault(f"{path}: {fault}") from fault
    finally:
        await store.close()


# --- from a service -----------------------------------------------------------------------------------------------


def _of_service(http: str, contact: str, agent: str | None, at: str | None) -> dict[str, Any]:
    words = ("why", contact) if agent is None else ("why-not", contact, agent)
    path = "/".join(quote(word, safe="") for word in words)
    status, body = _get(http, f"/v1/{path}" + (f"?{urlencode({'at': at})}" if at is not None else ""))
    if status is HTTPStatus.OK:
        return body
    detail = body.get("detail", f"the service on {http} answers {status}: is it of this release?")
    raise JournalFault(detail) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else UsageFault(detail)


def _get(http: str, path: str) -> tuple[HTTPStatus, dict[str, Any]]:
    from router.cli.serve import loopback

    host, port = loopback(http)
    connection = HTTPConnection(host, port, timeout=ANSWER_S_MAX)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = json.loads(response.read())
        return HTTPStatus(response.status), body if isinstance(body, dict) else {}
    except (OSError, HTTPException, ValueError) as error:
        remedy = "start it, name it with --http, or name a journal with --journal FILE"
        raise BrokerFault(f"no service answers on {http} ({error}): {remedy}") from error
    finally:
        connection.close()
