"""A parent starts some children and waits for all of them, again and again."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario

_MOST_TASKS = 10_000_000


@dataclass
class FanOut(Scenario):
    children: int = 16
    depth: int = 1
    rounds: int = 100

    def check(self) -> None:
        if 0 in (self.children, self.depth, self.rounds):
            raise ValueError("children, depth and rounds must be at least 1")
        if self._tasks_of_a_round() > _MOST_TASKS:
            raise ValueError("a round would have more than 10,000,000 tasks")

    def _tasks_of_a_round(self) -> int:
        """Counts no further than to a level that has too many."""
        tasks = 0
        level_has = 1
        for _ in range(self.depth):
            level_has *= self.children
            tasks += level_has
            if tasks > _MOST_TASKS:
                break
        return tasks

    def operations(self) -> int:
        return self.rounds * self._tasks_of_a_round()

    async def run(self, latency: Recorder) -> int:
        return sum([await self._leaves_below(self.depth) for _ in range(self.rounds)])

    async def _leaves_below(self, depth: int) -> int:
        if depth == 0:
            return 1
        children = (self._leaves_below(depth - 1) for _ in range(self.children))
        return sum(await asyncio.gather(*children))
