"""Standing: rows by their geometric means; those that this run cannot tell apart share a rank."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from . import stats
from .model import Cell, Ranking, Run, Standing, clean
from .values import as_interval, as_list


def add_rankings(run: Run, summary: dict[str, Any], path: Path) -> None:
    """Takes the driver's geometric means, and gives rows that it cannot tell apart one rank."""
    entries = as_list(summary.get("geometric_means"), f"{path}: 'geometric_means'")
    run.overall = _ranking(run, entries, run.timed_cells)
    of_paths = as_list(summary.get("geometric_means_of_paths"), f"{path}: means of paths")
    timed = replace(run, compared="path").timed_cells
    run.overall_of_paths = _ranking(run, of_paths, timed)
    by_name = {scenario.name: scenario for scenario in run.scenarios}
    for entry in as_list(summary.get("scenarios"), f"{path}: 'scenarios'"):
        scenario = by_name.get(clean(entry.get("scenario")))
        if scenario is not None:
            means = as_list(
                entry.get("geometric_means"), f"{path}: 'geometric_means' of {scenario.name}"
            )
            scenario.ranking = _ranking(run, means, scenario.cells)


def _ranking(run: Run, entries: list[dict[str, Any]], cells: list[Cell]) -> Ranking:
    rows = {row.name: row for row in run.rows}
    ranking = Ranking([], {}, 0)
    for entry in entries:
        row = rows.get(clean(entry.get("row")))
        if row is None:
            continue
        interval = as_interval(
            {
                "median": entry.get("ratio"),
                "low": entry.get("low"),
                "high": entry.get("high"),
                "confidence": entry.get("confidence"),
            }
        )
        if interval is None:
            ranking.left_out[row.name] = clean(entry.get("reason") or "no number")
            continue
        own = [cell.of(row) for cell in cells]
        ranking.standings.append(
            Standing(row, interval, sum(r.tied for r in own), sum(r.ok for r in own))
        )
    ranking.standings.sort(key=lambda s: (s.ratio.median, s.row.name))
    common = [cell for cell in cells if all(cell.of(s.row).ok for s in ranking.standings)]
    ranking.common_cells = len(common) if ranking.standings else 0
    floor = (run.noise.floor if run.noise else None) or 0.0
    heads: list[Standing] = []
    for standing in ranking.standings:
        home = next(
            (i for i, head in enumerate(heads) if not _told_apart(common, standing, head, floor)),
            None,
        )
        if home is None:
            heads.append(standing)
            home = len(heads) - 1
        standing.group = home + 1
    return ranking


def _told_apart(common: list[Cell], standing: Standing, head: Standing, floor: float) -> bool:
    """The driver's own rule, on the paired geometric means of the blocks: the interval excludes 1,
    covers enough to be believed, and the effect exceeds the noise floor.
    """
    pairs = [
        (cell.of(standing.row).raw_cost_by_block, cell.of(head.row).raw_cost_by_block)
        for cell in common
    ]
    blocks = set.intersection(*[set(a) & set(b) for a, b in pairs]) if pairs else set()
    if not blocks:
        return False
    ratios = [
        stats.geometric_mean([a[block] / b[block] for a, b in pairs]) for block in sorted(blocks)
    ]
    low, high, confidence = stats.order_interval(ratios)
    return (
        (low > 1 or high < 1)
        and confidence >= stats.LEAST_CONFIDENCE
        and abs(math.log(median(ratios))) > math.log1p(floor)
    )
