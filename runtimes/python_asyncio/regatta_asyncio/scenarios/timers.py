"""loop.call_at many times over: to create timers, to have them fire, or to cancel them."""

import asyncio
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.stopwatch import Stopwatch

_HOUR_SECONDS = 3_600
_INTERVAL_NS = 10  # A hundred a microsecond.
_MILLISECOND_NS = 1_000_000
_ATTEMPTS = 6
_AWAKE_SECONDS = 0.01  # Before the first is due.


@dataclass
class Timers(Scenario):
    phase: str = choice("create", "fire", "cancel")
    timers: int = 10_000

    times_a_part = True  # The phase.

    def check(self) -> None:
        if self.timers == 0:
            raise ValueError("timers must be at least 1")

    def operations(self) -> int:
        return self.timers

    async def run(self, latency: Recorder) -> int:
        if self.phase == "create":
            return await self._create(latency)
        if self.phase == "cancel":
            return await self._cancel(latency)
        return await self._fire(latency)

    async def _create(self, latency: Recorder) -> int:
        waiting = _Waiting()
        latency.clock.start()
        waiting.create(self.timers)
        latency.clock.stop()
        await waiting.cancel(stride=1)
        return self.timers - waiting.fired

    async def _cancel(self, latency: Recorder) -> int:
        waiting = _Waiting()
        waiting.create(self.timers)
        stride = stride_over(self.timers)
        latency.clock.start()
        await waiting.cancel(stride)
        latency.clock.stop()
        return self.timers - waiting.fired

    async def _fire(self, latency: Recorder) -> int:
        """Beginning when all have been created.

        Where that took longer than was allowed for, because the machine had other things to do, it
        tries again.
        """
        allowance_ns = 3 * await self._estimate_ns() + 10 * _MILLISECOND_NS
        for _ in range(_ATTEMPTS):
            volley = _Volley(self.timers, time.monotonic_ns() + allowance_ns, latency.clock)
            if volley.is_in_time():
                return await volley.watch()
            await volley.cancel()
            allowance_ns *= 2
        raise RuntimeError(
            "to create the timers took longer than until the first of them was to fire"
        )

    async def _estimate_ns(self) -> int:
        """How long it should take to create all, as a tenth of them takes."""
        probe = self.timers // 10 + 1
        waiting = _Waiting()
        begin = time.monotonic_ns()
        waiting.create(probe)
        took_ns = time.monotonic_ns() - begin
        await waiting.cancel(stride=1)
        return took_ns * self.timers // probe


class _Waiting:
    """Timers that would fire in an hour."""

    def __init__(self) -> None:
        self.fired = 0
        self._created: list[asyncio.TimerHandle] = []

    def create(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _HOUR_SECONDS
        self._created = [loop.call_at(deadline, self._ring) for _ in range(count)]

    def _ring(self) -> None:
        self.fired += 1

    async def cancel(self, stride: int) -> None:
        """Every one, the next being `stride` further round the circle."""
        created, count = self._created, len(self._created)
        await _cancel(created[i * stride % count] for i in range(count))


class _Volley:
    """Timers that fire one after the other, and are timed from when the first is due.

    That is at a whole millisecond, so that no loop has it fire earlier: uvloop's timers are due at
    the nearest one.
    """

    def __init__(self, count: int, begin_ns: int, clock: Stopwatch) -> None:
        loop = asyncio.get_running_loop()
        self._clock = clock
        self._begin_ns = -(-begin_ns // _MILLISECOND_NS) * _MILLISECOND_NS
        self._has_begun = False
        self._left = count
        self._total = 0
        self._all_fired = loop.create_future()
        self._created = [loop.call_at(self._due(0), self._ring_first)]
        self._created += [loop.call_at(self._due(i), self._ring, i) for i in range(1, count)]

    def _due(self, index: int) -> float:
        return (self._begin_ns + index * _INTERVAL_NS) / 1e9

    def _ring_first(self) -> None:
        late_ns = time.monotonic_ns() - self._begin_ns
        self._clock.start(time.perf_counter_ns() - late_ns)
        self._has_begun = True
        self._ring(0)

    def _ring(self, index: int) -> None:
        self._total += index
        self._left -= 1
        if self._left == 0:
            self._all_fired.set_result(None)

    def is_in_time(self) -> bool:
        return time.monotonic_ns() < self._begin_ns

    async def cancel(self) -> None:
        await _cancel(self._created)

    async def watch(self) -> int:
        """Answers the sum of the numbers of those that fired, when all have.

        It is awake when the first is due, so that the loop has not to wake for it.
        """
        await asyncio.sleep((self._begin_ns - time.monotonic_ns()) / 1e9 - _AWAKE_SECONDS)
        while not self._has_begun:
            await asyncio.sleep(0)
        await self._all_fired
        self._clock.stop()
        return self._total


async def _cancel(timers: Iterable[asyncio.TimerHandle]) -> None:
    for each in timers:
        each.cancel()
    # The loop only marks them, and clears them away in its next turn.
    await asyncio.sleep(0)


def stride_over(count: int) -> int:
    """Has no divisor in common with count, so that it comes by every one.

    And it is about as far from any other order as can be, the golden ratio.
    """
    stride = max(int(count * 0.618), 1)
    while math.gcd(stride, count) != 1:
        stride += 1
    return stride
