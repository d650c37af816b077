"""Adds invented paths to a run: ways from a client to a server in the scenarios of paths."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import synthetic

# A way, how much its requests take longer than those of the direct one, and what CPU time.
WAYS = {
    "path/direct": (1.0, None),
    "path/work_stealing": (1.4, 9_000),
    "path/nginx": (1.6, 11_000),
    "path/haproxy": (2.5, 15_000),
}
BLOCKS = 6

CELLS: list[tuple[str, dict[str, Any]]] = (
    [
        (
            "path_requests",
            {"clients": n, "message_bytes": size, "connections": "long", "requests": 4 * n},
        )
        for size in (128, 16_384)
        for n in (1, 64, 500)
    ]
    + [
        (
            "path_latency",
            {"clients": 64, "percent_of_peak": share, "per_s": rate, "requests": 4_000},
        )
        for share, rate in ((50, 0), (90, 0), (0, 5_000), (0, 20_000))
    ]
    + [("path_memory", {"connections": n}) for n in (0, 1_000, 4_000)]
)


def add(run: Path) -> None:
    """To a run that exists: rows, cells, samples, and what the summary says of them."""
    rng = random.Random(5)
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    summary["rows"] += [synthetic._row(name, False, None) | {"subject": "path"} for name in WAYS]
    with (run / "samples.jsonl").open("a", encoding="utf-8") as out:
        for scenario, params in CELLS:
            cell, samples = _cell(scenario, params, rng)
            summary["cells"].append(cell)
            for sample in samples:
                out.write(json.dumps(sample) + "\n")
    timed = [c for c in summary["cells"] if c["scenario"] == "path_requests"]
    summary["geometric_means_of_paths"] = synthetic._means(timed, list(WAYS))
    summary.setdefault("fits", {"lines": [], "scalability": []})["lines"] += [
        {
            "row": name,
            "scenario": "path_memory",
            "kind": "proxied connection",
            "over": "connections",
            "reason": "",
            "slope": {"median": 1_000 * slow, "low": 900, "high": 3_000, "confidence": 0.97},
            "intercept": {"median": 1e6, "low": 9e5, "high": 2e6, "confidence": 0.97},
            "pooled": {"slope": 1_000 * slow, "slope_error": 5, "intercept": 1e6},
            "largest_residual": 0.01,
            "straight": True,
        }
        for name, (slow, cpu_ns) in WAYS.items()
        if cpu_ns is not None
    ]
    (run / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def _cell(
    scenario: str, params: dict[str, Any], rng: random.Random
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    key = synthetic.key_of(scenario, params)
    kept, results = [], []
    for name, traits in WAYS.items():
        own = [_sample(scenario, params, key, name, block, rng) for block in range(BLOCKS)]
        if scenario == "path_memory" and traits[1] is None:
            reason = "there is no proxy that could take memory"
            results.append({"row": name, "outcome": "unsupported", "reason": reason})
            continue
        kept += own
        results.append(_result(scenario, params, name, own))
    costs = {
        "path_memory": "bytes_per_operation",
        "path_latency": "median_latency_ns",
        "path_requests": "ns_per_operation",
    }
    ranked = [r for r in results if r["outcome"] == "ok" and not r.get("saturated")]
    best = min(ranked, key=lambda r: r[costs[scenario]]["median"])
    for result in results:
        is_ranked = result in ranked
        result["group"] = ranked.index(result) + 1 if is_ranked else None
        result["ratio_to_best"] = _ratio(result, best, costs[scenario]) if is_ranked else None
        if is_ranked and result["row"] != "path/direct" and results[0] in ranked:
            result["ratio_to_direct"] = _ratio(result, results[0], costs[scenario])
    cell = {
        "cell": key,
        "scenario": scenario,
        "params": params,
        "unit": "B" if scenario == "path_memory" else "ns",
        "measures": {"path_memory": "bytes", "path_latency": "latency"}.get(scenario, "time"),
        "noise_floor": None,
        "best": best["row"],
        "results": results,
    }
    return cell, kept


def _ratio(result: dict[str, Any], other: dict[str, Any], cost: str) -> dict[str, Any]:
    ratio = result[cost]["median"] / other[cost]["median"]
    return {
        "median": ratio,
        "low": ratio * 0.98,
        "high": ratio * 1.02,
        "confidence": 0.97,
        "separated": ratio > 1,
    }


def _sample(
    scenario: str, params: dict[str, Any], key: str, name: str, block: int, rng: random.Random
) -> dict[str, Any]:
    slow, cpu_ns = WAYS[name]
    requests = params.get("requests", 1)
    ns = 20_000 * slow * (1 + params.get("message_bytes", 0) / 20_000) * rng.uniform(0.98, 1.02)
    if params.get("per_s"):
        ns = 1e9 / min(params["per_s"], 18_000 if name == "path/haproxy" else 1e9)
    sample: dict[str, Any] = {
        "block": block,
        "row": name,
        "scenario": scenario,
        "params": params,
        "cell": key,
        "outcome": "ok",
        "reason": "",
        "iterations": 1,
        "ns": round(ns * requests),
        "operations": requests,
    }
    if cpu_ns is not None:
        sample["cpu_ns"] = cpu_ns * requests
    if scenario == "path_memory":
        sample["bytes"] = round(1e6 + 1_000 * slow * params["connections"])
    if scenario != "path_memory":
        waits = 40_000 * slow * params["clients"] ** 0.5
        sample["latency"] = {"unit": "ns", "buckets": synthetic._buckets(waits, rng)}
        if scenario == "path_latency":
            sample["compared_ns"] = round(waits)
    return sample


def _result(
    scenario: str, params: dict[str, Any], name: str, own: list[dict[str, Any]]
) -> dict[str, Any]:
    plain = [{"allocations": 0, "peak_rss_bytes": 1, "cpu_ns": 0} | sample for sample in own]
    result = synthetic._result(name, "ok", "", plain)
    for absent in ("allocations_per_operation", "peak_rss_bytes", "threads_used", "_ns"):
        result.pop(absent)
    cpu_ns = WAYS[name][1]
    result["cpu_ns_per_operation"] = cpu_ns
    if scenario == "path_memory":
        result["bytes_per_operation"] = synthetic._interval([float(s["bytes"]) for s in own])
    if scenario == "path_latency":
        waits = [float(s["compared_ns"]) for s in own]
        result["median_latency_ns"] = synthetic._interval(waits)
        # The slowest cannot bear the greatest load.
        bears = 0.9 if name == "path/haproxy" and params["per_s"] == 20_000 else 1.0
        result |= {"achieved": bears, "saturated": bears < 0.99}
    return result
