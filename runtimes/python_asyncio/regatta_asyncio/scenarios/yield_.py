"""Many tasks that do nothing but give way to each other."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


@dataclass
class Yield(Scenario):
    tasks: int = 200
    yields: int = 1_000

    def check(self) -> None:
        """Every size makes sense."""

    def operations(self) -> int:
        return self.tasks * self.yields

    async def run(self, latency: Recorder) -> int:
        return sum(await asyncio.gather(*(self._give_way() for _ in range(self.tasks))))

    async def _give_way(self) -> int:
        yielded = 0
        while yielded < self.yields:
            await asyncio.sleep(0)
            yielded += 1
        return yielded
