"""Timers: what creating, firing and cancelling one takes, over how many there are.

A level line is O(1), as of a timing wheel; one that rises a step with each tenfold is O(log n), as
of a heap.
"""

from __future__ import annotations

import math

from .. import format
from ..canvas import Canvas
from ..model import Cell, Row, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names
from .curves import Series

SCENARIO = "timers"
HEIGHT = 210.0


def charts(run: Run, names: Names) -> list[Chart]:
    scenario = next((s for s in run.contests if s.name == SCENARIO), None)
    if scenario is None or not _phases(scenario, common.rivals(run)):
        return []
    title = "timers: time for one, over how many there are"
    return [
        Chart(
            names.make("timers_growth"),
            "timers",
            scenario.name,
            title,
            "Time to create, fire and cancel one timer over the number of timers, for each row; "
            "the table holds the same figures.",
            _draw(run, scenario, title, common.WIDE, common.WIDE_MARGIN),
            _draw(run, scenario, title, common.NARROW, common.NARROW_MARGIN),
            behind.results(scenario.cells, common.rivals(run), behind.COST_NS),
        )
    ]


def _phases(scenario: Scenario, rows: list[Row]) -> dict[str, list[Cell]]:
    phases: dict[str, list[Cell]] = {}
    for cell in scenario.cells:
        if "timers" in cell.sizes and any(cell.of(row).ok for row in rows):
            phases.setdefault(cell.params.get("phase", ""), []).append(cell)
    return {
        phase: sorted(cells, key=lambda cell: cell.sizes["timers"])
        for phase, cells in phases.items()
        if len({cell.sizes["timers"] for cell in cells}) > 1
    }


def _series(cells: list[Cell], row: Row) -> Series | None:
    measured = [(c.sizes["timers"], r.cost) for c in cells if (r := c.of(row)).ok and r.cost]
    if not measured:
        return None
    first, last = measured[0][1].median, measured[-1][1].median
    growth = f" ×{format.ratio(last / first)}" if len(measured) > 1 else ""
    return Series(
        row,
        [(size, cost.median) for size, cost in measured],
        f"{format.duration(last)}{growth}",
        [(size, cost.low, cost.high) for size, cost in measured],
    )


def _draw(run: Run, scenario: Scenario, title: str, width: float, margin: float) -> Canvas:
    rows = [row for row in common.rivals(run) if any(c.of(row).ok for c in scenario.cells)]
    phases = _phases(scenario, rows)
    canvas, y = common.begin(
        width,
        title,
        [
            "Time per timer on log axes, less is better. A level line is O(1); the label says the "
            "time with the most timers, and how many times that with the fewest it is.",
            *common.named_note(rows, of_panel=True),
        ],
        margin,
    )
    inside = width - 2 * margin
    narrow = inside < 500
    axis_width, label_width = 52.0, 134.0 if narrow else 214.0
    columns = 1 if narrow else min(2, len(phases))
    each = inside / columns
    values = [
        v
        for cells in phases.values()
        for cell in cells
        for row in rows
        if (cost := cell.of(row).cost)
        for v in (cost.low, cost.high)
    ]
    listed = list(phases.items())
    for first in range(0, len(listed), columns):
        top = y + BODY * 1.6
        bottom = top + HEIGHT
        for column, (phase, cells) in enumerate(listed[first : first + columns]):
            left = margin + column * each + axis_width
            right = margin + (column + 1) * each - label_width
            canvas.text(left, y + BODY * 0.6, phase or scenario.name, "ink", BODY, bold=True)
            across, x_ticks = curves.sizes_axis(
                [cell.sizes["timers"] for cell in cells], left + 8, right - 4, format.tick_count
            )
            up, y_ticks = curves.values_axis(values, bottom, top, format.tick_duration)
            curves.frame(canvas, left, right, top, bottom, across, x_ticks, up, y_ticks)
            series = [one for row in rows if (one := _series(cells, row))]
            costs = {one.row.name: _last(cells, one.row) for one in series}
            chosen = common.named([one.row for one in series], costs)
            curves.lines(
                canvas, series, common.looks(chosen), across, up, right, label_width, top, bottom
            )
            canvas.text(
                (left + right) / 2, bottom + SMALL * 2.6, "timers", "muted", SMALL, align="center"
            )
        y = bottom + SMALL * 3.4 + 12
    return common.finish(canvas, run, y - 4, margin)


def _last(cells: list[Cell], row: Row) -> float:
    """A row that did not get as far as the others stands behind them."""
    cost = cells[-1].of(row).cost
    return cost.median if cost else math.inf
