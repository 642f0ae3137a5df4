"""The bytes of PUBLISH and PUBACK, against MQTT 5 (OASIS, 2019) and against themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.adapters.mqtt_packets import Heard, puback, publish, read_puback, read_publish, split
from router.ports import Publication

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
PUBLICATIONS = st.builds(
    Publication,
    topic=TEXT,
    payload=st.binary(max_size=300),
    retain=st.booleans(),
    properties=st.lists(st.tuples(TEXT, TEXT), max_size=9).map(tuple),
)


def read(received: bytes) -> list[Heard]:
    """All PUBLISH packets of a piece of a stream."""
    return [read_publish(*found) for found in split(bytearray(received))]


def test_publish_is_as_the_standard_draws_it() -> None:
    """Type and flags, length, topic, packet id, properties, payload (3.3); retained is the lowest bit."""
    publication = Publication("a/b", b"xyz", properties=(("k", "v"),))
    body = b"\x00\x03a/b" + b"\x00\x0a" + b"\x07" + b"\x26\x00\x01k\x00\x01v" + b"xyz"
    assert b"\x32" + bytes([len(body)]) + body == publish(10, publication)
    assert 0x33 == publish(10, Publication("a/b", b"", retain=True))[0]


def test_puback_is_as_the_standard_draws_it() -> None:
    """Two bytes and the packet id (3.4); one that comes may leave out its reason code, and have properties."""
    assert b"\x40\x02\x12\x34" == puback(0x1234)
    assert (0x1234, 0) == read_puback(puback(0x1234))
    assert (1, 0x87) == read_puback(b"\x40\x03\x00\x01\x87")
    assert (1, 0x10) == read_puback(b"\x40\x04\x00\x01\x10\x00")


@given(PUBLICATIONS, st.integers(1, 65_535))
def test_what_is_said_is_heard(publication: Publication, packet: int) -> None:
    """Whatever the text and its length, topic and payload come out as they went in; properties are passed over."""
    assert [Heard(packet, publication.topic, publication.payload)] == read(publish(packet, publication))


@pytest.mark.parametrize("size", [0, 110, 118, 119, 120, 127, 128, 16_370, 16_376, 16_384, 2_097_140, 2_097_152])
def test_lengths_of_one_to_four_bytes(size: int) -> None:
    """A packet on either side of each size at which its length takes another byte (1.5.5) is read whole."""
    payload = bytes(size)
    assert [Heard(1, "t", payload)] == read(publish(1, Publication("t", payload)))


def test_at_most_once_has_no_packet() -> None:
    """What was sent with quality of service 0 has no packet id, and so none to acknowledge."""
    assert [Heard(0, "t", b"xyz")] == read(b"\x30\x07\x00\x01t\x00xyz")


@given(st.lists(PUBLICATIONS, max_size=4), st.data())
def test_pieces_of_any_size_make_the_same_packets(publications: list[Publication], data: st.DataObject) -> None:
    """However the network cuts the stream, the same packets come out, and nothing is left over."""
    stream = b"".join(publish(number, each) for number, each in enumerate(publications, 1))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    buffer, found = bytearray(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        buffer += stream[begin:end]
        found += [read_publish(*each) for each in split(buffer)]
    assert [Heard(number, each.topic, each.payload) for number, each in enumerate(publications, 1)] == found
    assert b"" == buffer


def test_a_length_of_five_bytes_is_no_mqtt() -> None:
    """A stream that cannot be MQTT is an error, rather than waited on for ever."""
    with pytest.raises(ValueError, match="more than four bytes"):
        read(b"\x30\xff\xff\xff\xff\x01")
