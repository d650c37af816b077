"""The proxy as a process: started, watched from outside, asked for its counts, stopped.

Nothing in here looks into the proxy: only its lines, its log, its metrics, its exit code, and what
the system says about any process in /proc.
"""

from __future__ import annotations

import http.client
import json
import mmap
import os
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crowd import Verdict

ENDS = ("completed", "unreachable", "broken", "timed_out", "shut_down")
SANITIZER_EXIT = 99
# What a sanitizer writes when it has found something.
REPORT = re.compile(r"(ERROR|WARNING): \w*Sanitizer|runtime error:|SUMMARY: \w*Sanitizer")


@dataclass
class Counts:
    """A reading of the proxy's metrics; proxy/counts.hpp says what each one counts."""

    accepted: int = 0
    active: int = 0
    completed: int = 0
    unreachable: int = 0
    broken: int = 0
    timed_out: int = 0
    shut_down: int = 0
    refused: int = 0
    shortages: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    def check(self) -> None:
        ended = sum(getattr(self, end) for end in ENDS)
        assert self.accepted == self.active + ended, f"the counts do not add up: {self}"


def sanitizer_of(binary: Path) -> str | None:
    """Which sanitizer the program was built with: "address", "thread" or None."""
    with open(binary, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        if image.find(b"__tsan_init") >= 0:
            return "thread"
        return "address" if image.find(b"__asan_init") >= 0 else None


def wait_for(condition: Callable[[], Any], seconds: float, what: str | Callable[[], str]) -> Any:
    """Answers what the condition answers as soon as that is true; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    pause = 0.001
    while not (answer := condition()):
        if time.monotonic() > deadline:
            told = what() if callable(what) else what
            raise AssertionError(f"not within {seconds:g} s: {told}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return answer


class Proxy:
    """One process of `regatta-proxy`. Started at once; wait_until_ready() before it is used."""

    def __init__(
        self,
        binary: Path,
        arguments: list[str],
        folder: Path,
        *,
        patience: float,
        most_descriptors: int | None = None,
    ) -> None:
        self.patience = patience
        self.folder = folder
        # A write of asio on io_uring that is under way when its stream is reset may have put bytes
        # on their way, and is answered as cancelled: nobody can count them.
        self.counts_every_byte = "asio/io_uring" not in arguments
        self._said = folder / "stdout"
        self._complained = folder / "stderr"
        self.log_file = folder / "log"
        self.arguments = [str(binary), *arguments, "--log", str(self.log_file)]
        self.exit_code: int | None = None

        def limit() -> None:
            if most_descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (most_descriptors, most_descriptors))

        with open(self._said, "wb") as out, open(self._complained, "wb") as err:
            self.process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=limit,
                env=os.environ | _sanitizer_environment(),
                cwd=folder,
            )

    # --- Starting.

    def lines(self) -> list[str]:
        """The whole lines that it has written to stdout so far."""
        return self._said.read_text().splitlines(keepends=True)

    def is_ready(self) -> bool:
        if "ready\n" in self.lines():
            return True
        code = self.process.poll()
        assert code is None, f"ended with {code} before it was ready: {self.story()}"
        return False

    def wait_until_ready(self) -> Proxy:
        wait_for(self.is_ready, 10 * self.patience, lambda: f"ready: {self.story()}")
        return self

    @property
    def addresses(self) -> list[str]:
        """Where it listens, in the order of its --listen."""
        begin = "listening on "
        return [line[len(begin) :].strip() for line in self.lines() if line.startswith(begin)]

    @property
    def address(self) -> str:
        return self.addresses[0]

    @property
    def metrics_address(self) -> str:
        begin = "metrics on "
        return next(line[len(begin) :].strip() for line in self.lines() if line.startswith(begin))

    # --- Counts.

    def metrics(self) -> dict[str, float]:
        """Every sample of the Prometheus endpoint: `name{label="value"}` to its value."""
        host, _, port = self.metrics_address.rpartition(":")
        asked = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=10 * self.patience)
        try:
            asked.request("GET", "/metrics", headers={"Connection": "close"})
            answer = asked.getresponse()
            text = answer.read().decode()
        finally:
            asked.close()
        assert answer.status == 200, f"{answer.status}: {text}"
        samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        return samples

    def counts(self) -> Counts:
        samples = self.metrics()

        def of(name: str) -> int:
            return int(samples["regatta_proxy_" + name])

        return Counts(
            accepted=of("connections_accepted_total"),
            active=of("connections_active"),
            **{end: of(f'connections_total{{end="{end}"}}') for end in ENDS},
            refused=of("connections_refused_total"),
            shortages=of("shortages_total"),
            bytes_up=of('bytes_total{direction="up"}'),
            bytes_down=of('bytes_total{direction="down"}'),
        )

    def settle_any(self, accepted: int = 0) -> Counts:
        """Waits until nobody is served any more; whatever else the counts are, they add up."""
        counts = self._wait_until_quiet(accepted)
        counts.check()
        return counts

    def settle(self, **expected: int) -> Counts:
        """The same, and named counts must be as given; ends that are not named must be 0."""
        counts = self.settle_any(expected.get("accepted", 0))
        _expect(counts, dict.fromkeys(ENDS, 0) | {"refused": 0, "shortages": 0} | expected)
        return counts

    def _wait_until_quiet(self, accepted: int) -> Counts:
        counts = Counts()

        def is_quiet() -> bool:
            nonlocal counts
            counts = self.counts()
            return counts.active == 0 and counts.accepted >= accepted

        wait_for(is_quiet, 10 * self.patience, lambda: f"{accepted} accepted, 0 active: {counts}")
        return counts

    def settle_with(self, verdict: Verdict, **expected: int) -> Counts:
        """The same, where a crowd has been served and its judge knows what must be counted."""
        counts = self.settle_any(verdict.connections)
        broken = counts.broken + counts.unreachable
        for found, least in ((counts.completed, verdict.orderly), (broken, verdict.broken)):
            assert least <= found <= least + verdict.either, f"{counts}, {verdict}"
        assert counts.unreachable <= verdict.abrupt, f"{counts}, {verdict}"
        never = ("timed_out", "shut_down", "refused", "shortages")
        _expect(counts, {"accepted": verdict.connections} | dict.fromkeys(never, 0) | expected)
        assert counts.bytes_up <= verdict.most_up, f"{counts}, {verdict}"
        assert counts.bytes_down <= verdict.most_down, f"{counts}, {verdict}"
        if self.counts_every_byte:
            assert verdict.least_up <= counts.bytes_up, f"{counts}, {verdict}"
            assert verdict.least_down <= counts.bytes_down, f"{counts}, {verdict}"
        return counts

    def last_counts(self) -> Counts:
        """Of the line that it prints when it has ended."""
        pairs = [word.split("=") for word in self.lines()[-1].split()]
        counts = Counts(**{name: int(value) for name, value in pairs})
        counts.check()
        return counts

    # --- What the system says.

    @staticmethod
    def is_listening(address: str) -> bool:
        """Somebody listens there. To look does not connect, which would be counted."""
        if address.startswith("unix:"):
            lines = Path("/proc/net/unix").read_text().splitlines()
            # The flag of a listening socket is the fourth column, the path the last.
            return any(
                words[3] == "00010000" and words[-1] == address[len("unix:") :]
                for words in map(str.split, lines[1:])
            )
        port = f":{int(address.rpartition(':')[2]):04X}"
        tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
        lines = [line for table in tables if table.exists() for line in table.open()]
        return any(
            words[1].endswith(port) and words[3] == "0A" for words in map(str.split, lines[1:])
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def _status(self, key: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE)[1])

    def memory_bytes(self) -> int:
        """What it has resident."""
        return self._status("VmRSS") * 1024

    def threads(self) -> int:
        return self._status("Threads")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self) -> float:
        """What all its threads have used so far, of user and system time."""
        # The name of the program may hold anything, so count from the bracket that ends it.
        figures = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(figures[11]) + int(figures[12])) / os.sysconf("SC_CLK_TCK")

    # --- Ending.

    def signal(self, which: int) -> None:
        self.process.send_signal(which)

    def has_ended(self) -> bool:
        self.exit_code = self.process.poll()
        return self.exit_code is not None

    def wait_for_exit(self, seconds: float | None = None) -> int:
        """The exit code; -N of a process that signal N has killed."""
        within = 10 * self.patience if seconds is None else seconds
        wait_for(self.has_ended, within, lambda: f"ended: {self.story()}")
        return self.exit_code

    def stop(self) -> None:
        """Ends it as a test should leave it: nobody is served, so SIGTERM ends it in order."""
        if not self.has_ended():
            self.signal(signal.SIGTERM)
            code = self.wait_for_exit()
            assert code == 0, f"SIGTERM with nobody served ended it with {code}: {self.story()}"

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def log(self) -> list[dict[str, Any]]:
        """Its log, each line of which must be a JSON object with time, level and event."""
        lines = self.log_file.read_text().splitlines() if self.log_file.exists() else []
        entries = [json.loads(line) for line in lines]
        for entry in entries:
            assert {"time", "level", "event"} <= set(entry), f"a line of the log is {entry}"
        return entries

    def check_complaints(self) -> None:
        """A sanitizer's report, or a death by a signal that nobody has sent, fails the test."""
        complaints = self._complained.read_text(errors="replace")
        assert not REPORT.search(complaints), complaints
        assert self.exit_code != SANITIZER_EXIT, self.story()
        deadly = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE}
        assert self.exit_code not in deadly, self.story()

    def story(self) -> str:
        """All that it has said, for whoever looks into a failure."""
        log = self.log_file.read_text()[-3_000:] if self.log_file.exists() else ""
        return (
            f"{' '.join(self.arguments)}\n--- stdout\n{self._said.read_text()[-2_000:]}"
            f"--- stderr\n{self._complained.read_text(errors='replace')[-6_000:]}--- log\n{log}"
        )


def _expect(counts: Counts, wanted: dict[str, int]) -> None:
    found = {name: getattr(counts, name) for name in wanted}
    assert found == wanted, f"{counts}, expected {wanted}"


def _sanitizer_environment() -> dict[str, str]:
    """An exit code of their own, and no freed memory kept: it would look like a leak."""

    def options(variable: str, ours: str) -> str:
        given = os.environ.get(variable, "")
        return f"{given}:{ours}" if given else ours

    exit_code = f"exitcode={SANITIZER_EXIT}"
    return {
        "ASAN_OPTIONS": options("ASAN_OPTIONS", f"{exit_code}:quarantine_size_mb=1"),
        "TSAN_OPTIONS": options("TSAN_OPTIONS", exit_code),
        "UBSAN_OPTIONS": options("UBSAN_OPTIONS", exit_code),
    }
