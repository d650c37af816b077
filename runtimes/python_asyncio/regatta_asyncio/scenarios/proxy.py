"""Echo over loopback TCP, direct or through a proxy.

Each client sends a message and waits until all of it has come back (closed loop).
"""

import time
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.clients import connected, talk
from regatta_asyncio.scenarios.scenario import Scenario, require_descriptors
from regatta_asyncio.scenarios.server import Server, echo, forwarder_to


@dataclass
class Proxy(Scenario):
    through: str = choice("direct", "proxy")
    connections: int = 64
    message_bytes: int = 128
    round_trips: int = 30

    def check(self) -> None:
        if 0 in (self.connections, self.message_bytes, self.round_trips):
            raise ValueError("connections, message_bytes and round_trips must be at least 1")
        # Client and echo server have one each; in the proxy there are two more.
        require_descriptors(self.connections * (4 if self.through == "proxy" else 2))

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
        async with connected(target, self.connections) as connections:
            latency.counts["setup_ns"] += time.perf_counter_ns() - begin
            return await talk(connections, self.message_bytes, self.round_trips, latency)
