"""Upstreams that refuse, vanish, answer too late; and the choice between several."""

from __future__ import annotations

import collections

import pytest
from peers import GONE
from process import wait_for

MIB = 1 << 20


def failures_of(proxy, upstream: str) -> float:
    return proxy.metrics()[f'regatta_proxy_upstream_failures_total{{upstream="{upstream}"}}']


@pytest.mark.essential
def test_a_client_of_an_upstream_that_refuses_is_reset(start, peers):
    nobody = peers.refusing_address()
    proxy = start(nobody)
    for _ in range(5):
        peers.connect(proxy.address).expect_reset()
    proxy.settle(accepted=5, unreachable=5, bytes_up=0, bytes_down=0)
    assert failures_of(proxy, nobody) >= 1


def test_a_client_of_a_unix_socket_that_is_not_there_is_reset(start, peers, tmp_path):
    proxy = start(f"unix:{tmp_path / 'nobody'}")
    peers.connect(proxy.address).expect_reset()
    proxy.settle(accepted=1, unreachable=1)


def test_an_upstream_that_goes_and_comes_back_is_found_again(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door))
    peers.end_in_order(*peers.pair(proxy.address, door))
    peers.refuse_at(door)
    peers.connect(proxy.address).expect_reset()
    door.listen()
    refused = 1

    def is_served() -> bool:
        nonlocal refused
        client = peers.connect(proxy.address)
        if (server := peers.accept_unless_reset(door, client)) is None:
            refused += 1
            return False
        peers.end_in_order(client, server)
        return True

    wait_for(is_served, 20, "a client of the upstream that is back is served")
    proxy.settle(accepted=refused + 2, completed=2, unreachable=refused)


@pytest.mark.essential
def test_an_upstream_that_vanishes_in_the_middle_of_its_reply_is_seen_as_a_reset(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door))
    client, server = peers.pair(proxy.address, door)
    client.send(b"give me a mebibyte")
    server.receive(18)
    server.send(b"x" * 100_000)
    client.receive(100_000)
    server.reset()
    assert client.expect_reset() == b""
    proxy.settle(accepted=1, broken=1, bytes_up=18, bytes_down=100_000)


def test_an_upstream_that_answers_after_its_client_has_gone_is_told_so(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door))
    client, server = peers.pair(proxy.address, door)
    client.send(b"never mind")
    assert server.receive(10) == b"never mind"
    client.close()
    # To the proxy it looks like a client that has finished, until it is answered.
    server.expect_end()
    with pytest.raises(OSError) as raised:
        for _ in range(1_000_000):
            server.send(b"an answer" * 100)
    assert raised.value.errno in GONE
    proxy.settle(accepted=1, broken=1, bytes_up=10)


# --- Several.


def settle_all(proxy, crowd, **expected):
    verdict = crowd.judge()
    assert verdict.orderly == len(crowd.clients)
    proxy.settle_with(verdict, **expected)


SHORT_CLIENT = [("send", 100), ("hear", 100), ("finish",)]
SHORT_SERVER = [("hear", 100), ("send", 100), ("hear_end",), ("finish",)]


@pytest.mark.essential
def test_round_robin_is_even(start, make_crowd):
    crowd = make_crowd(lambda number: SHORT_SERVER)
    doors = [crowd.open_door(name) for name in "abc"]
    proxy = start(*doors, "--balance", "round_robin")
    for _ in range(300):
        crowd.connect(proxy.address, SHORT_CLIENT)
    crowd.run(crowd.are_over)
    assert crowd.accepted_at == {"a": 100, "b": 100, "c": 100}
    settle_all(proxy, crowd)
    for door in doors:
        assert failures_of(proxy, door) == 0


def test_least_connections_goes_where_fewest_are(start, make_crowd):
    held = [("send", 100), ("hear", 100), ("pause", 1e6), ("finish",)]
    crowd = make_crowd(lambda number: [("send", 100), ("hear_end",), ("finish",)])
    doors = [crowd.open_door(name) for name in "ab"]
    proxy = start(*doors, "--balance", "least_connections")

    def connect_one(plan):
        client = crowd.connect(proxy.address, plan)
        crowd.run(lambda: client.ear.received == 100)
        return client

    holders = [connect_one(held) for _ in range(20)]
    assert crowd.accepted_at == {"a": 10, "b": 10}
    # Whoever goes leaves room at his upstream, and the next one must go there.
    leaving = [one for one in holders if crowd.servers[one.ear.number].door == "a"][:5]
    for one in leaving:
        one.end_pause()
    crowd.run(lambda: all(one.is_over for one in leaving))
    wait_for(lambda: proxy.counts().active == 15, 10, "five have left")
    holders += [connect_one(held) for _ in range(5)]
    assert crowd.accepted_at == {"a": 15, "b": 10}
    gauge = 'regatta_proxy_upstream_connections{{upstream="{}"}}'
    assert [proxy.metrics()[gauge.format(door)] for door in doors] == [10, 10]
    for one in holders:
        if not one.is_over:
            one.end_pause()
    crowd.run(crowd.are_over)
    settle_all(proxy, crowd)
    assert [proxy.metrics()[gauge.format(door)] for door in doors] == [0, 0]


@pytest.mark.essential
@pytest.mark.parametrize("balance", ["round_robin", "least_connections"])
def test_an_upstream_that_refuses_is_skipped_and_no_client_notices(start, peers, make_crowd, balance):
    crowd = make_crowd(lambda number: SHORT_SERVER)
    nobody = peers.refusing_address()
    doors = [crowd.open_door("a"), nobody, crowd.open_door("b")]
    proxy = start(*doors, "--balance", balance)
    for _ in range(200):
        crowd.connect(proxy.address, SHORT_CLIENT)
    crowd.run(crowd.are_over)
    settle_all(proxy, crowd, unreachable=0)
    assert failures_of(proxy, nobody) >= 1
    assert all(crowd.accepted_at.values()), crowd.accepted_at


def test_an_upstream_that_was_skipped_is_used_again_when_it_is_back(start, peers, make_crowd):
    crowd = make_crowd(lambda number: SHORT_SERVER)
    away = peers.refusing_door()
    proxy = start(crowd.open_door("a"), peers.address_of(away))

    def serve(count: int) -> None:
        for _ in range(count):
            crowd.connect(proxy.address, SHORT_CLIENT)
        crowd.run(crowd.are_over)

    serve(20)
    assert crowd.accepted_at == {"a": 20}
    away.listen()
    crowd.watch_door(away, "back")

    def is_used() -> bool:
        serve(2)
        return crowd.accepted_at["back"] > 0

    wait_for(is_used, 60, "the upstream that is back gets clients")
    before = collections.Counter(crowd.accepted_at)
    serve(100)
    assert collections.Counter(crowd.accepted_at) - before == {"a": 50, "back": 50}
    settle_all(proxy, crowd)


def test_all_upstreams_refusing_resets_the_client_at_once(start, peers):
    proxy = start(peers.refusing_address(), peers.refusing_address(), peers.refusing_address())
    for _ in range(3):
        peers.connect(proxy.address).expect_reset()
    proxy.settle(accepted=3, unreachable=3)
