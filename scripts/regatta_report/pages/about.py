"""What belongs to a run as a whole: who took part, what failed, the noise, how to take it again."""

from __future__ import annotations

import shlex
from typing import Any

from .. import format, machine, tables
from ..model import Run, Scenario
from .parts import found_by

CONTENDER_COLUMNS = [
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
]


def faults(run: Run) -> list[dict[str, Any]]:
    """What has no number, gathered by row, outcome and reason, with its cells by scenario."""
    gathered: dict[tuple[str, str, str], list[tuple[Scenario, str]]] = {}
    rows = {row.tag: row for row in run.rows}
    for row in run.rows:
        for scenario in run.scenarios:
            if scenario.asked != row.subject:
                continue
            for cell in scenario.cells:
                result = cell.of(row)
                if row.skipped is not None:
                    key = (row.tag, "skipped", row.skipped)
                elif not result.ok:
                    key = (row.tag, result.category, result.reason)
                else:
                    continue
                gathered.setdefault(key, []).append((scenario, scenario.label(cell)))
        if row.skipped is not None:
            gathered.setdefault((row.tag, "skipped", row.skipped), [])
    made = []
    for (tag, outcome, reason), cells in gathered.items():
        asked = sum(len(s.cells) for s in run.scenarios if s.asked == rows[tag].subject)
        made.append(
            {
                "row": tables.row_head(rows[tag]),
                "tags": tag,
                "find": " ".join(found_by(scenario, label or " ") for scenario, label in cells),
                "outcome": outcome,
                "reason": reason,
                "count": len(cells),
                "all": len(cells) == asked,
                "scenarios": _by_scenario(cells),
            }
        )
    return made


def _by_scenario(cells: list[tuple[Scenario, str]]) -> list[dict[str, Any]]:
    """Each scenario with how many of its cells there are, and which, unless it is all of them."""
    labels: dict[str, list[str]] = {}
    whole = {scenario.name: len(scenario.cells) for scenario, _ in cells}
    for scenario, label in cells:
        labels.setdefault(scenario.name, []).append(label)
    return [
        {
            "name": name,
            "all": len(own) == whole[name],
            "count": f"{len(own)} of {whole[name]} cells",
            "labels": own,
        }
        for name, own in labels.items()
    ]


def noise_lines(run: Run) -> list[dict[str, Any]]:
    if run.noise is None:
        return []
    known = {
        cell.key: (order, f"{scenario.name} {scenario.label(cell)}", cell.tag)
        for order, (scenario, cell) in enumerate((s, c) for s in run.scenarios for c in s.cells)
    }
    lines = []
    for entry in run.noise.cells:
        if entry.key not in known:
            continue
        order, name, tag = known[entry.key]
        ratio = entry.ratio
        lines.append(
            {
                "order": order,
                "tags": tag,
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


def contenders(run: Run) -> list[dict[str, Any]]:
    """Who took part, as each said of itself."""
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
            "tags": row.tag,
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


READING = [
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
