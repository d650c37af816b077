#!/usr/bin/env python3
"""Checks that every #include follows the arrows of the house.

A *box* is one folder. The table below says which other boxes, and which libraries beside the
standard one, a box may include; everything else is a violation. CMake gives a box only the headers
of the boxes that it links, so most wrong includes do not compile. This check also sees what the
compiler forgives: a wrong link line, a header found by luck, a library that sneaks in.

Exit status: 0 all arrows hold, 1 a violation (one line each), 2 wrong usage.
"""

import argparse
import re
import sys
from pathlib import Path

import cpp_sources

# Libraries, by how their headers begin. What is not here is unknown, and so not permitted.
LIBRARIES = {
    "test": ("gtest/", "gmock/"),
    "benchmark": ("benchmark/",),
    "json": ("nlohmann/",),
    "fmt": ("fmt/",),
    "cli": ("CLI/",),
    "httplib": ("httplib.h",),
    "libuv": ("uv.h",),
    "liburing": ("liburing.h",),
    "math": ("boost/math/",),
    "simdjson": ("simdjson.h",),
    "asio": ("boost/asio/", "boost/system/", "boost/version.hpp"),
    "xml": ("boost/property_tree/",),
    "posix": None,  # the C library and the kernel: whatever else ends in .h
}

# box: (what it may include of ours, which libraries). `*` is any one folder. The most exact line
# that fits a file is its box; a target that names a file's stem permits that file only.
BOXES = {
    "runtimes/interface": ((), ("posix",)),
    "runtimes/core": (("runtimes/interface",), ("posix",)),
    "runtimes/laws": (("runtimes/interface",), ("posix", "test")),
    "runtimes/*": (("runtimes/interface", "runtimes/core"), ("posix",)),
    "runtimes/io_uring": (("runtimes/interface", "runtimes/core"), ("posix", "liburing")),
    "runtimes/libuv": (("runtimes/interface", "runtimes/core"), ("posix", "libuv")),
    "runtimes/asio": (("runtimes/interface", "runtimes/core"), ("posix", "asio", "liburing")),
    # A contender in its own idiom: the scenarios' parameters and oracles, and what measures it.
    "runtimes/asio_native": (
        (
            "harness/contender",
            "scenarios",
            "scenarios/support",
            "runtimes/interface",
            "runtimes/core",
        ),
        ("posix", "asio"),
    ),
    # No runtime: what the machine itself takes, as a contender.
    "runtimes/machine": (
        ("harness/contender", "scenarios", "scenarios/support", "runtimes/interface"),
        ("posix",),
    ),
    "scenarios/support": (("runtimes/interface",), ("json", "posix")),
    "scenarios": (("runtimes/interface", "scenarios/support", "proxy"), ()),
    "proxy": (("runtimes/interface",), ("posix",)),
    "proxy/tests": (("proxy", "runtimes/interface", "runtimes/*"), ("posix", "test")),
    # The generator stands on the kernel alone: a runtime in it would be measured with it.
    "proxy/load": (
        (
            "runtimes/interface",
            "runtimes/core/socket_address",
            "harness/stats/histogram",
            "harness/stats/quantities",
        ),
        ("posix", "cli", "json", "fmt"),
    ),
    "proxy/command": (
        ("proxy", "runtimes/interface", "runtimes/core", "runtimes/*"),
        ("posix", "cli", "json", "fmt", "httplib"),
    ),
    # No runtime: the ways from a client to a server, as a contender.
    "proxy/paths": (
        (
            "proxy/load",
            "harness/stats/histogram",
            "harness/contender",
            "scenarios",
            "scenarios/support",
            "runtimes/interface",
        ),
        ("posix", "json", "fmt"),
    ),
    "harness/protocol": ((), ("posix", "json", "fmt")),
    "harness/stats": ((), ("json", "fmt", "math", "simdjson")),
    "harness/comparison": (("harness/stats",), ("json", "fmt", "xml")),
    # Verdicts over a run: pure, from its samples and its summary.
    "harness/choice": (("harness/stats",), ("posix", "json", "fmt")),
    "harness/claims": (("harness/stats",), ("posix", "json", "fmt")),
    "harness/machine": ((), ("posix", "json", "fmt")),
    "harness/history": (("harness/stats", "harness/machine/kind"), ("json", "fmt")),
    "harness/specification": (("scenarios/support",), ("json",)),
    "harness/contender": (
        (
            "harness/protocol",
            "harness/stats/histogram",
            "harness/machine",
            "harness/specification",
            "scenarios/support",
            "runtimes/interface",
        ),
        ("posix", "benchmark", "json", "fmt"),
    ),
    "harness/driver": (
        (
            "harness/protocol",
            "harness/stats",
            "harness/machine",
            "harness/history",
            "harness/comparison",
            "harness/choice",
            "harness/claims",
            "harness/specification",
        ),
        ("posix", "cli", "json", "fmt"),
    ),
    "tests/second_thread": (("harness/contender", "runtimes/interface", "scenarios"), ()),
    "tests": (("harness/protocol", "harness/specification"), ("posix", "json", "fmt", "test")),
}

# A scenario is a workload and nothing else: it neither prints, nor starts threads, nor locks.
# (<chrono> stays: a scenario may say how long a task sleeps.)
NOT_IN_A_SCENARIO = {"thread", "iostream", "ostream", "fstream", "cstdio", "print", "mutex"}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.MULTILINE)
_OURS = tuple(folder + "/" for folder in cpp_sources.FOLDERS)


def _fits(pattern, path):
    """Whether `path` lies in the box `pattern`."""
    wanted, parts = pattern.split("/"), path.split("/")
    return len(parts) > len(wanted) and all(w in ("*", p) for w, p in zip(wanted, parts))


def box_of(path):
    """The (key of the table, folder) that `path` belongs to, or None."""
    fitting = [pattern for pattern in BOXES if _fits(pattern, path)]
    if not fitting:
        return None
    # The most exact line wins: the deepest, and a name before a star.
    pattern = max(fitting, key=lambda p: (p.count("/"), "*" not in p))
    return pattern, "/".join(path.split("/")[: pattern.count("/") + 1])


def _library_of(header):
    for name, beginnings in LIBRARIES.items():
        if beginnings and header.startswith(beginnings):
            return name
    return "posix" if header.endswith(".h") else None


def _wrong_library(source, pattern, header):
    """Why `source` may not include the library header `header`, or None."""
    if "/" not in header and "." not in header:  # the standard library
        if pattern == "scenarios" and header in NOT_IN_A_SCENARIO:
            return f"<{header}>: a scenario neither prints, nor starts threads, nor locks"
        return None
    permitted = set(BOXES[pattern][1])
    if source.endswith("_test.cpp"):
        permitted |= {"test", "posix", "json", "fmt"}
    library = _library_of(header)
    if library is None:
        return f"<{header}> belongs to no library that check_includes.py knows"
    if library not in permitted:
        names = ", ".join(sorted(permitted)) or "none"
        return f"<{header}>: {pattern} may use only the standard library and: {names}"
    return None


def _wrong_arrow(source, pattern, folder, target, root):
    """Why `source` may not include our header `target`, or None."""
    if not target.startswith(_OURS) or "/../" in target:
        return f'"{target}": write the path from the repository root ("harness/stats/…")'
    if not (Path(root) / target).is_file():
        return f'"{target}" does not exist'
    to = box_of(target)
    if to is None:
        return f'"{target}" lies in no box of the table'
    if to[1] == folder:
        return None
    for permitted in BOXES[pattern][0]:
        if to[0] == permitted or target.rsplit(".", 1)[0] == permitted:
            return None
    arrows = ", ".join(BOXES[pattern][0]) or "nothing of ours"
    return f'"{target}": {pattern} may include {arrows}'


def violations(root):
    """All violations below `root`, as (path, line, sentence)."""
    found = []
    for path in cpp_sources.find(root):
        source = path.as_posix()
        box = box_of(source)
        if box is None:
            found.append(
                (source, 1, "lies in no box: give its folder a line in scripts/check_includes.py")
            )
            continue
        text = (Path(root) / path).read_text(encoding="utf-8")
        for include in _INCLUDE.finditer(cpp_sources.without_comments(text, literals=False)):
            quoted, angled = include.groups()
            ours = quoted or (angled if angled.startswith(_OURS) else None)
            if ours:
                reason = _wrong_arrow(source, *box, ours, root)
            else:
                reason = _wrong_library(source, box[0], angled)
            if reason:
                found.append(
                    (source, cpp_sources.line_of(text, include.start(1 if quoted else 2)), reason)
                )
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "root",
        nargs="?",
        default=Path(__file__).parent.parent,
        help="the repository (default: this one)",
    )
    root = parser.parse_args().root
    count = len(cpp_sources.find(root))
    if count == 0:
        print(
            f"check_includes: {root} holds no C++ sources; is it the root of the repository?",
            file=sys.stderr,
        )
        return 2
    found = violations(root)
    for path, line, reason in found:
        print(f"{path}:{line}: {reason}")
    print(f"check_includes: {len(found)} violations in {count} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
