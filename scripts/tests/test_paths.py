"""Paths in a report: charts and tables of their own, and never among runtimes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import synthetic_catalogue
import synthetic_paths
from test_report import edit_summary, page_of

from regatta_report import charts, load


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Paths beside three runtimes."""
    folder = tmp_path_factory.mktemp("paths") / "run"
    synthetic_catalogue.make(folder, rows=3, blocks=2, only=("wake", "memory"))
    synthetic_paths.add(folder)
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Paths and nobody else."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    synthetic_catalogue.make(folder, rows=1, blocks=2, only=("wake",), twin=False)
    edit_summary(
        folder, lambda s: s.update(rows=[], cells=[], scenarios=[], geometric_means=[], noise=None)
    )
    (folder / "samples.jsonl").write_text("", encoding="utf-8")
    synthetic_paths.add(folder)
    return folder


def words_of(chart: charts.Chart) -> str:
    from regatta_report import style

    return chart.wide.svg(style.THEMES["light"], chart.title, chart.description).decode("utf-8")


def test_runtimes_and_paths_are_never_in_one_chart(run):
    loaded = load.load(run)
    seen = {chart.name: words_of(chart) for chart in charts.all_charts(loaded)}
    for name, text in seen.items():
        if name.startswith("floor"):
            continue
        assert not ("path/nginx" in text and "single_threaded" in text), name
    assert any("path/nginx" in text for text in seen.values())
    assert len([name for name in seen if name.startswith("heatmap")]) >= 1


def test_paths_have_charts_of_requests_cpu_time_load_and_memory(run):
    names = {chart.name for chart in charts.all_charts(load.load(run))}
    assert {
        "paths_requests",
        "paths_cpu",
        "latency_load_path_requests",
        "latency_load_path_latency",
        "path_memory_slope",
    } <= names


def test_the_way_without_a_proxy_has_no_cpu_time(run):
    seen = {chart.name: words_of(chart) for chart in charts.all_charts(load.load(run))}
    assert "path/direct" in seen["paths_requests"]
    assert "path/direct" not in seen["paths_cpu"]


def test_a_row_that_cannot_bear_a_load_is_no_point_and_no_rank(run):
    loaded = load.load(run)
    scenario = next(s for s in loaded.scenarios if s.name == "path_latency")
    slow = next(row for row in loaded.rows if row.name == "path/haproxy")
    results = {cell.sizes["per_s"]: cell.of(slow) for cell in scenario.cells}
    assert results[20_000].saturated and not results[5_000].saturated
    assert results[20_000].ratio is None
    assert "saturated" in page_of(run)[0]


def test_the_page_says_what_a_proxy_adds(run):
    text, _ = page_of(run)
    assert "over the way without a proxy" in text
    assert "+40 %" in text


def test_paths_are_ranked_in_a_list_of_their_own(run):
    first, paths = load.load(run).views()
    assert {s.row.subject for s in first.overall.standings} == {"runtime"}
    assert [s.row.name for s in paths.overall.standings][0] == "path/direct"


def test_a_run_of_paths_alone_is_about_paths(alone):
    loaded = load.load(alone)
    assert loaded.compared == "path"
    assert [row.name for row in loaded.measured_rows] == list(synthetic_paths.WAYS)
    assert loaded.views() == [loaded]
    names = {chart.name for chart in charts.all_charts(loaded)}
    assert any(name.startswith("overview") for name in names)
    assert any(name.startswith("heatmap") for name in names)
    assert "First over all cells: path/direct" in page_of(alone)[0]


def test_of_two_cells_for_the_same_clients_the_one_with_more_requests_is_drawn(run):
    from regatta_report.charts import common, paths

    loaded = next(view for view in load.load(run).views() if view.compared == "path")
    scenario = next(s for s in loaded.scenarios if s.name == paths.SCENARIO)
    twice = [cell for cell in scenario.cells if cell.sizes["clients"] == 64]
    for cell in twice:
        longer = dataclasses.replace(cell, sizes=cell.sizes | {"requests": 10_000})
        scenario.cells.insert(0, longer)
    panels = paths._panels(scenario, common.rivals(loaded), paths.MEASURES[0])
    for cells in panels.values():
        assert [cell.sizes["clients"] for cell in cells] == [1, 64, 500]
        assert cells[1].sizes["requests"] == 10_000
