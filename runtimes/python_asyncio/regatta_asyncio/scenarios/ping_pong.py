"""Pairs of tasks that exchange a number over two futures, used once each."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


@dataclass
class PingPong(Scenario):
    pairs: int = 1_000

    def check(self) -> None:
        if self.pairs == 0:
            raise ValueError("pairs must be at least 1")

    def operations(self) -> int:
        return self.pairs

    async def run(self, latency: Recorder) -> int:
        return sum(await asyncio.gather(*(_ping(i) for i in range(self.pairs))))


async def _ping(number: int) -> int:
    loop = asyncio.get_running_loop()
    there = loop.create_future()
    back = loop.create_future()
    partner = asyncio.create_task(_pong(there, back))
    there.set_result(number)
    answer = await back
    await partner
    return answer


async def _pong(question: asyncio.Future[int], answer: asyncio.Future[int]) -> None:
    answer.set_result(await question + 1)
