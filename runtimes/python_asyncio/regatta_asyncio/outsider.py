"""The one thread beside the event loop's: work is spawned from it where the question is what that
costs. It runs no tasks. It is started when it is first needed and then kept, so that a run pays for
waking it but not for starting it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_NAME = "outsider"
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=_NAME)


async def call(function: Callable[[], T]) -> T:
    """Has the outsider call it, and answers what it answered."""
    return await asyncio.wrap_future(_thread.submit(function))


def is_outsider(thread: threading.Thread) -> bool:
    return thread.name.startswith(_NAME)
