"""Short operations, one after the other, each with a limit of a second."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario, require_asyncio


@dataclass
class Timeout(Scenario):
    operations_: int = 10_000
    body: str = choice("ready", "yield")

    def check(self) -> None:
        if self.operations_ == 0:
            raise ValueError("operations must be at least 1")
        require_asyncio("timeout", since="3.11")

    def operations(self) -> int:
        return self.operations_

    async def run(self, latency: Recorder) -> int:
        in_time = 0
        for i in range(self.operations_):
            try:
                async with asyncio.timeout(1):
                    in_time += await self._operation(i)
            except TimeoutError:
                pass  # It does not count.
        return in_time

    async def _operation(self, index: int) -> int:
        if self.body == "yield":
            await asyncio.sleep(0)
        return index
