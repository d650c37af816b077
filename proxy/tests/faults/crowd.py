"""Many connections at once, both ends of each in one event loop, and the judge of what they saw.

Each end follows a plan, a list of steps; it reads all the while, unless a step says otherwise:

    ("send", bytes)      the next bytes of its stream
    ("dribble", bytes)   the same, one byte a call
    ("pause", seconds)   does nothing; what it is sent is read
    ("deaf", seconds)    does nothing and reads nothing
    ("hear", bytes)      waits until so many have come in all, or the stream has ended; with a third
                         word at most so many seconds
    ("hear_end",)        waits until the peer has finished
    ("finish",)          says that it has written all
    ("reset",)           resets; the end of the plan

A plan that does not reset must finish. Then the end waits for the peer's end, and closes.
"""

from __future__ import annotations

import errno
import heapq
import itertools
import resource
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from peers import GONE, address_of, family_and_target, open_door, set_to_reset
from streams import CLIENT, HEADER_BYTES, MOST_AT_ONCE, SERVER, Ear, said

Plan = list[tuple]

# Of one call; small enough that all ends take turns.
SEND_AT_ONCE = 256 * 1024
# A step's answer: go on with the next one, or wait for the socket or the clock.
GO_ON, WAIT = True, False


def raise_descriptor_limit() -> int:
    """As many descriptors as this process may have; children inherit it. Answers how many."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


class End:
    """One end of one connection."""

    def __init__(self, crowd: Crowd, connection: socket.socket, side: bytes, number: int) -> None:
        self.crowd = crowd
        self.socket = connection
        self.side = side
        self.number = number
        self.door = ""  # Where a server was accepted.
        self.plan: Plan = []
        self.step = 0
        self.sent = 0
        self.sent_of_step = 0
        self.ear = Ear(SERVER if side == CLIENT else CLIENT)
        self.is_connected = side == SERVER
        self.is_deaf = False
        self.resumes_at = 0.0
        self.has_finished = False
        self.has_reset = False
        self.saw: str | None = None  # "end", "reset" or "refused".
        self.is_over = False
        self._events: int | None = 0

    def __repr__(self) -> str:
        step = self.plan[self.step] if self.step < len(self.plan) else "all done"
        return (
            f"<{self.side.decode()}{self.number} step {self.step}/{len(self.plan)} {step}"
            f" sent {self.sent} received {self.ear.received} of {self.ear.number}"
            f" finished {self.has_finished} reset {self.has_reset} saw {self.saw}>"
        )

    # --- Called by tests, between two turns of the loop.

    def end_pause(self) -> None:
        """Goes on with its plan now."""
        self.resumes_at = time.monotonic()
        self.go_on()

    def break_off(self) -> None:
        """Resets now, whatever its plan was."""
        if not self.is_over:
            self._reset()

    # --- Called by the crowd.

    def on_events(self, events: int) -> None:
        if not self.is_connected:
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                self._close("refused" if error == errno.ECONNREFUSED else "reset")
                return
            self.is_connected = True
        if self.is_deaf:
            # The system reports a reset to those that do not listen too, again and again.
            if events & select.EPOLLHUP:
                self.crowd.epoll.unregister(self.socket)
                self._events = None
            return
        if self.saw == "end" and events & select.EPOLLERR:
            self._close("reset")
            return
        if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            self._read()
        self.go_on()

    def go_on(self) -> None:
        """As far as the plan can go now."""
        while not self.is_over and self.is_connected and self.step < len(self.plan):
            name, *arguments = self.plan[self.step]
            if getattr(self, "_" + name)(*arguments) is WAIT:
                break
            self.step += 1
            self.sent_of_step = 0
        if self.is_over:
            return
        if self.has_finished and self.saw == "end":
            self._close(None)
            return
        self._register()

    # --- The steps.

    def _send(self, count: int, at_once: int = SEND_AT_ONCE) -> bool:
        while self.sent_of_step < count:
            part = min(count - self.sent_of_step, at_once, MOST_AT_ONCE)
            try:
                sent = self.socket.send(said(self.side, self.number, self.sent, part))
            except BlockingIOError:
                return WAIT
            except OSError as error:
                self._gone(error)
                return WAIT
            self.sent += sent
            self.sent_of_step += sent
            self.crowd.sent[self.side] += sent
            if sent == SEND_AT_ONCE:
                break
        return self.sent_of_step == count

    def _dribble(self, count: int) -> bool:
        return self._send(count, at_once=1)

    def _pause(self, seconds: float) -> bool:
        if self.resumes_at == 0.0:
            self.resumes_at = time.monotonic() + seconds
            self.crowd.wake_at(self.resumes_at, self)
        if time.monotonic() < self.resumes_at:
            return WAIT
        self.resumes_at = 0.0
        self.is_deaf = False
        return GO_ON

    def _deaf(self, seconds: float) -> bool:
        self.is_deaf = True
        return self._pause(seconds)

    def _hear(self, count: int, seconds: float | None = None) -> bool:
        if self.ear.received >= count or self.saw is not None:
            self.resumes_at = 0.0
            return GO_ON
        return WAIT if seconds is None else self._pause(seconds)

    def _hear_end(self) -> bool:
        return self.saw is not None

    def _finish(self) -> bool:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._gone(error)
            return WAIT
        self.has_finished = True
        return GO_ON

    def _reset(self) -> bool:
        set_to_reset(self.socket)
        self.has_reset = True
        self._close(None)
        return GO_ON

    # --- The socket.

    def _read(self) -> None:
        # A few times only, so that all ends take turns.
        for _ in range(4):
            if self.saw is not None:
                return
            try:
                data = self.socket.recv(SEND_AT_ONCE)
            except BlockingIOError:
                return
            except OSError as error:
                self._gone(error)
                return
            if data:
                self.ear.hear(data)
                self.crowd.received[self.side] += len(data)
            else:
                self.saw = "end"

    def _gone(self, error: OSError) -> None:
        if error.errno not in GONE and error.errno != errno.ENOTCONN:
            raise error
        self._close("reset")

    def _register(self) -> None:
        events = 0
        if self._events is None:
            if self.is_deaf:
                return
            self.crowd.epoll.register(self.socket, 0)
        if not self.is_connected:
            events = select.EPOLLOUT
        else:
            if self.saw is None and not self.is_deaf:
                events |= select.EPOLLIN
            if self.step < len(self.plan) and self.plan[self.step][0] in ("send", "dribble"):
                events |= select.EPOLLOUT
        if events != self._events:
            self.crowd.epoll.modify(self.socket, events)
            self._events = events

    def _close(self, saw: str | None) -> None:
        if saw is not None:
            self.saw = saw
        self.is_over = True
        self.crowd.forget(self)


class Crowd:
    """An event loop in one thread, the upstream's doors in it, and all ends that ever were."""

    def __init__(
        self, patience: float, plan_of_server: Callable[[int], Plan] = lambda number: [("finish",)]
    ) -> None:
        self.patience = patience
        self.epoll = select.epoll()
        self.ends: dict[bytes, list[End]] = {CLIENT: [], SERVER: []}
        self.open_ends = {CLIENT: 0, SERVER: 0}
        self.most_open_servers = 0
        self.sent = {CLIENT: 0, SERVER: 0}
        self.received = {CLIENT: 0, SERVER: 0}
        self.on_over: Callable[[End], None] = lambda end: None
        self.accepted_at: dict[str, int] = {}
        self._plan_of_server = plan_of_server
        self._doors: dict[int, tuple[socket.socket, str]] = {}
        self._open: dict[int, End] = {}
        self._timers: list[tuple[float, int, End]] = []
        self._order = itertools.count()

    @property
    def clients(self) -> list[End]:
        return self.ends[CLIENT]

    @property
    def servers(self) -> list[End]:
        return self.ends[SERVER]

    # --- Who takes part.

    def open_door(self, name: str = "upstream", where: str = "127.0.0.1:0") -> str:
        """A new door, watched. Answers its address."""
        door = open_door(where)
        self.watch_door(door, name)
        return address_of(door)

    def watch_door(self, door: socket.socket, name: str = "upstream") -> None:
        """Accepts all that comes there from now on; each gets a plan of the server."""
        door.setblocking(False)
        self._doors[door.fileno()] = (door, name)
        self.accepted_at.setdefault(name, 0)
        self.epoll.register(door, select.EPOLLIN)

    def close_door(self, door: socket.socket) -> None:
        self.epoll.unregister(door)
        del self._doors[door.fileno()]
        door.close()

    def connect(self, address: str, plan: Plan) -> End:
        """A client, which is numbered in the order of these calls."""
        family, target = family_and_target(address)
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        client = self._add(connection, CLIENT, plan)
        error = connection.connect_ex(target)
        if error not in (0, errno.EINPROGRESS):
            client._close("refused" if error == errno.ECONNREFUSED else "reset")
            return client
        client._register()
        return client

    def _accept(self, door: socket.socket, name: str) -> None:
        # As often as the backlog may be long, so that clients do not starve behind the door.
        for _ in range(64):
            try:
                connection, _ = door.accept()
            except BlockingIOError:
                return
            self.accepted_at[name] += 1
            connection.setblocking(False)
            server = self._add(connection, SERVER, None)
            server.door = name
            if self.open_ends[SERVER] > self.most_open_servers:
                self.most_open_servers = max(self.most_open_servers, self._open_servers())
            server.go_on()

    def _open_servers(self) -> int:
        """Without those that have been reset already, though this loop has not seen it yet."""
        looking = select.poll()
        for end in self._open.values():
            if end.side == SERVER:
                looking.register(end.socket, 0)
        return self.open_ends[SERVER] - len(looking.poll(0))

    def _add(self, connection: socket.socket, side: bytes, plan: Plan | None) -> End:
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = len(self.ends[side])
        end = End(self, connection, side, number)
        end.plan = self._plan_of_server(number) if plan is None else plan
        self.ends[side].append(end)
        self._open[connection.fileno()] = end
        self.open_ends[side] += 1
        self.epoll.register(connection, 0)
        return end

    def forget(self, end: End) -> None:
        del self._open[end.socket.fileno()]
        end.socket.close()
        self.open_ends[end.side] -= 1
        self.on_over(end)

    def wake_at(self, when: float, end: End) -> None:
        heapq.heappush(self._timers, (when, next(self._order), end))

    # --- The loop.

    def run(self, until: Callable[[], bool], seconds: float = 30) -> None:
        """Until the condition holds; fails after so many seconds times patience."""
        deadline = time.monotonic() + seconds * self.patience
        while not until():
            now = time.monotonic()
            if now > deadline:
                raise AssertionError(f"not within {seconds * self.patience:g} s: {self._stuck()}")
            self.turn()

    def run_for(self, seconds: float) -> None:
        """For what must not happen meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()

    def turn(self, longest: float = 0.02) -> None:
        wait = longest
        if self._timers:
            wait = min(wait, max(0.0, self._timers[0][0] - time.monotonic()))
        for descriptor, events in self.epoll.poll(wait, 256):
            if (end := self._open.get(descriptor)) is not None:
                end.on_events(events)
            elif descriptor in self._doors:
                self._accept(*self._doors[descriptor])
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            end = heapq.heappop(self._timers)[2]
            if not end.is_over:
                end.go_on()

    def are_over(self) -> bool:
        """Every end, of both sides."""
        return not self._open

    def _stuck(self) -> str:
        stuck = list(self._open.values())
        shown = "\n  ".join(map(repr, stuck[:12]))
        return f"{len(stuck)} ends are open, among them\n  {shown}"

    def close(self) -> None:
        for end in self._open.values():
            end.socket.close()
        for door, _ in self._doors.values():
            door.close()
        self.epoll.close()

    # --- The judge.

    def judge(self) -> Verdict:
        """Every end must have seen what its partner has done. Once all are over.

        An orderly end is only ever heard from somebody who has finished, and after all of his
        bytes; a reset only from somebody who has reset. Bytes were compared as they came.
        """
        return _judge(self.clients, self.servers)


@dataclass
class Verdict:
    """What the counts of the proxy must be, of all connections of a crowd."""

    connections: int = 0
    orderly: int = 0  # Certainly completed.
    broken: int = 0  # Certainly broken: an end had reset before it had finished.
    abrupt: int = 0  # Servers that reset before they heard a word: perhaps not seen as reached.
    either: int = 0  # An end reset after it had finished: it depends on who was first.
    least_up: int = 0  # Bytes that upstreams have received.
    most_up: int = 0  # Bytes that clients have sent.
    least_down: int = 0
    most_down: int = 0


def _judge(clients: list[End], servers: list[End]) -> Verdict:
    anonymous = {CLIENT: [], SERVER: []}
    server_of: dict[int, int] = {}
    for end in [*clients, *servers]:
        assert end.is_over, f"{end} is not over yet"
        assert end.saw != "refused", f"nobody accepted {end}"
        if end.ear.number is None:
            anonymous[end.side].append(end)
            continue
        partner = (servers if end.side == CLIENT else clients)[end.ear.number]
        client, server = (end, partner) if end.side == CLIENT else (partner, end)
        joined = server_of.setdefault(client.number, server.number)
        assert joined == server.number, f"two servers heard or were heard by {client}"
        _judge_end(end, partner)
    assert len(set(server_of.values())) == len(server_of), "a server was joined with two clients"
    _judge_anonymous(anonymous[CLIENT], servers)
    _judge_anonymous(anonymous[SERVER], clients)
    return _sum_up(clients, servers, server_of)


def _judge_end(end: End, partner: End) -> None:
    assert end.ear.received <= partner.sent, f"{end} has more than {partner} has sent"
    if end.saw == "end":
        assert partner.has_finished, f"{end} saw an end that {partner} has never said"
        assert end.ear.received == partner.sent, f"{end} lost bytes of {partner}"
    if end.saw == "reset":
        assert partner.has_reset, f"{end} saw a reset, but its partner has not reset: {partner}"
    if end.saw is None:
        assert end.has_reset, f"{end} is over and has seen no end"


def _judge_anonymous(ends: list[End], others: list[End]) -> None:
    """Ends that do not know whom they were joined with: nothing, or not enough, had come."""
    saw_end = [end for end in ends if end.saw == "end"]
    silent = [one for one in others if one.has_finished and one.sent < HEADER_BYTES]
    assert len(saw_end) <= len(silent), f"nobody has said the end that was seen by {saw_end[0]}"
    saw_reset = [end for end in ends if end.saw == "reset"]
    resetting = [one for one in others if one.has_reset]
    assert len(saw_reset) <= len(resetting), f"nobody has done the reset seen by {saw_reset[0]}"


def _sum_up(clients: list[End], servers: list[End], server_of: dict[int, int]) -> Verdict:
    verdict = Verdict(connections=len(clients))
    any_server_has_reset = any(server.has_reset for server in servers)
    for client in clients:
        ends = [client]
        if client.number in server_of:
            ends.append(servers[server_of[client.number]])
        if any(end.has_reset and not end.has_finished for end in ends):
            verdict.broken += 1
        elif any(end.has_reset for end in ends) or (len(ends) == 1 and any_server_has_reset):
            verdict.either += 1
        else:
            verdict.orderly += 1
    verdict.abrupt = sum(server.has_reset and server.ear.received == 0 for server in servers)
    verdict.most_up = sum(client.sent for client in clients)
    verdict.most_down = sum(server.sent for server in servers)
    verdict.least_up = sum(server.ear.received for server in servers)
    verdict.least_down = sum(client.ear.received for client in clients)
    return verdict
