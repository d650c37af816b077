"""Median and tail of a latency: a panel per cell, a line per row from p50 to p99 and on to p99.9.

The curves of latency.py show the whole distribution of a few rows; this one compares the tail of
many at a glance. Panels of one scenario share their axis, since their cells are meant to be
compared.
"""

from __future__ import annotations

from .. import format
from ..canvas import Canvas, shorten, text_width, wrap
from ..model import Cell, Row, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names, Scale

LINE = 17.0
PANELS = 12


def charts(run: Run, names: Names) -> list[Chart]:
    made = []
    for scenario in run.contests:
        cells = [c for c in scenario.cells if any(_has(c, row) for row in run.measured_rows)]
        pages = [cells[i : i + PANELS] for i in range(0, len(cells), PANELS)]
        for number, page in enumerate(pages, 1):
            title = f"{scenario.name}: median and tail of the latency"
            title = common.paged(title, number, len(pages))
            made.append(
                Chart(
                    names.make(f"tail_{scenario.name}" + (f"_{number}" if len(pages) > 1 else "")),
                    "tail",
                    scenario.name,
                    title,
                    f"Median, 99th and 99.9th percentile of each row's latency in "
                    f"{common.count(len(page), 'cell')} of the scenario {scenario.name}; the table "
                    "holds the same figures.",
                    _draw(run, scenario, page, title, common.WIDE, common.WIDE_MARGIN),
                    _draw(run, scenario, page, title, common.NARROW, common.NARROW_MARGIN),
                    behind.results(page, run.measured_rows, behind.QUANTILES),
                )
            )
    return made


def _has(cell: Cell, row: Row) -> bool:
    result = cell.of(row)
    return result.ok and bool(result.percentiles.get("p50")) and bool(result.percentiles.get("p99"))


def _draw(
    run: Run, scenario: Scenario, cells: list[Cell], title: str, width: float, margin: float
) -> Canvas:
    rows = [row for row in run.measured_rows if any(_has(c, row) for c in cells)]
    missing = len(run.measured_rows) - len(rows)
    notes = [
        *common.fixed_note(scenario),
        "Outline: p50. Mark and figure: p99. Faint end: p99.9. Log axis, less is better; "
        "bold: the least p99 of the cell.",
        *common.floor_note(cells),
    ]
    if missing:
        notes.append(f"Without a latency here, and left out: {common.count(missing, 'row')}.")
    canvas, y = common.begin(width, title, notes, margin)
    inside = width - 2 * margin
    gutter = 22.0
    longest = max(text_width(row.label, SMALL) for row in rows)
    label_width = min(longest + 12, inside * (0.4 if inside < 500 else 0.22))
    columns = max(1, min(3, len(cells), int((inside - label_width + gutter) // (200 + gutter))))
    if len(cells) == 4 and columns == 3:
        columns = 2
    panel_width = (inside - label_width - gutter * (columns - 1)) / columns
    value_width = text_width("88.8 µs", SMALL, True) + 10
    values = [
        v
        for c in cells
        for row in rows
        if _has(c, row)
        for q in ("p50", "p99", "p999")
        if (v := c.of(row).percentiles.get(q))
    ]
    values += [c.floor.ns for c in cells if c.floor]
    for first in range(0, len(cells), columns):
        line_of_cells = cells[first : first + columns]
        headings = [
            wrap(common.heading(scenario, cell), panel_width, BODY, True, " · ")
            for cell in line_of_cells
        ]
        with_floor = any(cell.floor for cell in line_of_cells)
        top = y + max(len(h) for h in headings) * BODY * 1.35 + 4 + (SMALL * 1.4) * with_floor
        right = margin + label_width + len(line_of_cells) * (panel_width + gutter) - gutter
        for number, row in enumerate(rows):
            with canvas.about(row.tag):
                middle = top + (number + 0.5) * LINE
                if number % 2 == 0:
                    canvas.rectangle(
                        margin, middle - LINE / 2, right - margin, LINE, "band", layer=0
                    )
                label = shorten(row.label, label_width - 10, SMALL)
                canvas.text(margin + 4, middle, label, "ink", SMALL)
        for column, cell in enumerate(line_of_cells):
            x = margin + label_width + column * (panel_width + gutter)
            for i, text in enumerate(headings[column]):
                canvas.text(x, y + (i + 0.5) * BODY * 1.35, text, "ink", BODY, bold=True)
            end = x + panel_width - value_width
            across, ticks = curves.values_axis(values, x + 6, end, format.tick_duration, 5)
            with canvas.about(cell.tag):
                _panel(canvas, cell, rows, across, ticks, x, top, x + panel_width)
        y = top + len(rows) * LINE + SMALL * 1.6 + 12
    return common.finish(canvas, run, y - 6, margin)


def _panel(
    canvas: Canvas,
    cell: Cell,
    rows: list[Row],
    across: Scale,
    ticks: list[tuple[float, str]],
    x: float,
    top: float,
    right: float,
) -> None:
    bottom = top + len(rows) * LINE
    taken = -1e9
    for tick, label in ticks:
        position, half = across(tick), text_width(label, SMALL) / 2
        canvas.line([(position, top), (position, bottom)], "grid", 1, layer=1)
        if position - half > taken + 6:
            canvas.text(position, bottom + SMALL * 0.85, label, "muted", SMALL, align="center")
            taken = position + half
    if cell.floor:
        common.floor_line(canvas, cell.floor, across(cell.floor.ns), top, bottom, x, right)
    ranked = [row for row in rows if _has(cell, row) and not row.twin]
    least = min((cell.of(row).percentiles["p99"] for row in ranked), default=0.0)
    for number, row in enumerate(rows):
        with canvas.about(row.tag):
            middle = top + (number + 0.5) * LINE
            result = cell.of(row)
            if not _has(cell, row):
                text = result.category if not result.ok else "no latency"
                canvas.text(right, middle, text, "muted", SMALL, align="right")
                continue
            colour, at = common.role(row), result.percentiles
            far = at.get("p999") or at["p99"]
            canvas.line(
                [(across(at["p99"]), middle), (across(far), middle)], colour, 1.6, opacity=0.35
            )
            canvas.line([(across(at["p50"]), middle), (across(at["p99"]), middle)], colour, 1.8)
            canvas.mark(across(at["p50"]), middle, colour, "o", 5, hollow=True)
            canvas.mark(
                across(at["p99"]), middle, colour, common.marker(row), 6, common.hollow(row)
            )
            best = at["p99"] == least and not row.twin
            canvas.text(
                right,
                middle,
                format.duration(at["p99"]),
                "ink" if best else "muted",
                SMALL,
                bold=best,
                align="right",
            )
