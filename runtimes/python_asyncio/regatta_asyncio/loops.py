"""The event loops that there are here, and how they are made and ended."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from regatta_asyncio import process

DEFAULT = "asyncio"

# By the name of the variant, the default first.
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {DEFAULT: asyncio.new_event_loop}

# Of those that are not Python's own.
VERSIONS: dict[str, str] = {}

# uvloop is no part of Python; without it there is one variant less.
with contextlib.suppress(ImportError):
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop
    VERSIONS["uvloop"] = f"uvloop {uvloop.__version__}"


def observed_io(variant: str) -> str:
    """What such a loop waits for sockets with, as its descriptors show it."""
    loop = LOOPS[variant]()
    try:
        return "epoll" if process.waits_with_epoll() else ""
    finally:
        loop.close()


def close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancels what a run that failed has left behind, and closes the loop."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(_ended(left))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
