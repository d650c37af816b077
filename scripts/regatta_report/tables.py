"""The tables of a scenario beyond its main one: latencies, counters, system calls and fits.

What a template needs of a table are names of columns and lines of cells; None is a cell without a
value.
"""

from __future__ import annotations

import re
from typing import Any

from . import format
from .charts import memory_slope, scaling
from .charts.common import hollow
from .model import Cell, Interval, Row, Run, Scenario


def number(
    value: float | None, text: str, strong: bool = False, between: str = ""
) -> dict[str, Any] | None:
    """A number of a table: what it sorts by, what it says, and the interval below it."""
    if value is None:
        return None
    return {
        "value": f"{value:.9g}",
        "text": text,
        "strong": strong,
        "range": between,
        "floor": None,  # the same as a multiple of the floor, where the cell has one
    }


def row_head(row: Row) -> dict[str, Any]:
    # A long name may break after what joins its words.
    parts = re.findall(r"[^_/]*[_/]|[^_/]+$", row.label) or [row.label]
    return {"label": row.label, "parts": parts, "slot": row.slot, "hollow": hollow(row)}


def line_head(scenario: Scenario, cell: Cell, row: Row, order: int, place: int) -> dict[str, Any]:
    return {
        "tags": f"{row.tag} {cell.tag}",
        "first": place == 0,
        "params": scenario.label(cell) or "–",
        "order": order,
        "row": row_head(row),
        "fault": "",
        "reason": "",
        "cells": [],
    }


def listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def some(names: list[str], most: int = 4) -> str:
    """The names, or the first of them and how many more there are."""
    return listed(names if len(names) <= most else [*names[:most], f"{len(names) - most} more"])


def latency(scenario: Scenario, rows: list[Row]) -> tuple[list[dict[str, Any]], list[str]]:
    columns = {"p50": "p50", "p90": "p90", "p99": "p99", "p999": "p99.9", "max": "max"}
    lines = []
    for order, cell in enumerate(scenario.cells):
        own = [row for row in rows if cell.of(row).ok and cell.of(row).percentiles]
        for place, row in enumerate(own):
            line = line_head(scenario, cell, row, order, place)
            percentiles = cell.of(row).percentiles
            line["cells"] = [
                number(percentiles.get(key), format.duration(percentiles.get(key, 0)))
                for key in columns
            ]
            lines.append(line)
    return lines, list(columns.values())


def recording(scenario: Scenario, rows: list[Row]) -> str:
    """What recording a latency adds to what it records."""
    known = sorted(
        {
            ns
            for cell in scenario.cells
            for row in rows
            if (ns := cell.of(row).recording_ns) is not None
        }
    )
    if not known:
        return ""
    cost = " to ".join(dict.fromkeys(format.tick_duration(ns) for ns in (known[0], known[-1])))
    return f"Recording one latency takes {cost}, which is part of the times of these cells."


def counters(scenario: Scenario, rows: list[Row]) -> tuple[list[dict[str, Any]], list[str]]:
    names = sorted(
        {name for cell in scenario.cells for row in rows for name in cell.of(row).counters}
    )
    lines = []
    for order, cell in enumerate(scenario.cells if names else []):
        own = [row for row in rows if cell.of(row).counters]
        for place, row in enumerate(own):
            line = line_head(scenario, cell, row, order, place)
            counters = cell.of(row).counters
            line["cells"] = [
                number(counters.get(name), format.plain(counters.get(name, 0))) for name in names
            ]
            lines.append(line)
    return lines, [name.replace("_", " ") for name in names]


def system_calls(scenario: Scenario, rows: list[Row]) -> tuple[list[dict[str, Any]], list[str]]:
    """Calls by name, the most frequent first."""
    most: dict[str, float] = {}
    for cell in scenario.cells:
        for row in rows:
            for name, value in cell.of(row).calls_by_name.items():
                most[name] = max(most.get(name, 0.0), value)
    names = sorted(most, key=lambda name: (-most[name], name))
    lines = []
    for order, cell in enumerate(scenario.cells if names else []):
        own = [row for row in rows if cell.of(row).calls_by_name]
        for place, row in enumerate(own):
            line = line_head(scenario, cell, row, order, place)
            calls = cell.of(row).calls_by_name
            line["cells"] = [
                number(calls.get(name, 0.0), format.plain(calls.get(name, 0.0))) for name in names
            ]
            lines.append(line)
    return lines, names


def calls_unknown(scenario: Scenario, rows: list[Row]) -> list[str]:
    """Why system calls were not counted, each reason once."""
    reasons: dict[str, list[str]] = {}
    for cell in scenario.cells:
        for row in rows:
            if why := cell.of(row).calls_unknown:
                names = reasons.setdefault(why, [])
                if row.label not in names:
                    names.append(row.label)
    return [
        f"Not counted for {listed(names) if len(names) < 5 else f'{len(names)} rows'}: {why}"
        for why, names in reasons.items()
    ]


def floors(scenario: Scenario) -> list[str]:
    """What bounds the cells of a scenario, in a sentence each."""
    sentences: dict[str, list[str]] = {}
    for cell in scenario.cells:
        if cell.floor is not None and not cell.in_bytes:
            said = f"{cell.floor.label.removeprefix('floor: ')}, {format.duration(cell.floor.ns)}"
            sentences.setdefault(said, []).append(scenario.label(cell) or "all of it")
    return [f"{said} ({'; '.join(cells)})" for said, cells in sentences.items()]


def fits(run: Run, scenario: Scenario) -> dict[str, Any] | None:
    """The table of the lines or curves that were fitted through the cells of a scenario."""
    if any(fit.scenario == scenario.name for fit in run.lines):
        return _lines_table(run, scenario.name)
    if scenario.name == scaling.SCENARIO and run.curves:
        return _curves_table(run)
    return None


def _fit_line(choice: str, order: int, row: Row, first: bool) -> dict[str, Any]:
    return {
        "tags": row.tag,
        "first": first,
        "params": choice,
        "order": order,
        "row": row_head(row),
        "fault": "",
        "reason": "",
        "cells": [],
    }


def _between(interval: Interval | None, say: Any) -> dict[str, Any] | None:
    if interval is None:
        return None
    return number(
        interval.median,
        say(interval.median),
        False,
        f"{say(interval.low)} – {say(interval.high)}",
    )


def _lines_table(run: Run, scenario: str) -> dict[str, Any]:
    own = [fit for fit in run.lines if fit.scenario == scenario]
    what = memory_slope.KINDS[scenario]
    kinds = list(dict.fromkeys(fit.kind for fit in own))
    lines = []
    for order, kind in enumerate(kinds):
        for place, fit in enumerate(f for f in own if f.kind == kind):
            line = _fit_line(kind, order, fit.row, place == 0)
            if fit.pooled is None:
                line["fault"] = fit.reason
            else:
                residual = fit.largest_residual or 0.0
                line["cells"] = [
                    _between(fit.slope, format.size),
                    number(fit.slope_error, f"± {format.size(fit.slope_error or 0.0)}"),
                    _between(fit.intercept, format.size),
                    number(
                        residual, ("" if fit.straight else "no line: ") + format.percent(residual)
                    ),
                ]
            lines.append(line)
    return {
        "title": f"What a further {what.each} takes",
        "text": f"A line through bytes over {what.each}s. Intervals are over the blocks, each "
        "fitted by itself; the error is the standard error of the fit to all blocks together. "
        "From 10 % off, the points follow no line.",
        "choice": "Kind",
        "columns": [
            (f"A {what.each}", "median, low – high"),
            ("Error", "of the fit to all"),
            (f"Without {what.each}s", "median, low – high"),
            ("Off by", "the worst point"),
        ],
        "lines": lines,
    }


def _curves_table(run: Run) -> dict[str, Any]:
    works = list(dict.fromkeys(fit.work for fit in run.curves))
    lines = []
    for order, work in enumerate(works):
        for place, fit in enumerate(f for f in run.curves if f.work == work):
            line = _fit_line(work, order, fit.row, place == 0)
            if fit.pooled is None:
                line["fault"] = fit.reason
            else:
                line["cells"] = [
                    _between(fit.rate, format.rate),
                    _between(fit.sigma, format.share),
                    _between(fit.kappa, format.share),
                    number(fit.peak, f"{fit.peak:.0f}") if fit.peak is not None else None,
                    number(fit.r_squared, f"{fit.r_squared:.3f}")
                    if fit.r_squared is not None
                    else None,
                    number(
                        max(fit.fitted, default=0.0),
                        ", ".join(f"{n:g}" for n in fit.fitted)
                        + (" (more than processors)" if fit.beyond_processors else ""),
                    ),
                ]
            lines.append(line)
    return {
        "title": "The Universal Scalability Law",
        "text": "σ is the share of the work that waits its turn, κ the cost of agreeing with each "
        "other thread. Intervals are over the blocks, each fitted by itself; peak and R² are "
        "those of the fit to all. With three numbers of threads the curve goes through all points, "
        "and R² says nothing.",
        "choice": "Work",
        "columns": [
            ("One thread", "median, low – high"),
            ("σ", "median, low – high"),
            ("κ", "median, low – high"),
            ("Peak", "at threads"),
            ("R²", ""),
            ("Fitted to", "threads"),
        ],
        "lines": lines,
    }
