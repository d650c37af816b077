"""The charts of a run, in the order in which the page shows them."""

from __future__ import annotations

from ..load import Run
from . import (
    floor,
    footprint,
    heatmap,
    latency,
    latency_load,
    memory,
    memory_slope,
    overview,
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
    latency_load,
    throughput,
    tail,
    latency,
    memory,
)


def all_charts(run: Run) -> list[Chart]:
    """Lays out every chart that the run has data for."""
    names = Names()
    return [chart for kind in KINDS for chart in kind.charts(run, names)]
