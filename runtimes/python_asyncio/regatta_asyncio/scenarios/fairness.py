"""A ticker beside tasks that compute without an end, and give way in between."""

import asyncio
import time
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.ticker import tick
from regatta_asyncio.scenarios.work import Hogs


@dataclass
class Fairness(Scenario):
    hogs: int = 8
    steps: int = 10_000
    ticks: int = 100

    def check(self) -> None:
        if self.ticks == 0:
            raise ValueError("ticks must be at least 1")

    def operations(self) -> int:
        return self.ticks

    async def run(self, latency: Recorder) -> int:
        async with Hogs(self.hogs, self.steps):
            return await asyncio.create_task(tick(time.perf_counter_ns(), self.ticks, latency))
