"""What goes through: ends and resets as what they are, every byte, in order, at any pace."""

from __future__ import annotations

import pytest
from peers import GONE
from streams import CLIENT, SERVER, said

MIB = 1 << 20
LARGE = 8 * MIB


def serve_one(start, make_crowd, client_plan, server_plan, *flags):
    """One connection from beginning to end. Both plans must end it in order."""
    crowd = make_crowd(lambda number: server_plan)
    door = crowd.open_door()
    proxy = start(door, *flags)
    crowd.connect(proxy.address, client_plan)
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.orderly == 1
    proxy.settle_with(verdict)


@pytest.mark.essential
def test_a_client_that_finishes_first_still_gets_all_of_a_large_reply(start, make_crowd):
    client = [("send", 100_000), ("finish",)]
    server = [("hear_end",), ("send", LARGE), ("finish",)]
    serve_one(start, make_crowd, client, server)


@pytest.mark.essential
def test_a_server_that_finishes_first_still_gets_all_of_a_large_request(start, make_crowd):
    client = [("hear_end",), ("send", LARGE), ("finish",)]
    server = [("send", 100_000), ("finish",)]
    serve_one(start, make_crowd, client, server)


def test_both_ways_at_once_are_carried_whole(start, make_crowd):
    both = [("send", LARGE), ("finish",)]
    serve_one(start, make_crowd, both, both)


def test_a_connection_on_which_nobody_says_a_word_ends_in_order(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door))
    client, server = peers.pair(proxy.address, door)
    client.finish()
    server.expect_end()
    assert client.is_silent()
    server.finish()
    client.expect_end()
    proxy.settle(accepted=1, completed=1, bytes_up=0, bytes_down=0)


@pytest.mark.essential
def test_a_writer_that_dribbles_one_byte_at_a_time_is_heard_whole(start, make_crowd):
    both = [("dribble", 3_000), ("finish",)]
    serve_one(start, make_crowd, both, both)


def test_a_byte_is_passed_on_at_once_and_not_kept_until_more_come(start, peers):
    door = peers.door()
    proxy = start(peers.address_of(door))
    client, server = peers.pair(proxy.address, door)
    for value in range(200):
        client.send(bytes([value]))
        assert server.receive(1) == bytes([value])
        server.send(bytes([255 - value]))
        assert client.receive(1) == bytes([255 - value])
    client.finish()
    server.expect_end()
    server.finish()
    client.expect_end()
    proxy.settle(accepted=1, completed=1, bytes_up=200, bytes_down=200)


# --- Resets.


def swapped(client, server, who):
    """The end that resets, and the one that must see it."""
    return (client, server) if who == "client" else (server, client)


@pytest.mark.essential
@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_is_passed_on_as_a_reset(start, peers, who):
    door = peers.door()
    proxy = start(peers.address_of(door))
    client, server = peers.pair(proxy.address, door)
    breaker, other = swapped(client, server, who)
    breaker.send(b"before")
    assert other.receive(6) == b"before"
    breaker.reset()
    assert other.expect_reset() == b""
    ways = {"bytes_up": 6, "bytes_down": 0} if who == "client" else {"bytes_up": 0, "bytes_down": 6}
    proxy.settle(accepted=1, broken=1, **ways)


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_of_a_connection_on_which_nobody_said_a_word_is_passed_on(start, peers, who):
    door = peers.door()
    proxy = start(peers.address_of(door))
    breaker, other = swapped(*peers.pair(proxy.address, door), who)
    breaker.reset()
    assert other.expect_reset() == b""
    counts = proxy.settle_any(accepted=1)
    # A server may be gone again before the proxy has seen that it was there.
    assert counts.broken + (counts.unreachable if who == "server" else 0) == 1
    assert counts.bytes_up == counts.bytes_down == 0


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_after_the_other_has_finished_is_passed_on(start, peers, who):
    door = peers.door()
    proxy = start(peers.address_of(door))
    breaker, other = swapped(*peers.pair(proxy.address, door), who)
    other.finish()
    breaker.expect_end()
    breaker.reset()
    assert other.expect_reset() == b""
    proxy.settle(accepted=1, broken=1)


@pytest.mark.parametrize("who", ["client", "server"])
def test_a_reset_after_its_own_end_reaches_a_peer_that_goes_on_writing(start, peers, who):
    door = peers.door()
    proxy = start(peers.address_of(door))
    breaker, other = swapped(*peers.pair(proxy.address, door), who)
    breaker.finish()
    other.expect_end()
    breaker.reset()
    with pytest.raises(OSError) as raised:
        for _ in range(1_000_000):
            other.send(b"is anybody there?" * 64)
    assert raised.value.errno in GONE
    proxy.settle(accepted=1, broken=1)


@pytest.mark.parametrize("who", ["client", "server"])
def test_closing_with_unread_bytes_is_a_reset_and_passed_on_as_one(start, peers, who):
    door = peers.door()
    proxy = start(peers.address_of(door))
    breaker, other = swapped(*peers.pair(proxy.address, door), who)
    other.send(b"nobody will read this")
    peers.wait_for_bytes(breaker)
    breaker.close()
    assert other.expect_reset() == b""
    proxy.settle(accepted=1, broken=1)


SPEAKS_AND_BREAKS = [("send", 3 * MIB), ("hear", 9), ("reset",)]
HEARS = [("send", 9), ("hear_end",), ("finish",)]
HEARS_AND_BREAKS = [("send", 100_000), ("hear", 3 * MIB), ("reset",)]
SPEAKS = [("hear", 100_000), ("send", 64 * MIB), ("finish",)]


@pytest.mark.parametrize("who", ["client", "server"])
@pytest.mark.parametrize(
    ("breaks", "other"),
    [(SPEAKS_AND_BREAKS, HEARS), (HEARS_AND_BREAKS, SPEAKS)],
    ids=["of_its_writer", "of_its_reader"],
)
def test_a_reset_in_the_middle_of_a_stream_never_looks_like_its_end(
    start, make_crowd, who, breaks, other
):
    client, server = swapped(breaks, other, who)
    crowd = make_crowd(lambda number: server)
    proxy = start(crowd.open_door())
    for _ in range(10):
        crowd.connect(proxy.address, client)
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.broken == 10
    proxy.settle_with(verdict)


def test_what_one_client_says_never_comes_to_another(start, make_crowd):
    crowd = make_crowd(lambda number: [("send", 5_000), ("hear_end",), ("finish",)])
    proxy = start(crowd.open_door())
    for _ in range(200):
        crowd.connect(proxy.address, [("send", 5_000), ("hear", 5_000), ("finish",)])
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.orderly == 200
    proxy.settle_with(verdict)


def test_streams_say_what_they_should():
    # The oracle of all the others: a stream cut anywhere is the same stream.
    whole = said(CLIENT, 7, 0, 1_000)
    assert b"".join(said(CLIENT, 7, at, 10) for at in range(0, 1_000, 10)) == whole
    assert said(SERVER, 7, 8, 100) != whole[8:108]
