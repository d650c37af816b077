"""A ticker beside tasks that block a thread: the event loop's, or one of its pool."""

import asyncio
import time
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.ticker import tick

_BLOCK_SECONDS = 0.02


@dataclass
class Blocking(Scenario):
    how: str = choice("inline", "run_blocking")
    blockers: int = 4
    blocks: int = 2
    ticks: int = 50

    def check(self) -> None:
        if self.ticks == 0:
            raise ValueError("ticks must be at least 1")

    def operations(self) -> int:
        return self.ticks

    async def run(self, latency: Recorder) -> int:
        # The first tick is due from here on, also where blockers let nobody begin to wait for it.
        begin_ns = time.perf_counter_ns()
        return sum(
            await asyncio.gather(
                tick(begin_ns, self.ticks, latency),
                *(self._block() for _ in range(self.blockers)),
            )
        )

    async def _block(self) -> int:
        """Answers how often it has blocked."""
        for _ in range(self.blocks):
            if self.how == "inline":
                time.sleep(_BLOCK_SECONDS)
                await asyncio.sleep(0)
            else:
                await asyncio.to_thread(time.sleep, _BLOCK_SECONDS)
        return self.blocks
