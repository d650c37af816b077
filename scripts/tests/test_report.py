"""What a report must do whatever the run looks like: the same bytes, all charts, clear refusals."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic
import synthetic_documents
from conftest import FEW

from regatta_report import charts, draw, load, machine, site, style
from regatta_report.cli import write

EVIL = '<script>alert("1")</script>&amp; $x^2$ {{ 7*7 }} \u202e#fcfcfa'


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (path.parent.name in ("charts", "report") or path.suffix == ".html")
    }


def edit_summary(run: Path, change) -> None:
    path = run / "summary.json"
    summary = json.loads(path.read_text())
    change(summary)
    path.write_text(json.dumps(summary))


class Page(HTMLParser):
    """Collects what a browser would see: elements, text, and everything it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.seen = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "srcset") or (name in ("href", "xlink:href") and tag != "a"):
                self.fetched.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data):
        self.seen += data


def page_of(run: Path, drawing: bool = False) -> tuple[str, Page]:
    """All pages as one, with charts only where they are asked for: tables need none of them."""
    loaded = load.load(run)
    made = charts.all_charts(loaded)
    drawn = draw.draw(made, draw.Order(None)) if drawing else [draw.Drawn(chart) for chart in made]
    text = site.render_one_file(loaded, drawn)
    return text, Page(text)


# Bytes


def test_plotting_again_elsewhere_gives_the_same_bytes(
    make_run, report_process, tmp_path, monkeypatch
):
    run = make_run(cells=FEW[-1:], faults=synthetic.REALISTIC_FAULTS)
    synthetic_documents.add(run)
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    assert report_process(run, "--one-file").returncode == 0
    for name, value in [("TZ", "Asia/Tokyo"), ("LC_ALL", "de_DE.UTF-8"), ("PYTHONHASHSEED", "7")]:
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    (tmp_path / "matplotlibrc").write_text("savefig.facecolor: red\nlines.antialiased: False\n")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path))
    assert report_process(run, "--one-file", "--out", tmp_path / "again").returncode == 0
    first, second = files_of(run), files_of(tmp_path / "again")
    assert first.keys() == second.keys()
    assert {"report_one_file.html", "report/claims.html", "charts/overview.csv"} <= first.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_several_processes_draw_what_one_draws(make_run, tmp_path):
    made = charts.all_charts(load.load(make_run(cells=FEW[:1])))[:3]
    drawn = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        order = draw.Order(folder, png=False)
        drawn.append([(d.wide, d.narrow, d.files) for d in draw.draw(made, order, processes)])
    assert drawn[0] == drawn[1]
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()


# Shapes of runs


def names(run: Path) -> set[str]:
    return {chart.name for chart in charts.all_charts(load.load(run))}


def test_a_whole_run_has_every_kind_of_chart(make_run, report):
    run = make_run()
    result = report(run)
    assert result.returncode == 0, result.stderr
    for name in (
        "overview",
        "heatmap",
        "heatmap_cells",
        "throughput_join",
        "latency_proxy",
        "memory",
    ):
        for suffix in (".svg", ".png", "_dark.svg", "_dark.png"):
            assert (run / "charts" / f"{name}{suffix}").stat().st_size > 1000
    assert str(run / "report.html") in result.stdout


def test_every_chart_names_machine_noise_and_date(make_run, report):
    run = make_run()
    report(run, "--no-png")
    for path in (run / "charts").glob("*.svg"):
        text = " ".join(ElementTree.parse(path).getroot().itertext())
        assert "Imaginary 9000" in text, path
        assert "Noise floor 2.1 %" in text, path
        assert "2026-11-22" in text, path


def test_one_row_only(make_run):
    run = make_run(rows=["single_threaded"], twin=False)
    assert "overview" in names(run)
    text, page = page_of(run)
    assert "The noise floor is unknown." in page.seen


def test_without_latency_there_is_no_latency_chart(make_run):
    assert not any(name.startswith("latency") for name in names(make_run(latency=False)))


def test_a_cell_in_which_all_failed_says_so_everywhere(make_run):
    key = synthetic.key_of(*FEW[0][:2])
    rows = [*synthetic.ROWS, "work_stealing#twin"]
    run = make_run(faults={(row, key): ("timeout", "took too long") for row in rows})
    _, page = page_of(run)
    assert "took too long" in page.seen
    assert page.seen.count("timeout") > len(rows)


def test_a_run_in_which_nothing_worked_is_still_reported(make_run, report):
    rows = [*synthetic.ROWS, "work_stealing#twin"]
    faults = {
        (row, synthetic.key_of(*cell[:2])): ("crashed", "signal 11") for row in rows for cell in FEW
    }
    result = report(make_run(faults=faults), "--no-png")
    assert result.returncode == 0, result.stderr


def test_a_run_without_cells_or_rows_is_still_reported(make_run, report):
    run = make_run(cells=[])
    assert report(run, "--no-png").returncode == 0
    edit_summary(run, lambda s: s.update(rows=[], noise=None, geometric_means=[], scenarios=[]))
    assert report(run, "--no-png").returncode == 0


def test_a_row_missing_from_a_cell_has_no_sample_rather_than_a_zero(make_run):
    run = make_run(latency=False)

    def drop(summary):
        summary["cells"][0]["results"] = summary["cells"][0]["results"][:2]

    edit_summary(run, drop)
    samples = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    kept = [s for s in samples if s["cell"] != samples[0]["cell"] or s["row"] in synthetic.ROWS[:2]]
    (run / "samples.jsonl").write_text("".join(json.dumps(s) + "\n" for s in kept))
    _, page = page_of(run)
    assert "no sample" in page.seen
    assert "this cell was not reached" in page.seen


def test_a_skipped_contender_keeps_its_reason(make_run):
    _, page = page_of(make_run(skipped={"tokio": "cargo was not found"}))
    assert "cargo was not found" in page.seen


def test_many_cells_make_several_charts(make_run):
    cells = [
        ("channel", {"capacity": n, "producers": 1}, 50.0 + n, 100, False) for n in range(1, 31)
    ]
    made = names(make_run(cells=cells, blocks=2))
    assert {"throughput_channel_1", "throughput_channel_2", "throughput_channel_3"} <= made


def test_many_rows_fit(make_run):
    rows = [f"runtime_number_{i}/threads={i}" for i in range(24)]
    assert rows[-1] in page_of(make_run(rows=rows, blocks=2))[1].seen


def test_rows_far_apart_are_drawn_on_a_log_axis(make_run, report):
    run = make_run(slow={"lightweight": 1000.0})
    report(run, "--no-png")
    assert "dots on a log axis" in (run / "charts" / "throughput_join.svg").read_text()


def test_extreme_and_missing_numbers_do_not_break_a_chart(make_run, report):
    cells = [("tiny", {}, 0.11, 1000, False), ("huge", {}, 9e14, 1, False)]
    run = make_run(cells=cells)

    def damage(summary):
        result = summary["cells"][0]["results"][1]
        result["cpu_ns_per_operation"] = None
        result["peak_rss_bytes"] = None
        result["ratio_to_best"] = None
        summary["noise"]["spread"] = 0
        summary["machine"] = None
        summary["label"] = None
        summary["seed"] = None

    edit_summary(run, damage)
    result = report(run, "--no-png")
    assert result.returncode == 0, result.stderr


def test_charts_of_an_earlier_report_are_removed_but_nothing_else(make_run, report):
    run = make_run()
    (run / "charts").mkdir()
    (run / "charts" / "throughput_gone.svg").write_text("old")
    (run / "charts" / "mine.svg").write_text("mine")
    report(run, "--no-png")
    assert not (run / "charts" / "throughput_gone.svg").exists()
    assert (run / "charts" / "mine.svg").exists()


# Foreign text


def test_names_from_a_run_cannot_become_markup(make_run, report):
    rows = [f"work_{EVIL}", "日本語 🚣", "a" * 300]
    cells = [(f"scenario {EVIL}", {f"name {EVIL}": f"value {EVIL}"}, 10.0, 10, True), FEW[0]]
    faults = {(rows[1], synthetic.key_of(*cells[0][:2])): ("failed", EVIL)}
    run = make_run(rows=rows, cells=cells, faults=faults, skipped={f"x{EVIL}": EVIL})
    result = report(run)
    assert result.returncode == 0, result.stderr
    seen = ""
    for name, content in files_of(run).items():
        if not name.endswith(".html"):
            continue
        assert re.fullmatch(r"report\.html|report/[a-z0-9_-]+\.html", name)
        text = content.decode("utf-8")
        page = Page(text)
        assert page.tags.count("script") == 1
        assert "<script>alert" not in text
        assert "\u202e" not in text
        seen += page.seen
    assert "{{ 7*7 }}" in seen and "$x^2$" in seen and "#fcfcfa" in seen
    for path in (run / "charts").glob("*.svg"):
        assert re.fullmatch(r"[a-z0-9_]+\.svg", path.name)
        root = ElementTree.parse(path).getroot()
        assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_scenarios_whose_names_differ_in_signs_only_get_charts_of_their_own(make_run):
    cells = [
        ("a-b", {}, 10.0, 10, False),
        ("a_b", {}, 10.0, 10, False),
        ("A B", {}, 10.0, 10, False),
    ]
    assert {"throughput_a_b", "throughput_a_b_2", "throughput_a_b_3"} <= names(
        make_run(cells=cells)
    )


# The page


def test_the_page_asks_the_network_for_nothing(make_run):
    text, page = page_of(make_run(cells=FEW[:1]), drawing=True)
    assert all(value.startswith(("#", "data:")) for value in page.fetched), page.fetched
    assert "default-src 'none'" in text
    bare = re.sub(r'xmlns(:xlink)?="[^"]*"', "", text)
    assert "http://" not in bare and "https://" not in bare and "@import" not in bare


def test_ids_on_the_page_are_unique_and_references_lead_somewhere(make_run):
    run = make_run(cells=FEW[-1:], faults=synthetic.REALISTIC_FAULTS)
    synthetic_documents.add(run)
    text, page = page_of(run, drawing=True)
    assert len(page.ids) == len(set(page.ids))
    wanted = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert wanted <= set(page.ids)


def test_charts_on_the_page_follow_the_theme(make_run):
    text, _ = page_of(make_run(cells=FEW[:1]), drawing=True)
    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.S):
        tags = "".join(re.findall(r"<[^<>]+>", svg))
        assert not re.search(r"#[0-9a-f]{6}\b", tags)
    for role in style.LIGHT:
        assert f"--{role}: {style.LIGHT[role]}" in text and f"--{role}: {style.DARK[role]}" in text


def test_one_file_of_very_many_charts_holds_each_once(make_run, monkeypatch):
    monkeypatch.setattr(site, "_MOST_TWICE", 2)
    text, page = page_of(make_run(cells=FEW[:1]), drawing=True)
    assert 'class="narrow"' not in text
    assert page.tags.count("svg") == len(names_of_charts(text))


def names_of_charts(text: str) -> list[str]:
    return re.findall(r'id="chart-([a-z0-9_]+)"', text)


def test_tables_are_whole_without_script(make_run):
    text, page = page_of(make_run())
    shown = re.sub(r"<form.* hidden>.*?</form>", "", text.split("<script>")[0], flags=re.S)
    assert "<form" in text and "<button" not in shown and "<input" not in shown
    assert page.tags.count("table") >= 6


def test_the_page_says_how_to_take_the_run_again(make_run):
    _, page = page_of(make_run())
    assert "regatta run" in page.seen and "--seed 1" in page.seen


def test_a_separated_pair_is_a_warning(make_run):
    run = make_run()
    edit_summary(run, lambda s: s["noise"].update(separated=True))
    _, page = page_of(run)
    assert "Distrust this run." in page.seen


def test_an_interrupted_run_says_so(make_run):
    run = make_run()
    edit_summary(run, lambda s: s.update(blocks_planned=10))
    _, page = page_of(run)
    assert "6 of 10 blocks" in page.seen


# Refusals: one sentence, no traceback, a non-zero exit


def refused(result, *parts: str) -> None:
    assert result.returncode == 1, result
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    for part in parts:
        assert part in result.stderr


def test_a_folder_that_is_not_there_is_refused(report, tmp_path):
    refused(report(tmp_path / "nowhere"), "nowhere", "is no folder")


def test_a_run_without_summary_is_refused(make_run, report):
    run = make_run()
    (run / "summary.json").unlink()
    refused(report(run), "summary.json is missing", "regatta report")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"version":2}', b"[" * 100_000],
    ids=["empty", "torn", "list", "null", "binary", "version", "deep"],
)
def test_a_damaged_summary_is_refused(make_run, report, content):
    run = make_run()
    (run / "summary.json").write_bytes(content)
    refused(report(run), "summary.json")


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(cells={"a": 1}),
        lambda s: s.update(cells=[{"cell": 1}]),
        lambda s: s.update(rows=[{"row": None}]),
        lambda s: s["cells"][0].update(results=[{}]),
        lambda s: s.update(geometric_means="x"),
        lambda s: s.update(noise={"cells": 3}),
    ],
)
def test_a_summary_of_the_wrong_shape_is_refused(make_run, report, change):
    run = make_run()
    edit_summary(run, change)
    refused(report(run))


@pytest.mark.parametrize("line", ["{nonsense", "[]", '{"row":1}', "\x00\x00"])
def test_a_damaged_sample_is_refused_by_its_line(make_run, report, line):
    run = make_run()
    path = run / "samples.jsonl"
    lines = path.read_text().splitlines()
    lines[4] = line
    path.write_text("\n".join(lines) + "\n")
    refused(report(run), "samples.jsonl, line 5")


def test_a_torn_last_line_is_passed_over(make_run, report):
    run = make_run()
    with (run / "samples.jsonl").open("a") as out:
        out.write('{"row":"work_st')
    result = report(run, "--no-png")
    assert result.returncode == 0
    assert "cut short" in result.stderr


def test_a_summary_that_does_not_follow_from_its_samples_is_refused(make_run, report):
    run = make_run()
    edit_summary(
        run,
        lambda s: s["cells"][0]["results"][0]["ns_per_operation"].update(
            median=1e9, low=1e9, high=1e9
        ),
    )
    refused(report(run), "does not follow from samples.jsonl", "regatta report")


def test_samples_that_the_summary_does_not_know_are_refused(make_run, report):
    run = make_run()
    with (run / "samples.jsonl").open("a") as out:
        out.write('{"row":"newcomer","cell":"late","outcome":"ok"}\n')
    refused(report(run), "newcomer")


def test_calibration_is_no_measurement(make_run, report):
    run = make_run()
    sample = json.loads((run / "samples.jsonl").read_text().splitlines()[0])
    sample |= {"phase": "calibration", "ns": 1, "row": "gone"}
    with (run / "samples.jsonl").open("a") as out:
        out.write(json.dumps(sample) + "\n")
    assert report(run, "--no-png").returncode == 0


def test_a_number_without_samples_is_refused(make_run, report):
    run = make_run()
    (run / "samples.jsonl").write_text("")
    refused(report(run), "holds no sample of it")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_refused(make_run, report, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    refused(report(make_run(), "--out", tmp_path / "locked"), "cannot write")


def test_a_file_in_the_place_of_the_charts_folder_is_refused(make_run, report):
    run = make_run()
    (run / "charts").write_text("in the way")
    refused(report(run), "cannot write")


@pytest.mark.parametrize("content", ["{", "[]", '{"schema":2,"what":"claims","claims":[]}', "{}"])
def test_a_document_that_cannot_be_read_costs_its_page_and_is_said(make_run, content):
    run = make_run(cells=FEW[:1])
    synthetic_documents.add(run, "choice")
    (run / "claims.json").write_text(content)
    _, page = page_of(run)
    assert "No page of claims.json" in page.seen
    assert "page-claims" not in page.ids and "page-choice" in page.ids


@pytest.mark.parametrize("name", ["comparison", "claims", "choice"])
def test_a_document_without_its_parts_still_makes_a_page(make_run, name):
    run = make_run(cells=FEW[:1])
    synthetic_documents.add(run, name)
    path = run / f"{name}.json"
    document = json.loads(path.read_text())
    for entries in (value for value in document.values() if isinstance(value, list)):
        entries[:] = [{}, None, {"ratio": {"median": "x"}, "ranking": [{"rows": [{}]}]}]
    path.write_text(json.dumps(document))
    assert f"page-{name}" in page_of(run)[1].ids


def test_a_merged_run_says_of_what(make_run):
    folder = make_run(cells=FEW[:1])
    summary = json.loads((folder / "summary.json").read_text())
    summary["machine"]["merged"] = {"of": 4, "shards": [1, 3], "different_machines": True}
    (folder / "summary.json").write_text(json.dumps(summary))
    line = machine.headline(load.load(folder))
    assert "merged from 2 of 4 shards, run on machines of different kinds" in line
    summary["machine"]["merged"] = {"of": 2, "shards": [1, 2], "different_machines": False}
    (folder / "summary.json").write_text(json.dumps(summary))
    assert machine.headline(load.load(folder)).endswith("merged from 2 shards")


def test_a_failed_write_leaves_no_half_file(make_run, tmp_path, monkeypatch):
    run = load.load(make_run(cells=FEW[:1]))

    def full(*_):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        write(run, tmp_path / "out", png=False)
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_help_teaches(report):
    result = report("--help")
    assert result.returncode == 0
    for word in ("examples:", "report.html", "exit codes", "results/"):
        assert word in result.stdout


def test_an_unknown_option_is_wrong_use(report):
    assert report("--nonsense").returncode == 2
