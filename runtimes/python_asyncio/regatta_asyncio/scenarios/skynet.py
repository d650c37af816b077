"""A tree of tasks that adds up the numbers of its leaves."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


@dataclass
class Skynet(Scenario):
    leaves: int = 1_000_000
    fan_out: int = 10

    def check(self) -> None:
        if self.fan_out < 2:
            raise ValueError("fan_out must be at least 2")
        leaves = self.leaves
        while leaves > 1 and leaves % self.fan_out == 0:
            leaves //= self.fan_out
        if leaves != 1:
            raise ValueError("leaves must be a power of fan_out, such as leaves=1000 fan_out=10")

    def operations(self) -> int:
        return (self.leaves * self.fan_out - 1) // (self.fan_out - 1)

    async def run(self, latency: Recorder) -> int:
        return await self._node(0, self.leaves)

    async def _node(self, first: int, leaves: int) -> int:
        if leaves == 1:
            return first
        share = leaves // self.fan_out
        children = (self._node(first + i * share, share) for i in range(self.fan_out))
        return sum(await asyncio.gather(*children))
