"""Requests through each path over the number of clients: how many there are in a second, and what
CPU time one costs the proxy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .. import format
from ..canvas import Canvas
from ..model import Cell, Result, Row, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names
from .curves import Series

SCENARIO = "path_requests"
HEIGHT = 200.0
# What grows with the clients, and is no choice of a reader.
LOAD = ("clients", "requests")


@dataclass(frozen=True)
class Measure:
    """What a chart shows of a result, and how it is said."""

    name: str
    title: str
    note: str
    value: Callable[[Result], float | None]
    unit: str
    tick: Callable[[float], str]
    more_is_better: bool


MEASURES = (
    Measure(
        "paths_requests",
        "requests over clients",
        "Requests per second on log axes, more is better.",
        lambda result: result.throughput.median if result.throughput else None,
        "requests per second",
        format.tick_rate,
        True,
    ),
    Measure(
        "paths_cpu",
        "CPU time of a request over clients",
        "CPU time of the proxy's processes for a request on log axes, less is better. What client "
        "and server take is not in it, and the way without a proxy has none.",
        lambda result: result.cpu_ns or None,
        "CPU time of the proxy in ns per request",
        format.tick_duration,
        False,
    ),
)


def charts(run: Run, names: Names) -> list[Chart]:
    scenario = next((s for s in run.contests if s.name == SCENARIO), None)
    made = []
    for measure in MEASURES if scenario else ():
        assert scenario is not None
        if not _panels(scenario, common.rivals(run), measure):
            continue
        title = f"{scenario.name}: {measure.title}"
        made.append(
            Chart(
                names.make(measure.name),
                "paths",
                scenario.name,
                title,
                f"{measure.note.split('.')[0]}, over the number of clients, for each size of a "
                "message; the table holds the same figures.",
                _draw(run, scenario, measure, title, common.WIDE, common.WIDE_MARGIN),
                _draw(run, scenario, measure, title, common.NARROW, common.NARROW_MARGIN),
                behind.results(scenario.cells, common.rivals(run), [(measure.unit, measure.value)]),
            )
        )
    return made


def _panels(scenario: Scenario, rows: list[Row], measure: Measure) -> dict[str, list[Cell]]:
    """Cells that differ in their clients only, by what they have in common. Of two for the same
    clients the one that makes more requests.
    """
    panels: dict[str, dict[float, Cell]] = {}
    for cell in sorted(scenario.cells, key=lambda cell: cell.sizes.get("requests", 0)):
        if any(_value(cell, row, measure) for row in rows):
            label = " · ".join(f"{k} {v}" for k, v in cell.params.items() if k not in LOAD)
            panels.setdefault(label, {})[cell.sizes["clients"]] = cell
    return {
        label: [cell for _, cell in sorted(cells.items())]
        for label, cells in panels.items()
        if len(cells) > 1
    }


def _value(cell: Cell, row: Row, measure: Measure) -> float | None:
    result = cell.of(row)
    return measure.value(result) if result.ok and "clients" in cell.sizes else None


def _draw(
    run: Run, scenario: Scenario, measure: Measure, title: str, width: float, margin: float
) -> Canvas:
    rows = [
        row
        for row in common.rivals(run)
        if any(_value(cell, row, measure) for cell in scenario.cells)
    ]
    panels = _panels(scenario, rows, measure)
    canvas, y = common.begin(
        width, title, [measure.note, *common.named_note(rows, of_panel=True)], margin
    )
    inside = width - 2 * margin
    narrow = inside < 500
    axis_width, label_width = 54.0, 100.0 if narrow else 150.0
    columns = 1 if narrow else min(2, len(panels))
    each = inside / columns
    labels = list(panels)
    for first in range(0, len(labels), columns):
        top = y + BODY * 1.8
        bottom = top + HEIGHT
        for column, label in enumerate(labels[first : first + columns]):
            cells = panels[label]
            left = margin + column * each + axis_width
            right = margin + (column + 1) * each - label_width
            canvas.text(left, y + BODY * 0.6, label, "ink", BODY, bold=True)
            series = [
                Series(row, points)
                for row in rows
                if (
                    points := [
                        (c.sizes["clients"], v) for c in cells if (v := _value(c, row, measure))
                    ]
                )
            ]
            across, x_ticks = curves.sizes_axis(
                [c.sizes["clients"] for c in cells], left + 6, right - 8, format.tick_count
            )
            up, y_ticks = curves.values_axis(
                [v for one in series for _, v in one.points], bottom, top, measure.tick
            )
            curves.frame(canvas, left, right, top, bottom, across, x_ticks, up, y_ticks)
            chosen = common.named(
                [one.row for one in series], {one.row.name: _cost(one, measure) for one in series}
            )
            curves.lines(
                canvas, series, common.looks(chosen), across, up, right, label_width, top, bottom
            )
            canvas.text(
                (left + right) / 2, bottom + SMALL * 2.6, "clients", "muted", SMALL, align="center"
            )
        y = bottom + SMALL * 3.4 + 12
    return common.finish(canvas, run, y - 4, margin)


def _cost(one: Series, measure: Measure) -> float:
    """Of rows that cannot all be named the best are: by the mean over the panel."""
    mean = math.fsum(math.log(v) for _, v in one.points) / len(one.points)
    return -mean if measure.more_is_better else mean
