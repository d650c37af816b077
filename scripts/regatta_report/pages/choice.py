"""The page of the choice: for each profile a ranking in groups, with reasons and limits."""

from __future__ import annotations

from typing import Any

from .. import format, tables
from ..charts.choice import ranking_of
from ..charts.common import count
from ..documents import dicts, texts
from ..draw import Drawn
from ..model import Row, Run, clean
from ..values import as_number
from . import figures
from .parts import Links, figure, tie


def context(run: Run, drawn: list[Drawn], links: Links) -> dict[str, Any]:
    document = run.documents["choice"]
    rows = {row.name: row for row in run.rows}
    charts = {one.chart.name: figure(one, links) for one in drawn}
    profiles = []
    for number, profile in enumerate(dicts(document.get("profiles"))):
        profiles.append(_profile(profile, number, rows, charts))
    properties, columns = _properties(dicts(document.get("properties")), rows)
    return {"profiles": profiles, "properties": properties, "columns": columns}


def head(name: str, rows: dict[str, Row]) -> dict[str, Any]:
    """The head of a line about a row; one that the run does not know has no colour."""
    row = rows.get(name)
    if row is not None:
        return tables.row_head(row) | {"tag": row.tag}
    return {"label": name, "parts": [name], "slot": "", "hollow": True, "tag": ""}


def first_of(profile: dict[str, Any]) -> list[str]:
    """The rows of the first rank."""
    ranking = ranking_of(profile)
    return [clean(row.get("row", "")) for rank, row, _ in ranking if rank == ranking[0][0]]


def _profile(
    profile: dict[str, Any], number: int, rows: dict[str, Row], charts: dict[str, Any]
) -> dict[str, Any]:
    name = clean(profile.get("profile", ""))
    ranking = ranking_of(profile)
    sizes: dict[int, int] = {}
    for rank, _, _ in ranking:
        sizes[rank] = sizes.get(rank, 0) + 1
    lines, previous = [], None
    for rank, row, score in ranking:
        lines.append(
            {
                "row": head(clean(row.get("row", "")), rows),
                "rank": tables.number(rank, str(rank), rank == 1, tie(sizes[rank])),
                "first": rank != previous,
                "score": tables.number(
                    score.median,
                    f"{format.ratio(score.median)} ×",
                    rank == 1,
                    figures.limits(score.low, score.high, "ratio"),
                ),
                "reasons": texts(row.get("reasons")),
            }
        )
        previous = rank
    first = first_of(profile)
    verdict = ""
    if first:
        verdict = tables.some(first) + (
            ", which this run cannot tell apart" if len(first) > 1 else ""
        )
    own = [f for key, f in charts.items() if f["title"].startswith(f"For {name}: ")]
    return {
        "id": f"profile-{number}",
        "name": name,
        "description": clean(profile.get("description") or ""),
        "verdict": verdict,
        "charts": own[:1],
        "lines": lines,
        "weights": [
            {
                "group": clean(weight.get("group", "")),
                "weight": figures.number(weight.get("weight"), "share"),
                "cells": texts(weight.get("cells")),
                "count": count(len(texts(weight.get("cells"))), "cell"),
                "why": clean(weight.get("why") or ""),
                "missing": weight.get("missing") is True,
            }
            for weight in dicts(profile.get("weights"))
        ],
        "dominated": [
            {
                "row": head(clean(one.get("row", "")), rows),
                "by": clean(one.get("by", "")),
                "because": clean(one.get("because", "")),
            }
            for one in dicts(profile.get("dominated"))
        ],
        "unranked": [
            {"row": head(clean(one.get("row", "")), rows), "why": clean(one.get("why", ""))}
            for one in dicts(profile.get("unranked"))
        ],
        "would_change": texts(profile.get("would_change")),
        "cannot_tell": texts(profile.get("cannot_tell")),
    }


_COLUMNS = [
    ("scheduling", "Scheduling", "", ""),
    ("io", "I/O", "", ""),
    ("language", "Language", "", ""),
    ("version", "Version", "", ""),
    ("threads", "Threads", "", ""),
    ("binary_bytes", "Smallest program", "stripped, with libraries", "bytes"),
    ("startup_ns", "Start-up", "exec to exit", "ns"),
    ("task_bytes", "A waiting task", "resident bytes", "bytes"),
    ("maturity", "Maturity", "", ""),
]


def _properties(
    entries: list[dict[str, Any]], rows: dict[str, Row]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    shown = [c for c in _COLUMNS if any(entry.get(c[0]) not in (None, "") for entry in entries)]
    lines = []
    for entry in entries:
        cells: list[dict[str, Any]] = []
        for key, _, _, unit in shown:
            value = entry.get(key)
            if unit:
                cells.append({"number": figures.number(value, unit)})
            else:
                number = as_number(value)
                text = f"{number:g}" if number is not None else clean(value or "")
                cells.append({"text": text})
        lines.append({"row": head(clean(entry.get("row", "")), rows), "cells": cells})
    return lines, [{"name": name, "note": note, "unit": unit} for _, name, note, unit in shown]
