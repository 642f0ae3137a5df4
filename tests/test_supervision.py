"""Supervisors who listen, whisper or barge in: on command, as long as there is a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from acd.hands import (
    ContactTransferred,
    StopSupervising,
    Supervise,
    SupervisionAsked,
    SupervisionEnded,
)
from router.events import Event
from tests.worlds import LEFT, S, copy, joining, ringing, talking, wrapping_up

LISTENS = SupervisionAsked("c1", "wang", "listen")


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
def test_a_supervisor_takes_part_on_command(mode: Any) -> None:
    """The telephony side is told with whom, how, and when it is over."""
    story = talking()
    story.take(4 * S, SupervisionAsked("c1", "wang", mode))
    story.take(5 * S, SupervisionEnded("c1", "wang"))
    assert [
        (4 * S, Supervise("c1", "ann", "wang", mode)),
        (5 * S, StopSupervising("c1", "wang", "the supervisor left")),
    ] == story.of(Supervise, StopSupervising)


def test_a_listener_barges_in() -> None:
    """Another mode takes the place of the first, without an end in between; after a restart too."""
    story = talking()
    story.take(4 * S, LISTENS)
    story.engine = copy(story.engine)
    story.take(5 * S, SupervisionAsked("c1", "wang", "barge"))
    assert ["listen", "barge"] == [event.mode for _, event in story.of(Supervise)]
    assert {"wang": "barge"} == story.engine.board.floor.contacts["c1"].supervisors


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (LEFT, "the contact ended"),
        (ContactTransferred("c1", "ann", "help"), "the contact was transferred"),
    ],
)
def test_supervision_ends_with_the_conversation(fact: Event, reason: str) -> None:
    """However it ends, every supervisor is taken out of it."""
    story = talking()
    story.take(4 * S, LISTENS, SupervisionAsked("c1", "liu", "whisper"))
    story.take(9 * S, fact)
    ends = [(9 * S, StopSupervising("c1", supervisor, reason)) for supervisor in ("wang", "liu")]
    assert ends == story.of(StopSupervising)


@pytest.mark.parametrize(
    ("began", "fact", "why"),
    [
        (ringing, LISTENS, ("stale", "contact 'c1' talks with nobody: it is offered")),
        (joining, LISTENS, ("stale", "contact 'c1' talks with nobody: it is joining")),
        (wrapping_up, LISTENS, ("stale", "contact 'c1' has ended")),
        (talking, SupervisionAsked("c9", "wang", "listen"), ("illegal", "contact 'c9' is not known")),
        (talking, SupervisionAsked("c1", "ann", "barge"), ("illegal", "'ann' takes part in it already, as its agent")),
        (talking, SupervisionEnded("c1", "wang"), ("stale", "'wang' takes no part in contact 'c1'")),
    ],
)
def test_impossible_supervision_is_refused(began: Any, fact: Event, why: tuple[str, str]) -> None:
    """Where nobody talks there is nothing to listen to: a reason, and nothing changes."""
    assert why == began().refusal(10 * S, fact)


def test_the_same_twice_is_stale() -> None:
    """A supervisor who listens already is told so."""
    story = talking()
    story.take(4 * S, LISTENS)
    assert ("stale", "'wang' takes part in it already: listen") == story.refusal(5 * S, LISTENS)
