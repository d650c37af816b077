"""What a scenario is."""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar

from regatta_asyncio import process
from regatta_asyncio.latency import Recorder


class Unsupported(Exception):
    """What asyncio does not have, in a sentence."""


NO_TASK_WITHIN_A_TASK = (
    "asyncio has no way to drive several coroutines in one task: "
    "gather, TaskGroup and as_completed make a task of each (style=spawn)"
)


_SPARE_DESCRIPTORS = 100  # For the interpreter and the loop.


def require_descriptors(of_the_scenario: int) -> None:
    """Raises Unsupported where the process may not have so many.

    Clients would wait for ever for a server that cannot accept them.
    """
    needed = of_the_scenario + _SPARE_DESCRIPTORS
    limit = process.descriptor_limit()
    if needed > limit:
        raise Unsupported(
            f"needs {needed} descriptors, and this process may have {limit} (ulimit -Hn): "
            "choose fewer connections"
        )


def require_asyncio(name: str, since: str) -> None:
    """Raises Unsupported where asyncio is too old to have something of that name."""
    if not hasattr(asyncio, name):
        raise Unsupported(f"asyncio.{name} exists since Python {since}")


def require_turns_for_other_threads() -> None:
    """Raises Unsupported on a loop beside which, while it is busy, no other thread need ever run.

    Python's own gives the interpreter's lock up for its poll in each turn, and has it again before
    another thread has woken; but who waits for it may insist only after 5 ms without such a turn.
    """
    if isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop):
        raise Unsupported(
            "beside a busy loop of asyncio, another thread may never get the interpreter's lock"
        )


class Scenario(ABC):
    """One workload: a dataclass, whose fields are its parameters."""

    # Whether it starts and stops latency.clock itself; otherwise all of run() is timed.
    times_a_part: ClassVar[bool] = False

    @abstractmethod
    def check(self) -> None:
        """Raises ValueError where that makes no sense, Unsupported where asyncio lacks it."""

    @abstractmethod
    def operations(self) -> int:
        """What the time of one run is divided by."""

    @abstractmethod
    async def run(self, latency: Recorder) -> int:
        """Does the work and answers the scenario's number. Can be called again."""

    def run_on(self, loop: asyncio.AbstractEventLoop, latency: Recorder) -> int:
        """Has the loop run it; here so that a scenario may do without."""
        return loop.run_until_complete(self.run(latency))
