"""Charts and tables of the scenarios that need their own: what they show, and for how many rows."""

from __future__ import annotations

import itertools
import json
import math
import random
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import synthetic_catalogue
from test_report import Page, edit_summary, page_of

from regatta_report import canvas, charts, format, load, model, style
from regatta_report.charts import common, curves
from regatta_report.charts.common import Scale


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rows on two processors."""
    folder = tmp_path_factory.mktemp("few") / "run"
    synthetic_catalogue.make(folder, rows=6, blocks=3)
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four rows on eight processors, up to sixteen threads."""
    folder = tmp_path_factory.mktemp("many") / "run"
    threads = (1, 2, 3, 4, 6, 8, 12, 16)
    synthetic_catalogue.make(folder, rows=24, blocks=2, processors=8, threads=threads)
    return folder


@pytest.fixture
def part(tmp_path: Path) -> Callable[..., Path]:
    """Writes a run of a few rows over some scenarios only, which is quickly reported."""

    def make(*only: str) -> Path:
        synthetic_catalogue.make(tmp_path / "part", rows=3, blocks=2, only=only)
        return tmp_path / "part"

    return make


def copy_of(run: Path, to: Path) -> Path:
    to.mkdir()
    for path in run.iterdir():
        if path.is_file():
            (to / path.name).write_bytes(path.read_bytes())
    return to


@lru_cache(maxsize=8)
def drawn(run: Path) -> dict[str, charts.Chart]:
    return {chart.name: chart for chart in charts.all_charts(load.load(run))}


page = lru_cache(maxsize=2)(page_of)


def texts(chart: charts.Chart, sheet: str = "wide") -> list[str]:
    svg = getattr(chart, sheet).svg(style.LIGHT, "", "").decode()
    return [
        re.sub(r"\s+", " ", text).replace("&lt;", "<").replace("&gt;", ">").strip()
        for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    ]


def said(chart: charts.Chart) -> str:
    return " ".join(texts(chart))


def traits(count: int) -> list[synthetic_catalogue.Traits]:
    return [synthetic_catalogue.traits_of(number) for number in range(count)]


# Which charts there are


def test_each_scenario_has_its_chart(few):
    names = drawn(few).keys()
    assert {
        "scaling_compute",
        "scaling_skynet",
        "memory_slope",
        "timers_growth",
        "latency_load_echo",
        "tail_echo",
        "tail_wake",
        "tail_fairness",
        "latency_wake",
        "footprint",
        "floor",
        "bytes_memory",
        "bytes_binary_size",
        "throughput_startup",
    } <= names
    # Neither the machine nor a scenario about bytes has a throughput.
    assert not {"throughput_floor", "throughput_memory", "throughput_binary_size"} & names


def test_a_run_without_those_scenarios_has_none_of_their_charts(make_run):
    kinds = {chart.kind for chart in charts.all_charts(load.load(make_run()))}
    assert not kinds & {"scaling", "memory_slope", "timers", "footprint", "floor"}


def test_every_chart_is_written_and_stands_on_one_page(site):
    text = "".join(path.read_text() for path in (site / "report").iterdir())
    text += (site / "report.html").read_text()
    for name in drawn(site):
        for ending in (".svg", "_dark.svg"):
            assert (site / "charts" / f"{name}{ending}").stat().st_size > 1000
        assert (site / "charts" / f"{name}.csv").read_bytes().count(b"\r\n") > 1
        assert text.count(f'id="chart-{name}"') == 1


def test_the_same_run_is_drawn_with_the_same_bytes(few):
    first, second = drawn(few), drawn.__wrapped__(few)
    for name in ("scaling_compute", "memory_slope", "footprint", "latency_load_echo"):
        for theme in style.THEMES.values():
            assert first[name].wide.svg(theme, "", "") == second[name].wide.svg(theme, "", "")


# Layout, for few rows and for many


def boxes_of(run: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, canvas.Canvas, list]]:
    """Each sheet with the boxes that its upright texts fill."""
    boxes: dict[int, list[tuple[float, float, float, float, str]]] = {}
    write = canvas.Canvas.text

    def text(self, x, y, text, role="ink", size=11.0, bold=False, align="left", **more):
        if not more.get("rotation") and text:
            width = canvas.text_width(text, size, bold)
            left = x - {"left": 0.0, "right": width, "center": width / 2}[align]
            box = (left, y - size / 2, left + width, y + size / 2, text)
            boxes.setdefault(id(self), []).append(box)
        write(self, x, y, text, role, size, bold, align, **more)

    monkeypatch.setattr(canvas.Canvas, "text", text)
    return [
        (f"{chart.name} {width}", sheet, boxes[id(sheet)])
        for chart in charts.all_charts(load.load(run))
        for width, sheet in (("wide", chart.wide), ("narrow", chart.narrow))
    ]


@pytest.mark.parametrize("rows", ["few", "many"])
def test_no_text_covers_another_or_leaves_its_sheet(rows, request, monkeypatch):
    for name, sheet, boxes in boxes_of(request.getfixturevalue(rows), monkeypatch):
        for left, top, right, bottom, text in boxes:
            assert left > -1 and right < sheet.width + 1, (name, text)
            assert top > -1 and bottom < sheet.height + 1, (name, text)
        for one, other in itertools.combinations(boxes, 2):
            apart = (
                one[0] > other[2] - 0.5
                or other[0] > one[2] - 0.5
                or one[1] > other[3] - 1.5
                or other[1] > one[3] - 1.5
            )
            assert apart, (name, one[4], other[4])


def test_of_many_rows_the_best_are_named(many):
    slopes = sorted(traits(24), key=lambda t: t.task_bytes)
    chart = drawn(many)["memory_slope"]
    assert "Named: the best 6 of 24 rows in each panel" in said(chart)
    for best in slopes[:6]:
        begin = f"{format.size(best.task_bytes)} {best.name[:5]}"
        assert any(text.startswith(begin) for text in texts(chart)), best.name
    for worse in slopes[6:]:
        assert not any(text.startswith(format.size(worse.task_bytes)) for text in texts(chart)), (
            worse.name
        )


def test_few_rows_are_all_named(few):
    chart = drawn(few)["memory_slope"]
    assert "Named:" not in said(chart)
    for t in traits(6):
        begin = f"{format.size(t.task_bytes)} {t.name[:5]}"  # a long name is shortened behind it
        assert any(text.startswith(begin) for text in texts(chart)), t.name


def test_two_contenders_of_one_chart_never_share_a_colour(many):
    rows = common.rivals(load.load(many))
    assert len({row.slot for row in rows[:8]}) < 8  # otherwise there is nothing to see here
    looks = common.looks(rows[:8])
    colours: dict[str, set[str]] = {}
    for row in rows[:8]:
        colours.setdefault(looks[row.name].role, set()).add(row.contender)
    assert all(len(contenders) == 1 for contenders in colours.values()), colours


def test_a_contender_keeps_its_colour_where_nobody_else_has_it(few):
    rows = common.rivals(load.load(few))
    alone = [row for row in rows if sum(row.slot == other.slot for other in rows) == 1]
    looks = common.looks(alone)
    assert [looks[row.name].role for row in alone] == [f"row{row.slot}" for row in alone]


def test_labels_are_spread_within_their_limits_and_in_order():
    rng = random.Random(3)
    for _ in range(300):
        heights = [rng.choice([rng.uniform(0, 200), 100.0]) for _ in range(rng.randint(1, 12))]
        placed = common.spread(heights, 13, 0, 200)
        order = sorted(range(len(heights)), key=lambda i: heights[i])
        for above, below in itertools.pairwise(order):
            assert placed[below] - placed[above] >= 13 - 1e-6
        assert min(placed) >= -1e-6 and max(placed) <= 200 + 1e-6
    assert common.spread([10, 100], 13, 0, 200) == [10, 100]


def test_sizes_are_marked_where_there_is_room():
    scale, ticks = curves.sizes_axis([0, 1, 2, 3, 4, 6, 8, 12, 16], 0, 120, format.tick_count)
    assert ticks[0] == (0.0, "0") and scale(0) == 0 and scale(16) == 120
    labels = [label for _, label in ticks]
    assert {"1", "16"} <= set(labels) and "3" not in labels
    for (a, first), (b, second) in itertools.pairwise(ticks):
        reach = (
            canvas.text_width(first, common.SMALL) + canvas.text_width(second, common.SMALL)
        ) / 2
        assert scale(b) - scale(a) > reach


@pytest.mark.parametrize(("low", "high"), [(1, 1.01), (3, 9), (1, 1e9), (0.2, 0.9), (7e5, 8e5)])
def test_steps_lie_inside_and_are_not_too_many(low, high):
    ticks = curves.steps(low, high, 6)
    assert 2 <= len(ticks) <= 6
    assert all(low * 0.99 <= tick <= high * 1.01 for tick in ticks)


@pytest.mark.parametrize(
    ("low", "high", "first"),
    [
        (2**20, 2**30, 2**20),
        (5.8 * 2**20, 9.7 * 2**20, 6 * 2**20),  # between two powers of two
        (1000, 1024 * 1.4, 1024),
        (3 * 2**30, 200 * 2**30, 2**32),
    ],
)
def test_memory_is_marked_at_round_sizes(low, high, first):
    ticks = curves.binary_steps(low, high)
    assert ticks[0] == first and 2 <= len(ticks) <= 9
    assert all(low <= tick <= high for tick in ticks)


# Scaling


def test_scaling_shows_the_law_of_each_row(few):
    chart = drawn(few)["scaling_compute"]
    for t in traits(6):
        if t.one_thread:
            continue
        law = f"σ {format.share(t.sigma)} κ {format.share(t.kappa)}"
        peak = math.sqrt((1 - t.sigma) / t.kappa) if t.kappa else None
        told = f"peak at {peak:.0f}{' (forecast)' if peak > 4 else ''}" if peak else "no peak"
        shown = texts(chart)
        assert shown[shown.index(t.name) + 1 :][:2] == [law, told], t.name


def test_scaling_names_the_rows_that_have_one_thread_only(few):
    listed = ", ".join(t.name for t in traits(6) if t.one_thread)
    assert f"and not drawn: {listed}." in said(drawn(few)["scaling_compute"])


def test_threads_beyond_the_processors_are_shaded_and_said(few, tmp_path):
    assert "more threads than the 2 processors" in said(drawn(few)["scaling_compute"])
    assert "so all were fitted" in said(drawn(few)["scaling_compute"])
    roomy = tmp_path / "roomy"
    synthetic_catalogue.make(roomy, rows=3, blocks=2, processors=4)
    assert "Shaded" not in said(drawn(roomy)["scaling_compute"])
    grounds = [style.LIGHT["band"] in shapes(drawn(run)["scaling_compute"]) for run in (few, roomy)]
    assert grounds == [True, False]


def shapes(chart: charts.Chart) -> str:
    return chart.wide.svg(style.LIGHT, "", "").decode()


def test_the_curve_of_a_fit_is_the_law(few):
    for fit in load.load(few).curves:
        if fit.pooled:
            rate, sigma, kappa = fit.pooled
            assert fit.at(1) == pytest.approx(rate)
            assert fit.at(3) == pytest.approx(3 * rate / (1 + 2 * sigma + 6 * kappa))


def test_a_row_without_a_fit_says_why(part):
    run = part("scaling")

    def forget(summary: dict[str, Any]) -> None:
        for fit in summary["fits"]["scalability"]:
            fit["reason"] = "no curve of the law comes near these points"
            del fit["pooled"], fit["lambda"], fit["fitted"]

    edit_summary(run, lambda s: s["fits"].update(scalability=fitted(s)) or forget(s))
    text = said(drawn(run)["scaling_compute"])
    assert "σ 0" not in text and "no curve of the law" in page_of(run)[1].seen


def fitted(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [fit for fit in summary["fits"]["scalability"] if "pooled" in fit]


# Memory, timers, load, footprint


def test_points_that_follow_no_line_have_no_slope(part):
    run = part("memory")

    def bend(summary: dict[str, Any]) -> None:
        for fit in summary["fits"]["lines"]:
            fit["straight"] = False

    edit_summary(run, bend)
    chart = drawn(run)["memory_slope"]
    assert "no line tokio" in texts(chart)
    assert not any(text.endswith("B tokio") for text in texts(chart))
    assert "no line: 4.0 %" in page_of(run)[1].seen


def test_the_line_drawn_is_the_line_fitted(few, monkeypatch):
    panels = []
    monkeypatch.setattr(curves, "lines", lambda sheet, series, *rest: panels.append(series))
    run = load.load(few)
    charts.memory_slope.charts(run, common.Names())
    for kind, series in zip(("sleep", "receive"), panels):
        fits = {fit.row.name: fit for fit in run.lines if fit.kind == kind}
        assert [one.row for one in series] == common.rivals(run)
        for one in series:
            base, slope = fits[one.row.name].pooled
            assert len(one.line) > 20 and one.line[0] == (0, pytest.approx(base))
            assert all(y == pytest.approx(base + slope * x) for x, y in one.line)
            assert [x for x, _ in one.points] == [0, 1_000, 10_000, 100_000]


def test_timers_say_by_how_much_they_grow(few):
    run = load.load(few)
    chart = drawn(few)["timers_growth"]
    scenario = next(s for s in run.scenarios if s.name == "timers")
    for row in common.rivals(run):
        costs = {
            cell.sizes["timers"]: cell.of(row).cost
            for cell in scenario.cells
            if cell.params["phase"] == "fire"
        }
        last = costs[1_000_000].median
        growth = format.ratio(last / costs[10_000].median)
        assert any(
            text.startswith(f"{format.duration(last)} ×{growth}") for text in texts(chart)
        ), row.name


def test_latency_stands_against_throughput_for_both_quantiles(few):
    shown = texts(drawn(few)["latency_load_echo"])
    assert sum(text.startswith("p50") for text in shown) == 2  # for 64 and for 16,384 bytes
    assert sum(text.startswith("p99") for text in shown) == 2
    # Each of the four loads of the small messages beside the marks of one row, in both panels.
    assert [shown.count(load) for load in ("1,024", "16")] == [2, 2]
    assert "message_bytes 16,384" in shown


def test_a_path_leads_from_few_connections_to_many(few, monkeypatch):
    drawn_series = []
    draw = curves.lines

    def note(sheet, series, *rest):
        drawn_series.append(series)
        draw(sheet, series, *rest)

    monkeypatch.setattr(curves, "lines", note)
    run = load.load(few)
    charts.latency_load.charts(run, common.Names())
    echo = next(s for s in run.scenarios if s.name == "echo")
    loads = sorted(
        (c for c in echo.cells if c.params["message_bytes"] == "64"),
        key=lambda c: c.sizes["connections"],
    )
    for quantile, series in zip(("p50", "p99"), drawn_series):
        assert [one.row for one in series] == common.rivals(run)
        for one in series:
            results = [cell.of(one.row) for cell in loads]
            wanted = [(r.throughput.median, r.percentiles[quantile]) for r in results]
            assert one.points == wanted and len(wanted) == 4


def test_the_footprint_names_every_row_once(few, many):
    for run, count in ((few, 6), (many, 24)):
        shown = texts(drawn(run)["footprint"])
        for t in traits(count):
            assert shown.count(t.name) == 1, t.name
        assert not any("twin" in text for text in shown)


def test_there_is_no_footprint_without_a_time(few, tmp_path):
    run = copy_of(few, tmp_path / "run")

    def drop(summary: dict[str, Any]) -> None:
        summary["cells"] = [c for c in summary["cells"] if c["scenario"] != "startup"]

    edit_summary(run, drop)
    samples = (run / "samples.jsonl").read_text().splitlines(keepends=True)
    kept = [line for line in samples if '"startup"' not in line]
    (run / "samples.jsonl").write_text("".join(kept))
    assert "footprint" not in drawn(run)


def test_the_tail_of_every_row_is_a_figure(few):
    run = load.load(few)
    shown = texts(drawn(few)["tail_wake"])
    for cell in next(s for s in run.scenarios if s.name == "wake").cells:
        for row in run.measured_rows:
            assert format.duration(cell.of(row).percentiles["p99"]) in shown


# The floor


def test_the_floor_is_drawn_and_named_where_a_cell_has_one(few):
    for name in ("throughput_echo", "tail_echo", "latency_echo"):
        shown = texts(drawn(few)[name])
        assert shown.count("floor: tcp round trip, 13.5 µs") == 2, name  # two of its six cells
    assert "floor: futex sleep, 2.40 µs" in texts(drawn(few)["tail_wake"])
    assert not any("floor:" in text for text in texts(drawn(few)["tail_fairness"]))


def test_the_floor_lies_where_its_time_is(few, monkeypatch):
    placed = []
    draw = common.floor_line

    def note(sheet, floor, position, *rest):
        placed.append((floor, position))
        draw(sheet, floor, position, *rest)

    scales = []
    make = Scale.__call__

    def remember(self, value):
        scales.append((value, make(self, value)))
        return scales[-1][1]

    monkeypatch.setattr(common, "floor_line", note)
    monkeypatch.setattr(Scale, "__call__", remember)
    charts.throughput.charts(load.load(few), common.Names())
    on_scale = [(floor, position) for floor, position in placed if position is not None]
    assert on_scale
    for floor, position in on_scale:
        assert (pytest.approx(1e9 / floor.ns), position) in scales


def test_a_floor_far_off_is_named_at_the_edge(few, tmp_path):
    run = copy_of(few, tmp_path / "run")

    def lower(summary: dict[str, Any]) -> None:
        for cell in summary["cells"]:
            if "floor" in cell:
                cell["floor"]["ns"] = 10.0

    edit_summary(run, lower)
    shown = said(drawn(run)["throughput_echo"])
    assert "floor: tcp round trip, 10.0 ns (off the scale)" in shown


def test_a_floor_of_several_says_how_many():
    assert model.Floor("futex_wake", 2, 300.0).label == "floor: futex wake × 2"


def test_the_floor_itself_is_shown_as_times(few):
    shown = texts(drawn(few)["floor"])
    assert {"system call", "tcp round trip", "futex sleep"} <= set(shown)
    assert any(text.endswith(" ns") for text in shown)


def test_the_machine_is_no_rival(few):
    run = load.load(few)
    assert "machine" in [row.name for row in run.rows]
    assert "machine" not in [row.name for row in run.measured_rows]
    for name in ("heatmap", "heatmap_cells", "overview", "throughput_echo", "memory_1"):
        assert "machine" not in texts(drawn(few)[name])
    seen = page(few)[1].seen
    assert "6 rows over 41 cells of 8 scenarios" in seen
    assert "Nothing: every row" not in seen
    assert "this cell was not reached" not in seen
    assert "--contender machine" in seen  # what takes the run again measures the floor too
    for cell in (cell for scenario in run.scenarios for cell in scenario.cells):
        assert ("machine" in cell.results) == (cell.scenario == "floor")
        assert ("tokio" in cell.results) == (cell.scenario != "floor")


def test_tables_can_show_multiples_of_the_floor(few):
    text, whole = page(few)
    run = load.load(few)
    bounded = [cell for cell in run.cells if cell.floor]
    assert len(bounded) == 3
    assert text.count('<span class="multiple">') == 3 * len(run.measured_rows)
    for cell in bounded:
        for row in run.measured_rows:
            multiple = cell.of(row).cost.median / cell.floor.ns
            assert f'<span class="multiple">{format.ratio(multiple)} ×' in text
    assert text.count('<span class="switch">') == 2  # echo and wake
    assert 'classList.toggle("as-multiples")' in text and ".as-multiples .own" in text
    assert whole.tags.count("script") == 1


# Units, system calls, recording


def section(text: str, name: str) -> str:
    """The part of the page about one scenario."""
    parts = re.split('(?=<article id=")', text)
    return next(part for part in parts if part.startswith(f'<article id="page-scenario-{name}"'))


def test_cells_in_bytes_say_bytes(few):
    text, _ = page(few)
    for name, first in (("memory", "Bytes"), ("binary_size", "Bytes"), ("timers", "Time")):
        table = section(text, name)
        table = table[table.index(f'aria-label="Figures of {name}"') :]
        heads = re.findall(r'<th scope="col"[^>]*><span>([^<]*)</span>', table)
        assert heads[heads.index("Row") + 1] == first, name
    run = load.load(few)
    for cell in next(s for s in run.scenarios if s.name == "memory").cells:
        for row in run.measured_rows:
            assert format.size(cell.of(row).cost.median) in section(text, "memory")
    shown = said(drawn(few)["heatmap_cells"])
    assert "memory (bytes)" in shown and "timers (bytes)" not in shown
    assert "or bytes where it says so" in shown
    assert "Bytes per operation, less is better" in said(drawn(few)["bytes_memory"])


def test_the_overall_mean_is_one_of_times(few):
    run = load.load(few)
    everywhere = [
        c for c in run.cells if not c.in_bytes and all(c.of(r).ok for r in common.rivals(run))
    ]
    assert run.overall.common_cells == len(everywhere) == 23
    assert "over the 23 cells that all these rows finished, bytes apart" in said(
        drawn(few)["overview"]
    )
    assert "all but bytes" in texts(drawn(few)["heatmap"])


def test_a_run_without_bytes_does_not_speak_of_them(make_run):
    shown = drawn(make_run())["heatmap"]
    assert "bytes" not in said(shown)


def test_bytes_that_do_not_follow_from_the_samples_are_refused(few, tmp_path):
    run = copy_of(few, tmp_path / "run")

    def invent(summary: dict[str, Any]) -> None:
        cell = next(c for c in summary["cells"] if c["unit"] == "B")
        cell["results"][0]["bytes_per_operation"]["median"] *= 2

    edit_summary(run, invent)
    with pytest.raises(model.RunError, match="does not follow from samples.jsonl"):
        load.load(run)


def test_system_calls_stand_in_the_tables(part):
    run = part("echo", "wake", "timers")

    def refuse(summary: dict[str, Any]) -> None:
        for cell in summary["cells"]:
            if cell["scenario"] == "wake":
                for result in cell["results"]:
                    why = "strace is not installed"
                    result["system_calls"] = {"per_operation": None, "reason": why}

    edit_summary(run, refuse)
    text, whole = page_of(run)
    echo = section(text, "echo")
    assert "<span>System calls</span>" in echo and "System calls by name, per operation" in echo
    assert all(f"<span>{name}</span>" in echo for name in ("recvfrom", "sendto", "epoll_wait"))
    assert ">2.08<" in echo and ">3.00<" in echo
    assert "System calls by name" not in section(text, "timers")
    assert (
        "Not counted for work_stealing, single_threaded, tokio and work_stealing (twin): strace"
        in whole.seen
    )


def test_the_cost_of_recording_stands_beside_the_latencies(few, make_run):
    text, _ = page(few)
    assert "Recording one latency takes 45 ns" in section(text, "wake")
    assert "Recording one latency" not in page_of(make_run())[0]


def test_the_fits_are_tables(few):
    text, _ = page(few)
    memory, scaling = Page(section(text, "memory")).seen, Page(section(text, "scaling")).seen
    for t in traits(6):
        assert f"{format.size(t.task_bytes)}" in memory
    assert "± " in memory and "What a further task takes" in memory
    assert "not enough points: 2 different sizes" in memory
    assert "The Universal Scalability Law" in scaling and "0.997" in scaling
    assert "1, 2, 3, 4 (more than processors)" in scaling
    assert "not enough points: 1 different number of threads" in scaling


def test_a_pass_that_counted_system_calls_is_no_measurement(few, tmp_path):
    run = copy_of(few, tmp_path / "run")
    lines = (run / "samples.jsonl").read_text().splitlines()
    traced = json.loads(lines[0]) | {"phase": "system_calls", "ns": 10**12}
    (run / "samples.jsonl").write_text("\n".join([*lines, json.dumps(traced)]) + "\n")
    key = (traced["cell"], traced["row"])
    before, after = (
        next(c for c in load.load(path).cells if c.key == key[0]).results[key[1]]
        for path in (few, run)
    )
    assert before.raw_throughput == after.raw_throughput


@pytest.mark.parametrize(
    "fits",
    [
        None,
        [],
        {"lines": [{"row": "tokio"}], "scalability": [{"row": "tokio"}]},
        {"lines": [{"row": "nobody", "kind": "sleep"}], "scalability": []},
        {"processors": "two", "lines": [{"row": "tokio", "pooled": {"slope": None}, "slope": 3}]},
    ],
)
def test_fits_of_another_shape_do_not_break_the_report(fits, part):
    run = part("memory", "scaling")
    edit_summary(run, lambda summary: summary.update(fits=fits))
    assert "</html>" in page_of(run)[0]


def test_scenarios_in_which_all_failed_are_still_reported(part):
    run = part()

    def fail(summary: dict[str, Any]) -> None:
        summary["fits"] = {"processors": 2, "lines": [], "scalability": []}
        for cell in summary["cells"]:
            cell["results"] = [
                {"row": r["row"], "outcome": "failed", "reason": "cannot"} for r in cell["results"]
            ]

    edit_summary(run, fail)
    assert "cannot" in page_of(run)[1].seen
