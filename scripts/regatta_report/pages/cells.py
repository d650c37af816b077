"""The page of all cells: one table of ratios over everything that was compared."""

from __future__ import annotations

from typing import Any

from ..charts import heatmap
from ..draw import Drawn
from ..model import Run
from .parts import Links, figure, found_by, heat_table


def context(run: Run, drawn: list[Drawn], links: Links, keys: dict[str, str]) -> dict[str, Any]:
    rows = [row for row in run.measured_rows if not row.twin]
    lines, heads = [], []
    for scenario in run.contests:
        own = heatmap.lines_of(scenario, rows)
        lines += own
        for number, (line, cell) in enumerate(zip(own, scenario.cells)):
            alone = len(own) == 1
            heads.append(
                {
                    "heading": scenario.name if number == 0 else "",
                    "label": "" if alone and line.label == scenario.name else line.label,
                    "href": links.page(keys[scenario.name]),
                    "find": found_by(scenario, scenario.label(cell) or " "),
                }
            )
    return {
        "heat": heat_table(rows, lines, heads) if rows and lines else None,
        "charts": [figure(one, links) for one in drawn if one.chart.name != "heatmap"],
    }
