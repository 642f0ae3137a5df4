"""Bytes and back: events, state and plans, without personal values, and across versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from acd.events import AgentStateSet, OfferContact
from acd.model import Contact
from escalation.events import CaseOpened
from ivr.events import ContactKeyed, DigitsCollected
from router import codec
from router.errors import JournalFault
from router.events import EVENTS, ContactArrived, Event
from tests.worlds import S, Story, as_it_is, busy_plan, dump, plan

PERSONAL = {
    ("contact.arrived", "number"): "person",
    ("contact.arrived", "diversion"): "person",
    ("contact.arrived", "user_to_user"): "digits",
    ("contact.keyed", "digits"): "digits",
    ("digits.collected", "value"): "person",
    ("contact.queued", "customer"): "person",
    ("offer", "customer"): "person",
    ("case.opened", "customer"): "person",
    ("callback.asked", "number"): "person",
    ("dial", "number"): "person",
}


def sealed(kind: str, value: str) -> str:
    """A seal that shows what it sealed as what."""
    return f"{kind}-{len(value)}"


def unsealed(token: str) -> str:
    """Its unseal, for values of sixes."""
    return "6" * int(token.rpartition("-")[2])


def test_personal_fields_are_these_and_no_others() -> None:
    """Every field that holds something of a person is marked, and shows in no repr. Add to this table with care."""
    marked = {
        (kind, field.name): field
        for kind, event in EVENTS.items()
        for field in fields(event)
        if "personal" in field.metadata
    }
    assert PERSONAL == {place: field.metadata["personal"] for place, field in marked.items()}
    assert [] == [place for place, field in marked.items() if field.repr]


@pytest.mark.parametrize(
    ("event", "body"),
    [
        (ContactKeyed("c1", "666"), {"contact": "c1", "digits": "digits-3"}),
        (
            DigitsCollected("c1", "n", "employee", "6666", identify=True),
            {"contact": "c1", "node": "n", "into": "employee", "value": "person-4", "identify": True},
        ),
        (
            ContactArrived("c1", "100", "66", personal=True, user_to_user="666"),
            {
                "contact": "c1",
                "dialled": "100",
                "number": "person-2",
                "personal": True,
                "diversion": "",
                "user_to_user": "digits-3",
            },
        ),
    ],
)
def test_personal_values_leave_as_tokens(event: Event, body: dict[str, Any]) -> None:
    """A body holds tokens where the event holds values, and empty stays empty; reading puts the values back."""
    written = codec.encode(event, sealed)
    assert body == json.loads(written)
    assert event == codec.decode(event.kind, 1, written, unsealed)


def test_an_erased_value_stays_an_opaque_word() -> None:
    """Where a value has been erased, the token itself is read, so that the same person stays the same."""
    written = codec.encode(ContactKeyed("c1", "666"), sealed)
    assert ContactKeyed("c1", "digits-3") == codec.decode("contact.keyed", 1, written, str)


@given(st.data())
def test_every_event_comes_back_as_it_was(data: st.DataObject) -> None:
    """Whatever an event says survives writing and reading."""
    event = data.draw(st.sampled_from(sorted(EVENTS.values(), key=lambda kind: kind.__name__)).flatmap(st.from_type))
    assert event == codec.decode(event.kind, codec.version_of(event.kind), codec.encode(event, as_it_is), str)


@pytest.mark.parametrize(
    ("kind", "version", "body", "why"),
    [
        ("offer.invented", 1, b"{}", "was written by a newer release"),
        ("contact.left", 2, b'{"contact": "c1"}', "was written by a newer release"),
        ("contact.left", 1, b"{}", "cannot be read"),
        ("contact.left", 1, b"not JSON", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_the_journals_fault(kind: str, version: int, body: bytes, why: str) -> None:
    """An unknown kind, a newer version and a damaged body are told apart, in one line."""
    with pytest.raises(JournalFault, match=why) as fault:
        codec.decode(kind, version, body, str)
    assert 1 == len(str(fault.value).splitlines())


def test_old_versions_are_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body of an old version goes through every step between then and now."""
    steps: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {
        ("contact.left", 1): lambda body: {"id": body["who"]},
        ("contact.left", 2): lambda body: {"contact": body["id"]},
    }
    monkeypatch.setattr(codec, "UPCASTERS", steps)
    monkeypatch.setattr(codec, "VERSIONS", {"contact.left": 3})
    read = [
        codec.decode("contact.left", version, body, str)
        for version, body in ((1, b'{"who": "c1"}'), (2, b'{"id": "c1"}'), (3, b'{"contact": "c1"}'))
    ]
    assert ["c1"] * 3 == [event.contact for event in read]


def test_every_old_version_can_be_lifted() -> None:
    """There is a step from each version of a kind to the next."""
    needed = {(kind, version) for kind, current in codec.VERSIONS.items() for version in range(1, current)}
    assert needed == {*codec.UPCASTERS}


def test_a_board_comes_back_byte_by_byte() -> None:
    """A snapshot read and written again is the same; it holds tokens where the board holds values."""
    story = Story(busy_plan())
    story.take(1, AgentStateSet("ann", "ready", "", 60 * S), ContactArrived("c1", "100", "666", personal=True))
    story.take(2, ContactKeyed("c1", "66"))
    written = codec.dump_board(story.engine.board, sealed)
    assert b"66" not in written
    assert dump(story.engine.board) == dump(codec.load_board(written, story.engine.plans, unsealed))


def test_customers_and_cases_come_back() -> None:
    """Whose case is the newest is known again after a restart."""
    story = Story(plan())
    board = story.engine.board
    for number, customer in enumerate(("666", "666", "")):
        board.floor.arrive(Contact(f"c{number}", "voice", "line", "care", "en", 0))
        board.apply(CaseOpened(f"case-{number}", f"c{number}", "matter", "team", "", "", 9, 9, customer), 1)
    again = codec.load_board(codec.dump_board(board, sealed), story.engine.plans, unsealed)
    assert again.desk.cases["case-1"] == again.desk.newest("666")
    assert again.desk.newest("") is None
    assert dump(board) == dump(again)


def test_a_damaged_snapshot_says_so() -> None:
    """A snapshot that cannot be read is the journal's fault, in one line."""
    with pytest.raises(JournalFault, match="the snapshot cannot be read"):
        codec.load_board(b"{}", {}, str)
    with pytest.raises(JournalFault, match="the plan 'v1' in the journal cannot be read"):
        codec.load_plan(b"{}", "v1")


def test_a_plan_comes_back_as_it_was() -> None:
    """A plan survives writing and reading, and two writings are equal byte by byte."""
    written = codec.dump_plan(busy_plan())
    assert busy_plan() == codec.load_plan(written, "v1")
    assert written == codec.dump_plan(codec.load_plan(written, "v1"))


def test_an_offer_holds_what_the_agent_needs_and_no_more() -> None:
    """A personal value on an agent's screen is a token wherever the offer is written."""
    offer = OfferContact(1, "c1", "ann", "help", "en", 9, 0, 0, 0, 1, (), "666")
    assert "person-3" == json.loads(codec.encode(offer, sealed))["customer"]
