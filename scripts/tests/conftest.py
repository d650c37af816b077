"""A synthetic run as a fixture, and a way to call the command line as a user does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SCRIPTS))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import synthetic  # noqa: E402
import synthetic_catalogue  # noqa: E402
import synthetic_documents  # noqa: E402
import synthetic_paths  # noqa: E402

from regatta_report import cli  # noqa: E402

# Few cells keep a test short; they still cover latency, no latency, and more than one scenario.
FEW = [synthetic.CELLS[0], synthetic.CELLS[1], synthetic.CELLS[15], synthetic.CELLS[-1]]


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Writes a synthetic run of a few cells and returns its folder."""

    def make(name: str = "run", **options: Any) -> Path:
        options.setdefault("cells", FEW)
        options.setdefault("blocks", 6)
        synthetic.make(tmp_path / name, **options)
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with everything that a report knows, reported once for all tests that look at pages."""
    folder = tmp_path_factory.mktemp("site") / "run"
    synthetic_catalogue.make(folder, rows=4, blocks=2)
    synthetic_paths.add(folder)
    synthetic_documents.add(folder)
    assert cli.main([str(folder), "--no-png", "--one-file", "--quiet"]) == 0
    return folder


@dataclass
class Said:
    """What a call of the command line left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Calls the command line in this process, which saves a second of imports each time."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def report_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs scripts/report.py as a user does, with the environment of the test."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(SCRIPTS / "report.py"), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run
