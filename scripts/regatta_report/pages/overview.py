"""The entrance: how sure this run is, who stands where, and what belongs to the run as a whole."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Any

from .. import format, machine, tables
from ..charts import heatmap
from ..charts.common import count
from ..draw import Drawn
from ..model import Row, Run, Standing
from . import about, summaries
from .parts import Links, figure, found_by, heat_table, tie


def context(run: Run, drawn: list[Drawn], links: Links, keys: dict[str, str]) -> dict[str, Any]:
    """What the template needs; `keys` are the pages of the scenarios by name."""
    figures = {one.chart.name: figure(one, links) for one in drawn}
    noise_lines = about.noise_lines(run)
    sections = [("standing", "Standing")] if any(map(_standings, run.views())) else []
    sections += [("scenarios", "Scenarios"), ("failures", "What did not run")]
    sections += [("noise", "Noise")] if noise_lines else []
    sections += [
        ("contenders", "Contenders"),
        ("machine", "Machine"),
        ("again", "Run it again"),
        ("reading", "How to read this"),
    ]
    entries = list(machine.flatten(run.machine))
    return {
        "run": run,
        "sections": sections,
        "facts": _facts(run),
        "noise": _noise(run),
        "remarks": _remarks(run),
        "summaries": summaries.of(run, links),
        "contests": [_contest(view, links, keys) for view in run.views()],
        "overview_charts": [figures[name] for name in figures if name.startswith("overview")],
        "heat_charts": [figures["heatmap"]] if "heatmap" in figures else [],
        "others": _others(run, links, keys),
        "faults": about.faults(run),
        "noise_lines": noise_lines,
        "contender_columns": about.CONTENDER_COLUMNS,
        "contenders": about.contenders(run),
        "machine_line": machine.headline(run),
        "machine_groups": entries,
        "machine_count": len(entries),
        "again": about.again(run),
        "redraw": f"scripts/report.py {shlex.quote('results/' + run.name)}",
        "reading": about.READING,
    }


def _contest(view: Run, links: Links, keys: dict[str, str]) -> dict[str, Any]:
    """Where everybody stands who is compared with each other: runtimes, or ways through a proxy."""
    return {
        "paths": view.compared == "path",
        "standings": _standings(view),
        "text": _standing_text(view),
        "common_cells": view.overall.common_cells,
        "heat": _heat(view, links, keys),
    }


def _heat(run: Run, links: Links, keys: dict[str, str]) -> dict[str, Any] | None:
    """How far each row is from the best, a line for each scenario that leads to its page."""
    rows = [row for row in run.measured_rows if not row.twin]
    lines = heatmap.scenario_lines(run, rows)
    if not rows or not lines:
        return None
    ranked = [scenario for scenario in run.contests if scenario.ranking is not None]
    heads = [
        {"href": links.page(keys[scenario.name]), "find": found_by(scenario)} for scenario in ranked
    ] + [{"href": "", "find": ""}] * (len(lines) - len(ranked))
    return heat_table(rows, lines, heads)


def _others(run: Run, links: Links, keys: dict[str, str]) -> list[dict[str, str]]:
    """Scenarios that no table above has: the machine's own, and those without any ranking."""
    shown = {s.name for view in run.views() for s in view.contests if s.ranking is not None}
    return [
        {"name": s.name, "href": links.page(keys[s.name]), "find": found_by(s)}
        for s in run.scenarios
        if s.name not in shown
    ]


def _rivals(run: Run) -> list[Row]:
    return [row for row in run.measured_rows if not row.twin]


def headline(run: Run) -> str:
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
    several = "were each" if " and " in noise.row else "was"
    pair = f"{noise.row} {several} entered twice, under two names."
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
    sizes = Counter(standing.group for standing in run.overall.standings)
    begun: set[int] = set()

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
        made = {
            "row": tables.row_head(row),
            "tags": row.tag,
            "rank": tables.number(
                standing.group, str(standing.group), False, tie(sizes[standing.group])
            )
            if standing
            else None,
            "first": standing is not None and standing.group not in begun,
            "ratio": ratio,
            "why": why,
            "best": tables.number(best, f"{best} of {cells}"),
            "ok": tables.number(ok, f"{ok} of {cells}"),
        }
        begun.update([standing.group] if standing else [])
        return made

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
    if len(first) == len(standings) > 1:
        return (
            f"This run does not tell any two of these {len(first)} rows apart over all cells. More "
            "blocks, or a quieter machine, may."
        )
    text = f"First over all cells: {tables.some([s.row.label for s in first])}"
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
