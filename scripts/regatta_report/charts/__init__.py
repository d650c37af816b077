"""The charts of a run, in the order in which the page shows them."""

from __future__ import annotations

from ..model import Run
from . import (
    choice,
    comparison,
    floor,
    footprint,
    heatmap,
    latency,
    latency_load,
    memory,
    memory_slope,
    overview,
    paths,
    scaling,
    tail,
    throughput,
    timers,
)
from .common import Chart, Names

# What is drawn for one scenario only says more than what is drawn for all, and comes first.
KINDS = (
    overview,
    heatmap,
    floor,
    footprint,
    scaling,
    memory_slope,
    timers,
    paths,
    latency_load,
    throughput,
    tail,
    latency,
    memory,
    comparison,
    choice,
)


def all_charts(run: Run) -> list[Chart]:
    """Lays out every chart that the run has data for."""
    names = Names()
    first, *others = run.views()
    charts = [chart for kind in KINDS for chart in kind.charts(first, names)]
    # One picture of all is enough for a page, and the machine's floor is the same for everybody.
    rest = [kind for kind in KINDS if kind not in (overview, heatmap, floor, comparison, choice)]
    return charts + [c for view in others for kind in rest for c in kind.charts(view, names)]
