"""Throughput over threads: a small panel for each row, all with the same axes.

Both axes are logarithmic: ideal scaling is the straight dashed line, and whatever falls off it
bends. Behind each row stand all the others in grey, so that a panel says both how a row scales and
where it stands. Beyond the machine's processors the ground is shaded: threads share them there.
"""

from __future__ import annotations

import math

from .. import format
from ..canvas import Canvas, shorten, wrap
from ..model import Cell, CurveFit, Interval, Row, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names, Scale
from .curves import Place

SCENARIO = "scaling"
HEIGHT = 104.0
Points = list[tuple[float, Interval]]


def charts(run: Run, names: Names) -> list[Chart]:
    scenario = next((s for s in run.contests if s.name == SCENARIO), None)
    made = []
    for work, cells in _works(scenario).items() if scenario else ():
        rows = {row.name: _points(cells, row) for row in common.rivals(run)}
        if not any(len(points) > 1 for points in rows.values()):
            continue
        title = f"scaling: {work} over threads"
        made.append(
            Chart(
                names.make(f"scaling_{work}"),
                "scaling",
                SCENARIO,
                title,
                f"Throughput of {work} over the number of threads, a panel for each row, with the "
                "fitted curve and ideal scaling; the table holds the same figures.",
                _draw(run, work, cells, title, common.WIDE, common.WIDE_MARGIN),
                _draw(run, work, cells, title, common.NARROW, common.NARROW_MARGIN),
                behind.results(cells, common.rivals(run), behind.RATE),
            )
        )
    return made


def _works(scenario: Scenario) -> dict[str, list[Cell]]:
    works: dict[str, list[Cell]] = {}
    for cell in scenario.cells:
        if "threads" in cell.sizes:
            works.setdefault(cell.params.get("work", ""), []).append(cell)
    return {
        work: sorted(cells, key=lambda cell: cell.sizes["threads"]) for work, cells in works.items()
    }


def _points(cells: list[Cell], row: Row) -> Points:
    return [
        (cell.sizes["threads"], result.throughput)
        for cell in cells
        if (result := cell.of(row)).ok and result.throughput
    ]


def _draw(
    run: Run, work: str, cells: list[Cell], title: str, width: float, margin: float
) -> Canvas:
    points = {row.name: _points(cells, row) for row in common.rivals(run)}
    rows = [row for row in common.rivals(run) if len(points[row.name]) > 1]
    rows.sort(key=lambda row: -max(rate.median for _, rate in points[row.name]))
    fits = {fit.row.name: fit for fit in run.curves if fit.work == work}
    canvas, y = common.begin(width, title, _notes(run, rows, points, fits, cells), margin)
    inside = width - 2 * margin
    axis_width = 46.0
    wanted = 2 if inside < 500 else 4 if len(rows) <= 8 else 6
    columns = min(wanted, max(2, len(rows)))
    each = (inside - axis_width) / columns
    every = [v for row in rows for _, rate in points[row.name] for v in (rate.low, rate.high)]
    for first in range(0, len(rows), columns):
        top = y + BODY * 4.2
        bottom = top + HEIGHT
        for column, row in enumerate(rows[first : first + columns]):
            left = margin + axis_width + column * each
            right = left + each - 14
            box = (left, right, y, top, bottom)
            fit = fits.get(row.name)
            with canvas.about(row.tag):
                _panel(canvas, run, row, rows, points, fit, every, box, column == 0)
        y = bottom + SMALL * 2.2 + 8
    return common.finish(canvas, run, y - 2, margin)


def _notes(
    run: Run,
    rows: list[Row],
    points: dict[str, Points],
    fits: dict[str, CurveFit],
    cells: list[Cell],
) -> list[str]:
    notes = [
        "Operations per second over threads on log axes, best rows first. Dashed: ideal scaling of "
        "the row's own first point. Line: the Universal Scalability Law as fitted, and faint where "
        "it forecasts; grey: the other rows.",
        "σ: share of the work that waits its turn. κ: cost of agreeing with each other thread. "
        "Peak: the best number of threads by the curve.",
    ]
    if run.processors and any(cell.sizes["threads"] > run.processors for cell in cells):
        shaded = f"Shaded: more threads than the {run.processors} processors of the run."
        if any(fits[row.name].beyond_processors for row in rows if row.name in fits):
            shaded += " Fewer than three numbers of threads lie below, so all were fitted."
        notes.append(shaded)
    single = [
        row.label for row in common.rivals(run) if len(points[row.name]) == 1 and row not in rows
    ]
    if single:
        listed = ", ".join(single) if len(single) < 7 else common.count(len(single), "row")
        notes.append(f"Measured with one number of threads only, and not drawn: {listed}.")
    return notes


def _panel(
    canvas: Canvas,
    run: Run,
    row: Row,
    rows: list[Row],
    points: dict[str, Points],
    fit: CurveFit | None,
    every: list[float],
    box: tuple[float, float, float, float, float],
    with_axis: bool,
) -> None:
    left, right, y, top, bottom = box
    own = points[row.name]
    sizes = [size for name in points for size, _ in points[name]]
    across, x_ticks = curves.sizes_axis(sizes, left + 8, right - 8, format.tick_count)
    up, _ = curves.values_axis(every, bottom, top, format.tick_rate)
    y_ticks = [(v, format.tick_rate(v)) for v in curves.steps(up.low, up.high, 4)]
    title = shorten(row.label, right - left, BODY, True)
    canvas.text(left, y + BODY * 0.7, title, "ink", BODY, bold=True)
    for number, line in enumerate(_said(fit, right - left)):
        canvas.text(left, y + BODY * (2.05 + 1.2 * number), line, "muted", SMALL - 0.5)
    if run.processors and max(sizes) > run.processors:
        edge = across(max(float(run.processors), min(sizes)))
        canvas.rectangle(edge, top, right - edge, bottom - top, "band", layer=0)
    curves.frame(canvas, left, right, top, bottom, across, x_ticks, up, y_ticks, with_axis)
    for other in rows:
        if other is not row:
            path = [(across(n), up(rate.median)) for n, rate in points[other.name]]
            canvas.line(path, curves.OTHERS, 0.8, layer=2, opacity=0.8)
    _ideal(canvas, own, across, up)
    colour = common.role(row)
    if fit and fit.pooled:
        most = max(size for size, _ in own)
        reach = math.log(most)
        path = [(n, fit.at(n)) for i in range(65) if (n := math.exp(reach * i / 64))]
        # Where the fit did not reach, the curve is a forecast, and looks like one.
        last = max(fit.fitted, default=most) * 1.0001
        inside = [(across(n), up(v)) for n, v in path if n <= last]
        canvas.line(inside, colour, 1.8, common.dash(row), layer=4)
        beyond = [(across(n), up(v)) for n, v in path if n >= last]
        if len(beyond) > 1:
            canvas.line(inside[-1:] + beyond, colour, 1.2, opacity=0.45, layer=4)
    for n, rate in own:
        canvas.line([(across(n), up(rate.low)), (across(n), up(rate.high))], colour, 1.2, layer=4)
    canvas.marks(
        [(across(n), up(rate.median)) for n, rate in own],
        colour,
        common.marker(row),
        5.5,
        common.hollow(row),
        layer=5,
    )


def _ideal(canvas: Canvas, own: Points, across: Place, up: Scale) -> None:
    """From the row's first point on, as far as the panel is high."""
    first, rate = own[0]
    most = min(own[-1][0], first * up.high / rate.median)
    canvas.line(
        [(across(first), up(rate.median)), (across(most), up(rate.median * most / first))],
        "muted",
        1,
        common.FLOOR_DASH,
        layer=3,
    )


def _said(fit: CurveFit | None, width: float) -> list[str]:
    """What a fit found, or why there is none, in two lines at most."""
    if fit is None:
        return []
    if fit.pooled is None:
        lines = wrap(fit.reason, width, SMALL - 0.5)
        return lines if len(lines) < 3 else [lines[0], shorten(" ".join(lines[1:]), width, SMALL)]
    law = f"σ {format.share(fit.pooled[1])}  κ {format.share(fit.pooled[2])}"
    if fit.peak is None:
        return [law, "no peak"]
    forecast = " (forecast)" if fit.peak > max(fit.fitted, default=math.inf) else ""
    return [law, f"peak at {fit.peak:.0f}{forecast}"]
