"""The standing over all common cells, with intervals and the noise floor behind them."""

from __future__ import annotations

from ..canvas import Canvas
from ..model import Run
from . import behind, common, forest
from .common import Chart, Names


def charts(run: Run, names: Names) -> list[Chart]:
    if not run.overall.standings:
        return []
    title = "Overall: time per operation, as a multiple of the best"
    return [
        Chart(
            names.make("overview"),
            "overview",
            None,
            title,
            f"Geometric mean of each row's ratio to the best over {run.overall.common_cells} "
            "common cells, with intervals, grouped where rows are not separated.",
            _draw(run, title, common.WIDE, common.WIDE_MARGIN),
            _draw(run, title, common.NARROW, common.NARROW_MARGIN),
            _values(run),
        )
    ]


def _draw(run: Run, title: str, width: float, margin: float) -> Canvas:
    floor = run.noise.floor if run.noise else None
    apart = "" if len(run.timed_cells) == len(run.cells) else ", bytes apart"
    canvas, y = common.begin(
        width,
        title,
        [
            f"Geometric mean over the {run.overall.common_cells} cells that all these rows "
            f"finished{apart}. Less is better; 1 would be the best in every cell.",
            "Rows of one rank are not separated: this run cannot tell them apart.",
        ],
        margin,
    )
    entries = [
        forest.Entry(
            standing.row.label,
            standing.ratio,
            str(standing.group),
            common.role(standing.row),
            common.marker(standing.row),
            common.hollow(standing.row),
            standing.group == 1,
            standing.row.tag,
        )
        for standing in run.overall.standings
    ]
    y = forest.draw(canvas, entries, y, margin, floor, "noise floor of this session")
    return common.finish(canvas, run, y + 2, margin)


def _values(run: Run) -> behind.Values:
    return behind.Values(
        ["rank", "row", "mean ratio to the best", "low", "high", "confidence"],
        [
            behind.Line(
                [
                    s.group,
                    s.row.label,
                    s.ratio.median,
                    s.ratio.low,
                    s.ratio.high,
                    s.ratio.confidence,
                ],
                s.row.tag,
            )
            for s in run.overall.standings
        ],
    )
