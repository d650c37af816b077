"""Bytes over tasks: what a process takes by itself, and what each further task adds.

On log axes a line with an intercept is level at first and then rises at the slope of one: where it
leaves the level, tasks outweigh the runtime. Zero has a place of its own at the left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .. import format
from ..canvas import Canvas, wrap
from ..model import Cell, LineFit, Row, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names
from .curves import Series

SCENARIO = "memory"


@dataclass(frozen=True)
class Kind:
    """A scenario whose bytes rise with a number of something."""

    over: str  # the parameter that says how many there are
    each: str  # what there are so many of
    bytes: str
    title: str


KINDS = {
    SCENARIO: Kind("tasks", "task", "Resident bytes of the whole process", "bytes over tasks"),
    "path_memory": Kind(
        "connections",
        "connection",
        "Private bytes of all processes of a proxy",
        "bytes over idle connections",
    ),
}
HEIGHT = 230.0


def charts(run: Run, names: Names) -> list[Chart]:
    made = []
    for scenario in run.contests:
        if scenario.name not in KINDS or not _panels(scenario, common.rivals(run)):
            continue
        kind = KINDS[scenario.name]
        title = f"{scenario.name}: {kind.title}"
        made.append(
            Chart(
                names.make(f"{scenario.name}_slope"),
                "memory_slope",
                scenario.name,
                title,
                f"{kind.bytes}, for each row, over the number of waiting {kind.each}s, with fitted "
                "lines; the table holds the same figures.",
                _draw(run, scenario, title, common.WIDE, common.WIDE_MARGIN),
                _draw(run, scenario, title, common.NARROW, common.NARROW_MARGIN),
                behind.results(scenario.cells, common.rivals(run), behind.COST_BYTES),
            )
        )
    return made


def _panels(scenario: Scenario, rows: list[Row]) -> dict[str, list[Cell]]:
    """The cells of each kind, by size; kinds with one size only have no slope to show."""
    over = KINDS[scenario.name].over
    kinds: dict[str, list[Cell]] = {}
    for cell in scenario.cells:
        if over in cell.sizes and any(cell.of(row).ok for row in rows):
            kinds.setdefault(cell.params.get("kind", ""), []).append(cell)
    return {
        kind: sorted(cells, key=lambda cell: cell.sizes[over])
        for kind, cells in kinds.items()
        if len({cell.sizes[over] for cell in cells}) > 1
    }


def _series(cells: list[Cell], row: Row, fit: LineFit | None) -> Series | None:
    over = KINDS[cells[0].scenario].over
    measured = [(c.sizes[over], r.cost) for c in cells if (r := c.of(row)).ok and r.cost]
    if not measured:
        return None
    series = Series(
        row,
        [(size, cost.median) for size, cost in measured],
        "",
        [(size, cost.low, cost.high) for size, cost in measured],
    )
    if fit is None or fit.slope is None or fit.pooled is None:
        return series
    if not fit.straight:
        series.figure = "no line"
        return series
    series.figure = format.size(fit.slope.median)
    # Closely enough that the bend which the log axes make of a line is round.
    sizes = [size for size, _ in measured]
    least = min((size for size in sizes if size > 0), default=1.0)
    reach = math.log(max(sizes) / least) if max(sizes) > least else 0.0
    fine = [least * math.exp(reach * i / 48) for i in range(49)]
    series.line = [(size, fit.at(size)) for size in ([0.0] if 0 in sizes else []) + fine]
    series.line = [(size, value) for size, value in series.line if value > 0]
    return series


def _draw(run: Run, scenario: Scenario, title: str, width: float, margin: float) -> Canvas:
    rows = [row for row in common.rivals(run) if any(c.of(row).ok for c in scenario.cells)]
    panels = _panels(scenario, rows)
    what = KINDS[scenario.name]
    canvas, y = common.begin(
        width,
        title,
        [
            f"{what.bytes} on log axes, less is better. Marks: measured; "
            f"line: fitted; label: what a further {what.each} adds.",
            *common.named_note(rows, of_panel=True),
        ],
        margin,
    )
    inside = width - 2 * margin
    narrow = inside < 500
    axis_width, label_width = 58.0, 118.0 if narrow else 190.0
    columns = 1 if narrow else min(2, len(panels))
    each = inside / columns
    fits = {
        (fit.kind if what.over == "tasks" else "", fit.row.name): fit
        for fit in run.lines
        if fit.scenario == scenario.name
    }
    values = [
        v
        for cells in panels.values()
        for cell in cells
        for row in rows
        if (cost := cell.of(row).cost)
        for v in (cost.low, cost.high)
    ]
    for first in range(0, len(panels), columns):
        top = y + BODY * 1.6
        bottom = top + HEIGHT
        for column, (kind, cells) in enumerate(list(panels.items())[first : first + columns]):
            left = margin + column * each + axis_width
            right = margin + (column + 1) * each - label_width
            canvas.text(left, y + BODY * 0.6, f"{scenario.name} {kind}", "ink", BODY, bold=True)
            across, x_ticks = curves.sizes_axis(
                [cell.sizes[what.over] for cell in cells], left + 8, right - 4, format.tick_count
            )
            up, y_ticks = curves.values_axis(values, bottom, top, format.tick_size)
            y_ticks = [(v, format.tick_size(v)) for v in curves.binary_steps(up.low, up.high)]
            curves.frame(canvas, left, right, top, bottom, across, x_ticks, up, y_ticks)
            series = [
                one for row in rows if (one := _series(cells, row, fits.get((kind, row.name))))
            ]
            costs = _costs(series, {name: fit for (own, name), fit in fits.items() if own == kind})
            chosen = common.named([one.row for one in series], costs)
            curves.lines(
                canvas, series, common.looks(chosen), across, up, right, label_width, top, bottom
            )
            canvas.text(
                (left + right) / 2,
                bottom + SMALL * 2.6,
                f"{what.each}s",
                "muted",
                SMALL,
                align="center",
            )
            _missing(canvas, rows, cells, left + 8, top + 8, right - left - 16)
        y = bottom + SMALL * 3.4 + 12
    return common.finish(canvas, run, y - 4, margin)


def _costs(series: list[Series], fits: dict[str, LineFit]) -> dict[str, float]:
    """What rows are chosen by where not all can be named: their slopes; bytes where there is none
    at all.
    """
    slopes = {
        one.row.name: fit.slope.median
        for one in series
        if (fit := fits.get(one.row.name)) and fit.slope and fit.straight
    }
    if not slopes:
        return {one.row.name: one.points[-1][1] for one in series}
    return {one.row.name: slopes.get(one.row.name, math.inf) for one in series}


def _missing(
    canvas: Canvas, rows: list[Row], cells: list[Cell], x: float, y: float, width: float
) -> None:
    """Rows without any figure in a panel say why, as far as they are few."""
    faults: dict[str, list[str]] = {}
    for row in rows:
        results = [cell.of(row) for cell in cells]
        if not any(result.ok for result in results):
            faults.setdefault(results[0].category, []).append(row.label)
    for category, labels in faults.items():
        text = f"{category}: " + (", ".join(labels) if len(labels) < 4 else f"{len(labels)} rows")
        for line in wrap(text, width, SMALL):
            canvas.text(x, y, line, "muted", SMALL, layer=6)
            y += SMALL * 1.4
