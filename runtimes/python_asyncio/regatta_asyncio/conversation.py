"""Answers the driver."""

import asyncio
import os
import platform
import shlex
import sysconfig
from typing import Any, BinaryIO, TextIO

from regatta_asyncio import loops, parameters, process, protocol, sampling
from regatta_asyncio.scenarios import MISSING, SCENARIOS, Scenario, Unsupported


def serve(source: BinaryIO, target: TextIO) -> int:
    """Answers requests until the driver quits or has gone; the answer is the exit code."""
    talk = Conversation(target)
    try:
        while line := source.readline(protocol.MAX_LINE_BYTES + 1):
            if len(line) > protocol.MAX_LINE_BYTES:
                talk.refuse("protocol", "a request is longer than 64 KiB")
                return 1
            try:
                request = protocol.parse(line)
            except protocol.NotUnderstood as why:
                talk.refuse("protocol", str(why))
                continue
            if isinstance(request, protocol.Quit):
                return 0
            talk.answer(request)
    except BrokenPipeError:
        return 1
    finally:
        talk.end()
    return 0


class Conversation:
    """What has been agreed on so far."""

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self._variant = loops.DEFAULT
        # The prepared cell: a scenario, and the loop that runs all its samples.
        self._scenario: Scenario | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def answer(self, request: protocol.Request) -> None:
        if isinstance(request, protocol.Hello):
            self._greet(request)
        elif isinstance(request, protocol.List):
            self._list()
        elif isinstance(request, protocol.Prepare):
            self._prepare(request)
        elif isinstance(request, protocol.Run):
            self._run(request)

    def refuse(self, kind: str, reason: str) -> None:
        self._say(error=kind, reason=reason)

    def end(self) -> None:
        """Forgets the prepared cell, if there is one."""
        if self._loop is not None:
            loops.close(self._loop)
        self._scenario = None
        self._loop = None

    def _say(self, **reply: Any) -> None:
        protocol.write(self._target, **reply)

    def _greet(self, hello: protocol.Hello) -> None:
        variant = hello.variant or loops.DEFAULT
        if variant not in loops.LOOPS:
            known = ", ".join(f"'{name}'" for name in loops.LOOPS)
            self.refuse("unsupported", f"no variant '{variant}'; there are: {known}")
            return
        self.end()
        self._variant = variant
        self._say(**_introduction(variant))

    def _list(self) -> None:
        for name in sorted([*SCENARIOS, *MISSING]):
            if name in SCENARIOS:
                self._say(scenario=name, params=parameters.defaults(SCENARIOS[name]))
            else:
                self._say(scenario=name, unsupported=MISSING[name])
        self._say(end=True)

    def _prepare(self, request: protocol.Prepare) -> None:
        self.end()
        name = request.scenario
        if name in MISSING:
            self.refuse("unsupported", MISSING[name])
            return
        if name not in SCENARIOS:
            self.refuse("unsupported", f"this contender knows no scenario '{name}'")
            return
        try:
            scenario = parameters.read(SCENARIOS[name], request.params)
            scenario.check()
        except Unsupported as why:
            self.refuse("unsupported", f"{name}: {why}")
            return
        except ValueError as why:
            self.refuse("failed", f"{name}: {why}")
            return
        process.forget_memory()
        self._scenario = scenario
        self._loop = loops.LOOPS[self._variant]()
        self._say(ready=True)

    def _run(self, request: protocol.Run) -> None:
        if self._loop is None or self._scenario is None:
            self.refuse("protocol", "run came before a prepare that succeeded")
            return
        for _ in range(request.samples):
            try:
                sample = sampling.take(self._loop, self._scenario, request.iterations)
            except Unsupported as why:  # Some see only now what there is not.
                self.end()
                self.refuse("unsupported", str(why))
                return
            except Exception as why:  # Whatever goes wrong ends this cell, and nothing else.
                self.end()
                self.refuse("failed", f"{type(why).__name__}: {why}")
                return
            self._say(sample=sample)
        self._say(done=True)


def _introduction(variant: str) -> dict[str, Any]:
    """What this program is, and how it is set up now."""
    version = platform.python_version()
    if variant in loops.VERSIONS:
        version += f", {loops.VERSIONS[variant]}"
    return {
        "hello": protocol.VERSION,
        "runtime": "python_asyncio",
        "variant": variant,
        "variants": list(loops.LOOPS),
        "version": version,
        "language": "python",
        "scheduling": "one event loop",
        "io": loops.observed_io(variant),
        "capabilities": ["timer", "net", "file", "blocking"],
        "threads": 1,
        "compiler": f"{platform.python_implementation()} ({platform.python_compiler()})",
        "flags": _build_flags(),
        "allocator": os.environ.get("PYTHONMALLOC", "pymalloc"),
        "track": "default",
        "pid": os.getpid(),
    }


def _build_flags() -> str:
    """The choices with which the interpreter was built that make it faster or slower."""
    arguments = shlex.split(sysconfig.get_config_var("CONFIG_ARGS") or "")
    speed = ("--enable-optimizations", "--with-lto", "--disable-gil", "--with-pydebug")
    return " ".join(each for each in arguments if each.startswith(speed))
