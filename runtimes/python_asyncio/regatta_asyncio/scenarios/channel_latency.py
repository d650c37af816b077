"""How long each message is under way, from before there is room for it."""

import asyncio
import time
from dataclasses import dataclass
from typing import NamedTuple

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.channel import NO_RENDEZVOUS
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported
from regatta_asyncio.scenarios.work import Tally, share_of, sum_of_all


class Stamped(NamedTuple):
    """A message that knows when it was sent."""

    number: int
    sent_ns: int


Messages = asyncio.Queue[Stamped | None]  # None: there will be no more.


@dataclass
class ChannelLatency(Scenario):
    capacity: int = 16
    producers: int = 1
    consumers: int = 1
    messages: int = 5_000

    def check(self) -> None:
        if self.producers == 0 or self.consumers == 0:
            raise ValueError("there must be a producer and a consumer")
        if self.messages == 0:
            raise ValueError("messages must be at least 1")
        if self.capacity == 0:
            raise Unsupported(NO_RENDEZVOUS)

    def operations(self) -> int:
        return self.messages

    async def run(self, latency: Recorder) -> int:
        messages: Messages = asyncio.Queue(self.capacity)
        consumers = [
            asyncio.create_task(_consume(messages, latency)) for _ in range(self.consumers)
        ]
        await asyncio.gather(*(self._produce(messages, i) for i in range(self.producers)))
        for _ in consumers:
            await messages.put(None)
        return sum_of_all(await asyncio.gather(*consumers), self.messages)

    async def _produce(self, messages: Messages, producer: int) -> None:
        for number in share_of(producer, self.producers, self.messages):
            await messages.put(Stamped(number, time.perf_counter_ns()))


async def _consume(messages: Messages, latency: Recorder) -> Tally:
    received = Tally()
    while (message := await messages.get()) is not None:
        latency.record_since(message.sent_ns)
        received.add(message.number)
    return received
