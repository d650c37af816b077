"""Invents a run: samples with believable noise, and the summary that the driver would make of them.

For tests and for looking at charts only. Its figures mean nothing and must never be published.

    python3 scripts/tests/synthetic.py /tmp/run && scripts/report.py /tmp/run
"""

from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from regatta_report import stats  # noqa: E402

MACHINE = {
    "date": "2026-11-22T12:00:00Z",
    "label": "shared",
    "cpu": {
        "model": "Imaginary(R) CPU 9000 @ 2.45GHz",
        "logical": 2,
        "smt": False,
        "governor": "unknown",
    },
    "kernel": {"release": "6.1.0-18-amd64", "command_line": "ro quiet <script>"},
    "hypervisor": {"present": True, "name": "KVM", "container": None},
    "noise": {"reasons": ["Other guests took 4.0 % of the time."]},
    "memory_bytes": 8 * 2**30,
    "limits": {"open_files": 20000, "somaxconn": 4096},
    "mitigations": {"spectre_v2": "Mitigation: Retpolines", "meltdown": "Not affected"},
    "transparent_huge_pages": "madvise",
    "git": {"commit": "0123abc", "dirty": False},
}

# Cell → (scenario, parameters, ns per operation of the fastest, operations per run, has latency).
CELLS: list[tuple[str, dict[str, Any], float, int, bool]] = [
    *[
        ("join", {"style": s, "width": w, "delay_us": d}, base, w, False)
        for s, d, w, base in [
            ("sequential", 0, 3, 38),
            ("join", 0, 3, 61),
            ("spawn", 0, 3, 240),
            ("sequential", 1000, 3, 1.06e6),
            ("join", 1000, 3, 0.36e6),
            ("join", 0, 1000, 44),
        ]
    ],
    *[
        ("spawn", {"style": s, "tasks": n, "from": f}, base, n, False)
        for s, n, f, base in [
            ("spawn", 100, "worker", 130),
            ("spawn", 10000, "worker", 118),
            ("unordered_set", 10000, "worker", 52),
            ("spawn_set", 10000, "worker", 140),
            ("spawn", 10000, "external", 310),
        ]
    ],
    *[
        (
            "channel",
            {"capacity": c, "producers": p, "consumers": q, "messages": 5000},
            base,
            5000,
            False,
        )
        for c, p, q, base in [(1, 1, 1, 95), (100, 1, 1, 24), (1024, 5, 1, 31), (100, 4, 4, 66)]
    ],
    ("yield", {"tasks": 200, "yields": 1000}, 14, 200_000, False),
    ("ping_pong", {"pairs": 1000}, 170, 1000, False),
    ("chained_spawn", {"depth": 1000}, 64, 1000, False),
    ("skynet", {"leaves": 1000, "fan_out": 10}, 71, 1111, False),
    ("skynet", {"leaves": 1000000, "fan_out": 10}, 66, 1111111, False),
    *[
        ("proxy", {"through": t, "connections": n, "message_bytes": 128}, base, 200, True)
        for t, n, base in [
            ("direct", 1, 21e3),
            ("proxy", 1, 44e3),
            ("direct", 64, 9e3),
            ("proxy", 64, 17e3),
            ("proxy", 1000, 19e3),
        ]
    ],
]

ROWS = [
    "work_stealing",
    "work_stealing/threads=1",
    "single_threaded",
    "lightweight",
    "lightweight/threads=2",
]


def key_of(scenario: str, params: dict[str, Any]) -> str:
    return " ".join([scenario, *(f"{name}={value}" for name, value in params.items())])


def make(
    folder: Path,
    *,
    blocks: int = 10,
    seed: int = 1,
    rows: list[str] | None = None,
    cells: list[Any] | None = None,
    faults: dict[tuple[str, str], tuple[str, str]] | None = None,
    skipped: dict[str, str] | None = None,
    twin: bool = True,
    latency: bool = True,
    slow: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Writes a run into `folder` and returns its summary.

    `faults` maps (row, cell key) to (outcome, reason); `slow` gives rows a fixed factor.
    """
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    names = list(ROWS if rows is None else rows)
    twin_name = f"{names[0]}#twin" if twin and names else None
    entered = names + ([twin_name] if twin_name else [])
    faults, skipped, slow = faults or {}, skipped or {}, slow or {}
    chosen = CELLS if cells is None else cells

    samples: list[dict[str, Any]] = []
    listed_cells = []
    for scenario, params, base, operations, has_latency in chosen:
        key = key_of(scenario, params)
        own_noise = rng.uniform(0.01, 0.05)
        speeds = {row: _speed(row, scenario, params, rng) * slow.get(row, 1.0) for row in names}
        if twin_name:
            speeds[twin_name] = speeds[names[0]]
        results = []
        for row in entered:
            outcome, reason = faults.get((row, key), ("ok", ""))
            per_block = []
            for block in range(blocks):
                sample = {
                    "block": block,
                    "round": len(listed_cells),
                    "turn": rng.randrange(len(entered)),
                    "row": row,
                    "contender": row.split("/")[0].split("#")[0],
                    "variant": row.split("/")[1].split("#")[0] if "/" in row else "",
                    "twin": row == twin_name,
                    "scenario": scenario,
                    "params": params,
                    "cell": key,
                    "outcome": outcome,
                    "reason": reason,
                }
                if outcome == "ok":
                    drift = math.exp(rng.gauss(0, own_noise / 3))
                    ns = base * speeds[row] * drift * math.exp(rng.gauss(0, own_noise))
                    total = operations * 10
                    sample |= {
                        "iterations": 10,
                        "ns": round(ns * total),
                        "cpu_ns": round(ns * total * 1.1),
                        "operations": total,
                        "answer": 1,
                        "expected": 1,
                        "allocations": total if "spawn" in key else 0,
                        "peak_rss_bytes": round(
                            (4 + 3 * speeds[row] + math.log10(operations) ** 2)
                            * 2**20
                            * rng.uniform(1, 1.03)
                        ),
                        "context_switches": {"voluntary": 12, "involuntary": 3},
                        "threads_used": 2,
                        "counters": {"polls": total, "steals": total // 50, "parks": 7},
                    }
                    if has_latency and latency:
                        sample["latency"] = {"unit": "ns", "buckets": _buckets(ns, rng)}
                    per_block.append(sample)
                samples.append(sample)
            results.append(_result(row, outcome, reason, per_block))
        _compare(results)
        listed_cells.append(
            {
                "cell": key,
                "scenario": scenario,
                "params": params,
                "noise_floor": own_noise if twin_name else None,
                "best": _best(results),
                "results": results,
            }
        )

    summary = {
        "version": 1,
        "run": "2026-11-22T12-00-00",
        "machine": MACHINE,
        "label": "shared",
        "blocks": blocks,
        "blocks_planned": blocks,
        "samples": len(samples),
        "seed": 1,
        "rows": [_row(row, row == twin_name, None) for row in entered]
        + [_row(row, False, why) for row, why in skipped.items()],
        "noise": _noise(listed_cells, names[0], twin_name) if twin_name else None,
        "cells": listed_cells,
        "geometric_means": _means(listed_cells, names),
        "scenarios": [
            {"scenario": name, "cells": len(own), "geometric_means": _means(own, names)}
            for name in dict.fromkeys(c["scenario"] for c in listed_cells)
            if (own := [c for c in listed_cells if c["scenario"] == name])
        ],
    }
    (folder / "machine.json").write_text(json.dumps(MACHINE), encoding="utf-8")
    (folder / "plan.json").write_text(
        json.dumps({"options": {"quick": True, "blocks": blocks}, "seed": 1}), encoding="utf-8"
    )
    with (folder / "samples.jsonl").open("w", encoding="utf-8") as out:
        for sample in samples:
            out.write(json.dumps(sample, ensure_ascii=False) + "\n")
    (folder / "summary.json").write_text(json.dumps(summary, ensure_ascii=False), encoding="utf-8")
    return summary


def _speed(row: str, scenario: str, params: dict[str, Any], rng: random.Random) -> float:
    factor = {
        "work_stealing": 1.12,
        "work_stealing/threads=1": 1.25,
        "single_threaded": 1.0,
        "lightweight": 1.5,
        "lightweight/threads=2": 2.1,
    }.get(row, 1.3)
    if scenario == "skynet" and row == "work_stealing":
        factor = 0.7
    if params.get("delay_us", 0):
        return rng.uniform(0.998, 1.004)
    if "external" in params.values() and row == "lightweight/threads=2":
        return 7.5
    return factor * rng.uniform(0.9, 1.2)


def _buckets(centre: float, rng: random.Random) -> list[list[int]]:
    counts: dict[int, int] = {}
    for _ in range(2000):
        value = centre * math.exp(rng.gauss(0, 0.25))
        if rng.random() < 0.01:
            value *= rng.uniform(3, 30)
        power = 2 ** max(0, int(math.log2(max(value, 1))) - 7)
        bucket = int(value // power * power)
        counts[bucket] = counts.get(bucket, 0) + 1
    return [[value, counts[value]] for value in sorted(counts)]


def _row(row: str, twin: bool, skipped: str | None) -> dict[str, Any]:
    plain = row.split("#")[0]
    contender, _, variant = plain.partition("/")
    hello = (
        {}
        if skipped
        else {
            "hello": 1,
            "runtime": contender,
            "variant": variant,
            "version": "0.1.0",
            "language": "c++",
            "scheduling": "work-stealing" if "stealing" in contender else "fifo",
            "io": "epoll",
            "capabilities": ["timer", "net"],
            "threads": 2,
            "compiler": "g++ 12.2.0",
            "flags": "-O3 -DNDEBUG",
            "allocator": "glibc malloc + frame pool",
            "track": "default",
            "pid": 4242,
        }
    )
    return {
        "row": row,
        "contender": contender,
        "variant": variant,
        "twin": twin,
        "hello": hello,
        "skipped": skipped,
    }


def _interval(values: list[float]) -> dict[str, float]:
    low, high, confidence = stats.order_interval(values)
    return {"median": median(values), "low": low, "high": high, "confidence": confidence}


def _result(row: str, outcome: str, reason: str, samples: list[dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "row": row,
        "outcome": outcome,
        "reason": reason,
        "blocks": len(samples),
    }
    if not samples:
        return result
    ns = [s["ns"] / s["operations"] for s in samples]
    result |= {
        "ns_per_operation": _interval(ns),
        "operations_per_second": _interval([1e9 / v for v in ns]),
        "cpu_ns_per_operation": median(s["cpu_ns"] / s["operations"] for s in samples),
        "allocations_per_operation": median(s["allocations"] / s["operations"] for s in samples),
        "peak_rss_bytes": median(s["peak_rss_bytes"] for s in samples),
        "voluntary_switches_per_operation": 12 / samples[0]["operations"],
        "involuntary_switches_per_operation": 3 / samples[0]["operations"],
        "threads_used": 2,
        "counters": {"polls": 1.0, "steals": 0.02},
        "_ns": ns,
    }
    if "latency" in samples[0]:
        merged: dict[float, int] = {}
        for sample in samples:
            for value, count in sample["latency"]["buckets"]:
                merged[value] = merged.get(value, 0) + count
        whole = stats.histogram(merged)
        result["latency"] = {
            "count": whole.count,
            "p50": whole.quantile(0.5),
            "p90": whole.quantile(0.9),
            "p99": whole.quantile(0.99),
            "p999": whole.quantile(0.999),
            "max": whole.max,
            "quantiles": [[q, whole.quantile(q)] for q in (0.5, 0.9, 0.99, 0.999)],
        }
    return result


def _best(results: list[dict[str, Any]], key: str = "ns_per_operation") -> str | None:
    ok = [r for r in results if r["outcome"] == "ok" and not r["row"].endswith("#twin")]
    return min(ok, key=lambda r: r[key]["median"])["row"] if ok else None


def _compare(results: list[dict[str, Any]], unit: str | None = None) -> None:
    """Ranks results by time, or by the interval called `unit`, and sets their ratios."""
    key = unit or "ns_per_operation"
    best = next((r for r in results if r["row"] == _best(results, key)), None)
    group = 0
    for result in sorted((r for r in results if "_ns" in r), key=lambda r: r[key]["median"]):
        assert best is not None
        ratio = _interval([a / b for a, b in zip(result["_ns"], best["_ns"])])
        separated = bool(result is not best and (ratio["low"] > 1.03 or ratio["high"] < 0.97))
        group = 1 if not separated else max(2, group + 1)
        twin = result["row"].endswith("#twin")
        result["ratio_to_best"] = None if twin else ratio | {"separated": separated}
        result["group"] = None if twin else group
    for result in results:
        result.pop("_ns", None)


def _noise(cells: list[dict[str, Any]], row: str, twin: str) -> dict[str, Any] | None:
    listed = []
    for cell in cells:
        by_row = {r["row"]: r for r in cell["results"]}
        a, b = by_row[row], by_row[twin]
        if a["outcome"] == b["outcome"] == "ok":
            ratio = b["ns_per_operation"]["median"] / a["ns_per_operation"]["median"]
            listed.append(
                {
                    "cell": cell["cell"],
                    "ratio": ratio,
                    "low": ratio * 0.98,
                    "high": ratio * 1.02,
                    "confidence": 0.978,
                    "floor": cell["noise_floor"],
                    "separated": False,
                }
            )
    if not listed:
        return None
    return {
        "row": row,
        "twin": twin,
        "ratio_median": 1.003,
        "ratio_low": 0.991,
        "ratio_high": 1.014,
        "confidence": 0.978,
        "separated": False,
        "spread": 0.021,
        "cells": listed,
    }


def _means(cells: list[dict[str, Any]], rows: list[str]) -> list[dict[str, Any]]:
    """As the driver does it: a row that finished fewer than half of the cells is left out."""

    def ok(cell: dict[str, Any], row: str) -> bool:
        return any(r["row"] == row and r["outcome"] == "ok" for r in cell["results"])

    done = {row: sum(ok(cell, row) for cell in cells) for row in rows}
    part = [row for row in rows if done[row] and 2 * done[row] >= len(cells)]
    common = [cell for cell in cells if all(ok(cell, row) for row in part)]
    means: list[dict[str, Any]] = []
    for row in rows:
        if row not in part or not common:
            means.append(
                {
                    "row": row,
                    "ratio": None,
                    "cells": 0,
                    "reason": f"ok in {done[row]} of {len(cells)} cells",
                }
            )
            continue
        ratios = [r["ratio_to_best"] for cell in common for r in cell["results"] if r["row"] == row]
        mean = stats.geometric_mean([r["median"] for r in ratios])
        means.append(
            {
                "row": row,
                "ratio": mean,
                "low": mean * 0.985,
                "high": mean * 1.02,
                "confidence": 0.978,
                "cells": len(common),
            }
        )
    return means


REALISTIC_FAULTS = {
    ("lightweight", key_of("proxy", CELLS[-1][1])): ("timeout", "no sample within 30 s"),
    ("lightweight/threads=2", key_of("proxy", CELLS[-1][1])): (
        "crashed",
        "signal 11 (segmentation fault)",
    ),
    ("lightweight/threads=2", key_of("ping_pong", {"pairs": 1000})): (
        "wrong_answer",
        "answered 998, but 1000 is right",
    ),
    ("single_threaded", key_of("spawn", CELLS[10][1])): (
        "unsupported",
        "takes no work from outside",
    ),
    ("work_stealing/threads=1", key_of("skynet", {"leaves": 1000000, "fan_out": 10})): (
        "out_of_memory",
        "exceeded the ceiling of 2 GiB",
    ),
}

if __name__ == "__main__":
    make(
        Path(sys.argv[1]),
        faults=REALISTIC_FAULTS,
        skipped={"tokio": "cargo was not found; install with: apt-get install cargo"},
    )
