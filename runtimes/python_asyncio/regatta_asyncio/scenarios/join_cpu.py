"""Children that compute, one after the other or in a task each."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import NO_TASK_WITHIN_A_TASK, Scenario, Unsupported
from regatta_asyncio.scenarios.work import compute, sum_of


@dataclass
class JoinCpu(Scenario):
    style: str = choice("sequential", "join", "spawn")
    width: int = 10
    steps: int = 10_000

    def check(self) -> None:
        if self.width == 0:
            raise ValueError("width must be at least 1")
        if self.style == "join":
            raise Unsupported(NO_TASK_WITHIN_A_TASK)

    def operations(self) -> int:
        return self.width

    async def run(self, latency: Recorder) -> int:
        if self.style == "spawn":
            return sum_of(await asyncio.gather(*(self._child(i) for i in range(self.width))))
        return sum_of([await self._child(i) for i in range(self.width)])

    async def _child(self, index: int) -> int:
        return compute(self.steps, index)
