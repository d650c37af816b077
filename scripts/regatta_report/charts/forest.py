"""Intervals of ratios, one below the other: what is told apart at a glance, and what is not.

Entries of one group stand together under its number. A band shows how far from 1 noise alone can
lead.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import format
from ..canvas import Canvas, shorten, text_width
from ..model import Interval
from . import common
from .common import BODY, SMALL, Scale

LINE = 26.0
LOG_FROM = 8.0  # the ratio from which a linear axis would crowd the leaders


@dataclass(frozen=True)
class Entry:
    """One interval with its name, and how its mark looks."""

    label: str
    ratio: Interval
    group: str = ""  # what it shares with its neighbours, said once
    role: str = "ink"
    marker: str = "o"
    hollow: bool = False
    strong: bool = False
    tag: str = ""
    floor: float | None = None  # its own, where each has one


def draw(
    canvas: Canvas,
    entries: list[Entry],
    y: float,
    margin: float,
    floor: float | None,
    floor_said: str,
) -> float:
    """Draws all entries below `y`; returns the height below them."""
    y += 4
    inside = canvas.width - 2 * margin
    place = max(text_width(entry.group, BODY, True) for entry in entries) + 16
    label_width = max(text_width(entry.label, BODY) for entry in entries) + 12
    label_width = min(label_width, inside * 0.42)
    value_width = text_width("88.88", BODY, True) + 10
    scale = _scale(
        entries, floor, margin + place + label_width, canvas.width - margin - value_width
    )
    bottom = y + LINE * len(entries)
    if floor:
        left, right = scale(1 - floor), scale(1 + floor)
        canvas.rectangle(left, y, max(right - left, 1.5), bottom - y, "grid", layer=1)
    _axis(canvas, scale, y, bottom)
    previous = None
    for number, entry in enumerate(entries):
        middle = y + (number + 0.5) * LINE
        if entry.group != previous:
            if previous is not None:
                edge = middle - LINE / 2
                canvas.line([(margin, edge), (canvas.width - margin, edge)], "grid", 1, layer=1)
            canvas.text(margin + 4, middle, entry.group, "ink", BODY, bold=True)
            previous = entry.group
        with canvas.about(*filter(None, [entry.tag])):
            _entry(canvas, entry, middle, scale, margin, place, label_width)
    y = bottom + SMALL * 1.9
    if floor:
        canvas.rectangle(margin + place, y + 3, 12, 10, "grid")
        canvas.text(
            margin + place + 18, y + 8, f"{floor_said}: {format.percent(floor)}", "muted", SMALL
        )
        y += 18
    return y


def _scale(entries: list[Entry], floor: float | None, start: float, end: float) -> Scale:
    lows = [entry.ratio.low for entry in entries] + [1.0, 1 - (floor or 0)]
    highs = [entry.ratio.high for entry in entries] + [1 + (floor or 0)]
    low, high = max(min(lows), 1e-3), max(highs)
    log = high > LOG_FROM
    pad = 0.04 * (high - low) + 0.01
    return Scale(
        low / 1.06 if log else low - pad, high * 1.1 if log else high + pad, start, end, log
    )


def _axis(canvas: Canvas, scale: Scale, top: float, bottom: float) -> None:
    taken = -1e9
    steps = (
        common.decades(scale.low, scale.high, 6)
        if scale.log
        else _linear_ticks(scale.low, scale.high)
    )
    for tick in sorted({1.0, *steps}):
        position = scale(tick)
        label = f"{tick:g}×"
        half = text_width(label, SMALL) / 2
        role = "axis" if tick == 1 else "grid"
        canvas.line([(position, top), (position, bottom)], role, 1, layer=1)
        if position - half > taken + 6:
            canvas.text(position, bottom + SMALL * 0.9, label, "muted", SMALL, align="center")
            taken = position + half


def _entry(
    canvas: Canvas,
    entry: Entry,
    middle: float,
    scale: Scale,
    margin: float,
    place: float,
    label_width: float,
) -> None:
    label = shorten(entry.label, label_width - 8, BODY)
    canvas.text(margin + place, middle, label, "ink", BODY)
    if entry.floor:
        left, right = scale(1 - entry.floor), scale(1 + entry.floor)
        canvas.rectangle(left, middle - 8, max(right - left, 1.5), 16, "grid", layer=1)
    ends = [scale(entry.ratio.low), scale(entry.ratio.high)]
    canvas.line([(ends[0], middle), (ends[1], middle)], entry.role, 2, layer=3)
    for limit in ends:
        canvas.line([(limit, middle - 4), (limit, middle + 4)], entry.role, 2, layer=3)
    at = scale(entry.ratio.median)
    canvas.mark(at, middle, entry.role, entry.marker, 7.5, entry.hollow, layer=4)
    canvas.text(
        canvas.width - margin - 2,
        middle,
        format.ratio(entry.ratio.median),
        "ink",
        BODY,
        bold=entry.strong,
        align="right",
    )


def _linear_ticks(low: float, high: float) -> list[float]:
    ticks = common.nice_ticks(high - low, 5)
    step = ticks[1] if len(ticks) > 1 else high - low
    first = int(low / step)
    return [round(step * i, 6) for i in range(first, first + 14) if low <= step * i <= high]
