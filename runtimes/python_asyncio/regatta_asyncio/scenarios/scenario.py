"""What a scenario is."""

from abc import ABC, abstractmethod

from regatta_asyncio.latency import Recorder


class Unsupported(Exception):
    """What asyncio does not have, in a sentence."""


NO_TASK_WITHIN_A_TASK = (
    "asyncio has no way to drive several coroutines in one task: "
    "gather, TaskGroup and as_completed make a task of each (style=spawn)"
)


class Scenario(ABC):
    """One workload: a dataclass, whose fields are its parameters."""

    @abstractmethod
    def check(self) -> None:
        """Raises ValueError where that makes no sense, Unsupported where asyncio lacks it."""

    @abstractmethod
    def operations(self) -> int:
        """What the time of one run is divided by."""

    @abstractmethod
    async def run(self, latency: Recorder) -> int:
        """Does the work and answers the scenario's number. Can be called again."""
