"""Echo over loopback TCP, direct or through a proxy.

Each client sends a message and waits until all of it has come back (closed loop).
"""

import asyncio
import hashlib
import struct
import time
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass

from regatta_asyncio import process
from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported
from regatta_asyncio.scenarios.server import Server, echo, forwarder_to, reset

_SPARE_DESCRIPTORS = 100  # For the interpreter and the loop.


@dataclass
class Proxy(Scenario):
    through: str = choice("direct", "proxy")
    connections: int = 64
    message_bytes: int = 128
    round_trips: int = 30

    def check(self) -> None:
        if 0 in (self.connections, self.message_bytes, self.round_trips):
            raise ValueError("connections, message_bytes and round_trips must be at least 1")
        # Without enough, clients would wait for ever for a server that cannot accept them. Client
        # and echo server have one each; in the proxy there are two more.
        needed = self.connections * (4 if self.through == "proxy" else 2) + _SPARE_DESCRIPTORS
        limit = process.descriptor_limit()
        if needed > limit:
            raise Unsupported(
                f"needs {needed} descriptors, and this process may have {limit} (ulimit -Hn): "
                "choose fewer connections"
            )

    def operations(self) -> int:
        return self.connections * self.round_trips

    async def run(self, latency: Recorder) -> int:
        echoing = Server(echo)
        await echoing.start()
        try:
            if self.through == "direct":
                return await self._drive(echoing.address, latency)
            return await self._drive_through_proxy(echoing.address, latency)
        finally:
            await echoing.stop()

    async def _drive_through_proxy(self, target: tuple[str, int], latency: Recorder) -> int:
        relaying = Server(forwarder_to(target))
        await relaying.start()
        try:
            return await self._drive(relaying.address, latency)
        finally:
            await relaying.stop()

    async def _drive(self, target: tuple[str, int], latency: Recorder) -> int:
        """Connects all clients, then lets all begin."""
        begin = time.perf_counter_ns()
        connected = await self._connect(target)
        latency.counts["setup_ns"] += time.perf_counter_ns() - begin
        try:
            clients = (
                self._ask(reader, writer, client, latency)
                for client, (reader, writer) in enumerate(connected)
            )
            return sum(await asyncio.gather(*clients))
        finally:
            for _, writer in connected:
                reset(writer)

    async def _connect(self, target: tuple[str, int]) -> list[tuple[StreamReader, StreamWriter]]:
        """All or none: what was connected when another failed is reset."""
        attempts = await asyncio.gather(
            *(asyncio.open_connection(*target) for _ in range(self.connections)),
            return_exceptions=True,
        )
        failures = [each for each in attempts if isinstance(each, BaseException)]
        connected = [each for each in attempts if not isinstance(each, BaseException)]
        if failures:
            for _, writer in connected:
                reset(writer)
            raise failures[0]
        return connected

    async def _ask(
        self, reader: StreamReader, writer: StreamWriter, client: int, latency: Recorder
    ) -> int:
        """A client. Answers how many bytes came back right."""
        right_bytes = 0
        for trip in range(self.round_trips):
            question = _message(client, trip, self.message_bytes)
            begin = time.perf_counter_ns()
            writer.write(question)
            await writer.drain()
            answer = await reader.readexactly(self.message_bytes)
            latency.record_since(begin)
            if answer == question:
                right_bytes += len(answer)
        reset(writer)
        return right_bytes


def _message(client: int, trip: int, size: int) -> bytes:
    """No two messages are alike, so that one which went astray is noticed."""
    return hashlib.shake_128(struct.pack("<QQ", client, trip)).digest(size)
