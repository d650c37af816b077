"""Buffers for many receivers: a copy for each, or one of which all have a reference."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario

_CAPACITY = 16

# None: there will be no more.
Messages = asyncio.Queue[bytes | bytearray | None]


@dataclass
class Bytes(Scenario):
    receivers: int = 8
    size: int = 4_096
    by: str = choice("copy", "share")
    messages: int = 100

    def check(self) -> None:
        if 0 in (self.receivers, self.size, self.messages):
            raise ValueError("receivers, size and messages must be at least 1")
        copies = self.receivers if self.by == "copy" else 1
        if self.size > (512 << 20) // (min(self.messages, _CAPACITY) * copies):
            raise ValueError("the channels could hold more than 512 MiB")

    def operations(self) -> int:
        return self.messages * self.receivers

    async def run(self, latency: Recorder) -> int:
        channels: list[Messages] = [asyncio.Queue(_CAPACITY) for _ in range(self.receivers)]
        receivers = [asyncio.create_task(self._receive(each)) for each in channels]
        await asyncio.create_task(self._send(channels))
        return sum(await asyncio.gather(*receivers))

    async def _send(self, channels: list[Messages]) -> None:
        for number in range(self.messages):
            message = _message(number, self.size)
            for each in channels:
                # Bytes cannot change, so that bytes(message) would be no copy.
                await each.put(bytearray(message) if self.by == "copy" else message)
        for each in channels:
            await each.put(None)

    async def _receive(self, messages: Messages) -> int:
        received = 0
        total = 0
        while (message := await messages.get()) is not None:
            received += 1
            total += message[0] + message[self.size // 2] + message[-1]
        if received != self.messages:
            raise RuntimeError(f"{self.messages} messages were sent, but {received} received")
        return total


def _message(number: int, size: int) -> bytes:
    """Its bytes repeat after 256: one by one, Python would mostly measure how it makes them."""
    period = bytes((place * 7 + number) & 255 for place in range(min(size, 256)))
    return (period * (size // 256 + 1))[:size]
