"""The numbers behind a chart: what it draws, unrounded, with units in the names of columns.

A page shows them folded below the chart; beside the chart's files they lie as CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..model import Cell, Interval, Result, Row, clean

Field = tuple[str, Callable[[Result], Any]]


@dataclass(frozen=True)
class Line:
    """The values of one mark or curve; `tags` are those of the row and the cell that it is of."""

    values: list[str | float | None]
    tags: str = ""
    brief: bool = True  # whether a page shows it; the file has all


@dataclass(frozen=True)
class Values:
    """A table of plain numbers."""

    columns: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def csv(self) -> bytes:
        """As RFC 4180 has it, in UTF-8; numbers in the shortest form that reads back the same."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.columns)
        for line in self.lines:
            writer.writerow([plain(value, exact=True) for value in line.values])
        return out.getvalue().encode("utf-8")


def plain(value: str | float | None, exact: bool = False) -> str:
    """A number without false zeros; what is unknown is empty. A text that a
    spreadsheet would take for a formula is kept from being one.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if exact and value[:1] in ("=", "+", "-", "@") else value
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(float(value)) if exact else f"{value:.6g}"


def interval(name: str, of: Callable[[Result], Interval | None]) -> list[Field]:
    """The columns of an interval: median, limits, and how much the limits cover."""

    def part(key: str) -> Callable[[Result], Any]:
        return lambda result: getattr(found, key) if (found := of(result)) else None

    return [
        (name, part("median")),
        ("low", part("low")),
        ("high", part("high")),
        ("confidence", part("confidence")),
    ]


def results(cells: Iterable[Cell], rows: Iterable[Row], fields: list[Field]) -> Values:
    """A line for each row in each cell that it was asked for: measured, or the outcome and why."""
    everybody = list(rows)
    return Values(
        ["cell", "row", *(name for name, _ in fields), "outcome", "reason"],
        [
            Line(
                [
                    clean(cell.key),
                    row.label,
                    *(get(result) if result.ok else None for _, get in fields),
                    result.outcome,
                    result.reason,
                ],
                f"{row.tag} {cell.tag}",
            )
            for cell in cells
            for row in everybody
            if (result := cell.of(row))
        ],
    )


def blocks(of: Callable[[Result], Iterable[float]]) -> Field:
    """What each block gave, in their order."""
    return (
        "of each block",
        lambda result: " ".join(plain(value, exact=True) for value in of(result)),
    )


RATE = interval("operations per second", lambda r: r.throughput)
COST_NS = interval("ns per operation", lambda r: r.cost)
COST_BYTES = interval("bytes", lambda r: r.cost)
QUANTILES: list[Field] = [
    (f"{label} latency in ns", lambda result, key=key: result.percentiles.get(key))
    for key, label in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"), ("max", "greatest"))
]
