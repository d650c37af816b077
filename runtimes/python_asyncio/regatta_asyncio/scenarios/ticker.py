"""Moments on the clock, and how late one is for them."""

import asyncio
import time

from regatta_asyncio.latency import Recorder

_MILLISECOND_NS = 1_000_000


async def sleep_until(due_ns: int) -> None:
    """Sleeps until a reading of time.perf_counter_ns().

    uvloop's timers count whole milliseconds of a clock that is read once a turn, so they may be
    early: whoever must not be early looks again.
    """
    while (left_ns := due_ns - time.perf_counter_ns()) > 0:
        await asyncio.sleep(left_ns / 1e9)


async def tick(begin_ns: int, ticks: int, latency: Recorder) -> int:
    """Waits for moments that lie a millisecond apart, and records how late it is for each.

    They do not move when one is missed. Answers how many there were.
    """
    for number in range(1, ticks + 1):
        due_ns = begin_ns + number * _MILLISECOND_NS
        await sleep_until(due_ns)
        latency.record_since(due_ns)
    return ticks
