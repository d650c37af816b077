"""More clients than --max-connections, all at once: never one over, and none forgotten."""

from __future__ import annotations

import pytest

LIMIT = 16
CLIENTS = 300


def watch(proxy, crowd) -> None:
    """Until all are over, asking for the counts again and again."""
    looks = 0

    def are_over() -> bool:
        nonlocal looks
        if looks % 5 == 0:
            counts = proxy.counts()
            assert counts.active <= LIMIT, f"more than {LIMIT}: {counts}"
        looks += 1
        return crowd.are_over()

    crowd.run(are_over)
    assert crowd.most_open_servers <= LIMIT


@pytest.mark.essential
def test_clients_beyond_the_limit_wait_and_never_one_is_over(start, make_crowd):
    crowd = make_crowd(lambda number: [("send", 100), ("hear_end",), ("pause", 0.002), ("finish",)])
    proxy = start(crowd.open_door(), "--max-connections", str(LIMIT), "--over-limit", "wait")
    for _ in range(CLIENTS):
        crowd.connect(proxy.address, [("send", 100), ("hear", 100), ("pause", 0.005), ("finish",)])
    watch(proxy, crowd)
    assert crowd.most_open_servers == LIMIT, "the limit was never reached"
    verdict = crowd.judge()
    assert verdict.orderly == CLIENTS
    proxy.settle_with(verdict)


def test_a_client_that_waits_is_served_as_soon_as_another_goes(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door), "--max-connections", "2", "--over-limit", "wait")
    first = peers.pair(proxy.address, door)
    second = peers.pair(proxy.address, door)
    third = peers.connect(proxy.address)
    third.send(b"let me in")
    counts = proxy.counts()
    assert (counts.accepted, counts.active, counts.refused) == (2, 2, 0)
    assert third.is_silent()
    peers.end_in_order(*first)
    served = peers.accept(door)
    assert served.receive(9) == b"let me in"
    peers.end_in_order(third, served)
    # A reset leaves room as well as an end does.
    fourth = peers.pair(proxy.address, door)
    fifth = peers.connect(proxy.address)
    fourth[0].reset()
    served = peers.accept(door)
    peers.end_in_order(fifth, served)
    peers.end_in_order(*second)
    proxy.settle(accepted=5, completed=4, broken=1)


@pytest.mark.essential
def test_clients_beyond_the_limit_are_reset_and_never_one_is_over(start, make_crowd):
    crowd = make_crowd(lambda number: [("send", 100), ("hear_end",), ("finish",)])
    flags = ("--max-connections", str(LIMIT), "--over-limit", "reset")
    proxy = start(crowd.open_door(), *flags)
    plan = [("send", 100), ("hear", 100), ("pause", 0.05), ("finish",)]
    for _ in range(CLIENTS):
        crowd.connect(proxy.address, plan)
    watch(proxy, crowd)
    served = [one for one in crowd.clients if one.saw == "end"]
    refused = [one for one in crowd.clients if one.saw == "reset"]
    assert len(served) + len(refused) == CLIENTS
    assert len(served) >= LIMIT
    assert refused, "the limit was never reached"
    assert len(crowd.servers) == len(served), "an upstream has seen a client that was refused"
    assert all(one.ear.received == 0 for one in refused)
    count = len(served)
    counts = proxy.settle(accepted=count, completed=count, refused=len(refused))
    assert counts.bytes_up == counts.bytes_down == 100 * count


@pytest.mark.parametrize("beyond", ["wait", "reset"])
def test_the_limit_holds_when_clients_reset_at_any_moment(start, make_crowd, beyond):
    crowd = make_crowd(lambda number: [("send", 100), ("hear_end",), ("finish",)])
    flags = ("--max-connections", str(LIMIT), "--over-limit", beyond)
    proxy = start(crowd.open_door(), *flags)
    kinds = [
        [("send", 100), ("hear", 100), ("reset",)],
        [("send", 10), ("reset",)],
        [("reset",)],
        [("send", 100), ("hear", 100), ("finish",)],
    ]
    for number in range(CLIENTS):
        crowd.connect(proxy.address, kinds[number % len(kinds)])
    watch(proxy, crowd)
    counts = proxy.settle_any()
    assert counts.accepted + counts.refused == CLIENTS
    assert counts.completed + counts.broken == counts.accepted
    if beyond == "wait":
        assert counts.refused == 0
        proxy.settle_with(crowd.judge())


def test_a_limit_of_one_serves_all_one_after_the_other(start, make_crowd):
    crowd = make_crowd(lambda number: [("send", 10), ("hear_end",), ("finish",)])
    proxy = start(crowd.open_door(), "--max-connections", "1")
    for _ in range(100):
        crowd.connect(proxy.address, [("send", 10), ("hear", 10), ("finish",)])
    crowd.run(crowd.are_over)
    assert crowd.most_open_servers == 1
    verdict = crowd.judge()
    assert verdict.orderly == 100
    proxy.settle_with(verdict)
