"""Echo over loopback TCP, timed while the clients talk."""

from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.clients import connected, talk
from regatta_asyncio.scenarios.scenario import Scenario, require_descriptors
from regatta_asyncio.scenarios.server import Server, echo


@dataclass
class Echo(Scenario):
    connections: int = 64
    message_bytes: int = 64
    round_trips: int = 30

    times_a_part = True  # While the clients talk, all of them connected.

    def check(self) -> None:
        if 0 in (self.connections, self.message_bytes, self.round_trips):
            raise ValueError("connections, message_bytes and round_trips must be at least 1")
        require_descriptors(2 * self.connections)

    def operations(self) -> int:
        return self.connections * self.round_trips

    async def run(self, latency: Recorder) -> int:
        server = Server(echo)
        await server.start()
        try:
            async with connected(server.address, self.connections) as connections:
                latency.clock.start()
                right_bytes = await talk(connections, self.message_bytes, self.round_trips, latency)
                latency.clock.stop()
                return right_bytes
        finally:
            await server.stop()
