"""IPv4, IPv6, Unix sockets and names, on both sides; several doors."""

from __future__ import annotations

import socket

import pytest
from peers import family_and_target, open_door


def has_ipv6() -> bool:
    try:
        open_door("[::1]:0").close()
    except OSError:
        return False
    return True


def address(kind: str, folder, name: str) -> str:
    if kind == "ipv6" and not has_ipv6():
        pytest.skip("this machine has no IPv6 on loopback")
    return {"ipv4": "127.0.0.1:0", "ipv6": "[::1]:0", "unix": f"unix:{folder / name}"}[kind]


@pytest.mark.essential
@pytest.mark.parametrize("upstream", ["ipv4", "ipv6", "unix"])
@pytest.mark.parametrize("listen", ["ipv4", "ipv6", "unix"])
def test_every_kind_of_address_works_on_both_sides(start, make_crowd, tmp_path, listen, upstream):
    crowd = make_crowd(lambda number: [("send", 300_000), ("hear_end",), ("finish",)])
    door = crowd.open_door(where=address(upstream, tmp_path, "upstream"))
    proxy = start(door, listen=[address(listen, tmp_path, "door")])
    for _ in range(20):
        crowd.connect(proxy.address, [("send", 300_000), ("hear", 300_000), ("finish",)])
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.orderly == 20
    proxy.settle_with(verdict)


def test_names_are_resolved_on_both_sides(start, make_crowd):
    family = socket.getaddrinfo("localhost", 1, type=socket.SOCK_STREAM)[0][0]
    where = "[::1]:0" if family == socket.AF_INET6 else "127.0.0.1:0"
    crowd = make_crowd(lambda number: [("send", 10), ("hear_end",), ("finish",)])
    port = crowd.open_door(where=where).rpartition(":")[2]
    proxy = start(f"localhost:{port}", listen=["localhost:0"])
    for _ in range(5):
        crowd.connect(proxy.address, [("send", 10), ("finish",)])
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.orderly == 5
    proxy.settle_with(verdict)


def test_all_doors_are_served(start, make_crowd, tmp_path):
    crowd = make_crowd(lambda number: [("send", 10), ("hear_end",), ("finish",)])
    listen = ["127.0.0.1:0", f"unix:{tmp_path / 'door'}", "127.0.0.1:0"]
    proxy = start(crowd.open_door(), listen=listen)
    assert len(set(proxy.addresses)) == 3
    for number in range(30):
        crowd.connect(proxy.addresses[number % 3], [("send", 10), ("finish",)])
    crowd.run(crowd.are_over)
    verdict = crowd.judge()
    assert verdict.orderly == 30
    proxy.settle_with(verdict)


def test_the_file_of_a_unix_socket_goes_with_the_proxy_and_a_stale_one_is_replaced(
    start, peers, tmp_path
):
    door = peers.door()
    path = tmp_path / "door"
    # Left behind by somebody who died.
    open_door(f"unix:{path}").close()
    assert path.exists()
    proxy = start(peers.address_of(door), listen=[f"unix:{path}"])
    peers.end_in_order(*peers.pair(proxy.address, door))
    proxy.settle(accepted=1, completed=1)
    proxy.stop()
    assert not path.exists()


def test_a_port_that_is_taken_is_said_and_ends_it_with_1(start, peers):
    taken = peers.door()
    proxy = start("127.0.0.1:9", listen=[peers.address_of(taken)], wait=False)
    assert proxy.wait_for_exit() == 1
    _, (_, port) = family_and_target(peers.address_of(taken))
    assert str(port) in proxy.story()
