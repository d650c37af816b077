"""A reader that stops stops its writer, and the memory between them stays bounded."""

from __future__ import annotations

import select
import socket
import time

import pytest
from streams import CLIENT, said

MIB = 1 << 20
# More than all socket buffers on the way take.
OFFERED = 128 * MIB
WARMTH = 8 * MIB
# For two buffers of 16 KiB and what the allocator holds; 64 MiB and more were offered.
MOST_GROWTH = 1 * MIB


def offer_until_it_stops(writer: socket.socket, position: int, offered: int) -> int:
    """Writes until nothing has been taken for a while. Answers how far it came."""
    writer.setblocking(False)
    while position < offered:
        if not select.select([], [writer], [], 0.3)[1]:
            break
        part = said(CLIENT, 1, position, min(256 * 1024, offered - position))
        position += writer.send(part)
    return position


def warm_up(client, server) -> None:
    """What the first bytes cost is not what is measured: some runtimes have a ring of buffers."""
    part = b"warm" * 16 * 1024
    for _ in range(WARMTH // len(part)):
        client.send(part)
        assert server.receive(len(part)) == part
        server.send(part)
        assert client.receive(len(part)) == part
    client.finish()
    server.expect_end()
    server.finish()
    client.expect_end()


def said_whole(count: int) -> bytes:
    parts = range(0, count, MIB)
    return b"".join(said(CLIENT, 1, at, min(MIB, count - at)) for at in parts)


def read_on(writer: socket.socket, reader: socket.socket, position: int, seconds: float) -> None:
    """Both go on to the end; every byte is compared."""
    reader.setblocking(False)
    received = 0
    deadline = time.monotonic() + seconds
    while received < OFFERED:
        assert time.monotonic() < deadline, f"{received:,} of {OFFERED:,} bytes came"
        wants = [writer] if position < OFFERED else []
        readable, writable, _ = select.select([reader], wants, [], 1)
        if readable:
            part = reader.recv(MIB)
            assert part, f"the stream ended after {received:,} bytes"
            assert part == said(CLIENT, 1, received, len(part)), f"wrong after {received:,} bytes"
            received += len(part)
        if writable:
            part = said(CLIENT, 1, position, min(256 * 1024, OFFERED - position))
            position += writer.send(part)


@pytest.mark.parametrize("splice", [(), ("--splice-from", "never")], ids=["splice", "copy"])
@pytest.mark.parametrize("who_reads", ["server", "client"])
@pytest.mark.essential
def test_a_reader_that_stops_stops_its_writer_in_bounded_memory(
    start, peers, patience, leeway, who_reads, splice
):
    door = peers.door(receive_buffer=256 * 1024)
    proxy = start(peers.address_of(door), *splice)
    warm_up(*peers.pair(proxy.address, door))
    client, server = peers.pair(proxy.address, door, receive_buffer=256 * 1024)
    writer, reader = (client, server) if who_reads == "server" else (server, client)
    before = proxy.memory_bytes()

    position = offer_until_it_stops(writer.socket, 0, OFFERED)
    assert position < OFFERED, "the writer was never stopped"
    grown = proxy.memory_bytes() - before
    assert grown < MOST_GROWTH * leeway, f"{grown:,} bytes more, for {position:,} under way"
    cpu = proxy.cpu_seconds()
    assert offer_until_it_stops(writer.socket, position, OFFERED) - position < 4 * MIB
    assert proxy.cpu_seconds() - cpu < 0.1, "a stopped connection keeps a core busy"

    read_on(writer.socket, reader.socket, position, 60 * patience)
    writer.finish()
    reader.socket.setblocking(True)
    reader.expect_end()
    reader.finish()
    writer.socket.setblocking(True)
    writer.expect_end()
    ways = (OFFERED + WARMTH, WARMTH)
    up, down = ways if who_reads == "server" else ways[::-1]
    proxy.settle(accepted=2, completed=2, bytes_up=up, bytes_down=down)


def test_a_hundred_stopped_readers_take_two_buffers_each(start, make_crowd, leeway):
    connections = 100
    server = [("send", 64 * MIB), ("finish",)]
    crowd = make_crowd(lambda number: server)
    proxy = start(crowd.open_door(), "--splice-from", "never")
    crowd.connect(proxy.address, [("send", 100), ("hear", 100), ("reset",)])
    crowd.run(crowd.are_over)
    before = proxy.memory_bytes()
    clients = [
        crowd.connect(proxy.address, [("deaf", 1e6), ("finish",)]) for _ in range(connections)
    ]
    sent = -1

    def all_have_stopped() -> bool:
        nonlocal sent
        if (now := sum(crowd.sent.values())) != sent:
            sent = now
            crowd.run_for(0.3)
            return False
        return len(crowd.servers) == connections + 1

    crowd.run(all_have_stopped, 60)
    grown = proxy.memory_bytes() - before
    assert grown < connections * 48 * 1024 * leeway, f"{grown / connections:,.0f} bytes each"
    # The other way is not held up by the stopped one.
    for client in clients:
        client.break_off()
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.broken == connections + 1
    proxy.settle_with(verdict)


def test_a_stopped_way_does_not_stop_the_other_way(start, peers, patience):
    door = peers.door()
    proxy = start(peers.address_of(door))
    client, server = peers.pair(proxy.address, door)
    position = offer_until_it_stops(client.socket, 0, OFFERED)
    assert position < OFFERED
    client.socket.settimeout(10 * patience)
    for _ in range(50):
        server.send(b"still here")
        assert client.receive(10) == b"still here"
    server.reset()
    client.expect_reset()
    counts = proxy.settle(accepted=1, broken=1, bytes_down=500)
    assert 0 < counts.bytes_up <= position


def test_a_reset_of_a_writer_that_is_not_read_reaches_the_reader_when_it_goes_on(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door))
    client, server = peers.pair(proxy.address, door)
    position = offer_until_it_stops(client.socket, 0, OFFERED)
    assert position < OFFERED
    client.reset()
    heard = server.expect_reset()
    assert heard == said_whole(len(heard)), "what came before the reset is not what was sent"
    proxy.settle(accepted=1, broken=1)
