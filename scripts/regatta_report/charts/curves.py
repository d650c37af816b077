"""A panel of lines, one a row, each named where it ends.

For charts that follow a quantity over sizes. Labels stand beside the last point instead of in a
legend: with more rows than colours it is the place that tells who is who.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from ..canvas import Canvas, shorten, text_width
from ..model import Row
from . import common
from .common import SMALL, Look, Scale

Place = Callable[[float], float]  # where a value lies, in pixels
Ticks = list[tuple[float, str]]
Say = Callable[[float], str]

OTHERS = "fault"  # the grey of rows that are not named
LABEL_GAP = SMALL * 1.25


@dataclass
class Series:
    """One row's line in a panel: `points` were measured, `line` is drawn (the points, if empty)."""

    row: Row
    points: list[tuple[float, float]]
    figure: str = ""  # stands before the row's name at the end of its line
    limits: list[tuple[float, float, float]] = field(default_factory=list)  # x, low, high
    line: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class ZeroScale:
    """A logarithmic scale with a place of its own for zero, which has no logarithm."""

    log: Scale
    zero: float

    def __call__(self, value: float) -> float:
        return self.zero if value <= 0 else self.log(value)


def sizes_axis(sizes: list[float], start: float, end: float, say: Say) -> tuple[ZeroScale, Ticks]:
    """A logarithmic axis of sizes with each of them as a tick, as far as they have room."""
    positive = sorted({size for size in sizes if size > 0}) or [1.0]
    with_zero = any(size <= 0 for size in sizes)
    first = start + (30 if with_zero else 0)
    low, high = positive[0], positive[-1]
    if low == high:
        low = high / 10
    scale = ZeroScale(Scale(low, high, first, end, log=True), start)
    ticks: Ticks = [(0.0, "0")] if with_zero else []
    # Where there is no room for all, the largest, powers of ten and powers of two come first.
    order = sorted(positive, key=lambda size: (size != positive[-1], _oddness(size), size))
    for size in order:
        reach = text_width(say(size), SMALL) / 2 + 3
        if all(
            abs(scale(size) - scale(other)) >= reach + text_width(label, SMALL) / 2 + 3
            for other, label in ticks
        ):
            ticks.append((size, say(size)))
    return scale, sorted(ticks)


def _oddness(size: float) -> int:
    if math.log10(size).is_integer():
        return 0
    return 1 if math.log2(size).is_integer() else 2


def values_axis(
    values: list[float], bottom: float, top: float, say: Say, most: int = 7
) -> tuple[Scale, Ticks]:
    """A logarithmic axis from a little below the least value to a little above the greatest."""
    low, high = min(values), max(values)
    pad = max((high / low) ** 0.06, 1.12)
    scale = Scale(low / pad, high * pad, bottom, top, log=True)
    return scale, [(tick, say(tick)) for tick in steps(scale.low, scale.high, most)]


def binary_steps(low: float, high: float, most: int = 8) -> list[float]:
    """Powers of two, as memory is counted, thinned to at most `most`; round multiples of a unit
    where there are too few of them.
    """
    powers = range(math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9) + 1)
    if len(powers) > 2:
        stride = max(1, math.ceil(len(powers) / most))
        return [2.0**p for p in powers[::stride]]
    unit = 1024.0 ** math.floor(math.log(high, 1024))
    step = common.nice_ticks((high - low) / unit, min(most, 4))[1:2] or [(high - low) / unit]
    multiples = range(math.ceil(low / unit / step[0]), math.floor(high / unit / step[0]) + 1)
    return [m * step[0] * unit for m in multiples] or [math.sqrt(low * high)]


def steps(low: float, high: float, most: int) -> list[float]:
    """Round values on a logarithmic axis: decades, and 2 and 5 between them where there is room."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for multiples in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**p for p in range(first, last + 1) for m in multiples]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) <= most:
            return ticks if len(ticks) > 1 else [low, high]
    return common.decades(low, high, most)


def frame(
    canvas: Canvas,
    left: float,
    right: float,
    top: float,
    bottom: float,
    across: Place,
    x_ticks: Ticks,
    up: Place,
    y_ticks: Ticks,
    with_labels: bool = True,
) -> None:
    """The grid of a panel and what stands on its axes."""
    for value, label in y_ticks:
        canvas.line([(left, up(value)), (right, up(value))], "grid", 1, layer=1)
        if with_labels:
            canvas.text(left - 6, up(value), label, "muted", SMALL, align="right")
    for value, label in x_ticks:
        position = across(value)
        canvas.line([(position, bottom), (position, bottom + 4)], "axis", 1, layer=1)
        canvas.text(position, bottom + SMALL * 1.25, label, "muted", SMALL, align="center")
    canvas.line([(left, bottom), (right, bottom)], "axis", 1, layer=1)


def lines(
    canvas: Canvas,
    series: list[Series],
    looks: dict[str, Look],
    across: Place,
    up: Place,
    right: float,
    label_width: float,
    top: float,
    bottom: float,
) -> None:
    """Draws all series, the named ones over the grey, and their labels right of `right`."""
    for one in series:
        if one.row.name not in looks:
            with canvas.about(one.row.tag):
                _others(canvas, one, across, up)
    shown = [one for one in series if one.row.name in looks]
    for one in shown:
        with canvas.about(one.row.tag):
            _line(canvas, one, looks[one.row.name], across, up)
    ends = [(one.line or one.points)[-1] for one in shown]
    wishes = [up(y) for _, y in ends]
    for one, (x, y), height in zip(shown, ends, common.spread(wishes, LABEL_GAP, top, bottom)):
        with canvas.about(one.row.tag):
            look = looks[one.row.name]
            canvas.line(
                [(across(x) + 4, up(y)), (right + 8, height), (right + 14, height)],
                look.role,
                0.8,
                opacity=0.7,
                layer=2,
            )
            canvas.mark(right + 18, height, look.role, look.marker, 5, look.hollow)
            figure = f"{one.figure}  " if one.figure else ""
            room = label_width - 26 - text_width(figure, SMALL)
            canvas.text(
                right + 25, height, figure + shorten(one.row.label, room, SMALL), "ink", SMALL
            )


def _others(canvas: Canvas, one: Series, across: Place, up: Place) -> None:
    points = [(across(x), up(y)) for x, y in one.line or one.points]
    if len(points) > 1:
        canvas.line(points, OTHERS, 1, layer=2)
    canvas.marks([(across(x), up(y)) for x, y in one.points], OTHERS, "o", 2.4, layer=2)


def _line(canvas: Canvas, one: Series, look: Look, across: Place, up: Place) -> None:
    points = [(across(x), up(y)) for x, y in one.line or one.points]
    if len(points) > 1:
        canvas.line(points, look.role, 1.8, look.dash, layer=4)
    for x, low, high in one.limits:
        canvas.line([(across(x), up(low)), (across(x), up(high))], look.role, 1.2, layer=4)
    canvas.marks(
        [(across(x), up(y)) for x, y in one.points], look.role, look.marker, 5.5, look.hollow
    )
