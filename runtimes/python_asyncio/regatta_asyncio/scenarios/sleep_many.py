"""Very many tasks that each sleep once, at once."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


@dataclass
class SleepMany(Scenario):
    tasks: int = 10_000
    delay_us: int = 1_000

    def check(self) -> None:
        if self.tasks == 0:
            raise ValueError("tasks must be at least 1")

    def operations(self) -> int:
        return self.tasks

    async def run(self, latency: Recorder) -> int:
        return sum(await asyncio.gather(*(self._sleep(i) for i in range(self.tasks))))

    async def _sleep(self, index: int) -> int:
        await asyncio.sleep(self.delay_us / 1e6)
        return index
