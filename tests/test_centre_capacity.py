# ruff: noqa: E501 - a case of the tables is a line, and a fault is one as people read it
"""What a centre's files say of channels and capacity: what it compiles to, and what nobody could bear."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd.plan import CHANNELS, AgentPlan, ChannelPlan
from tests.clinic import BASE, faults_of, loaded

CHAT = BASE.replace("['101'], service_line", "['101'], channel: chat, service_line")

# What stands in CHAT, what is written instead, and the fault.
# fmt: off
UNBEARABLE = [
    ("{advice: 5}", "{advice: 5}, capacity: 0", "55: agents.head.capacity: this must be 1 or more (how many units of contacts he can bear at once; see `channels`)"),
    ("{advice: 5}", "{advice: 5}, capacity: -20", "55: agents.head.capacity: this must be 1 or more (how many units of contacts he can bear at once; see `channels`)"),
    ("{advice: 5}", "{advice: 5}, channels: {}", "55: agents.head.channels: this must not be empty (the channels he takes, each with the most contacts of it at once, or `null` for as many as he can bear)"),
    ("{advice: 5}", "{advice: 5}, channels: {voice: 0}", "55: agents.head.channels.voice: this must be 1 or more (the channels he takes, each with the most contacts of it at once, or `null` for as many as he can bear)"),
    ("{advice: 5}", "{advice: 5}, channels: {chatt: 2}", "55: agents.head.channels.chatt: this must be `voice`, `chat`, `mail` or `work_item` (did you mean `chat`?)"),
    ("channel: chat", "channel: chatt", "44: entry_points.other.channel: this must be `voice`, `chat`, `mail` or `work_item` (did you mean `chat`?)"),
    ("reasons:", "channels: {fax: {cost: 5}}\nreasons:", "60: channels.fax: this must be `voice`, `chat`, `mail` or `work_item` (what contacts cost of an agent's capacity)"),
    ("reasons:", "channels: {chat: {cost: 0}}\nreasons:", "60: channels.chat.cost: this must be 1 or more (how many units one contact takes)"),
    ("reasons:", "channels: {chat: {costs: 5}}\nreasons:", "60: channels.chat.costs: unknown setting `costs` (did you mean `cost`?)"),
    ("reasons:", "channels: {mail: {cost: 5}}\nreasons:", "60: channels.mail: no entry point has the channel `mail` (give one `channel: mail`, or take this out)"),
    ("{advice: 5}", "{advice: 5}, channels: {chat: 6}", "55: agents.head.channels.chat: he never has more than 5 of these at once: each costs 20 of 100 units (raise his `capacity`, or lower this)"),
    ("{advice: 5}", "{advice: 5}, capacity: 60, channels: {voice: 1, chat: 1}", "55: agents.head.channels.voice: a contact by voice costs 100 units, and this agent bears 60 (raise his `capacity`, or take the channel out)"),
    ("{advice: 5}", "{advice: 5}, capacity: 10", "55: agents.head.capacity: `head` can take nothing that comes: voice at 100 units, chat at 20 units (let him take a channel of the entry points)"),
    ("{advice: 5}", "{advice: 5}, channels: {mail: null}", "55: agents.head.channels: `head` can take nothing that comes: voice at 100 units, chat at 20 units (let him take a channel of the entry points)"),
    ("reasons:", "channels: {chat: {cost: 120}}\nreasons:", "48: queues.nurses: no agent could ever take what comes to `nurses` by chat: a contact by chat costs 120 units, and nobody who could serve it bears more than 100 (let an agent who could serve it take chat, and lower its `cost` or raise his `capacity`)"),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "told"), UNBEARABLE)
def test_what_nobody_could_bear_is_told_in_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    """One mistake about channels, costs or capacities is one fault, with its line and what to do about it."""
    assert CHAT.count(old) == 1
    assert [f"centre.yaml:{told}"] == faults_of(tmp_path, CHAT.replace(old, new))


def test_a_queue_whose_agents_all_take_something_else(tmp_path: Path) -> None:
    """Where nobody who could serve a queue takes a channel by which contacts come, that is said of the queue."""
    files = CHAT.replace("{advice: 5}", "{advice: 5}, channels: {voice: 1}").replace(
        "{count: 2, ", "{count: 2, channels: {voice: 1}, "
    )
    assert [
        "centre.yaml:48: queues.nurses: no agent could ever take what comes to `nurses` by chat: none takes any (let an agent who could serve it take chat, and lower its `cost` or raise his `capacity`)"
    ] == faults_of(tmp_path, files)


def test_without_entry_points_nothing_is_said_of_capacity(tmp_path: Path) -> None:
    """Which channels contacts come by is not known then: one mistake is one fault."""
    told = faults_of(tmp_path, re.sub(r"entry_points:\n(  .*\n)+", "entry_points: {}\n", CHAT))
    assert told
    assert not [fault for fault in told if "units" in fault or "take nothing" in fault or "no entry point has" in fault]


def test_channels_compile_to_what_they_cost(tmp_path: Path) -> None:
    """The plan has the channels by which contacts come, with what the files say instead of the usual."""
    own = CHAT.replace("{advice: 5}", "{advice: 5}, capacity: 140, channels: {voice: null, chat: 2}")
    floor = loaded(
        tmp_path, own.replace("reasons:", "channels: {chat: {cost: 35, interruptible: true}}\nreasons:")
    ).plan.floor
    assert {"voice": CHANNELS["voice"], "chat": ChannelPlan("chat", 35, interruptible=True)} == floor.channels
    assert (140, (("chat", 2), ("voice", None))) == (floor.agents["head"].capacity, floor.agents["head"].channels)
    assert (AgentPlan("").capacity, None) == (floor.agents["nurse-01"].capacity, floor.agents["nurse-01"].channels)
