"""Clients of an echo server, on asyncio's streams.

Each sends a message and waits until all of it has come back before it sends the next (closed loop).
"""

import asyncio
import contextlib
import hashlib
import struct
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.server import reset

Connection = tuple[StreamReader, StreamWriter]


@contextlib.asynccontextmanager
async def connected(target: tuple[str, int], count: int) -> AsyncIterator[list[Connection]]:
    """So many connections, all of which are reset in the end.

    All or none: what was connected when another failed is reset.
    """
    attempts = await asyncio.gather(
        *(asyncio.open_connection(*target) for _ in range(count)), return_exceptions=True
    )
    failures = [each for each in attempts if isinstance(each, BaseException)]
    connections = [each for each in attempts if not isinstance(each, BaseException)]
    try:
        if failures:
            raise failures[0]
        yield connections
    finally:
        for _, writer in connections:
            reset(writer)


async def talk(
    connections: list[Connection], message_bytes: int, round_trips: int, latency: Recorder
) -> int:
    """All clients at once. Answers how many bytes came back right."""
    clients = (
        _ask(connection, client, message_bytes, round_trips, latency)
        for client, connection in enumerate(connections)
    )
    return sum(await asyncio.gather(*clients))


async def _ask(
    connection: Connection, client: int, message_bytes: int, round_trips: int, latency: Recorder
) -> int:
    """A client. Answers how many bytes came back right."""
    right_bytes = 0
    for trip in range(round_trips):
        question = message(client, trip, message_bytes)
        begin = time.perf_counter_ns()
        answer = await exchange(connection, question)
        latency.record_since(begin)
        if answer == question:
            right_bytes += len(answer)
    return right_bytes


async def exchange(connection: Connection, question: bytes) -> bytes:
    """Sends the question, and answers as many bytes as came back."""
    reader, writer = connection
    writer.write(question)
    await writer.drain()
    return await reader.readexactly(len(question))


def message(client: int, trip: int, size: int) -> bytes:
    """No two messages are alike, so that one which went astray is noticed."""
    return hashlib.shake_128(struct.pack("<QQ", client, trip)).digest(size)
