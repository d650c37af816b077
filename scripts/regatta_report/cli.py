"""The command line: which run, where to, and every failure in one sentence."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import draw, site
from .charts import all_charts
from .load import load
from .model import Run, RunError

_HELP = """\
Draws the charts of a run and writes its report, from what the run left in its folder:
summary.json (what was concluded) and samples.jsonl (what was measured).

Writes into the folder
  report.html                 the entrance: standing, scenarios, failures, noise, machine
  report/*.html               a page for each scenario, for all cells, for memory; and one each for
                              comparison.json, choice.json and claims.json where they lie in RUN.
                              All offline, light, dark, for phones and paper
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
  charts/*_dark.svg …         each of them again, for dark slides
  charts/*.csv                the values behind each of them

The same run gives the same bytes each time.
"""

_EXAMPLES = """\
examples:
  scripts/report.py                                  the newest run under results/
  scripts/report.py results/2026-11-22T12-00-00      that run
  scripts/report.py RUN --out /tmp/look              leave the run's folder as it is
  scripts/report.py RUN --no-png                     only SVG and the pages, in half the time
  scripts/report.py RUN --one-file                   also all pages as one file, to be mailed

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
    parser.add_argument("--no-html", action="store_true", help="leave out the pages")
    parser.add_argument(
        "--one-file",
        action="store_true",
        help="also write report_one_file.html: all pages as one file, to be mailed",
    )
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
        written = write(
            run,
            out,
            png=not options.no_png,
            page=not options.no_html,
            one_file=options.one_file,
        )
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


def write(
    run: Run, out: Path, png: bool = True, page: bool = True, one_file: bool = False
) -> list[Path]:
    """Writes all charts and pages; returns the files in order.

    Each file is whole or absent. Charts and pages of an earlier report that this one does not have
    are removed, so that the folder never tells two stories.
    """
    charts = all_charts(run)
    folder = out / "charts"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw.draw(charts, draw.Order(folder, png, inline=page or one_file))
    written = [folder / name for one in drawn for name in one.files]
    _remove_others(folder, written, _CHARTS, (".svg", ".png", ".csv"))
    if page:
        (out / site.FOLDER).mkdir(exist_ok=True)
        pages = site.render(run, drawn)
        written += [draw.place(out / path, text.encode("utf-8")) for path, text in pages.items()]
        _remove_others(out / site.FOLDER, written, _PAGES, (".html",))
    if one_file:
        text = site.render_one_file(run, drawn)
        written.append(draw.place(out / site.ONE_FILE, text.encode("utf-8")))
    return written


# How the names of files begin that an earlier report may have written: only they may be removed.
_CHARTS = (
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
    "comparison",
    "choice_",
)
_PAGES = ("scenario-", "cells", "memory", "claims", "choice", "comparison")


def _remove_others(
    folder: Path, written: list[Path], ours: tuple[str, ...], endings: tuple[str, ...]
) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix in endings and path.name.startswith(ours) and path not in written:
            path.unlink()
