"""An event loop made, asked for one task and closed."""

import asyncio
from dataclasses import dataclass

from regatta_asyncio.latency import Recorder
from regatta_asyncio.parameters import choice
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported, require_asyncio


@dataclass
class Startup(Scenario):
    of: str = choice("runtime", "process")

    def check(self) -> None:
        if self.of == "process":
            raise Unsupported(
                "a program that uses asyncio is a text, and to start it is to start an interpreter"
            )
        require_asyncio("Runner", since="3.11")

    def operations(self) -> int:
        return 1

    def run_on(self, loop: asyncio.AbstractEventLoop, latency: Recorder) -> int:
        """On another loop of the same kind, while this one rests."""
        with asyncio.Runner(loop_factory=type(loop)) as runner:
            return runner.run(self.run(latency))

    async def run(self, latency: Recorder) -> int:
        return await asyncio.create_task(_answer())


async def _answer() -> int:
    return 42
