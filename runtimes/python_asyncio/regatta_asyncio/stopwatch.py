"""Adds up the time that passes while it runs, and what the process spends meanwhile."""

import time
from dataclasses import dataclass
from typing import NamedTuple

from regatta_asyncio import process


class _Spent(NamedTuple):
    """Since the process began."""

    cpu_ns: int
    voluntary: int
    involuntary: int


def _spent() -> _Spent:
    return _Spent(time.process_time_ns(), *process.context_switches())


@dataclass
class Stopwatch:
    """What it has added up. Any thread may start it, and any stop it."""

    ns: int = 0
    cpu_ns: int = 0
    voluntary: int = 0
    involuntary: int = 0

    def __post_init__(self) -> None:
        self._before: _Spent | None = None  # None: it does not run.
        self._begin_ns = 0

    def start(self, begin_ns: int | None = None) -> None:
        """From now on, or from a reading of time.perf_counter_ns() on that has just passed.

        What the process spends counts from now on in any case.
        """
        if self._before is not None:
            raise RuntimeError(
                "the clock runs already: stop it first, and say times_a_part in the scenario"
            )
        # The moment comes last, here as well as first in stop(): what reading costs is not timed.
        self._before = _spent()
        self._begin_ns = time.perf_counter_ns() if begin_ns is None else begin_ns

    def stop(self) -> None:
        end_ns = time.perf_counter_ns()
        if self._before is None:
            raise RuntimeError("the clock does not run: start it first")
        after = _spent()
        self.ns += end_ns - self._begin_ns
        self.cpu_ns += after.cpu_ns - self._before.cpu_ns
        self.voluntary += after.voluntary - self._before.voluntary
        self.involuntary += after.involuntary - self._before.involuntary
        self._before = None
