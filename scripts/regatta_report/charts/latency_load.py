"""Latency under load: each row's path as the load grows, median and tail beside each other. Load
is a number of connections in a closed loop, or a rate in an open one.

Further right is more throughput, further down is less waiting. A path that turns upwards without
going right has found its limit: more connections only wait longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .. import format
from ..canvas import Canvas, text_width
from ..model import Cell, Row, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names
from .curves import Place, Series

HEIGHT = 220.0
# They grow with the load, or shrink so that a run stays short: no choices of a reader.
LOAD = ("connections", "clients", "round_trips", "requests", "percent_of_peak", "per_s")


@dataclass(frozen=True)
class Load:
    """What makes the load of a scenario, and how that is said."""

    sizes: tuple[str, ...]  # the parameters that may be it; the first that is not zero is
    unit: str  # of the axis
    note: str
    loop: str


CLOSED = "The loop is closed: whoever waits sends nothing meanwhile."
CONNECTIONS = Load(
    ("connections",),
    "round trips per second",
    "Each row's path begins at the mark with the fewest connections; figures beside marks are "
    "connections.",
    CLOSED,
)
SCENARIOS = {
    "echo": CONNECTIONS,
    "proxy": CONNECTIONS,
    "path_requests": Load(
        ("clients",),
        "requests per second",
        "Each row's path begins at the mark with the fewest clients; figures beside marks are "
        "clients.",
        CLOSED,
    ),
    "path_latency": Load(
        ("percent_of_peak", "per_s"),
        "requests per second",
        "Each row's path begins at the mark with the lowest rate; figures beside marks are per "
        "cent of the row's own peak, or requests per second.",
        "The loop is open: latencies count from when a request was due. A row that could not bear "
        "a load has no mark there.",
    ),
}
QUANTILES = (("p50", "median"), ("p99", "99 % are faster"))


def charts(run: Run, names: Names) -> list[Chart]:
    made = []
    for scenario in run.contests:
        if scenario.name not in SCENARIOS or not _groups(scenario, common.rivals(run)):
            continue
        title = f"{scenario.name}: latency against throughput"
        made.append(
            Chart(
                names.make(f"latency_load_{scenario.name}"),
                "latency_load",
                scenario.name,
                title,
                "Median and 99th percentile of the latency against throughput as the load grows, "
                f"for each row of the scenario {scenario.name}; the tables hold the same figures.",
                _draw(run, scenario, title, common.WIDE, common.WIDE_MARGIN),
                _draw(run, scenario, title, common.NARROW, common.NARROW_MARGIN),
                behind.results(
                    scenario.cells, common.rivals(run), behind.RATE[:1] + behind.QUANTILES[:2]
                ),
            )
        )
    return made


def _groups(scenario: Scenario, rows: list[Row]) -> dict[str, list[Cell]]:
    """Cells that differ in their load only, by what they have in common."""
    groups: dict[str, list[Cell]] = {}
    load = SCENARIOS[scenario.name]
    # Of an open loop with several numbers of clients they are a choice, and no load.
    own = [name for name in LOAD if name != "clients" or "clients" in load.sizes]
    choices = [name for name in scenario.cells[0].params if name not in own]
    varying = [
        name for name in choices if len({c.params.get(name) for c in scenario.cells}) > 1
    ] or choices
    for cell in scenario.cells:
        if not _load(cell) or not any(_point(cell, row, "p99") for row in rows):
            continue
        label = " · ".join(f"{name} {cell.params.get(name, '')}" for name in varying)
        if len(load.sizes) > 1:
            shares = cell.sizes.get(load.sizes[0])
            label = f"{'at shares of each peak' if shares else 'at the same rates'} · {label}"
        groups.setdefault(label, []).append(cell)
    return {
        label: sorted(cells, key=_load)
        for label, cells in groups.items()
        if len({_load(cell) for cell in cells}) > 1
    }


def _load(cell: Cell) -> float:
    """How much load a cell is; 0 where nothing says so."""
    values = (cell.sizes.get(name, 0.0) for name in SCENARIOS[cell.scenario].sizes)
    return next((value for value in values if value), 0.0)


def _point(cell: Cell, row: Row, quantile: str) -> tuple[float, float] | None:
    result = cell.of(row)
    latency = result.percentiles.get(quantile)
    if not result.ok or result.saturated or result.throughput is None or not latency:
        return None
    return result.throughput.median, latency


def _draw(run: Run, scenario: Scenario, title: str, width: float, margin: float) -> Canvas:
    rows = [
        row
        for row in common.rivals(run)
        if any(_point(cell, row, "p99") for cell in scenario.cells)
    ]
    groups = _groups(scenario, rows)
    load = SCENARIOS[scenario.name]
    canvas, y = common.begin(
        width,
        title,
        [
            f"Log axes: right is more throughput, down is less waiting. {load.note}",
            load.loop,
            *common.named_note(rows, of_panel=True),
        ],
        margin,
    )
    inside = width - 2 * margin
    narrow = inside < 500
    axis_width, label_width = 54.0, 100.0 if narrow else 140.0
    columns = 1 if narrow else 2
    each = inside / columns
    for label, cells in groups.items():
        canvas.text(margin, y + BODY * 0.7, label, "ink", BODY, bold=True)
        y += BODY * 1.7
        points = [
            p for c in cells for row in rows for q, _ in QUANTILES if (p := _point(c, row, q))
        ]
        chosen = common.named(rows, {row.name: _cost(cells, row) for row in rows})
        for first in range(0, len(QUANTILES), columns):
            top = y + SMALL * 1.7
            bottom = top + HEIGHT
            for column, (quantile, said) in enumerate(QUANTILES[first : first + columns]):
                left = margin + column * each + axis_width
                right = margin + (column + 1) * each - label_width
                canvas.text(left, y + SMALL * 0.6, f"{quantile}: {said}", "muted", SMALL)
                across, x_ticks = curves.values_axis(
                    [x for x, _ in points], left + 4, right - 10, format.tick_rate, 4
                )
                up, y_ticks = curves.values_axis(
                    [value for _, value in points], bottom, top, format.tick_duration
                )
                curves.frame(canvas, left, right, top, bottom, across, x_ticks, up, y_ticks)
                series = [
                    Series(row, path)
                    for row in rows
                    if (path := [p for c in cells if (p := _point(c, row, quantile))])
                ]
                looks = common.looks(chosen)
                curves.lines(canvas, series, looks, across, up, right, label_width, top, bottom)
                _loads(canvas, cells, chosen, quantile, across, up)
                canvas.text(
                    (left + right) / 2,
                    bottom + SMALL * 2.6,
                    load.unit,
                    "muted",
                    SMALL,
                    align="center",
                )
            y = bottom + SMALL * 3.4 + 8
        y += 6
    return common.finish(canvas, run, y - 8, margin)


def _cost(cells: list[Cell], row: Row) -> float:
    """By the throughput under the greatest load, the highest first."""
    point = _point(cells[-1], row, "p99")
    return -point[0] if point else math.inf


def _loads(
    canvas: Canvas, cells: list[Cell], rows: list[Row], quantile: str, across: Place, up: Place
) -> None:
    """How many connections the marks of the first row mean; those of the others follow them."""
    if not rows:
        return
    leader = min(rows, key=lambda row: (_cost(cells, row), row.name))
    for cell in cells:
        point = _point(cell, leader, quantile)
        if point:
            text = f"{_load(cell):,.0f}"
            width = text_width(text, SMALL - 1)
            x, y = across(point[0]) - width / 2, up(point[1]) + SMALL * 1.2
            canvas.rectangle(x - 1.5, y - 5.5, width + 3, 11, "paper", opacity=0.85, layer=5)
            canvas.text(x, y, text, "ink", SMALL - 1, layer=6)
