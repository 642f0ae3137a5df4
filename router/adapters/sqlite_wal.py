"""Damage in a journal's write-ahead log, which SQLite passes over in silence.

SQLite replays `FILE-wal` as far as its checksums hold (sqlite.org/fileformat2.html, section 4). Behind a frame that
fails it looks no further, as a frame like that is how a crash ends: so one bit that flipped loses everything after it.
But a crash has an end that can be told. With `synchronous=FULL` the log is on disk before a commit returns, whatever
was grouped into its transaction, and the next one begins after that: a crash, of the process or of the power, tears
*one* transaction, and that is the last. Behind the first bad frame there may thus be a part of that one, in any order
and with its commit, and behind that, leftovers of others that were torn or rolled back in the same place before; of
these, too, each ends with its first commit, as the next one wrote over it from its beginning.

So we look for what no crash leaves: *two* commits behind that place, or one and a bad frame that is another, in frames
of which each follows from the one before. A frame follows if its checksum is what its content makes of the checksum
before it, and such a run can only have been written in one go. A log that was begun again leaves whole transactions of
the log before behind its own, but those have other salts.

A header that fails makes SQLite pass over the whole log. It is synced before any frame is written behind it, and only
after all frames of the log before it were synced into the journal. So a header torn by a crash has behind it the log
before, from its first frame on: it holds a commit, as only such a log is begun again, and nothing that the journal does
not have. Anything else is damage, above all zeros: SQLite never writes any there, and a file that was made longer and
not yet written has its header on disk already. So is a first frame that went with its header, even where the journal
has all that is left: that frame may have been a whole transaction of a log of its own.

One crash is refused without need: a header torn by a second power cut, where the one before it had torn the first
transaction behind it.

What cannot be told from a crash: a last transaction that is damaged; the one before it, if the damage hides its commit
or goes on into the last; and a log that is missing, or ends early, or in zeros.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

HEADER: Final = struct.Struct(">4I8s8s")  # magic, version, page size, count of checkpoints; salts, checksum
FRAME: Final = struct.Struct(">2I8s8s")  # page, pages after the commit or 0; salts, checksum
MAGIC: Final = 0x377F_0682  # and one more if the checksums are made of big-endian words
PAGE_SIZE_AT: Final = 16  # in the journal's own header
PAGE_BYTES_MIN: Final = 512
PAIR_BYTES: Final = 8  # what a step of the checksum takes
BLOCK_FRAMES: Final = 512  # checked side by side: few enough for the processor's cache


class Frame(NamedTuple):
    """The header of a frame, and where its page is in the log."""

    page: int
    pages: int
    salts: bytes
    checksum: bytes
    content_at: int


def damage(path: Path) -> str:
    """What is wrong with the write-ahead log of the journal at `path`, or nothing. Changes nothing and takes no lock.

    A writer may be at work, and a frame be read before it is written and the next one after. It writes them in their
    order, so a second look finds whole whatever had something behind it at the first.
    Takes 0.3 s for 32 MiB, as measured; one that was begun again is summed only as far as it is in use.
    """
    log = path.with_name(f"{path.name}-wal")
    return _finding(log, path) and _finding(log, path)


def _finding(log: Path, path: Path) -> str:
    content = _content(log)
    if len(content) <= HEADER.size or not path.exists():
        return ""
    if not _is_sound(content):
        return "" if _is_all_in(content, path) else f"the header of {log.name} is not as it was written"
    if number := _first_damaged(content):
        return f"frame {number} of {log.name} is not as it was written, and whole transactions follow it"
    return ""


def _content(log: Path) -> bytes:
    """The whole log. A header that changed meanwhile means that it was begun again, and so is the reading."""
    try:
        with log.open("rb") as file:
            while True:
                content = file.read()
                file.seek(0)
                if file.read(HEADER.size) == content[: HEADER.size]:
                    return content
                file.seek(0)
    except FileNotFoundError:  # the last to close a journal removes it, at any moment
        return b""


def _is_sound(content: bytes) -> bool:
    magic, _, _, _, _, checksum = HEADER.unpack_from(content)
    if magic not in (MAGIC, MAGIC + 1):
        return False
    summed = content[: HEADER.size - PAIR_BYTES]
    return _checksums(summed, len(summed), [bytes(PAIR_BYTES)], big=magic > MAGIC) == [checksum]


def _frames(content: bytes, page_bytes: int) -> list[Frame]:
    """All whole frames."""
    length = FRAME.size + page_bytes
    starts = range(HEADER.size, len(content) - length + 1, length)
    return [Frame._make((*FRAME.unpack_from(content, start), start + FRAME.size)) for start in starts]


# A header that fails


def _is_all_in(content: bytes, path: Path) -> bool:
    """Whether what is behind a header that fails is a log that the journal holds all of, as a crash would leave it."""
    with path.open("rb") as journal:
        page_bytes = _page_bytes(journal.read(PAGE_SIZE_AT + 2))
        frames = _frames(content, page_bytes) if page_bytes else []
        if not frames:
            return True  # no room for a commit; or no journal either: told by those who look at it
        follows = _follow_in_either_order(content, page_bytes, frames)
        end = next((at for at, fits in enumerate(follows) if not fits), len(frames))
        committed = _committed(frames[:end])
        if not committed or 0 in committed:  # there is no page 0
            return False
        for page, frame in committed.items():
            journal.seek((page - 1) * page_bytes)
            if journal.read(page_bytes) != content[frame.content_at : frame.content_at + page_bytes]:
                return False
    return _commits_in_a_run(frames[end:], follows[end:], frames[end - 1].salts) <= 1


def _follow_in_either_order(content: bytes, page_bytes: int, frames: Sequence[Frame]) -> list[bool]:
    """Which frames follow from the one before, in the byte order that more of them agree with: the header told which.

    What the first would have to follow from is lost: it is taken to do so.
    """
    before = [bytes(PAIR_BYTES), *(frame.checksum for frame in frames[:-1])]
    either = (_sums(content, page_bytes, before, big=big) for big in (False, True))
    each = [[made == frame.checksum for made, frame in zip(sums, frames, strict=True)] for sums in either]
    return [True, *max(each, key=sum)[1:]]


def _page_bytes(header: bytes) -> int:
    """The page size that a database's header tells; 0 if it is none of those there are."""
    told = int.from_bytes(header[PAGE_SIZE_AT:], "big")
    told = 65_536 if told == 1 else told
    return told if told >= PAGE_BYTES_MIN and told.bit_count() == 1 else 0


def _committed(frames: Sequence[Frame]) -> dict[int, Frame]:
    """The newest frame of each page, as far as the last commit."""
    end = max((at for at, frame in enumerate(frames, 1) if frame.pages), default=0)
    return {frame.page: frame for frame in frames[:end]}


# A frame that fails


def _first_damaged(content: bytes) -> int:
    """The first frame that fails, counted from 1, if that is damage; 0 if nothing fails or a crash explains it."""
    magic, _, page_bytes, _, salts, checksum = HEADER.unpack_from(content)
    frames = _frames(content, page_bytes)
    last = max((at for at, frame in enumerate(frames) if frame.salts == salts), default=-1)
    frames = frames[: last + 1]  # what follows is of logs before
    before = [checksum, *(frame.checksum for frame in frames)]
    sums = _sums(content, page_bytes, before[:-1], big=magic > MAGIC)
    follows = [made == frame.checksum for made, frame in zip(sums, frames, strict=True)]
    whole = (fits and frame.salts == salts for fits, frame in zip(follows, frames, strict=True))
    first = next((at for at, is_whole in enumerate(whole) if not is_whole), None)
    if first is None or first == last:
        return 0
    if not follows[first + 1]:  # unless it follows from what the bad frame's checksum should be
        length = FRAME.size + page_bytes
        start = HEADER.size + (first + 1) * length
        (made,) = _checksums(content[start : start + length], length, [sums[first]], big=magic > MAGIC)
        follows[first + 1] = made == frames[first + 1].checksum
    return first + 1 if _commits_in_a_run(frames[first:], follows[first:], salts) > 1 else 0


def _commits_in_a_run(frames: Sequence[Frame], follows: Sequence[bool], salts: bytes) -> int:
    """The most commits in frames that follow from each other; the first, which is bad, may be the first of a run."""
    most = run = int(any(frame.pages for frame in frames[:1]))
    for frame, fits in zip(frames[1:], follows[1:], strict=True):
        run = (run if fits else 0) + (frame.pages > 0) if frame.salts == salts else 0
        most = max(most, run)
    return most


# Checksums


def _sums(content: bytes, page_bytes: int, before: Sequence[bytes], *, big: bool) -> list[bytes]:
    """What each frame's checksum should be, given the checksum that stands before it."""
    length = FRAME.size + page_bytes
    sums: list[bytes] = []
    for first in range(0, len(before), BLOCK_FRAMES):
        starts = before[first : first + BLOCK_FRAMES]
        begin = HEADER.size + first * length
        sums += _checksums(content[begin : begin + len(starts) * length], length, starts, big=big)
    return sums


def _checksums(content: bytes, length: int, starts: Sequence[bytes], *, big: bool) -> list[bytes]:
    """The checksums of blocks of `length` bytes, of which each begins with its own checksum: all blocks side by side.

    The algorithm is one addition after another (fileformat2, section 4.2), and ten times slower word by word. But each
    block is on its own, so that one addition of long integers serves all: a block has a lane of 64 bits in them, where
    sums of 32 bits have room to carry. A frame's salts and checksum are no part of what is summed.
    """
    words = array("I", content)
    if big:
        words.byteswap()
    pairs = array("Q", words.tobytes())
    low = int.from_bytes((b"\xff" * 4 + bytes(4)) * len(starts), "little")
    swapped = array("Q", b"".join(starts))
    swapped.byteswap()
    both = int.from_bytes(swapped.tobytes(), "little")
    one, two = both >> 32 & low, both & low
    for column in _columns(length):
        pair = int.from_bytes(pairs[column :: length // PAIR_BYTES].tobytes(), "little")
        one = one + two + (pair & low) & low
        two = two + one + (pair >> 32 & low) & low
    lanes = array("Q", (one << 32 | two).to_bytes(PAIR_BYTES * len(starts), "little"))
    lanes.byteswap()
    made = lanes.tobytes()
    return [made[at : at + PAIR_BYTES] for at in range(0, len(made), PAIR_BYTES)]


def _columns(length: int) -> Iterator[int]:
    """Which pairs of a block are summed: all of a log's header, and of a frame those without salts and checksum."""
    if length < FRAME.size + PAGE_BYTES_MIN:
        return iter(range(length // PAIR_BYTES))
    return iter((0, *range(FRAME.size // PAIR_BYTES, length // PAIR_BYTES)))
