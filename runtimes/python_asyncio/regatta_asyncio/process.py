"""What this process is, has spent and may have."""

import contextlib
import gc
import os
import resource
from pathlib import Path


def raise_descriptor_limit() -> None:
    """Lifts the soft limit as far as the system lets an ordinary process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def descriptor_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def waits_with_epoll() -> bool:
    """Whether this process has an epoll descriptor."""
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            if os.readlink(descriptor) == "anon_inode:[eventpoll]":
                return True
        except OSError:
            continue  # It was the one that we read the folder with.
    return False


def forget_memory() -> None:
    """Frees what earlier cells left behind and begins a new peak, where the kernel allows it."""
    gc.collect()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # 5: reset the peak, proc(5).


def peak_rss_bytes() -> int | None:
    """Nothing where /proc is not mounted."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def resident_bytes() -> int:
    """How much memory of this process is in RAM now; 0 where /proc is not mounted."""
    try:
        _, resident_pages, *_ = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0
    return int(resident_pages) * resource.getpagesize()


def context_switches() -> tuple[int, int]:
    """Voluntary and involuntary ones, of all threads since the process began."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw, usage.ru_nivcsw


def cpu_ns_of_threads() -> dict[int, int]:
    """The CPU time of each living thread by its id; none where the kernel does not tell."""
    times = {}
    for folder in Path("/proc/self/task").glob("*"):
        try:
            times[int(folder.name)] = int((folder / "schedstat").read_text().split()[0])
        except OSError:
            continue  # A thread may end while we look.
    return times


def busy_threads(before: dict[int, int], after: dict[int, int]) -> int:
    """How many threads spent at least 1 % of what all spent between two readings."""
    spent = [max(ns - before.get(thread, 0), 0) for thread, ns in after.items()]
    return sum(1 for ns in spent if ns > 0 and ns * 100 >= sum(spent))
