"""The charts of a run, in the order in which the page shows them."""

from __future__ import annotations

from ..load import Run
from . import heatmap, latency, memory, overview, throughput
from .common import Chart, Names


def all_charts(run: Run) -> list[Chart]:
    """Lays out every chart that the run has data for."""
    names = Names()
    return [
        chart
        for kind in (overview, heatmap, throughput, latency, memory)
        for chart in kind.charts(run, names)
    ]
