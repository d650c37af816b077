"""Many tasks at once, and their answers together.

In the order in which they were started, or (spawn_set) as they come.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from regatta_asyncio import outsider
from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import NO_TASK_WITHIN_A_TASK, Scenario, Unsupported

_LETTERS_WAITING = 100


@dataclass
class Spawn(Scenario):
    style: str = choice("spawn", "unordered_set", "spawn_set")
    tasks: int = 10_000
    body: str = choice("ready", "yield", "sleep", "receive")
    from_: str = choice("worker", "external", "block_on")

    def check(self) -> None:
        if self.tasks == 0:
            raise ValueError("tasks must be at least 1")
        if self.style == "unordered_set":
            raise Unsupported(NO_TASK_WITHIN_A_TASK)

    def operations(self) -> int:
        return self.tasks

    async def run(self, latency: Recorder) -> int:
        mail: asyncio.Queue[int] = asyncio.Queue(_LETTERS_WAITING)
        if self.body != "receive":
            return await self._started(mail)
        postman = asyncio.create_task(self._deliver(mail))
        answer = await self._started(mail)
        await postman
        return answer

    async def _started(self, mail: asyncio.Queue[int]) -> int:
        if self.from_ == "block_on":
            return await self._parent(mail)
        if self.from_ == "worker":
            return await asyncio.create_task(self._parent(mail))
        return await self._joined(await self._spawned_from_outside(mail))

    async def _parent(self, mail: asyncio.Queue[int]) -> int:
        return await self._joined(
            [asyncio.create_task(self._child(i, mail)) for i in range(self.tasks)]
        )

    async def _spawned_from_outside(self, mail: asyncio.Queue[int]) -> list[Awaitable[int]]:
        loop = asyncio.get_running_loop()
        children = await outsider.call(
            lambda: [
                asyncio.run_coroutine_threadsafe(self._child(i, mail), loop)
                for i in range(self.tasks)
            ]
        )
        return [asyncio.wrap_future(child) for child in children]

    async def _joined(self, children: list[Awaitable[int]]) -> int:
        if self.style == "spawn":
            return sum(await asyncio.gather(*children))
        total = 0
        for answer in asyncio.as_completed(children):
            total += await answer
        return total

    async def _child(self, index: int, mail: asyncio.Queue[int]) -> int:
        if self.body == "yield":
            await asyncio.sleep(0)
        elif self.body == "sleep":
            await asyncio.sleep(0.001)
        elif self.body == "receive":
            return await mail.get()
        return index

    async def _deliver(self, mail: asyncio.Queue[int]) -> None:
        for letter in range(self.tasks):
            await mail.put(letter)
