"""The parts under the charts: numbers, intervals, colours, layout."""

from __future__ import annotations

import itertools
import math
import random
import subprocess

import pytest
from conftest import SCRIPTS

from regatta_report import format, model, stats, style
from regatta_report.canvas import shorten, text_width, wrap
from regatta_report.charts import common

# Numbers


@pytest.mark.parametrize(
    ("say", "value", "text"),
    [
        (format.duration, 0.123, "0.123 ns"),
        (format.duration, 999.7, "1.00 µs"),
        (format.duration, 4510, "4.51 µs"),
        (format.duration, 1.2e9, "1.20 s"),
        (format.rate, 4_510_000, "4.51 M/s"),
        (format.rate, 12, "12.0 /s"),
        (format.size, 12.3 * 2**20, "12.3 MiB"),
        (format.ratio, 1.0, "1.00"),
        (format.ratio, 9.996, "10.0"),
        (format.ratio, 1234.5, "1,234"),
        (format.percent, 0.021, "2.1 %"),
        (format.percent, 0.978125, "98 %"),
        (format.plain, 0, "0"),
        (format.plain, 0.00004, "<0.001"),
    ],
)
def test_numbers_read_well(say, value, text):
    assert say(value) == text


def test_a_range_says_its_unit_once():
    assert format.duration_range(48.7, 49.7) == "48.7 – 49.7 ns"
    assert format.duration_range(900, 1100) == "900 ns – 1.10 µs"


def test_no_magnitude_is_written_with_an_exponent():
    for power in range(-6, 16):
        for say in (format.duration, format.rate, format.size, format.plain):
            assert "e" not in say(3.14159 * 10.0**power).replace("<", "")


# Intervals


def test_six_blocks_are_the_least_for_95_percent():
    assert stats.order_interval([1, 2, 3, 4, 5])[2] == pytest.approx(0.9375)
    assert stats.order_interval([1, 2, 3, 4, 5, 6])[2] == pytest.approx(0.96875)


def test_ten_values_leave_out_one_at_each_end():
    low, high, confidence = stats.order_interval(list(range(10)))
    assert (low, high) == (1, 8)
    assert confidence == pytest.approx(1 - 22 / 1024)


def test_the_interval_covers_the_true_median_as_often_as_it_says():
    rng = random.Random(1)
    hits = 0
    for _ in range(4000):
        low, high, confidence = stats.order_interval([rng.gauss(0, 1) for _ in range(10)])
        hits += low <= 0 <= high
    assert hits / 4000 == pytest.approx(confidence, abs=0.01)


def test_quantiles_of_a_histogram_are_those_of_its_values():
    rng = random.Random(2)
    values = sorted(rng.randrange(1, 50) for _ in range(997))
    counts = {value: values.count(value) for value in set(values)}
    histogram = stats.histogram(counts)
    for q in (0.0, 0.5, 0.9, 0.99, 0.999, 1.0):
        assert histogram.quantile(q) == values[max(1, math.ceil(q * 997)) - 1]


# Colours


def _linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def _contrast(a: str, b: str) -> float:
    def luminance(colour: str) -> float:
        r, g, b = _linear(colour)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (2009), severity 1.
_EYES = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def _product(matrix, vector):
    return [sum(a * b for a, b in zip(line, vector)) for line in matrix]


def _oklab(linear):
    """Ottosson's perceptual space, in which distances are about as large as they look."""
    lms = _product(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ],
        [min(max(c, 0), 1) for c in linear],
    )
    return _product(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ],
        [max(c, 0) ** (1 / 3) for c in lms],
    )


@pytest.mark.parametrize("theme", style.THEMES)
@pytest.mark.parametrize("eye", _EYES)
def test_contender_colours_are_told_apart(theme, eye):
    colours = style.THEMES[theme]
    seen = [
        _oklab(_product(_EYES[eye], _linear(colours[f"row{i}"]))) for i in range(style.ROW_COLOURS)
    ]
    for a, b in itertools.combinations(range(style.ROW_COLOURS), 2):
        assert math.dist(seen[a], seen[b]) >= 0.09, (a, b)


@pytest.mark.parametrize("theme", style.THEMES)
def test_everything_reads_on_its_ground(theme):
    colours = style.THEMES[theme]
    for i in range(style.ROW_COLOURS):
        assert _contrast(colours[f"row{i}"], colours["paper"]) >= 3
    for ground in ("paper", "band"):
        assert _contrast(colours["ink"], colours[ground]) >= 7
        assert _contrast(colours["muted"], colours[ground]) >= 4.5
    for role in ("heat_tie", *(f"heat{i}" for i in range(1, len(style.HEAT_STEPS) + 2))):
        assert _contrast(colours[style.heat_ink(role)], colours[role]) >= 4.5, role


@pytest.mark.parametrize("theme", style.THEMES)
def test_no_two_roles_share_a_colour(theme):
    assert len(set(style.THEMES[theme].values())) == len(style.THEMES[theme])
    assert style.LIGHT.keys() == style.DARK.keys()


def test_a_contender_keeps_its_colour_when_others_come():
    few = style.slots(["lightweight", "single_threaded", "work_stealing"])
    assert len(set(few.values())) == 3
    many = style.slots(sorted([*few, "asio", "libuv", "tokio"]))
    assert {name: many[name] for name in few} == few


def test_more_contenders_than_colours_share_them():
    assert len(style.slots([f"c{i}" for i in range(30)])) == 30


# Layout


def test_shortened_text_fits_and_keeps_both_ends():
    text = "work_stealing/threads=1"
    short = shorten(text, 100)
    assert text_width(short) <= 100
    assert short.startswith("wor") and short.endswith("=1") and "…" in short
    assert shorten(text, 1000) == text


def test_wrapped_lines_fit():
    lines = wrap("style sequential · width 3 · delay_us 1,000", 120, separator=" · ")
    assert len(lines) > 1
    assert all(text_width(line) <= 130 for line in lines)
    assert " ".join(lines).replace(" ·", "") == "style sequential width 3 delay_us 1,000"


def test_ticks_are_round_and_inside():
    for top in (0.3, 1, 7.7, 99, 12345):
        ticks = common.nice_ticks(top, 4)
        assert ticks[0] == 0 and ticks[-1] <= top * 1.001 and 3 <= len(ticks) <= 6
    for low, high in ((3, 5), (0.9, 1100), (1e-3, 1e9)):
        ticks = common.decades(low, high, 6)
        assert ticks and all(low * 0.999 <= tick <= high * 1.001 for tick in ticks)


# Foreign text


def test_what_cannot_be_seen_is_made_visible():
    assert model.clean("a\x00b\u202ec\nd") == "a\\u0000b\\u202ec d"
    assert model.clean("日本語 ü") == "日本語 ü"


# find_python


def test_find_python_prints_an_interpreter_that_can_report():
    found = subprocess.run([SCRIPTS / "find_python"], capture_output=True, text=True, check=True)
    python = found.stdout.strip()
    subprocess.run([python, "-c", "import matplotlib, jinja2"], check=True)


def test_find_python_names_the_packages_when_there_is_none():
    found = subprocess.run(
        [SCRIPTS / "find_python", "no_such_module"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    assert "apt-get install python3-matplotlib python3-jinja2" in found.stderr


def test_find_python_asks_only_for_what_it_is_told_to():
    asked = [SCRIPTS / "find_python", "--only", "no_such_module"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "import no_such_module;" in found.stderr
    asked[-1] = "pytest"
    found = subprocess.run(asked, capture_output=True, text=True, check=True)
    subprocess.run([found.stdout.strip(), "-c", "import pytest"], check=True)


def test_find_python_takes_no_nonsense():
    for argument in ("--nonsense", "os;rm"):
        found = subprocess.run(
            [SCRIPTS / "find_python", argument], capture_output=True, text=True, check=False
        )
        assert found.returncode == 2
