"""Hot restart: a successor takes the listening sockets over, and no client notices."""

from __future__ import annotations

import pytest
from process import wait_for

SHORT_CLIENT = [("send", 1_000), ("hear", 1_000), ("finish",)]
SHORT_SERVER = [("hear", 1_000), ("send", 1_000), ("hear_end",), ("finish",)]
AT_ONCE = 20


def keep_connecting(crowd, address: str) -> None:
    """Whenever a client is over, the next one connects."""

    def go_on(end) -> None:
        # Whoever was refused is enough to fail: see the judge.
        crowd.is_connecting = crowd.is_connecting and end.saw != "refused"
        if end.side == b"c" and crowd.is_connecting:
            crowd.connect(address, SHORT_CLIENT)

    crowd.is_connecting = True
    crowd.on_over = go_on
    for _ in range(AT_ONCE):
        crowd.connect(address, SHORT_CLIENT)


def has_served(crowd, count: int) -> bool:
    refused = [one for one in crowd.clients[-AT_ONCE:] if one.saw == "refused"]
    assert not refused, f"nobody listens any more: {refused[0]}"
    return len(crowd.servers) > count


@pytest.mark.essential
@pytest.mark.parametrize("where", ["tcp", "unix"])
def test_no_connection_fails_while_successors_take_over(start, make_crowd, tmp_path, where):
    crowd = make_crowd(lambda number: SHORT_SERVER)
    upstream = crowd.open_door()
    listen = {"tcp": "127.0.0.1:0", "unix": f"unix:{tmp_path / 'door'}"}[where]
    flags = ("--handover", str(tmp_path / "handover"))
    current = start(upstream, *flags, listen=[listen])
    processes = [current]
    address = current.address
    keep_connecting(crowd, address)
    for _ in range(3):
        served = len(crowd.servers)
        crowd.run(lambda: has_served(crowd, served + 200))  # noqa: B023
        # The successor listens where the first one does, whatever port the system chose.
        successor = start(upstream, *flags, listen=[address], wait=False)
        crowd.run(successor.is_ready)
        assert successor.address == address
        crowd.run(current.has_ended)
        assert current.exit_code == 0, current.story()
        processes.append(successor)
        current = successor
    served = len(crowd.servers)
    crowd.run(lambda: has_served(crowd, served + 200))
    crowd.is_connecting = False
    crowd.run(crowd.are_over)

    verdict = crowd.judge()
    assert verdict.orderly == len(crowd.clients), "a client was refused, reset or cut short"
    last = current.settle_any()
    counts = [one.last_counts() for one in processes[:-1]] + [last]
    assert sum(one.completed for one in counts) == len(crowd.clients)
    assert sum(one.bytes_up for one in counts) == 1_000 * len(crowd.clients)
    assert all(one.completed > 0 for one in counts), "one of them has served nobody"


def test_connections_of_the_predecessor_go_on_to_their_end(start, peers, tmp_path, patience):
    door = peers.door()
    flags = ("--handover", str(tmp_path / "handover"), "--shutdown-timeout", "2m")
    first = start(peers.address_of(door), *flags)
    client, server = peers.pair(first.address, door)
    successor = start(peers.address_of(door), *flags, listen=[first.address])
    other = peers.pair(successor.address, door)
    client.send(b"I was here before you")
    assert server.receive(21) == b"I was here before you"
    wait_for(lambda: successor.counts().accepted == 1, 10 * patience, "the successor serves")
    assert not first.has_ended()
    peers.end_in_order(client, server)
    assert first.wait_for_exit() == 0
    assert first.last_counts().completed == 1
    peers.end_in_order(*other)
    successor.settle(accepted=1, completed=1)


def test_a_successor_that_cannot_start_leaves_the_first_one_serving(start, peers, tmp_path):
    door = peers.door()
    flags = ("--handover", str(tmp_path / "handover"))
    first = start(peers.address_of(door), *flags)
    useless = start(
        peers.address_of(door), "--config", str(tmp_path / "nowhere"), *flags,
        listen=[first.address], wait=False,
    )
    assert useless.wait_for_exit() in (1, 2)
    peers.end_in_order(*peers.pair(first.address, door))
    first.settle(accepted=1, completed=1)
