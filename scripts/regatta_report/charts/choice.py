"""Which one to choose: the ranking of each profile, with intervals, ties in one group."""

from __future__ import annotations

from typing import Any

from ..canvas import Canvas
from ..documents import dicts
from ..model import Interval, Run, clean
from ..values import as_interval, as_number
from . import behind, common, forest
from .common import Chart, Names


def charts(run: Run, names: Names) -> list[Chart]:
    made = []
    for profile in dicts(run.documents.get("choice", {}).get("profiles")):
        ranking = ranking_of(profile)
        if not ranking:
            continue
        name = clean(profile.get("profile", ""))
        title = f"For {name}: weighted cost, as a multiple of the first"
        made.append(
            Chart(
                names.make(f"choice_{name}"),
                "choice",
                None,
                title,
                f"Score of each row for the profile {name}, with intervals, grouped where rows "
                "are not separated.",
                _draw(run, profile, ranking, title, common.WIDE, common.WIDE_MARGIN),
                _draw(run, profile, ranking, title, common.NARROW, common.NARROW_MARGIN),
                _values(ranking),
            )
        )
    return made


def ranking_of(profile: dict[str, Any]) -> list[tuple[int, dict[str, Any], Interval]]:
    """Rank, row and score, in their order."""
    return [
        (int(as_number(group.get("rank")) or 0), row, score)
        for group in dicts(profile.get("ranking"))
        for row in dicts(group.get("rows"))
        if (score := as_interval(row.get("score")))
    ]


def _draw(
    run: Run,
    profile: dict[str, Any],
    ranking: list[tuple[int, dict[str, Any], Interval]],
    title: str,
    width: float,
    margin: float,
) -> Canvas:
    canvas, y = common.begin(
        width,
        title,
        [
            "Weighted geometric mean of the ratios within each block; less is better. Rows of one "
            "rank are not separated.",
        ],
        margin,
    )
    known = {row.name: row for row in run.rows}
    entries = []
    for rank, found, score in ranking:
        name = clean(found.get("row", ""))
        row = known.get(name)
        entries.append(
            forest.Entry(
                name,
                score,
                str(rank),
                common.role(row) if row else "ink",
                common.marker(row) if row else "o",
                common.hollow(row) if row else False,
                rank == 1,
                row.tag if row else "",
            )
        )
    floor = as_number(profile.get("noise_floor"))
    y = forest.draw(canvas, entries, y, margin, floor, "noise floor of these cells")
    return common.finish(canvas, run, y + 2, margin)


def _values(ranking: list[tuple[int, dict[str, Any], Interval]]) -> behind.Values:
    return behind.Values(
        ["rank", "row", "score", "low", "high", "confidence"],
        [
            behind.Line(
                [
                    rank,
                    clean(row.get("row", "")),
                    score.median,
                    score.low,
                    score.high,
                    score.confidence,
                ]
            )
            for rank, row, score in ranking
        ],
    )
