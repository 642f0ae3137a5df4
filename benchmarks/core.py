"""The routing core by itself: no journal, no bus. Rows a second, the time to match, and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush

from benchmarks.figures import Figure, Report, percentile, seconds
from benchmarks.script import CENTRE, Script, play, record
from router import codec

ROWS_A_SECOND_MIN = 80_000
MEGABYTES_MAX = 500
UNDER_WAY = 1_000
"""About as many alarms, and as many contacts, as the engine has under way."""


def measure(contacts: int, waiting: int, agents: int, repeat: int) -> Report:
    """Every rate beside the floor, which is measured in turn with it."""
    script = record(CENTRE, contacts)
    rates = [tuple(script.rows / seconds(partial(work, script)) for work in WORKS) for _ in range(repeat)]
    floors, routed, encoded = zip(*rates, strict=True)
    ratios = tuple(core / floor for core, floor in zip(routed, floors, strict=True))
    return Report(
        "core",
        (
            Figure("core_rows_per_s", "rows decided and booked", "rows/s", routed, at_least=ROWS_A_SECOND_MIN),
            Figure("encoded_rows_per_s", "the same, encoded for the journal", "rows/s", encoded),
            Figure("heap_loop_rows_per_s", "floor: a heap and a dictionary", "rows/s", floors),
            Figure("core_share_of_heap_loop", "core / floor", "ratio", ratios),
            *_crowd(waiting, agents),
        ),
        f"""
A row is one line of the journal: an input, or a decision. Here {script.rows:,} rows come of {contacts:,} contacts and
{len(script.facts):,} inputs: a menu, a queue of one of three lines and languages, an offer to one of 500 agents of
ten skill sets (2 % declined, 1 % missed), talk, wrap-up, and a case for three in ten.
The floor takes one entry through a heap and writes one value into a dictionary for each row.
Time to match: from a fact to the offer that follows, on a floor of {agents:,} agents. First they are ready and
contacts arrive, then {waiting:,} contacts wait and agents become free. Memory is the most that process had.
""",
    )


def _heap_loop(script: Script) -> None:
    heap: list[tuple[int, int]] = []
    latest: dict[int, int] = {}
    for seq in range(script.rows):
        heappush(heap, (seq * 7_919 % script.rows, seq))
        if len(heap) > UNDER_WAY:
            at, of = heappop(heap)
            latest[of % UNDER_WAY] = at


def _route(script: Script) -> None:
    rows = sum(len(events) for events, _ in play(script))
    assert rows == script.rows, "the same facts give the same rows"


def _route_and_encode(script: Script) -> None:
    for events, _ in play(script):
        for event in events:
            codec.encode(event, _token)


def _token(kind: str, value: str) -> str:
    return "~token-1"


WORKS: tuple[Callable[[Script], None], ...] = (_heap_loop, _route, _route_and_encode)


def _crowd(waiting: int, agents: int) -> tuple[Figure, ...]:
    """A process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks.crowd", str(waiting), str(agents)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603
    matched = (
        Figure(f"{name}_p{percent}_us", f"{title}, p{percent}", "us", (percentile(told[f"{name}_us"], percent),))
        for name, title in (("arrival", "a contact arrives: its offer"), ("freed", "an agent is free: his offer"))
        for percent in (50, 99)
    )
    memory = Figure(
        "crowd_megabytes", f"memory of {waiting:,} waiting", "MB", (told["megabytes"],), below=MEGABYTES_MAX
    )
    return (*matched, memory)
