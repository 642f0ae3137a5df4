"""Which agents a contact may ring at, and in what order: the strategies, and the rules that open the tiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from acd.compat.freeswitch.plan import FreeswitchAgent, FreeswitchQueue, Strategy
from acd.compat.freeswitch.watch import AgentMemory, Caller, Loss
from acd.model import Agent, AgentState

UNREACHABLE_REST_S: Final = 5


@dataclass(frozen=True, slots=True)
class Row:
    """An agent in a queue: where he stands there, what is remembered of him, and what he is doing."""

    settings: FreeswitchAgent
    memory: AgentMemory
    agent: Agent

    @property
    def is_present(self) -> bool:
        """Whether he is logged in, on a break or not."""
        return self.agent.state is not AgentState.OFFLINE and self.memory.status != "logged_out"

    @property
    def is_ready(self) -> bool:
        """Whether he would take a contact, wrap-up and rests apart."""
        return self.is_present and self.agent.state is AgentState.READY

    @property
    def level(self) -> int:
        """The level of his tier."""
        return self.settings.level

    @property
    def position(self) -> int:
        """The position within his tier."""
        return self.settings.position

    @property
    def fit_from_s(self) -> int:
        """The second from which he may be rung, as far as wrap-up and rests go. Wrap-up must be *over*: one more."""
        wrapped_up_s = self.memory.bridge_ended_s + self.settings.wrap_up_ms // 1000 + 1
        rest_s = self._rest_s()
        return max(wrapped_up_s, self.memory.lost_s + rest_s if rest_s else 0)

    def is_free(self, now_s: int) -> bool:
        """Whether he may be rung now."""
        return self.is_ready and self.fit_from_s <= now_s

    def _rest_s(self) -> int:
        rests_ms: dict[Loss, int] = {
            "missed": self.settings.missed_rest_ms,
            "declined": self.settings.declined_rest_ms,
            "busy": self.settings.busy_rest_ms,
            "unreachable": UNREACHABLE_REST_S * 1000,
        }
        return rests_ms.get(self.memory.loss, 0) // 1000


# --- order --------------------------------------------------------------------------------------------------------


_KEYS: dict[Strategy, Callable[[Row], tuple[int, ...]]] = {
    "longest-idle-agent": lambda row: (row.memory.bridge_ended_s, row.position),
    "agent-with-least-talk-time": lambda row: (row.memory.talk_s, row.position),
    "agent-with-fewest-calls": lambda row: (row.memory.answered, row.position),
    "sequentially-by-agent-order": lambda row: (row.position, row.memory.offered_s),
    "ring-all": lambda row: (row.position,),
    "ring-progressively": lambda row: (row.position,),
}


def ranked(strategy: Strategy, rows: list[Row], caller: Caller, draw: str) -> list[Row]:
    """Those present, in the order in which the strategy goes through them. Of equals, the first listed goes first.

    `draw` names the draw of lots at random: the same name, the same lots.
    """
    if strategy == "top-down":
        return _top_down(rows, caller)
    if strategy == "round-robin":
        return _round_robin(rows)
    key = _KEYS[strategy] if strategy != "random" else lambda row: (crc32(f"{draw} {row.agent.id}".encode()),)
    return sorted(_present(rows), key=lambda row: (row.level, *key(row)))


def _top_down(rows: list[Row], caller: Caller) -> list[Row]:
    """Those below the last one rung for this contact; from the top where there is nobody below, free or not."""
    last = next((row for row in rows if row.agent.id == caller.agent), None)
    return (_below(rows, last.level, last.position) if last else []) or _below(rows, 0, 0)


def _below(rows: list[Row], level: int, position: int) -> list[Row]:
    here = [row for row in rows if row.level == level and row.position > position]
    return [*_in_list_order(here), *_in_list_order([row for row in rows if row.level > level])]


def _round_robin(rows: list[Row]) -> list[Row]:
    """Those of the same level after the one rung last for anything, here or elsewhere; then the others from the top."""
    offered = [row for row in rows if row.memory.offered_s]
    last = max(offered, key=lambda row: row.memory.offered_s, default=None)

    def comes_after(row: Row) -> bool:
        return last is not None and row.level == last.level and row.position > last.position

    return sorted(_in_list_order(rows), key=comes_after, reverse=True)


def _in_list_order(rows: list[Row]) -> list[Row]:
    return sorted(_present(rows), key=lambda row: (row.level, row.position, row.memory.offered_s))


def _present(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.is_present]


# --- tiers --------------------------------------------------------------------------------------------------------


def opened(plan: FreeswitchQueue, rows: list[Row], waited_s: int) -> Iterator[Row]:
    """The rows up to the first whose tier is still closed; nobody behind that one is looked at, whatever his tier."""
    level = 0
    for place, row in enumerate(rows):
        if plan.tier_rules and row.level > level:
            nobody_before = plan.skip_empty_tiers and place == 0
            if not nobody_before and waited_s < opens_after_s(plan, row.level):
                return
            level = row.level
        yield row


def opens_after_s(plan: FreeswitchQueue, level: int) -> int:
    """How long a contact waits until a level above 0 opens to it, unless those before are skipped as empty."""
    return plan.tier_wait_ms // 1000 * (level if plan.tier_wait_by_level else 1)
