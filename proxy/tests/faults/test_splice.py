"""Bulk, above the threshold of splicing and with splicing forbidden: whole, and cut in the middle."""

from __future__ import annotations

import pytest

MIB = 1 << 20
BULK = 48 * MIB

pytestmark = pytest.mark.parametrize("splice_from", ["0", "65536", "never"])


def run(start, make_crowd, splice_from, client_plan, server_plan, connections=1):
    crowd = make_crowd(lambda number: server_plan)
    proxy = start(crowd.open_door(), "--splice-from", splice_from)
    for _ in range(connections):
        crowd.connect(proxy.address, client_plan)
    crowd.run(crowd.are_over, 60)
    verdict = crowd.judge()
    proxy.settle_with(verdict)
    return verdict, proxy


def test_bulk_one_way_arrives_whole(start, make_crowd, splice_from):
    client = [("send", 10), ("finish",)]
    server = [("send", BULK), ("finish",)]
    verdict, _ = run(start, make_crowd, splice_from, client, server)
    assert verdict.orderly == 1


def test_bulk_both_ways_arrives_whole_when_one_finishes_in_the_middle(
    start, make_crowd, splice_from
):
    client = [("send", BULK // 4), ("finish",)]
    server = [("send", BULK), ("finish",)]
    verdict, _ = run(start, make_crowd, splice_from, client, server, connections=2)
    assert verdict.orderly == 2


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_in_the_middle_of_bulk_is_a_reset(start, make_crowd, splice_from, who):
    breaks = [("send", 1_000), ("hear", 5 * MIB), ("reset",)]
    sends = [("send", BULK), ("finish",)]
    client, server = (breaks, sends) if who == "client" else (sends, breaks)
    verdict, proxy = run(start, make_crowd, splice_from, client, server, connections=8)
    assert verdict.broken == 8
    assert proxy.descriptors() < 100, "pipes have leaked"


def test_bulk_after_bulk_and_small_messages_between_keep_their_order(
    start, make_crowd, splice_from
):
    mixed = []
    for number in range(6):
        mixed += [("send", 2 * MIB), ("pause", 0.01), ("dribble", 30), ("send", 70_000 + number)]
    mixed.append(("finish",))
    verdict, _ = run(start, make_crowd, splice_from, mixed, mixed, connections=4)
    assert verdict.orderly == 4
