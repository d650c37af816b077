"""Footprint: how large the smallest program is, and how long it takes from exec to exit.

Both are what a user of a short-lived program pays before anything runs. Down left is better.
"""

from __future__ import annotations

import math

from .. import format
from ..canvas import Canvas, shorten, text_width
from ..model import Interval, Result, Row, Run
from . import behind, common, curves
from .common import SMALL, Chart, Names

HEIGHT = 380.0
LABEL = 150.0  # the longest label
Spot = tuple[Row, Interval, Interval]  # time, bytes
Box = tuple[float, float, float, float]


def charts(run: Run, names: Names) -> list[Chart]:
    if not _spots(run):
        return []
    title = "Footprint of the smallest program"
    return [
        Chart(
            names.make("footprint"),
            "footprint",
            "binary_size",
            title,
            "Stripped size with libraries against the time from exec to exit of each row's "
            "smallest program; the tables hold the same figures.",
            _draw(run, title, common.WIDE, common.WIDE_MARGIN),
            _draw(run, title, common.NARROW, common.NARROW_MARGIN),
            _values(run),
        )
    ]


def _result(run: Run, scenario: str, parameter: str, value: str, row: Row) -> Result | None:
    for one in run.contests:
        for cell in one.cells if one.name == scenario else ():
            if cell.params.get(parameter) == value:
                return cell.of(row)
    return None


def _spots(run: Run) -> list[Spot]:
    spots = []
    for row in common.rivals(run):
        size = _result(run, "binary_size", "program", "task", row)
        time = _result(run, "startup", "of", "process", row)
        if size and time and size.ok and time.ok and size.cost and time.cost:
            spots.append((row, time.cost, size.cost))
    return spots


def _values(run: Run) -> behind.Values:
    return behind.Values(
        ["row", "exec to exit in ns", "low", "high", "size in bytes"],
        [
            behind.Line([row.label, time.median, time.low, time.high, size.median], row.tag)
            for row, time, size in _spots(run)
        ],
    )


def _draw(run: Run, title: str, width: float, margin: float) -> Canvas:
    spots = _spots(run)
    canvas, y = common.begin(
        width,
        title,
        [
            "One task that answers, then exit. Size: the stripped program and the shared libraries "
            "that it loads. Time: from exec to exit. Log axes; down left is better.",
        ],
        margin,
    )
    narrow = width < 500
    left, right = margin + 62, width - margin - (8 if narrow else 30)
    top, bottom = y + 4, y + 4 + HEIGHT
    across, x_ticks = curves.values_axis(
        [v for _, time, _ in spots for v in (time.low, time.high)],
        left + 10,
        right - 10,
        format.tick_duration,
        4 if narrow else 8,
    )
    up, _ = curves.values_axis(
        [v for _, _, size in spots for v in (size.low, size.high)],
        bottom - 8,
        top + 8,
        format.tick_size,
    )
    y_ticks = [(v, format.tick_size(v)) for v in curves.binary_steps(up.low, up.high)]
    curves.frame(canvas, left, right, top, bottom, across, x_ticks, up, y_ticks)
    for tick, _ in x_ticks:
        canvas.line([(across(tick), top), (across(tick), bottom)], "grid", 1, layer=1)
    canvas.text(
        (left + right) / 2, bottom + SMALL * 2.7, "exec to exit", "muted", SMALL, align="center"
    )
    taken: list[Box] = []
    for _, time, size in spots:
        x, height = across(time.median), up(size.median)
        taken.append((x - 5, height - 5, x + 5, height + 5))
        taken.append((across(time.low), height - 2, across(time.high), height + 2))
    for row, time, size in spots:
        with canvas.about(row.tag):
            colour, height = common.role(row), up(size.median)
            canvas.line(
                [(across(time.low), height), (across(time.high), height)], colour, 1.2, layer=3
            )
            canvas.mark(
                across(time.median),
                height,
                colour,
                common.marker(row),
                7,
                common.hollow(row),
                layer=4,
            )
            _name(canvas, row, across(time.median), height, taken, (left, top, right, bottom))
    return common.finish(canvas, run, bottom + SMALL * 3.4 + 6, margin)


def _name(canvas: Canvas, row: Row, x: float, y: float, taken: list[Box], frame: Box) -> None:
    """Writes a name where it covers nothing: beside its mark, or further off with a line to it."""
    text = shorten(row.label, LABEL, SMALL)
    width, half = text_width(text, SMALL), SMALL * 0.62
    for distance in (9.0, 22.0, 36.0, 52.0, 70.0, 90.0, 112.0):
        for angle in (0, 180, 30, -30, 150, -150, 60, -60, 120, -120, 90, -90):
            dx, dy = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            middle = y + dy * distance
            # The near end of the name touches the circle, or its middle above and below.
            start = x + dx * distance - (width if dx < -0.3 else width / 2 if abs(dx) < 0.3 else 0)
            box = (start - 2, middle - half, start + width + 2, middle + half)
            inside = (
                box[0] >= frame[0] + 2
                and box[2] <= frame[2] + 4
                and box[1] >= frame[1]
                and box[3] <= frame[3] - 2
            )
            if not inside or any(_overlap(box, other) for other in taken):
                continue
            taken.append(box)
            if distance > 10:
                near = min(max(x, box[0]), box[2])
                canvas.line([(x, y), (near, middle)], "axis", 0.8, layer=2)
            canvas.text(start, middle, text, "ink", SMALL)
            return


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
