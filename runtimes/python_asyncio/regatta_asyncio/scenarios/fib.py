"""Fibonacci by fork and join: each call starts one half as a task and computes the other."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


@dataclass
class Fib(Scenario):
    n: int = 20

    def check(self) -> None:
        if self.n > 40:
            raise ValueError("n must be at most 40")

    def operations(self) -> int:
        """The calls, of which a good half are in tasks of their own."""
        number, following = 1, 1  # Of 1 and of 2.
        for _ in range(self.n):
            number, following = following, number + following
        return 2 * number - 1

    async def run(self, latency: Recorder) -> int:
        return await _number(self.n)


async def _number(n: int) -> int:
    if n < 2:
        return n
    forked = asyncio.create_task(_number(n - 1))
    two_before = await _number(n - 2)
    return await forked + two_before
