"""Tasks that sleep for some milliseconds: how much too late each wakes."""

import asyncio
import time
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.ticker import sleep_until


@dataclass
class TimerLateness(Scenario):
    sleeps: int = 1_000
    longest_ms: int = 100

    def check(self) -> None:
        if self.sleeps == 0 or self.longest_ms == 0:
            raise ValueError("sleeps and longest_ms must be at least 1")

    def operations(self) -> int:
        return self.sleeps

    async def run(self, latency: Recorder) -> int:
        return sum(await asyncio.gather(*(self._sleep(i, latency) for i in range(self.sleeps))))

    async def _sleep(self, number: int, latency: Recorder) -> int:
        due_ns = time.perf_counter_ns() + (1 + number % self.longest_ms) * 1_000_000
        await sleep_until(due_ns)
        latency.record_since(due_ns)
        return 1
