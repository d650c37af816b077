"""What scenarios compute with."""

import asyncio
from collections.abc import Iterable

_MASK = 2**64 - 1


def compute(steps: int, seed: int = 1) -> int:
    """Does so many dependent multiplications; the answer depends on all of them."""
    state = seed
    for _ in range(steps):
        state = (state * 6364136223846793005 + 1442695040888963407) & _MASK  # Knuth's LCG.
    return state


def sum_of(numbers: Iterable[int]) -> int:
    """In 64 bits, as everybody's."""
    return sum(numbers) & _MASK


class Tally:
    """What a consumer has to tell in the end."""

    def __init__(self) -> None:
        self.messages = 0
        self.sum = 0

    def add(self, number: int) -> None:
        self.messages += 1
        self.sum += number


def sum_of_all(tallies: Iterable[Tally], messages_sent: int) -> int:
    """The sum of the numbers in all messages.

    Fails if there were not as many as were sent: a sum alone would not show that one was lost and
    another came twice.
    """
    tallies = list(tallies)
    received = sum(each.messages for each in tallies)
    if received != messages_sent:
        raise RuntimeError(f"{messages_sent} messages were sent, but {received} received")
    return sum_of(each.sum for each in tallies)


def share_of(producer: int, producers: int, messages: int) -> range:
    """The numbers that one of several producers sends."""
    return range(messages * producer // producers, messages * (producer + 1) // producers)


class Hogs:
    """Tasks that compute and give way, over and over, while the block runs that this is used with.

    In such a block others may find out whether they get their turn.
    """

    def __init__(self, hogs: int, steps: int) -> None:
        self._hogs = hogs
        self._steps = steps  # Between two turns.
        self._is_over = False

    async def __aenter__(self) -> None:
        self._running = [asyncio.create_task(self._hog()) for _ in range(self._hogs)]

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._running)

    async def _hog(self) -> None:
        while not self._is_over:
            compute(self._steps)
            await asyncio.sleep(0)
