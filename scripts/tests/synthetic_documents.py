"""Invents comparison.json, claims.json and choice.json beside a run, as other commands would.

For tests and for looking at pages only. Their figures mean nothing and must never be published.

    python3 scripts/tests/synthetic_documents.py /tmp/run && scripts/report.py /tmp/run
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any


def _interval(median: float, width: float = 0.02) -> dict[str, Any]:
    return {
        "median": median,
        "low": median * (1 - width),
        "high": median * (1 + width),
        "confidence": 0.978515625,
        "blocks": 10,
    }


def comparison(summary: dict[str, Any], verdict: str = "worse") -> dict[str, Any]:
    """One row slower in one scenario, one cell that could not be measured, the rest as before."""
    rng = random.Random(3)
    row = summary["rows"][0]["row"]
    slow = summary["cells"][0]["scenario"]
    cells = []
    for number, cell in enumerate(summary["cells"]):
        base = rng.uniform(50, 5000)
        ratio = rng.gauss(1, 0.006)
        said, why = "unchanged", "a change of 5 % is excluded"
        if cell["scenario"] == slow and verdict == "worse":
            ratio *= 1.12
            said, why = (
                "worse",
                "the interval leaves out 1 and exceeds the floor; so in a second run",
            )
        elif number == len(summary["cells"]) - 1:
            said, why = "could_not_measure", "the interval is wider than the floor"
        cells.append(
            {
                "cell": cell["cell"],
                "scenario": cell["scenario"],
                "params": cell["params"],
                "contender": row,
                "base_cost": base,
                "head_cost": base * ratio,
                "unit": "ns",
                "ratio": _interval(ratio, 0.09 if said == "could_not_measure" else 0.012),
                "p_value": 0.002 if said == "worse" else 0.4,
                "discovery": said == "worse",
                "floor": 0.05,
                "verdict": said,
                "confirmed": True if said == "worse" else None,
                "why": why,
                "more_blocks": 34 if said == "could_not_measure" else None,
            }
        )
    return {
        "schema": 1,
        "what": "comparison",
        "base": {"name": "main", "description": "0123abc Park workers after two looks"},
        "head": {"name": "HEAD", "description": "4567def Add a lock to the injector"},
        "verdict": verdict,
        "why": f"{row} takes 12 % longer in {slow}",
        "seed": 7,
        "confirmation": {"seed": 8, "cells": [{"contender": row, "cell": cells[0]["cell"]}]},
        "cells": cells,
        "left_out": [{"contender": "tokio", "cell": "wake", "why": "neither side was measured"}],
        "geometric_mean": _interval(1.02) | {"cells": len(cells)},
        "noise": {"spread": 0.012, "label": "shared"},
        "method": "A cell is worse if the exact 95 % interval of the paired ratio leaves out 1, "
        "and the effect exceeds the floor, and a second run with a fresh seed shows the same.",
    }


def claims(summary: dict[str, Any]) -> dict[str, Any]:
    """One claim of each verdict."""
    cell = summary["cells"][0]
    rows = [row["row"] for row in summary["rows"] if not row["twin"]][:2]

    def claim(number: int, text: str, verdict: str, **more: Any) -> dict[str, Any]:
        return {
            "number": number,
            "claim": text,
            "tested_by": f"{cell['scenario']}: slot on against off",
            "verdict": verdict,
            "figure": None,
            "explanation": "",
            "details": [],
            "cells": [cell["cell"]],
            "rows": rows,
            "how_to_measure": None,
        } | more

    figure = {"low": 1.55, "value": 1.62, "high": 1.7, "confidence": 0.9785, "blocks": 10}
    return {
        "schema": 1,
        "what": "claims",
        "claims": [
            claim(
                2,
                "A LIFO slot makes message passing faster: the newest task is hot in cache.",
                "holds",
                figure=figure | {"unit": "ratio"},
                explanation="Without the slot a message takes 1.62 times as long.",
                details=[
                    {
                        "label": f"{rows[0]}, {cell['cell']}",
                        "value": 1.62,
                        "low": 1.55,
                        "high": 1.7,
                        "unit": "ratio",
                        "verdict": "holds",
                    },
                    {"label": rows[-1], "value": 1.01, "low": 0.97, "high": 1.04, "unit": "ratio"},
                ],
            ),
            claim(
                9,
                "A spawned task costs about 256 bytes.",
                "refuted",
                figure=figure | {"unit": "bytes", "value": 412, "low": 408, "high": 417},
                explanation="A waiting task adds 412 bytes to the process.",
            ),
            claim(
                14,
                "io_uring makes network I/O 1.5 to 3 times faster than epoll.",
                "not_separated",
                figure=figure | {"unit": "ratio", "value": 1.02, "low": 0.97, "high": 1.06},
                explanation="This run cannot tell the two apart.",
            ),
            claim(
                19,
                "One process proxies 10,000 connections without strain.",
                "not_measured",
                explanation="The run has no cell with so many connections.",
                cells=[],
                how_to_measure="regatta run --full --scenario path_memory",
            ),
        ],
        "machine": {"label": summary["label"]},
    }


def choice(summary: dict[str, Any]) -> dict[str, Any]:
    """Two profiles; in the first the two best are tied."""
    rows = [row["row"] for row in summary["rows"] if not row["twin"] and not row["skipped"]]
    rows = [row for row in rows if row != "machine"]

    def row_of(name: str, score: float, reasons: list[str]) -> dict[str, Any]:
        return {"row": name, "score": _interval(score), "reasons": reasons}

    def profile(name: str, description: str, order: list[str]) -> dict[str, Any]:
        ranking = [
            {
                "rank": 1,
                "rows": [
                    row_of(order[0], 1.0, ["echo: 1.4 times as fast as the next"]),
                    *[row_of(row, 1.01, ["timers: not separated"]) for row in order[1:2]],
                ],
            }
        ]
        ranking += [
            {"rank": 2 + n, "rows": [row_of(row, 1.2 + 0.3 * n, [f"wake: {2 + n} times as long"])]}
            for n, row in enumerate(order[2:])
        ]
        return {
            "profile": name,
            "description": description,
            "weights": [
                {
                    "group": "echo",
                    "weight": 0.6,
                    "cells": [cell["cell"] for cell in summary["cells"][:3]],
                    "why": "most of the time goes into sockets",
                    "missing": False,
                },
                {
                    "group": "files",
                    "weight": 0.4,
                    "cells": [],
                    "why": "static files are read",
                    "missing": True,
                },
            ],
            "noise_floor": 0.02,
            "ranking": ranking,
            "unranked": [{"row": "tokio", "why": "was skipped: cargo was not found"}],
            "dominated": [
                {"row": order[-1], "by": order[0], "because": "in no group better, worse in: echo"}
            ],
            "would_change": [f"With start-up at more than half of the weight, {order[-1]} leads."],
            "cannot_tell": ["Files were not measured: no row ran file_read."],
        }

    return {
        "schema": 1,
        "what": "choice",
        "profiles": [
            profile("web", "Many connections, short answers.", rows),
            profile("cli", "A program that starts, does its work, and ends.", rows[::-1]),
        ],
        "properties": [
            {
                "row": row,
                "scheduling": "work-stealing",
                "io": "epoll",
                "language": "c++",
                "version": "0.1.0",
                "threads": 2,
                "binary_bytes": 1_400_000 + 90_000 * number,
                "startup_ns": 1.2e6 if number else None,
                "task_bytes": 412 + number,
                "maturity": "in this tree, not used elsewhere",
            }
            for number, row in enumerate(rows)
        ],
    }


def add(run: Path, *names: str) -> None:
    """Writes the documents called `names`, or all of them, beside a run that exists."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    makers = {"comparison": comparison, "claims": claims, "choice": choice}
    for name in names or makers:
        text = json.dumps(makers[name](summary), ensure_ascii=False)
        (run / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    add(Path(sys.argv[1]))
