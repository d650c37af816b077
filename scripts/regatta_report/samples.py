"""The raw samples of a run: reads them, checks that the summary follows from them, and hangs them
on the results that they belong to.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from . import stats
from .model import Cell, Interval, Latency, Result, RunError, Scenario, clean
from .values import as_number, is_positive


def read_samples(path: Path, warnings: list[str]) -> list[dict[str, Any]]:
    """All samples of a run, one JSON object a line.

    A last line without its end is what an interrupted run leaves behind: it is passed over with a
    warning. Any other line that does not parse is damage, and damage is an error.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise RunError(f"{path} is missing: without samples there is nothing to draw") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from None
    lines = raw.split(b"\n")
    torn = lines.pop()
    samples = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        samples.append(_sample(line, f"{path}, line {number},"))
    if torn.strip():
        try:
            samples.append(_sample(torn, ""))
        except RunError:
            warnings.append(
                "The last line of samples.jsonl was cut short, as by an interruption; it is left "
                "out."
            )
    return samples


def _sample(line: bytes, where: str) -> dict[str, Any]:
    try:
        sample = json.loads(line.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise RunError(f"{where} is not JSON; restore or remove that line") from None
    if not isinstance(sample, dict) or not all(
        isinstance(sample.get(key), str) for key in ("row", "cell", "outcome")
    ):
        raise RunError(f"{where} is no sample: row, cell and outcome must be strings")
    return sample


def add_samples(scenarios: list[Scenario], samples: list[dict[str, Any]], path: Path) -> None:
    """Hangs each sample on its result, after checking that the summary follows from the samples."""
    results = {
        (cell.key, raw): (result, cell)
        for scenario in scenarios
        for cell in scenario.cells
        for raw, result in cell.results.items()
    }
    remake = f"make it anew with: regatta report {path.parent}"
    gathered: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for sample in samples:
        if sample.get("phase"):
            continue  # It found out how many iterations to take, or what the kernel was asked.
        key = (sample["cell"], sample["row"])
        if key not in results:
            raise RunError(
                f"{path} does not know cell '{clean(key[0])}' of row '{clean(key[1])}', which "
                f"samples.jsonl holds: {remake}"
            )
        gathered.setdefault(key, []).append(sample)
    for key, (result, cell) in results.items():
        measured = [
            s
            for s in gathered.get(key, [])
            if s["outcome"] == "ok"
            and is_positive(s.get("ns"))
            and is_positive(s.get("operations"))
            and _cost(s, cell) is not None
        ]
        if result.ok:
            _check(result, cell, measured, path, remake)
            _keep(result, measured, cell)


def _cost(sample: dict[str, Any], cell: Cell) -> float | None:
    """What one operation of a sample took, in the unit of its cell."""
    if cell.by_latency:
        return as_number(sample.get("compared_ns"))
    number = as_number(sample.get("bytes" if cell.in_bytes else "ns"))
    return None if number is None else number / sample["operations"]


def _check(
    result: Result, cell: Cell, measured: list[dict[str, Any]], path: Path, remake: str
) -> None:
    name = clean(cell.key)
    if not measured:
        raise RunError(
            f"{path} gives a number for cell '{name}' of row '{result.row.name}', but "
            f"samples.jsonl holds no sample of it: {remake}"
        )
    per_operation = [_cost(s, cell) or 0.0 for s in measured]
    assert result.cost is not None
    # A median lies among its samples, whichever way it was rounded.
    if not min(per_operation) * 0.999 <= result.cost.median <= max(per_operation) * 1.001:
        raise RunError(
            f"{path} does not follow from samples.jsonl (cell '{name}', row '{result.row.name}'): "
            f"{remake}"
        )


def _keep(result: Result, measured: list[dict[str, Any]], cell: Cell) -> None:
    blocks: dict[int, list[dict[str, Any]]] = {}
    for sample in measured:
        blocks.setdefault(int(as_number(sample.get("block")) or 0), []).append(sample)
    for block, group in sorted(blocks.items()):
        result.raw_cost_by_block[block] = median(_cost(s, cell) or 0.0 for s in group)
        result.raw_throughput.append(1e9 / median(s["ns"] / s["operations"] for s in group))
    memory = [float(s["peak_rss_bytes"]) for s in measured if is_positive(s.get("peak_rss_bytes"))]
    if memory:
        result.peak_rss = Interval(median(memory), min(memory), max(memory), 1.0)
    result.latency = _latency(blocks)


def _latency(blocks: dict[int, list[dict[str, Any]]]) -> Latency | None:
    merged: dict[float, int] = {}
    curves = []
    for group in blocks.values():
        own: dict[float, int] = {}
        for sample in group:
            latency = sample.get("latency")
            buckets = latency.get("buckets") if isinstance(latency, dict) else None
            for pair in buckets if isinstance(buckets, list) else []:
                if (
                    isinstance(pair, list)
                    and len(pair) == 2
                    and is_positive(pair[0])
                    and is_positive(pair[1])
                ):
                    own[pair[0]] = own.get(pair[0], 0) + int(pair[1])
                    merged[pair[0]] = merged.get(pair[0], 0) + int(pair[1])
        if own:
            curves.append(stats.histogram(own))
    if not merged:
        return None
    whole = stats.histogram(merged)
    depth = stats.nines_of(whole.count)
    # Past what one block alone can show there is no band: its own maximum would be drawn as if it
    # were a quantile.
    shared = stats.nines_of(min(curve.count for curve in curves))
    quantiles = stats.quantile_grid(depth)
    band = [q for q in quantiles if q <= 1 - 10**-shared]
    return Latency(
        count=whole.count,
        curve=[(q, whole.quantile(q)) for q in quantiles],
        low=[(q, min(c.quantile(q) for c in curves)) for q in band] if len(curves) > 1 else [],
        high=[(q, max(c.quantile(q) for c in curves)) for q in band] if len(curves) > 1 else [],
        max_ns=whole.max,
    )
