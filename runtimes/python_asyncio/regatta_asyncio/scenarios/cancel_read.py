"""A reader that waits for bytes, but never for longer than a millisecond at a time."""

import asyncio
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario, require_asyncio
from regatta_asyncio.scenarios.server import Server, reset

_PATIENCE_SECONDS = 0.001
_BUFFER_BYTES = 64
_PERIOD = bytes((place * 131 + 7) & 255 for place in range(256))


@dataclass
class CancelRead(Scenario):
    chunks: int = 100
    chunk_bytes: int = 100
    pause_us: int = 1_000

    def check(self) -> None:
        if self.chunks == 0 or self.chunk_bytes == 0:
            raise ValueError("chunks and chunk_bytes must be at least 1")
        require_asyncio("timeout", since="3.11")

    def operations(self) -> int:
        return self.chunks

    async def run(self, latency: Recorder) -> int:
        right_bytes: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def read_all(reader: StreamReader, writer: StreamWriter) -> None:
            try:
                right_bytes.set_result(await _read_all(reader, latency))
            except Exception as failure:
                right_bytes.set_exception(failure)
            # So that no port waits in TIME_WAIT for the next run.
            reset(writer)

        server = Server(read_all)
        await server.start()
        try:
            _, writer = await asyncio.open_connection(*server.address)
            await self._write_chunks(writer)
            answer = await right_bytes
            writer.close()
            return answer
        finally:
            await server.stop()

    async def _write_chunks(self, writer: StreamWriter) -> None:
        for i in range(self.chunks):
            writer.write(_bytes_at(i * self.chunk_bytes, self.chunk_bytes))
            await writer.drain()
            await asyncio.sleep(self.pause_us * (50 + i * 37 % 100) / 100 / 1e6)
        writer.write_eof()


async def _read_all(reader: StreamReader, latency: Recorder) -> int:
    """Answers how many bytes were as they were sent, each in its place."""
    place = 0
    right_bytes = 0
    while True:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                data = await reader.read(_BUFFER_BYTES)
        except TimeoutError:
            latency.counts["timeouts"] += 1
            continue
        if not data:
            return right_bytes
        expected = _bytes_at(place, len(data))
        right_bytes += sum(1 for got, sent in zip(data, expected) if got == sent)
        place += len(data)


def _bytes_at(place: int, size: int) -> bytes:
    """They repeat after 256."""
    first = place % len(_PERIOD)
    return (_PERIOD * ((first + size) // len(_PERIOD) + 1))[first : first + size]
