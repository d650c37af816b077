"""What peers say to each other: a stream whose every byte is known from who says it.

A stream begins with eight bytes that name its speaker, so that whoever hears it knows what must
follow, wherever the proxy has taken the connection. All that follows is cut out of one random block.
"""

from __future__ import annotations

import random
import struct

BLOCK_BYTES = 1 << 20
# Three times over, so that every cut of at most a block is one slice.
_BLOCKS = random.Random(20_000).randbytes(BLOCK_BYTES) * 3
HEADER_BYTES = 8
MOST_AT_ONCE = BLOCK_BYTES

CLIENT = b"c"
SERVER = b"s"


def header(side: bytes, number: int) -> bytes:
    return struct.pack(">cxxxI", side, number)


def speaker(heard: bytes) -> tuple[bytes, int]:
    """Who speaks, from the first HEADER_BYTES of a stream."""
    side, number = struct.unpack(">cxxxI", heard)
    return side, number


def said(side: bytes, number: int, position: int, count: int) -> bytes:
    """Bytes [position, position + count) of a stream; at most MOST_AT_ONCE of them."""
    assert 0 <= count <= MOST_AT_ONCE
    if position < HEADER_BYTES:
        begin = header(side, number)[position : position + count]
        return begin + said(side, number, HEADER_BYTES, count - len(begin))
    start = (number * 7_919 + (side == SERVER) * 524_287 + position) % BLOCK_BYTES
    return _BLOCKS[start : start + count]


class Ear:
    """Hears one stream and complains at the first byte that is wrong, lost or out of order."""

    __slots__ = ("received", "side", "number", "_expected_side", "_begin")

    def __init__(self, expected_side: bytes) -> None:
        self.received = 0
        self.side: bytes | None = None
        self.number: int | None = None
        self._expected_side = expected_side
        self._begin = b""

    def hear(self, data: bytes) -> None:
        if self.number is None:
            self._begin += data
            if len(self._begin) < HEADER_BYTES:
                self.received += len(data)
                return
            self.side, self.number = speaker(self._begin[:HEADER_BYTES])
            assert self.side == self._expected_side, f"a stream begins with {self._begin[:8]!r}"
            data = self._begin
            self.received = 0
        for begin in range(0, len(data), MOST_AT_ONCE):
            part = data[begin : begin + MOST_AT_ONCE]
            if part != said(self._expected_side, self.number, self.received, len(part)):
                self._complain(part)
            self.received += len(part)

    def _complain(self, part: bytes) -> None:
        expected = said(self._expected_side, self.number, self.received, len(part))
        first = next(at for at in range(len(part)) if part[at] != expected[at])
        raise AssertionError(
            f"byte {self.received + first:,} of the stream of {self._expected_side!r}"
            f" {self.number} is {part[first]:#04x} and should be {expected[first]:#04x}"
        )
