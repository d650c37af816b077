"""The servers of the proxy scenario, on asyncio's streams."""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable

_BACKLOG = 4096
_BUFFER_BYTES = 16 * 1024

Handler = Callable[[StreamReader, StreamWriter], Awaitable[None]]


class Server:
    """Runs a handler for each of its connections, in a task of its own, on loopback."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, host="127.0.0.1", port=0, backlog=_BACKLOG
        )

    @property
    def address(self) -> tuple[str, int]:
        return self._server.sockets[0].getsockname()

    async def stop(self) -> None:
        """Accepts nobody any more, and waits until those who are there have gone."""
        self._server.close()
        await asyncio.gather(*self._running)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "the handler of a connection is a task"
        self._running.add(task)
        try:
            await self._handle(reader, writer)
        finally:
            writer.close()
            self._running.discard(task)


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    """Sends back what it is sent, until the peer has finished or is gone."""
    try:
        while data := await reader.read(_BUFFER_BYTES):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # The peer is gone, which is an end like another.


def forwarder_to(address: tuple[str, int]) -> Handler:
    """A handler that connects each client to that address, and relays between the two."""

    async def forward(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(*address)
        except OSError:
            reset(writer)  # Rather than an end that looks in order.
            return
        await asyncio.gather(
            _carry(reader, upstream_writer, back=writer),
            _carry(upstream_reader, writer, back=upstream_writer),
        )
        upstream_writer.close()

    return forward


async def _carry(source: StreamReader, target: StreamWriter, back: StreamWriter) -> None:
    """Passes on what comes from the source, and then that it has finished.

    `back` writes to where the source reads from. A failure ends both, and their peers learn of it.
    """
    try:
        while data := await source.read(_BUFFER_BYTES):
            target.write(data)
            await target.drain()
        if not target.is_closing():
            target.write_eof()
    except ConnectionError:
        reset(target)
        reset(back)


def reset(writer: StreamWriter) -> None:
    """Ends a connection so that no port waits in TIME_WAIT, and that the peer sees it broken."""
    if writer.is_closing():
        return
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
