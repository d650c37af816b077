"""How far from the best: rows across, scenarios or cells down, one number and one colour a field.

Colour says only what this run can tell apart: a field that is not separated from the best is
coloured like the best, whatever its number. Fields without a number say why.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import format, style
from ..canvas import Canvas, shorten, text_width
from ..model import Cell, Ranking, Result, Row, Run, Scenario
from . import behind, common
from .common import BODY, SMALL, Chart, Names

FIELD = 24.0  # height of a field
CELLS = 60  # per chart
UPRIGHT = 170.0  # the longest name of a row that is written upright


@dataclass
class Field:
    """What one field of the map shows: a ratio, or the reason why there is none."""

    ratio: float | None = None
    tied: bool = False
    best: bool = False
    why: str = ""


@dataclass
class Line:
    """One scenario or cell across all rows."""

    label: str
    fields: list[Field]
    heading: str | None = None
    strong: bool = False
    note: str = ""
    apart: bool = False  # set off from the lines above
    tag: str = ""  # of its cell, if it is of one


def charts(run: Run, names: Names) -> list[Chart]:
    # A twin is there to measure noise: its ratios say nothing about runtimes.
    rows = [row for row in run.measured_rows if not row.twin]
    if not run.cells or not rows:
        return []
    made: list[Chart] = []

    def add(name: str, title: str, description: str, lines: list[Line], note: str) -> None:
        made.append(
            Chart(
                names.make(name),
                "heatmap",
                None,
                title,
                description,
                _draw(run, rows, lines, title, note, common.WIDE, common.WIDE_MARGIN),
                _draw(run, rows, lines, title, note, common.NARROW, common.NARROW_MARGIN),
                _values(rows, lines),
            )
        )

    lines = scenario_lines(run, rows)
    if lines:
        add(
            "heatmap",
            "How far from the best, by scenario",
            "Geometric mean of each row's ratio to the best, for every scenario.",
            lines,
            f"{_of_what(run).capitalize()} as a multiple of the best row's: geometric mean over "
            "the cells that all these rows finished. Less is better.",
        )
    lines = cell_lines(run, rows)
    pages = [lines[i : i + CELLS] for i in range(0, len(lines), CELLS)]
    for number, page in enumerate(pages, 1):
        add(
            "heatmap_cells" + (f"_{number}" if len(pages) > 1 else ""),
            common.paged("How far from the best, cell by cell", number, len(pages)),
            f"Each row's ratio to the best in {common.count(len(page), 'cell')}; fields without a "
            "number say why.",
            page,
            f"Median {_of_what(run)} as a multiple of the best row's. Less is better.",
        )
    return made


def _values(rows: list[Row], lines: list[Line]) -> behind.Values:
    """A line for each field."""
    under = ""
    made = []
    for line in lines:
        under = line.heading or ("" if line.strong else under)
        what = f"{under} {line.label}" if under and line.heading != line.label else line.label
        made += [
            behind.Line(
                [
                    what,
                    row.label,
                    field.ratio,
                    None if field.ratio is None else "yes" if field.tied else "no",
                    field.why,
                ],
                f"{row.tag} {line.tag}",
            )
            for row, field in zip(rows, line.fields)
        ]
    return behind.Values(
        ["what", "row", "ratio to the best", "best or not separated from it", "why none"], made
    )


def cell_lines(run: Run, rows: list[Row]) -> list[Line]:
    """One line a cell, under the name of its scenario; beside it what the A/A pair showed there."""
    lines = []
    for scenario in run.contests:
        own = lines_of(scenario, rows)
        if len(own) == 1:
            own[0].label, own[0].strong = _name(scenario), True
        else:
            own[0].heading = _name(scenario)
        lines += own
    return lines


def lines_of(scenario: Scenario, rows: list[Row]) -> list[Line]:
    """One line for each cell of a scenario, called by what sets it apart."""
    return [
        Line(
            scenario.label(cell) or _name(scenario),
            [_field(cell.of(row), cell) for row in rows],
            note="" if cell.noise_floor is None else f"noise {format.percent(cell.noise_floor)}",
            tag=cell.tag,
        )
        for cell in scenario.cells
    ]


def _name(scenario: Scenario) -> str:
    """A scenario that is measured in bytes says so: all others are measured in time."""
    return f"{scenario.name} (bytes)" if scenario.in_bytes else scenario.name


def _together(run: Run) -> str:
    return "all together" if len(run.timed_cells) == len(run.cells) else "all but bytes"


def _of_what(run: Run) -> str:
    if any(scenario.in_bytes for scenario in run.contests):
        return "time per operation, or bytes where it says so,"
    return "time per operation"


def _field(result: Result, cell: Cell) -> Field:
    if not result.ok:
        return Field(why=result.category)
    if result.ratio is None:
        return Field(why="no ratio")
    return Field(result.ratio.median, result.tied, cell.results.get(cell.best or "") is result)


def scenario_lines(run: Run, rows: list[Row]) -> list[Line]:
    """One line a scenario, and one for all of them."""
    lines = [
        _mean_line(_name(s), s.cells, s.ranking, rows)
        for s in run.contests
        if s.ranking is not None
    ]
    if len(lines) > 1:
        lines.append(_mean_line(_together(run), run.timed_cells, run.overall, rows))
        lines[-1].strong = lines[-1].apart = True
    return lines


def _mean_line(label: str, cells: list[Cell], ranking: Ranking, rows: list[Row]) -> Line:
    fields = []
    for row in rows:
        standing = ranking.of(row)
        if standing is not None:
            fields.append(
                Field(standing.ratio.median, standing.group == 1, standing is ranking.standings[0])
            )
            continue
        faults = {cell.of(row).category for cell in cells} - {"ok"}
        any_ok = any(cell.of(row).ok for cell in cells)
        fields.append(
            Field(
                why=faults.pop()
                if len(faults) == 1 and not any_ok
                else ranking.left_out.get(row.name, "no common cell")
            )
        )
    return Line(label, fields, note=f"{ranking.common_cells} of {len(cells)} cells")


def _draw(
    run: Run, rows: list[Row], lines: list[Line], title: str, note: str, width: float, margin: float
) -> Canvas:
    inside = width - 2 * margin
    narrow = inside < 500
    with_headings = any(line.heading for line in lines)
    label_size = SMALL if with_headings else BODY
    indent = 12 if with_headings else 2
    note_width = 0.0 if narrow else max(text_width(line.note, SMALL) for line in lines) + 10
    longest = max(text_width(line.label, label_size, line.strong) for line in lines) + indent + 12
    above = narrow and with_headings  # On a phone a cell's name takes a line of its own.
    # Fields stop growing at some width; what they leave is for long names.
    room = max(inside * (0.3 if narrow else 0.36), inside - note_width - 118.0 * len(rows))
    label_width = 0.0 if above else min(longest, room)
    field_width = min((inside - label_width - note_width) / len(rows), 118.0)
    canvas, y = common.begin(width, title, [note], margin)
    y = _key(canvas, margin, y + 4, inside)
    x = margin + label_width
    y = _row_names(canvas, rows, x, y, field_width)
    for line in lines:
        if line.heading:
            canvas.text(
                margin + 2,
                y + 4 + BODY * 0.75,
                shorten(line.heading, inside, BODY, True),
                "ink",
                BODY,
                bold=True,
            )
            y += 4 + BODY * 1.55
        elif line.strong and with_headings:
            y += 4
        if line.apart:
            y += 6
        left, size = (2, BODY) if line.strong or above else (indent, label_size)
        room = (inside if above else label_width) - left - 6
        canvas.text(
            margin + left,
            y + (9 if above else FIELD / 2),
            shorten(line.label, room, size, line.strong),
            "muted" if with_headings and not line.strong else "ink",
            size,
            bold=line.strong,
        )
        y += 17 if above else 0
        for number, field in enumerate(line.fields):
            with canvas.about(rows[number].tag, line.tag):
                _paint(
                    canvas,
                    field,
                    x + number * field_width,
                    y,
                    field_width,
                    9.0 if narrow else SMALL,
                )
        if not narrow:
            canvas.text(x + len(rows) * field_width + 8, y + FIELD / 2, line.note, "muted", SMALL)
        y += FIELD
    return common.finish(canvas, run, y + 6, margin)


def _row_names(canvas: Canvas, rows: list[Row], x: float, y: float, field_width: float) -> float:
    """Names above the columns: across on up to three lines if they fit, else upright."""
    split = [row.label.replace("/", "\n/").replace(" (", "\n(").split("\n") for row in rows]
    if all(text_width(part, SMALL) <= field_width - 4 for parts in split for part in parts):
        deepest = max(len(parts) for parts in split)
        for number, parts in enumerate(split):
            with canvas.about(rows[number].tag):
                for i, part in enumerate(parts):
                    canvas.text(
                        x + (number + 0.5) * field_width,
                        y + (i + 0.5) * SMALL * 1.3,
                        part,
                        "ink",
                        SMALL,
                        align="center",
                    )
        return y + deepest * SMALL * 1.3 + 5
    tallest = min(max(text_width(row.label, SMALL) for row in rows), UPRIGHT)
    for number, row in enumerate(rows):
        with canvas.about(row.tag):
            canvas.text(
                x + (number + 0.5) * field_width,
                y + tallest,
                shorten(row.label, UPRIGHT, SMALL),
                "ink",
                SMALL,
                rotation=90,
            )
    return y + tallest + 6


def _paint(canvas: Canvas, field: Field, x: float, y: float, width: float, size: float) -> None:
    middle = x + width / 2
    if field.ratio is None:
        common.hatched(canvas, x + 1, y + 1, width - 2, FIELD - 2)
        text = shorten(field.why, width - 8, size - 0.5, at_end=True)
        inner = text_width(text, size - 0.5) + 6
        canvas.rectangle(middle - inner / 2, y + 4, inner, FIELD - 8, "band", layer=2)
        canvas.text(middle, y + FIELD / 2, text, "ink", size - 0.5, align="center")
        return
    colour = "heat_tie" if field.tied else style.heat_role(field.ratio)
    canvas.rectangle(x + 1, y + 1, width - 2, FIELD - 2, colour)
    text = format.ratio(field.ratio)
    if field.tied and not field.best:
        text = "≈ " + text
    # Many rows leave little room for each: no figure may run into the next.
    fitting = size * min(1.0, (width - 4) / text_width(text, size))
    canvas.text(
        middle,
        y + FIELD / 2,
        text,
        style.heat_ink(colour),
        fitting,
        bold=field.best,
        align="center",
    )


def _key(canvas: Canvas, x: float, y: float, width: float) -> float:
    """The steps of colour, and what stands for a tie and for a missing number."""
    uppers = [f"≤ {u:g}" for u in style.HEAT_STEPS] + [f"> {style.HEAT_STEPS[-1]:g}"]
    items: list[tuple[str | None, str, str]] = [
        ("heat_tie", "1.00", "best"),
        ("heat_tie", "≈", "not separated from it"),
    ]
    items += [(f"heat{i}", text, "") for i, text in enumerate(uppers, 1)]
    items += [(None, "", "no number, and why")]
    left = x
    for colour, within, beside in items:
        box = max(24.0, text_width(within, SMALL) + 10)
        needed = box + (5 + text_width(beside, SMALL) + 12 if beside else 2)
        if colour is None and left > x:
            left += 10
        if left > x and left + needed > x + width:
            left, y = x, y + 21
        if colour:
            canvas.rectangle(left, y, box, 17, colour)
            canvas.text(
                left + box / 2,
                y + 8.5,
                within,
                style.heat_ink(colour),
                SMALL,
                align="center",
                bold=within == "1.00",
            )
        else:
            common.hatched(canvas, left, y, box, 17)
        if beside:
            canvas.text(left + box + 5, y + 8.5, beside, "muted", SMALL)
        left += needed
    return y + 17 + 12
