"""A pipeline of tasks over bounded queues: producer, stages, consumer."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.work import Tally, sum_of_all

Elements = asyncio.Queue[int | None]  # None: there will be no more.


@dataclass
class Stream(Scenario):
    stages: int = 1
    elements: int = 10_000
    capacity: int = 64

    def check(self) -> None:
        if self.elements == 0 or self.capacity == 0:
            raise ValueError("elements and capacity must be at least 1")

    def operations(self) -> int:
        return self.elements

    async def run(self, latency: Recorder) -> int:
        channels: list[Elements] = [asyncio.Queue(self.capacity) for _ in range(self.stages + 1)]
        consumer = asyncio.create_task(_consume(channels[-1]))
        await asyncio.gather(
            self._produce(channels[0]),
            *(_stage(source, target) for source, target in zip(channels, channels[1:])),
        )
        return sum_of_all([await consumer], self.elements)

    async def _produce(self, target: Elements) -> None:
        for element in range(self.elements):
            await target.put(element)
        await target.put(None)


async def _stage(source: Elements, target: Elements) -> None:
    while (element := await source.get()) is not None:
        await target.put(element + 1)
    await target.put(None)


async def _consume(source: Elements) -> Tally:
    received = Tally()
    while (element := await source.get()) is not None:
        received.add(element)
    return received
