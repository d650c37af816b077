"""The little arithmetic that charts need; the conclusions themselves are the driver's."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

# Below this coverage nothing is called separated; the driver's own limit.
LEAST_CONFIDENCE = 0.9


def geometric_mean(values: list[float]) -> float:
    """The mean for ratios: twice as slow and twice as fast cancel out."""
    return math.exp(math.fsum(math.log(v) for v in values) / len(values))


def order_interval(values: list[float], wanted: float = 0.95) -> tuple[float, float, float]:
    """An exact interval for the median from order statistics (sign test): low, high, true
    confidence.

    Takes the narrowest pair that still covers `wanted`; with fewer than six values no pair does,
    and the whole range is given with the confidence that it really has.
    """
    ordered = sorted(values)
    n = len(ordered)
    inside = 1 - 2 * 0.5**n
    best = (ordered[0], ordered[-1], max(inside, 0.0))
    tail = 0.5**n
    for k in range(1, n // 2):
        tail += math.comb(n, k) * 0.5**n
        if 1 - 2 * tail < wanted:
            break
        best = (ordered[k], ordered[n - 1 - k], 1 - 2 * tail)
    return best


@dataclass(frozen=True)
class Histogram:
    """Bucket values and their running counts."""

    values: list[float]
    running: list[int]

    @property
    def count(self) -> int:
        return self.running[-1]

    @property
    def max(self) -> float:
        return self.values[-1]

    def quantile(self, q: float) -> float:
        """The value that a share `q` of all recorded values does not exceed."""
        rank = max(1, math.ceil(q * self.count - 1e-9))
        return self.values[bisect_left(self.running, rank)]


def histogram(buckets: dict[float, int]) -> Histogram:
    values = sorted(buckets)
    running, total = [], 0
    for value in values:
        total += buckets[value]
        running.append(total)
    return Histogram(values, running)


def nines_of(count: int) -> float:
    """How deep into the tail `count` values reach: 1,000 values reach three nines."""
    return math.log10(max(count, 2))


def quantile_grid(depth: float, steps_per_nine: int = 16) -> list[float]:
    """Quantiles evenly spaced on the axis of nines, from 0 to `depth` nines."""
    steps = max(1, math.floor(depth * steps_per_nine))
    return [1 - 10 ** (-i / steps_per_nine) for i in range(steps + 1)]
