"""Clients that connect as fast as one server accepts them, which closes each connection at once."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario, require_descriptors
from regatta_asyncio.scenarios.server import Server, reset
from regatta_asyncio.scenarios.work import share_of


@dataclass
class Accept(Scenario):
    connects: int = 10_000
    at_once: int = 100

    def check(self) -> None:
        if self.connects == 0 or self.at_once == 0:
            raise ValueError("connects and at_once must be at least 1")
        # A client may be one connection ahead of the server, which has yet to close its end.
        require_descriptors(4 * self.at_once)

    def operations(self) -> int:
        return self.connects

    async def run(self, latency: Recorder) -> int:
        accepted = 0

        async def turn_away(reader: StreamReader, writer: StreamWriter) -> None:
            nonlocal accepted
            accepted += 1

        server = Server(turn_away)
        await server.start()
        try:
            clients = (self._knock(i, server.address) for i in range(self.at_once))
            turned_away = sum(await asyncio.gather(*clients))
        finally:
            await server.stop()
        if turned_away != accepted:
            raise RuntimeError(f"{turned_away} were turned away, but {accepted} accepted")
        return accepted

    async def _knock(self, client: int, target: tuple[str, int]) -> int:
        """A client: connects, and waits until the server has accepted and closed."""
        mine = share_of(client, self.at_once, self.connects)
        for _ in mine:
            reader, writer = await asyncio.open_connection(*target)
            with contextlib.suppress(ConnectionResetError):
                if await reader.read(1):
                    raise RuntimeError("a server that only closes has sent something")
            reset(writer)
        return len(mine)
