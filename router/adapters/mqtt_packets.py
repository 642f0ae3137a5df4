"""The two packets that are nearly all there is on a connection of ours, PUBLISH and PUBACK, as bytes.

MQTT 5 (OASIS, 2019): sections 2.1 (fixed header), 1.5.5 (variable byte integer), 3.3 (PUBLISH), 3.4 (PUBACK). Quality
of service is "at least once" in what we say, and that or "at most once" in what we hear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from router.ports import Publication

PUBLISH: Final = 3
PUBACK: Final = 4
PACKET_IDS: Final = 65_535

_PUBLISH_AT_LEAST_ONCE: Final = 0x32
_RETAIN: Final = 0x01
_QUALITY: Final = 0x06
_PUBACK_HEAD: Final = b"\x40\x02"
_USER_PROPERTY: Final = b"\x26"
_SEVEN_BITS: Final = 0x7F
_MORE: Final = 0x80
_LENGTH_BYTES_MAX: Final = 4


class Heard(NamedTuple):
    """A PUBLISH that came: in which packet (0: in none that wants to be acknowledged), on which topic, saying what."""

    packet: int
    topic: str
    payload: bytes


def publish(packet: int, publication: Publication) -> bytes:
    """Encode a PUBLISH with this packet id."""
    properties = b"".join([_beginning(name) + _text(value) for name, value in publication.properties])
    body = b"".join(
        (_text(publication.topic), packet.to_bytes(2), _length(len(properties)), properties, publication.payload)
    )
    first = _PUBLISH_AT_LEAST_ONCE | (_RETAIN if publication.retain else 0)
    return b"%c%b%b" % (first, _length(len(body)), body)


def puback(packet: int) -> bytes:
    """Encode the acknowledgement of a PUBLISH."""
    return _PUBACK_HEAD + packet.to_bytes(2)


def read_publish(packet: bytes, start: int) -> Heard:
    """Decode a PUBLISH whose body begins at `start`. Its properties are passed over: nobody here asks for them."""
    at = start + 2 + int.from_bytes(packet[start : start + 2])
    topic = packet[start + 2 : at].decode()
    number = 0
    if packet[0] & _QUALITY:
        number = int.from_bytes(packet[at : at + 2])
        at += 2
    size, at = _read_length(packet, at)
    return Heard(number, topic, packet[at + size :])


def read_puback(packet: bytes) -> tuple[int, int]:
    """Decode a PUBACK: the packet id, and the reason code, which is left out where it is 0 (3.4.2.1)."""
    return int.from_bytes(packet[2:4]), packet[4] if len(packet) > 4 else 0  # noqa: PLR2004


def split(buffer: bytearray) -> Iterator[tuple[bytes, int]]:
    """Take the whole packets off the front of the buffer: each with the place where its body begins.

    Raises `ValueError` on a length that no packet can have.
    """
    taken, end = 0, len(buffer)
    try:
        while taken + 1 < end:
            size, start = _read_length(buffer, taken + 1)
            if start + size > end:
                break
            packet, begin = bytes(buffer[taken : start + size]), start - taken
            taken = start + size
            yield packet, begin
    except IndexError:  # The length itself is not all there.
        pass
    finally:
        del buffer[:taken]


def _length(number: int) -> bytes:
    """A variable byte integer: seven bits a byte, the lowest first."""
    if number <= _SEVEN_BITS:
        return number.to_bytes()
    encoded = bytearray()
    while number > _SEVEN_BITS:
        encoded.append(number & _SEVEN_BITS | _MORE)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _read_length(data: Sequence[int], at: int) -> tuple[int, int]:
    """A variable byte integer, and where it ends. Raises `IndexError` where it is cut off."""
    number = 0
    for place in range(_LENGTH_BYTES_MAX):
        byte = data[at + place]
        number |= (byte & _SEVEN_BITS) << 7 * place
        if byte < _MORE:
            return number, at + place + 1
    raise ValueError("a length of more than four bytes")


@lru_cache(maxsize=64)
def _beginning(name: str) -> bytes:
    """A user property up to its value. The names are the same in all messages."""
    return _USER_PROPERTY + _text(name)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2) + encoded
