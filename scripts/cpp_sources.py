"""The C++ sources of the house, and their text without what a reader of tokens must not see."""

import os
import re
from pathlib import Path

FOLDERS = ("runtimes", "scenarios", "proxy", "harness", "tests")
ENDINGS = (".hpp", ".cpp", ".h")

# Folders that other tools fill with sources that are not ours.
FOREIGN_FOLDERS = {"build", "target", "node_modules", "vendor", "__pycache__"}

_COMMENT_OR_LITERAL = re.compile(
    r"""//(?:\\\n|[^\n])*                          # a comment up to the end of the line
      | /\*.*?\*/                                  # a comment with an end of its own
      | R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"   # a raw string
      | "(?:\\.|[^"\\\n])*"                        # a string
      | (?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'       # a character, not the ' in 1'000'000
    """,
    re.DOTALL | re.VERBOSE,
)


def find(root):
    """Paths of our C++ sources, relative to `root`, in a stable order."""
    found = []
    for folder in FOLDERS:
        for here, subfolders, files in os.walk(Path(root) / folder):
            subfolders[:] = sorted(name for name in subfolders if name not in FOREIGN_FOLDERS)
            found += [
                (Path(here) / name).relative_to(root) for name in files if name.endswith(ENDINGS)
            ]
    return sorted(found)


def without_comments(text, literals=True):
    """`text` with comments blanked, and with `literals` the insides of strings too.

    Every character keeps its place: offsets and line numbers stay true.
    """

    def blank(match):
        found = match.group()
        if found.startswith("/") or literals:
            return re.sub(r"[^\n]", " ", found)
        return found

    return _COMMENT_OR_LITERAL.sub(blank, text)


def line_of(text, offset):
    """The number, from 1, of the line on which `offset` lies."""
    return text.count("\n", 0, offset) + 1
