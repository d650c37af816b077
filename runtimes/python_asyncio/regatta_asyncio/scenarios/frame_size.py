"""What tasks take that wait while they hold a buffer, or have just let go of one."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio import process
from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported

_SIZES = (0, 100, 1_024, 65_536)
_WORD_BYTES = 8


@dataclass
class FrameSize(Scenario):
    held: int = 1_024
    where: str = choice("frame", "heap")
    scope: str = choice("open", "closed")
    tasks: int = 1_000

    def check(self) -> None:
        if self.tasks == 0:
            raise ValueError("tasks must be at least 1")
        if self.held not in _SIZES:
            raise ValueError("held must be 0, 100, 1024 or 65536")
        if self.where == "frame":
            raise Unsupported(
                "a frame holds references only, in asyncio's coroutines as in any function: "
                "every buffer is on the heap"
            )

    def operations(self) -> int:
        return self.tasks

    async def run(self, latency: Recorder) -> int:
        end = asyncio.get_running_loop().create_future()
        hold = self._hold if self.scope == "open" else self._hold_before
        before = process.resident_bytes()
        tasks = [asyncio.create_task(hold(i, end)) for i in range(self.tasks)]
        await asyncio.sleep(0)  # All have begun, and wait.
        latency.counts["bytes"] += max(process.resident_bytes() - before, 0)
        end.set_result(None)
        return sum(await asyncio.gather(*tasks))

    async def _hold(self, index: int, end: asyncio.Future[None]) -> int:
        buffer = _written(self.held, index)
        await end
        return _checked(buffer, index)

    async def _hold_before(self, index: int, end: asyncio.Future[None]) -> int:
        buffer = _written(self.held, index)
        checked = _checked(buffer, index)
        del buffer  # Python has no smaller scope than the function.
        await end
        return checked


def _written(held: int, index: int) -> bytearray:
    """Every page of it, with the index over and over."""
    buffer = bytearray(held)
    buffer[:] = _pattern(held, index)
    return buffer


def _checked(buffer: bytearray, index: int) -> int:
    """The index, if that is what was written."""
    if buffer != _pattern(len(buffer), index):
        raise RuntimeError(f"the buffer of task {index} has lost what was written into it")
    return index


def _pattern(size: int, index: int) -> bytes:
    return (index.to_bytes(_WORD_BYTES, "little") * (size // _WORD_BYTES + 1))[:size]
