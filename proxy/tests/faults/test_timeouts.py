"""Time limits: within sensible bounds of what was set, and never early."""

from __future__ import annotations

import time

import pytest
from peers import no_earlier_than

MIB = 1 << 20
# Coarse timers are allowed: a quarter of the time set, and what a busy machine takes.
LATE = 1.5


@pytest.mark.essential
def test_a_client_of_an_upstream_that_does_not_answer_is_reset_in_time(start, peers, patience):
    door = peers.door(backlog=0)
    peers.fill(door)
    proxy = start(peers.address_of(door), "--connect-timeout", "500ms")
    with no_earlier_than(0.5, 0.5 + LATE * patience):
        peers.connect(proxy.address).expect_reset()
    proxy.settle(accepted=1, unreachable=1)


def test_a_unix_socket_whose_backlog_is_full_is_unreachable_in_time(
    start, peers, patience, tmp_path
):
    door = peers.door(f"unix:{tmp_path / 'full'}", backlog=0)
    peers.fill(door)
    proxy = start(peers.address_of(door), "--connect-timeout", "500ms")
    begun = time.monotonic()
    cpu = proxy.cpu_seconds()
    peers.connect(proxy.address).expect_reset()
    assert time.monotonic() - begun < 0.5 + LATE * patience
    assert proxy.cpu_seconds() - cpu < 0.2 * patience, "waiting for a backlog keeps a core busy"
    proxy.settle(accepted=1, unreachable=1)


def test_the_connect_timeout_is_for_all_upstreams_together(start, peers, patience):
    doors = [peers.door(backlog=0) for _ in range(3)]
    for door in doors:
        peers.fill(door)
    proxy = start(*map(peers.address_of, doors), "--connect-timeout", "600ms")
    with no_earlier_than(0.6, 0.6 + LATE * patience):
        peers.connect(proxy.address).expect_reset()
    proxy.settle(accepted=1, unreachable=1)


def test_a_client_that_goes_while_the_upstream_does_not_answer_is_counted_once(start, peers):
    door = peers.door(backlog=0)
    peers.fill(door)
    proxy = start(peers.address_of(door), "--connect-timeout", "300ms")
    client = peers.connect(proxy.address)
    client.reset()
    counts = proxy.settle_any(accepted=1)
    assert counts.unreachable + counts.broken == 1


@pytest.mark.essential
def test_a_connection_that_idles_is_reset_both_ways_in_time(start, peers, patience):
    door = peers.door()
    proxy = start(peers.address_of(door), "--idle-timeout", "500ms")
    client, server = peers.pair(proxy.address, door)
    with no_earlier_than(0.5, 0.5 + LATE * patience):
        client.send(b"last words")
        assert server.receive(10) == b"last words"
        assert client.expect_reset() == b""
        assert server.expect_reset() == b""
    proxy.settle(accepted=1, timed_out=1, bytes_up=10, bytes_down=0)


def test_a_connection_on_which_nobody_ever_spoke_idles_too(start, peers, patience):
    door = peers.door()
    proxy = start(peers.address_of(door), "--idle-timeout", "400ms")
    with no_earlier_than(0.4, 0.4 + LATE * patience):
        client, server = peers.pair(proxy.address, door)
        assert client.expect_reset() == b""
        assert server.expect_reset() == b""
    proxy.settle(accepted=1, timed_out=1)


def test_a_half_closed_connection_idles_too(start, peers, patience):
    door = peers.door()
    proxy = start(peers.address_of(door), "--idle-timeout", "400ms")
    client, server = peers.pair(proxy.address, door)
    with no_earlier_than(0.4, 0.4 + LATE * patience):
        client.send(b"x")
        client.finish()
        assert server.receive_all() == b"x"
        assert client.expect_reset() == b""
    with pytest.raises(OSError):
        for _ in range(1_000):
            server.send(b"late" * 1_000)
    proxy.settle(accepted=1, timed_out=1)


@pytest.mark.parametrize("who", ["client", "server"])
def test_bytes_one_way_keep_a_connection_from_idling(start, peers, who):
    door = peers.door()
    proxy = start(peers.address_of(door), "--idle-timeout", "1s")
    client, server = peers.pair(proxy.address, door)
    speaker, hearer = (client, server) if who == "client" else (server, client)
    # Twice the timeout in all.
    for _ in range(20):
        time.sleep(0.1)
        speaker.send(b"x")
        assert hearer.receive(1) == b"x"
    peers.end_in_order(client, server)
    proxy.settle(accepted=1, completed=1)


@pytest.mark.essential
@pytest.mark.parametrize("who_reads", ["server", "client"])
def test_a_reader_that_takes_nothing_is_reset_in_time(start, peers, patience, who_reads):
    door = peers.door()
    proxy = start(peers.address_of(door), "--stall-timeout", "500ms")
    client, server = peers.pair(proxy.address, door)
    writer, reader = (client, server) if who_reads == "server" else (server, client)
    begun = time.monotonic()
    with pytest.raises(ConnectionError):
        while True:
            last = time.monotonic()
            writer.send(b"y" * 65_536)
    ended = time.monotonic()
    assert ended - begun >= 0.5, "came early"
    assert ended - last <= 0.5 + LATE * patience
    reader.expect_reset()
    proxy.settle(accepted=1, timed_out=1)


def test_a_reader_that_takes_a_little_now_and_then_has_not_stalled(start, peers, patience):
    door = peers.door(receive_buffer=64 * 1024)
    proxy = start(peers.address_of(door), "--stall-timeout", "1s")
    client, server = peers.pair(proxy.address, door)
    client.socket.setblocking(False)
    position = taken = 0
    # More than twice the timeout, at far less than the writer offers.
    for _ in range(25):
        try:
            while True:
                position += client.socket.send(b"z" * 65_536)
        except BlockingIOError:
            pass
        taken += len(server.receive(256 * 1024))
        time.sleep(0.1)
    client.socket.settimeout(10 * patience)
    client.finish()
    assert taken + len(server.receive_all()) == position
    server.finish()
    client.expect_end()
    proxy.settle(accepted=1, completed=1, bytes_up=position)


def test_a_connection_that_idles_has_not_stalled(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door), "--stall-timeout", "200ms")
    client, server = peers.pair(proxy.address, door)
    client.send(b"a")
    assert server.receive(1) == b"a"
    time.sleep(1)
    server.send(b"b")
    assert client.receive(1) == b"b"
    peers.end_in_order(client, server)
    proxy.settle(accepted=1, completed=1)


def test_of_many_connections_exactly_those_that_idle_are_reset(start, make_crowd):
    # A third speaks all the time, a third falls silent, a third comes to its end.
    talking = [step for _ in range(15) for step in (("pause", 0.1), ("send", 10))]
    plans = [
        [("send", 10), *talking, ("finish",)],
        [("send", 10), ("pause", 1e6), ("finish",)],
        [("send", 10), ("finish",)],
    ]
    crowd = make_crowd(lambda number: [("send", 10), ("hear_end",), ("finish",)])
    proxy = start(crowd.open_door(), "--idle-timeout", "700ms")
    for number in range(90):
        crowd.connect(proxy.address, plans[number % 3])
    crowd.run(crowd.are_over)
    for client in crowd.clients:
        expected = "reset" if client.number % 3 == 1 else "end"
        assert client.saw == expected, client
    counts = proxy.settle(accepted=90, completed=60, timed_out=30)
    assert counts.bytes_up == crowd.sent[b"c"]
    assert counts.bytes_down == crowd.sent[b"s"]
