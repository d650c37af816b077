"""A comparison of two builds or runs: the ratio of every cell that moved, and its interval."""

from __future__ import annotations

import math
from typing import Any

from ..canvas import Canvas
from ..documents import dicts
from ..model import Run, clean
from ..values import as_interval, as_number
from . import behind, common, forest
from .common import Chart, Names

MOST = 40  # cells in the chart; the table has all
LOOKS = {
    "worse": ("row1", "^", "worse"),
    "better": ("row2", "v", "better"),
    "could_not_measure": ("muted", "X", "could not measure"),
    "unchanged": ("muted", "o", "unchanged"),
}


def charts(run: Run, names: Names) -> list[Chart]:
    document = run.documents.get("comparison")
    cells = moved(document)
    if document is None or not cells:
        return []
    title = "Cost after the change, as a multiple of before"
    return [
        Chart(
            names.make("comparison"),
            "comparison",
            None,
            title,
            "Ratio of head to base with its interval in each cell, the largest changes first; the "
            "table holds the same figures.",
            _draw(run, cells, title, common.WIDE, common.WIDE_MARGIN),
            _draw(run, cells, title, common.NARROW, common.NARROW_MARGIN),
            _values(cells),
        )
    ]


def moved(document: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The cells that were compared: what is worse first, then by how far they moved."""
    order = list(LOOKS)
    cells = [
        cell for cell in dicts((document or {}).get("cells")) if as_interval(cell.get("ratio"))
    ]

    def gravity(cell: dict[str, Any]) -> tuple[int, float]:
        ratio = as_interval(cell["ratio"])
        verdict = str(cell.get("verdict"))
        place = order.index(verdict) if verdict in order else len(order)
        return place, -abs(math.log(ratio.median)) if ratio else 0.0

    return sorted(cells, key=gravity)


def _draw(run: Run, cells: list[dict[str, Any]], title: str, width: float, margin: float) -> Canvas:
    shown = cells[:MOST]
    notes = [
        "Above 1 the head is slower. Line: the interval; grey: the floor of the cell, which a "
        "change must exceed. Triangles: better or worse.",
    ]
    if len(cells) > MOST:
        notes.append(f"The {MOST} that moved most of {len(cells)}; the table has all.")
    canvas, y = common.begin(width, title, notes, margin)
    alone = len({cell.get("contender") for cell in cells}) == 1
    entries = []
    for cell in shown:
        role, marker, said = LOOKS.get(str(cell.get("verdict")), LOOKS["unchanged"])
        ratio = as_interval(cell["ratio"])
        assert ratio is not None
        entries.append(
            forest.Entry(
                clean(cell.get("cell", ""))
                + ("" if alone else f", {clean(cell.get('contender', ''))}"),
                ratio,
                "" if width < 500 else said,
                role,
                marker,
                role == "muted",
                role != "muted",
                floor=as_number(cell.get("floor")),
            )
        )
    return common.finish(canvas, run, forest.draw(canvas, entries, y, margin, None, "") + 2, margin)


def _values(cells: list[dict[str, Any]]) -> behind.Values:
    lines = []
    for cell in cells:
        ratio = as_interval(cell["ratio"])
        assert ratio is not None
        lines.append(
            behind.Line(
                [
                    clean(cell.get("contender", "")),
                    clean(cell.get("cell", "")),
                    clean(cell.get("verdict", "")),
                    as_number(cell.get("base_cost")),
                    as_number(cell.get("head_cost")),
                    clean(cell.get("unit", "")),
                    ratio.median,
                    ratio.low,
                    ratio.high,
                    ratio.confidence,
                    as_number(cell.get("p_value")),
                    as_number(cell.get("floor")),
                ]
            )
        )
    return behind.Values(
        [
            "contender",
            "cell",
            "verdict",
            "base cost",
            "head cost",
            "unit",
            "ratio",
            "low",
            "high",
            "confidence",
            "p",
            "floor",
        ],
        lines,
    )
