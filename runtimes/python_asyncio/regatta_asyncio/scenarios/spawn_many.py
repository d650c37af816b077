"""Tasks that nobody joins, as fast as they can be started: by a task, or by another thread."""

import asyncio
from dataclasses import dataclass
from typing import Any

from regatta_asyncio import outsider
from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario, require_turns_for_other_threads
from regatta_asyncio.scenarios.work import Hogs


@dataclass
class SpawnMany(Scenario):
    tasks: int = 10_000
    from_: str = choice("worker", "outside_idle", "outside_busy")

    def check(self) -> None:
        if self.tasks == 0:
            raise ValueError("tasks must be at least 1")

    def operations(self) -> int:
        return self.tasks

    async def run(self, latency: Recorder) -> int:
        if self.from_ == "worker":
            return await asyncio.create_task(self._spawn())
        if self.from_ == "outside_idle":
            return await self._spawn_from_outside()
        require_turns_for_other_threads()
        async with Hogs(4, steps=10_000):
            return await self._spawn_from_outside()

    async def _spawn(self) -> int:
        roll = _Roll(self.tasks)
        # The loop has weak references only, and asyncio's documentation says to keep tasks like so.
        background: set[asyncio.Task[Any]] = set()
        for i in range(self.tasks):
            task = asyncio.create_task(roll.report(i))
            background.add(task)
            task.add_done_callback(background.discard)
        return await roll.complete

    async def _spawn_from_outside(self) -> int:
        roll = _Roll(self.tasks)
        loop = asyncio.get_running_loop()

        def spawn() -> None:
            for i in range(self.tasks):
                asyncio.run_coroutine_threadsafe(roll.report(i), loop)

        await outsider.call(spawn)
        return await roll.complete


class _Roll:
    """Where the tasks report."""

    def __init__(self, tasks: int) -> None:
        self.complete: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._missing = tasks
        self._sum = 0

    async def report(self, index: int) -> None:
        self._sum += index
        self._missing -= 1
        if self._missing == 0:
            self.complete.set_result(self._sum)
