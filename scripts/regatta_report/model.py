"""What a run is, as values that charts and pages draw from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
    of_latency: bool = False  # it bounds latencies, and not the time of operations

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
    number: int = 0  # its place among all rows of the run

    @property
    def tag(self) -> str:
        """What marks on charts and lines of tables are found by that are about this row."""
        return f"k{self.number}"

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
    number: int = 0  # its place among all cells of the run

    @property
    def tag(self) -> str:
        """What panels of charts and lines of tables are found by that are about this cell."""
        return f"c{self.number}"

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
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)  # see documents.py

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
