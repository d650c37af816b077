"""Tasks that are told to end by an event: from then until all have is timed."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.work import compute

_PATIENCE_SECONDS = 5
_STEPS = 1_000


@dataclass
class Shutdown(Scenario):
    tasks: int = 1_000
    state: str = choice("computing", "waiting")

    times_a_part = True  # From the request to stop until the last one has ended.

    def check(self) -> None:
        if self.tasks == 0:
            raise ValueError("tasks must be at least 1")

    def operations(self) -> int:
        return self.tasks

    async def run(self, latency: Recorder) -> int:
        stop = asyncio.Event()
        silent: asyncio.Queue[int] = asyncio.Queue()
        if self.state == "computing":
            tasks = [asyncio.create_task(_compute(stop)) for _ in range(self.tasks)]
        else:
            tasks = [asyncio.create_task(_wait(stop, silent)) for _ in range(self.tasks)]
        # All begin in the first turn; in the second, what those who wait have started does as well.
        for _ in range(2):
            await asyncio.sleep(0)

        latency.clock.start()
        stop.set()
        ended, abandoned = await asyncio.wait(tasks, timeout=_PATIENCE_SECONDS)
        latency.clock.stop()
        latency.counts["abandoned"] += len(abandoned)
        for each in ended:
            each.result()
        return len(ended)


async def _compute(stop: asyncio.Event) -> None:
    while not stop.is_set():
        compute(_STEPS)
        await asyncio.sleep(0)


async def _wait(stop: asyncio.Event, silent: asyncio.Queue[int]) -> None:
    arms = [asyncio.create_task(stop.wait()), asyncio.create_task(silent.get())]
    _, pending = await asyncio.wait(arms, return_when=asyncio.FIRST_COMPLETED)
    for arm in pending:
        arm.cancel()
