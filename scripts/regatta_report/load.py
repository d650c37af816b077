"""Reads a run's folder into plain values, and refuses one that cannot be trusted.

The summary is the driver's conclusion, the samples are the evidence. Charts draw from both, so the
two are compared first: a summary that does not follow from its samples is an error, not a chart.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from . import stats

OUTCOMES = {
    "ok": "ok",
    "wrong_answer": "wrong answer",
    "unsupported": "unsupported",
    "skipped": "skipped",
    "failed": "failed",
    "timeout": "timeout",
    "crashed": "crashed",
    "out_of_memory": "out of memory",
    "absent": "no sample",
}


class RunError(Exception):
    """A run that cannot be reported; its text is one sentence for the user."""


@dataclass(frozen=True)
class Interval:
    """A median between two limits; `confidence` is the true coverage of the limits, where it is
    known.
    """

    median: float
    low: float
    high: float
    confidence: float | None = None


@dataclass(frozen=True)
class Floor:
    """What an operation of a cell takes at the very least: some work of the bare machine."""

    what: str
    times: float
    ns: float
    of_latency: bool = False  # it bounds the latencies of a cell, and not the time of its operations

    @property
    def label(self) -> str:
        """`floor: tcp round trip`, with a factor where an operation needs several."""
        name = self.what.replace("_", " ")
        return f"floor: {name}" + (f" × {self.times:g}" if self.times != 1 else "")


@dataclass
class Row:
    """A contender, or a variant of one, as a line of every table."""

    name: str
    contender: str
    variant: str
    twin: bool
    hello: dict[str, Any]
    skipped: str | None
    subject: str = "runtime"  # or the machine, which nobody competes with, or a path
    slot: int = 0
    variant_index: int = 0

    @property
    def machine(self) -> bool:
        """No runtime: it measures what the machine allows at best."""
        return self.subject == "machine"

    @property
    def family(self) -> str:
        """What shares a colour: the variants of a runtime. The ways of a path are no variants of
        one thing.
        """
        return self.name.removesuffix("#twin") if self.subject == "path" else self.contender

    @property
    def label(self) -> str:
        """The name that charts and tables print: a twin says what it is a twin of."""
        return self.name.removesuffix("#twin") + " (twin)" if self.twin else self.name


@dataclass
class Latency:
    """One cell's merged histogram, as quantile → nanoseconds, and the band the blocks span."""

    count: int
    curve: list[tuple[float, float]]
    low: list[tuple[float, float]]
    high: list[tuple[float, float]]
    max_ns: float


@dataclass
class LineFit:
    """A row's bytes over tasks; without a fit, the reason why."""

    row: Row
    kind: str
    reason: str
    scenario: str = "memory"
    slope: Interval | None = None
    intercept: Interval | None = None
    pooled: tuple[float, float] | None = None  # intercept and slope
    slope_error: float | None = None
    largest_residual: float | None = None
    straight: bool = True

    def at(self, tasks: float) -> float:
        assert self.pooled is not None
        return self.pooled[0] + self.pooled[1] * tasks


@dataclass
class CurveFit:
    """A row's throughput over threads by the Universal Scalability Law; without a fit, the reason
    why.
    """

    row: Row
    work: str
    reason: str
    rate: Interval | None = None  # of one thread
    sigma: Interval | None = None
    kappa: Interval | None = None
    pooled: tuple[float, float, float] | None = None  # lambda, sigma and kappa
    r_squared: float | None = None
    peak: float | None = None
    fitted: list[float] = field(default_factory=list)
    beyond_processors: bool = False

    def at(self, threads: float) -> float:
        assert self.pooled is not None
        rate, sigma, kappa = self.pooled
        return rate * threads / (1 + sigma * (threads - 1) + kappa * threads * (threads - 1))


@dataclass
class Result:
    """What one row did in one cell. Measured values are None where nothing was measured."""

    row: Row
    outcome: str
    reason: str
    blocks: int = 0
    ns: Interval | None = None
    cost: Interval | None = None  # what rows are compared by: time, or what the cell says
    throughput: Interval | None = None
    ratio: Interval | None = None
    separated: bool = False
    group: int | None = None
    overhead: Interval | None = None  # a ratio to the way without a proxy, of a path
    saturated: bool = False  # it could not bear the load that was offered
    cpu_ns: float | None = None
    allocations: float | None = None
    voluntary_switches: float | None = None
    involuntary_switches: float | None = None
    threads_used: float | None = None
    system_calls: float | None = None
    calls_unknown: str = ""  # why system calls were not counted, where somebody tried
    calls_by_name: dict[str, float] = field(default_factory=dict)
    recording_ns: float | None = None
    counters: dict[str, float] = field(default_factory=dict)
    percentiles: dict[str, float] = field(default_factory=dict)
    peak_rss: Interval | None = None
    raw_throughput: list[float] = field(default_factory=list)
    raw_cost_by_block: dict[int, float] = field(default_factory=dict)
    latency: Latency | None = None

    @property
    def ok(self) -> bool:
        return self.outcome == "ok" and self.cost is not None

    @property
    def category(self) -> str:
        """The word that stands where a number would."""
        if self.outcome == "ok":
            return "ok" if self.cost is not None else "no number"
        return OUTCOMES.get(self.outcome, self.outcome.replace("_", " "))

    @property
    def tied(self) -> bool:
        """Fastest, or not told apart from the fastest by this run. A twin takes no part in
        ranks.
        """
        return self.ok and not self.separated and self.ratio is not None


@dataclass
class Cell:
    """A scenario with its parameters, and each row's result in it."""

    key: str
    scenario: str
    params: dict[str, str]
    results: dict[str, Result]
    best: str | None = None
    noise_floor: float | None = None
    unit: str = "ns"
    asked: str = "runtime"  # who runs it: rows of this subject
    measures: str = "time"  # or bytes, or latency
    floor: Floor | None = None
    sizes: dict[str, float] = field(default_factory=dict)  # the parameters that are numbers

    @property
    def in_bytes(self) -> bool:
        return self.unit == "B"

    @property
    def by_latency(self) -> bool:
        return self.measures == "latency"

    @property
    def floor_of_time(self) -> Floor | None:
        """The floor where it bounds the time of an operation."""
        return None if self.floor is None or self.floor.of_latency else self.floor

    def of(self, row: Row) -> Result:
        """What `row` did here; a row that was not asked has no sample."""
        found = self._by_row.get(id(row)) if self._by_row else None
        if found is None:
            self._by_row = {id(result.row): result for result in self.results.values()}
            found = self._by_row.get(id(row))
        return found or Result(row, "absent", "this cell was not reached")

    _by_row: dict[int, Result] | None = None


@dataclass
class Scenario:
    """The cells of one scenario; parameters are split into those that vary and those that do
    not.
    """

    name: str
    cells: list[Cell]
    ranking: Ranking | None = None

    @property
    def in_bytes(self) -> bool:
        return all(cell.in_bytes for cell in self.cells)

    @property
    def by_latency(self) -> bool:
        return all(cell.by_latency for cell in self.cells)

    @property
    def asked(self) -> str:
        return self.cells[0].asked

    @property
    def asks_machine(self) -> bool:
        return self.asked == "machine"

    @property
    def fixed(self) -> dict[str, str]:
        first = self.cells[0].params
        return {k: v for k, v in first.items() if all(c.params.get(k) == v for c in self.cells)}

    def label(self, cell: Cell) -> str:
        """What sets this cell apart from its siblings."""
        fixed = self.fixed
        return describe({k: v for k, v in cell.params.items() if k not in fixed})


@dataclass
class CellNoise:
    """What the A/A pair showed in one cell."""

    key: str
    ratio: Interval | None
    floor: float | None
    separated: bool


@dataclass
class Noise:
    """What the A/A pair showed: the same contender entered twice."""

    row: str
    twin: str
    ratio: Interval | None
    separated: bool
    spread: float | None
    cells: list[CellNoise]

    @property
    def floor(self) -> float | None:
        """The largest relative difference that this session can produce out of nothing."""
        if self.spread is not None:
            return self.spread
        if self.ratio is not None:
            return max(abs(self.ratio.low - 1), abs(self.ratio.high - 1))
        return None


@dataclass
class Standing:
    """A row's place; rows of one group are not told apart."""

    row: Row
    ratio: Interval
    reached_best: int
    ok_cells: int
    group: int = 0


@dataclass
class Ranking:
    """Rows by the geometric mean of their ratios over common cells; the rest with the reason why
    not.
    """

    standings: list[Standing]
    left_out: dict[str, str]
    common_cells: int

    def of(self, row: Row) -> Standing | None:
        return next((s for s in self.standings if s.row is row), None)


@dataclass
class Run:
    """Everything that charts and the page draw from."""

    folder: Path
    name: str
    label: str
    date: str
    blocks: int
    blocks_planned: int
    seed: str
    machine: dict[str, Any]
    plan: dict[str, Any]
    rows: list[Row]
    scenarios: list[Scenario]
    noise: Noise | None
    overall: Ranking
    warnings: list[str]
    lines: list[LineFit] = field(default_factory=list)
    curves: list[CurveFit] = field(default_factory=list)
    processors: int | None = None
    compared: str = "runtime"  # whom this view of the run compares: runtimes, or paths
    overall_of_paths: Ranking | None = None

    def views(self) -> list[Run]:
        """The run as seen by those who are compared with each other: runtimes and paths never are.
        The first is the run itself.
        """
        if self.compared == "path" or not any(s.asked == "path" for s in self.scenarios):
            return [self]
        overall = self.overall_of_paths or Ranking([], {}, 0)
        return [self, replace(self, compared="path", overall=overall)]

    @property
    def contests(self) -> list[Scenario]:
        """The scenarios that the rows are compared in: neither the machine's own nor others'."""
        return [scenario for scenario in self.scenarios if scenario.asked == self.compared]

    @property
    def cells(self) -> list[Cell]:
        """The cells that the rows are compared in."""
        return [cell for scenario in self.contests for cell in scenario.cells]

    @property
    def timed_cells(self) -> list[Cell]:
        """The cells of the overall mean: times are averaged with neither bytes nor latencies."""
        return [cell for cell in self.cells if not cell.in_bytes and not cell.by_latency]

    @property
    def measured_rows(self) -> list[Row]:
        """Who is compared and could be started, contenders first and the twin last."""
        return [row for row in self.rows if row.skipped is None and row.subject == self.compared]

    def rows_in(self, scenario: Scenario) -> list[Row]:
        """Who was asked to run a scenario: runtimes, paths, or the machine alone."""
        return [row for row in self.rows if row.skipped is None and row.subject == scenario.asked]


# --------------------------------------------------------------------------------------------------
# Text from a run is foreign: names come from contenders that anybody may write.

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)


def clean(text: object) -> str:
    """Makes what cannot be seen visible, so that no name can break an SVG or reverse a line of
    text.
    """
    flat = str(text).replace("\t", " ").replace("\n", " ")
    return _INVISIBLE.sub(lambda m: f"\\u{ord(m.group()):04x}", flat)


def describe(params: dict[str, str]) -> str:
    """`leaves 1,000 · fan_out 10`: parameters as a reader says them."""
    return " · ".join(f"{name} {value}" for name, value in params.items())


def _param(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    return clean(value)


def _number(value: object) -> float | None:
    """A finite number or None: NaN and infinity are no measurements."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def _interval(value: object, signed: bool = False) -> Interval | None:
    """An interval of positive values, or None. A bare number is an interval of no width. A signed
    one may reach below zero.
    """
    if not isinstance(value, dict):
        value = {"median": value}
    middle = _number(value.get("median"))
    if middle is None or (middle <= 0 and not signed):
        return None
    low, high = _number(value.get("low")), _number(value.get("high"))
    low = middle if low is None or (low <= 0 and not signed) else min(low, middle)
    high = middle if high is None else max(high, middle)
    return Interval(middle, low, high, _number(value.get("confidence")))


# --------------------------------------------------------------------------------------------------
# Files


def _read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(
            f"{path} is missing: {what}; make it with: regatta report {path.parent}"
        ) from None
    except IsADirectoryError:
        raise RunError(f"{path} is a folder, but should be a JSON file") from None
    except UnicodeDecodeError as error:
        raise RunError(f"{path} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise RunError(f"{path}, line {error.lineno}, is not JSON: {error.msg}") from None
    except RecursionError:
        raise RunError(f"{path} is nested too deeply to be one of ours") from None
    if not isinstance(value, dict):
        raise RunError(f"{path} holds no JSON object")
    return value


def _optional_json(path: Path) -> dict[str, Any]:
    return _read_json(path, "") if path.exists() else {}


def read_samples(path: Path, warnings: list[str]) -> list[dict[str, Any]]:
    """All samples of a run, one JSON object a line.

    A last line without its end is what an interrupted run leaves behind: it is passed over with a
    warning. Any other line that does not parse is damage, and damage is an error.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise RunError(f"{path} is missing: without samples there is nothing to draw") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from None
    lines = raw.split(b"\n")
    torn = lines.pop()
    samples = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        samples.append(_sample(line, f"{path}, line {number},"))
    if torn.strip():
        try:
            samples.append(_sample(torn, ""))
        except RunError:
            warnings.append(
                "The last line of samples.jsonl was cut short, as by an interruption; it is left "
                "out."
            )
    return samples


def _sample(line: bytes, where: str) -> dict[str, Any]:
    try:
        sample = json.loads(line.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise RunError(f"{where} is not JSON; restore or remove that line") from None
    if not isinstance(sample, dict) or not all(
        isinstance(sample.get(key), str) for key in ("row", "cell", "outcome")
    ):
        raise RunError(f"{where} is no sample: row, cell and outcome must be strings")
    return sample


# --------------------------------------------------------------------------------------------------
# The run


def load(folder: Path) -> Run:
    """Reads `folder`; raises RunError with one sentence if it is not a run, or not a sound one."""
    if not folder.is_dir():
        raise RunError(
            f"{folder} is no folder; name a run, for example results/2026-11-22T12-00-00"
        )
    warnings: list[str] = []
    path = folder / "summary.json"
    summary = _read_json(path, "a run is reported from its summary")
    version = summary.get("version")
    if version != 1:
        raise RunError(f"{path} has version {json.dumps(version)}, but this script reads version 1")
    samples = read_samples(folder / "samples.jsonl", warnings)

    rows = _rows(summary, path)
    scenarios = _scenarios(summary, rows, path)
    _add_raw(scenarios, samples, path)
    machine = summary.get("machine")
    if not isinstance(machine, dict):
        machine = _optional_json(folder / "machine.json")
    name = clean(summary.get("run") or folder.resolve().name)
    run = Run(
        folder=folder,
        name=name,
        label=clean(summary.get("label") or ""),
        date=_date(machine, name),
        blocks=int(_number(summary.get("blocks")) or 0),
        blocks_planned=int(_number(summary.get("blocks_planned")) or 0),
        seed=clean("unknown" if summary.get("seed") is None else summary["seed"]),
        machine=machine,
        plan=_optional_json(folder / "plan.json"),
        rows=list(rows.values()),
        scenarios=scenarios,
        noise=_noise(summary.get("noise")),
        overall=Ranking([], {}, 0),
        warnings=warnings,
    )
    _fits(run, summary.get("fits"), rows)
    _assign_styles(run.rows)
    _rankings(run, summary, path)
    if not run.contests and any(scenario.asked == "path" for scenario in run.scenarios):
        return replace(run, compared="path", overall=run.overall_of_paths)
    return run


def _date(machine: dict[str, Any], name: str) -> str:
    """The day of the run. The name of a run begins with it, and the machine's record may hold
    it.
    """
    for text in (machine.get("date"), machine.get("time"), machine.get("started"), name):
        match = re.match(r"\d{4}-\d{2}-\d{2}", str(text or ""))
        if match:
            return match.group()
    return "date unknown"


def _listed(value: object, where: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RunError(f"{where} should be a list of objects")
    return value


def _rows(summary: dict[str, Any], path: Path) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for entry in _listed(summary.get("rows"), f"{path}: 'rows'"):
        raw = entry.get("row")
        if not isinstance(raw, str) or not raw:
            raise RunError(f"{path}: an entry of 'rows' has no 'row'")
        hello = entry.get("hello")
        skipped = entry.get("skipped")
        rows[raw] = Row(
            name=clean(raw),
            contender=clean(entry.get("contender") or raw.split("#")[0].split("/")[0]),
            variant=clean(entry.get("variant") or ""),
            twin=bool(entry.get("twin", raw.endswith("#twin"))),
            hello=hello if isinstance(hello, dict) else {},
            skipped=clean(skipped) if skipped else None,
            subject=_subject(entry.get("subject")),
        )
    return rows


def _subject(value: object) -> str:
    return str(value) if value in ("machine", "path") else "runtime"


def _scenarios(summary: dict[str, Any], rows: dict[str, Row], path: Path) -> list[Scenario]:
    scenarios: dict[str, Scenario] = {}
    for number, entry in enumerate(_listed(summary.get("cells"), f"{path}: 'cells'")):
        key, name = entry.get("cell"), entry.get("scenario")
        if not isinstance(key, str) or not isinstance(name, str):
            raise RunError(f"{path}: cells[{number}] lacks 'cell' or 'scenario'")
        params = entry.get("params")
        params = params if isinstance(params, dict) else {}
        cell = Cell(
            key,
            clean(name),
            {clean(k): _param(v) for k, v in params.items()},
            {},
            entry.get("best"),
            _number(entry.get("noise_floor")),
            "B" if entry.get("unit") == "B" else "ns",
            measures="latency" if entry.get("measures") == "latency" else "time",
            floor=_floor(entry.get("floor")),
            sizes={clean(k): float(v) for k, v in params.items() if _number(v) is not None},
        )
        for item in _listed(entry.get("results"), f"{path}: cells[{number}].results"):
            row_name = item.get("row")
            if not isinstance(row_name, str):
                raise RunError(f"{path}: cells[{number}] holds a result without 'row'")
            if row_name not in rows:
                # A result of a row that nobody announced is still a result.
                rows[row_name] = Row(
                    clean(row_name),
                    clean(row_name.split("#")[0].split("/")[0]),
                    "",
                    row_name.endswith("#twin"),
                    {},
                    None,
                )
            cell.results[row_name] = _result(
                rows[row_name], item, row_name == cell.best, cell.in_bytes
            )
        # The driver lists in a cell only those who were asked.
        asked = {result.row.subject for result in cell.results.values()}
        cell.asked = asked.pop() if len(asked) == 1 else "runtime"
        scenarios.setdefault(cell.scenario, Scenario(cell.scenario, [])).cells.append(cell)
    for scenario in scenarios.values():
        for cell in scenario.cells:
            for raw, row in rows.items():
                if row.subject != cell.asked:
                    continue
                reason = row.skipped or "this cell was not reached"
                cell.results.setdefault(
                    raw, Result(row, "skipped" if row.skipped else "absent", reason)
                )
    return list(scenarios.values())


def _floor(value: object) -> Floor | None:
    if not isinstance(value, dict) or not _positive(value.get("ns")):
        return None
    return Floor(
        clean(value.get("what") or "the machine"),
        _number(value.get("times")) or 1,
        float(value["ns"]),
        value.get("of") == "latency",
    )


def _result(row: Row, item: dict[str, Any], best: bool, in_bytes: bool) -> Result:
    outcome = clean(item.get("outcome") or "absent")
    result = Result(
        row, outcome, clean(item.get("reason") or ""), int(_number(item.get("blocks")) or 0)
    )
    if outcome != "ok":
        return result
    result.ns = _interval(item.get("ns_per_operation"))
    by_latency = _interval(item.get("median_latency_ns"))
    result.cost = (
        _interval(item.get("bytes_per_operation")) if in_bytes else by_latency or result.ns
    )
    result.overhead = _interval(item.get("ratio_to_direct"))
    result.saturated = item.get("saturated") is True
    result.throughput = _interval(item.get("operations_per_second"))
    if result.ns and not result.throughput:
        ns = result.ns
        result.throughput = Interval(1e9 / ns.median, 1e9 / ns.high, 1e9 / ns.low, ns.confidence)
    ratio = item.get("ratio_to_best")
    result.ratio = _interval(ratio)
    result.separated = not best and isinstance(ratio, dict) and bool(ratio.get("separated"))
    group = _number(item.get("group"))
    result.group = int(group) if group is not None else None
    result.cpu_ns = _number(item.get("cpu_ns_per_operation"))
    result.allocations = _number(item.get("allocations_per_operation"))
    result.voluntary_switches = _number(item.get("voluntary_switches_per_operation"))
    result.involuntary_switches = _number(item.get("involuntary_switches_per_operation"))
    result.threads_used = _number(item.get("threads_used"))
    result.peak_rss = _interval(item.get("peak_rss_bytes"))
    counters = item.get("counters")
    if isinstance(counters, dict):
        for name, value in sorted(counters.items()):
            if isinstance(value, dict):
                value = value.get("median")
            if _number(value) is not None:
                result.counters[clean(name)] = float(value)
    calls = item.get("system_calls")
    if isinstance(calls, dict):
        result.system_calls = _number(calls.get("per_operation"))
        result.calls_unknown = clean(calls.get("reason") or "")
        by_name = calls.get("by_name")
        for name, value in by_name.items() if isinstance(by_name, dict) else ():
            if _number(value) is not None:
                result.calls_by_name[clean(name)] = float(value)
    latency = item.get("latency")
    if isinstance(latency, dict):
        result.recording_ns = _number(latency.get("recording_ns"))
        for name in ("p50", "p90", "p99", "p999", "max"):
            value = _number(latency.get(name))
            if value is not None:
                result.percentiles[name] = value
    return result


def _fits(run: Run, value: object, rows: dict[str, Row]) -> None:
    """What the driver fitted over several cells. A summary of an older driver has none."""
    if not isinstance(value, dict):
        return
    run.processors = int(_number(value.get("processors")) or 0) or None
    for entry in _listed(value.get("lines"), "'lines' of 'fits'"):
        if (row := rows.get(str(entry.get("row")))) is not None:
            run.lines.append(_line_fit(row, entry))
    for entry in _listed(value.get("scalability"), "'scalability' of 'fits'"):
        if (row := rows.get(str(entry.get("row")))) is not None:
            run.curves.append(_curve_fit(row, entry))


def _pooled(entry: dict[str, Any], *names: str) -> tuple[float, ...] | None:
    pooled = entry.get("pooled")
    values = [_number(pooled.get(name)) for name in names] if isinstance(pooled, dict) else [None]
    return None if None in values else tuple(v for v in values if v is not None)


def _line_fit(row: Row, entry: dict[str, Any]) -> LineFit:
    fit = LineFit(
        row,
        clean(entry.get("kind") or ""),
        clean(entry.get("reason") or ""),
        clean(entry.get("scenario") or "memory"),
    )
    pooled = _pooled(entry, "intercept", "slope", "slope_error")
    if pooled is not None:
        fit.pooled, fit.slope_error = (pooled[0], pooled[1]), pooled[2]
    fit.slope = _interval(entry.get("slope"), signed=True)
    fit.intercept = _interval(entry.get("intercept"), signed=True)
    fit.largest_residual = _number(entry.get("largest_residual"))
    fit.straight = entry.get("straight") is not False
    return fit


def _curve_fit(row: Row, entry: dict[str, Any]) -> CurveFit:
    fit = CurveFit(row, clean(entry.get("work") or ""), clean(entry.get("reason") or ""))
    pooled = _pooled(entry, "lambda", "sigma", "kappa")
    if pooled is not None:
        fit.pooled = (pooled[0], pooled[1], pooled[2])
    fit.rate = _interval(entry.get("lambda"))
    fit.sigma = _interval(entry.get("sigma"), signed=True)
    fit.kappa = _interval(entry.get("kappa"), signed=True)
    fit.r_squared = _number(entry.get("r_squared"))
    fit.peak = _number(entry.get("peak_threads"))
    listed = entry.get("fitted")
    fit.fitted = [float(n) for n in listed if _positive(n)] if isinstance(listed, list) else []
    fit.beyond_processors = bool(entry.get("beyond_processors"))
    return fit


def _noise(value: object) -> Noise | None:
    if not isinstance(value, dict):
        return None
    ratio = _interval(
        {
            "median": value.get("ratio_median"),
            "low": value.get("ratio_low"),
            "high": value.get("ratio_high"),
            "confidence": value.get("confidence"),
        }
    )
    listed = [
        CellNoise(
            str(c.get("cell")),
            _interval(
                {
                    "median": c.get("ratio"),
                    "low": c.get("low"),
                    "high": c.get("high"),
                    "confidence": c.get("confidence"),
                }
            ),
            _number(c.get("floor")),
            bool(c.get("separated")),
        )
        for c in _listed(value.get("cells"), "'cells' of 'noise'")
    ]
    return Noise(
        clean(value.get("row", "")),
        clean(value.get("twin", "")),
        ratio,
        bool(value.get("separated")),
        _number(value.get("spread")),
        listed,
    )


def _assign_styles(rows: list[Row]) -> None:
    """One colour per contender, one fill and dash per variant; see style.slots."""
    from .style import slots

    chosen = slots(sorted({row.family for row in rows}))
    seen: dict[str, int] = {}
    for row in rows:
        row.slot = chosen[row.family]
        if not row.twin:
            row.variant_index = seen.get(row.family, 0)
            seen[row.family] = row.variant_index + 1


# --------------------------------------------------------------------------------------------------
# Raw samples


def _add_raw(scenarios: list[Scenario], samples: list[dict[str, Any]], path: Path) -> None:
    """Hangs each sample on its result, after checking that the summary follows from the samples."""
    results = {
        (cell.key, raw): (result, cell)
        for scenario in scenarios
        for cell in scenario.cells
        for raw, result in cell.results.items()
    }
    remake = f"make it anew with: regatta report {path.parent}"
    gathered: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for sample in samples:
        if sample.get("phase"):
            continue  # It found out how many iterations to take, or what the kernel was asked.
        key = (sample["cell"], sample["row"])
        if key not in results:
            raise RunError(
                f"{path} does not know cell '{clean(key[0])}' of row '{clean(key[1])}', which "
                f"samples.jsonl holds: {remake}"
            )
        gathered.setdefault(key, []).append(sample)
    for key, (result, cell) in results.items():
        measured = [
            s
            for s in gathered.get(key, [])
            if s["outcome"] == "ok"
            and _positive(s.get("ns"))
            and _positive(s.get("operations"))
            and _cost(s, cell) is not None
        ]
        if result.ok:
            _check(result, cell, measured, path, remake)
            _keep(result, measured, cell)


def _cost(sample: dict[str, Any], cell: Cell) -> float | None:
    """What one operation of a sample took, in the unit of its cell."""
    if cell.by_latency:
        return _number(sample.get("compared_ns"))
    number = _number(sample.get("bytes" if cell.in_bytes else "ns"))
    return None if number is None else number / sample["operations"]


def _positive(value: object) -> bool:
    number = _number(value)
    return number is not None and number > 0


def _check(
    result: Result, cell: Cell, measured: list[dict[str, Any]], path: Path, remake: str
) -> None:
    name = clean(cell.key)
    if not measured:
        raise RunError(
            f"{path} gives a number for cell '{name}' of row '{result.row.name}', but "
            f"samples.jsonl holds no sample of it: {remake}"
        )
    per_operation = [_cost(s, cell) or 0.0 for s in measured]
    assert result.cost is not None
    # A median lies among its samples, whichever way it was rounded.
    if not min(per_operation) * 0.999 <= result.cost.median <= max(per_operation) * 1.001:
        raise RunError(
            f"{path} does not follow from samples.jsonl (cell '{name}', row '{result.row.name}'): "
            f"{remake}"
        )


def _keep(result: Result, measured: list[dict[str, Any]], cell: Cell) -> None:
    blocks: dict[int, list[dict[str, Any]]] = {}
    for sample in measured:
        blocks.setdefault(int(_number(sample.get("block")) or 0), []).append(sample)
    for block, group in sorted(blocks.items()):
        result.raw_cost_by_block[block] = median(_cost(s, cell) or 0.0 for s in group)
        result.raw_throughput.append(1e9 / median(s["ns"] / s["operations"] for s in group))
    memory = [float(s["peak_rss_bytes"]) for s in measured if _positive(s.get("peak_rss_bytes"))]
    if memory:
        result.peak_rss = Interval(median(memory), min(memory), max(memory), 1.0)
    result.latency = _latency(blocks)


def _latency(blocks: dict[int, list[dict[str, Any]]]) -> Latency | None:
    merged: dict[float, int] = {}
    curves = []
    for group in blocks.values():
        own: dict[float, int] = {}
        for sample in group:
            latency = sample.get("latency")
            buckets = latency.get("buckets") if isinstance(latency, dict) else None
            for pair in buckets if isinstance(buckets, list) else []:
                if (
                    isinstance(pair, list)
                    and len(pair) == 2
                    and _positive(pair[0])
                    and _positive(pair[1])
                ):
                    own[pair[0]] = own.get(pair[0], 0) + int(pair[1])
                    merged[pair[0]] = merged.get(pair[0], 0) + int(pair[1])
        if own:
            curves.append(stats.histogram(own))
    if not merged:
        return None
    whole = stats.histogram(merged)
    depth = stats.nines_of(whole.count)
    # Past what one block alone can show there is no band: its own maximum would be drawn as if it
    # were a quantile.
    shared = stats.nines_of(min(curve.count for curve in curves))
    quantiles = stats.quantile_grid(depth)
    band = [q for q in quantiles if q <= 1 - 10**-shared]
    return Latency(
        count=whole.count,
        curve=[(q, whole.quantile(q)) for q in quantiles],
        low=[(q, min(c.quantile(q) for c in curves)) for q in band] if len(curves) > 1 else [],
        high=[(q, max(c.quantile(q) for c in curves)) for q in band] if len(curves) > 1 else [],
        max_ns=whole.max,
    )


# --------------------------------------------------------------------------------------------------
# Standing


def _rankings(run: Run, summary: dict[str, Any], path: Path) -> None:
    """Takes the driver's geometric means, and gives rows that it cannot tell apart one rank."""
    entries = _listed(summary.get("geometric_means"), f"{path}: 'geometric_means'")
    run.overall = _ranking(run, entries, run.timed_cells)
    of_paths = _listed(summary.get("geometric_means_of_paths"), f"{path}: means of paths")
    timed = replace(run, compared="path").timed_cells
    run.overall_of_paths = _ranking(run, of_paths, timed)
    by_name = {scenario.name: scenario for scenario in run.scenarios}
    for entry in _listed(summary.get("scenarios"), f"{path}: 'scenarios'"):
        scenario = by_name.get(clean(entry.get("scenario")))
        if scenario is not None:
            means = _listed(
                entry.get("geometric_means"), f"{path}: 'geometric_means' of {scenario.name}"
            )
            scenario.ranking = _ranking(run, means, scenario.cells)


def _ranking(run: Run, entries: list[dict[str, Any]], cells: list[Cell]) -> Ranking:
    rows = {row.name: row for row in run.rows}
    ranking = Ranking([], {}, 0)
    for entry in entries:
        row = rows.get(clean(entry.get("row")))
        if row is None:
            continue
        interval = _interval(
            {
                "median": entry.get("ratio"),
                "low": entry.get("low"),
                "high": entry.get("high"),
                "confidence": entry.get("confidence"),
            }
        )
        if interval is None:
            ranking.left_out[row.name] = clean(entry.get("reason") or "no number")
            continue
        own = [cell.of(row) for cell in cells]
        ranking.standings.append(
            Standing(row, interval, sum(r.tied for r in own), sum(r.ok for r in own))
        )
    ranking.standings.sort(key=lambda s: (s.ratio.median, s.row.name))
    common = [cell for cell in cells if all(cell.of(s.row).ok for s in ranking.standings)]
    ranking.common_cells = len(common) if ranking.standings else 0
    floor = (run.noise.floor if run.noise else None) or 0.0
    heads: list[Standing] = []
    for standing in ranking.standings:
        home = next(
            (i for i, head in enumerate(heads) if not _told_apart(common, standing, head, floor)),
            None,
        )
        if home is None:
            heads.append(standing)
            home = len(heads) - 1
        standing.group = home + 1
    return ranking


def _told_apart(common: list[Cell], standing: Standing, head: Standing, floor: float) -> bool:
    """The driver's own rule, on the paired geometric means of the blocks: the interval excludes 1,
    covers enough to be believed, and the effect exceeds the noise floor.
    """
    pairs = [
        (cell.of(standing.row).raw_cost_by_block, cell.of(head.row).raw_cost_by_block)
        for cell in common
    ]
    blocks = set.intersection(*[set(a) & set(b) for a, b in pairs]) if pairs else set()
    if not blocks:
        return False
    ratios = [
        stats.geometric_mean([a[block] / b[block] for a, b in pairs]) for block in sorted(blocks)
    ]
    low, high, confidence = stats.order_interval(ratios)
    return (
        (low > 1 or high < 1)
        and confidence >= stats.LEAST_CONFIDENCE
        and abs(math.log(median(ratios))) > math.log1p(floor)
    )
