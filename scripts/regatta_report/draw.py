"""Draws charts into files, on all processors that there are, and returns what pages show of them.

Laying out is quick and is done before; turning strokes into SVG and pixels takes nearly all of a
report's time. Charts know nothing of each other, so each is drawn in whichever process is free.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import style
from .charts import Chart

# Below so many marks a second process costs more than it saves.
_WORTH_A_POOL = 6000


@dataclass
class Drawn:
    """A chart with what a page shows of it, and the names of its files."""

    chart: Chart
    wide: str = ""  # elements for a page
    narrow: str = ""
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Order:
    """What is wanted of every chart: files, with pixels or without, and elements for pages."""

    folder: Path | None
    png: bool = True
    inline: bool = True


def draw(charts: list[Chart], order: Order, processes: int | None = None) -> list[Drawn]:
    """Draws all charts; the result is in their order, and the same however many processes drew."""
    wanted = processes or len(os.sched_getaffinity(0))
    size = sum(len(chart.wide.strokes) + len(chart.narrow.strokes) for chart in charts)
    if wanted < 2 or len(charts) < 2 or (processes is None and size < _WORTH_A_POOL):
        return [_draw(chart, order) for chart in charts]
    # The largest first: otherwise one of them may be begun last, and all wait for it.
    largest = sorted(range(len(charts)), key=lambda i: -len(charts[i].wide.strokes))
    _work.update(charts=charts, order=order)
    try:
        # Strokes are closures, which no process could be sent: a fork has them.
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(min(wanted, len(charts)), mp_context=fork) as pool:
            found = dict(zip(largest, pool.map(_draw_number, largest)))
    finally:
        _work.clear()
    return [Drawn(chart, *found[number]) for number, chart in enumerate(charts)]


_work: dict[str, object] = {}


def _draw_number(number: int) -> tuple[str, str, list[str]]:
    charts, order = _work["charts"], _work["order"]
    assert isinstance(charts, list) and isinstance(order, Order)
    drawn = _draw(charts[number], order)
    return drawn.wide, drawn.narrow, drawn.files


def _draw(chart: Chart, order: Order) -> Drawn:
    drawn = Drawn(chart)
    if order.inline:
        drawn.wide = chart.wide.inline_svg(f"{chart.name}-w", chart.title, chart.description)
        drawn.narrow = chart.narrow.inline_svg(f"{chart.name}-n", chart.title, chart.description)
    if order.folder is None:
        return drawn

    def write(name: str, content: bytes) -> None:
        assert order.folder is not None
        place(order.folder / name, content)
        drawn.files.append(name)

    for theme, suffix in (("light", ""), ("dark", "_dark")):
        colours = style.THEMES[theme]
        write(f"{chart.name}{suffix}.svg", chart.wide.svg(colours, chart.title, chart.description))
        if order.png:
            write(f"{chart.name}{suffix}.png", chart.wide.png(colours))
    write(f"{chart.name}.csv", chart.values.csv())
    return drawn


def place(path: Path, content: bytes) -> Path:
    """Writes a file that is whole or absent: beside its place, and then moved there."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
