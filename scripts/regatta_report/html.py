"""The page: one file that holds everything and asks the network for nothing.

Templates place text, this module chooses it. All text from a run passes through Jinja's
autoescaping; only our own SVG, style sheet and script are marked as safe. A content security policy
in the page forbids every request and every script but ours, should something slip through.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import format, machine, style, tables
from .canvas import Canvas
from .charts import Chart
from .charts.common import count
from .model import Cell, Result, Row, Run, Scenario, Standing, describe

# Up to so many charts stand on the page twice, for wide and for narrow screens. With more, the page
# would take a phone longer to load than it takes its owner to scroll.
_MOST_TWICE = 40

_TEMPLATES = Path(__file__).parent / "templates"


def render(run: Run, charts: list[Chart]) -> str:
    """The whole page as text."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        lstrip_blocks=False,
        keep_trailing_newline=True,
    )
    script = "\n" + (_TEMPLATES / "sort.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    figures = [(chart, _figure(chart, len(charts) <= _MOST_TWICE)) for chart in charts]

    def of_kind(kind: str) -> list[dict[str, Any]]:
        return [figure for chart, figure in figures if chart.kind == kind]

    noise = _noise(run)
    noise_lines = _noise_lines(run)
    memory = of_kind("memory")
    scenarios = [
        _scenario(run, scenario, number, figures) for number, scenario in enumerate(run.scenarios)
    ]
    machine_entries = list(machine.flatten(run.machine))
    sections = [("overview", "Overview"), ("scenarios", "Scenarios")]
    sections += [("memory", "Memory")] if memory else []
    sections += [("failures", "What did not run")]
    sections += [("noise", "Noise")] if noise_lines else []
    sections += [
        ("contenders", "Contenders"),
        ("machine", "Machine"),
        ("again", "Run it again"),
        ("reading", "How to read this"),
    ]
    context = {
        "run": run,
        "headline": _headline(run),
        "machine_line": machine.headline(run),
        "noise_line": machine.noise_line(run),
        "when_line": machine.when_line(run),
        "light": Markup(_variables(style.LIGHT)),
        "dark": Markup(_variables(style.DARK)),
        "css": Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8")),
        "script": Markup(script),
        "script_hash": Markup(f"sha256-{digest}"),
        "sections": sections,
        "facts": _facts(run),
        "noise": noise,
        "remarks": _remarks(run),
        "standings": _standings(run),
        "standing_text": _standing_text(run),
        "common_cells": run.overall.common_cells,
        "overview_charts": of_kind("overview"),
        "heat_charts": of_kind("heatmap"),
        "memory_charts": memory,
        "scenarios": scenarios,
        "faults": _faults(run),
        "noise_lines": noise_lines,
        "contender_columns": [
            "Version",
            "Language",
            "Scheduling",
            "I/O",
            "Threads",
            "Compiler",
            "Flags",
            "Allocator",
            "Track",
            "Can do",
        ],
        "contenders": _contenders(run),
        "machine_groups": machine_entries,
        "machine_count": len(machine_entries),
        "again": again(run),
        "redraw": f"scripts/report.py {shlex.quote('results/' + run.name)}",
        "reading": _READING,
    }
    return environment.get_template("report.html.j2").render(context)


def _variables(theme: dict[str, str]) -> str:
    return " ".join(f"--{role}: {colour};" for role, colour in theme.items())


def _figure(chart: Chart, with_narrow: bool) -> dict[str, Any]:
    """A chart in both widths; without the narrow one, phones scroll the wide one sideways."""

    def inline(canvas: Canvas, suffix: str) -> Markup:
        return Markup(canvas.inline_svg(f"{chart.name}-{suffix}", chart.title, chart.description))

    return {
        "id": f"chart-{chart.name}",
        "wide": inline(chart.wide, "w"),
        "narrow": inline(chart.narrow, "n") if with_narrow else None,
    }


# --------------------------------------------------------------------------------------------------
# Overview


def _rivals(run: Run) -> list[Row]:
    return [row for row in run.measured_rows if not row.twin]


def _headline(run: Run) -> str:
    return (
        f"{count(len(_rivals(run)), 'row')} over {count(len(run.cells), 'cell')} of "
        f"{count(len(run.contests), 'scenario')}"
    )


def _facts(run: Run) -> list[dict[str, str]]:
    rivals = _rivals(run)
    results = [cell.of(row) for cell in run.cells for row in rivals]
    finished = sum(r.ok for r in results)
    skipped = sum(row.skipped is not None for row in run.rows)
    contenders = len({row.contender for row in rivals})
    floor = run.noise.floor if run.noise else None
    blocks = str(run.blocks)
    if run.blocks_planned > run.blocks:
        blocks += f" of {run.blocks_planned}"
    return [
        {
            "name": "Contenders",
            "value": str(contenders),
            "note": count(len(rivals), "row") + (f", {skipped} skipped" if skipped else ""),
        },
        {
            "name": "Results",
            "value": f"{finished:,} of {len(results):,}",
            "note": "cells × rows that finished",
        },
        {"name": "Blocks", "value": blocks, "note": f"seed {run.seed}"},
        {
            "name": "Noise floor",
            "value": format.percent(floor) if floor is not None else "not measured",
            "note": "from the A/A pair",
        },
        {"name": "Machine was", "value": run.label or "not judged", "note": ""},
        {"name": "Date", "value": run.date, "note": ""},
    ]


def _noise(run: Run) -> dict[str, Any]:
    noise = run.noise
    if noise is None:
        return {
            "warn": True,
            "title": "The noise floor is unknown.",
            "pair": "",
            "text": "No contender was entered twice, so nothing says how far two equal ones "
            "would come apart.",
        }
    pair = f"{noise.row} was entered twice, under two names."
    ratio = ""
    if noise.ratio:
        low, high = noise.ratio.low, noise.ratio.high
        ratio = f" (ratio {noise.ratio.median:.3f}, between {low:.3f} and {high:.3f}"
        ratio += (
            f", confidence {format.percent(noise.ratio.confidence)})"
            if noise.ratio.confidence
            else ")"
        )
    if noise.separated:
        return {
            "warn": True,
            "title": "Distrust this run.",
            "pair": pair,
            "text": f"{pair} The two came out as different{ratio}, though they are the same "
            "program: something on this machine favoured one of them.",
        }
    floor = (
        f"Differences below about {format.percent(noise.floor)} mean nothing here."
        if noise.floor
        else ""
    )
    return {
        "warn": False,
        "title": "The A/A pair was not separated.",
        "pair": pair,
        "text": f"{pair} As it should be, the two were not told apart{ratio}. {floor}",
    }


def _remarks(run: Run) -> list[str]:
    remarks = list(run.warnings)
    if run.blocks_planned > run.blocks:
        remarks.append(
            f"This run was interrupted: {run.blocks} of {run.blocks_planned} blocks were taken. "
            "Go on with: regatta run --resume"
        )
    if 0 < run.blocks < 6:
        remarks.append(
            f"With {count(run.blocks, 'block')} there is no interval of 95 %: six are the least."
        )
    if run.label in ("noisy", "shared"):
        remarks.append(
            f"The machine was {run.label} while this run was taken. Ratios within a cell still "
            "hold, since rows take turns; absolute figures may be worse than the machine can do. "
            + " ".join(machine.noise_reasons(run))
        )
    return remarks


def _standings(run: Run) -> list[dict[str, Any]]:
    cells = len(run.cells)

    def line(row: Row, standing: Standing | None, why: str) -> dict[str, Any]:
        own = [cell.of(row) for cell in run.cells]
        ok, best = sum(r.ok for r in own), sum(r.tied for r in own)
        ratio = None
        if standing:
            ratio = tables.number(
                standing.ratio.median,
                format.ratio(standing.ratio.median),
                standing.group == 1,
                f"{format.ratio(standing.ratio.low)} – {format.ratio(standing.ratio.high)}",
            )
        return {
            "row": tables.row_head(row),
            "rank": tables.number(standing.group, str(standing.group)) if standing else None,
            "ratio": ratio,
            "why": why,
            "best": tables.number(best, f"{best} of {cells}"),
            "ok": tables.number(ok, f"{ok} of {cells}"),
        }

    lines = [line(s.row, s, "") for s in run.overall.standings]
    by_name = {row.name: row for row in run.measured_rows}
    lines += [
        line(by_name[name], None, why)
        for name, why in run.overall.left_out.items()
        if name in by_name
    ]
    return lines


def _standing_text(run: Run) -> str:
    standings = run.overall.standings
    if not standings:
        return "No cell was finished by all rows, so there is no common ground to rank them on."
    first = [s for s in standings if s.group == 1]
    text = f"First over all cells: {tables.listed([s.row.label for s in first])}"
    text += ", which this run cannot tell apart." if len(first) > 1 else "."
    rest = [s for s in standings if s.group > 1]
    if rest:
        lead = first[0].ratio.median
        text += (
            f" The last, {rest[-1].row.label}, takes {format.ratio(rest[-1].ratio.median / lead)} "
            "times as long on average."
        )
    return (
        text + " A mean hides what matters to you: look at the scenarios that resemble your work."
    )


# --------------------------------------------------------------------------------------------------
# Scenarios


def _scenario(
    run: Run, scenario: Scenario, number: int, figures: list[tuple[Chart, dict[str, Any]]]
) -> dict[str, Any]:
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
        for place, row in enumerate(rows):
            result = cell.of(row)
            line = tables.line_head(scenario, cell, row, order, place)
            if result.ok:
                line["cells"] = _figures(result, cell)
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
        "id": f"scenario-{number}",
        "alone": len(scenario.cells) == 1,
        "name": scenario.name,
        "text": _scenario_text(scenario),
        "charts": [figure for chart, figure in figures if chart.scenario == scenario.name],
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
        parts.append(
            f"First: {tables.listed(first)}" + (", not separated." if len(first) > 1 else ".")
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


def _figures(result: Result, cell: Cell) -> list[dict[str, Any] | None]:
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
        tables.number(result.group, str(result.group)) if result.group is not None else None,
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


# --------------------------------------------------------------------------------------------------
# The rest


def _faults(run: Run) -> list[dict[str, Any]]:
    """What has no number, gathered by row, outcome and reason."""
    gathered: dict[tuple[int, str, str], list[str]] = {}
    rows = {id(row): row for row in run.rows}
    for row in run.rows:
        if row.skipped is not None:
            gathered[(id(row), "skipped", row.skipped)] = [
                cell.key for s in run.scenarios if s.asked == row.subject for cell in s.cells
            ]
            continue
        asked = [s for s in run.scenarios if s.asked == row.subject]
        for scenario in asked:
            for cell in scenario.cells:
                result = cell.of(row)
                if not result.ok:
                    name = (
                        f"{scenario.name}: {scenario.label(cell)}"
                        if scenario.label(cell)
                        else scenario.name
                    )
                    gathered.setdefault((id(row), result.category, result.reason), []).append(name)
    return [
        {
            "row": tables.row_head(rows[row]),
            "outcome": outcome,
            "reason": reason,
            "cells": cells,
            "all": len(cells) == len(run.cells) and rows[row].subject == run.compared,
        }
        for (row, outcome, reason), cells in gathered.items()
    ]


def _noise_lines(run: Run) -> list[dict[str, Any]]:
    if run.noise is None:
        return []
    known = {
        cell.key: (order, f"{scenario.name} {scenario.label(cell)}")
        for order, (scenario, cell) in enumerate((s, c) for s in run.scenarios for c in s.cells)
    }
    lines = []
    for entry in run.noise.cells:
        if entry.key not in known:
            continue
        order, name = known[entry.key]
        ratio = entry.ratio
        lines.append(
            {
                "order": order,
                "cell": name,
                "ratio": tables.number(
                    ratio.median,
                    f"{ratio.median:.3f}",
                    False,
                    f"{ratio.low:.3f} – {ratio.high:.3f}",
                )
                if ratio
                else None,
                "floor": tables.number(entry.floor, format.percent(entry.floor))
                if entry.floor is not None
                else None,
                "separated": "yes" if entry.separated else "no",
            }
        )
    return lines


def _contenders(run: Run) -> list[dict[str, Any]]:
    keys = [
        "version",
        "language",
        "scheduling",
        "io",
        "threads",
        "compiler",
        "flags",
        "allocator",
        "track",
        "capabilities",
    ]
    return [
        {
            "row": tables.row_head(row),
            "skipped": row.skipped,
            "cells": [
                dict(machine.flatten({key: row.hello[key]})).get(key, "")
                if key in row.hello
                else ""
                for key in keys
            ],
        }
        for row in run.rows
        if not row.twin
    ]


def again(run: Run) -> str:
    """The command that takes such a run again, on lines that a shell takes as one."""
    matrix = run.plan.get("matrix")
    groups = [["regatta", "run"]]
    if matrix in ("quick", "full"):
        groups[0].append(f"--{matrix}")
    groups += [["--scenario", scenario.name] for scenario in run.scenarios]
    # The machine's floor is measured again too, if it was.
    took_part = [row for row in run.rows if row.skipped is None and not row.twin]
    groups += [["--contender", row.name] for row in took_part]
    groups.append(["--blocks", str(run.blocks_planned or run.blocks)])
    target_ns = run.plan.get("target_ns")
    if isinstance(target_ns, int) and target_ns > 0:
        groups.append(["--target-time", f"{target_ns / 1e6:g}"])
    groups.append(["--seed", run.seed])
    lines: list[str] = []
    for group in groups:
        words = " ".join(shlex.quote(word) for word in group)
        if lines and len(lines[-1]) + len(words) < 84:
            lines[-1] += f" {words}"
        else:
            lines.append(words)
    return " \\\n  ".join(lines)


_READING = [
    (
        "Row",
        "A contender in one variant, for example a runtime with one thread. The twin is one row "
        "entered a second time, to see what noise alone can do.",
    ),
    ("Cell", "A scenario with one choice of parameters. Rows are compared within a cell only."),
    (
        "Block",
        "A fresh start of all contenders. In each block every cell is visited once, and the rows "
        "take turns in a new random order. One block gives one figure for each row and cell.",
    ),
    (
        "Ratio",
        "How many times as long as the best row of the cell, from pairs of the same block. Below "
        "it stands the interval that holds the true median with the confidence named in the "
        "chart.",
    ),
    (
        "Not separated, ≈",
        "The interval of the ratio holds 1, or the difference lies within the noise: this run "
        "cannot tell the row from the best. That is a tie, not a small loss.",
    ),
    ("Rank", "Rows of one rank are not separated from its first row."),
    ("Noise floor", "By how much two entries of the very same program differed in this session."),
    (
        "Floor",
        "What the bare machine takes for the least that an operation of the cell must do, measured "
        "in the same run without any runtime. Tables can show times as multiples of it.",
    ),
    (
        "System calls",
        "Counted from outside in a pass of their own after the measurement, which they would slow "
        "down.",
    ),
    (
        "CPU time",
        "User and system time of all threads. Far above the time per operation, it shows threads "
        "that spin or share the work.",
    ),
    (
        "Mean ratio",
        "The geometric mean over the cells that all counted rows finished; others would be "
        "compared on different work.",
    ),
]
