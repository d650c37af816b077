"""How long a task takes from being woken by another thread to running."""

import asyncio
import threading
import time
from dataclasses import dataclass

from regatta_asyncio import outsider
from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario, require_turns_for_other_threads
from regatta_asyncio.scenarios.work import Hogs

_PATIENCE_SECONDS = 10


@dataclass
class Wake(Scenario):
    wakes: int = 1_000
    state: str = choice("idle", "busy")
    pause_us: int = 100

    def check(self) -> None:
        if self.wakes == 0:
            raise ValueError("wakes must be at least 1")

    def operations(self) -> int:
        return self.wakes

    async def run(self, latency: Recorder) -> int:
        if self.state == "idle":
            return await self._woken_from_outside(latency)
        require_turns_for_other_threads()
        async with Hogs(4, steps=1_000):
            return await self._woken_from_outside(latency)

    async def _woken_from_outside(self, latency: Recorder) -> int:
        bell: asyncio.Queue[int] = asyncio.Queue(1)
        acknowledged = threading.Semaphore(0)
        sleeper = asyncio.create_task(self._count_wakes(bell, acknowledged, latency))
        loop = asyncio.get_running_loop()
        try:
            await outsider.call(lambda: self._ring(bell, acknowledged, loop))
            return await sleeper
        finally:
            sleeper.cancel()

    def _ring(
        self,
        bell: asyncio.Queue[int],
        acknowledged: threading.Semaphore,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Outside. It sleeps where others spin: here that would keep the loop from running."""
        for _ in range(self.wakes):
            time.sleep(self.pause_us / 1e6)
            loop.call_soon_threadsafe(bell.put_nowait, time.perf_counter_ns())
            if not acknowledged.acquire(timeout=_PATIENCE_SECONDS):
                raise RuntimeError("a task that was woken did not run")

    async def _count_wakes(
        self, bell: asyncio.Queue[int], acknowledged: threading.Semaphore, latency: Recorder
    ) -> int:
        woken = 0
        while woken < self.wakes:
            latency.record_since(await bell.get())
            woken += 1
            acknowledged.release()
        return woken
