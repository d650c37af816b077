"""Producers and consumers at full speed on one queue."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice, number_or
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported
from regatta_asyncio.scenarios.work import Tally, share_of, sum_of_all

NO_RENDEZVOUS = "an asyncio.Queue has no rendezvous: capacity must be at least 1"

# A message is so many bytes: its number, and zeros.
Messages = asyncio.Queue[bytes | None]  # None: there will be no more.


@dataclass
class Channel(Scenario):
    capacity: int | str = number_or("unbounded", 100)
    producers: int = 1
    consumers: int = 1
    payload_bytes: int = 8
    receive: str = choice("one", "many")
    messages: int = 5_000

    def check(self) -> None:
        if self.producers == 0 or self.consumers == 0:
            raise ValueError("there must be a producer and a consumer")
        if self.messages == 0:
            raise ValueError("messages must be at least 1")
        if self.payload_bytes not in (8, 512, 32_768):
            raise ValueError("payload_bytes must be 8, 512 or 32768")
        if self._most_in_channel() > (512 << 20) // self.payload_bytes:
            raise ValueError("the channel could hold more than 512 MiB")
        if self._bound == 0:
            raise Unsupported(NO_RENDEZVOUS)
        if self.receive == "many":
            raise Unsupported("an asyncio.Queue hands over one message at a time")

    def _most_in_channel(self) -> int:
        """All messages together, because nobody can tell how far a producer gets ahead."""
        return self.messages if self._bound is None else min(self._bound, self.messages)

    @property
    def _bound(self) -> int | None:
        return None if isinstance(self.capacity, str) else self.capacity

    def operations(self) -> int:
        return self.messages

    async def run(self, latency: Recorder) -> int:
        messages: Messages = asyncio.Queue(self._bound or 0)  # 0: without bounds.
        consumers = [asyncio.create_task(_consume(messages)) for _ in range(self.consumers)]
        await asyncio.gather(*(self._produce(messages, i) for i in range(self.producers)))
        for _ in consumers:
            await messages.put(None)
        return sum_of_all(await asyncio.gather(*consumers), self.messages)

    async def _produce(self, messages: Messages, producer: int) -> None:
        for number in share_of(producer, self.producers, self.messages):
            await messages.put(number.to_bytes(self.payload_bytes, "little"))


async def _consume(messages: Messages) -> Tally:
    received = Tally()
    while (message := await messages.get()) is not None:
        received.add(int.from_bytes(message[:8], "little"))
    return received
