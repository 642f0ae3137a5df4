"""The event contract for those who send: what is read, and what is refused and how."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import codec, contract
from router.contract import Command, Malformed, Question, topics
from router.contract.announcing import rfc3339
from router.contract.describing import topic
from router.contract.inputs import INPUTS
from router.contract.messages import Channel, Message, messages
from router.contract.reading import PAYLOAD_BYTES_MAX
from router.events import EVENTS, FACTS, CentreStarted, ContactArrived

NOW = 1_767_575_700_000
SECRET = "739182"  # noqa: S105 - a customer's, made up
MESSAGES = messages()
TAKEN = [message for message in MESSAGES if message.channel == "in"]
FACTS_TAKEN = [message for message in TAKEN if message.kind != "snapshot.requested"]


def kind_of(message: Message) -> str:
    """Name a test case after its message."""
    return message.kind


def keyed(**changed: Any) -> dict[str, Any]:
    """An input that is right, but for what is changed in it. `...` leaves an attribute out."""
    event = {
        "specversion": "1.0",
        "id": "7c1e",
        "source": "pbx",
        "type": "contact.keyed",
        "data": {"contact": "call-17", "digits": SECRET},
    }
    return {name: value for name, value in (event | changed).items() if value is not ...}


def encoded(event: Any) -> bytes:
    """What a sender would send."""
    return json.dumps(event).encode()


def fault_of(payload: bytes, participant: str = "pbx") -> Malformed:
    """The fault found in a payload, which must have one."""
    with pytest.raises(Malformed) as caught:
        contract.read(participant, payload)
    return caught.value


def reason_for(event: Any) -> str:
    """Why an event is refused."""
    return fault_of(encoded(event)).reason


# --- reading ------------------------------------------------------------------------------------------------------


def test_every_fact_may_be_sent_but_the_start_of_the_centre() -> None:
    """Inputs are the facts of the engine, without the one that the service states itself, and the one question."""
    assert {fact.kind for fact in FACTS if fact is not CentreStarted} | {"snapshot.requested"} == set(INPUTS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("message", FACTS_TAKEN, ids=kind_of)
def test_a_fact_comes_out_as_it_went_in(message: Message) -> None:
    """Reading an input gives the very fact that it holds, with its sender, id, place and time."""
    known = INPUTS[message.kind]
    expected = known.fact(**message.example["data"])
    command = contract.read("pbx", encoded(message.example))
    counted = f"{known.subject}/{message.example['subject']}"
    assert command == Command("pbx", "7c1e", 1, rfc3339(NOW), counted, expected)


@pytest.mark.parametrize("message", FACTS_TAKEN, ids=kind_of)
def test_what_may_be_left_out_may_be_left_out(message: Message) -> None:
    """An input needs no more than its required attributes and fields; the rest has the fact's own defaults."""
    required = message.data.get("required", [])
    data = {name: message.example["data"][name] for name in required}
    command = contract.read("pbx", encoded(keyed(type=message.kind, data=data)))
    assert isinstance(command, Command)
    assert (None, "", INPUTS[message.kind].fact(**data)) == (command.sequence, command.sent_at, command.fact)


@given(
    contact=st.from_regex(r"[A-Za-z0-9._~-]{1,128}", fullmatch=True),
    dialled=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=254),
    number=st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=254),
    personal=st.booleans(),
)
def test_any_text_of_any_script_is_read_as_it_is(contact: str, dialled: str, number: str, personal: bool) -> None:  # noqa: FBT001
    """Names and addresses of every script go through unchanged."""
    expected = ContactArrived(contact, dialled, number, personal)
    command = contract.read("pbx", encoded(keyed(type="contact.arrived", data=asdict(expected))))
    assert isinstance(command, Command)
    assert expected == command.fact


@pytest.mark.parametrize(
    ("kind", "data", "subject"),
    [
        ("contact.left", {"contact": "c"}, "contact/c"),
        ("contact.wrapped_up", {"agent": "a", "contact": "c", "outcome": "resolved"}, "contact/c"),
        ("agent.alive", {"agent": "a", "lease_ms": 1}, "agent/a"),
        ("case.accepted", {"case": "k"}, "case/k"),
    ],
)
def test_the_subject_is_the_contact_or_else_the_agent_or_the_case(kind: str, data: object, subject: str) -> None:
    """What a sender's numbers count is the contact that an input names, or else its agent or case."""
    command = contract.read("pbx", encoded(keyed(type=kind, data=data)))
    assert isinstance(command, Command)
    assert subject == command.subject


def test_a_snapshot_is_asked_for_with_or_without_empty_data() -> None:
    """The question needs no data, and is no command."""
    expected = Question("pbx", "7c1e")
    assert expected == contract.read("pbx", encoded(keyed(type="snapshot.requested", data=...)))
    assert expected == contract.read("pbx", encoded(keyed(type="snapshot.requested", data={})))


def test_a_null_attribute_is_an_absent_one() -> None:
    """CloudEvents' JSON format lets a sender write null for an attribute that it does not set."""
    nulls = {"time": None, "datacontenttype": None, "subject": None, "sequence": None}
    assert contract.read("pbx", encoded(keyed())) == contract.read("pbx", encoded(keyed(**nulls)))


# --- what is wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "the body is not JSON: see character 1 (line 1, column 1)"),
        (b'{"a":1\n"b":2}', "the body is not JSON: see character 8 (line 2, column 1)"),
        (b'{"id":"\xff"}', "the body is not UTF-8: see byte 8"),
        (b'{"id":"a","id":"b"}', "the body cannot be taken: an object has the same key twice"),
        (b'{"sequence":NaN}', "the body cannot be taken: NaN is no number of JSON"),
        (b'{"sequence":-Infinity}', "the body cannot be taken: -Infinity is no number of JSON"),
        (b'{"sequence":' + b"9" * 5_000 + b"}", "the body has a number of too many digits"),
        (b"[" * 60_000, "the body is nested too deeply: an event is flat"),
        (b" " * (PAYLOAD_BYTES_MAX + 1), "the body has 65,537 bytes: at most 65,536 are taken"),
        (b'"hello"', "the body is not a JSON object, which a CloudEvent in structured mode is"),
        (b"{}", '`specversion` is not "1.0": every body is one CloudEvent 1.0 in structured mode'),
    ],
    ids=[
        "empty", "broken", "no UTF-8", "key twice", "NaN", "infinite", "many digits", "deep", "too big", "no object",
        "no event",
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_with_its_place(payload: bytes, reason: str) -> None:
    """A body that is no CloudEvent is refused, and the reason says where to look."""
    assert reason == fault_of(payload).reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"specversion": "0.3"}, "`specversion`: should be '1.0'"),
        ({"type": ...}, "`type` is missing or no text: it names the kind of event, such as `contact.arrived`"),
        ({"type": ["a"]}, "`type` is missing or no text: it names the kind of event, such as `contact.arrived`"),
        ({"type": "contact.keyd"}, "`type` is no kind of input: did you mean `contact.keyed`?"),
        ({"type": "weather"}, "`type` is no kind of input"),
        ({"type": "x" * 60_000}, "`type` is no kind of input"),
        ({"type": "offer"}, "`offer` is announced by the engine, and not taken by it"),
        ({"id": ...}, "`id` is missing"),
        ({"id": "a b"}, "`id` does not match ^[A-Za-z0-9._~-]{1,128}$"),
        ({"source": "desk"}, "`source` is not the participant that the topic names"),
        ({"subject": "call-18"}, "`subject` is not what `data.contact` names; it may be left out"),
        ({"sequence": 0}, "`sequence`: should be greater than or equal to 1"),
        ({"sequence": "1"}, "`sequence`: should be a valid integer"),
        ({"sequence": True}, "`sequence`: should be a valid integer"),
        ({"sequence": 1.0}, "`sequence`: should be a valid integer"),
        ({"datacontenttype": "text/xml"}, "`datacontenttype`: should be 'application/json'"),
        ({"sequnce": 1}, "the event has a field that `contact.keyed` does not know: did you mean `sequence`?"),
        ({"\ud800": 1}, "the event holds no proper text: half of a surrogate pair"),
        ({"data": ...}, "`data` is missing"),
        ({"data": {"contact": "\ud800", "digits": "1"}}, "data.contact holds no proper text: half of a surrogate pair"),
        ({"data": SECRET}, "`data` is not an object"),
        ({"data": {"contact": "call-17"}}, "`data.digits` is missing"),
        ({"data": {"contact": "a/b", "digits": "1"}}, "`data.contact` does not match ^[A-Za-z0-9._~-]{1,128}$"),
        ({"data": {"contact": "a", "digits": int(SECRET)}}, "`data.digits`: should be a valid string"),
        ({"data": {"contact": "a", "digits": "4 2"}}, "`data.digits` does not match ^[0-9*#]{1,32}$"),
        (
            {"data": {"contact": "a", "digit": "1"}},
            "`data.digits` is missing; `data` has a field that `contact.keyed` does not know: did you mean `digits`?",
        ),
        (
            {"data": {str(n): n for n in range(10)}},
            (
                "`data.contact` is missing; `data.digits` is missing; "
                "`data` has a field that `contact.keyed` does not know; and 9 more"
            ),
        ),
        (
            {"type": "case.resolved", "data": {"worker": "a b"}},
            "`data.case` is missing; `data.worker` does not match ^([A-Za-z0-9._~-]{1,64})?$",
        ),
        (
            {"type": "agent.state", "data": {"agent": "a", "state": "idle"}},
            "`data.state`: should be 'ready', 'paused' or 'offline'",
        ),
        (
            {"type": "agent.alive", "data": {"agent": "a", "lease_ms": 86_400_001}},
            "`data.lease_ms`: should be less than or equal to 86400000",
        ),
        (
            {"type": "prompt.finished", "data": {"contact": "a", "say": 2**53}},
            "`data.say`: should be less than or equal to 9007199254740991",
        ),
        (
            {"type": "snapshot.requested", "data": {}, "subject": "x"},
            "`subject` must be left out: `snapshot.requested` has none",
        ),
    ],
)  # fmt: skip
def test_an_event_that_is_wrong_is_refused_with_what_is_wrong(changed: dict[str, Any], reason: str) -> None:
    """The reason names the field, what it should be, and what was probably meant."""
    assert reason == reason_for(keyed(**changed))


@pytest.mark.parametrize("time", ["yesterday", "2026-01-05", "2026-13-05T01:15:00Z", "2026-01-05T01:15:00", ""])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    """A sender's time is RFC 3339 with its offset, or left out."""
    assert "time" in reason_for(keyed(time=time))


def test_the_topics_used_are_the_topics_described() -> None:
    """Each topic of the reference, with its parameters given, is the one that messages go to."""
    described = {
        channel: topic(channel).format(
            centre="hello", participant="pbx", contact="call-1", agent="mei", case="case-4", type="some.kind"
        )
        for channel in get_args(Channel)
    }
    used = {
        "in": topics.input_topic("hello", "pbx"),
        "contact": topics.output_topic("hello", "contact", "call-1", "some.kind"),
        "agent": topics.output_topic("hello", "agent", "mei", "some.kind"),
        "case": topics.output_topic("hello", "case", "case-4", "some.kind"),
        "centre": topics.output_topic("hello", "centre", "hello", "some.kind"),
        "reply": topics.reply_topic("hello", "pbx"),
        "about": topics.about_topic("hello"),
        "available": topics.available_topic("hello", "pbx"),
    }
    assert described == used
    assert "firstline/v1/hello/in/+" == topics.every_input("hello")
    assert "firstline/v1/hello/out/#" == topics.every_output("hello")


@pytest.mark.parametrize(
    ("participant", "reason"),
    [
        ("engine", "`engine` is the service's own name: a participant needs another one"),
        (
            "a b",
            "the topic's last level names no participant: names have 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -",
        ),
        ("", "the topic's last level names no participant: names have 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -"),
    ],
)
def test_a_topic_that_names_no_participant_is_refused(participant: str, reason: str) -> None:
    """Nobody speaks as the engine, or under a name that cannot stand in a topic."""
    assert reason == fault_of(encoded(keyed(source="engine")), participant).reason


@pytest.mark.parametrize("message", TAKEN, ids=kind_of)
def test_an_unknown_field_is_refused_everywhere(message: Message) -> None:
    """A misspelt field is a fault, and never silently nothing."""
    known = message.example
    for event in (known | {"zz": 1}, known | {"data": known["data"] | {"zz": 1}}):
        assert "has a field that" in reason_for(event)


def test_what_could_be_read_of_a_refused_input_is_told() -> None:
    """The refusal of an input with a readable id can name it, and the dead letter its kind."""
    fault = fault_of(encoded(keyed(sequence=0)))
    assert ("7c1e", "contact.keyed") == (fault.id, fault.kind)
    unreadable = fault_of(encoded(keyed(id="7 c", type="no such")))
    assert ("", "") == (unreadable.id, unreadable.kind)


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([*keyed(), "time", "datacontenttype", "subject", "sequence"])


@given(payload=st.binary(max_size=200), participant=st.text(max_size=8))
def test_any_bytes_are_read_or_refused(payload: bytes, participant: str) -> None:
    """Whatever bytes come in, reading raises `Malformed` or nothing."""
    kept = fault_of(payload, participant).masked
    assert kept == kept.decode().encode()


@given(
    changed=st.dictionaries(NAMES | st.text(max_size=8), JSON_LIKE, max_size=4),
    kind=st.sampled_from([*INPUTS, *EVENTS]),
    inside=st.dictionaries(st.sampled_from(["contact", "agent", "digits", "offer"]) | st.text(max_size=8), JSON_LIKE),
)
def test_any_json_is_read_or_refused(changed: dict[str, Any], kind: str, inside: dict[str, Any]) -> None:
    """Whatever stands in an event, reading gives a command or question, or raises `Malformed` with text to keep."""
    event = keyed(type=kind, data=inside) | changed
    try:
        read: object = contract.read("pbx", encoded(event))
    except Malformed as fault:
        read = fault.masked.decode()
    assert isinstance(read, Command | Question | str)


# --- nothing personal stays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload",
    [
        encoded(keyed(sequence=0)),
        encoded(keyed(source="desk")),
        encoded(keyed(type="contact.keyd")),
        encoded(keyed(type="offer")),
        encoded(keyed(data=SECRET)),
        encoded(keyed(data=int(SECRET))),
        encoded(keyed(data=[SECRET])),
        encoded(keyed(data={"contact": "call", "digit": SECRET})),
        encoded(keyed(data={"contact": "call", "digits": int(SECRET)})),
        encoded(keyed(data={"contact": "call", "digits": [SECRET]})),
        encoded(keyed(data={"contact": [SECRET], "digits": "1"})),
        encoded(keyed(data={"contact": f"my pin is {SECRET}", "digits": "1"})),
        encoded(keyed(data={"contact": "call", SECRET: "digits"})),
        encoded(keyed(digits=SECRET)),
        encoded(keyed(**{SECRET: 1})),
        encoded([SECRET]),
        encoded(SECRET),
        encoded(keyed())[:-1],
        encoded(keyed()) + b",",
        encoded(keyed()).replace(b'"digits"', b'"contact"'),
        encoded(keyed()).replace(b"7c1e", b"\xff"),
        encoded(keyed()).replace(SECRET.encode(), b'"' + SECRET.encode()),
        encoded(keyed(data={"digits": SECRET})) + b" " * PAYLOAD_BYTES_MAX,
    ],
)
def test_nothing_that_is_kept_of_a_refused_input_holds_a_digit_of_a_secret(payload: bytes) -> None:
    """Secret digits are in no part of the refusal, in the dead letter's body or in what a traceback would show."""
    fault = fault_of(payload)
    kept = f"{fault.reason} {fault.masked.decode()} {fault.id} {fault.kind} {fault.args} {fault.__context__}"
    assert not any(SECRET[start : start + 3] in kept for start in range(len(SECRET) - 2))


@given(text=st.text(max_size=100))
def test_no_digit_of_any_script_stays_of_what_cannot_be_read(text: str) -> None:
    """Digits are masked in every script, and so are escapes that would give one."""
    payload = f"{{{text}".encode(errors="replace")
    kept = fault_of(payload).masked.decode()
    assert not any(character.isdigit() for character in kept)


def test_what_cannot_be_read_keeps_its_shape() -> None:
    """The contract's own words and the punctuation stay, so that one sees where the body broke."""
    fault = fault_of(b'{"type":"contact.arrived","data":{"number":"+86 138","name":"Li Mei"')
    assert b'{"type":"contact.arrived","data":{"number":"+** ***","****":"** ***"' == fault.masked


def test_what_can_be_read_keeps_its_public_fields() -> None:
    """A dead letter shows what its sender needs to find the fault, and personal values masked."""
    arrived = {"contact": "call-17", "dialled": "+8621555000", "number": "+8613800138000", "personal": 1}
    fault = fault_of(encoded(keyed(type="contact.arrived", data=arrived)))
    assert arrived | {"number": "***"} == json.loads(fault.masked)["data"]


def test_a_fact_that_is_refused_later_is_kept_without_its_personal_values() -> None:
    """`mask` seals a fact so that none of its personal values stays."""
    arrived = ContactArrived("call-17", "+8621555000", "+8613800138000", personal=True)
    assert replace(arrived, number="***") == ContactArrived(**json.loads(codec.encode(arrived, contract.mask)))
