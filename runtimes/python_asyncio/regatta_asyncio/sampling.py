"""Times runs of a scenario, and says what the process spent on them."""

import asyncio
import threading
import time
from typing import Any

from regatta_asyncio import outsider, process
from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios import Scenario


def take(loop: asyncio.AbstractEventLoop, scenario: Scenario, iterations: int) -> dict[str, Any]:
    """Runs the scenario so often, back to back.

    Everything but the clocks is read outside of what is timed. Allocations are missing: Python does
    not count them.
    """
    latency = Recorder()
    threads_before = _cpu_ns_of_workers()
    switches_before = process.context_switches()
    cpu_before = time.process_time_ns()
    begin = time.perf_counter_ns()

    answers = [loop.run_until_complete(scenario.run(latency)) for _ in range(iterations)]

    ns = time.perf_counter_ns() - begin
    cpu_ns = time.process_time_ns() - cpu_before
    switches = process.context_switches()
    threads_used = process.busy_threads(threads_before, _cpu_ns_of_workers())

    sample: dict[str, Any] = {
        "iterations": iterations,
        "ns": ns,
        "cpu_ns": cpu_ns,
        "operations": iterations * scenario.operations(),
        "answer": answers[-1],
        "context_switches": {
            "voluntary": switches[0] - switches_before[0],
            "involuntary": switches[1] - switches_before[1],
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
    return sample


def _cpu_ns_of_workers() -> dict[int, int]:
    """Of the threads that may run tasks.

    That is those that Python knows, which leaves out libuv's (it looks names up in them), but for
    the one that scenarios spawn from outside with.
    """
    workers = {
        thread.native_id for thread in threading.enumerate() if not outsider.is_outsider(thread)
    }
    times = process.cpu_ns_of_threads()
    return {thread: ns for thread, ns in times.items() if thread in workers}
