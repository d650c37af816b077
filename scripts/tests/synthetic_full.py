"""Invents a run as large as the quick matrix: 25 rows, over 80 cells, and paths beside them.

To see what a report of a full run takes; its figures mean nothing and must never be published.

    python3 scripts/tests/synthetic_full.py /tmp/run && time scripts/report.py /tmp/run
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import synthetic
import synthetic_catalogue
import synthetic_documents
import synthetic_paths


def make(folder: Path, rows: int = 25, blocks: int = 10) -> None:
    """Writes a run into `folder`."""
    threads = (1, 2, 3, 4, 6, 8, 12, 16)
    synthetic_catalogue.make(folder, rows=rows, blocks=blocks, processors=8, threads=threads)
    names = [synthetic_catalogue.traits_of(number).name for number in range(rows)]
    with tempfile.TemporaryDirectory() as beside:
        synthetic.make(Path(beside), rows=names, blocks=blocks)
        more = json.loads((Path(beside) / "summary.json").read_text(encoding="utf-8"))
        samples = (Path(beside) / "samples.jsonl").read_text(encoding="utf-8")
    path = folder / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    summary["cells"] = more["cells"] + summary["cells"]
    summary["scenarios"] = more["scenarios"] + summary["scenarios"]
    timed = [
        c for c in summary["cells"] if c.get("unit", "ns") == "ns" and c["scenario"] != "floor"
    ]
    summary["geometric_means"] = synthetic._means(timed, names)
    summary["noise"]["cells"] = more["noise"]["cells"] + summary["noise"]["cells"]
    path.write_text(json.dumps(summary), encoding="utf-8")
    with (folder / "samples.jsonl").open("a", encoding="utf-8") as out:
        out.write(samples)
    synthetic_paths.add(folder)
    synthetic_documents.add(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
