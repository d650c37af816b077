"""The work of another scenario on a number of threads, which can be one only."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.fib import Fib
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported
from regatta_asyncio.scenarios.skynet import Skynet
from regatta_asyncio.scenarios.work import compute


@dataclass
class _Compute(Scenario):
    """Tasks that have nothing to do with each other."""

    tasks: int = 200
    steps: int = 10_000

    def check(self) -> None:
        """There is one size only."""

    def operations(self) -> int:
        return self.tasks

    async def run(self, latency: Recorder) -> int:
        return sum(await asyncio.gather(*(self._child(i) for i in range(self.tasks))))

    async def _child(self, index: int) -> int:
        compute(self.steps)
        return index


_SUBJECTS: dict[str, Scenario] = {
    "skynet": Skynet(leaves=100_000, fan_out=10),
    "fib": Fib(n=18),
    "compute": _Compute(),
}


@dataclass
class Scaling(Scenario):
    work: str = choice(*_SUBJECTS)
    threads: int = 1

    def check(self) -> None:
        if not 1 <= self.threads <= 1_024:
            raise ValueError("threads must be between 1 and 1024")
        if self.threads > 1:
            raise Unsupported("an event loop of asyncio runs all its tasks on one thread")

    def operations(self) -> int:
        return _SUBJECTS[self.work].operations()

    async def run(self, latency: Recorder) -> int:
        return await _SUBJECTS[self.work].run(latency)
