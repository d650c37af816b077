"""9,900 connections held at once, with traffic on each."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from peers import family_and_target
from process import wait_for
from streams import CLIENT, said

CONNECTIONS = 9_900
# Two for each connection, in the proxy; and what a runtime, metrics and log take.
DESCRIPTORS = 2 * CONNECTIONS + 200
MESSAGE = 64
ROUNDS = 3
# What the proxy may hold for one idle connection, all told; buffers are only lent.
MOST_BYTES_EACH = 4 * 1024


@contextlib.contextmanager
def echo_process():
    """The upstream. Answers its address, and after it a list with the most it had at once."""
    peer = subprocess.Popen(
        [sys.executable, Path(__file__).parent / "echo_peer.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    most: list[int] = []
    try:
        yield peer.stdout.readline().strip(), most
        peer.stdin.close()
        most.append(int(peer.stdout.readline()))
    finally:
        peer.kill()
        peer.wait()
        peer.stdout.close()


class Herd:
    """Clients that all say something, and then all hear it."""

    def __init__(self, address: str, seconds: float) -> None:
        self._family, self._target = family_and_target(address)
        self._epoll = select.epoll()
        self._of_descriptor: dict[int, int] = {}
        self._deadline = time.monotonic() + seconds
        self.clients: list[socket.socket] = []

    def grow_to(self, count: int) -> None:
        # Fewer than a backlog takes at once, so that none has to try again.
        while len(self.clients) < count:
            some = range(len(self.clients), min(count, len(self.clients) + 1_000))
            for number in some:
                client = socket.socket(self._family)
                client.connect(self._target)
                client.setblocking(False)
                self.clients.append(client)
                self._of_descriptor[client.fileno()] = number
                self._epoll.register(client, select.EPOLLIN)
            self.speak(some, 0)

    def speak(self, numbers: range, turn: int) -> None:
        """Each says a message of its own, which must come back to it."""
        for number in numbers:
            self.clients[number].send(said(CLIENT, number, turn * MESSAGE, MESSAGE))
        waiting = {number: b"" for number in numbers}
        while waiting:
            assert time.monotonic() < self._deadline, f"{len(waiting)} wait in round {turn}"
            for descriptor, _ in self._epoll.poll(0.1, 1_024):
                number = self._of_descriptor[descriptor]
                heard = self.clients[number].recv(2 * MESSAGE)
                assert heard and number in waiting, f"client {number} heard {heard!r}"
                waiting[number] += heard
                if len(waiting[number]) == MESSAGE:
                    assert waiting.pop(number) == said(CLIENT, number, turn * MESSAGE, MESSAGE)

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self._epoll.close()


def test_9_900_connections_are_held_with_traffic_on_each(start, patience, leeway):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < DESCRIPTORS:
        pytest.skip(f"needs {DESCRIPTORS:,} descriptors a process; ulimit -Hn says {hard:,}")
    with echo_process() as (upstream, most):
        proxy = start(upstream)
        with contextlib.closing(Herd(proxy.address, 40 * patience)) as herd:
            herd.grow_to(900)
            before = proxy.memory_bytes()
            herd.grow_to(CONNECTIONS)
            for turn in range(1, ROUNDS):
                herd.speak(range(CONNECTIONS), turn)
            counts = proxy.counts()
            counts.check()
            assert (counts.active, counts.accepted) == (CONNECTIONS, CONNECTIONS)
            each = (proxy.memory_bytes() - before) / (CONNECTIONS - 900)
            assert each < MOST_BYTES_EACH * leeway, f"{each:,.0f} bytes for a connection"
            wait_for_quiet(proxy, patience)
        total = CONNECTIONS * MESSAGE * ROUNDS
        proxy.settle(
            accepted=CONNECTIONS, completed=CONNECTIONS, bytes_up=total, bytes_down=total
        )
    assert most == [CONNECTIONS]


def wait_for_quiet(proxy, patience: float) -> None:
    """9,900 connections on which nothing happens keep no core busy."""

    def is_quiet() -> bool:
        cpu = proxy.cpu_seconds()
        time.sleep(0.5)
        return proxy.cpu_seconds() - cpu < 0.05

    wait_for(is_quiet, 10 * patience, "idle connections keep the proxy busy")
