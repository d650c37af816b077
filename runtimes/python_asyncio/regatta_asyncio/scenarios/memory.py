"""What tasks that wait for something take, and what is left when they have ended."""

import asyncio
import gc
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass

from regatta_asyncio import process
from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.clients import Connection
from regatta_asyncio.scenarios.scenario import Scenario, require_descriptors
from regatta_asyncio.scenarios.server import Server, reset

_HOUR_SECONDS = 3_600


@dataclass
class Memory(Scenario):
    kind: str = choice("sleep", "receive", "connection")
    tasks: int = 10_000

    def check(self) -> None:
        if self.kind == "connection":
            require_descriptors(2 * self.tasks)

    def operations(self) -> int:
        """The figure is the whole process's."""
        return 1

    async def run(self, latency: Recorder) -> int:
        parked = await self._park(latency)
        gc.collect()  # Until the next collection it would only be garbage.
        latency.counts["held_bytes"] += process.resident_bytes()
        return parked

    async def _park(self, latency: Recorder) -> int:
        if self.kind == "sleep":
            return await self._park_sleepers(latency)
        if self.kind == "receive":
            return await self._park_receivers(latency)
        return await self._park_readers(latency)

    async def _park_sleepers(self, latency: Recorder) -> int:
        room = _WaitingRoom()
        tasks = [asyncio.create_task(_sleep(room)) for _ in range(self.tasks)]
        await room.look(self.tasks, latency)
        for each in tasks:
            each.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(1 for end in ends if isinstance(end, asyncio.CancelledError))

    async def _park_receivers(self, latency: Recorder) -> int:
        room = _WaitingRoom()
        channel: asyncio.Queue[int] = asyncio.Queue()
        tasks = [asyncio.create_task(_receive(room, channel)) for _ in range(self.tasks)]
        await room.look(self.tasks, latency)
        for _ in tasks:
            channel.put_nowait(1)
        return sum(await asyncio.gather(*tasks))

    async def _park_readers(self, latency: Recorder) -> int:
        room = _WaitingRoom()

        async def read(reader: StreamReader, writer: StreamWriter) -> None:
            await _read(room, reader)

        server = Server(read)
        await server.start()
        idle: list[Connection] = []
        try:
            for _ in range(self.tasks):
                idle.append(await asyncio.open_connection(*server.address))
            await room.look(self.tasks, latency)
        finally:
            for _, writer in idle:
                reset(writer)
            await server.stop()
        return room.parked


class _WaitingRoom:
    """Knows how many have parked."""

    def __init__(self) -> None:
        self.parked = 0

    async def look(self, expected: int, latency: Recorder) -> None:
        """Notes what the process takes when as many as expected have parked."""
        while self.parked < expected:
            await asyncio.sleep(0)
        latency.counts["bytes"] += process.resident_bytes()


async def _sleep(room: _WaitingRoom) -> None:
    room.parked += 1
    await asyncio.sleep(_HOUR_SECONDS)


async def _receive(room: _WaitingRoom, channel: asyncio.Queue[int]) -> int:
    room.parked += 1
    return await channel.get()


async def _read(room: _WaitingRoom, reader: StreamReader) -> None:
    room.parked += 1
    try:
        if await reader.read(64):
            raise RuntimeError("a client that sends nothing has sent something")
    except ConnectionResetError:
        pass  # The client has hung up, as it should.
