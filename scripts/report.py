#!/usr/bin/env python3
"""Draws a run's charts and writes its report; see `scripts/report.py --help`."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def _needs() -> bool:
    """Whether this interpreter has what reports need."""
    if sys.version_info < (3, 10):  # noqa: UP036  (this file alone must start under any Python)
        return False
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    if not _needs():
        # Go on under an interpreter that has it, rather than making the user look for one.
        if os.environ.get("REGATTA_REEXECUTED"):
            sys.exit("report.py: matplotlib or jinja2 cannot be imported")
        found = subprocess.run(
            [str(HERE / "find_python")], stdout=subprocess.PIPE, text=True, check=False
        )
        if found.returncode != 0:
            sys.exit(found.returncode)
        os.environ["REGATTA_REEXECUTED"] = "1"
        python = found.stdout.strip()
        os.execv(python, [python, str(HERE / "report.py"), *sys.argv[1:]])
    sys.path.insert(0, str(HERE))
    from regatta_report.cli import main

    sys.exit(main(sys.argv[1:]))
