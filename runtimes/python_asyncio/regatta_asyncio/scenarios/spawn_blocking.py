"""Empty calls on the event loop's pool of threads, a batch at a time."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


@dataclass
class SpawnBlocking(Scenario):
    batches: int = 100
    batch: int = 16
    submitters: int = 1

    def check(self) -> None:
        if 0 in (self.batches, self.batch, self.submitters):
            raise ValueError("batches, batch and submitters must be at least 1")

    def operations(self) -> int:
        return self.submitters * self.batches * self.batch

    async def run(self, latency: Recorder) -> int:
        return sum(await asyncio.gather(*(self._submit() for _ in range(self.submitters))))

    async def _submit(self) -> int:
        # Not to_thread(), a coroutine: gathered, each would be a task besides.
        loop = asyncio.get_running_loop()
        total = 0
        for _ in range(self.batches):
            calls = (loop.run_in_executor(None, _same, number) for number in range(self.batch))
            total += sum(await asyncio.gather(*calls))
        return total


def _same(number: int) -> int:
    return number
