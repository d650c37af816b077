"""The parts of a page, fetched one after the other or in a task each."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import NO_TASK_WITHIN_A_TASK, Scenario, Unsupported


@dataclass
class Join(Scenario):
    style: str = choice("sequential", "join", "spawn")
    width: int = 3
    delay_us: int = 1_000
    delays: str = choice("equal", "unequal")

    def check(self) -> None:
        if self.width == 0:
            raise ValueError("width must be at least 1")
        if self.style == "join":
            raise Unsupported(NO_TASK_WITHIN_A_TASK)

    def operations(self) -> int:
        return self.width

    async def run(self, latency: Recorder) -> int:
        fetches = _InFlight()
        if self.style == "spawn":
            return sum(await asyncio.gather(*(self._fetch(i, fetches) for i in range(self.width))))
        page = 0
        for i in range(self.width):
            page += await self._fetch(i, fetches)
        if fetches.most > 1:
            raise RuntimeError("sequential fetches ran at the same time")
        return page

    async def _fetch(self, i: int, fetches: "_InFlight") -> int:
        fetches.begin()
        times = i % 3 + 1 if self.delays == "unequal" else 1
        if self.delay_us > 0:
            await asyncio.sleep(times * self.delay_us / 1e6)
        fetches.end()
        return i


class _InFlight:
    """How many fetches are under way at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def begin(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def end(self) -> None:
        self.now -= 1
