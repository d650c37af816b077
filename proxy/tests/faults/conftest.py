"""Fixtures: a proxy of the runtime under test, the peers around it, and what must hold after each test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crowd import Crowd, raise_descriptor_limit
from peers import Peers
from process import Proxy, sanitizer_of

IN_TREE = ("single_threaded", "lightweight", "work_stealing")
# What sanitizers may take longer, and what they may hold more.
SLOWNESS = {None: 1.0, "address": 3.0, "thread": 4.0}
MEMORY = {None: 1.0, "address": 16.0, "thread": 16.0}

# Other people's libraries: one has a thread for each task, others a ring of buffers or fat sockets.
OTHERS_MEMORY = 12


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("regatta-proxy")
    group.addoption(
        "--proxy",
        default=os.environ.get("REGATTA_PROXY"),
        help="the program regatta-proxy; default: $REGATTA_PROXY",
    )
    group.addoption(
        "--runtime",
        action="append",
        help="a runtime, which may be given several times; 'others': every one that is offered and"
        " not in the tree, with the tests marked essential; default: those in the tree",
    )
    group.addoption("--seed", type=int, help="of the random tests; default: one that is printed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "essential: also runs on runtimes from outside the tree")
    raise_descriptor_limit()


def offered_runtimes(binary: Path) -> list[str]:
    """What `--list-runtimes` names: each line that is one word; others say why one is missing."""
    listed = subprocess.run(
        [binary, "--list-runtimes"], capture_output=True, text=True, check=True, timeout=60
    )
    return [line.strip() for line in listed.stdout.splitlines() if len(line.split()) == 1]


def is_in_tree(runtime: str) -> bool:
    return runtime.partition("/")[0] in IN_TREE


def _chosen_runtimes(config: pytest.Config) -> list[str]:
    binary = config.getoption("--proxy")
    if binary is None:
        return []
    offered = offered_runtimes(Path(binary))
    asked = config.getoption("--runtime")
    if asked is None:
        return [name for name in offered if is_in_tree(name)]
    chosen = []
    for name in asked:
        if name == "others":
            chosen += [one for one in offered if not is_in_tree(one)]
        elif name in offered or name in {one.partition("/")[0] for one in offered}:
            chosen.append(name)
        else:
            raise pytest.UsageError(f"--runtime is '{name}', expected one of: {', '.join(offered)}")
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "runtime" in metafunc.fixturenames:
        metafunc.parametrize("runtime", _chosen_runtimes(metafunc.config), scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On runtimes from outside the tree only what is essential."""

    def belongs(item: pytest.Item) -> bool:
        runtime = item.callspec.params.get("runtime") if hasattr(item, "callspec") else None
        is_essential = item.get_closest_marker("essential") is not None
        return runtime is None or is_in_tree(runtime) or is_essential

    dropped = [item for item in items if not belongs(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if belongs(item)]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Lets fixtures know whether the test has failed: then they only clean up."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.has_failed = report.failed


@pytest.fixture(scope="session")
def binary(pytestconfig: pytest.Config) -> Path:
    given = pytestconfig.getoption("--proxy")
    if given is None:
        pytest.fail("where is the proxy? Set REGATTA_PROXY or --proxy, for example"
                    " --proxy=build/dev/bin/regatta-proxy")
    return Path(given).resolve()


@pytest.fixture(scope="session")
def sanitizer(binary: Path) -> str | None:
    return sanitizer_of(binary)


@pytest.fixture(scope="session")
def patience(sanitizer: str | None) -> float:
    """What deadlines are multiplied with; nothing waits for a deadline that does not fail."""
    return SLOWNESS[sanitizer]


@pytest.fixture(scope="session")
def leeway(sanitizer: str | None, runtime: str) -> float:
    """What bounds on memory are multiplied with."""
    return MEMORY[sanitizer] * (1 if is_in_tree(runtime) else OTHERS_MEMORY)


@pytest.fixture
def peers(patience: float) -> Iterator[Peers]:
    made = Peers(patience)
    yield made
    made.close()


@pytest.fixture
def make_crowd(patience: float) -> Iterator[Callable[..., Crowd]]:
    made: list[Crowd] = []

    def make(*arguments, **options) -> Crowd:
        made.append(Crowd(patience, *arguments, **options))
        return made[-1]

    yield make
    for crowd in made:
        crowd.close()


@pytest.fixture
def start(
    request: pytest.FixtureRequest,
    binary: Path,
    runtime: str,
    tmp_path: Path,
    patience: float,
) -> Iterator[Callable[..., Proxy]]:
    """Starts a proxy: start(upstream, …, "--flag", "value", listen=[…], wait=True).

    After the test each one must have counts that add up, end in order, and not have complained.
    """
    started: list[Proxy] = []

    def begin(
        *upstreams_and_flags: str,
        listen: list[str] | None = None,
        wait: bool = True,
        most_descriptors: int | None = None,
    ) -> Proxy:
        words = list(upstreams_and_flags)
        first_flag = next((at for at, word in enumerate(words) if word.startswith("--")), len(words))
        arguments = ["--runtime", runtime, "--metrics", "127.0.0.1:0", "--report-every", "0"]
        for door in listen or ["127.0.0.1:0"]:
            arguments += ["--listen", door]
        for upstream in words[:first_flag]:
            arguments += ["--upstream", upstream]
        folder = tmp_path / f"proxy_{len(started)}"
        folder.mkdir()
        proxy = Proxy(
            binary,
            arguments + words[first_flag:],
            folder,
            patience=patience,
            most_descriptors=most_descriptors,
        )
        started.append(proxy)
        return proxy.wait_until_ready() if wait else proxy

    yield begin
    try:
        if getattr(request.node, "has_failed", False):
            for proxy in started:
                print(proxy.story())
            return
        for proxy in started:
            if not proxy.has_ended():
                proxy.counts().check()
            proxy.stop()
            proxy.check_complaints()
            proxy.log()
    finally:
        for proxy in started:
            proxy.kill()
