"""No descriptor left: clients wait or are refused, no core spins, and service goes on afterwards."""

from __future__ import annotations

import time

import pytest

CLIENTS = 100
DESCRIPTORS = 64


def cpu_share(proxy, crowd, seconds: float) -> float:
    """Of one core, while the crowd goes on."""
    cpu, begun = proxy.cpu_seconds(), time.monotonic()
    crowd.run_for(seconds)
    return (proxy.cpu_seconds() - cpu) / (time.monotonic() - begun)


@pytest.mark.essential
def test_a_shortage_of_descriptors_is_survived_without_spinning(start, make_crowd, patience):
    crowd = make_crowd(lambda number: [("send", 100), ("hear_end",), ("finish",)])
    proxy = start(crowd.open_door(), most_descriptors=DESCRIPTORS)
    plan = [("send", 100), ("hear", 100), ("pause", 1e6), ("finish",)]
    clients = [crowd.connect(proxy.address, plan) for _ in range(CLIENTS)]

    def served() -> list:
        return [one for one in clients if one.ear.received == 100 and not one.is_over]

    crowd.run(lambda: len(served()) >= 10)
    crowd.run_for(0.3)  # For those that come when the last descriptor has gone.
    assert len(served()) < CLIENTS, "there was no shortage; this test tests nothing"
    # Pauses of 10 ms cost next to nothing; a loop over accept() costs a core.
    share = cpu_share(proxy, crowd, 1)
    assert share < 0.25, f"a shortage takes {share:.0%} of a core"

    def end_all() -> bool:
        for one in served():
            one.end_pause()
        return all(one.is_over for one in clients)

    # Whoever goes leaves room for those that wait. Each of them is served or was reset.
    crowd.run(end_all)
    were_served = [one for one in clients if one.saw == "end"]
    were_reset = [one for one in clients if one.saw == "reset"]
    assert len(were_served) + len(were_reset) == CLIENTS
    assert len(were_served) >= 10

    late = [crowd.connect(proxy.address, [("send", 10), ("finish",)]) for _ in range(5)]
    crowd.run(crowd.are_over)
    assert [one.saw for one in late] == ["end"] * 5, "after the shortage nobody is served"
    counts = proxy.settle_any()
    assert counts.shortages >= 1
    assert counts.completed == len(were_served) + 5
    unseen = CLIENTS + 5 - counts.accepted - counts.refused
    assert counts.unreachable + counts.broken + counts.refused == len(were_reset) - unseen
    # Libuv accepts and closes clients on a descriptor that it has put by, and tells nobody.
    assert unseen == 0 or "libuv" in proxy.arguments
    assert proxy.descriptors() < DESCRIPTORS / 2, "descriptors have leaked"


def test_no_descriptor_is_lost_over_many_connections_of_all_kinds(start, make_crowd):
    kinds = [
        [("send", 100), ("finish",)],
        [("send", 100), ("reset",)],
        [("reset",)],
        [("send", 500_000), ("hear", 50), ("reset",)],
    ]
    crowd = make_crowd(lambda number: [("send", 100), ("hear_end",), ("finish",)])
    proxy = start(crowd.open_door())

    def serve(count: int) -> int:
        for number in range(count):
            crowd.connect(proxy.address, kinds[number % len(kinds)])
        crowd.run(crowd.are_over)
        proxy.settle_with(crowd.judge())
        return proxy.descriptors()

    before = serve(200)
    after = serve(400)
    # A few may be kept, as pipes are for splicing; not one for each connection.
    assert after <= before + 40, f"{before} descriptors before, {after} after 400 connections"
