"""SIGTERM, SIGINT, the deadline, and the second signal."""

from __future__ import annotations

import errno
import signal
import time

import pytest
from process import wait_for

MIB = 1 << 20


@pytest.mark.essential
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_every_byte_of_every_connection_arrives_after_a_signal(start, peers, make_crowd, which):
    connections = 50
    both = [("send", 100_000), ("pause", 0.2), ("send", 2 * MIB), ("hear_end",), ("finish",)]
    one_more = [("send", 100_000), ("pause", 0.2), ("send", 2 * MIB), ("finish",)]
    crowd = make_crowd(lambda number: both)
    proxy = start(crowd.open_door(), "--shutdown-timeout", "2m")
    for _ in range(connections):
        crowd.connect(proxy.address, one_more)

    def all_are_under_way() -> bool:
        ends = [*crowd.clients, *crowd.servers]
        return len(ends) == 2 * connections and all(one.ear.received > 0 for one in ends)

    crowd.run(all_are_under_way)
    address = proxy.address
    proxy.signal(which)
    crowd.run(lambda: not proxy.is_listening(address))
    assert not crowd.are_over(), "all was over before the signal; this test tests nothing"
    assert peers.connect_error(address) == errno.ECONNREFUSED
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.orderly == connections
    assert proxy.wait_for_exit() == 0
    counts = proxy.last_counts()
    assert (counts.accepted, counts.completed) == (connections, connections)
    assert counts.bytes_up == crowd.sent[b"c"]
    assert counts.bytes_down == crowd.sent[b"s"]


@pytest.mark.essential
def test_clients_in_the_backlog_are_served_or_told_when_it_stops(start, make_crowd):
    # SIGTERM comes while clients connect as fast as they can.
    crowd = make_crowd(lambda number: [("hear", 100), ("send", 100), ("hear_end",), ("finish",)])
    proxy = start(crowd.open_door())
    address = proxy.address
    plan = [("send", 100), ("hear", 100), ("finish",)]

    def enough() -> bool:
        for _ in range(20):
            crowd.connect(address, plan)
        return sum(one.saw == "end" for one in crowd.clients) > 200

    crowd.run(enough)
    proxy.signal(signal.SIGTERM)
    crowd.run(lambda: enough() and not proxy.is_listening(address))
    crowd.run(crowd.are_over)
    # Nobody hangs, and whoever was served was served whole.
    for client in crowd.clients:
        assert client.saw in ("end", "reset", "refused"), client
        assert client.saw != "end" or client.ear.received == 100, client
    assert proxy.wait_for_exit() == 0
    counts = proxy.last_counts()
    assert counts.completed == sum(client.saw == "end" for client in crowd.clients)


@pytest.mark.essential
def test_connections_that_do_not_end_are_reset_at_the_deadline(start, peers, patience):
    door = peers.door()
    proxy = start(peers.address_of(door), "--shutdown-timeout", "700ms")
    pairs = [peers.pair(proxy.address, door) for _ in range(10)]
    peers.end_in_order(*pairs[0])
    begun = time.monotonic()
    proxy.signal(signal.SIGTERM)
    for client, server in pairs[1:]:
        client.send(b"still here")
        assert server.receive(10) == b"still here"
    for client, server in pairs[1:]:
        assert client.expect_reset() == b""
        assert server.expect_reset() == b""
    took = time.monotonic() - begun
    assert 0.7 <= took <= 0.7 + 1.5 * patience
    assert proxy.wait_for_exit() == 3
    counts = proxy.last_counts()
    assert (counts.accepted, counts.completed, counts.shut_down) == (10, 1, 9)
    assert (counts.bytes_up, counts.bytes_down) == (90, 0)


def test_the_deadline_also_ends_stalled_connections(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door), "--shutdown-timeout", "300ms")
    client, server = peers.pair(proxy.address, door)
    client.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            client.send(b"y" * 65_536)
    proxy.signal(signal.SIGTERM)
    assert proxy.wait_for_exit() == 3
    server.expect_reset()
    assert proxy.last_counts().shut_down == 1


def test_the_deadline_also_ends_clients_that_wait_for_an_upstream(start, peers):
    door = peers.door(backlog=0)
    peers.fill(door)
    flags = ("--shutdown-timeout", "300ms", "--connect-timeout", "0")
    proxy = start(peers.address_of(door), *flags)
    client = peers.connect(proxy.address)
    wait_for(lambda: proxy.counts().active == 1, 10, "the client is being connected")
    proxy.signal(signal.SIGTERM)
    assert client.expect_reset() == b""
    assert proxy.wait_for_exit() == 3
    counts = proxy.last_counts()
    assert counts.shut_down + counts.unreachable == 1


def test_clients_beyond_the_limit_do_not_keep_it_from_stopping(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door), "--max-connections", "1", "--over-limit", "wait")
    client, server = peers.pair(proxy.address, door)
    waiting = [peers.connect(proxy.address) for _ in range(5)]
    proxy.signal(signal.SIGTERM)
    for one in waiting:
        assert one.expect_reset() == b""
    peers.end_in_order(client, server)
    assert proxy.wait_for_exit() == 0
    assert proxy.last_counts().completed == 1


def test_nobody_served_means_that_it_ends_at_once(start, patience):
    proxy = start("127.0.0.1:9", "--shutdown-timeout", "2m")
    proxy.signal(signal.SIGTERM)
    assert proxy.wait_for_exit(2 * patience) == 0
    assert proxy.last_counts().accepted == 0


@pytest.mark.essential
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_second_signal_ends_it_at_once(start, peers, patience, second):
    door = peers.door()
    proxy = start(peers.address_of(door), "--shutdown-timeout", "2m")
    address = proxy.address
    client, server = peers.pair(address, door)
    proxy.signal(signal.SIGTERM)
    wait_for(lambda: not proxy.is_listening(address), 10 * patience, "no new clients")
    client.send(b"alive")
    assert server.receive(5) == b"alive"
    proxy.signal(second)
    assert proxy.wait_for_exit(2 * patience) == 128 + second
