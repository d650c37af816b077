"""The standing over all common cells, with intervals and the noise floor behind them."""

from __future__ import annotations

from .. import format
from ..canvas import Canvas, shorten, text_width
from ..model import Run
from . import common
from .common import BODY, SMALL, Chart, Names, Scale

LINE = 26.0
LOG_FROM = 8.0  # the ratio from which a linear axis would crowd the leaders


def charts(run: Run, names: Names) -> list[Chart]:
    if not run.overall.standings:
        return []
    title = "Overall: time per operation, as a multiple of the best"
    return [
        Chart(
            names.make("overview"),
            "overview",
            None,
            title,
            f"Geometric mean of each row's ratio to the best over {run.overall.common_cells} "
            "common cells, with intervals, grouped where rows are not separated.",
            _draw(run, title, common.WIDE, common.WIDE_MARGIN),
            _draw(run, title, common.NARROW, common.NARROW_MARGIN),
        )
    ]


def _draw(run: Run, title: str, width: float, margin: float) -> Canvas:
    floor = run.noise.floor if run.noise else None
    apart = "" if len(run.timed_cells) == len(run.cells) else ", bytes apart"
    canvas, y = common.begin(
        width,
        title,
        [
            f"Geometric mean over the {run.overall.common_cells} cells that all these rows "
            f"finished{apart}. Less is better; 1 would be the best in every cell.",
            "Rows of one rank are not separated: this run cannot tell them apart.",
        ],
        margin,
    )
    y += 4
    inside = width - 2 * margin
    place = 24.0
    label_width = min(
        max(text_width(s.row.label, BODY) for s in run.overall.standings) + 12, inside * 0.42
    )
    value_width = text_width("88.88", BODY, True) + 10
    lows = [s.ratio.low for s in run.overall.standings] + [1.0, 1 - (floor or 0)]
    highs = [s.ratio.high for s in run.overall.standings] + [1 + (floor or 0)]
    low, high = max(min(lows), 1e-3), max(highs)
    log = high > LOG_FROM
    pad = 0.04 * (high - low) + 0.01
    scale = Scale(
        low / 1.06 if log else low - pad,
        high * 1.1 if log else high + pad,
        margin + place + label_width,
        width - margin - value_width,
        log,
    )
    bottom = y + LINE * len(run.overall.standings)

    if floor:
        left, right = scale(1 - floor), scale(1 + floor)
        canvas.rectangle(left, y, max(right - left, 1.5), bottom - y, "grid", layer=1)
    taken = -1e9
    for tick in sorted({1.0, *(common.decades(low, high, 6) if log else _linear_ticks(low, high))}):
        position = scale(tick)
        label = f"{tick:g}×"
        half = text_width(label, SMALL) / 2
        canvas.line(
            [(position, y), (position, bottom)], "axis" if tick == 1 else "grid", 1, layer=1
        )
        if position - half > taken + 6:
            canvas.text(position, bottom + SMALL * 0.9, label, "muted", SMALL, align="center")
            taken = position + half
    previous = None
    for number, standing in enumerate(run.overall.standings):
        middle = y + (number + 0.5) * LINE
        row, colour = standing.row, common.role(standing.row)
        if standing.group != previous:
            if previous is not None:
                canvas.line(
                    [(margin, middle - LINE / 2), (width - margin, middle - LINE / 2)],
                    "grid",
                    1,
                    layer=1,
                )
            canvas.text(margin + 4, middle, str(standing.group), "ink", BODY, bold=True)
            previous = standing.group
        canvas.text(margin + place, middle, shorten(row.label, label_width - 8, BODY), "ink", BODY)
        ends = [scale(standing.ratio.low), scale(standing.ratio.high)]
        canvas.line([(ends[0], middle), (ends[1], middle)], colour, 2, layer=3)
        for limit in ends:
            canvas.line([(limit, middle - 4), (limit, middle + 4)], colour, 2, layer=3)
        canvas.mark(
            scale(standing.ratio.median),
            middle,
            colour,
            common.marker(row),
            7.5,
            common.hollow(row),
            layer=4,
        )
        canvas.text(
            width - margin - 2,
            middle,
            format.ratio(standing.ratio.median),
            "ink",
            BODY,
            bold=standing.group == 1,
            align="right",
        )
    y = bottom + SMALL * 1.9
    if floor:
        canvas.rectangle(margin + place, y + 3, 12, 10, "grid")
        canvas.text(
            margin + place + 18,
            y + 8,
            f"noise floor of this session: {format.percent(floor)}",
            "muted",
            SMALL,
        )
        y += 18
    return common.finish(canvas, run, y + 2, margin)


def _linear_ticks(low: float, high: float) -> list[float]:
    ticks = common.nice_ticks(high - low, 5)
    step = ticks[1] if len(ticks) > 1 else high - low
    first = int(low / step)
    return [round(step * i, 6) for i in range(first, first + 14) if low <= step * i <= high]
