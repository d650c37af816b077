"""The site of a run: which pages there are, how they are called, and how one leads to another.

report.html is the entrance; the other pages lie in the folder report/. Each is one file that holds
its style, script and charts and asks the network for nothing. Templates place text, the modules in
pages/ choose it. All text from a run passes through Jinja's autoescaping; only our own SVG, style
sheet and script are marked as safe. A content security policy in each page forbids every request
and every script but ours, should something slip through.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import machine, style
from .charts.common import Names
from .draw import Drawn
from .model import Run
from .pages import cells, choice, claims, comparison, memory, overview, scenario
from .pages.parts import Links, filter_of

ENTRANCE = "report.html"
FOLDER = "report"
ONE_FILE = "report_one_file.html"

# With more charts in one file only those for wide screens go in: it would take a phone longer to
# load than it takes its owner to scroll.
_MOST_TWICE = 40

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Page:
    """One page: where it lies, what leads to it, and what its template needs."""

    key: str
    title: str
    template: str
    context: Callable[[Links], dict[str, Any]]
    scenario: bool = False

    @property
    def path(self) -> str:
        return ENTRANCE if self.key == "overview" else f"{FOLDER}/{self.key}.html"


def pages_of(run: Run, drawn: list[Drawn]) -> list[Page]:
    """All pages that the run has something for, in the order of the menu."""

    def of_kind(*kinds: str) -> list[Drawn]:
        return [one for one in drawn if one.chart.kind in kinds]

    names = Names()
    keys = {s.name: f"scenario-{names.make(s.name)}" for s in run.scenarios}
    made = [
        Page(
            "overview",
            "Overview",
            "overview.html.j2",
            lambda links: overview.context(run, of_kind("overview", "heatmap"), links, keys),
        )
    ]
    of_documents: dict[str, tuple[str, Callable[[Links], dict[str, Any]]]] = {
        "comparison": (
            "Comparison",
            lambda links: comparison.context(run, of_kind("comparison"), links),
        ),
        "choice": (
            "Which one to choose",
            lambda links: choice.context(run, of_kind("choice"), links),
        ),
        "claims": ("Claims", lambda links: claims.context(run, links, keys)),
    }
    for name, (title, context) in of_documents.items():
        if name in run.documents:
            made.append(Page(name, title, f"{name}.html.j2", context))
    if run.cells:
        made.append(
            Page(
                "cells",
                "All cells",
                "cells.html.j2",
                lambda links: cells.context(run, of_kind("heatmap"), links, keys),
            )
        )
    if of_kind("memory"):
        made.append(
            Page(
                "memory",
                "Memory",
                "memory.html.j2",
                lambda links: memory.context(run, of_kind("memory"), links),
            )
        )
    for number, one in enumerate(run.scenarios):
        own = [d for d in drawn if d.chart.scenario == one.name]
        made.append(
            Page(
                keys[one.name],
                one.name,
                "scenario.html.j2",
                lambda links, number=number, own=own: scenario.context(
                    run, number, own, links, keys
                ),
                scenario=True,
            )
        )
    return made


def render(run: Run, drawn: list[Drawn]) -> dict[str, str]:
    """Every page as text, by its path in the run's folder."""
    pages = pages_of(run, drawn)
    return {page.path: _layout(run, pages, [page], Links(page.key)) for page in pages}


def render_one_file(run: Run, drawn: list[Drawn]) -> str:
    """All pages below each other as one file, which can be mailed."""
    if len(drawn) > _MOST_TWICE:
        drawn = [Drawn(one.chart, one.wide, "", one.files) for one in drawn]
    pages = pages_of(run, drawn)
    return _layout(run, pages, pages, Links(None))


def _layout(run: Run, pages: list[Page], shown: list[Page], links: Links) -> str:
    environment = _environment()
    script = "\n" + (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    parts = [
        (page, Markup(environment.get_template(page.template).render(page.context(links))))
        for page in shown
    ]
    first = shown[0]
    return environment.get_template("layout.html.j2").render(
        run=run,
        title=first.title,
        entrance=first.key == "overview",
        here=None if links.one_file else first.key,
        headline=overview.headline(run),
        machine_line=machine.headline(run),
        noise_line=machine.noise_line(run),
        when_line=machine.when_line(run),
        light=Markup(_variables(style.LIGHT)),
        dark=Markup(_variables(style.DARK)),
        css=Markup((_TEMPLATES / "style.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=Markup(f"sha256-{digest}"),
        parts=parts,
        general=[page for page in pages if not page.scenario],
        scenarios=[page for page in pages if page.scenario],
        filter=filter_of(run),
        links=links,
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        lstrip_blocks=False,
        keep_trailing_newline=True,
    )


def _variables(theme: dict[str, str]) -> str:
    return " ".join(f"--{role}: {colour};" for role, colour in theme.items())
