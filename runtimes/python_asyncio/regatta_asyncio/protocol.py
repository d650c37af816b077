"""The messages of Regatta's protocol, version 1: one JSON object a line."""

import json
from dataclasses import dataclass
from typing import Any

VERSION = 1

# The longest line that either side accepts, its newline included.
MAX_LINE_BYTES = 64 * 1024

LARGEST_WHOLE = 2**64 - 1


class NotUnderstood(Exception):
    """What was wrong with a line, in a sentence."""


@dataclass(frozen=True)
class Hello:
    """Opens the conversation, or opens it anew."""

    variant: str = ""  # Empty: the contender's default.


@dataclass(frozen=True)
class List:
    """Asks for the scenarios."""


@dataclass(frozen=True)
class Prepare:
    """Makes one cell ready."""

    scenario: str
    params: dict[str, int | str]


@dataclass(frozen=True)
class Run:
    """Takes samples of the prepared cell."""

    iterations: int
    samples: int = 1


@dataclass(frozen=True)
class Quit:
    """Ends the conversation; so does the end of stdin."""


Request = Hello | List | Prepare | Run | Quit


def parse(line: bytes) -> Request:
    """Reads one line, or raises NotUnderstood."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise NotUnderstood(
            f"expected one JSON object on the line; got: {_excerpt(line)}"
        ) from None
    if not isinstance(message, dict):
        raise NotUnderstood(f"expected a JSON object; got another JSON value: {_excerpt(line)}")
    if "hello" in message:
        return _parse_hello(message)
    if "prepare" in message:
        return _parse_prepare(_object(message["prepare"], "prepare"))
    if "run" in message:
        return _parse_run(_object(message["run"], "run"))
    if "list" in message:
        return List()
    if "quit" in message:
        return Quit()
    raise NotUnderstood(
        f"a request is one of hello, list, prepare, run, quit; got: {_excerpt(line)}"
    )


def write(target: Any, **reply: Any) -> None:
    """Writes one line, at once."""
    target.write(json.dumps(reply, separators=(",", ":")) + "\n")
    target.flush()


def _parse_hello(message: dict[str, Any]) -> Hello:
    spoken = _whole(message["hello"], "hello.hello")
    if spoken != VERSION:
        raise NotUnderstood(
            f"the driver speaks protocol {spoken}; this contender speaks protocol {VERSION}"
        )
    _whole(message.get("threads", 0), "hello.threads")  # There is one thread, whatever is wished.
    return Hello(_text(message.get("variant", ""), "hello.variant"))


def _parse_prepare(prepare: dict[str, Any]) -> Prepare:
    params = _object(prepare.get("params", {}), "prepare.params")
    for name, value in params.items():
        if not _is_whole(value) and not isinstance(value, str):
            raise NotUnderstood(
                f"params.{name} must be a whole number (0 or more) or a string; got {value!r}"
            )
    return Prepare(_text(prepare.get("scenario"), "prepare.scenario"), params)


def _parse_run(run: dict[str, Any]) -> Run:
    request = Run(
        iterations=_whole(run.get("iterations"), "run.iterations"),
        samples=_whole(run.get("samples", 1), "run.samples"),
    )
    if request.iterations == 0 or request.samples == 0:
        raise NotUnderstood("run.iterations and run.samples must be 1 or more")
    return request


def _is_whole(value: Any) -> bool:
    # True is an int to Python, but not to JSON.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_WHOLE


def _whole(value: Any, where: str) -> int:
    if not _is_whole(value):
        raise NotUnderstood(f"{where} must be a whole number, 0 or more; got {value!r}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise NotUnderstood(f"{where} must be a string; got {value!r}")
    return value


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotUnderstood(f"{where} must be an object; got {value!r}")
    return value


def _excerpt(line: bytes, longest: int = 80) -> str:
    text = line[:longest].decode(errors="replace").strip()
    return repr(text) + ("…" if len(line) > longest else "")
