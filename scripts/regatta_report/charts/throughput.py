"""What rows are compared by in one scenario: a panel per cell, a bar per row, the interval as a
whisker. That is operations per second, or bytes per operation where a cell is measured in bytes.

Panels have their own axes, because cells of one scenario lie decades apart while the question is
asked within a cell. Bars start at zero; where rows lie too far apart for that, dots stand on log
axes instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from .. import format
from ..canvas import Canvas, shorten, text_width, wrap
from ..model import Cell, Interval, Result, Row, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names, Scale

LINE = 19.0  # height of a row within a panel
PANELS = 12  # cells per chart; a longer scenario takes several charts
FLOOR_WITHIN = 3.0  # the floor is drawn if it is not more than so many times the best
LOG_FROM = 20.0  # the spread within a panel from which bars from zero would hide the small ones


@dataclass(frozen=True)
class Measure:
    """What a panel shows, and how it is said."""

    name: str  # begins the name of the file
    title: str
    note: str
    value: Callable[[Result], Interval | None]
    blocks: Callable[[Result], list[float]]
    say: Callable[[float], str]
    tick: Callable[[float], str]
    widest: str
    values: list[behind.Field]
    binary: bool = False  # ticks are powers of two, or multiples of one

    def ticks(self, scale: Scale) -> list[float]:
        if scale.log:
            steps = curves.binary_steps if self.binary else common.decades
            return steps(scale.low, scale.high, 4)
        unit = 1024.0 ** math.floor(math.log(scale.high, 1024)) if self.binary else 1.0
        return [tick * unit for tick in common.nice_ticks(scale.high / unit, 4)]


RATES = Measure(
    "throughput",
    "throughput",
    "Operations per second, more is better",
    lambda result: result.throughput,
    lambda result: result.raw_throughput,
    format.rate,
    format.tick_rate,
    "8.88 M/s",
    behind.RATE,
)
BYTES = Measure(
    "bytes",
    "bytes per operation",
    "Bytes per operation, less is better",
    lambda result: result.cost,
    lambda result: list(result.raw_cost_by_block.values()),
    format.size,
    format.tick_size,
    "88.8 MiB",
    behind.COST_BYTES,
    binary=True,
)


def charts(run: Run, names: Names) -> list[Chart]:
    made = []
    for scenario in run.contests:
        if scenario.by_latency:
            continue  # The load says how many there are in a second.
        measure = BYTES if scenario.in_bytes else RATES
        pages = [scenario.cells[i : i + PANELS] for i in range(0, len(scenario.cells), PANELS)]
        for number, cells in enumerate(pages, 1):
            title = common.paged(f"{scenario.name}: {measure.title}", number, len(pages))
            made.append(
                Chart(
                    names.make(
                        f"{measure.name}_{scenario.name}" + (f"_{number}" if len(pages) > 1 else "")
                    ),
                    "throughput",
                    scenario.name,
                    title,
                    f"{measure.note.split(',')[0]} of each row in "
                    f"{common.count(len(cells), 'cell')} of "
                    f"the scenario {scenario.name}, with intervals; the table holds the same "
                    "figures.",
                    _draw(run, scenario, cells, measure, title, common.WIDE, common.WIDE_MARGIN),
                    _draw(
                        run, scenario, cells, measure, title, common.NARROW, common.NARROW_MARGIN
                    ),
                    behind.results(
                        cells, run.measured_rows, [*measure.values, behind.blocks(measure.blocks)]
                    ),
                )
            )
    return made


def _draw(
    run: Run,
    scenario: Scenario,
    cells: list[Cell],
    measure: Measure,
    title: str,
    width: float,
    margin: float,
) -> Canvas:
    rows = run.measured_rows
    log = any(_spread(cell, measure) >= LOG_FROM for cell in cells)
    axis = "dots on a log axis" if log else "bars from zero"
    canvas, y = common.begin(
        width,
        title,
        [
            *common.fixed_note(scenario),
            f"{measure.note}; {axis}"
            + (", and each panel has its own scale." if len(cells) > 1 else "."),
            f"Whisker: {_confidence(cells)} interval of the median. Faint dots: single blocks. "
            "Bold: the best, or not separated from it.",
            *common.floor_note([cell for cell in cells if cell.floor_of_time]),
        ],
        margin,
    )

    inside = width - 2 * margin
    gutter = 26.0
    longest = max((text_width(row.label, BODY) for row in rows), default=0)
    label_width = min(longest + 12, inside * (0.4 if inside < 500 else 0.24))
    columns = max(1, min(3, len(cells), int((inside - label_width + gutter) // (190 + gutter))))
    if len(cells) == 4 and columns == 3:
        columns = 2  # Two by two reads better than three and one.
    panel_width = (inside - label_width - gutter * (columns - 1)) / columns
    value_width = text_width(measure.widest, SMALL, True) + 10

    for first in range(0, len(cells), columns):
        line_of_cells = cells[first : first + columns]
        headings = [
            wrap(common.heading(scenario, cell), panel_width, BODY, True, " · ")
            for cell in line_of_cells
        ]
        above = SMALL * 1.4 if any(cell.floor_of_time for cell in line_of_cells) else 0
        top = y + max(len(h) for h in headings) * BODY * 1.35 + 4 + above
        right = margin + label_width + len(line_of_cells) * (panel_width + gutter) - gutter
        for number, row in enumerate(rows):
            with canvas.about(row.tag):
                middle = top + (number + 0.5) * LINE
                if number % 2 == 0:
                    canvas.rectangle(
                        margin, middle - LINE / 2, right - margin, LINE, "band", layer=0
                    )
                canvas.text(
                    margin + 4, middle, shorten(row.label, label_width - 10, BODY), "ink", BODY
                )
        for column, cell in enumerate(line_of_cells):
            x = margin + label_width + column * (panel_width + gutter)
            for i, text in enumerate(headings[column]):
                canvas.text(x, y + (i + 0.5) * BODY * 1.35, text, "ink", BODY, bold=True)
            with canvas.about(cell.tag):
                _panel(canvas, cell, rows, measure, x, top, panel_width, value_width, log)
        y = top + len(rows) * LINE + SMALL * 1.6 + 12
    return common.finish(canvas, run, y - 6, margin)


def _panel(
    canvas: Canvas,
    cell: Cell,
    rows: list[Row],
    measure: Measure,
    x: float,
    top: float,
    width: float,
    value_width: float,
    log: bool,
) -> None:
    values = [
        v
        for row in rows
        if (r := cell.of(row)).ok and (own := measure.value(r))
        for v in (own.low, own.high, *measure.blocks(r))
    ]
    bound = cell.floor_of_time if measure is RATES else None
    floor = 1e9 / bound.ns if bound else None
    bottom = top + len(rows) * LINE
    end = x + width - value_width
    scale = None
    if values:
        low = min(values) / 1.25 if log else 0.0
        high = max(values)
        # A floor far off would press the bars to the left; its name then stands at the edge.
        if floor and floor < high * FLOOR_WITHIN:
            high = max(high, floor)
        scale = Scale(low, high * (1.2 if log else 1.04), x, end, log)
        _axis(canvas, scale, measure, top, bottom)
        if floor and bound:
            common.floor_line(
                canvas,
                bound,
                scale(floor) if floor <= scale.high else None,
                top,
                bottom,
                x,
                x + width,
            )
    for number, row in enumerate(rows):
        with canvas.about(row.tag):
            result = cell.of(row)
            middle = top + (number + 0.5) * LINE
            rate = measure.value(result)
            if not result.ok or scale is None or rate is None:
                common.fault(canvas, x, middle - LINE / 2 + 2, end - x, LINE - 4, result)
                continue
            colour = common.role(row)
            if log:
                canvas.mark(
                    scale(rate.median),
                    middle,
                    colour,
                    common.marker(row),
                    6,
                    common.hollow(row),
                    layer=5,
                )
            else:
                _bar(canvas, x, middle, scale(rate.median) - x, colour, row)
            if blocks := measure.blocks(result):
                canvas.marks(
                    [(scale(value), middle) for value in blocks],
                    colour,
                    "o",
                    2.6,
                    opacity=0.4,
                    layer=3,
                )
            canvas.line(
                [(scale(rate.low), middle), (scale(rate.high), middle)], colour, 1.5, layer=4
            )
            for limit in (rate.low, rate.high):
                canvas.line(
                    [(scale(limit), middle - 3), (scale(limit), middle + 3)], colour, 1.5, layer=4
                )
            canvas.text(
                x + width,
                middle,
                measure.say(rate.median),
                "ink" if result.tied else "muted",
                SMALL,
                bold=result.tied,
                align="right",
            )


def _bar(canvas: Canvas, x: float, middle: float, length: float, colour: str, row: Row) -> None:
    """Variants of a contender share its colour; the first is filled, others are lighter and
    outlined.
    """
    if common.hollow(row):
        canvas.rectangle(x, middle - 5, length, 10, colour, opacity=0.14, layer=2)
        canvas.rectangle(
            x, middle - 5, length, 10, None, edge=colour, opacity=0.6, layer=2, edge_width=0.9
        )
    else:
        canvas.rectangle(x, middle - 5, length, 10, colour, opacity=0.45, layer=2)


def _axis(canvas: Canvas, scale: Scale, measure: Measure, top: float, bottom: float) -> None:
    taken = -1e9
    for tick in measure.ticks(scale):
        position = scale(tick)
        canvas.line([(position, top), (position, bottom)], "grid" if tick else "axis", 1, layer=1)
        label = measure.tick(tick) if tick else "0"
        half = text_width(label, SMALL) / 2
        left = position if tick == 0 else position - half
        if left > taken + 6:
            canvas.text(left, bottom + SMALL * 0.85, label, "muted", SMALL)
            taken = left + 2 * half


def _spread(cell: Cell, measure: Measure) -> float:
    rates = [v.median for r in cell.results.values() if r.ok and (v := measure.value(r))]
    return max(rates) / min(rates) if rates else 1.0


def _confidence(cells: list[Cell]) -> str:
    """The coverage that the intervals really have; it depends on the number of blocks."""
    known = sorted(
        {
            round(r.cost.confidence * 100, 1)
            for cell in cells
            for r in cell.results.values()
            if r.ok and r.cost and r.cost.confidence
        }
    )
    if not known:
        return "the"
    if len(known) == 1:
        return f"{known[0]:g} %"
    return f"{known[0]:g}–{known[-1]:g} %"
