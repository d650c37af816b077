"""A sheet of paper measured in pixels, on which a chart is laid out once and rendered in every
theme.

Charts here are mostly labels, so layout decides whether they can be read. matplotlib's own layout
guesses margins; this one measures every label before it places it. What is drawn is kept as a list
of strokes in roles, and turned into a matplotlib figure per theme and format.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from xml.sax.saxutils import escape

import matplotlib

matplotlib.use("Agg")

from matplotlib import rcParams  # noqa: E402
from matplotlib.artist import Artist  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.font_manager import FontProperties  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Polygon, Rectangle  # noqa: E402
from matplotlib.text import Text  # noqa: E402
from matplotlib.textpath import text_to_path  # noqa: E402
from matplotlib.transforms import Affine2D  # noqa: E402

from . import style  # noqa: E402

Theme = dict[str, str]
Stroke = Callable[["Sheet", Theme], None]
_TAG = "tag:"

# A missing glyph (say, a name in another script) is drawn as a box in PNG and is right in SVG; a
# warning per label would only bury what the user should read.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

_SETTINGS = {
    "font.family": [style.FONT],
    "svg.fonttype": "none",  # Text stays text: searchable, selectable, and a tenth of the size.
    "svg.hashsalt": "regatta",  # Otherwise ids in the SVG are random and no two plots are the same.
    "text.parse_math": False,  # A name with two dollar signs is a name.
    "path.simplify": False,
    "hatch.linewidth": 0.9,
}


@lru_cache(maxsize=65536)
def text_width(text: str, size: float = 11, bold: bool = False) -> float:
    """The width in pixels that `text` takes."""
    font = FontProperties(family=style.FONT, size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)


def shorten(
    text: str, width: float, size: float = 11, bold: bool = False, at_end: bool = False
) -> str:
    """`text`, or as much as fits into `width`: of its two ends, since variants differ there, or of
    its start.
    """
    if text_width(text, size, bold) <= width:
        return text
    for keep in range(len(text) - 1, 1, -1):
        head = keep if at_end else (keep + 1) // 2
        short = text[:head].rstrip() + "…" + text[len(text) - (keep - head) :].lstrip()
        if text_width(short, size, bold) <= width:
            return short
    return "…"


def wrap(
    text: str, width: float, size: float = 11, bold: bool = False, separator: str = " "
) -> list[str]:
    """Breaks `text` at separators so that each line fits; a word that is too long is shortened."""
    lines: list[str] = []
    for word in text.split(separator):
        joined = lines[-1] + separator + word if lines else word
        if lines and text_width(joined, size, bold) <= width:
            lines[-1] = joined
        else:
            if lines:
                lines[-1] += separator.rstrip()
            lines.append(shorten(word, width, size, bold))
    return lines


@dataclass
class Canvas:
    """A sheet `width` × `height` pixels, y downwards. Colours are roles of style.LIGHT and
    style.DARK.
    """

    width: float
    height: float = 0
    strokes: list[tuple[str, Stroke]] = field(default_factory=list)
    _tags: list[str] = field(default_factory=list)
    _drawn: str | None = None

    @contextmanager
    def about(self, *tags: str) -> Iterator[None]:
        """What is drawn within is of a row or a cell: a page can find it by these classes."""
        self._tags += tags
        yield
        del self._tags[len(self._tags) - len(tags) :]

    def _keep(self, stroke: Stroke) -> None:
        self.strokes.append((" ".join(self._tags), stroke))

    def line(
        self,
        points: Sequence[tuple[float, float]],
        role: str,
        width: float = 1,
        dash: tuple[float, ...] = (),
        opacity: float = 1,
        layer: int = 2,
        round_ends: bool = False,
    ) -> None:
        def draw(sheet: Sheet, theme: Theme) -> None:
            xs, ys = zip(*points)
            line = Line2D(
                xs,
                ys,
                color=theme[role],
                linewidth=width,
                alpha=opacity,
                zorder=layer,
                solid_capstyle="round" if round_ends else "butt",
                solid_joinstyle="round",
                linestyle=(0, dash) if dash else "solid",
            )
            sheet.add(line)

        self._keep(draw)

    def rectangle(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        role: str | None,
        edge: str | None = None,
        hatch: str | None = None,
        opacity: float = 1,
        layer: int = 1,
        edge_width: float = 1,
    ) -> None:
        """A box; with `hatch`, its lines take the colour `edge` and no outline is drawn."""

        def draw(sheet: Sheet, theme: Theme) -> None:
            sheet.add(
                Rectangle(
                    (x, y),
                    width,
                    height,
                    facecolor=theme[role] if role else "none",
                    edgecolor=theme[edge] if edge else "none",
                    hatch=hatch,
                    linewidth=0 if hatch or not edge else edge_width,
                    alpha=opacity,
                    zorder=layer,
                )
            )

        self._keep(draw)

    def area(
        self, points: Sequence[tuple[float, float]], role: str, opacity: float = 1, layer: int = 1
    ) -> None:
        def draw(sheet: Sheet, theme: Theme) -> None:
            sheet.add(
                Polygon(
                    points,
                    closed=True,
                    facecolor=theme[role],
                    edgecolor="none",
                    alpha=opacity,
                    zorder=layer,
                )
            )

        self._keep(draw)

    def mark(
        self,
        x: float,
        y: float,
        role: str,
        marker: str = "o",
        size: float = 7,
        hollow: bool = False,
        opacity: float = 1,
        layer: int = 4,
    ) -> None:
        self.marks([(x, y)], role, marker, size, hollow, opacity, layer)

    def marks(
        self,
        points: Sequence[tuple[float, float]],
        role: str,
        marker: str = "o",
        size: float = 7,
        hollow: bool = False,
        opacity: float = 1,
        layer: int = 4,
    ) -> None:
        """Many marks of one kind, as one stroke."""

        def draw(sheet: Sheet, theme: Theme) -> None:
            xs, ys = zip(*points)
            sheet.add(
                Line2D(
                    xs,
                    ys,
                    linestyle="none",
                    marker=marker,
                    markersize=size,
                    alpha=opacity,
                    markerfacecolor=theme["paper"] if hollow else theme[role],
                    markeredgecolor=theme[role],
                    markeredgewidth=1.4 if hollow else 0.6,
                    zorder=layer,
                )
            )

        self._keep(draw)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        role: str = "ink",
        size: float = 11,
        bold: bool = False,
        align: str = "left",
        layer: int = 5,
        rotation: float = 0,
    ) -> None:
        """One line of text whose middle is at height `y`; never more, since lines are anchored one
        by one.
        """

        def draw(sheet: Sheet, theme: Theme) -> None:
            # Baselines, not boxes, are aligned: "gap" and "on" then stand on one line.
            sheet.add(
                Text(
                    x,
                    y + size * 0.36,
                    text,
                    color=theme[role],
                    fontsize=size,
                    ha=align,
                    va="baseline",
                    weight="bold" if bold else "normal",
                    zorder=layer,
                    rotation=rotation,
                    rotation_mode="anchor",
                )
            )

        self._keep(draw)

    def _save(self, theme: Theme, kind: str, **options: object) -> bytes:
        out = io.BytesIO()
        with matplotlib.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            matplotlib.rcdefaults()
            rcParams.update(_SETTINGS)
            sheet = Sheet(self.width, self.height, theme)
            for sheet.tag, stroke in self.strokes:
                stroke(sheet, theme)
            # Not the date, not the version: the same run gives the same bytes.
            metadata = (
                {"Software": None}
                if kind == "png"
                else {"Date": None, "Creator": None, "Format": None, "Type": None}
            )
            sheet.figure.savefig(out, format=kind, metadata=metadata, **options)
        return out.getvalue()

    def png(self, theme: Theme) -> bytes:
        """Two device pixels per pixel, for screens that have them."""
        # Flat colours pack well however little time is spent on them.
        return self._save(theme, "png", dpi=144, pil_kwargs={"compress_level": 3})

    def _svg(self) -> str:
        """The drawing in the colours of the light theme, from which all others are made."""
        if self._drawn is None:
            self._drawn = _tidy(self._save(style.LIGHT, "svg").decode("utf-8"))
        return self._drawn

    def svg(self, theme: Theme, title: str, description: str) -> bytes:
        """A file of its own, with fonts to fall back on and a title for those who cannot see it."""

        def dressed(tag: str) -> str:
            tag = tag.replace(f"'{style.FONT}'", f"'{style.FONT}', Verdana, sans-serif")
            return _recolour(tag, theme)

        text = _entitle(_tags(self._svg(), dressed), title, description)
        return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()

    def inline_svg(self, prefix: str, title: str, description: str) -> str:
        """An element for a page: colours are CSS variables, the font is the page's own.

        `prefix` keeps its ids apart from those of the page's other charts.
        """
        variables = {role: f"var(--{role})" for role in style.LIGHT}

        def dressed(tag: str) -> str:
            tag = re.sub(r'\b(id="|url\(#|href="#)', rf"\g<1>{prefix}-", tag)
            tag = _recolour(tag, variables).replace(f"'{style.FONT}'", "var(--sans)")
            return re.sub(r'(<svg [^>]*?)width="[^"]*" height="[^"]*"', r"\1", tag)

        # A style element would reach out of its chart: the page's own style sheet says the same.
        svg = re.sub(r"<defs>\s*<style[^<]*</style>\s*</defs>\s*", "", self._svg())
        return _entitle(_tags(svg, dressed), title, description)


class Sheet:
    """A matplotlib figure without axes, on which one unit is one pixel and y points down."""

    def __init__(self, width: float, height: float, theme: Theme) -> None:
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor=theme["paper"])
        self.tag = ""
        flipped = Affine2D().scale(1 / 72, -1 / 72).translate(0, height / 72)
        self._pixels = flipped + self.figure.dpi_scale_trans

    def add(self, artist: Artist) -> None:
        artist.set_transform(self._pixels)
        if self.tag:
            artist.set_gid(_TAG + self.tag)
        # Everything lies on the sheet, where a clip path each would only fatten the file.
        self.figure.add_artist(artist, clip=False)


_ROLES = {colour: role for role, colour in style.LIGHT.items()}


def _recolour(tag: str, colours: Mapping[str, str]) -> str:
    return re.sub(
        "#[0-9a-f]{6}",
        lambda m: colours[_ROLES[m.group()]] if m.group() in _ROLES else m.group(),
        tag,
    )


def _tags(svg: str, change: Callable[[str], str]) -> str:
    """Applies `change` to markup only: a name or a number between tags stays as it is."""
    return re.sub(r"<[^<>]+>", lambda m: change(m.group()), svg)


def _tidy(svg: str) -> str:
    """Keeps of matplotlib's SVG what draws."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.S)

    def tidied(tag: str) -> str:
        if tag.startswith(f'<g id="{_TAG}'):
            return tag.replace(f'id="{_TAG}', 'class="')
        if tag.startswith("<g id="):
            return "<g>"
        tag = re.sub(r' transform="rotate\(-?0 [^"]*"', "", tag)
        tag = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', tag)  # pixels, as it was laid out
        return re.sub(r"\s*\n\s*", " ", re.sub(r"(\d+\.\d{2})\d+", r"\1", tag)).replace(' "', '"')

    svg = _tags(svg, tidied)
    svg = re.sub(r"<g>\s*(<(?:path|use)\b[^<>]*/>|<text\b[^<>]*>[^<>]*</text>)\s*</g>", r"\1", svg)
    svg = re.sub(
        r'<g( class="[^"]*")>\s*<(path|text)\b([^<>]*(?:/>|>[^<>]*</text>))\s*</g>', r"<\2\1\3", svg
    )
    return re.sub(r"\n\s+", "\n", svg).replace("<svg ", '<svg role="img" ', 1)


def _entitle(svg: str, title: str, description: str) -> str:
    head = svg.index(">") + 1
    said = f"\n<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>"
    return svg[:head] + said + svg[head:]
