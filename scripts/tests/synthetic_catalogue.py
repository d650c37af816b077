"""Invents a run over the scenarios that have charts of their own, as synthetic.py does for others:
scaling, memory, timers, latency under load, footprint, wake and fairness, and the machine's floor.

For tests and for looking at charts only. Its figures mean nothing and must never be published.

    python3 scripts/tests/synthetic_catalogue.py /tmp/run [ROWS] && scripts/report.py /tmp/run
"""

from __future__ import annotations

import json
import math
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import synthetic
from synthetic import key_of

from regatta_report import stats

Params = dict[str, Any]


@dataclass
class Traits:
    """What one imaginary runtime is like."""

    name: str
    speed: float  # factor on every time
    sigma: float
    kappa: float
    one_thread: bool
    base_bytes: float
    task_bytes: float
    timer_growth: float  # of the time for a timer with each tenfold
    tail: float
    start_ns: float
    program_bytes: float


NAMES = [
    "work_stealing",
    "single_threaded",
    "tokio",
    "go",
    "asyncio",
    "work_stealing/threads=1",
    "smol",
    "asio",
    "tokio/current_thread",
    "node",
    "core/io_uring",
    "exec",
]


def traits_of(number: int) -> Traits:
    rng = random.Random(1000 + number)
    name = NAMES[number] if number < len(NAMES) else f"runtime_{number}/threads={number}"
    return Traits(
        name,
        speed=math.exp(rng.uniform(-0.7, 1.6)),
        sigma=rng.choice([0.0, rng.uniform(0.01, 0.3)]),
        kappa=rng.choice([0.0, rng.uniform(0.001, 0.05)]),
        one_thread="threads=1" in name or name in ("single_threaded", "asyncio", "node"),
        base_bytes=math.exp(rng.uniform(14.6, 17.5)),
        task_bytes=math.exp(rng.uniform(4.6, 8)),
        timer_growth=rng.choice([1.0, 1.05, 1.4]),
        tail=rng.uniform(1, 4),
        start_ns=math.exp(rng.uniform(13, 17.5)),
        program_bytes=math.exp(rng.uniform(13, 17.5)),
    )


@dataclass
class Cell:
    """A cell, and what a row's operation takes in it: `cost(traits)` in ns or bytes."""

    scenario: str
    params: Params
    operations: int
    cost: Any
    unit: str = "ns"
    latency: Any = None  # traits → the median of a latency in ns
    floor: tuple[str, int] | None = None
    calls: dict[str, float] = field(default_factory=dict)
    threads: int = 0

    @property
    def key(self) -> str:
        return key_of(self.scenario, self.params)


FLOOR_NS = {
    "atomic": 5.1,
    "system_call": 71.0,
    "futex_sleep": 2_400.0,
    "tcp_hop": 5_200.0,
    "tcp_round_trip": 13_500.0,
}


def _rate(traits: Traits, threads: int) -> float:
    n = threads
    return n / (1 + traits.sigma * (n - 1) + traits.kappa * n * (n - 1))


def cells(threads: list[int], processors: int) -> list[Cell]:
    made = [
        Cell(
            "scaling",
            {"work": work, "threads": n},
            1000,
            # Threads that share processors gain nothing.
            lambda t, base=base, n=n: (
                base * t.speed / _rate(t, n) * (1.15 if n > processors else 1)
            ),
            threads=n,
        )
        for work, base in [("compute", 10_000.0), ("skynet", 70.0)]
        for n in threads
    ]
    made += [
        Cell(
            "memory",
            {"kind": kind, "tasks": n},
            1,
            lambda t, n=n, more=more: t.base_bytes + t.task_bytes * more * n,
            unit="B",
        )
        for kind, more, sizes in [
            ("sleep", 1.0, (0, 1_000, 10_000, 100_000)),
            ("receive", 0.8, (0, 1_000, 10_000, 100_000)),
            ("connection", 2.0, (0, 1_000)),
        ]
        for n in sizes
    ]
    made += [
        Cell(
            "timers",
            {"phase": phase, "timers": n},
            n,
            lambda t, n=n, base=base: base * t.speed * t.timer_growth ** math.log10(n / 10_000),
        )
        for phase, base in [("create", 90.0), ("fire", 160.0), ("cancel", 60.0)]
        for n in (10_000, 100_000, 1_000_000)
    ]
    made += [
        Cell(
            "echo",
            {"connections": n, "message_bytes": size, "round_trips": trips},
            n * trips,
            lambda t, n=n, size=size: _echo(t, n, size),
            latency=lambda t, n=n, size=size: _echo(t, n, size) * n,
            floor=("tcp_round_trip", 1) if n == 1 else None,
            calls={"recvfrom": 1.0, "sendto": 1.0, "epoll_wait": 1.0 if n == 1 else 0.08},
        )
        for size, loads in [(64, ((1, 1000), (16, 100), (64, 30), (1024, 3))),
                            (16384, ((1, 1000), (64, 30)))]
        for n, trips in loads
    ]  # fmt: skip
    made += [
        Cell(
            "wake",
            {"wakes": 200, "state": state, "pause_us": 100},
            200,
            lambda t: 110_000 + 900 * t.speed,
            latency=lambda t, base=base: base * (0.8 + 0.2 * t.speed),
            floor=("futex_sleep", 1) if state == "idle" else None,
        )
        for state, base in [("idle", 4_500.0), ("busy", 22_000.0)]
    ]
    made += [
        Cell(
            "fairness",
            {"hogs": hogs, "steps": 10_000, "ticks": 50},
            50,
            lambda t: 1e6 * (1 + 0.001 * t.speed),
            latency=lambda t, hogs=hogs: 9_000.0 * hogs * t.speed,
        )
        for hogs in (2, 8)
    ]
    made += [
        Cell(
            "binary_size", {"program": p}, 1, lambda t, more=more: t.program_bytes * more, unit="B"
        )
        for p, more in [("task", 1.0), ("echo", 1.2)]
    ]
    made += [
        Cell("startup", {"of": of}, 1, lambda t, part=part: t.start_ns * part)
        for of, part in [("runtime", 0.1), ("process", 1.0)]
    ]
    return made


def _echo(t: Traits, connections: int, size: int) -> float:
    # One connection waits for itself; many share what the processor can do.
    alone = 14_500 * (1 + 0.2 * t.speed) * (1.6 if size > 1000 else 1)
    return alone / min(connections, 4) * (1 + 0.0004 * connections * t.tail)


def make(
    folder: Path,
    *,
    rows: int = 6,
    blocks: int = 6,
    seed: int = 1,
    processors: int = 2,
    threads: tuple[int, ...] = (1, 2, 3, 4),
    twin: bool = True,
    only: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Writes a run into `folder` and returns its summary; of `only` these scenarios, if named."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    every = [traits_of(number) for number in range(rows)]
    runtimes = [(t.name, t) for t in every] + (
        [(f"{every[0].name}#twin", every[0])] if twin else []
    )
    samples: list[dict[str, Any]] = []
    listed = []
    for cell in cells(list(threads), processors):
        if only and cell.scenario not in only:
            continue
        noise = rng.uniform(0.01, 0.03)
        results = []
        for name, traits in runtimes:
            own, outcome, reason = [], "ok", ""
            if cell.threads > 1 and traits.one_thread:
                outcome, reason = "unsupported", "has one thread"
            for block in range(blocks):
                sample = _sample(cell, name, traits, block, outcome, reason, noise, rng)
                samples.append(sample)
                if outcome == "ok":
                    own.append(sample)
            results.append(_result(cell, name, outcome, reason, own))
        synthetic._compare(results, "bytes_per_operation" if cell.unit == "B" else None)
        listed.append(_cell(cell, results, noise))
    for what, ns in FLOOR_NS.items():
        cell = Cell("floor", {"what": what, "operations": 1000}, 1000, lambda t, ns=ns: ns)
        own = [_sample(cell, "machine", every[0], b, "ok", "", 0.01, rng) for b in range(blocks)]
        samples += own
        results = [_result(cell, "machine", "ok", "", own)]
        synthetic._compare(results, None)
        listed.append(_cell(cell, results, None))

    names = [t.name for t in every]
    contests = [c for c in listed if c["scenario"] != "floor"]
    timed = [c for c in contests if c["unit"] == "ns"]
    machine = synthetic.MACHINE | {
        "cpu": synthetic.MACHINE["cpu"]
        | {"logical": processors, "allowed": list(range(processors))}
    }
    summary = {
        "version": 1,
        "run": "2026-11-22T12-00-00",
        "machine": machine,
        "label": "shared",
        "blocks": blocks,
        "blocks_planned": blocks,
        "samples": len(samples),
        "seed": 1,
        "rows": [
            synthetic._row(name, name.endswith("#twin"), None) | {"subject": "runtime"}
            for name, _ in runtimes
        ]
        + [synthetic._row("machine", False, None) | {"subject": "machine"}],
        "noise": synthetic._noise(contests, names[0], f"{names[0]}#twin") if twin else None,
        "cells": listed,
        "geometric_means": synthetic._means(timed, names),
        "scenarios": [
            {"scenario": name, "cells": len(own), "geometric_means": synthetic._means(own, names)}
            for name in dict.fromkeys(c["scenario"] for c in contests)
            if (own := [c for c in contests if c["scenario"] == name])
        ],
        "fits": _fits(every, samples, blocks, processors, list(threads)),
    }
    _write(folder, summary, samples)
    return summary


def _write(folder: Path, summary: dict[str, Any], samples: list[dict[str, Any]]) -> None:
    plan = {
        "matrix": "quick",
        "seed": 1,
        "blocks": summary["blocks"],
        "rows": summary["rows"],
        "cells": [
            {
                "cell": cell["cell"],
                "scenario": cell["scenario"],
                "params": cell["params"],
                "measures": "bytes" if cell["unit"] == "B" else "time",
                "asked": "machine" if cell["scenario"] == "floor" else "runtime",
                "floor": cell.get("floor", {}).get("what", ""),
                "floor_times": 1,
            }
            for cell in summary["cells"]
        ],
    }
    (folder / "machine.json").write_text(json.dumps(summary["machine"]), encoding="utf-8")
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    with (folder / "samples.jsonl").open("w", encoding="utf-8") as out:
        for sample in samples:
            out.write(json.dumps(sample) + "\n")
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def _sample(
    cell: Cell,
    row: str,
    traits: Traits,
    block: int,
    outcome: str,
    reason: str,
    noise: float,
    rng: random.Random,
) -> dict[str, Any]:
    contender, _, variant = row.split("#")[0].partition("/")
    sample: dict[str, Any] = {
        "block": block,
        "round": 0,
        "turn": 0,
        "row": row,
        "contender": contender,
        "variant": variant,
        "twin": row.endswith("#twin"),
        "scenario": cell.scenario,
        "params": cell.params,
        "cell": cell.key,
        "outcome": outcome,
        "reason": reason,
    }
    if outcome != "ok":
        return sample
    cost = cell.cost(traits) * math.exp(rng.gauss(0, noise))
    in_bytes = cell.unit == "B"
    ns = 3e6 * traits.speed if in_bytes else cost * cell.operations
    sample |= {
        "iterations": 1,
        "ns": max(1, round(ns)),
        "cpu_ns": max(1, round(ns)),
        "operations": cell.operations,
        "answer": 1,
        "expected": 1,
        "allocations": 0,
        "peak_rss_bytes": round(traits.base_bytes),
        "context_switches": {"voluntary": 12, "involuntary": 3},
        "threads_used": max(1, cell.threads),
        "counters": {"bytes": round(cost)} if in_bytes else {"polls": cell.operations},
    }
    if in_bytes:
        sample["bytes"] = round(cost)
    if cell.latency is not None:
        median = cell.latency(traits) * math.exp(rng.gauss(0, noise))
        sample["latency"] = {"unit": "ns", "buckets": _buckets(median, traits.tail, rng)}
        sample["recording_ns"] = 45
    return sample


def _buckets(median: float, tail: float, rng: random.Random) -> list[list[int]]:
    counts: dict[int, int] = {}
    for _ in range(600):
        value = median * math.exp(rng.gauss(0, 0.15 * tail))
        if rng.random() < 0.01 * tail:
            value *= rng.uniform(2, 6 * tail)
        power = 2 ** max(0, int(math.log2(max(value, 1))) - 7)
        bucket = int(value // power * power)
        counts[bucket] = counts.get(bucket, 0) + 1
    return [[value, counts[value]] for value in sorted(counts)]


def _result(
    cell: Cell, row: str, outcome: str, reason: str, samples: list[dict[str, Any]]
) -> dict[str, Any]:
    result = synthetic._result(row, outcome, reason, samples)
    if not samples:
        return result
    if cell.unit == "B":
        result["_ns"] = [s["bytes"] / s["operations"] for s in samples]
        result["bytes_per_operation"] = synthetic._interval(result["_ns"])
    if cell.calls:
        result["system_calls"] = {
            "per_operation": sum(cell.calls.values()),
            "by_name": cell.calls,
        }
    if "latency" in result:
        result["latency"]["recording_ns"] = 45
    return result


def _cell(cell: Cell, results: list[dict[str, Any]], noise: float | None) -> dict[str, Any]:
    entry = {
        "cell": cell.key,
        "scenario": cell.scenario,
        "params": cell.params,
        "unit": cell.unit,
        "noise_floor": noise,
        "best": next((r["row"] for r in results if r.get("group") == 1), None),
        "results": results,
    }
    if cell.floor is not None:
        what, times = cell.floor
        entry["floor"] = {"what": what, "times": times, "ns": FLOOR_NS[what] * times}
    return entry


def _fits(
    every: list[Traits],
    samples: list[dict[str, Any]],
    blocks: int,
    processors: int,
    threads: list[int],
) -> dict[str, Any]:
    """What the driver would find, taken from what the samples were made of."""

    def about(value: float) -> dict[str, float]:
        low, high, confidence = stats.order_interval([value] * blocks)
        return {"median": value, "low": low * 0.99, "high": high * 1.01, "confidence": confidence}

    lines, curves = [], []
    for t in every:
        for kind, more, sizes in [("sleep", 1.0, 4), ("receive", 0.8, 4), ("connection", 2.0, 2)]:
            head = {
                "row": t.name,
                "scenario": "memory",
                "kind": kind,
                "over": "tasks",
                "blocks": blocks,
                "points": sizes * blocks,
            }
            if sizes < 3:
                why = "not enough points: 2 different sizes, 3 are the least"
                lines.append(head | {"blocks": 0, "reason": why})
                continue
            lines.append(
                head
                | {
                    "reason": "",
                    "slope": about(t.task_bytes * more),
                    "intercept": about(t.base_bytes),
                    "pooled": {
                        "slope": t.task_bytes * more,
                        "slope_error": t.task_bytes * 0.01,
                        "intercept": t.base_bytes,
                        "intercept_error": t.base_bytes * 0.01,
                    },
                    "largest_residual": 0.04,
                    "straight": True,
                }
            )
        for work, base in [("compute", 10_000.0), ("skynet", 70.0)]:
            head = {
                "row": t.name,
                "scenario": "scaling",
                "work": work,
                "over": "threads",
                "blocks": blocks,
                "points": blocks * len(threads),
            }
            if t.one_thread:
                why = "not enough points: 1 different number of threads, 3 are the least"
                curves.append(head | {"blocks": 0, "points": blocks, "reason": why})
                continue
            below = [n for n in threads if n <= processors]
            fitted = below if len(below) > 2 else threads
            rate = 1e9 / (base * t.speed)
            peak = math.sqrt((1 - t.sigma) / t.kappa) if t.kappa else None
            curves.append(
                head
                | {
                    "reason": "",
                    "fitted": fitted,
                    "beyond_processors": max(fitted) > processors,
                    "lambda": about(rate),
                    "sigma": about(t.sigma),
                    "kappa": about(t.kappa),
                    "pooled": {"lambda": rate, "sigma": t.sigma, "kappa": t.kappa},
                    "r_squared": 0.997,
                    "peak_threads": peak,
                }
            )
    return {"processors": processors, "lines": lines, "scalability": curves}


if __name__ == "__main__":
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    many = (1, 2, 3, 4, 6, 8, 12, 16)
    make(
        Path(sys.argv[1]),
        rows=count,
        processors=2 if count < 12 else 8,
        threads=(1, 2, 3, 4) if count < 12 else many,
    )
