"""A consumer ten times slower than each of its producers.

They wait for room, drop what finds none, leave it with a task of its own (spill), or have a queue
without bounds.
"""

import asyncio
import time
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.channel_latency import Messages, Stamped
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.work import Tally, compute, share_of, sum_of_all


class _WaitingRoom:
    """Counts the parcels that wait, in the queue or for room in it."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def enter(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def leave(self) -> None:
        self.now -= 1


@dataclass
class ChannelBackpressure(Scenario):
    policy: str = choice("wait", "drop", "spill", "unbounded")
    capacity: int = 100
    producers: int = 4
    messages: int = 1_000
    steps: int = 5_000

    def check(self) -> None:
        if self.capacity == 0:
            raise ValueError("capacity must be at least 1")
        if self.producers == 0 or self.messages == 0:
            raise ValueError("there must be a producer and a message")

    def operations(self) -> int:
        return self.messages

    async def run(self, latency: Recorder) -> int:
        parcels: Messages = asyncio.Queue(0 if self.policy == "unbounded" else self.capacity)
        waiting = _WaitingRoom()
        consumer = asyncio.create_task(self._consume(parcels, waiting, latency))
        dropped = await asyncio.gather(
            *(self._produce(parcels, i, waiting) for i in range(self.producers))
        )
        await parcels.put(None)
        received = await consumer

        latency.counts["most_waiting"] += waiting.most
        latency.counts["dropped"] += sum(each.messages for each in dropped)
        return sum_of_all([*dropped, received], self.messages)

    async def _produce(self, parcels: Messages, producer: int, waiting: _WaitingRoom) -> Tally:
        """Answers what it dropped."""
        dropped = Tally()
        spilled: list[asyncio.Task[None]] = []
        for number in share_of(producer, self.producers, self.messages):
            compute(self.steps // 10)
            # Producers that never wait would keep the consumer from the only thread.
            await asyncio.sleep(0)
            parcel = Stamped(number, time.perf_counter_ns())
            waiting.enter()
            if self.policy in ("wait", "unbounded"):
                await parcels.put(parcel)
                continue
            try:
                parcels.put_nowait(parcel)
            except asyncio.QueueFull:
                if self.policy == "drop":
                    waiting.leave()
                    dropped.add(number)
                else:
                    spilled.append(asyncio.create_task(parcels.put(parcel)))
        await asyncio.gather(*spilled)
        return dropped

    async def _consume(self, parcels: Messages, waiting: _WaitingRoom, latency: Recorder) -> Tally:
        received = Tally()
        while (parcel := await parcels.get()) is not None:
            waiting.leave()
            latency.record_since(parcel.sent_ns)
            compute(self.steps)
            received.add(parcel.number)
        return received
