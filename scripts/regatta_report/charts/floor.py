"""The floor: what the bare machine takes for the least that a runtime must have it do.

No runtime takes part. Cells that one of these bounds show it as a dashed line.
"""

from __future__ import annotations

from .. import format
from ..canvas import Canvas, shorten, text_width
from ..model import Cell, Interval, Run
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names

LINE = 20.0


def charts(run: Run, names: Names) -> list[Chart]:
    made = []
    for scenario in run.scenarios:
        if not scenario.asks_machine or not any(_time(cell) for cell in scenario.cells):
            continue
        title = f"{scenario.name}: what the bare machine takes"
        made.append(
            Chart(
                names.make(scenario.name),
                "floor",
                scenario.name,
                title,
                "Time of each operation of the bare machine, with intervals; the table holds the "
                "same figures.",
                _draw(run, scenario.cells, title, common.WIDE, common.WIDE_MARGIN),
                _draw(run, scenario.cells, title, common.NARROW, common.NARROW_MARGIN),
                behind.results(scenario.cells, run.rows_in(scenario), behind.COST_NS),
            )
        )
    return made


def _time(cell: Cell) -> Interval | None:
    return next((r.cost for r in cell.results.values() if r.ok), None)


def _name(cell: Cell) -> str:
    return cell.params.get("what", cell.key).replace("_", " ")


def _draw(run: Run, cells: list[Cell], title: str, width: float, margin: float) -> Canvas:
    canvas, y = common.begin(
        width,
        title,
        ["Time on a log axis; line: the interval of the median. No runtime can take less for it."],
        margin,
    )
    inside = width - 2 * margin
    label_width = max(text_width(_name(cell), BODY) for cell in cells) + 14
    label_width = min(label_width, inside * 0.45)
    value_width = text_width("88.8 µs", SMALL) + 10
    left, right = margin + label_width, width - margin - value_width
    times = [time for cell in cells if (time := _time(cell))]
    across, ticks = curves.values_axis(
        [v for time in times for v in (time.low, time.high)],
        left + 6,
        right - 6,
        format.tick_duration,
        4 if inside < 500 else 7,
    )
    bottom = y + LINE * len(cells)
    for number in range(len(cells)):
        if number % 2 == 0:
            canvas.rectangle(margin, y + number * LINE, inside, LINE, "band", layer=0)
    for tick, label in ticks:
        canvas.line([(across(tick), y), (across(tick), bottom)], "grid", 1, layer=1)
        canvas.text(across(tick), bottom + SMALL, label, "muted", SMALL, align="center")
    for number, cell in enumerate(cells):
        middle = y + (number + 0.5) * LINE
        canvas.text(margin + 4, middle, shorten(_name(cell), label_width - 10, BODY), "ink", BODY)
        time = _time(cell)
        if time is None:
            failed = next(iter(cell.results.values()))
            common.fault(canvas, left, middle - LINE / 2 + 2, right - left, LINE - 4, failed)
            continue
        canvas.line([(across(time.low), middle), (across(time.high), middle)], "ink", 1.6, layer=3)
        canvas.mark(across(time.median), middle, "ink", "o", 5.5)
        canvas.text(
            width - margin - 2, middle, format.duration(time.median), "ink", SMALL, align="right"
        )
    return common.finish(canvas, run, bottom + SMALL * 2.2, margin)
