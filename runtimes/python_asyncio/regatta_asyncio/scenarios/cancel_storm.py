"""Tasks that give up receiving at the moment when the messages come."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario, require_asyncio
from regatta_asyncio.scenarios.work import Tally, sum_of_all

_PATIENCE_SECONDS = 0.001
_AT_ONCE = 8

Letters = asyncio.Queue[int]


@dataclass
class CancelStorm(Scenario):
    tasks: int = 10_000
    messages: int = 1_000

    def check(self) -> None:
        if self.tasks == 0 or self.messages == 0:
            raise ValueError("there must be a task and a message")
        require_asyncio("timeout", since="3.11")

    def operations(self) -> int:
        return self.tasks

    async def run(self, latency: Recorder) -> int:
        letters: Letters = asyncio.Queue()
        postman = asyncio.create_task(self._deliver(letters))
        answers = await asyncio.gather(*(_wait_for_letter(letters) for _ in range(self.tasks)))
        await postman

        received = Tally()
        for letter in answers:
            if letter is not None:
                received.add(letter)
        latency.counts["received"] += received.messages
        latency.counts["timed_out"] += self.tasks - received.messages
        return sum_of_all([received, _drain(letters)], self.messages)

    async def _deliver(self, letters: Letters) -> None:
        """A few at a time, so that others give up in between."""
        await asyncio.sleep(_PATIENCE_SECONDS)
        for letter in range(self.messages):
            await letters.put(letter)
            if letter % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)


async def _wait_for_letter(letters: Letters) -> int | None:
    """None: there was none in time."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await letters.get()
    except TimeoutError:
        return None


def _drain(letters: Letters) -> Tally:
    left = Tally()
    while not letters.empty():
        left.add(letters.get_nowait())
    return left
