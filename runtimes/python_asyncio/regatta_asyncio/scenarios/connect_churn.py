"""Clients that make a connection for each message, and end it with a reset."""

import asyncio
import time
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.clients import exchange, message
from regatta_asyncio.scenarios.scenario import Scenario, require_descriptors
from regatta_asyncio.scenarios.server import Server, echo, reset


@dataclass
class ConnectChurn(Scenario):
    clients: int = 8
    churns: int = 50
    message_bytes: int = 64

    def check(self) -> None:
        if 0 in (self.clients, self.churns, self.message_bytes):
            raise ValueError("clients, churns and message_bytes must be at least 1")
        # A client may be a connection ahead of the server, which has yet to see the last one end.
        require_descriptors(4 * self.clients)

    def operations(self) -> int:
        return self.clients * self.churns

    async def run(self, latency: Recorder) -> int:
        server = Server(echo)
        await server.start()
        try:
            clients = (self._churn(i, server.address, latency) for i in range(self.clients))
            return sum(await asyncio.gather(*clients))
        finally:
            await server.stop()

    async def _churn(self, client: int, target: tuple[str, int], latency: Recorder) -> int:
        """Answers how many of its messages came back right."""
        right = 0
        for trip in range(self.churns):
            question = message(client, trip, self.message_bytes)
            begin = time.perf_counter_ns()
            connection = await asyncio.open_connection(*target)
            answer = await exchange(connection, question)
            reset(connection[1])
            latency.record_since(begin)
            right += answer == question
        return right
