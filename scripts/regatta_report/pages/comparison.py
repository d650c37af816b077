"""The page of a comparison: the verdict, and what it rests on cell by cell."""

from __future__ import annotations

from typing import Any

from .. import format, tables
from ..charts.common import count
from ..charts.comparison import LOOKS, moved
from ..documents import dicts
from ..draw import Drawn
from ..model import Run, clean
from ..values import as_interval, as_number
from . import figures
from .parts import Links, figure


def context(run: Run, drawn: list[Drawn], links: Links) -> dict[str, Any]:
    document = run.documents["comparison"]
    cells = moved(document)
    without = [cell for cell in dicts(document.get("cells")) if cell not in cells]
    noise = document.get("noise") if isinstance(document.get("noise"), dict) else {}
    mean = document.get("geometric_mean")
    mean = mean if isinstance(mean, dict) else {}
    again = document.get("confirmation")
    spread = as_number(noise.get("spread"))
    facts = [
        {"name": "Base", **_side(document.get("base"))},
        {"name": "Head", **_side(document.get("head"))},
        {
            "name": "Cells",
            "value": str(len(cells) + len(without)),
            "note": _counts(cells + without),
        },
        {
            "name": "All together",
            "value": f"{format.ratio(middle.median)} ×"
            if (middle := as_interval(mean))
            else "none",
            "note": f"{figures.limits(middle.low, middle.high, 'ratio')}, geometric mean over "
            f"{count(int(as_number(mean.get('cells')) or 0), 'cell')}"
            if middle
            else "",
        },
        {
            "name": "A/A spread",
            "value": format.percent(spread) if spread is not None else "not measured",
            "note": f"{clean(noise.get('label') or '')} machine" if noise.get("label") else "",
        },
        {
            "name": "Second run",
            "value": f"seed {clean(again.get('seed', ''))}" if isinstance(again, dict) else "none",
            "note": f"{count(len(again.get('cells') or []), 'cell')} looked at again"
            if isinstance(again, dict)
            else "nothing was suspicious, or nobody asked",
        },
    ]
    return {
        "verdict": said(document),
        "tone": str(document.get("verdict")).replace("_", "-"),
        "why": clean(document.get("why") or ""),
        "facts": facts,
        "charts": [figure(one, links) for one in drawn],
        "lines": [_line(cell) for cell in cells + without],
        "left_out": [
            {
                "contender": clean(one.get("contender", "")),
                "cell": clean(one.get("cell", "")),
                "why": clean(one.get("why", "")),
            }
            for one in dicts(document.get("left_out"))
        ],
        "method": clean(document.get("method") or ""),
        "seed": clean(document.get("seed", "")),
    }


def said(document: dict[str, Any]) -> str:
    verdict = str(document.get("verdict"))
    return LOOKS[verdict][2] if verdict in LOOKS else clean(verdict).replace("_", " ")


def _side(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {"value": "unknown", "note": ""}
    return {
        "value": clean(value.get("name") or "unknown"),
        "note": clean(value.get("description") or ""),
    }


def _counts(cells: list[dict[str, Any]]) -> str:
    found: dict[str, int] = {}
    for cell in cells:
        found[said(cell)] = found.get(said(cell), 0) + 1
    return ", ".join(f"{number} {name}" for name, number in found.items())


def _line(cell: dict[str, Any]) -> dict[str, Any]:
    unit = "bytes" if cell.get("unit") in ("bytes", "B") else "ns"
    ratio = as_interval(cell.get("ratio"))
    floor, p_value = as_number(cell.get("floor")), as_number(cell.get("p_value"))
    more = as_number(cell.get("more_blocks"))
    confirmed = cell.get("confirmed")
    verdict = said(cell)
    return {
        "contender": clean(cell.get("contender", "")),
        "cell": clean(cell.get("cell", "")),
        "find": clean(cell.get("cell", "")).lower(),
        "verdict": verdict,
        "tone": str(cell.get("verdict")).replace("_", "-"),
        "ratio": tables.number(
            ratio.median,
            f"{format.ratio(ratio.median)} ×",
            verdict in ("worse", "better"),
            figures.limits(ratio.low, ratio.high, "ratio"),
        )
        if ratio
        else None,
        "base": figures.number(cell.get("base_cost"), unit),
        "head": figures.number(cell.get("head_cost"), unit),
        "floor": tables.number(floor, format.percent(floor)) if floor is not None else None,
        "p": tables.number(p_value, "<0.001" if p_value < 0.001 else f"{p_value:.3f}")
        if p_value is not None
        else None,
        "confirmed": {True: "yes", False: "no"}.get(confirmed, "–")
        if isinstance(confirmed, bool)
        else "–",
        "why": clean(cell.get("why") or "")
        + (f" (some {more:g} more blocks would tell)" if more else ""),
    }
