"""An upstream in a process of its own, with descriptors of its own: sends back what it is sent.

Prints its address, serves until its standard input ends, then prints the most connections that it
had at once.
"""

from __future__ import annotations

import select
import sys

from crowd import raise_descriptor_limit
from peers import address_of, open_door


def main() -> None:
    raise_descriptor_limit()
    door = open_door()
    door.setblocking(False)
    epoll = select.epoll()
    epoll.register(door, select.EPOLLIN)
    epoll.register(sys.stdin, select.EPOLLIN)
    print(address_of(door), flush=True)
    connections = {}
    most = 0
    while True:
        for descriptor, _ in epoll.poll():
            if descriptor == sys.stdin.fileno():
                print(most, flush=True)
                return
            if descriptor == door.fileno():
                accept(door, epoll, connections)
                most = max(most, len(connections))
            elif not echo(connections[descriptor]):
                connections.pop(descriptor).close()


def accept(door, epoll, connections) -> None:
    for _ in range(256):
        try:
            connection, _ = door.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        connections[connection.fileno()] = connection
        epoll.register(connection, select.EPOLLIN)


def echo(connection) -> bool:
    """False: the peer has gone. Messages are small enough that a socket takes them at once."""
    try:
        data = connection.recv(65_536)
        if data:
            connection.sendall(data)
    except ConnectionError:
        return False
    return bool(data)


if __name__ == "__main__":
    main()
