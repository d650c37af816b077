"""Latency by percentile: the tail is the point, so the axis counts nines.

Each further tick is ten times rarer. A curve ends where its samples end: with a thousand values
there is no 99.99th percentile to draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .. import format, stats
from ..canvas import Canvas, shorten, text_width, wrap
from ..model import Cell, Latency, Row, Run, Scenario, clean
from . import behind, common
from .common import BODY, SMALL, Chart, Look, Names, Scale

PANELS = 8  # per chart
HEIGHT = 190.0
TICKS = [
    (0.5, "p50"),
    (0.9, "p90"),
    (0.99, "p99"),
    (0.999, "p99.9"),
    (0.9999, "p99.99"),
    (0.99999, "p99.999"),
    (0.999999, "p99.9999"),
]


def charts(run: Run, names: Names) -> list[Chart]:
    made = []
    for scenario in run.contests:
        with_latency = [c for c in scenario.cells if any(r.latency for r in c.results.values())]
        pages = [with_latency[i : i + PANELS] for i in range(0, len(with_latency), PANELS)]
        for number, cells in enumerate(pages, 1):
            title = common.paged(f"{scenario.name}: latency by percentile", number, len(pages))
            made.append(
                Chart(
                    names.make(
                        f"latency_{scenario.name}" + (f"_{number}" if len(pages) > 1 else "")
                    ),
                    "latency",
                    scenario.name,
                    title,
                    "Latency of each row from the median to the rarest percentiles in "
                    f"{common.count(len(cells), 'cell')} of the scenario {scenario.name}.",
                    _draw(run, scenario, cells, title, common.WIDE, common.WIDE_MARGIN),
                    _draw(run, scenario, cells, title, common.NARROW, common.NARROW_MARGIN),
                    _values(cells, run.measured_rows),
                )
            )
    return made


def _values(cells: list[Cell], rows: list[Row]) -> behind.Values:
    """Every point of the curves; a page shows four for each nine."""
    lines = []
    for cell in cells:
        for row in rows:
            latency = cell.of(row).latency
            if latency is None:
                continue
            name = clean(cell.key)
            low, high = dict(latency.low), dict(latency.high)
            for place, (q, ns) in enumerate(latency.curve):
                lines.append(
                    behind.Line(
                        [name, row.label, q, ns, low.get(q), high.get(q)],
                        f"{row.tag} {cell.tag}",
                        place % 4 == 0,
                    )
                )
            last = [name, row.label, 1.0, latency.max_ns, None, None]
            lines.append(behind.Line(last, f"{row.tag} {cell.tag}"))
    return behind.Values(
        ["cell", "row", "share", "ns", "least of a block", "greatest of a block"], lines
    )


def _draw(
    run: Run, scenario: Scenario, cells: list[Cell], title: str, width: float, margin: float
) -> Canvas:
    rows = [row for row in run.measured_rows if any(c.of(row).latency for c in cells)]
    if len(rows) > common.MOST_NAMED:
        rows = [row for row in rows if not row.twin]
    canvas, y = common.begin(
        width,
        title,
        [
            *common.fixed_note(scenario),
            "Time on a log axis, less is better; each percentile to the right is ten times rarer.",
            "Band: what single blocks span, as far as they reach. A curve ends at its largest "
            "value.",
            *common.named_note(rows, of_panel=False),
            *common.floor_note(cells),
        ],
        margin,
    )
    chosen = common.named(rows, {row.name: _tail(cells, row) for row in rows})
    looks = common.looks(chosen)
    y = common.legend(canvas, chosen, margin, y + 8, width - 2 * margin, True, looks) + 4

    # One scale for all panels: here cells are meant to be compared with each other.
    every = [latency for c in cells for r in c.results.values() if (latency := r.latency)]
    floors = [cell.floor.ns for cell in cells if cell.floor]
    low = min([value for latency in every for _, value in latency.curve] + floors) / 1.3
    high = max(latency.max_ns for latency in every) * 1.3
    nines = max(1.0, max(_nines(latency.curve[-1][0]) for latency in every))

    silent = [row for row in common.rivals(run) if row not in rows]
    inside = width - 2 * margin
    axis_width = 52.0
    gutter = 20.0
    columns = min(len(cells), 2) if inside > 500 else 1
    panel_width = (inside - axis_width * columns - gutter * (columns - 1)) / columns - 10
    for first in range(0, len(cells), columns):
        line_of_cells = cells[first : first + columns]
        headings = [
            wrap(common.heading(scenario, cell), panel_width, BODY, True, " · ")
            for cell in line_of_cells
        ]
        top = y + max(len(h) for h in headings) * BODY * 1.35 + 6
        for column, cell in enumerate(line_of_cells):
            x = margin + column * (axis_width + panel_width + gutter + 10) + axis_width
            for i, text in enumerate(headings[column]):
                canvas.text(x, y + (i + 0.5) * BODY * 1.35, text, "ink", BODY, bold=True)
            with canvas.about(cell.tag):
                _panel(canvas, cell, rows + silent, looks, x, top, panel_width, low, high, nines)
        y = top + HEIGHT + SMALL * 2 + 14
    return common.finish(canvas, run, y - 8, margin)


def _nines(q: float) -> float:
    return -math.log10(max(1 - q, 1e-12))


def _panel(
    canvas: Canvas,
    cell: Cell,
    rows: list[Row],
    looks: dict[str, Look],
    x: float,
    top: float,
    width: float,
    low: float,
    high: float,
    nines: float,
) -> None:
    bottom = top + HEIGHT
    up = Scale(low, high, bottom, top, log=True)

    def across(q: float) -> float:
        return x + min(nines, _nines(q)) / nines * width

    for tick in common.decades(low, high, 8):
        canvas.line([(x, up(tick)), (x + width, up(tick))], "grid", 1, layer=1)
        canvas.text(x - 6, up(tick), format.tick_duration(tick), "muted", SMALL, align="right")
    taken = -1e9
    for q, label in TICKS:
        if _nines(q) > nines + 1e-9:
            break
        position = across(q)
        canvas.line([(position, top), (position, bottom)], "grid", 1, layer=1)
        half = text_width(label, SMALL) / 2
        left = min(position - half, x + width + 10 - 2 * half)
        if left > taken + 5:
            canvas.text(left, bottom + SMALL * 1.05, label, "muted", SMALL)
            taken = left + 2 * half
    canvas.line([(x, bottom), (x + width, bottom)], "axis", 1, layer=1)

    if cell.floor:
        height = up(cell.floor.ns)
        canvas.line([(x, height), (x + width, height)], "ink", 1.1, common.FLOOR_DASH, layer=3)
        text = shorten(common.floor_text(cell.floor), width, SMALL)
        canvas.text(x + width, height - SMALL * 0.7, text, "muted", SMALL, align="right", layer=6)
    for row in rows:
        with canvas.about(row.tag):
            latency = cell.of(row).latency
            if latency is not None:
                _curve(canvas, latency, looks.get(row.name), across, up)
    y = top + 10
    for said in _faults(cell, rows):
        for text in wrap(said, width - 12, SMALL):
            canvas.text(x + 8, y, text, "muted", SMALL, layer=6)
            y += SMALL * 1.4


def _faults(cell: Cell, rows: list[Row]) -> list[str]:
    """Who has no curve here, and why: by name as far as they are few."""
    failed = [row for row in rows if not cell.of(row).ok]
    if len(failed) <= 5:
        return [f"{row.label}: {cell.of(row).category}" for row in failed]
    counts: dict[str, int] = {}
    for row in failed:
        counts[cell.of(row).category] = counts.get(cell.of(row).category, 0) + 1
    return [f"{category}: {common.count(number, 'row')}" for category, number in counts.items()]


def _tail(cells: list[Cell], row: Row) -> float:
    """What rows are chosen by where not all can be named: the mean of their p99."""
    tails = [p for c in cells if (r := c.of(row)).ok and (p := r.percentiles.get("p99"))]
    # A row that is missing in a cell stands behind those that are in all of them.
    return stats.geometric_mean(tails) * 1e6 ** (len(cells) - len(tails)) if tails else math.inf


def _curve(
    canvas: Canvas,
    latency: Latency,
    look: Look | None,
    across: Callable[[float], float],
    up: Scale,
) -> None:
    if look is None:
        points = [(across(q), up(v)) for q, v in latency.curve]
        canvas.line(points, "fault", 1, layer=2)
        return
    colour = look.role
    if latency.low:
        outline = [(across(q), up(v)) for q, v in latency.low]
        outline += [(across(q), up(v)) for q, v in reversed(latency.high)]
        canvas.area(outline, colour, opacity=0.13, layer=2)
    points = [(across(q), up(v)) for q, v in latency.curve]
    points.append((points[-1][0], up(latency.max_ns)))
    canvas.line(points, colour, 1.9, look.dash, layer=4)
    canvas.mark(*points[-1], colour, look.marker, 6, look.hollow, layer=5)
