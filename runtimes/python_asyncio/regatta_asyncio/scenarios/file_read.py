"""Blocks of a file read in a random order by some tasks; the loop's pool of threads reads for them.

asyncio has nothing for files, and what there is for it (aiofiles) does the same.
"""

import asyncio
import functools
import os
import sys
import tempfile
import time
from array import array
from dataclasses import dataclass
from typing import IO

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.work import share_of

_MIB = 1 << 20
_WORD_BYTES = 8
_MASK = 2**64 - 1


@dataclass
class FileRead(Scenario):
    file_mib: int = 1_024
    reads: int = 10_000
    depth: int = 1
    block_bytes: int = 4_096

    times_a_part = True  # The reads, and not the making of the file.

    def check(self) -> None:
        if self.reads == 0 or self.depth == 0:
            raise ValueError("reads and depth must be at least 1")
        if not 0 < self.file_mib <= _MIB:
            raise ValueError("file_mib must be 1 to 1048576")
        if self.block_bytes == 0 or self.block_bytes % _WORD_BYTES != 0:
            raise ValueError("block_bytes must be a multiple of 8")
        if self.block_bytes > self.file_mib * _MIB:
            raise ValueError("a block must fit into the file")

    def operations(self) -> int:
        return self.reads

    async def run(self, latency: Recorder) -> int:
        descriptor = _numbers_file(self.file_mib).fileno()
        # Drawn before the clock starts: 64-bit numbers are slow here, and are no part of reading.
        shares = [
            [self._place_of(read) for read in share_of(i, self.depth, self.reads)]
            for i in range(self.depth)
        ]
        latency.clock.start()
        first_words = await asyncio.gather(
            *(self._read(descriptor, places, latency) for places in shares)
        )
        latency.clock.stop()
        return sum(first_words)

    def _place_of(self, read: int) -> int:
        blocks = self.file_mib * _MIB // self.block_bytes
        return splitmix64(read) % blocks * self.block_bytes

    async def _read(self, descriptor: int, places: list[int], latency: Recorder) -> int:
        total = 0
        for place in places:
            begin = time.perf_counter_ns()
            block = await asyncio.to_thread(os.pread, descriptor, self.block_bytes, place)
            latency.record_since(begin)
            if len(block) != self.block_bytes:
                raise RuntimeError("the file ended within a block")
            total += int.from_bytes(block[:_WORD_BYTES], "little")
        return total


def splitmix64(x: int) -> int:
    """The generator of that name (Steele, Lea and Flood 2014) as a function of its state."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & _MASK
    return x ^ x >> 31


@functools.lru_cache(maxsize=1)
def _numbers_file(mib: int) -> IO[bytes]:
    """A file of words of 8 bytes, little-endian, each of which is its own index.

    It has no name, so that it goes with the process; and it is made again only for another size.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is open as long as it is used.
    words = _MIB // _WORD_BYTES
    for first in range(0, mib * words, words):
        chunk = array("Q", range(first, first + words))
        if sys.byteorder == "big":
            chunk.byteswap()
        chunk.tofile(file)
    file.flush()
    return file
