"""The HTTP side: health, figures for Prometheus, the live state and the measures, of a service that runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from acd.events import AgentStateSet, ContactJoined, OfferAccepted
from acd.plan import Announce
from router.adapters.clock import WallClock
from router.adapters.http import HUNG_MS, application, http, listen
from router.adapters.memory_bus import MemoryBus
from router.adapters.memory_journal import MemoryJournal
from router.errors import BrokerFault
from router.events import ContactArrived, ContactLeft
from router.measures import MEASURES
from router.recovery import recover
from router.service import Service
from simulator.loop import run
from tests.stage import Stage
from tests.why_stories import looking_back_in
from tests.worlds import QUEUE, S, plan

NUMBER = "+4930123456"


async def one_answered_one_waiting() -> Stage:
    """A service with one agent, who talks, and one contact that waits."""
    stage = Stage(plan(agents={"ann": ()}))
    await stage.open()
    await stage.say(AgentStateSet("ann", "ready"))
    for contact in ("call-1", "call-2"):
        await stage.say(ContactArrived(contact, "100", NUMBER, personal=True))
        await stage.wait(4_000)
    await stage.say(OfferAccepted("call-1", "ann", 1))
    await stage.say(ContactJoined("call-1", "ann", 1))
    await stage.say(b"{")
    return stage


def answers(*paths: str, hung: bool = False, host: str = "localhost") -> list[httpx.Response]:
    """What a service answers when asked for these pages."""

    async def main() -> list[httpx.Response]:
        stage = await one_answered_one_waiting()
        if hung:
            stage.service.last_turn -= HUNG_MS + 1
        transport = httpx.ASGITransport(application(stage.service, looking_back_in(stage.journal)))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            told = [await client.get(path) for path in paths]
        await stage.close()
        return told

    return run(main())


def test_health_says_that_the_loop_turns() -> None:
    """A service whose loop turns is well, and says how far its journal is."""
    (answer,) = answers("/health")
    body = answer.json()
    assert 200 == answer.status_code
    assert ("ok", "test") == (body["status"], body["centre"])
    assert body["seq"] > 5


def test_health_says_when_the_loop_hangs() -> None:
    """A service whose loop has not turned for a while is ill."""
    (answer,) = answers("/health", hung=True)
    assert 503 == answer.status_code
    assert "hung: the loop has not turned" == answer.json()["status"]


def test_a_page_from_elsewhere_reads_nothing() -> None:
    """Whoever asks under another host's name, as a browser does for a page whose name was bound anew, is refused."""
    (answer,) = answers("/v1/state", host="elsewhere.example")
    assert 400 == answer.status_code


def test_metrics_are_what_prometheus_reads() -> None:
    """Rows, inputs, refusals, states and queues, each with its labels."""
    (answer,) = answers("/metrics")
    lines = answer.text.splitlines()
    assert answer.headers["content-type"].startswith("text/plain")
    for line in (
        'firstline_refusals_total{fault="malformed"} 1.0',
        'firstline_contacts{state="talking"} 1.0',
        'firstline_contacts{state="waiting"} 1.0',
        'firstline_agents{state="talking"} 1.0',
        'firstline_waiting{queue="help"} 1.0',
        'firstline_queue_contacts_total{count="offered",queue="help"} 2.0',
        'firstline_queue_contacts_total{count="answered",queue="help"} 1.0',
        "firstline_inputs_total 6.0",
    ):
        assert line in lines


def test_the_state_has_everybody_and_nothing_personal() -> None:
    """Agents, contacts, offers and cases are shown; numbers of callers are not."""
    state, metrics, measures = answers("/v1/state", "/metrics", "/v1/measures")
    body = state.json()
    assert [("ann", "talking", "call-1")] == [
        (agent["agent"], agent["state"], work["contact"]) for agent in body["agents"] for work in agent["works"]
    ]
    assert [("call-1", "talking"), ("call-2", "waiting")] == [(c["contact"], c["state"]) for c in body["contacts"]]
    assert NUMBER not in state.text + metrics.text + measures.text


def test_every_measure_comes_with_its_formula() -> None:
    """In total and by queue, each measure has a value, what it is a quotient of, its unit and its formula."""
    (answer,) = answers("/v1/measures")
    body: dict[str, Any] = answer.json()
    assert set(MEASURES) == set(body["total"]) == set(body["queues"]["help"])
    expected = {"value": 8_000.0, "numerator": 8_000, "n": 1, "unit": "ms", "formula": MEASURES["asa"].formula}
    assert expected == body["queues"]["help"]["asa"]
    assert body["total"]["fcr"]["value"] is None


ANNOUNCES = replace(QUEUE, announce=Announce(10 * S, position=True, expected_wait=True))


def figures_of_waits() -> tuple[list[str], dict[str, Any]]:
    """The lines of the metrics about waits, and the expected waits of the measures, after three who had to wait."""

    async def main() -> tuple[list[str], dict[str, Any]]:
        stage = Stage(plan(queues=(ANNOUNCES,)))
        await stage.open()
        for contact in ("call-1", "call-2"):
            await stage.say(ContactArrived(contact, "100"))
        await stage.wait(8 * S)
        for offer, agent in enumerate(("ann", "bob"), start=1):
            await stage.say(AgentStateSet(agent, "ready"))
            await stage.say(OfferAccepted(f"call-{offer}", agent, offer))
            await stage.say(ContactJoined(f"call-{offer}", agent, offer))
        await stage.say(ContactArrived("call-3", "100"))
        await stage.wait(9 * S)
        await stage.say(ContactLeft("call-3"))
        transport = httpx.ASGITransport(application(stage.service, looking_back_in(stage.journal)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            metrics, measures = await client.get("/metrics"), await client.get("/v1/measures")
        await stage.close()
        waits = [line for line in metrics.text.splitlines() if "wait_" in line and line[0] != "#"]
        return [line for line in waits if "created" not in line], measures.json()["expected_waits"]

    return run(main())


def test_expected_waits_are_told_with_their_scores() -> None:
    """For one who came now, as far as it is known; and what came of what was told, with the formula."""
    lines, measures = figures_of_waits()
    assert 'firstline_expected_wait_seconds{quantile="0.5",queue="help"} 8.0' in lines
    assert not any('expected_wait_seconds{quantile="0.9"' in line for line in lines)
    assert 'firstline_wait_predictions_total{outcome="beyond",quantile="0.5",queue="help"} 1.0' in lines
    assert "firstline_wait_pinball_loss_seconds_total" in " ".join(lines)
    half = measures["help"]["p50"]
    assert (1, 8_000) == (measures["help"]["place"], half["wait_ms"])
    assert (0.0, 0, 1, 0.5) == tuple(half["coverage"][name] for name in ("value", "numerator", "n", "aim"))
    assert (None, 0, "ms") == tuple(half["pinball_loss"][name] for name in ("value", "n", "unit"))
    assert (None, None) == (measures["help"]["p90"]["wait_ms"], measures["help"]["p90"]["coverage"]["value"])


def test_a_centre_that_announces_nothing_expects_nothing() -> None:
    """No wait is estimated where nobody is told one."""
    metrics, measures = answers("/metrics", "/v1/measures")
    assert {} == measures.json()["expected_waits"]
    assert "firstline_expected_wait_seconds{" not in metrics.text


def test_the_pages_are_described() -> None:
    """OpenAPI tells of every page."""
    (answer,) = answers("/openapi.json")
    asked = {"/v1/why/{contact}", "/v1/why-not/{contact}/{agent}"}
    pages = {"/health", "/metrics", "/v1/state", "/v1/measures", *asked}
    assert pages == set(answer.json()["paths"])


def test_a_port_in_use_is_told() -> None:
    """A port that somebody listens on is a fault with the address and what to do."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BrokerFault, match=f"cannot listen on 127.0.0.1:{port} for HTTP: Address already in use"):
            listen("127.0.0.1", port)


@pytest.mark.server
async def test_pages_are_served_until_the_block_ends() -> None:
    """The address that is given answers while the block runs, and not after."""
    listener, journal = listen("127.0.0.1", 0), MemoryJournal()
    service = Service(await recover(plan(), journal), journal, MemoryBus(), WallClock())
    async with http(service, listener, looking_back_in(journal)) as url, httpx.AsyncClient() as client:
        assert 200 == (await client.get(f"{url}/health")).status_code
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/health")
