"""The page of the claims: each with its verdict, the figure that it rests on, and why."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..charts.common import count
from ..documents import dicts, texts
from ..model import Run, clean
from . import figures
from .parts import Links

VERDICTS = {
    "holds": "holds",
    "refuted": "refuted",
    "not_separated": "not separated",
    "not_measured": "not measured",
}


def context(run: Run, links: Links, keys: dict[str, str]) -> dict[str, Any]:
    claims = [_claim(claim, run, links, keys) for claim in of(run)]
    return {"claims": claims, "tally": tally(run)}


def of(run: Run) -> list[dict[str, Any]]:
    return dicts(run.documents.get("claims", {}).get("claims"))


def verdict(claim: dict[str, Any]) -> str:
    said = str(claim.get("verdict"))
    return VERDICTS.get(said, clean(said).replace("_", " "))


def tally(run: Run) -> str:
    """`24 claims: 9 hold, 6 refuted, …`"""
    found = Counter(verdict(claim) for claim in of(run))
    words = {"holds": "hold" if found["holds"] != 1 else "holds"}
    known = [*VERDICTS.values(), *sorted(set(found) - set(VERDICTS.values()))]
    parts = [f"{found[name]} {words.get(name, name)}" for name in known if found[name]]
    return f"{count(len(of(run)), 'claim')}: {', '.join(parts)}."


def _claim(claim: dict[str, Any], run: Run, links: Links, keys: dict[str, str]) -> dict[str, Any]:
    details = []
    for detail in dicts(claim.get("details")):
        unit = clean(detail.get("unit") or "")
        value = {
            "median": detail.get("value"),
            "low": detail.get("low"),
            "high": detail.get("high"),
        }
        details.append(
            {
                "label": clean(detail.get("label", "")),
                "figure": figures.interval(value, unit),
                "verdict": VERDICTS.get(
                    str(detail.get("verdict")), clean(detail.get("verdict") or "")
                ),
            }
        )
    return {
        "number": clean(claim.get("number", "")),
        "claim": clean(claim.get("claim", "")),
        "tested_by": clean(claim.get("tested_by", "")),
        "tone": str(claim.get("verdict")).replace("_", "-"),
        "verdict": verdict(claim),
        "figure": figures.figure(claim.get("figure")),
        "explanation": clean(claim.get("explanation") or ""),
        "details": details,
        "with_verdicts": any(detail["verdict"] for detail in details),
        "cells": _cells(texts(claim.get("cells")), run, links, keys),
        "rows": texts(claim.get("rows")),
        "how": clean(claim.get("how_to_measure") or ""),
    }


def _cells(wanted: list[str], run: Run, links: Links, keys: dict[str, str]) -> list[dict[str, str]]:
    """The scenarios that a claim rests on, with the cells of each; those of this run are links."""
    scenarios: dict[str, list[str]] = {}
    for cell in wanted:
        name, _, params = cell.partition(" ")
        scenarios.setdefault(name, []).append(params)
    return [
        {
            "name": name,
            "href": links.page(keys[name]) if name in keys else "",
            "cells": "; ".join(filter(None, params)),
        }
        for name, params in scenarios.items()
    ]
