"""A chain of tasks, each of which starts the next and waits for it."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


@dataclass
class ChainedSpawn(Scenario):
    depth: int = 1_000

    def check(self) -> None:
        if self.depth == 0:
            raise ValueError("depth must be at least 1")

    def operations(self) -> int:
        return self.depth

    async def run(self, latency: Recorder) -> int:
        return await _link(self.depth)


async def _link(tasks_left: int) -> int:
    if tasks_left == 0:
        return 0
    below = asyncio.create_task(_link(tasks_left - 1))
    return await below + 1
