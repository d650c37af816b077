"""The command line: which run, where to, and every failure in one sentence."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from . import html, style
from .charts import Chart, all_charts
from .load import load
from .model import Run, RunError

_HELP = """\
Draws the charts of a run and writes its report, from what the run left in its folder:
summary.json (what was concluded) and samples.jsonl (what was measured).

Writes into the folder
  report.html                 one page with everything: offline, light, dark, phone, paper
  charts/overview.svg .png    the standing over all common cells
  charts/heatmap*.svg .png    how far each row is from the best, by scenario and cell by cell
  charts/throughput_*.svg …   operations per second with intervals, one chart a scenario;
                              bytes_* for those that are measured in bytes
  charts/tail_*.svg …         p50, p99 and p99.9 of every row, where a scenario records latency
  charts/latency_*.svg …      latency by percentile; latency_load_*: against throughput
  charts/scaling_*.svg …      throughput over threads, with the Universal Scalability Law
  charts/timers_growth.svg …  timers over how many there are
  charts/floor.svg …          what the bare machine takes, where that was measured
  charts/footprint.svg …      size of the smallest program against its time
  charts/memory*.svg …        peak memory; memory_slope: bytes over tasks
  charts/*_dark.svg …         each of them again, for dark pages

The same run gives the same bytes each time.
"""

_EXAMPLES = """\
examples:
  scripts/report.py                                  the newest run under results/
  scripts/report.py results/2026-11-22T12-00-00      that run
  scripts/report.py RUN --out /tmp/look              leave the run's folder as it is
  scripts/report.py RUN --no-png                     only SVG and the page, in half the time

exit codes: 0 written · 1 the run cannot be read, or the report cannot be written · 2 wrong use
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/report.py",
        description=_HELP,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        type=Path,
        help="the folder of a run; without it, the newest under results/",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="write there instead of into RUN")
    parser.add_argument("--no-png", action="store_true", help="leave out the PNG files")
    parser.add_argument("--no-html", action="store_true", help="leave out report.html")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return parser


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        folder = options.run or _newest(Path(__file__).resolve().parents[2] / "results")
        run = load(folder)
        out = options.out or folder
        if not options.quiet:
            print(f"drawing the charts of {len(run.cells)} cells", flush=True)
        written = write(run, out, png=not options.no_png, page=not options.no_html)
    except RunError as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"report.py: cannot write {error.filename or 'the report'}: {error.strerror}",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("report.py: interrupted; the samples are untouched", file=sys.stderr)
        return 130
    for warning in run.warnings:
        print(f"report.py: {warning}", file=sys.stderr)
    if not options.quiet:
        charts = sum(path.parent.name == "charts" for path in written)
        print(f"{charts} chart files in {out / 'charts'}")
        if not options.no_html:
            print(f"report: {out / 'report.html'}")
    return 0


def _newest(results: Path) -> Path:
    """The run that was summarised last; `reference` is not a run of this machine."""
    runs = [
        path.parent for path in results.glob("*/summary.json") if path.parent.name != "reference"
    ]
    if not runs:
        raise RunError(f"there is no run under {results}; make one with: regatta run --quick")
    return max(runs, key=lambda run: ((run / "summary.json").stat().st_mtime, run.name))


def write(run: Run, out: Path, png: bool = True, page: bool = True) -> list[Path]:
    """Writes all charts and the page; returns the files in order.

    Each file is whole or absent: it is written beside its place and moved there. Charts of an
    earlier report that this one does not have are removed, so that the folder never tells two
    stories.
    """
    charts = all_charts(run)
    folder = out / "charts"
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for chart in charts:
        for theme, suffix in (("light", ""), ("dark", "_dark")):
            colours = style.THEMES[theme]
            svg = chart.wide.svg(colours, chart.title, chart.description)
            written.append(_place(folder / f"{chart.name}{suffix}.svg", svg))
            if png:
                written.append(
                    _place(folder / f"{chart.name}{suffix}.png", chart.wide.png(colours))
                )
    for path in sorted(folder.iterdir()):
        if path.suffix in (".svg", ".png") and path not in written and _ours(path, charts):
            path.unlink()
    if page:
        written.append(_place(out / "report.html", html.render(run, charts).encode("utf-8")))
    return written


def _ours(path: Path, charts: list[Chart]) -> bool:
    """Whether an earlier report wrote this file: only then may it be removed."""
    return path.name.startswith(
        (
            "overview",
            "heatmap",
            "throughput_",
            "bytes_",
            "tail_",
            "latency_",
            "scaling_",
            "timers_growth",
            "floor",
            "footprint",
            "memory",
            "path",
        )
    )


def _place(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
