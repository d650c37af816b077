"""Peers of one connection at a time: plain sockets, each call of which has a deadline."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

_LINGER_NOT = struct.pack("ii", 1, 0)
GONE = (errno.ECONNRESET, errno.EPIPE)


def family_and_target(address: str) -> tuple[int, tuple[str, int] | str]:
    """Of an address as the proxy writes it: "127.0.0.1:80", "[::1]:80" or "unix:/path"."""
    if address.startswith("unix:"):
        return socket.AF_UNIX, address[len("unix:") :]
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    return family, (host.strip("[]"), int(port))


def address_of(door: socket.socket) -> str:
    """Where a listening socket is, as the proxy wants it written."""
    if door.family == socket.AF_UNIX:
        return f"unix:{door.getsockname()}"
    host, port = door.getsockname()[:2]
    return f"[{host}]:{port}" if door.family == socket.AF_INET6 else f"{host}:{port}"


def open_door(where: str = "127.0.0.1:0", backlog: int = 4096) -> socket.socket:
    """A listening socket; port 0: the system chooses."""
    family, target = family_and_target(where)
    if family == socket.AF_UNIX:
        door = socket.socket(family, socket.SOCK_STREAM)
        door.bind(target)
    else:
        door = _bind(family, target)
        if target[1] == 0:
            # A port that the system chose is lost when a door no longer listens; one that was asked
            # for is kept. Both are bound for a moment, so that nobody else can get between.
            chosen, door = door, _bind(family, door.getsockname())
            chosen.close()
    door.listen(backlog)
    return door


def _bind(family: int, target: tuple) -> socket.socket:
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(target)
    return door


class Link:
    """One end of one connection. Every call ends within `seconds`, or fails the test."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.socket = connection
        self.socket.settimeout(seconds)
        self.was_reset = False

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def finish(self) -> None:
        """Says that it has written all; reading goes on."""
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self, count: int) -> bytes:
        """Exactly so many bytes."""
        parts = []
        left = count
        while left > 0:
            part = self.socket.recv(min(left, 1 << 20))
            assert part, f"the stream ended {left:,} bytes before {count:,} had come"
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def receive_all(self) -> bytes:
        """All until the peer has finished. A reset is raised as ConnectionResetError."""
        parts = []
        while part := self.socket.recv(1 << 20):
            parts.append(part)
        return b"".join(parts)

    def expect_end(self) -> None:
        rest = self.receive_all()
        assert rest == b"", f"{len(rest):,} bytes came where an orderly end was expected"

    def expect_reset(self) -> bytes:
        """ECONNRESET must come, and no orderly end before it. Answers the bytes that came first."""
        parts = []
        while not self.was_reset:
            try:
                part = self.socket.recv(1 << 20)
            except OSError as error:
                if error.errno not in GONE:
                    raise
                self.was_reset = True
            else:
                assert part, "an orderly end came where a reset was expected"
                parts.append(part)
        return b"".join(parts)

    def is_silent(self) -> bool:
        """Nothing has come: no byte, no end, no reset."""
        return not select.select([self.socket], [], [], 0)[0]

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.socket.close()

    def close(self) -> None:
        self.socket.close()


def set_to_reset(connection: socket.socket) -> None:
    """What is closed after this is reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)


class Peers:
    """Makes the ends that a test talks with, and closes them all after it."""

    def __init__(self, patience: float) -> None:
        self._seconds = 20 * patience
        self._open: list[socket.socket] = []

    address_of = staticmethod(address_of)

    def door(
        self, where: str = "127.0.0.1:0", backlog: int = 4096, receive_buffer: int | None = None
    ) -> socket.socket:
        """Where an upstream listens."""
        door = open_door(where, backlog)
        door.settimeout(self._seconds)
        if receive_buffer is not None:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._open.append(door)
        return door

    def refusing_door(self) -> socket.socket:
        """Nobody listens there, and nobody else can: each connect is refused, until listen()."""
        door = socket.socket()
        door.bind(("127.0.0.1", 0))
        self._open.append(door)
        return door

    def refusing_address(self) -> str:
        return address_of(self.refusing_door())

    @staticmethod
    def refuse_at(door: socket.socket) -> None:
        """No longer listens, and keeps the address; listen() makes it a door again."""
        door.shutdown(socket.SHUT_RDWR)

    def fill(self, door: socket.socket) -> None:
        """Leaves no room in the backlog of a door: who connects after this gets no answer at all."""
        for _ in range(64):
            connection = socket.socket(door.family)
            self.keep(connection)
            connection.setblocking(False)
            error = connection.connect_ex(door.getsockname())
            if error == errno.EAGAIN:
                return  # A Unix socket says so.
            assert error in (0, errno.EINPROGRESS), errno.errorcode[error]
            if not select.select([], [connection], [], 0.1)[1]:
                return  # Loopback answers within microseconds, or not at all.
        raise AssertionError("the backlog never filled up")

    def unix_door(self, folder: Path, name: str = "upstream") -> socket.socket:
        return self.door(f"unix:{folder / name}")

    def keep(self, connection: socket.socket) -> None:
        """Closes it after the test."""
        self._open.append(connection)

    def connect(self, address: str, receive_buffer: int | None = None) -> Link:
        """A client."""
        family, target = family_and_target(address)
        connection = socket.socket(family, socket.SOCK_STREAM)
        self._open.append(connection)
        if receive_buffer is not None:
            # Before connecting, because the window is agreed then.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(self._seconds)
        link = Link(connection, self._seconds)
        try:
            connection.connect(target)
        except ConnectionResetError:
            # It was reset before we could look, so the error came now: see expect_reset().
            link.was_reset = True
            return link
        if family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def connect_error(self, address: str) -> int:
        """The errno of a connect that is expected to fail; 0: it did not."""
        family, target = family_and_target(address)
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._seconds)
            return connection.connect_ex(target)

    def accept(self, door: socket.socket) -> Link:
        """The upstream's end of the next connection."""
        connection, _ = door.accept()
        self._open.append(connection)
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Link(connection, self._seconds)

    def pair(self, address: str, door: socket.socket, **options: int) -> tuple[Link, Link]:
        """A client and the upstream's end that the proxy has joined it with."""
        client = self.connect(address, **options)
        return client, self.accept(door)

    def accept_unless_reset(self, door: socket.socket, client: Link) -> Link | None:
        """The upstream's end, or None when the client was reset instead."""
        if client.was_reset:
            return None
        readable, _, _ = select.select([door, client.socket], [], [], self._seconds)
        assert readable, "the client was neither joined with an upstream nor reset"
        if door in readable:
            return self.accept(door)
        client.expect_reset()
        return None

    @staticmethod
    def end_in_order(client: Link, server: Link) -> None:
        """The client finishes first, and nothing is on its way."""
        client.finish()
        server.expect_end()
        server.finish()
        client.expect_end()

    @staticmethod
    def wait_for_bytes(link: Link) -> None:
        """Until something is there to be read, which stays there."""
        assert link.socket.recv(1, socket.MSG_PEEK)

    def close(self) -> None:
        for one in self._open:
            one.close()


@contextlib.contextmanager
def no_earlier_than(seconds: float, latest: float) -> Iterator[None]:
    """What happens inside must take at least `seconds` and at most `latest`."""
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    assert took >= seconds, f"came after {took:.3f} s, which is early: {seconds:g} s were set"
    assert took <= latest, f"came only after {took:.3f} s; {seconds:g} s were set"
