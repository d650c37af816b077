"""A ring of tasks that pass tokens on, from queue to queue."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario

Hop = asyncio.Queue[int]


@dataclass
class ChannelRing(Scenario):
    tasks: int = 300
    capacity: int = 1
    rounds: int = 300
    tokens: int = 1

    def check(self) -> None:
        if 0 in (self.tasks, self.capacity, self.rounds, self.tokens):
            raise ValueError("tasks, capacity, rounds and tokens must all be at least 1")
        # With more, every queue could be full and every task hold one: then nobody could move.
        if self.tokens > self.tasks:
            raise ValueError("there must not be more tokens than tasks")

    def operations(self) -> int:
        return self.tokens * self.rounds * self.tasks

    async def run(self, latency: Recorder) -> int:
        hops: list[Hop] = [asyncio.Queue(self.capacity) for _ in range(self.tasks)]
        tasks = [
            asyncio.create_task(self._pass_on(hops[i], hops[(i + 1) % self.tasks]))
            for i in range(self.tasks)
        ]
        for _ in range(self.tokens):
            await hops[0].put(0)
        return sum(await asyncio.gather(*tasks))

    async def _pass_on(self, source: Hop, target: Hop) -> int:
        """Answers the hops of those tokens that have gone all their rounds.

        Only the last task sees any.
        """
        finished = 0
        for _ in range(self.rounds * self.tokens):
            hops = await source.get() + 1
            if hops == self.rounds * self.tasks:
                finished += hops
            else:
                await target.put(hops)
        return finished
