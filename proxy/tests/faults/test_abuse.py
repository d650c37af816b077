"""Slow-loris, garbage and storms of connections: they move neither memory nor CPU beyond bounds.

The bounds, which are stated where they are used: memory for each connection, from what the proxy
holds resident; CPU as a share of one core, and only where the clients' own pace sets the load.
"""

from __future__ import annotations

import itertools
import random
import time

import pytest

# A connection that says a byte now and then holds no buffer: its frames, and nothing else.
MOST_BYTES_EACH = 8 * 1024
# 500 bytes a second are 500 small reads and writes: some milliseconds.
MOST_CPU = 0.25
LORISES = 500


@pytest.mark.essential
def test_a_slow_loris_takes_neither_memory_nor_cpu(start, make_crowd, patience, leeway):
    crowd = make_crowd(lambda number: [("hear_end",), ("finish",)])
    proxy = start(crowd.open_door())
    drip = [step for _ in range(60) for step in (("pause", 1), ("dribble", 1))]

    def add(count: int) -> None:
        for number in range(count):
            # Apart from each other, as real ones are.
            crowd.connect(proxy.address, [("pause", number / count), *drip, ("finish",)])
        crowd.run(lambda: len(crowd.servers) == len(crowd.clients))

    add(50)
    crowd.run_for(0.5)
    before = proxy.memory_bytes()
    add(LORISES)
    cpu, begun, received = proxy.cpu_seconds(), time.monotonic(), crowd.received[b"s"]
    crowd.run_for(3)
    share = (proxy.cpu_seconds() - cpu) / (time.monotonic() - begun)
    each = (proxy.memory_bytes() - before) / LORISES
    assert crowd.received[b"s"] > received + 2 * LORISES, "the drip has not come through"
    assert each < MOST_BYTES_EACH * leeway, f"{each:,.0f} bytes for a connection"
    assert share < MOST_CPU * patience, f"{share:.0%} of a core"
    # Others are served meanwhile.
    other = crowd.connect(proxy.address, [("send", 100_000), ("finish",)])
    crowd.run(lambda: other.is_over)
    assert other.saw == "end"
    for client in crowd.clients:
        client.break_off()
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert (verdict.broken, verdict.orderly) == (50 + LORISES, 1)
    proxy.settle_with(verdict)


def test_garbage_is_passed_on_as_it_is_and_moves_nothing(start, peers, leeway):
    door = peers.door()
    proxy = start(peers.address_of(door))
    chance = random.Random(3)
    before = 0
    total = 0
    for number in range(300):
        client, server = peers.pair(proxy.address, door)
        garbage = chance.randbytes(chance.randrange(1, 20_000))
        total += len(garbage)
        client.send(garbage)
        client.finish()
        assert server.receive_all() == garbage
        server.finish()
        client.expect_end()
        client.close()
        server.close()
        if number == 50:
            before = proxy.memory_bytes()
    grown = proxy.memory_bytes() - before
    assert grown < 512 * 1024 * leeway, f"{grown:,} bytes more after 250 connections"
    proxy.settle(accepted=300, completed=300, bytes_up=total, bytes_down=0)


def test_garbage_at_the_metrics_door_harms_nobody(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door))
    chance = random.Random(4)
    for number in range(50):
        prober = peers.connect(proxy.metrics_address)
        try:
            prober.send(chance.randbytes(chance.randrange(1, 5_000)))
            if number % 3 == 0:
                prober.send(b"GET / HTTP/1.1\r\n\r\n" * 3)
        except ConnectionError:
            pass  # It need not listen to garbage.
        prober.reset() if number % 2 else prober.close()
    peers.end_in_order(*peers.pair(proxy.address, door))
    proxy.settle(accepted=1, completed=1)


@pytest.mark.essential
def test_a_storm_of_connects_that_come_to_nothing_leaves_nothing_behind(
    start, make_crowd, leeway, runtime
):
    crowd = make_crowd(lambda number: [("hear_end",), ("finish",)])
    proxy = start(crowd.open_door())
    kinds = [[("reset",)], [("finish",)], [("send", 9), ("reset",)], [("send", 9), ("finish",)]]

    def storm(count: int) -> None:
        goal = len(crowd.clients) + count

        def connect() -> None:
            if len(crowd.clients) < goal:
                crowd.connect(proxy.address, kinds[len(crowd.clients) % len(kinds)])

        crowd.on_over = lambda end: connect() if end.side == b"c" else None
        for _ in range(200):
            connect()
        crowd.run(lambda: len(crowd.clients) == goal and crowd.are_over())

    storm(1_000)
    descriptors, held = proxy.descriptors(), [proxy.memory_bytes()]
    for _ in range(3):
        storm(1_000)
        held.append(proxy.memory_bytes())
    verdict = crowd.judge()
    assert verdict.orderly >= 2_000
    assert verdict.broken >= 1_999
    proxy.settle_with(verdict)
    held[-1] = proxy.memory_bytes()
    grown = held[-1] - held[0]
    # With a thread for each task it is chance how many are served at once, and what that peak leaves
    # in the heap: there only what each storm adds is a leak.
    if runtime != "threads":
        assert grown < 1024 * 1024 * leeway, f"{grown:,} bytes more after 3,000 connections"
    least = min(after - before for before, after in itertools.pairwise(held))
    assert least < 350 * 1024 * leeway, f"{least:,} bytes more with each 1,000 connections: {held}"
    assert proxy.descriptors() <= descriptors + 8, "descriptors have leaked"
