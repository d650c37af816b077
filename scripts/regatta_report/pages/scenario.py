"""The page of one scenario: who leads in which cell, its charts, and every figure as a table."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .. import format, tables
from ..charts import heatmap
from ..charts.common import count
from ..draw import Drawn
from ..model import Cell, Result, Row, Run, Scenario, describe
from .parts import Links, figure, found_by, heat_table, tie


def context(
    run: Run, number: int, drawn: list[Drawn], links: Links, keys: dict[str, str]
) -> dict[str, Any]:
    """What the template needs for the scenario in place `number`."""
    scenario = run.scenarios[number]
    rows = run.rows_in(scenario)
    has = _present(scenario, rows)
    columns = [
        {"name": "Latency", "note": "median, from when it was due"}
        if scenario.by_latency
        else {"name": "Bytes" if scenario.in_bytes else "Time", "note": "per operation"},
        {"name": "Ratio", "note": "to the best"},
        {"name": "Rank", "note": ""},
    ]
    if any(cell.of(row).overhead for cell in scenario.cells for row in rows):
        columns.append({"name": "Overhead", "note": "over the way without a proxy"})
    with_overhead = len(columns) == 4
    optional = [
        ("cpu_ns", "CPU time", "per operation", format.duration),
        ("allocations", "Allocations", "per operation", format.plain),
        ("peak_rss", "Peak memory", "of the process", format.size),
        ("voluntary_switches", "Waits", "switches per op", format.plain),
        ("involuntary_switches", "Preempted", "switches per op", format.plain),
        ("system_calls", "System calls", "per operation", format.plain),
        ("threads_used", "Threads", "that ran work", "{:g}".format),
    ]
    if scenario.in_bytes:
        optional.insert(0, ("ns", "Time", "per operation", format.duration))
    shown = [entry for entry in optional if entry[0] in has]
    columns += [{"name": name, "note": note} for _, name, note, _ in shown]

    lines = []
    for order, cell in enumerate(scenario.cells):
        ties = Counter(cell.of(row).group for row in rows)
        for place, row in enumerate(rows):
            result = cell.of(row)
            line = tables.line_head(scenario, cell, row, order, place)
            if result.ok:
                line["cells"] = _figures(result, cell, ties[result.group])
                line["cells"] += [_overhead(result)] if with_overhead else []
                line["cells"] += [_optional(result, key, say) for key, _, _, say in shown]
            else:
                line |= {
                    "fault": result.category,
                    "reason": result.reason,
                    "cells": [None] * (len(columns) - 1),
                }
            lines.append(line)
    latency, latency_columns = tables.latency(scenario, rows)
    calls, call_columns = tables.system_calls(scenario, rows)
    counters, counter_columns = tables.counters(scenario, rows)
    return {
        "id": keys[scenario.name],
        "before": _neighbour(run, number - 1, links, keys),
        "after": _neighbour(run, number + 1, links, keys),
        "find": found_by(scenario),
        "heat": _heat(run, scenario),
        "in_all": links.page("cells"),
        "alone": len(scenario.cells) == 1,
        "name": scenario.name,
        "text": _scenario_text(scenario),
        "charts": [figure(one, links) for one in drawn],
        "columns": columns,
        "lines": lines,
        "floors": tables.floors(scenario),
        "fits": tables.fits(run, scenario),
        "latency": latency,
        "latency_columns": latency_columns,
        "latency_note": tables.recording(scenario, rows),
        "calls": calls,
        "call_columns": call_columns,
        "calls_unknown": tables.calls_unknown(scenario, rows),
        "counters": counters,
        "counter_columns": counter_columns,
    }


def _neighbour(run: Run, number: int, links: Links, keys: dict[str, str]) -> dict[str, str] | None:
    if not 0 <= number < len(run.scenarios):
        return None
    name = run.scenarios[number].name
    return {"name": name, "href": links.page(keys[name])}


def _heat(run: Run, scenario: Scenario) -> dict[str, Any] | None:
    """How far each row is from the best in each cell."""
    rows = [row for row in run.rows_in(scenario) if not row.twin]
    if not rows or scenario.asks_machine:
        return None
    heads = [{"href": "", "find": ""}] * len(scenario.cells)
    lines = heatmap.lines_of(scenario, rows)
    return heat_table(rows, lines, heads)


def _scenario_text(scenario: Scenario) -> str:
    parts = [count(len(scenario.cells), "cell") + "."]
    if scenario.fixed:
        parts.append(
            f"{'Parameters' if len(scenario.cells) == 1 else 'In all of them'}: "
            f"{describe(scenario.fixed)}."
        )
    ranking = scenario.ranking
    if ranking and ranking.standings:
        first = [s.row.label for s in ranking.standings if s.group == 1]
        if len(first) == len(ranking.standings) > 1:
            parts.append(f"Over all of it, this run tells none of the {len(first)} rows apart.")
        else:
            parts.append(
                f"First: {tables.some(first)}" + (", not separated." if len(first) > 1 else ".")
            )
    return " ".join(parts)


def _present(scenario: Scenario, rows: list[Row]) -> set[str]:
    """The optional quantities of which at least one cell has a value."""
    keys = (
        "cpu_ns",
        "allocations",
        "peak_rss",
        "voluntary_switches",
        "involuntary_switches",
        "threads_used",
        "system_calls",
    ) + (("ns",) if scenario.in_bytes else ())
    return {
        key
        for key in keys
        for cell in scenario.cells
        for row in rows
        if cell.of(row).ok and getattr(cell.of(row), key) is not None
    }


def _figures(result: Result, cell: Cell, together: int) -> list[dict[str, Any] | None]:
    cost, ratio = result.cost, result.ratio
    assert cost is not None
    say, say_range = (
        (format.size, format.size_range)
        if cell.in_bytes
        else (format.duration, format.duration_range)
    )
    first = tables.number(
        cost.median, say(cost.median), result.tied, say_range(cost.low, cost.high)
    )
    if first is not None and cell.floor_of_time is not None and not cell.in_bytes:
        ns = cell.floor_of_time.ns
        first["floor"] = {
            "text": f"{format.ratio(cost.median / ns)} ×",
            "range": f"{format.ratio(cost.low / ns)} – {format.ratio(cost.high / ns)}",
        }
    return [
        first,
        tables.number(
            ratio.median,
            ("≈ " if result.tied and ratio.median != 1 else "") + format.ratio(ratio.median),
            result.tied,
            f"{format.ratio(ratio.low)} – {format.ratio(ratio.high)}",
        )
        if ratio
        else _saturated(result),
        tables.number(result.group, str(result.group), False, tie(together))
        if result.group is not None
        else None,
    ]


def _saturated(result: Result) -> dict[str, Any] | None:
    """What stands instead of a ratio where a row could not bear the load."""
    if not result.saturated:
        return None
    return {"value": "", "text": "saturated", "strong": False, "range": "", "floor": None}


def _overhead(result: Result) -> dict[str, Any] | None:
    ratio = result.overhead
    if ratio is None:
        return None
    return tables.number(
        ratio.median - 1,
        format.signed_percent(ratio.median - 1),
        False,
        f"{format.signed_percent(ratio.low - 1)} – {format.signed_percent(ratio.high - 1)}",
    )


def _optional(result: Result, key: str, say: Any) -> dict[str, Any] | None:
    value = getattr(result, key)
    value = value.median if hasattr(value, "median") else value
    return None if value is None else tables.number(value, say(value))
