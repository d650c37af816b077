"""Peak memory: every cell a line, every row a mark on it.

The peak is the whole process's while the cell ran, and a process may keep what earlier cells of its
block took. Blocks visit cells in random order, so the span over the blocks shows how much that was.
"""

from __future__ import annotations

from .. import format
from ..canvas import Canvas, shorten, text_width
from ..model import Cell, Run, Scenario
from . import behind, common, curves
from .common import BODY, SMALL, Chart, Names, Scale

CELLS = 40  # per chart
LANE = 4.3  # height of one row's lane within a cell

PEAK = [
    *behind.interval("peak bytes", lambda result: result.peak_rss)[:1],
    ("smallest of all blocks", lambda result: result.peak_rss.low if result.peak_rss else None),
    ("greatest of all blocks", lambda result: result.peak_rss.high if result.peak_rss else None),
]


def charts(run: Run, names: Names) -> list[Chart]:
    cells = [
        (s, c)
        for s in run.contests
        for c in s.cells
        if any(r.peak_rss and r.ok for r in c.results.values())
    ]
    pages = [cells[i : i + CELLS] for i in range(0, len(cells), CELLS)]
    made = []
    for number, page in enumerate(pages, 1):
        title = common.paged("Peak memory", number, len(pages))
        made.append(
            Chart(
                names.make("memory" + (f"_{number}" if len(pages) > 1 else "")),
                "memory",
                None,
                title,
                f"Peak resident memory of each row's process in {common.count(len(page), 'cell')}.",
                _draw(run, page, title, common.WIDE, common.WIDE_MARGIN),
                _draw(run, page, title, common.NARROW, common.NARROW_MARGIN),
                behind.results([cell for _, cell in page], run.measured_rows, PEAK),
            )
        )
    return made


def _draw(
    run: Run, page: list[tuple[Scenario, Cell]], title: str, width: float, margin: float
) -> Canvas:
    rows = [
        row
        for row in run.measured_rows
        if any(c.of(row).ok and c.of(row).peak_rss for _, c in page)
    ]
    canvas, y = common.begin(
        width,
        title,
        [
            "Peak resident memory (RSS) of the contender's process on a log axis, less is better.",
            "Mark: median of the blocks; line: smallest to largest. A process may keep memory from "
            "the cells before, which come in random order: the left end is nearest to a cell's "
            "own need.",
        ],
        margin,
    )
    y = common.legend(canvas, rows, margin, y + 8, width - 2 * margin, lines=False) + 6

    inside = width - 2 * margin
    narrow = inside < 500
    labels = [scenario.label(cell) for scenario, cell in page]
    label_width = min(
        max(text_width(t, SMALL) for t in labels) + 24, inside * (0.46 if narrow else 0.44)
    )
    x, end = margin + label_width, width - margin - 14
    values = [
        v
        for _, c in page
        for r in c.results.values()
        if r.ok and r.peak_rss
        for v in (r.peak_rss.low, r.peak_rss.high)
    ]
    scale = Scale(min(values) / 1.15, max(values) * 1.15, x + 8, end, log=True)
    height = max(LANE * len(rows) + 6, SMALL * 1.5)

    axis_top = y + SMALL * 1.4
    y = axis_top
    stripes: list[tuple[float, float]] = []
    previous = None
    for (scenario, cell), label in zip(page, labels):
        alone = len(scenario.cells) == 1
        if scenario.name != previous:
            y += 5 if previous is not None else 0
            if not alone:
                canvas.text(
                    margin + 4,
                    y + BODY * 0.75,
                    shorten(scenario.name, inside, BODY, True),
                    "ink",
                    BODY,
                    bold=True,
                )
                y += BODY * 1.6
            previous = scenario.name
        canvas.rectangle(margin, y, inside, height - 1, "band", layer=0)
        if alone:
            canvas.text(
                margin + 4,
                y + height / 2,
                shorten(scenario.name, label_width - 12, BODY, True),
                "ink",
                BODY,
                bold=True,
            )
        else:
            canvas.text(
                margin + 14, y + height / 2, shorten(label, label_width - 22, SMALL), "muted", SMALL
            )
        for number, row in enumerate(rows):
            with canvas.about(row.tag, cell.tag):
                result = cell.of(row)
                if not result.ok or result.peak_rss is None:
                    continue
                middle = y + 3 + (number + 0.5) * (height - 6) / len(rows)
                memory, colour = result.peak_rss, common.role(row)
                canvas.line(
                    [(scale(memory.low), middle), (scale(memory.high), middle)],
                    colour,
                    1.4,
                    opacity=0.7,
                    layer=3,
                )
                canvas.mark(
                    scale(memory.median), middle, colour, common.marker(row), 5, common.hollow(row)
                )
        stripes.append((y, y + height - 1))
        y += height
    taken = -1e9
    for tick in curves.binary_steps(scale.low, scale.high, 4 if narrow else 9):
        label = format.tick_size(tick)
        half = text_width(label, SMALL) / 2
        middle = min(scale(tick), width - margin - half)
        if middle - half > taken + 6:
            canvas.text(middle, axis_top - SMALL * 0.7, label, "muted", SMALL, align="center")
            taken = middle + half
        for top, bottom in stripes:
            canvas.line([(scale(tick), top), (scale(tick), bottom)], "grid", 1, layer=1)
    return common.finish(canvas, run, y + 4, margin)
