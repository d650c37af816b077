"""Keeps how long single things took, how often something happened, and the clock."""

import functools
import time
from collections import Counter

from regatta_asyncio.stopwatch import Stopwatch

# A value is kept to this many bits, so that it is off by at most 1/128.
_PRECISION_BITS = 7

# A bucket is at most some 32 characters long; this many leave half of a protocol line free.
_MOST_BUCKETS = 1_000


class Recorder:
    """What a scenario writes into.

    Its clock is what is timed. A scenario that times a part of its run (times_a_part) starts and
    stops it, several times if it likes; for the others it runs all the time.
    """

    def __init__(self) -> None:
        self.clock = Stopwatch()
        self.counts: Counter[str] = Counter()
        self._buckets: Counter[tuple[int, int]] = Counter()

    def record(self, latency_ns: int) -> None:
        shift = max(latency_ns.bit_length() - _PRECISION_BITS, 0)
        self._buckets[shift, latency_ns >> shift] += 1

    def record_since(self, begin_ns: int) -> None:
        """Records how long ago `begin_ns` was, a reading of time.perf_counter_ns()."""
        self.record(time.perf_counter_ns() - begin_ns)

    def buckets(self) -> list[tuple[int, int]]:
        """(value, count) pairs, ascending: a bucket's value is its middle."""
        found = [
            ((top << shift) + (1 << shift) // 2, count)
            for (shift, top), count in sorted(self._buckets.items())
        ]
        return _shortened(found, _MOST_BUCKETS)


@functools.cache
def recording_ns() -> int:
    """What recording one latency costs the run that records it.

    That is to read the clock twice, and the histogram. Measured at the first call, in five attempts
    of which the quickest counts: in the others the machine had something else to do.
    """
    return min(_recording_once() for _ in range(5))


def _recording_once(times: int = 2_000) -> int:
    scratch = Recorder()
    begin = time.perf_counter_ns()
    for _ in range(times):
        scratch.record_since(time.perf_counter_ns())
    return -((begin - time.perf_counter_ns()) // times)  # Rounded up.


def _shortened(buckets: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """Merges neighbours until there are at most `most`.

    Both count as the slower of the two: a latency must not look better than it was.
    """
    while len(buckets) > most:
        pairs = [buckets[i : i + 2] for i in range(0, len(buckets), 2)]
        buckets = [(pair[-1][0], sum(count for _, count in pair)) for pair in pairs]
    return buckets
