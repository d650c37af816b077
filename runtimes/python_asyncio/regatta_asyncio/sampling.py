"""Times runs of a scenario, and says what the process spent on them."""

import asyncio
import threading
from typing import Any

from regatta_asyncio import outsider, process
from regatta_asyncio.latency import Recorder, recording_ns
from regatta_asyncio.scenarios import Scenario


def take(loop: asyncio.AbstractEventLoop, scenario: Scenario, iterations: int) -> dict[str, Any]:
    """Runs the scenario so often, back to back.

    Everything but the clocks is read outside of what is timed: all of the runs, or the parts of
    them that the scenario marks. Allocations are missing: Python does not count them.
    """
    latency = Recorder()
    threads_before = _cpu_ns_of_workers()
    if not scenario.times_a_part:
        latency.clock.start()

    answers = [scenario.run_on(loop, latency) for _ in range(iterations)]

    if not scenario.times_a_part:
        latency.clock.stop()
    threads_used = process.busy_threads(threads_before, _cpu_ns_of_workers())

    sample: dict[str, Any] = {
        "iterations": iterations,
        "ns": latency.clock.ns,
        "cpu_ns": latency.clock.cpu_ns,
        "operations": iterations * scenario.operations(),
        "answer": answers[-1],
        "context_switches": {
            "voluntary": latency.clock.voluntary,
            "involuntary": latency.clock.involuntary,
        },
    }
    if len(set(answers)) > 1:
        sample["answers_differ"] = True
    if threads_used > 0:
        sample["threads_used"] = threads_used
    if (peak := process.peak_rss_bytes()) is not None:
        sample["peak_rss_bytes"] = peak
    if latency.counts:
        sample["counters"] = latency.counts
    if buckets := latency.buckets():
        sample["latency"] = {"unit": "ns", "buckets": buckets}
        sample["recording_ns"] = recording_ns()
    return sample


# Of the threads that the loops, each by its own name, have for calls that block.
_POOLS = ("asyncio", "uvloop")


def _cpu_ns_of_workers() -> dict[int, int]:
    """Of the threads that may run tasks.

    That is those that Python knows, which leaves out libuv's (it looks names up in them), but for
    the one that scenarios spawn from outside with and those that block for others.
    """
    workers = {
        thread.native_id
        for thread in threading.enumerate()
        if not outsider.is_outsider(thread) and not thread.name.startswith(_POOLS)
    }
    times = process.cpu_ns_of_threads()
    return {thread: ns for thread, ns in times.items() if thread in workers}
