"""What all charts share: a title, a caption that names machine, noise and date, row labels,
axes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from .. import format, machine, style
from ..canvas import Canvas, shorten, text_width, wrap
from ..model import Cell, Floor, Result, Row, Run, Scenario, describe
from .behind import Values

WIDE, NARROW = 920.0, 360.0
WIDE_MARGIN, NARROW_MARGIN = 14.0, 2.0
TITLE, BODY, SMALL = 15.0, 11.5, 10.5


@dataclass
class Chart:
    """One chart in two widths: for paper and screens, and for phones."""

    name: str  # file name without ending; [a-z0-9_] only
    kind: str  # overview, heatmap, scaling, …: the name of the module that drew it
    scenario: str | None
    title: str
    description: str
    wide: Canvas
    narrow: Canvas
    values: Values


class Names:
    """File names from foreign names: safe, readable, and never the same twice."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def make(self, text: str) -> str:
        base = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60] or "chart"
        name, number = base, 2
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return name


def begin(width: float, title: str, notes: list[str], margin: float) -> tuple[Canvas, float]:
    """A sheet with title and notes; returns it and the height at which the content begins."""
    canvas = Canvas(width)
    y = margin + TITLE / 2 + 2
    for line in wrap(title, width - 2 * margin, TITLE, True):
        canvas.text(margin, y, line, "ink", TITLE, bold=True)
        y += TITLE * 1.3
    for note in notes:
        for line in wrap(note, width - 2 * margin, BODY):
            canvas.text(margin, y + 1, line, "muted", BODY)
            y += BODY * 1.45
    return canvas, y + 4


def finish(canvas: Canvas, run: Run, y: float, margin: float) -> Canvas:
    """Draws the caption below `y` and fixes the height of the sheet."""
    y += 6
    canvas.line([(margin, y), (canvas.width - margin, y)], "grid", 1)
    y += SMALL
    for part in (machine.headline(run), f"{machine.noise_line(run)} · {machine.when_line(run)}"):
        for line in wrap(part, canvas.width - 2 * margin, SMALL, separator=" · "):
            canvas.text(margin, y + 1, line, "muted", SMALL)
            y += SMALL * 1.45
    canvas.height = math.ceil(y + margin - 2)
    return canvas


def heading(scenario: Scenario, cell: Cell) -> str:
    """What stands above a cell's panel."""
    return scenario.label(cell) or describe(cell.params) or scenario.name


def fixed_note(scenario: Scenario) -> list[str]:
    """The parameters that all cells share, said once."""
    if len(scenario.cells) < 2 or not scenario.fixed:
        return []
    return ["Everywhere here: " + describe(scenario.fixed)]


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def paged(title: str, number: int, pages: int) -> str:
    return f"{title} ({number} of {pages})" if pages > 1 else title


def role(row: Row) -> str:
    return f"row{row.slot}"


def marker(row: Row) -> str:
    return style.MARKERS[(row.slot + row.variant_index * 3) % len(style.MARKERS)]


def hollow(row: Row) -> bool:
    """Every second variant, and a twin, is drawn as an outline."""
    return row.twin or row.variant_index % 2 == 1


def dash(row: Row) -> tuple[float, ...]:
    return style.TWIN_DASH if row.twin else style.DASHES[row.variant_index % len(style.DASHES)]


def fault(canvas: Canvas, x: float, y: float, width: float, height: float, result: Result) -> None:
    """A hatched box with the category where a number would stand."""
    hatched(canvas, x, y, width, height)
    text = shorten(result.category, width - 8, SMALL, at_end=True)
    inner = text_width(text, SMALL) + 10
    canvas.rectangle(x + (width - inner) / 2, y, inner, height, "paper", layer=2)
    canvas.text(x + width / 2, y + height / 2, text, "ink", SMALL, align="center")


def hatched(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    canvas.rectangle(x, y, width, height, "band")
    canvas.rectangle(x, y, width, height, None, edge="fault", hatch="////")


def legend(
    canvas: Canvas,
    rows: list[Row],
    x: float,
    y: float,
    width: float,
    lines: bool,
    looks_of: dict[str, Look] | None = None,
) -> float:
    """Names each row with its mark, in as many lines as it takes; returns the height below it."""
    left = x
    sample = 26 if lines else 12
    for row in rows:
        with canvas.about(row.tag):
            look = (looks_of or {}).get(row.name) or Look(
                role(row), marker(row), dash(row), hollow(row)
            )
            label = shorten(row.label, width - sample - 10, BODY)
            needed = sample + 6 + text_width(label, BODY)
            if left > x and left + needed > x + width:
                left, y = x, y + BODY * 1.7
            if lines:
                canvas.line([(left, y), (left + sample, y)], look.role, 2, look.dash)
            canvas.mark(left + sample / 2, y, look.role, look.marker, 6.5, look.hollow)
            canvas.text(left + sample + 6, y, label, "ink", BODY)
            left += needed + 18
    return y + BODY * 1.4


# --------------------------------------------------------------------------------------------------
# Many rows


def rivals(run: Run) -> list[Row]:
    """The rows that are compared: a twin is there to measure noise, and would double a line."""
    return [row for row in run.measured_rows if not row.twin]


# So many rows can be told apart in one chart of lines; of more, the best few are named.
MOST_NAMED = 8
BEST_NAMED = 6


@dataclass(frozen=True)
class Look:
    """How a row's lines and marks are drawn in one chart."""

    role: str
    marker: str
    dash: tuple[float, ...]
    hollow: bool


def named(rows: list[Row], costs: dict[str, float]) -> list[Row]:
    """The rows that a chart of lines names: all, or if there are too many, those of least cost."""
    if len(rows) <= MOST_NAMED:
        return rows
    best = sorted(rows, key=lambda row: (costs[row.name], row.name))
    chosen = best[:BEST_NAMED]
    return [row for row in rows if row in chosen]


def named_note(rows: list[Row], of_panel: bool) -> list[str]:
    """What to say where not all rows are named."""
    if len(rows) <= MOST_NAMED:
        return []
    where = "in each panel" if of_panel else "here"
    return [
        f"Named: the best {BEST_NAMED} of {len(rows)} rows {where}; the others are grey, and stand "
        "in the table."
    ]


def looks(rows: list[Row]) -> dict[str, Look]:
    """A look for each of a few rows, by name. A contender keeps the colour that is its own, unless
    another in this chart has it: then it takes the next that is free.
    """
    slots: dict[str, int] = {}
    for family in dict.fromkeys(row.family for row in rows):
        own = next(row.slot for row in rows if row.family == family)
        wishes = [(own + step) % style.ROW_COLOURS for step in range(style.ROW_COLOURS)]
        free = [slot for slot in wishes if slot not in slots.values()]
        slots[family] = (free or wishes)[0]
    return {
        row.name: Look(
            f"row{slots[row.family]}",
            style.MARKERS[(slots[row.family] + row.variant_index * 3) % len(style.MARKERS)],
            dash(row),
            hollow(row),
        )
        for row in rows
    }


def spread(heights: list[float], gap: float, top: float, bottom: float) -> list[float]:
    """Moves heights apart so that labels there do not touch, each as little as it takes; the
    result is in the order of the input.
    """
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    # Neighbours that are too near form a block, which lies round the mean of their wishes.
    blocks: list[tuple[float, list[int]]] = []
    for i in order:
        wish, members = heights[i], [i]
        while blocks:
            above, others = blocks[-1]
            if wish - gap * (len(members) - 1) / 2 >= above + gap * (len(others) + 1) / 2:
                break
            blocks.pop()
            total = len(others) + len(members)
            wish = (above * len(others) + wish * len(members)) / total
            members = others + members
        half = gap * (len(members) - 1) / 2
        wish = min(max(wish, top + half), max(bottom - half, top + half))
        blocks.append((wish, members))
    placed = [0.0] * len(heights)
    for middle, members in blocks:
        for place, i in enumerate(members):
            placed[i] = middle + (place - (len(members) - 1) / 2) * gap
    return placed


# --------------------------------------------------------------------------------------------------
# The floor


def floor_text(floor: Floor) -> str:
    """`floor: tcp round trip, 13.5 µs`."""
    return f"{floor.label}, {format.duration(floor.ns)}"


FLOOR_DASH = (4.0, 2.5)


def floor_line(
    canvas: Canvas,
    floor: Floor,
    position: float | None,
    top: float,
    bottom: float,
    left: float,
    right: float,
) -> None:
    """An upright dashed line for the floor and its name above it, within `left` and `right`; the
    name alone, where the floor lies off the scale.
    """
    said = floor_text(floor)
    if position is None:
        position, said = right, f"{said} (off the scale)"
    else:
        canvas.line([(position, top), (position, bottom)], "ink", 1.1, FLOOR_DASH, layer=3)
    text = shorten(said, right - left, SMALL)
    width = text_width(text, SMALL)
    start = min(max(position - width / 2, left), right - width)
    canvas.text(start, top - SMALL * 0.7, text, "muted", SMALL)


def floor_note(cells: list[Cell]) -> list[str]:
    if not any(cell.floor for cell in cells):
        return []
    return [
        "Dashed: the floor, what the bare machine needs for the least that an operation must do."
    ]


# --------------------------------------------------------------------------------------------------
# Axes


def nice_ticks(top: float, wanted: int) -> list[float]:
    """Round values from zero to `top`, about `wanted` of them."""
    rough = top / max(wanted, 1)
    power = 10 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10, 20) if s * power >= rough * 0.999)
    return [step * i for i in range(int(top / step * 1.0001) + 1)]


def decades(low: float, high: float, most: int) -> list[float]:
    """Powers of ten within the limits, thinned to at most `most`; finer steps where they are too
    few.
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    powers = list(range(first, last + 1))
    if len(powers) >= 2:
        stride = math.ceil(len(powers) / most)
        return [10.0**p for p in powers[::stride]]
    candidates = [m * 10.0**p for p in range(first - 1, last + 2) for m in (1, 2, 5)]
    return [c for c in candidates if low <= c <= high][:most] or [math.sqrt(low * high)]


@dataclass(frozen=True)
class Scale:
    """Maps values to pixels between `start` and `end`, linearly or by logarithm; keeps within
    both.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool

    def __call__(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)
