"""Reads a run's folder into plain values, and refuses one that cannot be trusted.

The summary is the driver's conclusion, the samples are the evidence. Charts draw from both, so the
two are compared first: a summary that does not follow from its samples is an error, not a chart.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import documents
from .model import (
    Cell,
    CellNoise,
    CurveFit,
    Floor,
    Interval,
    LineFit,
    Noise,
    Ranking,
    Result,
    Row,
    Run,
    RunError,
    Scenario,
    clean,
)
from .rankings import add_rankings
from .samples import add_samples, read_samples
from .style import slots
from .values import (
    as_interval,
    as_list,
    as_number,
    as_parameter,
    is_positive,
    optional_json,
    read_json,
)


def load(folder: Path) -> Run:
    """Reads `folder`; raises RunError with one sentence if it is not a run, or not a sound one."""
    if not folder.is_dir():
        raise RunError(
            f"{folder} is no folder; name a run, for example results/2026-11-22T12-00-00"
        )
    warnings: list[str] = []
    path = folder / "summary.json"
    summary = read_json(path, "a run is reported from its summary")
    version = summary.get("version")
    if version != 1:
        raise RunError(f"{path} has version {json.dumps(version)}, but this script reads version 1")
    samples = read_samples(folder / "samples.jsonl", warnings)

    rows = _rows(summary, path)
    scenarios = _scenarios(summary, rows, path)
    add_samples(scenarios, samples, path)
    machine = summary.get("machine")
    if not isinstance(machine, dict):
        machine = optional_json(folder / "machine.json")
    name = clean(summary.get("run") or folder.resolve().name)
    run = Run(
        folder=folder,
        name=name,
        label=clean(summary.get("label") or ""),
        date=_date(machine, name),
        blocks=int(as_number(summary.get("blocks")) or 0),
        blocks_planned=int(as_number(summary.get("blocks_planned")) or 0),
        seed=clean("unknown" if summary.get("seed") is None else summary["seed"]),
        machine=machine,
        plan=optional_json(folder / "plan.json"),
        rows=list(rows.values()),
        scenarios=scenarios,
        noise=_noise(summary.get("noise")),
        overall=Ranking([], {}, 0),
        warnings=warnings,
        documents=documents.read(folder, warnings),
    )
    _fits(run, summary.get("fits"), rows)
    _assign_styles(run.rows)
    add_rankings(run, summary, path)
    if not run.contests and any(scenario.asked == "path" for scenario in run.scenarios):
        return replace(run, compared="path", overall=run.overall_of_paths)
    return run


def _date(machine: dict[str, Any], name: str) -> str:
    """The day of the run. The name of a run begins with it, and the machine's record may hold
    it.
    """
    for text in (machine.get("date"), machine.get("time"), machine.get("started"), name):
        match = re.match(r"\d{4}-\d{2}-\d{2}", str(text or ""))
        if match:
            return match.group()
    return "date unknown"


def _rows(summary: dict[str, Any], path: Path) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for entry in as_list(summary.get("rows"), f"{path}: 'rows'"):
        raw = entry.get("row")
        if not isinstance(raw, str) or not raw:
            raise RunError(f"{path}: an entry of 'rows' has no 'row'")
        hello = entry.get("hello")
        skipped = entry.get("skipped")
        rows[raw] = Row(
            name=clean(raw),
            contender=clean(entry.get("contender") or raw.split("#")[0].split("/")[0]),
            variant=clean(entry.get("variant") or ""),
            twin=bool(entry.get("twin", raw.endswith("#twin"))),
            hello=hello if isinstance(hello, dict) else {},
            skipped=clean(skipped) if skipped else None,
            subject=_subject(entry.get("subject")),
        )
    return rows


def _subject(value: object) -> str:
    return str(value) if value in ("machine", "path") else "runtime"


def _scenarios(summary: dict[str, Any], rows: dict[str, Row], path: Path) -> list[Scenario]:
    scenarios: dict[str, Scenario] = {}
    for number, entry in enumerate(as_list(summary.get("cells"), f"{path}: 'cells'")):
        key, name = entry.get("cell"), entry.get("scenario")
        if not isinstance(key, str) or not isinstance(name, str):
            raise RunError(f"{path}: cells[{number}] lacks 'cell' or 'scenario'")
        params = entry.get("params")
        params = params if isinstance(params, dict) else {}
        cell = Cell(
            key,
            clean(name),
            {clean(k): as_parameter(v) for k, v in params.items()},
            {},
            entry.get("best"),
            as_number(entry.get("noise_floor")),
            "B" if entry.get("unit") == "B" else "ns",
            measures="latency" if entry.get("measures") == "latency" else "time",
            floor=_floor(entry.get("floor")),
            sizes={clean(k): float(v) for k, v in params.items() if as_number(v) is not None},
        )
        for item in as_list(entry.get("results"), f"{path}: cells[{number}].results"):
            row_name = item.get("row")
            if not isinstance(row_name, str):
                raise RunError(f"{path}: cells[{number}] holds a result without 'row'")
            if row_name not in rows:
                # A result of a row that nobody announced is still a result.
                rows[row_name] = Row(
                    clean(row_name),
                    clean(row_name.split("#")[0].split("/")[0]),
                    "",
                    row_name.endswith("#twin"),
                    {},
                    None,
                )
            cell.results[row_name] = _result(
                rows[row_name], item, row_name == cell.best, cell.in_bytes
            )
        # The driver lists in a cell only those who were asked.
        asked = {result.row.subject for result in cell.results.values()}
        cell.asked = asked.pop() if len(asked) == 1 else "runtime"
        scenarios.setdefault(cell.scenario, Scenario(cell.scenario, [])).cells.append(cell)
    for scenario in scenarios.values():
        for cell in scenario.cells:
            for raw, row in rows.items():
                if row.subject != cell.asked:
                    continue
                reason = row.skipped or "this cell was not reached"
                cell.results.setdefault(
                    raw, Result(row, "skipped" if row.skipped else "absent", reason)
                )
    every = [cell for scenario in scenarios.values() for cell in scenario.cells]
    for place, cell in enumerate(every):
        cell.number = place
    return list(scenarios.values())


def _floor(value: object) -> Floor | None:
    if not isinstance(value, dict) or not is_positive(value.get("ns")):
        return None
    return Floor(
        clean(value.get("what") or "the machine"),
        as_number(value.get("times")) or 1,
        float(value["ns"]),
        value.get("of") == "latency",
    )


def _result(row: Row, item: dict[str, Any], best: bool, in_bytes: bool) -> Result:
    outcome = clean(item.get("outcome") or "absent")
    result = Result(
        row, outcome, clean(item.get("reason") or ""), int(as_number(item.get("blocks")) or 0)
    )
    if outcome != "ok":
        return result
    result.ns = as_interval(item.get("ns_per_operation"))
    by_latency = as_interval(item.get("median_latency_ns"))
    result.cost = (
        as_interval(item.get("bytes_per_operation")) if in_bytes else by_latency or result.ns
    )
    result.overhead = as_interval(item.get("ratio_to_direct"))
    result.saturated = item.get("saturated") is True
    result.throughput = as_interval(item.get("operations_per_second"))
    if result.ns and not result.throughput:
        ns = result.ns
        result.throughput = Interval(1e9 / ns.median, 1e9 / ns.high, 1e9 / ns.low, ns.confidence)
    ratio = item.get("ratio_to_best")
    result.ratio = as_interval(ratio)
    result.separated = not best and isinstance(ratio, dict) and bool(ratio.get("separated"))
    group = as_number(item.get("group"))
    result.group = int(group) if group is not None else None
    result.cpu_ns = as_number(item.get("cpu_ns_per_operation"))
    result.allocations = as_number(item.get("allocations_per_operation"))
    result.voluntary_switches = as_number(item.get("voluntary_switches_per_operation"))
    result.involuntary_switches = as_number(item.get("involuntary_switches_per_operation"))
    result.threads_used = as_number(item.get("threads_used"))
    result.peak_rss = as_interval(item.get("peak_rss_bytes"))
    counters = item.get("counters")
    if isinstance(counters, dict):
        for name, value in sorted(counters.items()):
            if isinstance(value, dict):
                value = value.get("median")
            if as_number(value) is not None:
                result.counters[clean(name)] = float(value)
    calls = item.get("system_calls")
    if isinstance(calls, dict):
        result.system_calls = as_number(calls.get("per_operation"))
        result.calls_unknown = clean(calls.get("reason") or "")
        by_name = calls.get("by_name")
        for name, value in by_name.items() if isinstance(by_name, dict) else ():
            if as_number(value) is not None:
                result.calls_by_name[clean(name)] = float(value)
    latency = item.get("latency")
    if isinstance(latency, dict):
        result.recording_ns = as_number(latency.get("recording_ns"))
        for name in ("p50", "p90", "p99", "p999", "max"):
            value = as_number(latency.get(name))
            if value is not None:
                result.percentiles[name] = value
    return result


def _fits(run: Run, value: object, rows: dict[str, Row]) -> None:
    """What the driver fitted over several cells. A summary of an older driver has none."""
    if not isinstance(value, dict):
        return
    run.processors = int(as_number(value.get("processors")) or 0) or None
    for entry in as_list(value.get("lines"), "'lines' of 'fits'"):
        if (row := rows.get(str(entry.get("row")))) is not None:
            run.lines.append(_line_fit(row, entry))
    for entry in as_list(value.get("scalability"), "'scalability' of 'fits'"):
        if (row := rows.get(str(entry.get("row")))) is not None:
            run.curves.append(_curve_fit(row, entry))


def _pooled(entry: dict[str, Any], *names: str) -> tuple[float, ...] | None:
    pooled = entry.get("pooled")
    values = [as_number(pooled.get(name)) for name in names] if isinstance(pooled, dict) else [None]
    return None if None in values else tuple(v for v in values if v is not None)


def _line_fit(row: Row, entry: dict[str, Any]) -> LineFit:
    fit = LineFit(
        row,
        clean(entry.get("kind") or ""),
        clean(entry.get("reason") or ""),
        clean(entry.get("scenario") or "memory"),
    )
    pooled = _pooled(entry, "intercept", "slope", "slope_error")
    if pooled is not None:
        fit.pooled, fit.slope_error = (pooled[0], pooled[1]), pooled[2]
    fit.slope = as_interval(entry.get("slope"), signed=True)
    fit.intercept = as_interval(entry.get("intercept"), signed=True)
    fit.largest_residual = as_number(entry.get("largest_residual"))
    fit.straight = entry.get("straight") is not False
    return fit


def _curve_fit(row: Row, entry: dict[str, Any]) -> CurveFit:
    fit = CurveFit(row, clean(entry.get("work") or ""), clean(entry.get("reason") or ""))
    pooled = _pooled(entry, "lambda", "sigma", "kappa")
    if pooled is not None:
        fit.pooled = (pooled[0], pooled[1], pooled[2])
    fit.rate = as_interval(entry.get("lambda"))
    fit.sigma = as_interval(entry.get("sigma"), signed=True)
    fit.kappa = as_interval(entry.get("kappa"), signed=True)
    fit.r_squared = as_number(entry.get("r_squared"))
    fit.peak = as_number(entry.get("peak_threads"))
    listed = entry.get("fitted")
    fit.fitted = [float(n) for n in listed if is_positive(n)] if isinstance(listed, list) else []
    fit.beyond_processors = bool(entry.get("beyond_processors"))
    return fit


def _noise(value: object) -> Noise | None:
    if not isinstance(value, dict):
        return None
    ratio = as_interval(
        {
            "median": value.get("ratio_median"),
            "low": value.get("ratio_low"),
            "high": value.get("ratio_high"),
            "confidence": value.get("confidence"),
        }
    )
    listed = [
        CellNoise(
            str(c.get("cell")),
            as_interval(
                {
                    "median": c.get("ratio"),
                    "low": c.get("low"),
                    "high": c.get("high"),
                    "confidence": c.get("confidence"),
                }
            ),
            as_number(c.get("floor")),
            bool(c.get("separated")),
        )
        for c in as_list(value.get("cells"), "'cells' of 'noise'")
    ]
    return Noise(
        clean(value.get("row", "")),
        clean(value.get("twin", "")),
        ratio,
        bool(value.get("separated")),
        as_number(value.get("spread")),
        listed,
    )


def _assign_styles(rows: list[Row]) -> None:
    """One colour per contender, one fill and dash per variant; see style.slots."""
    chosen = slots(sorted({row.family for row in rows}))
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        row.number = place
        row.slot = chosen[row.family]
        if not row.twin:
            row.variant_index = seen.get(row.family, 0)
            seen[row.family] = row.variant_index + 1
