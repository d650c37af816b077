"""What pages share: links to each other, charts with their values, the filter, the heat table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from .. import format, style, tables
from ..charts import behind
from ..charts.heatmap import Line
from ..draw import Drawn
from ..model import Row, Run, Scenario, clean

# A page shows so many lines of the values behind a chart; its file has all.
MOST_LINES = 400


@dataclass(frozen=True)
class Links:
    """Leads from the page `here` to others; from None, where all pages are one file."""

    here: str | None

    @property
    def one_file(self) -> bool:
        return self.here is None

    def page(self, key: str, anchor: str = "") -> str:
        """The address of a page, or of a place on it."""
        if self.here is None or (key == self.here and anchor):
            return f"#{anchor or f'page-{key}'}"
        end = f"#{anchor}" if anchor else ""
        if self.here == "overview":
            return ("report.html" if key == "overview" else f"report/{key}.html") + end
        return ("../report.html" if key == "overview" else f"{key}.html") + end

    def file(self, path: str) -> str:
        """The address of a file in the run's folder; one that is mailed alone has none beside."""
        if self.here is None:
            return ""
        return path if self.here == "overview" else f"../{path}"


def figure(drawn: Drawn, links: Links) -> dict[str, Any]:
    """A chart in both widths, the values behind it, and its files."""
    chart = drawn.chart
    values = chart.values
    shown = [line for line in values.lines if line.brief]
    most = len(values.lines) if links.one_file else MOST_LINES
    rows = {tag for line in values.lines for tag in line.tags.split() if tag.startswith("k")}
    return {
        "id": f"chart-{chart.name}",
        "title": chart.title,
        "wide": Markup(drawn.wide),
        "narrow": Markup(drawn.narrow) if drawn.narrow else None,
        "rows": " ".join(sorted(rows)),
        "scenario": chart.scenario,
        "columns": [
            {"name": name, "number": _is_number(shown, column)}
            for column, name in enumerate(values.columns)
        ],
        "lines": [
            {"tags": line.tags, "cells": [behind.plain(value) for value in line.values]}
            for line in shown[:most]
        ],
        "count": len(values.lines),
        "left_out": len(values.lines) - len(shown[:most]),
        "files": [
            {"href": links.file(f"charts/{name}"), "name": name, "kind": _kind(name)}
            for name in drawn.files
            if not links.one_file
        ],
    }


def _kind(name: str) -> str:
    ending = name.rsplit(".", 1)[1].upper()
    return f"{ending} dark" if name.rsplit(".", 1)[0].endswith("_dark") else ending


def _is_number(lines: list[behind.Line], column: int) -> bool:
    values = [line.values[column] for line in lines if line.values[column] is not None]
    return bool(values) and not any(isinstance(value, str) for value in values)


def filter_of(run: Run) -> dict[str, Any]:
    """Who can be chosen, by language, and what cells are found by."""
    groups: dict[str, list[dict[str, Any]]] = {}
    # Languages first: paths and the machine are compared with nobody of them.
    for row in sorted(run.rows, key=lambda row: row.subject != "runtime"):
        if row.skipped is None:
            head = tables.row_head(row) | {"tag": row.tag, "name": row.name}
            groups.setdefault(kind_of(row), []).append(head)
    return {
        "groups": [{"name": name, "rows": rows} for name, rows in groups.items()],
        "rows": sum(len(rows) for rows in groups.values()),
        "cells": json.dumps(
            {c.tag: found_by(s, s.label(c)) for s in run.scenarios for c in s.cells},
            ensure_ascii=False,
        ),
    }


_LANGUAGES = {"c++": "C++", "javascript": "JavaScript"}


def kind_of(row: Row) -> str:
    """What a row is listed under: its language; paths and the machine are no runtimes."""
    if row.subject != "runtime":
        return {"path": "Paths", "machine": "The machine"}[row.subject]
    language = str(row.hello.get("language") or "Language unknown")
    language = clean(language)
    return _LANGUAGES.get(language.lower(), language[:1].upper() + language[1:])


def found_by(scenario: Scenario, label: str = "") -> str:
    """What the search looks at: names without signs in them, in small letters."""
    every = label or " ".join(scenario.label(cell) for cell in scenario.cells)
    return f"{scenario.name} {every}".replace("·", " ").lower()


def heat_table(rows: list[Row], lines: list[Line], heads: list[dict[str, Any]]) -> dict[str, Any]:
    """The heat map as a table: `heads` says of each line where it leads and what finds it."""
    made = []
    for line, head in zip(lines, heads):
        fields = []
        for row, one in zip(rows, line.fields):
            role = ("heat_tie" if one.tied else style.heat_role(one.ratio)) if one.ratio else ""
            fields.append(
                {
                    "tags": row.tag,
                    "value": f"{one.ratio:.9g}" if one.ratio else "",
                    "text": ("≈ " if one.tied and not one.best else "") + format.ratio(one.ratio)
                    if one.ratio
                    else one.why,
                    "heat": role,
                    "deep": bool(role) and style.heat_ink(role) == "heat_ink_deep",
                    "best": one.best,
                }
            )
        made.append(
            {
                "heading": "",
                "label": line.label,
                "note": line.note,
                "strong": line.strong,
                "apart": line.apart,
                "tag": line.tag,
                "fields": fields,
            }
            | head
        )
    return {
        "rows": [tables.row_head(row) | {"tag": row.tag} for row in rows],
        "lines": made,
        "key": [{"heat": f"heat{i}", "text": f"≤ {u:g}"} for i, u in enumerate(style.HEAT_STEPS, 1)]
        + [{"heat": f"heat{len(style.HEAT_STEPS) + 1}", "text": f"> {style.HEAT_STEPS[-1]:g}"}],
    }


def tie(size: int) -> str:
    """What stands below a rank that several share."""
    return f"tie of {size}" if size > 1 else ""
