"""One consumer of many queues, which always waits for the first of three."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario

_CAPACITY = 16

Items = asyncio.Queue[int | None]  # None: there will be no more.


@dataclass
class Select(Scenario):
    streams: int = 7
    items: int = 10_000

    def check(self) -> None:
        if self.streams < 2:
            raise ValueError("streams must be at least 2")
        if self.items == 0:
            raise ValueError("items must be at least 1")

    def operations(self) -> int:
        return self.streams * self.items

    async def run(self, latency: Recorder) -> int:
        sources = [_Source(stream) for stream in range(self.streams)]
        producers = [asyncio.create_task(self._produce(each.queue)) for each in sources]
        total = await self._consume(sources)
        await asyncio.gather(*producers)
        return total

    async def _produce(self, items: Items) -> None:
        for item in range(self.items):
            await items.put(item)
        await items.put(None)

    async def _consume(self, open_sources: list["_Source"]) -> int:
        silent: Items = asyncio.Queue()
        total = 0
        turn = 0
        while open_sources:
            pair = [open_sources[(turn + i) % len(open_sources)] for i in range(2)]
            arms = [asyncio.create_task(queue.get()) for queue in (*_queues(pair), silent)]
            done, pending = await asyncio.wait(arms, return_when=asyncio.FIRST_COMPLETED)
            for arm in pending:
                arm.cancel()
            if arms[2] in done:
                raise RuntimeError("the silent channel brought something")
            # Several may have come at once, and what has come must not be lost.
            for source, arm in zip(pair, arms):
                if arm not in done:
                    continue
                item = arm.result()
                if item is None:
                    source.check_end(self.items)
                    open_sources.remove(source)
                else:
                    source.check_order(item)
                    total += item
            turn += 1
        return total


class _Source:
    """A stream that has not ended, and what it must bring next."""

    def __init__(self, stream: int) -> None:
        self.queue: Items = asyncio.Queue(_CAPACITY)
        self._stream = stream
        self._next = 0

    def check_order(self, item: int) -> None:
        if item != self._next:
            raise RuntimeError(f"stream {self._stream} brought {item} instead of {self._next}")
        self._next += 1

    def check_end(self, items: int) -> None:
        if self._next != items:
            raise RuntimeError(f"stream {self._stream} ended too soon")


def _queues(sources: Iterable[_Source]) -> Iterable[Items]:
    return (each.queue for each in sources)
